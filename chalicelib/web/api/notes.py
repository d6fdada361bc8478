"""Notes by API: what is written down about a person or an organization."""

from __future__ import annotations

from functools import partial
from typing import Any

from chalice.app import Response

from chalicelib.notes import service
from chalicelib.notes.model import TEXT_LIMIT, Wanted
from chalicelib.notes.service import Kind
from chalicelib.people.notes import NOTE_LIMIT
from chalicelib.tickets.edits import UNSET
from chalicelib.tickets.service import Done
from chalicelib.web import idempotency, present
from chalicelib.web.api import fields
from chalicelib.web.api.shapes import (
    FLAG,
    INSTANT,
    TEXT,
    Operation,
    Schema,
    asked,
    many,
    mapping,
    or_null,
    ref,
    text,
)
from chalicelib.web.routing import Access, Call, Route, json_answer

NEW = {"text": fields.TEXT, "owner": fields.TEXT_OR_NULL, "due": fields.TEXT_OR_NULL}
CHANGES = {**NEW, "is_done": fields.FLAG}


def list_notes_on_person(call: Call, person: str) -> dict[str, Any]:
    """The notes on a person, oldest first."""
    return _list(call, Kind.PERSON, person)


def list_notes_on_organization(call: Call, organization: str) -> dict[str, Any]:
    """The notes on an organization, oldest first."""
    return _list(call, Kind.ORGANIZATION, organization)


def add_note_on_person(call: Call, person: str) -> Response:
    """Write a note on a person."""
    return _add(call, Kind.PERSON, person)


def add_note_on_organization(call: Call, organization: str) -> Response:
    """Write a note on an organization."""
    return _add(call, Kind.ORGANIZATION, organization)


def patch_note_on_person(call: Call, person: str, note: str) -> dict[str, Any]:
    """Change a note on a person, or tick it off."""
    return _patch(call, Kind.PERSON, person, note)


def patch_note_on_organization(call: Call, organization: str, note: str) -> dict[str, Any]:
    """Change a note on an organization, or tick it off."""
    return _patch(call, Kind.ORGANIZATION, organization, note)


def delete_note_on_person(call: Call, person: str, note: str) -> dict[str, Any]:
    """Take a note on a person away."""
    return _delete(call, Kind.PERSON, person, note)


def delete_note_on_organization(call: Call, organization: str, note: str) -> dict[str, Any]:
    """Take a note on an organization away."""
    return _delete(call, Kind.ORGANIZATION, organization, note)


def _list(call: Call, kind: Kind, subject: str) -> dict[str, Any]:
    card = service.read(call.who, kind, subject)
    return {"items": [present.note_json(call.desk, one) for one in card.notes]}


def _add(call: Call, kind: Kind, subject: str) -> Response:
    fields.check(call.body, NEW)
    claim = idempotency.claim(call)
    try:
        note = service.add(call.ports, call.who, kind, subject, _wanted(call, *NEW), claim=claim)
    except Done as done:
        idempotency.replayed(call, done)
        assert claim is not None, "only a claim can be taken"
        card = service.read(call.who, kind, subject)
        note = service.one_of(card, service.id_of(call.ports, claim))
    return json_answer(present.note_json(call.desk, note), status=201)


def _patch(call: Call, kind: Kind, subject: str, note: str) -> dict[str, Any]:
    fields.check(call.body, CHANGES)
    wanted = _wanted(call, *CHANGES)
    found = service.change(call.ports, call.who, kind, subject, note, wanted)
    return present.note_json(call.desk, found)


def _delete(call: Call, kind: Kind, subject: str, note: str) -> dict[str, Any]:
    service.remove(call.ports, call.who, kind, subject, note)
    return {"id": note}


def _wanted(call: Call, *names: str) -> Wanted:
    return Wanted(**{name: call.body.get(name, UNSET) for name in names})


_OWNER = or_null(text(description="Whom it reminds: an agent's id or address; null for nobody."))
_DUE = or_null(
    text(description="An instant, a local time, a date, or `+2 business days`; null for no time.")
)
_TEXT = text(minLength=1, maxLength=TEXT_LIMIT)
SCHEMAS: dict[str, Schema] = {
    "Note": mapping(
        id=TEXT,
        text=text(maxLength=TEXT_LIMIT),
        author=text(description="An agent's address, or the name of a token."),
        at=INSTANT,
        owner=or_null(text(description="The address of the agent whom it reminds.")),
        due_at=or_null(INSTANT),
        is_done=FLAG,
        done_at=or_null(INSTANT),
    ),
    "Notes": mapping(items=many(ref("Note"))),
    "NewNote": asked("text", text=_TEXT, owner=_OWNER, due=_DUE),
    "NoteChanges": asked(text=_TEXT, owner=_OWNER, due=_DUE, is_done=FLAG),
    "NoteGone": mapping(id=TEXT),
}
_MORE = (
    f"At most {NOTE_LIMIT} on each. One that is open and has an owner stands in the list of what "
    "they have to do; one with a time and no owner reminds the agent who writes it."
)
OPERATIONS = {
    f"{verb}_on_{kind}": operation
    for kind in Kind
    for verb, operation in {
        "list_notes": Operation(200, "Notes"),
        "add_note": Operation(201, "Note", "NewNote", more=_MORE),
        "patch_note": Operation(200, "Note", "NoteChanges"),
        "delete_note": Operation(200, "NoteGone"),
    }.items()
}
_PERSON = "/api/v1/people/{person}/notes"
_ORGANIZATION = "/api/v1/organizations/{organization}/notes"
_read = partial(Route, access=Access.TOKEN, scope="people:read")
_write = partial(Route, access=Access.TOKEN, scope="people:write")
ROUTES = [
    _read("GET", _PERSON, list_notes_on_person),
    _write("POST", _PERSON, add_note_on_person, takes="json", replays=True),
    _write("PATCH", f"{_PERSON}/{{note}}", patch_note_on_person, takes="json"),
    _write("DELETE", f"{_PERSON}/{{note}}", delete_note_on_person),
    _read("GET", _ORGANIZATION, list_notes_on_organization),
    _write("POST", _ORGANIZATION, add_note_on_organization, takes="json", replays=True),
    _write("PATCH", f"{_ORGANIZATION}/{{note}}", patch_note_on_organization, takes="json"),
    _write("DELETE", f"{_ORGANIZATION}/{{note}}", delete_note_on_organization),
]
