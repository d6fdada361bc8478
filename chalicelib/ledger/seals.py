"""A seal: what stood in the ledger of the whole desk in one window of time. Pure.

A chain per ticket shows what was changed inside of it, and nothing where the ticket is gone with
all its entries. A seal counts the entries of all chains and covers them with one root, and each
seal covers the one before. What is proven by all of them together is in `proof`. The format of the
hashes is frozen: v1 is the canonical JSON below.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from chalicelib.ledger.model import GENESIS, Entry

SPAN = timedelta(minutes=10)
# What was decided longer ago is decided again. AWS takes a request for five minutes from when it is
# signed. So all that is ever written of an instant is there ten minutes later.
DECIDED_FOR = timedelta(minutes=5)
SETTLED = timedelta(minutes=10)
# So much of a ledger that was not sealed for long goes under one seal, the rest under the next.
LIMIT = 10_000


class Leaf(NamedTuple):
    """An entry as a seal names it. Erasing its payload changes none of the three."""

    scope: str
    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Seal:
    """All entries from `since` on and before `until`, by time, then scope, then place."""

    number: int
    since: datetime
    until: datetime
    count: int
    root: bytes
    prev: bytes
    hash: bytes = b""


def order(entry: Entry) -> tuple[datetime, str, int]:
    """Where an entry stands among all others."""
    return entry.at, entry.scope, entry.seq


def cut(now: datetime) -> datetime:
    """Up to where everything is written by now: a full ten minutes of the clock, in UTC."""
    settled = (now - SETTLED).astimezone(UTC)
    return settled.replace(minute=settled.minute // 10 * 10, second=0, microsecond=0)


class Tree:
    """The root over leaves as they come: it remembers one hash for each power of two."""

    def __init__(self) -> None:
        self.count = 0
        self._peaks: list[tuple[int, bytes]] = []

    def add(self, leaf: bytes) -> None:
        self.count += 1
        size, top = 1, _hashed(b"\0", leaf)
        while self._peaks and self._peaks[-1][0] == size:
            _, left = self._peaks.pop()
            size, top = 2 * size, _hashed(b"\1", left, top)
        self._peaks.append((size, top))

    @property
    def root(self) -> bytes:
        """The root over all so far; of none, zeros."""
        peaks = [top for _, top in self._peaks]
        if not peaks:
            return GENESIS
        top = peaks.pop()
        while peaks:
            top = _hashed(b"\1", peaks.pop(), top)
        return top


def _hashed(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def first_of(entries: Iterable[Entry], until: datetime) -> tuple[list[Leaf], datetime]:
    """As much as one seal takes of entries that come in order, and up to where that is all."""
    leaves: list[Leaf] = []
    last = until
    for entry in entries:
        if len(leaves) >= LIMIT and entry.at > last:
            return leaves, entry.at
        leaves.append(Leaf(entry.scope, entry.seq, entry.hash))
        last = entry.at
    return leaves, until


def make_seal(
    number: int, leaves: Iterable[Leaf], *, since: datetime, until: datetime, prev: bytes
) -> Seal:
    """The seal over these leaves, in their order; `prev` is the hash of the seal before."""
    tree = Tree()
    for leaf in leaves:
        tree.add(leaf.hash)
    seal = Seal(number, since, until, tree.count, tree.root, prev)
    return replace(seal, hash=seal_hash(seal))


def seal_hash(seal: Seal) -> bytes:
    covered = [
        "seal",
        1,
        seal.prev.hex(),
        seal.number,
        seal.since.isoformat(),
        seal.until.isoformat(),
        seal.count,
        seal.root.hex(),
    ]
    return _hashed(json.dumps(covered, separators=(",", ":")).encode())


# As files have it. ---------------------------------------------------------------------------


def file_of(seal: Seal) -> str:
    """The storage key of a seal. It depends on the seal, so nobody writes two under one key."""
    return f"seals/{seal.number:08d}-{seal.hash.hex()[:16]}.json"


def to_bytes(seal: Seal, leaves: Iterable[Leaf]) -> bytes:
    """The whole file of a seal: its row in one line."""
    row = to_row(seal, leaves)
    return f"{json.dumps(row, sort_keys=True, separators=(',', ':'))}\n".encode()


def to_row(seal: Seal, leaves: Iterable[Leaf]) -> dict[str, Any]:
    return {
        "number": seal.number,
        "since": seal.since.isoformat(),
        "until": seal.until.isoformat(),
        "count": seal.count,
        "root": seal.root.hex(),
        "prev": seal.prev.hex(),
        "hash": seal.hash.hex(),
        "entries": [[leaf.scope, leaf.seq, leaf.hash.hex()] for leaf in leaves],
    }


def from_row(row: Mapping[str, Any]) -> tuple[Seal, Sequence[Leaf]]:
    """A seal and what it names; ValueError where the row is none, or not as `to_row` writes it."""
    try:
        leaves = [Leaf(scope, seq, bytes.fromhex(digest)) for scope, seq, digest in row["entries"]]
        seal = Seal(
            row["number"],
            datetime.fromisoformat(row["since"]),
            datetime.fromisoformat(row["until"]),
            row["count"],
            *(bytes.fromhex(row[name]) for name in ("root", "prev", "hash")),
        )
        is_same = to_row(seal, leaves).items() <= row.items()
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(str(error)) from error
    if not is_same or type(seal.number) is not int:
        raise ValueError("written otherwise")
    if seal.since.tzinfo is None or seal.until.tzinfo is None:
        raise ValueError("an instant without a zone")
    return seal, leaves
