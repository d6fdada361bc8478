"""The claims of inbound mail, the rate of its senders, and suspended mail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import (
    JSONAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)

from chalicelib import table
from chalicelib.intake.model import Cause, Outcome, Rate, Receipt, Suspended

RATE_LIFE = timedelta(days=2)
SUSPENDED_LIFE = timedelta(days=30)


class SesItem(table.Item, discriminator="ses"):
    """What became of one inbound object."""

    outcome = UnicodeAttribute()
    at = UTCDateTimeAttribute()
    number = NumberAttribute(null=True)
    seq = NumberAttribute(null=True)


class RateItem(table.Item, discriminator="rate"):
    received = NumberAttribute(default=0)
    acks = NumberAttribute(default=0)


class SuspendedItem(table.Item, discriminator="suspended"):
    cause = UnicodeAttribute()
    sender = UnicodeAttribute(null=True)
    subject = UnicodeAttribute(null=True)
    received_at = UTCDateTimeAttribute()
    raw_key = UnicodeAttribute()
    recipients: JSONAttribute = JSONAttribute(null=True)
    verdicts: JSONAttribute = JSONAttribute(null=True)


def ses_key(ses_id: str) -> tuple[str, str]:
    return table.ses_pk(ses_id), table.CLAIM


def claim(
    receipt: Receipt, outcome: Outcome, number: int | None = None, seq: int | None = None
) -> table.Write:
    """Say what became of an inbound object, once and for all; it stays as long as the original."""
    pk, sk = ses_key(receipt.ses_id)
    item = SesItem(
        pk=pk,
        sk=sk,
        outcome=outcome.value,
        at=receipt.received_at,
        number=number,
        seq=seq,
    )
    return table.put_new(item)


def rate_keys(hidden: str, now: datetime) -> tuple[tuple[str, str], tuple[str, str]]:
    """The keys of this hour's and this day's counts."""
    pk = table.rate_pk(hidden)
    return (pk, f"{now:%Y%m%d%H}"), (pk, f"{now:%Y%m%d}")


def rate_of(found: Mapping[tuple[str, str], table.Item], hidden: str, now: datetime) -> Rate:
    hour, day = (found.get(key) for key in rate_keys(hidden, now))
    this_hour = hour if isinstance(hour, RateItem) else RateItem(received=0, acks=0)
    today = day if isinstance(day, RateItem) else RateItem(acks=0)
    return Rate(int(this_hour.received or 0), int(this_hour.acks or 0), int(today.acks or 0))


def count(hidden: str, now: datetime, *, acks: int) -> list[table.Write]:
    """Count one mail in, and what is answered to it."""
    hour, day = rate_keys(hidden, now)
    ttl = int((now + RATE_LIFE).timestamp())
    actions = [RateItem.received.add(1), RateItem.ttl.set(ttl)]
    if not acks:
        return [_counted(hour, actions)]
    both = [*actions, RateItem.acks.add(acks)]
    return [
        _counted(hour, both),
        _counted(day, [RateItem.acks.add(acks), RateItem.ttl.set(ttl)]),
    ]


def _counted(key: tuple[str, str], actions: list[Any]) -> table.Write:
    # An update creates the item without its kind, which a read needs to know the class.
    named = RateItem.kind.set(RateItem)
    return table.Write(RateItem(pk=key[0], sk=key[1]), None, (named, *actions))


def suspended_write(mail: Suspended) -> table.Write:
    pk = table.suspended_pk(mail.id)
    g4pk, g4sk = table.due_key(pk, mail.received_at + SUSPENDED_LIFE)
    row = {
        "id": mail.id,
        "cause": mail.cause.value,
        "sender": mail.sender,
        "subject": mail.subject,
        "received": table.stamp(mail.received_at),
    }
    item = SuspendedItem(
        pk=pk,
        sk=table.ONLY,
        g1pk=table.SUSPENDED_LIST,
        g1sk=f"{table.stamp(mail.received_at)}#{mail.id}",
        g4pk=g4pk,
        g4sk=g4sk,
        row=row,
        cause=mail.cause.value,
        sender=mail.sender or None,
        subject=mail.subject or None,
        received_at=mail.received_at,
        raw_key=mail.raw_key,
        recipients=list(mail.recipients),
        verdicts=mail.verdicts,
    )
    return table.put_new(item)


def suspended_of(item: table.Item | None) -> Suspended | None:
    if not isinstance(item, SuspendedItem):
        return None
    return Suspended(
        id=item.pk.partition("#")[2],
        cause=Cause(item.cause),
        sender=item.sender or "",
        subject=item.subject or "",
        received_at=item.received_at,
        raw_key=item.raw_key,
        recipients=tuple(item.recipients or ()),
        verdicts=item.verdicts,
    )


def list_page(limit: int, start: dict[str, Any] | None) -> table.Page:
    """Suspended mail, the newest first; the items carry `row` only."""
    return table.query(
        table.SUSPENDED_LIST, index="gsi1", limit=limit, start=start, newest_first=True
    )
