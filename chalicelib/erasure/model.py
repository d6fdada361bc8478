"""What a person leaves behind on a ticket, and what stays of it after an erasure. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

from chalicelib.facts import Fact, UnknownFact
from chalicelib.ledger.model import Entry
from chalicelib.people.model import Person
from chalicelib.tickets.model import Article, Contact, Delivery, DeliveryState, Task, Ticket

SUBJECT = "-"
REASON = "erased"
UNSENT = {DeliveryState.QUEUED, DeliveryState.SENDING}


@dataclass(frozen=True, slots=True)
class Erased:
    """What one run did: counts, and nothing personal."""

    person: str
    tickets: int = 0
    articles: int = 0
    deliveries: int = 0
    entries: int = 0
    files: int = 0

    def plus(self, step: Step) -> Erased:
        """The counts with those of one more step."""
        return replace(
            self,
            articles=self.articles + len(step.articles),
            deliveries=self.deliveries + len(step.deliveries),
            entries=self.entries + len(step.entries),
            files=self.files + len(step.mails) + len(step.files),
        )


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be written on one ticket, and the files to delete before.

    Articles and tasks are as they stand afterwards, deliveries before and after; entries lose their
    payload.
    """

    before: Ticket
    after: Ticket
    articles: tuple[Article, ...] = ()
    deliveries: tuple[tuple[Delivery, Delivery], ...] = ()
    entries: tuple[Entry, ...] = ()
    tasks: tuple[Task, ...] = ()
    mails: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        rest = self.articles or self.deliveries or self.entries or self.tasks
        return self.before == self.after and not rest


def pseudonym(person: str) -> str:
    return f"Person-{person}"


def next_step(
    person: Person,
    ticket: Ticket,
    articles: Iterable[Article],
    deliveries: Iterable[Delivery],
    entries: Iterable[Entry],
    *,
    limit: int,
    tasks: Iterable[Task] = (),
) -> Step:
    """The first items, at most so many, that still hold something of the person."""
    theirs = [found for found in articles if is_by(found, person)]
    written = [found for found in theirs if found != emptied(found, person)][:limit]
    room = limit - len(written)
    addressed = [found for found in deliveries if is_to(found, ticket, person)]
    sent = [found for found in addressed if found != unaddressed(found, person)][:room]
    room -= len(sent)
    named = [replace(task, title=SUBJECT) for task in tasks if task.title != SUBJECT][:room]
    room -= len(named)
    return Step(
        before=ticket,
        after=without_contact(ticket, person),
        articles=tuple(emptied(found, person) for found in written),
        deliveries=tuple((found, unaddressed(found, person)) for found in sent),
        entries=tuple([entry for entry in entries if holds_personal(entry)][:room]),
        tasks=tuple(named),
        mails=tuple(found.raw_key for found in written if found.raw_key),
        files=tuple(key for found in written for key in _files(found)),
    )


def without_contact(ticket: Ticket, person: Person) -> Ticket:
    """The ticket with the person's place kept and nothing else of them; subjects tell too much."""
    contacts = tuple(
        Contact(contact.person, pseudonym(person.id), "", contact.locale, contact.since)
        if contact.person == person.id
        else contact
        for contact in ticket.contacts
    )
    if contacts == ticket.contacts:
        return ticket
    # The link in the person's old mails must open nothing; so all links of the ticket end.
    return replace(
        ticket,
        contacts=contacts,
        subject=SUBJECT,
        reason="",
        resolution="",
        fields={},
        version=ticket.version + 1,
        link_epoch=ticket.link_epoch + 1,
    )


def is_by(article: Article, person: Person) -> bool:
    """Whether the person wrote it; held mail from their address counts as theirs."""
    author = article.author
    is_same = bool(person.email) and author.email.lower() == person.email.lower()
    return not author.is_agent and (author.id == person.id or is_same)


def emptied(article: Article, person: Person) -> Article:
    """The article without what it said: when it came and of which kind it was is all that stays."""
    return replace(
        article,
        author=replace(article.author, name=pseudonym(person.id), email=""),
        text="",
        has_rest=False,
        message_id=None,
        text_key=None,
        raw_key=None,
        attachments=(),
        flight=None,
        has_html=False,
        thread=None,
        comment=None,
    )


def _files(article: Article) -> list[str]:
    # A file of the desk's says nothing of anybody, and other articles name it as well.
    keys = [one.key for one in article.attachments if not one.is_shared]
    return [*keys, article.text_key] if article.text_key else keys


def is_to(delivery: Delivery, ticket: Ticket, person: Person) -> bool:
    place = delivery.place
    return place is not None and ticket.contacts[place].person == person.id


def unaddressed(delivery: Delivery, person: Person) -> Delivery:
    """The delivery without its recipient; one that is not sent yet never will be."""
    is_unsent = delivery.state in UNSENT
    return replace(
        delivery,
        name=pseudonym(person.id),
        email="",
        state=DeliveryState.FAILED if is_unsent else delivery.state,
        reason=REASON if is_unsent or delivery.reason else None,
        lease_until=None,
    )


def holds_personal(entry: Entry) -> bool:
    """Whether its payload could: facts say which of their fields are personal."""
    return any(_is_personal(fact) for fact in entry.facts)


def _is_personal(fact: Fact) -> bool:
    if isinstance(fact, UnknownFact):
        return True
    return any(field.metadata.get("personal") for field in fields(fact))
