"""Which clocks of a ticket run, what they have counted, and when they are due.

The verbs take the clocks of a ticket that stand under one policy and return all of them, moved by
what has happened at `now`. Not here: the steps of their ladders (`ladders`), which policy a ticket
has, the sweep, and what follows from a breach (`sla`).

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
from datetime import datetime, timedelta

from chalicelib.clocks import ladders
from chalicelib.clocks.hours import ALWAYS, whole_second
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


def opened(terms: Terms, now: datetime, *, by_agent: bool = False) -> Clocks:
    """The clocks of a new ticket; `by_agent` if an agent wrote its first article in public."""
    updates = _UPDATES if by_agent else ()
    return _all_started((Metric.FIRST_REPLY, *_LASTING, *updates), terms, now)


def requester_wrote(clocks: Clocks, terms: Terms, now: datetime) -> Clocks:
    """The requester waits for an answer, since now or, if already waiting, since before."""
    clocks = _noticed_by(clocks, terms, now)
    if any(_awaits_reply(clock) for clock in clocks):
        return clocks
    started = _all_started((Metric.NEXT_REPLY,), terms, now)
    return (*_without(clocks, started), *started)


def agent_replied(clocks: Clocks, terms: Terms, now: datetime) -> Clocks:
    """A public reply that a person wrote; tell of it before a status set along with it."""
    moved = tuple(_replied(clock, terms, now) for clock in _noticed_by(clocks, terms, now))
    is_live = terms.category not in _DONE | _HIDDEN
    started = _all_started(_UPDATES, terms, now) if is_live else ()
    return (*_without(moved, started), *started)


def status_changed(clocks: Clocks, before: str, terms: Terms, now: datetime) -> Clocks:
    """The status moved from the category `before` to that of the terms.

    What resumes, after a pause, a reopening or a return from spam, resumes on these terms.
    """
    moved = tuple(
        _on_status(clock, before, terms, now) for clock in _noticed_by(clocks, terms, now)
    )
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
    moved = tuple(_retargeted(clock, terms, now) for clock in _noticed_by(clocks, terms, now))
    is_live = terms.category not in _DONE | _HIDDEN
    known = {clock.metric for clock in moved}
    lasting = [metric for metric in _LASTING if is_live and metric not in known]
    return (*moved, *_all_started(lasting, terms, now))


def elapsed_at(clock: Clock, calendars: Calendars, now: datetime) -> timedelta:
    """The open time that the clock has counted until `now`."""
    if clock.since is None:
        return clock.elapsed
    return clock.elapsed + calendars.get(clock.calendar, ALWAYS).between(clock.since, now)


# Misses and steps. ---------------------------------------------------------------------------


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


def with_misses(
    clocks: Clocks, policies: Mapping[str, Policy], calendars: Calendars, now: datetime
) -> Clocks:
    """The clocks with every breach until `now` recorded, and what their ladders do then."""
    return tuple(_missed(clock, policies.get(clock.policy), calendars, now) for clock in clocks)


def come_due(
    clocks: Clocks, policies: Mapping[str, Policy], calendars: Calendars, now: datetime
) -> Clocks:
    """The clocks with every breach, step and call until `now` recorded."""
    return tuple(
        ladders.come_due(clock, policies.get(clock.policy), calendars, now)
        for clock in with_misses(clocks, policies, calendars, now)
    )


def next_due(clocks: Clocks) -> datetime | None:
    """The next instant at which a target will be missed if nobody does anything."""
    return min((due_at for clock in clocks if (due_at := _threat(clock))), default=None)


def next_alarm(clocks: Clocks) -> datetime | None:
    """The next instant at which a target will be missed or a ladder goes on."""
    steps = [clock.step_at for clock in clocks if clock.step_at]
    due_at = next_due(clocks)
    return min([*steps, due_at] if due_at else steps, default=None)


def _threat(clock: Clock) -> datetime | None:
    """When the clock will be missed, if it still can be."""
    return clock.due_at if clock.is_running and clock.breached_at is None else None


def _noticed(clock: Clock, now: datetime) -> Clock:
    due_at = _threat(clock)
    return clock if due_at is None or due_at > now else _breached(clock, due_at, clock.target)


def _noticed_by(clocks: Clocks, terms: Terms, now: datetime) -> Clocks:
    return tuple(_missed(clock, terms.policy_of(clock), terms.calendars, now) for clock in clocks)


def _missed(clock: Clock, policy: Policy | None, calendars: Calendars, now: datetime) -> Clock:
    after = _noticed(clock, now)
    return clock if after is clock else ladders.missed(after, policy, calendars, now)


def _breached(clock: Clock, at: datetime, counted: timedelta | None) -> Clock:
    if clock.breached_at is not None:
        return clock
    return replace(
        clock, due_at=at, breached_at=at, state=ClockState.BREACHED, missed_after=counted
    )


# One clock. ----------------------------------------------------------------------------------


def _awaits_reply(clock: Clock) -> bool:
    return clock.is_running and clock.metric in _REPLIES


def _replied(clock: Clock, terms: Terms, now: datetime) -> Clock:
    if _awaits_reply(clock) or _is_open_update(clock):
        clock = _met(clock, terms, now)
    return ladders.stopped(clock, terms.policy_of(clock), terms.calendars, "reply")


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
        return ladders.silent(ladders.ended(_cancelled(clock, terms, now), None))
    if category in _DONE:
        clock = (_met if is_lasting else _cancelled)(clock, terms, now)
        return ladders.stopped(clock, terms.policy_of(clock), terms.calendars, "closed")
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
    counted = elapsed_at(renewed, terms.calendars, now)
    if clock.breached_at is None and renewed.target is not None and counted >= renewed.target:
        breached = _breached(renewed, now, counted)
        return ladders.missed(breached, terms.policy, terms.calendars, now)
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
    paused = replace(_stopped(clock, ClockState.PAUSED, terms, now), met_at=None)
    return ladders.silent(ladders.ended(paused, terms.policy_of(clock), "paused"))


def _met(clock: Clock, terms: Terms, now: datetime) -> Clock:
    policy = terms.policy_of(clock)
    if clock.met_at is not None:
        return clock
    # What it was due at stays, to tell people by how much it was met.
    met = _stopped(clock, ClockState.MET, terms, now)
    met = ladders.ended(replace(met, due_at=clock.due_at, met_at=now), policy, "met")
    return ladders.timed(met, policy, terms.calendars)


def _cancelled(clock: Clock, terms: Terms, now: datetime) -> Clock:
    if clock.met_at is not None:
        return clock
    cancelled = _stopped(clock, ClockState.CANCELLED, terms, now)
    return ladders.timed(cancelled, terms.policy_of(clock), terms.calendars)


def _stopped(clock: Clock, state: ClockState, terms: Terms, now: datetime) -> Clock:
    return replace(
        clock,
        elapsed=elapsed_at(clock, terms.calendars, now),
        since=None,
        due_at=clock.breached_at,
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
    """The clock with the instant at which it reaches its target, and that of its next step."""
    clock = replace(clock, due_at=_due_at(clock, terms))
    if clock.state is ClockState.PAUSED:
        return ladders.silent(clock)
    return ladders.timed(clock, terms.policy, terms.calendars)


def _due_at(clock: Clock, terms: Terms) -> datetime | None:
    if clock.breached_at is not None:
        return clock.breached_at
    if clock.target is None or clock.since is None:
        return None
    calendar = terms.policy.calendar if terms.policy else ALWAYS
    left = max(clock.target - clock.elapsed, _ZERO)
    return whole_second(calendar.add(clock.since, left))
