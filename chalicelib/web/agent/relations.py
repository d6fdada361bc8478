"""What the forms of a ticket's page do with two tickets: merge, unmerge, split, link; and with
whoever else is on it.

Where something cannot be done the page comes back, and says why beside the form.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from chalice.app import Response

from chalicelib import i18n
from chalicelib.errors import Conflict, DeskError, Invalid, NotFound
from chalicelib.tickets import joining, participants, service
from chalicelib.web import idempotency, pages
from chalicelib.web.agent import ticket
from chalicelib.web.files import number_of
from chalicelib.web.routing import Call

# What stands before the seq in the name of an article's box.
CHOSEN = "article-"


def merge(call: Call, number: str) -> Response:
    """Let the ticket lead to another one."""
    found, adds_people = number_of(number), call.body.get("people") == "yes"

    def verb() -> int:
        joining.merge(call.ports, call.who, found, _other(call), adds_people=adds_people)
        return found

    return _done(call, found, "merge", "merged", verb)


def unmerge(call: Call, number: str) -> Response:
    """Make a merged ticket one of its own again."""
    found = number_of(number)

    def verb() -> int:
        return joining.unmerge(call.ports, call.who, found).number

    return _done(call, found, "merge", "unmerged", verb)


def split(call: Call, number: str) -> Response:
    """Make a new ticket of the chosen articles, and show it."""
    found = number_of(number)
    chosen = [name.removeprefix(CHOSEN) for name in call.body if name.startswith(CHOSEN)]
    claim = idempotency.claim(call, str(call.body.get("nonce", "")))

    def verb() -> int:
        seqs, subject = [number_of(seq) for seq in chosen], str(call.body.get("subject", ""))
        verb = partial(joining.split, subject=subject, claim=claim)
        try:
            made = verb(call.ports, call.who, found, seqs)
        except service.Done as done:
            return int(idempotency.replayed(call, done).number)
        return made.ticket.number

    return _done(call, found, "split", "split", verb)


def link(call: Call, number: str) -> Response:
    """Say what another ticket is to this one."""
    return _linked(call, number, joining.link)


def unlink(call: Call, number: str) -> Response:
    """Take back what another ticket is to this one."""
    return _linked(call, number, joining.unlink)


def _linked(call: Call, number: str, change: Callable[..., None]) -> Response:
    found, kind = number_of(number), str(call.body.get("type", ""))

    def verb() -> int:
        change(call.ports, call.who, found, kind, _other(call))
        return found

    return _done(call, found, "link", "saved", verb)


def bring_in(call: Call, number: str) -> Response:
    """Bring somebody into the ticket."""
    found, name = number_of(number), str(call.body.get("name", ""))

    def verb() -> int:
        return participants.add(call.ports, call.who, found, _email(call), name).ticket.number

    return _done(call, found, "participants", "saved", verb)


def take_off(call: Call, number: str) -> Response:
    """Take a participant off the ticket."""
    found = number_of(number)

    def verb() -> int:
        return participants.remove(call.ports, call.who, found, _email(call)).ticket.number

    return _done(call, found, "participants", "saved", verb)


def _email(call: Call) -> str:
    return str(call.body.get("email", "")).strip()


def _other(call: Call) -> int:
    """The number that somebody typed, with or without what we write before it."""
    return number_of(str(call.body.get("ticket", "")).strip().removeprefix("#"))


def _done(call: Call, number: int, form: str, notice: str, verb: Callable[[], int]) -> Response:
    """Run a verb, and go to the page of the ticket that it answers with."""
    try:
        shown = verb()
    except (Conflict, Invalid, NotFound) as error:
        return ticket.refuse(call, number, error, {"form": form, "why": _words(call, error)})
    return pages.see_other(call, f"/agent/tickets/{shown}", notice=notice)


def _words(call: Call, error: DeskError) -> str:
    """Our messages are English: who reads another language is told that it cannot be."""
    told = next(iter(error.fields.values()), "")
    return f"{error.message} {told}".strip() if call.locale == i18n.SOURCE else ""
