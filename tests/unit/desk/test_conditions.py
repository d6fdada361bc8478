"""The language of conditions: what each operator holds to, and what is refused on reading."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.desk.conditions import FIELDS, OF_EVENTS, Situation, When, conditions
from chalicelib.desk.keys import Reading
from chalicelib.desk.model import read_desk
from tests.world import DESK

BODY = {**DESK, "fields": {"floor": {"kind": "text", "label": {"en": "Floor"}}}}
DESK_READ = read_desk(BODY, version=1)
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SUNDAY = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
VALUES = {
    "group": ("support",),
    "priority": ("high",),
    "status": ("pending", "ordered"),
    "tags": ("shop", "vip"),
    "subject": ("the printer burns",),
    "domain": ("mail.customer.example",),
    "field.floor": ("7",),
}


def read(given: Any, **more: Any) -> When:
    reading = Reading(BODY)
    found: When = conditions(**more).read(given, "when", reading)
    assert reading.problems == {}
    return found


def problems(given: Any, *names: str, **more: Any) -> dict[str, str]:
    reading = Reading(BODY)
    conditions(*names, **more).read(given, "when", reading)
    return reading.problems


def holds(given: Any, now: datetime = MONDAY, before: Any = None, **values: Any) -> bool:
    situation = Situation({**VALUES, **values}, now, before or {}, DESK_READ.calendars)
    return read(given).holds(situation)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, True),
        ({"priority": ["low", "high"]}, True),
        ({"priority": ["low"]}, False),
        ({"priority": {"is_not": ["low"]}}, True),
        ({"priority": {"is_not": ["high"]}}, False),
        ({"status": ["pending"]}, True),
        ({"tags": ["VIP"]}, True),
        ({"tags": {"is_not": ["vip"]}}, False),
        ({"assignee": ["nobody"]}, True),
        ({"assignee": ["anna", "nobody"]}, True),
        ({"assignee": {"is_not": ["nobody"]}}, False),
        ({"subject": {"contains": ["PRINTER", "fax"]}}, True),
        ({"subject": {"contains": ["fax"]}}, False),
        ({"subject": {"lacks": ["fax"]}}, True),
        ({"subject": {"matches": [r"print(er|s)\b"]}}, True),
        ({"subject": {"matches": ["^burns"]}}, False),
        ({"subject": {"is_set": True}}, True),
        ({"text": {"is_set": True}}, False),
        ({"text": {"is_set": False}}, True),
        ({"domain": ["customer.example"]}, True),
        ({"domain": ["omer.example"]}, False),
        ({"field.floor": {"above": 6}}, True),
        ({"field.floor": {"above": 7}}, False),
        ({"field.floor": {"below": 10}}, True),
        ({"subject": {"contains": ["printer"], "lacks": ["burns"]}}, False),
        ({"priority": ["high"], "group": ["hr"]}, False),
        ({"any": [{"group": ["hr"]}, {"tags": ["vip"]}]}, True),
        ({"any": [{"group": ["hr"]}, {"tags": ["x"]}]}, False),
        ({"none": [{"group": ["hr"]}]}, True),
        ({"none": [{"group": ["support"], "priority": ["high"]}]}, False),
        ({"none": [{"group": ["support"], "priority": ["low"]}]}, True),
        ({"group": ["support"], "any": [{"tags": ["vip"]}], "none": [{"tags": ["x"]}]}, True),
    ],
)
def test_a_condition_holds_or_not(given: Any, *, expected: bool) -> None:
    assert holds(given) is expected


@pytest.mark.parametrize(
    ("given", "before", "expected"),
    [
        ({"priority": {"changed": True}}, {"priority": ("low",)}, True),
        ({"priority": {"changed": True}}, {}, False),
        ({"priority": {"changed": False}}, {}, True),
        ({"priority": {"changed_to": ["high"]}}, {"priority": ("low",)}, True),
        ({"priority": {"changed_to": ["low"]}}, {"priority": ("low",)}, False),
        ({"priority": {"changed_from": ["low"]}}, {"priority": ("low",)}, True),
        ({"priority": {"changed_from": ["high"]}}, {"priority": ("low",)}, False),
        ({"assignee": {"changed_from": ["nobody"]}}, {"assignee": ()}, False),
        ({"tags": {"changed": True}}, {"tags": ()}, True),
        # There and back is where it was.
        ({"priority": {"changed": True}}, {"priority": ("high",)}, False),
        ({"priority": {"changed_to": ["high"]}}, {"priority": ("high",)}, False),
    ],
)
def test_a_change_is_asked_for_by_what_was_before(
    given: Any, before: Any, *, expected: bool
) -> None:
    assert holds(given, before=before) is expected


def test_somebody_who_had_nobody_before_had_nobody() -> None:
    before: dict[str, tuple[str, ...]] = {"assignee": ()}
    assert holds({"assignee": {"changed_from": ["nobody"]}}, before=before, assignee=("anna",))


@pytest.mark.parametrize(("now", "is_open"), [(MONDAY, True), (SUNDAY, False)])
def test_hours_are_those_of_a_calendar(now: datetime, *, is_open: bool) -> None:
    assert holds({"now": {"within": ["office"]}}, now) is is_open
    assert holds({"now": {"outside": ["office"]}}, now) is not is_open
    assert holds({"now": {"within": ["office", "always"]}}, now)


@pytest.mark.parametrize(
    ("given", "place", "words"),
    [
        ({"priorty": ["low"]}, "when.priorty", "did you mean 'priority'"),
        ({"priority": ["hihg"]}, "when.priority[0]", "did you mean 'high'"),
        ({"priority": "high"}, "when.priority", "must be a list"),
        ({"priority": {"was": ["low"]}}, "when.priority", "'was' is none of"),
        ({"group": ["sales"]}, "when.group[0]", "none of the groups"),
        ({"now": {"is": ["x"]}}, "when.now", "none of within, outside"),
        ({"priority": {"within": ["office"]}}, "when.priority", "none of"),
        ({"now": {"within": ["weekend"]}}, "when.now[0]", "none of the calendars"),
        ({"subject": {"matches": ["("]}}, "when.subject[0]", "no regular expression"),
        ({"subject": {"matches": ["(a+)+b"]}}, "when.subject[0]", "repeats a group"),
        ({"field.flor": ["2"]}, "when.field.flor", "no field"),
        ({"event.host": ["x"]}, "when.event.host", "no field"),
        ({"any": [{"priorty": ["low"]}]}, "when.any[0].priorty", "no field"),
        ({"any": {"priority": ["low"]}}, "when.any", "must be a list"),
        ({"none": ["x"]}, "when.none[0]", "must map"),
        (["priority"], "when", "must map"),
        ({"subject": {"above": [3]}}, "when.subject", "number or a date"),
    ],
)
def test_what_cannot_be_used_is_refused_at_its_place(given: Any, place: str, words: str) -> None:
    assert words in problems(given)[place]


def test_a_place_may_know_fewer_fields_and_no_changes() -> None:
    assert problems({"priority": ["low"]}, "group") != {}
    assert problems({"field.floor": ["2"]}, own_fields=False) != {}
    assert problems({"priority": {"changed": True}}, changes=False) != {}


def test_what_sources_say_can_be_asked_by_its_name() -> None:
    body = {**BODY, "sources": {"m": {"group": "support", "key": ["id"], "fields": {"host": "h"}}}}
    reading = Reading(body)
    when = conditions().read({"event.host": ["db1"], "source": ["m"]}, "when", reading)
    assert reading.problems == {}
    assert when.fields == {"event.host", "source"}


def test_a_finding_says_what_was_asked_and_what_was_there() -> None:
    when = read({"priority": ["low"], "any": [{"tags": ["x"]}], "none": [{"group": ["hr"]}]})
    found = when.findings(Situation(VALUES, MONDAY))
    assert [(one.condition, one.holds, one.got, one.part) for one in found] == [
        ("priority is low", False, ("high",), "all"),
        ("tags is x", False, ("shop", "vip"), "any"),
        ("group is hr", False, ("support",), "none"),
    ]


def test_what_asks_for_no_change_says_so() -> None:
    assert read({"any": [{"priority": {"changed_to": ["low"]}}]}).asks_for_change
    assert not read({"priority": ["low"]}).asks_for_change


def test_without_a_field_it_holds_wherever_it_could() -> None:
    when = read(
        {
            "now": {"within": ["office"]},
            "priority": ["high"],
            "any": [{"now": {"outside": ["always"]}, "group": ["support"]}],
            "none": [{"now": {"within": ["always"]}}],
        }
    )
    closed = Situation(VALUES, SUNDAY, {}, DESK_READ.calendars)
    assert not when.holds(closed)
    assert when.without("now").holds(closed)
    assert "now" not in when.without("now").fields


def test_only_so_much_of_a_text_is_searched() -> None:
    assert not holds({"text": {"matches": ["needle"]}}, text=(f"{'x' * 2000}needle",))


@given(st.dictionaries(st.sampled_from(sorted(FIELDS)), st.lists(st.text(max_size=8), max_size=3)))
def test_any_values_are_judged_and_never_fall_over(values: dict[str, list[str]]) -> None:
    situation = Situation({name: tuple(one) for name, one in values.items()}, MONDAY)
    for name in set(FIELDS) - OF_EVENTS - {"now", "type", "form"}:
        when = read({name: {"is_set": True, "above": 3, "below": "x", "lacks": ["y"]}})
        assert when.holds(situation) in {True, False}


@pytest.mark.parametrize("text", ["(a+)+b", "((a+))+b", "(a|aa)+b", "(a?a?)*b", "(?:x|(a*)){2,}"])
def test_a_pattern_that_could_take_for_ever_is_refused(text: str) -> None:
    found = problems({"subject": {"matches": [text]}})
    assert ["very long to read" in one for one in found.values()] == [True]


@pytest.mark.parametrize(
    "text",
    ["(a+) +b", r"\(a+\)+", "[(a+)]+", "(ab)+", "print(er|s)?", "(?i)(x|y)z*", "[]+]+", "a{x}"],
)
def test_a_pattern_that_only_looks_like_it_is_not(text: str) -> None:
    assert problems({"subject": {"matches": [text]}}) == {}


@pytest.mark.parametrize(
    ("wider", "narrower", "expected"),
    [
        ({"priority": ["low", "high"]}, {"priority": ["low"]}, True),
        ({"priority": ["low"]}, {"priority": ["low", "high"]}, False),
        ({"priority": {"is_not": ["low"]}}, {"priority": {"is_not": ["low", "high"]}}, True),
        ({"priority": {"is_not": ["low", "high"]}}, {"priority": {"is_not": ["low"]}}, False),
        ({"subject": {"lacks": ["a", "b"]}}, {"subject": {"lacks": ["a"]}}, False),
        ({"now": {"outside": ["office", "always"]}}, {"now": {"outside": ["office"]}}, False),
        ({}, {"priority": ["low"]}, True),
    ],
)
def test_one_condition_covers_another_only_where_it_always_holds_with_it(
    wider: Any, narrower: Any, *, expected: bool
) -> None:
    assert read(wider).covers(read(narrower)) is expected
