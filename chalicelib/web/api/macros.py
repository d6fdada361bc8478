"""Macros for programs: what one comes to on a ticket, doing it, and doing it on many."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import Any

from chalicelib.desk.files import File
from chalicelib.desk.macros import Macro
from chalicelib.macros import service
from chalicelib.macros.model import Proposal, usable
from chalicelib.tickets.service import Claim, Done, read_ticket
from chalicelib.web import idempotency, present
from chalicelib.web.api import fields
from chalicelib.web.api.shapes import (
    FLAG,
    NUMBER,
    TEXT,
    Operation,
    Schema,
    asked,
    many,
    mapping,
    or_null,
    ref,
)
from chalicelib.web.files import number_of
from chalicelib.web.routing import Access, Call, Route

USE = {
    "text": fields.TEXT_OR_NULL,
    "dropped": fields.TAGS,
    "seen_seq": fields.NUMBER,
}
MANY = {"tickets": fields.IDS, "dropped": fields.TAGS}
OK = "done"


def list_macros(call: Call, number: str) -> dict[str, Any]:
    """The macros that are offered on a ticket, and its canned answers."""
    ticket = read_ticket(call.who, number_of(number)).ticket
    offered = usable(call.desk, ticket, call.ports.clock())
    return {"items": [_macro(call, macro) for macro in offered]}


def propose_macro(call: Call, number: str, macro: str) -> dict[str, Any]:
    """What a macro comes to on a ticket; nothing is changed by that."""
    found = service.propose(call.ports, call.who, number_of(number), macro)
    return _proposal(call, found)


def use_macro(call: Call, number: str, macro: str) -> dict[str, Any]:
    """Do a macro on a ticket: its reply or note and the fields it sets, in one change."""
    fields.check(call.body, USE)
    use = service.Use(
        macro,
        text=call.body.get("text"),
        dropped=frozenset(call.body.get("dropped") or ()),
        seen_seq=call.body.get("seen_seq"),
    )
    try:
        claim = idempotency.claim(call)
        saved = service.apply(call.ports, call.who, number_of(number), use, claim=claim)
    except Done as done:
        idempotency.replayed(call, done)
        return present.summary(call.desk, read_ticket(call.who, number_of(number)).ticket)
    return present.summary(call.desk, saved.ticket)


def use_macro_on_many(call: Call, macro: str) -> dict[str, Any]:
    """Do a macro on several tickets; one that refuses it holds up no other."""
    fields.check(call.body, MANY)
    numbers = [number_of(one) for one in call.body.get("tickets") or []]
    use = service.Use(macro, dropped=frozenset(call.body.get("dropped") or ()))
    found = service.apply_to_many(
        call.ports, call.who, numbers, use, claim_of=partial(_claim_of, call)
    )
    for one in found:
        if one.before:
            idempotency.replayed(call, one.before)
    return {"items": [_result(one) for one in found]}


def _claim_of(call: Call, number: int) -> Claim | None:
    """The claim of the request's key for one ticket of several: those that are done stay so."""
    key = call.header("idempotency-key")
    if not key:
        return None
    name = hashlib.sha256(key.encode()).hexdigest()
    return idempotency.claim(call, f"{name} {number}")


def _macro(call: Call, macro: Macro) -> dict[str, Any]:
    return {
        "id": macro.id,
        "name": macro.name(call.desk.locale),
        "shortcut": macro.shortcut,
        "is_at_once": macro.one_click,
    }


def _proposal(call: Call, found: Proposal) -> dict[str, Any]:
    return {
        "macro": _macro(call, found.macro),
        "kind": found.kind.value if found.kind else None,
        "text": found.text,
        "files": [_file(one) for one in found.files],
        "missing": list(found.missing),
        "sets": dict(found.wanted),
        "refused": dict(found.refused),
    }


def _file(one: File) -> dict[str, Any]:
    return {
        "name": one.name,
        "content_type": one.content_type,
        "size": one.size,
        "sha256": one.sha256,
    }


def _result(one: service.Result) -> dict[str, Any]:
    if one.error is None:
        return {"ticket": one.number, "outcome": OK, "message": "", "fields": {}}
    error = one.error
    return {
        "ticket": one.number,
        "outcome": error.code,
        "message": error.message,
        "fields": error.fields,
    }


_TEXTS: Schema = {"type": "object", "additionalProperties": TEXT}
_DROPPED = many(
    TEXT,
    description="Fields that stay as they are, and files that do not go along, by their names.",
)
SCHEMAS: dict[str, Schema] = {
    "Macro": mapping(
        id={**TEXT, "description": "A canned answer's begins with `canned:`."},
        name=TEXT,
        shortcut=TEXT,
        is_at_once={**FLAG, "description": "Whether agents do it without seeing it first."},
    ),
    "MacroList": mapping(items=many(ref("Macro"))),
    "MacroFile": mapping(name=TEXT, content_type=TEXT, size=NUMBER, sha256=TEXT),
    "MacroProposal": mapping(
        macro=ref("Macro"),
        kind=or_null({**TEXT, "description": "reply, note, or null where it writes nothing."}),
        text=TEXT,
        files=many(ref("MacroFile"), description="Files of the desk's that go along with it."),
        missing=many(TEXT, description="Variables that stand in the text, in braces, unfilled."),
        sets={
            "type": "object",
            "description": "What fields become, as in TicketChanges, but for those of the desk's "
            "own: each is `fields.` and its id.",
        },
        refused={**_TEXTS, "description": "Why a field cannot be set."},
    ),
    "MacroUse": asked(
        text=or_null({**TEXT, "description": "What is written instead of the macro's own text."}),
        dropped=_DROPPED,
        seen_seq={**NUMBER, "description": "The `seq` that was read, as with an article."},
    ),
    "MacroOnMany": asked(
        "tickets",
        tickets=many(TEXT, minItems=1, maxItems=service.MANY),
        dropped=_DROPPED,
    ),
    "MacroResult": mapping(
        ticket=NUMBER,
        outcome={**TEXT, "description": "`done`, or the code of an error."},
        message=TEXT,
        fields=_TEXTS,
    ),
    "MacroResults": mapping(items=many(ref("MacroResult"))),
}
OPERATIONS = {
    "list_macros": Operation(200, "MacroList"),
    "propose_macro": Operation(200, "MacroProposal"),
    "use_macro": Operation(
        200,
        "TicketSummary",
        "MacroUse",
        more="All of it or nothing: where a field cannot be set or a variable is not filled in, "
        "the answer says so. Drop the field, or send a text without gaps.",
        has_conflicts=True,
    ),
    "use_macro_on_many": Operation(
        200,
        "MacroResults",
        "MacroOnMany",
        more="One result for each ticket, in their order. With the same key again, "
        "only those tickets are tried that refused it.",
    ),
}
_TICKET = "/api/v1/tickets/{number}/macros"
ROUTES = [
    Route("GET", _TICKET, list_macros, Access.TOKEN, scope="tickets:read"),
    Route("GET", _TICKET + "/{macro}", propose_macro, Access.TOKEN, scope="tickets:read"),
    Route(
        "POST",
        _TICKET + "/{macro}",
        use_macro,
        Access.TOKEN,
        takes="json",
        scope="tickets:write",
        replays=True,
    ),
    Route(
        "POST",
        "/api/v1/macros/{macro}/apply",
        use_macro_on_many,
        Access.TOKEN,
        takes="json",
        scope="tickets:write",
        replays=True,
    ),
]
