"""Outlook's rich text, as far as a mail hides its words in it: unpacked, then read.

Follows MS-OXRTFCP for the packing and MS-OXRTFEX for the HTML that Outlook keeps inside. Fonts,
colours and pictures are of no interest here.
"""

import re
import struct
from typing import NamedTuple

from chalicelib.mail.charsets import codec_of, decode, storable

MAX_PACKED = 250_000  # bytes
MAX_RTF = 600_000  # bytes; a packed byte stands for nine at most
MAX_TOKENS = 60_000
MAX_SKIPPED = 8  # characters that stand in for one of Unicode

_PACKED, _PLAIN = b"LZFu", b"MELA"
_WINDOW = 4096
# What every packed text may refer to from its first byte on; the format prescribes it.
_KNOWN = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript "
    rb"\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,9})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|([^\\{}\r\n]+)"
)
_SILENT = {
    "fonttbl", "colortbl", "stylesheet", "info", "pict", "object", "header", "footer", "filetbl",
    "listtable", "listoverridetable", "generator", "themedata", "datastore", "xmlnstbl",
}  # fmt: skip
_SIGNS = {
    "par": "\n", "line": "\n", "row": "\n", "sect": "\n", "page": "\n", "tab": "\t", "cell": "\t",
    "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "bullet": "•",
    "endash": "–", "emdash": "—",
}  # fmt: skip
_SYMBOLS = {b"~": "\xa0", b"_": "-", b"\n": "\n", b"\r": "\n"}


def unpacked(content: bytes) -> bytes:
    """The rich text in a compressed property; what of it can be read."""
    if len(content) < struct.calcsize("<4I"):
        return b""
    kind, packed = content[8:12], content[16 : 16 + MAX_PACKED]
    if kind == _PLAIN:
        return packed
    return _inflated(packed) if kind == _PACKED else b""


def _inflated(packed: bytes) -> bytes:
    out = bytearray(_KNOWN)
    at, size = 0, len(packed)
    while at < size and len(out) < MAX_RTF:
        flags = packed[at]
        at += 1
        for bit in range(8):
            if not flags >> bit & 1:
                out += packed[at : at + 1]
                at += 1
                continue
            reference = int.from_bytes(packed[at : at + 2], "big")
            at += 2
            back = (len(out) - (reference >> 4)) % _WINDOW
            if not back or back > len(out) or at > size:
                return bytes(out[len(_KNOWN) :])
            length = (reference & 15) + 2
            # A copy may reach into what it writes itself: then it repeats.
            piece = out[len(out) - back :][:length]
            out += (piece * (length // len(piece) + 1))[:length]
    return bytes(out[len(_KNOWN) :])


class _State(NamedTuple):
    """What holds until the group closes."""

    is_silent: bool = False
    is_tag: bool = False  # HTML of the original, to be taken as it stands
    is_only_rtf: bool = False  # what stands for HTML that is there already
    stand_ins: int = 1  # characters that follow one of Unicode, for old readers


def read_rtf(content: bytes) -> tuple[str, str | None]:
    """The words of a rich text as plain text, or as the HTML that it was made of."""
    reader = _Reader()
    for count, token in enumerate(_TOKEN.finditer(content, 0, MAX_RTF)):
        if count >= MAX_TOKENS:
            break
        reader.take(token)
    text = reader.text()
    return ("", text) if reader.is_html else (text.strip("\n"), None)


class _Reader:
    def __init__(self) -> None:
        self.out: list[str] = []
        self.pending = bytearray()  # bytes of one charset, not yet characters
        self.codec = "cp1252"
        self.state = _State()
        self.around: list[_State] = []
        self.is_html = False
        self.to_skip = 0
        self.is_optional = False  # after "\*": a group for readers that know its name

    def text(self) -> str:
        self._flush()
        # A character beyond the first 65,536 is written as two halves.
        halves = "".join(self.out).encode("utf-16-le", "surrogatepass")
        return storable(halves.decode("utf-16-le", "replace"))

    def take(self, token: re.Match[bytes]) -> None:
        word, number, code, symbol, brace, plain = token.groups()
        if brace:
            self._group(is_open=brace == b"{")
        elif word:
            self._word(word.decode(), int(number) if number else None)
        elif symbol == b"*":
            self.is_optional = True
        elif symbol in _SYMBOLS:
            self._sign(_SYMBOLS[symbol])
        elif self.to_skip and not (plain and len(plain) > self.to_skip):
            self.to_skip -= 1 if not plain else len(plain)
        else:
            self._bytes(bytes.fromhex(code.decode()) if code else symbol or plain)

    def _group(self, *, is_open: bool) -> None:
        self.to_skip = 0
        if is_open:
            self.around.append(self.state)
        elif self.around:
            self.state = self.around.pop()

    def _word(self, word: str, number: int | None) -> None:
        is_optional, self.is_optional = self.is_optional, False
        if word == "htmltag" and self.is_html:
            self.state = self.state._replace(is_tag=True)
        elif word in _SILENT or is_optional:
            self.state = self.state._replace(is_silent=True)
        elif word in _SIGNS:
            self._sign(_SIGNS[word])
        elif word == "u" and number is not None:
            self._sign(chr(number & 0xFFFF))
            self.to_skip = self.state.stand_ins
        else:
            self._setting(word, number)

    def _setting(self, word: str, number: int | None) -> None:
        if word == "uc":
            stand_ins = min(max(number or 0, 0), MAX_SKIPPED)
            self.state = self.state._replace(stand_ins=stand_ins)
        elif word == "fromhtml":
            self.is_html = True
        elif word == "htmlrtf":
            self.state = self.state._replace(is_only_rtf=number != 0)
        elif word == "ansicpg" and number:
            self.codec = codec_of(f"cp{number}") or self.codec

    def _is_shown(self) -> bool:
        if self.state.is_tag:
            return True
        return not (self.state.is_silent or (self.is_html and self.state.is_only_rtf))

    def _sign(self, text: str) -> None:
        if self._is_shown():
            self._flush()
            self.out.append(text)

    def _bytes(self, content: bytes) -> None:
        skipped, self.to_skip = self.to_skip, 0
        if self._is_shown():
            self.pending += content[skipped:]

    def _flush(self) -> None:
        if self.pending:
            self.out.append(decode(bytes(self.pending), self.codec))
            self.pending.clear()
