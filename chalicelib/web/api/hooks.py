"""Events that come in, and the log of the calls that went out."""

from __future__ import annotations

from functools import partial
from typing import Any

from chalicelib.desk.hooks import Source
from chalicelib.errors import Forbidden, Invalid, NotFound
from chalicelib.tickets.hooks import CallState, HookCall
from chalicelib.web import present, tokens
from chalicelib.web.api import fields
from chalicelib.web.api.shapes import (
    INSTANT,
    NUMBER,
    TEXT,
    Operation,
    Schema,
    many,
    mapping,
    one_of,
    or_null,
    ref,
    text,
)
from chalicelib.web.files import number_of
from chalicelib.web.routing import Access, Call, Route
from chalicelib.webhooks import events, model, service

API = "/api/v1"
EVENT_BYTES = 256_000
SCOPE = "events:write"
_ID_LENGTH = 40


def receive_event(call: Call, source: str) -> dict[str, Any]:
    """Take the events of a source: what a monitoring has to say, say."""
    found = call.desk.sources.get(source)
    if found is None:
        raise NotFound("There is no such source.")
    name = _proven(call, found)
    if len(_raw(call)) > EVENT_BYTES:
        raise Invalid(f"Send fewer at once: at most {EVENT_BYTES} bytes.")
    taken = events.take(call.ports, found, call.body, name)
    items = [{"key": one.key, "outcome": one.outcome, "ticket": one.ticket} for one in taken]
    return {"items": items}


def _proven(call: Call, source: Source) -> str:
    """The id under which a source sends its event, which it alone can have sent; "" by token."""
    ports = call.ports
    if source.auth == "signature":
        secrets = model.secrets_of(ports.keys(), source)
        return model.verify(secrets, call.request.headers, ports.clock(), _raw(call))
    who = tokens.identify(ports, call.header("authorization"))
    who.need(SCOPE)
    if not who.may_see(source.group):
        raise Forbidden(f"The group {source.group} is not yours to write to.")
    return ""


def _raw(call: Call) -> bytes:
    raw: bytes = call.request.raw_body or b""
    return raw


def list_calls(call: Call, number: str) -> dict[str, Any]:
    """The webhooks that were called about a ticket in the last thirty days, the newest first."""
    return {"items": [_shown(one) for one in service.calls(call.who, number_of(number))]}


def call_again(call: Call, number: str, call_id: str) -> dict[str, Any]:
    """Have a webhook called once more where all attempts have failed."""
    fields.check(call.body, {})
    if len(call_id) > _ID_LENGTH:
        raise NotFound("There is no such call.")
    return _shown(service.call_again(call.ports, call.who, number_of(number), call_id))


def _shown(one: HookCall) -> dict[str, Any]:
    return {
        "id": one.id,
        "webhook": one.webhook,
        "state": one.state,
        "attempts": one.attempt,
        "asked_at": present.iso(one.at),
        "next_at": present.iso(one.due_at) if one.due_at else None,
        "status": one.status,
        "reason": one.reason,
        "fact": one.fact or None,
        "rule": one.rule or None,
    }


SCHEMAS: dict[str, Schema] = {
    "Event": {"type": "object", "description": "As its source sends it: the desk says how."},
    "EventResults": mapping(items=many(ref("EventResult"))),
    "EventResult": mapping(
        key=text(description="What the alert is known by; empty for an event of a ticket."),
        outcome=one_of(events.Outcome),
        ticket=or_null({**NUMBER, "description": "The ticket that has it."}),
    ),
    "HookCalls": mapping(items=many(ref("HookCall"))),
    "HookCall": mapping(
        id=TEXT,
        webhook=text(description="Its id in the desk."),
        state=one_of(CallState),
        attempts=NUMBER,
        asked_at=INSTANT,
        next_at=or_null({**INSTANT, "description": "When it is tried next."}),
        status=or_null({**NUMBER, "description": "What the receiver answered last, in HTTP."}),
        reason=or_null(text(description="Why it was not heard.")),
        fact=or_null(text(description="The type of the fact that it tells of.")),
        rule=or_null(text(description="The rule that asked for it.")),
    ),
}
OPERATIONS = {
    "receive_event": Operation(
        200,
        "EventResults",
        "Event",
        more="Signed as Standard Webhooks has it, with the secret of the source, or sent with a "
        "token with the scope, as the source says. What was sent once changes nothing when it is "
        "sent again. One result for each alert, in their order.",
        has_limits=True,
    ),
    "list_calls": Operation(200, "HookCalls"),
    "call_again": Operation(
        200,
        "HookCall",
        more="With all its attempts, and under the same `webhook-id`. One that is being made stays "
        "as it is: again is the same as once.",
        has_conflicts=True,
    ),
}
_CALLS = f"{API}/tickets/{{number}}/calls"
_token = partial(Route, access=Access.TOKEN)
ROUTES = [
    # Who sends it is proven by its signature, or by a token with this scope, as its source says.
    Route("POST", f"{API}/events/{{source}}", receive_event, Access.OPEN, "json", SCOPE),
    _token("GET", _CALLS, list_calls, scope="tickets:read"),
    _token("POST", f"{_CALLS}/{{call_id}}/retry", call_again, scope="tickets:write", takes="json"),
]
