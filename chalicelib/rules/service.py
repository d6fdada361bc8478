"""The verbs of triggers: react to what happened, and have a paused rule go on.

A reaction reads the ticket from the root on in one query. Each rule that fires is a transaction of
its own, with a claim made of root and rule in it: whoever comes second, or once more, finds what
has fired and goes on below it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from chalicelib import facts, table
from chalicelib.desk.conditions import Situation
from chalicelib.desk.model import Desk
from chalicelib.desk.rules import Automation, Rule, Trigger
from chalicelib.desk.service import live_desk
from chalicelib.errors import NotFound
from chalicelib.ledger.model import next_entry
from chalicelib.ledger.store import entry_write
from chalicelib.ports import Ports
from chalicelib.rules import automations, firing, model, store
from chalicelib.rules.acting import Occasion
from chalicelib.rules.counts import Counts
from chalicelib.rules.model import Round, Why
from chalicelib.rules.store import Found
from chalicelib.rules.timing import Happening
from chalicelib.tickets import service as tickets
from chalicelib.tickets import store as ticket_store
from chalicelib.tickets.access import Who
from chalicelib.tickets.model import Article

_RACED = "This ticket changes all the time: try again."
_RESUMED = "Somebody else resumes this rule at once: look again."


def react(ports: Ports, detail: Mapping[str, Any]) -> None:
    """Let every trigger fire that is to fire for an entry; harmless to repeat."""
    desk = live_desk(ports)
    number, seq = detail["ticket"], detail["seq"]
    if number is None:
        automations.begin(ports, detail["fact"]["version"], detail["fact"]["sections"])
    if number is None or detail["place"] or detail["cause"] == model.CAUSE:
        return
    if not (desk.triggers or desk.automations):
        return
    scope = table.ticket_pk(number)
    parent = model.parent_of(scope, seq, detail["root"], detail["cause"])
    first = seq if parent is None else parent
    tickets.retried(ports, lambda: _run(ports, desk, number, first), _RACED)


def _run(ports: Ports, desk: Desk, number: int, seq: int) -> None:
    """One go through all triggers, which goes on where an earlier one ended."""
    found = store.since(number, seq)
    root = model.roots_of(found.entries).get(seq, seq)
    if root < seq:
        found = store.since(number, root)
    start = found.ticket and model.round_of(
        found.ticket, found.entries, root, _article(number, found, root)
    )
    if not start or not found.ticket:
        return
    now = ports.clock()
    reaction = Reaction(ports, desk, start, found.counts, now)
    if start.is_heard and now - start.root.at <= model.LATE:
        reaction.run()
    if desk.automations or found.timer:
        automations.follow(ports, desk, found, reaction.found.ticket, reaction.happened)


def _article(number: int, found: Found, root: int) -> Article | None:
    """What the root wrote, or the article that it accepted, which stands further up."""
    seq = model.article_place(found.entries, root)
    return found.article(root) if seq == root else ticket_store.get_article(number, seq)


@dataclass
class Reaction:
    """One go through the triggers for one root."""

    ports: Ports
    desk: Desk
    found: Round
    counts: Counts
    now: datetime
    happened: list[Happening] = field(default_factory=list)

    def run(self) -> None:
        seen = self.found.situation(self.desk, self.now)
        for trigger in self.desk.triggers:
            if trigger.id not in self.found.fired:
                is_due = model.judge(trigger, self.found, seen) is Why.FIRES
                if not (is_due and self.fires(trigger, seen)):
                    continue
            if trigger.id in self.found.fired:
                self.found = self.found.past(trigger.id)
                seen = self.found.situation(self.desk, self.now)
            if trigger.stop:
                return

    def fires(self, trigger: Trigger, seen: Situation) -> bool:
        """Let a trigger fire, unless it rests or has to from now on."""
        rests = firing.standing(self.ports).is_paused(trigger.id, trigger.digest)
        if rests or len(self.found.fired) >= model.FIRINGS:
            return False
        change = firing.act(
            self.ports, self.desk, self.found.ticket, trigger, self.why(trigger, seen)
        )
        if change is None:
            return True
        number, seq = self.found.ticket.number, self.found.root.seq
        claim = ticket_store.effect_write(number, seq, f"rule#{trigger.id}", self.now)
        try:
            done = firing.fire(self.ports, self.desk, trigger, change, self.counts, [claim])
        except table.Lost as lost:
            if set(lost.held) != {(claim.item.pk, claim.item.sk)}:
                raise
            # It has fired, and an erasure took the words of that away.
            self.found = self.found.after(trigger.id, self.found.ticket, ())
            return True
        self.counts = done.counts
        if done.has_fired:
            self.happened.append(Happening(self.now, "system", change.facts))
            self.found = self.found.after(trigger.id, done.ticket, change.facts)
        else:
            self.found = replace(self.found, ticket=done.ticket)
        return done.has_fired

    def why(self, trigger: Trigger, seen: Situation) -> Occasion:
        woken_by = self.found.events.intersection(trigger.on)
        return Occasion(
            model.matched(trigger.when.findings(seen)),
            self.found.root.seq,
            self.found.root.id,
            model.fact_for(self.found.said, woken_by),
            len(self.found.fired) + 1,
        )


def resume(ports: Ports, who: Who, rule: str) -> None:
    """Let a paused rule fire again; harmless where it is not paused."""
    who.need("rules:write")
    desk = live_desk(ports)
    found = rule_of(desk, rule)

    def attempt() -> None:
        if rule not in store.standing().paused:
            return
        end, now = store.end(), ports.clock()
        fact = facts.RuleResumed(rule)
        entry = next_entry(store.SCOPE, end, [fact], at=now, actor=who.actor, cause="resume")
        table.transact([store.pause_gone(rule), entry_write(entry)])

    tickets.retried(ports, attempt, _RESUMED)
    ports.cache.pop("rules", None)
    if isinstance(found, Automation):
        # Tickets that it was to fire on meanwhile have no alarm for it.
        at = ports.clock() + automations.SETTLED
        tickets.retried(ports, lambda: store.begin_walk(desk.version, at, again=True), _RESUMED)


def rule_of(desk: Desk, name: str) -> Rule:
    """A rule by its id, or NotFound."""
    found = next((rule for rule in desk.rules if rule.id == name), None)
    if found is None:
        raise NotFound(f"There is no rule {name}.")
    return found
