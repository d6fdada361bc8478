"""Who else is on a ticket, for programs."""

from __future__ import annotations

from typing import Any

from chalicelib.tickets import participants
from chalicelib.web import present
from chalicelib.web.api import fields
from chalicelib.web.api.shapes import TEXT, Operation, Schema, asked
from chalicelib.web.files import number_of
from chalicelib.web.routing import Access, Call, Route

NEW = {"email": fields.TEXT, "name": fields.TEXT_OR_NULL}
GONE = {"email": fields.TEXT}


def add_participant(call: Call, number: str) -> dict[str, Any]:
    """Bring somebody into a ticket, who gets its replies from then on."""
    fields.check(call.body, NEW)
    email, name = str(call.body.get("email") or ""), str(call.body.get("name") or "")
    saved = participants.add(call.ports, call.who, number_of(number), email.strip(), name)
    return present.summary(call.desk, saved.ticket)


def remove_participant(call: Call, number: str) -> dict[str, Any]:
    """Take a participant off a ticket."""
    fields.check(call.body, GONE)
    email = str(call.body.get("email") or "")
    saved = participants.remove(call.ports, call.who, number_of(number), email.strip())
    return present.summary(call.desk, saved.ticket)


_EMAIL: Schema = {**TEXT, "description": "An address."}
SCHEMAS: dict[str, Schema] = {
    "NewParticipant": asked("email", email=_EMAIL, name={**TEXT, "type": ["string", "null"]}),
    "GoneParticipant": asked("email", email=_EMAIL),
}
OPERATIONS = {
    "add_participant": Operation(
        200,
        "TicketSummary",
        "NewParticipant",
        more="They see what is written from then on. Again is the same as once.",
        has_conflicts=True,
    ),
    "remove_participant": Operation(
        200,
        "TicketSummary",
        "GoneParticipant",
        more="Their link opens nothing any more, and what they write is held. Again is the same "
        "as once; the requester stays.",
        has_conflicts=True,
    ),
}
_PATH = "/api/v1/tickets/{number}/participants"
ROUTES = [
    Route("POST", _PATH, add_participant, Access.TOKEN, takes="json", scope="tickets:write"),
    Route("DELETE", _PATH, remove_participant, Access.TOKEN, takes="json", scope="tickets:write"),
]
