"""What every fact has."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

PERSONAL = {"personal": True}


@dataclass(frozen=True)
class Fact:
    """Base of all facts. `v` is the schema number of the payload."""

    v: ClassVar[int] = 1

    @property
    def type(self) -> str:
        return type(self).__name__

    def to_payload(self) -> dict[str, Any]:
        """Everything, for the ledger. Values are what JSON knows."""
        return {
            "type": self.type,
            "v": self.v,
            **{f.name: getattr(self, f.name) for f in _own(self)},
        }

    def to_detail(self) -> dict[str, Any]:
        """What may leave the table: no personal field."""
        return {f.name: getattr(self, f.name) for f in _own(self) if not f.metadata.get("personal")}


def _own(fact: Fact) -> tuple[Any, ...]:
    return fields(fact)
