"""The files that Outlook wraps up in a winmail.dat."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.mail.parse import parse
from chalicelib.mail.tnef import wrapped_files, wrapped_text
from tests.unit.mail.samples import attached, multipart_mail, part, unhurried


def attribute(name: int, value: bytes) -> bytes:
    return struct.pack("<BII", 2, name, len(value)) + value + b"\0\0"


def text_property(key: int, text: str) -> bytes:
    value = text.encode("utf-16-le") + b"\0\0"
    padding = b"\0" * (-len(value) % 4)
    return struct.pack("<HHII", 0x1F, key, 1, len(value)) + value + padding


def bytes_property(key: int, value: bytes) -> bytes:
    return struct.pack("<HHII", 0x102, key, 1, len(value)) + value + b"\0" * (-len(value) % 4)


def number_property(key: int, number: int) -> bytes:
    named = bytes(16) + struct.pack("<II", 0, 7) if key >= 0x8000 else b""
    return struct.pack("<HH", 3, key) + named + struct.pack("<I", number)


def winmail(*files: tuple[str, str, bytes]) -> bytes:
    out = struct.pack("<IH", 0x223E9F78, 1)
    for short, long, content in files:
        properties = [number_property(0x8001, 5), number_property(0x0E20, 9)]
        properties += [text_property(0x3707, long), text_property(0x370E, "application/pdf")]
        out += attribute(0x00069002, bytes(14)) + attribute(0x00018010, short.encode("cp1252"))
        out += attribute(0x0006800F, content)
        if long:
            count = struct.pack("<I", len(properties))
            out += attribute(0x00069005, count + b"".join(properties))
    return out


WINMAIL = winmail(("KRAVSP~1.PDF", "kravspecifikation å.pdf", b"%PDF"), ("læs.txt", "", b"Hej"))


def test_the_wrapped_files_are_attachments():
    raw = multipart_mail(
        part("Se her"), attached('filename="winmail.dat"', WINMAIL, "application/ms-tnef")
    )
    files = parse(raw).attachments
    assert [(file.filename, file.content_type, file.content) for file in files] == [
        ("kravspecifikation å.pdf", "application/pdf", b"%PDF"),
        ("læs.txt", "application/octet-stream", b"Hej"),
    ]


@pytest.mark.parametrize("content", [b"", b"nonsense", WINMAIL[:10], winmail()])
def test_what_cannot_be_unwrapped_stays_a_file(content):
    raw = multipart_mail(part("Se her"), attached('filename="winmail.dat"', content))
    assert [file.filename for file in parse(raw).attachments] == ["winmail.dat"]


def test_of_a_wrapping_cut_short_the_whole_files_remain():
    cut = WINMAIL[: WINMAIL.index(b"Hej")]
    assert [file.content for file in wrapped_files(cut)] == [b"%PDF"]


@unhurried
@given(st.integers(0, len(WINMAIL) - 1), st.binary(min_size=1, max_size=8))
def test_a_damaged_wrapping_is_read_as_far_as_it_goes(place, noise):
    damaged = WINMAIL[:place] + noise + WINMAIL[place + len(noise) :]
    for file in wrapped_files(damaged):
        assert file.content


def message(*properties: bytes) -> bytes:
    """A wrapping that has a text and no files."""
    content = struct.pack("<I", len(properties)) + b"".join(properties)
    return (
        winmail() + attribute(0x00069007, struct.pack("<I", 1251)) + attribute(0x00069003, content)
    )


RICH = rb"{\rtf1\ansi\ansicpg1252 K\'e6re desk}"
RICH_HTML = rb"{\rtf1\ansi\fromhtml1{\*\htmltag64 <p>}K\'e6re desk}"


def uncompressed(content: bytes) -> bytes:
    return struct.pack("<II4sI", len(content) + 12, len(content), b"MELA", 0) + content


@pytest.mark.parametrize(
    ("content", "text", "html"),
    [
        (message(text_property(0x1000, "Kære desk\r\n")), "Kære desk\n", None),
        (message(bytes_property(0x1000, "Принтер".encode("cp1251"))), "Принтер", None),
        (
            message(
                number_property(0x3FDE, 65001), bytes_property(0x1013, "<p>Kære desk".encode())
            ),
            "Kære desk",
            "<p>Kære desk",
        ),
        (message(bytes_property(0x1009, uncompressed(RICH))), "Kære desk", None),
        (message(bytes_property(0x1009, uncompressed(RICH_HTML))), "Kære desk", "<p>Kære desk"),
        (winmail() + attribute(0x0002800C, b"Hej\0"), "Hej", None),
    ],
)
def test_the_wrapped_text_is_shown_where_the_mail_has_none(content, text, html):
    wrapped = attached('filename="winmail.dat"', content, "application/ms-tnef")
    read = parse(multipart_mail(part("\r\n"), wrapped))
    assert (read.text, read.html) == (text, html)
    assert parse(multipart_mail(part("Se her"), wrapped)).text == "Se her"


def test_wrapped_files_and_text_are_found_in_one_wrapping():
    content = WINMAIL + message(text_property(0x1000, "Se her"))[6:]
    read = parse(multipart_mail(attached('filename="winmail.dat"', content)))
    assert read.text == "Se her"
    assert [file.filename for file in read.attachments] == ["kravspecifikation å.pdf", "læs.txt"]


@unhurried
@given(st.integers(0, 200), st.binary(min_size=1, max_size=8))
def test_a_damaged_text_is_read_as_far_as_it_goes(place, noise):
    whole = message(text_property(0x1000, "Kære desk"), bytes_property(0x1009, uncompressed(RICH)))
    text, html = wrapped_text(whole[:place] + noise + whole[place + len(noise) :])
    (text + (html or "")).encode()
