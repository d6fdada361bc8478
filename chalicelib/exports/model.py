"""An export: how far it is, and the names of its files. Pure.

What the rows of its files look like is in `rows`, how a part is packed in `bundle`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

FORMAT = "skranke-export"
FORMAT_VERSION = 1
# Longer than the function may run: whoever held an ended lease is surely gone.
LEASE = timedelta(minutes=16)
# The bus takes a second; after this it has lost the fact.
OVERDUE = timedelta(minutes=5)
ATTEMPTS = 5
# The files expire after thirty days, so the job need not stay longer.
LIFE = timedelta(days=30)


class State(StrEnum):
    REQUESTED = "requested"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        return self in {State.DONE, State.FAILED}


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last place that is written: a stage, in tickets a number, and a sort key there."""

    stage: str = "tickets"
    number: int = 0
    after: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A file of a finished export, and where it can be fetched for five minutes."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Export:
    """One export. It holds what was written up to `requested_at` on tickets up to `last_number`.

    `parts` is how many parts are written, `attempt` how often the next one was given up. `seq` and
    `chain` are the place and hash of its last ledger entry.
    """

    id: str
    requested_by: str
    requested_at: datetime
    last_number: int
    state: State = State.REQUESTED
    cursor: Cursor = Cursor()
    parts: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    size: int = 0
    attempt: int = 0
    lease_until: datetime | None = None
    reason: str | None = None
    manifest_sha256: str | None = None
    seq: int = 0
    chain: bytes = b"\0" * 32
    links: tuple[Link, ...] = ()

    @property
    def next_part(self) -> int:
        return self.parts + 1

    def is_left(self, now: datetime) -> bool:
        """Whether nobody works on what is still to do."""
        is_held = self.lease_until is not None and self.lease_until > now
        return not self.state.is_final and not is_held

    def with_part(self, counts: Mapping[str, int], size: int) -> Export:
        """The export with one more part of so many bytes."""
        total = {
            name: self.counts.get(name, 0) + counts.get(name, 0)
            for name in sorted({*self.counts, *counts})
        }
        return replace(self, parts=self.next_part, counts=total, size=self.size + size)

    def given_back(self, **changed: Any) -> Export:
        """The export as it stands between two parts."""
        return replace(self, **{"lease_until": None, "attempt": 0, **changed})

    def file(self, name: str) -> str:
        """The storage key of one of its files."""
        return f"exports/{self.id}/{name}"

    def to_json(self) -> dict[str, Any]:
        """What programs see of it."""
        return {
            "id": self.id,
            "state": self.state.value,
            "requested_at": f"{self.requested_at:%Y-%m-%dT%H:%M:%S.%fZ}",
            "last_number": self.last_number,
            "counts": dict(self.counts),
            "parts": self.parts,
            "bytes": self.size,
            "manifest_sha256": self.manifest_sha256,
            "reason": self.reason,
            "files": [{"name": link.name, "url": link.url} for link in self.links],
        }


MANIFEST = "manifest.json"


def part_name(part: int) -> str:
    """The file of a part; beside it lies a description, under the same name with `.json`."""
    return f"part-{part:04d}.zip"


def description_name(part: int) -> str:
    return f"part-{part:04d}.json"


def manifest(export: Export, tenant: str, parts: list[dict[str, Any]]) -> dict[str, Any]:
    """What the whole bundle consists of, so that anybody can check that it is complete."""
    return {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "tenant": tenant,
        "export": export.id,
        "cut_off": {"at": export.requested_at.isoformat(), "number": export.last_number},
        "counts": dict(export.counts),
        "bytes": export.size,
        "parts": parts,
    }
