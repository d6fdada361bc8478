"""The verbs of the clock: what the sweep records, who takes note, and how it all came about.

The sweep records misses and steps as facts, in one transaction a ticket, and tells nobody: what
follows from those facts is in `escalation`.
"""

from __future__ import annotations

from datetime import datetime

from chalicelib import facts, table
from chalicelib.clocks.ladders import escalates
from chalicelib.clocks.targets import next_alarm
from chalicelib.desk.service import live_desk
from chalicelib.errors import Conflict
from chalicelib.ledger.model import CLOCK
from chalicelib.ports import Ports
from chalicelib.sla.explain import Explanation, explained
from chalicelib.tickets import changes, promised
from chalicelib.tickets import service as tickets
from chalicelib.tickets import store as ticket_store
from chalicelib.tickets.access import Who, seen
from chalicelib.tickets.changes import Change
from chalicelib.tickets.model import Ticket


def tick(ports: Ports, item: table.Item) -> None:
    """Record what is due on a ticket whose alarm rang; nothing where somebody was faster."""
    first, now = ticket_store.ticket_of(item), ports.clock()
    alarm_at = next_alarm(first.clocks) if first else None
    if first is None or alarm_at is None or alarm_at > now:
        return
    desk = live_desk(ports)
    change = changes.came_due(first, desk, now)
    if change is None:
        return
    try:
        tickets.save(change, actor=CLOCK, cause="sweep", now=now)
    except table.Lost:

        def decide(ticket: Ticket | None, now: datetime) -> Change | None:
            return changes.came_due(ticket, desk, now) if ticket else None

        tickets.amend(ports, first.number, decide, actor=CLOCK, cause="sweep")


def acknowledge(ports: Ports, who: Who, number: int) -> tickets.Saved:
    """Take note of what escalates on a ticket; whoever was faster stays the one who did.

    Raises Conflict where nothing has escalated.
    """
    who.need("tickets:write")
    desk = live_desk(ports)

    def decide(found: Ticket | None, now: datetime) -> Change | None:
        ticket = seen(who, found, number)
        names = [clock.name for clock in ticket.clocks if escalates(clock)]
        if not names:
            if any(clock.acknowledged for clock in ticket.clocks):
                return None
            raise Conflict("Nothing escalates on this ticket.")
        after = promised.acknowledged(ticket, desk, str(who.actor), now)
        return Change(ticket, after, (facts.EscalationAcknowledged(names),))

    return tickets.amend(ports, number, decide, actor=who.actor, cause="acknowledge")


def explain(ports: Ports, who: Who, number: int) -> tuple[Explanation, ...]:
    """How the due times of a ticket came about; it reads all of the ticket."""
    who.need("tickets:read")
    items = ticket_store.everything(number)
    found = next((ticket for item in items if (ticket := ticket_store.ticket_of(item))), None)
    ticket = seen(who, found, number)
    entries = sorted(ticket_store.entries_in(items), key=lambda entry: entry.seq)
    return explained(ticket, entries, live_desk(ports), ports.clock())
