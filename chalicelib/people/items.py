"""What the table holds of agents who are away, of organizations, and of notes on customers."""

from __future__ import annotations

from pynamodb.attributes import (
    BinaryAttribute,
    JSONAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)

from chalicelib import table


class AwayItem(table.Item, discriminator="away"):
    """The absences of one agent, and where the chain of what was said about them ends.

    It stays when there are none any more: the chain goes on from it.
    """

    seq = NumberAttribute()
    chain = BinaryAttribute(legacy_encoding=False)
    absences: JSONAttribute = JSONAttribute()


class OrganizationItem(table.Item, discriminator="organization"):
    """An organization, and where the chain of what was done to it ends."""

    name = UnicodeAttribute()
    domains: JSONAttribute = JSONAttribute()
    note = UnicodeAttribute(null=True)
    seq = NumberAttribute()
    chain = BinaryAttribute(legacy_encoding=False)


class DomainItem(table.Item, discriminator="domain"):
    """Whose domain it is."""

    organization = UnicodeAttribute()


class NoteItem(table.Item, discriminator="note"):
    """What an agent wrote down about a person or an organization."""

    text = UnicodeAttribute()
    at = UTCDateTimeAttribute()
    by = UnicodeAttribute()
    owner = UnicodeAttribute(null=True)
    due_at = UTCDateTimeAttribute(null=True)
    done_at = UTCDateTimeAttribute(null=True)
