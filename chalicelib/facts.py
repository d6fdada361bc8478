"""What has happened, in the past tense: every change is written together with its facts.

A fact is at once the audit entry, the line on the timeline and the message on the bus. Its payload
is stored in the ledger; its detail, which leaves out what is personal, goes on the bus. A stored
fact is never rewritten: an older form is upcast on read, an unknown one is kept as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
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


@dataclass(frozen=True)
class TicketOpened(Fact):
    group: str
    priority: str
    channel: str
    follow_up_of: int | None = None


@dataclass(frozen=True)
class ArticleAdded(Fact):
    """`by` is requester, participant, stranger, agent or system."""

    kind: str
    by: str
    is_held: bool = False
    mail_kind: str = "human"


@dataclass(frozen=True)
class ArticleAccepted(Fact):
    article: int


@dataclass(frozen=True)
class SubjectChanged(Fact):
    before: str = field(metadata=PERSONAL)
    after: str = field(metadata=PERSONAL)


@dataclass(frozen=True)
class StatusChanged(Fact):
    """`before` and `after` are categories; a label is the id of a status of the desk's own."""

    before: str
    after: str
    label_before: str | None = None
    label_after: str | None = None


@dataclass(frozen=True)
class UntilChanged(Fact):
    """Until which instant the ticket waits."""

    before: str | None
    after: str | None


@dataclass(frozen=True)
class ReasonChanged(Fact):
    """Why the ticket waits."""

    before: str = field(metadata=PERSONAL)
    after: str = field(metadata=PERSONAL)


@dataclass(frozen=True)
class ResolutionChanged(Fact):
    """How the ticket was solved."""

    before: str = field(metadata=PERSONAL)
    after: str = field(metadata=PERSONAL)


@dataclass(frozen=True)
class StatusEnded(Fact):
    """The time of a status is over: `then` is remind, reopen, close, or the status after it."""

    then: str
    reason: str = field(default="", metadata=PERSONAL)


@dataclass(frozen=True)
class ThankedAfterSolve(Fact):
    """An article that only thanked, so that the ticket stayed solved."""

    article: int


@dataclass(frozen=True)
class ReopenParked(Fact):
    """An article that did not open the ticket, which had been opened too often in the hour."""

    article: int


@dataclass(frozen=True)
class PriorityChanged(Fact):
    before: str
    after: str


@dataclass(frozen=True)
class AssigneeChanged(Fact):
    before: str | None
    after: str | None


@dataclass(frozen=True)
class GroupChanged(Fact):
    before: str
    after: str


@dataclass(frozen=True)
class TagsChanged(Fact):
    before: list[str]
    after: list[str]


@dataclass(frozen=True)
class ParticipantAdded(Fact):
    person: str | None
    name: str = field(metadata=PERSONAL)
    email: str = field(metadata=PERSONAL)


@dataclass(frozen=True)
class TicketMerged(Fact):
    """Both tickets say so: whatever comes for `source` goes to `into` from now on."""

    source: int
    into: int


@dataclass(frozen=True)
class TicketUnmerged(Fact):
    """Both tickets say so: `source` is a ticket of its own again."""

    source: int
    into: int


@dataclass(frozen=True)
class TicketSplit(Fact):
    """Both tickets say so: the ticket `to` began with copies of these articles of `source`."""

    source: int
    to: int
    articles: list[int]


@dataclass(frozen=True)
class LinkAdded(Fact):
    """`other` is what `link` says to the ticket of this ledger: its parent, for example."""

    link: str
    other: int


@dataclass(frozen=True)
class LinkRemoved(Fact):
    link: str
    other: int


@dataclass(frozen=True)
class TargetBreached(Fact):
    """`cause` is policy_change where new terms made it late, and nothing in the usual case."""

    target: str
    due_at: str
    cause: str | None = None


@dataclass(frozen=True)
class TargetsMoved(Fact):
    """The policies and opening hours of today were applied: due instants by target, None for none.

    Those that stayed where they were are in neither.
    """

    before: dict[str, str | None]
    after: dict[str, str | None]


@dataclass(frozen=True)
class TargetNear(Fact):
    """A target will be missed soon: `at` says which warning of the policy this is."""

    target: str
    at: str
    due_at: str


@dataclass(frozen=True)
class Escalated(Fact):
    """The group lead was told; `of` is the entry that said so."""

    target: str
    agent: str


@dataclass(frozen=True)
class DeliveryQueued(Fact):
    """A mail waits to be sent: `delivery` is the id of the delivery on its ticket."""

    delivery: str
    mail: str


@dataclass(frozen=True)
class DeliveryFailed(Fact):
    """`reason` is what a mail system said, which may name the recipient."""

    delivery: str
    reason: str = field(metadata=PERSONAL)


@dataclass(frozen=True)
class DeliveryBounced(Fact):
    delivery: str
    is_permanent: bool
    status: str | None = None


@dataclass(frozen=True)
class DeliveryComplained(Fact):
    """The recipient reported the mail as unwanted."""

    delivery: str


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
class ArticleReprocessed(Fact):
    """The original of an article was read once more, by a better reader."""

    article: int


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
