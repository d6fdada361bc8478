"""The writes of an erasure, and the tickets that it goes through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from chalicelib import table
from chalicelib.erasure.model import Step
from chalicelib.facts import PersonErased
from chalicelib.keys import Keys
from chalicelib.ledger.model import EMPTY, Actor, End, Entry, next_entry
from chalicelib.ledger.store import EntryItem, entry_write
from chalicelib.people import notes
from chalicelib.people import store as people
from chalicelib.people.model import Person
from chalicelib.people.notes import Note
from chalicelib.tickets import store as tickets
from chalicelib.tickets.model import Delivery
from chalicelib.tickets.store import DeliveryItem


def numbers(person: str) -> Iterator[int]:
    """The numbers of the tickets that a person asked for."""
    for page in table.pages(table.person_pk(person), index="gsi2"):
        yield from (int(item.columns["number"]) for item in page.items)


def writes(step: Step) -> list[table.Write]:
    """What the step changes, apart from the head and its entry."""
    return [
        *(table.Write(tickets.article_item(article)) for article in step.articles),
        *(_unaddressed(before, after) for before, after in step.deliveries),
        *(_forgotten(entry) for entry in step.entries),
    ]


def _unaddressed(before: Delivery, after: Delivery) -> table.Write:
    item = DeliveryItem(
        pk=table.ticket_pk(after.number), sk=table.delivery_sk(after.seq, after.recipient)
    )
    reason = DeliveryItem.reason
    actions = (
        DeliveryItem.name.set(after.name),
        DeliveryItem.email.set(after.email),
        DeliveryItem.state.set(after.state.value),
        reason.set(after.reason) if after.reason else reason.remove(),
        *tickets.DELIVERY_FINAL,
    )
    # Sending does not wait for the lock of the ticket: what became of a mail meanwhile counts.
    return table.Write(item, DeliveryItem.state == before.state.value, actions)


def _forgotten(entry: Entry) -> table.Write:
    item = EntryItem(pk=entry.scope, sk=table.entry_sk(entry.seq))
    return table.Write(item, None, (EntryItem.payload.remove(), EntryItem.salt.remove()))


def person_writes(
    keys: Keys, person: Person, written: Sequence[Note], *, actor: Actor, at: datetime
) -> list[table.Write]:
    """The writes that end an erasure: the person's own item, the address, the notes on them, and
    the entry of it.
    """
    scope, fact = notes.ledger_of(person), PersonErased(person.id)
    end = End(person.seq, person.chain) if person.seq else EMPTY
    entry = next_entry(scope, end, [fact], at=at, actor=actor, cause="erasure")
    gone = people.erase(keys, person, seq=entry.seq, chain=entry.hash)
    return [*gone, *map(notes.removal, written), entry_write(entry)]
