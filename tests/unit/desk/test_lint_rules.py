"""Doubts about rules: each is told at its place, and good rules have none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.desk.model import read_desk
from infra.lint_rules import doubts, stale
from tests.world import DESK

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def rule(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "on": ["opened"], "do": [{"note": "Hm."}], "owner": "lena", **more}


def found(*triggers: dict[str, Any], **more: Any) -> dict[str, str]:
    return dict(doubts(read_desk({**DESK, "triggers": list(triggers), **more}, version=1)))


def sets(name: str, to: str, when: str, **more: Any) -> dict[str, Any]:
    condition = {"priority": {"changed_to": [when]}}
    return rule(name, on=["changed"], when=condition, do=[{"set": {"priority": to}}], **more)


def test_good_rules_have_no_doubt() -> None:
    good = [
        rule("one", when={"group": ["hr"]}, stop=True),
        rule("two", when={"group": ["support"]}),
        rule("three", on=["changed"], when={"priority": {"changed_to": ["high"]}}),
        sets("four", "urgent", "low"),
        rule("five", on=["status_changed"], when={"status": ["closed"]}),
        rule("six", on=["target_breached"], when={"target": ["first_reply"]}),
    ]
    assert found(*good) == {}


@pytest.mark.parametrize(
    ("triggers", "place", "words"),
    [
        ([rule("one", owner=None)], "triggers.one.owner", "is missing"),
        ([rule("one", when={"target": ["resolution"]})], "triggers.one", "never fires"),
        ([rule("one", on=["noted"], when={"state": ["firing"]})], "triggers.one", "never fires"),
        (
            [rule("one", on=["target_near"], when={"text": {"contains": ["x"]}})],
            "triggers.one",
            "never fires",
        ),
        (
            [rule("one", on=["target_near"], when={"tags": {"changed": True}})],
            "triggers.one",
            "never fires",
        ),
        ([rule("one", on=["noted"], when={"status": ["closed"]})], "triggers.one", "closed"),
        (
            [rule("one", on=["changed"], when={"now": {"within": ["office"]}})],
            "triggers.one",
            "can change",
        ),
        ([rule("one", stop=True), rule("two")], "triggers.two", "one stops above it"),
        (
            [
                rule("one", stop=True, when={"group": ["hr"]}),
                rule("two", when={"group": ["hr"], "tags": ["x"]}),
            ],
            "triggers.two",
            "never reached",
        ),
        ([sets("one", "low", "high"), sets("two", "high", "low")], "triggers.one", "one and two"),
        ([sets("one", "high", "high")], "triggers.one", "one itself"),
        (
            [sets("a", "low", "high"), sets("b", "normal", "low"), sets("c", "high", "normal")],
            "triggers.a",
            "a and b and c",
        ),
    ],
)
def test_a_doubt_is_told_at_its_place(
    triggers: list[dict[str, Any]], place: str, words: str
) -> None:
    assert words in found(*triggers)[place]


def test_an_automation_needs_somebody_who_answers_for_it_too() -> None:
    after = {"field": "opened", "hours": 1}
    one = {"id": "one", "after": after, "do": [{"note": "Hm."}]}
    assert list(found(automations=[one])) == ["automations.one.owner"]


def test_a_rule_that_has_long_done_nothing_is_named() -> None:
    desk = read_desk({**DESK, "triggers": [rule("one"), rule("two"), rule("new")]}, version=1)
    fired = {"one": NOW - timedelta(days=91), "two": NOW - timedelta(days=89)}
    assert list(stale(desk, fired, NOW)) == [("triggers.one", "has not fired since 2025-12-01")]
