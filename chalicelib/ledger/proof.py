"""What entries and seals prove together, and what is wrong where they prove nothing. Pure.

Chains tell of changes and gaps inside of a ticket, seals of tickets and ends that are gone and of
entries that came later. Neither needs the desk: this reads what `rows` and `seals` have read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from chalicelib.ledger.model import GENESIS, Entry, digest_of, entry_hash
from chalicelib.ledger.seals import Leaf, Seal, make_seal, seal_hash

# A forged number must not make a list of a billion lines.
LONGEST_GAP = 1000


class _Link(NamedTuple):
    """What is kept of an entry: a whole ledger has to fit into memory."""

    seq: int
    at: datetime
    prev: bytes
    hash: bytes


@dataclass
class Proof:
    """A ledger as it is read, entry by entry and then seal by seal, in the order of the files.

    `flaws` has what is wrong by what it is wrong with, such as T#1001/3 or "seal 7"; `erased` are
    the entries without a payload, which is no flaw. `waiting` counts the entries since the last
    seal, `early` those before the first: only their chains speak for them.
    """

    flaws: dict[str, str] = field(default_factory=dict)
    erased: list[str] = field(default_factory=list)
    entries: int = 0
    seals: int = 0
    waiting: int = 0
    early: int = 0
    last: Seal | None = None
    hashes: set[bytes] = field(default_factory=set)
    _chains: dict[str, list[_Link]] = field(default_factory=dict)

    def take_entries(self, entries: Iterable[Entry]) -> None:
        """Check each entry in itself; the chains are checked once all are there."""
        for entry in entries:
            self.entries += 1
            self._check(entry)
            if entry.payload is None:
                self.erased.append(entry.id)
            links = self._chains.setdefault(entry.scope, [])
            if links and entry.seq == links[-1].seq:
                self._blame(entry.id, "stands here twice")
            elif links and entry.seq < links[-1].seq:
                self._blame(entry.id, "out of order")
            links.append(_Link(entry.seq, entry.at, entry.prev, entry.hash))

    def _check(self, entry: Entry) -> None:
        try:
            if entry.hash != entry_hash(entry):
                self._blame(entry.id, "changed")
            elif entry.payload is not None and digest_of(entry) != entry.digest:
                self._blame(entry.id, "its payload was changed")
        except UnicodeEncodeError:
            self._blame(entry.id, "changed: no text that can be hashed")

    def _blame(self, what: str, why: str) -> None:
        """Note a flaw; what already has one needs no second."""
        self.flaws.setdefault(what, why)

    def take_seals(self, seals: Iterable[tuple[Seal, Sequence[Leaf]]]) -> None:
        """Check the chains of what was taken, and all of it against the seals."""
        known = {(scope, link.seq): link for scope, links in self._chains.items() for link in links}
        sealed: set[tuple[str, int]] = set()
        first: Seal | None = None
        numbers = {0}
        for seal, leaves in seals:
            self.seals += 1
            first = first or seal
            self._check_seal(seal, leaves)
            for leaf in leaves:
                self._check_leaf(seal, leaf, known.get((leaf.scope, leaf.seq)))
                sealed.add((leaf.scope, leaf.seq))
            self.hashes.add(seal.hash)
            numbers.add(seal.number)
            self.last = seal
        for before, after in pairwise(sorted(numbers)):
            self._blame_gap("seal ", range(before + 1, after))
        for scope, links in self._chains.items():
            self._check_chain(scope, sorted(links))
        for (scope, seq), link in known.items():
            if (scope, seq) not in sealed:
                self._place(f"{scope}/{seq}", link.at, first)

    def _check_seal(self, seal: Seal, leaves: Sequence[Leaf]) -> None:
        name, before = f"seal {seal.number}", self.last
        number, prev = (before.number + 1, before.hash) if before else (1, GENESIS)
        again = make_seal(seal.number, leaves, since=seal.since, until=seal.until, prev=seal.prev)
        if seal.hash != seal_hash(seal):
            self._blame(name, "changed")
        elif again != seal:
            self._blame(name, "the entries that it names were changed")
        if seal.number < number:
            self._blame(name, "out of order")
        elif seal.number == number and seal.prev != prev:
            self._blame(name, "does not follow the one before")

    def _check_leaf(self, seal: Seal, leaf: Leaf, link: _Link | None) -> None:
        name = f"{leaf.scope}/{leaf.seq}"
        if link is None:
            self._blame(name, f"missing; seal {seal.number} has it")
        elif link.hash != leaf.hash:
            self._blame(name, f"not the entry that seal {seal.number} has")
        elif not seal.since <= link.at < seal.until:
            self._blame(name, f"not of the time of seal {seal.number}")

    def _check_chain(self, scope: str, links: Sequence[_Link]) -> None:
        for before, link in _neighbours(links):
            name, is_next = f"{scope}/{link.seq}", link.seq == before.seq + 1
            if link.prev == before.hash or link.seq == before.seq:
                continue
            if not is_next:
                self._blame_gap(f"{scope}/", range(before.seq + 1, link.seq))
            elif name not in self.flaws and f"{scope}/{before.seq}" not in self.flaws:
                self._blame(name, "does not follow the entry before")

    def _blame_gap(self, prefix: str, places: range) -> None:
        for place in places[:LONGEST_GAP]:
            self._blame(f"{prefix}{place}", "missing")
        if len(places) > LONGEST_GAP:
            self._blame(f"{prefix}{places[LONGEST_GAP]} to {places[-1]}", "missing")

    def _place(self, name: str, at: datetime, first: Seal | None) -> None:
        if first is None or self.last is None or at >= self.last.until:
            self.waiting += 1
        elif at < first.since:
            self.early += 1
        else:
            self._blame(name, "in no seal, though its time is sealed")


def _neighbours(links: Sequence[_Link]) -> Iterator[tuple[_Link, _Link]]:
    if links:
        yield _Link(0, links[0].at, GENESIS, GENESIS), links[0]
    yield from pairwise(links)
