"""One firing of a rule, written: what it does, or that it rests from now on.

Triggers and automations fire in the same way; what makes them fire stands in `service` and
`automations`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib import facts, table
from chalicelib.desk.model import Agent, Desk
from chalicelib.desk.rules import Rule
from chalicelib.ledger.model import Actor, next_entry
from chalicelib.ledger.store import entry_write
from chalicelib.people import service as people
from chalicelib.ports import Ports
from chalicelib.rules import acting, model, store
from chalicelib.rules.acting import Occasion
from chalicelib.rules.counts import Counts
from chalicelib.rules.store import Pause, Standing
from chalicelib.tickets import followed
from chalicelib.tickets import service as tickets
from chalicelib.tickets.changes import Change
from chalicelib.tickets.model import Ticket

RULES = Actor("system", "rules")
# A warm function notices within this time that a rule was paused or resumed elsewhere.
FRESH_FOR = timedelta(seconds=30)


def act(ports: Ports, desk: Desk, ticket: Ticket, rule: Rule, occasion: Occasion) -> Change | None:
    """What a rule makes of a ticket now; None where there is nothing to do."""

    def may_mail(email: str) -> bool:
        """Only where somebody surely wrote from, once: else anybody could have us write to it."""
        known = people.find(ports, email)
        return known is not None and known.is_proven and not (known.is_muted or known.is_blocked)

    return acting.act(ports, desk, ticket, rule, occasion, ports.clock(), may_mail=may_mail)


@dataclass(frozen=True, slots=True)
class Done:
    """A ticket once a rule has fired, or rests."""

    ticket: Ticket
    counts: Counts
    has_fired: bool


def fire(
    ports: Ports,
    desk: Desk,
    rule: Rule,
    change: Change,
    counts: Counts,
    also: Sequence[table.Write],
) -> Done:
    """Write what a rule does, or that it rests from now on where it has done too much.

    Raises table.Lost where somebody was faster.
    """
    now, mails = ports.clock(), len(change.deliveries)
    excess = counts.excess(rule.id, mails, desk.limits, now)
    if excess:
        return Done(_pause(ports, desk, rule, change, excess, now), counts, has_fired=False)
    counted = counts.plus(rule.id, mails, now)
    noted = _noted(ports, rule, now)
    writes = [*also, store.counts_write(change.after.number, counted, now), *noted]
    change = followed.told(ports, change, RULES, now)
    saved = tickets.save(change, actor=RULES, cause=model.CAUSE, now=now, also=writes)
    if noted:
        ports.cache.pop("rules", None)
    return Done(saved.ticket, counted, has_fired=True)


# Pausing. ------------------------------------------------------------------------------------


def standing(ports: Ports) -> Standing:
    """Which rules are paused; at most half a minute old in a warm function."""
    cached: tuple[Standing, datetime] | None = ports.cache.get("rules")
    now = ports.clock()
    if cached and now < cached[1]:
        return cached[0]
    found = store.standing()
    ports.cache["rules"] = (found, now + FRESH_FOR)
    return found


def _noted(ports: Ports, rule: Rule, now: datetime) -> list[table.Write]:
    """When a rule last fired, written at most once a day."""
    last = standing(ports).fired.get(rule.id)
    is_known = last is not None and last.date() == now.date()
    return [] if is_known else [store.fired_write(rule.id, now)]


def _pause(ports: Ports, desk: Desk, rule: Rule, change: Change, why: str, now: datetime) -> Ticket:
    """Let a rule rest, on record, and tell whoever answers for it."""
    assert change.before is not None
    ticket = change.before
    fact = facts.RulePaused(rule.id, why, ticket.number)
    told = Change(ticket, ticket, (fact,), root=change.root, depth=change.depth)
    for agent in keepers(desk, rule):
        told = tickets.with_notice(
            ports, told, agent, mail="rule_paused", now=now, target=f"{rule.id} {why}"
        )
    pause = Pause(rule.id, now, why, ticket.number, rule.digest)
    entry = next_entry(store.SCOPE, store.end(), [fact], at=now, actor=RULES, cause=model.CAUSE)
    also = [store.pause_write(pause), entry_write(entry)]
    try:
        saved = tickets.save(told, actor=RULES, cause=model.CAUSE, now=now, also=also)
    finally:
        ports.cache.pop("rules", None)
    return saved.ticket


def keepers(desk: Desk, rule: Rule) -> list[Agent]:
    """Who answers for a rule: its owner, else all admins."""
    owner = desk.agents.get(rule.owner or "")
    return [owner] if owner else [agent for agent in desk.agents.values() if agent.is_admin]
