"""Calendars and policies: when the desk is open, what is promised in those hours, and which policy
a ticket comes under. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chalicelib.clocks.hours import BusinessCalendar, CalendarError
from chalicelib.clocks.model import MISSED, SIMPLE, Ladder, Metric, Policy, Step
from chalicelib.desk.conditions import When, conditions
from chalicelib.desk.keys import (
    DURATION,
    TEXT,
    YES_NO,
    Key,
    Reading,
    any_name_of,
    duration,
    from_text,
    keys_of,
    list_of,
    mapping_of,
    name_in,
    section,
)
from chalicelib.desk.statuses import PRIORITIES

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


# What a promise can ask of a ticket, beside fields of the desk's own.
ASKED = (
    "group",
    "priority",
    "type",
    "form",
    "tags",
    "requester",
    "domain",
    "organization",
    "language",
)


@dataclass(frozen=True, slots=True)
class Promise:
    """A policy, and for which tickets."""

    policy: str
    when: When


def point(text: str) -> Step:
    """A step named by when it comes: `50%` of a target, `-30m` before it, `0` or `+1d` after it."""
    share = re.fullmatch(r"([1-9]\d?)%", text)
    if share:
        return Step(text, share=int(share[1]) / 100)
    if text == "0":
        return Step(text)
    sign = {"-": -1, "+": 1}.get(text[:1])
    if sign is None:
        raise ValueError(f'{text!r} is no point such as 50%, -30m, "0" or +1h')
    days, rest = re.findall(r"(\d+)\s*d", text), re.sub(r"\d+\s*d", "", text[1:]).strip()
    beside = duration(rest) if rest or not days else timedelta(0)
    count = sum(map(int, days))
    if not (count or beside):
        raise ValueError(f'{text!r} is no time at all: write "0"')
    return Step(text, beside=sign * beside, days=sign * count)


def warning(text: str) -> Step:
    """`50%` of the target, or `-30m` before it; in open time, as the target."""
    if not re.fullmatch(r"[1-9]\d?%|-[^d]*", text):
        raise ValueError(f"{text!r} is no warning such as 50% or -30m")
    step = point(text)
    return replace(step, notify=("assignee",), stops=step.stops | {MISSED}, is_urgent=True)


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
    ladders = reading.found.get("ladders", {})
    named = [values.get("ladder"), *values.get("ladders", {}).values()]
    # What cannot be used has been told of where it stands.
    if calendar is None or not {name for name in named if name} <= ladders.keys():
        return None
    warnings = values.get("warn", ())
    if warnings and "ladder" in values:
        raise ValueError("warn has no place beside a ladder: make each warning a step of it")
    return Policy(
        name,
        values["calendar"],
        calendar,
        targets,
        pauses_resolution_in_pending=values.get("pauses_in_pending", True),
        resets_on_reopen=values.get("resets_on_reopen", False),
        ladder=ladders.get(values.get("ladder"), Ladder("", (*warnings, *SIMPLE.steps))),
        ladders={Metric(metric): ladders[one] for metric, one in values.get("ladders", {}).items()},
        is_internal=values.get("internal", False),
        compensation=values.get("compensation", ""),
    )


ZONE = from_text(_zone)
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
        Key(
            "ladder",
            name_in("ladders"),
            "What happens around each target; without it, its lead hears of a miss.",
        ),
        Key(
            "ladders",
            mapping_of(name_in("ladders"), tuple(Metric)),
            "What happens around the targets of single metrics instead.",
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
                conditions(*ASKED, changes=False),
                "For which tickets: all of it must hold.",
                is_required=True,
            ),
        ),
        lambda values: Promise(values.get("policy", ""), values.get("when") or When()),
    )
)
