"""What a desk may say about its macros."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.desk.model import read_desk
from chalicelib.errors import Invalid
from tests.world import DESK

LABEL = {"en": "New password"}
REPLY = {"reply": "Hello {requester.name}"}


def problems(**macro: Any) -> list[str]:
    with pytest.raises(Invalid) as error:
        read_desk({**DESK, "macros": {"password": {"label": LABEL, **macro}}}, version=1)
    return list(error.value.fields)


def test_a_macro_writes_and_sets_under_one_name() -> None:
    do = [REPLY, {"set": {"status": "pending", "until": "+3 business days"}}]
    body = {**DESK, "macros": {"password": {"label": LABEL, "do": do, "groups": ["support"]}}}
    macro = read_desk(body, version=1).macros["password"]
    assert macro.name("hu") == "New password"
    assert macro.writes
    assert macro.writes.is_reply
    assert macro.groups == {"support"}


@pytest.mark.parametrize(
    ("macro", "place"),
    [
        ({}, "macros.password.do"),
        ({"do": []}, "macros.password"),
        ({"do": [REPLY], "label": {}}, "macros.password"),
        ({"do": [{"set": {"colour": "red"}}]}, "macros.password.do[0].set.colour"),
        ({"do": [{"set": {"field.floor": "2"}}]}, "macros.password.do[0].set.field.floor"),
        ({"do": [{"reply": "Hello {requester.shoe}"}]}, "macros.password.do[0].reply"),
        ({"do": [REPLY, {"note": "x"}]}, "macros.password.do"),
        ({"do": [{"webhook": "pager"}]}, "macros.password.do[0].webhook"),
        ({"do": [REPLY], "after": "home"}, "macros.password.after"),
        ({"do": [REPLY], "when": {"shoe": ["left"]}}, "macros.password.when.shoe"),
    ],
)
def test_what_cannot_be_used_is_told_at_its_place(macro: dict[str, Any], place: str) -> None:
    assert place in problems(**macro)
