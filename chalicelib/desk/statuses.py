"""The statuses that a desk names for itself. Each belongs to one fixed category. Pure.

What a category does is decided in `tickets`; a desk without statuses of its own has one for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.desk.groups import LOCALES
from chalicelib.desk.keys import (
    TEXT,
    YES_NO,
    Key,
    Reading,
    list_of,
    mapping_of,
    name_in,
    one_of,
    section,
)

# How urgent a ticket can be, beside what it is in.
PRIORITIES = ("low", "normal", "high", "urgent")
CATEGORIES = ("new", "open", "pending", "on_hold", "solved", "closed")
WAITING = ("pending", "on_hold")
REMIND, REOPEN = "remind", "reopen"


@dataclass(frozen=True, slots=True)
class StatusLabel:
    """A status by the name that people see, in their language where it was given.

    It is set from the statuses in `sources` only, and by agents of the groups in `groups` or
    admins only; where these are None, from and by all. `at_until` is what happens when a ticket
    has waited in it long enough: `remind`, `reopen`, or the id of the next status.
    """

    id: str
    category: str
    label: Mapping[str, str] = field(default_factory=dict)
    sources: frozenset[str] | None = None
    groups: frozenset[str] | None = None
    admins_only: bool = False
    at_until: str = REOPEN

    def name(self, locale: str) -> str:
        """What it is called; empty where it has no other name than its category's."""
        return self.label.get(locale) or self.label.get("en") or next(iter(self.label.values()), "")


def with_defaults(statuses: Mapping[str, StatusLabel]) -> dict[str, StatusLabel]:
    """The statuses, and one for each category, which every desk has; in the order of a ticket's
    life.
    """
    own = {category: StatusLabel(category, category) for category in CATEGORIES}
    order = {category: place for place, category in enumerate(CATEGORIES)}
    return dict(sorted({**own, **statuses}.items(), key=lambda item: order[item[1].category]))


def _status(name: str, values: dict[str, Any], _reading: Reading) -> StatusLabel:
    category = values.get("category", name)
    if category not in CATEGORIES:
        raise ValueError("says no category")
    if name in CATEGORIES and category != name:
        raise ValueError(f"{name!r} is the status of its own category")
    if category == "new" and name != "new":
        raise ValueError("a ticket is new but once: there is no other status for it")
    if values.get("at_until") == "new":
        raise ValueError("at_until cannot make a ticket new again")
    if "at_until" in values and category not in WAITING:
        raise ValueError("at_until is for statuses that wait: pending and on_hold")
    if values.get("at_until") == name:
        raise ValueError("at_until leads nowhere else: say remind")
    return StatusLabel(
        id=name,
        category=category,
        label=values.get("label", {}),
        sources=frozenset(values["from"]) if "from" in values else None,
        groups=frozenset(values["groups"]) if "groups" in values else None,
        admins_only=values.get("admins_only", False),
        at_until=values.get("at_until", REOPEN),
    )


_ANY_STATUS = name_in("statuses", *CATEGORIES)
STATUSES = section(
    (
        Key("category", one_of(CATEGORIES), "What all rules and targets take it for."),
        Key("label", mapping_of(TEXT, LOCALES), "What people call it, by language."),
        Key("from", list_of(_ANY_STATUS), "The only statuses it is set from."),
        Key("groups", list_of(name_in("groups")), "The only groups whose agents set it."),
        Key("admins_only", YES_NO, "Whether admins alone set it."),
        Key(
            "at_until",
            name_in("statuses", *CATEGORIES, REMIND, REOPEN),
            "What a ticket does that has waited in it until its time: remind, reopen (as where "
            "nothing is said), or go to another status.",
        ),
    ),
    _status,
)
