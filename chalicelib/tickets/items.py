"""The items of a ticket: what the table holds of it. How each becomes a value is in `stored`."""

from __future__ import annotations

import json
from typing import Any

from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    JSONAttribute,
    MapAttribute,
    NumberAttribute,
    NumberSetAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)

from chalicelib import table


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
    note_seq = NumberAttribute(null=True)
    chain = BinaryAttribute(legacy_encoding=False)
    clocks: JSONAttribute = _CompactJSON(null=True)
    follow_up_of = NumberAttribute(null=True)
    closed_at = UTCDateTimeAttribute(null=True)
    link_epoch = NumberAttribute(null=True)
    merge: JSONAttribute = _CompactJSON(null=True)
    sources: JSONAttribute = _CompactJSON(null=True)
    parent = NumberAttribute(null=True)
    open_children = NumberSetAttribute(null=True)
    heat: JSONAttribute = _CompactJSON(null=True)
    label = UnicodeAttribute(null=True)
    wait: JSONAttribute = _CompactJSON(null=True)
    resolution = UnicodeAttribute(null=True)
    reopens: JSONAttribute = _CompactJSON(null=True)
    unopened: JSONAttribute = _CompactJSON(null=True)
    type = UnicodeAttribute(null=True)
    form = UnicodeAttribute(null=True)
    fields: JSONAttribute = _CompactJSON(null=True)
    is_internal = BooleanAttribute(null=True)
    needs: JSONAttribute = _CompactJSON(null=True)
    tasks: JSONAttribute = _CompactJSON(null=True)
    responsible = UnicodeAttribute(null=True)
    followers: JSONAttribute = _CompactJSON(null=True)
    organization = UnicodeAttribute(null=True)


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
    split_to = NumberAttribute(null=True)


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


class CallItem(table.Item, discriminator="call"):
    """A call of a webhook, before and after it was made; it goes by itself after thirty days."""

    seq = NumberAttribute()
    place = NumberAttribute()
    webhook = UnicodeAttribute()
    rule = UnicodeAttribute(null=True)
    fact = UnicodeAttribute(null=True)
    of = NumberAttribute()
    at = UTCDateTimeAttribute()
    state = UnicodeAttribute()
    attempt = NumberAttribute()
    due_at = UTCDateTimeAttribute(null=True)
    status = NumberAttribute(null=True)
    reason = UnicodeAttribute(null=True)


class LinkItem(table.Item, discriminator="link"):
    """A tie to another ticket, which has one of its own that says the reverse."""

    type = UnicodeAttribute()
    other = NumberAttribute()


class TaskItem(table.Item, discriminator="task"):
    """Something to do. While it is open, its owner finds it, and it rings once when it is due."""

    title = UnicodeAttribute()
    at = UTCDateTimeAttribute()
    by = UnicodeAttribute()
    owner = UnicodeAttribute(null=True)
    due_at = UTCDateTimeAttribute(null=True)
    done_at = UTCDateTimeAttribute(null=True)
    is_reminded = BooleanAttribute(null=True)


class PresenceItem(table.Item, discriminator="presence"):
    """Who has the ticket open: by actor a list of mode, until and check_at, in seconds since 1970.

    Each sets their own part of it, and gets the whole back: to beat is to read.
    """

    present: MapAttribute[str, Any] = MapAttribute()  # type: ignore[no-untyped-call]


class DraftItem(table.Item, discriminator="draft"):
    """What an agent has typed and not sent; it goes by itself."""

    agent = UnicodeAttribute()
    type = UnicodeAttribute()
    text = UnicodeAttribute()
    at = UTCDateTimeAttribute()


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
