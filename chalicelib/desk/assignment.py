"""How a group gives its tickets to its agents, and what agents can do. Pure.

Which ticket comes to which group is decided in `routing`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from chalicelib.desk.keys import (
    DURATION,
    TEXT,
    Key,
    Kind,
    Reading,
    keys_of,
    list_of,
    one_of,
    simple,
)

ON_FOLLOW_UP = ("keep", "reset")
LEVELS = range(1, 6)
# A skill that somebody has, and no more is said of it.
USUAL = 3
Skills = Mapping[str, int]


class How(StrEnum):
    """By what an agent is chosen; none: agents take tickets themselves."""

    NONE = "none"
    ROUND_ROBIN = "round_robin"
    LOAD = "load"
    SKILL = "skill"


@dataclass(frozen=True, slots=True)
class Assign:
    """How a group assigns. A ticket that is not answered within `answer_within` of the hours of the
    group's policy goes to somebody else.
    """

    how: How = How.NONE
    answer_within: timedelta | None = None
    on_follow_up: str = "keep"


def _level(value: Any) -> int:
    if type(value) is not int or value not in LEVELS:
        raise ValueError(f"must be a level from {LEVELS[0]} to {LEVELS[-1]}")
    return value


def skills(level: int) -> Kind:
    """Skills with their levels; those that are only listed have this one."""
    name, listed = TEXT, list_of(TEXT)
    of_each = simple(_level, type="integer", minimum=LEVELS[0], maximum=LEVELS[-1])

    def read(value: Any, at: str, reading: Reading) -> dict[str, int]:
        if isinstance(value, Mapping):
            return {
                name.read(one, at, reading): of_each.read(given, f"{at}.{one}", reading)
                for one, given in value.items()
            }
        return dict.fromkeys(listed.read(value, at, reading), level)

    by_level = {"type": "object", "additionalProperties": of_each.schema}
    return Kind({"anyOf": [listed.schema, by_level]}, read)


ASSIGN = keys_of(
    (
        Key(
            "how",
            one_of(tuple(How)),
            "Who gets the next ticket: round_robin the one who has waited longest for one, load "
            "the one with the fewest open, skill the one who can do it best; none: nobody.",
            is_required=True,
        ),
        Key(
            "answer_within",
            DURATION,
            "How long the one who gets it has for an answer, in the hours of the group's policy, "
            "before somebody else gets it.",
        ),
        Key(
            "on_follow_up",
            one_of(ON_FOLLOW_UP),
            "Whether whoever had a ticket keeps it when the customer comes back to it: keep.",
        ),
    ),
    lambda values: Assign(**{**values, "how": How(values.get("how") or How.NONE)}),
)
