"""The files and the text inside a "winmail.dat", which Outlook wraps around a mail of its own.

Follows MS-OXTNEF as far as these two go. The text mostly has a part of its own beside the wrapping.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.mail.charsets import codec_of, decode, storable
from chalicelib.mail.rtf import read_rtf, unpacked

MAX_FILES = 100
MAX_ATTRIBUTES = 1000
MAX_PROPERTIES = 20_000  # of one wrapping
MAX_VALUES = 100  # of one property

_SIGNATURE = 0x223E9F78
_NEW_FILE, _TITLE, _CONTENT, _PROPERTIES = 0x9002, 0x8010, 0x800F, 0x9005
_BODY, _MESSAGE, _CODE_PAGE = 0x800C, 0x9003, 0x9007
_LONG_NAME, _MIME_TYPE, _CONTENT_ID = 0x3707, 0x370E, 0x3712
_PLAIN_TEXT, _RICH_TEXT, _HTML_TEXT = 0x1000, 0x1009, 0x1013
_HTML_CODE_PAGE = 0x3FDE
# Bytes that a property of each fixed type takes; the others bring their length along.
_FIXED = {0x02: 4, 0x03: 4, 0x04: 4, 0x0A: 4, 0x0B: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x14: 8}
_FIXED |= {0x40: 8, 0x48: 16}
_TEXT, _UNICODE = 0x1E, 0x1F
_MANY = 0x1000  # flag of a type: several values
_NAMED = 0x8000  # from here on, a property is named by a GUID


@dataclass(slots=True)
class WrappedFile:
    """A file as Outlook describes it; what it does not say is empty."""

    name: str = ""
    content_type: str = ""
    content_id: str = ""
    content: bytes = b""


class _Reader:
    """Little-endian numbers and byte strings, one after the other."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.at = 0

    def number(self, layout: str) -> int:
        (value,) = struct.unpack_from(f"<{layout}", self.content, self.at)
        self.at += struct.calcsize(f"<{layout}")
        return int(value)

    def bytes(self, length: int) -> bytes:
        if length > len(self.content) - self.at:
            raise struct.error
        self.at += length
        return self.content[self.at - length : self.at]


def wrapped_files(content: bytes) -> list[WrappedFile]:
    """The files in these bytes, as many as can be read."""
    files: list[WrappedFile] = []
    left = MAX_PROPERTIES
    for attribute, value in _attributes(content):
        if attribute == _NEW_FILE and len(files) < MAX_FILES:
            files.append(WrappedFile())
        elif files and attribute == _PROPERTIES:
            properties = _properties(value, left)
            left -= len(properties)
            _describe(files[-1], properties)
        elif files and attribute == _CONTENT:
            files[-1].content = value
        elif files and attribute == _TITLE:
            files[-1].name = files[-1].name or _text(_TEXT, value)
    return [file for file in files if file.content]


def wrapped_text(content: bytes) -> tuple[str, str | None]:
    """The text of the wrapped mail, and its HTML if it has any."""
    plain, charset = "", None
    found: dict[int, tuple[int, bytes]] = {}
    for attribute, value in _attributes(content):
        if attribute == _CODE_PAGE:
            charset = f"cp{int.from_bytes(value[:4], 'little')}"
        elif attribute == _BODY:
            plain = _text(_TEXT, value, charset)
        elif attribute == _MESSAGE:
            found.update((key, (kind, text)) for key, kind, text in _properties(value))
    if _PLAIN_TEXT in found:
        plain = _text(*found[_PLAIN_TEXT], charset)
    plain = plain.replace("\r\n", "\n").replace("\r", "\n")
    if _HTML_TEXT in found:
        _, page = found.get(_HTML_CODE_PAGE, (0, b""))
        named = f"cp{int.from_bytes(page, 'little')}"
        return plain, _text(*found[_HTML_TEXT], named if codec_of(named) else charset)
    if _RICH_TEXT in found:
        text, html = read_rtf(unpacked(found[_RICH_TEXT][1]))
        return plain or text, html
    return plain, None


def _attributes(content: bytes) -> Iterator[tuple[int, bytes]]:
    reader = _Reader(content)
    try:
        if reader.number("I") != _SIGNATURE:
            return
        reader.number("H")
        for _ in range(MAX_ATTRIBUTES):
            reader.number("B")
            attribute = reader.number("I") & 0xFFFF
            value = reader.bytes(reader.number("I"))
            reader.number("H")
            yield attribute, value
    except struct.error:
        # It ends here, or was cut off: what came before is whole.
        return


def _describe(file: WrappedFile, properties: list[tuple[int, int, bytes]]) -> None:
    for key, kind, value in properties:
        if key == _LONG_NAME:
            file.name = _text(kind, value)
        elif key == _MIME_TYPE:
            file.content_type = _text(kind, value)
        elif key == _CONTENT_ID:
            file.content_id = _text(kind, value)


def _properties(content: bytes, limit: int = MAX_PROPERTIES) -> list[tuple[int, int, bytes]]:
    """Key, type and value of the properties that can be read, up to `limit`."""
    reader = _Reader(content)
    found: list[tuple[int, int, bytes]] = []
    try:
        for _ in range(min(reader.number("I"), limit)):
            found += _property(reader)
    except struct.error:
        pass
    return found[:limit]


def _property(reader: _Reader) -> list[tuple[int, int, bytes]]:
    kind, key = reader.number("H"), reader.number("H")
    if key >= _NAMED:
        reader.bytes(16)
        is_named_by_text = reader.number("I")
        number = reader.number("I")
        reader.bytes(_padded(number) if is_named_by_text else 0)
    size = _FIXED.get(kind & ~_MANY)
    count = reader.number("I") if kind & _MANY or size is None else 1
    if count > MAX_VALUES:
        raise struct.error
    lengths = (reader.number("I") if size is None else size for _ in range(count))
    values = [reader.bytes(_padded(length))[:length] for length in lengths]
    return [(key, kind, value) for value in values]


def _padded(length: int) -> int:
    return length + -length % 4


def _text(kind: int, value: bytes, charset: str | None = None) -> str:
    if kind == _UNICODE:
        return storable(value.decode("utf-16-le", "replace"))
    return decode(value.rstrip(b"\0"), charset)
