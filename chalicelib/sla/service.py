"""The verbs of the clock. The sweep records breaches and warnings, each with what is to be sent
about it or as a fact that is reacted to, so a sweep that dies half-way has lost nothing.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from chalicelib import facts, i18n, table
from chalicelib.desk.model import Agent, Desk
from chalicelib.desk.service import live_desk
from chalicelib.ledger.model import Actor
from chalicelib.ports import Ports
from chalicelib.sla.explain import Explanation, explained
from chalicelib.tickets import changes, promised
from chalicelib.tickets import service as tickets
from chalicelib.tickets import store as ticket_store
from chalicelib.tickets.access import Who, seen
from chalicelib.tickets.changes import Change
from chalicelib.tickets.model import Article, ArticleKind, Author, Contact, Ticket

CLOCK = Actor("system", "clock")
ESCALATION = Actor("system", "escalation")


def tick(ports: Ports, item: table.Item) -> None:
    """Record what is due on a ticket whose alarm rang; nothing where somebody was faster."""
    first = ticket_store.ticket_of(item)
    if first is None:
        return
    now = ports.clock()
    change = _due(ports, first, now)
    if change is None:
        return
    try:
        tickets.save(change, actor=CLOCK, cause="sweep", now=now)
    except table.Lost:

        def decide(ticket: Ticket | None, now: datetime) -> Change | None:
            return _due(ports, ticket, now) if ticket else None

        tickets.amend(ports, first.number, decide, actor=CLOCK, cause="sweep")


def _due(ports: Ports, ticket: Ticket, now: datetime) -> Change | None:
    """The breaches due by now and, where a warning is, that it is given."""
    change = changes.breached(ticket, now)
    clocks = change.after.clocks if change else ticket.clocks
    if any(clock.warn_at and clock.warn_at <= now for clock in clocks):
        return _warned(ports, change or Change(ticket, ticket, ()), now)
    return change


def _warned(ports: Ports, change: Change, now: datetime) -> Change:
    """The change with the warnings due by now: one mail, about what will be missed first.

    It goes to the assignee, or to the lead where nobody has the ticket.
    """
    desk = live_desk(ports)
    ticket, near = promised.warned(change.after, desk, now)
    change = replace(change, after=ticket, facts=(*change.facts, *near))
    agent = desk.agents.get(ticket.assignee or "") or _lead(desk, ticket)
    if agent is None or not near:
        return change
    target = min(near, key=lambda fact: fact.due_at).target
    notice = tickets.delivery_to(
        ports, change, _contact(agent), None, mail="warning", now=now, target=target
    )
    return changes.with_deliveries(change, [notice])


def _lead(desk: Desk, ticket: Ticket) -> Agent | None:
    group = desk.groups.get(ticket.group)
    return desk.agents.get(group.lead or "") if group else None


def _contact(agent: Agent) -> Contact:
    return Contact(agent.id, agent.name, agent.email, agent.locale)


def escalate(ports: Ports, number: int, seq: int, target: str) -> None:
    """Tell the group lead of a breach, and propose what the policy has for it.

    Once, however often the fact arrives.
    """
    desk = live_desk(ports)
    pk = table.ticket_pk(number)
    reaction = f"escalate#{target}"

    def decide(ticket: Ticket | None, now: datetime) -> Change | None:
        if ticket is None:
            return None
        change = _compensated(Change(ticket, ticket, ()), desk, target, now)
        lead = _lead(desk, ticket)
        if lead:
            change = replace(change, facts=(*change.facts, facts.Escalated(target, lead.id)))
            notice = tickets.delivery_to(
                ports, change, _contact(lead), None, mail="escalation", now=now, target=target
            )
            change = changes.with_deliveries(change, [notice])
        return change if change.facts else None

    claim = tickets.Claim(
        (pk, table.effect_sk(seq, reaction)),
        lambda _number, _seq: ticket_store.effect_write(number, seq, reaction, ports.clock()),
    )
    try:
        tickets.amend(ports, number, decide, actor=ESCALATION, cause=f"{pk}/{seq}", claim=claim)
    except tickets.Done:
        return


def _compensated(change: Change, desk: Desk, target: str, now: datetime) -> Change:
    """The change with a note of what agents may offer for the miss, where the policy says so."""
    ticket = change.after
    clock = next((clock for clock in ticket.clocks if clock.name == target), None)
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


def explain(ports: Ports, who: Who, number: int) -> tuple[Explanation, ...]:
    """How the due times of a ticket came about; it reads all of the ticket."""
    who.need("tickets:read")
    items = ticket_store.everything(number)
    found = next((ticket for item in items if (ticket := ticket_store.ticket_of(item))), None)
    ticket = seen(who, found, number)
    entries = sorted(ticket_store.entries_in(items), key=lambda entry: entry.seq)
    return explained(ticket, entries, live_desk(ports), ports.clock())
