"""What two people do to one ticket at once: whose change meets whose. Pure.

Who has a ticket open is `presence`; the lock that lets one of two writes through is `service`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from chalicelib.desk.fields import as_text
from chalicelib.desk.model import Desk
from chalicelib.errors import Conflict
from chalicelib.facts import Fact, FieldsChanged, StatusChanged
from chalicelib.tickets import statuses
from chalicelib.tickets.edits import Edit, meant
from chalicelib.tickets.forms import PLACE
from chalicelib.tickets.model import Article, Status, Ticket

_CHANGED = "Changed"
# What a fact holds as JSON knows it, as the ticket has it.
_AS_ON_TICKET: dict[str, Callable[[Any], Any]] = {
    "status": Status,
    "tags": tuple,
    "followers": tuple,
    "until": lambda at: datetime.fromisoformat(at) if at else None,
}
_FIELDS = frozenset(field.name for field in fields(Edit)) - {"fields"}
# They go with the status that they were given to, and no fact says so.
_OF_STATUS = frozenset({"until", "reason"})


class Overtaken(Conflict):
    """Somebody wrote before this answer went out; `new` is what its author has not read."""

    def __init__(self, ticket: Ticket, new: Sequence[Article]) -> None:
        super().__init__(
            "Somebody wrote on this ticket meanwhile: read it, then send.",
            fields={"seen_seq": str(ticket.written_seq)},
        )
        self.new = tuple(new)


class Clash(Conflict):
    """Somebody else changed the same fields; `fields` has their present values.

    `meant` are all the fields that were to be changed.
    """

    def __init__(self, ticket: Ticket, desk: Desk, both: Iterable[str], meant: set[str]) -> None:
        super().__init__(
            f"The ticket is at version {ticket.version} by now: read it and decide again.",
            fields={name: _as_text(ticket, desk, name) for name in sorted(both)},
        )
        self.meant = frozenset(meant)


def _as_text(ticket: Ticket, desk: Desk, name: str) -> str:
    value = _now(ticket, name)
    if name.startswith(PLACE):
        return "" if value is None else as_text(value)
    if name == "status":
        return statuses.status_of(ticket, desk).id
    if name == "until":
        return statuses.local_until(ticket, desk)
    if name in {"assignee", "responsible"} and value in desk.agents:
        return desk.agents[value].email
    return ", ".join(value) if isinstance(value, tuple) else str(value or "")


def narrowed(
    ticket: Ticket, since: Sequence[Fact] | None, edit: Edit, desk: Desk, now: datetime
) -> Edit:
    """The edit of somebody who saw the ticket before those facts, less what they left as it was.

    So it stays as others have set it since. Raises Clash where both changed a field, and where
    nobody knows what others did.
    """
    here = meant(ticket, edit, desk, now)
    if since is None:
        if here:
            raise Clash(ticket, desk, here, set(here))
        return edit
    before = _before(ticket, since)
    theirs = {"status" if name == "label" else name for name in before}
    wanted = meant(_as_before(ticket, before), edit, desk, now)
    if "status" in theirs - wanted:
        wanted -= _OF_STATUS
    if both := wanted & here & theirs:
        raise Clash(ticket, desk, both, set(wanted))
    return edit.without(edit.names - wanted)


def _now(ticket: Ticket, name: str) -> Any:
    if name.startswith(PLACE):
        return ticket.fields.get(name.removeprefix(PLACE))
    return getattr(ticket, name)


def _as_before(ticket: Ticket, before: Mapping[str, Any]) -> Ticket:
    own = {name.removeprefix(PLACE): was for name, was in before.items() if name.startswith(PLACE)}
    rest = {name: was for name, was in before.items() if not name.startswith(PLACE)}
    said = {name: value for name, value in {**ticket.fields, **own}.items() if value is not None}
    return replace(ticket, **rest, fields=said)


def _before(ticket: Ticket, since: Sequence[Fact]) -> dict[str, Any]:
    """The fields that are not any more as they were before those facts, as they were."""
    found: dict[str, Any] = {}
    for fact in since:
        name = fact.type.removesuffix(_CHANGED).lower()
        if fact.type.endswith(_CHANGED) and name in _FIELDS:
            was = fact.to_payload()["before"]
            if isinstance(fact, StatusChanged):
                found.setdefault("label", fact.label_before or "")
            found.setdefault(name, _AS_ON_TICKET.get(name, lambda value: value)(was))
        elif isinstance(fact, FieldsChanged):
            found = {**{PLACE + name: was for name, was in fact.before.items()}, **found}
    return {name: was for name, was in found.items() if was != _now(ticket, name)}
