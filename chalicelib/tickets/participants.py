"""Who else is on a ticket: bringing somebody in, and taking them off again."""

from __future__ import annotations

from datetime import datetime

from chalicelib.desk.service import live_desk
from chalicelib.errors import Conflict, Invalid
from chalicelib.people import service as people
from chalicelib.ports import Ports
from chalicelib.tickets import changes
from chalicelib.tickets.access import Who, seen
from chalicelib.tickets.changes import Change
from chalicelib.tickets.model import PARTICIPANT_LIMIT, Contact, Ticket
from chalicelib.tickets.service import Saved, amend


def add(ports: Ports, who: Who, number: int, email: str, name: str = "") -> Saved:
    """Bring somebody in, who gets replies from then on and sees nothing older. Twice is once."""
    who.need("tickets:write")
    desk = live_desk(ports)
    if not people.is_address(email):
        raise Invalid("Nobody can be written to there.", fields={"email": "is no address"})
    if desk.group_at(email):
        raise Invalid("The desk does not write to itself.", fields={"email": "is one of ours"})
    address, writes = people.find_or_make(ports, email, name, text="", locale=desk.locale)

    def decide(found: Ticket | None, _now: datetime) -> Change | None:
        ticket = seen(who, found, number)
        if ticket.place_of(email) is not None:
            return None
        if len(ticket.contacts) >= PARTICIPANT_LIMIT:
            raise Conflict(f"At most {PARTICIPANT_LIMIT} people can take part in a ticket.")
        return changes.with_contact(Change(ticket, ticket, ()), Contact.from_address(address))

    return amend(ports, number, decide, actor=who.actor, cause="participant", also=writes)


def remove(ports: Ports, who: Who, number: int, email: str) -> Saved:
    """Take a participant off, whoever brought them in. Twice is once."""
    who.need("tickets:write")

    def decide(found: Ticket | None, _now: datetime) -> Change | None:
        ticket = seen(who, found, number)
        change = changes.without_contact(Change(ticket, ticket, ()), email)
        return change if change.facts else None

    return amend(ports, number, decide, actor=who.actor, cause="participant")
