"""The files inside a "winmail.dat", the wrapping that Outlook puts around a mail of its own.

Follows MS-OXTNEF as far as attachments go; the text of such a mail has a part of its own.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.mail.charsets import decode

MAX_FILES = 100
MAX_ATTRIBUTES = 1000
MAX_PROPERTIES = 100  # of one file
MAX_VALUES = 5  # of one property

_SIGNATURE = 0x223E9F78
_NEW_FILE, _TITLE, _CONTENT, _PROPERTIES = 0x9002, 0x8010, 0x800F, 0x9005
_LONG_NAME, _MIME_TYPE, _CONTENT_ID = 0x3707, 0x370E, 0x3712
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
    try:
        for attribute, value in _attributes(_Reader(content)):
            if attribute == _NEW_FILE and len(files) < MAX_FILES:
                files.append(WrappedFile())
            elif files:
                _describe(files[-1], attribute, value)
    except struct.error:
        # It ends here, or was cut off: what came before is whole.
        pass
    return [file for file in files if file.content]


def _attributes(reader: _Reader) -> Iterator[tuple[int, bytes]]:
    if reader.number("I") != _SIGNATURE:
        return
    reader.number("H")
    for _ in range(MAX_ATTRIBUTES):
        reader.number("B")
        attribute = reader.number("I") & 0xFFFF
        value = reader.bytes(reader.number("I"))
        reader.number("H")
        yield attribute, value


def _describe(file: WrappedFile, attribute: int, value: bytes) -> None:
    if attribute == _CONTENT:
        file.content = value
    elif attribute == _TITLE:
        file.name = file.name or _text(_TEXT, value)
    elif attribute == _PROPERTIES:
        for key, text in _properties(_Reader(value)):
            if key == _LONG_NAME:
                file.name = text
            elif key == _MIME_TYPE:
                file.content_type = text
            elif key == _CONTENT_ID:
                file.content_id = text


def _properties(reader: _Reader) -> Iterator[tuple[int, str]]:
    """The properties that are texts, by their ids."""
    for _ in range(min(reader.number("I"), MAX_PROPERTIES)):
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
        for _value in range(count):
            length = reader.number("I") if size is None else size
            value = reader.bytes(_padded(length))[:length]
            if kind in {_TEXT, _UNICODE}:
                yield key, _text(kind, value)


def _padded(length: int) -> int:
    return length + -length % 4


def _text(kind: int, value: bytes) -> str:
    if kind == _UNICODE:
        return value.decode("utf-16-le", "replace").rstrip("\0")
    return decode(value.rstrip(b"\0"))
