"""Types and fields of the desk's own as the agents' pages draw them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from chalicelib import i18n
from chalicelib.desk.fields import Field, Value, as_text
from chalicelib.desk.forms import FormField
from chalicelib.desk.model import Desk
from chalicelib.tickets import forms
from chalicelib.tickets.forms import PLACE
from chalicelib.tickets.model import Ticket

Shown = dict[str, Any]


def fields(
    desk: Desk, head: Ticket, now: datetime, locale: str, wrong: Iterable[str] = ()
) -> list[Shown]:
    """The fields of a ticket's form as it now is, whatever else has a value, and what is wrong."""
    shown = forms.shown(head, desk, now)
    form = forms.form_of(head, desk)
    asked = {one.field for one in form.fields} if form else set()
    named = {place.removeprefix(PLACE) for place in wrong if place.startswith(PLACE)}
    more = [*(head.fields.keys() - asked), *(named - {one.field for one in shown})]
    loose = (FormField(name) for name in sorted(set(more)) if name in desk.fields)
    return [_field(one, desk.fields[one.field], locale) for one in (*shown, *loose)]


def _field(one: FormField, field: Field, locale: str) -> Shown:
    return {
        "name": PLACE + field.id,
        "kind": field.kind,
        "label": field.name(locale),
        "hint": field.hint(locale),
        "required": one.required,
        "options": field.options(locale),
        "min": field.min,
        "max": field.max,
    }


def context(
    desk: Desk, head: Ticket, now: datetime, locale: str, wrong: Iterable[str]
) -> dict[str, Any]:
    """What the page of a ticket shows of them."""
    return {
        "fields": fields(desk, head, now, locale, wrong),
        "types": types(desk, head, locale),
        "said": said(desk, head, locale),
    }


def values(head: Ticket) -> dict[str, str]:
    """What the fields say, as a form has it."""
    return {PLACE + name: as_text(value) for name, value in head.fields.items()}


def types(desk: Desk, head: Ticket | None, locale: str) -> list[Shown]:
    """The types that a ticket, or a new one, may get; what it has now is always among them."""
    found = {
        kind.id: {"id": kind.id, "name": kind.name(locale), "is_internal": kind.is_internal}
        for kind in desk.types.values()
        if kind.is_internal or head is None or not head.is_internal
    }
    if head and head.type:
        found.setdefault(head.type, {"id": head.type, "name": head.type, "is_internal": False})
    return list(found.values())


def changes(
    desk: Desk, before: Mapping[str, Value | None], after: Mapping[str, Value | None], locale: str
) -> list[Shown]:
    """What a fact tells of fields, in words."""
    return [
        {
            "label": desk.fields[name].name(locale) if name in desk.fields else name,
            "before": _words(desk, name, before.get(name), locale),
            "after": _words(desk, name, value, locale),
        }
        for name, value in after.items()
    ]


def said(desk: Desk, head: Ticket, locale: str) -> dict[str, Shown]:
    """What the fields of a ticket say, for reading, by their places."""
    told = changes(desk, {}, head.fields, locale)
    return {PLACE + name: one for name, one in zip(head.fields, told, strict=True)}


def _words(desk: Desk, name: str, value: Value | None, locale: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return i18n.word("yes_no", as_text(value), locale)
    return desk.fields[name].words(value, locale) if name in desk.fields else as_text(value)
