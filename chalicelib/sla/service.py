"""The verbs of the clock. The sweep records breaches and sends nothing: an escalation is the
reaction to the fact, so a sweep that dies half-way has lost nothing.
"""

from __future__ import annotations

from datetime import datetime

from chalicelib import facts, table
from chalicelib.desk.service import live_desk
from chalicelib.ledger.model import Actor
from chalicelib.ports import Ports
from chalicelib.tickets import changes
from chalicelib.tickets import service as tickets
from chalicelib.tickets import store as ticket_store
from chalicelib.tickets.changes import Change
from chalicelib.tickets.model import Contact, Ticket

CLOCK = Actor("system", "clock")
ESCALATION = Actor("system", "escalation")


def tick(ports: Ports, item: table.Item) -> None:
    """Record the breaches of a ticket whose alarm rang; none where somebody was faster."""
    first = ticket_store.ticket_of(item)
    if first is None:
        return
    try:
        _record(ports, first)
    except table.Lost:
        tickets.amend(
            ports,
            first.number,
            _breached,
            actor=CLOCK,
            cause="sweep",
        )


def _breached(ticket: Ticket | None, now: datetime) -> Change | None:
    return changes.breached(ticket, now) if ticket else None


def _record(ports: Ports, ticket: Ticket) -> None:
    now = ports.clock()
    change = changes.breached(ticket, now)
    if change:
        tickets.save(change, actor=CLOCK, cause="sweep", now=now)


def escalate(ports: Ports, number: int, seq: int, target: str) -> None:
    """Tell the group lead of a breach, once, however often the fact arrives."""
    desk = live_desk(ports)
    pk = table.ticket_pk(number)
    reaction = f"escalate#{target}"

    def decide(ticket: Ticket | None, now: datetime) -> Change | None:
        group = desk.groups.get(ticket.group) if ticket else None
        lead = desk.agents.get(group.lead or "") if group else None
        if ticket is None or lead is None:
            return None
        fact = facts.Escalated(target, lead.id)
        change = Change(ticket, ticket, (fact,))
        contact = Contact(lead.id, lead.name, lead.email, lead.locale)
        notice = tickets.delivery_to(
            ports, change, contact, None, mail="escalation", now=now, target=target
        )
        return changes.with_deliveries(change, [notice])

    claim = tickets.Claim(
        (pk, table.effect_sk(seq, reaction)),
        lambda _number, _seq: ticket_store.effect_write(number, seq, reaction, ports.clock()),
    )
    try:
        tickets.amend(ports, number, decide, actor=ESCALATION, cause=f"{pk}/{seq}", claim=claim)
    except tickets.Done:
        return
