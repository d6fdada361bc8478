"""The verbs of notes: write one on a person or an organization, change it, take it away.

Each is a fact of the scope of whom the note is about. Every agent sees them, as they see people.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from chalicelib import facts, table
from chalicelib.desk.service import live_desk
from chalicelib.errors import Conflict, NotFound
from chalicelib.ledger.model import EMPTY, End, next_entry
from chalicelib.ledger.store import entry_write
from chalicelib.notes.model import Wanted, changed_fact, iso, made
from chalicelib.people import notes as store
from chalicelib.people.model import Person
from chalicelib.people.notes import NOTE_LIMIT, Card, Note, Subject
from chalicelib.ports import Ports
from chalicelib.tickets import service as tickets
from chalicelib.tickets.access import Who
from chalicelib.tickets.edits import UNSET
from chalicelib.tickets.service import Claim, Done

_ID_LENGTH = 40
# What an agent's own list shows of reminders; what is due later than these follows when they are.
SHOWN = 50


class Kind(StrEnum):
    """Whom a note may be about."""

    PERSON = "person"
    ORGANIZATION = "organization"


_SCOPES: dict[Kind, Callable[[str], str]] = {
    Kind.PERSON: table.person_pk,
    Kind.ORGANIZATION: table.organization_pk,
}


def read(who: Who, kind: Kind, subject: str) -> Card:
    """Somebody with all notes on them, or NotFound: one query."""
    who.need("people:read")
    is_id = subject.isalnum() and len(subject) <= _ID_LENGTH
    card = store.read(_SCOPES[kind](subject)) if is_id else None
    if card is None or (isinstance(card.subject, Person) and card.subject.is_erased):
        raise NotFound(f"There is no such {kind}.")
    return card


def add(
    ports: Ports, who: Who, kind: Kind, subject: str, wanted: Wanted, *, claim: Claim | None = None
) -> Note:
    """Write a note; Done where that happened already under this claim. What has a time and no
    owner reminds the agent who writes it.
    """
    who.need("people:write")
    desk = live_desk(ports)
    note = id_of(ports, claim) if claim else ports.new_id()
    if wanted.due not in {UNSET, None, ""} and wanted.owner in {UNSET, None, ""}:
        wanted = replace(wanted, owner=who.agent)

    def attempt() -> Note:
        card, now = read(who, kind, subject), ports.clock()
        by = who.agent or who.actor.id
        found = made(Note(store.scope_of(card.subject), note, "", now, by), wanted, desk, now)
        if len(card.notes) >= NOTE_LIMIT:
            if claim and (held := table.fetch([claim.key])):
                raise Done(held[claim.key])
            raise Conflict(f"There are at most {NOTE_LIMIT} notes on somebody: remove old ones.")
        fact = facts.NoteAdded(found.id, found.owner, iso(found.due_at))
        claims = [claim.write(0, 1)] if claim else []
        _save(who, card.subject, fact, [store.write(found), *claims], now)
        return found

    def is_open(lost: table.Lost) -> bool:
        if claim and claim.key in lost.held:
            raise Done(lost.held[claim.key]) from lost
        return True

    return tickets.retried(ports, attempt, _BUSY, is_open=is_open)


def id_of(ports: Ports, claim: Claim) -> str:
    """The id of the note that is written under a claim."""
    return ports.keys().hide(claim.key[0])[:20]


def change(ports: Ports, who: Who, kind: Kind, subject: str, note: str, wanted: Wanted) -> Note:
    """Set what is wanted of a note, ticking it off included; it is as it was where it is so."""
    who.need("people:write")
    desk = live_desk(ports)

    def attempt() -> Note:
        card, now = read(who, kind, subject), ports.clock()
        before = one_of(card, note)
        after = made(before, wanted, desk, now)
        if after != before:
            _save(who, card.subject, changed_fact(before, after), [store.write(after)], now)
        return after

    return tickets.retried(ports, attempt, _BUSY)


def remove(ports: Ports, who: Who, kind: Kind, subject: str, note: str) -> None:
    """Take a note away."""
    who.need("people:write")

    def attempt() -> None:
        card = read(who, kind, subject)
        gone = one_of(card, note)
        said = facts.NoteRemoved(gone.id)
        _save(who, card.subject, said, [store.removal(gone)], ports.clock())

    tickets.retried(ports, attempt, _BUSY)


def one_of(card: Card, note: str) -> Note:
    """One of the notes, or NotFound."""
    found = next((one for one in card.notes if one.id == note), None)
    if found is None:
        raise NotFound("There is no such note.")
    return found


def reminders(who: Who, agent: str) -> tuple[list[tuple[Note, Subject]], bool]:
    """The first open reminders of an agent, the next due first, with whom each is about, and
    whether there are more: two calls.
    """
    who.need("people:read")
    found, following = store.of_agent(agent, SHOWN)
    return found, following is not None


_BUSY = "These notes change all the time: try again."


def _save(
    who: Who, subject: Subject, fact: facts.Fact, writes: Sequence[table.Write], now: datetime
) -> None:
    scope = store.ledger_of(subject)
    end = End(subject.seq, subject.chain) if subject.seq else EMPTY
    entry = next_entry(scope, end, [fact], at=now, actor=who.actor, cause="notes")
    moved = store.moved(subject, seq=entry.seq, chain=entry.hash)
    table.transact([*writes, moved, entry_write(entry)])
