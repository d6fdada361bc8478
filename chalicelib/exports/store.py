"""The job of an export in the table, and the lists that it walks through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple, replace
from datetime import datetime
from typing import cast

from pynamodb.attributes import (
    BinaryAttribute,
    JSONAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.expressions.condition import Condition

from chalicelib import table
from chalicelib.exports.model import LEASE, LIFE, Cursor, Export, State
from chalicelib.facts import Fact
from chalicelib.ledger.model import Actor, End, next_entry
from chalicelib.ledger.store import to_item

PAGE = 100
UNFINISHED = (State.REQUESTED.value, State.RUNNING.value)


class ExportItem(table.Item, discriminator="export"):
    """One export. What grows with it, its parts and their members, is described in files."""

    requested_by = UnicodeAttribute()
    requested_at = UTCDateTimeAttribute()
    last_number = NumberAttribute()
    state = UnicodeAttribute()
    cursor: JSONAttribute = JSONAttribute()
    parts = NumberAttribute()
    counts: JSONAttribute = JSONAttribute()
    size = NumberAttribute()
    attempt = NumberAttribute()
    lease_until = UTCDateTimeAttribute(null=True)
    reason = UnicodeAttribute(null=True)
    manifest_sha256 = UnicodeAttribute(null=True)
    seq = NumberAttribute()
    chain = BinaryAttribute(legacy_encoding=False)


def export_of(item: table.Item | None) -> Export | None:
    if not isinstance(item, ExportItem):
        return None
    return Export(
        id=item.pk.partition("#")[2],
        requested_by=item.requested_by,
        requested_at=item.requested_at,
        last_number=int(item.last_number),
        state=State(item.state),
        cursor=Cursor(*item.cursor),
        parts=int(item.parts),
        counts=item.counts,
        size=int(item.size),
        attempt=int(item.attempt),
        lease_until=item.lease_until,
        reason=item.reason,
        manifest_sha256=item.manifest_sha256,
        seq=int(item.seq),
        chain=item.chain,
    )


def get(export: str) -> Export | None:
    key = table.export_key(export)
    return export_of(table.fetch([key]).get(key))


def claim(export: str, now: datetime) -> Export | None:
    """Take an export to write its next part; None where it is over or in other hands."""
    pk, sk = table.export_key(export)
    item = ExportItem(pk=pk, sk=sk)
    lease_until = now + LEASE
    g4pk, g4sk = table.due_key(pk, lease_until)
    is_open = ExportItem.state.is_in(*UNFINISHED)
    is_free = ExportItem.lease_until.does_not_exist() | (ExportItem.lease_until < now)
    actions = [
        ExportItem.state.set(State.RUNNING.value),
        ExportItem.lease_until.set(lease_until),
        ExportItem.g4pk.set(g4pk),
        ExportItem.g4sk.set(g4sk),
    ]
    return export_of(item) if table.update(item, actions, is_open & is_free) else None


def save(
    after: Export,
    fact: Fact,
    *,
    actor: Actor,
    at: datetime,
    alarm_at: datetime | None,
    before: Export | None = None,
    also: Sequence[table.Write] = (),
) -> Export:
    """Write the export with the entry that wakes whoever goes on; Lost when it was taken over."""
    scope, end = table.system_pk(f"export#{after.id}"), End(after.seq, after.chain)
    entry = next_entry(scope, end, [fact], at=at, actor=actor, cause="export")
    after = replace(after, seq=entry.seq, chain=entry.hash)
    lock = _same(before) if before else table.absent()
    writes = [table.Write(_item(after, alarm_at), lock), table.Write(to_item(entry))]
    table.transact([*writes, *also])
    return after


def _same(before: Export) -> Condition:
    lease = before.lease_until
    is_free = ExportItem.lease_until.does_not_exist()
    is_held = is_free if lease is None else ExportItem.lease_until == lease
    return cast("Condition", (ExportItem.seq == before.seq) & is_held)


def _item(export: Export, alarm_at: datetime | None) -> ExportItem:
    pk, sk = table.export_key(export.id)
    g4pk, g4sk = table.due_key(pk, alarm_at) if alarm_at else (None, None)
    return ExportItem(
        pk=pk,
        sk=sk,
        g4pk=g4pk,
        g4sk=g4sk,
        ttl=int((export.requested_at + LIFE).timestamp()),
        requested_by=export.requested_by,
        requested_at=export.requested_at,
        last_number=export.last_number,
        state=export.state.value,
        cursor=list(astuple(export.cursor)),
        parts=export.parts,
        counts=dict(export.counts),
        size=export.size,
        attempt=export.attempt,
        lease_until=export.lease_until,
        reason=export.reason,
        manifest_sha256=export.manifest_sha256,
        seq=export.seq,
        chain=export.chain,
    )


def listed(pk: str, *, after: str) -> Iterator[list[table.Item]]:
    """The items of one list behind a place, oldest first, in pages; they carry `row` only."""
    sort = table.Item.g1sk > after if after else None
    yield from (list(page.items) for page in table.pages(pk, index="gsi1", sort=sort, limit=PAGE))
