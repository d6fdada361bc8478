"""How every due time of a ticket came about, and what its ladder did, from what the ledger says.

The clocks are run once more over the facts, on the terms of today's desk. Where that gives another
result than what is stored, the desk was changed in between, and the explanation says so. Pure; the
words for it are in `words`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib import facts
from chalicelib.clocks import ladders, targets
from chalicelib.clocks.model import AT_THE_MISS, MISSED, Calendars, Clock, Clocks, Reached, Step
from chalicelib.desk.fields import Value, Values
from chalicelib.desk.model import Desk
from chalicelib.ledger.model import Entry
from chalicelib.tickets import promised
from chalicelib.tickets.access import is_internal
from chalicelib.tickets.model import Status, Ticket

_WRITTEN_BY_PEOPLE = {"human", "list"}
_OVER = {"solved", "closed", "merged", "spam", "deleted"}


_TOLD = (
    facts.TargetNear
    | facts.TargetOverdue
    | facts.Escalated
    | facts.StepBlocked
    | facts.EscalationAcknowledged
)


@dataclass(frozen=True, slots=True)
class Move:
    """Something that moved a clock, or that came of it: `told` says what, and `by` who did it.

    The clock is as it was afterwards, and the category that of the ticket then.
    """

    at: datetime
    what: str
    clock: Clock
    category: str
    told: facts.Fact | None = None
    by: str = ""


@dataclass(frozen=True, slots=True)
class Rung:
    """A step of the ladder of a clock: what has come of it, or when it comes, if it does."""

    level: int
    step: Step
    reached: Reached | None
    comes_at: datetime | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A clock as it is stored, what moved it, and how much open time it has counted by now.

    `is_certain` is False where the ledger leads elsewhere on the terms of today.
    """

    clock: Clock
    moves: tuple[Move, ...]
    counted: timedelta
    is_certain: bool
    ladder: tuple[Rung, ...] = ()


def explained(
    ticket: Ticket, entries: Sequence[Entry], desk: Desk, now: datetime
) -> tuple[Explanation, ...]:
    """Every clock of a ticket, from all of its entries, the oldest first."""
    moves: list[Move] = []
    again = _before_all(ticket, entries)
    before_merge: Clocks = ()
    for entry in entries:
        for fact in _moving(entry):
            if isinstance(fact, facts.TicketMerged) and fact.source == ticket.number:
                before_merge = promised.with_misses(again, desk, entry.at).clocks
            moved = _moved(again, fact, entry, desk, ticket.clocks)
            if again.status is Status.MERGED and moved.status is not Status.MERGED:
                # What is on its own again has counted on all the while.
                moved = replace(moved, clocks=before_merge)
            moves += _moves(again.clocks, moved, entry.at)
            again = moved
            moves += _told(again, fact, entry)
    derived = {clock.name: _result(clock) for clock in again.clocks}
    calendars = promised.calendars_of(desk, ticket.clocks, desk.policy_of(ticket.group))
    return tuple(
        Explanation(
            clock,
            tuple(move for move in moves if move.clock.name == clock.name),
            targets.elapsed_at(clock, calendars, now),
            is_certain=derived.get(clock.name) == _result(clock),
            ladder=_rungs(clock, desk, calendars),
        )
        for clock in ticket.clocks
    )


def _moving(entry: Entry) -> list[facts.Fact]:
    """The facts of an entry; the first article belongs to the opening and moves nothing itself."""
    is_opening = any(isinstance(fact, facts.TicketOpened) for fact in entry.facts)
    unmoving = facts.ArticleAdded if is_opening else ()
    return [fact for fact in entry.facts if not isinstance(fact, unmoving)]


def _before_all(ticket: Ticket, entries: Iterable[Entry]) -> Ticket:
    """The ticket with the tags and fields that it had when it was opened, and no clocks.

    What it was made of later cannot have made it internal before.
    """
    changed = [fact for entry in entries for fact in entry.facts]
    first = next((fact.before for fact in changed if isinstance(fact, facts.TagsChanged)), None)
    tags = ticket.tags if first is None else tuple(first)
    was_internal = ticket.is_internal and not any(isinstance(f, facts.TypeChanged) for f in changed)
    later = [fact for entry in entries if entry.seq > 1 for fact in entry.facts]
    fields = dict(ticket.fields)
    for fact in reversed(later):
        if isinstance(fact, facts.FieldsChanged):
            fields |= fact.before
    return replace(ticket, clocks=(), tags=tags, fields=_said(fields), is_internal=was_internal)


def _result(clock: Clock) -> tuple[object, ...]:
    return clock.target, clock.state, clock.due_at, clock.met_at, clock.is_running


# The facts again. ----------------------------------------------------------------------------


def _moved(ticket: Ticket, fact: facts.Fact, entry: Entry, desk: Desk, stored: Clocks) -> Ticket:
    at = entry.at
    if isinstance(fact, facts.TicketOpened):
        ticket = replace(ticket, group=fact.group, priority=fact.priority, status=Status.NEW)
        ticket = _typed(ticket, fact.ticket_type, desk)
        return _opened(ticket, entry, desk, stored)
    if isinstance(fact, facts.ArticleAdded | facts.ArticleAccepted):
        return _written(ticket, fact, at, desk)
    if isinstance(fact, facts.StatusChanged):
        ticket = replace(ticket, status=Status(fact.after))
        return promised.status_changed(ticket, fact.before, desk, at)
    if isinstance(fact, facts.TargetBreached):
        return promised.with_misses(ticket, desk, at)
    edited = _edited(ticket, fact, desk)
    if edited is not ticket or isinstance(fact, facts.TargetsMoved):
        return promised.retargeted(edited, desk, at)
    return ticket


def _edited(ticket: Ticket, fact: facts.Fact, desk: Desk) -> Ticket:
    """The ticket with what decides on its policy as the fact left it."""
    if isinstance(fact, facts.PriorityChanged):
        return replace(ticket, priority=fact.after)
    if isinstance(fact, facts.GroupChanged):
        return replace(ticket, group=fact.after)
    if isinstance(fact, facts.TagsChanged):
        return replace(ticket, tags=tuple(fact.after))
    if isinstance(fact, facts.TypeChanged):
        return _typed(ticket, fact.after, desk)
    if isinstance(fact, facts.FieldsChanged):
        return replace(ticket, fields=_said({**ticket.fields, **fact.after}))
    return ticket


def _said(fields: Mapping[str, Value | None]) -> Values:
    """The fields that say something."""
    return {name: value for name, value in fields.items() if value is not None}


def _typed(ticket: Ticket, kind: str, desk: Desk) -> Ticket:
    return replace(ticket, type=kind, is_internal=is_internal(ticket, kind, desk))


def _opened(ticket: Ticket, entry: Entry, desk: Desk, stored: Clocks) -> Ticket:
    first = next((one for one in entry.facts if isinstance(one, facts.ArticleAdded)), None)
    if first is None or first.mail_kind not in _WRITTEN_BY_PEOPLE:
        return ticket
    # What was passed on counts since the customer asked, which the stored clocks know.
    started = min((clock.started_at for clock in stored), default=entry.at)
    by_agent = first.by == "agent" and first.kind == "reply"
    return promised.opened(ticket, desk, min(started, entry.at), by_agent=by_agent)


def _written(
    ticket: Ticket, fact: facts.ArticleAdded | facts.ArticleAccepted, at: datetime, desk: Desk
) -> Ticket:
    if isinstance(fact, facts.ArticleAccepted):
        return promised.requester_wrote(ticket, desk, at)
    if fact.kind != "reply" or fact.is_held:
        return ticket
    if fact.by == "agent":
        return promised.agent_replied(ticket, desk, at)
    is_human = fact.mail_kind in _WRITTEN_BY_PEOPLE
    return promised.requester_wrote(ticket, desk, at) if is_human else ticket


# What it did to the clocks. ------------------------------------------------------------------


def _moves(before: Clocks, after: Ticket, at: datetime) -> Iterator[Move]:
    category = after.status.value
    known = {clock.name: clock for clock in before}
    for clock in after.clocks:
        old = known.get(clock.name)
        if old == clock:
            continue
        if old is None or old.started_at != clock.started_at:
            begun = "started" if clock.is_running else "waits"
            yield Move(clock.started_at, begun, clock, category)
            continue
        if clock.breached_at and not old.breached_at:
            yield Move(clock.breached_at, "missed", clock, category)
        if what := _what(old, clock, category):
            yield Move(at, what, clock, category)


def _what(old: Clock, clock: Clock, category: str) -> str | None:
    if clock.met_at and not old.met_at:
        return "met"
    if old.is_running and not clock.is_running:
        return "cancelled" if category in _OVER else "paused"
    if clock.is_running and not old.is_running:
        return "resumed"
    terms = ("policy", "target", "calendar")
    is_other = any(getattr(old, name) != getattr(clock, name) for name in terms)
    return "retargeted" if is_other else None


# What came of it. ----------------------------------------------------------------------------


def _told(ticket: Ticket, fact: facts.Fact, entry: Entry) -> Iterator[Move]:
    if not isinstance(fact, _TOLD):
        return
    names = fact.targets if isinstance(fact, facts.EscalationAcknowledged) else [fact.target]
    for clock in ticket.clocks:
        if clock.name in names:
            yield Move(entry.at, _WHAT[type(fact)], clock, ticket.status.value, fact, entry.actor)


_WHAT = {
    facts.EscalationAcknowledged: "acknowledged",
    facts.TargetNear: "near",
    facts.TargetOverdue: "overdue",
    facts.Escalated: "told",
    facts.StepBlocked: "blocked",
}


def _rungs(clock: Clock, desk: Desk, calendars: Calendars) -> tuple[Rung, ...]:
    policy = desk.policies.get(clock.policy)
    if policy is None or clock.target is None:
        return ()
    ladder = policy.ladder_of(clock.metric)
    return tuple(_rung(ladder.level(step.at), step, clock, calendars) for step in ladder.steps)


def _rung(level: int, step: Step, clock: Clock, calendars: Calendars) -> Rung:
    reached = next((one for one in clock.reached if one.step == step.at), None)
    if step.at == AT_THE_MISS and clock.breached_at:
        reached = reached or Reached(step.at)
    is_left_out = reached is not None or (clock.breached_at and MISSED in step.stops)
    comes_at = None if is_left_out else ladders.comes_at(clock, step, calendars)
    return Rung(level, step, reached, comes_at)
