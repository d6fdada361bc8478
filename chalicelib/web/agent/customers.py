"""The page about a customer, a person or an organization, and what the forms of its notes do."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from chalice.app import Response

from chalicelib import i18n, table
from chalicelib.desk.model import Desk
from chalicelib.errors import Conflict, DeskError, Invalid
from chalicelib.notes import service
from chalicelib.notes.model import Wanted
from chalicelib.notes.service import Kind
from chalicelib.people.model import Person
from chalicelib.people.notes import Note, Subject, about
from chalicelib.tickets import store as tickets
from chalicelib.tickets.service import Done
from chalicelib.web import errors, idempotency, pages, paging
from chalicelib.web.agent import shown
from chalicelib.web.routing import Call

PERSON = "/agent/people/{person}"
ORGANIZATION = "/agent/organizations/{organization}"
_PATHS = {Kind.PERSON: "/agent/people/", Kind.ORGANIZATION: "/agent/organizations/"}


def show_person(call: Call, person: str) -> Response:
    """A person with notes and tickets, those alone that the agent sees: two calls to the table."""
    return _page(call, Kind.PERSON, person)


def show_organization(call: Call, organization: str) -> Response:
    """An organization with its notes: one call to the table."""
    return _page(call, Kind.ORGANIZATION, organization)


def add_on_person(call: Call, person: str) -> Response:
    """Write a note on a person."""
    return _add(call, Kind.PERSON, person)


def add_on_organization(call: Call, organization: str) -> Response:
    """Write a note on an organization."""
    return _add(call, Kind.ORGANIZATION, organization)


def change_on_person(call: Call, person: str, note: str) -> Response:
    """Tick a note off or back on, or take it away, as the button says."""
    return _change(call, Kind.PERSON, person, note)


def change_on_organization(call: Call, organization: str, note: str) -> Response:
    """Tick a note off or back on, or take it away, as the button says."""
    return _change(call, Kind.ORGANIZATION, organization, note)


def shown_reminders(call: Call) -> dict[str, Any]:
    """An agent's open reminders as the page of their own work has them: two calls."""
    found, has_more = service.reminders(call.who, call.who.agent or "")
    return {
        "reminders": [
            {
                **_note(call.desk, note),
                "about": subject.name or getattr(subject, "email", ""),
                "path": _PATHS[Kind(about(note)[0])] + subject.id,
            }
            for note, subject in found
        ],
        "has_more_reminders": has_more,
    }


def _page(call: Call, kind: Kind, subject: str, refused: DeskError | None = None) -> Response:
    card = service.read(call.who, kind, subject)
    return pages.html(
        call,
        "agent/customer.html",
        errors.status_of(refused) if refused else 200,
        here=_PATHS[kind] + card.subject.id,
        customer=_customer(card.subject),
        notes=[_note(call.desk, one) for one in card.notes],
        refused=_refused(call, refused),
        nonce=call.ports.new_id(),
        now=call.ports.clock(),
        **_tickets(call, card.subject),
        **pages.frame(call),
    )


def _refused(call: Call, error: DeskError | None) -> dict[str, str] | None:
    """Why a note was not taken, with what was typed."""
    if error is None:
        return None
    told = "; ".join(error.fields.values())
    why = f"{error.message} {told}".strip() if call.locale == i18n.SOURCE else ""
    return {"why": why, **{name: str(call.body.get(name, "")) for name in ("text", "due")}}


def _customer(subject: Subject) -> dict[str, Any]:
    is_person = isinstance(subject, Person)
    lines = [subject.email] if isinstance(subject, Person) else [*subject.domains, subject.note]
    return {
        "name": subject.name or lines[0],
        "lines": [line for line in lines if line],
        "is_person": is_person,
    }


def _note(desk: Desk, note: Note) -> dict[str, Any]:
    return {
        "id": note.id,
        "text": note.text,
        "author": shown.agent_name(desk, note.by) or note.by,
        "at": note.at,
        "owner_name": shown.agent_name(desk, note.owner),
        "due_at": note.due_at,
        "is_done": note.is_done,
        "done_at": note.done_at,
    }


def _tickets(call: Call, subject: Subject) -> dict[str, Any]:
    """A page of the tickets that a person asked for, the newest first, as far as they are seen."""
    if not isinstance(subject, Person):
        return {"tickets": [], "next": None}
    keys, scope = call.ports.keys(), f"person {subject.id}"
    start = paging.from_cursor(keys, scope, call.query.get("cursor"))
    pk = table.person_pk(subject.id)
    page = tickets.list_page("gsi2", pk, limit=paging.LIMIT, start=start)
    seen = [
        shown.row(call.desk, item)
        for item in page.items
        if call.who.may_see(item.columns["group"], item.columns.get("assignee"))
    ]
    return {"tickets": seen, "next": paging.to_cursor(keys, scope, page.next_key)}


def _add(call: Call, kind: Kind, subject: str) -> Response:
    claim = idempotency.claim(call, str(call.body.get("nonce", "")))
    text, owner, due = (str(call.body.get(name, "")) for name in ("text", "owner", "due"))
    wanted = Wanted(text=text, owner=owner, due=due)
    verb = partial(service.add, call.ports, call.who, kind, subject, wanted, claim=claim)
    return _done(call, kind, subject, verb)


def _change(call: Call, kind: Kind, subject: str, note: str) -> Response:
    place = (call.ports, call.who, kind, subject, note)
    do = call.body.get("do")
    if do == "remove":
        return _done(call, kind, subject, partial(service.remove, *place))
    return _done(call, kind, subject, partial(service.change, *place, Wanted(is_done=do == "done")))


def _done(call: Call, kind: Kind, subject: str, verb: Callable[[], object]) -> Response:
    """Run a verb, and show the page; where it was refused, with why beside the form."""
    try:
        verb()
    except Done as done:
        idempotency.replayed(call, done)
    except (Conflict, Invalid) as error:
        return _page(call, kind, subject, error)
    return pages.see_other(call, f"{_PATHS[kind]}{subject}#notes")
