"""Who else has a ticket open, for programs that show it to agents of their own."""

from __future__ import annotations

from typing import Any

from chalicelib.errors import Invalid
from chalicelib.tickets import presence
from chalicelib.tickets.presence import Mode
from chalicelib.web import present
from chalicelib.web.api import fields
from chalicelib.web.files import number_of
from chalicelib.web.routing import Access, Call, Route

BEAT = {"mode": fields.TEXT}


def set_presence(call: Call, number: str) -> dict[str, Any]:
    """Say that somebody views a ticket, writes on it or has left, and read who else is there."""
    fields.check(call.body, BEAT)
    mode = mode_of(call)
    there = presence.beat(call.ports, call.who, number_of(number), mode)
    return {"others": [present.presence_json(call.desk, one) for one in there]}


def mode_of(call: Call) -> Mode:
    """What the caller does at the ticket: views it where nothing else is said."""
    try:
        return Mode(str(call.body.get("mode", Mode.VIEWING)))
    except ValueError as error:
        raise Invalid("Say what you do.", fields={"mode": f"one of {', '.join(Mode)}"}) from error


ROUTES = [
    Route(
        "POST",
        "/api/v1/tickets/{number}/presence",
        set_presence,
        Access.TOKEN,
        takes="json",
        scope="tickets:read",
    )
]
