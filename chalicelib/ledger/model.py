"""An entry: the facts of one change, chained to the entry before. Pure, but for the salt.

The hash covers a salted digest of the payload, not the payload: an erasure removes payload and
salt, and the chain still verifies. The hash format is frozen: v1 is the canonical JSON below.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from chalicelib.facts import Fact, from_payload

GENESIS = b"\0" * 32
SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: `kind` is agent, person, token or system; `id` names which one."""

    kind: str
    id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


OPERATOR = Actor("system", "operator")
CLOCK = Actor("system", "clock")


class End(NamedTuple):
    """Where a chain ends so far: the place and the hash of its last entry."""

    seq: int = 0
    hash: bytes = GENESIS


EMPTY = End()


@dataclass(frozen=True, slots=True)
class Entry:
    """One change. `scope` is the partition key; `payload` and `salt` are None once erased."""

    scope: str
    seq: int
    at: datetime
    actor: str
    cause: str
    root: str
    depth: int
    types: tuple[str, ...]
    payload: str | None
    salt: bytes | None
    digest: bytes
    prev: bytes
    hash: bytes

    @property
    def id(self) -> str:
        return f"{self.scope}/{self.seq}"

    @property
    def end(self) -> End:
        """Where its chain ends while no other entry follows."""
        return End(self.seq, self.hash)

    @property
    def facts(self) -> tuple[Fact, ...]:
        """The facts, or none once they are erased."""
        if self.payload is None:
            return ()
        return tuple(from_payload(payload) for payload in json.loads(self.payload))


def new_salt() -> bytes:
    """What keeps a payload from being guessed by its digest once it is erased."""
    return secrets.token_bytes(SALT_BYTES)


def next_entry(
    scope: str, after: End, facts: Sequence[Fact], *, at: datetime, actor: Actor, cause: str
) -> Entry:
    """The entry that follows the end of a chain, with a salt of its own; the first after EMPTY."""
    return make_entry(
        scope,
        after.seq + 1,
        facts,
        at=at,
        actor=actor,
        cause=cause,
        prev=after.hash,
        salt=new_salt(),
    )


def make_entry(  # noqa: PLR0913 - an entry has these parts
    scope: str,
    seq: int,
    facts: Sequence[Fact],
    *,
    at: datetime,
    actor: Actor,
    cause: str,
    prev: bytes,
    salt: bytes,
    root: str | None = None,
    depth: int = 0,
) -> Entry:
    """The entry of one change; a change that no entry caused is its own root."""
    payload = _canonical([fact.to_payload() for fact in facts])
    entry = Entry(
        scope=scope,
        seq=seq,
        at=at,
        actor=str(actor),
        cause=cause,
        root=root or f"{scope}/{seq}",
        depth=depth,
        types=tuple(fact.type for fact in facts),
        payload=payload,
        salt=salt,
        digest=hashlib.sha256(salt + payload.encode()).digest(),
        prev=prev,
        hash=b"",
    )
    return replace(entry, hash=entry_hash(entry))


def entry_hash(entry: Entry) -> bytes:
    """SHA-256 over everything in the entry but payload and salt, which its digest stands for."""
    covered = [
        1,
        entry.prev.hex(),
        entry.scope,
        entry.seq,
        entry.at.isoformat(),
        entry.actor,
        entry.cause,
        entry.root,
        entry.depth,
        list(entry.types),
        entry.digest.hex(),
    ]
    return hashlib.sha256(_canonical(covered).encode()).digest()


def flaws(entries: Iterable[Entry]) -> list[str]:
    """What is wrong with a whole chain, oldest entry first; nothing when it verifies."""
    found = []
    prev, seq = GENESIS, 0
    for entry in entries:
        if entry.seq <= seq:
            found.append(f"{entry.id}: out of order")
        if entry.prev != prev:
            found.append(f"{entry.id}: an entry before it is missing or was changed")
        if entry.hash != entry_hash(entry):
            found.append(f"{entry.id}: changed")
        if entry.payload is not None and digest_of(entry) != entry.digest:
            found.append(f"{entry.id}: its payload was changed")
        prev, seq = entry.hash, entry.seq
    return found


def digest_of(entry: Entry) -> bytes:
    """What the digest of a payload that is still there must be."""
    return hashlib.sha256((entry.salt or b"") + (entry.payload or "").encode()).digest()


def detail(entry: Entry, place: int, fact: Fact, *, ticket: int | None) -> str:
    """What goes on the bus for one fact of an entry: ids and nothing personal."""
    body = {
        "scope": entry.scope,
        "ticket": ticket,
        "seq": entry.seq,
        "place": place,
        "at": entry.at.isoformat(),
        "actor": entry.actor.partition(":")[0],
        "cause": entry.cause,
        "root": entry.root,
        "depth": entry.depth,
        "fact": fact.to_detail(),
    }
    return _canonical(body)


# Made once: `json.dumps` would make an encoder for every text.
_written = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def _canonical(value: object) -> str:
    return _written(value)
