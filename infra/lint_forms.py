"""Doubts about types, forms and fields: what is asked for and not looked at, what nobody uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.desk.conditions import OWN
from chalicelib.desk.forms import CLOSING, NEVER
from chalicelib.desk.model import Desk

Warnings = Iterator[tuple[str, str]]


def doubts(body: Mapping[str, Any], desk: Desk) -> Warnings:
    """Place and sentence of everything doubtful about them."""
    cited = {name.removeprefix(OWN) for name in _keys(body) if name.startswith(OWN)}
    yield from _fields(desk, cited)
    yield from _forms(desk)
    yield from _types(desk)


def _keys(value: Any) -> Iterator[str]:
    """Every key of a configuration: conditions name fields as keys."""
    if isinstance(value, Mapping):
        yield from map(str, value)
    for one in value.values() if isinstance(value, Mapping) else value:
        if isinstance(one, Mapping | list):
            yield from _keys(one)


def _fields(desk: Desk, cited: set[str]) -> Warnings:
    on_forms = {one.field for form in desk.forms.values() for one in form.fields}
    for form in desk.forms.values():
        for place, one in enumerate(form.fields):
            is_used = desk.fields[one.field].used_in or one.field in cited
            if one.required != NEVER and not is_used:
                problem = f"{one.field} is required, and nothing uses it: say what does in used_in"
                yield f"forms.{form.id}.fields[{place}]", problem
    for name in sorted(desk.fields.keys() - on_forms - cited):
        yield f"fields.{name}", "no form asks for it, and no condition looks at it"


def _forms(desk: Desk) -> Warnings:
    used = {kind.form for kind in desk.types.values()}
    used |= {template.form for template in desk.templates.values()}
    for name in sorted(desk.forms.keys() - used):
        yield f"forms.{name}", "no type and no template has it: only who looks for it fills it in"


def _types(desk: Desk) -> Warnings:
    for kind in desk.types.values():
        asking = [
            form.id
            for form in desk.forms.values()
            if form.type == kind.id and any(one.is_due(CLOSING) for one in form.fields)
        ]
        if asking and not kind.form:
            problem = f"is missing: what closing takes, only tickets from {asking[0]} are asked for"
            yield f"types.{kind.id}.form", problem
