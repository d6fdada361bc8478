"""A ticket, what stands on it, and the words for both. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from chalicelib.clocks.model import Clocks
from chalicelib.clocks.targets import next_alarm
from chalicelib.desk.fields import Value
from chalicelib.desk.files import SHARED, File
from chalicelib.desk.groups import Agent
from chalicelib.people.model import Address

# An article's text in the table; what is longer is stored as a file.
TEXT_LIMIT = 16_000
PARTICIPANT_LIMIT = 50
# The kinds of mail that people wrote, to us or to a list; all others are of machines.
BY_PEOPLE = frozenset({"human", "list"})


class Status(StrEnum):
    """The fixed categories that all logic looks at."""

    NEW = "new"
    OPEN = "open"
    PENDING = "pending"
    ON_HOLD = "on_hold"
    SOLVED = "solved"
    CLOSED = "closed"
    MERGED = "merged"


class ArticleKind(StrEnum):
    REPLY = "reply"
    NOTE = "note"


class DeliveryState(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    BOUNCED = "bounced"


@dataclass(frozen=True, slots=True)
class Contact:
    """A person on a ticket, as they were when they joined; they see articles from `since` on.

    `is_muted` once mail to them came back for good; `is_gone` once they were taken off, which
    leaves them their place and nothing else.
    """

    person: str
    name: str
    email: str
    locale: str
    since: int = 0
    is_muted: bool = False
    is_gone: bool = False

    @classmethod
    def from_agent(cls, agent: Agent) -> Contact:
        """One of us, as whom a notice goes to."""
        return cls(agent.id, agent.name, agent.email, agent.locale)

    @classmethod
    def from_address(cls, address: Address) -> Contact:
        """Whoever an address belongs to."""
        return cls(address.person, address.name, address.email, address.locale)


@dataclass(frozen=True, slots=True)
class Merge:
    """Where a ticket went and when, by whom, and what it was before: so it can be undone.

    What stands on the other ticket from `since` on came after the merge.
    """

    into: int
    since: int
    at: datetime
    by: str
    status: Status
    clocks: Clocks = ()


@dataclass(frozen=True, slots=True)
class Needs:
    """What routing wants of whoever gets a ticket: skills by level, or to be that very agent."""

    skills: tuple[tuple[str, int], ...] = ()
    agent: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A tie of a ticket to another one, seen from the first: `other` is its parent, and so on."""

    type: str
    other: int


@dataclass(frozen=True, slots=True)
class Ticket:
    """The head of a ticket.

    `contacts` only grows, since a reply address names its owner's place in it; the first is the
    requester. `version` counts the changes that a person may conflict with, `seq` all changes;
    `public_seq` is the newest article that the customer can see, `note_seq` the newest note.
    `chain` is the hash of the last
    ledger entry. `heat` is how many mails from outside joined in which hour since 1970. `sources`
    were merged into it; it is not over while there are `open_children`.
    `label` is the id of the desk's own status, where `status`, its category, does not say it all.
    `until` is when that ends by itself and `reason` why it waits; `reopens` counts all
    reopenings, an hour, and those in it. `unopened` is why the customer's last word did not open
    it again (`thanks` or `too_often`), and when that was. `undelivered` are the deliveries that
    failed and were not sent again. `type` and `form` are ids, empty for none, and `fields` what
    those of the desk's own say. Once internal, it stays so, whatever becomes of its type: nothing
    of it goes to a customer. `tasks` are how many of them are open, and how many there are.
    `responsible` answers for it, whoever has it, and `followers` are told of what happens: agents.
    `organization` is the id of the one that the requester wrote for.
    """

    number: int
    status: Status
    subject: str
    group: str
    assignee: str | None
    contacts: tuple[Contact, ...]
    priority: str
    tags: tuple[str, ...]
    opened_at: datetime
    updated_at: datetime
    version: int = 0
    seq: int = 0
    public_seq: int = 0
    note_seq: int = 0
    chain: bytes = b"\0" * 32
    clocks: Clocks = ()
    follow_up_of: int | None = None
    closed_at: datetime | None = None
    link_epoch: int = 0
    merge: Merge | None = None
    sources: tuple[int, ...] = ()
    parent: int | None = None
    open_children: frozenset[int] = frozenset()
    heat: tuple[int, int] = (0, 0)
    label: str = ""
    until: datetime | None = None
    reason: str = ""
    resolution: str = ""
    reopens: tuple[int, int, int] = (0, 0, 0)
    unopened: tuple[str, datetime] | None = None
    undelivered: tuple[str, ...] = ()
    needs: Needs = Needs()
    type: str = ""
    form: str = ""
    fields: Mapping[str, Value] = field(default_factory=dict)
    is_internal: bool = False
    tasks: tuple[int, int] = (0, 0)
    responsible: str | None = None
    followers: tuple[str, ...] = ()
    organization: str = ""

    @property
    def open_tasks(self) -> int:
        return self.tasks[0]

    @property
    def requester(self) -> Contact:
        return self.contacts[0]

    @property
    def written_seq(self) -> int:
        """The newest article that somebody who answers must have read."""
        return max(self.public_seq, self.note_seq)

    @property
    def due_at(self) -> datetime | None:
        """The next instant at which the sweep has to look at this ticket."""
        if self.status is Status.MERGED:
            return None
        return min(filter(None, (next_alarm(self.clocks), self.until)), default=None)

    @property
    def target_at(self) -> datetime | None:
        """The first instant at which somebody who still waits was to be served, missed or not."""
        promised = (clock for clock in self.clocks if clock.is_running and clock.target is not None)
        return min((clock.due_at for clock in promised if clock.due_at), default=None)

    @property
    def merged_into(self) -> int | None:
        return self.merge.into if self.merge else None

    @property
    def is_over(self) -> bool:
        return self.status in {Status.SOLVED, Status.CLOSED, Status.MERGED}

    def place_of(self, email: str) -> int | None:
        """Where an address stands among the contacts, of those who are on the ticket still."""
        wanted = email.lower()
        return next((n for n, one in self.present if one.email.lower() == wanted), None)

    def was_left_by(self, email: str) -> bool:
        """Whether an address was taken off the ticket, and not brought in again."""
        wanted = email.lower()
        known = any(one.email.lower() == wanted for one in self.contacts)
        return known and self.place_of(email) is None

    @property
    def present(self) -> tuple[tuple[int, Contact], ...]:
        """The contacts who are on the ticket, each with their place; the requester comes first."""
        return tuple((n, one) for n, one in enumerate(self.contacts) if not one.is_gone)

    @property
    def participants(self) -> tuple[Contact, ...]:
        """Who is on the ticket beside the requester."""
        return tuple(one for n, one in self.present if n)


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote an article: `role` is requester, participant, stranger, agent or system."""

    role: str
    name: str
    email: str = ""
    id: str = ""

    @property
    def is_agent(self) -> bool:
        return self.role == "agent"

    @property
    def is_ours(self) -> bool:
        """Whether the desk wrote it: an agent, or the desk by itself."""
        return self.role in {"agent", "system"}


@dataclass(frozen=True, slots=True)
class Attachment:
    """A stored file; `key` never contains the name that the sender gave it."""

    name: str
    content_type: str
    size: int
    key: str
    content_id: str | None = None
    is_inline: bool = False

    @property
    def is_shared(self) -> bool:
        """Whether it is a file of the desk's, which other articles name as well."""
        return self.key.startswith(SHARED)


def attached(file: File) -> Attachment:
    """A file of the desk's on an article: its bytes are named, and not copied."""
    return Attachment(file.name, file.content_type, file.size, file.key)


@dataclass(frozen=True, slots=True)
class Article:
    """One entry on the timeline that somebody wrote. Its `seq` is its id on the ticket.

    `text` is what people see first; `text_key` the file with all of a long one; `raw_key` the
    original mail, `thread` what Outlook calls its thread: topic and index. `comment` is what an
    agent wrote above a mail they passed on; agents alone see it. `flight` is how the mail was
    understood when it came in. `split_to` is the ticket that began with a copy of it.
    """

    number: int
    seq: int
    kind: ArticleKind
    author: Author
    text: str
    at: datetime
    is_held: bool = False
    has_rest: bool = False
    message_id: str | None = None
    mail_kind: str = "human"
    text_key: str | None = None
    raw_key: str | None = None
    attachments: tuple[Attachment, ...] = ()
    flight: dict[str, str] | None = None
    has_html: bool = False
    thread: tuple[str, str] | None = None
    comment: str | None = None
    split_to: int | None = None

    @property
    def is_public(self) -> bool:
        return self.kind is ArticleKind.REPLY and not self.is_held


@dataclass(frozen=True, slots=True)
class Delivery:
    """One mail to one recipient. `place` is the recipient's among the contacts, None for staff."""

    number: int
    seq: int
    recipient: str
    mail: str
    name: str
    email: str
    locale: str
    group: str
    place: int | None
    at: datetime
    state: DeliveryState = DeliveryState.QUEUED
    attempt: int = 0
    lease_until: datetime | None = None
    ses_id: str | None = None
    reason: str | None = None
    target: str | None = None

    @property
    def id(self) -> str:
        return f"{self.seq}-{self.recipient}"


@dataclass(frozen=True, slots=True)
class Presence:
    """Somebody who has a ticket open: `actor` as the ledger names them, viewing or composing.

    It counts until `until`; whether they may see the ticket is asked again at `check_at`.
    """

    actor: str
    mode: str
    until: datetime
    check_at: datetime


@dataclass(frozen=True, slots=True)
class KeptDraft:
    """What an agent has typed and not sent. It is no article: the ledger knows nothing of it."""

    number: int
    agent: str
    kind: ArticleKind
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Task:
    """What somebody has to do before a ticket is solved; `owner` is an agent's id, None for nobody.

    `by` is whoever put it on the ticket, or ticked it off once there is `done_at`, as the ledger
    names them. `is_reminded` once its time came and somebody was told.
    """

    number: int
    id: str
    title: str
    at: datetime
    by: str
    owner: str | None = None
    due_at: datetime | None = None
    done_at: datetime | None = None
    is_reminded: bool = False

    @property
    def is_done(self) -> bool:
        return self.done_at is not None


@dataclass(frozen=True, slots=True)
class Timeline:
    """A ticket with what stands on it, oldest first; `older` continues before the first.

    Only the newest page has the links, the tasks, and the `sources`: the newest pages of what was
    merged.
    """

    ticket: Ticket
    articles: tuple[Article, ...]
    deliveries: tuple[Delivery, ...]
    entries: tuple[object, ...]
    older: str | None = None
    presences: tuple[Presence, ...] = ()
    drafts: tuple[KeptDraft, ...] = ()
    links: tuple[Link, ...] = ()
    tasks: tuple[Task, ...] = ()
    sources: tuple[Timeline, ...] = ()

    def article(self, seq: int) -> Article | None:
        return next((article for article in self.articles if article.seq == seq), None)
