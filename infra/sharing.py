"""A JSON Schema in which what stands in several places is written down once. Pure.

The language of conditions stands in many sections, at three depths each: said in full every time it
would make up most of the file.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
# What is shorter reads better where it stands.
LEAST = 200
_BY_NAME = ("properties", "patternProperties")
_ONE = ("items", "additionalProperties", "propertyNames")


def shared(schema: Schema) -> dict[str, Any]:
    """The schema with what it repeats moved into `$defs`, and a reference in each place."""
    counts = Counter(map(_text, _all(schema)))
    names: dict[str, str] = {}
    definitions: dict[str, Any] = {}

    def fold(part: Schema) -> dict[str, Any]:
        text = _text(part)
        if len(text) < LEAST or counts[text] == 1:
            return _each(part, fold)
        if text not in names:
            names[text] = f"part{len(names) + 1}"
            definitions[names[text]] = _each(part, fold)
        return {"$ref": f"#/$defs/{names[text]}"}

    return {**_each(schema, fold), "$defs": definitions}


def _text(schema: Schema) -> str:
    return json.dumps(schema, sort_keys=True)


def _all(schema: Schema) -> Iterator[Schema]:
    """Every schema below one, at any depth."""
    found: list[Schema] = []

    def note(part: Schema) -> Schema:
        found.append(part)
        return _each(part, note)

    _each(schema, note)
    yield from found


def _each(schema: Schema, change: Callable[[Schema], Schema]) -> dict[str, Any]:
    """A schema with the schemas right below it changed."""
    made = dict(schema)
    for name in _BY_NAME:
        if name in made:
            made[name] = {one: change(below) for one, below in made[name].items()}
    for name in _ONE:
        if isinstance(made.get(name), Mapping):
            made[name] = change(made[name])
    if "anyOf" in made:
        made["anyOf"] = [change(below) for below in made["anyOf"]]
    return made
