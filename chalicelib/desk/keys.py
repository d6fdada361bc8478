"""What a configuration may say: its keys, and the kinds of their values.

A section of the desk declares its keys once. From that come both the reading, which puts every
problem at its place and all of them at once, and the JSON Schema that editors complete from. To add
a section: declare a `section(...)` of keys in a module of its own, and list it in `model.KEYS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

ID = r"^[a-z][a-z0-9_-]{0,39}$"


@dataclass
class Reading:
    """One go through a configuration: `problems` by place, `found` by the sections read so far."""

    body: Mapping[str, Any]
    problems: dict[str, str] = field(default_factory=dict)
    found: dict[str, Any] = field(default_factory=dict)

    def names(self, section: str) -> tuple[str, ...]:
        """The names that a section defines, whether or not their settings can be used."""
        given = self.body.get(section)
        return tuple(map(str, given)) if isinstance(given, Mapping) else ()


@dataclass(frozen=True, slots=True)
class Kind:
    """What a value may be: as JSON Schema, and as a reader that puts down what is wrong."""

    schema: Mapping[str, Any]
    read: Callable[[Any, str, Reading], Any]


@dataclass(frozen=True, slots=True)
class Key:
    """One key, what it takes, and what it decides, in words for an administrator."""

    name: str
    kind: Kind
    words: str
    is_required: bool = False


def simple(accept: Callable[[Any], Any], **schema: Any) -> Kind:
    """A kind of single values: `accept` gives what is meant, or raises ValueError in words."""

    def read(value: Any, at: str, reading: Reading) -> Any:
        try:
            return accept(value)
        except ValueError as error:
            reading.problems[at] = str(error)
            return None

    return Kind(schema, read)


def from_text(parse: Callable[[str], Any], **schema: Any) -> Kind:
    """A kind that is written as text, and means what `parse` makes of it."""
    return simple(lambda value: parse(_text(value)), type="string", **schema)


def one_of(choices: Sequence[str]) -> Kind:
    """One of a few words."""

    def accept(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"{value!r} is none of {', '.join(choices)}{nearest(value, choices)}")
        return str(value)

    return simple(accept, enum=list(choices))


def name_in(section: str, *builtin: str) -> Kind:
    """The name of an entry of another section, or one that is always there."""

    def read(value: Any, at: str, reading: Reading) -> str:
        known = (*builtin, *reading.names(section))
        if value not in known:
            reading.problems[at] = f"{value!r} is none of the {section}{nearest(value, known)}"
        return str(value)

    return Kind({"type": "string"}, read)


def list_of(kind: Kind) -> Kind:
    """A list, read as a tuple."""

    def read(value: Any, at: str, reading: Reading) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple):
            reading.problems[at] = "must be a list: [one, another]"
            return ()
        return tuple(kind.read(one, f"{at}[{n}]", reading) for n, one in enumerate(value))

    return Kind({"type": "array", "items": kind.schema}, read)


def mapping_of(kind: Kind, names: Sequence[str]) -> Kind:
    """One value for each of these names, or for some."""
    return keys_of([Key(name, kind, "") for name in names])


def any_name_of(name: Kind, kind: Kind) -> Kind:
    """One value for each of any names, which are of a kind themselves."""

    def read(value: Any, at: str, reading: Reading) -> dict[Any, Any]:
        if not isinstance(value, Mapping):
            reading.problems[at] = "must map names to settings"
            return {}
        return {
            name.read(key, _below(at, key), reading): kind.read(given, _below(at, key), reading)
            for key, given in value.items()
        }

    schema = {"type": "object", "propertyNames": name.schema, "additionalProperties": kind.schema}
    return Kind(schema, read)


def keys_of(keys: Iterable[Key], make: Callable[[dict[str, Any]], Any] = dict) -> Kind:
    """A mapping with these keys, of which only those that are given reach `make`."""
    known = {key.name: key for key in keys}

    def read(value: Any, at: str, reading: Reading) -> Any:
        return make(read_keys(known, value, at, reading))

    return Kind(_schema_of(known), read)


def read_keys(
    known: Mapping[str, Key],
    value: Any,
    at: str,
    reading: Reading,
    into: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """What these keys say in a mapping; unknown ones are problems, and missing ones may be."""
    found = {} if into is None else into
    if not isinstance(value, Mapping):
        reading.problems[at] = "must map names to settings"
        return found
    for name in value:
        if name not in known:
            problem = f"is no key that is known here{nearest(name, known)}"
            reading.problems[_below(at, name)] = problem
    for key in known.values():
        if value.get(key.name) is not None:
            found[key.name] = key.kind.read(value[key.name], _below(at, key.name), reading)
        elif key.is_required:
            reading.problems[_below(at, key.name)] = f"is missing: {key.words}"
    return found


def section(
    keys: Iterable[Key], make: Callable[[str, dict[str, Any], Reading], Any], *, least: int = 0
) -> Kind:
    """Entries by their ids. `make` gives the value of one, and raises ValueError where it cannot.

    It is asked only where every key of the entry can be used.
    """
    known = {key.name: key for key in keys}

    def read(value: Any, at: str, reading: Reading) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            reading.problems[at] = "must map names to settings"
            return {}
        if len(value) < least:
            reading.problems[at] = f"needs at least {least}"
        made = {str(name): entry(str(name), given, at, reading) for name, given in value.items()}
        return {name: one for name, one in made.items() if one is not None}

    def entry(name: str, given: Any, at: str, reading: Reading) -> Any:
        place, so_far = _below(at, name), len(reading.problems)
        if not re.fullmatch(ID, name):
            problem = "an id is lower-case letters, digits, - and _, at most 40"
            reading.problems[place] = problem
        values = read_keys(known, given, place, reading)
        if len(reading.problems) > so_far:
            return None
        try:
            return make(name, values, reading)
        except ValueError as error:
            reading.problems[place] = str(error)
            return None

    schema = {
        "type": "object",
        "propertyNames": {"pattern": ID},
        "additionalProperties": _schema_of(known),
        "minProperties": least,
    }
    return Kind(schema, read)


def nearest(name: object, known: Iterable[str]) -> str:
    """`: did you mean ...?` where a known name is close to this one, else nothing."""
    from difflib import get_close_matches

    found = get_close_matches(str(name), list(map(str, known)), n=1)
    return f": did you mean {found[0]!r}?" if found else ""


def _schema_of(known: Mapping[str, Key]) -> dict[str, Any]:
    described = {
        name: {**key.kind.schema, "description": key.words} if key.words else key.kind.schema
        for name, key in known.items()
    }
    required = [name for name, key in known.items() if key.is_required]
    schema = {"type": "object", "properties": described, "additionalProperties": False}
    return {**schema, "required": required} if required else schema


def _below(at: str, name: object) -> str:
    return f"{at}.{name}" if at else str(name)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be text: put {value} in quotes")  # noqa: TRY004 - one kind of error
    return value


def _filled(value: Any) -> str:
    if not _text(value).strip():
        raise ValueError("must not be empty")
    return str(value)


def _yes_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")  # noqa: TRY004 - one kind of error
    return value


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("must be a whole number, 0 or more")
    return value


def duration(text: str) -> timedelta:
    """`90s`, `30m` or `4h`, also several together: `1h 30m`."""
    parts = re.findall(r"(\d+)\s*([smh])", text)
    if not parts or re.sub(r"\d+\s*[smh]|\s", "", text):
        raise ValueError(f"{text!r} is no duration such as 30m or 4h")
    seconds = {"s": 1, "m": 60, "h": 3600}
    return timedelta(seconds=sum(int(count) * seconds[unit] for count, unit in parts))


TEXT = simple(_filled, type="string", pattern=r"\S")
LINES = simple(_text, type="string")
YES_NO = simple(_yes_no, type="boolean")
COUNT = simple(_count, type="integer", minimum=0)
DURATION = from_text(duration, pattern=r"^\s*(\d+\s*[smh]\s*)+$")
