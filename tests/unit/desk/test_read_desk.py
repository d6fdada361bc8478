"""The configuration: what is read out of it, and what is said of a wrong one."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.desk.model import duration, read_desk
from chalicelib.errors import Invalid
from infra.desk import load
from tests.world import DESK

ROOT = Path(__file__).resolve().parents[3]


def test_an_address_finds_its_group_whatever_stands_behind_the_plus() -> None:
    desk = read_desk(DESK, version=1)
    found = desk.group_at("Support+1001.0.abc@desk.example")
    assert found is not None
    assert found.id == "support"
    assert desk.group_at("support@else.example") is None


def test_the_demo_desk_can_be_read_and_has_a_dozen_tickets_in_four_languages() -> None:
    body, demo = load(ROOT / "desk")
    desk = read_desk(json.loads(json.dumps(body, default=str)), version=1)
    assert len(demo) == 12
    assert "quick" in desk.groups
    assert {story["to"] for story in demo} <= set(desk.groups)


@pytest.mark.parametrize(
    ("spoil", "field"),
    [
        (lambda d: d["groups"]["support"].update(lead="nobody"), "groups.support.lead"),
        (lambda d: d["groups"]["support"].update(policy="none"), "groups.support.policy"),
        (lambda d: d["groups"]["support"].pop("address"), "groups.support"),
        (lambda d: d["groups"]["support"].update(colour="red"), "groups.support"),
        (lambda d: d["groups"]["hr"].update(address="support@desk.example"), "groups.hr.address"),
        (lambda d: d["groups"]["hr"].update(address=f"{'x' * 25}@desk.example"), "groups.hr"),
        (lambda d: d["agents"]["anna"].update(groups=["moon"]), "agents.anna.groups"),
        (lambda d: d["agents"]["anna"].update(email="hr@desk.example"), "agents.anna.email"),
        (lambda d: d["calendars"]["office"].update(hours={}), "calendars.office"),
        (lambda d: d["policies"]["quick"].update(calendar="moon"), "policies.quick"),
        (lambda d: d.update(zone="Moon/Base"), "zone"),
        (lambda d: d.update(groups=[]), "groups"),
    ],
)
def test_every_mistake_is_named_by_its_place(
    spoil: Callable[[dict[str, Any]], Any], field: str
) -> None:
    body = copy.deepcopy(DESK)
    spoil(body)
    with pytest.raises(Invalid) as caught:
        read_desk(body, version=1)
    assert field in caught.value.fields


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("4h", 14400), ("1h 30m", 5400)]
)
def test_durations_read_as_people_write_them(text: str, seconds: int) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "4", "4 hours", "2d", "-1h", "1h x"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no duration"):
        duration(text)
