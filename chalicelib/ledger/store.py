"""Entries in the table, in stream records, and by time from the ledger index; and their seals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from heapq import merge
from typing import Any, cast

from pynamodb.attributes import (
    BinaryAttribute,
    JSONAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.expressions.condition import Condition

from chalicelib import table
from chalicelib.ledger.model import GENESIS, Entry
from chalicelib.ledger.seals import DECIDED_FOR, SETTLED, SPAN, Seal, order


class EntryItem(table.Item, discriminator="entry"):
    """One ledger entry. An erasure removes `payload` and `salt` and touches nothing else.

    `version` is that of its ticket from then on: a mark to find the way back by, and no evidence.
    """

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
    version = NumberAttribute(null=True)


@dataclass
class _Watch:
    clock: Callable[[], datetime] | None = None


_watch = _Watch()


def keep_time(clock: Callable[[], datetime] | None) -> None:
    """Refuse to write what was decided too long ago, by this clock, from now on."""
    _watch.clock = clock


def to_item(entry: Entry) -> EntryItem:
    """The item of an entry that is written at once; table.Lost where it must be decided again.

    An entry that comes later than its window is sealed would look like one that was slipped in.
    """
    if _watch.clock and entry.at < _watch.clock() - DECIDED_FOR:
        raise table.Lost({})
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


def entry_write(entry: Entry) -> table.Write:
    """The write of an entry; whoever writes the same place second loses."""
    return table.put_new(to_item(entry))


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
        yield from _in(shard, sort)


def between(since: datetime, until: datetime) -> Iterator[Entry]:
    """All entries from an instant on and before another, in the order of seals, page by page."""
    # Sort keys go on behind their instant, so the one that equals `until` is out.
    sort = table.Item.g5sk.between(table.stamp(since), table.stamp(until))
    day = datetime.combine(since.astimezone(UTC), time(), UTC)
    while day < until:
        yield from merge(*(_in(shard, sort) for shard in table.ledger_shards(day)), key=order)
        day += timedelta(days=1)


def _in(shard: str, sort: Condition) -> Iterator[Entry]:
    for page in table.pages(shard, index="gsi5", sort=sort):
        yield from (from_item(item) for item in page.items if isinstance(item, EntryItem))


# Seals. --------------------------------------------------------------------------------------


class SealItem(table.Item, discriminator="seal"):
    """A seal. The entries that it covers are named in its file."""

    since = UTCDateTimeAttribute()
    until = UTCDateTimeAttribute()
    entries = NumberAttribute()
    root = BinaryAttribute(legacy_encoding=False)
    prev = BinaryAttribute(legacy_encoding=False)
    hash = BinaryAttribute(legacy_encoding=False)


class SealHeadItem(table.Item, discriminator="seal_head"):
    """The last seal, by number and hash, and where the next one begins: at its end.

    `cut` is up to where the ledger was looked through; what lies between was empty.
    """

    number = NumberAttribute()
    hash = BinaryAttribute(legacy_encoding=False)
    since = UTCDateTimeAttribute()
    cut = UTCDateTimeAttribute()


def _alarm(cut: datetime) -> tuple[str, str]:
    """When the next window is over, and all that was written in it has come."""
    return table.due_key(table.SEALS, cut + SPAN + SETTLED)


def begin_sealing(cut: datetime) -> None:
    """Seal from this instant on, unless somebody has begun already."""
    if table.SEAL_HEAD in table.fetch([table.SEAL_HEAD]):
        return
    pk, sk = table.SEAL_HEAD
    g4pk, g4sk = _alarm(cut)
    head = SealHeadItem(
        pk=pk, sk=sk, g4pk=g4pk, g4sk=g4sk, number=0, hash=GENESIS, since=cut, cut=cut
    )
    try:
        table.transact([table.put_new(head)])
    except table.Lost as lost:
        if table.SEAL_HEAD not in lost.held:
            raise


def pass_over(head: SealHeadItem, cut: datetime) -> None:
    """Note that nothing was written up to there; whoever sealed meanwhile knows better."""
    g4pk, g4sk = _alarm(cut)
    actions = (
        SealHeadItem.cut.set(cut),
        SealHeadItem.g4pk.set(g4pk),
        SealHeadItem.g4sk.set(g4sk),
    )
    table.update(SealHeadItem(pk=head.pk, sk=head.sk), actions, _same(head))


def add_seal(head: SealHeadItem, seal: Seal) -> None:
    """Write the next seal and move on; Lost where somebody else wrote it."""
    g4pk, g4sk = _alarm(seal.until)
    after = SealHeadItem(
        pk=head.pk,
        sk=head.sk,
        g4pk=g4pk,
        g4sk=g4sk,
        number=seal.number,
        hash=seal.hash,
        since=seal.until,
        cut=seal.until,
    )
    item = SealItem(
        pk=table.SEALS,
        sk=table.seal_sk(seal.number),
        since=seal.since,
        until=seal.until,
        entries=seal.count,
        root=seal.root,
        prev=seal.prev,
        hash=seal.hash,
    )
    table.transact([table.Write(after, _same(head)), table.put_new(item)])


def _same(head: SealHeadItem) -> Condition:
    condition = (SealHeadItem.number == head.number) & (SealHeadItem.cut == head.cut)
    return cast("Condition", condition)


def seals(*, after: int, until: datetime) -> Iterator[Seal]:
    """The seals behind a number that end by then, in order."""
    sort = table.Item.sk > table.seal_sk(after)
    for page in table.pages(table.SEALS, sort=sort):
        for item in page.items:
            if isinstance(item, SealItem) and item.until <= until:
                yield Seal(
                    int(item.sk),
                    item.since,
                    item.until,
                    int(item.entries),
                    item.root,
                    item.prev,
                    item.hash,
                )
