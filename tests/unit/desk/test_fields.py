"""Fields of the desk's own: what each kind takes, and in which form it is kept."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.desk.fields import FIELDS, KINDS, Field
from chalicelib.desk.keys import Reading

LABEL = {"label": {"en": "One"}}
COLOURS = {"red": {"label": {"en": "Red", "da": "Rød"}}, "blue": {}}
TREE = {"hardware": {"choices": {"printer": {"label": {"da": "Printer"}}}}, "other": {}}


def problems(**settings: Any) -> dict[str, str]:
    reading = Reading({})
    FIELDS.read({"one": {**LABEL, **settings}}, "fields", reading)
    return reading.problems


def field(**settings: Any) -> Field:
    reading = Reading({})
    found = FIELDS.read({"one": {**LABEL, **settings}}, "fields", reading)
    assert reading.problems == {}
    made: Field = found["one"]
    return made


@pytest.mark.parametrize(
    ("settings", "given", "kept"),
    [
        ({"kind": "text"}, "  two\n words ", "two words"),
        ({"kind": "text", "pattern": "[A-Z]{2}[0-9]+"}, "AB12", "AB12"),
        ({"kind": "number"}, "2,5", 2.5),
        ({"kind": "number"}, 4.0, 4),
        ({"kind": "number", "min": 0, "max": 9}, "9", 9),
        ({"kind": "date"}, "2026-12-24", "2026-12-24"),
        ({"kind": "date", "min": "2026-01-01"}, "20260101", "2026-01-01"),
        ({"kind": "choice", "choices": COLOURS}, "red", "red"),
        ({"kind": "tree", "choices": TREE}, "hardware/printer", "hardware/printer"),
        ({"kind": "tree", "choices": TREE}, "hardware", "hardware"),
        ({"kind": "contact"}, "Kim@Example.com", "kim@example.com"),
        ({"kind": "ticket"}, "#1001", 1001),
        ({"kind": "ticket"}, 1001, 1001),
        ({"kind": "asset"}, "PC-4711/2", "PC-4711/2"),
        ({"kind": "yes_no"}, "Yes", True),
        ({"kind": "yes_no"}, False, False),
    ],
)
def test_a_value_is_kept_in_the_one_form_of_its_kind(
    settings: dict[str, Any], given: Any, kept: Any
) -> None:
    found = field(**settings).value(given)
    assert (found, type(found)) == (kept, type(kept))


@pytest.mark.parametrize(
    ("settings", "given", "words"),
    [
        ({"kind": "text"}, 3, "must be a text"),
        ({"kind": "text"}, "x" * 501, "at most 500"),
        ({"kind": "text", "pattern": "[A-Z]+"}, "AB1", "must look like"),
        ({"kind": "number"}, "many", "must be a number"),
        ({"kind": "number"}, True, "must be a number"),
        ({"kind": "number"}, "1e400", "no number that can be kept"),
        ({"kind": "number"}, "nan", "no number that can be kept"),
        pytest.param({"kind": "number"}, 10**400, "no number that can be kept", id="vast"),
        ({"kind": "number", "min": 1}, 0, "below 1"),
        ({"kind": "number", "max": 9}, "10", "beyond 9"),
        ({"kind": "date"}, "tomorrow", "must be a date"),
        ({"kind": "date", "max": "2026-12-31"}, "2027-01-01", "beyond 2026-12-31"),
        ({"kind": "choice", "choices": COLOURS}, "green", "one of red, blue"),
        ({"kind": "tree", "choices": TREE}, "printer", "one of hardware, hardware/printer"),
        ({"kind": "contact"}, "kim", "must be an address"),
        ({"kind": "ticket"}, "none", "number of a ticket"),
        ({"kind": "ticket"}, True, "number of a ticket"),
        ({"kind": "asset"}, "two words", "must be an id"),
        ({"kind": "yes_no"}, "perhaps", "true or false"),
    ],
)
def test_what_a_kind_cannot_be_is_refused_in_words(
    settings: dict[str, Any], given: Any, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        field(**settings).value(given)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_no_value_of_any_kind(kind: str) -> None:
    choices = {"choices": COLOURS} if kind in {"choice", "tree"} else {}
    made = field(kind=kind, **choices)
    assert [made.value(empty) for empty in (None, "", "  ")] == [None, None, None]


@given(st.sampled_from(KINDS), st.text() | st.integers() | st.floats() | st.booleans())
def test_whatever_is_given_is_refused_or_kept_as_it_would_be_again(kind: str, given: Any) -> None:
    made = Field("one", kind, {})
    try:
        kept = made.value(given)
    except ValueError:
        return
    assert made.value(kept) == kept


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"kind": "choice"}, "a choice needs choices"),
        ({"kind": "text", "choices": COLOURS}, "a text has no choices"),
        ({"kind": "choice", "choices": TREE}, "make it a tree"),
        ({"kind": "number", "pattern": "x"}, "a pattern is for texts"),
        ({"kind": "text", "max": 3}, "max is for numbers and dates"),
        ({"kind": "date", "min": "soon"}, "min must be a date"),
        ({"kind": "colour"}, "none of text, number"),
        ({"kind": "text", "pattern": "("}, "no regular expression"),
    ],
)
def test_a_field_that_cannot_be_is_a_problem_at_its_place(
    settings: dict[str, Any], words: str
) -> None:
    (found,) = problems(**settings).items()
    assert found[0].startswith("fields.one")
    assert words in found[1]


def test_a_tree_that_is_too_deep_is_a_problem_at_the_level_that_is_one_too_many() -> None:
    tree: dict[str, Any] = {"f": {}}
    for name in "edcba":
        tree = {name: {"choices": tree}}
    deep = ".".join(f"choices.{name}" for name in "abcde")
    place = f"fields.one.{deep}.choices"
    assert problems(kind="tree", choices=tree) == {
        place: "is too deep: a tree has at most 5 levels"
    }
    assert problems(kind="tree", choices=tree["a"]["choices"]) == {}


def test_a_value_is_read_in_the_language_that_there_is() -> None:
    made = field(kind="tree", choices=TREE)
    assert made.words("hardware/printer", "da") == "hardware › Printer"
    assert made.words("gone/away", "en") == "gone › away"
    assert field(kind="choice", choices=COLOURS).options("da") == [("red", "Rød"), ("blue", "blue")]
    assert (made.name("hu"), made.hint("hu")) == ("One", "")


def test_conditions_see_what_stands_above_a_value_of_a_tree() -> None:
    made = field(kind="tree", choices=TREE)
    assert made.texts("hardware/printer") == ("hardware/printer", "hardware")
    assert field(kind="yes_no").texts(value=True) == ("yes",)
