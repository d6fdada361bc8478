"""What must hold of a ticket: one language for routing, rules, views, macros and forms. Pure.

    when:
      group: [support, hr]                  # one of these
      subject: {contains: [printer]}        # an operator, or several, each of which must hold
      priority: {changed_to: [urgent]}
      any:                                  # and one of these
        - tags: [vip]
        - domain: [example.com]
      none:                                 # and none of these
        - field.floor: [basement]

Values are texts, compared without regard to case; a field may have several, such as tags.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chalicelib.clocks.hours import BusinessCalendar
from chalicelib.desk.groups import LOCALE
from chalicelib.desk.keys import (
    TEXT,
    YES_NO,
    Key,
    Kind,
    Reading,
    from_text,
    list_of,
    name_in,
    nearest,
    one_of,
    simple,
)
from chalicelib.desk.statuses import CATEGORIES, PRIORITIES

NOBODY = "nobody"
OWN, OF_EVENT = "field.", "event."
# How far into a text a regular expression looks: whoever writes to us chooses what it looks at.
SEARCHED = 2000
# A regular expression in pieces: escapes, sets of characters, groups, repetitions, all else.
_PIECE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\??|\{\d*,?\d*\}|.", re.DOTALL)
Values = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Situation:
    """A ticket as conditions see it: what each field is, and what those were that changed.

    All texts are folded with `folded`; a field that is not set has no values.
    """

    values: Values
    now: datetime
    before: Values = field(default_factory=dict)
    calendars: Mapping[str, BusinessCalendar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Condition:
    """One field, one operator, and what it is held against."""

    field: str
    operator: str
    wanted: tuple[Any, ...]

    def holds(self, situation: Situation) -> bool:
        return _OPERATORS[self.operator].holds(self, situation)

    def covers(self, narrower: Condition) -> bool:
        """Whether it holds wherever the other one does, as far as can be told."""
        if (self.field, self.operator) != (narrower.field, narrower.operator):
            return False
        mine, others = set(self.wanted), set(narrower.wanted)
        return mine <= others if self.operator in _REFUSING else others <= mine

    def __str__(self) -> str:
        wanted = (one.pattern if isinstance(one, re.Pattern) else str(one) for one in self.wanted)
        return f"{self.field} {self.operator.replace('_', ' ')} {', '.join(wanted)}"


@dataclass(frozen=True, slots=True)
class Finding:
    """How a condition came out, and what the field was."""

    condition: str
    holds: bool
    got: tuple[str, ...]
    part: str
    field: str


@dataclass(frozen=True, slots=True)
class When:
    """All of `conditions`, one of `any`, and none of `none`; nothing said, it always holds."""

    conditions: tuple[Condition, ...] = ()
    any: tuple[tuple[Condition, ...], ...] = ()
    none: tuple[tuple[Condition, ...], ...] = ()

    def holds(self, situation: Situation) -> bool:
        return (
            all(one.holds(situation) for one in self.conditions)
            and (not self.any or any(_all(one, situation) for one in self.any))
            and not any(_all(one, situation) for one in self.none)
        )

    def covers(self, narrower: When) -> bool:
        """Whether whatever fits the other one always fits this, as far as can be told."""
        if self.any and self.any != narrower.any:
            return False
        if not set(self.none) <= set(narrower.none):
            return False
        return all(
            any(one.covers(other) for other in narrower.conditions) for one in self.conditions
        )

    @property
    def fields(self) -> frozenset[str]:
        """The fields that it asks about."""
        return frozenset(condition.field for _, condition in self._parts())

    @property
    def asks_for_change(self) -> bool:
        """Whether it asks what a field was, so that it holds only when that changes."""
        return any(one.operator.startswith("changed") for _, one in self._parts())

    def findings(self, situation: Situation) -> tuple[Finding, ...]:
        """Every condition, whether it holds and what was found: why the whole does or does not."""
        return tuple(
            Finding(
                str(one),
                one.holds(situation),
                situation.values.get(one.field, ())[:3],
                part,
                one.field,
            )
            for part, one in self._parts()
        )

    def _parts(self) -> Iterator[tuple[str, Condition]]:
        yield from (("all", one) for one in self.conditions)
        yield from (("any", one) for several in self.any for one in several)
        yield from (("none", one) for several in self.none for one in several)

    def without(self, field: str) -> When:
        """The same, but for what it asks of a field: it holds wherever this one could."""
        conditions, *either = (
            tuple(one for one in several if one.field != field)
            for several in (self.conditions, *self.any)
        )
        none = (one for one in self.none if all(each.field != field for each in one))
        return When(conditions, tuple(either), tuple(none))


def folded(text: str) -> str:
    """A text as conditions compare it."""
    return text.casefold()


def _all(conditions: Iterable[Condition], situation: Situation) -> bool:
    return all(one.holds(situation) for one in conditions)


# What fields can be held against. ------------------------------------------------------------


_Holds = Callable[[Condition, Situation], bool]


@dataclass(frozen=True, slots=True)
class _Operator:
    """`takes` is the kind of what stands behind it, where the field's own kind does not."""

    holds: _Holds
    words: str
    takes: Kind | None = None


def _got(condition: Condition, situation: Situation) -> tuple[str, ...]:
    return situation.values.get(condition.field, ())


def _is(condition: Condition, situation: Situation) -> bool:
    return _among(condition, _got(condition, situation))


def _among(condition: Condition, got: tuple[str, ...]) -> bool:
    if condition.field == "domain":
        return any(f".{one}".endswith(f".{wanted}") for one in got for wanted in condition.wanted)
    return any(one in condition.wanted for one in got or (NOBODY,))


def _contains(condition: Condition, situation: Situation) -> bool:
    got = _got(condition, situation)
    return any(wanted in one for one in got for wanted in condition.wanted)


def _matches(condition: Condition, situation: Situation) -> bool:
    got = _got(condition, situation)
    return any(pattern.search(one[:SEARCHED]) for one in got for pattern in condition.wanted)


def _is_set(condition: Condition, situation: Situation) -> bool:
    return bool(_got(condition, situation)) is condition.wanted[0]


def _above(condition: Condition, situation: Situation) -> bool:
    return any(_compared(one, condition.wanted[0]) > 0 for one in _got(condition, situation))


def _below(condition: Condition, situation: Situation) -> bool:
    return any(_compared(one, condition.wanted[0]) < 0 for one in _got(condition, situation))


def _compared(got: str, wanted: str) -> int:
    """Numbers as numbers, all else, such as dates, as text."""
    try:
        left, right = float(got), float(wanted)
    except ValueError:
        return (got > wanted) - (got < wanted)
    return (left > right) - (left < right)


def _changed(condition: Condition, situation: Situation) -> bool:
    return (_was(condition, situation) is not None) is condition.wanted[0]


def _changed_to(condition: Condition, situation: Situation) -> bool:
    return _was(condition, situation) is not None and _is(condition, situation)


def _changed_from(condition: Condition, situation: Situation) -> bool:
    before = _was(condition, situation)
    return before is not None and _among(condition, before)


def _was(condition: Condition, situation: Situation) -> tuple[str, ...] | None:
    """What the field was; None where it is what it was, also after a change and one back."""
    before = situation.before.get(condition.field)
    return None if before == _got(condition, situation) else before


def _within(condition: Condition, situation: Situation) -> bool:
    found = (situation.calendars.get(name) for name in condition.wanted)
    return any(one.is_open(situation.now) for one in found if one)


def _not(holds: _Holds) -> _Holds:
    return lambda condition, situation: not holds(condition, situation)


def _pattern(text: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(text, re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"{text!r} is no regular expression: {error}") from error
    if repeats_what_varies(text):
        raise ValueError(
            f"{text!r} repeats a group with a repetition or a choice in it: some texts would take "
            "very long to read"
        )
    return pattern


def repeats_what_varies(text: str) -> bool:
    """Whether a group is repeated that fits one text in several ways.

    Such a pattern can take exponential time to find nothing.
    """
    varies, closed = [False], False
    for piece in _PIECE.findall(text):
        is_repetition = piece in {"*", "+"} or (piece[0] == "{" and len(piece) > 1)
        if closed and is_repetition:
            return True
        closed = piece == ")" and varies.pop()
        if piece[0] == "(":
            varies.append(False)
        elif closed or is_repetition or piece in {"?", "|"}:
            varies[-1] = True
    return False


def _number_or_date(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("must be a number or a date such as 2026-12-24")  # noqa: TRY004 - as all
    return folded(str(value))


_WORDS = list_of(TEXT)
_CALENDARS = list_of(name_in("calendars"))
_LIMIT = simple(_number_or_date, type=["number", "string"])
_OPERATORS: Mapping[str, _Operator] = {
    "is": _Operator(_is, "is one of these"),
    "is_not": _Operator(_not(_is), "is none of these"),
    "contains": _Operator(_contains, "has one of these in it", _WORDS),
    "lacks": _Operator(_not(_contains), "has none of these in it", _WORDS),
    "matches": _Operator(
        _matches, "a regular expression finds something", list_of(from_text(_pattern))
    ),
    "is_set": _Operator(_is_set, "has a value, or has none", YES_NO),
    "above": _Operator(_above, "a number or date beyond this one", _LIMIT),
    "below": _Operator(_below, "a number or date before this one", _LIMIT),
    "changed": _Operator(_changed, "is another one now", YES_NO),
    "changed_to": _Operator(_changed_to, "became one of these"),
    "changed_from": _Operator(_changed_from, "was one of these"),
    "within": _Operator(_within, "in the hours of one of these calendars", _CALENDARS),
    "outside": _Operator(_not(_within), "outside the hours of all these calendars", _CALENDARS),
}
_TIMED = ("within", "outside")
# The more of it there is, the less they hold to.
_REFUSING = ("is_not", "lacks", "outside")
_OF_NOW = tuple(
    name for name in _OPERATORS if name not in _TIMED and not name.startswith("changed")
)
_ANY = tuple(name for name in _OPERATORS if name not in _TIMED)
STATES = ("firing", "resolved", "unknown", "told")

FIELDS: Mapping[str, Key] = {
    key.name: key
    for key in (
        Key("group", name_in("groups"), "The group that has the ticket."),
        Key("priority", one_of(PRIORITIES), "Its priority."),
        Key("status", name_in("statuses", *CATEGORIES), "Its status, or the category of that."),
        Key("type", name_in("types"), "What kind of ticket it is."),
        Key("assignee", name_in("agents", NOBODY), "The agent who has it, or nobody."),
        Key("responsible", name_in("agents", NOBODY), "Who answers for it, or nobody."),
        Key("tags", TEXT, "Its tags."),
        Key("subject", TEXT, "What it is about."),
        Key("text", TEXT, "What the new article says."),
        Key("requester", TEXT, "The requester's address."),
        Key("domain", TEXT, "Where the requester writes from; below it counts, too."),
        Key("organization", TEXT, "The id of the requester's organization."),
        Key("language", LOCALE, "The requester's language."),
        Key("channel", TEXT, "How it came in: mail, phone, form, api."),
        Key("address", TEXT, "The address of ours that a mail came to."),
        Key("form", name_in("forms"), "The form that was filled in."),
        Key(
            "by",
            one_of(("requester", "participant", "stranger", "agent", "system")),
            "Who wrote the new article.",
        ),
        Key("kind", one_of(("reply", "note")), "Whether the new article is public."),
        Key("target", TEXT, "The target that is near or missed, such as first_reply."),
        Key("source", name_in("sources"), "Which source of events told of something."),
        Key("state", one_of(STATES), "What it said of an alert; told is all else."),
        Key("severity", TEXT, "How bad the alert is, in the words of its source."),
        Key("now", TEXT, "The time at which is asked."),
    )
}
# What an article or an event says: gone with it, while a ticket keeps the others.
OF_EVENTS = frozenset({"text", "by", "kind", "target", "source", "state", "severity"})
_PREFIXES = {OWN: "A field of the desk's own.", OF_EVENT: "What a source says of its events."}
_OWN_FIELD = re.compile(re.escape(OWN) + r"([a-z][a-z0-9_-]{0,39})")


def _own_kind(name: str, reading: Reading) -> Kind | None:
    """What a field of the desk's own can be held against; None where there is no such field."""
    if name not in reading.names("fields"):
        return None
    field = reading.found.get("fields", {}).get(name)
    return one_of([value for value, _ in field.options("en")]) if field and field.choices else TEXT


def conditions(*names: str, own_fields: bool = True, changes: bool = True) -> Kind:
    """Conditions on these fields, and on those that the desk itself has; or on all there are.

    Without `changes` nobody can ask what a field was before.
    """
    known = {name: FIELDS[name] for name in names or FIELDS}
    has_events = known.keys() >= OF_EVENTS
    language = _Language(known, _ANY if changes else _OF_NOW, own_fields, has_events)
    return Kind(language.schema(), language.read)


@dataclass(frozen=True, slots=True)
class _Language:
    """What can be asked in one place: these fields and operators."""

    known: Mapping[str, Key]
    operators: tuple[str, ...]
    has_own: bool
    has_events: bool

    def read(self, value: Any, at: str, reading: Reading) -> When:
        if not isinstance(value, Mapping):
            reading.problems[at] = "must map fields to what they must be"
            return When()
        rest = {name: one for name, one in value.items() if name not in {"any", "none"}}
        several = list_of(Kind({}, self.read_all))
        either, none = (
            several.read(value.get(name, ()), f"{at}.{name}", reading) for name in ("any", "none")
        )
        return When(self.read_all(rest, at, reading), either, none)

    def read_all(self, value: Any, at: str, reading: Reading) -> tuple[Condition, ...]:
        if not isinstance(value, Mapping):
            reading.problems[at] = "must map fields to what they must be"
            return ()
        found: list[Condition] = []
        for name, given in value.items():
            kind = self.kind_of(str(name), reading)
            if kind is None:
                near = nearest(name, self.known)
                reading.problems[f"{at}.{name}"] = f"is no field that can be asked for here{near}"
            else:
                found += self.read_one(str(name), kind, given, f"{at}.{name}", reading)
        return tuple(found)

    def kind_of(self, name: str, reading: Reading) -> Kind | None:
        if self.has_own and (own := _OWN_FIELD.fullmatch(name)):
            return _own_kind(own[1], reading)
        if self.has_events and name.startswith(OF_EVENT):
            return TEXT if name.removeprefix(OF_EVENT) in _told_by_sources(reading) else None
        return self.known[name].kind if name in self.known else None

    def read_one(
        self, name: str, kind: Kind, given: Any, at: str, reading: Reading
    ) -> Iterator[Condition]:
        """The conditions on one field: a list is what it may be, a mapping says by operator."""
        tests = given if isinstance(given, Mapping) else {"is": given}
        allowed = self.operators_of(name)
        for operator, wanted in tests.items():
            if operator not in allowed:
                reading.problems[at] = f"{operator!r} is none of {', '.join(allowed)}"
                continue
            takes = _OPERATORS[operator].takes or list_of(kind)
            read = takes.read(wanted, at, reading)
            yield Condition(name, operator, _folded(read))

    def operators_of(self, name: str) -> tuple[str, ...]:
        return _TIMED if name == "now" else self.operators

    def schema(self) -> dict[str, Any]:
        """Fields beside each other, and lists of alternatives."""
        fields = {name: self.field_schema(name, key.kind) for name, key in self.known.items()}
        own = {
            f"^{re.escape(prefix)}": self.field_schema(prefix, TEXT)
            for prefix, is_known in ((OWN, self.has_own), (OF_EVENT, self.has_events))
            if is_known
        }
        several = {"type": "object", "properties": fields, "additionalProperties": False}
        if own:
            several["patternProperties"] = own
        both = {name: {"type": "array", "items": several} for name in ("any", "none")}
        return {**several, "properties": {**fields, **both}}

    def field_schema(self, name: str, kind: Kind) -> dict[str, Any]:
        """A list of what the field may be, or operators."""
        listed = {"type": "array", "items": kind.schema}
        named = [(one, _OPERATORS[one]) for one in self.operators_of(name)]
        operators = {
            one: {**(how.takes.schema if how.takes else listed), "description": how.words}
            for one, how in named
        }
        tests = {"type": "object", "properties": operators, "additionalProperties": False}
        words = self.known[name].words if name in self.known else _PREFIXES[name]
        return {"anyOf": [listed, tests], "description": words}


def _folded(read: Any) -> tuple[Any, ...]:
    several = read if isinstance(read, tuple) else (read,)
    return tuple(folded(one) if isinstance(one, str) else one for one in several)


def _told_by_sources(reading: Reading) -> frozenset[str]:
    """What sources say of their events beyond what all do."""
    sources = reading.body.get("sources")
    told = sources.values() if isinstance(sources, Mapping) else ()
    given = (one.get("fields") for one in told if isinstance(one, Mapping))
    return frozenset(str(name) for one in given if isinstance(one, Mapping) for name in one)
