"""Macros: what agents do often, under one name. A macro proposes; who sends it decides. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.desk.actions import Action, Write, actions
from chalicelib.desk.conditions import When, conditions
from chalicelib.desk.files import ATTACH, ATTACH_LIMIT
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

STAY, NEXT, INBOX = "stay", "next", "inbox"


@dataclass(frozen=True, slots=True)
class Macro:
    """A reply or a note, fields to set, or both; for the agents of `groups`, or for all.

    One with `one_click` is done as it stands; any other is shown first, to be changed or dropped.
    """

    id: str
    label: Mapping[str, str]
    do: tuple[Action, ...]
    shortcut: str = ""
    groups: frozenset[str] = frozenset()
    when: When = field(default_factory=When)
    one_click: bool = False
    after: str = STAY
    attach: tuple[str, ...] = ()

    def name(self, locale: str) -> str:
        """What it is called in a language, as far as the desk says it."""
        return self.label.get(locale) or self.label.get("en") or next(iter(self.label.values()))

    @property
    def writes(self) -> Write | None:
        """The reply or the note of it."""
        return next((one for one in self.do if isinstance(one, Write)), None)

    @property
    def files(self) -> tuple[str, ...]:
        """The names of the files that go along: its own, and those of the text that it takes."""
        of_text = self.writes.text.attach if self.writes else ()
        return tuple(dict.fromkeys((*self.attach, *of_text)))


def _macro(name: str, values: dict[str, Any], _reading: Reading) -> Macro:
    if not values["label"]:
        raise ValueError("has no label")
    if not values["do"]:
        raise ValueError("does nothing")
    macro = Macro(**{"id": name, **values, "groups": frozenset(values.get("groups", ()))})
    if macro.attach and macro.writes is None:
        raise ValueError("attaches files to no reply and no note")
    if len(macro.files) > ATTACH_LIMIT:
        raise ValueError(f"has more than {ATTACH_LIMIT} files with those of its canned answer")
    return macro


MACROS = section(
    (
        Key("label", mapping_of(TEXT, LOCALES), "What agents choose it by.", is_required=True),
        Key(
            "do",
            actions("set", "note", "reply"),
            "What it proposes: a reply or a note, and fields to set.",
            is_required=True,
        ),
        Key("attach", ATTACH, "Files that go along, by their names in the folder files."),
        Key("shortcut", TEXT, "A few letters that stand for it."),
        Key("groups", list_of(name_in("groups")), "Whose tickets it is for; else all."),
        Key("when", conditions(changes=False), "For which tickets it is offered."),
        Key("one_click", YES_NO, "Whether it is done at once, without being shown first: false."),
        Key("after", one_of((STAY, NEXT, INBOX)), "Where the agent is taken then: stay."),
    ),
    _macro,
)
