"""What happens beside the tickets: to mail that is none yet, to people, to the desk itself."""

from __future__ import annotations

from dataclasses import dataclass, field

from chalicelib.facts.base import PERSONAL, Fact


@dataclass(frozen=True)
class MailSuspended(Fact):
    mail: str
    cause: str


@dataclass(frozen=True)
class MailReleased(Fact):
    """Somebody let a suspended mail in, which is now an article of a ticket, or repeats one."""

    mail: str
    outcome: str
    ticket: int


@dataclass(frozen=True)
class MailDeleted(Fact):
    """Somebody threw a suspended mail away; `address` is its sender's, hidden, if blocked by it."""

    mail: str
    address: str | None = field(default=None, metadata=PERSONAL)


@dataclass(frozen=True)
class AddressAllowed(Fact):
    """Because of this mail; which address it is, the scope says."""

    mail: str


@dataclass(frozen=True)
class AddressBlocked(Fact):
    mail: str


@dataclass(frozen=True)
class AddressUnblocked(Fact):
    mail: str


@dataclass(frozen=True)
class SenderBlocked(Fact):
    """So many mails came from one address that it has to wait; `until` is an instant."""

    until: str
    email: str = field(metadata=PERSONAL)


@dataclass(frozen=True)
class ExportRequested(Fact):
    export: str


@dataclass(frozen=True)
class ExportContinued(Fact):
    export: str
    segment: int


@dataclass(frozen=True)
class ExportDone(Fact):
    export: str


@dataclass(frozen=True)
class ExportFailed(Fact):
    export: str
    reason: str


@dataclass(frozen=True)
class PersonErased(Fact):
    person: str


@dataclass(frozen=True)
class ConfigApplied(Fact):
    """A version of the desk went live; `sections` are those in which it differs from the last."""

    version: int
    sha256: str
    sections: list[str]
