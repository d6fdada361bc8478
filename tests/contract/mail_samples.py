"""A realistic context for every mail: `MAILS` is [(name, state, context)]."""

from __future__ import annotations

from datetime import timedelta

from tests.contract.page_samples import ARTICLES, TICKET, Sample, ago

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
MAILS: list[Sample] = [
    (
        "acknowledgement",
        "plain",
        {
            "number": 1012,
            "tag": "[#1012-3]",
            "link": "https://desk.example/portal/tickets/signed-token",
            "group": "Support",
        },
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
        REPLY
        | {
            "files": [
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
        },
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
    (
        "closed",
        "plain",
        {
            "number": 1012,
            "tag": "[#1012-3]",
            "group": "Support",
            "address": "support@desk.example",
            "link": "https://desk.example/portal/tickets/signed-token",
        },
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
                "is_mine": assignee is not None,
                "link": "https://desk.example/agent/tickets/1012",
            },
        )
        for state, assignee in (("to the assignee", "Astrid Dahl"), ("to the lead", None))
    ),
]
