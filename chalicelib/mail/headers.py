"""Header fields: finding them in raw bytes, and reading the values that clients write.

Everything is capped before it is looked at closely: a header is the cheapest place to hide a mail
that costs minutes. Nothing here knows of bodies; addresses have a module of their own.
"""

from __future__ import annotations

import binascii
import re
import string
import urllib.parse
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from chalicelib.mail import charsets

MAX_BLOCK = 256 * 1024  # bytes of one header block that are read
MAX_FIELDS = 1000  # of a mail
MAX_PART_FIELDS = 100
MAX_VALUE = 64 * 1024  # bytes of one value; an address list or References may be long
MAX_STRUCTURED = 8 * 1024
MAX_PARAMETERS = 100
MAX_IDS = 200
MAX_PIECES = 200_000  # of base64 that was padded in its midst
MAX_LINE = 998  # characters of a text header that are kept

_FIELD = re.compile(rb"([!-9;-~]{1,100})[ \t]*:((?:[^\n]*+)(?:\n[ \t][^\n]*+)*+)\n?")
_MAILBOX_LINE = re.compile(rb">?From [^\n]*\n")
_STRAY = re.compile(
    rb"[^\r\n][^\n]*\n(?=(?:from|to|cc|subject|date|message-id|mime-version|content-type)[ \t]*:)",
    re.IGNORECASE,
)
_BLANK_LINE = re.compile(rb"\n\r?\n")
_BREAKS = re.compile(r"[\x00-\x1f\x7f\x80-\x9f\u2028\u2029]+")
_SPACES = re.compile(r"[ \t]{2,}")
# Programs that know of no encoding but the name write raw letters into a word.
_RAW_WORD = re.compile(rb"(=\?[^?\s]{1,90}\?[qQ]\?)([^?]*+(?:\?(?!=)[^?]*+){0,3})(?=\?=)")
_RAW_LETTER = re.compile(rb"[\x80-\xff]")
# Some clients leave a question mark in an encoded word as it is.
_WORD = re.compile(
    r"=\?([^?\s*]{1,60})(?:\*[^?\s]{0,30})?\?([bBqQ])\?([^?]*+(?:\?(?!=)[^?]*+){0,3})\?="
)
_ID = re.compile(r"<([^<>]{1,500})>")
_BARE_ID = re.compile(r"[^\s<>,;]{1,200}@[^\s<>,;]{1,200}")
_PARAMETER = re.compile(
    r"(?<![^;\s])([^\s=;\"()<>@,:\\/\[\]?*]{1,60}+)(\*\d{0,3}\*?)?\s*+=\s*+"
    r"(?:\"((?:[^\"\\]++|\\.)*+)\"?|([^;\s]*+(?:[ \t]+[^;\s=]+(?=[ \t;]|$))*))",
    re.DOTALL,
)
_NOT_BASE64 = bytes(set(range(256)) - set(string.ascii_letters.encode() + b"0123456789+/"))
_GOES_ON = re.compile(rb"=[ \t\r\n]*+(?=[A-Za-z0-9+/])")
_PIECES = re.compile(rb"[A-Za-z0-9+/= \t\r\n]*+")
_TYPE = re.compile(r"\s*([\w.+-]{1,80})\s*/\s*([\w.+-]{1,127})", re.ASCII)


class Headers:
    """The fields of one block. Names are case-insensitive; values are bytes until they are read.

    Raw letters that are not UTF-8 are guessed, by `hint` first: the charset that the mail declares.
    """

    __slots__ = ("_fields", "_is_strict", "hint")

    def __init__(self) -> None:
        self._fields: dict[str, list[bytes]] = {}
        self._is_strict = False
        self.hint: str | None = None

    def strict(self) -> Headers:
        """The same fields, with U+FFFD for each byte that would have to be guessed."""
        strict = Headers()
        strict._fields, strict._is_strict = self._fields, True
        return strict

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def names(self) -> Iterator[str]:
        return iter(self._fields)

    def add(self, name: bytes, value: bytes) -> None:
        self._fields.setdefault(name.decode("ascii").lower(), []).append(value[:MAX_VALUE])

    def every(self, name: str) -> list[str]:
        """All values of a field in order, unfolded and in one line, encoded words untouched."""
        return [self._one_line(value) for value in self._fields.get(name, ())]

    def first(self, name: str) -> str:
        """The first value of a field, unfolded; empty when it is missing."""
        values = self._fields.get(name)
        return self._one_line(values[0]) if values else ""

    def structured(self, name: str) -> tuple[str, dict[str, str]]:
        """The first value of a field as its head and its parameters."""
        return self._structured(self._fields.get(name, [])[:1])

    def last_structured(self, name: str) -> tuple[str, dict[str, str]]:
        """The last value of a field as its head and its parameters."""
        return self._structured(self._fields.get(name, [])[-1:])

    def _structured(self, values: list[bytes]) -> tuple[str, dict[str, str]]:
        for value in values:
            return split_parameters(self._one_line(value[:MAX_STRUCTURED]))
        return "", {}

    def text(self, name: str) -> str:
        """The first value of a field for people to read: decoded, one line, bounded."""
        values = self._fields.get(name)
        return one_line(decode_words(self._one_line(values[0])))[:MAX_LINE] if values else ""

    def _one_line(self, value: bytes) -> str:
        if not value.isascii():
            value = _RAW_WORD.sub(_with_encoded_letters, value)
        guess = not self._is_strict
        text = charsets.decode(value, None, self.hint) if guess else charsets.decode_strictly(value)
        return _BREAKS.sub(" ", text).strip()


def _with_encoded_letters(word: re.Match[bytes]) -> bytes:
    return word[1] + _RAW_LETTER.sub(lambda letter: b"=%02X" % letter[0][0], word[2])


def read_headers(
    raw: bytes, start: int, end: int, fields: int = MAX_PART_FIELDS
) -> tuple[Headers, int]:
    """The header block in raw[start:end], up to so many fields, and where the body begins."""
    headers = Headers()
    limit = min(end, start + MAX_BLOCK)
    mailbox_line = _MAILBOX_LINE.match(raw, start, limit)
    position = mailbox_line.end() if mailbox_line else start
    for count in range(fields):
        field = _FIELD.match(raw, position, limit)
        if field is None and count:
            # A broken line does not end the block when a header that everybody knows follows it.
            stray = _STRAY.match(raw, position, limit)
            field = _FIELD.match(raw, stray.end(), limit) if stray else None
        if field is None:
            is_cut = position == limit < end
            break
        headers.add(field[1], field[2])
        position = field.end()
    else:
        is_cut = True
    return headers, _body_start(raw, position, end, is_cut=is_cut)


def _body_start(raw: bytes, position: int, end: int, *, is_cut: bool) -> int:
    if is_cut:
        blank_line = _BLANK_LINE.search(raw, max(position - 1, 0), end)
        return blank_line.end() if blank_line else position
    for blank in (b"\n", b"\r\n"):
        if raw.startswith(blank, position, end):
            return position + len(blank)
    return position


def one_line(text: str) -> str:
    """The text without line breaks, controls and runs of blanks."""
    return _SPACES.sub(" ", _BREAKS.sub(" ", charsets.storable(text))).strip()


def decode_words(value: str) -> str:
    """The value with its encoded words (RFC 2047) decoded; neighbours of one charset join first."""
    if "=?" not in value:
        return value
    out: list[str] = []
    pending: list[bytes] = []
    charset, end = "", 0
    for word in _WORD.finditer(value):
        between = value[end : word.start()]
        is_next = bool(pending) and not between.strip()
        if not is_next or word[1].lower() != charset:
            out.append(charsets.decode(b"".join(pending), charset))
            pending = []
            out.append("" if is_next else between)
        charset, end = word[1].lower(), word.end()
        pending.append(_word_bytes(word[2], word[3]))
    out += [charsets.decode(b"".join(pending), charset), value[end:]]
    return "".join(out)


def _word_bytes(encoding: str, encoded: str) -> bytes:
    content = encoded.encode("utf-8", "replace")
    if encoding in "bB":
        return decode_base64(content)
    return binascii.a2b_qp(content, header=True)


def decode_base64(content: bytes | memoryview) -> bytes:
    """What can be read of this base64, however it was cut or padded."""
    padding = _GOES_ON.search(content)
    if padding is None or not _PIECES.fullmatch(content, padding.end()):
        return _decode_piece(content)
    # Encoded piece by piece; what follows the padding is as much part of it.
    pieces = bytes(content).split(b"=", MAX_PIECES)
    return b"".join(map(_decode_piece, pieces))


def _decode_piece(content: bytes | memoryview) -> bytes:
    try:
        return binascii.a2b_base64(content)
    except binascii.Error:
        kept = bytes(content).translate(None, _NOT_BASE64)
        # One left-over character carries no whole byte.
        kept = kept[: len(kept) - (len(kept) % 4 == 1)]
        return binascii.a2b_base64(kept + b"=" * (-len(kept) % 4))


def message_ids(values: list[str]) -> tuple[str, ...]:
    """The distinct ids in these values, in order, without their brackets.

    Some programs fold a long id by writing it as encoded words, which no standard allows.
    """
    found: dict[str, None] = {}
    for value in map(decode_words, values):
        ids = _ID.findall(value) if "<" in value else _BARE_ID.findall(value)
        found.update(dict.fromkeys(re.sub(r"\s+", "", text) for text in ids))
    ids = list(found)
    # The first names the start of the conversation, the last ones are the nearest mails.
    return tuple(ids if len(ids) <= MAX_IDS else [ids[0], *ids[1 - MAX_IDS :]])


def read_date(value: str) -> datetime | None:
    """The moment a Date header names, in UTC; None when it names none."""
    try:
        moment = parsedate_to_datetime(value[:100])
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def split_parameters(value: str) -> tuple[str, dict[str, str]]:
    """A structured value as its lower-case head and its parameters, RFC 2231 and 2047 decoded."""
    kind = _TYPE.match(value)
    head = f"{kind[1]}/{kind[2]}" if kind else re.split(r"[;\s]", value.strip(), maxsplit=1)[0]
    rest = value[kind.end() :] if kind else value.strip()[len(head) :]
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for count, found in enumerate(_PARAMETER.finditer(rest)):
        if count >= MAX_PARAMETERS:
            break
        name, star = found[1].lower(), found[2] or ""
        text = re.sub(r"\\([\"\\])", r"\1", found[3]) if found[3] is not None else found[4]
        if not star:
            plain.setdefault(name, text)
            continue
        index = star.strip("*")
        is_encoded = star.endswith("*")
        pieces.setdefault(name, {}).setdefault(int(index or 0), (text, is_encoded))
    decoded = {name: decode_words(text) for name, text in plain.items()}
    # The extended form is there for whoever understands it: it wins over the plain one.
    decoded.update((name, _joined(found)) for name, found in pieces.items())
    return head.lower(), {name: one_line(text) for name, text in decoded.items()}


def _joined(pieces: dict[int, tuple[str, bool]]) -> str:
    """A parameter that RFC 2231 has split into numbered, partly percent-encoded pieces."""
    charset, content = None, b""
    for place, index in enumerate(sorted(pieces)):
        text, is_encoded = pieces[index]
        if is_encoded and place == 0 and text.count("'") > 1:
            charset, _, text = text.split("'", 2)
        raw = text.encode("utf-8", "replace")
        content += urllib.parse.unquote_to_bytes(raw) if is_encoded else raw
    return charsets.decode(content, charset or None)
