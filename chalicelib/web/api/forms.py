"""Forms and types of tickets, for programs that draw them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from chalicelib.desk.conditions import Condition, When
from chalicelib.desk.fields import KINDS, Choice
from chalicelib.desk.forms import ALWAYS, CLOSING, NEVER, REGISTRATION, Form, FormField, TicketType
from chalicelib.desk.model import Desk
from chalicelib.web.api.shapes import (
    FLAG,
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
from chalicelib.web.routing import Access, Call, Route


def list_forms(call: Call) -> dict[str, Any]:
    """The forms that the token can fill in, with all that it takes to draw them; and the types."""
    desk = call.desk
    forms = [form for form in desk.forms.values() if _is_open(call, _group_of(form, desk))]
    types = [kind for kind in desk.types.values() if _is_open(call, kind.group)]
    return {
        "items": [_form(form, desk) for form in forms],
        "types": [_type(kind) for kind in types],
    }


def _is_open(call: Call, group: str) -> bool:
    """Whether what goes to a group, or to any, can be registered by whoever asks."""
    return not group or call.who.may_see(group)


def _group_of(form: Form, desk: Desk) -> str:
    kind = desk.types.get(form.type)
    return form.group or (kind.group if kind else "")


def _type(kind: TicketType) -> dict[str, Any]:
    return {
        "id": kind.id,
        "label": dict(kind.label),
        "form": kind.form or None,
        "group": kind.group or None,
        "priority": kind.priority or None,
        "statuses": sorted(kind.statuses) if kind.statuses is not None else None,
        "is_internal": kind.is_internal,
    }


def _form(form: Form, desk: Desk) -> dict[str, Any]:
    return {
        "id": form.id,
        "label": dict(form.label),
        "type": form.type or None,
        "group": _group_of(form, desk) or None,
        "fields": [_field(one, desk) for one in form.fields],
    }


def _field(one: FormField, desk: Desk) -> dict[str, Any]:
    field = desk.fields[one.field]
    return {
        "id": field.id,
        "kind": field.kind,
        "label": dict(field.label),
        "help": dict(field.help),
        "choices": _choices(field.choices, ""),
        "min": None if field.min is None else str(field.min),
        "max": None if field.max is None else str(field.max),
        "pattern": field.pattern.pattern if field.pattern else None,
        "required": one.required,
        "show_when": _when(one.show_when),
        "require_when": _when(one.require_when),
    }


def _choices(choices: Mapping[str, Choice], above: str) -> list[dict[str, Any]]:
    return [
        {
            "value": above + name,
            "label": dict(choice.label),
            "choices": _choices(choice.choices, f"{above}{name}/"),
        }
        for name, choice in choices.items()
    ]


def _when(when: When) -> dict[str, Any] | None:
    """A condition by its parts; None for what always holds."""
    if when == When():
        return None
    return {
        "all": [_condition(one) for one in when.conditions],
        "any": [[_condition(one) for one in several] for several in when.any],
        "none": [[_condition(one) for one in several] for several in when.none],
    }


def _condition(one: Condition) -> dict[str, Any]:
    wanted = [str(getattr(value, "pattern", value)) for value in one.wanted]
    return {"field": one.field, "operator": one.operator, "wanted": wanted}


_LABEL = {
    "type": "object",
    "additionalProperties": TEXT,
    "description": "By language: en, da, nb, hu.",
}
_WHEN: Schema = {
    "anyOf": [ref("When"), {"type": "null"}],
    "description": "Null where it always holds.",
}
_BOUND = or_null(text(description="For numbers and dates."))
SCHEMAS: dict[str, Schema] = {
    "FormList": mapping(items=many(ref("Form")), types=many(ref("TicketType"))),
    "TicketType": mapping(
        id=TEXT,
        label=_LABEL,
        form=or_null(text(description="The form of its tickets, where none else was filled in.")),
        group=or_null(text(description="Where its tickets go if nobody says.")),
        priority=or_null(TEXT),
        statuses={
            "type": ["array", "null"],
            "items": TEXT,
            "description": "The only ones that may be set; null for all.",
        },
        is_internal={**FLAG, "description": "Nothing of its tickets goes to a customer."},
    ),
    "Form": mapping(
        id=TEXT,
        label=_LABEL,
        type=or_null(text(description="The type of the tickets that it makes.")),
        group=or_null(TEXT),
        fields=many(ref("FormField")),
    ),
    "FormField": mapping(
        id=TEXT,
        kind=one_of(KINDS),
        label=_LABEL,
        help=_LABEL,
        choices=many(ref("Choice")),
        min=_BOUND,
        max=_BOUND,
        pattern=or_null(text(description="All of a text must fit it.")),
        required=one_of((NEVER, REGISTRATION, CLOSING, ALWAYS)),
        show_when=_WHEN,
        require_when=_WHEN,
    ),
    "Choice": mapping(value=TEXT, label=_LABEL, choices=many(ref("Choice"))),
    "When": mapping(
        all=many(ref("Condition")),
        any=many(many(ref("Condition")), description="One of these, each as a whole."),
        none=many(many(ref("Condition")), description="None of these, each as a whole."),
    ),
    "Condition": mapping(field=TEXT, operator=TEXT, wanted=many(TEXT)),
}
VALUES: Schema = {
    "type": "object",
    "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
    "description": "What fields of the desk's own say, by their ids. In a change null empties one, "
    "and those not named stay.",
}
OPERATIONS = {
    "list_forms": Operation(
        200,
        "FormList",
        more="A condition sees the ticket with the fields that are shown above its own. A field "
        "that is not shown is never required.",
    ),
}
_read = partial(Route, access=Access.TOKEN, scope="tickets:read")
ROUTES = [_read("GET", "/api/v1/forms", list_forms)]
