"""One answer to all incidents of a problem, by API."""

from __future__ import annotations

import hashlib
from typing import Any

from chalicelib.desk.model import LOCALES
from chalicelib.errors import Invalid
from chalicelib.tickets import incidents
from chalicelib.tickets.incidents import AT_ONCE, LEFT, Result
from chalicelib.tickets.service import BODY_LIMIT, Claim
from chalicelib.web import idempotency
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
    ref,
    text,
)
from chalicelib.web.files import number_of
from chalicelib.web.routing import Access, Call, Route

REPLY = {"texts": fields.VALUES, "solve": fields.FLAG}
DONE = "done"


def reply_to_incidents(call: Call, number: str) -> dict[str, Any]:
    """Answer all incidents of a problem, each on its own ticket."""
    fields.check(call.body, REPLY)
    key = call.header("idempotency-key")
    found = reply(call, number_of(number), key or "", call.body.get("texts") or {})
    return {"items": [_result(one) for one in found]}


def reply(call: Call, number: int, key: str, texts: dict[str, Any]) -> list[Result]:
    """Answer them under this key, under which nobody gets two mails."""
    name = hashlib.sha256(key.encode()).hexdigest()

    def claim_of(incident: int) -> Claim:
        claim = idempotency.claim(call, f"{name} {incident}") if key else None
        if claim is None:
            hint = "is needed: with it, the same request again sends nothing twice"
            raise Invalid("So many mails need a key.", fields={"Idempotency-Key": hint})
        return claim

    written = {locale: str(one or "") for locale, one in texts.items()}
    solves = call.body.get("solve") in {True, "yes"}
    return incidents.reply(call.ports, call.who, number, written, claim_of, solves=solves)


def _result(one: Result) -> dict[str, Any]:
    error = one.error
    outcome = error.code if error else LEFT if one.is_left else DONE
    return {
        "ticket": one.number,
        "outcome": outcome,
        "message": error.message if error else "",
        "fields": error.fields if error else {},
    }


_TEXTS: Schema = {
    "type": "object",
    "properties": {locale: text(maxLength=BODY_LIMIT) for locale in LOCALES},
    "additionalProperties": False,
    "description": "By language; whose own is missing gets the English one, else the first.",
}
SCHEMAS: dict[str, Schema] = {
    "IncidentReply": asked("texts", texts=_TEXTS, solve=FLAG),
    "IncidentResult": mapping(
        ticket=NUMBER,
        outcome={**TEXT, "description": "`done`, `left`, or the code of an error."},
        message=TEXT,
        fields={"type": "object", "additionalProperties": TEXT},
    ),
    "IncidentResults": mapping(items=many(ref("IncidentResult"))),
}
OPERATIONS = {
    "reply_to_incidents": Operation(
        200,
        "IncidentResults",
        "IncidentReply",
        more="It needs an `Idempotency-Key`: where it fails half-way, the same request again goes "
        f"on, and nobody gets two mails. One call answers at most {AT_ONCE}; what is `left`, the "
        "same request again answers. One that cannot be solved is not answered either.",
    )
}
ROUTES = [
    Route(
        "POST",
        "/api/v1/tickets/{number}/incidents/reply",
        reply_to_incidents,
        Access.TOKEN,
        takes="json",
        scope="tickets:write",
        replays=True,
    )
]
