"""Doubts about ladders, each at its place."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.desk.model import read_desk
from infra.lint import warnings
from tests.world import DESK

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LEAD: dict[str, Any] = {"at": "0", "notify": ["group_lead"]}
AGAIN = {"every": "30m", "max": 3}


def found(*steps: dict[str, Any], policy: str | None = "standard") -> dict[str, str]:
    body = copy.deepcopy(DESK)
    body["ladders"] = {"usual": {"steps": list(steps)}}
    if policy:
        body["policies"][policy]["ladder"] = "usual"
    return dict(warnings(body, read_desk(body, version=1), NOW))


def test_a_ladder_that_is_as_it_should_be_has_no_warning() -> None:
    steps = [{"at": "-30m", "notify": ["assignee"], "repeat": AGAIN}, LEAD | {"urgent": True}]
    assert found(*steps, {"at": "+1d", "set": {"priority": "high"}}) == {}


def test_a_ladder_that_no_target_uses_is_doubtful() -> None:
    assert found(LEAD, policy=None) == {"ladders.usual": "no target of any policy uses it"}


@pytest.mark.parametrize(
    ("step", "policy", "words"),
    [
        ({"at": "+1h", "stop_on": ["missed"]}, "standard", "never comes: it follows the miss"),
        ({"at": "-1h"}, "quick", "no target is that long"),
        ({"at": "+1h", "repeat": AGAIN, "stop_on": []}, "standard", "whatever happens"),
        ({"at": "+1h", "urgent": True}, "quick", "always open"),
        ({"at": "+1h", "notify": ["email:hr@desk.example"]}, "standard", "would open tickets"),
    ],
)
def test_what_is_doubtful_about_a_step_is_told_where_it_stands(
    step: dict[str, Any], policy: str, words: str
) -> None:
    doubts = found(LEAD, LEAD | step, policy=policy)
    assert list(doubts) == ["ladders.usual.steps[1]"]
    assert words in doubts["ladders.usual.steps[1]"]
