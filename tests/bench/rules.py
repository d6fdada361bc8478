"""What it takes to judge a ticket by two hundred rules: CPU, and how often its fields are read."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from chalicelib import facts
from chalicelib.desk.model import Desk, read_desk
from chalicelib.ledger.model import GENESIS, Actor, make_entry
from chalicelib.rules import model
from chalicelib.rules.model import Round, Why
from chalicelib.tickets.model import (
    Article,
    ArticleKind,
    Author,
    Contact,
    Status,
    Ticket,
)
from tests.world import DESK

RULES = 200
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def rules() -> list[dict[str, Any]]:
    """Rules as desks have them, of which only the last fires: nothing spares those before it."""
    whens: list[dict[str, Any]] = [
        {"domain": ["else.example"], "priority": ["normal"]},
        {"subject": {"contains": ["invoice", "payment", "refund"]}, "group": ["support"]},
        {"text": {"matches": [r"order\s+\d{6}"]}, "channel": ["mail"]},
        {"any": [{"tags": ["vip"]}, {"requester": ["ceo@customer.example"]}]},
        {"group": ["support"], "none": [{"status": ["new", "open"]}]},
    ]
    do = [{"set": {"priority": "high"}}]
    found = [
        {"id": f"rule-{n}", "on": ["opened", "replied"], "when": whens[n % len(whens)], "do": do}
        for n in range(RULES - 1)
    ]
    return [*found, {"id": "last", "on": ["opened"], "do": do}]


def desk() -> Desk:
    return read_desk({**DESK, "triggers": rules()}, version=1)


def opened() -> Round:
    """A ticket that has just been opened, with a text of a usual length."""
    ticket = Ticket(
        number=1001,
        status=Status.NEW,
        subject="The printer on floor 2",
        group="support",
        assignee=None,
        contacts=(Contact("p1", "Kim Jensen", "kim@customer.example", "en"),),
        priority="normal",
        tags=("printer",),
        opened_at=NOW,
        updated_at=NOW,
    )
    said = (
        facts.TicketOpened("support", "normal", "mail"),
        facts.ArticleAdded("reply", "requester"),
    )
    actor = Actor("person", "p1")
    root = make_entry("T#1001", 1, said, at=NOW, actor=actor, cause="mail", prev=GENESIS, salt=b"s")
    author = Author("requester", "Kim Jensen", "kim@customer.example", "p1")
    text = "The printer prints only the letter Q. " * 40
    article = Article(1001, 1, ArticleKind.REPLY, author, text, NOW)
    return Round(ticket, root, said, {}, article)


def judged(known: Desk, found: Round) -> list[Why]:
    """Every rule once, as a reaction does it while none fires."""
    seen = found.situation(known, NOW)
    return [model.judge(trigger, found, seen) for trigger in known.triggers]


class Counted(dict[str, tuple[str, ...]]):
    """The fields of a ticket, and how often one was asked for."""

    asked = 0

    def get(self, *args: Any) -> Any:
        self.asked += 1
        return super().get(*args)


def reads(known: Desk, found: Round) -> int:
    """How often all rules together ask for a field."""
    seen = found.situation(known, NOW)
    counted = Counted(seen.values)
    for trigger in known.triggers:
        model.judge(trigger, found, replace(seen, values=counted))
    return counted.asked


def measure(tries: int = 200) -> Mapping[str, float]:
    """CPU milliseconds to judge a ticket by all rules: the least and the middle of many tries."""
    known, found = desk(), opened()
    times = sorted(_timed(known, found, tries))
    return {"least": times[0] * 1000, "middle": times[len(times) // 2] * 1000}


def _timed(known: Desk, found: Round, tries: int) -> Iterator[float]:
    for _ in range(tries):
        # Each try judges a round that nothing is known of yet.
        fresh = replace(found)
        began = time.process_time()
        judged(known, fresh)
        yield time.process_time() - began


if __name__ == "__main__":
    figures = measure()
    print(f"{RULES} rules: {figures['middle']:.2f} ms of CPU, at least {figures['least']:.2f}")
