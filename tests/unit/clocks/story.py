"""A ticket to tell stories with. They play in UTC, so business time is easy to read."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from chalicelib.clocks.hours import ALWAYS, BusinessCalendar
from chalicelib.clocks.model import Metric, Policy, Terms
from chalicelib.clocks.targets import (
    agent_replied,
    come_due,
    elapsed_at,
    opened,
    requester_wrote,
    retargeted,
    status_changed,
    with_breaches,
)

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)

OFFICE = BusinessCalendar(
    ZoneInfo("UTC"), dict.fromkeys(range(5), ((time(8), time(16)),)), frozenset()
)
CALENDARS = {"office": OFFICE, "always": ALWAYS}

STANDARD = Policy(
    name="standard",
    calendar_name="office",
    calendar=OFFICE,
    targets={
        (Metric.FIRST_REPLY, "normal"): 2 * HOUR,
        (Metric.NEXT_REPLY, "normal"): 3 * HOUR,
        (Metric.RESOLUTION, "normal"): 16 * HOUR,
        (Metric.FIRST_REPLY, "high"): HOUR,
        (Metric.NEXT_REPLY, "high"): HOUR,
        (Metric.RESOLUTION, "high"): 4 * HOUR,
        (Metric.FIRST_REPLY, "low"): 8 * HOUR,
    },
)
ROUND_THE_CLOCK = replace(STANDARD, name="24x7", calendar_name="always", calendar=ALWAYS)
PATIENT = replace(STANDARD, name="patient", pauses_resolution_in_pending=False)


def monday(clock):
    return datetime.fromisoformat(f"2026-01-12 {clock}Z")


def tuesday(clock):
    return datetime.fromisoformat(f"2026-01-13 {clock}Z")


def wednesday(clock):
    return datetime.fromisoformat(f"2026-01-14 {clock}Z")


class Ticket:
    """A ticket opened on Monday at nine; what happens to it moves its clocks."""

    def __init__(self, policy=STANDARD, priority="normal", at=None, *, by_agent=False):
        self.policy, self.priority = policy, priority
        self.category = "new"
        self.clocks = opened(self.terms, at or monday("09:00"), by_agent=by_agent)

    def __getitem__(self, metric):
        [clock] = [clock for clock in self.clocks if clock.metric is metric]
        return clock

    @property
    def terms(self):
        return Terms(self.policy, self.priority, self.category, CALENDARS)

    def written_to(self, at):
        self.clocks = requester_wrote(self.clocks, self.terms, at)
        return self

    def answered(self, at):
        self.clocks = agent_replied(self.clocks, self.terms, at)
        return self

    def set(self, category, at, policy=None):
        self.policy = policy or self.policy
        before, self.category = self.category, category
        self.clocks = status_changed(self.clocks, before, self.terms, at)
        return self

    def moved_to(self, at, *, policy=None, priority=None):
        self.policy, self.priority = policy or self.policy, priority or self.priority
        self.clocks = retargeted(self.clocks, self.terms, at)
        return self

    def promised_nothing(self, at):
        self.policy = None
        self.clocks = retargeted(self.clocks, self.terms, at)
        return self

    def swept(self, at):
        self.clocks = with_breaches(self.clocks, at)
        return self

    def rung(self, at):
        """A sweep comes: misses, steps and calls are recorded."""
        self.clocks = come_due(self.clocks, {self.policy.name: self.policy}, CALENDARS, at)
        return self

    def elapsed(self, metric, at):
        return elapsed_at(self[metric], CALENDARS, at)
