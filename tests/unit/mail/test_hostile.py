"""Mails that are made to hurt, and bytes that are no mail at all.

That the work stays small is asserted by what is read, not by a clock.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.mail.addresses import MAX_ADDRESSES
from chalicelib.mail.headers import MAX_IDS, MAX_LINE
from chalicelib.mail.parse import InboundMail, content_digest, parse
from chalicelib.mail.structure import MAX_DEPTH, MAX_PARTS, Part, read_structure
from tests.unit.mail.samples import attached, bounce, mail, multipart_mail, nested, part, unhurried

SAMPLES = [
    mail("Kære desk"),
    bounce("failed", "5.1.1"),
    multipart_mail(
        nested(part("a"), part("<p>a", "text/html"), kind="alternative", boundary="b2"),
        attached("filename*=utf-8''%C3%A5.pdf", b"%PDF"),
        Subject="=?utf-8?q?K=C3=A6re?= =?utf-8?b?w6U=?=",
        Cc='"a, b" <a@example.com>, x:b@example.com;',
    ),
    multipart_mail(part(mail("Se her"), "message/rfc822"), Thread_Index="AdhzQ+=="),
    mail("Hej\r\nbegin 644 a.txt\r\n#2&5J\r\n`\r\nend\r\n"),
]

PIECES = (
    b'\n~\r\n~\r~: ~--b\n~--b--\n~; ~=~\0~<~>~@~a~\xe6~(~"~\\~\x1b$B~+2AA-~*0*=~?=~=ff~=?utf-8?q?'
    b"~From: ~Subject: ~Content-Type: ~multipart/mixed~boundary=b~boundary=~text/html~charset="
    b"~utf-16~utf-7~message/rfc822~message/delivery-status~Content-Transfer-Encoding: base64\n"
    b"~Content-Disposition: attachment; filename~Message-ID: ~begin 644 x\n~#2&5J\n~`\nend\n"
    b"~text/rtf"
).split(b"~")


def strings(value: Any) -> Iterator[str]:
    """Every text in a parsed mail."""
    if isinstance(value, str):
        yield value
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from strings(getattr(value, field.name))
    elif isinstance(value, tuple):
        for item in value:
            yield from strings(item)


def assert_sound(read: InboundMail) -> None:
    """What holds for every mail, however it came about."""
    for text in strings(read):
        text.encode()
        assert "\0" not in text
    in_headers = dataclasses.replace(read, text="", html=None)
    for text in strings(in_headers):
        assert not set(text) & set("\r\n\x0b\x0c\x85\u2028\u2029")
    for file in read.attachments:
        assert file.filename
        assert not set(file.filename) & set("/\\\u202e\u200b")
        assert len(file.filename.encode()) <= 180
    for name in read.headers.names():
        value = read.header(name)
        value.encode()
        assert len(value) <= 1000
        assert not set(value) & set("\r\n\0")
    assert len(content_digest(read)) == 64


@unhurried
@given(st.binary(max_size=2000))
def test_any_bytes_are_read(raw):
    assert_sound(parse(raw))


@unhurried
@given(st.lists(st.sampled_from(PIECES), max_size=60).map(b"".join))
def test_any_pieces_of_mails_are_read(raw):
    assert_sound(parse(raw))


@unhurried
@given(st.sampled_from(SAMPLES), st.data())
def test_any_damaged_mail_is_read(raw, data):
    damaged = bytearray(raw)
    places = st.integers(0, len(raw) - 1)
    for place in data.draw(st.lists(places, max_size=8)):
        damaged[place] = data.draw(st.integers(0, 255))
    start, end = sorted((data.draw(places), data.draw(places)))
    if data.draw(st.booleans()):
        del damaged[start:end]
    assert_sound(parse(bytes(damaged)))


def count(root: Part) -> tuple[int, int]:
    """How many parts there are below one, and how deep they go."""
    below = [count(child) for child in root.children]
    return 1 + sum(parts for parts, _ in below), 1 + max((depth for _, depth in below), default=0)


def test_parts_are_read_up_to_a_number_and_no_text_is_lost():
    raw = mail("--b\r\n\r\nx\r\n" * 20_000 + "needle", Content_Type="multipart/mixed; boundary=b")
    assert count(read_structure(raw))[0] <= MAX_PARTS
    assert "needle" in parse(raw).text


def test_parts_are_read_up_to_a_depth_and_no_text_is_lost():
    body = "".join(
        f"--b{depth}\r\nContent-Type: multipart/mixed; boundary=b{depth + 1}\r\n\r\n"
        for depth in range(2000)
    )
    raw = mail(f"{body}--b2000\r\n\r\nneedle", Content_Type="multipart/mixed; boundary=b0")
    assert count(read_structure(raw))[1] <= MAX_DEPTH + 2
    assert "needle" in parse(raw).text


@pytest.mark.parametrize(
    "fields",
    [
        {"Cc": ",\r\n ".join(f"u{number}@example.com" for number in range(20_000))},
        {"References": "\r\n ".join(f"<m{number}@example.com>" for number in range(20_000))},
        {"Subject": "\r\n ".join(["=?utf-8?q?=C3=A4?="] * 20_000)},
        {"Subject": "A" * 2_000_000},
        {"From": "(" * 50_000 + "a@example.com"},
        {"From": '"\\' * 50_000 + " <a@example.com>"},
        {"From": "<" * 50_000},
        {"From": "a@" * 50_000},
        {"Content_Type": "text/plain" + "".join(f";\r\n a*{n}=x" for n in range(20_000))},
        {"Content_Type": f'multipart/mixed; boundary="{"x" * 100_000}"'},
        {"Content_Disposition": "attachment; filename*999999999=x; filename*0=y"},
        {"Content_Type": f"text/plain; charset={'x' * 50_000}"},
        {"X_Many": "".join(f"v\r\nX-{number}: v" for number in range(50_000))},
        {"Date": "Tue, 3 Mar 2026 " + "1:" * 50_000},
        {"Message_ID": "<" + " " * 60_000},
        {"In_Reply_To": "<a " * 20_000},
    ],
)
def test_headers_are_read_up_to_a_size(fields):
    read = parse(mail("needle", **fields))
    assert_sound(read)
    assert "needle" in read.text or read.attachments
    assert len(read.subject) <= MAX_LINE
    assert len(read.cc) <= MAX_ADDRESSES
    assert len(read.references) <= MAX_IDS


def test_of_many_references_the_first_and_the_last_ones_count():
    ids = [f"m{number}@example.com" for number in range(MAX_IDS * 3)]
    read = parse(mail(References=" ".join(f"<{one}>" for one in ids)))
    assert read.references[0] == ids[0]
    assert read.references[-1] == ids[-1]


@pytest.mark.parametrize(
    "charset",
    ["idna", "punycode", "undefined", "rot13", "zlib", "hex", "unicode_escape", "base64", "utf-7"],
)
def test_a_charset_that_is_a_trap_is_none(charset):
    read = parse(mail("needle" * 20_000, Content_Type=f"text/plain; charset={charset}"))
    assert read.text == "needle" * 20_000


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 50_000 + "needle",
        "<a href=http://example.com/>x</a>" * 50_000 + "needle",
        "<!--" * 50_000 + "needle",
        '<a "' * 50_000 + "needle",
        "<script>" * 5000 + "needle",
        "<blockquote>" * 50_000 + "needle",
        "&#99999999999999999999;" * 10_000 + "needle",
        "&#" + "1" * 5000 + ";needle",
    ],
)
def test_html_that_is_a_trap_is_read(html):
    read = parse(mail(html, Content_Type="text/html"))
    assert_sound(read)
    assert "needle" in read.text
    assert read.html is not None


def test_a_report_that_is_a_trap_names_a_bounded_number():
    groups = "\r\n".join(
        f"Final-Recipient: rfc822;u{n}@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        for n in range(5000)
    )
    read = parse(multipart_mail(part(groups, "message/delivery-status"), kind="report"))
    assert len(read.failed) == 100


def test_the_address_in_a_name_is_not_the_address():
    read = parse(mail(From="=?utf-8?q?=40evil.example?=@example.com"))
    assert read.from_[0].address.endswith("@example.com")
    assert [a.address for a in parse(mail(From='"ceo@example.net" <eve@example.com>')).from_] == [
        "eve@example.com"
    ]
