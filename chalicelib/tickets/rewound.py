"""A ticket as it was: taken back by what its facts say was before them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib import facts
from chalicelib.ledger.model import Entry
from chalicelib.tickets.model import Status, Ticket


def rewound(ticket: Ticket, entries: Iterable[Entry], seq: int) -> Ticket | None:
    """The ticket as the entry at that place left it, as far as conditions can ask.

    None where nobody can say: something that came later was erased.
    """
    later = sorted((one for one in entries if one.seq > seq), key=lambda one: -one.seq)
    if any(entry.payload is None for entry in later):
        return None
    for entry in later:
        for fact in reversed(entry.facts):
            back = _BACK.get(type(fact))
            if back:
                ticket = replace(ticket, **back(fact, ticket))
    return ticket


def _status(fact: Any, _ticket: Ticket) -> dict[str, Any]:
    return {"status": Status(fact.before), "label": fact.label_before or ""}


def _until(fact: Any, _ticket: Ticket) -> dict[str, Any]:
    return {"until": datetime.fromisoformat(fact.before) if fact.before else None}


def _fields(fact: Any, ticket: Ticket) -> dict[str, Any]:
    fields = {**ticket.fields, **fact.before}
    return {"fields": {name: value for name, value in fields.items() if value is not None}}


def _plain(field: str) -> Callable[[Any, Ticket], dict[str, Any]]:
    return lambda fact, _ticket: {field: fact.before}


_BACK: Mapping[type[facts.Fact], Callable[[Any, Ticket], dict[str, Any]]] = {
    facts.SubjectChanged: _plain("subject"),
    facts.PriorityChanged: _plain("priority"),
    facts.AssigneeChanged: _plain("assignee"),
    facts.GroupChanged: _plain("group"),
    facts.TypeChanged: _plain("type"),
    facts.ResponsibleChanged: _plain("responsible"),
    facts.ReasonChanged: _plain("reason"),
    facts.ResolutionChanged: _plain("resolution"),
    facts.TagsChanged: lambda fact, _ticket: {"tags": tuple(fact.before)},
    facts.FollowersChanged: lambda fact, _ticket: {"followers": tuple(fact.before)},
    facts.StatusChanged: _status,
    facts.UntilChanged: _until,
    facts.FieldsChanged: _fields,
}
