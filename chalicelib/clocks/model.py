"""What is measured, what was promised about it, and how far a clock has come. Values only.

How clocks move is in `targets`; which policy a ticket has is decided where the desk is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.clocks.hours import BusinessCalendar


class Metric(StrEnum):
    """What a clock counts: replies from what the customer wrote, updates from reply to reply, and
    the rest from the beginning until the ticket is solved.
    """

    FIRST_REPLY = "first_reply"
    NEXT_REPLY = "next_reply"
    PERIODIC_UPDATE = "periodic_update"
    PAUSABLE_UPDATE = "pausable_update"
    AGENT_WORK = "agent_work"
    REQUESTER_WAIT = "requester_wait"
    RESOLUTION = "resolution"


# What a clock of an internal policy is called, to tell it from the customer's.
INTERNAL = "internal_"
NAMES = (*Metric, *(f"{INTERNAL}{metric}" for metric in Metric))


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
    a target, paused or cancelled. `warn_at` is when the next warning is to be given, `warned` says
    which have been.
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
    warn_at: datetime | None = None
    warned: tuple[str, ...] = ()
    is_internal: bool = False

    @property
    def is_running(self) -> bool:
        return self.since is not None

    @property
    def name(self) -> str:
        """One of NAMES: a ticket has one clock of each at most."""
        return f"{INTERNAL if self.is_internal else ''}{self.metric.value}"


Clocks = tuple[Clock, ...]
Calendars = Mapping[str, BusinessCalendar]
"""Calendars by name. Time by one that is gone is counted round the clock."""


@dataclass(frozen=True, slots=True)
class Forewarning:
    """A warning before a target, in its own open time: at a share of it, or so long before."""

    label: str
    share: float = 1.0
    before: timedelta = timedelta(0)

    def after(self, target: timedelta) -> timedelta:
        """How much open time of a target passes before the warning."""
        return target * self.share - self.before


@dataclass(frozen=True, slots=True)
class Policy:
    """What is promised for which priority, to the customer or (`is_internal`) among colleagues."""

    name: str
    calendar_name: str
    calendar: BusinessCalendar
    targets: Mapping[tuple[Metric, str], timedelta]
    pauses_resolution_in_pending: bool = True
    resets_on_reopen: bool = False
    warnings: tuple[Forewarning, ...] = ()
    is_internal: bool = False
    # What agents may offer the customer for a miss.
    compensation: str = ""

    def promises(self, metric: Metric) -> bool:
        """Whether there is a target for any priority."""
        return any(promised is metric for promised, _ in self.targets)


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for a ticket now: `category` is the fixed one of its status.

    Without a policy nothing starts, and what runs is no longer due.
    """

    policy: Policy | None
    priority: str
    category: str
    calendars: Calendars
