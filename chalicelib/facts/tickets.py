"""What happens to a ticket, and what is written on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chalicelib.facts.base import PERSONAL, Fact


@dataclass(frozen=True)
class TicketOpened(Fact):
    group: str
    priority: str
    channel: str
    follow_up_of: int | None = None
    ticket_type: str = ""


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
class TypeChanged(Fact):
    """`before` and `after` are ids of types, empty where the ticket has none."""

    before: str
    after: str


@dataclass(frozen=True)
class FieldsChanged(Fact):
    """What fields of the desk's own said and say by id, None for nothing; only those that moved."""

    before: dict[str, Any] = field(metadata=PERSONAL)
    after: dict[str, Any] = field(metadata=PERSONAL)


@dataclass(frozen=True)
class AssigneeChanged(Fact):
    before: str | None
    after: str | None


@dataclass(frozen=True)
class ResponsibleChanged(Fact):
    before: str | None
    after: str | None


@dataclass(frozen=True)
class FollowersChanged(Fact):
    before: list[str]
    after: list[str]


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
class ParticipantRemoved(Fact):
    person: str | None
    name: str = field(metadata=PERSONAL)
    email: str = field(metadata=PERSONAL)


@dataclass(frozen=True)
class TaskAdded(Fact):
    """`task` is its id on the ticket; `checklist` the one that it stands on, if any."""

    task: str
    title: str = field(metadata=PERSONAL)
    owner: str | None = None
    due_at: str | None = None
    checklist: str = ""


@dataclass(frozen=True)
class TaskChanged(Fact):
    """`before` and `after` have its owner and due_at, as far as they changed."""

    task: str
    title: str = field(metadata=PERSONAL)
    before: dict[str, str | None] = field(default_factory=dict)
    after: dict[str, str | None] = field(default_factory=dict)
    title_before: str = field(default="", metadata=PERSONAL)


@dataclass(frozen=True)
class TaskDone(Fact):
    task: str
    title: str = field(metadata=PERSONAL)


@dataclass(frozen=True)
class TaskReopened(Fact):
    task: str
    title: str = field(metadata=PERSONAL)


@dataclass(frozen=True)
class TaskRemoved(Fact):
    task: str
    title: str = field(metadata=PERSONAL)


@dataclass(frozen=True)
class TaskDue(Fact):
    """The time of a task has come; `agent` is who was told, if anybody."""

    task: str
    title: str = field(metadata=PERSONAL)
    agent: str | None = None


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
class ArticleReprocessed(Fact):
    """The original of an article was read once more, by a better reader."""

    article: int


@dataclass(frozen=True)
class MacroApplied(Fact):
    """What was written and set along with it was proposed by this macro of the desk."""

    macro: str
