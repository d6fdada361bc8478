"""How every due time of a ticket came about, step by step, from what the ledger says. Pure.

The clocks are run once more over the facts, on the terms of today's desk. Where that gives another
result than what is stored, the desk was changed in between, and the explanation says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib import facts, i18n
from chalicelib.clocks import targets
from chalicelib.clocks.model import Clock, Clocks
from chalicelib.desk.model import Desk
from chalicelib.ledger.model import Entry
from chalicelib.tickets import promised
from chalicelib.tickets.model import Status, Ticket

_WRITTEN_BY_PEOPLE = {"human", "list"}
_OVER = {"solved", "closed", "merged", "spam", "deleted"}


@dataclass(frozen=True, slots=True)
class Step:
    """Something that moved a clock: the clock afterwards, and the ticket's category then."""

    at: datetime
    what: str
    clock: Clock
    category: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """A clock as it is stored, what moved it, and how much open time it has counted by now.

    `is_certain` is False where the ledger leads elsewhere on the terms of today.
    """

    clock: Clock
    steps: tuple[Step, ...]
    counted: timedelta
    is_certain: bool


def explained(
    ticket: Ticket, entries: Sequence[Entry], desk: Desk, now: datetime
) -> tuple[Explanation, ...]:
    """Every clock of a ticket, from all of its entries, the oldest first."""
    steps: list[Step] = []
    again = _before_all(ticket, entries)
    before_merge: Clocks = ()
    for entry in entries:
        for fact in _moving(entry):
            if isinstance(fact, facts.TicketMerged) and fact.source == ticket.number:
                before_merge = targets.with_breaches(again.clocks, entry.at)
            moved = _moved(again, fact, entry, desk, ticket.clocks)
            if again.status is Status.MERGED and moved.status is not Status.MERGED:
                # What is on its own again has counted on all the while.
                moved = replace(moved, clocks=before_merge)
            steps += _steps(again.clocks, moved, entry.at)
            again = moved
    derived = {clock.name: _result(clock) for clock in again.clocks}
    calendars = promised.calendars_of(desk, ticket.clocks, desk.policy_of(ticket.group))
    return tuple(
        Explanation(
            clock,
            tuple(step for step in steps if step.clock.name == clock.name),
            targets.elapsed_at(clock, calendars, now),
            is_certain=derived.get(clock.name) == _result(clock),
        )
        for clock in ticket.clocks
    )


def _moving(entry: Entry) -> list[facts.Fact]:
    """The facts of an entry; the first article belongs to the opening and moves nothing itself."""
    is_opening = any(isinstance(fact, facts.TicketOpened) for fact in entry.facts)
    unmoving = facts.ArticleAdded if is_opening else ()
    return [fact for fact in entry.facts if not isinstance(fact, unmoving)]


def _before_all(ticket: Ticket, entries: Iterable[Entry]) -> Ticket:
    """The ticket with the tags that it had when it was opened, and no clocks."""
    changed = (fact for entry in entries for fact in entry.facts)
    tags = next((fact.before for fact in changed if isinstance(fact, facts.TagsChanged)), None)
    return replace(ticket, clocks=(), tags=ticket.tags if tags is None else tuple(tags))


def _result(clock: Clock) -> tuple[object, ...]:
    return clock.target, clock.state, clock.due_at, clock.met_at, clock.is_running


# The facts again. ----------------------------------------------------------------------------


def _moved(ticket: Ticket, fact: facts.Fact, entry: Entry, desk: Desk, stored: Clocks) -> Ticket:
    at = entry.at
    if isinstance(fact, facts.TicketOpened):
        ticket = replace(ticket, group=fact.group, priority=fact.priority, status=Status.NEW)
        return _opened(ticket, entry, desk, stored)
    if isinstance(fact, facts.ArticleAdded | facts.ArticleAccepted):
        return _written(ticket, fact, at, desk)
    if isinstance(fact, facts.StatusChanged):
        ticket = replace(ticket, status=Status(fact.after))
        return promised.status_changed(ticket, fact.before, desk, at)
    if isinstance(fact, facts.TargetBreached):
        return replace(ticket, clocks=targets.with_breaches(ticket.clocks, at))
    edited = _edited(ticket, fact)
    if edited is not ticket or isinstance(fact, facts.TargetsMoved):
        return promised.retargeted(edited, desk, at)
    return ticket


def _edited(ticket: Ticket, fact: facts.Fact) -> Ticket:
    """The ticket with what decides on its policy as the fact left it."""
    if isinstance(fact, facts.PriorityChanged):
        return replace(ticket, priority=fact.after)
    if isinstance(fact, facts.GroupChanged):
        return replace(ticket, group=fact.after)
    if isinstance(fact, facts.TagsChanged):
        return replace(ticket, tags=tuple(fact.after))
    return ticket


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


def _steps(before: Clocks, after: Ticket, at: datetime) -> Iterator[Step]:
    category = after.status.value
    known = {clock.name: clock for clock in before}
    for clock in after.clocks:
        old = known.get(clock.name)
        if old == clock:
            continue
        if old is None or old.started_at != clock.started_at:
            begun = "started" if clock.is_running else "waits"
            yield Step(clock.started_at, begun, clock, category)
            continue
        if clock.breached_at and not old.breached_at:
            yield Step(clock.breached_at, "missed", clock, category)
        if what := _what(old, clock, category):
            yield Step(at, what, clock, category)


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


# In words. -----------------------------------------------------------------------------------


def sentence(step: Step, language: str, zone: str) -> str:
    """What happened to the clock, as the reader says it."""
    clock = step.clock
    said = i18n.word("step", step.what, language) % {
        "calendar": clock.calendar,
        "policy": clock.policy or "–",
        "status": i18n.word("status", step.category, language),
        "counted": span(clock.elapsed),
    }
    if clock.breached_at or not clock.is_running:
        return said
    return f"{said} {_outlook(clock, language, zone)}"


def _outlook(clock: Clock, language: str, zone: str) -> str:
    if clock.target is None or clock.due_at is None:
        return i18n.word("step", "untargeted", language)
    return i18n.word("step", "due", language) % {
        "target": span(clock.target),
        "left": span(max(clock.target - clock.elapsed, timedelta(0))),
        "due": i18n.date_time(clock.due_at, zone, language),
    }


def span(time: timedelta) -> str:
    """Open time to the second, such as `40:00 h`: days would mislead, since none has 24 hours."""
    seconds = int(time.total_seconds())
    hours, minutes = f"{seconds // 3600}", f"{seconds // 60 % 60:02}"
    return ":".join([hours, minutes, *([f"{seconds % 60:02}"] if seconds % 60 else [])]) + " h"
