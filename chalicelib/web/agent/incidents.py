"""The form on the page of a problem that answers all its incidents, and what became of each."""

from __future__ import annotations

from chalice.app import Response

from chalicelib import i18n
from chalicelib.desk.model import LOCALES
from chalicelib.errors import Conflict, Invalid
from chalicelib.tickets.incidents import Result
from chalicelib.web import pages
from chalicelib.web.agent import ticket
from chalicelib.web.api import incidents
from chalicelib.web.files import number_of
from chalicelib.web.routing import Call


def reply(call: Call, number: str) -> Response:
    """Answer them all; the page that comes back names those that could not be."""
    found = number_of(number)
    texts = {locale: str(call.body.get(f"text-{locale}", "")) for locale in LOCALES}
    solves = call.body.get("solve") == "yes"
    try:
        results = incidents.reply(call, found, str(call.body.get("nonce", "")), texts)
    except (Conflict, Invalid) as error:
        why = error.message if call.locale == i18n.SOURCE else ""
        return ticket.refuse(call, found, error, {"form": "incidents", "why": why})
    return pages.html(
        call,
        "agent/incidents.html",
        number=found,
        solved=solves,
        results=[_shown(call, one) for one in results],
        again={name: value for name, value in call.body.items() if name != "csrf_token"},
        **pages.frame(call, "inbox"),
    )


def _shown(call: Call, one: Result) -> dict[str, object]:
    why = None
    if one.error:
        told = "; ".join([one.error.message, *one.error.fields.values()])
        why = told if call.locale == i18n.SOURCE else one.error.code
    return {"number": one.number, "why": why, "is_left": one.is_left}
