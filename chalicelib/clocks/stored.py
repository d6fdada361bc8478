"""A clock as it is stored: a list, short and in seconds, since each ticket pays for its own.

The order is that of years of stored tickets: what is new goes to the end.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.clocks.model import Clock, Clocks, ClockState, Metric

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INSTANTS = ("started_at", "since", "due_at", "breached_at", "met_at", "warn_at")


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
        *(instant and _short(instant.timestamp()) for instant in instants),
        list(clock.warned) or None,
        1 if clock.is_internal else None,
    ]
    while stored[-1] is None:
        stored.pop()
    return stored


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
    padded = [*rest, *[None] * (len(_INSTANTS) + 2 - len(rest))]
    started_at, since, due_at, breached_at, met_at, warn_at = map(_instant, padded[:-2])
    warned, is_internal = padded[-2:]
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
        warn_at=warn_at,
        warned=tuple(warned or ()),
        is_internal=bool(is_internal),
    )


def _instant(seconds: float | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None else None
