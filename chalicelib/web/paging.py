"""Cursors: where a list goes on, opaque and signed, so that nobody reads from where they like."""

from __future__ import annotations

import base64
import json
from typing import Any

from chalicelib.errors import Invalid
from chalicelib.keys import Keys

LIMIT, MOST = 50, 100


def limit_of(text: str | None) -> int:
    """The page size asked for, 50 unless told."""
    if text is None:
        return LIMIT
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST:
        raise Invalid("The limit cannot be used.", fields={"limit": f"1 to {MOST}"})
    return int(text)


def to_cursor(keys: Keys, scope: str, key: dict[str, Any] | None) -> str | None:
    """The cursor of a list; `scope` names the list, so that it fits no other."""
    if key is None:
        return None
    text = base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")
    return f"{text}.{keys.sign('cursor', scope + text)}"


def from_cursor(keys: Keys, scope: str, cursor: str | None) -> dict[str, Any] | None:
    """The key in a cursor of ours, or Invalid."""
    if not cursor:
        return None
    text, _, signature = cursor.rpartition(".")
    if not keys.is_signed("cursor", scope + text, signature):
        raise Invalid("This cursor is not of this list: start again without one.")
    key: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return key
