"""One part of an export, packed: a zip whose bytes depend on nothing but what is in it. Pure.

Rows are collected in memory and written at the end; files go to disk one by one.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from types import TracebackType
from typing import Any, Self

# A zip holds no dates before 1980; a fixed one keeps equal contents equal.
EPOCH = (1980, 1, 1, 0, 0, 0)
READABLE = 0o644 << 16


def canonical(value: object) -> str:
    """JSON in one line, always the same for the same value."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True, slots=True)
class Limits:
    """When a part is full: by rows, or by bytes before they are packed."""

    rows: int = 5_000
    size: int = 50_000_000


@dataclass
class Bundle:
    """A part that is being written: a context, inside of which it has a file on disk."""

    limits: Limits
    counts: Counter[str] = field(default_factory=Counter)
    size: int = 0
    members: list[dict[str, Any]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    rows: dict[str, list[bytes]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self._file = TemporaryFile()
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_DEFLATED)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._zip.close()
        self._file.close()

    @property
    def is_empty(self) -> bool:
        return not self.rows

    @property
    def is_full(self) -> bool:
        return self.size >= self.limits.size or self._row_count >= self.limits.rows

    @property
    def _row_count(self) -> int:
        return sum(map(len, self.rows.values()))

    def add_row(self, entity: str, row: Mapping[str, Any]) -> None:
        line = f"{canonical(row)}\n".encode()
        self.rows.setdefault(entity, []).append(line)
        self.counts[entity] += 1
        self.size += len(line)

    def add_file(self, name: str, content: bytes) -> None:
        self.size += len(content)
        self.counts["files"] += 1
        self._write(name, content)

    def miss_file(self, name: str) -> None:
        """Note a file that a row names and the store has not."""
        self.counts["missing"] += 1
        self.missing.append(name)

    def has_file(self, name: str) -> bool:
        """Whether the part has it already: several articles may name one file of the desk's."""
        return name in self._zip.NameToInfo or name in self.missing

    def _write(self, name: str, content: bytes) -> None:
        member = zipfile.ZipInfo(name, EPOCH)
        member.compress_type = zipfile.ZIP_DEFLATED
        member.external_attr = READABLE
        self._zip.writestr(member, content)
        self.members.append({"name": name, "bytes": len(content), "sha256": sha256(content)})

    def close(self, name: str) -> tuple[bytes, dict[str, Any]]:
        """The finished zip, and its description for the manifest; nothing can be added any more."""
        for entity in sorted(self.rows):
            self._write(f"{entity}.ndjson", b"".join(self.rows[entity]))
        self._zip.close()
        self._file.seek(0)
        content = self._file.read()
        description = {
            "name": name,
            "bytes": len(content),
            "sha256": sha256(content),
            "counts": dict(self.counts),
            "members": self.members,
            "missing": self.missing,
        }
        return content, description
