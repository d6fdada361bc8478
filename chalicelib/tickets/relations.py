"""How tickets become one, become two, and stand to each other. Pure.

Each decision is about two tickets, to be written in one transaction: both ledgers say the same.
Who may decide so, and the writing, is in `joining`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib import facts
from chalicelib.desk.model import Desk
from chalicelib.errors import Conflict, Invalid
from chalicelib.tickets import changes, promised
from chalicelib.tickets.changes import Change
from chalicelib.tickets.model import (
    Article,
    ArticleKind,
    Contact,
    Merge,
    Status,
    Ticket,
)

SOURCE_LIMIT = 20
CHILD_LIMIT = 50
SPLIT_LIMIT = 20
# What the other ticket is to the one that the link is seen from, and what that is to the other.
REVERSE = {
    "related": "related",
    "duplicate": "duplicate",
    "parent": "child",
    "child": "parent",
    "problem": "incident",
    "incident": "problem",
    "blocks": "blocked_by",
    "blocked_by": "blocks",
}
Both = tuple[Change, Change]


# Merging. ------------------------------------------------------------------------------------


def merged(
    source: Ticket, target: Ticket, desk: Desk, now: datetime, *, by: str, adds_people: bool = False
) -> Both | None:
    """The source leads to the target from now on; None where it does so already.

    What was written stays where it is. A closed source stays closed: it has nothing left to stop.
    `adds_people` makes those on the source participants of the target, who see nothing older.
    """
    if source.merged_into == target.number:
        return None
    _may_merge(source, target)
    fact = facts.TicketMerged(source.number, target.number)
    clocks = promised.with_misses(source, desk, now).clocks
    merge = Merge(target.number, changes.next_seq(target), now, by, source.status, clocks)
    gone = replace(source, merge=merge, version=source.version + 1)
    said: tuple[facts.Fact, ...] = (fact,)
    if source.status is not Status.CLOSED:
        said = (fact, facts.StatusChanged(source.status, Status.MERGED))
        gone = replace(gone, status=Status.MERGED)
        gone = promised.status_changed(gone, source.status, desk, now)
    grown = replace(target, sources=(*target.sources, source.number))
    change = Change(target, grown, (fact,))
    for _, contact in source.present if adds_people else ():
        change = changes.with_contact(change, contact) if contact.email else change
    return Change(source, gone, said), change


def _may_merge(source: Ticket, target: Ticket) -> None:
    one, other = source.number, target.number
    if one == other:
        raise Invalid("A ticket cannot be merged into itself.", fields={"into": "is this ticket"})
    if source.merge:
        raise Conflict(f"Ticket {one} is merged into {source.merge.into}: undo that first.")
    if target.merge:
        raise Conflict(f"Ticket {other} is merged into {target.merge.into}: merge into that one.")
    if source.is_internal is not target.is_internal:
        raise Conflict("One of them is internal, the other a customer's: link the two.")
    if target.status is Status.CLOSED:
        raise Conflict(f"Ticket {other} is closed: open it again, or link the two.")
    if len(target.sources) >= SOURCE_LIMIT:
        raise Conflict(f"At most {SOURCE_LIMIT} tickets can be merged into one.")


def unmerged(source: Ticket, target: Ticket) -> Both | None:
    """The source is what it was before, None where it is; what has come since stays where it is.

    Its clocks have counted on: nobody has answered it meanwhile.
    """
    merge = source.merge
    if merge is None:
        return None
    said: tuple[facts.Fact, ...] = (facts.TicketUnmerged(source.number, target.number),)
    if source.status is not merge.status:
        said = (*said, facts.StatusChanged(source.status, merge.status))
    back = replace(
        source,
        merge=None,
        status=merge.status,
        clocks=merge.clocks,
        version=source.version + 1,
    )
    rest = tuple(number for number in target.sources if number != source.number)
    left = Change(target, replace(target, sources=rest), said[:1])
    return Change(source, back, said), left


# Links. --------------------------------------------------------------------------------------


def linked(ticket: Ticket, other: Ticket, kind: str) -> Both:
    """The other is the ticket's parent, or whatever `kind` says; a ticket has one parent."""
    if ticket.number == other.number:
        hint = "is this ticket"
        raise Invalid("A ticket cannot be linked with itself.", fields={"ticket": hint})
    ends = _ends(ticket, other, kind)
    if ends:
        child, parent = ends
        if child.parent:
            raise Conflict(f"Ticket {child.number} is a child of {child.parent} already.")
        if len(parent.open_children) >= CHILD_LIMIT:
            raise Conflict(f"At most {CHILD_LIMIT} children of a ticket can be open at once.")
        is_open = frozenset() if child.is_over else frozenset({child.number})
        child = replace(child, parent=parent.number)
        parent = replace(parent, open_children=parent.open_children | is_open)
        ends = child, parent
    return _both(facts.LinkAdded, ticket, other, kind, ends)


def unlinked(ticket: Ticket, other: Ticket, kind: str) -> Both:
    """The two are no longer linked so."""
    ends = _ends(ticket, other, kind)
    if ends:
        child, parent = ends
        rest = parent.open_children - {child.number}
        ends = replace(child, parent=None), replace(parent, open_children=rest)
    return _both(facts.LinkRemoved, ticket, other, kind, ends)


def _ends(ticket: Ticket, other: Ticket, kind: str) -> tuple[Ticket, Ticket] | None:
    """(child, parent) where the link is between such."""
    if kind == "parent":
        return ticket, other
    return (other, ticket) if kind == "child" else None


def _both(
    fact: type[facts.LinkAdded | facts.LinkRemoved],
    ticket: Ticket,
    other: Ticket,
    kind: str,
    ends: tuple[Ticket, Ticket] | None,
) -> Both:
    after = {one.number: one for one in ends or (ticket, other)}
    return (
        Change(ticket, after[ticket.number], (fact(kind, other.number),)),
        Change(other, after[other.number], (fact(REVERSE[kind], ticket.number),)),
    )


# Splitting. ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Halves:
    """The ticket that was split and the new one, with the articles as they stand on each."""

    left: Change
    new: Change
    stubs: tuple[Article, ...]
    copies: tuple[Article, ...]


def split(ticket: Ticket, articles: Sequence[Article], new: Ticket, desk: Desk) -> Halves:
    """A new ticket that begins with copies of these articles; its clocks start now.

    The files are not copied, and the originals stay, with a note of where they went.
    """
    gone = [article for article in articles if article.split_to]
    if gone:
        first = gone[0]
        raise Conflict(f"Article {first.seq} was split to ticket {first.split_to} already.")
    copies = [_copy(one, new.requester, new, seq) for seq, one in enumerate(articles, 1)]
    change = changes.opened(new, copies[0], desk, channel="split")
    fact = facts.TicketSplit(ticket.number, new.number, [article.seq for article in articles])
    begun = replace(
        change.after,
        seq=len(copies),
        public_seq=max(one.seq if one.is_public else 0 for one in copies),
        note_seq=max(one.seq if one.kind is ArticleKind.NOTE else 0 for one in copies),
    )
    return Halves(
        Change(ticket, ticket, (fact,)),
        replace(change, after=begun, facts=(*change.facts, fact)),
        tuple(replace(article, split_to=new.number) for article in articles),
        tuple(copies),
    )


def _copy(article: Article, requester: Contact, new: Ticket, seq: int) -> Article:
    author, is_held = article.author, article.is_held
    if author.email.lower() == requester.email.lower():
        author, is_held = replace(author, role="requester", id=requester.person), False
    elif author.role == "requester":
        author = replace(author, role="participant")
    return replace(article, number=new.number, seq=seq, author=author, is_held=is_held)
