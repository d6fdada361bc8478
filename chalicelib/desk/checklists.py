"""Checklists: tasks that are always the same, put on a ticket together. Pure.

    onboarding:
      label: {en: New colleague, da: Ny kollega}
      tasks:
        - title: {en: Order a laptop, da: Bestil en bærbar}
          owner: assignee
          due: "+2 business days"

A title without a language is said to all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.desk.fields import in_language
from chalicelib.desk.groups import LOCALES
from chalicelib.desk.keys import (
    TEXT,
    Key,
    Kind,
    Reading,
    from_text,
    keys_of,
    list_of,
    mapping_of,
    name_in,
    section,
)

# Of one checklist, and of one ticket.
TASK_LIMIT = 50
TITLE_LIMIT = 200
ASSIGNEE, NONE = "assignee", "none"
_DUE = r"\+\s*\d{1,3}(\s+business\s+days?)?"


@dataclass(frozen=True, slots=True)
class TaskTemplate:
    """A task before there is one: `owner` is an agent's id, `assignee` or `none`."""

    title: Mapping[str, str]
    owner: str = NONE
    due: str = ""

    def name(self, locale: str) -> str:
        """What is to be done, in a language as far as the desk says it."""
        return in_language(self.title, locale, "")


@dataclass(frozen=True, slots=True)
class Checklist:
    """Tasks under one name."""

    id: str
    tasks: tuple[TaskTemplate, ...]
    label: Mapping[str, str] = field(default_factory=dict)

    def name(self, locale: str) -> str:
        """What agents choose it by."""
        return in_language(self.label, locale, self.id)


def _title(value: Any, at: str, reading: Reading) -> Mapping[str, str]:
    """A title by language; one without a language stands under none."""
    found = value if isinstance(value, Mapping) else {"": value}
    read = _BY_LOCALE.read(found, at, reading) if found is value else found
    for text in read.values():
        if not isinstance(text, str) or not 0 < len(text.strip()) <= TITLE_LIMIT:
            reading.problems.setdefault(at, f"must be a text of 1 to {TITLE_LIMIT} characters")
    if not read:
        reading.problems.setdefault(at, "must be a text, or texts by language: {en: Call back}")
    return read


def _due(text: str) -> str:
    if not re.fullmatch(_DUE, text.strip().lower()):
        raise ValueError(f"{text!r} is nothing such as +2 business days")
    return text


def _checklist(name: str, values: dict[str, Any], _reading: Reading) -> Checklist:
    if not 0 < len(values["tasks"]) <= TASK_LIMIT:
        raise ValueError(f"needs 1 to {TASK_LIMIT} tasks")
    return Checklist(name, **values)


_BY_LOCALE = mapping_of(TEXT, LOCALES)
_ONE_TITLE = {"type": "string", "minLength": 1, "maxLength": TITLE_LIMIT}
_TASK = keys_of(
    (
        Key(
            "title",
            Kind({"anyOf": [_ONE_TITLE, _BY_LOCALE.schema]}, _title),
            "What is to be done, in one language or several.",
            is_required=True,
        ),
        Key(
            "owner",
            name_in("agents", ASSIGNEE, NONE),
            "Who does it: an agent, the assignee of the ticket, or none, as where nothing is said.",
        ),
        Key(
            "due",
            from_text(_due, pattern=f"^{_DUE}$"),
            "By when, counted from its start: +2 business days.",
        ),
    ),
    # One that lacks its title is told of, and never used.
    lambda values: TaskTemplate(**{"title": {}, **values}),
)
CHECKLISTS = section(
    (
        Key("label", _BY_LOCALE, "What agents choose it by, by language; else its id."),
        Key("tasks", list_of(_TASK), "What is to be done.", is_required=True),
    ),
    _checklist,
)
