"""What is promised about a ticket: its clocks, moved on the terms that the desk has for it. Pure.

A ticket has clocks for the customer and internal ones; each kind stands under its own policy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from chalicelib import facts
from chalicelib.clocks import targets
from chalicelib.clocks.model import Calendars, Clock, Clocks, Policy, Terms
from chalicelib.desk.model import Desk
from chalicelib.desk.promises import Matter
from chalicelib.tickets.model import Ticket

Verb = Callable[[Clocks, Terms], Clocks]


def opened(ticket: Ticket, desk: Desk, now: datetime, *, by_agent: bool) -> Ticket:
    """A new ticket with its clocks; `by_agent` if an agent wrote its first article in public."""
    return _moved(ticket, desk, lambda _, terms: targets.opened(terms, now, by_agent=by_agent))


def requester_wrote(ticket: Ticket, desk: Desk, now: datetime) -> Ticket:
    """The requester waits for an answer."""
    return _moved(ticket, desk, lambda clocks, terms: targets.requester_wrote(clocks, terms, now))


def agent_replied(ticket: Ticket, desk: Desk, now: datetime) -> Ticket:
    """A person of ours answered in public."""
    return _moved(ticket, desk, lambda clocks, terms: targets.agent_replied(clocks, terms, now))


def status_changed(ticket: Ticket, before: str, desk: Desk, now: datetime) -> Ticket:
    """The ticket came to its status from the category `before`."""

    def verb(clocks: Clocks, terms: Terms) -> Clocks:
        return targets.status_changed(clocks, before, terms, now)

    return _moved(ticket, desk, verb)


def retargeted(ticket: Ticket, desk: Desk, now: datetime) -> Ticket:
    """Something changed that decides on its policy, or the desk itself did.

    A ticket without clocks, such as one that a machine opened, has none afterwards.
    """
    if not ticket.clocks:
        return ticket
    return _moved(ticket, desk, lambda clocks, terms: targets.retargeted(clocks, terms, now))


def warned(
    ticket: Ticket, desk: Desk, now: datetime
) -> tuple[Ticket, tuple[facts.TargetNear, ...]]:
    """The ticket with the warnings due by now noted as given, and a fact for each clock."""
    calendars = calendars_of(desk, ticket.clocks, None)
    clocks = targets.with_warnings(ticket.clocks, desk.policies, calendars, now)
    found = tuple(
        facts.TargetNear(clock.name, label, clock.due_at.isoformat())
        for clock, label in targets.newly_warned(ticket.clocks, clocks)
        if clock.due_at
    )
    return replace(ticket, clocks=clocks), found


def breach_facts(before: Clocks, after: Clocks, now: datetime) -> tuple[facts.Fact, ...]:
    """A fact for every breach that `after` is the first to know."""
    foreseen = {(clock.name, clock.due_at) for clock in before}
    return tuple(
        facts.TargetBreached(
            clock.name,
            clock.breached_at.isoformat(),
            cause=None if (clock.name, clock.breached_at) in foreseen else "policy_change",
        )
        for clock in targets.newly_breached(before, after, now)
        if clock.breached_at
    )


def moved_fact(before: Clocks, after: Clocks) -> facts.TargetsMoved:
    """Which due times are others now."""
    old, new = _due_times(before), _due_times(after)
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return facts.TargetsMoved(
        {name: old.get(name) for name in names}, {name: new.get(name) for name in names}
    )


def _due_times(clocks: Clocks) -> dict[str, str | None]:
    return {clock.name: clock.due_at.isoformat() if clock.due_at else None for clock in clocks}


def terms_of(ticket: Ticket, desk: Desk, *, is_internal: bool) -> Terms:
    """What holds for the customer's clocks of a ticket as it now is, or for the internal ones."""
    _, _, domain = ticket.requester.email.lower().partition("@")
    matter = Matter(ticket.group, ticket.priority, domain, frozenset(ticket.tags))
    policy = desk.policies_for(matter)[is_internal]
    calendars = calendars_of(desk, ticket.clocks, policy)
    return Terms(policy, ticket.priority, ticket.status.value, calendars)


def calendars_of(desk: Desk, clocks: Clocks, policy: Policy | None) -> Calendars:
    """The calendars of the clocks; one that is gone is counted by its successor's."""
    found = dict(desk.calendars)
    if policy:
        found = {clock.calendar: policy.calendar for clock in clocks} | found
    return found


def _moved(ticket: Ticket, desk: Desk, verb: Verb) -> Ticket:
    clocks: list[Clock] = []
    for is_internal in (False, True):
        mine = tuple(clock for clock in ticket.clocks if clock.is_internal is is_internal)
        clocks += verb(mine, terms_of(ticket, desk, is_internal=is_internal))
    return replace(ticket, clocks=tuple(clocks))
