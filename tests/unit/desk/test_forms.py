"""Types, forms and templates as a configuration says them: every mistake at its place."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.desk.model import read_desk
from chalicelib.errors import Invalid
from infra.lint_forms import doubts
from tests.web.test_new_ticket_page import BODY, PASSWORD

Body = dict[str, Any]


def read(spoil: Callable[[Body], Any]) -> tuple[Body, Any]:
    body = copy.deepcopy({**BODY, "templates": {"password": PASSWORD}})
    spoil(body)
    return body, read_desk(body, version=1)


def asked(body: Body, place: int = 1) -> Body:
    found: Body = body["forms"]["incident"]["fields"][place]
    return found


@pytest.mark.parametrize(
    ("spoil", "place", "words"),
    [
        (
            lambda b: asked(b).update(field="flor"),
            "forms.incident.fields[1].field",
            "none of the fields: did you mean 'floor'?",
        ),
        (
            lambda b: asked(b).update(show_when={"field.category": ["software"]}),
            "forms.incident.fields[1].show_when.field.category[0]",
            "none of hardware",
        ),
        (
            lambda b: asked(b).update(show_when={"field.flor": ["2"]}),
            "forms.incident.fields[1].show_when.field.flor",
            "no field",
        ),
        (
            lambda b: asked(b).update(show_when={"subject": {"changed": True}}),
            "forms.incident.fields[1].show_when.subject",
            "'changed' is none of",
        ),
        (
            lambda b: asked(b).update(show_when={"field.cause": ["x"]}),
            "forms.incident",
            "floor: a condition can ask about the fields above it alone",
        ),
        (
            lambda b: asked(b).update(require_when={"priority": ["high"]}),
            "forms.incident",
            "say in required when require_when counts",
        ),
        (lambda b: asked(b).update(field="category"), "forms.incident", "stands here twice"),
        (lambda b: asked(b).update(required="soon"), "forms.incident.fields[1].required", "never"),
        (
            lambda b: b["types"]["incident"].update(form="colleagues"),
            "types.incident.form",
            "did you mean 'colleague'?",
        ),
        (
            lambda b: b["types"]["internal"].update(form="incident"),
            "types.internal.form",
            "for tickets of the type incident",
        ),
        (
            lambda b: b["types"]["incident"].update(statuses=["waiting"]),
            "types.incident.statuses[0]",
            "none of the statuses",
        ),
        (
            lambda b: b["templates"]["password"].update(fields={"category": "pasword"}),
            "templates.password.fields.category",
            "must be one of",
        ),
        (
            lambda b: b["templates"]["password"].update(fields={"categry": "x"}),
            "templates.password.fields.categry",
            "did you mean 'category'?",
        ),
        (lambda b: b["templates"]["password"].update(key="n"), "templates.password.key", "empty"),
        (
            lambda b: b["templates"].update(other={**PASSWORD}),
            "templates.other.key",
            "another template has this key",
        ),
        (
            lambda b: b["templates"]["password"].update(form="incident", type="internal"),
            "templates.password.type",
            "for tickets of the type incident",
        ),
        (
            lambda b: b.update(promises=[{"policy": "quick", "when": {"type": ["incidents"]}}]),
            "promises[0].when.type[0]",
            "did you mean 'incident'?",
        ),
    ],
)
def test_what_cannot_be_used_is_named_at_its_place(
    spoil: Callable[[Body], Any], place: str, words: str
) -> None:
    with pytest.raises(Invalid) as caught:
        read(spoil)
    assert words in caught.value.fields[place]


def test_a_desk_without_types_has_no_forms_and_no_templates() -> None:
    desk = read_desk(
        {name: BODY[name] for name in ("groups", "agents", "policies", "calendars")}, version=1
    )
    assert (desk.fields, desk.types, desk.forms, desk.templates) == ({}, {}, {}, {})


def found(spoil: Callable[[Body], Any]) -> dict[str, str]:
    return dict(doubts(*read(spoil)))


def sound(body: Body) -> None:
    for name in ("category", "cause", "street"):
        body["fields"][name]["used_in"] = ["Recurring problems"]
    body["templates"]["colleague"] = {"label": {"en": "New"}, "form": "colleague"}


def but(spoil: Callable[[Body], Any]) -> Callable[[Body], Any]:
    def both(body: Body) -> None:
        sound(body)
        spoil(body)

    return both


def test_forms_that_are_as_they_should_be_leave_no_doubt() -> None:
    assert found(sound) == {}


@pytest.mark.parametrize(
    ("spoil", "place", "words"),
    [
        (
            lambda b: b["fields"]["cause"].pop("used_in"),
            "forms.incident.fields[2]",
            "cause is required, and nothing uses it",
        ),
        (
            lambda b: b["fields"].update(colour={"kind": "text", "label": {"en": "Colour"}}),
            "fields.colour",
            "no form asks for it",
        ),
        (
            lambda b: b["templates"].pop("colleague"),
            "forms.colleague",
            "no type and no template has it",
        ),
        (
            lambda b: b["types"]["incident"].pop("form"),
            "types.incident.form",
            "only tickets from incident are asked for",
        ),
    ],
)
def test_what_is_hardly_meant_is_a_doubt_at_its_place(
    spoil: Callable[[Body], Any], place: str, words: str
) -> None:
    assert words in found(but(spoil))[place]


def test_a_field_that_a_condition_looks_at_is_used() -> None:
    # Whether somebody works at home decides on another field, so it may be asked for.
    assert "forms.colleague.fields[0]" not in found(sound)
