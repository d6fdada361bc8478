"""The difference between two configurations, key by key."""

from __future__ import annotations

import copy

from infra.plan import Difference, Plan, differences
from tests.world import DESK


def test_the_same_has_no_difference() -> None:
    assert differences(DESK, copy.deepcopy(DESK)) == ()


def test_a_change_is_named_by_its_whole_path() -> None:
    after = copy.deepcopy(DESK)
    after["policies"]["standard"]["targets"]["first_reply"]["high"] = "1h"
    (found,) = differences(DESK, after)
    assert found == Difference("policies", "policies.standard.targets.first_reply.high", "2h", "1h")


def test_what_comes_and_what_goes_are_told_apart() -> None:
    after = copy.deepcopy(DESK)
    del after["groups"]["hr"]["sender"]
    after["limits"] = {"acks": 1}
    went, came = differences(DESK, after)
    assert (went.path, went.before, went.after) == ("groups.hr.sender", "People & pay", None)
    assert (came.path, came.before, came.after) == ("limits", None, {"acks": 1})


def test_a_plan_reads_section_by_section_and_says_how_to_go_on() -> None:
    found = Plan(
        4,
        (
            Difference("groups", "groups.hr.name", "HR", "Pay"),
            Difference("groups", "groups.hr.sender", None, "Pay\nand people"),
            Difference("name", "name", "One", None),
        ),
        (("locale", "is not said: English is taken"),),
    )
    assert list(found.lines()) == [
        "groups",
        "  ~ groups.hr.name: HR -> Pay",
        "  + groups.hr.sender: Pay and people",
        "name",
        "  - name: One",
        "warning: locale is not said: English is taken",
        "Version 4 is live. To go on: apply --expect 4",
    ]
