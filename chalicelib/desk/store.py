"""The versions of the desk: which is live stands in the table, the bodies are immutable files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pynamodb.attributes import (
    BinaryAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)

from chalicelib import table
from chalicelib.ledger.model import Entry
from chalicelib.ledger.store import entry_write

SCOPE = table.system_pk("config")


@dataclass(frozen=True, slots=True)
class Version:
    """One version that was live once: where its body is, and who made it live."""

    number: int
    sha256: str
    file: str
    at: datetime
    by: str
    comment: str = ""


class LiveItem(table.Item, discriminator="config"):
    """Which version is live, where its body is, and the hash of the entry that says so."""

    version = NumberAttribute()
    sha256 = UnicodeAttribute()
    file = UnicodeAttribute()
    chain = BinaryAttribute(null=True, legacy_encoding=False)


class VersionItem(table.Item, discriminator="config_version"):
    """A version for good."""

    version = NumberAttribute()
    sha256 = UnicodeAttribute()
    file = UnicodeAttribute()
    at = UTCDateTimeAttribute()
    by = UnicodeAttribute()
    comment = UnicodeAttribute(null=True)


def live() -> LiveItem | None:
    """The pointer, one call."""
    found = table.fetch([table.CONFIG_KEY]).get(table.CONFIG_KEY)
    return found if isinstance(found, LiveItem) else None


def version(number: int) -> Version | None:
    """A version by its number, one call."""
    key = table.config_version_key(number)
    found = table.fetch([key]).get(key)
    return _version(found) if isinstance(found, VersionItem) else None


def versions() -> Iterator[Version]:
    """Every version, oldest first, in pages."""
    pk, first = table.config_version_key(0)
    for page in table.pages(pk, sort=table.Item.sk > first):
        yield from (_version(item) for item in page.items if isinstance(item, VersionItem))


def point(version: Version, entry: Entry, *, instead_of: int) -> None:
    """Make a version live; raise Lost when another than `instead_of` is live by now."""
    pk, sk = table.CONFIG_KEY
    body: dict[str, Any] = {
        "version": version.number,
        "sha256": version.sha256,
        "file": version.file,
    }
    item = LiveItem(pk=pk, sk=sk, chain=entry.hash, **body)
    condition = LiveItem.version == instead_of if instead_of else table.absent()
    pk, sk = table.config_version_key(version.number)
    comment = version.comment or None
    kept = VersionItem(pk=pk, sk=sk, at=version.at, by=version.by, comment=comment, **body)
    table.transact([table.Write(item, condition), table.put_new(kept), entry_write(entry)])


def _version(item: VersionItem) -> Version:
    return Version(int(item.version), item.sha256, item.file, item.at, item.by, item.comment or "")
