"""A seal in itself: when its window ends, what its root covers, how much goes under one."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.ledger import seals
from chalicelib.ledger.model import GENESIS
from chalicelib.ledger.seals import Leaf, Tree, cut, first_of, from_row, make_seal, to_row
from tests.unit.ledger.story import BEGAN, ledger

PINNED = "24302264b37f1a357f80349ac097212eecefefacfe13738da6761df09d35115c"
LEAVES = [Leaf("T#1001", seq, bytes([seq]) * 32) for seq in range(1, 6)]


def root_of(leaves: list[bytes]) -> bytes:
    """The same root, from all leaves at once."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\1" + root_of(leaves[:half]) + root_of(leaves[half:])).digest()


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=70))
def test_the_root_that_grows_is_that_of_all_leaves_at_once(leaves: list[bytes]) -> None:
    tree = Tree()
    for leaf in leaves:
        tree.add(leaf)
    assert tree.root == root_of(leaves)
    assert tree.count == len(leaves)


def test_a_tree_remembers_one_hash_for_each_power_of_two() -> None:
    tree = Tree()
    for number in range(10_000):
        tree.add(number.to_bytes(32, "big"))
    assert len(tree._peaks) == (10_000).bit_count()


def test_the_root_of_nothing_is_zeros() -> None:
    assert Tree().root == GENESIS


@pytest.mark.parametrize(
    ("now", "end"),
    [("09:20:00", "09:10"), ("09:19:59", "09:00"), ("09:29:30", "09:10"), ("09:30:00", "09:20")],
)
def test_a_window_ends_with_ten_minutes_of_the_clock_ten_minutes_ago(now: str, end: str) -> None:
    at = datetime.fromisoformat(f"2026-03-02T{now}+00:00")
    assert cut(at).isoformat() == f"2026-03-02T{end}:00+00:00"


def test_a_window_does_not_depend_on_the_zone_of_the_clock() -> None:
    odd = timezone(timedelta(hours=5, minutes=45))
    assert cut(BEGAN.astimezone(odd)) == cut(BEGAN)
    assert cut(BEGAN.astimezone(odd)).tzinfo is UTC


def test_no_more_than_the_limit_goes_under_one_seal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seals, "LIMIT", 3)
    entries = ledger([5], [1])
    until = BEGAN + timedelta(hours=1)
    leaves, end = first_of(entries, until)
    assert ([leaf.seq for leaf in leaves], end) == ([1, 2, 3], entries[3].at)
    leaves, end = first_of(entries[3:], until)
    assert ([leaf.seq for leaf in leaves], end) == ([4, 5], until)


def test_entries_of_one_instant_are_never_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seals, "LIMIT", 1)
    first, second, third = (ledger([1], [1])[0] for _ in range(3))
    leaves, end = first_of([first, second, third], BEGAN + timedelta(hours=1))
    assert (len(leaves), end) == (3, BEGAN + timedelta(hours=1))


def test_a_seal_survives_being_written_and_read() -> None:
    seal = make_seal(1, LEAVES, since=BEGAN, until=BEGAN + seals.SPAN, prev=GENESIS)
    assert from_row(to_row(seal, LEAVES)) == (seal, LEAVES)
    assert from_row({**to_row(seal, LEAVES), "of a later version": 1}) == (seal, LEAVES)


@pytest.mark.parametrize(
    "odd",
    [
        {"since": "2026-03-02T09:00:00"},
        {"since": "2026-03-02T09:00:00Z"},
        {"root": "AB" * 32},
        {"root": None},
        {"entries": [["T#1001", 1]]},
        {"entries": 7},
        {"number": "1"},
    ],
)
def test_what_is_not_written_like_a_seal_is_none(odd: dict[str, object]) -> None:
    seal = make_seal(1, LEAVES, since=BEGAN, until=BEGAN + seals.SPAN, prev=GENESIS)
    with pytest.raises(ValueError):
        from_row({**to_row(seal, LEAVES), **odd})


def test_the_format_of_a_seal_is_frozen() -> None:
    seal = make_seal(1, LEAVES, since=BEGAN, until=BEGAN + seals.SPAN, prev=GENESIS)
    assert seal.hash.hex() == PINNED


def test_two_seals_never_share_a_file() -> None:
    one = make_seal(1, LEAVES, since=BEGAN, until=BEGAN + seals.SPAN, prev=GENESIS)
    other = make_seal(1, LEAVES, since=BEGAN, until=BEGAN + 2 * seals.SPAN, prev=GENESIS)
    assert seals.file_of(one) != seals.file_of(other)
    assert seals.file_of(one).startswith("seals/00000001-")
