"""The hash chain of one ticket: what it proves, and what an erasure leaves of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from chalicelib import facts
from chalicelib.ledger.model import (
    EMPTY,
    GENESIS,
    Actor,
    Entry,
    detail,
    flaws,
    make_entry,
    next_entry,
)

PINNED = "34ad1bef668f89ea25c05f0f4f8bf085e6a9029fa1844facc9fdfadffe07f178"
AT = datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC)


def chain(length: int = 4) -> list[Entry]:
    entries: list[Entry] = []
    for seq in range(1, length + 1):
        prev = entries[-1].hash if entries else GENESIS
        said = [facts.SubjectChanged(f"old {seq}", f"new {seq}")]
        entries.append(
            make_entry(
                "T#1001",
                seq,
                said,
                at=AT,
                actor=Actor("agent", "anna"),
                cause="edit",
                prev=prev,
                salt=bytes([seq]) * 16,
            )
        )
    return entries


def test_an_untouched_chain_verifies() -> None:
    assert flaws(chain()) == []


def test_the_next_entry_goes_on_where_the_chain_ends_with_a_salt_of_its_own() -> None:
    said, actor, end = [facts.SubjectChanged("old", "new")], Actor("agent", "anna"), EMPTY
    entries = []
    for _ in range(3):
        entries.append(next_entry("T#1001", end, said, at=AT, actor=actor, cause="edit"))
        end = entries[-1].end
    assert [entry.seq for entry in entries] == [1, 2, 3]
    assert flaws(entries) == []
    assert len({entry.digest for entry in entries}) == 3


def test_an_erased_payload_leaves_a_chain_that_verifies() -> None:
    entries = [replace(entry, payload=None, salt=None) for entry in chain()]
    assert flaws(entries) == []
    assert entries[0].facts == ()


@pytest.mark.parametrize(
    "tamper",
    [
        {"payload": '[{"type":"StatusChanged"}]'},
        {"at": AT.replace(year=2025)},
        {"types": ("StatusChanged",)},
        {"actor": "agent:hugo"},
        {"cause": "nothing"},
        {"digest": b"x" * 32},
        {"hash": b"x" * 32},
    ],
)
def test_a_changed_entry_is_named(tamper: dict[str, object]) -> None:
    entries = chain()
    entries[1] = replace(entries[1], **tamper)
    assert any("T#1001/2" in flaw or "T#1001/3" in flaw for flaw in flaws(entries))


def test_a_missing_entry_and_a_swap_are_noticed() -> None:
    first, second, third, fourth = chain()
    assert flaws([first, third, fourth]) != []
    assert flaws([first, third, second, fourth]) != []


def test_the_hash_format_is_frozen() -> None:
    assert chain(1)[0].hash.hex() == PINNED


def test_the_bus_gets_ids_and_nothing_personal() -> None:
    entry = chain(1)[0]
    said = detail(entry, 0, entry.facts[0], ticket=1001)
    assert "old 1" not in said
    assert '"ticket":1001' in said
