"""What goes out: every header is what was meant, and only what was meant."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default

import pytest

from chalicelib.mail.addresses import Address
from chalicelib.mail.compose import Enclosure, OutboundMail, compose

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
    raw = compose(replace(MAIL, in_reply_to=LONG_ID, references=[LONG_ID, LONG_ID]))
    headers = raw.partition(b"\r\n\r\n")[0]
    assert headers.count(LONG_ID.encode()) == 3
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
