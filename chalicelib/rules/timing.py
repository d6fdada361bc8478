"""When an automation is due on a ticket, and when that ticket has to be looked at again. Pure.

An automation counts from an anchor, the instant at which something last happened. Once it fired,
that very instant is its mark, so it fires again only when the anchor has moved.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from chalicelib import facts
from chalicelib.clocks.hours import CalendarError
from chalicelib.desk.conditions import Situation
from chalicelib.desk.model import Desk
from chalicelib.desk.rules import Automation
from chalicelib.ledger.model import Entry
from chalicelib.rules.model import is_deaf_to
from chalicelib.tickets.model import Status, Ticket
from chalicelib.tickets.situation import situation

# How soon to look again where nothing but the time of day keeps an automation from firing.
AGAIN = timedelta(minutes=15)
_PEOPLE = {"agent", "person", "token"}
_CUSTOMERS = {"requester", "participant"}


@dataclass(frozen=True, slots=True)
class Happening:
    """What counts of an entry: when it was, by which kind of actor, and its facts."""

    at: datetime
    by: str
    facts: tuple[facts.Fact, ...]

    @classmethod
    def of(cls, entry: Entry) -> Happening:
        return cls(entry.at, entry.actor.partition(":")[0], entry.facts)


@dataclass(frozen=True, slots=True)
class Timer:
    """The anchors of a ticket, those at which automations have fired already, and its next alarm.

    `revision` counts its writes.
    """

    anchors: Mapping[str, datetime] = field(default_factory=dict)
    fired: Mapping[str, datetime] = field(default_factory=dict)
    due_at: datetime | None = None
    revision: int = 0

    def marked(self, automation: Automation) -> Timer:
        """The timer once an automation has fired."""
        anchor = self.anchors[automation.after.field]
        return replace(self, fired={**self.fired, automation.id: anchor})

    def moved(self, happenings: Iterable[Happening]) -> Timer:
        """The timer with its anchors where these put them; an anchor never goes back."""
        anchors = dict(self.anchors)
        for one in happenings:
            for name in _anchors_in(one):
                anchors[name] = max(one.at, anchors.get(name, one.at))
        return replace(self, anchors=anchors)


def timer_of(ticket: Ticket, happenings: Iterable[Happening]) -> Timer:
    """The timer of a ticket by all that ever happened to it."""
    begun = dict.fromkeys(("opened", "updated", "status"), ticket.opened_at)
    return Timer(anchors=begun).moved(happenings)


def _anchors_in(one: Happening) -> Iterator[str]:
    if any(is_deaf_to(fact) for fact in one.facts):
        return
    written = [fact for fact in one.facts if isinstance(fact, facts.ArticleAdded)]
    authors = {fact.by for fact in written}
    if one.by in _PEOPLE or authors & {*_CUSTOMERS, "agent"}:
        yield "updated"
    if any(isinstance(fact, facts.StatusChanged) for fact in one.facts):
        yield "status"
    replied = {fact.by for fact in written if fact.kind == "reply"}
    if "agent" in replied:
        yield "replied_by_agent"
    accepted = any(isinstance(fact, facts.ArticleAccepted) for fact in one.facts)
    if accepted or replied & _CUSTOMERS:
        yield "written_by_customer"


def due_of(automation: Automation, timer: Timer, desk: Desk) -> datetime | None:
    """When an automation is to fire; None where it has fired, or what it counts from is not yet."""
    after = automation.after
    anchor = timer.anchors.get(after.field)
    if anchor is None or timer.fired.get(automation.id) == anchor:
        return None
    if after.calendar is None:
        return anchor + after.span
    calendar = desk.calendars.get(after.calendar)
    try:
        return calendar.add(anchor, after.span) if calendar else None
    except CalendarError:
        return None


@dataclass(frozen=True, slots=True)
class Plan:
    """Which automations fire now, and when to look again where none does."""

    ready: tuple[Automation, ...]
    again_at: datetime | None


def plan(
    ticket: Ticket, timer: Timer, desk: Desk, now: datetime, automations: Iterable[Automation]
) -> Plan:
    """What is to become of a ticket by these automations. On a closed one nothing ever does."""
    if ticket.status in {Status.CLOSED, Status.MERGED}:
        return Plan((), None)
    due = [(at, one) for one in automations if (at := due_of(one, timer, desk))]
    coming = [at for at, _ in due if at > now]
    past = [one for at, one in due if at <= now]
    seen = situation(ticket, desk, now) if past else None
    ready = tuple(one for one in past if seen and one.when.holds(seen))
    if seen and any(_waits_for_hours(one, seen) for one in past):
        coming.append(now + AGAIN)
    return Plan(ready, min(coming, default=None))


def _waits_for_hours(automation: Automation, seen: Situation) -> bool:
    """Whether nothing but the time of day keeps it from firing, which no change would tell."""
    when = automation.when
    return "now" in when.fields and not when.holds(seen) and when.without("now").holds(seen)
