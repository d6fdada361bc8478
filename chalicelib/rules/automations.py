"""The verbs of automations: keep the timer of a ticket, let fire what is due, reach every ticket.

No scan looks for what is due: each ticket has one timer in the due index, and the sweep rings it.
The mark of an automation is written with what it does, so a sweep killed half-way repeats nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib import table
from chalicelib.desk.model import Desk
from chalicelib.desk.rules import Automation
from chalicelib.desk.service import FRESH_FOR, live_desk
from chalicelib.ports import Ports
from chalicelib.rules import firing, model, store
from chalicelib.rules.acting import Occasion
from chalicelib.rules.store import Found, TimerItem, WalkItem
from chalicelib.rules.timing import Happening, Timer, plan, timer_of
from chalicelib.tickets import service as tickets
from chalicelib.tickets.model import Ticket
from chalicelib.tickets.situation import situation

# The sections of a desk that move what automations wait for.
SECTIONS = frozenset({"automations", "calendars", "zone"})
# By then every warm function has the new desk.
SETTLED = 2 * FRESH_FOR
PAGE = 50
# So many pages a sweep walks; the next one goes on.
PAGES = 10
_RACED = "This ticket changes all the time: try again."


def awake(ports: Ports, desk: Desk) -> list[Automation]:
    """The automations that are not paused."""
    if not desk.automations:
        return []
    standing = firing.standing(ports)
    return [one for one in desk.automations if not standing.is_paused(one.id, one.digest)]


def follow(
    ports: Ports, desk: Desk, found: Found, ticket: Ticket, since: Iterable[Happening]
) -> None:
    """Set the timer of a ticket to which something happened. Raises table.Lost."""
    if found.timer is None:
        entries = found.entries
        if entries and entries[0].seq > 1:
            entries = store.since(ticket.number, 0).entries
        timer = timer_of(ticket, map(Happening.of, entries))
    else:
        timer = found.timer.moved(map(Happening.of, found.entries))
    _set(ports, desk, ticket, found.timer, timer.moved(since))


def _set(ports: Ports, desk: Desk, ticket: Ticket, before: Timer | None, timer: Timer) -> None:
    """Write a timer, where anything moved that an automation looks at. Raises table.Lost."""
    timer = aimed(ports, desk, ticket, timer)
    was = before or Timer()
    fields = {one.after.field for one in desk.automations}
    is_same = all(was.anchors.get(name) == timer.anchors.get(name) for name in fields)
    if timer.due_at == was.due_at and (is_same or before is None):
        return
    table.transact([store.timer_write(ticket.number, timer)])


def aimed(ports: Ports, desk: Desk, ticket: Ticket, timer: Timer) -> Timer:
    """The timer with its alarm where it belongs: now, where something is ready to fire."""
    now = ports.clock()
    found = plan(ticket, timer, desk, now, awake(ports, desk))
    if not found.ready:
        return replace(timer, due_at=found.again_at)
    rings = timer.due_at is not None and timer.due_at <= now
    return timer if rings else replace(timer, due_at=now)


# What is due. --------------------------------------------------------------------------------


def ring(ports: Ports, item: table.Item) -> None:
    """Let fire what is due on a ticket whose timer rang; called by the sweep."""
    number = table.ticket_number(item.pk)
    if isinstance(item, TimerItem) and number:
        tickets.retried(ports, lambda: _ring(ports, number), _RACED)


def _ring(ports: Ports, number: int) -> None:
    desk, found = live_desk(ports), store.now_of(number)
    ticket, timer, counts = found.ticket, found.timer, found.counts
    now = ports.clock()
    if ticket is None or timer is None or timer.due_at is None or timer.due_at > now:
        return
    kept = timer
    while ready := plan(ticket, timer, desk, now, awake(ports, desk)).ready:
        one = ready[0]
        change = firing.act(ports, desk, ticket, one, _occasion(one, ticket, desk, now))
        timer = timer.marked(one)
        if change is None:
            continue
        timer = timer.moved([Happening(now, "system", change.facts)])
        timer = aimed(ports, desk, change.after, timer)
        write = store.timer_write(number, timer)
        done = firing.fire(ports, desk, one, change, counts, [write])
        ticket, counts = done.ticket, done.counts
        # A rule that is paused instead leaves no mark: it goes on where it was, once resumed.
        kept = timer = replace(timer, revision=timer.revision + 1) if done.has_fired else kept
    timer = aimed(ports, desk, ticket, timer)
    if timer != kept:
        table.transact([store.timer_write(number, timer)])


def _occasion(automation: Automation, ticket: Ticket, desk: Desk, now: datetime) -> Occasion:
    findings = automation.when.findings(situation(ticket, desk, now))
    return Occasion(model.matched(findings))


# Every ticket. -------------------------------------------------------------------------------


def begin(ports: Ports, version: int, sections: Iterable[str]) -> None:
    """Have all open tickets looked at, where another desk changes what automations wait for."""
    if SECTIONS.isdisjoint(sections):
        return
    # The desk that this function knows may be the one before.
    ports.cache.pop("desk", None)
    if live_desk(ports).automations:
        store.begin_walk(version, ports.clock() + SETTLED)


def walk(ports: Ports, item: table.Item) -> None:
    """Look at the next open tickets, page by page; what is left is for the next sweep."""
    if not isinstance(item, WalkItem) or item.group is None:
        return
    desk = live_desk(ports)
    group: str | None = item.group
    start = item.start
    for _ in range(PAGES):
        if group is None:
            break
        numbers, start = store.open_tickets(group, start, PAGE)
        for number in numbers:
            _look_at(ports, desk, number)
        if start is None:
            group = min((one for one in desk.groups if one > group), default=None)
    try:
        store.go_on(item, group, start, ports.clock() + timedelta(seconds=1))
    except table.Lost:
        # Another sweep came as far, or the desk has changed again.
        return


def _look_at(ports: Ports, desk: Desk, number: int) -> None:
    """Set the timer of a ticket anew, by all that ever happened to it."""

    def attempt() -> None:
        found = store.since(number, 0)
        if found.ticket:
            anew = timer_of(found.ticket, map(Happening.of, found.entries))
            timer = replace(found.timer or Timer(), anchors=anew.anchors)
            _set(ports, desk, found.ticket, found.timer, timer)

    tickets.retried(ports, attempt, _RACED)
