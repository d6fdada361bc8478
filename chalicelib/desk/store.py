"""The live version of the desk: a pointer in the table, the body an immutable file."""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib import table


class LiveItem(table.Item, discriminator="config"):
    """Which version is live, and where its body is."""

    version = NumberAttribute()
    sha256 = UnicodeAttribute()
    file = UnicodeAttribute()


def live() -> LiveItem | None:
    """The pointer, one call."""
    found = table.fetch([table.CONFIG_KEY]).get(table.CONFIG_KEY)
    return found if isinstance(found, LiveItem) else None


def point(version: int, *, sha256: str, file: str, instead_of: int) -> None:
    """Make a version live; raise Lost when another than `instead_of` is live by now."""
    pk, sk = table.CONFIG_KEY
    item = LiveItem(pk=pk, sk=sk, version=version, sha256=sha256, file=file)
    condition = LiveItem.version == instead_of if instead_of else table.absent()
    table.transact([table.Write(item, condition)])
