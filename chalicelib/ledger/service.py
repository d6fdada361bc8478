"""The relay, which publishes what happened, the replay of what a dead relay left, and the sealing
of what was written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib import table
from chalicelib.ledger import seals, store
from chalicelib.ledger.model import Entry, detail
from chalicelib.ports import Ports, Unpublished

# A desk begins to seal within a quarter of an hour of its first function, and looks back this far.
LOOK_BACK = timedelta(days=1)


def enter(ports: Ports) -> Ports:
    """Bind this process to the tenant's table, and the ledger to the clock of these ports."""
    table.bind(ports.config.table)
    store.keep_time(ports.clock)
    return ports


def relay(ports: Ports, records: Iterable[Mapping[str, Any]]) -> list[str]:
    """Publish the facts of these stream records; return the sequence numbers to deliver again.

    The stream goes on from the first number named, so one refused fact sends all later ones again:
    reactions are idempotent, and the order within a ticket holds.
    """
    numbers: list[str] = []
    events: list[tuple[str, str, datetime]] = []
    for record in records:
        image = record["dynamodb"].get("NewImage")
        entry = store.from_image(image) if image else None
        for event in _events(entry) if entry else ():
            numbers.append(record["dynamodb"]["SequenceNumber"])
            events.append(event)
    try:
        ports.bus.publish(events)
    except Unpublished as error:
        return [numbers[min(error.refused)]]
    return []


def replay(ports: Ports, *, since: datetime) -> int:
    """Publish every fact since then once more, from the ledger index; return how many."""
    now, count = ports.clock(), 0
    day = since.astimezone(UTC)
    while day.date() <= now.date():
        events = [event for entry in store.of_day(day, since=since) for event in _events(entry)]
        ports.bus.publish(events)
        count += len(events)
        day += timedelta(days=1)
    return count


def _events(entry: Entry) -> list[tuple[str, str, datetime]]:
    ticket = table.ticket_number(entry.scope)
    return [
        (fact.type, detail(entry, place, fact, ticket=ticket), entry.at)
        for place, fact in enumerate(entry.facts)
    ]


def begin_sealing(ports: Ports) -> None:
    """Have the ledger sealed from now on; harmless to repeat."""
    store.begin_sealing(seals.cut(ports.clock()) - LOOK_BACK)


def seal(ports: Ports, item: table.Item) -> None:
    """Seal what was written since the last seal and can have no late entries any more.

    Called by the sweep. The file comes first: a sweep that dies then writes the same once more.
    """
    if not isinstance(item, store.SealHeadItem):
        return
    entries = store.between(item.cut, until := seals.cut(ports.clock()))
    leaves, until = seals.first_of(entries, until)
    if not leaves:
        store.pass_over(item, until)
        return
    made = seals.make_seal(
        int(item.number) + 1, leaves, since=item.since, until=until, prev=item.hash
    )
    content = seals.to_bytes(made, leaves)
    ports.blobs.put(seals.file_of(made), content, content_type="application/json")
    try:
        store.add_seal(item, made)
    except table.Lost:
        # Another sweep was faster; its seal has a file of its own. If none was, the alarm goes on.
        return
