"""The laws of the proof: whatever is done to a ledger is named, and nothing else is."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chalicelib.ledger.model import entry_hash
from chalicelib.ledger.rows import entry_of, entry_row
from chalicelib.ledger.seals import from_row
from tests.unit.ledger.story import BEGAN, Bundle, bundle, entry, ledger, line

shapes = st.builds(
    bundle,
    st.lists(st.integers(1, 5), min_size=1, max_size=4),
    st.lists(st.integers(0, 25), min_size=1, max_size=5),
)


def name(text: str) -> str:
    row = json.loads(text)
    return f"{row['scope']}/{row['seq']}"


def changed(text: str, **fields: Any) -> str:
    return line({**json.loads(text), **fields})


@given(shapes)
def test_an_untouched_ledger_is_proven(whole: Bundle) -> None:
    proof = whole.proof()
    assert proof.flaws == {}
    assert (proof.entries, proof.seals) == (len(whole.entries), len(whole.seals))
    assert (proof.waiting, proof.early, proof.erased) == (0, 0, [])


@given(shapes, st.data())
def test_any_changed_letter_of_an_entry_is_named(whole: Bundle, data: st.DataObject) -> None:
    place = data.draw(st.sampled_from(range(len(whole.entries))))
    text = whole.entries[place]
    spot = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.characters(exclude_categories=["Cs"]))
    assume(letter != text[spot])
    whole.entries[place] = text[:spot] + letter + text[spot + 1 :]
    found = whole.flaws()
    assert name(text) in found or f"line {place + 1} of entry" in found


@given(shapes, st.data())
def test_any_changed_letter_of_a_seal_is_named(whole: Bundle, data: st.DataObject) -> None:
    place = data.draw(st.sampled_from(range(len(whole.seals))))
    text = whole.seals[place]
    spot = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.characters(exclude_categories=["Cs"]))
    assume(letter != text[spot])
    whole.seals[place] = text[:spot] + letter + text[spot + 1 :]
    assert whole.flaws()


@given(shapes, st.data())
def test_a_missing_entry_is_named(whole: Bundle, data: st.DataObject) -> None:
    gone = data.draw(st.sampled_from(whole.entries))
    whole.entries.remove(gone)
    assert whole.flaws()[name(gone)].startswith("missing")


@given(shapes, st.data())
def test_a_ticket_that_is_gone_is_named_entry_by_entry(whole: Bundle, data: st.DataObject) -> None:
    scope = json.loads(data.draw(st.sampled_from(whole.entries)))["scope"]
    gone = [text for text in whole.entries if json.loads(text)["scope"] == scope]
    whole.entries = [text for text in whole.entries if text not in gone]
    assert sorted(whole.flaws()) == sorted(map(name, gone))


@given(shapes, st.data())
def test_an_end_that_is_gone_is_named(whole: Bundle, data: st.DataObject) -> None:
    scope = json.loads(data.draw(st.sampled_from(whole.entries)))["scope"]
    chain = [text for text in whole.entries if json.loads(text)["scope"] == scope]
    gone = chain[data.draw(st.integers(0, len(chain) - 1)) :]
    whole.entries = [text for text in whole.entries if text not in gone]
    assert sorted(whole.flaws()) == sorted(map(name, gone))


@given(shapes, st.data())
def test_two_entries_of_a_ticket_in_the_wrong_order_are_named(
    whole: Bundle, data: st.DataObject
) -> None:
    pairs = [
        place
        for place in range(len(whole.entries) - 1)
        if len({json.loads(text)["scope"] for text in whole.entries[place : place + 2]}) == 1
    ]
    assume(pairs)
    place = data.draw(st.sampled_from(pairs))
    first, second = whole.entries[place : place + 2]
    whole.entries[place : place + 2] = [second, first]
    assert whole.flaws() == {name(first): "out of order"}


@given(shapes, st.data())
def test_an_entry_that_was_put_in_later_is_named(whole: Bundle, data: st.DataObject) -> None:
    """With hashes that are right: somebody who can write knows how they are made."""
    last = entry_of(json.loads(data.draw(st.sampled_from(whole.entries))))
    scope = [one for one in map(json.loads, whole.entries) if one["scope"] == last.scope]
    chain = [entry_of(row) for row in scope]
    more = entry(int(last.scope[2:]), chain, chain[-1].at)
    whole.entries.append(line(entry_row(more)))
    assert whole.flaws() == {more.id: "in no seal, though its time is sealed"}


@given(shapes, st.data())
def test_an_entry_that_stands_twice_is_named(whole: Bundle, data: st.DataObject) -> None:
    place = data.draw(st.sampled_from(range(len(whole.entries))))
    whole.entries.insert(place, whole.entries[place])
    assert whole.flaws() == {name(whole.entries[place]): "stands here twice"}


@given(shapes, st.data())
def test_a_missing_seal_is_named(whole: Bundle, data: st.DataObject) -> None:
    assume(len(whole.seals) > 1)
    place = data.draw(st.integers(0, len(whole.seals) - 2))
    del whole.seals[place]
    assert whole.flaws()[f"seal {place + 1}"] == "missing"


@given(shapes, st.data())
def test_seals_in_the_wrong_order_are_named(whole: Bundle, data: st.DataObject) -> None:
    assume(len(whole.seals) > 1)
    place = data.draw(st.integers(0, len(whole.seals) - 2))
    whole.seals[place : place + 2] = reversed(whole.seals[place : place + 2])
    assert whole.flaws()[f"seal {place + 1}"] == "out of order"


@given(shapes, st.data())
def test_an_erasure_is_told_and_is_no_flaw(whole: Bundle, data: st.DataObject) -> None:
    chosen = data.draw(st.sets(st.sampled_from(range(len(whole.entries))), min_size=1))
    for place in chosen:
        whole.entries[place] = changed(whole.entries[place], payload=None, salt=None)
    proof = whole.proof()
    assert proof.flaws == {}
    assert sorted(proof.erased) == sorted(name(whole.entries[place]) for place in chosen)


def test_a_history_that_is_rewritten_to_its_end_is_not_the_one_that_was_sealed() -> None:
    """Every hash is made anew, so the chain is whole: the seals alone know better."""
    whole = bundle((3,))
    rows = [json.loads(text) for text in whole.entries]
    prev = rows[0]["prev"]
    for row in rows:
        row["prev"], row["actor"] = prev, "agent:hugo"
        prev = row["hash"] = entry_hash(entry_of(row)).hex()
    whole.entries = [line(row) for row in rows]
    assert whole.flaws() == {
        f"T#1001/{seq}": f"not the entry that seal {seal} has"
        for seq, seal in ((1, 1), (2, 1), (3, 1))
    }


def test_what_is_newer_than_the_last_seal_waits_for_the_next() -> None:
    whole = bundle((3, 1, 4), (4,))
    del whole.seals[-1]
    proof = whole.proof()
    assert proof.flaws == {}
    assert proof.waiting == 8 - sum(len(json.loads(text)["entries"]) for text in whole.seals)


def test_what_is_older_than_the_first_seal_stands_on_its_chain() -> None:
    chain = [entry(2001, [], BEGAN - timedelta(days=9))]
    whole = bundle()
    whole.entries += [line(entry_row(one)) for one in chain]
    proof = whole.proof()
    assert (proof.flaws, proof.early) == ({}, 1)


def test_an_entry_under_two_seals_is_named() -> None:
    whole = bundle((2,), (12,))
    first, second = (json.loads(text) for text in whole.seals)
    second["entries"] = first["entries"]
    whole.seals[1] = line(second)
    assert whole.flaws()["seal 2"] == "the entries that it names were changed"


def test_a_forged_number_makes_no_endless_list() -> None:
    whole = bundle((2,))
    whole.entries[1] = changed(whole.entries[1], seq=10**9, prev="ab" * 32)
    assert len(whole.flaws()) < 1100


@pytest.mark.parametrize("text", ["\ud800", "é\udfff"])
def test_text_that_cannot_be_hashed_is_a_change(text: str) -> None:
    whole = bundle((1,))
    whole.entries[0] = json.dumps({**json.loads(whole.entries[0]), "cause": text})
    assert "T#1001/1" in whole.flaws()
    whole = bundle((1,))
    whole.entries[0] = json.dumps({**json.loads(whole.entries[0]), "payload": text})
    assert "T#1001/1" in whole.flaws()


@pytest.mark.parametrize(
    "odd",
    [
        {"seq": "1"},
        {"seq": True},
        {"scope": None},
        {"at": "2026-03-02T09:00:00"},
        {"types": "SubjectChanged"},
        {"prev": "00" * 31 + "0"},
        {"salt": "*"},
    ],
)
def test_what_is_not_written_like_an_entry_is_none(odd: dict[str, object]) -> None:
    row = entry_row(ledger([1], [1])[0])
    with pytest.raises(ValueError):
        entry_of({**row, **odd})


def test_a_seal_without_its_fields_is_none() -> None:
    with pytest.raises(ValueError, match="number"):
        from_row({"entries": []})
