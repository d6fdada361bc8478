"""Facts as they are stored, and back: also those of a later version."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

# All of them, so that every fact is known by its name.
from chalicelib.facts import desk, outside, people, promises, routing, rules, tickets  # noqa: F401
from chalicelib.facts.base import PERSONAL, Fact


@dataclass(frozen=True)
class UnknownFact(Fact):
    """A fact from a later version: carried on untouched, understood by nobody here."""

    name: str
    payload: dict[str, Any] = field(default_factory=dict, metadata=PERSONAL)

    @property
    def type(self) -> str:
        return self.name

    def to_payload(self) -> dict[str, Any]:
        return dict(self.payload)

    def to_detail(self) -> dict[str, Any]:
        return {}


TYPES: dict[str, type[Fact]] = {
    kind.__name__: kind for kind in Fact.__subclasses__() if kind is not UnknownFact
}


def from_payload(payload: dict[str, Any]) -> Fact:
    """The fact that was stored, or an UnknownFact: fields of a later version are left out."""
    kind = TYPES.get(str(payload.get("type")))
    if kind is None:
        return UnknownFact(name=str(payload.get("type")), payload=payload)
    known = {f.name for f in fields(kind)}
    try:
        return kind(**{k: v for k, v in payload.items() if k in known})
    except TypeError:
        return UnknownFact(name=str(payload["type"]), payload=payload)
