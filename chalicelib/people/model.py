"""A person outside the desk, found by any address. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who wrote, or was written to. An erased person keeps the id and nothing else."""

    id: str
    name: str
    email: str
    locale: str
    created_at: datetime
    is_erased: bool = False


@dataclass(frozen=True, slots=True)
class Address:
    """What the desk knows of one address. `is_muted` after a permanent bounce; `is_allowed` once
    an agent let its mail in for good; `is_proven` once somebody surely wrote from there, or an
    agent knew it. One that is only blocked belongs to no person.
    """

    email: str
    person: str
    name: str
    locale: str
    is_blocked: bool = False
    is_muted: bool = False
    is_allowed: bool = False
    is_proven: bool = False
