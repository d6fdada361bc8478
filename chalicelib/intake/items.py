"""The items of inbound mail: what became of each object, how much came, what is suspended."""

from __future__ import annotations

from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
)

from chalicelib import table


class SesItem(table.Item, discriminator="ses"):
    """What became of one inbound object."""

    outcome = UnicodeAttribute()
    at = UTCDateTimeAttribute()
    number = NumberAttribute(null=True)
    seq = NumberAttribute(null=True)


class SightingItem(table.Item, discriminator="sighting"):
    """Under which SES id a mail came in that was suspended, to be found by its Message-ID."""

    ses_id = UnicodeAttribute()


class RateItem(table.Item, discriminator="rate"):
    """What was counted of an address, a domain or the desk in the span that `sk` names."""

    received = NumberAttribute(null=True)
    ticket = NumberAttribute(null=True)
    answered = UnicodeSetAttribute(null=True)
    total = NumberAttribute(null=True)
    blocked_until = UTCDateTimeAttribute(null=True)


class SuspendedItem(table.Item, discriminator="suspended"):
    """A mail on no ticket yet. One that `is_over` says nothing any more and waits to be removed."""

    cause = UnicodeAttribute()
    sender = UnicodeAttribute(null=True)
    subject = UnicodeAttribute(null=True)
    received_at = UTCDateTimeAttribute()
    raw_key = UnicodeAttribute()
    recipients: JSONAttribute = JSONAttribute(null=True)
    envelope_from = UnicodeAttribute(null=True)
    verdicts: JSONAttribute = JSONAttribute(null=True)
    flight: JSONAttribute = JSONAttribute(null=True)
    is_over = BooleanAttribute(null=True)
