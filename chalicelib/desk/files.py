"""Files that a desk sends along with its answers: the folder `files` beside its YAML. Pure.

    files:
      guide.pdf: {type: application/pdf, size: 48213, sha256: 9f86d081884c7d65...}

Nobody writes that section: it is made from the folder, and the bytes lie under their own digest
where no version ever changes them. So whoever names a file names these bytes, in an old version of
the desk as well, and an article that sent it keeps it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.desk.keys import (
    Key,
    Kind,
    Reading,
    any_name_of,
    from_text,
    keys_of,
    list_of,
    name_in,
    one_of,
    simple,
)

# Where the bytes lie in the bucket of files. Nothing else lies there, and nothing is deleted.
SHARED = "config/files/"
SIZE_LIMIT = 10_000_000
NAME_LIMIT = 100
# An article takes ten files in all.
ATTACH_LIMIT = 10
_DIGEST = r"[0-9a-f]{64}"
_OFFICE = "application/vnd.openxmlformats-officedocument"
_OPEN = "application/vnd.oasis.opendocument"
# What a mail program opens without running anything; of documents those without macros.
TYPES: Mapping[str, str] = {
    "pdf": "application/pdf",
    "txt": "text/plain",
    "csv": "text/csv",
    "ics": "text/calendar",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "docx": f"{_OFFICE}.wordprocessingml.document",
    "xlsx": f"{_OFFICE}.spreadsheetml.sheet",
    "pptx": f"{_OFFICE}.presentationml.presentation",
    "odt": f"{_OPEN}.text",
    "ods": f"{_OPEN}.spreadsheet",
    "odp": f"{_OPEN}.presentation",
}


@dataclass(frozen=True, slots=True)
class File:
    """One file of the desk's; `size` in bytes."""

    name: str
    content_type: str
    size: int
    sha256: str

    @property
    def key(self) -> str:
        """Where its bytes lie."""
        return f"{SHARED}{self.sha256}"


def type_of(name: str) -> str | None:
    """The type of a file by the ending of its name; None for one that is not sent."""
    return TYPES.get(name.rpartition(".")[2].lower()) if "." in name else None


def _name(text: str) -> str:
    if len(text) > NAME_LIMIT or not text.isprintable() or {"/", "\\"} & set(text):
        raise ValueError(f"a file has a name of at most {NAME_LIMIT} characters, without slashes")
    if type_of(text) is None:
        known = ", ".join(TYPES)
        raise ValueError(f"is of no kind that is sent: the name ends in one of {known}")
    return text


def _size(value: Any) -> int:
    if type(value) is not int or value < 1:
        raise ValueError("is empty")
    if value > SIZE_LIMIT:
        raise ValueError(f"has more than {SIZE_LIMIT} bytes")
    return value


def _digest(text: str) -> str:
    if not re.fullmatch(_DIGEST, text):
        raise ValueError("is no digest")
    return text


def _files(kind: Kind) -> Kind:
    def read(value: Any, at: str, reading: Reading) -> dict[str, File]:
        so_far = len(reading.problems)
        found = kind.read(value, at, reading)
        if len(reading.problems) > so_far:
            return {}
        return {
            name: File(name, one["type"], one["size"], one["sha256"]) for name, one in found.items()
        }

    return Kind(kind.schema, read)


def _attach(value: Any, at: str, reading: Reading) -> tuple[str, ...]:
    names: tuple[str, ...] = _NAMES.read(value, at, reading)
    if len(names) > ATTACH_LIMIT:
        reading.problems[at] = f"at most {ATTACH_LIMIT} files"
    if len(set(names)) < len(names):
        reading.problems[at] = "names a file twice"
    return names


FILES = _files(
    any_name_of(
        from_text(_name),
        keys_of(
            (
                Key("type", one_of(sorted(set(TYPES.values()))), "Its type.", is_required=True),
                Key("size", simple(_size), "How many bytes it has.", is_required=True),
                Key("sha256", from_text(_digest), "Its digest.", is_required=True),
            )
        ),
    )
)
_NAMES = list_of(name_in("files"))
ATTACH = Kind({**_NAMES.schema, "maxItems": ATTACH_LIMIT}, _attach)
