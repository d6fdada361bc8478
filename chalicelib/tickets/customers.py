"""What customers do with the signed link to their ticket: read it, and answer.

The verbs beside those of `service`, for whoever has no more to show than a link.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from chalicelib import table
from chalicelib.desk.model import Desk
from chalicelib.desk.service import live_desk
from chalicelib.errors import Conflict, NotFound
from chalicelib.ledger.model import Actor
from chalicelib.ports import Ports
from chalicelib.tickets import changes, statuses, store
from chalicelib.tickets.access import Who, holder, is_for
from chalicelib.tickets.changes import Change
from chalicelib.tickets.model import Article, ArticleKind, Author, Contact, Ticket, Timeline
from chalicelib.tickets.opening import Opening, of_ticket
from chalicelib.tickets.routed import keeper
from chalicelib.tickets.service import Claim, Saved, amend, open_ticket, stored_text

# A page of nothing but what agents did among themselves would look like a ticket that is empty, so
# it is read on a little.
READS = 5


def read_ticket(
    number: int, place: int, epoch: int, *, before: str | None = None
) -> tuple[Timeline, Contact]:
    """The ticket with what this contact may see of its newest page, and nothing else.

    One call, unless a page has nothing for them; older pages by `before`. Of a ticket that was
    merged, `sources` are the newest pages of those it leads to: one call each.
    """
    is_newest = before is None
    for _ in range(READS):
        found, contact = _read_page(number, place, epoch, before)
        before = found.older
        if found.articles or before is None:
            break
    return replace(found, sources=_since_merge(found.ticket, contact) if is_newest else ()), contact


def _since_merge(ticket: Ticket, contact: Contact) -> tuple[Timeline, ...]:
    """What is public where the ticket leads to, and has come there since.

    Nothing for whoever was taken off there.
    """
    pages: list[Timeline] = []
    while ticket.merge and len(pages) < store.MERGE_DEPTH:
        page = store.timeline(ticket.merge.into)
        if page is None or _is_closed_to(page.ticket, contact):
            break
        guest = replace(ticket.requester, since=ticket.merge.since)
        articles = tuple(article for article in page.articles if is_for(guest, article))
        pages.append(replace(page, articles=articles, deliveries=(), entries=(), links=()))
        ticket = page.ticket
    return tuple(pages)


def read_article(
    number: int, place: int, epoch: int, wanted: tuple[int, int]
) -> tuple[Article, Contact]:
    """An article (ticket, seq) that the contact sees: one call, and one for each merge before."""
    key = (table.ticket_pk(wanted[0]), table.article_sk(wanted[1]))
    ticket, found = store.load(number, [key])
    contact = holder(ticket, place, epoch)
    article, guest = store.article_of(found.get(key)), contact
    for _ in range(store.MERGE_DEPTH):
        if ticket is None or ticket.number == wanted[0]:
            break
        guest = replace(contact, since=ticket.merge.since if ticket.merge else 0)
        ticket, _found = store.load(ticket.merge.into) if ticket.merge else (None, {})
        if ticket and _is_closed_to(ticket, contact):
            break
    if ticket is None or _is_closed_to(ticket, contact):
        raise NotFound("There is no such article.")
    if article is None or not is_for(guest, article):
        raise NotFound("There is no such article.")
    return article, contact


def _is_closed_to(ticket: Ticket, contact: Contact) -> bool:
    """Whether a ticket that theirs was merged into is not for a contact to see."""
    return ticket.is_internal or ticket.was_left_by(contact.email)


def _read_page(number: int, place: int, epoch: int, before: str | None) -> tuple[Timeline, Contact]:
    found = store.timeline(number, before=before)
    contact = holder(found.ticket if found else None, place, epoch)
    assert found is not None
    articles = tuple(article for article in found.articles if is_for(contact, article))
    # Nothing from before they joined is theirs to see, so there is no use in going on to it.
    first = table.article_sk(contact.since)
    older = found.older if found.older and found.older > first else None
    return replace(found, articles=articles, deliveries=(), entries=(), older=older), contact


def write_article(
    ports: Ports, number: int, place: int, epoch: int, body: str, *, claim: Claim | None = None
) -> Saved:
    """Add the customer's reply. As with mail, a ticket that does not reopen gets a follow-up, and
    what was merged is answered where it leads to.
    """
    desk, (origin, _) = live_desk(ports), store.load(number)
    contact = holder(origin, place, epoch)
    ticket = store.root(origin) if origin else None
    if origin is None or ticket is None or _is_closed_to(ticket, contact):
        raise NotFound("This link leads nowhere.", fields={"link": "invalid"})
    there = place if ticket is origin else ticket.place_of(contact.email)
    fate = statuses.after_close(ticket, desk, ports.clock())
    if fate == "reject":
        raise Conflict("This request is closed: write a new one.")
    if fate == "follow_up":
        return _follow_up(ports, ticket, contact, body, desk=desk, claim=claim)
    role = "requester" if there == 0 else "participant"
    author = Author(role, contact.name, contact.email, contact.person)
    text, text_key = stored_text(ports, body)

    def decide(found: Ticket | None, now: datetime) -> Change | None:
        if found is None or found.merge:
            raise Conflict("The request has moved meanwhile: send it again.")
        if ticket is origin:
            holder(found, place, epoch)
        article = Article(
            number=found.number,
            seq=changes.next_seq(found),
            kind=ArticleKind.REPLY,
            author=author,
            text=text,
            text_key=text_key,
            at=now,
        )
        change = changes.written_by_requester(found, article, desk)
        return changes.with_contact(change, contact) if there is None else change

    actor = Actor("person", contact.person)
    return amend(ports, ticket.number, decide, actor=actor, cause="portal", claim=claim)


def _follow_up(
    ports: Ports, ticket: Ticket, contact: Contact, body: str, *, desk: Desk, claim: Claim | None
) -> Saved:
    opening = Opening(
        group=ticket.group if ticket.group in desk.groups else next(iter(desk.groups)),
        subject=ticket.subject,
        contact=replace(contact, since=0),
        channel="portal",
        follow_up_of=ticket.number,
        assignee=keeper(ticket, desk),
        **of_ticket(ticket),
    )
    actor, scopes = Actor("person", contact.person), frozenset({"tickets:write"})
    who = Who(actor, contact.name, contact.email, scopes, frozenset())
    return open_ticket(ports, who, opening, body, desk=desk, claim=claim)
