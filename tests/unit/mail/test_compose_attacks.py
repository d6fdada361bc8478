"""Nothing that anybody outside chose becomes a header, an address or markup of a mail of ours."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import render
from chalicelib.errors import Invalid
from chalicelib.mail.addresses import Address
from chalicelib.mail.compose import Enclosure, OutboundMail, compose, plain_address

INDEX = "AdQc2DN7rLoS3hgnE/O76rpFzxN/EwAddF4A"
ALWAYS = (
    "From",
    "To",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "References",
    "MIME-Version",
    "Content-Type",
)
SOMETIMES = {
    "In-Reply-To",
    "Thread-Topic",
    "Thread-Index",
    "Content-Language",
    "Content-Transfer-Encoding",
}

# Line breaks of all kinds, what separates addresses and parameters, encoded words, letters that
# show nothing, halves of letters, and very long texts.
PIECES = st.sampled_from(
    [
        "\r\n",
        "\n",
        "\r",
        "\x00",
        "\x0b",
        "\x85",
        "\u2028",
        "\r\nBcc: all@else.example",
        "\n\n<script>",
        "Bcc:",
        ": ",
        ", ",
        "; ",
        '"',
        "\\",
        "<",
        ">",
        "@",
        "(",
        "=?utf-8?q?=0D=0ABcc:_all=40else.example?=",
        "=?",
        "?=",
        "\ud800",
        "\u202e",
        "\u200b",
        "ø",
        "漢字",
        "👩‍🔧",
        "a" * 2_000,
        "b " * 2_000,
        "x",
        " ",
    ]
)
HOSTILE = st.lists(PIECES | st.text(max_size=8), max_size=8).map("".join)
ADDRESSES = st.just("kim@customer.example") | HOSTILE | HOSTILE.map("kim@customer.example".join)
FILES = st.builds(
    Enclosure,
    filename=HOSTILE,
    content_type=st.just("image/png") | HOSTILE,
    content=st.binary(max_size=200),
)
LINES = st.lists(st.text(st.characters(blacklist_categories=("Cc", "Cs"))), min_size=1, max_size=9)
PRINTED = LINES.map("\n".join)
MAILS = st.builds(
    OutboundMail,
    sender=st.builds(Address, HOSTILE, st.just("support@desk.example")),
    to=st.builds(Address, HOSTILE, ADDRESSES),
    reply_to=st.just("support+1001.0.abc@desk.example"),
    message_id=st.just("<1001.2.0.abc@desk.example>"),
    subject=HOSTILE,
    text=PRINTED,
    html=PRINTED,
    at=st.just(datetime(2026, 3, 2, 9, 0, tzinfo=UTC)),
    in_reply_to=st.none() | HOSTILE,
    references=st.lists(HOSTILE, max_size=3),
    thread_topic=st.none() | HOSTILE,
    thread_index=st.none() | st.just(INDEX) | HOSTILE,
    is_automatic=st.booleans(),
    language=st.sampled_from(["en", "da"]) | HOSTILE,
    enclosures=st.lists(FILES, max_size=2),
)


@given(MAILS)
def test_no_value_starts_a_header_or_adds_a_recipient(mail: OutboundMail) -> None:
    try:
        raw = compose(mail)
    except Invalid:
        assert mail.to.address != "kim@customer.example"
        return
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) < 998
    assert b"\n" not in raw.replace(b"\r\n", b"")
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    headers = Counter(message.keys())
    assert max(headers.values()) == 1
    marks = {"Auto-Submitted", "X-Auto-Response-Suppress"} if mail.is_automatic else set()
    assert {*ALWAYS, *marks} <= set(headers) <= {*ALWAYS, *marks, *SOMETIMES}
    assert [box.addr_spec for box in message["To"].addresses] == [plain_address(mail.to.address)]
    assert [box.addr_spec for box in message["From"].addresses] == ["support@desk.example"]
    assert message.defects == []
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert _lines(text.get_content()) == _lines(mail.text)
    assert _lines(html.get_content()) == _lines(mail.html)
    files = [part.get_payload(decode=True) for part in message.iter_attachments()]
    assert files == [enclosure.content for enclosure in mail.enclosures]


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").rstrip("\n").split("\n")


@given(HOSTILE)
def test_a_name_and_a_subject_read_back_as_they_show(text: str) -> None:
    shown = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    raw = compose(_mail(to=Address(text, "kim@customer.example"), subject=text))
    unfolded = message_from_bytes(raw)["Subject"].replace("\r\n", "")
    subject = str(make_header(decode_header(unfolded)))
    assert shown.startswith(subject)
    assert subject == shown or len(subject) > 800
    # The standard library leaves a blank where two encoded words of a name meet.
    [read] = message_from_bytes(raw, policy=default)["To"].addresses
    name = read.display_name.replace(" ", "")
    assert shown.replace(" ", "").startswith(name)
    assert name or not shown


@given(HOSTILE)
def test_a_file_name_keeps_no_path_and_no_line_break(name: str) -> None:
    raw = compose(_mail(enclosures=[Enclosure(name, "image/png", b"x")]))
    [part] = message_from_bytes(raw, policy=default).iter_attachments()
    found = part.get_filename()
    assert found
    assert not set(found) & set("/\\\r\n\x00")
    assert len(found) <= 150


def _mail(**parts: Any) -> OutboundMail:
    usual: dict[str, Any] = {
        "sender": Address("IT support", "support@desk.example"),
        "to": Address("Kim", "kim@customer.example"),
        "reply_to": "support+1001.0.abc@desk.example",
        "message_id": "<1001.2.0.abc@desk.example>",
        "subject": "Printer",
        "text": "Hello\n",
        "html": "<p>Hello</p>\n",
        "at": datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
    }
    return OutboundMail(**usual | parts)


# What the templates make of it. --------------------------------------------------------------

SCRIPT = """<script>alert(1)</script><img src=x onerror=alert(1)>"'><a href='javascript:x'>"""
QUOTED = {"author": SCRIPT, "at": datetime(2026, 3, 2, 8, 0, tzinfo=UTC), "text": SCRIPT}
FILE = {"name": SCRIPT, "size": 1_000, "url": "https://desk.example/t/x"}
REPLY: dict[str, Any] = {
    "subject": SCRIPT,
    "tag": "[#1001-6]",
    "text": f"{SCRIPT}\n[cid:p]",
    "pictures": {"p": {"cid": "1@desk.example", "name": SCRIPT}},
    "files": [FILE],
    "agent": SCRIPT,
    "signature": SCRIPT,
    "quoted": QUOTED,
    "link": "https://desk.example/t/token",
}
ESCALATION = {
    "number": 1001,
    "subject": SCRIPT,
    "group": SCRIPT,
    "requester": SCRIPT,
    "assignee": SCRIPT,
    "target": "first_reply",
    "due_at": QUOTED["at"],
    "late_for": datetime(2026, 3, 2, 9, 0, tzinfo=UTC) - datetime(2026, 3, 2, 8, 0, tzinfo=UTC),
    "link": "https://desk.example/agent/tickets/1001",
    "role": "substitute",
    "absent": SCRIPT,
    "level": 2,
    "calls": 3,
}


@pytest.mark.parametrize(("name", "context"), [("reply", REPLY), ("escalation", ESCALATION)])
def test_cve_2026_32754_markup_in_any_field_stays_text_in_an_outgoing_mail(
    name: str, context: dict[str, Any]
) -> None:
    mail = render.mail(name, locale="en", zone="UTC", **context)
    page = BeautifulSoup(mail.html, "html.parser")
    assert page.find_all(["script", "object", "iframe", "form"]) == []
    assert [
        tag for tag in page.find_all(True) if any(key.startswith("on") for key in tag.attrs)
    ] == []
    assert {link["href"] for link in page.find_all("a")} <= {context["link"], FILE["url"]}
    assert {image["src"] for image in page.find_all("img")} <= {"cid:1@desk.example"}
    assert SCRIPT in page.get_text()


def test_relay_spam_an_acknowledgement_repeats_nothing_of_the_mail_that_it_answers() -> None:
    context = {
        "number": 1001,
        "tag": "[#1001-6]",
        "link": "https://desk.example/t/x",
        "group": "IT",
        "own": {"subject": "", "above": "", "text": ""},
    }
    written = dict.fromkeys(("subject", "text", "author", "quoted", "agent"), "Cheap watches")
    mail = render.mail("acknowledgement", locale="en", zone="UTC", **context, **written)
    assert "Cheap" not in f"{mail.subject}{mail.text}{mail.html}"


def test_what_somebody_wrote_is_never_run_as_a_template() -> None:
    mail = render.mail(
        "reply",
        locale="en",
        zone="UTC",
        **REPLY | {"text": "{{ 7 * 7 }}", "subject": "{{ 7 * 7 }}"},
    )
    assert mail.subject == "Re: {{ 7 * 7 }} [#1001-6]"
    assert mail.text.startswith("{{ 7 * 7 }}")
