"""What a desk may say about its checklists."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.desk.model import read_desk
from chalicelib.errors import Invalid
from tests.world import DESK

TITLE = {"title": "Order a laptop"}


def read(checklist: Any) -> Any:
    return read_desk({**DESK, "checklists": {"joiner": checklist}}, version=1).checklists["joiner"]


def test_a_checklist_says_its_tasks_in_the_readers_language() -> None:
    task = {"title": {"en": "Order a laptop", "da": "Bestil en bærbar"}, "owner": "assignee"}
    found = read({"label": {"en": "New colleague"}, "tasks": [task, TITLE]})
    assert (found.name("da"), found.name("hu")) == ("New colleague", "New colleague")
    assert [one.name("da") for one in found.tasks] == ["Bestil en bærbar", "Order a laptop"]
    assert [one.owner for one in found.tasks] == ["assignee", "none"]
    assert read({"tasks": [TITLE]}).name("en") == "joiner"


@pytest.mark.parametrize(
    ("checklist", "place"),
    [
        ({}, "tasks"),
        ({"tasks": []}, ""),
        ({"tasks": [TITLE] * 51}, ""),
        ({"tasks": [{}]}, "tasks[0].title"),
        ({"tasks": [{"title": ""}]}, "tasks[0].title"),
        ({"tasks": [{"title": {}}]}, "tasks[0].title"),
        ({"tasks": [{"title": 7}]}, "tasks[0].title"),
        ({"tasks": [{"title": {"xx": "?"}}]}, "tasks[0].title.xx"),
        ({"tasks": [{**TITLE, "owner": "nobody"}]}, "tasks[0].owner"),
        ({"tasks": [{**TITLE, "due": "tomorrow"}]}, "tasks[0].due"),
        ({"tasks": [{**TITLE, "colour": "red"}]}, "tasks[0].colour"),
    ],
)
def test_what_cannot_be_used_is_told_at_its_place(checklist: Any, place: str) -> None:
    with pytest.raises(Invalid) as caught:
        read(checklist)
    assert f"checklists.joiner.{place}".rstrip(".") in caught.value.fields
