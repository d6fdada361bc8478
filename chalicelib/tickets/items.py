"""The items of a ticket, and how each becomes a value of `model` and back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, fields
from datetime import UTC, datetime, timedelta
from typing import Any

from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    JSONAttribute,
    NumberAttribute,
    NumberSetAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)

from chalicelib import table
from chalicelib.clocks.targets import Clock, Clocks, ClockState, Metric
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
)


class _CompactJSON(JSONAttribute):
    """JSON without spaces and escapes: items are paid by the kilobyte."""

    _written = staticmethod(json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode)

    def serialize(self, value: Any) -> str:
        return self._written(value)


class NumberItem(table.Item, discriminator="number"):
    n = NumberAttribute()


class HeadItem(table.Item, discriminator="head"):
    """It is written with every change, and a usual one stays below a kilobyte: what only people
    look at stands in `row` alone.
    """

    status = UnicodeAttribute()
    subject = UnicodeAttribute()
    group = UnicodeAttribute()
    assignee = UnicodeAttribute(null=True)
    contacts: JSONAttribute = _CompactJSON()
    priority = UnicodeAttribute()
    tags: JSONAttribute = _CompactJSON(null=True)
    version = NumberAttribute()
    seq = NumberAttribute()
    public_seq = NumberAttribute()
    chain = BinaryAttribute(legacy_encoding=False)
    clocks: JSONAttribute = _CompactJSON(null=True)
    follow_up_of = NumberAttribute(null=True)
    closed_at = UTCDateTimeAttribute(null=True)
    link_epoch = NumberAttribute(null=True)
    merged_into = NumberAttribute(null=True)
    heat: JSONAttribute = _CompactJSON(null=True)


class ArticleItem(table.Item, discriminator="article"):
    seq = NumberAttribute()
    type = UnicodeAttribute()
    author: JSONAttribute = _CompactJSON()
    text = UnicodeAttribute()
    at = UTCDateTimeAttribute()
    is_held = BooleanAttribute(null=True)
    has_rest = BooleanAttribute(null=True)
    message_id = UnicodeAttribute(null=True)
    mail_kind = UnicodeAttribute()
    text_key = UnicodeAttribute(null=True)
    raw_key = UnicodeAttribute(null=True)
    attachments: JSONAttribute = _CompactJSON(null=True)
    flight: JSONAttribute = _CompactJSON(null=True)
    has_html = BooleanAttribute(null=True)
    thread: JSONAttribute = _CompactJSON(null=True)
    comment = UnicodeAttribute(null=True)


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
    """A Message-ID that came in or went out, and the article that it belongs to.

    `others` are the tickets of other mails that came under the same id.
    """

    number = NumberAttribute()
    seq = NumberAttribute()
    digest = UnicodeAttribute(null=True)
    others = NumberSetAttribute(null=True)


_DELIVERY_FIELDS = [field.name for field in fields(Delivery) if field.name != "number"]


def head_key(number: int) -> tuple[str, str]:
    return table.ticket_pk(number), table.HEAD


OVERDUE = timedelta(minutes=5)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INSTANTS = ("started_at", "since", "due_at", "breached_at", "met_at")


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
        opened_at=table.instant(item.row["opened"]),
        updated_at=table.instant(item.row["updated"]),
        version=int(item.version),
        seq=int(item.seq),
        public_seq=int(item.public_seq),
        chain=item.chain,
        clocks=_clocks_of(item.clocks or ()),
        follow_up_of=int(item.follow_up_of) if item.follow_up_of else None,
        closed_at=item.closed_at,
        link_epoch=int(item.link_epoch or 0),
        merged_into=int(item.merged_into) if item.merged_into else None,
        heat=tuple(item.heat or (0, 0)),
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
        has_html=bool(item.has_html),
        thread=tuple(item.thread) if item.thread else None,
        comment=item.comment,
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
        contacts=[_contact_json(contact) for contact in ticket.contacts],
        priority=ticket.priority,
        tags=list(ticket.tags) or None,
        version=ticket.version,
        seq=ticket.seq,
        public_seq=ticket.public_seq,
        chain=ticket.chain,
        clocks=[_clock_json(clock) for clock in ticket.clocks] or None,
        follow_up_of=ticket.follow_up_of,
        closed_at=ticket.closed_at,
        link_epoch=ticket.link_epoch or None,
        merged_into=ticket.merged_into,
        heat=list(ticket.heat) if ticket.heat[1] else None,
    )


def _contact_json(contact: Contact) -> list[Any]:
    fields = [contact.person, contact.name, contact.email, contact.locale, contact.since]
    return [*fields, True] if contact.is_muted else fields


def _list_of(ticket: Ticket) -> str:
    if ticket.closed_at:
        return table.group_closed(ticket.group, ticket.closed_at)
    return table.group_open(ticket.group)


def _rank(ticket: Ticket) -> str:
    return table.rank(ticket.due_at, ticket.opened_at)


def row_of(ticket: Ticket) -> dict[str, Any]:
    """What a list shows; columns can change without a new index."""
    due = [_due(clock) for clock in ticket.clocks if clock.target is not None]
    row: dict[str, Any] = {
        "number": ticket.number,
        "subject": ticket.subject,
        "status": ticket.status.value,
        "group": ticket.group,
        "assignee": ticket.assignee,
        "priority": ticket.priority,
        "name": ticket.requester.name,
        "email": ticket.requester.email,
        "muted": ticket.requester.is_muted or None,
        "version": ticket.version,
        "opened": table.stamp(ticket.opened_at),
        "updated": table.stamp(ticket.updated_at),
        "tags": list(ticket.tags),
        "due": json.dumps(due, separators=(",", ":")),
    }
    return {name: value for name, value in row.items() if value not in (None, [])}


def _due(clock: Clock) -> list[Any]:
    due_at = table.stamp(clock.due_at) if clock.due_at else None
    # A missed target stays breached; whether somebody still waits for it is for lists to know.
    return [clock.metric.value, due_at, clock.state.value, clock.is_running]


def _clock_json(clock: Clock) -> list[Any]:
    """A clock as a list, in seconds; what is missing at its end is left out."""
    instants = [getattr(clock, name) for name in _INSTANTS]
    while instants[-1] is None:
        instants.pop()
    return [
        clock.metric.value,
        clock.policy,
        clock.calendar,
        _short(clock.target.total_seconds()) if clock.target is not None else None,
        _short(clock.elapsed.total_seconds()),
        clock.state.value,
        *(instant and _short(instant.timestamp()) for instant in instants),
    ]


def _short(seconds: float) -> float:
    return int(seconds) if seconds.is_integer() else seconds


def _clocks_of(stored: Iterable[list[Any]]) -> Clocks:
    return tuple(_clock_of(*clock) for clock in stored)


def _clock_of(
    metric: str,
    policy: str,
    calendar: str,
    target: float | None,
    elapsed: float,
    state: str,
    *instants: float | None,
) -> Clock:
    missing = [None] * (len(_INSTANTS) - len(instants))
    started_at, since, due_at, breached_at, met_at = map(_instant, [*instants, *missing])
    return Clock(
        metric=Metric(metric),
        policy=policy,
        calendar=calendar,
        target=timedelta(seconds=target) if target is not None else None,
        elapsed=timedelta(seconds=elapsed),
        state=ClockState(state),
        started_at=started_at or _EPOCH,
        since=since,
        due_at=due_at,
        breached_at=breached_at,
        met_at=met_at,
    )


def _instant(seconds: float | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None else None


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
        has_html=article.has_html or None,
        thread=list(article.thread) if article.thread else None,
        comment=article.comment,
    )


def delivery_item(delivery: Delivery) -> DeliveryItem:
    pk = table.ticket_pk(delivery.number)
    g4pk, g4sk = table.due_key(pk, _alarm(delivery)) if is_unsent(delivery) else (None, None)
    return DeliveryItem(
        pk=pk,
        sk=table.delivery_sk(delivery.seq, delivery.recipient),
        g4pk=g4pk,
        g4sk=g4sk,
        **{name: getattr(delivery, name) for name in _DELIVERY_FIELDS},
    )


def is_unsent(delivery: Delivery) -> bool:
    return delivery.state in {DeliveryState.QUEUED, DeliveryState.SENDING}


def _alarm(delivery: Delivery) -> datetime:
    """When to look at it: its sender's time is up, or the bus should have brought it long ago."""
    return delivery.lease_until or delivery.at + OVERDUE
