"""The verbs of availability: who says when they are away, and who sees how much everybody has.

An agent speaks for themselves, an admin for everybody. What is said is a fact of its own scope.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib import table
from chalicelib.desk.model import Agent, Desk
from chalicelib.desk.service import live_desk
from chalicelib.errors import Forbidden, Invalid, NotFound
from chalicelib.facts import AbsenceEnded, AbsencePlanned, AssigneeChanged, Fact
from chalicelib.ledger.model import EMPTY, Actor, End, next_entry
from chalicelib.ledger.store import entry_write
from chalicelib.people import absences
from chalicelib.people.items import AwayItem
from chalicelib.people.model import Absence, Absences, Away
from chalicelib.ports import Ports
from chalicelib.routing import store
from chalicelib.routing.model import hours_of
from chalicelib.tickets import service as tickets
from chalicelib.tickets.access import Who
from chalicelib.tickets.service import Saved

REASON_LIMIT = 200
ABSENCE_LIMIT = 20
AHEAD = timedelta(days=2 * 366)
# An instant that no calendar has would keep everybody's absences from being read.
BACK = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether somebody is there, until when they are not, who stands in, and how much they have.

    `works` is whether it is in their hours; `load` is None where nobody counted.
    """

    agent: Agent
    works: bool
    absence: Absence | None
    stands_in: str | None
    planned: tuple[Absence, ...]
    load: int | None = None

    @property
    def is_available(self) -> bool:
        full = self.agent.load_limit is not None and (self.load or 0) >= self.agent.load_limit
        return self.works and self.absence is None and not full


def availability(ports: Ports, who: Who, agents: Sequence[Agent]) -> list[Availability]:
    """What is known of these agents now: one call, and one each for what they have to do."""
    who.need("tickets:read")
    desk, now = live_desk(ports), ports.clock()
    away = absences.read_now(ports, now)
    return [
        replace(_of(agent, away, desk, now), load=len(store.tickets_of(agent.id)))
        for agent in agents
    ]


def of_agent(ports: Ports, who: Who, agent: str) -> Availability:
    """What is known of one agent: one call."""
    found = _need_agent(ports, who, agent, to_change=False)
    now = ports.clock()
    return _of(found, absences.read_now(ports, now), live_desk(ports), now)


def _of(agent: Agent, away: Absences, desk: Desk, now: datetime) -> Availability:
    absence = away.of(agent.id, now)
    stands_in = away.stand_in(agent.id, now) if absence else None
    works = hours_of(desk, agent.id).is_open(now)
    return Availability(agent, works, absence, stands_in, away.planned(agent.id, now))


def assignee_away(ports: Ports, saved: Saved) -> Away | None:
    """Where a ticket was just given to somebody who is away: that, and who stands in.

    People may do that; whoever did is told. No call where it was given to nobody.
    """
    given = saved.change.facts if saved.change else ()
    agents = [fact.after for fact in given if isinstance(fact, AssigneeChanged) and fact.after]
    now = ports.clock()
    return absences.absent_now(ports, agents[-1:], now).get(agents[-1]) if agents else None


def colleagues(who: Who, desk: Desk) -> list[Agent]:
    """The agents whom somebody may know of, by id: those who share a group with them."""
    agents = sorted(desk.agents.values(), key=lambda agent: agent.id)
    return [agent for agent in agents if _may_know(who, agent)]


def _may_know(who: Who, agent: Agent) -> bool:
    return who.agent == agent.id or who.groups is None or bool(who.groups & agent.groups)


def may_change(who: Who, agent: str) -> bool:
    """Whether somebody may say when an agent is away: of themselves, or who sees all groups."""
    return who.agent == agent or who.groups is None


def plan(ports: Ports, who: Who, wanted: Absence) -> Absence:
    """Note an absence; one that begins at the same instant is replaced."""
    _need_agent(ports, who, wanted.agent, to_change=True)
    _need_possible(wanted, live_desk(ports), ports.clock())

    def decide(known: tuple[Absence, ...]) -> tuple[Sequence[Absence], Sequence[Fact]]:
        if wanted in known:
            return known, ()
        others = [one for one in known if one.since != wanted.since]
        if len(others) >= ABSENCE_LIMIT:
            problem = f"at most {ABSENCE_LIMIT} can be planned"
            raise Invalid("The absence cannot be noted so.", fields={"from": problem})
        return [*others, wanted], [_planned(wanted)]

    _changed(ports, who.actor, wanted.agent, decide)
    return wanted


def end(ports: Ports, who: Who, agent: str, since: datetime) -> None:
    """An absence is over, or is not to be; NotFound where none began or begins then."""
    _need_agent(ports, who, agent, to_change=True)

    def decide(known: tuple[Absence, ...]) -> tuple[Sequence[Absence], Sequence[Fact]]:
        gone = [one for one in known if one.since == since]
        if not gone:
            raise NotFound("There is no such absence.")
        return [one for one in known if one.since != since], [_ended(one) for one in gone]

    _changed(ports, who.actor, agent, decide)


def come_back(ports: Ports, who: Who, agent: str) -> None:
    """The agent is there now: every absence that covers this instant is over."""
    _need_agent(ports, who, agent, to_change=True)
    now = ports.clock()

    def decide(known: tuple[Absence, ...]) -> tuple[Sequence[Absence], Sequence[Fact]]:
        over = [one for one in known if one.covers(now)]
        return [one for one in known if one not in over], [_ended(one) for one in over]

    _changed(ports, who.actor, agent, decide)


def _need_agent(ports: Ports, who: Who, agent: str, *, to_change: bool) -> Agent:
    """The agent, or NotFound for one whom the caller does not know of; Forbidden to others."""
    who.need("tickets:write" if to_change else "tickets:read")
    found = live_desk(ports).agents.get(agent)
    if found is None or not _may_know(who, found):
        raise NotFound(f"There is no agent {agent}.")
    if to_change and not may_change(who, agent):
        raise Forbidden("Only admins change when others are away.")
    return found


def _need_possible(wanted: Absence, desk: Desk, now: datetime) -> None:
    problems = {
        "from": _why_not_since(wanted, now),
        "until": _why_not_until(wanted, now),
        "substitute": _why_not_substitute(wanted, desk),
        "reason": len(wanted.reason) > REASON_LIMIT and f"at most {REASON_LIMIT} characters",
    }
    found = {name: problem for name, problem in problems.items() if problem}
    if found:
        raise Invalid("The absence cannot be noted so.", fields=found)


def _why_not_since(wanted: Absence, now: datetime) -> str | None:
    if wanted.since < now - BACK:
        return "lies too far back"
    return "lies too far ahead" if wanted.since > now + AHEAD else None


def _why_not_until(wanted: Absence, now: datetime) -> str | None:
    if wanted.until is None:
        return None
    if wanted.until <= max(now, wanted.since):
        return "must lie in the future, and after the beginning"
    return "lies too far ahead" if wanted.until > now + AHEAD else None


def _why_not_substitute(wanted: Absence, desk: Desk) -> str | None:
    if wanted.substitute is None:
        return None
    if wanted.substitute not in desk.agents:
        return "there is no such agent"
    return "nobody stands in for themselves" if wanted.substitute == wanted.agent else None


def _planned(one: Absence) -> Fact:
    until = one.until.isoformat() if one.until else None
    return AbsencePlanned(one.agent, one.since.isoformat(), until, one.substitute, one.reason)


def _ended(one: Absence) -> Fact:
    until = one.until.isoformat() if one.until else None
    return AbsenceEnded(one.agent, one.since.isoformat(), until)


Decide = Callable[[tuple[Absence, ...]], tuple[Sequence[Absence], Sequence[Fact]]]


def _changed(ports: Ports, actor: Actor, agent: str, decide: Decide) -> None:
    """Write what is decided about somebody's absences, with the entry that says so: two calls.

    What is over is left out; where nothing is said, nothing is written.
    """
    key = table.away_key(agent)

    def attempt() -> None:
        item, now = table.fetch([key]).get(key), ports.clock()
        before = item if isinstance(item, AwayItem) else None
        known = absences.Absences({agent: absences.of_item(before)} if before else {})
        after, said = decide(known.planned(agent, now))
        if not said:
            return
        end = End(int(before.seq), before.chain) if before else EMPTY
        scope = table.system_pk(f"away-{agent}")
        entry = next_entry(scope, end, said, at=now, actor=actor, cause="availability")
        new = absences.item_of(agent, after, seq=entry.seq, chain=entry.hash)
        lock = AwayItem.seq == before.seq if before else table.absent()
        table.transact([table.Write(new, lock), entry_write(entry)])
        ports.cache.pop("absences", None)

    tickets.retried(ports, attempt, "Somebody else changed this absence at once: try again.")
