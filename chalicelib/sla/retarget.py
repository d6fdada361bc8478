"""Applying today's policies and opening hours to the tickets that are open already.

A change of the configuration moves no due time by itself: the operator looks at what would be
different, and applies it. Each ticket is a transaction of its own, and one that is right already
is left alone, so a run that died is simply run again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib import facts, table
from chalicelib.desk.model import Desk
from chalicelib.desk.service import live_desk
from chalicelib.ledger.model import OPERATOR
from chalicelib.ports import Ports
from chalicelib.tickets import changes
from chalicelib.tickets import service as tickets
from chalicelib.tickets import store as ticket_store
from chalicelib.tickets.changes import Change
from chalicelib.tickets.model import Ticket

PAGE = 100


@dataclass(frozen=True, slots=True)
class Retargeted:
    """A ticket whose due times change: what they were and what they become, by target."""

    number: int
    fact: facts.TargetsMoved


def retarget(
    ports: Ports, *, groups: Sequence[str] = (), is_rehearsal: bool = False
) -> Iterator[Retargeted]:
    """The open tickets of some groups, or of all, whose clocks today's desk moves, as they are."""
    desk = live_desk(ports)
    for group in groups or desk.groups:
        # A ticket that moves forward within the list is met again, and is right by then.
        for page in table.pages(table.group_open(group), index="gsi1", limit=PAGE):
            keys = [(item.pk, item.sk) for item in page.items]
            found = table.fetch(keys)
            for ticket in filter(None, (ticket_store.ticket_of(found.get(key)) for key in keys)):
                if moved := _one(ports, desk, ticket, is_rehearsal=is_rehearsal):
                    yield moved


def _one(ports: Ports, desk: Desk, ticket: Ticket, *, is_rehearsal: bool) -> Retargeted | None:
    def decide(found: Ticket | None, now: datetime) -> Change | None:
        return changes.retargeted(found, desk, now) if found else None

    change = decide(ticket, ports.clock())
    if change and not is_rehearsal:
        saved = tickets.amend(ports, ticket.number, decide, actor=OPERATOR, cause="retarget")
        change = saved.change
    said = change.facts if change else ()
    moved = next((fact for fact in said if isinstance(fact, facts.TargetsMoved)), None)
    return Retargeted(ticket.number, moved) if moved else None
