"""The shapes of what programs send: whatever does not fit is named, all fields at once. Pure.

What a value means, and whether it may be set, is decided where it is used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from chalicelib.errors import Invalid
from chalicelib.tickets.edits import TAG_LENGTH, TAG_LIMIT

CONTENT_ID = "[A-Za-z0-9._@-]{1,64}"


class Shape(NamedTuple):
    """What one field may look like, and how to say so."""

    fits: Callable[[Any], bool]
    hint: str


def check(body: Mapping[str, Any], shapes: Mapping[str, Shape]) -> None:
    """Raise Invalid with every field of the body that is unknown or has another shape."""
    problems = {name: "is no such field" for name in body if name not in shapes}
    for name, shape in shapes.items():
        if name in body and not shape.fits(body[name]):
            problems[name] = shape.hint
    if problems:
        raise Invalid("Some fields cannot be used so.", fields=problems)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_tags(value: Any) -> bool:
    if not isinstance(value, list) or len(value) > TAG_LIMIT:
        return False
    return all(_is_text(tag) and 0 < len(tag.strip()) <= TAG_LENGTH for tag in value)


def _is_ids(value: Any) -> bool:
    return isinstance(value, list) and all(_is_text(one) and one for one in value)


def _is_requester(value: Any) -> bool:
    if not isinstance(value, dict):
        return _is_text(value)
    is_known = value.keys() <= {"name", "email"}
    return is_known and _is_text(value.get("email")) and _is_text(value.get("name") or "")


def _is_values(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    return all(one is None or isinstance(one, str | int | float) for one in value.values())


def _is_attachment(value: Any) -> bool:
    if not isinstance(value, dict):
        return _is_text(value)
    if not value.keys() <= {"id", "name", "content_id"}:
        return False
    content_id = value.get("content_id", "x")
    is_named = _is_text(content_id) and re.fullmatch(CONTENT_ID, content_id) is not None
    return is_named and _is_text(value.get("id")) and _is_text(value.get("name", ""))


TEXT = Shape(_is_text, "must be a text")
TEXT_OR_NULL = Shape(lambda value: value is None or _is_text(value), "must be a text or null")
NUMBER = Shape(_is_number, "must be a whole number")
NUMBER_OR_NULL = Shape(lambda value: value is None or _is_number(value), "must be a whole number")
FLAG = Shape(lambda value: isinstance(value, bool), "must be true or false")
TAGS = Shape(_is_tags, f"must be a list of at most {TAG_LIMIT} words")
VALUES = Shape(_is_values, "must map fields to texts, numbers, true, false or null")
IDS = Shape(_is_ids, "must be a list of ids")
REQUESTER = Shape(_is_requester, 'an address, or {"name": ..., "email": ...}')
ATTACHMENTS = Shape(
    lambda value: isinstance(value, list) and all(_is_attachment(one) for one in value),
    'must be a list of {"id": ..., "name": ...}, with the ids of uploads',
)
