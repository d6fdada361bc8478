"""Entries in the table, in stream records, and by the day from the ledger index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from pynamodb.attributes import (
    BinaryAttribute,
    JSONAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)

from chalicelib import table
from chalicelib.ledger.model import Entry


class EntryItem(table.Item, discriminator="entry"):
    """One ledger entry. An erasure removes `payload` and `salt` and touches nothing else."""

    seq = NumberAttribute()
    at = UTCDateTimeAttribute()
    actor = UnicodeAttribute()
    cause = UnicodeAttribute()
    root = UnicodeAttribute()
    depth = NumberAttribute(default=0)
    types: JSONAttribute = JSONAttribute()
    payload = UnicodeAttribute(null=True)
    salt = BinaryAttribute(null=True, legacy_encoding=False)
    digest = BinaryAttribute(legacy_encoding=False)
    prev = BinaryAttribute(legacy_encoding=False)
    hash = BinaryAttribute(legacy_encoding=False)


def to_item(entry: Entry) -> EntryItem:
    g5pk, g5sk = table.ledger_key(entry.scope, entry.seq, entry.at)
    return EntryItem(
        pk=entry.scope,
        sk=table.entry_sk(entry.seq),
        g5pk=g5pk,
        g5sk=g5sk,
        seq=entry.seq,
        at=entry.at,
        actor=entry.actor,
        cause=entry.cause,
        root=entry.root,
        depth=entry.depth,
        types=list(entry.types),
        payload=entry.payload,
        salt=entry.salt,
        digest=entry.digest,
        prev=entry.prev,
        hash=entry.hash,
    )


def from_item(item: EntryItem) -> Entry:
    return Entry(
        scope=item.pk,
        seq=int(item.seq),
        at=item.at,
        actor=item.actor,
        cause=item.cause,
        root=item.root,
        depth=int(item.depth),
        types=tuple(item.types),
        payload=item.payload,
        salt=item.salt,
        digest=item.digest,
        prev=item.prev,
        hash=item.hash,
    )


def from_image(image: Mapping[str, Any]) -> Entry | None:
    """The entry in a stream record's image, or None for an item of another kind."""
    item = table.read(image)
    return from_item(item) if isinstance(item, EntryItem) else None


def of_day(day: datetime, *, since: datetime) -> Iterator[Entry]:
    """The entries of one day from an instant on, shard by shard, in pages."""
    sort = table.Item.g5sk >= table.stamp(since)
    for shard in table.ledger_shards(day):
        for page in table.pages(shard, index="gsi5", sort=sort):
            yield from (from_item(item) for item in page.items if isinstance(item, EntryItem))
