"""The rich text of Outlook: its packing, its words, and the HTML inside it."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.mail.rtf import MAX_RTF, read_rtf, unpacked
from tests.unit.mail.samples import unhurried


def packed(content: bytes, kind: bytes = b"LZFu") -> bytes:
    return struct.pack("<II4sI", len(content) + 12, len(content), kind, 0) + content


def literal(content: bytes) -> bytes:
    """The content packed without a single reference."""
    pieces = (content[at : at + 8] for at in range(0, len(content), 8))
    return packed(b"".join(b"\0" + piece for piece in pieces))


def reference(offset: int, length: int) -> bytes:
    return struct.pack(">H", offset << 4 | length - 2)


def test_letters_stand_for_themselves():
    assert unpacked(literal(b"{\\rtf1 Hej med dig}")) == b"{\\rtf1 Hej med dig}"


def test_a_reference_repeats_what_every_rich_text_knows():
    content = bytes([0b11]) + reference(0, 6) + reference(6, 5)
    assert unpacked(packed(content)) == b"{\\rtf1\\ansi"


def test_a_reference_may_repeat_what_it_writes():
    start = 207
    content = bytes([0b110]) + b"a" + reference(start, 12) + reference(start + 13, 2)
    assert unpacked(packed(content)) == b"a" * 13


def test_what_is_not_packed_is_taken_as_it_is():
    assert unpacked(packed(b"{\\rtf1 Hej}", b"MELA")) == b"{\\rtf1 Hej}"


@pytest.mark.parametrize("content", [b"", b"short", packed(b"x", b"nope"), packed(b"")])
def test_what_is_no_packed_text_is_empty(content):
    assert unpacked(content) == b""


def test_what_grows_is_cut():
    grown = unpacked(packed(bytes([0b110]) + b"aa" + (b"\xff" + reference(208, 17) * 8) * 40_000))
    assert len(grown) <= MAX_RTF + 8 * 17


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (rb"{\rtf1 Hej\par med\line dig\tab nu}", "Hej\nmed\ndig\tnu"),
        (rb"{\rtf1\ansi\ansicpg1252 K\'e6re \'80}", "Kære €"),
        (rb"{\rtf1\ansi\ansicpg1251 \'cf\'f0\'e8}", "При"),
        (rb"{\rtf1\ansi\ansicpg932 \'83\'76}", "プ"),
        (rb"{\rtf1 \u230?re \uc0\u230 re {\uc2\u230\'61b}c}", "ære ære æc"),
        (rb"{\rtf1 \u-10179?\u-8704?}", "😀"),
        (rb"{\rtf1 \u-10179? alone}", "\ufffd alone"),
        (rb"{\rtf1{\fonttbl{\f0 Arial;}}{\*\generator Word}{\info{\author Bo}}Hej}", "Hej"),
        (rb"{\rtf1 a\{b\}\\c\~d\emdash e}", "a{b}\\c\xa0d—e"),
        (b"{\\rtf1 one\r\n two}", "one two"),
        (b"no rich text", "no rich text"),
        (b"}}}}{{{{\\", ""),
        (rb"{\rtf1 \'00a\u0?b}", "ab"),
    ],
)
def test_the_words_of_a_rich_text_are_read(written, text):
    assert read_rtf(written) == (text, None)


def test_the_html_inside_a_rich_text_is_found():
    written = (
        rb"{\rtf1\ansi\ansicpg1252\fromhtml1 {\fonttbl{\f0 Arial;}}"
        rb"{\*\htmltag19 <html>}{\*\htmltag64 <p>}\htmlrtf {\b \htmlrtf0 K\'e6re \{desk\}"
        rb"{\*\htmltag84 &nbsp;}\htmlrtf \'a0\par }\htmlrtf0 {\*\htmltag72 </p>\par}"
        rb"{\*\mhtmltag84 <a href=x>}}"
    )
    assert read_rtf(written) == ("", "<html><p>Kære {desk}&nbsp;</p>\n")


@unhurried
@given(st.binary(max_size=300))
def test_any_bytes_are_read(content):
    read_rtf(unpacked(packed(content)))[0].encode()
    text, html = read_rtf(content)
    (text + (html or "")).encode()


PIECES = (
    rb"{~}~\~\*~\htmltag ~\fromhtml1~\u-10179~\'ff~\uc~9~\ansicpg65001~\ansicpg1200"
    rb"~\htmlrtf~\info~x~\par"
).split(b"~")


@unhurried
@given(st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join))
def test_any_pieces_of_rich_text_are_read(content):
    text, html = read_rtf(content)
    (text + (html or "")).encode()
