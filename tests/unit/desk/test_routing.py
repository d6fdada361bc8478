"""What the configuration may say of routing and assigning, and what is doubtful about it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.desk.assignment import Assign, How
from chalicelib.desk.model import read_desk
from chalicelib.errors import Invalid
from infra.lint import warnings
from tests.world import DESK

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
Body = dict[str, Any]


def body(**parts: Any) -> Body:
    found = copy.deepcopy(DESK)
    found["groups"]["support"]["assign"] = {"how": "load", "answer_within": "30m"}
    found["agents"]["anna"] |= {"skills": {"network": 4}, "hours": "office", "load_limit": 5}
    found["agents"]["lena"]["skills"] = ["network"]
    return {**found, **parts}


def doubts(routing: list[Body], spoil: Callable[[Body], Any] = lambda _: None) -> dict[str, str]:
    found = body(routing=routing)
    spoil(found)
    return dict(warnings(found, read_desk(found, version=1), NOW))


def test_groups_and_agents_say_how_tickets_are_given() -> None:
    desk = read_desk(body(), version=1)
    assert desk.groups["support"].assign == Assign(How.LOAD, timedelta(minutes=30))
    assert desk.groups["hr"].assign == Assign()
    assert desk.agents["anna"].skills == {"network": 4}
    assert desk.agents["lena"].skills == {"network": 3}


def test_a_rule_says_when_it_fits_and_what_becomes_of_the_ticket() -> None:
    then = {"group": "hr", "priority": "high", "add_tags": ["x"], "skills": ["network"]}
    rules = [{"when": {"language": ["da"]}, "then": {**then, "assign": "hugo"}, "go_on": True}]
    (route,) = read_desk(body(routing=rules), version=1).routing
    assert (route.name, route.group, route.agent, route.goes_on) == (
        "routing[0]",
        "hr",
        "hugo",
        True,
    )
    assert route.skills == {"network": 1}


@pytest.mark.parametrize(
    ("spoil", "place"),
    [
        (lambda b: b["agents"]["anna"].update(hours="moon"), "agents.anna.hours"),
        (lambda b: b["agents"]["anna"].update(skills={"x": 6}), "agents.anna.skills.x"),
        (lambda b: b["agents"]["anna"].update(skills="x"), "agents.anna.skills"),
        (lambda b: b["agents"]["anna"].update(load_limit=-1), "agents.anna.load_limit"),
        (
            lambda b: b["groups"]["support"].update(assign={"how": "dice"}),
            "groups.support.assign.how",
        ),
        (
            lambda b: b["groups"]["support"].update(assign={"answer_within": "1h"}),
            "groups.support.assign.how",
        ),
        (
            lambda b: b["groups"]["support"]["assign"].update(answer_within="soon"),
            "groups.support.assign.answer_within",
        ),
        (
            lambda b: b.update(routing=[{"when": {"assignee": ["anna"]}, "then": {}}]),
            "routing[0].when.assignee",
        ),
        (
            lambda b: b.update(routing=[{"then": {"group": "moon"}}]),
            "routing[0].then.group",
        ),
        (lambda b: b.update(routing=[{"when": {}}]), "routing[0].then"),
    ],
)
def test_what_cannot_be_is_named_by_its_place(spoil: Callable[[Body], Any], place: str) -> None:
    spoiled = body()
    spoil(spoiled)
    with pytest.raises(Invalid) as refused:
        read_desk(spoiled, version=1)
    assert place in refused.value.fields


VIP = {"domain": ["vip.example"]}


@pytest.mark.parametrize(
    ("routing", "spoil", "place", "words"),
    [
        ([{"then": {"group": "hr"}}, {"when": VIP, "then": {}}], None, "routing[1]", "never"),
        (
            [
                {"when": {"subject": {"contains": ["vpn", "wifi"]}}, "then": {}},
                {"when": {**VIP, "subject": {"contains": ["vpn"]}}, "then": {}},
            ],
            None,
            "routing[1]",
            "routing[0] comes before it",
        ),
        (
            [{"then": {"skills": {"network": 5}}}],
            None,
            "routing[0].then.skills.network",
            "nobody can",
        ),
        (
            [{"then": {"group": "hr", "skills": ["network"]}}],
            None,
            "routing[0].then.skills",
            "does not assign",
        ),
        (
            [{"then": {"group": "hr", "assign": "anna"}}],
            None,
            "routing[0].then.assign",
            "may have no tickets",
        ),
        (
            [],
            lambda b: [b["agents"][one].update(groups=["hr"]) for one in ("anna", "lena")],
            "groups.support.assign",
            "no agent is in the group",
        ),
        ([], lambda b: b["agents"]["anna"].update(load_limit=0), "agents.anna.load_limit", "is 0"),
        (
            [],
            lambda b: b["groups"]["support"].update(assign={"how": "none", "answer_within": "1h"}),
            "groups.support.assign.answer_within",
            "does nothing",
        ),
        (
            [],
            lambda b: b["agents"]["hugo"].update(hours="office"),
            "agents.hugo.hours",
            "do nothing",
        ),
        (
            [],
            lambda b: b["groups"]["hr"].update(assign={"how": "load"}),
            "groups.hr.assign",
            "has no lead",
        ),
    ],
)
def test_a_doubt_is_told_at_its_place(
    routing: list[Body], spoil: Callable[[Body], Any] | None, place: str, words: str
) -> None:
    assert words in doubts(routing, spoil or (lambda _: None))[place]


@pytest.mark.parametrize(
    "routing",
    [
        [{"when": VIP, "then": {}}, {"then": {"group": "hr"}}],
        [{"then": {}, "go_on": True}, {"when": VIP, "then": {}}],
        [{"when": {"any": [VIP]}, "then": {}}, {"when": VIP, "then": {}}],
        [{"when": {**VIP, "none": [{"tags": ["x"]}]}, "then": {}}, {"when": VIP, "then": {}}],
        [{"then": {"group": "support", "skills": {"network": 4}, "assign": "anna"}}],
    ],
)
def test_what_is_fine_is_left_alone(routing: list[Body]) -> None:
    assert doubts(routing) == {}
