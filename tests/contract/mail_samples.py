"""A realistic context for every mail: `MAILS` is [(name, state, context)]."""

from __future__ import annotations

from datetime import timedelta

from tests.contract.page_samples import ARTICLES, OBSTACLES, TICKET, Sample, ago

REPLY = {
    "subject": TICKET["subject"],
    "tag": "[#1012-3]",
    "text": ARTICLES[2]["text"],
    "pictures": {},
    "files": [],
    "agent": "Astrid Dahl",
    "signature": "Nordlys Service\nMonday to Friday, 8 to 16",
    "quoted": {"author": "Kari Nordmann", "at": ago(hours=5), "text": ARTICLES[0]["text"]},
    "link": "https://desk.example/portal/tickets/signed-token",
}
FILES = [
    {
        "name": "Vedlegg til saken, den endelige og signerte utgaven.pdf",
        "size": 18_400_000,
        "url": "https://desk.example/portal/tickets/signed-token/articles/3/attachments/0",
    },
    {
        "name": "log.txt",
        "size": 9_000_000,
        "url": "https://desk.example/portal/tickets/signed-token/articles/3/attachments/1",
    },
]
USUAL = {"subject": "", "above": "", "text": ""}
OWN = {
    "subject": "Your letter to Support",
    "above": "We are closed on Friday.",
    "text": "Dear reader,\n\nyour letter is here & will be read.\n\nSupport",
}
MAILS: list[Sample] = [
    *(
        (
            "acknowledgement",
            state,
            {
                "number": 1012,
                "tag": "[#1012-3]",
                "link": "https://desk.example/portal/tickets/signed-token",
                "group": "Support",
                "own": own,
            },
        )
        for state, own in (("plain", USUAL), ("in words of the desk", OWN))
    ),
    ("reply", "plain", REPLY),
    (
        "reply",
        "bare",
        REPLY | {"signature": "", "quoted": None, "subject": ""},
    ),
    (
        "reply",
        "with files on the web",
        REPLY | {"files": FILES},
    ),
    (
        "flood",
        "plain",
        {
            "number": 1012,
            "subject": TICKET["subject"],
            "tag": "[#1012-3]",
            "group": "Support",
            "sender": "alarm@monitoring.example",
            "until": ago(hours=-1),
            "link": "https://desk.example/agent/tickets/1012",
        },
    ),
    *(
        (
            "automatic",
            "signed" if signature else "unsigned",
            {
                "number": 1012,
                "tag": "[#1012-3]",
                "group": "Support",
                "text": "Hello <b>Kari</b>,\n\nwe are on our way.",
                "signature": signature,
                "files": FILES if signature else [],
                "link": "https://desk.example/portal/tickets/signed-token",
                "own": OWN if signature else USUAL,
            },
        )
        for signature in ("Support, floor 2", "")
    ),
    (
        "rule",
        "plain",
        {
            "number": 1012,
            "subject": TICKET["subject"],
            "group": "Support",
            "requester": "Kari Nordmann",
            "rule": "vip",
            "text": "Look at it & tell <b>Kari</b>.",
            "link": "https://desk.example/agent/tickets/1012",
        },
    ),
    *(
        (
            "rule_paused",
            why,
            {
                "number": 1012,
                "subject": TICKET["subject"],
                "group": "Support",
                "rule": "vip",
                "why": why,
                "limit": 10,
                "rules": "https://desk.example/agent/rules",
                "link": "https://desk.example/agent/tickets/1012",
            },
        )
        for why in ("rule_firings", "rule_mails")
    ),
    (
        "webhook_failed",
        "plain",
        {
            "number": 1012,
            "subject": TICKET["subject"],
            "group": "Support",
            "webhook": "pager",
            "reason": "The receiver answered 500.",
            "link": "https://desk.example/agent/tickets/1012",
        },
    ),
    *(
        (
            "waiting_over",
            then,
            {
                "number": 1012,
                "subject": TICKET["subject"],
                "group": "Support",
                "requester": "Kari Nordmann",
                "then": then,
                "reason": reason,
                "link": "https://desk.example/agent/tickets/1012",
            },
        )
        for then, reason in (("remind", "The supplier sends a new lamp"), ("reopen", ""))
    ),
    *(
        (
            "followed",
            state,
            {
                "number": 1012,
                "subject": TICKET["subject"],
                "group": "Support",
                "requester": "Kari Nordmann",
                "wrote": wrote,
                "author": author,
                "status": status,
                "link": "https://desk.example/agent/tickets/1012",
            },
        )
        for state, wrote, author, status in (
            ("by a customer", True, "Kari <Nordmann>", "Open"),
            ("by somebody", True, "", None),
            ("status", False, "", "Solved"),
        )
    ),
    *(
        (
            "task_due",
            state,
            {
                "number": 1012,
                "subject": TICKET["subject"],
                "group": "Support",
                "requester": "Kari Nordmann",
                "task": task,
                "is_mine": is_mine,
                "link": "https://desk.example/agent/tickets/1012",
            },
        )
        for state, task, is_mine in (("own", "Order a lamp", True), ("gone", "", False))
    ),
    *(
        (
            "nobody_available",
            state,
            {
                "number": 1012,
                "subject": TICKET["subject"],
                "group": "Support",
                "requester": "Kari Nordmann",
                "obstacles": obstacles,
                "link": "https://desk.example/agent/tickets/1012",
            },
        )
        for state, obstacles in (("plain", OBSTACLES), ("no agents", []))
    ),
    (
        "agent_left",
        "plain",
        {
            "number": 1012,
            "subject": TICKET["subject"],
            "group": "Support",
            "requester": "Kari Nordmann",
            "agent": "Mikkel Holm",
            "link": "https://desk.example/agent/tickets/1012",
        },
    ),
    *(
        (
            "closed",
            state,
            {
                "number": 1012,
                "tag": "[#1012-3]",
                "group": "Support",
                "address": "support@desk.example",
                "link": "https://desk.example/portal/tickets/signed-token",
                "own": own,
            },
        )
        for state, own in (("plain", USUAL), ("in words of the desk", OWN))
    ),
    (
        "escalation",
        "plain",
        {
            "number": 1012,
            "subject": TICKET["subject"],
            "group": "Support",
            "requester": "Kari Nordmann",
            "assignee": None,
            "target": "first_reply",
            "due_at": ago(minutes=42),
            "late_for": timedelta(minutes=42),
            "link": "https://desk.example/agent/tickets/1012",
            "role": "group_lead",
            "absent": "",
            "level": 0,
            "calls": 1,
        },
    ),
    (
        "escalation",
        "by a ladder",
        {
            "number": 1012,
            "subject": TICKET["subject"],
            "group": "Support",
            "requester": "Kari Nordmann",
            "assignee": "Astrid Dahl",
            "target": "resolution",
            "due_at": ago(minutes=42),
            "late_for": timedelta(minutes=42),
            "link": "https://desk.example/agent/tickets/1012",
            "role": "substitute",
            "absent": "Astrid Dahl",
            "level": 2,
            "calls": 3,
        },
    ),
    *(
        (
            "warning",
            state,
            {
                "number": 1012,
                "subject": TICKET["subject"],
                "group": "Support",
                "requester": "Kari Nordmann",
                "assignee": assignee,
                "target": "resolution",
                "due_at": ago(minutes=-30),
                "role": role,
                "absent": "",
                "level": level,
                "calls": level + 1,
                "link": "https://desk.example/agent/tickets/1012",
            },
        )
        for state, assignee, role, level in (
            ("to the assignee", "Astrid Dahl", "assignee", 1),
            ("to the lead", None, "unassigned", 0),
        )
    ),
]
