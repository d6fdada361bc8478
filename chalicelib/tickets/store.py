"""Tickets in the table: items, one transaction for every change, one query for every page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib import table
from chalicelib.errors import NotFound
from chalicelib.facts import Fact
from chalicelib.ledger.model import GENESIS, Actor, Entry, make_entry
from chalicelib.ledger.store import EntryItem, from_item, to_item
from chalicelib.tickets.changes import Change
from chalicelib.tickets.items import (
    ArticleItem,
    CallItem,
    DeliveryItem,
    DraftItem,
    EffectItem,
    HeadItem,
    LinkItem,
    MessageIdItem,
    NumberItem,
)
from chalicelib.tickets.model import (
    Article,
    Delivery,
    DeliveryState,
    Task,
    Ticket,
    Timeline,
)
from chalicelib.tickets.stored import (
    article_item,
    article_of,
    call_item,
    call_of,
    delivery_item,
    delivery_of,
    draft_of,
    head_item,
    head_key,
    link_item,
    link_key,
    link_of,
    presences_of,
    ticket_of,
)
from chalicelib.tickets.stored_tasks import task_item, task_of

FIRST_NUMBER = 1000
__all__ = [
    "ArticleItem",
    "CallItem",
    "DeliveryItem",
    "EffectItem",
    "HeadItem",
    "LinkItem",
    "MessageIdItem",
    "NumberItem",
    "article_item",
    "article_of",
    "call_item",
    "call_of",
    "delivery_item",
    "delivery_of",
    "head_item",
    "head_key",
    "link_item",
    "link_key",
    "link_of",
    "ticket_of",
]

TIMELINE_PAGE = 100
MERGE_DEPTH = 5
_LAST_SEQ = 99_999_999
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


def get_article(number: int, seq: int) -> Article:
    """One article of a ticket, or NotFound: one call, consistent."""
    key = (table.ticket_pk(number), table.article_sk(seq))
    article = article_of(table.fetch([key]).get(key))
    if article is None:
        raise NotFound(f"There is no article {seq} on ticket {number}.")
    return article


def load_many(
    numbers: Iterable[int], also: Iterable[tuple[str, str]] = ()
) -> tuple[dict[int, Ticket], dict[tuple[str, str], table.Item]]:
    """These tickets as far as they exist, and any other items wanted with them, in one call."""
    found = table.fetch([*map(head_key, numbers), *also])
    tickets = {ticket.number: ticket for item in found.values() if (ticket := ticket_of(item))}
    return tickets, found


def root(ticket: Ticket) -> Ticket | None:
    """The ticket that this one was merged into at last, or itself: one call a merge."""
    for _ in range(MERGE_DEPTH):
        if ticket.merged_into is None:
            return ticket
        into, _found = load(ticket.merged_into)
        if into is None:
            return None
        ticket = into
    return None


def with_sources(found: Timeline) -> Timeline:
    """The newest page with those of the tickets that were merged into it: one query each."""
    waiting, read = list(found.ticket.sources), {found.ticket.number: found}
    while waiting:
        number = waiting.pop(0)
        source = timeline(number) if number not in read else None
        if source:
            read[number] = source
            waiting += source.ticket.sources
    del read[found.ticket.number]
    return replace(found, sources=tuple(read.values()))


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
        presences=tuple(one for item in items for one in presences_of(item)),
        drafts=tuple(draft for item in items if (draft := draft_of(item))),
        links=tuple(link for item in items if (link := link_of(item))),
        tasks=tuple(task for item in items if (task := task_of(item))),
    )


def articles_after(number: int, seq: int) -> list[Article]:
    """The articles after another one, oldest first, at most those of one page: one call."""
    after = table.Item.sk.between(table.article_sk(seq + 1), table.article_sk(_LAST_SEQ))
    page = table.query(table.ticket_pk(number), sort=after, limit=TIMELINE_PAGE)
    return [article for item in page.items if (article := article_of(item))]


def tasks_of(number: int) -> list[Task]:
    """The tasks of a ticket: one call."""
    sort = table.Item.sk.startswith(table.task_sk(""))
    page = table.query(table.ticket_pk(number), sort=sort)
    return [task for item in page.items if (task := task_of(item))]


def facts_after(number: int, version: int) -> list[Fact] | None:
    """What happened since that version of a ticket, oldest first: one call.

    None where nobody knows: it is more than one page of the timeline, or was erased.
    """
    entry = table.Item.sk.between(table.article_sk(0), table.article_sk(_LAST_SEQ))
    page = table.query(table.ticket_pk(number), sort=entry, newest_first=True, limit=TIMELINE_PAGE)
    found: list[Fact] = []
    for item in page.items:
        if isinstance(item, EntryItem):
            if item.version is not None and item.version <= version:
                return found[::-1]
            if item.version is None or item.payload is None:
                return None
            found += reversed(from_item(item).facts)
    return None


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
    (after,) = save_all([change], actor=actor, cause=cause, at=at, salts=[salt], also=also)
    return after


def save_all(
    changes: Sequence[Change],
    *,
    actor: Actor,
    cause: str,
    at: datetime,
    salts: Sequence[bytes],
    also: Sequence[table.Write] = (),
) -> list[Ticket]:
    """Write changes of several tickets in one transaction, each with an entry of its own."""
    counted, writes = _with_children(changes)
    tickets = []
    for change, salt in zip(counted, salts, strict=True):
        after, more = _writes(change, actor, cause, at, salt)
        tickets.append(after)
        writes += more
    table.transact([*writes, *also])
    return tickets


def _with_children(changes: Sequence[Change]) -> tuple[list[Change], list[table.Write]]:
    """The changes, and what else counts the children that open or close with them.

    A parent that changes itself is written whole. Any other only moves on by one: who has read it
    before decides again, and nobody has to read it here.
    """
    after = {change.after.number: change.after for change in changes}
    writes = []
    for change in changes:
        before, child = change.before, change.after
        parent = child.parent
        if parent is None or before is None or before.parent != parent:
            continue
        if before.is_over == child.is_over:
            continue
        if parent in after:
            rest = after[parent].open_children - {child.number}
            children = rest if child.is_over else rest | {child.number}
            after[parent] = replace(after[parent], open_children=children)
        else:
            writes.append(_child_write(parent, child))
    return [replace(change, after=after[change.after.number]) for change in changes], writes


def _child_write(parent: int, child: Ticket) -> table.Write:
    pk, sk = head_key(parent)
    numbers, only = HeadItem.open_children, {child.number}
    moved = numbers.delete(only) if child.is_over else numbers.add(only)
    return table.Write(HeadItem(pk=pk, sk=sk), table.exists(), (HeadItem.seq.add(1), moved))


def _writes(
    change: Change, actor: Actor, cause: str, at: datetime, salt: bytes
) -> tuple[Ticket, list[table.Write]]:
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
        root=change.root,
        depth=change.depth,
    )
    written = to_item(entry)
    written.version = change.after.version
    # A ticket that begins with several articles has moved on further.
    last = max(seq, change.after.seq)
    after = replace(change.after, seq=last, chain=entry.hash, updated_at=at)
    lock = HeadItem.seq == change.before.seq if change.before else table.absent()
    writes = [table.Write(head_item(after), lock), table.Write(written)]
    if change.article:
        writes.append(table.Write(article_item(change.article)))
    writes += [table.Write(delivery_item(delivery)) for delivery in change.deliveries]
    writes += [table.Write(call_item(call)) for call in change.calls]
    writes += [table.Write(task_item(task)) for task in change.tasks]
    return after, writes


def is_overtaken(lost: table.Lost, *numbers: int) -> bool:
    """Whether one of the tickets had moved on, so that deciding again can help."""
    return not lost.held or any(head_key(number) in lost.held for number in numbers)


def draft_gone(number: int, agent: str) -> table.Write:
    """The end of a draft, whether there was one or not."""
    item = DraftItem(pk=table.ticket_pk(number), sk=table.draft_sk(agent))
    return table.Write(item, is_removal=True)


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
