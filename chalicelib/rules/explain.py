"""Why each rule did or did not fire on a ticket, and what a trigger would have done to the past.

Nothing here writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib import facts
from chalicelib.desk.conditions import Finding, Situation
from chalicelib.desk.model import Desk
from chalicelib.desk.rules import Automation, Rule, Trigger
from chalicelib.errors import NotFound
from chalicelib.ledger.model import Entry
from chalicelib.rules import model
from chalicelib.rules.model import Round, Why
from chalicelib.rules.store import Found, Standing
from chalicelib.rules.timing import Happening, Timer, due_of, timer_of
from chalicelib.tickets.model import Status, Ticket
from chalicelib.tickets.rewound import rewound
from chalicelib.tickets.situation import situation


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a trigger made of an entry, or how an automation stands.

    `fired` is the fact, where it fired, `fired_seq` and `fired_at` where and when; `due_at` is when
    an automation's time comes, or has come. It `is_certain` but where something was erased since,
    so that today's ticket had to do.
    """

    rule: Rule
    why: Why
    findings: tuple[Finding, ...] = ()
    fired: facts.RuleFired | None = None
    fired_seq: int | None = None
    fired_at: datetime | None = None
    due_at: datetime | None = None
    is_certain: bool = True


def newest_root(entries: Sequence[Entry]) -> int:
    """The place of the newest entry that rules could react to. Raises NotFound."""
    roots = model.roots_of(entries)
    for entry in reversed(entries):
        if roots[entry.seq] == entry.seq and model.events_of(entry.facts):
            return entry.seq
    raise NotFound("Nothing has happened here that rules listen to.")


def explained(
    found: Found, seq: int, desk: Desk, standing: Standing
) -> tuple[int, tuple[Explanation, ...]]:
    """What every trigger of today's desk made of an entry, and the place of its root."""
    if found.ticket is None or all(entry.seq != seq for entry in found.entries):
        raise NotFound(f"There is no entry {seq} on this ticket.")
    root = model.roots_of(found.entries)[seq]
    article = found.article(model.article_place(found.entries, root))
    start = model.round_of(found.ticket, found.entries, root, article)
    if start is None:
        raise NotFound(f"There is no entry {root} on this ticket.")
    return root, tuple(_Hindsight(found, desk, standing, start).tell())


@dataclass
class _Hindsight:
    """One round, gone through again; `place` is the entry after which the next rule was tried."""

    found: Found
    desk: Desk
    standing: Standing
    round: Round
    place: int = 0
    has_stopped: bool = False

    def tell(self) -> Iterable[Explanation]:
        self.place = self.round.root.seq
        for trigger in self.desk.triggers:
            if trigger.id in self.round.fired:
                yield self.told_of_firing(trigger)
                self.round = self.round.past(trigger.id)
                self.has_stopped = self.has_stopped or trigger.stop
            else:
                yield self.judged(trigger)

    def told_of_firing(self, trigger: Trigger) -> Explanation:
        for entry in self.found.entries:
            fact = model.firing_in(entry)
            if fact and fact.rule == trigger.id and fact in self.round.fired[trigger.id]:
                self.place = max(self.place, entry.seq)
                return Explanation(
                    trigger, Why.FIRED, fired=fact, fired_seq=entry.seq, fired_at=entry.at
                )
        return Explanation(trigger, Why.FIRED)

    def judged(self, trigger: Trigger) -> Explanation:
        if self.has_stopped:
            return Explanation(trigger, Why.STOPPED)
        at, is_certain = at_place(self.round, self.found.entries, self.place)
        if not at.is_heard:
            return Explanation(trigger, Why.UNHEARD, is_certain=is_certain)
        seen = at.situation(self.desk, at.root.at)
        why = model.judge(trigger, at, seen)
        if why is Why.FIRES and self.standing.is_paused(trigger.id, trigger.digest):
            why = Why.PAUSED
        # One that had nothing to do wrote no entry, and stopped those below it all the same.
        self.has_stopped = why is Why.FIRES and trigger.stop
        findings = trigger.when.findings(seen) if why is Why.CONDITION else ()
        return Explanation(trigger, why, findings, is_certain=is_certain)


def waiting(found: Found, desk: Desk, standing: Standing, now: datetime) -> tuple[Explanation, ...]:
    """How every automation of today's desk stands on a ticket."""
    if found.ticket is None:
        return ()
    happened = map(Happening.of, found.entries)
    timer = replace(found.timer or Timer(), anchors=timer_of(found.ticket, happened).anchors)
    seen = situation(found.ticket, desk, now)
    return tuple(_waiting(one, found, timer, desk, standing, seen) for one in desk.automations)


def _waiting(
    automation: Automation,
    found: Found,
    timer: Timer,
    desk: Desk,
    standing: Standing,
    seen: Situation,
) -> Explanation:
    due_at = due_of(automation, timer, desk)
    last = next((one for one in reversed(found.entries) if _fires(one, automation.id)), None)
    fired = model.firing_in(last) if last else None
    told = Explanation(
        automation,
        Why.CONDITION,
        fired=fired,
        fired_seq=last.seq if last else None,
        fired_at=last.at if last else None,
        due_at=due_at,
    )
    if found.ticket and found.ticket.status in {Status.CLOSED, Status.MERGED}:
        return replace(told, why=Why.UNHEARD)
    if due_at is None:
        is_marked = automation.id in timer.fired
        return replace(told, why=Why.FIRED if is_marked else Why.NEVER)
    if standing.is_paused(automation.id, automation.digest):
        return replace(told, why=Why.PAUSED)
    if due_at > seen.now:
        return replace(told, why=Why.WAITS)
    if automation.when.holds(seen):
        return replace(told, why=Why.FIRES)
    return replace(told, findings=automation.when.findings(seen))


def _fires(entry: Entry, rule: str) -> bool:
    fact = model.firing_in(entry)
    return fact is not None and fact.rule == rule


def at_place(found: Round, entries: Iterable[Entry], seq: int) -> tuple[Round, bool]:
    """A round with the ticket as it was then, and whether anybody can say how it was."""
    then = rewound(found.ticket, entries, seq)
    if then is None:
        return found, False
    return Round(then, found.root, found.said, found.fired, found.article), True


def would_fire(ticket: Ticket, found: Found, root: int, trigger: Trigger, desk: Desk) -> bool:
    """Whether a trigger, alone, would have fired for a root."""
    article = found.article(model.article_place(found.entries, root))
    start = model.round_of(ticket, found.entries, root, article)
    if start is None or model.roots_of(found.entries)[root] != root:
        return False
    at, _ = at_place(start, found.entries, root)
    return at.is_heard and model.judge(trigger, at, at.situation(desk, at.root.at)) is Why.FIRES
