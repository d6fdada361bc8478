"""A ledger of a few tickets and its seals, as files have them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib import facts
from chalicelib.ledger.model import GENESIS, Actor, Entry, make_entry
from chalicelib.ledger.proof import Proof
from chalicelib.ledger.rows import entry_of, entry_row
from chalicelib.ledger.seals import SPAN, Leaf, from_row, make_seal, order, to_row

BEGAN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
Row = dict[str, Any]


@dataclass
class Bundle:
    """The lines of `entries.ndjson` and `seals.ndjson`."""

    entries: list[str] = field(default_factory=list)
    seals: list[str] = field(default_factory=list)

    def flaws(self) -> dict[str, str]:
        """What is wrong with them; a line that cannot be read is named by its number."""
        return self.proof().flaws

    def proof(self) -> Proof:
        proof, unread = Proof(), {}
        found: dict[str, list[Any]] = {"entry": [], "seal": []}
        for kind, lines, read in (
            ("entry", self.entries, entry_of),
            ("seal", self.seals, from_row),
        ):
            for number, line in enumerate(lines, 1):
                try:
                    found[kind].append(read(json.loads(line)))
                except ValueError:
                    unread[f"line {number} of {kind}"] = "cannot be read"
        proof.take_entries(found["entry"])
        proof.take_seals(found["seal"])
        proof.flaws.update(unread)
        return proof


def line(row: Row) -> str:
    return json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def ledger(lengths: Sequence[int], minutes: Sequence[int]) -> list[Entry]:
    """Chains of these lengths, in turns; so many minutes pass after each entry."""
    chains: dict[int, list[Entry]] = {number: [] for number, _ in enumerate(lengths, 1001)}
    at, written = BEGAN, 0
    for turn in range(max(lengths)):
        for number, length in enumerate(lengths, 1001):
            if turn < length:
                chains[number].append(entry(number, chains[number], at))
                at += timedelta(minutes=minutes[written % len(minutes)], microseconds=1)
                written += 1
    return [one for chain in chains.values() for one in chain]


def entry(number: int, chain: Sequence[Entry], at: datetime) -> Entry:
    seq = len(chain) + 1
    return make_entry(
        f"T#{number}",
        seq,
        [facts.SubjectChanged(f"før {seq}", f"etter {seq}")],
        at=at,
        actor=Actor("agent", "anna"),
        cause="edit",
        prev=chain[-1].hash if chain else GENESIS,
        salt=bytes([seq]) * 16,
    )


def sealed(entries: Sequence[Entry]) -> list[Row]:
    """The seals over these entries: one for every ten minutes in which something was written."""
    waiting = sorted(entries, key=order)
    rows: list[Row] = []
    since, cut, prev = BEGAN, BEGAN, GENESIS
    while waiting:
        cut += SPAN
        inside = [one for one in waiting if one.at < cut]
        if inside:
            leaves = [Leaf(one.scope, one.seq, one.hash) for one in inside]
            seal = make_seal(len(rows) + 1, leaves, since=since, until=cut, prev=prev)
            rows.append(to_row(seal, leaves))
            since, prev = cut, seal.hash
        waiting = waiting[len(inside) :]
    return rows


def bundle(lengths: Sequence[int] = (3, 1, 4), minutes: Sequence[int] = (4,)) -> Bundle:
    entries = ledger(lengths, minutes)
    return Bundle([line(entry_row(one)) for one in entries], [line(row) for row in sealed(entries)])
