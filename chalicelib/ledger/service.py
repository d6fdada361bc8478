"""The relay, which publishes what happened, and the replay of what a dead relay left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib import table
from chalicelib.ledger import store
from chalicelib.ledger.model import Entry, detail
from chalicelib.ports import Ports, Unpublished


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
