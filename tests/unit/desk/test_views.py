"""What a desk may say about its saved lists."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.desk.model import read_desk
from chalicelib.errors import Invalid
from tests.world import DESK


def problems(**view: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as error:
        read_desk({**DESK, "views": {"vip": view}}, version=1)
    return error.value.fields


def test_a_view_is_read_with_its_conditions_and_times() -> None:
    view = {
        "label": {"en": "Important", "da": "Vigtigt"},
        "groups": ["hr", "support"],
        "when": {"tags": ["vip"], "subject": {"lacks": ["newsletter"]}},
        "due_within": "2h",
        "columns": ["due", "group"],
    }
    read = read_desk({**DESK, "views": {"vip": view}}, version=1).views["vip"]
    assert (read.name("da"), read.name("hu")) == ("Vigtigt", "Important")
    assert read.groups == ("hr", "support")
    assert read.when.fields == {"tags", "subject"}
    assert read.due_within == timedelta(hours=2)
    assert read.columns == ("due", "group")


@pytest.mark.parametrize(
    ("view", "place"),
    [
        ({}, "views.vip.label"),
        ({"label": {}}, "views.vip"),
        ({"label": {"en": "x"}, "groups": ["sales"]}, "views.vip.groups[0]"),
        ({"label": {"en": "x"}, "columns": ["mood"]}, "views.vip.columns[0]"),
        ({"label": {"en": "x"}, "when": {"text": ["printer"]}}, "views.vip.when.text"),
        ({"label": {"en": "x"}, "only_mine": True, "groups": ["hr"]}, "views.vip"),
        ({"label": {"en": "x"}, "due_within": "soon"}, "views.vip.due_within"),
    ],
)
def test_what_cannot_be_used_is_told_at_its_place(view: dict[str, Any], place: str) -> None:
    assert list(problems(**view)) == [place]


def test_a_view_asks_only_what_a_list_knows() -> None:
    told = problems(label={"en": "x"}, when={"text": ["printer"]})
    assert "is no field that can be asked for here" in told["views.vip.when.text"]


@pytest.mark.parametrize("name", ["mine", "covered", "support-open", "hr-unassigned"])
def test_no_saved_view_takes_the_id_of_one_that_every_desk_has(name: str) -> None:
    with pytest.raises(Invalid) as error:
        read_desk({**DESK, "views": {name: {"label": {"en": "x"}}}}, version=1)
    assert "take another one" in error.value.fields[f"views.{name}"]
