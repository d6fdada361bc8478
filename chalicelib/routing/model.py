"""Choosing who gets a ticket, and saying why not of everybody else. Pure.

How many tickets somebody has, who is away and who was given the last ticket when is read by
`store`; what is made of the choice stands in `service`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sized
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any

from chalicelib.clocks.hours import ALWAYS, BusinessCalendar
from chalicelib.desk.assignment import How
from chalicelib.desk.model import Desk
from chalicelib.people.model import Absences
from chalicelib.tickets.model import Ticket

# An absence may end early, and a load gets lighter: nobody says so, so it is looked at again.
ABSENT_FOR = timedelta(hours=1)
LOADED_FOR = timedelta(minutes=15)
# Somebody may learn it, or come to the group.
NEVER_FOR = timedelta(days=1)
_INSTANT = timedelta(milliseconds=1)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Why(StrEnum):
    """What keeps an agent from getting a ticket."""

    UNANSWERED = "unanswered"
    SKILL = "skill"
    ABSENT = "absent"
    HOURS = "hours"
    LOAD = "load"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why an agent does not get a ticket: `what` is the skill, the instant or the number of it.

    At `ends_at` it is worth asking again.
    """

    agent: str
    why: Why
    ends_at: datetime
    what: str = ""

    def to_reason(self) -> dict[str, Any]:
        return {"agent": self.agent, "why": self.why.value, "what": self.what}


@dataclass(frozen=True, slots=True)
class Duty:
    """What is known of the agents: who is away, and when who was given a ticket of which group.

    `recent` are the tickets that were given in the last minutes, which the index may not show yet.
    """

    absences: Absences = field(default_factory=Absences)
    given: Mapping[str, Mapping[str, datetime]] = field(default_factory=dict)
    recent: Mapping[str, Collection[int]] = field(default_factory=dict)

    def next_turn(self, group: str, now: datetime) -> datetime:
        """When the next ticket of a group is given: after all others, whatever clocks show."""
        last = max((given.get(group, _LONG_AGO) for given in self.given.values()), default=now)
        return max(now, last + _INSTANT)

    def given_at(self, agent: str, group: str) -> datetime:
        """When an agent was last given a ticket of a group; long ago where that never was."""
        return self.given.get(agent, {}).get(group, _LONG_AGO)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Who gets it, because of what, and among how many; `instead_of` is away."""

    agent: str
    because: str
    among: int
    instead_of: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """Somebody, or nobody and why."""

    chosen: Chosen | None
    obstacles: tuple[Obstacle, ...] = ()

    def again_at(self, now: datetime) -> datetime:
        """When somebody may be there, where nobody is now."""
        return min((one.ends_at for one in self.obstacles), default=now + NEVER_FOR)


@dataclass(frozen=True)
class Question:
    """Who gets a ticket that nobody has.

    Those `passed_over` had it and did not answer. `instead_of` had it and is away: whoever stands
    in for them comes first, as does the agent whom it is meant for.
    """

    ticket: Ticket
    desk: Desk
    duty: Duty
    now: datetime
    passed_over: Collection[str] = ()
    instead_of: str | None = None

    @property
    def how(self) -> How:
        group = self.desk.groups.get(self.ticket.group)
        return group.assign.how if group else How.NONE

    @property
    def members(self) -> list[str]:
        """Who is asked in any case."""
        if self.how is How.NONE:
            return []
        return [agent.id for agent in self.desk.members_of(self.ticket.group)]

    @property
    def named(self) -> list[str]:
        """Who is asked before them."""
        return [one for one in (self.instead_of, self.ticket.needs.agent) if one]

    @cached_property
    def first(self) -> Mapping[str, str | None]:
        """Who comes before all others, each with whom they stand in for."""
        return self._there(self.named)

    @cached_property
    def candidates(self) -> Mapping[str, str | None]:
        """All who are asked, each with whom they stand in for; those away are not among them."""
        return {**self._there(self.members), **self.first}

    @cached_property
    def obstacles(self) -> Mapping[str, Obstacle]:
        """What is in the way of whom, but for how much they have to do."""
        found = [self._away(agent) for agent in (*self.members, *self.named)]
        found += [self._obstacle(agent) for agent in self.candidates]
        return {one.agent: one for one in found if one}

    @property
    def ready(self) -> list[str]:
        return [agent for agent in self.candidates if agent not in self.obstacles]

    @property
    def to_count(self) -> list[str]:
        """Whose open tickets have to be counted before anybody is chosen."""
        by_load = self.how in {How.LOAD, How.SKILL}
        return [
            agent
            for agent in self.ready
            if by_load or self.desk.agents[agent].load_limit is not None
        ]

    def _there(self, agents: Iterable[str]) -> dict[str, str | None]:
        """Those of the agents who are not away, and whoever stands in for the others."""
        found: dict[str, str | None] = {}
        for agent in agents:
            is_away = self.duty.absences.of(agent, self.now) is not None
            there = self.duty.absences.stand_in(agent, self.now) if is_away else agent
            if there and self.desk.may_have(there, self.ticket.group) and found.get(there, True):
                found[there] = agent if is_away else None
        return found

    def _away(self, agent: str) -> Obstacle | None:
        absence = self.duty.absences.of(agent, self.now)
        if absence is None:
            return None
        look_at = min(filter(None, (absence.until, self.now + ABSENT_FOR)))
        until = absence.until.isoformat() if absence.until else ""
        return Obstacle(agent, Why.ABSENT, self._opening(agent, look_at), until)

    def _obstacle(self, agent: str) -> Obstacle | None:
        if agent in self.passed_over:
            ends_at = self._opening(agent, self.now + LOADED_FOR)
            return Obstacle(agent, Why.UNANSWERED, ends_at)
        skills = self.desk.agents[agent].skills
        for skill, level in self.ticket.needs.skills:
            if skills.get(skill, 0) < level:
                return Obstacle(agent, Why.SKILL, self.now + NEVER_FOR, f"{skill} {level}")
        opens_at = self._opening(agent, self.now)
        if opens_at > self.now:
            return Obstacle(agent, Why.HOURS, opens_at, opens_at.isoformat())
        return None

    def overload(self, agent: str, load: int | None) -> Obstacle | None:
        """What is in the way of one who has that many open tickets."""
        limit = self.desk.agents[agent].load_limit
        if limit is None or load is None or load < limit:
            return None
        ends_at = self._opening(agent, self.now + LOADED_FOR)
        return Obstacle(agent, Why.LOAD, ends_at, str(load))

    def chosen(self, agent: str, because: str, ready: Sized) -> Chosen:
        return Chosen(agent, because, len(ready), self.candidates[agent])

    def _opening(self, agent: str, at: datetime) -> datetime:
        """The first instant from then on at which an agent works."""
        return hours_of(self.desk, agent).next_opening(at)


def hours_of(desk: Desk, agent: str) -> BusinessCalendar:
    """When an agent works; always, where nothing is said."""
    found = desk.agents.get(agent)
    return desk.calendars.get((found.hours if found else None) or "", ALWAYS)


def choose(question: Question, loads: Mapping[str, int]) -> Choice:
    """Who gets the ticket, or nobody and why. `loads` has the open tickets of those `to_count`."""
    heavy = [question.overload(agent, loads.get(agent)) for agent in question.ready]
    obstacles = {**question.obstacles, **{one.agent: one for one in heavy if one}}
    left = tuple(obstacles.values())
    ready = [agent for agent in question.candidates if agent not in obstacles]
    if not ready:
        return Choice(None, left)
    meant = [agent for agent in question.first if agent in ready]
    if meant:
        return Choice(question.chosen(meant[0], "meant", ready), left)
    because, rank = _order(question, loads)
    return Choice(question.chosen(min(ready, key=rank), because, ready), left)


def _order(
    question: Question, loads: Mapping[str, int]
) -> tuple[str, Callable[[str], tuple[Any, ...]]]:
    """Because of what somebody comes first, and what the agents are ordered by."""
    group, wanted = question.ticket.group, dict(question.ticket.needs.skills)

    def turn(agent: str) -> tuple[Any, ...]:
        return question.duty.given_at(agent, group), agent

    def skill(agent: str) -> int:
        skills = question.desk.agents[agent].skills
        return sum(skills.get(one, 0) for one in wanted)

    if question.how is How.ROUND_ROBIN:
        return "turn", turn
    if question.how is How.SKILL and wanted:
        return "skill", lambda agent: (-skill(agent), loads[agent], *turn(agent))
    return "load", lambda agent: (loads[agent], *turn(agent))
