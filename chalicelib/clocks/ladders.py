"""When the steps of a ladder come on a clock, when they call again, and what ends that. Pure.

Not here: how a clock counts (`targets`), and whom a step calls (`sla`).

- A step comes once for an instance of a clock. What has come stays so, whatever moves the target;
  what has not comes by the new one. The step at the miss is recorded by the breach itself.
- Steps come while the clock runs, in the order of their instants; those that no sweep came for
  come late, once each. Of the calls of a step that were missed, only one is made.
- Outside opening hours a step comes as well, but calls nobody before the next opening, unless it is
  urgent. The end of the last opening still counts as open for a few minutes, in which sweeps come.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from chalicelib.clocks.hours import ALWAYS, BusinessCalendar, whole_second
from chalicelib.clocks.model import (
    AT_THE_MISS,
    MISSED,
    Calendars,
    Clock,
    Clocks,
    Policy,
    Reached,
    Step,
)

_ZERO = timedelta(0)
_STILL_OPEN_FOR = timedelta(minutes=5)


def timed(clock: Clock, policy: Policy | None, calendars: Calendars) -> Clock:
    """The clock with the instant at which its ladder goes on, as it runs or has ended.

    One that is paused has none: see `silent`.
    """
    if policy is None:
        return silent(clock)
    calls = (at for one in clock.reached if (at := calls_at(clock, one, policy, calendars)))
    comes = (at for at, _ in _to_come(clock, policy, calendars))
    return replace(clock, step_at=min((*calls, *comes), default=None))


def silent(clock: Clock) -> Clock:
    """The clock without a next step, until it goes on."""
    return replace(clock, step_at=None)


def come_due(clock: Clock, policy: Policy | None, calendars: Calendars, now: datetime) -> Clock:
    """The clock with every step and call that is due by now, and the next one set."""
    if clock.step_at is None or clock.step_at > now:
        return clock
    if policy is None:
        return silent(ended(clock, policy))
    called = tuple(_called(clock, one, policy, calendars, now) for one in clock.reached)
    come = tuple(
        _come(step, policy, now) for at, step in _to_come(clock, policy, calendars) if at <= now
    )
    note = None if come else clock.acknowledged
    clock = replace(clock, reached=(*called, *come), acknowledged=note)
    return timed(clock, policy, calendars)


def missed(clock: Clock, policy: Policy | None, calendars: Calendars, now: datetime) -> Clock:
    """A clock that was just breached, with what the step at the miss has left to do."""
    clock = ended(clock, policy, MISSED)
    step = policy.ladder_of(clock.metric).step(AT_THE_MISS) if policy else None
    if policy and step:
        come = _come(step, policy, now)
        kept = (come,) if come.since else ()
        clock = replace(clock, reached=(*clock.reached, *kept), acknowledged=None)
    return timed(clock, policy, calendars) if clock.is_running else silent(clock)


def ended(clock: Clock, policy: Policy | None, stop: str | None = None) -> Clock:
    """The clock without the calls that this ends, or without any; see STOPS."""
    ladder = policy.ladder_of(clock.metric) if policy else None

    def is_kept(one: Reached) -> bool:
        step = ladder.step(one.step) if ladder else None
        return bool(stop and step and stop not in step.stops)

    if all(one.since is None or is_kept(one) for one in clock.reached):
        return clock
    done = tuple(one if is_kept(one) else replace(one, since=None) for one in clock.reached)
    return replace(clock, reached=done)


def stopped(clock: Clock, policy: Policy | None, calendars: Calendars, stop: str) -> Clock:
    """The clock after something that ends calls, and does not move the clock itself."""
    after = ended(clock, policy, stop)
    is_suspended = clock.step_at is None
    return after if after is clock or is_suspended else timed(after, policy, calendars)


def still_calling(
    clock: Clock, before: Clock, at: str, policy: Policy | None, calendars: Calendars
) -> Clock:
    """The clock with the calls of one step as they were, if it still runs."""
    kept = {one.step: one for one in before.reached if one.step == at}
    reached = tuple(kept.get(one.step, one) for one in clock.reached)
    if reached == clock.reached or not clock.is_running:
        return clock
    return timed(replace(clock, reached=reached), policy, calendars)


def escalates(clock: Clock) -> bool:
    """Whether somebody should take note: it calls, or is missed and goes on."""
    is_calling = any(one.since for one in clock.reached)
    return clock.acknowledged is None and (is_calling or (clock.is_running and is_missed(clock)))


def is_missed(clock: Clock) -> bool:
    return clock.breached_at is not None


def new_steps(before: Clocks, after: Clocks) -> Iterator[tuple[Clock, Reached, bool]]:
    """What has come since `before` (False), and what has called since then (True)."""
    known = {
        (clock.name, clock.started_at, one.step): one.calls
        for clock in before
        for one in clock.reached
    }
    for clock in after:
        for one in clock.reached:
            calls = known.get((clock.name, clock.started_at, one.step))
            if calls is not None and calls < one.calls:
                yield clock, one, True
            elif calls is None and one.step != AT_THE_MISS:
                # That the step at the miss has come is what the breach says.
                yield clock, one, False


# When. ---------------------------------------------------------------------------------------


def comes_at(clock: Clock, step: Step, calendars: Calendars) -> datetime | None:
    """When a step comes on a clock that runs, if nothing happens; None for never."""
    due_at = clock.breached_at or clock.due_at
    if clock.since is None or clock.target is None or due_at is None:
        return None
    calendar = calendars.get(clock.calendar, ALWAYS)
    if step.by_calendar:
        # Days are those of the wall clock, which are not always of 24 hours.
        day = due_at.astimezone(calendar.zone) + timedelta(days=step.days)
        at = day.astimezone(UTC) + step.beside
        return at if at > clock.started_at else None
    counted = clock.missed_after if is_missed(clock) else None
    after = step.after(clock.target if counted is None else counted)
    if after <= _ZERO:
        return None
    return whole_second(calendar.add(clock.since, max(after - clock.elapsed, _ZERO)))


def calls_at(clock: Clock, one: Reached, policy: Policy, calendars: Calendars) -> datetime | None:
    """When a step that has come calls again, as things stand."""
    step = policy.ladder_of(clock.metric).step(one.step)
    if step is None or one.since is None:
        return None
    if not one.calls:
        return policy.calendar.next_opening(one.since)
    if step.every is None:
        return None
    calendar = ALWAYS if step.by_calendar else calendars.get(clock.calendar, ALWAYS)
    at = whole_second(calendar.add(one.since, step.every))
    return policy.calendar.next_opening(at) if _is_quiet(step, policy.calendar, at) else at


def _to_come(clock: Clock, policy: Policy, calendars: Calendars) -> list[tuple[datetime, Step]]:
    """The steps that have not come, in order; those after a miss only once there is one."""
    known = {AT_THE_MISS, *(one.step for one in clock.reached)}
    found = [
        (at, step)
        for step in policy.ladder_of(clock.metric).steps
        if step.at not in known
        and _may_come(step, clock)
        and (at := comes_at(clock, step, calendars))
    ]
    return sorted(found, key=lambda one: one[0])


def _may_come(step: Step, clock: Clock) -> bool:
    return MISSED not in step.stops if is_missed(clock) else not step.is_after


def _come(step: Step, policy: Policy, now: datetime) -> Reached:
    if step.notify and _is_quiet(step, policy.calendar, now):
        return Reached(step.at, 0, now)
    return Reached(step.at, 1, now if step.repeats else None)


def _called(
    clock: Clock, one: Reached, policy: Policy, calendars: Calendars, now: datetime
) -> Reached:
    at = calls_at(clock, one, policy, calendars)
    step = policy.ladder_of(clock.metric).step(one.step)
    if at is None or at > now or step is None:
        return one
    calls = one.calls + 1
    return replace(one, calls=calls, since=now if calls <= step.repeats else None)


def _is_quiet(step: Step, calendar: BusinessCalendar, at: datetime) -> bool:
    if step.is_urgent:
        return False
    return not calendar.between(at - _STILL_OPEN_FOR, at + timedelta.resolution)
