"""Tickets in the table: items, one transaction for every change, one query for every page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib import table
from chalicelib.ledger.model import GENESIS, Actor, Entry, make_entry
from chalicelib.ledger.store import EntryItem, from_item, to_item
from chalicelib.tickets.changes import Change
from chalicelib.tickets.items import (
    ArticleItem,
    DeliveryItem,
    EffectItem,
    HeadItem,
    MessageIdItem,
    NumberItem,
    article_item,
    article_of,
    delivery_item,
    delivery_of,
    head_item,
    head_key,
    ticket_of,
)
from chalicelib.tickets.model import (
    Delivery,
    DeliveryState,
    Ticket,
    Timeline,
)

FIRST_NUMBER = 1000
__all__ = [
    "ArticleItem",
    "DeliveryItem",
    "EffectItem",
    "HeadItem",
    "MessageIdItem",
    "NumberItem",
    "article_item",
    "article_of",
    "delivery_item",
    "delivery_of",
    "head_item",
    "head_key",
    "ticket_of",
]

TIMELINE_PAGE = 100
EFFECT_LIFE = timedelta(days=40)


# Reading. ------------------------------------------------------------------------------------


def next_number() -> int:
    """A number that nobody else has; one that a failed write burns is never used again."""
    pk, sk = table.NUMBER_KEY
    item = NumberItem(pk=pk, sk=sk)
    item.update([NumberItem.n.add(1)])
    return FIRST_NUMBER + int(item.n)


def last_number() -> int:
    """The highest number that was given out so far."""
    try:
        item = NumberItem.get(*table.NUMBER_KEY, consistent_read=True)
    except NumberItem.DoesNotExist:
        return FIRST_NUMBER
    return FIRST_NUMBER + int(item.n)


def load(
    number: int, also: Iterable[tuple[str, str]] = ()
) -> tuple[Ticket | None, dict[tuple[str, str], table.Item]]:
    """The ticket, and any other items wanted with it, in one call."""
    key = head_key(number)
    found = table.fetch([key, *also])
    return ticket_of(found.pop(key, None)), found


def timeline(number: int, *, before: str | None = None) -> Timeline | None:
    """The ticket and the newest page of its timeline in one query; older pages by `before`."""
    start = _start(number, before) if before else None
    page = table.query(table.ticket_pk(number), newest_first=True, limit=TIMELINE_PAGE, start=start)
    items = list(page.items)
    # A reverse query has the head on its first page, and on no other.
    heads = [head for item in items if (head := ticket_of(item))]
    ticket = heads[0] if heads else load(number)[0] if before else None
    if ticket is None:
        return None
    older = page.next_key["sk"]["S"] if page.next_key else None
    items.reverse()
    return Timeline(
        ticket,
        tuple(article for item in items if (article := article_of(item))),
        tuple(delivery for item in items if (delivery := delivery_of(item))),
        tuple(from_item(item) for item in items if isinstance(item, EntryItem)),
        older,
    )


def _start(number: int, sk: str) -> dict[str, Any]:
    return {"pk": {"S": table.ticket_pk(number)}, "sk": {"S": sk}}


def everything(number: int) -> list[table.Item]:
    """All items of one ticket, for exports and erasures."""
    return [item for page in table.pages(table.ticket_pk(number)) for item in page.items]


def entries_in(items: Iterable[table.Item]) -> list[Entry]:
    return [from_item(item) for item in items if isinstance(item, EntryItem)]


def list_page(
    index: str,
    pk: str,
    *,
    limit: int,
    start: dict[str, Any] | None,
    hide: Sequence[str] = (),
    only: str | None = None,
) -> table.Page:
    """A page of `row` maps of one list, without the statuses in `hide`, or with one status only."""
    condition = table.Item.row["status"] == only if only else None
    for status in () if only else hide:
        clause = table.Item.row["status"] != status
        condition = clause if condition is None else condition & clause
    newest = index == "gsi2"
    return table.query(
        pk, index=index, limit=limit, start=start, condition=condition, newest_first=newest
    )


# Writing. ------------------------------------------------------------------------------------


def save(
    change: Change,
    *,
    actor: Actor,
    cause: str,
    at: datetime,
    salt: bytes,
    also: Sequence[table.Write] = (),
) -> Ticket:
    """Write the change with its entry, and return the ticket as it now is; Lost when overtaken."""
    seq = change.seq
    prev = change.before.chain if change.before else GENESIS
    entry = make_entry(
        table.ticket_pk(change.after.number),
        seq,
        change.facts,
        at=at,
        actor=actor,
        cause=cause,
        prev=prev,
        salt=salt,
    )
    after = replace(change.after, seq=seq, chain=entry.hash, updated_at=at)
    lock = HeadItem.seq == change.before.seq if change.before else table.absent()
    writes = [table.Write(head_item(after), lock), table.Write(to_item(entry))]
    if change.article:
        writes.append(table.Write(article_item(change.article)))
    writes += [table.Write(delivery_item(delivery)) for delivery in change.deliveries]
    table.transact([*writes, *also])
    return after


def is_overtaken(lost: table.Lost, number: int) -> bool:
    """Whether the ticket itself had moved on, so that deciding again can help."""
    return not lost.held or head_key(number) in lost.held


def effect_write(number: int, seq: int, reaction: str, now: datetime) -> table.Write:
    """The claim of a reaction to an entry: whoever comes second loses it."""
    item = EffectItem(
        pk=table.ticket_pk(number),
        sk=table.effect_sk(seq, reaction),
        ttl=int((now + EFFECT_LIFE).timestamp()),
    )
    return table.put_new(item)


DELIVERY_FINAL = (
    DeliveryItem.lease_until.remove(),
    DeliveryItem.g4pk.remove(),
    DeliveryItem.g4sk.remove(),
)


def delivery_ended(delivery: Delivery, state: DeliveryState, reason: str) -> table.Write:
    """The write that ends a delivery badly, to be made together with the fact of it."""
    item = DeliveryItem(
        pk=table.ticket_pk(delivery.number),
        sk=table.delivery_sk(delivery.seq, delivery.recipient),
    )
    actions = (
        DeliveryItem.state.set(state.value),
        DeliveryItem.reason.set(reason[:500]),
        *DELIVERY_FINAL,
    )
    return table.Write(item, DeliveryItem.state == delivery.state.value, actions)


def message_id_claim(
    pk: str, number: int, seq: int, *, digest: str | None, sk: str = table.CLAIM
) -> table.Write:
    """Claim a Message-ID for an article; the digest tells a repetition from another mail.

    Where another mail has the id, its digest is the `sk` under which this one stands beside it.
    """
    item = MessageIdItem(pk=pk, sk=sk, number=number, seq=seq, digest=digest)
    return table.put_new(item)


def message_id_shared(pk: str, number: int) -> table.Write:
    """Note on a claimed Message-ID that a mail on another ticket came under it, too."""
    item = MessageIdItem(pk=pk, sk=table.CLAIM)
    return table.Write(item, table.exists(), (MessageIdItem.others.add({number}),))


def message_id_write(pk: str, number: int, seq: int) -> table.Write:
    """Remember the Message-ID of a mail of ours; no claim, since nobody else has it."""
    return table.Write(MessageIdItem(pk=pk, sk=table.CLAIM, number=number, seq=seq))
