"""Who gets a ticket, and who is there to get one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chalicelib.facts.base import PERSONAL, Fact


@dataclass(frozen=True)
class Routed(Fact):
    """A rule decided about a new ticket: where it had come, where it goes, and what else was set.

    `agent` is whom it is meant for, and `skills` are what whoever gets it must be able to do.
    """

    rule: str
    came_to: str
    group: str
    kind: str | None = None
    priority: str | None = None
    tags: list[str] = field(default_factory=list)
    skills: dict[str, int] = field(default_factory=dict)
    agent: str | None = None


@dataclass(frozen=True)
class AssignmentMade(Fact):
    """An agent was chosen among so many who were available.

    `because` is turn, load, skill or meant; `instead_of` is who is away, and stands in for nobody.
    """

    agent: str
    because: str
    among: int
    instead_of: str | None = None


@dataclass(frozen=True)
class AssignmentLapsed(Fact):
    """A ticket went back to its group: `because` it was unanswered, or its agent left the group."""

    agent: str
    group: str
    because: str


@dataclass(frozen=True)
class NobodyAvailable(Fact):
    """No agent of the group could be given the ticket.

    `reasons` has of each the `agent` and `why`: unanswered, skill, absent, hours or load; with the
    skill, the instant or the number that it is about as `what`.
    """

    group: str
    reasons: list[dict[str, Any]]


@dataclass(frozen=True)
class AbsencePlanned(Fact):
    """An agent is away from `since` on, until an instant or further notice."""

    agent: str
    since: str
    until: str | None
    substitute: str | None
    reason: str = field(default="", metadata=PERSONAL)


@dataclass(frozen=True)
class AbsenceEnded(Fact):
    """An absence is over before its time, or never was: at `until` it would have ended."""

    agent: str
    since: str
    until: str | None
