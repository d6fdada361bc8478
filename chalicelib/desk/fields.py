"""The fields that a desk has of its own, and what may stand in one. Pure.

Which of them a ticket is asked for, and when, is in `forms`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from chalicelib.desk.groups import LOCALES
from chalicelib.desk.keys import (
    TEXT,
    Key,
    Kind,
    Reading,
    from_text,
    list_of,
    mapping_of,
    nearest,
    one_of,
    section,
    simple,
)

VALUE_LIMIT = 500
FIELDS_BYTES = 4000
TREE_DEPTH = 5
_NUMBER_LIMIT = 10**15
_EMAIL = re.compile(r"[^\s@<>(),;:\\\"\[\]]{1,64}@[\w-]+(\.[\w-]+)+")
_ASSET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,59}")
_YES_NO = {"yes": True, "true": True, "no": False, "false": False}
Value = str | int | float | bool
Values = Mapping[str, Value]


def in_language(label: Mapping[str, str], locale: str, otherwise: str) -> str:
    """What a label says in a language, else in English, else in any."""
    return label.get(locale) or label.get("en") or next(iter(label.values()), otherwise)


@dataclass(frozen=True, slots=True)
class Choice:
    """What can be chosen, and in a tree what more exactly."""

    label: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, Choice] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Field:
    """A field by its kind. `min` and `max` are for numbers and dates, `pattern` for texts.

    `used_in` names the reports that need it, so that nobody is asked for what nobody looks at.
    """

    id: str
    kind: str
    label: Mapping[str, str]
    help: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, Choice] = field(default_factory=dict)
    min: float | str | None = None
    max: float | str | None = None
    pattern: re.Pattern[str] | None = None
    used_in: tuple[str, ...] = ()

    def name(self, locale: str) -> str:
        return in_language(self.label, locale, self.id)

    def hint(self, locale: str) -> str:
        return in_language(self.help, locale, "")

    def value(self, given: object) -> Value | None:
        """A value in the one form that it has, None for none; ValueError says what is wrong."""
        if isinstance(given, str):
            given = " ".join(given.split())
            if len(given) > VALUE_LIMIT:
                raise ValueError(f"at most {VALUE_LIMIT} characters")
        return None if given in (None, "") else _VALUES[self.kind](self, given)

    def texts(self, value: Value) -> tuple[str, ...]:
        """A value as conditions compare it; in a tree what stands above it counts, too."""
        if self.kind == "tree":
            steps = str(value).split("/")
            return tuple("/".join(steps[:depth]) for depth in range(len(steps), 0, -1))
        return (as_text(value),)

    def words(self, value: Value, locale: str) -> str:
        """A value as people read it."""
        found, words = self.choices, []
        for step in str(value).split("/") if self.choices else ():
            choice = found.get(step, Choice())
            words.append(in_language(choice.label, locale, step))
            found = choice.choices
        return " › ".join(words) or as_text(value)

    def options(self, locale: str) -> list[tuple[str, str]]:
        """All that can be chosen: the value, and what people read."""
        return [(path, self.words(path, locale)) for path in _paths(self.choices)]


def as_text(value: Value) -> str:
    """A value as text: yes and no for the two that are neither text nor number."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _paths(choices: Mapping[str, Choice], above: str = "") -> list[str]:
    found = []
    for name, choice in choices.items():
        found += [above + name, *_paths(choice.choices, f"{above}{name}/")]
    return found


# What each kind takes. -----------------------------------------------------------------------


def _text(field: Field, given: object) -> str:
    text = _need_text(given)
    if field.pattern and not field.pattern.fullmatch(text):
        raise ValueError(f"must look like {field.pattern.pattern}")
    return text


def _number(field: Field, given: object) -> float:
    try:
        number = float(given.replace(",", ".")) if isinstance(given, str) else given
    except ValueError:
        number = None
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise ValueError("must be a number")  # noqa: TRY004 - collected as a field's problem
    # A whole number of any length can be compared, and not always be made a float.
    if abs(number) >= _NUMBER_LIMIT or not math.isfinite(number):
        raise ValueError("is no number that can be kept")
    _need_within(field, number)
    return int(number) if number == int(number) else number


def _date(field: Field, given: object) -> str:
    try:
        day = date.fromisoformat(_need_text(given)).isoformat()
    except ValueError as error:
        raise ValueError("must be a date such as 2026-12-24") from error
    _need_within(field, day)
    return day


def _choice(field: Field, given: object) -> str:
    found = _paths(field.choices)
    if given not in found:
        raise ValueError(f"must be one of {', '.join(found)}"[:VALUE_LIMIT])
    return str(given)


def _contact(_field: Field, given: object) -> str:
    if not _EMAIL.fullmatch(_need_text(given)):
        raise ValueError("must be an address such as kim@example.com")
    return _need_text(given).lower()


def _ticket(_field: Field, given: object) -> int:
    digits = str(given).removeprefix("#")
    if isinstance(given, bool) or not re.fullmatch(r"[1-9][0-9]{0,8}", digits):
        raise ValueError("must be the number of a ticket")
    return int(digits)


def _asset(_field: Field, given: object) -> str:
    if not _ASSET.fullmatch(_need_text(given)):
        raise ValueError("must be an id of at most 60 letters, digits and . _ : / -")
    return _need_text(given)


def _yes_no(_field: Field, given: object) -> bool:
    found = given if isinstance(given, bool) else _YES_NO.get(str(given).lower())
    if found is None:
        raise ValueError("must be true or false")
    return found


def _need_text(given: object) -> str:
    if not isinstance(given, str):
        raise ValueError("must be a text")  # noqa: TRY004 - collected as a field's problem
    return given


def _need_within(field: Field, value: Any) -> None:
    if field.min is not None and value < field.min:
        raise ValueError(f"must not be below {field.min}")
    if field.max is not None and value > field.max:
        raise ValueError(f"must not be beyond {field.max}")


_VALUES: Mapping[str, Callable[[Field, object], Value]] = {
    "text": _text,
    "number": _number,
    "date": _date,
    "choice": _choice,
    "tree": _choice,
    "contact": _contact,
    "ticket": _ticket,
    "asset": _asset,
    "yes_no": _yes_no,
}
KINDS = tuple(_VALUES)


# The configuration. --------------------------------------------------------------------------


def _make_choice(_name: str, values: dict[str, Any], _reading: Reading) -> Choice:
    return Choice(**values)


def _make_field(name: str, values: dict[str, Any], _reading: Reading) -> Field:
    kind, choices = values["kind"], values.get("choices", {})
    if bool(choices) is not (kind in {"choice", "tree"}):
        raise ValueError(f"a {kind} {'has no' if choices else 'needs'} choices")
    if kind == "choice" and any(choice.choices for choice in choices.values()):
        raise ValueError("a choice has no choices below it: make it a tree")
    if "pattern" in values and kind != "text":
        raise ValueError("a pattern is for texts")
    bare = Field(name, kind, values["label"])
    for bound in {"min", "max"} & values.keys():
        if kind not in {"number", "date"}:
            raise ValueError(f"{bound} is for numbers and dates")
        try:
            values[bound] = bare.value(values[bound])
        except ValueError as error:
            raise ValueError(f"{bound} {error}") from error
    return Field(id=name, **values)


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is no regular expression: {error}") from error


def _bound(value: Any) -> float | str:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("must be a number or a date")  # noqa: TRY004 - one kind of error
    return value


def _too_deep(_value: Any, at: str, reading: Reading) -> Mapping[str, Choice]:
    reading.problems[at] = f"is too deep: a tree has at most {TREE_DEPTH} levels"
    return {}


def _branches(level: int) -> Kind:
    """Choices by their ids, each with what is below it, down to the last level."""
    below = _branches(level + 1) if level < TREE_DEPTH else Kind({"maxProperties": 0}, _too_deep)
    return section(
        (
            Key("label", LABEL, "What people call it, by language; else its id."),
            Key("choices", below, "In a tree: what can be chosen below it."),
        ),
        _make_choice,
        least=1,
    )


LABEL = mapping_of(TEXT, LOCALES)
_BOUND = simple(_bound, type=["number", "string"])
FIELDS = section(
    (
        Key("kind", one_of(KINDS), "What may stand in it.", is_required=True),
        Key("label", LABEL, "What people call it, by language.", is_required=True),
        Key("help", LABEL, "What people are told beside it, by language."),
        Key("choices", _branches(1), "What can be chosen; in a tree with choices below choices."),
        Key("min", _BOUND, "The least number, or the first date."),
        Key("max", _BOUND, "The greatest number, or the last date."),
        Key("pattern", from_text(_pattern), "A regular expression that all of a text must fit."),
        Key(
            "used_in",
            list_of(TEXT),
            "Which reports need it. What nobody looks at, nobody should have to fill in.",
        ),
    ),
    _make_field,
)


def _read_values(given: Any, at: str, reading: Reading) -> dict[str, Value | None]:
    if not isinstance(given, Mapping):
        reading.problems[at] = "must map fields to values"
        return {}
    known, found = reading.names("fields"), {}
    for name, value in given.items():
        if name not in known:
            near = nearest(name, known)
            reading.problems[f"{at}.{name}"] = f"{name!r} is none of the fields{near}"
            continue
        one = reading.found.get("fields", {}).get(name)
        try:
            found[str(name)] = one.value(value) if one else None
        except ValueError as error:
            reading.problems[f"{at}.{name}"] = str(error)
    return found


# Values for fields of the desk's own, by their ids; null is for none.
FIELD_VALUES = Kind(
    {
        "type": "object",
        "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
    },
    _read_values,
)
