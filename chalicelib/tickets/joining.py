"""The verbs about two tickets at once: merge, unmerge, link, unlink, split.

What they mean is decided in `relations`. Both heads change in one transaction, each with an entry
of its own; a race that is lost is decided again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib import table
from chalicelib.desk.service import live_desk
from chalicelib.errors import Conflict, Invalid
from chalicelib.people import service as people
from chalicelib.ports import Ports
from chalicelib.tickets import followed, relations, service, store
from chalicelib.tickets.access import Who, seen
from chalicelib.tickets.changes import Change
from chalicelib.tickets.model import Article, Contact, Link, Ticket
from chalicelib.tickets.opening import Opening, new_ticket
from chalicelib.tickets.relations import REVERSE, Both
from chalicelib.tickets.service import Claim, Done, Saved

PARENT_DEPTH = 5


@dataclass(frozen=True, slots=True)
class _Found:
    """What a decision is made of: the tickets by number, and whatever else was asked for."""

    tickets: Mapping[int, Ticket]
    items: Mapping[tuple[str, str], table.Item]
    now: datetime


@dataclass(frozen=True, slots=True)
class _Step:
    """What is decided: the changes, and what is written along with them."""

    changes: tuple[Change, ...]
    also: tuple[table.Write, ...] = ()


def _amend(
    ports: Ports,
    who: Who,
    numbers: Sequence[int],
    decide: Callable[[_Found], _Step | None],
    *,
    cause: str,
    keys: Sequence[tuple[str, str]] = (),
    claim: Claim | None = None,
) -> list[Ticket]:
    """The tickets as they are after it, in the order of the changes; none where nothing changes."""

    def attempt() -> list[Ticket]:
        wanted = [*keys, *([claim.key] if claim else ())]
        tickets, items = store.load_many(numbers, wanted)
        if claim and claim.key in items:
            raise Done(items[claim.key])
        now = ports.clock()
        step = decide(_Found(tickets, items, now))
        if step is None:
            return []
        first = step.changes[0]
        writes = [claim.write(first.after.number, first.seq)] if claim else []
        told = [followed.told(ports, one, who.actor, now) for one in step.changes]
        return service.save_all(
            told, actor=who.actor, cause=cause, now=now, also=[*step.also, *writes]
        )

    return service.retried(
        ports,
        attempt,
        "Too many people changed these tickets at once: try again.",
        is_open=lambda lost: service.is_overtaken(lost, claim, *numbers),
    )


def _seen(who: Who, found: _Found, number: int) -> Ticket:
    return seen(who, found.tickets.get(number), number)


# Merging. ------------------------------------------------------------------------------------


def merge(ports: Ports, who: Who, number: int, into: int, *, adds_people: bool = False) -> Ticket:
    """Let a ticket lead to another one: whatever comes for it joins that. Twice is as once."""
    who.need("tickets:write")
    desk = live_desk(ports)

    def decide(found: _Found) -> _Step | None:
        source, target = _seen(who, found, number), _seen(who, found, into)
        both = relations.merged(
            source, target, desk, found.now, by=str(who.actor), adds_people=adds_people
        )
        if both and _height(source) + 1 >= store.MERGE_DEPTH:
            raise Conflict(f"Ticket {number} has too many others merged into it, one by one.")
        return _Step(both) if both else None

    return _first(who, number, _amend(ports, who, [number, into], decide, cause="merge"))


def _height(ticket: Ticket) -> int:
    """How many merges lead to a ticket, one after the other: one call for each."""
    height, level = 0, ticket.sources
    while level and height < store.MERGE_DEPTH:
        below, _ = store.load_many(level)
        level = tuple(number for source in below.values() for number in source.sources)
        height += 1
    return height


def unmerge(ports: Ports, who: Who, number: int) -> Ticket:
    """Make a merged ticket one of its own again; what came meanwhile stays where it is."""
    who.need("tickets:write")
    ticket = seen(who, store.load(number)[0], number)
    into = ticket.merged_into
    if into is None:
        return ticket

    def decide(found: _Found) -> _Step | None:
        source, target = _seen(who, found, number), found.tickets.get(into)
        if target is None or source.merged_into not in {None, into}:
            raise Conflict("Somebody merged it elsewhere meanwhile: look again.")
        both = relations.unmerged(source, target)
        return _Step(both) if both else None

    return _first(who, number, _amend(ports, who, [number, into], decide, cause="unmerge"))


def _first(who: Who, number: int, saved: Sequence[Ticket]) -> Ticket:
    """The ticket as it was saved, or as it is where there was nothing to save."""
    return saved[0] if saved else seen(who, store.load(number)[0], number)


# Links. --------------------------------------------------------------------------------------


def link(ports: Ports, who: Who, number: int, kind: str, other: int) -> None:
    """Say what another ticket is to this one: its parent, its problem. Twice is as once."""
    _link(ports, who, number, Link(_kind(kind), other), adds=True)


def unlink(ports: Ports, who: Who, number: int, kind: str, other: int) -> None:
    """Take that back. Where nobody said so, nothing changes."""
    _link(ports, who, number, Link(_kind(kind), other), adds=False)


def _kind(kind: str) -> str:
    if kind not in REVERSE:
        hint = f"one of {', '.join(REVERSE)}"
        raise Invalid("There is no such link.", fields={"type": hint})
    return kind


def _link(ports: Ports, who: Who, number: int, wanted: Link, *, adds: bool) -> None:
    who.need("tickets:write")
    key = store.link_key(number, wanted)

    def decide(found: _Found) -> _Step | None:
        ticket = _seen(who, found, number)
        other = seen(who, found.tickets.get(wanted.other), wanted.other)
        if (key in found.items) is adds:
            return None
        if not adds:
            both = relations.unlinked(ticket, other, wanted.type)
            return _Step(both, _link_writes(number, wanted, is_removal=True))
        both = relations.linked(ticket, other, wanted.type)
        _need_no_circle(both)
        return _Step(both, _link_writes(number, wanted))

    cause = "link" if adds else "unlink"
    _amend(ports, who, [number, wanted.other], decide, cause=cause, keys=[key])


def _link_writes(number: int, link: Link, *, is_removal: bool = False) -> tuple[table.Write, ...]:
    reverse = Link(REVERSE[link.type], number)
    items = (store.link_item(number, link), store.link_item(link.other, reverse))
    return tuple(table.Write(item, is_removal=is_removal) for item in items)


def _need_no_circle(both: Both) -> None:
    """Nothing may be its own ancestor: neither could ever be solved. One call a generation."""
    child = next((one.after for one in both if _gets_parent(one)), None)
    above = child.parent if child else None
    for _ in range(PARENT_DEPTH):
        if child is None or above is None:
            return
        if above == child.number:
            raise Conflict(f"Ticket {child.number} stands above this one already.")
        ticket, _found = store.load(above)
        above = ticket.parent if ticket else None
    raise Conflict(f"Tickets stand in at most {PARENT_DEPTH} generations.")


def _gets_parent(change: Change) -> bool:
    return change.before is not None and change.before.parent != change.after.parent


# Splitting. ----------------------------------------------------------------------------------


def split(
    ports: Ports,
    who: Who,
    number: int,
    seqs: Sequence[int],
    *,
    subject: str = "",
    claim: Claim | None = None,
) -> Saved:
    """Make a new ticket of some articles, for whoever wrote the first of them."""
    who.need("tickets:write")
    desk, seqs = live_desk(ports), sorted(set(seqs))
    if not 0 < len(seqs) <= relations.SPLIT_LIMIT:
        hint = f"1 to {relations.SPLIT_LIMIT} articles"
        raise Invalid("Choose what becomes a ticket.", fields={"articles": hint})
    keys = [(table.ticket_pk(number), table.article_sk(seq)) for seq in seqs]
    new: list[int] = []
    made: list[Change] = []

    def decide(found: _Found) -> _Step | None:
        ticket = _seen(who, found, number)
        articles = _articles(found, keys)
        contact, writes = _requester(ports, ticket, articles[0], desk.locale)
        opening = Opening(
            group=ticket.group,
            subject=" ".join(subject.split()) or ticket.subject,
            contact=contact,
            channel="split",
            priority=ticket.priority,
            tags=ticket.tags,
            type=ticket.type,
            is_internal=ticket.is_internal,
            organization=ticket.organization if contact.person == ticket.requester.person else "",
        )
        if not new:
            new.append(store.next_number())
        begun = new_ticket(new[0], opening, found.now)
        halves = relations.split(ticket, articles, begun, desk)
        made[:] = [halves.new]
        items = [*halves.stubs, *halves.copies[1:]]
        tie = _link_writes(number, Link("related", new[0]))
        written = (table.Write(store.article_item(one)) for one in items)
        return _Step((halves.new, halves.left), (*written, *tie, *writes))

    (ticket, _) = _amend(ports, who, [number], decide, cause="split", keys=keys, claim=claim)
    return Saved(ticket, made[0])


def _articles(found: _Found, keys: Sequence[tuple[str, str]]) -> list[Article]:
    articles = [store.article_of(found.items.get(key)) for key in keys]
    if None in articles:
        hint = "not all of them are on this ticket"
        raise Invalid("There is no such article.", fields={"articles": hint})
    return [article for article in articles if article]


def _requester(
    ports: Ports, ticket: Ticket, article: Article, locale: str
) -> tuple[Contact, Sequence[table.Write]]:
    """Who wrote an article, with the writes that make them a person where they are new."""
    author = article.author
    if author.role in {"agent", "system"} or not people.is_address(author.email):
        hint = "the first must be by a customer"
        raise Invalid("Nobody asked for this ticket.", fields={"articles": hint})
    place = ticket.place_of(author.email)
    if place is not None:
        return Contact(*_person(ticket.contacts[place])), ()
    address, writes = people.find_or_make(
        ports, author.email, author.name, text=article.text, locale=locale
    )
    return Contact(address.person, address.name, address.email, address.locale), writes


def _person(contact: Contact) -> tuple[str, str, str, str]:
    return contact.person, contact.name, contact.email, contact.locale
