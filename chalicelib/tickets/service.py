"""The verbs of the desk: load what the actor may touch, decide, save. API, pages and mail call
the same ones.

Decisions are in `changes`; here are the lock that is tried again, the mails that a change sends,
and the claims that make a repetition harmless.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib import table
from chalicelib.desk.model import Desk
from chalicelib.desk.service import live_desk
from chalicelib.errors import Conflict, Invalid, NotFound
from chalicelib.ledger.model import Actor
from chalicelib.people import service as people
from chalicelib.ports import Ports
from chalicelib.tickets import addressing, changes, store
from chalicelib.tickets.access import Who, seen
from chalicelib.tickets.changes import Change, Edit
from chalicelib.tickets.collision import Overtaken, narrowed
from chalicelib.tickets.model import (
    TEXT_LIMIT,
    Article,
    ArticleKind,
    Attachment,
    Author,
    Contact,
    Delivery,
    Status,
    Ticket,
    Timeline,
)

ATTEMPTS = 5
BODY_LIMIT = 200_000
SALT_BYTES = 16


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
    for attempt in range(ATTEMPTS):
        ticket, found = store.load(number, [claim.key] if claim else ())
        if found and claim:
            raise Done(found[claim.key])
        now = ports.clock()
        change = decide(ticket, now)
        if change is None:
            if ticket is None:
                raise NotFound(f"There is no ticket {number}.")
            return Saved(ticket, None)
        try:
            writes = [claim.write(number, change.seq)] if claim else []
            return save(change, actor=actor, cause=cause, now=now, also=[*also, *writes])
        except table.Lost as lost:
            _give_up_if_done(lost, claim, number)
        linger(ports, attempt)
    raise Conflict("Too many people changed this ticket at once: try again.")


def linger(ports: Ports, attempt: int) -> None:
    """Wait a little, and longer each time, before a lost race is run again."""
    ports.pause(secrets.randbelow(50 * (attempt + 1)) / 1000)


def save(
    change: Change,
    *,
    actor: Actor,
    cause: str,
    now: datetime,
    also: Sequence[table.Write] = (),
) -> Saved:
    """Write one decided change; raise table.Lost where somebody was faster or a claim is taken."""
    change = changes.with_breach_facts(change, now)
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
    told = [changes.with_breach_facts(change, now) for change in decided]
    salts = [new_salt() for _ in told]
    return store.save_all(told, actor=actor, cause=cause, at=now, salts=salts, also=also)


def new_salt() -> bytes:
    """What keeps a payload from being guessed by its digest once it is erased."""
    return secrets.token_bytes(SALT_BYTES)


def _give_up_if_done(lost: table.Lost, claim: Claim | None, number: int) -> None:
    if claim and claim.key in lost.held:
        raise Done(lost.held[claim.key]) from lost
    if not store.is_overtaken(lost, number):
        raise lost


# What agents and programs do. ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to say. `seen_seq` is the newest article they had read."""

    kind: ArticleKind
    body: str
    uploads: tuple[Attachment, ...] = ()
    seen_seq: int | None = None
    status: str | None = None


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
    ports: Ports, who: Who, number: int, draft: Draft, *, claim: Claim | None = None
) -> Saved:
    """Add an agent's reply or note; a reply is sent to everybody on the ticket.

    The agent's draft is done with. Raises Overtaken where a reply has not seen what others wrote.
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
        if draft.status:
            edit = Edit(status=draft.status)
            change = _joined(change, changes.edited(change.after, edit, desk, now, agent=who.agent))
        if draft.kind is ArticleKind.REPLY:
            change = changes.with_deliveries(change, _to_everybody(ports, change, now))
        return change

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
    places = enumerate(change.after.contacts)
    return [
        delivery_to(ports, change, contact, place, mail="reply", now=now)
        for place, contact in places
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


def edit_ticket(
    ports: Ports,
    who: Who,
    number: int,
    edit: Edit,
    *,
    version: int | None = None,
    claim: Claim | None = None,
) -> Saved:
    """Change fields; Clash where others have changed the same ones since `version`."""
    who.need("tickets:write")
    desk = live_desk(ports)

    def decide(found: Ticket | None, now: datetime) -> Change | None:
        ticket = seen(who, found, number)
        wanted = edit
        if version is not None and ticket.version != version:
            is_known = version < ticket.version
            since = store.facts_after(number, version) if is_known else None
            wanted = narrowed(ticket, since, edit, desk, now)
        return changes.edited(ticket, wanted, desk, now, agent=who.agent)

    return amend(ports, number, decide, actor=who.actor, cause="edit", claim=claim)


def accept_article(
    ports: Ports, who: Who, number: int, seq: int, *, adds_sender: bool = False
) -> Saved:
    """Take a held article as the customer's, with all that follows from it.

    `adds_sender` makes whoever wrote it a participant, who sees what is written from then on.
    """
    who.need("tickets:write")
    desk = live_desk(ports)
    key = (table.ticket_pk(number), table.article_sk(seq))
    joining = _sender_of(ports, key) if adds_sender else None

    def decide(found: Ticket | None, now: datetime) -> Change | None:
        ticket = seen(who, found, number)
        # Read after the head: whoever accepts it meanwhile moves the head on.
        article = store.article_of(table.fetch([key]).get(key))
        if article is None:
            raise NotFound(f"There is no article {seq} on ticket {number}.")
        change = changes.accepted(ticket, article, desk, now)
        return changes.with_contact(change, joining[0]) if joining else change

    also = joining[1] if joining else ()
    return amend(ports, number, decide, actor=who.actor, cause="accept", also=also)


def _sender_of(ports: Ports, key: tuple[str, str]) -> tuple[Contact, Sequence[table.Write]] | None:
    """Who wrote an article as a contact, with the writes that make them a person where new."""
    article = store.article_of(table.fetch([key]).get(key))
    if article is None or not people.is_address(article.author.email):
        return None
    locale = live_desk(ports).locale
    author = article.author
    address, writes = people.find_or_make(
        ports, author.email, author.name, text=article.text, locale=locale
    )
    return Contact(address.person, address.name, address.email, address.locale), writes


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
class Opening:
    """A new ticket as somebody outside or a program asks for it."""

    group: str
    subject: str
    contact: Contact
    channel: str
    priority: str = "normal"
    tags: tuple[str, ...] = ()
    follow_up_of: int | None = None


def new_ticket(number: int, opening: Opening, now: datetime) -> Ticket:
    """The ticket of an opening, before its first article."""
    return Ticket(
        number=number,
        status=Status.NEW,
        subject=opening.subject[: changes.SUBJECT_LIMIT] or "-",
        group=opening.group,
        assignee=None,
        contacts=(opening.contact,),
        priority=opening.priority,
        tags=opening.tags,
        opened_at=now,
        updated_at=now,
        follow_up_of=opening.follow_up_of,
    )


def open_ticket(
    ports: Ports,
    who: Who,
    opening: Opening,
    body: str,
    *,
    desk: Desk,
    claim: Claim | None = None,
    also: Sequence[table.Write] = (),
) -> Saved:
    """Register a ticket for a requester, as an agent does on the phone or a program by API."""
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
    change = changes.opened(ticket, article, desk, channel=opening.channel)
    if desk.groups[opening.group].acknowledges:
        ack = delivery_to(ports, change, contact, 0, mail="acknowledgement", now=now)
        change = changes.with_deliveries(change, [ack])
    writes = [claim.write(number, change.seq)] if claim else []
    try:
        return save(change, actor=who.actor, cause=opening.channel, now=now, also=[*also, *writes])
    except table.Lost as lost:
        _give_up_if_done(lost, claim, number)
        raise Conflict("Somebody registered the same at once: try again.") from lost
