"""Bearer tokens: who a program is and what it may do."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from chalicelib.errors import Unauthenticated
from chalicelib.ledger.model import Actor
from chalicelib.ports import Ports
from chalicelib.tickets.access import Who
from chalicelib.web import store

PREFIX = "skr_"
# A token that is taken back works this much longer in a warm function.
FRESH_FOR = timedelta(seconds=60)
CACHED = 1000


def new_token() -> str:
    """A new token of 256 bits; it is shown once and stored as a hash."""
    return PREFIX + secrets.token_urlsafe(32)


def identify(ports: Ports, authorization: str | None) -> Who:
    """The program behind an Authorization header, or Unauthenticated."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.startswith(PREFIX):
        raise Unauthenticated("Send a token: `Authorization: Bearer skr_...`.")
    now = ports.clock()
    cache: dict[str, tuple[store.TokenItem, datetime]] = ports.cache.setdefault("tokens", {})
    item, fresh_until = cache.get(token, (None, now))
    if item is None or fresh_until <= now:
        item = store.get_token(token)
        if item is None:
            raise Unauthenticated("This token is unknown here, or was taken back.")
        if len(cache) >= CACHED:
            cache.clear()
        cache[token] = (item, now + FRESH_FOR)
    if item.expires_at is not None and item.expires_at <= now:
        raise Unauthenticated("This token has expired: make a new one.")
    groups = frozenset(item.groups) if item.groups is not None else None
    actor = Actor("token", item.name)
    return Who(actor, item.name, "", frozenset(item.scopes), groups)
