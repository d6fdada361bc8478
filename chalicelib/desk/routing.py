"""Routing: what a new ticket becomes by the rules that it meets. Pure.

Only the rules are read here; they are applied in `tickets.routed`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.desk.assignment import Skills, skills
from chalicelib.desk.conditions import When, conditions
from chalicelib.desk.keys import (
    TEXT,
    YES_NO,
    Key,
    Kind,
    Reading,
    keys_of,
    list_of,
    name_in,
    one_of,
)
from chalicelib.desk.statuses import PRIORITIES

_ASKED = (
    "address",
    "form",
    "subject",
    "text",
    "requester",
    "domain",
    "organization",
    "language",
    "channel",
    "group",
    "type",
    "priority",
    "tags",
    "by",
    "now",
)


@dataclass(frozen=True, slots=True)
class Route:
    """One rule: what becomes of a ticket that it fits. With `goes_on`, the next are asked, too."""

    name: str
    when: When = field(default_factory=When)
    group: str | None = None
    type: str | None = None
    priority: str | None = None
    add_tags: tuple[str, ...] = ()
    skills: Skills = field(default_factory=dict)
    agent: str | None = None
    goes_on: bool = False


_THEN = keys_of(
    (
        Key("group", name_in("groups"), "The group that gets it."),
        Key("type", name_in("types"), "What kind of ticket it is."),
        Key("priority", one_of(PRIORITIES), "Its priority."),
        Key("add_tags", list_of(TEXT), "Tags that it gets."),
        Key("skills", skills(1), "What whoever gets it must be able to do, and how well: 1 to 5."),
        Key("assign", name_in("agents"), "The agent whom it is meant for, if they are there."),
    )
)
_RULES = list_of(
    keys_of(
        (
            Key("name", TEXT, "What the timeline calls the rule, else its place in the list."),
            Key("when", conditions(*_ASKED), "Which tickets it fits; without it, all."),
            Key("then", _THEN, "What becomes of them.", is_required=True),
            Key("go_on", YES_NO, "Whether the rules after it are asked, too: false."),
        )
    )
)


def _read(value: Any, at: str, reading: Reading) -> tuple[Route, ...]:
    return tuple(_route(place, one) for place, one in enumerate(_RULES.read(value, at, reading)))


def _route(place: int, given: Mapping[str, Any]) -> Route:
    then = dict(given.get("then", {}))
    return Route(
        name=given.get("name", f"routing[{place}]"),
        when=given.get("when", When()),
        agent=then.pop("assign", None),
        goes_on=given.get("go_on", False),
        **then,
    )


ROUTING = Kind(_RULES.schema, _read)
