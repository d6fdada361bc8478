"""What happens to what the desk knows of those who write to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from chalicelib.facts.base import PERSONAL, Fact


@dataclass(frozen=True)
class OrganizationAdded(Fact):
    organization: str
    name: str = field(metadata=PERSONAL)
    domains: list[str] = field(metadata=PERSONAL)


@dataclass(frozen=True)
class OrganizationChanged(Fact):
    """Its domains and its name, before and after; notes are in no ledger."""

    organization: str
    before: list[str] = field(metadata=PERSONAL)
    after: list[str] = field(metadata=PERSONAL)
    name_before: str = field(metadata=PERSONAL)
    name: str = field(metadata=PERSONAL)


@dataclass(frozen=True)
class OrganizationRemoved(Fact):
    organization: str


@dataclass(frozen=True)
class NoteAdded(Fact):
    """Somebody wrote a note on a person or an organization, whom the entry's scope names.

    What notes say is in no ledger: they are about people, and go when those are forgotten.
    """

    note: str
    owner: str | None
    due_at: str | None


@dataclass(frozen=True)
class NoteChanged(Fact):
    """`before` and `after` have its owner, when it is due and whether it is done, if those did."""

    note: str
    is_reworded: bool
    before: Mapping[str, str | bool | None]
    after: Mapping[str, str | bool | None]


@dataclass(frozen=True)
class NoteRemoved(Fact):
    note: str
