"""What a note may be: what somebody wants of one, read and checked. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib import facts
from chalicelib.desk.model import Desk
from chalicelib.errors import Invalid
from chalicelib.people.notes import Note
from chalicelib.tickets import statuses
from chalicelib.tickets.edits import UNSET

TEXT_LIMIT = 4000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants of a note; what is UNSET stays as it is.

    `owner` is an agent's id or address, `due` an instant, a date or a number of days.
    """

    text: object = UNSET
    owner: object = UNSET
    due: object = UNSET
    is_done: object = UNSET


def made(note: Note, wanted: Wanted, desk: Desk, now: datetime) -> Note:
    """The note as it is wanted; Invalid by field."""
    found: dict[str, object] = {}
    problems: dict[str, str] = {}
    for name, read in _READ.items():
        value = getattr(wanted, name)
        if value is not UNSET:
            try:
                found |= read(value, note, desk, now)
            except ValueError as error:
                problems[name] = str(error)
    after = replace(note, **found)  # type: ignore[arg-type]
    if not problems and after.due_at and not after.owner:
        problems["owner"] = "whom to remind"
    if not after.text:
        problems.setdefault("text", _TEXT)
    if problems:
        raise Invalid("The note cannot be set so.", fields=problems)
    return after


def changed_fact(before: Note, after: Note) -> facts.NoteChanged:
    """What is said of a change: all but what the note says."""
    was, now = _told(before), _told(after)
    names = [name for name, value in was.items() if value != now[name]]
    return facts.NoteChanged(
        after.id,
        before.text != after.text,
        {name: was[name] for name in names},
        {name: now[name] for name in names},
    )


def _told(note: Note) -> Mapping[str, str | bool | None]:
    return {"owner": note.owner, "due_at": iso(note.due_at), "is_done": note.is_done}


def iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


# Reading what somebody wants. ----------------------------------------------------------------

_TEXT = f"1 to {TEXT_LIMIT} characters"


def _read_text(value: object, *_: object) -> dict[str, object]:
    text = str(value or "").replace("\r\n", "\n").strip()
    if not 0 < len(text) <= TEXT_LIMIT:
        raise ValueError(_TEXT)
    return {"text": text}


def _read_owner(value: object, note: Note, desk: Desk, _now: datetime) -> dict[str, object]:
    if value in {None, ""}:
        return {"owner": None}
    if value == note.owner:
        # A form sends what it shows, be they still here or not.
        return {}
    agent = desk.agents.get(str(value)) or desk.agent_at(str(value))
    if agent is None:
        raise ValueError("there is no such agent")
    return {"owner": agent.id}


def _read_due(value: object, note: Note, desk: Desk, now: datetime) -> dict[str, object]:
    text = str(value or "").strip()
    if text and text == statuses.local(note.due_at, desk):
        return {}
    return {"due_at": statuses.minute(text, desk, None, now) if text else None}


def _read_done(value: object, note: Note, _desk: Desk, now: datetime) -> dict[str, object]:
    return {} if bool(value) is note.is_done else {"done_at": now if value else None}


_Read = Callable[[object, Note, Desk, datetime], dict[str, object]]
_READ: Mapping[str, _Read] = {
    "text": _read_text,
    "owner": _read_owner,
    "due": _read_due,
    "is_done": _read_done,
}
