"""The part tree of a mail: where each part begins and ends in the raw bytes.

One forward scan; nothing is decoded or copied here. Embedded mails stay closed.
"""

import re
from dataclasses import dataclass, field

from chalicelib.mail.headers import (
    MAX_FIELDS,
    MAX_PART_FIELDS,
    Headers,
    read_headers,
)

MAX_PARTS = 500
MAX_DEPTH = 40
MAX_LINES = 20_000  # lines that look like a delimiter, per mail
MAX_BOUNDARY = 200

_FIRST_DELIMITER = re.compile(
    rb"\s*--([^\r\n]{1,200}?)[ \t]*\r?\n(?:content-|\r?\n)", re.IGNORECASE
)
_LINE_REST = re.compile(rb"(--)?[ \t]*(?:\r?\n|\Z)")


@dataclass(slots=True)
class Part:
    """One node: raw[start:end] is its body, still transfer-encoded."""

    headers: Headers
    content_type: str
    parameters: dict[str, str]
    disposition: str
    disposition_parameters: dict[str, str]
    start: int
    end: int
    children: list["Part"] = field(default_factory=list)

    @property
    def is_multipart(self) -> bool:
        return self.content_type.startswith("multipart/")


@dataclass(slots=True)
class _Open:
    """A multipart whose closing delimiter has not been seen, and its next delimiter line."""

    part: Part
    needle: bytes
    at: int = -1  # where that line begins; len(raw) when there is none
    line_end: int = 0
    is_closing: bool = False


def read_structure(raw: bytes) -> Part:
    """The root part; a mail of unsound structure has fewer parts, never none."""
    return _Scan(raw).run()


class _Scan:
    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.size = len(raw)
        self.open: list[_Open] = []
        self.parts = 0
        self.lines = MAX_LINES

    def run(self) -> Part:
        root = self._part_at(0, self.size, "text/plain")
        current: Part | None = root
        level, delimiter = self._next(root.start)
        while delimiter is not None and self.parts < MAX_PARTS:
            if current is not None and current is not delimiter.part:
                current.end = self._before_line(current.start, delimiter.at)
            for inner in self.open[level + 1 :]:
                inner.part.end = self._before_line(inner.part.start, delimiter.at)
            position = delimiter.line_end
            if delimiter.is_closing:
                del self.open[level:]
                current = None
            else:
                del self.open[level + 1 :]
                current = self._child(delimiter.part, position)
                position = current.start
            level, delimiter = self._next(position)
        return root

    def _child(self, parent: Part, position: int) -> Part:
        _, following = self._next(position)
        end = following.at if following else self.size
        default = "message/rfc822" if parent.content_type == "multipart/digest" else "text/plain"
        child = self._part_at(position, end, default)
        parent.children.append(child)
        return child

    def _part_at(self, position: int, end: int, default: str) -> Part:
        self.parts += 1
        fields = MAX_FIELDS if self.parts == 1 else MAX_PART_FIELDS
        headers, start = read_headers(self.raw, position, end, fields)
        # Of several types the last one counts, as a gateway that corrects a part appends its own;
        # of the whole mail the first, as for most who checked the mail before us.
        is_root = self.parts == 1
        typed = headers.structured if is_root else headers.last_structured
        kind, parameters = typed("content-type")
        shown, shown_parameters = headers.structured("content-disposition")
        kind = kind if "/" in kind else default
        # Until a delimiter says otherwise, a part reaches to the end of the mail.
        part = Part(headers, kind, parameters, shown, shown_parameters, start, self.size)
        if part.is_multipart and len(self.open) < MAX_DEPTH:
            boundary = self._boundary(part)
            if boundary:
                self.open.append(_Open(part, b"--" + boundary))
        return part

    def _boundary(self, part: Part) -> bytes:
        boundary = part.parameters.get("boundary", "").encode("utf-8", "replace")
        if boundary:
            return boundary if len(boundary) <= MAX_BOUNDARY else b""
        guess = _FIRST_DELIMITER.match(self.raw, part.start)
        return guess[1] if guess else b""

    def _next(self, position: int) -> tuple[int, _Open | None]:
        """The nearest delimiter line at or after `position`; of two on one line, the inner one."""
        level, nearest = -1, None
        for index, candidate in enumerate(self.open):
            if candidate.at < position:
                self._advance(candidate, position)
            if candidate.at < self.size and (nearest is None or candidate.at <= nearest.at):
                level, nearest = index, candidate
        return level, nearest

    def _advance(self, candidate: _Open, position: int) -> None:
        line = b"\n" + candidate.needle
        at = self.raw.find(line, max(position - 1, 0))
        while at >= 0 and self.lines > 0:
            self.lines -= 1
            rest = _LINE_REST.match(self.raw, at + len(line))
            if rest:
                candidate.at, candidate.line_end = at + 1, rest.end()
                candidate.is_closing = rest[1] is not None
                return
            at = self.raw.find(line, at + 1)
        candidate.at = self.size

    def _before_line(self, start: int, at: int) -> int:
        """Where a body ends whose delimiter line begins at `at`: the line break is not its own."""
        if at > start and self.raw.startswith(b"\n", at - 1):
            at -= 1
            at -= at > start and self.raw.startswith(b"\r", at - 1)
        return max(at, start)
