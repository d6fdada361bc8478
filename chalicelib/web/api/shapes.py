"""The words that the description of the API is written in: JSON Schema, and operations. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "integer"}
FLAG: Schema = {"type": "boolean"}
INSTANT: Schema = {"type": "string", "format": "date-time"}
LINK: Schema = {"type": "string", "format": "uri"}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def many(schema: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": schema, **more}


def one_of(values: Iterable[str]) -> Schema:
    return {"type": "string", "enum": [str(value) for value in values]}


def or_null(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


def text(**more: Any) -> Schema:
    return {**TEXT, **more}


def mapping(**properties: Schema) -> Schema:
    """An object with all of these."""
    return {"type": "object", "required": list(properties), "properties": properties}


def asked(*required: str, **properties: Schema) -> Schema:
    """An object of a request: only these fields, and not all of them needed."""
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": list(required)} if required else schema


def listing(item: str) -> Schema:
    next_page = or_null(text(description="Send it as `cursor` for the next page; null at the end."))
    return mapping(items=many(ref(item)), next=next_page)


@dataclass(frozen=True)
class Operation:
    """What a route does not say: its success, what it takes in the query and in the body."""

    status: int
    answer: str = ""
    body: str = ""
    query: dict[str, dict[str, Any]] = field(default_factory=dict)
    more: str = ""
    has_conflicts: bool = False
    has_limits: bool = False
