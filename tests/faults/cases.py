"""Every way in which the desk can be woken, as a case for the fault harness.

A case is named after the function it wakes. Its world is brought to just before the event.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from email import message_from_bytes
from email.message import Message
from typing import Any
from urllib.parse import urlencode

from chalicelib.desk.model import Limits
from chalicelib.desk.service import apply, live_desk
from chalicelib.exports import service as exports
from chalicelib.intake import store as intake_store
from chalicelib.ledger.model import Actor
from chalicelib.mail.parse import MailError
from chalicelib.notes import service as notes
from chalicelib.notes.model import Wanted as Reminder
from chalicelib.notes.service import Kind
from chalicelib.organizations import service as organizations
from chalicelib.organizations.service import Wanted as Wish
from chalicelib.outward import Answer
from chalicelib.tickets import joining, ticking
from chalicelib.tickets import service as tickets
from chalicelib.tickets.access import SCOPES, Who
from chalicelib.tickets.changes import Change, with_calls
from chalicelib.tickets.edits import Edit
from chalicelib.tickets.hooks import HookCall
from chalicelib.tickets.model import ArticleKind, Ticket
from chalicelib.tickets.tasks import Wanted
from chalicelib.web import csrf, session
from chalicelib.web import store as web_store
from chalicelib.webhooks.model import secrets_of, signed
from tests.aws_calls import aws_client
from tests.faults.copies import Stage
from tests.faults.desk import EXPORTING, NAMES, Desk, left_by, new_desk
from tests.faults.harness import Case, is_done, nothing
from tests.reports import report
from tests.web.browser import FORM
from tests.web.calls import event
from tests.web.test_new_ticket_page import BODY
from tests.world import DESK, letter

Prepare = Callable[[Desk], Any]
# In minutes, and a little longer: who held a delivery or an export has surely given it up.
LEASE, EXPORT_LEASE = 6, 17
TOKEN = "skr_for-the-faults"
TICKET = {"requester": "kim@customer.example", "subject": "Printer", "body": "It smokes."}
WRITTEN = {"kind": "reply", "text": "Try turning it off and on.", "seen_seq": "1"}
REPLY = {"kind": "reply", "body": "Try turning it off and on."}
NOTED: dict[str, Any] = {"text": "Call back.", "owner": "anna", "due": "2026-03-05"}
ORGANIZATION: dict[str, Any] = {"name": "Customer & Sons", "domains": ["a.example"]}
NEWS = {"texts": {"en": "It works again."}, "solve": True}
COMPOSING = {"mode": "composing"}
AWAY = {"from": "2026-03-02T10:00", "until": "2026-03-09T08:00", "substitute": "lena"}


def sent(desk: Desk) -> Message:
    """The last mail that went out."""
    return message_from_bytes(desk.outside.mails[-1]["Content"]["Raw"]["Data"])


def answer(desk: Desk, number: int = 1001) -> None:
    """An agent replies; nothing reacts yet."""
    who = Who.from_agent(live_desk(desk.world.ports).agents["anna"])
    draft = tickets.Draft(ArticleKind.REPLY, "Try turning it off and on.")
    tickets.write_article(desk.world.ports, who, number, draft)


def known_customer(desk: Desk, **mail: Any) -> None:
    """A ticket whose customer has the acknowledgement."""
    desk.mail(letter("It smokes.", **mail).as_bytes())


# What comes in. ------------------------------------------------------------------------------


def new_ticket(desk: Desk) -> Any:
    return desk.arrival(letter().as_bytes())


def reply_by_token(desk: Desk) -> Any:
    known_customer(desk)
    return desk.arrival(letter("It works now.", to=str(sent(desk)["Reply-To"])).as_bytes())


def second_ticket(desk: Desk) -> None:
    mail = letter("There is a fire.", subject="Fire", sender="Bo Lind <bo@customer.example>")
    desk.mail(mail.as_bytes())


def answer_to_merged(desk: Desk) -> Any:
    """Somebody else's ticket leads to the first one now."""
    known_customer(desk)
    second_ticket(desk)
    merged(desk)
    to, sender = str(sent(desk)["Reply-To"]), "Bo Lind <bo@customer.example>"
    return desk.arrival(letter("It burns.", to=to, sender=sender).as_bytes())


def reply_with_attachment(desk: Desk) -> Any:
    known_customer(desk)
    mail = letter("See the picture.", to=str(sent(desk)["Reply-To"]))
    mail.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="smoke.png")
    return desk.arrival(mail.as_bytes())


def spam(desk: Desk) -> Any:
    return desk.arrival(letter("Buy printers!").as_bytes(), verdicts={"spam": "FAIL"})


def duplicate(desk: Desk) -> Any:
    raw = letter().as_bytes()
    desk.mail(raw)
    return desk.arrival(raw)


def held(desk: Desk) -> Any:
    known_customer(desk)
    eve = letter("I am Kim.", sender="Eve <eve@else.example>", to=str(sent(desk)["Reply-To"]))
    return desk.arrival(eve.as_bytes())


def flood(desk: Desk) -> Any:
    """One mail more than a sender may write in ten minutes: a block begins, and a lead is told."""
    for count in range(Limits().mails_in_ten_minutes):
        desk.world.call("inbound_mail", desk.arrival(numbered(count)))
    return desk.arrival(numbered(Limits().mails_in_ten_minutes))


def numbered(count: int) -> bytes:
    return letter(f"Alarm {count}", subject=f"Alarm {count}").as_bytes()


def claimed_id(desk: Desk) -> Any:
    """The real mail, after a stranger has sent another one under its id."""
    desk.mail(letter("Mine.", sender="eve@else.example", message_id="<x@c.example>").as_bytes())
    return desk.arrival(letter("The real one.", message_id="<x@c.example>").as_bytes())


def passed_on(desk: Desk) -> Any:
    text = (
        "Who takes it?\n\n---------- Forwarded message ---------\n"
        "From: Oda Moe <oda@customer.example>\nDate: Mon, 2 Mar 2026 at 08:30\n"
        "Subject: The door\nTo: Anna Berg <anna@agents.example>\n\nIt does not open.\n"
    )
    mail = letter(text, sender="Anna Berg <anna@agents.example>", subject="Fwd: The door")
    return desk.arrival(mail.as_bytes())


def note_by_mail(desk: Desk) -> Any:
    known_customer(desk)
    reference = str(sent(desk)["References"]).split()[-1]
    mail = letter("On it.", sender="Anna Berg <anna@agents.example>", References=reference)
    return desk.arrival(mail.as_bytes())


def returned(desk: Desk) -> Any:
    """A mail system returns an answer of ours, which mutes the address."""
    known_customer(desk)
    return desk.arrival(report(sent(desk)), envelope_from="")


def unannounced(desk: Desk) -> Any:
    """The event was lost, and the bucket's own notice has waited long enough."""
    queue = desk.world.ports.config.unprocessed_queue_url
    sqs = aws_client("sqs")
    # moto's queue follows the real clock, which does not move between two tries.
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "0"})
    known, lost = letter("It smokes.").as_bytes(), letter("Nobody told you.").as_bytes()
    desk.mail(known)
    keys = ["inbound/ses000001", f"inbound/{desk.world.put_mail(lost)}"]
    notice = {"Records": [{"s3": {"object": {"key": key}}} for key in keys]}
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(notice))
    return {}


def unreadable(desk: Desk) -> Any:
    """The parser reads nearly everything, so it is made to fail."""

    def fail(_: bytes) -> None:
        raise MailError("It cannot be read.")

    desk.patch.setattr("chalicelib.intake.contents.parse", fail)
    return desk.arrival(b"no mail at all")


# What happened. ------------------------------------------------------------------------------


def entries(desk: Desk) -> Any:
    """Two entries of several facts each."""
    for text in ("One.", "Two."):
        raw = letter(text).as_bytes()
        desk.world.call("inbound_mail", desk.arrival(raw))
    return {"Records": desk.world.stream()}


def acknowledgement(desk: Desk) -> Any:
    desk.world.call("inbound_mail", new_ticket(desk))
    return desk.next_event("DeliveryQueued")


def kept_inside(desk: Desk) -> Any:
    """A mail waits, and its ticket is internal by now."""
    found = acknowledgement(desk)
    types = {"internal": {"label": {"en": "Among us"}, "internal": True}}
    apply(desk.world.ports, {**copy.deepcopy(DESK), "types": types})
    who = Who.from_agent(live_desk(desk.world.ports).agents["anna"])
    tickets.edit_ticket(desk.world.ports, who, 1001, Edit(type="internal"))
    return found


def filled_in(desk: Desk) -> Any:
    """A program registers a ticket by a form."""
    own = {name: BODY[name] for name in ("fields", "types", "forms")}
    apply(desk.world.ports, {**copy.deepcopy(DESK), **own})
    live_desk(desk.world.ports)
    body = {"requester": "zoe@customer.example", "subject": "Zoe begins", "body": "On Monday."}
    said = {"form": "colleague", "group": "support", "fields": {"home": False}}
    return asking("POST", "/tickets", {**body, **said})(desk)


def reply(desk: Desk) -> Any:
    known_customer(desk)
    answer(desk)
    return desk.next_event("DeliveryQueued")


def breach(desk: Desk) -> Any:
    """A target is missed, and nobody has looked yet."""
    known_customer(desk, to="quick@desk.example")
    desk.world.pass_time(minutes=2)
    return {}


def wait_over(desk: Desk) -> Any:
    """A ticket has waited long enough; the sweep opens it, and tells its assignee."""
    known_customer(desk)
    who = Who.from_agent(live_desk(desk.world.ports).agents["anna"])
    wait = Edit(status="pending", assignee="anna", until="2026-03-02T10:02")
    tickets.edit_ticket(desk.world.ports, who, 1001, wait)
    desk.world.pass_time(minutes=2)
    return {}


def task_due(desk: Desk) -> Any:
    """The time of a task has come, and nobody was told."""
    known_customer(desk)
    wanted = Wanted(title="Order a lamp", owner="anna", due="2026-03-02T10:02")
    ticking.add(desk.world.ports, program(), 1001, wanted)
    desk.flow()
    desk.world.pass_time(minutes=2)
    return {}


def near(desk: Desk) -> Any:
    """A warning is due, and the sweep says so."""
    body = copy.deepcopy(DESK)
    body["policies"]["quick"]["warn"] = ["50%"]
    apply(desk.world.ports, body)
    known_customer(desk, to="quick@desk.example")
    desk.world.pass_time(seconds=31)
    return {}


LADDER = [
    {"at": "50%", "notify": ["assignee"]},
    {"at": "0", "notify": ["group_lead"], "repeat": {"every": "1m", "max": 3}},
    {
        "at": "+2m",
        "notify": ["group_lead", "email:duty@partner.example"],
        "set": {"priority": "high", "add_tags": ["late"]},
    },
]


def laddered(minutes: float) -> Prepare:
    """So long after a ticket came that has a minute, and a ladder."""

    def prepare(desk: Desk) -> Any:
        body = copy.deepcopy(DESK)
        body["ladders"] = {"usual": {"steps": LADDER}}
        body["policies"]["quick"]["ladder"] = "usual"
        apply(desk.world.ports, body)
        known_customer(desk, to="quick@desk.example")
        desk.world.pass_time(minutes=minutes)
        return {}

    return prepare


def step_published(fact: str, minutes: float) -> Prepare:
    def prepare(desk: Desk) -> Any:
        laddered(1)(desk)
        desk.world.sweep()
        desk.flow()
        desk.world.pass_time(minutes=minutes)
        desk.world.sweep()
        return desk.next_event(fact)

    return prepare


def breach_published(desk: Desk) -> Any:
    breach(desk)
    desk.world.sweep()
    return desk.next_event("TargetBreached")


# Who gets a ticket. --------------------------------------------------------------------------


def assigning(desk: Desk, *, at_night: bool = False, **assign: Any) -> dict[str, Any]:
    """A group that gives its tickets to its two agents, and the body of that desk."""
    body = copy.deepcopy(DESK)
    body["groups"]["support"]["assign"] = {"how": "load", **assign}
    body["agents"]["lena"]["groups"] = ["hr"]
    bo = {"name": "Bo Lund", "email": "bo@agents.example", "groups": ["support"]}
    body["agents"]["bo"] = {**bo, "load_limit": 3}
    if at_night:
        for agent in ("anna", "bo"):
            body["agents"][agent]["hours"] = "office"
        desk.world.pass_time(hours=12)
    apply(desk.world.ports, body)
    live_desk(desk.world.ports)
    return body


def to_be_given(*, at_night: bool = False, **assign: Any) -> Prepare:
    """A ticket was opened, and nobody has it."""

    def prepare(desk: Desk) -> Any:
        assigning(desk, at_night=at_night, **assign)
        desk.world.call("inbound_mail", new_ticket(desk))
        return desk.next_event("TicketOpened")

    return prepare


def given(hours: float, *, at_night: bool = False) -> Prepare:
    """So long after a ticket was given to somebody, or nobody was there for it."""

    def prepare(desk: Desk) -> Any:
        assigning(desk, at_night=at_night, answer_within="30m")
        known_customer(desk)
        desk.world.pass_time(hours=hours)
        return {}

    return prepare


def agent_left(desk: Desk) -> Any:
    """An agent who has a ticket is in the group no more."""
    body = assigning(desk)
    known_customer(desk)
    body["agents"]["anna"]["groups"] = ["quick"]
    apply(desk.world.ports, body)
    return desk.next_event("ConfigApplied")


def has_rules(desk: Desk, **limits: int) -> None:
    """Two rules, of which the second follows from the first."""
    first = {
        "id": "vip",
        "on": ["opened"],
        "do": [
            {"set": {"priority": "high"}},
            {"reply": "Hello {requester.name}!"},
            {"notify": ["lead"], "text": "Look."},
        ],
    }
    second = {
        "id": "urgent",
        "on": ["changed"],
        "when": {"priority": {"changed_to": ["high"]}},
        "do": [{"note": "Hurry."}, {"webhook": "pager"}],
    }
    webhooks = {"pager": {"url": "https://pager.example/skranke"}}
    more = {"triggers": [first, second], "webhooks": webhooks, "limits": limits}
    apply(desk.world.ports, {**copy.deepcopy(DESK), **more})
    live_desk(desk.world.ports)


def two_rules(desk: Desk) -> Any:
    """A new ticket, on which nobody has acted yet."""
    has_rules(desk)
    desk.world.call("inbound_mail", new_ticket(desk))
    return desk.next_event("TicketOpened")


def rule_too_much(desk: Desk) -> Any:
    """The second rule may not fire at all, and is paused instead."""
    has_rules(desk, rule_mails=1)
    desk.world.call("inbound_mail", new_ticket(desk))
    return desk.next_event("TicketOpened")


def paused_rule(desk: Desk) -> Any:
    """A rule rests, and a program has it go on."""
    request = asking("POST", "/rules/vip/resume", {})(desk)
    desk.world.call("run_rules", rule_too_much(desk))
    return request


def has_automation(desk: Desk) -> None:
    """A rule that follows from time, and does what can be done."""
    rule = {
        "id": "remind",
        "after": {"field": "opened", "hours": 2},
        "do": [{"set": {"priority": "high"}}, {"notify": ["lead"], "text": "Look."}],
    }
    apply(desk.world.ports, {**copy.deepcopy(DESK), "automations": [rule]})
    live_desk(desk.world.ports)


def automation_due(desk: Desk) -> Any:
    """The time of an automation has come, and nobody has looked yet."""
    has_automation(desk)
    desk.flow()
    known_customer(desk)
    desk.world.pass_time(minutes=2)
    desk.world.sweep()
    desk.world.pass_time(minutes=118)
    live_desk(desk.world.ports)
    return {}


def automation_begins(desk: Desk) -> Any:
    """A new ticket is to have a timer."""
    has_automation(desk)
    desk.world.call("inbound_mail", new_ticket(desk))
    return desk.next_event("TicketOpened")


def other_automations(desk: Desk) -> Any:
    """A desk with an automation went live."""
    known_customer(desk)
    has_automation(desk)
    return desk.next_event("ConfigApplied")


def walk_begun(desk: Desk) -> Any:
    """All open tickets are to be looked at, and it is time."""
    desk.world.call("run_rules", other_automations(desk))
    desk.world.pass_time(minutes=2)
    live_desk(desk.world.ports)
    return {}


def forgotten_delivery(desk: Desk) -> Any:
    """The bus never brought the news of a mail."""
    acknowledgement(desk)
    desk.world.pass_time(minutes=6)
    return {}


def unsealed(desk: Desk) -> Any:
    """A window of the ledger is over, and something was written in it."""
    desk.world.call("reconcile", {})
    desk.world.sweep()
    known_customer(desk)
    desk.world.pass_time(minutes=25)
    return {}


def forgotten_export(desk: Desk) -> Any:
    export_requested(desk)
    desk.world.pass_time(minutes=6)
    return {}


def old_suspended_mail(desk: Desk) -> Any:
    desk.world.call("inbound_mail", spam(desk))
    desk.flow()
    desk.world.pass_time(days=31)
    return {}


TOLD = [{"emailAddress": "kim@customer.example", "status": "5.1.1"}]
BOUNCED = {"bounceType": "Permanent", "bouncedRecipients": TOLD}
LATE = {"bounceType": "Transient", "bouncedRecipients": TOLD}


def reporting(kind: str, **told: Any) -> Prepare:
    """SES says what became of the mail that it sent last."""

    def prepare(desk: Desk) -> Any:
        known_customer(desk)
        tags = {tag["Name"]: [tag["Value"]] for tag in desk.outside.mails[-1]["EmailTags"]}
        return {"detail": {"eventType": kind, "mail": {"tags": tags}, **told}}

    return prepare


def export_requested(desk: Desk) -> Any:
    known_customer(desk)
    desk.world.call("inbound_mail", spam(desk))
    desk.flow()
    exports.request(desk.world.ports, program())
    return desk.next_event("ExportRequested")


def program() -> Who:
    return Who(Actor("token", "auditor"), "auditor", "", frozenset(SCOPES), None)


# Webhooks and events. ------------------------------------------------------------------------

HOOKED = {
    "webhooks": {"pager": {"url": "https://hooks.example.org/", "owner": "anna"}},
    "sources": {"monitor": {"group": "support", "key": ["id"], "state": "state", "began": "at"}},
}


def hooked(*answers: Answer, function: str = "call_webhook") -> Prepare:
    """A webhook is to be called, and its receiver will say this, and then that all is well."""

    def prepare(desk: Desk) -> Any:
        apply(desk.world.ports, {**copy.deepcopy(DESK), **HOOKED})
        live_desk(desk.world.ports)
        known_customer(desk)
        desk.world.answers = list(answers)

        def decide(ticket: Ticket | None, now: datetime) -> Change:
            assert ticket is not None
            return with_calls(Change(ticket, ticket, ()), [HookCall("pager", now, "tell")])

        tickets.amend(desk.world.ports, 1001, decide, actor=Actor("system", "rules"), cause="rule")
        event = desk.next_event("WebhookQueued")
        if function == "sweep":
            desk.world.pass_time(minutes=6)
        return event

    return prepare


def called_again(desk: Desk) -> Any:
    """A program has a call made once more that was given up."""
    queued = hooked(Answer(410))(desk)
    desk.world.call("call_webhook", queued)
    desk.flow()
    return asking("POST", f"/tickets/1001/calls/{queued['detail']['fact']['call']}/retry", {})(desk)


def telling(*states: str) -> Prepare:
    """A source tells of an alert in these states, and repeats the last until it is heard."""

    def prepare(desk: Desk) -> Any:
        apply(desk.world.ports, {**copy.deepcopy(DESK), **HOOKED})
        live_desk(desk.world.ports)
        requests = [signed_event(desk, state) for state in states]
        for request in requests[:-1]:
            assert is_answered(desk.world.call("app", request))
            desk.flow()
        return requests[-1]

    return prepare


def signed_event(desk: Desk, state: str) -> Any:
    ports = desk.world.ports
    body = json.dumps({"id": "disk", "state": state, "at": "2026-03-02T08:59:00Z"})
    secrets = secrets_of(ports.keys(), live_desk(ports).sources["monitor"])
    headers = signed(secrets, f"msg_{state}", desk.world.now, body.encode())
    return event(desk.world, "POST", "/api/v1/events/monitor", body, headers=headers)


# What clients ask. ---------------------------------------------------------------------------


def asking(method: str, path: str, body: Mapping[str, Any]) -> Prepare:
    """A program that repeats what fails with the same Idempotency-Key."""

    def prepare(desk: Desk) -> Any:
        known_customer(desk)
        who = program()
        web_store.add_token(TOKEN, name=who.name, scopes=sorted(who.scopes))
        headers = {"authorization": f"Bearer {TOKEN}", "idempotency-key": "k1"}
        return event(desk.world, method, f"/api/v1{path}", json.dumps(body), headers=headers)

    return prepare


def escalating(desk: Desk) -> Any:
    """A program takes note of a miss that was told."""
    request = asking("POST", "/tickets/1001/escalation/acknowledge", {})(desk)
    desk.world.pass_time(hours=5)
    desk.world.sweep()
    desk.flow()
    return request


def relating(
    verb: str, body: Mapping[str, Any], before: Callable[[Desk], None] | None = None
) -> Prepare:
    """A program says what the second of two tickets is to the first."""
    method = "POST" if verb else "PATCH"

    def prepare(desk: Desk) -> Any:
        request = asking(method, f"/tickets/1002{verb}", body)(desk)
        second_ticket(desk)
        if before:
            before(desk)
        return request

    return prepare


def ticked_off(desk: Desk) -> Any:
    """A program ticks off what it put on the ticket."""
    request = asking("PATCH", "/tickets/1001/tasks/2-0", {"is_done": True})(desk)
    ticking.add(desk.world.ports, program(), 1001, Wanted(title="Order a lamp"))
    desk.flow()
    return request


def outage(desk: Desk) -> None:
    """The second ticket is an incident of the problem that is the first."""
    joining.link(desk.world.ports, program(), 1002, "incident", 1001)
    desk.flow()


def reorganizing(desk: Desk) -> Any:
    """A program gives an organization another domain."""
    found = organizations.add(desk.world.ports, program(), Wish(**ORGANIZATION))
    desk.flow()
    return asking("PATCH", f"/organizations/{found.id}", {"domains": ["b.example"]})(desk)


def noting(method: str, body: Mapping[str, Any]) -> Prepare:
    """A program writes a note on an organization, or changes the one that is there."""

    def prepare(desk: Desk) -> Any:
        made = organizations.add(desk.world.ports, program(), Wish(**ORGANIZATION)).id
        place = f"/organizations/{made}/notes"
        if method == "PATCH":
            wanted = Reminder(text="Call back.", owner="anna")
            note = notes.add(desk.world.ports, program(), Kind.ORGANIZATION, made, wanted)
            place += f"/{note.id}"
        desk.flow()
        return asking(method, place, body)(desk)

    return prepare


def followed(desk: Desk) -> Any:
    """Somebody else follows the ticket that is answered."""
    request = asking("POST", "/tickets/1001/articles", REPLY)(desk)
    tickets.edit_ticket(desk.world.ports, program(), 1001, Edit(add_followers=["anna"]))
    desk.flow()
    return request


def merged(desk: Desk) -> None:
    joining.merge(desk.world.ports, program(), 1002, 1001)
    desk.flow()


def adopted(desk: Desk) -> None:
    joining.link(desk.world.ports, program(), 1002, "parent", 1001)
    desk.flow()


def submitting(path: str, fields: Mapping[str, str]) -> Prepare:
    """An agent who sends the same form of a page again."""

    def prepare(desk: Desk) -> Any:
        known_customer(desk)
        return submitted(desk, path, fields)

    return prepare


def deciding(method: str, verb: str = "") -> Prepare:
    """A program decides about a suspended mail, and repeats what fails."""

    def prepare(desk: Desk) -> Any:
        desk.world.call("inbound_mail", spam(desk))
        desk.flow()
        (mail,) = (item.columns["id"] for item in intake_store.list_page(2, None).items)
        who = program()
        web_store.add_token(TOKEN, name=who.name, scopes=sorted(who.scopes))
        headers = {"authorization": f"Bearer {TOKEN}"}
        return event(desk.world, method, f"/api/v1/suspended/{mail}{verb}", headers=headers)

    return prepare


def submitted(desk: Desk, path: str, fields: Mapping[str, str]) -> dict[str, Any]:
    """The event of a form that a signed-in agent sends; without fields the page is only opened."""
    ports = desk.world.ports
    value = session.start(ports, live_desk(ports).agents["anna"])
    headers = {"cookie": f"{session.name(ports)}={value}", "content-type": FORM}
    if not fields:
        return event(desk.world, "GET", path, headers=headers)
    proof = {"csrf_token": csrf.token(ports.keys(), value), "nonce": "n1"}
    return event(desk.world, "POST", path, urlencode({**fields, **proof}), headers=headers)


def is_answered(response: Any) -> bool:
    return bool(response["statusCode"] < 400)


# The table. ----------------------------------------------------------------------------------


def world_of(prepare: Prepare, **parts: bool) -> Callable[[], AbstractContextManager[Desk]]:
    @contextmanager
    def world() -> Iterator[Desk]:
        with new_desk(**parts) as desk:
            desk.event = prepare(desk)
            yield desk

    return world


def case(
    name: str, prepare: Prepare, *, sweeps: int = 0, minutes: float = LEASE, **parts: bool
) -> Case[Desk]:
    """`name` begins with the function that the event wakes.

    Where it may leave something to a sweep, so many come, each after a lease. All else has to be
    right when the function is done: what others make of it is a case of its own.
    """
    function = name.partition(":")[0]
    return Case(
        name,
        Stage(world_of(prepare, **parts)),
        lambda desk: desk.world.call(function, desk.event),
        left_by,
        (lambda desk: desk.come_to_rest(sweeps, minutes)) if sweeps else nothing,
        is_answered if function == "app" else is_done,
        EXPORTING if "export" in name else NAMES,
    )


EXPORT: dict[str, Any] = {"sweeps": 2, "minutes": EXPORT_LEASE}
CASES = [
    case("inbound_mail: a new ticket, cold", new_ticket, is_warm=False),
    case("inbound_mail: a reply by token", reply_by_token),
    case("inbound_mail: a reply with an attachment", reply_with_attachment),
    case("inbound_mail: spam", spam),
    case("inbound_mail: unreadable", unreadable),
    case("inbound_mail: a duplicate", duplicate),
    case("inbound_mail: a stranger's reply, held", held),
    case("inbound_mail: a flood", flood),
    case("inbound_mail: under an id that was claimed in advance", claimed_id),
    case("inbound_mail: passed on by an agent", passed_on),
    case("inbound_mail: an agent's note", note_by_mail),
    case("inbound_mail: a mail of ours that comes back", returned),
    case("relay: two entries", entries),
    case("deliver: an acknowledgement", acknowledgement, sweeps=2),
    case("deliver: a reply", reply, sweeps=2),
    case("deliver: refused by SES", acknowledgement, sweeps=2, is_verified=False),
    case("deliver: of a ticket that is internal by now", kept_inside, sweeps=2),
    case("app: a ticket is registered by a form", filled_in),
    case("escalate: a breach", breach_published),
    case("escalate: a step that sets something", step_published("TargetOverdue", 2)),
    case("escalate: a step that calls again", step_published("StepCalled", 1)),
    case("assign: to whoever has the fewest tickets", to_be_given()),
    case("assign: nobody works", to_be_given(at_night=True)),
    case("assign: somebody left the group", agent_left, sweeps=2),
    case("sweep: an answer that is late", given(1)),
    case("sweep: somebody comes to work", given(12, at_night=True)),
    case("app: somebody goes away", asking("PUT", "/agents/anna/absences", AWAY)),
    case("run_rules: one rule after the other", two_rules),
    case("run_rules: a rule that is paused", rule_too_much),
    case("run_rules: a timer begins", automation_begins),
    case("run_rules: another desk", other_automations),
    case("sweep: an automation", automation_due, sweeps=2),
    case("sweep: a walk over all tickets", walk_begun, sweeps=2, minutes=1),
    case("app: a rule goes on", paused_rule),
    case("call_webhook: heard", hooked(), sweeps=2),
    case("call_webhook: heard at the second attempt", hooked(Answer(500)), sweeps=2),
    case("call_webhook: given up", hooked(*[Answer(410)] * 9), sweeps=2),
    case("sweep: a call that the bus forgot", hooked(function="sweep"), sweeps=2),
    case("app: an alert that opens a ticket", telling("firing")),
    case("app: an alert that ends its ticket", telling("firing", "resolved")),
    case("app: an alert that is over before it began", telling("resolved", "firing")),
    case("app: a call made again", called_again),
    case("mail_events: a bounce", reporting("Bounce", bounce=BOUNCED)),
    case("mail_events: a temporary bounce", reporting("Bounce", bounce=LATE)),
    case("mail_events: a complaint", reporting("Complaint")),
    case("reconcile: a mail without an event", unannounced),
    case("sweep: a breach", breach),
    case("sweep: a wait that is over", wait_over),
    case("sweep: a task that is due", task_due),
    case("sweep: a warning", near),
    case("sweep: all steps of a ladder", laddered(5)),
    case("sweep: a delivery that the bus forgot", forgotten_delivery, sweeps=2),
    case("sweep: an old suspended mail", old_suspended_mail),
    case("sweep: a window to seal", unsealed, sweeps=1, minutes=1),
    case("sweep: an export that the bus forgot", forgotten_export, **EXPORT),
    case("export: all of it", export_requested, **EXPORT),
    case("app: a new ticket", asking("POST", "/tickets", TICKET)),
    case("app: a reply", asking("POST", "/tickets/1001/articles", REPLY)),
    case("app: a reply by form", submitting("/agent/tickets/1001/articles", WRITTEN)),
    case("app: a suspended mail released", deciding("POST", "/release")),
    case("app: a sender allowed", deciding("POST", "/allow")),
    case("app: a sender blocked", deciding("POST", "/block")),
    case("app: a suspended mail deleted", deciding("DELETE"), sweeps=2),
    case("app: somebody at a ticket", asking("POST", "/tickets/1001/presence", COMPOSING)),
    case("app: a draft", submitting("/agent/tickets/1001/draft", WRITTEN)),
    case("app: an edit", asking("PATCH", "/tickets/1001", {"priority": "urgent"})),
    case("app: an escalation that somebody takes note of", escalating),
    case("app: a task", asking("POST", "/tickets/1001/tasks", {"title": "Order a lamp"})),
    case("app: a task ticked off", ticked_off),
    case("app: all incidents answered", relating("/incidents/reply", NEWS, before=outage)),
    case("app: an organization", asking("POST", "/organizations", ORGANIZATION)),
    case("app: an organization changed", reorganizing),
    case("app: a note on an organization", noting("POST", NOTED)),
    case("app: a note that is done", noting("PATCH", {"is_done": True})),
    case("app: a follower", asking("PATCH", "/tickets/1001", {"add_followers": ["anna"]})),
    case("app: a reply that a follower is told of", followed),
    case("app: a merge", relating("/merge", {"into": 1001})),
    case("app: a merge undone", relating("/unmerge", {}, before=merged)),
    case("app: a link", relating("/links", {"type": "parent", "ticket": 1001})),
    case("app: a child solved", relating("", {"status": "solved"}, before=adopted)),
    case("app: a split", asking("POST", "/tickets/1001/split", {"articles": ["1"]})),
    case("inbound_mail: an answer to a merged ticket", answer_to_merged),
    case("app: an export", asking("POST", "/exports", {})),
]
