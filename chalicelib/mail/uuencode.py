"""Files written as letters in the manner of Unix: as a transfer encoding, or amid a text."""

import binascii
import re
from itertools import islice

from chalicelib.mail.charsets import decode

MAX_LINES = 250_000  # of 45 bytes each, which is a file of 11 MB
MAX_SEARCHED = 16_000_000  # bytes of a text that may hold files
MAX_FILES = 50  # in one text

_BEGIN = re.compile(rb"^begin [^\n]*\n", re.MULTILINE)
_END = re.compile(rb"^end[ \t\r]*+$", re.MULTILINE)
_LINE = rb"[!-M][ -`]{1,84}[ \t]*+\r?\n"
_FILE = re.compile(
    rb"^begin [0-7]{3,4} ([^\r\n]{1,200})\r?\n((?:%b)++)(?:[ `][ \t]*+)?(?:\r?\n)?end[ \t\r]*+$"
    % _LINE,
    re.MULTILINE,
)


def decode_body(body: bytes) -> bytes:
    """The content of an encoded body; lines that are damaged are left out."""
    begin = _BEGIN.search(body)
    end = _END.search(body, begin.end() if begin else 0)
    encoded = body[begin.end() if begin else 0 : end.start() if end else None]
    lines = encoded.split(b"\n", MAX_LINES)[:MAX_LINES]
    return b"".join(_bytes_of(line) or b"" for line in lines)


def files_in(content: bytes) -> list[tuple[str, bytes]]:
    """The whole files that are written into a text, by name."""
    if len(content) > MAX_SEARCHED:
        return []
    files: list[tuple[str, bytes]] = []
    for found in islice(_FILE.finditer(content), MAX_FILES):
        lines = found[2].splitlines()
        pieces = [_whole(line) for line in lines] if len(lines) <= MAX_LINES else [None]
        if None not in pieces:
            files.append((decode(found[1].strip()), b"".join(filter(None, pieces))))
    return files


def _bytes_of(line: bytes) -> bytes | None:
    is_encoded = bool(line.strip()) and line[0] <= ord("`")
    try:
        return binascii.a2b_uu(line) if is_encoded else None
    except binascii.Error:
        return None


def _whole(line: bytes) -> bytes | None:
    """The bytes of a line that is as long as it says."""
    is_whole = len(line) > (line[0] - 32 + 2) // 3 * 4
    return _bytes_of(line) if is_whole else None
