"""The end of a status that lasts only so long: a wait that is over, a solved ticket that closes.

The sweep brings every ticket whose time has come; the lock on its head makes each end happen once.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from chalicelib import facts, table
from chalicelib.desk.forms import CLOSING
from chalicelib.desk.model import Agent, Desk
from chalicelib.desk.service import live_desk
from chalicelib.desk.statuses import REMIND, REOPEN
from chalicelib.ledger.model import CLOCK
from chalicelib.ports import Ports
from chalicelib.tickets import changes, edits, forms, service, statuses, store
from chalicelib.tickets.changes import Change
from chalicelib.tickets.model import Status, Ticket


def wake(ports: Ports, item: table.Item) -> None:
    """End the status of a ticket whose time in it is over; tell whoever looks after it."""
    found = store.ticket_of(item)
    if found is None or found.until is None or found.until > ports.clock():
        return
    desk = live_desk(ports)

    def decide(ticket: Ticket | None, now: datetime) -> Change | None:
        change = ended(ticket, desk, now) if ticket else None
        agent = _caretaker(change, desk) if change else None
        if change is None or agent is None:
            return change
        return service.with_notice(ports, change, agent, mail="waiting_over", now=now)

    service.amend(ports, found.number, decide, actor=CLOCK, cause="until")


def ended(ticket: Ticket, desk: Desk, now: datetime) -> Change | None:
    """What the end of its time does to a ticket; None where it has not come. Pure."""
    if ticket.until is None or ticket.until > now:
        return None
    status = statuses.status_of(ticket, desk)
    if ticket.status is Status.SOLVED:
        then, following = "close", desk.statuses[Status.CLOSED]
    elif ticket.status not in statuses.WAITING or status.at_until == REMIND:
        then, following = REMIND, status
    else:
        then = _after_wait(ticket, desk, now)
        following = desk.statuses[Status.OPEN if then == REOPEN else then]
    fact = facts.StatusEnded(then, ticket.reason)
    change = Change(ticket, replace(ticket, until=None, version=ticket.version + 1), (fact,))
    return changes.moved(change, following, desk, now)


def _after_wait(ticket: Ticket, desk: Desk, now: datetime) -> str:
    """What follows a wait; a ticket that lacks what solving it takes is opened instead."""
    then = statuses.status_of(ticket, desk).at_until
    if then == REOPEN or desk.statuses[then].category not in statuses.OVER:
        return then
    over = Change(ticket, replace(ticket, status=Status.SOLVED), ())
    lacks = forms.missing(ticket, desk, CLOSING, now) or edits.left_open(over, desk)
    return REOPEN if lacks else then


def _caretaker(change: Change, desk: Desk) -> Agent | None:
    """Who looks after a ticket that waits no more: its assignee, else the lead of its group."""
    before = change.before
    if before is None or before.status not in statuses.WAITING:
        return None
    return desk.agents.get(before.assignee or "") or desk.lead_of(before.group)
