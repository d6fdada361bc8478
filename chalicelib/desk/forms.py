"""Types of tickets, the forms that ask for their fields, and templates to register by. Pure.

What a form makes of a ticket is decided in `tickets.forms`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.desk.conditions import OWN, When, conditions
from chalicelib.desk.fields import FIELD_VALUES, LABEL, Value, in_language
from chalicelib.desk.keys import (
    LINES,
    TEXT,
    YES_NO,
    Key,
    Reading,
    from_text,
    keys_of,
    list_of,
    name_in,
    one_of,
    section,
)
from chalicelib.desk.statuses import CATEGORIES, PRIORITIES

NEVER, REGISTRATION, CLOSING, ALWAYS = "never", "registration", "closing", "always"
ME = "me"
# What a ticket comes to by itself, whatever its type allows people to set.
BY_ITSELF = frozenset({"new", "open", "closed"})
_ALWAYS = When()


@dataclass(frozen=True, slots=True)
class TicketType:
    """What kind of matter a ticket is. `statuses` are those that may be set, None for all.

    An internal one is the agents' own: nothing of it goes to a customer.
    """

    id: str
    label: Mapping[str, str]
    form: str = ""
    statuses: frozenset[str] | None = None
    priority: str = ""
    group: str = ""
    is_internal: bool = False

    def name(self, locale: str) -> str:
        return in_language(self.label, locale, self.id)

    def allows(self, status: str) -> bool:
        """Whether such a ticket may be in a status."""
        return self.statuses is None or status in self.statuses | BY_ITSELF


@dataclass(frozen=True, slots=True)
class FormField:
    """A field on a form: when it must be filled in, and when it is there at all.

    Both conditions see the ticket with the fields that are shown before this one.
    """

    field: str
    required: str = NEVER
    show_when: When = _ALWAYS
    require_when: When = _ALWAYS

    def is_due(self, moment: str) -> bool:
        """Whether `registration` or `closing` asks for it."""
        return self.required in {moment, ALWAYS}


@dataclass(frozen=True, slots=True)
class Form:
    """The fields that tickets of a type, or of a part of them, are asked for."""

    id: str
    label: Mapping[str, str]
    type: str = ""
    group: str = ""
    fields: tuple[FormField, ...] = ()

    def name(self, locale: str) -> str:
        return in_language(self.label, locale, self.id)


@dataclass(frozen=True, slots=True)
class Template:
    """A ticket that is registered again and again, filled in but for its requester."""

    id: str
    label: Mapping[str, str]
    key: str = ""
    form: str = ""
    type: str = ""
    group: str = ""
    priority: str = ""
    subject: str = ""
    text: str = ""
    fields: Mapping[str, Value | None] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    assignee: str = ""
    status: str = ""
    resolution: str = ""
    acknowledges: bool = True

    def name(self, locale: str) -> str:
        return in_language(self.label, locale, self.id)


def clashes(
    types: Mapping[str, TicketType], forms: Mapping[str, Form], templates: Mapping[str, Template]
) -> Iterator[tuple[str, str]]:
    """Where types, forms and templates do not go together."""
    for kind in types.values():
        form = forms.get(kind.form)
        if form and form.type not in {"", kind.id}:
            yield f"types.{kind.id}.form", f"{form.id} is for tickets of the type {form.type}"
    keys = Counter(template.key for template in templates.values() if template.key)
    for template in templates.values():
        form = forms.get(template.form)
        if form and form.type and template.type not in {"", form.type}:
            place = f"templates.{template.id}.type"
            yield place, f"the form {form.id} is for tickets of the type {form.type}"
        if keys[template.key] > 1:
            yield f"templates.{template.id}.key", "another template has this key"


def _type(name: str, values: dict[str, Any], _reading: Reading) -> TicketType:
    values["is_internal"] = values.pop("internal", False)
    if "statuses" in values:
        values["statuses"] = frozenset(values["statuses"])
    return TicketType(id=name, **values)


def _form(name: str, values: dict[str, Any], _reading: Reading) -> Form:
    asked = [one.field for one in values["fields"]]
    for place, one in enumerate(values["fields"]):
        if one.field in asked[:place]:
            raise ValueError(f"the field {one.field} stands here twice")
        later = {OWN + name for name in asked[place:]}
        if later & (one.show_when.fields | one.require_when.fields):
            raise ValueError(f"{one.field}: a condition can ask about the fields above it alone")
        if one.require_when != _ALWAYS and one.required == NEVER:
            raise ValueError(f"{one.field}: say in required when require_when counts")
    return Form(id=name, **values)


def _template(name: str, values: dict[str, Any], _reading: Reading) -> Template:
    return Template(id=name, **values)


def _key(text: str) -> str:
    if not re.fullmatch("[a-mo-z0-9]", text):
        raise ValueError("must be one lower-case letter or digit; n is for an empty ticket")
    return text


_CONDITIONS = conditions(
    "group",
    "priority",
    "type",
    "tags",
    "subject",
    "requester",
    "domain",
    "language",
    changes=False,
)
_FORM_FIELDS = list_of(
    keys_of(
        (
            Key("field", name_in("fields"), "The field that is asked for.", is_required=True),
            Key(
                "required",
                one_of((NEVER, REGISTRATION, CLOSING, ALWAYS)),
                "When the ticket cannot do without it: at registration, when it is solved or "
                "closed, at both, or never.",
            ),
            Key("show_when", _CONDITIONS, "It is only there where this holds."),
            Key("require_when", _CONDITIONS, "It is only required where this holds."),
        ),
        lambda values: FormField(**{"field": "", **values}),
    )
)
_STATUS = name_in("statuses", *CATEGORIES[1:])
_GROUP, _PRIORITY = name_in("groups"), one_of(PRIORITIES)
TYPES = section(
    (
        Key("label", LABEL, "What people call it, by language.", is_required=True),
        Key("form", name_in("forms"), "The form of its tickets, where none else was filled in."),
        Key(
            "statuses",
            list_of(_STATUS),
            "Its own life: the only statuses that may be set. Open and closed always may.",
        ),
        Key("priority", _PRIORITY, "The priority where nobody says another."),
        Key("group", _GROUP, "The group where nobody says another."),
        Key("internal", YES_NO, "Whether it is the agents' own, and no customer hears of it."),
    ),
    _type,
)
FORMS = section(
    (
        Key("label", LABEL, "What people call it, by language.", is_required=True),
        Key("type", name_in("types"), "The type of the tickets it makes."),
        Key("group", _GROUP, "The group that gets them, where nobody says another."),
        Key("fields", _FORM_FIELDS, "What it asks for, in this order.", is_required=True),
    ),
    _form,
)
TEMPLATES = section(
    (
        Key("label", LABEL, "What people call it, by language.", is_required=True),
        Key("key", from_text(_key, pattern="^[a-mo-z0-9]$"), "The access key that opens it."),
        Key("form", name_in("forms"), "The form that is filled in."),
        Key("type", name_in("types"), "The type of the ticket."),
        Key("group", _GROUP, "The group that gets it."),
        Key("priority", _PRIORITY, "Its priority."),
        Key("subject", TEXT, "What it is about."),
        Key("text", LINES, "What the requester said."),
        Key("fields", FIELD_VALUES, "What its fields say."),
        Key("tags", list_of(TEXT), "Its tags."),
        Key("assignee", name_in("agents", ME), "Who gets it; me is whoever registers it."),
        Key("status", _STATUS, "The status that it begins in, such as solved."),
        Key("resolution", LINES, "How it was solved."),
        Key("acknowledges", YES_NO, "Whether the requester gets a mail with its number: yes."),
    ),
    _template,
)
