"""The verbs of the desk: load what the actor may touch, decide, save. API, pages and mail call
the same ones.

Decisions are in `changes`; here are the lock that is tried again, the mails that a change sends,
and the claims that make a repetition harmless.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from chalicelib import table
from chalicelib.desk.model import Agent, Desk
from chalicelib.desk.service import live_desk
from chalicelib.errors import Conflict, Invalid, NotFound
from chalicelib.facts import Fact
from chalicelib.ledger.model import Actor, new_salt
from chalicelib.people import service as people
from chalicelib.ports import Ports
from chalicelib.tickets import addressing, changes, edits, followed, store
from chalicelib.tickets.access import Who, seen
from chalicelib.tickets.changes import Change
from chalicelib.tickets.collision import Overtaken, narrowed
from chalicelib.tickets.edits import Edit
from chalicelib.tickets.model import (
    TEXT_LIMIT,
    Article,
    ArticleKind,
    Attachment,
    Author,
    Contact,
    Delivery,
    Ticket,
    Timeline,
)
from chalicelib.tickets.opening import PHONE, Opening, new_ticket
from chalicelib.tickets.references import need_tickets

ATTEMPTS = 5
BODY_LIMIT = 200_000
T = TypeVar("T")


class Done(Exception):
    """A claim was taken already; `item` is who holds it."""

    def __init__(self, item: table.Item) -> None:
        super().__init__(f"{item.pk} {item.sk} is taken")
        self.item = item


@dataclass(frozen=True, slots=True)
class Claim:
    """What must happen once: an item that is written only where none stands under its key."""

    key: tuple[str, str]
    write: Callable[[int, int], table.Write]


@dataclass(frozen=True, slots=True)
class Saved:
    """The ticket as it now is, and the change that made it so, if there was one to make."""

    ticket: Ticket
    change: Change | None


def amend(
    ports: Ports,
    number: int,
    decide: Callable[[Ticket | None, datetime], Change | None],
    *,
    actor: Actor,
    cause: str,
    claim: Claim | None = None,
    also: Sequence[table.Write] = (),
) -> Saved:
    """Decide about a ticket and save, again while somebody else was faster.

    Raises Done where the claim is taken, Conflict after five lost races.
    """

    def attempt() -> Saved:
        ticket, found = store.load(number, [claim.key] if claim else ())
        if found and claim:
            raise Done(found[claim.key])
        now = ports.clock()
        change = decide(ticket, now)
        if change is None:
            if ticket is None:
                raise NotFound(f"There is no ticket {number}.")
            return Saved(ticket, None)
        change = followed.told(ports, change, actor, now)
        writes = [claim.write(number, change.seq)] if claim else []
        return save(change, actor=actor, cause=cause, now=now, also=[*also, *writes])

    return retried(
        ports,
        attempt,
        "Too many people changed this ticket at once: try again.",
        is_open=lambda lost: is_overtaken(lost, claim, number),
    )


def retried(
    ports: Ports,
    attempt: Callable[[], T],
    words: str,
    *,
    is_open: Callable[[table.Lost], bool] = lambda _lost: True,
) -> T:
    """What an attempt gives, made anew while it loses a race that is still open.

    Raises Conflict in these words after five lost races.
    """
    for count in range(ATTEMPTS):
        try:
            return attempt()
        except table.Lost as lost:
            if not is_open(lost):
                raise
        linger(ports, count)
    raise Conflict(words)


def linger(ports: Ports, attempt: int) -> None:
    """Wait a little, and longer each time, before a lost race is run again."""
    ports.pause(secrets.randbelow(50 * (attempt + 1)) / 1000)


def is_overtaken(lost: table.Lost, claim: Claim | None, *numbers: int) -> bool:
    """Whether one of the tickets had moved on; raise Done where the claim was taken."""
    if claim and claim.key in lost.held:
        raise Done(lost.held[claim.key]) from lost
    return store.is_overtaken(lost, *numbers)


def save(
    change: Change,
    *,
    actor: Actor,
    cause: str,
    now: datetime,
    also: Sequence[table.Write] = (),
) -> Saved:
    """Write one decided change; raise table.Lost where somebody was faster or a claim is taken."""
    change = changes.with_clock_facts(change, now)
    ticket = store.save(change, actor=actor, cause=cause, at=now, salt=new_salt(), also=also)
    return Saved(ticket, change)


def save_all(
    decided: Sequence[Change],
    *,
    actor: Actor,
    cause: str,
    now: datetime,
    also: Sequence[table.Write] = (),
) -> list[Ticket]:
    """Write changes of several tickets at once; raise table.Lost as `save` does."""
    told = [changes.with_clock_facts(change, now) for change in decided]
    salts = [new_salt() for _ in told]
    return store.save_all(told, actor=actor, cause=cause, at=now, salts=salts, also=also)


# What agents and programs do. ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to say, and to change along with it.

    `seen_seq` is the newest article they had read.
    """

    kind: ArticleKind
    body: str
    uploads: tuple[Attachment, ...] = ()
    seen_seq: int | None = None
    edit: Edit = field(default_factory=Edit)


def read_ticket(who: Who, number: int, *, before: str | None = None) -> Timeline:
    """The ticket with the newest page of its timeline: one call, and one for each merged into it.

    Of those the page has what the reader may see of them.
    """
    who.need("tickets:read")
    found = store.timeline(number, before=before)
    seen(who, found.ticket if found else None, number)
    assert found is not None
    if before is None and found.ticket.sources:
        found = store.with_sources(found)
        theirs = (one for one in found.sources if _may_see(who, one.ticket))
        found = replace(found, sources=tuple(theirs))
    return found


def _may_see(who: Who, ticket: Ticket) -> bool:
    return who.may_see(ticket.group, ticket.assignee)


def write_article(
    ports: Ports,
    who: Who,
    number: int,
    draft: Draft,
    *,
    claim: Claim | None = None,
    said: Sequence[Fact] = (),
) -> Saved:
    """Add an agent's reply or note; a reply is sent to everybody on the ticket.

    The agent's draft is done with; `said` is what else there is to say of it.
    Raises Overtaken where a reply has not seen what others wrote.
    """
    who.need("tickets:write")
    desk = live_desk(ports)
    text, text_key = stored_text(ports, draft.body)

    def decide(found: Ticket | None, now: datetime) -> Change | None:
        ticket = seen(who, found, number)
        _guard(ticket, draft)
        article = Article(
            number=number,
            seq=changes.next_seq(ticket),
            kind=draft.kind,
            author=who.author,
            text=text,
            text_key=text_key,
            at=now,
            attachments=draft.uploads,
        )
        change = changes.written_by_agent(ticket, article, desk, agent=who.agent)
        if draft.edit.names:
            need_tickets(who, draft.edit.fields, ticket.fields, desk)
            more = edited(change.after, draft.edit, desk, now, agent=who.agent)
            change = _joined(change, more)
        if draft.kind is ArticleKind.REPLY:
            change = changes.with_deliveries(change, _to_everybody(ports, change, now))
        return replace(change, facts=(*change.facts, *said))

    also = [store.draft_gone(number, who.agent)] if who.agent else []
    return amend(ports, number, decide, actor=who.actor, cause="article", claim=claim, also=also)


def _joined(first: Change, second: Change | None) -> Change:
    if second is None:
        return first
    return replace(first, after=second.after, facts=(*first.facts, *second.facts))


def _guard(ticket: Ticket, draft: Draft) -> None:
    if draft.kind is not ArticleKind.REPLY or draft.seen_seq is None:
        return
    if ticket.written_seq > draft.seen_seq:
        new = store.articles_after(ticket.number, draft.seen_seq)
        raise Overtaken(ticket, [article for article in new if not article.is_held])


def stored_text(ports: Ports, body: str) -> tuple[str, str | None]:
    """The text as it stands in the table, and the file with all of it where it is long."""
    body = body.replace("\r\n", "\n").strip()
    if not body:
        raise Invalid("Write something first.", fields={"body": "is empty"})
    if len(body) > BODY_LIMIT:
        raise Invalid("The text is too long.", fields={"body": f"at most {BODY_LIMIT} characters"})
    if len(body.encode()) <= TEXT_LIMIT:
        return body, None
    key = f"text/{ports.new_id()}"
    ports.blobs.put(key, body.encode(), content_type="text/plain; charset=utf-8")
    return body.encode()[:TEXT_LIMIT].decode(errors="ignore"), key


def _to_everybody(ports: Ports, change: Change, now: datetime) -> list[Delivery]:
    return [
        delivery_to(ports, change, contact, place, mail="reply", now=now)
        for place, contact in change.after.present
        if contact.email
    ]


def delivery_to(
    ports: Ports,
    change: Change,
    contact: Contact,
    place: int | None,
    *,
    mail: str,
    now: datetime,
    target: str | None = None,
) -> Delivery:
    """A mail about this change to one recipient."""
    return Delivery(
        number=change.after.number,
        seq=change.seq,
        recipient=addressing.recipient_id(ports.keys(), contact.email),
        mail=mail,
        name=contact.name,
        email=contact.email,
        locale=contact.locale,
        group=change.after.group,
        place=place,
        at=now,
        target=target,
    )


def with_notice(
    ports: Ports,
    change: Change,
    agent: Agent,
    *,
    mail: str,
    now: datetime,
    target: str | None = None,
) -> Change:
    """The change with a mail about it to one of us."""
    contact = Contact.from_agent(agent)
    notice = delivery_to(ports, change, contact, None, mail=mail, now=now, target=target)
    return changes.with_deliveries(change, [notice])


def edit_ticket(
    ports: Ports,
    who: Who,
    number: int,
    edit: Edit,
    *,
    version: int | None = None,
    claim: Claim | None = None,
    said: Sequence[Fact] = (),
) -> Saved:
    """Change fields; Clash where others have changed the same ones since `version`.

    `said` is what else there is to say of it.
    """
    who.need("tickets:write")
    desk = live_desk(ports)

    def decide(found: Ticket | None, now: datetime) -> Change | None:
        ticket = seen(who, found, number)
        need_tickets(who, edit.fields, ticket.fields, desk)
        wanted = edit
        if version is not None and ticket.version != version:
            is_known = version < ticket.version
            since = store.facts_after(number, version) if is_known else None
            wanted = narrowed(ticket, since, edit, desk, now)
        change = edited(ticket, wanted, desk, now, agent=who.agent)
        return replace(change, facts=(*change.facts, *said)) if change else None

    return amend(ports, number, decide, actor=who.actor, cause="edit", claim=claim)


def edited(
    ticket: Ticket, edit: Edit, desk: Desk, now: datetime, *, agent: str | None
) -> Change | None:
    """As `edits.edited`; open tasks that stand in the way are named, which is one call more."""
    try:
        return edits.edited(ticket, edit, desk, now, agent=agent)
    except Invalid as error:
        if "tasks" not in error.fields:
            raise
        left = [task.title for task in store.tasks_of(ticket.number) if not task.is_done]
        named = {**error.fields, "tasks": f"do these first: {', '.join(left)}"}
        raise Invalid(error.message, fields=named) from error


def accept_article(
    ports: Ports, who: Who, number: int, seq: int, *, adds_sender: bool = False
) -> Saved:
    """Take a held article as the customer's, with all that follows from it.

    `adds_sender` makes whoever wrote it a participant, who sees what is written from then on.
    """
    who.need("tickets:write")
    desk = live_desk(ports)
    joining = _sender_of(ports, number, seq) if adds_sender else None

    def decide(found: Ticket | None, now: datetime) -> Change | None:
        ticket = seen(who, found, number)
        # Read after the head: whoever accepts it meanwhile moves the head on.
        article = store.get_article(number, seq)
        change = changes.accepted(ticket, article, desk, now)
        return changes.with_contact(change, joining[0]) if joining else change

    also = joining[1] if joining else ()
    return amend(ports, number, decide, actor=who.actor, cause="accept", also=also)


def _sender_of(ports: Ports, number: int, seq: int) -> tuple[Contact, Sequence[table.Write]] | None:
    """Who wrote an article as a contact, with the writes that make them a person where new."""
    article = store.get_article(number, seq)
    if not people.is_address(article.author.email):
        return None
    locale = live_desk(ports).locale
    author = article.author
    address, writes = people.find_or_make(
        ports, author.email, author.name, text=article.text, locale=locale
    )
    return Contact.from_address(address), writes


def send_again(ports: Ports, who: Who, number: int, delivery_id: str) -> Saved:
    """Queue a mail once more that failed or bounced."""
    who.need("tickets:write")
    key = (table.ticket_pk(number), delivery_key(delivery_id))

    def decide(found: Ticket | None, now: datetime) -> Change | None:
        ticket = seen(who, found, number)
        delivery = store.delivery_of(table.fetch([key]).get(key))
        if delivery is None:
            raise NotFound(f"Ticket {number} has no delivery {delivery_id}.")
        return changes.sent_again(ticket, delivery, now)

    return amend(ports, number, decide, actor=who.actor, cause="send-again")


def delivery_key(delivery_id: str) -> str:
    """The sort key of a delivery by its id, or NotFound for what is no such id."""
    seq, _, recipient = delivery_id.partition("-")
    if not (seq.isascii() and seq.isdigit() and recipient.isalnum()):
        raise NotFound("There is no such delivery.")
    return table.delivery_sk(int(seq), recipient)


@dataclass(frozen=True, slots=True)
class Begun:
    """A new ticket as it will be, and what is written along with it."""

    change: Change
    also: Sequence[table.Write] = ()


def open_ticket(
    ports: Ports,
    who: Who,
    opening: Opening,
    body: str,
    *,
    desk: Desk,
    claim: Claim | None = None,
    also: Sequence[table.Write] = (),
    then: Callable[[Change, datetime], Begun] | None = None,
) -> Saved:
    """Register a ticket for a requester, as an agent does on the phone or a program by API.

    `then` is what else is decided about it at once.
    """
    who.need("tickets:write")
    text, text_key = stored_text(ports, body)
    if claim and (held := table.fetch([claim.key])):
        raise Done(held[claim.key])
    number, now, contact = store.next_number(), ports.clock(), opening.contact
    article = Article(
        number=number,
        seq=1,
        kind=ArticleKind.REPLY,
        author=Author("requester", contact.name, contact.email, contact.person),
        text=text,
        text_key=text_key,
        at=now,
    )
    ticket = new_ticket(number, opening, now)
    # Whoever takes a call says where it belongs.
    addresses = None if opening.follow_up_of or opening.channel == PHONE else ()
    change = changes.opened(ticket, article, desk, channel=opening.channel, addresses=addresses)
    if opening.is_acknowledged and desk.groups[change.after.group].acknowledges:
        ack = delivery_to(ports, change, contact, 0, mail="acknowledgement", now=now)
        change = changes.with_deliveries(change, [ack])
    begun = then(change, now) if then else Begun(change)
    writes = [*also, *begun.also, *([claim.write(number, change.seq)] if claim else [])]
    try:
        return save(begun.change, actor=who.actor, cause=opening.channel, now=now, also=writes)
    except table.Lost as lost:
        if not is_overtaken(lost, claim, number):
            raise
        raise Conflict("Somebody registered the same at once: try again.") from lost
