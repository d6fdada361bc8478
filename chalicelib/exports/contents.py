"""What an export holds, piece by piece, from any place on: tickets, then people, organizations and
the notes on them, then suspended mail, then the seals of the ledger with the entries of no ticket.
It reads and writes nothing back; how much of it makes one part is not decided here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from chalicelib import table
from chalicelib.exports import store
from chalicelib.exports.model import Cursor, Export
from chalicelib.exports.rows import (
    File,
    Piece,
    article_row,
    delivery_row,
    link_row,
    note_row,
    organization_row,
    person_row,
    suspended_row,
    task_row,
    ticket_row,
)
from chalicelib.ledger import seals
from chalicelib.ledger import store as ledger
from chalicelib.ledger.model import Entry
from chalicelib.ledger.rows import entry_row
from chalicelib.ledger.store import EntryItem, from_item
from chalicelib.people import notes
from chalicelib.people import store as people
from chalicelib.people.organizations import organization_of
from chalicelib.ports import Ports
from chalicelib.tickets import store as tickets
from chalicelib.tickets.stored_tasks import task_of


def pieces(ports: Ports, export: Export) -> Iterator[Piece]:
    """Everything behind the export's cursor. A piece's own cursor is where to go on after it."""
    cursor, stages = export.cursor, list(_STAGES)
    for stage in stages[stages.index(cursor.stage) :]:
        start = cursor if stage == cursor.stage else Cursor(stage)
        yield from _STAGES[stage](ports, export, start)


def _tickets(_ports: Ports, export: Export, start: Cursor) -> Iterator[Piece]:
    first = max(start.number, tickets.FIRST_NUMBER + 1)
    for number in range(first, export.last_number + 1):
        items = tickets.everything(number)
        newest = _newest(items, export.requested_at)
        after = start.after if number == start.number else ""
        for item in items:
            found = _on_ticket(item, newest) if item.sk > after else None
            if found:
                yield Piece(*found[:2], Cursor("tickets", number, item.sk), found[2])


def _newest(items: Sequence[table.Item], at: datetime) -> int:
    """The last place on a timeline that was written by then, 0 where there was no ticket yet.

    Places are compared, not times: a delivery that is sent once more has a new time.
    """
    seqs = (entry.seq for entry in tickets.entries_in(items) if entry.at <= at)
    return max(seqs, default=0)


_Found = tuple[str, dict[str, object], tuple[File, ...]]


def _on_ticket(item: table.Item, newest: int) -> _Found | None:
    """The entity, row and files of one item; None for what is newer, and for machinery."""
    found: _Found | None = None
    seq = 1
    if isinstance(item, EntryItem):
        found, seq = ("entries", entry_row(from_item(item)), ()), int(item.seq)
    elif article := tickets.article_of(item):
        found, seq = ("articles", *article_row(article)), article.seq
    elif delivery := tickets.delivery_of(item):
        found, seq = ("deliveries", delivery_row(delivery), ()), delivery.seq
    elif link := tickets.link_of(item):
        found = "links", link_row(table.ticket_number(item.pk) or 0, link), ()
    elif task := task_of(item):
        found, seq = ("tasks", task_row(task), ()), int(task.id.partition("-")[0])
    elif ticket := tickets.ticket_of(item):
        found = "tickets", ticket_row(ticket), ()
    return found if seq <= newest else None


def _people(_ports: Ports, export: Export, start: Cursor) -> Iterator[Piece]:
    for page in store.listed(table.PEOPLE_LIST, after=start.after):
        found = table.fetch((item.pk, item.sk) for item in page)
        for item in page:
            person = people.person_of(found.get((item.pk, item.sk)))
            if person and person.created_at <= export.requested_at:
                yield Piece("people", person_row(person), Cursor("people", 0, str(item.g1sk)))


def _organizations(_ports: Ports, _export: Export, start: Cursor) -> Iterator[Piece]:
    for page in store.listed(table.ORGANIZATIONS_LIST, after=start.after):
        found = table.fetch((item.pk, item.sk) for item in page)
        for item in page:
            organization = organization_of(found.get((item.pk, item.sk)))
            if organization:
                cursor = Cursor("organizations", 0, str(item.g1sk))
                yield Piece("organizations", organization_row(organization), cursor)


def _notes(_ports: Ports, export: Export, start: Cursor) -> Iterator[Piece]:
    for page in store.listed(table.NOTES_LIST, after=start.after):
        found = table.fetch((item.pk, item.sk) for item in page)
        for item in page:
            note = notes.note_of(found.get((item.pk, item.sk)))
            if note and note.at <= export.requested_at:
                yield Piece("notes", note_row(note), Cursor("notes", 0, str(item.g1sk)))


def _suspended(_ports: Ports, export: Export, start: Cursor) -> Iterator[Piece]:
    until = table.stamp(export.requested_at)
    for page in store.listed(table.SUSPENDED_LIST, after=start.after):
        for item in page:
            columns = item.columns
            if columns["received"] <= until:
                row, raw = suspended_row(columns)
                cursor = Cursor("suspended", 0, str(item.g1sk))
                yield Piece("suspended", row, cursor, (raw,))


def _seals(ports: Ports, export: Export, start: Cursor) -> Iterator[Piece]:
    """Each seal behind the entries of no ticket that it covers: those have no other list.

    A cursor names the seal before, and how many of these entries are written of this one.
    """
    # Younger windows may hold entries of tickets that are not in the export.
    until = export.requested_at - seals.SETTLED
    for seal in ledger.seals(after=start.number, until=until):
        row = json.loads(ports.blobs.get(seals.file_of(seal)))
        written = int(start.after or 0) if seal.number == start.number + 1 else 0
        for place, entry in enumerate(_of_no_ticket(seals.from_row(row)[1]), 1):
            if place > written:
                cursor = Cursor("seals", seal.number - 1, str(place))
                yield Piece("entries", entry_row(entry), cursor)
        yield Piece("seals", row, Cursor("seals", seal.number))


def _of_no_ticket(leaves: Sequence[seals.Leaf]) -> Iterator[Entry]:
    """Those that are there of a seal's entries of no ticket, chain by chain."""
    keys = [
        (leaf.scope, table.entry_sk(leaf.seq))
        for leaf in sorted(leaves)
        if table.ticket_number(leaf.scope) is None
    ]
    found = table.fetch(keys)
    items = (found.get(key) for key in keys)
    return (from_item(item) for item in items if isinstance(item, EntryItem))


_STAGES: dict[str, Callable[[Ports, Export, Cursor], Iterator[Piece]]] = {
    "tickets": _tickets,
    "people": _people,
    "organizations": _organizations,
    "notes": _notes,
    "suspended": _suspended,
    "seals": _seals,
}
