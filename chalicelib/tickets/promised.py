"""What is promised about a ticket: its clocks, moved on the terms that the desk has for it. Pure.

A ticket has clocks for the customer and internal ones; each kind stands under its own policy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from chalicelib import facts
from chalicelib.clocks import ladders, targets
from chalicelib.clocks.model import AT_THE_MISS, Calendars, Clock, Clocks, Policy, Reached, Terms
from chalicelib.desk.model import Desk
from chalicelib.tickets.model import Ticket
from chalicelib.tickets.situation import situation

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


def with_misses(ticket: Ticket, desk: Desk, now: datetime) -> Ticket:
    """The ticket with the misses until now recorded."""
    clocks = targets.with_misses(ticket.clocks, desk.policies, _calendars(ticket, desk), now)
    return replace(ticket, clocks=clocks)


def come_due(ticket: Ticket, desk: Desk, now: datetime) -> Ticket:
    """The ticket with the misses, and the steps and calls of ladders, that are due by now."""
    clocks = targets.come_due(ticket.clocks, desk.policies, _calendars(ticket, desk), now)
    return replace(ticket, clocks=clocks)


def reassigned(ticket: Ticket, desk: Desk) -> Ticket:
    """The ticket after somebody else got it."""
    return _stopped(ticket, desk, "reassigned")


def acknowledged(ticket: Ticket, desk: Desk, by: str, now: datetime) -> Ticket:
    """The ticket after somebody took note of what escalates."""
    noted = tuple(
        replace(clock, acknowledged=(by, now)) if ladders.escalates(clock) else clock
        for clock in ticket.clocks
    )
    return _stopped(replace(ticket, clocks=noted), desk, "ack")


def still_calling(ticket: Ticket, before: Ticket, desk: Desk, target: str, at: str) -> Ticket:
    """The ticket as a step of a ladder has left it, which ends no calls of its own."""
    old = next((clock for clock in before.clocks if clock.name == target), None)
    calendars = _calendars(ticket, desk)
    clocks = (
        ladders.still_calling(clock, old, at, desk.policies.get(clock.policy), calendars)
        if old and clock.name == target
        else clock
        for clock in ticket.clocks
    )
    return replace(ticket, clocks=tuple(clocks))


def _stopped(ticket: Ticket, desk: Desk, stop: str) -> Ticket:
    calendars = _calendars(ticket, desk)
    clocks = (
        ladders.stopped(clock, desk.policies.get(clock.policy), calendars, stop)
        for clock in ticket.clocks
    )
    return replace(ticket, clocks=tuple(clocks))


def _calendars(ticket: Ticket, desk: Desk) -> Calendars:
    return calendars_of(desk, ticket.clocks, None)


def clock_facts(before: Clocks, after: Clocks, now: datetime) -> tuple[facts.Fact, ...]:
    """A fact for every breach, step and call that `after` is the first to know, as they came."""
    steps = [_step_fact(*found) for found in ladders.new_steps(before, after)]
    near = [fact for fact in steps if isinstance(fact, facts.TargetNear)]
    later = [fact for fact in steps if not isinstance(fact, facts.TargetNear)]
    return (*near, *_breach_facts(before, after, now), *later)


def _step_fact(clock: Clock, one: Reached, is_again: bool) -> facts.Fact:
    due_at = clock.due_at.isoformat() if clock.due_at else ""
    if is_again:
        return facts.StepCalled(clock.name, one.step, due_at, one.calls)
    kind = facts.TargetOverdue if one.step.startswith("+") else facts.TargetNear
    return kind(clock.name, one.step, due_at, waits=not one.calls)


def _breach_facts(before: Clocks, after: Clocks, now: datetime) -> tuple[facts.Fact, ...]:
    foreseen = {(clock.name, clock.due_at) for clock in before}
    return tuple(
        facts.TargetBreached(
            clock.name,
            clock.breached_at.isoformat(),
            cause=None if (clock.name, clock.breached_at) in foreseen else "policy_change",
            waits=any(one.step == AT_THE_MISS and not one.calls for one in clock.reached),
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
    # No promise asks what time it is, or what has changed.
    seen = situation(ticket, desk, ticket.updated_at)
    policy = desk.policies_for(ticket.group, seen)[is_internal]
    if ticket.is_internal and not is_internal:
        # There is no customer to whom anything could be promised.
        policy = None
    calendars = calendars_of(desk, ticket.clocks, policy)
    return Terms(policy, ticket.priority, ticket.status.value, calendars, desk.policies)


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
