"""Tickets in the table: items, one transaction for every change, one query for every page."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    JSONAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)

from chalicelib import table
from chalicelib.clocks.targets import Clock, Clocks, ClockState, Metric
from chalicelib.ledger.model import GENESIS, Actor, Entry, make_entry
from chalicelib.ledger.store import EntryItem, from_item, to_item
from chalicelib.tickets.changes import Change
from chalicelib.tickets.model import (
    Article,
    ArticleKind,
    Attachment,
    Author,
    Contact,
    Delivery,
    DeliveryState,
    Status,
    Ticket,
    Timeline,
)

FIRST_NUMBER = 1000
TIMELINE_PAGE = 100
EFFECT_LIFE = timedelta(days=40)


class NumberItem(table.Item, discriminator="number"):
    n = NumberAttribute()


class HeadItem(table.Item, discriminator="head"):
    status = UnicodeAttribute()
    subject = UnicodeAttribute()
    group = UnicodeAttribute()
    assignee = UnicodeAttribute(null=True)
    contacts: JSONAttribute = JSONAttribute()
    priority = UnicodeAttribute()
    tags: JSONAttribute = JSONAttribute(null=True)
    opened_at = UTCDateTimeAttribute()
    updated_at = UTCDateTimeAttribute()
    version = NumberAttribute()
    seq = NumberAttribute()
    public_seq = NumberAttribute()
    chain = BinaryAttribute(legacy_encoding=False)
    clocks: JSONAttribute = JSONAttribute(null=True)
    follow_up_of = NumberAttribute(null=True)
    closed_at = UTCDateTimeAttribute(null=True)
    link_epoch = NumberAttribute(null=True)


class ArticleItem(table.Item, discriminator="article"):
    seq = NumberAttribute()
    type = UnicodeAttribute()
    author: JSONAttribute = JSONAttribute()
    text = UnicodeAttribute()
    at = UTCDateTimeAttribute()
    is_held = BooleanAttribute(null=True)
    has_rest = BooleanAttribute(null=True)
    message_id = UnicodeAttribute(null=True)
    mail_kind = UnicodeAttribute()
    text_key = UnicodeAttribute(null=True)
    raw_key = UnicodeAttribute(null=True)
    attachments: JSONAttribute = JSONAttribute(null=True)
    flight: JSONAttribute = JSONAttribute(null=True)


class DeliveryItem(table.Item, discriminator="delivery"):
    seq = NumberAttribute()
    recipient = UnicodeAttribute()
    mail = UnicodeAttribute()
    name = UnicodeAttribute()
    email = UnicodeAttribute()
    locale = UnicodeAttribute()
    group = UnicodeAttribute()
    place = NumberAttribute(null=True)
    at = UTCDateTimeAttribute()
    state = UnicodeAttribute()
    attempt = NumberAttribute()
    lease_until = UTCDateTimeAttribute(null=True)
    ses_id = UnicodeAttribute(null=True)
    reason = UnicodeAttribute(null=True)
    target = UnicodeAttribute(null=True)


class EffectItem(table.Item, discriminator="effect"):
    """Proof that a reaction ran for an entry."""


class MessageIdItem(table.Item, discriminator="message_id"):
    """A Message-ID that came in or went out, and the article that it belongs to."""

    number = NumberAttribute()
    seq = NumberAttribute()
    digest = UnicodeAttribute(null=True)


# Reading. ------------------------------------------------------------------------------------


def head_key(number: int) -> tuple[str, str]:
    return table.ticket_pk(number), table.HEAD


def next_number() -> int:
    """A number that nobody else has; one that a failed write burns is never used again."""
    pk, sk = table.NUMBER_KEY
    item = NumberItem(pk=pk, sk=sk)
    item.update([NumberItem.n.add(1)])
    return FIRST_NUMBER + int(item.n)


def ticket_of(item: table.Item | None) -> Ticket | None:
    """The ticket in a head item; None for anything else."""
    if not isinstance(item, HeadItem):
        return None
    return Ticket(
        number=_number(item.pk),
        status=Status(item.status),
        subject=item.subject,
        group=item.group,
        assignee=item.assignee,
        contacts=tuple(Contact(*contact) for contact in item.contacts),
        priority=item.priority,
        tags=tuple(item.tags or ()),
        opened_at=item.opened_at,
        updated_at=item.updated_at,
        version=int(item.version),
        seq=int(item.seq),
        public_seq=int(item.public_seq),
        chain=item.chain,
        clocks=_clocks_of(item.clocks or ()),
        follow_up_of=int(item.follow_up_of) if item.follow_up_of else None,
        closed_at=item.closed_at,
        link_epoch=int(item.link_epoch or 0),
    )


def _number(pk: str) -> int:
    return int(pk.partition("#")[2])


def article_of(item: table.Item | None) -> Article | None:
    if not isinstance(item, ArticleItem):
        return None
    return Article(
        number=_number(item.pk),
        seq=int(item.seq),
        kind=ArticleKind(item.type),
        author=Author(**item.author),
        text=item.text,
        at=item.at,
        is_held=bool(item.is_held),
        has_rest=bool(item.has_rest),
        message_id=item.message_id,
        mail_kind=item.mail_kind,
        text_key=item.text_key,
        raw_key=item.raw_key,
        attachments=tuple(Attachment(**attachment) for attachment in item.attachments or ()),
        flight=item.flight,
    )


def delivery_of(item: table.Item | None) -> Delivery | None:
    if not isinstance(item, DeliveryItem):
        return None
    return Delivery(
        number=_number(item.pk),
        seq=int(item.seq),
        recipient=item.recipient,
        mail=item.mail,
        name=item.name,
        email=item.email,
        locale=item.locale,
        group=item.group,
        place=int(item.place) if item.place is not None else None,
        at=item.at,
        state=DeliveryState(item.state),
        attempt=int(item.attempt),
        lease_until=item.lease_until,
        ses_id=item.ses_id,
        reason=item.reason,
        target=item.target,
    )


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
    page = table.query(
        table.ticket_pk(number), newest_first=True, limit=TIMELINE_PAGE, start=start
    )
    items = list(page.items)
    ticket = None
    if before:
        ticket, _ = load(number)
    else:
        ticket = next((found for item in items if (found := ticket_of(item))), None)
    if ticket is None:
        return None
    older = page.next_key["sk"]["S"] if page.next_key else None
    items.reverse()
    return Timeline(
        ticket,
        tuple(found for item in items if (found := article_of(item))),
        tuple(found for item in items if (found := delivery_of(item))),
        tuple(from_item(item) for item in items if isinstance(item, EntryItem)),
        older,
    )


def _start(number: int, sk: str) -> dict[str, Any]:
    return {"pk": {"S": table.ticket_pk(number)}, "sk": {"S": sk}}


def everything(number: int) -> list[table.Item]:
    """All items of one ticket, for exports and erasures."""
    items: list[table.Item] = []
    start: dict[str, Any] | None = None
    while True:
        page = table.query(table.ticket_pk(number), start=start)
        items += page.items
        start = page.next_key
        if start is None:
            return items


def entries_in(items: Iterable[table.Item]) -> list[Entry]:
    return [from_item(item) for item in items if isinstance(item, EntryItem)]


def list_page(  # noqa: PLR0913 - all by name
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
    lock = HeadItem.seq == change.before.seq if change.before else table.Item.absent
    writes = [table.Write(head_item(after), lock), table.Write(to_item(entry))]
    if change.article:
        writes.append(table.Write(article_item(change.article)))
    writes += [table.Write(delivery_item(delivery)) for delivery in change.deliveries]
    table.transact([*writes, *also])
    return after


def is_overtaken(lost: table.Lost, number: int) -> bool:
    """Whether the ticket itself had moved on, so that deciding again can help."""
    return not lost.held or head_key(number) in lost.held


def head_item(ticket: Ticket) -> HeadItem:
    pk, sk = head_key(ticket.number)
    g1sk = _rank(ticket)
    g4pk, g4sk = table.due_key(pk, ticket.due_at) if ticket.due_at else (None, None)
    is_mine = ticket.assignee and not ticket.is_over
    return HeadItem(
        pk=pk,
        sk=sk,
        g1pk=_list_of(ticket),
        g1sk=g1sk,
        g2pk=table.person_pk(ticket.requester.person),
        g2sk=f"{table.stamp(ticket.opened_at)}#{ticket.number}",
        g3pk=table.mine(ticket.assignee) if is_mine and ticket.assignee else None,
        g3sk=g1sk if is_mine else None,
        g4pk=g4pk,
        g4sk=g4sk,
        row=row_of(ticket),
        status=ticket.status,
        subject=ticket.subject,
        group=ticket.group,
        assignee=ticket.assignee,
        contacts=[[c.person, c.name, c.email, c.locale, c.since] for c in ticket.contacts],
        priority=ticket.priority,
        tags=list(ticket.tags) or None,
        opened_at=ticket.opened_at,
        updated_at=ticket.updated_at,
        version=ticket.version,
        seq=ticket.seq,
        public_seq=ticket.public_seq,
        chain=ticket.chain,
        clocks=[_clock_json(clock) for clock in ticket.clocks] or None,
        follow_up_of=ticket.follow_up_of,
        closed_at=ticket.closed_at,
        link_epoch=ticket.link_epoch or None,
    )


def _list_of(ticket: Ticket) -> str:
    if ticket.closed_at:
        return table.group_closed(ticket.group, ticket.closed_at)
    return table.group_open(ticket.group)


def _rank(ticket: Ticket) -> str:
    return table.rank(ticket.due_at, ticket.opened_at)


def row_of(ticket: Ticket) -> dict[str, Any]:
    """What a list shows; columns can change without a new index."""
    row: dict[str, Any] = {
        "number": ticket.number,
        "subject": ticket.subject,
        "status": ticket.status.value,
        "group": ticket.group,
        "assignee": ticket.assignee,
        "priority": ticket.priority,
        "name": ticket.requester.name,
        "email": ticket.requester.email,
        "version": ticket.version,
        "opened": table.stamp(ticket.opened_at),
        "updated": table.stamp(ticket.updated_at),
        "tags": list(ticket.tags),
        "due": json.dumps([_due(clock) for clock in ticket.clocks if clock.target is not None]),
    }
    return {name: value for name, value in row.items() if value not in (None, [])}


def _due(clock: Clock) -> list[Any]:
    due_at = table.stamp(clock.due_at) if clock.due_at else None
    return [clock.metric.value, due_at, clock.state.value]


_INSTANTS = {"started_at": "a", "since": "r", "due_at": "d", "breached_at": "b", "met_at": "n"}


def _clock_json(clock: Clock) -> dict[str, Any]:
    """A clock, compactly: the head is rewritten with every change, and pays by the kilobyte."""
    instants = {
        short: value.timestamp()
        for name, short in _INSTANTS.items()
        if (value := getattr(clock, name)) is not None
    }
    target = clock.target.total_seconds() if clock.target is not None else None
    return {
        "m": clock.metric.value,
        "p": clock.policy,
        "c": clock.calendar,
        "t": target,
        "e": clock.elapsed.total_seconds(),
        "s": clock.state.value,
        **instants,
    }


def _instant(clock: dict[str, Any], name: str) -> datetime | None:
    seconds = clock.get(name)
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None else None


def _clocks_of(stored: Iterable[dict[str, Any]]) -> Clocks:
    return tuple(
        Clock(
            metric=Metric(clock["m"]),
            policy=clock["p"],
            calendar=clock["c"],
            target=timedelta(seconds=clock["t"]) if clock["t"] is not None else None,
            elapsed=timedelta(seconds=clock["e"]),
            state=ClockState(clock["s"]),
            **{name: _instant(clock, short) for name, short in _INSTANTS.items()},
        )
        for clock in stored
    )


def article_item(article: Article) -> ArticleItem:
    author = {name: value for name, value in asdict(article.author).items() if value}
    attachments = [
        {name: value for name, value in asdict(attachment).items() if value is not None}
        for attachment in article.attachments
    ]
    return ArticleItem(
        pk=table.ticket_pk(article.number),
        sk=table.article_sk(article.seq),
        seq=article.seq,
        type=article.kind.value,
        author=author,
        text=article.text,
        at=article.at,
        is_held=article.is_held or None,
        has_rest=article.has_rest or None,
        message_id=article.message_id,
        mail_kind=article.mail_kind,
        text_key=article.text_key,
        raw_key=article.raw_key,
        attachments=attachments or None,
        flight=article.flight,
    )


def delivery_item(delivery: Delivery) -> DeliveryItem:
    pk = table.ticket_pk(delivery.number)
    # A queued delivery is looked at again when the bus should have brought it long ago.
    alarm = delivery.lease_until or delivery.at + OVERDUE
    g4pk, g4sk = table.due_key(pk, alarm)
    return DeliveryItem(
        pk=pk,
        sk=table.delivery_sk(delivery.seq, delivery.recipient),
        g4pk=g4pk,
        g4sk=g4sk,
        **{name: getattr(delivery, name) for name in _DELIVERY_FIELDS},
    )


OVERDUE = timedelta(minutes=5)
_DELIVERY_FIELDS = [field.name for field in fields(Delivery) if field.name != "number"]


def effect_write(number: int, seq: int, reaction: str, now: datetime) -> table.Write:
    """The claim of a reaction to an entry: whoever comes second loses it."""
    item = EffectItem(
        pk=table.ticket_pk(number),
        sk=table.effect_sk(seq, reaction),
        ttl=int((now + EFFECT_LIFE).timestamp()),
    )
    return table.put_new(item)


def message_id_claim(pk: str, number: int, seq: int, *, digest: str | None) -> table.Write:
    """Claim a Message-ID for an article; the digest tells a repetition from another mail."""
    item = MessageIdItem(pk=pk, sk=table.CLAIM, number=number, seq=seq, digest=digest)
    return table.put_new(item)


def message_id_write(
    pk: str, number: int, seq: int, *, digest: str | None, sk: str = table.CLAIM
) -> table.Write:
    """Remember a Message-ID without a claim, for one of ours or one that another mail took."""
    return table.Write(MessageIdItem(pk=pk, sk=sk, number=number, seq=seq, digest=digest))
