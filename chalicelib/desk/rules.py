"""Rules: triggers, which follow from what happens, and automations, which follow from time. Pure.

Both are lists, since their order counts. What a rule may ask stands in `conditions`, what it may do
in `actions`; when it fires is decided in `chalicelib.rules`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from chalicelib.desk.actions import Action, actions
from chalicelib.desk.conditions import FIELDS, OF_EVENTS, When, conditions
from chalicelib.desk.keys import (
    ID,
    YES_NO,
    Key,
    Kind,
    Reading,
    keys_of,
    list_of,
    name_in,
    one_of,
    read_keys,
    simple,
)

EVENTS: Mapping[str, str] = {
    "opened": "a ticket was opened",
    "replied": "somebody wrote what the customer can read",
    "noted": "an agent wrote a note",
    "status_changed": "the status is another one",
    "changed": "any field is another one",
    "target_near": "a target will be missed soon",
    "target_breached": "a target was missed",
    "event": "a source of events told of something",
}
SELECTIVE, ALWAYS = "selective", "always"
ANCHORS: Mapping[str, str] = {
    "opened": "since the ticket was opened",
    "updated": "since a person last changed it",
    "status": "since it has its status",
    "replied_by_agent": "since an agent last replied",
    "written_by_customer": "since the customer last wrote",
}
HOURS_LIMIT = 24 * 366
_ALWAYS_HOLDS = When()


@dataclass(frozen=True, slots=True)
class Trigger:
    """It fires on one of the events `on`, where `when` holds; `stop` keeps those below from firing.

    Selective, it fires for a change only where a field changed that `when` asks about. `digest` is
    another one once anything in it is.
    """

    id: str
    on: tuple[str, ...]
    do: tuple[Action, ...]
    digest: str
    when: When = _ALWAYS_HOLDS
    mode: str = SELECTIVE
    stop: bool = False
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class After:
    """How long after what: `field` is one of ANCHORS, the time that of a calendar where named."""

    field: str
    span: timedelta
    calendar: str | None = None


@dataclass(frozen=True, slots=True)
class Automation:
    """It fires once for each time that `after` comes true, where `when` holds then or later."""

    id: str
    after: After
    do: tuple[Action, ...]
    digest: str
    when: When = _ALWAYS_HOLDS
    owner: str | None = None


Rule = Trigger | Automation


def _hours(value: Any) -> timedelta:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise ValueError("must be a number of hours, more than 0")
    if value > HOURS_LIMIT:
        raise ValueError(f"must be at most {HOURS_LIMIT} hours, which is a year")
    return timedelta(hours=value)


def _rules(keys: tuple[Key, ...], make: Callable[[dict[str, Any]], Rule]) -> Kind:
    """A list of rules, each with an id that no other of the list has."""
    known = {key.name: key for key in keys}

    def read(value: Any, at: str, reading: Reading) -> tuple[Rule, ...]:
        if not isinstance(value, list | tuple):
            reading.problems[at] = "must be a list of rules, which are tried in this order"
            return ()
        found: dict[str, Rule] = {}
        taken = {rule.id for rule in reading.found.get("triggers", ())}
        for place, given in enumerate(value):
            so_far = len(reading.problems)
            values = read_keys(known, given, f"{at}[{place}]", reading)
            if values.get("id") in {*found, *taken}:
                reading.problems[f"{at}[{place}].id"] = "another rule has this id"
            if len(reading.problems) == so_far:
                found[values["id"]] = make({**values, "digest": digest_of(given)})
        return tuple(found.values())

    schema = {"type": "array", "items": keys_of(keys).schema}
    return Kind(schema, read)


def digest_of(given: Any) -> str:
    """What tells one wording of a rule from another."""
    content = json.dumps(given, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _some(kind: Kind) -> Kind:
    """A list that is not empty."""

    def read(value: Any, at: str, reading: Reading) -> Any:
        found = kind.read(value, at, reading)
        if not value:
            reading.problems[at] = "must not be empty"
        return found

    return Kind({**kind.schema, "minItems": 1}, read)


def _id(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(ID, value):
        raise ValueError("an id is lower-case letters, digits, - and _, at most 40")
    return value


_ID = Key("id", simple(_id, type="string", pattern=ID), "What it is known by.", is_required=True)
_DO = Key("do", _some(actions()), "What it does, in this order.", is_required=True)
_OWNER = Key("owner", name_in("agents"), "The agent who answers for it, and is told of its pause.")
TRIGGERS = _rules(
    (
        _ID,
        Key(
            "on",
            _some(list_of(one_of(tuple(EVENTS)))),
            "What wakes it: " + "; ".join(f"{name}, {words}" for name, words in EVENTS.items()),
            is_required=True,
        ),
        Key("when", conditions(), "What must hold then; always, where nothing is said."),
        _DO,
        Key(
            "mode",
            one_of((SELECTIVE, ALWAYS)),
            "selective: for a change it fires only where something changed that it asks about, as "
            "where nothing is said; always: for any change.",
        ),
        Key("stop", YES_NO, "Whether the rules below it are left out once it has fired: false."),
        _OWNER,
    ),
    lambda values: Trigger(**values),
)
_AFTER = keys_of(
    (
        Key(
            "field",
            one_of(tuple(ANCHORS)),
            "From when is counted: " + "; ".join(f"{one}, {of}" for one, of in ANCHORS.items()),
            is_required=True,
        ),
        Key(
            "hours",
            simple(_hours, type="number", exclusiveMinimum=0, maximum=HOURS_LIMIT),
            "How many hours.",
            is_required=True,
        ),
        Key("calendar", name_in("calendars"), "In whose open hours is counted, else all count."),
    ),
    lambda values: After(
        values.get("field", ""), values.get("hours") or timedelta(), values.get("calendar")
    ),
)
AUTOMATIONS = _rules(
    (
        _ID,
        Key("after", _AFTER, "How long after what it fires.", is_required=True),
        Key(
            "when",
            conditions(*(name for name in FIELDS if name not in OF_EVENTS), changes=False),
            "What must hold then, of the ticket as it is.",
        ),
        _DO,
        _OWNER,
    ),
    lambda values: Automation(**values),
)
