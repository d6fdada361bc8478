"""Calendars and policies: when the desk is open, what is promised in those hours, and which policy
a ticket comes under. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chalicelib.clocks.hours import BusinessCalendar, CalendarError
from chalicelib.clocks.model import Forewarning, Metric, Policy
from chalicelib.desk.keys import (
    TEXT,
    YES_NO,
    Key,
    Reading,
    any_name_of,
    from_text,
    keys_of,
    list_of,
    mapping_of,
    name_in,
    one_of,
    section,
)

PRIORITIES = ("low", "normal", "high", "urgent")
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Matter:
    """What decides on the policy of a ticket."""

    group: str
    priority: str
    domain: str
    tags: frozenset[str]

    def is_one_of(self, name: str, wanted: Iterable[str]) -> bool:
        """Whether one of its own (`group`, `priority`, `domain` or `tag`) is among the wanted."""
        if name == "tag":
            return not self.tags.isdisjoint(wanted)
        if name == "domain":
            return any(f".{self.domain}".endswith(f".{domain.lower()}") for domain in wanted)
        return getattr(self, name) in wanted


@dataclass(frozen=True, slots=True)
class Promise:
    """A policy, and for which tickets: all of `when` must hold, by any one of its values."""

    policy: str
    when: Mapping[str, tuple[str, ...]]

    def fits(self, matter: Matter) -> bool:
        return all(matter.is_one_of(name, wanted) for name, wanted in self.when.items())


def duration(text: str) -> timedelta:
    """`90s`, `30m` or `4h`, also several together: `1h 30m`."""
    parts = re.findall(r"(\d+)\s*([smh])", text)
    if not parts or re.sub(r"\d+\s*[smh]|\s", "", text):
        raise ValueError(f"{text!r} is no duration such as 30m or 4h")
    seconds = {"s": 1, "m": 60, "h": 3600}
    return timedelta(seconds=sum(int(count) * seconds[unit] for count, unit in parts))


def warning(text: str) -> Forewarning:
    """`50%` of the target, or `-30m` before it; in open time, as the target."""
    share = re.fullmatch(r"([1-9]\d?)%", text)
    if share:
        return Forewarning(text, share=int(share[1]) / 100)
    if not text.startswith("-"):
        raise ValueError(f"{text!r} is no warning such as 50% or -30m")
    return Forewarning(text, before=duration(text[1:]))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is no IANA time zone, such as Europe/Copenhagen") from error


def _interval(text: str) -> tuple[time, time]:
    start, _, end = text.partition("-")
    try:
        closing = time(0, 0) if end == "24:00" else time.fromisoformat(end)
        return time.fromisoformat(start), closing
    except ValueError as error:
        raise ValueError(f"{text!r} is no interval such as 08:00-16:00") from error


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no date such as 2026-12-24") from error


def _calendar(_name: str, values: dict[str, Any], reading: Reading) -> BusinessCalendar:
    zone = values.get("zone") or reading.found.get("zone") or ZoneInfo("UTC")
    weekly = {DAYS.index(day): intervals for day, intervals in values["hours"].items()}
    holidays, special = frozenset(values.get("holidays", ())), values.get("special_days", {})
    try:
        return BusinessCalendar(zone, weekly, holidays, special)
    except CalendarError as error:
        raise ValueError(error.message) from error


def _policy(name: str, values: dict[str, Any], reading: Reading) -> Policy | None:
    calendar = reading.found.get("calendars", {}).get(values["calendar"])
    targets = {
        (Metric(metric), priority): target
        for metric, by_priority in values["targets"].items()
        for priority, target in by_priority.items()
    }
    # A calendar that cannot be used has been told of where it stands.
    if calendar is None:
        return None
    return Policy(
        name,
        values["calendar"],
        calendar,
        targets,
        pauses_resolution_in_pending=values.get("pauses_in_pending", True),
        resets_on_reopen=values.get("resets_on_reopen", False),
        warnings=values.get("warn", ()),
        is_internal=values.get("internal", False),
        compensation=values.get("compensation", ""),
    )


ZONE = from_text(_zone)
DURATION = from_text(duration, pattern=r"^\s*(\d+\s*[smh]\s*)+$")
WARNING = from_text(warning, pattern=r"^([1-9]\d?%|-\s*(\d+\s*[smh]\s*)+)$")
INTERVALS = list_of(from_text(_interval, pattern=r"^\d\d:\d\d-\d\d:\d\d$"))
DAY = from_text(_day, format="date")
CALENDARS = section(
    (
        Key(
            "hours",
            mapping_of(
                INTERVALS,
                DAYS,
            ),
            "The intervals of each weekday, such as 08:00-16:00; a day that is missing is closed.",
            is_required=True,
        ),
        Key("holidays", list_of(DAY), "Local dates without opening."),
        Key(
            "special_days",
            any_name_of(DAY, INTERVALS),
            "Local dates with intervals of their own, such as half a holiday.",
        ),
        Key("zone", ZONE, "Its IANA time zone, else the desk's."),
    ),
    _calendar,
)
POLICIES = section(
    (
        Key("calendar", name_in("calendars"), "In whose hours is counted.", is_required=True),
        Key(
            "targets",
            mapping_of(mapping_of(DURATION, PRIORITIES), tuple(Metric)),
            "What is promised, by metric and priority, such as 4h or 1h 30m.",
            is_required=True,
        ),
        Key(
            "warn", list_of(WARNING), "When to warn before a miss: 50% of the target, -30m before."
        ),
        Key("pauses_in_pending", YES_NO, "Whether the resolution waits for the customer: true."),
        Key(
            "resets_on_reopen", YES_NO, "Whether a reopened ticket has its whole time again: false."
        ),
        Key("compensation", TEXT, "What a note proposes to offer the customer for a miss."),
        Key("internal", YES_NO, "A promise among colleagues, beside that to the customer: false."),
    ),
    _policy,
)
PROMISES = list_of(
    keys_of(
        (
            Key("policy", name_in("policies"), "What is promised then.", is_required=True),
            Key(
                "when",
                keys_of(
                    (
                        Key("group", list_of(name_in("groups")), "In one of these groups."),
                        Key("priority", list_of(one_of(PRIORITIES)), "Of one of these priorities."),
                        Key("domain", list_of(TEXT), "Whose requester writes from there."),
                        Key("tag", list_of(TEXT), "With one of these tags."),
                    )
                ),
                "For which tickets: all of it must hold.",
                is_required=True,
            ),
        ),
        lambda values: Promise(values.get("policy", ""), values.get("when", {})),
    )
)
