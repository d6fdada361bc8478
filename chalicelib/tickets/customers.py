"""What customers do with the signed link to their ticket: read it, and answer.

The verbs beside those of `service`, for whoever has no more to show than a link.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from chalicelib import table
from chalicelib.desk.model import Desk
from chalicelib.desk.service import live_desk
from chalicelib.ledger.model import Actor
from chalicelib.ports import Ports
from chalicelib.tickets import changes, store
from chalicelib.tickets.access import Who, holder, is_for
from chalicelib.tickets.changes import Change
from chalicelib.tickets.model import Article, ArticleKind, Author, Contact, Ticket, Timeline
from chalicelib.tickets.service import Claim, Opening, Saved, amend, open_ticket, stored_text

# A page of nothing but what agents did among themselves would look like a ticket that is empty, so
# it is read on a little.
READS = 5


def read_ticket(
    number: int, place: int, epoch: int, *, before: str | None = None
) -> tuple[Timeline, Contact]:
    """The ticket with what this contact may see of its newest page, and nothing else.

    One call, unless a page has nothing for them; older pages by `before`.
    """
    for _ in range(READS):
        found, contact = _read_page(number, place, epoch, before)
        before = found.older
        if found.articles or before is None:
            break
    return found, contact


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
    """Add the customer's reply. As with mail, a ticket that does not reopen gets a follow-up."""
    desk, (ticket, _) = live_desk(ports), store.load(number)
    contact = holder(ticket, place, epoch)
    assert ticket is not None
    if not changes.reopens(ticket, desk, ports.clock()):
        return _follow_up(ports, ticket, contact, body, desk=desk, claim=claim)
    author = Author(
        "participant" if place else "requester", contact.name, contact.email, contact.person
    )
    text, text_key = stored_text(ports, body)

    def decide(found: Ticket | None, now: datetime) -> Change | None:
        holder(found, place, epoch)
        assert found is not None
        article = Article(
            number=number,
            seq=changes.next_seq(found),
            kind=ArticleKind.REPLY,
            author=author,
            text=text,
            text_key=text_key,
            at=now,
        )
        return changes.written_by_requester(found, article, desk)

    actor = Actor("person", contact.person)
    return amend(ports, number, decide, actor=actor, cause="portal", claim=claim)


def _follow_up(
    ports: Ports, ticket: Ticket, contact: Contact, body: str, *, desk: Desk, claim: Claim | None
) -> Saved:
    opening = Opening(
        group=ticket.group if ticket.group in desk.groups else next(iter(desk.groups)),
        subject=ticket.subject,
        contact=replace(contact, since=0),
        channel="portal",
        follow_up_of=ticket.number,
    )
    actor, scopes = Actor("person", contact.person), frozenset({"tickets:write"})
    who = Who(actor, contact.name, contact.email, scopes, frozenset())
    return open_ticket(ports, who, opening, body, desk=desk, claim=claim)
