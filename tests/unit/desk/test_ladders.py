"""What a configuration can say about ladders."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.clocks.model import SIMPLE, USUAL_STOPS, Metric
from chalicelib.desk.model import Desk, read_desk
from chalicelib.desk.promises import point
from chalicelib.errors import Invalid
from tests.world import DESK

HALF_HOUR = timedelta(minutes=30)
FULL: dict[str, Any] = {
    "at": "+1h 30m",
    "clock": "calendar",
    "notify": ["assignee", "agent:anna", "email:Duty@partner.example"],
    "set": {"priority": "urgent", "add_tags": ["late"]},
    "repeat": {"every": "30m", "max": 3},
    "stop_on": ["ack", "met"],
    "urgent": True,
}


def desk_of(*steps: dict[str, Any], **policy: Any) -> Desk:
    body = copy.deepcopy(DESK)
    body["ladders"] = {"usual": {"steps": list(steps)}}
    body["policies"]["standard"] |= policy
    return read_desk(body, version=1)


def problems_of(*steps: dict[str, Any], **policy: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        desk_of(*steps, **policy)
    return dict(caught.value.fields)


def test_a_step_says_when_it_comes_whom_it_calls_what_it_sets_and_what_ends_it() -> None:
    [step] = desk_of(FULL).ladders["usual"].steps
    assert (step.at, step.beside, step.by_calendar) == ("+1h 30m", 3 * HALF_HOUR, True)
    assert step.notify == ("assignee", "agent:anna", "email:duty@partner.example")
    assert step.sets == {"priority": "urgent", "add_tags": ("late",)}
    assert (step.every, step.repeats, step.is_urgent) == (HALF_HOUR, 3, True)
    assert step.stops == {"ack", "met"}


def test_what_a_step_does_not_say_is_the_usual() -> None:
    first, later = desk_of({"at": "0", "notify": ["group_lead"]}, FULL).ladders["usual"].steps
    assert (first.by_calendar, first.every, first.is_urgent) == (False, None, False)
    assert first.stops == USUAL_STOPS
    assert later.is_after


def test_days_are_those_of_the_calendar() -> None:
    [step] = desk_of({"at": "+1d 2h", "notify": ["group_lead"]}).ladders["usual"].steps
    assert (step.days, step.beside, step.by_calendar) == (1, timedelta(hours=2), True)


@pytest.mark.parametrize("text", ["", "30m", "0%", "100%", "+", "-", "+0h", "soon", "+1w", "--1h"])
def test_what_is_no_point_in_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no"):
        point(text)


def test_a_policy_names_a_ladder_for_all_targets_or_for_some() -> None:
    step = {"at": "0", "notify": ["group_lead"]}
    every = desk_of(step, ladder="usual").policies["standard"]
    assert every.ladder_of(Metric.RESOLUTION).name == "usual"
    some = desk_of(step, ladders={"resolution": "usual"}, warn=["50%"]).policies["standard"]
    assert some.ladder_of(Metric.RESOLUTION).level("0") == 1
    assert [one.at for one in some.ladder_of(Metric.FIRST_REPLY).steps] == ["50%", "0"]
    assert some.ladder_of(Metric.FIRST_REPLY).level("0") == 0


def test_without_a_ladder_the_lead_hears_of_a_miss() -> None:
    assert desk_of(FULL).policies["standard"].ladder == SIMPLE


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"notify": [], "set": {}}, "does nothing"),
        ({"at": "50%", "clock": "calendar"}, "share of business time"),
        ({"at": "+1d", "clock": "business"}, "counts days"),
        ({"notify": []}, "repeats a call, and calls nobody"),
        ({"repeat": {"every": "30s", "max": 2}}, "more than once a minute"),
    ],
)
def test_a_step_that_contradicts_itself_is_refused(more: dict[str, Any], problem: str) -> None:
    found = problems_of({"at": "0", "notify": ["assignee"]}, FULL | more)
    assert list(found) == ["ladders.usual"]
    assert found["ladders.usual"].startswith("steps[1] ")
    assert problem in found["ladders.usual"]


def test_two_steps_at_one_point_are_refused() -> None:
    assert problems_of(FULL, FULL) == {"ladders.usual": "two steps come at +1h 30m: make them one"}


def test_a_ladder_without_steps_is_refused() -> None:
    assert problems_of() == {"ladders.usual": "a ladder has 1 to 20 steps"}


@pytest.mark.parametrize(
    ("notify", "problem"),
    [
        ("agent:ana", "'ana' is none of the agents: did you mean 'anna'?"),
        ("asignee", "did you mean 'assignee'?"),
        ("email:nobody", "is none of"),
        ("https://example.com", "is none of"),
    ],
)
def test_whom_nobody_knows_is_a_problem_where_it_stands(notify: str, problem: str) -> None:
    found = problems_of(FULL | {"notify": ["assignee", notify]})
    assert list(found) == ["ladders.usual.steps[0].notify[1]"]
    assert problem in found["ladders.usual.steps[0].notify[1]"]


def test_what_a_step_sets_has_to_exist() -> None:
    found = problems_of(FULL | {"set": {"group": "moon", "colour": "red"}})
    assert set(found) == {"ladders.usual.steps[0].set.group", "ladders.usual.steps[0].set.colour"}


def test_a_number_is_no_point_in_time() -> None:
    assert problems_of(FULL | {"at": 0}) == {
        "ladders.usual.steps[0].at": "must be text: put 0 in quotes"
    }


def test_a_policy_names_a_ladder_that_exists() -> None:
    assert "policies.standard.ladder" in problems_of(FULL, ladder="usula")
    assert "policies.standard.ladders.resolution" in problems_of(FULL, ladders={"resolution": "x"})


def test_warnings_beside_a_ladder_are_steps_of_it() -> None:
    found = problems_of(FULL, ladder="usual", warn=["50%"])
    assert "make each warning a step" in found["policies.standard"]


def test_a_ladder_that_cannot_be_used_is_told_of_where_it_stands() -> None:
    assert list(problems_of(FULL, FULL, ladder="usual")) == ["ladders.usual"]
