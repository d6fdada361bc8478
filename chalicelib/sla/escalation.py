"""What follows from a miss and from the steps of a ladder: a reaction to the facts of the sweep.

What a step sets holds already when it calls somebody. It is all one transaction, with the claim on
the reaction, so a fact that comes twice is followed once.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from chalicelib import facts, i18n, table
from chalicelib.clocks.model import AT_THE_MISS, SIMPLE, Clock, Ladder, Step
from chalicelib.desk.model import Desk
from chalicelib.desk.service import live_desk
from chalicelib.ledger.model import Actor
from chalicelib.people.absences import absent_now
from chalicelib.ports import Ports
from chalicelib.sla.recipients import Recipient, recipients, with_substitutes
from chalicelib.tickets import changes, promised
from chalicelib.tickets import service as tickets
from chalicelib.tickets import store as ticket_store
from chalicelib.tickets.changes import Change
from chalicelib.tickets.edits import Edit, applied
from chalicelib.tickets.model import Article, ArticleKind, Author, Ticket

ESCALATION = Actor("system", "escalation")
Occasion = facts.TargetNear | facts.TargetBreached | facts.TargetOverdue | facts.StepCalled


def escalate(ports: Ports, number: int, seq: int, fact: facts.Fact) -> None:
    """Do what the step says that this fact is about, and propose what the policy has for a miss.

    Once, however often the fact arrives. Raises TypeError for any other fact.
    """
    if not isinstance(fact, Occasion):
        raise TypeError(f"{fact.type} is nothing that escalates")
    desk = live_desk(ports)
    pk, reaction = table.ticket_pk(number), f"escalate#{fact.target}#{_at(fact)}"

    def decide(ticket: Ticket | None, now: datetime) -> Change | None:
        change = _followed(ports, Change(ticket, ticket, ()), desk, fact, now) if ticket else None
        return change if change and change.facts else None

    claim = tickets.Claim(
        (pk, table.effect_sk(seq, reaction)),
        lambda _number, _seq: ticket_store.effect_write(number, seq, reaction, ports.clock()),
    )
    try:
        tickets.amend(ports, number, decide, actor=ESCALATION, cause=f"{pk}/{seq}", claim=claim)
    except tickets.Done:
        return


def _at(fact: Occasion) -> str:
    return AT_THE_MISS if isinstance(fact, facts.TargetBreached) else fact.at


def _followed(ports: Ports, change: Change, desk: Desk, fact: Occasion, now: datetime) -> Change:
    ticket = change.after
    is_miss = isinstance(fact, facts.TargetBreached)
    clock = next((clock for clock in ticket.clocks if clock.name == fact.target), None)
    if is_miss:
        change = _compensated(change, desk, clock, fact.target, now)
    ladder = _ladder(clock, desk)
    step = ladder.step(_at(fact))
    is_over = step is not None and _is_over(ticket, clock, step)
    if step is None or (is_over and not is_miss):
        # It came, and somebody was faster than this reaction.
        return change
    if not is_over and not isinstance(fact, facts.StepCalled):
        change = _set(ports, change, desk, fact, (ladder, step), now)
    waits = not isinstance(fact, facts.StepCalled) and fact.waits
    return change if waits else _told(ports, change, desk, fact, (ladder, step), now)


def _ladder(clock: Clock | None, desk: Desk) -> Ladder:
    policy = desk.policies.get(clock.policy) if clock else None
    return policy.ladder_of(clock.metric) if clock and policy else SIMPLE


def _is_over(ticket: Ticket, clock: Clock | None, step: Step) -> bool:
    """Whether what ends the calls of a step has happened."""
    is_met = clock is not None and clock.met_at is not None and "met" in step.stops
    return is_met or (ticket.is_over and "closed" in step.stops)


def _set(
    ports: Ports,
    change: Change,
    desk: Desk,
    fact: Occasion,
    found: tuple[Ladder, Step],
    now: datetime,
) -> Change:
    """The change with what the step sets, as far as it can be set, and why the rest cannot."""
    ladder, step = found
    if not step.sets:
        return change
    wanted = Edit(**step.sets)
    away = absent_now(ports, [wanted.assignee] if isinstance(wanted.assignee, str) else [], now)
    edit, problems = applied(change.after, wanted, desk, now, away=away)
    if edit:
        after = promised.still_calling(edit.after, change.after, desk, fact.target, step.at)
        change = replace(change, after=after, facts=(*change.facts, *edit.facts))
    if problems:
        blocked = facts.StepBlocked(fact.target, step.at, ladder.level(step.at), problems)
        change = replace(change, facts=(*change.facts, blocked))
    return change


def _told(
    ports: Ports,
    change: Change,
    desk: Desk,
    fact: Occasion,
    found: tuple[Ladder, Step],
    now: datetime,
) -> Change:
    """The change with a mail to everybody whom the step calls, and a fact for each."""
    ladder, step = found
    called = _called(ports, step, change.after, desk, now)
    calls = fact.calls if isinstance(fact, facts.StepCalled) else 1
    level = ladder.level(step.at)

    def told(one: Recipient) -> facts.Escalated:
        email = "" if one.agent else one.contact.email
        return facts.Escalated(
            fact.target, one.agent, step.at, level, one.role, calls, email, one.absent
        )

    if step.notify and not called and level:
        nobody = facts.Escalated(fact.target, None, step.at, level, "nobody", calls)
        return replace(change, facts=(*change.facts, nobody))
    change = replace(change, facts=(*change.facts, *map(told, called)))
    is_missed = any(one.name == fact.target and one.breached_at for one in change.after.clocks)
    mail = "escalation" if is_missed or isinstance(fact, facts.TargetBreached) else "warning"
    notices = [
        tickets.delivery_to(
            ports, change, one.contact, None, mail=mail, now=now, target=fact.target
        )
        for one in called
    ]
    return changes.with_deliveries(change, notices)


def _called(
    ports: Ports, step: Step, ticket: Ticket, desk: Desk, now: datetime
) -> tuple[Recipient, ...]:
    found = recipients(step.notify, ticket, desk)
    agents = [one.agent for one in found if one.agent]
    away = absent_now(ports, agents, now) if agents else {}
    return with_substitutes(found, away, ticket, desk)


def _compensated(
    change: Change, desk: Desk, clock: Clock | None, target: str, now: datetime
) -> Change:
    """The change with a note of what agents may offer for the miss, where the policy says so."""
    ticket = change.after
    policy = desk.policies.get(clock.policy) if clock else None
    if policy is None or not policy.compensation:
        return change
    group = desk.groups.get(ticket.group)
    locale = group.locale if group else desk.locale
    text = i18n.word("proposal", "compensation", locale) % {
        "target": i18n.word("target", target, locale),
        "text": policy.compensation,
    }
    note = Article(
        number=ticket.number,
        seq=change.seq,
        kind=ArticleKind.NOTE,
        author=Author("system", desk.name),
        text=text,
        at=now,
    )
    return changes.written_by_agent(ticket, note, desk)
