"""What SES says of a mail, and what the desk makes of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

PASS = "PASS"  # noqa: S105 - a verdict
UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Verdicts:
    """SES's own verdicts, of its receipt; headers inside the mail count for nothing.

    What is missing or could not be processed is UNKNOWN and never passes.
    """

    spf: str = UNKNOWN
    dkim: str = UNKNOWN
    dmarc: str = UNKNOWN
    spam: str = UNKNOWN
    virus: str = UNKNOWN
    dmarc_policy: str = ""

    def to_dict(self) -> dict[str, str]:
        """What is known; what is left out is UNKNOWN again when it is read."""
        found = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: value for name, value in found.items() if value not in {UNKNOWN, ""}}


@dataclass(frozen=True, slots=True)
class Receipt:
    """One mail as SES took it. `recipients` are ours, `envelope_from` is the bounce address.

    `copy_for` is the group that has its own copy of a mail which others got as well.
    """

    ses_id: str
    key: str
    received_at: datetime
    recipients: tuple[str, ...] = ()
    envelope_from: str = ""
    verdicts: Verdicts = Verdicts()
    copy_for: str = ""

    def copy(self, group: str, recipients: Sequence[str]) -> Receipt:
        """The receipt of that group's own copy, which was sent to these addresses."""
        ses_id = f"{self.ses_id}+{group}"
        return replace(self, ses_id=ses_id, recipients=tuple(recipients), copy_for=group)

    def name_of(self, message_id: str) -> str:
        """A Message-ID as this mail knows it: of each copy there is one article."""
        return f"{message_id} for {self.copy_for}" if self.copy_for else message_id


INBOUND_PREFIX = "inbound/"
SETUP_NOTIFICATION = "AMAZON_SES_SETUP_NOTIFICATION"


def read_receipt(record: Mapping[str, Any]) -> Receipt:
    """The receipt in one record of an SES event."""
    mail, receipt = record["ses"]["mail"], record["ses"]["receipt"]

    def verdict(name: str) -> str:
        return str((receipt.get(f"{name}Verdict") or {}).get("status") or UNKNOWN).upper()

    return Receipt(
        ses_id=mail["messageId"],
        key=f"{INBOUND_PREFIX}{mail['messageId']}",
        received_at=datetime.fromisoformat(receipt.get("timestamp") or mail["timestamp"]),
        recipients=tuple(receipt.get("recipients") or mail.get("destination") or ()),
        envelope_from=mail.get("source") or "",
        verdicts=Verdicts(
            spf=verdict("spf"),
            dkim=verdict("dkim"),
            dmarc=verdict("dmarc"),
            spam=verdict("spam"),
            virus=verdict("virus"),
            dmarc_policy=str(receipt.get("dmarcPolicy") or "").lower(),
        ),
    )


class Cause(StrEnum):
    """Why a mail is suspended."""

    UNREADABLE = "unreadable"
    VIRUS = "virus"
    SPAM = "spam"
    DMARC_REJECT = "dmarc_reject"
    NO_SENDER = "no_sender"
    OWN_ADDRESS = "own_address"
    BLOCKED = "blocked"
    FLOOD = "flood"
    AUTOMATIC = "automatic"
    NO_GROUP = "no_group"


class Outcome(StrEnum):
    """What became of an inbound object: always exactly one of these."""

    ARTICLE = "article"
    SUSPENDED = "suspended"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of an inbound object: for an article or a duplicate also on which ticket."""

    outcome: Outcome
    number: int | None = None
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """The ticket that a mail points at: by which key, and whose signature it was, if any."""

    number: int
    key: str
    place: int | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """How much one address, its domain and the whole desk have had to do with each other lately.

    `received` counts ten minutes; `subjects` are marks of those acknowledged within a day;
    `first_number` is the ticket with which this hour began, `last_number` the sender's newest.
    """

    received: int = 0
    acks_this_hour: int = 0
    acks_today: int = 0
    acks_to_domain: int = 0
    subjects: frozenset[str] = frozenset()
    blocked_until: datetime | None = None
    first_number: int | None = None
    last_number: int | None = None

    def opened_by(self, number: int) -> int:
        """How many tickets this hour had before that one; none where nobody knows."""
        return number - self.first_number if self.first_number is not None else 0


Flight = dict[str, str]


@dataclass(frozen=True, slots=True)
class Suspended:
    """A mail that is on no ticket yet, with all that SES said of it and how it was understood."""

    id: str
    cause: Cause
    sender: str
    subject: str
    received_at: datetime
    raw_key: str
    recipients: tuple[str, ...] = ()
    envelope_from: str = ""
    verdicts: Verdicts = Verdicts()
    flight: Flight = field(default_factory=dict)

    @property
    def has_virus(self) -> bool:
        """Whether nobody may have the original, or let it in."""
        return self.verdicts.virus == "FAIL"

    @property
    def is_authenticated(self) -> bool:
        """Whether the sender's domain vouched for the mail when it came in."""
        return self.flight.get("authenticated") == "yes"

    @property
    def receipt(self) -> Receipt:
        """What SES handed over with the mail."""
        return Receipt(
            self.id,
            self.raw_key,
            self.received_at,
            self.recipients,
            self.envelope_from,
            self.verdicts,
        )
