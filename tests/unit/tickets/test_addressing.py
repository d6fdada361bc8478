"""Signed names: what we gave out is recognised, whatever mail systems do to it; nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.keys import Keys
from chalicelib.tickets import addressing
from chalicelib.tickets.addressing import Pointer
from tests.world import KEYS

keys = Keys.from_json(KEYS)
numbers = st.integers(1, 999_999_999)
places = st.integers(0, 999)


@given(numbers, places)
def test_a_reply_address_comes_back_whatever_its_letter_case(number: int, place: int) -> None:
    address = addressing.reply_address(keys, "support@desk.example", number, place)
    assert addressing.read_reply_address(keys, address.upper()) == Pointer(number, place)


@given(numbers, st.integers(1, 99_999_999), places)
def test_a_message_id_comes_back(number: int, seq: int, place: int) -> None:
    made = addressing.message_id(keys, "support@desk.example", number, seq, place)
    assert addressing.read_message_id(keys, made) == Pointer(number, place, seq)
    assert addressing.read_message_id(keys, made.strip("<>")) == Pointer(number, place, seq)


def test_the_longest_reply_address_fits_a_local_part() -> None:
    address = addressing.reply_address(keys, f"{'x' * 24}@desk.example", 10**9 - 1, 999)
    assert len(address.partition("@")[0]) <= 64 + 3  # a billion tickets later, look again
    usual = addressing.reply_address(keys, f"{'x' * 24}@desk.example", 10**6 - 1, 999)
    assert len(usual.partition("@")[0]) <= 64


@pytest.mark.parametrize(
    "forge",
    [
        lambda address: address.replace("+1001.", "+1002."),
        lambda address: address.replace(".0.", ".1."),
        lambda address: address.replace("@", "a@"),
        lambda address: address[: address.index(".0.") + 3] + "a" * 26 + "@desk.example",
    ],
)
def test_a_forged_reply_address_points_nowhere(forge: object) -> None:
    address = addressing.reply_address(keys, "support@desk.example", 1001, 0)
    assert callable(forge)
    assert addressing.read_reply_address(keys, forge(address)) is None


def test_a_signature_for_one_purpose_serves_no_other() -> None:
    address = addressing.reply_address(keys, "support@desk.example", 1001, 0)
    signature = address.partition("@")[0].rpartition(".")[2]
    assert addressing.read_link_token(keys, f"1001.0.0.{signature}") is None


@given(numbers)
def test_a_subject_tag_is_found_and_a_wrong_digit_noticed(number: int) -> None:
    tag = addressing.subject_tag(number)
    assert addressing.read_subject_tag(f"Re: {tag} Printer") == number
    wrong = tag[:-2] + str((int(tag[-2]) + 1) % 10) + "]"
    assert addressing.read_subject_tag(wrong) is None


@pytest.mark.parametrize(
    ("subject", "bare"),
    [
        ("Re: [#1001-6] Printer", "Printer"),
        ("SV: VS: Printer", "Printer"),
        ("Re[2]: Printer", "Printer"),
        ("Reception is closed", "Reception is closed"),
    ],
)
def test_prefixes_and_tags_come_off_a_subject(subject: str, bare: str) -> None:
    assert addressing.without_tags(subject) == bare
