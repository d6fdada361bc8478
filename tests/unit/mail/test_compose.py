"""What goes out: every header is what was meant, and only what was meant."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default

import pytest

from chalicelib.errors import Invalid
from chalicelib.mail.addresses import Address
from chalicelib.mail.compose import (
    Enclosure,
    OutboundMail,
    child_index,
    compose,
    encoded_size,
    plain_address,
)

LONG_ID = f"<010201a20302e44e-{'6700faf1' * 8}-000000@eu-west-1.amazonses.com>"
MAIL = OutboundMail(
    sender=Address("IT støtte", "support@desk.example"),
    to=Address("Kim Jensen", "kim@customer.example"),
    reply_to="support+1001.0.abcdefghijklmnopqrstuvwxyz@desk.example",
    message_id="<1001.2.0.abc@desk.example>",
    subject="Re: Printeren på 2. sal [#1001-6]",
    text="Hej Kim\n",
    html="<p>Hej Kim</p>",
    at=datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
)


def test_a_long_id_is_written_as_it_is() -> None:
    raw = compose(replace(MAIL, in_reply_to=LONG_ID, references=[LONG_ID]))
    headers = raw.partition(b"\r\n\r\n")[0]
    assert headers.count(LONG_ID.encode()) == 2
    assert max(map(len, headers.split(b"\r\n"))) < 998


def test_it_reads_back_as_text_and_html_in_its_language() -> None:
    message = message_from_bytes(compose(MAIL), policy=default)
    assert message["Subject"] == MAIL.subject
    assert message["From"] == "IT støtte <support@desk.example>"
    assert message["Content-Language"] == "en"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize("field", ["subject", "in_reply_to"])
def test_a_line_break_starts_no_header(field: str) -> None:
    raw = compose(replace(MAIL, **{field: "x\r\nBcc: all@else.example\r\n\r\nbody"}))
    message = message_from_bytes(raw, policy=default)
    assert message["Bcc"] is None


def test_a_line_break_in_a_name_or_a_reference_starts_no_header() -> None:
    spoilt = replace(
        MAIL,
        to=Address("Kim\r\nBcc: all@else.example", "kim@customer.example"),
        references=["<a\r\nBcc: all@else.example>"],
    )
    message = message_from_bytes(compose(spoilt), policy=default)
    assert message["Bcc"] is None


def test_only_a_machine_says_that_it_is_one() -> None:
    assert b"Auto-Submitted" not in compose(MAIL)
    marked = message_from_bytes(compose(replace(MAIL, is_automatic=True)), policy=default)
    assert marked["Auto-Submitted"] == "auto-generated"
    assert marked["X-Auto-Response-Suppress"] == "All"


def test_a_very_long_thread_keeps_its_first_id_and_its_newest() -> None:
    ids = [f"<{count}@customer.example>" for count in range(2000)]
    message = message_from_bytes(compose(replace(MAIL, references=ids)), policy=default)
    kept = str(message["References"]).split()
    assert kept[0] == ids[0]
    assert kept[-2:] == [ids[-1], MAIL.message_id]
    assert len(" ".join(kept)) <= 8_000


def test_a_file_goes_along_under_its_name() -> None:
    enclosure = Enclosure("årsplan.pdf", "application/pdf", b"%PDF")
    message = message_from_bytes(compose(replace(MAIL, enclosures=[enclosure])), policy=default)
    [attached] = message.iter_attachments()
    assert attached.get_filename() == "årsplan.pdf"
    assert attached.get_content() == b"%PDF"


def test_a_picture_stands_beside_the_html_and_a_file_after_both() -> None:
    picture = Enclosure("x.png", "image/png", b"\x89PNG", "1001.2.0@desk.example")
    file = Enclosure("log.txt", "text/plain", b"one\n")
    message = message_from_bytes(compose(replace(MAIL, enclosures=[picture, file])), policy=default)
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "text/plain",
    ]
    shown = next(part for part in message.walk() if part.get_content_type() == "image/png")
    assert shown["Content-ID"] == "<1001.2.0@desk.example>"
    assert shown.get_content_disposition() == "inline"
    assert shown.get_content() == b"\x89PNG"


@pytest.mark.parametrize(
    ("content_type", "sent_as"),
    [
        ("text/csv; charset=utf-8", "text/csv"),
        ("message/rfc822", "application/octet-stream"),
        ("multipart/mixed", "application/octet-stream"),
        ("nonsense", "application/octet-stream"),
        ("image/png\r\nBcc: all@else.example", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_a_file_goes_as_a_type_that_bytes_can_have(content_type: str, sent_as: str) -> None:
    enclosure = Enclosure("f", content_type, b"x")
    message = message_from_bytes(compose(replace(MAIL, enclosures=[enclosure])), policy=default)
    [attached] = message.iter_attachments()
    assert attached.get_content_type() == sent_as
    assert attached.get_payload(decode=True) == b"x"


@pytest.mark.parametrize("size", [0, 1, 53, 54, 55, 4_000, 100_000])
def test_a_file_adds_no_more_bytes_than_was_reckoned(size: int) -> None:
    bare = len(compose(MAIL))
    enclosure = Enclosure("å" * 150, "application/pdf", b"x" * size)
    assert len(compose(replace(MAIL, enclosures=[enclosure]))) - bare <= encoded_size(size)


def test_an_id_that_cannot_stand_in_a_header_is_left_out() -> None:
    ids = ["<a b@x>", "<å@x>", f"<{'y' * 2_000}@x>", "<>", "<fine@x>", "<fine@x>"]
    message = message_from_bytes(
        compose(replace(MAIL, references=ids, in_reply_to="<a b@x>")), policy=default
    )
    assert str(message["References"]).split() == ["<fine@x>", MAIL.message_id]
    assert message["In-Reply-To"] is None


def test_our_own_id_stands_last_even_where_it_was_named_before() -> None:
    ids = [MAIL.message_id, "<1@customer.example>"]
    message = message_from_bytes(compose(replace(MAIL, references=ids)), policy=default)
    assert str(message["References"]).split() == ["<1@customer.example>", MAIL.message_id]


def test_a_domain_in_other_letters_goes_out_in_ascii() -> None:
    abroad = replace(MAIL, to=Address("Jürgen", "j@bücher.example"))
    assert b"<j@xn--bcher-kva.example>" in compose(abroad)
    assert plain_address("j@bücher.example") == "j@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "no domain",
        "kim@",
        "@customer.example",
        "kim@x.example\r\nBcc: all@else.example",
        "kim@x.example\x00",
        "kim@x.example, all@else.example",
        "kim@x.example> <all@else.example",
        "jürgen@customer.example",
        "kim@" + "å" * 80 + ".example",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(Invalid):
        compose(replace(MAIL, to=Address("Kim", address)))


# Outlook's threads.

BEGAN = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SINCE_1601 = (BEGAN - datetime(1601, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 10
GUID = bytes(range(16))
OLDER = base64.b64encode((SINCE_1601 >> 16).to_bytes(6, "big") + GUID).decode()
NEWER = base64.b64encode(b"\x01" + (SINCE_1601 >> 24).to_bytes(5, "big") + GUID).decode()


@pytest.mark.parametrize("index", [OLDER, NEWER, OLDER.rstrip("="), f"{OLDER[:9]}\r\n {OLDER[9:]}"])
def test_a_threads_index_grows_by_five_bytes_that_say_how_long_it_has_lasted(index: str) -> None:
    child = base64.b64decode(child_index(index, BEGAN + timedelta(hours=1)) or "")
    assert child[6:22] == GUID
    assert len(child) == 27
    lasted = (int.from_bytes(child[22:26], "big") << 18) / 10_000_000
    assert abs(lasted - 3600) < 3
    grandchild = child_index(base64.b64encode(child).decode(), BEGAN + timedelta(hours=2))
    assert base64.b64decode(grandchild or "").startswith(child)


def test_a_thread_of_years_counts_in_coarser_steps() -> None:
    child = base64.b64decode(child_index(OLDER, BEGAN + timedelta(days=1000)) or "")
    level = int.from_bytes(child[22:26], "big")
    assert level >> 31
    assert abs(((level & 0x7FFFFFFF) << 23) / 864_000_000_000 - 1000) < 1


@pytest.mark.parametrize("index", ["", "å", "AAAA", OLDER + "AAAA", "A" * 4_000])
def test_what_is_no_threads_index_has_no_child(index: str) -> None:
    assert child_index(index, BEGAN) is None


def test_a_reply_keeps_outlooks_thread() -> None:
    raw = compose(replace(MAIL, thread_topic="Printeren på 2. sal", thread_index=OLDER))
    message = message_from_bytes(raw, policy=default)
    assert message["Thread-Topic"] == "Printeren på 2. sal"
    assert base64.b64decode(str(message["Thread-Index"])).startswith(base64.b64decode(OLDER))
    assert b"Thread-" not in compose(MAIL)
