"""When the desk is open, and how much open time lies between two instants.

Not here: what the time is measured for (`targets`), and where calendars are kept.

One sentence decides every odd case: the desk is open at an instant if the wall clock in its zone
then shows a time inside an interval of that weekday, and the date is no holiday; a date with hours
of its own has those instead. So an opening that does not exist in spring moves to the first instant
that does, an hour that comes twice in autumn is open twice, and a day from midnight to midnight has
23 or 25 hours when the clocks change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import pairwise
from zoneinfo import ZoneInfo

from chalicelib.errors import Invalid

_ZERO = timedelta(0)
_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)
_WEEK = timedelta(weeks=1)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# A target further away than this is a mistake in the calendar, and every search ends here.
_HORIZON = timedelta(days=30 * 365)

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class CalendarError(Invalid):
    """A business calendar cannot be used as it is; the message says what to change."""


@dataclass(frozen=True, slots=True)
class _Run:
    """A stretch of at most a week in which the zone keeps one offset from UTC."""

    start: datetime
    end: datetime
    offset: timedelta


@dataclass(frozen=True)
class BusinessCalendar:
    """The opening hours of a desk. `weekly` maps a weekday (0 is Monday) to its intervals.

    An interval that ends at `time(0, 0)` or `time.max` lasts until midnight. Holidays are local
    dates on which nothing opens; `special` gives a local date its own intervals instead of its
    weekday's. Raises CalendarError if the hours contradict themselves.
    """

    zone: ZoneInfo
    weekly: Mapping[int, Sequence[tuple[time, time]]]
    holidays: frozenset[date] = frozenset()
    special: Mapping[date, Sequence[tuple[time, time]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if twice := sorted(self.holidays.intersection(self._special)):
            raise CalendarError(f"{twice[0]} is a holiday and has hours, too: choose one.")
        if not any(self._shifts.values()):
            raise CalendarError("The calendar never opens: give at least one weekday an interval.")

    def add(self, start: datetime, duration: timedelta) -> datetime:
        """The first instant, in UTC, by which `duration` of open time has passed since `start`.

        Raises CalendarError if the calendar does not open for that long within thirty years.
        """
        start = _utc(start)
        if duration < _ZERO:
            raise ValueError("open time can only be added, not taken away")
        if not duration:
            return start
        left = duration
        for run in self._runs(start, start + _HORIZON):
            open_for = self._open_for(run)
            if open_for < left:
                left -= open_for
                continue
            for opens_at, closes_at in self._stretches(run):
                if closes_at - opens_at >= left:
                    return opens_at + left
                left -= closes_at - opens_at
        raise CalendarError(
            f"The calendar is not open for {duration} in the thirty years after {start:%Y-%m-%d}: "
            "remove holidays, or add opening hours."
        )

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The open time from `start` to `end`; negative if `end` is the earlier one."""
        start, end = _utc(start), _utc(end)
        if end < start:
            return -self.between(end, start)
        return sum((self._open_for(run) for run in self._runs(start, end)), _ZERO)

    def is_open(self, at: datetime) -> bool:
        at = _utc(at)
        return self.between(at, at + timedelta.resolution) > _ZERO

    def next_opening(self, at: datetime) -> datetime:
        """The first instant, in UTC, from `at` on at which the desk is open: `at` if it is now."""
        at = _utc(at)
        for run in self._runs(at, at + _HORIZON):
            for opens_at, _ in self._stretches(run):
                return opens_at
        raise CalendarError(
            f"The calendar does not open in the thirty years after {at:%Y-%m-%d}: remove holidays."
        )

    @cached_property
    def _shifts(self) -> dict[int, tuple[tuple[timedelta, timedelta], ...]]:
        unknown = sorted(set(self.weekly) - set(range(len(_WEEKDAYS))))
        if unknown:
            raise CalendarError(f"There is no weekday {unknown[0]}: use 0 for Monday to 6, Sunday.")
        return {day: _checked(_WEEKDAYS[day], spans) for day, spans in self.weekly.items()}

    @cached_property
    def _special(self) -> dict[date, tuple[tuple[timedelta, timedelta], ...]]:
        return {day: _checked(f"{day}", spans) for day, spans in self.special.items()}

    @cached_property
    def _odd_days(self) -> frozenset[date]:
        return self.holidays.union(self._special)

    @cached_property
    def _open_per_week(self) -> timedelta:
        shifts = (shift for day in self._shifts.values() for shift in day)
        return sum((closes - opens for opens, closes in shifts), _ZERO)

    def _runs(self, start: datetime, end: datetime) -> Iterator[_Run]:
        while start < end:
            run = self._run(start, end)
            yield run
            start = run.end

    def _run(self, start: datetime, end: datetime) -> _Run:
        # Looking once a day finds every change of the clocks: no zone has two of them within a
        # day, but some had them seven days apart, so looking once a week would miss both.
        offset = self._offset(start)
        until = start
        last = min(end, start + _WEEK)
        while until < last:
            ahead = min(until + _DAY, last)
            if self._offset(ahead) != offset:
                return _Run(start, self._change(until, ahead), offset)
            until = ahead
        return _Run(start, last, offset)

    def _change(self, before: datetime, after: datetime) -> datetime:
        """The first instant with the offset of `after`, by halving the time since `before`."""
        offset = self._offset(before)
        while after - before > timedelta.resolution:
            middle = before + (after - before) // 2
            if self._offset(middle) == offset:
                before = middle
            else:
                after = middle
        return after

    def _offset(self, at: datetime) -> timedelta:
        offset = at.astimezone(self.zone).utcoffset()
        assert offset is not None
        return offset

    def _open_for(self, run: _Run) -> timedelta:
        # A whole week with one offset and no odd day holds every interval once, wherever it starts.
        if run.end - run.start == _WEEK and self._odd_days.isdisjoint(_dates(run)):
            return self._open_per_week
        stretches = self._stretches(run)
        return sum((closes_at - opens_at for opens_at, closes_at in stretches), _ZERO)

    def _stretches(self, run: _Run) -> Iterator[tuple[datetime, datetime]]:
        """The open parts of the run, in UTC and in order."""
        for day in _dates(run):
            if day in self.holidays:
                continue
            midnight = datetime.combine(day, time.min, UTC) - run.offset
            for opens, closes in self._special.get(day, self._shifts.get(day.weekday(), ())):
                opens_at = max(midnight + opens, run.start)
                closes_at = min(midnight + closes, run.end)
                if opens_at < closes_at:
                    yield opens_at, closes_at


def whole_second(at: datetime) -> datetime:
    """The instant, rounded up: nobody is late by a fraction."""
    return at + (_EPOCH - at) % _SECOND


def _dates(run: _Run) -> Iterator[date]:
    """The local dates that the run touches."""
    day = (run.start + run.offset).date()
    last = (run.end + run.offset).date()
    while day <= last:
        yield day
        day += _DAY


def _checked(
    name: str, intervals: Sequence[tuple[time, time]]
) -> tuple[tuple[timedelta, timedelta], ...]:
    """The intervals of a day as time since midnight, in order."""
    shifts = sorted((_since_midnight(opens), _until(closes)) for opens, closes in intervals)
    for opens, closes in shifts:
        if closes <= opens:
            raise CalendarError(
                f"On {name} an interval ends before it begins: split it at midnight into two days."
            )
    for (_, closes), (opens, _) in pairwise(shifts):
        if opens < closes:
            raise CalendarError(f"On {name} two intervals overlap: join them into one.")
    return tuple(shifts)


def _since_midnight(at: time) -> timedelta:
    return datetime.combine(date.min, at) - datetime.combine(date.min, time.min)


def _until(closes: time) -> timedelta:
    return _DAY if closes in {time.min, time.max} else _since_midnight(closes)


def _utc(at: datetime) -> datetime:
    # Within one zone, Python adds hours to the wall clock; in UTC it adds them to the time.
    if at.tzinfo is None:
        raise ValueError("business hours need an aware datetime")
    return at.astimezone(UTC)


ALWAYS = BusinessCalendar(
    zone=ZoneInfo("UTC"), weekly=dict.fromkeys(range(7), ((time.min, time.min),))
)
"""Round the clock, every day of the year."""
