"""Which clocks of a ticket run, what they have counted, and when they are due.

The verbs take the clocks of a ticket that stand under one policy and return all of them, moved by
what has happened at `now`. Not here: which policy a ticket has, the sweep, and what follows from a
breach (`sla`).

- There is one clock a metric. Answering ends `next_reply`, and the next unanswered article starts
  another in its place; each reply starts the clocks of updates anew. What has become of the one
  before is in the ledger.
- The clocks of replies and of the resolution count for every customer, and are never due without
  a target: a ticket whose priority is raised to one with a target has its time from the beginning.
  All other clocks count where the policy promises something about them.
- If an agent opened the ticket in public, its first article was a reply, so the first reply that
  is measured is the second one.
- `first_reply`, `next_reply` and `periodic_update` never pause. The others pause in pending (the
  resolution, if the policy says so), `agent_work` in on_hold as well: the requester waits, no
  matter for whom we wait.
- A breach stays. The clock may go on and be met (`since` and `met_at` tell), but it is shown as
  breached, and `due_at` remains the instant that was missed.
- Every verb first records the breaches that nobody has noticed yet, so a late reply is late even
  if it comes before the sweep: `newly_breached` tells the caller which these are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from chalicelib.clocks.hours import ALWAYS, BusinessCalendar
from chalicelib.clocks.model import (
    Calendars,
    Clock,
    Clocks,
    ClockState,
    Metric,
    Policy,
    Terms,
)

_REPLIES = frozenset({Metric.FIRST_REPLY, Metric.NEXT_REPLY})
_UPDATES = (Metric.PERIODIC_UPDATE, Metric.PAUSABLE_UPDATE)
_LASTING = (Metric.RESOLUTION, Metric.AGENT_WORK, Metric.REQUESTER_WAIT)
_ALWAYS_COUNTED = _REPLIES | {Metric.RESOLUTION}
_PENDING = frozenset({"pending"})
_PAUSES = {
    Metric.PAUSABLE_UPDATE: _PENDING,
    Metric.AGENT_WORK: frozenset({"pending", "on_hold"}),
    Metric.REQUESTER_WAIT: _PENDING,
}
_DONE = frozenset({"solved", "closed"})
_HIDDEN = frozenset({"merged", "spam", "deleted"})
_ZERO = timedelta(0)
_SECOND = timedelta(seconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def opened(terms: Terms, now: datetime, *, by_agent: bool = False) -> Clocks:
    """The clocks of a new ticket; `by_agent` if an agent wrote its first article in public."""
    updates = _UPDATES if by_agent else ()
    return _all_started((Metric.FIRST_REPLY, *_LASTING, *updates), terms, now)


def requester_wrote(clocks: Clocks, terms: Terms, now: datetime) -> Clocks:
    """The requester waits for an answer, since now or, if already waiting, since before."""
    clocks = with_breaches(clocks, now)
    if any(_awaits_reply(clock) for clock in clocks):
        return clocks
    started = _all_started((Metric.NEXT_REPLY,), terms, now)
    return (*_without(clocks, started), *started)


def agent_replied(clocks: Clocks, terms: Terms, now: datetime) -> Clocks:
    """A public reply that a person wrote; tell of it before a status set along with it."""
    moved = tuple(
        _met(clock, terms, now) if _awaits_reply(clock) or _is_open_update(clock) else clock
        for clock in with_breaches(clocks, now)
    )
    is_live = terms.category not in _DONE | _HIDDEN
    started = _all_started(_UPDATES, terms, now) if is_live else ()
    return (*_without(moved, started), *started)


def status_changed(clocks: Clocks, before: str, terms: Terms, now: datetime) -> Clocks:
    """The status moved from the category `before` to that of the terms.

    What resumes, after a pause, a reopening or a return from spam, resumes on these terms.
    """
    moved = tuple(_on_status(clock, before, terms, now) for clock in with_breaches(clocks, now))
    is_reopened = before in _DONE and terms.category not in _DONE | _HIDDEN
    if is_reopened and terms.policy and terms.policy.resets_on_reopen:
        anew = _all_started(_LASTING, terms, now)
        return (*_without(moved, anew), *anew)
    return moved


def retargeted(clocks: Clocks, terms: Terms, now: datetime) -> Clocks:
    """Policy, priority or calendar changed: the new target holds for what the old one has counted.

    A clock that is thereby over its target is breached now, not in the past. Clocks that have
    ended keep the terms they ended on, and a paused clock stays paused. What is newly promised is
    counted from now on.
    """
    moved = tuple(_retargeted(clock, terms, now) for clock in with_breaches(clocks, now))
    is_live = terms.category not in _DONE | _HIDDEN
    known = {clock.metric for clock in moved}
    lasting = [metric for metric in _LASTING if is_live and metric not in known]
    return (*moved, *_all_started(lasting, terms, now))


def elapsed_at(clock: Clock, calendars: Calendars, now: datetime) -> timedelta:
    """The open time that the clock has counted until `now`."""
    if clock.since is None:
        return clock.elapsed
    return clock.elapsed + calendars.get(clock.calendar, ALWAYS).between(clock.since, now)


# Misses and warnings. ------------------------------------------------------------------------


def breaches(clocks: Clocks, now: datetime) -> Clocks:
    """The clocks whose target was missed by `now` without anybody having recorded it."""
    return tuple(clock for clock in clocks if _noticed(clock, now) is not clock)


def with_breaches(clocks: Clocks, now: datetime) -> Clocks:
    """The clocks with every breach until `now` recorded, at the instant it was due."""
    return tuple(_noticed(clock, now) for clock in clocks)


def newly_breached(before: Clocks, after: Clocks, now: datetime) -> Clocks:
    """The clocks whose breach is not yet in `before`: one fact each.

    A clock that another has taken the place of may have been missed by `now` as well.
    """
    known = {(clock.name, clock.breached_at) for clock in before}
    still = {(clock.name, clock.started_at) for clock in after}
    replaced = (clock for clock in before if (clock.name, clock.started_at) not in still)
    candidates = (*with_breaches(tuple(replaced), now), *after)
    return tuple(
        clock
        for clock in candidates
        if clock.breached_at is not None and (clock.name, clock.breached_at) not in known
    )


def with_warnings(
    clocks: Clocks, policies: Mapping[str, Policy], calendars: Calendars, now: datetime
) -> Clocks:
    """The clocks with every warning until `now` noted as given, and the next one set."""
    return tuple(
        _warned(clock, policies.get(clock.policy), calendars, now)
        if clock.warn_at is not None and clock.warn_at <= now
        else clock
        for clock in clocks
    )


def newly_warned(before: Clocks, after: Clocks) -> tuple[tuple[Clock, str], ...]:
    """The clocks with a warning that is not yet in `before`, and the latest one of each."""
    known = {clock.name: clock.warned for clock in before}
    return tuple(
        (clock, clock.warned[-1])
        for clock in after
        if len(clock.warned) > len(known.get(clock.name, ()))
    )


def next_due(clocks: Clocks) -> datetime | None:
    """The next instant at which a target will be missed if nobody does anything."""
    return min((due_at for clock in clocks if (due_at := _threat(clock))), default=None)


def next_alarm(clocks: Clocks) -> datetime | None:
    """The next instant at which a target will be missed or a warning is to be given."""
    warnings = [clock.warn_at for clock in clocks if clock.warn_at]
    due_at = next_due(clocks)
    return min([*warnings, due_at] if due_at else warnings, default=None)


def _threat(clock: Clock) -> datetime | None:
    """When the clock will be missed, if it still can be."""
    return clock.due_at if clock.is_running and clock.breached_at is None else None


def _noticed(clock: Clock, now: datetime) -> Clock:
    due_at = _threat(clock)
    return clock if due_at is None or due_at > now else _breached(clock, due_at)


def _breached(clock: Clock, at: datetime) -> Clock:
    if clock.breached_at is not None:
        return clock
    return replace(clock, due_at=at, breached_at=at, state=ClockState.BREACHED, warn_at=None)


def _warned(clock: Clock, policy: Policy | None, calendars: Calendars, now: datetime) -> Clock:
    elapsed = elapsed_at(clock, calendars, now)
    passed = [label for after, label in _warnings_left(clock, policy) if after <= elapsed]
    clock = replace(clock, warned=(*clock.warned, *passed))
    return replace(clock, warn_at=_warn_at(clock, policy, calendars.get(clock.calendar, ALWAYS)))


def _warnings_left(clock: Clock, policy: Policy | None) -> list[tuple[timedelta, str]]:
    """The warnings still to be given: after how much open time each, the earliest first."""
    target = clock.target
    if policy is None or target is None:
        return []
    points = [(warning.after(target), warning.label) for warning in policy.warnings]
    return sorted(
        (after, label)
        for after, label in points
        if _ZERO < after < target and label not in clock.warned
    )


def _warn_at(clock: Clock, policy: Policy | None, calendar: BusinessCalendar) -> datetime | None:
    left = _warnings_left(clock, policy)
    if not left or clock.since is None or clock.breached_at is not None:
        return None
    after, _ = left[0]
    return _whole_second(calendar.add(clock.since, max(after - clock.elapsed, _ZERO)))


# One clock. ----------------------------------------------------------------------------------


def _awaits_reply(clock: Clock) -> bool:
    return clock.is_running and clock.metric in _REPLIES


def _is_open_update(clock: Clock) -> bool:
    return clock.metric in _UPDATES and _is_open(clock)


def _is_open(clock: Clock) -> bool:
    return clock.is_running or clock.state is ClockState.PAUSED


def _pauses(metric: Metric, terms: Terms) -> bool:
    if metric is Metric.RESOLUTION:
        policy = terms.policy
        is_patient = policy is not None and not policy.pauses_resolution_in_pending
        return terms.category in _PENDING and not is_patient
    return terms.category in _PAUSES.get(metric, ())


def _without(clocks: Clocks, replaced: Clocks) -> Clocks:
    metrics = {clock.metric for clock in replaced}
    return tuple(clock for clock in clocks if clock.metric not in metrics)


def _all_started(metrics: tuple[Metric, ...] | list[Metric], terms: Terms, now: datetime) -> Clocks:
    policy = terms.policy
    if policy is None:
        return ()
    return tuple(
        _started(metric, policy, terms, now) for metric in metrics if _is_counted(metric, policy)
    )


def _is_counted(metric: Metric, policy: Policy) -> bool:
    return policy.promises(metric) or (metric in _ALWAYS_COUNTED and not policy.is_internal)


def _started(metric: Metric, policy: Policy, terms: Terms, now: datetime) -> Clock:
    is_paused = _pauses(metric, terms)
    clock = Clock(
        metric=metric,
        policy=policy.name,
        calendar=policy.calendar_name,
        target=policy.targets.get((metric, terms.priority)),
        started_at=now,
        elapsed=_ZERO,
        since=None if is_paused else now,
        due_at=None,
        state=ClockState.PAUSED if is_paused else ClockState.RUNNING,
        is_internal=policy.is_internal,
    )
    return _timed(clock, terms)


def _on_status(clock: Clock, before: str, terms: Terms, now: datetime) -> Clock:
    category = terms.category
    is_lasting = clock.metric in _LASTING
    if category in _HIDDEN:
        return _cancelled(clock, terms, now)
    if category in _DONE:
        return (_met if is_lasting else _cancelled)(clock, terms, now)
    is_back = before in _HIDDEN and clock.met_at is None
    if not (is_lasting or is_back or _is_open_update(clock)):
        return clock
    if _pauses(clock.metric, terms):
        return _paused(clock, terms, now)
    return _resumed(clock, terms, now)


def _retargeted(clock: Clock, terms: Terms, now: datetime) -> Clock:
    if not _is_open(clock):
        return clock
    renewed = _on_terms(clock, terms)
    if renewed != clock:
        elapsed = elapsed_at(clock, terms.calendars, now)
        renewed = replace(renewed, elapsed=elapsed, since=now if clock.is_running else None)
    if renewed.target is not None and elapsed_at(renewed, terms.calendars, now) >= renewed.target:
        return _breached(renewed, now)
    return _timed(renewed, terms)


def _resumed(clock: Clock, terms: Terms, now: datetime) -> Clock:
    if clock.is_running:
        return clock
    running = replace(
        _on_terms(clock, terms),
        since=now,
        state=_shown(clock, ClockState.RUNNING),
        met_at=None,
    )
    return _timed(running, terms)


def _paused(clock: Clock, terms: Terms, now: datetime) -> Clock:
    return replace(_stopped(clock, ClockState.PAUSED, terms, now), met_at=None)


def _met(clock: Clock, terms: Terms, now: datetime) -> Clock:
    if clock.met_at is not None:
        return clock
    # What it was due at stays, to tell people by how much it was met.
    met = _stopped(clock, ClockState.MET, terms, now)
    return replace(met, due_at=clock.due_at, met_at=now)


def _cancelled(clock: Clock, terms: Terms, now: datetime) -> Clock:
    if clock.met_at is not None:
        return clock
    return _stopped(clock, ClockState.CANCELLED, terms, now)


def _stopped(clock: Clock, state: ClockState, terms: Terms, now: datetime) -> Clock:
    return replace(
        clock,
        elapsed=elapsed_at(clock, terms.calendars, now),
        since=None,
        due_at=clock.breached_at,
        warn_at=None,
        state=_shown(clock, state),
    )


def _shown(clock: Clock, state: ClockState) -> ClockState:
    return state if clock.breached_at is None else ClockState.BREACHED


def _on_terms(clock: Clock, terms: Terms) -> Clock:
    policy = terms.policy
    if policy is None:
        # Nobody promises anything any more; what it counts, it counts as before.
        return replace(clock, policy="", target=None)
    return replace(
        clock,
        policy=policy.name,
        calendar=policy.calendar_name,
        target=policy.targets.get((clock.metric, terms.priority)),
    )


def _timed(clock: Clock, terms: Terms) -> Clock:
    """The clock with its next warning, and the instant at which it reaches its target."""
    calendar = terms.policy.calendar if terms.policy else ALWAYS
    clock = replace(clock, warn_at=_warn_at(clock, terms.policy, calendar))
    if clock.breached_at is not None:
        return replace(clock, due_at=clock.breached_at)
    if clock.target is None or clock.since is None:
        return replace(clock, due_at=None)
    left = max(clock.target - clock.elapsed, _ZERO)
    return replace(clock, due_at=_whole_second(calendar.add(clock.since, left)))


def _whole_second(at: datetime) -> datetime:
    # Rounded up: nobody is late by a fraction.
    return at + (_EPOCH - at) % _SECOND
