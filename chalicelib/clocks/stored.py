"""A clock as it is stored: a list, short and in seconds, since each ticket pays for its own.

The order is that of years of stored tickets: what is new goes to the end.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.clocks.model import Clock, Clocks, ClockState, Metric, Reached

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INSTANTS = ("started_at", "since", "due_at", "breached_at", "met_at", "step_at")
_REST = 4


def to_list(clock: Clock) -> list[Any]:
    """The clock; what is missing at its end is left out."""
    instants = [getattr(clock, name) for name in _INSTANTS]
    stored = [
        clock.metric.value,
        clock.policy,
        clock.calendar,
        _short(clock.target.total_seconds()) if clock.target is not None else None,
        _short(clock.elapsed.total_seconds()),
        clock.state.value,
        *map(_seconds, instants),
        [_reached_json(one) for one in clock.reached] or None,
        1 if clock.is_internal else None,
        _short(clock.missed_after.total_seconds()) if clock.missed_after is not None else None,
        [clock.acknowledged[0], _seconds(clock.acknowledged[1])] if clock.acknowledged else None,
    ]
    while stored[-1] is None:
        stored.pop()
    return stored


def _reached_json(one: Reached) -> str | list[Any]:
    """A step that called once and is done is no more than its name."""
    if one.since:
        return [one.step, one.calls, _seconds(one.since)]
    return one.step if one.calls == 1 else [one.step, one.calls]


def _reached_of(step: str, calls: int = 1, since: float | None = None) -> Reached:
    return Reached(step, calls, _instant(since))


def _seconds(at: datetime | None) -> float | None:
    return _short(at.timestamp()) if at else None


def _short(seconds: float) -> float:
    return int(seconds) if seconds.is_integer() else seconds


def clocks_of(stored: Iterable[list[Any]]) -> Clocks:
    """The clocks in lists of today or of earlier."""
    return tuple(_clock_of(*clock) for clock in stored)


def _clock_of(
    metric: str,
    policy: str,
    calendar: str,
    target: float | None,
    elapsed: float,
    state: str,
    *rest: Any,
) -> Clock:
    padded = [*rest, *[None] * (len(_INSTANTS) + _REST - len(rest))]
    started_at, since, due_at, breached_at, met_at, step_at = map(_instant, padded[:-_REST])
    reached, is_internal, missed_after, note = padded[-_REST:]
    return Clock(
        metric=Metric(metric),
        policy=policy,
        calendar=calendar,
        target=timedelta(seconds=target) if target is not None else None,
        elapsed=timedelta(seconds=elapsed),
        state=ClockState(state),
        started_at=started_at or _EPOCH,
        since=since,
        due_at=due_at,
        breached_at=breached_at,
        met_at=met_at,
        step_at=step_at,
        reached=tuple(
            _reached_of(*([one] if isinstance(one, str) else one)) for one in reached or ()
        ),
        is_internal=bool(is_internal),
        missed_after=timedelta(seconds=missed_after) if missed_after is not None else None,
        acknowledged=(note[0], _instant(note[1]) or _EPOCH) if note else None,
    )


def _instant(seconds: float | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None else None
