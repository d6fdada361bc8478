"""Which clocks of a ticket run, what they have counted, and when they are due.

The verbs take all clocks of a ticket and return all of them, moved by what has happened at `now`.
Not here: which policy a ticket has, the sweep, and what follows from a breach (`sla`).

- There is one clock a metric. Answering ends `next_reply`, and the next unanswered article starts
  another in its place: what has become of the one before is in the ledger.
- A clock without a target counts as well, and is never due. So a ticket whose priority is raised
  to one with a target has its time from the beginning.
- `first_reply` and `next_reply` never pause. `resolution` pauses in pending, if the policy says
  so, and runs in on_hold: the requester waits, no matter for whom we wait.
- A breach stays. The clock may go on and be met (`since` and `met_at` tell), but it is shown as
  breached, and `due_at` remains the instant that was missed.
- Every verb first records the breaches that nobody has noticed yet, so a late reply is late even
  if it comes before the sweep: `newly_breached` tells the caller which these are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from chalicelib.clocks.hours import BusinessCalendar


class Metric(StrEnum):
    FIRST_REPLY = "first_reply"
    NEXT_REPLY = "next_reply"
    RESOLUTION = "resolution"


class ClockState(StrEnum):
    """What people are shown; once breached, always breached."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    BREACHED = "breached"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Clock:
    """One measured promise. `elapsed` is the open time counted before `since`, both by `calendar`.

    `since` is None unless the clock runs. `due_at` is None while nothing can become due: without
    a target, paused or cancelled.
    """

    metric: Metric
    policy: str
    calendar: str
    target: timedelta | None
    started_at: datetime
    elapsed: timedelta
    since: datetime | None
    due_at: datetime | None
    state: ClockState
    breached_at: datetime | None = None
    met_at: datetime | None = None

    @property
    def is_running(self) -> bool:
        return self.since is not None


@dataclass(frozen=True, slots=True)
class Policy:
    """What is promised for which priority. A calendar that changes must change its name, too."""

    name: str
    calendar_name: str
    calendar: BusinessCalendar
    targets: Mapping[tuple[Metric, str], timedelta]
    pauses_resolution_in_pending: bool = True


Clocks = tuple[Clock, ...]
Calendars = Mapping[str, BusinessCalendar]
"""The calendars by name: all that the clocks of the ticket have been started or retargeted with."""

_REPLIES = frozenset({Metric.FIRST_REPLY, Metric.NEXT_REPLY})
_DONE = frozenset({"solved", "closed"})
_HIDDEN = frozenset({"merged", "spam", "deleted"})
_SECOND = timedelta(seconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def opened(policy: Policy, priority: str, now: datetime) -> Clocks:
    """The clocks of a new ticket; its first article is what waits for the first reply."""
    return (
        _started(Metric.FIRST_REPLY, policy, priority, now),
        _started(Metric.RESOLUTION, policy, priority, now),
    )


def requester_wrote(clocks: Clocks, policy: Policy, priority: str, now: datetime) -> Clocks:
    """The requester waits for an answer, since now or, if already waiting, since before."""
    clocks = with_breaches(clocks, now)
    if any(_awaits_reply(clock) for clock in clocks):
        return clocks
    others = tuple(clock for clock in clocks if clock.metric is not Metric.NEXT_REPLY)
    return (*others, _started(Metric.NEXT_REPLY, policy, priority, now))


def agent_replied(clocks: Clocks, calendars: Calendars, now: datetime) -> Clocks:
    """A public reply that a person wrote; tell of it before a status set along with it."""
    return tuple(
        _met(clock, calendars, now) if _awaits_reply(clock) else clock
        for clock in with_breaches(clocks, now)
    )


def status_changed(
    clocks: Clocks,
    before: str,
    after: str,
    policy: Policy,
    priority: str,
    calendars: Calendars,
    now: datetime,
) -> Clocks:
    """The status moved from one category to another; `policy` is the one in force now.

    What resumes, after a pause, a reopening or a return from spam, resumes on its terms.
    """
    is_back = before in _HIDDEN

    def moved(clock: Clock) -> Clock:
        is_resolution = clock.metric is Metric.RESOLUTION
        if after in _HIDDEN:
            return _cancelled(clock, calendars, now)
        if after in _DONE:
            end = _met if is_resolution else _cancelled
            return end(clock, calendars, now)
        if is_resolution and after == "pending" and policy.pauses_resolution_in_pending:
            return _paused(clock, calendars, now)
        if is_resolution or (is_back and clock.met_at is None):
            return _resumed(clock, policy, priority, now)
        return clock

    return tuple(moved(clock) for clock in with_breaches(clocks, now))


def retargeted(
    clocks: Clocks, policy: Policy, priority: str, calendars: Calendars, now: datetime
) -> Clocks:
    """Policy or priority changed: the new target holds for what the old calendar has counted.

    A clock that is thereby over its target is breached now, not in the past. Clocks that have
    ended keep the terms they ended on, and a paused clock stays paused.
    """

    def moved(clock: Clock) -> Clock:
        is_open = clock.is_running or clock.state is ClockState.PAUSED
        renewed = _on_terms(clock, policy, priority)
        if not is_open or renewed == clock:
            return clock
        elapsed = elapsed_at(clock, calendars, now)
        renewed = replace(renewed, elapsed=elapsed, since=now if clock.is_running else None)
        if renewed.target is not None and elapsed >= renewed.target:
            return _breached(renewed, now)
        return replace(renewed, due_at=_due_at(renewed, policy.calendar))

    return tuple(moved(clock) for clock in with_breaches(clocks, now))


def elapsed_at(clock: Clock, calendars: Calendars, now: datetime) -> timedelta:
    """The open time that the clock has counted until `now`."""
    if clock.since is None:
        return clock.elapsed
    return clock.elapsed + calendars[clock.calendar].between(clock.since, now)


def breaches(clocks: Clocks, now: datetime) -> Clocks:
    """The clocks whose target was missed by `now` without anybody having recorded it."""
    return tuple(clock for clock in clocks if _noticed(clock, now) is not clock)


def with_breaches(clocks: Clocks, now: datetime) -> Clocks:
    """The clocks with every breach until `now` recorded, at the instant it was due."""
    return tuple(_noticed(clock, now) for clock in clocks)


def newly_breached(before: Clocks, after: Clocks) -> Clocks:
    """The clocks of `after` whose breach is not yet in `before`: one fact each."""
    known = {(clock.metric, clock.breached_at) for clock in before}
    return tuple(
        clock
        for clock in after
        if clock.breached_at is not None and (clock.metric, clock.breached_at) not in known
    )


def next_due(clocks: Clocks) -> datetime | None:
    """The next instant at which a target will be missed if nobody does anything."""
    return min((due_at for clock in clocks if (due_at := _threat(clock))), default=None)


def _threat(clock: Clock) -> datetime | None:
    """When the clock will be missed, if it still can be."""
    return clock.due_at if clock.is_running and clock.breached_at is None else None


def _noticed(clock: Clock, now: datetime) -> Clock:
    due_at = _threat(clock)
    return clock if due_at is None or due_at > now else _breached(clock, due_at)


def _awaits_reply(clock: Clock) -> bool:
    return clock.is_running and clock.metric in _REPLIES


def _started(metric: Metric, policy: Policy, priority: str, now: datetime) -> Clock:
    clock = Clock(
        metric=metric,
        policy=policy.name,
        calendar=policy.calendar_name,
        target=policy.targets.get((metric, priority)),
        started_at=now,
        elapsed=timedelta(0),
        since=now,
        due_at=None,
        state=ClockState.RUNNING,
    )
    return replace(clock, due_at=_due_at(clock, policy.calendar))


def _resumed(clock: Clock, policy: Policy, priority: str, now: datetime) -> Clock:
    if clock.is_running:
        return clock
    running = replace(
        _on_terms(clock, policy, priority),
        since=now,
        state=_shown(clock, ClockState.RUNNING),
        met_at=None,
    )
    return replace(running, due_at=_due_at(running, policy.calendar))


def _paused(clock: Clock, calendars: Calendars, now: datetime) -> Clock:
    return replace(_stopped(clock, ClockState.PAUSED, calendars, now), met_at=None)


def _met(clock: Clock, calendars: Calendars, now: datetime) -> Clock:
    if clock.met_at is not None:
        return clock
    # What it was due at stays, to tell people by how much it was met.
    met = _stopped(clock, ClockState.MET, calendars, now)
    return replace(met, due_at=clock.due_at, met_at=now)


def _cancelled(clock: Clock, calendars: Calendars, now: datetime) -> Clock:
    if clock.met_at is not None:
        return clock
    return _stopped(clock, ClockState.CANCELLED, calendars, now)


def _stopped(clock: Clock, state: ClockState, calendars: Calendars, now: datetime) -> Clock:
    return replace(
        clock,
        elapsed=elapsed_at(clock, calendars, now),
        since=None,
        due_at=clock.breached_at,
        state=_shown(clock, state),
    )


def _breached(clock: Clock, at: datetime) -> Clock:
    if clock.breached_at is not None:
        return clock
    return replace(clock, due_at=at, breached_at=at, state=ClockState.BREACHED)


def _shown(clock: Clock, state: ClockState) -> ClockState:
    return state if clock.breached_at is None else ClockState.BREACHED


def _on_terms(clock: Clock, policy: Policy, priority: str) -> Clock:
    return replace(
        clock,
        policy=policy.name,
        calendar=policy.calendar_name,
        target=policy.targets.get((clock.metric, priority)),
    )


def _due_at(clock: Clock, calendar: BusinessCalendar) -> datetime | None:
    """When the clock reaches its target, rounded up to a second: nobody is late by a fraction."""
    if clock.breached_at is not None:
        return clock.breached_at
    if clock.target is None or clock.since is None:
        return None
    left = max(clock.target - clock.elapsed, timedelta(0))
    due_at = calendar.add(clock.since, left)
    return due_at + (_EPOCH - due_at) % _SECOND
