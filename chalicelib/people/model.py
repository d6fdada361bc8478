"""A person outside the desk, found by any address; and when the agents inside are away. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who wrote, or was written to. An erased person keeps the id and nothing else.

    `seq` and `chain` are the end of their ledger.
    """

    id: str
    name: str
    email: str
    locale: str
    created_at: datetime
    is_erased: bool = False
    seq: int = 0
    chain: bytes = b""


@dataclass(frozen=True, slots=True)
class Address:
    """What the desk knows of one address. `is_muted` after a permanent bounce; `is_allowed` once
    an agent let its mail in for good; `is_proven` once somebody surely wrote from there, or an
    agent knew it. One that is only blocked belongs to no person. `organization` is the id of the
    one whose domain it is of, where that was looked up with it.
    """

    email: str
    person: str
    name: str
    locale: str
    is_blocked: bool = False
    is_muted: bool = False
    is_allowed: bool = False
    is_proven: bool = False
    organization: str = ""


@dataclass(frozen=True, slots=True)
class Absence:
    """An agent is away from `since` on and before `until`, or until further notice."""

    agent: str
    since: datetime
    until: datetime | None = None
    substitute: str | None = None
    reason: str = ""

    def covers(self, at: datetime) -> bool:
        return self.since <= at and not self.is_over(at)

    def is_over(self, at: datetime) -> bool:
        return self.until is not None and self.until <= at


@dataclass(frozen=True, slots=True)
class Away:
    """One who is away now, and the id of whoever stands in; nobody where all of them are away."""

    absence: Absence
    stands_in: str | None


@dataclass(frozen=True, slots=True)
class Absences:
    """The absences of all agents, past ones left out when they were last changed."""

    by_agent: Mapping[str, tuple[Absence, ...]] = field(default_factory=dict)

    def of(self, agent: str, now: datetime) -> Absence | None:
        """The absence that an agent is in; of several the one that lasts longest."""
        found = [one for one in self.by_agent.get(agent, ()) if one.covers(now)]
        return max(
            found, key=lambda one: one.until or datetime.max.replace(tzinfo=UTC), default=None
        )

    def planned(self, agent: str, now: datetime) -> tuple[Absence, ...]:
        """What is or will be, soonest first."""
        left = (one for one in self.by_agent.get(agent, ()) if not one.is_over(now))
        return tuple(sorted(left, key=lambda one: one.since))

    def stand_in(self, agent: str, now: datetime) -> str | None:
        """Who is there instead of an agent who is away: the substitute, or theirs, and so on.

        None for nobody: no substitute is named, or the last of them names one who was asked before.
        """
        asked = {agent}
        absence = self.of(agent, now)
        while absence and absence.substitute and absence.substitute not in asked:
            asked.add(absence.substitute)
            following = self.of(absence.substitute, now)
            if following is None:
                return absence.substitute
            absence = following
        return None

    def absent(self, agents: Iterable[str], now: datetime) -> dict[str, Away]:
        """Those of the agents who are away now, each with whoever stands in."""
        return {
            agent: Away(absence, self.stand_in(agent, now))
            for agent in agents
            if (absence := self.of(agent, now))
        }
