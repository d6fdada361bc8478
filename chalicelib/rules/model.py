"""Which triggers fire for what happened, and why the others do not. Pure.

What somebody does is a root, and so is what a clock does of its own accord. What machines do
because of it, rules among them, belongs to the same root: for one root each rule fires once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property

from chalicelib import facts
from chalicelib.desk.conditions import Finding, Situation
from chalicelib.desk.model import Desk
from chalicelib.desk.rules import SELECTIVE, Trigger
from chalicelib.ledger.model import Entry
from chalicelib.tickets import situation
from chalicelib.tickets.model import BY_PEOPLE, Article, Status, Ticket

# The cause of what rules write; it wakes nobody again.
CAUSE = "rule"
# No root has more firings than these, whatever the desk says.
FIRINGS = 50
# News older than this is no news: what a mail about it would say is not so any more.
LATE = timedelta(days=2)
# What conditions can ask about that may name or quote a person.
PERSONAL = frozenset({"subject", "text", "requester", "domain"})


class Why(StrEnum):
    """What a rule makes of a root: it fires, or why it does not."""

    FIRES = "fires"
    FIRED = "fired"
    EVENT = "event"
    UNCHANGED = "unchanged"
    CONDITION = "condition"
    STOPPED = "stopped"
    PAUSED = "paused"
    WAITS = "waits"
    NEVER = "never"
    UNHEARD = "unheard"


@dataclass(frozen=True)
class Round:
    """One root and what has followed so far, as the next rule sees it.

    `said` are the facts of the root, of machines, and of the rules whose turn has passed; `fired`
    those of all rules that have fired, by rule. `article` is what the root wrote.
    """

    ticket: Ticket
    root: Entry
    said: tuple[facts.Fact, ...]
    fired: Mapping[str, tuple[facts.Fact, ...]]
    article: Article | None = None

    @cached_property
    def events(self) -> frozenset[str]:
        return events_of(self.said)

    @property
    def is_heard(self) -> bool:
        """Whether rules listen at all: to no machine's mail, and to nothing once it is closed."""
        if self.root.payload is None or self.ticket.status is Status.MERGED:
            return False
        if any(is_deaf_to(fact) for fact in self.root.facts):
            return False
        closes = any(
            isinstance(fact, facts.StatusChanged) and fact.after == Status.CLOSED
            for fact in self.said
        )
        return self.ticket.status is not Status.CLOSED or closes

    def situation(self, desk: Desk, now: datetime) -> Situation:
        return situation.situation(self.ticket, desk, now, article=self.article, said=self.said)

    def after(self, rule: str, ticket: Ticket, said: tuple[facts.Fact, ...]) -> Round:
        """The round once a rule has fired."""
        return replace(self, ticket=ticket, fired={**self.fired, rule: said})

    def past(self, rule: str) -> Round:
        """The round once the turn of a rule that fired has passed: those below see what it did."""
        return replace(self, said=(*self.said, *self.fired[rule]))


def is_deaf_to(fact: facts.Fact) -> bool:
    """Whether rules leave what happened with this fact alone: a machine's mail, or one held."""
    if not isinstance(fact, facts.ArticleAdded):
        return False
    return fact.is_held or fact.mail_kind not in BY_PEOPLE


def events_of(said: Iterable[facts.Fact]) -> frozenset[str]:
    """Which events of `desk.rules.EVENTS` these facts are."""
    said = tuple(said)
    found = {name for fact in said if (name := _event_of(fact))}
    if any(_is_change(fact) for fact in said):
        found.add("changed")
    # The article that a ticket opens with answers nothing.
    return frozenset(found - {"replied", "noted"} if "opened" in found else found)


def _event_of(fact: facts.Fact) -> str | None:
    if isinstance(fact, facts.ArticleAdded):
        is_spoken = not is_deaf_to(fact) and fact.by != "system"
        return {"reply": "replied", "note": "noted"}.get(fact.kind) if is_spoken else None
    return _EVENTS.get(type(fact))


def _is_change(fact: facts.Fact) -> bool:
    return hasattr(fact, "before") and not isinstance(fact, facts.TargetsMoved)


_EVENTS: Mapping[type[facts.Fact], str] = {
    facts.TicketOpened: "opened",
    facts.ArticleAccepted: "replied",
    facts.StatusChanged: "status_changed",
    facts.TargetNear: "target_near",
    facts.TargetBreached: "target_breached",
    facts.ExternalEvent: "event",
}


def judge(trigger: Trigger, found: Round, seen: Situation) -> Why:
    """What a trigger makes of a round in which it has not fired yet."""
    heard = found.events.intersection(trigger.on)
    if not heard:
        return Why.EVENT
    if heard == {"changed"} and not is_asked_about(trigger, seen):
        return Why.UNCHANGED
    return Why.FIRES if trigger.when.holds(seen) else Why.CONDITION


def is_asked_about(trigger: Trigger, seen: Situation) -> bool:
    """Whether a change matters to a trigger: anything does that asks about nothing, or for all."""
    if trigger.mode != SELECTIVE or not trigger.when.fields:
        return True
    return not trigger.when.fields.isdisjoint(seen.before)


def matched(findings: Iterable[Finding]) -> dict[str, list[str]]:
    """What was found where a rule fired, for the record: no text, and nobody's name."""
    found: dict[str, list[str]] = {}
    for one in findings:
        is_personal = one.field in PERSONAL or "." in one.field
        if one.holds and not is_personal:
            found[one.field] = list(one.got)
    return found


# Roots. --------------------------------------------------------------------------------------


def place_in(scope: str, entry_id: str) -> int | None:
    """The place that an id of an entry names, where it is one of this ledger."""
    found, _, seq = entry_id.rpartition("/")
    return int(seq) if found == scope and seq.isdecimal() else None


def parent_of(scope: str, seq: int, root: str, cause: str) -> int | None:
    """The entry that one at this place says it follows from, by its root or by its cause."""
    named = (place_in(scope, one) for one in (root, cause))
    return next((place for place in named if place is not None and place < seq), None)


def roots_of(entries: Iterable[Entry]) -> dict[int, int]:
    """The root of each entry of a ticket, by places; oldest entry first."""
    found: dict[int, int] = {}
    for entry in entries:
        parent = parent_of(entry.scope, entry.seq, entry.root, entry.cause)
        found[entry.seq] = entry.seq if parent is None else found.get(parent, parent)
    return found


def round_of(
    ticket: Ticket, entries: Iterable[Entry], root: int, article: Article | None = None
) -> Round | None:
    """The round of a root, before the first rule is tried; None where its entry is not there."""
    entries = tuple(entries)
    roots = roots_of(entries)
    family = [entry for entry in entries if roots[entry.seq] == root]
    first = next((entry for entry in family if entry.seq == root), None)
    if first is None:
        return None
    fired = {fact.rule: entry.facts for entry in family if (fact := firing_in(entry))}
    told = [fact for entry in family if firing_in(entry) is None for fact in entry.facts]
    return Round(ticket, first, tuple(told), fired, article)


def article_place(entries: Iterable[Entry], root: int) -> int:
    """Where the article stands that a root is about: its own, or one that it accepted."""
    of_root = (fact for entry in entries if entry.seq == root for fact in entry.facts)
    accepted = (fact.article for fact in of_root if isinstance(fact, facts.ArticleAccepted))
    return next(accepted, root)


def firing_in(entry: Entry) -> facts.RuleFired | None:
    """The firing that an entry is about."""
    return next((fact for fact in entry.facts if isinstance(fact, facts.RuleFired)), None)


def fact_for(said: Iterable[facts.Fact], events: frozenset[str]) -> str:
    """The type of the first fact that is one of these events."""
    return next((fact.type for fact in said if events_of([fact]) & events), "")
