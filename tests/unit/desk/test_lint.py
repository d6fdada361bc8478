"""Warnings about a desk that could go live: each doubt has its place, and a good desk none."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.desk.model import read_desk
from infra.lint import warnings
from tests.world import DESK

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
Body = dict[str, Any]


def found(spoil: Callable[[Body], Any]) -> dict[str, str]:
    body = copy.deepcopy(DESK)
    spoil(body)
    return dict(warnings(body, read_desk(body, version=1), NOW))


def foreign(pattern: str) -> Callable[[Body], Any]:
    entry = {"tracker": {"header": "Subject", "pattern": pattern}}
    return lambda body: body.update(foreign=entry)


def unpeopled(body: Body) -> None:
    for agent in body["agents"].values():
        agent["groups"] = [group for group in agent["groups"] if group != "quick"]


def promises(*whens: Body) -> Callable[[Body], Any]:
    rules = [{"policy": "quick", "when": when} for when in whens]
    return lambda body: body.update(promises=rules)


def test_a_desk_that_is_as_it_should_be_has_no_warning() -> None:
    assert found(lambda _: None) == {}


@pytest.mark.parametrize(
    ("spoil", "place", "words"),
    [
        (lambda b: b.pop("locale"), "locale", "English"),
        (unpeopled, "groups.quick", "nobody is in it"),
        (lambda b: b["groups"]["quick"].pop("lead"), "groups.quick.lead", "nobody is told"),
        (lambda b: b["groups"]["quick"].update(lead="hugo"), "groups.quick.lead", "cannot see"),
        (lambda b: b["agents"]["hugo"].update(groups=[]), "agents.hugo.groups", "no ticket"),
        (
            lambda b: b["agents"]["hugo"].update(email="hugo@desk.example"),
            "agents.hugo.email",
            "domain of a group",
        ),
        (lambda b: b["groups"]["quick"].pop("policy"), "policies.quick", "no group"),
        (lambda b: b["policies"]["quick"].update(targets={}), "policies.quick.targets", "nothing"),
        (
            lambda b: b["policies"]["quick"].update(calendar="office"),
            "calendars.always",
            "no policy",
        ),
        (
            lambda b: b["calendars"]["office"].update(holidays=["2025-12-25"]),
            "calendars.office.holidays",
            "past",
        ),
        (
            lambda b: b["calendars"]["office"].pop("holidays"),
            "calendars.office.holidays",
            "are missing",
        ),
        (lambda b: b.update(limits={"acks": 0}), "limits.acks", "no mail is acknowledged"),
        (lambda b: b.update(limits={"tickets": 0}), "limits.tickets", "held up"),
        (foreign("(DEV-)?"), "foreign.tracker.pattern", "every header"),
        (foreign("(a+)+b"), "foreign.tracker.pattern", "very long"),
        (promises({"group": ["hr"]}, {"group": ["hr"], "tags": ["x"]}), "promises[1]", "reached"),
    ],
)
def test_a_doubt_is_told_at_its_place(spoil: Callable[[Body], Any], place: str, words: str) -> None:
    assert words in found(spoil)[place]


@pytest.mark.parametrize(
    "spoil",
    [
        foreign(r"\((DEV-\d+)\)"),
        promises({"group": ["hr"], "tags": ["x"]}, {"group": ["hr"]}),
        promises({"group": ["hr"]}, {"group": ["support"]}),
    ],
)
def test_what_is_fine_is_left_alone(spoil: Callable[[Body], Any]) -> None:
    assert found(spoil) == {}
