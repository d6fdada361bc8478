"""A realistic context for every page, in every state that it has.

`PAGES` is [(template, state, context)]. The contract tests render them all.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.desk.statuses import StatusLabel, with_defaults
from chalicelib.desk.views import COLUMNS, USUAL
from chalicelib.i18n import WORDS

Sample = tuple[str, str, dict[str, Any]]

NOW = datetime(2026, 3, 12, 13, 40, tzinfo=UTC)
SUPPORT = {"id": "support", "name": "Support"}
BILLING = {"id": "billing", "name": "Billing"}
ASTRID = {"id": "astrid@desk.example", "name": "Astrid Dahl"}
MIKKEL = {"id": "mikkel@desk.example", "name": "Mikkel Holm"}
KARI = {"name": "Kari Nordmann", "email": "kari@customer.example"}


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


FRAME: dict[str, Any] = {
    "desk_name": "Nordlys Service",
    "agent": {"name": "Astrid Dahl", "email": "astrid@desk.example", "may_rule": True},
    "csrf_token": "c5f3-token",
    "section": "inbox",
    "suspended_count": 3,
    "notice": None,
}


def due(
    target: str,
    at: datetime | None,
    state: str,
    *,
    is_on: bool = False,
    met: datetime | None = None,
    noted: dict[str, Any] | None = None,
) -> dict[str, Any]:
    return {
        "target": target,
        "due_at": at,
        "state": state,
        "is_running": is_on,
        "met_at": met,
        "escalates": is_on and state == "breached" and noted is None,
        "acknowledged": noted,
    }


def with_status(ticket: dict[str, Any], **label: str) -> dict[str, Any]:
    """The ticket with its status as the pages have it, under a name of the desk's if given."""
    status = ticket["status"]
    return ticket | {"status_as": StatusLabel(status, status, label)}


def row(number: int, subject: str, requester: str, **fields: Any) -> dict[str, Any]:
    usual = {
        "number": number,
        "subject": subject,
        "requester": {"name": requester, "email": "someone@customer.example"},
        "status": "open",
        "priority": "normal",
        "assignee": None,
        "next_due": None,
        "group_name": "Support",
        "tags": ["vip", "scanner"],
        "until": None,
        "opened_at": ago(days=number - 1000),
        "updated_at": ago(hours=number - 1000),
    }
    return with_status(usual | fields)


ROWS = [
    row(
        1012,
        "The scanner on the second floor sends nothing to the shared folder",
        "Kari Nordmann",
        priority="urgent",
        assignee=ASTRID,
        next_due=due("first_reply", ago(minutes=42), "breached"),
        updated_at=ago(minutes=7),
    ),
    row(
        1011,
        "Fakturaen for februar mangler ordrenummer",
        "Søren Ærø",
        status="new",
        next_due=due("first_reply", NOW + timedelta(minutes=35), "running"),
        updated_at=ago(minutes=25),
    ),
    row(
        1009,
        "Nem tudok belépni az új jelszavammal, pedig tegnap még működött",
        "Szabó Ágnes",
        status="pending",
        priority="high",
        assignee=MIKKEL,
        next_due=due("resolution", NOW + timedelta(days=2), "paused"),
        updated_at=ago(hours=3),
    ),
    row(1007, "", "", status="on_hold", priority="low", updated_at=ago(days=2)),
    row(1003, "Ønsker ny bruker til praktikant", "Ola Eksempel", status="solved", assignee=ASTRID),
]


def tab(key: str, current: str) -> dict[str, Any]:
    return {"key": key, "kind": key.rpartition("-")[2], "is_current": key == current}


def views(current: str) -> list[dict[str, Any]]:
    groups = {"support": "Support", "billing": "Billing"}
    pairs = [
        {"group": name, "tabs": [tab(f"{key}-{kind}", current) for kind in ("open", "unassigned")]}
        for key, name in groups.items()
    ]
    return [{"group": None, "tabs": [tab("mine", current)]}, *pairs]


def delivery(name: str, mail: str, to: str, state: str, reason: str | None = None) -> Any:
    return {"id": name, "mail": mail, "to": to, "state": state, "reason": reason}


FLIGHT = {
    "spf": "PASS",
    "dkim": "PASS",
    "dmarc": "PASS",
    "spam": "GRAY",
    "virus": "PASS",
    "dmarc_policy": "REJECT",
    "matched_by": "none",
    "authenticated": "yes",
}
FORGED = {"spf": "FAIL", "dmarc": "BEWILDERED", "matched_by": "reply_address"}
FORGED |= {"authenticated": "no"}
# What an article has that came by mail and is not all there, and one that was written here.
MAILED: dict[str, Any] = {"whole": "/stage/a/whole", "raw": "/stage/a/raw", "flight": FLIGHT}
MAILED |= {"formatted": "/stage/a/html"}
WRITTEN: dict[str, Any] = {"whole": None, "formatted": None, "raw": None, "flight": None}
WRITTEN |= {"comment": None, "can_join": False}
MAILED |= {"comment": None, "can_join": False}
MAILED |= {"number": 1012, "origin": None, "split_to": None}
WRITTEN |= {"number": 1012, "origin": None, "split_to": None}

ARTICLES: list[dict[str, Any]] = [
    {
        "id": "a1",
        "kind": "reply",
        "author": {"name": "Kari Nordmann", "is_agent": False},
        "text": "Hello,\n\nsince this morning the scanner on the second floor sends nothing to the "
        "shared folder. It says <code 0x4A>, and restarting it did not help.\n\nA picture of the "
        "display is attached. We close the books on Friday, so it is rather pressing.\n\nKari",
        "rest": "",
        "at": ago(hours=5, minutes=2),
        "is_held": False,
        "attachments": [
            {"name": "display.jpg", "size": 1_843_200, "url": "/files/display.jpg"},
            {"name": "log – mandag.txt", "size": 812, "url": "/files/log.txt"},
        ],
        "delivery": [delivery("d9", "acknowledgement", "kari@customer.example", "sent")],
        **MAILED,
    },
    {
        "id": "a2",
        "kind": "note",
        "author": {"name": "Mikkel Holm", "is_agent": True},
        "text": "0x4A means that it cannot resolve the name of the file server. The name servers "
        "were changed last night.",
        "rest": "",
        "at": ago(hours=4, minutes=10),
        "is_held": False,
        "attachments": [],
        "delivery": [],
        **WRITTEN,
    },
    {
        "id": "a3",
        "kind": "reply",
        "author": {"name": "Astrid Dahl", "is_agent": True},
        "text": "Dear Kari,\n\nthe scanner still asked a name server that was retired last night. "
        "It has the new one now: could you try once more?",
        "rest": "",
        "at": ago(hours=3, minutes=30),
        "is_held": False,
        "attachments": [],
        "delivery": [
            delivery("d1", "reply", "kari@customer.example", "sent"),
            delivery("d2", "reply", "reception@customer.example", "failed"),
            delivery("d3", "reply", "old@customer.example", "bounced", "550 5.1.1 no such user"),
        ],
        **WRITTEN,
    },
    {
        "id": "a4",
        "kind": "reply",
        "author": "stranger@elsewhere.example",
        "text": "Please send me the password of the scanner as well.",
        "rest": "",
        "at": ago(hours=2),
        "is_held": True,
        "attachments": [],
        "delivery": [],
        **MAILED,
        "flight": FORGED,
    },
    {
        "id": "a5",
        "kind": "reply",
        "author": {"name": "Kari Nordmann", "is_agent": False},
        "text": "Now it works for me, thank you! The colleague next door still gets the error.",
        "rest": "On 12 Mar 2026, Astrid Dahl wrote:\n> Dear Kari,\n>\n> the scanner still asked a "
        "name server that was retired last night.",
        "at": ago(minutes=7),
        "is_held": False,
        "attachments": [],
        "delivery": [],
        **MAILED,
    },
]


OBSTACLES: list[dict[str, Any]] = [
    {"name": "Astrid", "key": "absent_until", "what": "", "at": ago(hours=-20)},
    {"name": "Mikkel", "key": "absent", "what": "", "at": None},
    {"name": "Liv", "key": "hours", "what": "", "at": ago(hours=-9)},
    {"name": "Ole", "key": "load", "what": "20", "at": None},
    {"name": "Eva", "key": "skill", "what": "vpn 3", "at": None},
    {"name": "Per", "key": "unanswered", "what": "", "at": None},
]


def fact(at: datetime, name: str, actor: str | None = None, /, **data: Any) -> dict[str, Any]:
    return {"at": at, "type": name, "data": data, "actor": actor}


FACTS = [
    fact(ago(hours=5, minutes=2), "TicketOpened", group="Support", priority="normal"),
    fact(ago(hours=5, minutes=2), "ArticleAdded", kind="reply", by="requester"),
    fact(ago(hours=4, minutes=50), "TargetBreached", target="first_reply"),
    fact(ago(hours=4, minutes=49), "Escalated", to="Mikkel Holm", target="first_reply"),
    *(
        fact(ago(hours=4, minutes=48), kind, target="first_reply", at="+1h", **more)
        for kind, more in (
            ("TargetNear", {}),
            ("TargetOverdue", {}),
            ("StepCalled", {"calls": 2}),
            ("StepBlocked", {"level": 2, "problems": {"assignee": "is not in the group"}}),
            ("Escalated", {"level": 2, "role": "substitute", "absent": "Astrid", "to": "Mikkel"}),
            ("Escalated", {"level": 2, "role": "agent", "calls": 2, "to": "Mikkel Holm"}),
            ("Escalated", {"level": 2, "role": "nobody"}),
            ("EscalationAcknowledged", {}),
        )
    ),
    fact(ago(hours=4, minutes=30), "PriorityChanged", "Mikkel Holm", before="low", after="urgent"),
    fact(ago(hours=4, minutes=29), "AssigneeChanged", "Mikkel Holm", before=None, after="Astrid"),
    *(
        fact(ago(hours=4, minutes=29), kind, **data)
        for kind, data in (
            ("Routed", {"rule": "network", "to": "Support", "came_to": "hr"}),
            ("Routed", {"rule": "x", "to": "HR", "meant": "Astrid", "skills": {"vpn": 3}}),
            *(
                ("AssignmentMade", {"name": "Astrid", "because": because, "among": 3})
                for because in ("turn", "load", "skill", "meant")
            ),
            ("AssignmentMade", {"name": "Astrid", "because": "load", "absent": "Mikkel"}),
            ("AssignmentLapsed", {"name": "Astrid", "because": "unanswered"}),
            ("AssignmentLapsed", {"name": "Astrid", "because": "left"}),
            ("NobodyAvailable", {"obstacles": OBSTACLES}),
            ("NobodyAvailable", {"obstacles": []}),
        )
    ),
    fact(ago(hours=4, minutes=28), "TypeChanged", "Mikkel Holm", before="", after="Incident"),
    fact(
        ago(hours=4, minutes=28),
        "FieldsChanged",
        "Mikkel Holm",
        fields=[
            {"label": "Category", "before": "", "after": "Hardware › <b>Printer</b>"},
            {"label": "Floor", "before": "2", "after": ""},
        ],
    ),
    fact(ago(hours=4, minutes=28), "TagsChanged", "Mikkel Holm", before=["a"], after=["b", "c"]),
    fact(ago(hours=3, minutes=30), "StatusChanged", "Astrid Dahl", before="open", after="on_hold"),
    fact(ago(hours=3, minutes=29), "UntilChanged", "Astrid Dahl", at=ago(hours=1)),
    fact(ago(hours=3, minutes=29), "UntilChanged", "Astrid Dahl", at=None),
    fact(ago(hours=3, minutes=29), "ReasonChanged", "Astrid Dahl", before="", after="A lamp"),
    fact(ago(hours=3, minutes=29), "ReasonChanged", "Astrid Dahl", before="A lamp", after=""),
    fact(ago(hours=3, minutes=29), "ResolutionChanged", "Astrid Dahl", before="", after="New"),
    fact(ago(hours=3, minutes=29), "ResolutionChanged", "Astrid Dahl", before="New", after=""),
    fact(ago(hours=3, minutes=29), "StatusEnded", then="reopen", reason="A lamp"),
    fact(ago(hours=3, minutes=29), "StatusEnded", then="close"),
    fact(ago(hours=3, minutes=29), "ThankedAfterSolve", article=4),
    fact(ago(hours=3, minutes=29), "ReopenParked", article=5),
    fact(ago(hours=3, minutes=29), "DeliveryFailed", to="reception@customer.example"),
    fact(ago(hours=3, minutes=29), "WebhookQueued", webhook="pager", call="4-0", rule="tell"),
    fact(ago(hours=3, minutes=29), "WebhookQueued", webhook="chat", call="4-1"),
    fact(ago(hours=3, minutes=29), "WebhookFailed", webhook="chat", reason="No answer in time."),
    fact(ago(hours=3, minutes=29), "ExternalEvent", source="monitor", state="firing"),
    fact(ago(hours=3, minutes=29), "ExternalEvent", source="monitor", state="resolved"),
    fact(ago(hours=3, minutes=28), "DeliveryBounced"),
    fact(ago(minutes=6), "StatusChanged", "Kari Nordmann", before="on_hold", after="open"),
    fact(ago(minutes=5), "TicketMerged", "Astrid Dahl", source=1007, into=1012),
    fact(ago(minutes=5), "TicketUnmerged", "Astrid Dahl", source=1007, into=1012),
    fact(ago(minutes=5), "TicketSplit", "Astrid Dahl", source=1012, to=1016, articles=[5]),
    fact(ago(minutes=5), "LinkAdded", "Astrid Dahl", link="child", other=1015),
    fact(ago(minutes=5), "LinkRemoved", "Astrid Dahl", link="related", other=1001),
    *(
        fact(ago(minutes=4), name, "Astrid Dahl", task="3-0", title="Order a <b>lamp</b>")
        for name in ("TaskAdded", "TaskChanged", "TaskDone", "TaskReopened", "TaskRemoved")
    ),
    fact(ago(minutes=4), "TaskDue", None, task="3-0", title="", agent="astrid"),
    fact(ago(minutes=3), "ResponsibleChanged", None, before=None, after="Astrid Dahl"),
    fact(ago(minutes=3), "ResponsibleChanged", None, before="Astrid Dahl", after=None),
    fact(ago(minutes=3), "ResponsibleChanged", None),
    fact(ago(minutes=2), "FollowersChanged", None, added=["Astrid Dahl"], removed=["Mikkel Holm"]),
    fact(ago(minutes=2), "FollowersChanged", None),
]

TICKET = {
    "number": 1012,
    "version": 9,
    "seq": 15,
    "subject": "The scanner on the second floor sends nothing to the shared folder",
    "status": "open",
    "priority": "urgent",
    "group": SUPPORT,
    "assignee": ASTRID,
    "requester": {**KARI, "is_muted": True, "person": "01J0"},
    "organization": "01J1",
    "participants": [{"name": "", "email": "reception@customer.example", "is_muted": False}],
    "tags": ["scanner", "second-floor"],
    "opened_at": ago(hours=5, minutes=2),
    "updated_at": ago(minutes=6),
    "due": [
        due("first_reply", ago(hours=4, minutes=50), "breached", met=ago(hours=3, minutes=30)),
        due("next_reply", ago(minutes=42), "breached", is_on=True),
        due("resolution", NOW + timedelta(days=1, hours=3), "running", is_on=True),
        due(
            "internal_resolution",
            ago(hours=1),
            "breached",
            is_on=True,
            noted={"by": "Astrid Dahl", "at": ago(minutes=5)},
        ),
    ],
    "articles": ARTICLES,
    "notices": [],
    "status_as": StatusLabel("third_line", "open", {"en": "With the third line"}),
    "until": None,
    "reason": "",
    "resolution": "",
    "unopened": None,
    "is_assignee_lost": False,
    "type": "",
    "is_internal": False,
    "responsible": MIKKEL,
    "followers": [MIKKEL],
}
FORM = {
    "status": "open",
    "priority": "urgent",
    "group": "support",
    "assignee": "astrid@desk.example",
    "responsible": "mikkel@desk.example",
    "tags": "scanner, second-floor",
    "until": "",
    "reason": "",
    "resolution": "",
    "type": "",
}


def own_field(kind: str, label: str, required: str = "never", **more: Any) -> dict[str, Any]:
    """A field of the desk's own, as pages draw it."""
    usual = {"hint": "", "options": [], "min": None, "max": None}
    named = {"name": f"fields.{kind}", "kind": kind, "label": label, "required": required}
    return usual | named | more


CATEGORIES = [("hardware", "Hardware"), ("hardware/printer", "Hardware › <b>Printer</b>")]
OWN_FIELDS = [
    own_field("tree", "Category", "closing", options=CATEGORIES, hint="As exactly as you can"),
    own_field("text", "Cause", "always"),
    own_field("number", "Floor"),
    own_field("date", "First day", "registration", min="2026-01-01", max="2026-12-31"),
    own_field("choice", "Size", options=[("small", "Small")]),
    own_field("yes_no", "Works from home"),
    own_field("contact", "Team lead"),
    own_field("ticket", "Solved by"),
    own_field("asset", "Device"),
]
OWN_FORM = {"fields.tree": "hardware/printer", "fields.choice": "gone", "fields.yes_no": "no"}
TYPES = [
    {"id": "incident", "name": "Incident", "is_internal": False},
    {"id": "internal", "name": "Among us", "is_internal": True},
]
SAID = {
    "fields.tree": {"label": "Category", "before": "", "after": "Hardware › Printer"},
    "fields.number": {"label": "Floor", "before": "", "after": "2"},
}
TYPED_TICKET = TICKET | {"type": "internal", "is_internal": True}
TEMPLATES = [
    {"id": "password", "name": "A new <b>password</b>", "key": "p"},
    {"id": "lamp", "name": "The lamp", "key": ""},
]


def new_ticket(**changed: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "templates": TEMPLATES,
        "forms": [{"id": "colleague", "name": "A new colleague"}],
        "form": {"group": "support", "priority": "normal", "type": "", "acknowledge": "yes"},
        "chosen": None,
        "fields": [],
        "can_redraw": False,
        "wrong": [],
        "has_failed": False,
        "callers": [],
        "types": [],
        "statuses": list(with_defaults({}).values()),
        "needs_resolution": False,
        "groups": [SUPPORT, BILLING],
        "assignees": [ASTRID, MIKKEL],
        "nonce": "n-2",
    }
    return FRAME | usual | changed


def task(number: int, title: str, **changed: Any) -> dict[str, Any]:
    usual = {
        "id": f"{number}-0",
        "title": title,
        "owner": None,
        "owner_name": None,
        "due_at": None,
        "due": "",
        "is_done": False,
        "done_at": None,
    }
    return usual | changed


TASKS = [
    task(3, "Order a <b>lamp</b>", owner="astrid", owner_name="Astrid Dahl", due_at=ago(hours=1)),
    task(4, "Screw it in", owner="gone", owner_name="gone", due_at=ago(hours=-30)),
    task(5, "Ask Kari which colour", is_done=True, done_at=ago(hours=2)),
    task(6, "Throw the old one away"),
]
NOTES: list[dict[str, Any]] = [
    {
        "id": "n1",
        "text": "Prefers <b>to be called</b>\nbefore ten.",
        "author": "Astrid Dahl",
        "at": ago(days=2),
        "owner_name": "Astrid Dahl",
        "due_at": ago(hours=2),
        "is_done": False,
        "done_at": None,
    },
    {
        "id": "n2",
        "text": "Moves in March.",
        "author": "Mikkel Holm",
        "at": ago(days=3),
        "owner_name": None,
        "due_at": None,
        "is_done": False,
        "done_at": None,
    },
]
NOTES.append(NOTES[0] | {"id": "n3", "is_done": True, "done_at": ago(hours=1)})
REMINDERS = [
    NOTES[0] | {"about": "Kari <Nordmann>", "path": "/agent/people/01J0"},
    NOTES[1] | {"about": "Customer & Sons", "path": "/agent/organizations/01J1"},
]
MINE = TASKS[0] | {"number": 1012, "subject": "The <i>scanner</i>"}
TO_DO = {"tasks": TASKS, "checklists": [{"id": "joiner", "name": "New colleague"}]}


def draft(agent: str, kind: str, text: str) -> dict[str, Any]:
    by = f"{agent.title()} Holm"
    return {"agent": agent, "by": by, "kind": kind, "text": text, "at": ago(minutes=4)}


SOMEBODY = {"name": "Kari <Nordmann>", "lines": ["kari@customer.example"], "is_person": True}
SOME = {"name": "Customer & Sons", "lines": ["sons.example", "Pays late."], "is_person": False}
UNRELATED: dict[str, Any] = {
    "merged": None,
    "sources": (),
    "links": [],
    "follow_up_of": None,
    "open_children": frozenset(),
    "types": ["related", "parent", "child"],
}
RELATED = UNRELATED | {
    "sources": (1007, 1009),
    "links": [{"type": "child", "number": 1015}, {"type": "something_new", "number": 1001}],
    "follow_up_of": 1003,
    "open_children": frozenset({1015}),
}
MERGED = UNRELATED | {"merged": {"into": 1011, "at": ago(hours=1), "by": "Mikkel Holm"}}
FROM_SOURCE: dict[str, Any] = ARTICLES[0] | {"id": "1", "number": 1007, "origin": 1007}
SPLIT_OFF: dict[str, Any] = ARTICLES[4] | {"split_to": 1016}


def ticket_page(**changed: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "ticket": TICKET,
        "facts": FACTS,
        "older": None,
        "is_newest": True,
        "now": NOW,
        "statuses": list(with_defaults({}).values())[1:],
        "needs_resolution": False,
        "groups": [SUPPORT, BILLING],
        "assignees": [ASTRID, MIKKEL],
        "may_reply": True,
        "may_edit": True,
        "composer": {"kind": "reply", "text": "", "error": None},
        "macros": [],
        "proposal": None,
        "conflict": [],
        "form": FORM,
        "form_errors": {},
        "types": [],
        "fields": [],
        "said": {},
        "relations": UNRELATED,
        "refused": {},
        "tasks": [],
        "may_add_tasks": True,
        "checklists": [],
        "nonce": "n-1",
        "others": [],
        "me": "astrid",
        "draft": None,
        "drafts": [],
    }
    return FRAME | usual | changed


MACROS = [
    {"id": "password", "name": "A new <b>password</b>", "shortcut": "pw", "is_at_once": False},
    {"id": "urgent", "name": "This is urgent", "shortcut": "", "is_at_once": True},
]
FILE = "/stage/agent/files/a"
PROPOSAL = {
    "id": "password",
    "name": "A new <b>password</b>",
    "missing": ["{field.account}"],
    "sets": [
        {"name": "set.status", "field": "status", "value": "Pending", "is_ticked": True},
        {"name": "set.add_tags", "field": "add_tags", "value": "password, vip", "is_ticked": False},
        {"name": "set.mood", "field": "mood", "value": "<b>good</b>", "is_ticked": True},
    ],
    "files": [
        {"name": f"file.{name}", "file": name, "url": FILE, "size": size, "is_ticked": is_ticked}
        for name, size, is_ticked in (("new.pdf", 48_000, True), ("b<i>.pdf", 900, False))
    ],
    "refused": [{"field": "resolution", "why": "say how it was solved"}],
}
OTHERS = [
    {"name": "Mikkel <b>Lund</b>", "mode": "composing"},
    {"name": "Sofie Dahl", "mode": "viewing"},
]


STOPPED = [
    due("first_reply", ago(hours=3), "met", met=ago(hours=4)),
    due("next_reply", ago(hours=2), "breached"),
    due("resolution", None, "paused"),
]
TOLD = {
    "at": ago(hours=4, minutes=49),
    "delivery": [delivery("d0", "escalation", "mikkel@desk.example", "failed", "mailbox full")],
}
ESCALATED = TICKET | {"due": STOPPED, "notices": [TOLD]}
RULES: list[dict[str, Any]] = [
    {
        "id": "vip",
        "kind": "trigger",
        "on": ["opened", "replied", "status_changed", "target_breached", "event"],
        "does": ["set", "note", "webhook"],
        "owner": "Lena Holm",
        "last_fired": "2026-03-02",
        "paused": {"why": "rule_firings", "ticket": 1012},
        "paused_at": ago(hours=2),
    },
    {
        "id": "remind",
        "kind": "automation",
        "on": [],
        "does": ["reply", "notify"],
        "owner": None,
        "last_fired": None,
        "paused": {"why": "rule_mails", "ticket": 1012},
        "paused_at": ago(hours=2),
    },
    {
        "id": "calm",
        "kind": "trigger",
        "on": ["noted", "changed", "target_near"],
        "does": ["set"],
        "owner": None,
        "last_fired": None,
        "paused": None,
        "paused_at": None,
    },
]
WHYS: list[dict[str, Any]] = [
    {
        "id": why,
        "why": why,
        "at": ago(hours=1) if why in {"fired", "waits"} else None,
        "version": 7 if why == "fired" else None,
        "undone": {"reply": "the requester has no address"} if why == "fired" else {},
        "is_certain": why != "unchanged",
        "conditions": [
            {
                "words": "priority changed to <b>high</b>",
                "holds": part == "any",
                "part": part,
                "got": ("normal",) if part == "all" else (),
            }
            for part in ("all", "any", "none")
            if why == "condition"
        ],
    }
    for why in WORDS["why"]
]
CALLS: list[dict[str, Any]] = [
    {
        "id": f"{place}-0",
        "webhook": "pager",
        "state": state,
        "attempts": place,
        "at": ago(minutes=place),
        "next_at": ago(minutes=-30) if state == "waiting" else None,
        "reason": "The receiver answered 500." if state in {"waiting", "failed"} else None,
        "fact": "StatusChanged" if place else "",
        "rule": "tell-the-pager" if place else "",
    }
    for place, state in enumerate(("queued", "calling", "waiting", "done", "failed"))
]
CLOCKS: list[dict[str, Any]] = [
    {
        "target": "resolution",
        "state": state,
        "policy": policy,
        "promised": "16:00 h",
        "counted": "3:25 h",
        "due_at": due_at,
        "is_certain": policy != "",
        "ladder": [
            {"level": level, "at": at, "has_come": come, "is_calling": calls, "comes_at": comes_at}
            for level, at, come, calls, comes_at in (
                (1, "50%", True, False, None),
                (2, "0", True, True, None),
                (3, "+1h", False, False, ago(hours=-10)),
                (4, "-30m", False, False, None),
            )
            if policy
        ],
        "steps": [
            {"at": ago(days=1), "words": "Counting begins in the hours of office."},
            {"at": ago(hours=2), "words": "Paused after 3:25 h: Pending."},
        ],
    }
    for state, policy, due_at in (("running", "gold", ago(hours=-9)), ("paused", "", None))
]
LONG: dict[str, Any] = ARTICLES[4] | {"text": "Now it works.\n" * 300, "whole": None}
CLOSED = with_status(
    TICKET | {"status": "closed", "assignee": None, "tags": [], "due": [], "subject": ""}
)
WAITING = with_status(
    TICKET
    | {
        "status": "pending",
        "until": NOW + timedelta(days=3),
        "reason": "The supplier sends a new lamp",
        "is_assignee_lost": True,
    },
    en="Waits for parts",
)
THANKED = with_status(
    TICKET
    | {
        "status": "solved",
        "until": NOW + timedelta(days=4),
        "resolution": "A new lamp",
        "unopened": "thanks",
    }
)
WAITS = {"until": "2026-03-05T09:00", "reason": "The supplier sends a new lamp"}
TYPED = {"kind": "reply", "text": "Glad that it works!\n\nAstrid", "error": None}
PORTAL_TICKET = TICKET | {"articles": [ARTICLES[0], ARTICLES[2], ARTICLES[4]]}


def portal(**changed: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "ticket": PORTAL_TICKET,
        "action": "/portal/tickets/signed-token/reply",
        "older": None,
        "is_newest": True,
        "composer": {"text": "", "error": None},
        "csrf_token": "c5f3-token",
        "nonce": "n-1",
        "notice": None,
        "desk_name": "Nordlys Service",
    }
    return usual | changed


def portal_in(status: str, **changed: Any) -> dict[str, Any]:
    return portal(ticket=PORTAL_TICKET | {"status": status}, **changed)


def sign_in(state: str, **changed: Any) -> dict[str, Any]:
    usual = {
        "state": state,
        "email": "",
        "challenge": "",
        "error": None,
        "back_to": "",
        "csrf_token": "c5f3-token",
        "desk_name": "Nordlys Service",
    }
    return usual | changed


def inbox(current: str, **changed: Any) -> dict[str, Any]:
    group, _, kind = current.rpartition("-")
    shown = {"key": current, "kind": kind, "group": group.title() or None, "name": ""}
    tabs = {"views": views(current), "current": shown}
    usual = {**tabs, "columns": USUAL, "tickets": ROWS, "next": "c/2&x", "now": NOW}
    return FRAME | usual | {"templates": TEMPLATES} | changed


def suspended(mails: list[dict[str, Any]], **changed: Any) -> dict[str, Any]:
    usual = {"section": "suspended", "mails": mails, "next": None, "done": [], "now": NOW}
    return FRAME | usual | changed


def suspended_mail(cause: str, subject: str, sender: str, **changed: Any) -> dict[str, Any]:
    usual = {
        "id": cause,
        "cause": cause,
        "sender": sender,
        "is_authenticated": False,
        "subject": subject,
        "received_at": ago(hours=2),
    }
    return usual | changed


def suspended_page(
    mail: dict[str, Any], *, preview: Any = None, raw: str | None = None, **may: bool
) -> dict[str, Any]:
    vouched = "yes" if mail["is_authenticated"] else "no"
    flight = {"authenticated": vouched, "kind": "human", "done": "suspended", "spam": "FAIL"}
    shown = {
        "recipients": ("support@desk.example", "hr@desk.example"),
        "raw": raw,
        "flight": {**flight, "why": mail["cause"], "tried": "own_id=forged"},
    }
    allowed = {name: may.get(name, False) for name in ("release", "allow", "block", "unblock")}
    context = {"mail": mail | shown, "preview": preview, "may": allowed, "now": NOW}
    return FRAME | {"section": "suspended"} | context


SUSPENDED = [
    suspended_mail("spam", "You have won", "lottery@elsewhere.example", is_authenticated=True),
    suspended_mail("dmarc_reject", "Invoice 4711", "boss@customer.example"),
    suspended_mail("unreadable", "", ""),
    suspended_mail("virus", "Invoice", "x@elsewhere.example"),
    suspended_mail("something_new", "Hello", "x@elsewhere.example"),
]
DECIDED = [
    {"id": "1", "outcome": "released", "ticket": 1013, "why": None},
    {"id": "2", "outcome": "allowed", "ticket": 1014, "why": None},
    {"id": "3", "outcome": "deleted", "ticket": None, "why": None},
    {"id": "4", "outcome": "blocked", "ticket": None, "why": None},
    {"id": "5", "outcome": "unblocked", "ticket": None, "why": None},
    {"id": "virus", "outcome": "failed", "ticket": None, "why": "virus"},
    {"id": "6", "outcome": "failed", "ticket": None, "why": "something_new"},
]
PREVIEW = {
    "text": "Dear customer,\n\nyou have won a <b>million</b>. Please",
    "is_cut": True,
    "files": (("prize.pdf", 31_000), ("winner <1>.zip", 1_200_000)),
}


def error(code: str, status: int, **changed: Any) -> dict[str, Any]:
    usual = {
        "code": code,
        "status": status,
        "message": None,
        "request_id": "6f1c-93",
        "home": "/agent/inbox",
        "typed": None,
    }
    return FRAME | usual | changed


ABSENCES = [
    {"since": ago(hours=20), "until": None, "substitute": "Astrid Dahl", "reason": "My <knee>"},
    {"since": ago(hours=-20), "until": ago(hours=-90), "substitute": None, "reason": ""},
]


def availability_page(**changed: Any) -> dict[str, Any]:
    usual = {
        "me": {"id": "mikkel", "name": "Mikkel Holm"},
        "is_me": True,
        "may_change": True,
        "works": True,
        "hours": "office",
        "load_limit": None,
        "absence": None,
        "stands_in": None,
        "planned": [],
        "substitutes": [{"id": "astrid", "name": "Astrid Dahl"}],
        "others": [],
        "typed": {"from": "", "until": "", "substitute": "", "reason": ""},
        "form_errors": {},
    }
    return FRAME | {"section": "availability"} | usual | changed


TYPED_ABSENCE = {"from": "", "until": "x", "substitute": "astrid", "reason": "Skiing"}
ERRORS = {
    "not_found": 404,
    "forbidden": 403,
    "unauthenticated": 401,
    "conflict": 409,
    "invalid": 400,
    "too_many": 429,
    "internal": 500,
}

PAGES: list[Sample] = [
    ("agent/sign_in.html", "plain", sign_in("sign_in")),
    *(
        ("agent/sign_in.html", problem, sign_in("sign_in", error=problem, email="a@desk.example"))
        for problem in ("wrong", "too_many", "expired", "unheard_of")
    ),
    ("agent/sign_in.html", "new", sign_in("new_password", email="a@desk.example", challenge="s")),
    *(
        ("agent/sign_in.html", problem, sign_in("new_password", error=problem))
        for problem in ("weak", "different")
    ),
    ("agent/inbox.html", "mine", inbox("mine")),
    ("agent/inbox.html", "empty mine", inbox("mine", tickets=[], next=None, suspended_count=None)),
    ("agent/inbox.html", "empty open", inbox("billing-open", tickets=[])),
    ("agent/inbox.html", "all columns", inbox("due", columns=COLUMNS)),
    *(
        ("agent/inbox.html", f"empty {kind}", inbox(kind, tickets=[], next=None))
        for kind in ("covered", "due", "snoozed", "failed", "replied", "saved")
    ),
    ("agent/inbox.html", "empty unassigned", inbox("support-unassigned", tickets=[], next=None)),
    ("agent/ticket.html", "plain", ticket_page(notice="reply_sent")),
    (
        "agent/ticket.html",
        "not alone",
        ticket_page(
            notice="draft_kept",
            others=OTHERS,
            composer={"kind": "note", "text": "Half a no", "error": None},
            draft=draft("astrid", "note", "Half a no"),
            drafts=[draft("mikkel", "reply", "Dear <b>Kari</b>")],
        ),
    ),
    *(
        (
            "agent/draft.html",
            kind,
            FRAME | {"number": 1012, "draft": draft("mikkel", kind, "Dear <b>Kari</b>\n\nplease")},
        )
        for kind in ("reply", "note")
    ),
    *(
        (
            "agent/ticket.html",
            f"fields of its own, {name}",
            ticket_page(
                ticket=TYPED_TICKET,
                may_edit=may_edit,
                may_reply=False,
                types=TYPES,
                fields=OWN_FIELDS,
                said=SAID,
                form=FORM | OWN_FORM | {"type": "internal"},
                form_errors={
                    "type": "invalid",
                    "fields.tree": "changed",
                    "fields.text": "required",
                    "fields.ticket": "invalid",
                },
            ),
        )
        for name, may_edit in (("to edit", True), ("to read", False))
    ),
    ("agent/new_ticket.html", "empty", new_ticket()),
    (
        "agent/new_ticket.html",
        "of a template",
        new_ticket(
            form=OWN_FORM | {"requester": "", "subject": "A lamp", "status": "solved"},
            types=TYPES,
            fields=OWN_FIELDS,
            can_redraw=True,
        ),
    ),
    (
        "agent/new_ticket.html",
        "of a form, with errors",
        new_ticket(
            chosen={"name": "A new colleague", "type": "request"},
            form=OWN_FORM | {"requester": "kim", "form": "colleague", "resolution": "x"},
            fields=OWN_FIELDS,
            wrong=["requester", "subject", "body", "fields.text", "fields.tree", "resolution"],
            has_failed=True,
            callers=[KARI, {"name": "", "email": "kim@customer.example"}],
        ),
    ),
    (
        "agent/new_ticket.html",
        "of a name that nobody has",
        new_ticket(form={"requester": "zoe"}, wrong=["requester", "type"], has_failed=True),
    ),
    ("agent/new_ticket.html", "failed", new_ticket(has_failed=True, templates=[], forms=[])),
    ("agent/ticket.html", "conflict", ticket_page(composer=TYPED, conflict=["a5"])),
    ("agent/ticket.html", "macro", ticket_page(macros=MACROS, proposal=PROPOSAL)),
    (
        "agent/ticket.html",
        "gaps",
        ticket_page(macros=MACROS, proposal=PROPOSAL, composer=TYPED | {"error": "gaps"}),
    ),
    ("agent/ticket.html", "waiting", ticket_page(ticket=WAITING, form=FORM | WAITS)),
    ("agent/ticket.html", "thanked", ticket_page(ticket=THANKED, needs_resolution=True)),
    (
        "agent/ticket.html",
        "written too often",
        ticket_page(ticket=THANKED | {"unopened": "too_often"}, may_edit=False),
    ),
    ("agent/ticket.html", "two conflicts", ticket_page(composer=TYPED, conflict=["a4", "a5"])),
    (
        "agent/ticket.html",
        "errors",
        ticket_page(
            composer={"kind": "note", "text": "", "error": "empty"},
            form_errors={"status": "required", "tags": "invalid", "priority": "changed"},
        ),
    ),
    (
        "agent/ticket.html",
        "closed",
        ticket_page(
            ticket=CLOSED,
            may_reply=False,
            may_edit=False,
            composer={"kind": "note", "text": "", "error": "too_long"},
        ),
    ),
    (
        "agent/ticket.html",
        "followed",
        ticket_page(ticket=TICKET | {"followers": [ASTRID, MIKKEL]}, me=ASTRID["id"]),
    ),
    (
        "agent/ticket.html",
        "not followed",
        ticket_page(ticket=TICKET | {"followers": [], "responsible": None}, may_edit=False),
    ),
    *(
        (
            "agent/ticket.html",
            f"problem {why}",
            ticket_page(
                relations=UNRELATED | {"links": [{"type": "incident", "number": 1015}]},
                refused={"form": "incidents", "why": why} if why else {},
            ),
        )
        for why in ("", "Write something first.")
    ),
    *(
        (
            "agent/incidents.html",
            state,
            FRAME
            | {"number": 1012, "solved": state == "solved", "again": {"text-en": "<b>"}}
            | {"results": results},
        )
        for state, results in (
            ("solved", [{"number": 1015, "why": None, "is_left": False}]),
            (
                "in part",
                [
                    {"number": 1015, "why": None, "is_left": False},
                    {"number": 1016, "why": "The ticket is <closed>.", "is_left": False},
                    {"number": 1017, "why": None, "is_left": True},
                ],
            ),
        )
    ),
    ("agent/ticket.html", "to do", ticket_page(**TO_DO)),
    ("agent/ticket.html", "to read", ticket_page(**TO_DO, may_edit=False)),
    ("agent/ticket.html", "tasks open", ticket_page(**TO_DO, form_errors={"status": "tasks"})),
    *(
        (
            "agent/ticket.html",
            f"no task: {why or 'unsaid'}",
            ticket_page(**TO_DO, refused={"form": "tasks", "why": why}),
        )
        for why in ("There is no such agent.", "")
    ),
    *(
        (
            "agent/tasks.html",
            state,
            FRAME
            | {"tasks": [MINE, MINE | {"subject": "", "due_at": None}][:count], "next": more}
            | {"reminders": REMINDERS[:due], "has_more_reminders": bool(due)}
            | {"now": NOW, "section": "tasks"},
        )
        for state, count, due, more in (
            ("some", 2, 0, "c/5&x"),
            ("none", 0, 0, None),
            ("reminders", 0, 2, None),
        )
    ),
    *(
        (
            "agent/customer.html",
            state,
            FRAME
            | {"here": "/agent/people/01J0", "customer": who, "notes": notes, "refused": refused}
            | {"tickets": tickets, "next": more, "nonce": "n-1", "now": NOW},
        )
        for state, who, notes, tickets, more, refused in (
            ("person", SOMEBODY, NOTES, ROWS, "c/6&x", None),
            ("nothing", SOMEBODY, [], [], None, {"why": "", "text": "<i>", "due": "never"}),
            ("organization", SOME, NOTES[:1], [], None, {"why": "No.", "text": "", "due": ""}),
        )
    ),
    ("agent/ticket.html", "older", ticket_page(older="c/3&x", is_newest=False)),
    ("agent/ticket.html", "escalated", ticket_page(ticket=ESCALATED)),
    (
        "agent/ticket.html",
        "related",
        ticket_page(
            ticket=TICKET | {"articles": [*ARTICLES[:4], SPLIT_OFF, FROM_SOURCE]},
            relations=RELATED,
            notice="split",
        ),
    ),
    ("agent/ticket.html", "merged", ticket_page(relations=MERGED, notice="merged")),
    *(
        (
            "agent/ticket.html",
            f"no {form}",
            ticket_page(relations=relations, refused={"form": form, "why": why}),
        )
        for form, why, relations in (
            ("merge", "Ticket 1011 is closed.", UNRELATED),
            ("merge", "", MERGED),
            ("link", "", RELATED),
            ("split", "", UNRELATED),
        )
    ),
    *(
        ("agent/whole.html", state, FRAME | {"number": 1012, "article": LONG, "is_cut": is_cut})
        for state, is_cut in (("plain", False), ("cut", True))
    ),
    ("agent/clocks.html", "some", FRAME | {"number": 1012, "clocks": CLOCKS}),
    ("agent/clocks.html", "none", FRAME | {"number": 1012, "clocks": []}),
    ("agent/rules.html", "some", FRAME | {"rules": RULES, "notice": "resumed"}),
    ("agent/rules.html", "none", FRAME | {"rules": []}),
    (
        "agent/ticket_rules.html",
        "some",
        FRAME | {"number": 1012, "entry": 7, "rules": WHYS, "automations": WHYS},
    ),
    (
        "agent/ticket_rules.html",
        "none",
        FRAME | {"number": 1012, "entry": 7, "rules": [], "automations": []},
    ),
    ("agent/calls.html", "some", FRAME | {"number": 1012, "calls": CALLS}),
    ("agent/calls.html", "none", FRAME | {"number": 1012, "calls": []}),
    ("agent/suspended.html", "some", suspended(SUSPENDED, next="c/4&x")),
    ("agent/suspended.html", "empty", suspended([])),
    ("agent/suspended.html", "decided", suspended(SUSPENDED, done=DECIDED)),
    ("agent/suspended.html", "all done", suspended([], done=DECIDED[:4])),
    ("agent/suspended.html", "none chosen", suspended(SUSPENDED, notice="none_chosen")),
    (
        "agent/suspended_mail.html",
        "authenticated",
        suspended_page(
            SUSPENDED[0],
            preview=PREVIEW,
            raw="/stage/agent/suspended/spam/raw",
            release=True,
            allow=True,
            block=True,
        ),
    ),
    (
        "agent/suspended_mail.html",
        "doubtful",
        suspended_page(SUSPENDED[1], preview=PREVIEW, release=True, block=True),
    ),
    ("agent/suspended_mail.html", "unreadable", suspended_page(SUSPENDED[2])),
    ("agent/suspended_mail.html", "blocked", suspended_page(SUSPENDED[3], unblock=True)),
    ("agent/availability.html", "there", availability_page()),
    ("agent/availability.html", "at night", availability_page(works=False, load_limit=20)),
    (
        "agent/availability.html",
        "away",
        availability_page(absence=ABSENCES[0], stands_in="Astrid Dahl", planned=ABSENCES),
    ),
    (
        "agent/availability.html",
        "away until",
        availability_page(absence=ABSENCES[1], notice="absence_planned"),
    ),
    (
        "agent/availability.html",
        "of another",
        availability_page(
            is_me=False, may_change=False, planned=ABSENCES, others=[{"id": "liv", "name": "Liv"}]
        ),
    ),
    (
        "agent/availability.html",
        "wrong",
        availability_page(
            typed=TYPED_ABSENCE,
            form_errors=dict.fromkeys(("from", "until", "substitute", "reason"), "wrong"),
        ),
    ),
    *(("agent/error.html", code, error(code, status)) for code, status in ERRORS.items()),
    ("agent/error.html", "old form", error("forbidden", 403, typed="Dear <b>Kari</b>")),
    ("agent/error.html", "crash", error("internal", 500, typed="Dear <b>Kari</b>")),
    ("errors/error.html", "signed out", error("unauthenticated", 401, typed="Dear Kari")),
    ("errors/error.html", "plain", error("internal", 500, home=None, request_id=None)),
    ("errors/error.html", "more", error("invalid", 400, message="The number must be a number.")),
    *(
        ("portal/ticket.html", status, portal_in(status))
        for status in ("new", "open", "pending", "on_hold", "solved", "closed")
    ),
    (
        "portal/ticket.html",
        "nobody",
        portal(
            ticket=PORTAL_TICKET | {"assignee": None, "group": "Support", "subject": ""},
            notice="reply_received",
        ),
    ),
    *(
        ("portal/ticket.html", problem, portal(composer={"text": "So", "error": problem}))
        for problem in ("empty", "too_long", "failed")
    ),
    ("portal/ticket.html", "older", portal(older="c/3&x", is_newest=False)),
    ("portal/link_invalid.html", "expired", {"reason": "expired", "typed": "Dear all"}),
    ("portal/link_invalid.html", "invalid", {"reason": "invalid", "typed": None}),
    *(
        ("portal/whole.html", state, {"back": "/t/1", "article": LONG, "is_cut": is_cut})
        for state, is_cut in (("plain", False), ("cut", True))
    ),
]
