"""Views: the lists of tickets that a desk saves for its agents, beside those that every desk has.
Pure.

A view reads the open tickets of groups, what is due first at the top, and asks only what the list
holds of a ticket: so it costs one call for each of its groups, however many tickets there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from chalicelib.desk.conditions import When, conditions
from chalicelib.desk.groups import LOCALES
from chalicelib.desk.keys import (
    DURATION,
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

# The views that every desk has, and those that each of its groups has.
OF_ALL = ("mine", "covered", "due", "snoozed", "failed", "replied")
OF_A_GROUP = ("open", "unassigned")
COLUMNS = ("status", "priority", "group", "assignee", "due", "until", "tags", "opened", "updated")
USUAL = ("status", "priority", "assignee", "due", "updated")
# What a list knows of a ticket, by its name in conditions.
ASKED = (
    "group",
    "type",
    "priority",
    "status",
    "assignee",
    "tags",
    "subject",
    "requester",
    "domain",
)


@dataclass(frozen=True, slots=True)
class View:
    """One saved list. Without groups it has those of whoever looks at it.

    `due_within` and `idle_for` count from now, around the clock.
    """

    id: str
    label: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    agents: frozenset[str] = frozenset()
    only_mine: bool = False
    when: When = field(default_factory=When)
    due_within: timedelta | None = None
    idle_for: timedelta | None = None
    columns: tuple[str, ...] = USUAL

    def name(self, locale: str) -> str:
        """What it is called in a language, as far as the desk says it."""
        return self.label.get(locale) or self.label.get("en") or next(iter(self.label.values()), "")


def _view(name: str, values: dict[str, Any], reading: Reading) -> View:
    if not values["label"]:
        raise ValueError("has no label")
    of_groups = {f"{group}-{kind}" for group in reading.names("groups") for kind in OF_A_GROUP}
    if name in of_groups.union(OF_ALL):
        raise ValueError("is the id of a view that every desk has: take another one")
    if values.get("only_mine") and values.get("groups"):
        raise ValueError("only_mine lists the tickets of one agent, whatever their groups")
    agents = frozenset(values.get("agents", ()))
    return View(**{"id": name, **values, "agents": agents})


VIEWS = section(
    (
        Key("label", mapping_of(TEXT, LOCALES), "What people call it.", is_required=True),
        Key(
            "groups",
            list_of(name_in("groups")),
            "Whose open tickets it lists, each in one call; else of all groups of whoever looks.",
        ),
        Key("agents", list_of(name_in("agents")), "Who has it; else all who see its groups."),
        Key("only_mine", YES_NO, "Whether it lists the tickets of whoever looks, and no others."),
        Key("when", conditions(*ASKED, own_fields=False), "Which of them."),
        Key("due_within", DURATION, "Those with a target that is missed in this time, or was."),
        Key("idle_for", DURATION, "Those on which nothing happened for so long."),
        Key("columns", list_of(one_of(COLUMNS)), "What it shows, beside number and subject."),
    ),
    _view,
)
