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
    assert json.loads(json.dumps(body)) == body
    desk = read_desk(body, version=1)
    assert len(demo) == 12
    assert "quick" in desk.groups
    assert {story["to"] for story in demo} <= set(desk.groups)


@pytest.mark.parametrize(
    ("spoil", "field"),
    [
        (lambda d: d["groups"]["support"].update(lead="nobody"), "groups.support.lead"),
        (lambda d: d["groups"]["support"].update(policy="none"), "groups.support.policy"),
        (lambda d: d["groups"]["support"].pop("address"), "groups.support.address"),
        (lambda d: d["groups"]["support"].update(colour="red"), "groups.support.colour"),
        (lambda d: d["groups"]["hr"].update(address="support@desk.example"), "groups.hr.address"),
        (
            lambda d: d["groups"]["hr"].update(address=f"{'x' * 25}@desk.example"),
            "groups.hr.address",
        ),
        (lambda d: d["agents"]["anna"].update(groups=["moon"]), "agents.anna.groups[0]"),
        (lambda d: d["agents"]["anna"].update(email="hr@desk.example"), "agents.anna.email"),
        (lambda d: d["calendars"]["office"].update(hours={}), "calendars.office"),
        (lambda d: d["policies"]["quick"].update(calendar="moon"), "policies.quick.calendar"),
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


def problems_of(**changed: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        read_desk({**copy.deepcopy(DESK), **changed}, version=1)
    return caught.value.fields


def test_an_unknown_key_is_refused_with_the_nearest_that_is_known() -> None:
    group = {**DESK["groups"]["hr"], "adress": "hr@desk.example"}
    groups = {**DESK["groups"], "hr": group}
    found = problems_of(groups=groups, limit={"acks": 1})
    assert found == {
        "groups.hr.adress": "is no key that is known here: did you mean 'address'?",
        "limit": "is no key that is known here: did you mean 'limits'?",
    }


def test_a_name_that_does_not_exist_is_refused_with_the_nearest_that_does() -> None:
    agent = {**DESK["agents"]["hugo"], "groups": ["suport"]}
    found = problems_of(agents={**DESK["agents"], "hugo": agent})
    assert found["agents.hugo.groups[0]"].endswith("did you mean 'support'?")


@pytest.mark.parametrize(
    ("changed", "place", "words"),
    [
        ({"name": 7}, "name", "must be text: put 7 in quotes"),
        ({"name": " "}, "name", "must not be empty"),
        ({"locale": "dk"}, "locale", "none of en, da, nb, hu"),
        ({"limits": {"acks": "3"}}, "limits.acks", "must be a whole number"),
        ({"limits": {"acks": -1}}, "limits.acks", "must be a whole number"),
        ({"limits": [3]}, "limits", "must map names to settings"),
        ({"groups": {}}, "groups", "needs at least 1"),
        ({"foreign": {"x": {"header": "Subject", "pattern": "("}}}, "foreign.x.pattern", "regular"),
        ({"foreign": {"X": {"header": "Subject", "pattern": "a"}}}, "foreign.X", "an id is"),
        ({"agents": {"a": {"name": "A", "email": "a", "groups": []}}}, "agents.a.email", "address"),
        ({"agents": {"a": {"name": "A", "email": "a@b", "groups": "hr"}}}, "agents.a.groups", "["),
    ],
)
def test_a_value_of_the_wrong_kind_says_what_to_do(
    changed: dict[str, Any], place: str, words: str
) -> None:
    assert words in problems_of(**changed)[place]


@pytest.mark.parametrize("hours", ["8-16", "08:00", "16:00-08:00", "08:00-25:00"])
def test_hours_that_cannot_be_are_refused(hours: str) -> None:
    calendars = {**DESK["calendars"], "odd": {"hours": {"monday": [hours]}}}
    (place,) = problems_of(calendars=calendars)
    assert place.startswith("calendars.odd")


def test_all_problems_are_told_at_once_and_none_for_what_another_caused() -> None:
    agents = {**DESK["agents"], "lena": {"name": "Lena", "groups": ["hr"]}}
    calendars = {**DESK["calendars"], "office": {"hours": {}}}
    found = problems_of(agents=agents, calendars=calendars, zone="Moon/Base")
    assert set(found) == {"agents.lena.email", "calendars.office", "zone"}


def test_two_agents_cannot_have_one_address() -> None:
    agents = copy.deepcopy(DESK["agents"])
    agents["hugo"]["email"] = "Anna@agents.example"
    assert problems_of(agents=agents)["agents.hugo.email"] == "another agent has this address"


def test_a_live_desk_of_later_code_can_be_read_without_the_sections_that_are_not_known() -> None:
    body = {**copy.deepcopy(DESK), "horoscopes": {"anna": "fine"}}
    assert read_desk(body, version=7, is_live=True) == read_desk(DESK, version=7)
    with pytest.raises(Invalid):
        read_desk(body, version=7)


def test_a_key_without_a_value_counts_as_not_given() -> None:
    desk = read_desk({**copy.deepcopy(DESK), "limits": None, "foreign": None}, version=1)
    assert (desk.limits.acks, desk.foreign) == (3, {})


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("4h", 14400), ("1h 30m", 5400)]
)
def test_durations_read_as_people_write_them(text: str, seconds: int) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "4", "4 hours", "2d", "-1h", "1h x"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no duration"):
        duration(text)


def written(folder: Path, text: str) -> Path:
    (folder / "desk.yaml").write_text(text, "utf-8")
    return folder


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: one\nname: two\n", "stands here twice"),
        ("groups: {a: {name: x}, a: {name: y}}\n", "stands here twice"),
        ("- a list\n", "must map sections"),
        ("name: [\n", "desk.yaml"),
        ("? [a]\n: one\n", "desk.yaml"),
        ("name: !!set {a, b}\n", "desk.yaml"),
    ],
)
def test_a_file_that_cannot_be_meant_so_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        load(written(tmp_path, text))


def test_a_section_stands_in_one_file_alone(tmp_path: Path) -> None:
    written(tmp_path, "name: one\n")
    (tmp_path / "more.yaml").write_text("name: two\n", "utf-8")
    with pytest.raises(Invalid, match="another file as well"):
        load(tmp_path)


def test_dates_are_text_as_values_and_as_names(tmp_path: Path) -> None:
    body, _ = load(written(tmp_path, "a: 2026-12-24\nb: {2026-12-24: x}\n"))
    assert body == {"a": "2026-12-24", "b": {"2026-12-24": "x"}}
