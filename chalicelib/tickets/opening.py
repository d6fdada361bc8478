"""What somebody wants of a new ticket, and the ticket that it is before its first article. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chalicelib.desk.fields import Values
from chalicelib.tickets.changes import SUBJECT_LIMIT
from chalicelib.tickets.model import Contact, Status, Ticket

PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Opening:
    """A new ticket as somebody outside or a program asks for it."""

    group: str
    subject: str
    contact: Contact
    channel: str
    priority: str = "normal"
    tags: tuple[str, ...] = ()
    follow_up_of: int | None = None
    assignee: str | None = None
    type: str = ""
    form: str = ""
    fields: Values = field(default_factory=dict)
    is_internal: bool = False
    is_acknowledged: bool = True
    organization: str = ""


def of_ticket(ticket: Ticket) -> dict[str, Any]:
    """What an opening takes over from the ticket that it follows."""
    names = ("tags", "type", "form", "fields", "is_internal", "organization")
    return {name: getattr(ticket, name) for name in names}


def new_ticket(number: int, opening: Opening, now: datetime) -> Ticket:
    """The ticket of an opening, before its first article."""
    return Ticket(
        number=number,
        status=Status.NEW,
        subject=opening.subject[:SUBJECT_LIMIT] or "-",
        group=opening.group,
        assignee=opening.assignee,
        contacts=(opening.contact,),
        priority=opening.priority,
        tags=opening.tags,
        opened_at=now,
        updated_at=now,
        follow_up_of=opening.follow_up_of,
        type=opening.type,
        form=opening.form,
        fields=opening.fields,
        is_internal=opening.is_internal,
        organization=opening.organization,
    )
