"""What is measured, what was promised about it, and how far a clock has come. Values only.

How clocks move is in `targets`; which policy a ticket has is decided where the desk is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

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
class Reached:
    """A step of a ladder that has come, and how often it has called.

    It calls again after `since`: once the desk opens, or as a repeat. None where it is done.
    """

    step: str
    calls: int = 1
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Clock:
    """One measured promise. `elapsed` is the open time counted before `since`, both by `calendar`.

    `since` is None unless the clock runs. `due_at` is None while nothing can become due: without
    a target, paused or cancelled. `step_at` is when the next step of its ladder comes, or one that
    was `reached` calls again; `acknowledged` is who has taken note of the last one, and when.
    `missed_after` is the open time that was counted by the miss.
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
    step_at: datetime | None = None
    reached: tuple[Reached, ...] = ()
    is_internal: bool = False
    missed_after: timedelta | None = None
    acknowledged: tuple[str, datetime] | None = None

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


# The step that comes with the miss itself.
AT_THE_MISS = "0"
# What can end the calls of a step. A step with MISSED does not even come once the target is missed.
MISSED = "missed"
STOPS = ("reply", "ack", "reassigned", "paused", "met", "closed", MISSED)
USUAL_STOPS = frozenset({"reply", "ack", "reassigned", "met", "closed"})


@dataclass(frozen=True, slots=True)
class Step:
    """What happens at one point before or after a target, named by that point (`at`).

    It is a share of the target and so much open time beside it; `by_calendar`, so many days and
    so much time by the wall clock beside its due instant. `every` and `repeats` say how often it
    calls again, `is_urgent` that it calls at night, too.
    """

    at: str
    share: float = 1.0
    beside: timedelta = timedelta(0)
    days: int = 0
    by_calendar: bool = False
    notify: tuple[str, ...] = ()
    sets: Mapping[str, Any] = field(default_factory=dict)
    every: timedelta | None = None
    repeats: int = 0
    stops: frozenset[str] = USUAL_STOPS
    is_urgent: bool = False

    @property
    def is_after(self) -> bool:
        """Whether it follows the miss, instead of coming before it or with it."""
        return self.at.startswith("+")

    def after(self, target: timedelta) -> timedelta:
        """How much open time of a target passes before it."""
        return target * self.share + self.beside


@dataclass(frozen=True, slots=True)
class Ladder:
    """Steps in the order of their levels. One without a name is what a policy has without any."""

    name: str
    steps: tuple[Step, ...]

    def step(self, at: str) -> Step | None:
        return next((step for step in self.steps if step.at == at), None)

    def level(self, at: str) -> int:
        """Which step this is, from 1; 0 in a ladder without a name, or where there is none."""
        named = self.steps if self.name else ()
        return next((place for place, step in enumerate(named, 1) if step.at == at), 0)


# The lead of the group hears of a miss.
SIMPLE = Ladder("", (Step(AT_THE_MISS, notify=("group_lead",), is_urgent=True),))


@dataclass(frozen=True, slots=True)
class Policy:
    """What is promised for which priority, to the customer or (`is_internal`) among colleagues."""

    name: str
    calendar_name: str
    calendar: BusinessCalendar
    targets: Mapping[tuple[Metric, str], timedelta]
    pauses_resolution_in_pending: bool = True
    resets_on_reopen: bool = False
    ladder: Ladder = SIMPLE
    is_internal: bool = False
    # What agents may offer the customer for a miss.
    compensation: str = ""
    # Those of single metrics.
    ladders: Mapping[Metric, Ladder] = field(default_factory=dict)

    def ladder_of(self, metric: Metric) -> Ladder:
        return self.ladders.get(metric, self.ladder)

    def promises(self, metric: Metric) -> bool:
        """Whether there is a target for any priority."""
        return any(promised is metric for promised, _ in self.targets)


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for a ticket now: `category` is the fixed one of its status.

    Without a policy nothing starts, and what runs is no longer due. `policies` are all by name.
    """

    policy: Policy | None
    priority: str
    category: str
    calendars: Calendars
    policies: Mapping[str, Policy] = field(default_factory=dict)

    def policy_of(self, clock: Clock) -> Policy | None:
        """The policy that a clock is under."""
        if self.policy and self.policy.name == clock.policy:
            return self.policy
        return self.policies.get(clock.policy)
