"""Notes on persons and organizations in the table: one query reads somebody with all of them.

Who may write one, and the facts that say so, are of `notes.service`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib import table
from chalicelib.people.items import NoteItem, OrganizationItem
from chalicelib.people.model import Person
from chalicelib.people.organizations import Organization, organization_of
from chalicelib.people.store import PersonItem, person_of, unmoved

# All of them fit into one query, and into one transaction with the removal of whom they are about.
NOTE_LIMIT = 50

Subject = Person | Organization


@dataclass(frozen=True, slots=True)
class Note:
    """A note; with an `owner`, an agent's id, it is one of their reminders until it is done.

    `scope` is the key of whom it is about.
    """

    scope: str
    id: str
    text: str
    at: datetime
    by: str
    owner: str | None = None
    due_at: datetime | None = None
    done_at: datetime | None = None

    @property
    def is_done(self) -> bool:
        return self.done_at is not None


@dataclass(frozen=True, slots=True)
class Card:
    """Whom notes are about, with the notes, oldest first."""

    subject: Subject
    notes: tuple[Note, ...] = ()


def scope_of(subject: Subject) -> str:
    """The key of whom notes are about."""
    is_person = isinstance(subject, Person)
    return table.person_pk(subject.id) if is_person else table.organization_pk(subject.id)


def about(note: Note) -> tuple[str, str]:
    """Whom a note is about: `person` or `organization`, and the id."""
    subject = note.scope.partition("#")[2]
    return "person" if note.scope == table.person_pk(subject) else "organization", subject


def ledger_of(subject: Subject) -> str:
    """The scope of what is done to them."""
    kind = "person" if isinstance(subject, Person) else "organization"
    return table.system_pk(f"{kind}#{subject.id}")


def read(scope: str) -> Card | None:
    """Somebody with all notes on them: one query, consistent."""
    items = [item for page in table.pages(scope) for item in page.items]
    subject = next((one for one in map(subject_of, items) if one), None)
    notes = (note_of(item) for item in items)
    return Card(subject, _in_order(note for note in notes if note)) if subject else None


def subject_of(item: table.Item | None) -> Subject | None:
    return person_of(item) or organization_of(item)


def _in_order(notes: Iterable[Note]) -> tuple[Note, ...]:
    return tuple(sorted(notes, key=lambda note: (note.at, note.id)))


def note_of(item: table.Item | None) -> Note | None:
    """The note in its item; None for anything else."""
    if not isinstance(item, NoteItem):
        return None
    return Note(
        item.pk,
        item.sk.removeprefix(table.NOTE),
        item.text,
        item.at,
        item.by,
        item.owner,
        item.due_at,
        item.done_at,
    )


def of_agent(agent: str, limit: int) -> tuple[list[tuple[Note, Subject]], dict[str, Any] | None]:
    """The first open reminders of an agent, the next due first, each with whom it is about, and
    whether there are more: two calls.
    """
    page = table.query(table.notes_for(agent), index="gsi3", limit=limit)
    keys = [(item.pk, item.sk) for item in page.items]
    found = table.fetch([*keys, *((pk, table.ONLY) for pk, _ in keys)])
    pairs = ((note_of(found.get(key)), subject_of(found.get((key[0], table.ONLY)))) for key in keys)
    return [(note, subject) for note, subject in pairs if note and subject], page.next_key


def write(note: Note) -> table.Write:
    """The write that makes a note what it is; `moved` holds who was slower off."""
    return table.Write(_item(note))


def removal(note: Note) -> table.Write:
    return table.Write(NoteItem(pk=note.scope, sk=table.note_sk(note.id)), is_removal=True)


def moved(subject: Subject, *, seq: int, chain: bytes) -> table.Write:
    """The write that moves the end of somebody's ledger on; lost where others did."""
    scope = scope_of(subject)
    if isinstance(subject, Person):
        person = PersonItem(pk=scope, sk=table.ONLY)
        actions = (PersonItem.seq.set(seq), PersonItem.chain.set(chain))
        return table.Write(person, unmoved(subject), actions)
    organization = OrganizationItem(pk=scope, sk=table.ONLY)
    actions = (OrganizationItem.seq.set(seq), OrganizationItem.chain.set(chain))
    return table.Write(organization, OrganizationItem.seq == subject.seq, actions)


def _item(note: Note) -> NoteItem:
    is_open = note.owner and not note.is_done
    return NoteItem(
        pk=note.scope,
        sk=table.note_sk(note.id),
        g1pk=table.NOTES_LIST,
        g1sk=f"{note.scope}#{note.id}",
        g3pk=table.notes_for(note.owner) if is_open and note.owner else None,
        g3sk=f"{table.rank(note.due_at, note.at)}#{note.id}" if is_open else None,
        text=note.text,
        at=note.at,
        by=note.by,
        owner=note.owner,
        due_at=note.due_at,
        done_at=note.done_at,
    )
