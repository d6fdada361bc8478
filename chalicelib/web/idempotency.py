"""Idempotency-Key: the same request again gets the same answer and changes nothing."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from chalicelib.errors import Conflict, Invalid
from chalicelib.tickets.service import Claim, Done
from chalicelib.web import store

if TYPE_CHECKING:
    from chalicelib.web.routing import Call

KEY_LENGTH = 200


def claim(call: Call, key: str | None = None) -> Claim | None:
    """The claim of this request's key, None without one. A form's nonce comes as `key`."""
    key = key or call.header("idempotency-key")
    if not key:
        return None
    if len(key) > KEY_LENGTH:
        raise Invalid(f"An Idempotency-Key has at most {KEY_LENGTH} characters.")
    at = store.answer_key(str(call.signed_in.actor if call.signed_in else call.route.path), key)
    fingerprint = _fingerprint(call)
    now = call.ports.clock()
    return Claim(
        at, lambda number, seq: store.answer_write(at, fingerprint, now, number=number, seq=seq)
    )


def replayed(call: Call, done: Done) -> store.AnswerItem:
    """What the key led to the first time; Conflict where it was another request."""
    item = done.item
    if not isinstance(item, store.AnswerItem) or item.fingerprint != _fingerprint(call):
        raise Conflict("This Idempotency-Key was used for another request: take a new one.")
    return item


def _fingerprint(call: Call) -> str:
    body = {name: value for name, value in call.body.items() if name != "csrf_token"}
    asked = [call.route.method, call.path, body]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
