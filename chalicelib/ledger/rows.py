"""An entry as a file has it: everything that its hash covers, as text, and back. Pure."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.ledger.model import Entry


def entry_row(entry: Entry) -> dict[str, Any]:
    """The row of an entry; docs/export-format.md says what each field means."""
    return {
        "scope": entry.scope,
        "seq": entry.seq,
        "at": entry.at.isoformat(),
        "actor": entry.actor,
        "cause": entry.cause,
        "root": entry.root,
        "depth": entry.depth,
        "types": list(entry.types),
        "payload": entry.payload,
        "salt": base64.b64encode(entry.salt).decode() if entry.salt is not None else None,
        "digest": entry.digest.hex(),
        "prev": entry.prev.hex(),
        "hash": entry.hash.hex(),
    }


def entry_of(row: Mapping[str, Any]) -> Entry:
    """The entry in a row; ValueError where it is none, or not as `entry_row` writes it."""
    try:
        salt = row["salt"]
        entry = Entry(
            scope=row["scope"],
            seq=row["seq"],
            at=datetime.fromisoformat(row["at"]),
            actor=row["actor"],
            cause=row["cause"],
            root=row["root"],
            depth=row["depth"],
            types=tuple(row["types"]),
            payload=row["payload"],
            salt=base64.b64decode(salt) if salt is not None else None,
            digest=bytes.fromhex(row["digest"]),
            prev=bytes.fromhex(row["prev"]),
            hash=bytes.fromhex(row["hash"]),
        )
        is_same = entry_row(entry).items() <= row.items()
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(str(error)) from error
    if not is_same:
        raise ValueError("written otherwise")
    if not isinstance(entry.scope, str) or type(entry.seq) is not int or entry.at.tzinfo is None:
        raise ValueError("no scope, place or time")
    return entry
