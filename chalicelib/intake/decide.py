"""What a mail that was let in becomes: a new ticket, or an article on the one it points at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from chalicelib import facts, table
from chalicelib.desk.model import Agent, Group
from chalicelib.intake import flight, screen
from chalicelib.intake import match as matching
from chalicelib.intake.case import Case
from chalicelib.intake.contents import cut, store_files, with_contents
from chalicelib.intake.model import Flight, Match
from chalicelib.mail.forwarded import Forwarded
from chalicelib.mail.parse import MailKind
from chalicelib.people import service as people
from chalicelib.people import store as people_store
from chalicelib.people.language import language_of
from chalicelib.tickets import addressing, changes
from chalicelib.tickets import service as tickets
from chalicelib.tickets import store as ticket_store
from chalicelib.tickets.changes import Change
from chalicelib.tickets.model import (
    BY_PEOPLE,
    Article,
    ArticleKind,
    Author,
    Contact,
    DeliveryState,
    Ticket,
)
from chalicelib.tickets.opening import Opening, of_ticket
from chalicelib.tickets.opening import new_ticket as begun
from chalicelib.tickets.routed import keeper

# A mail that was passed on later than this is not answered as if it had lain here all the time.
FORWARD_LIMIT = timedelta(days=7)
COMMENT_LIMIT = 4000


@dataclass(frozen=True, slots=True)
class Decision:
    """A change of one ticket, with what is written along with it."""

    change: Change
    also: tuple[table.Write, ...] = ()


# A new ticket. -------------------------------------------------------------------------------


def new_ticket(
    case: Case, group: Group, number: int, tried: list[str], *, follows: Ticket | None = None
) -> Decision:
    """The mail opens a ticket, and is acknowledged if a machine may answer it.

    One that follows a closed ticket has its requester and its tags, whoever of them writes.
    """
    contact, writes = _contact(case, case.sender, case.sender_name, group)
    is_participant = follows is not None and bool(follows.place_of(case.sender))
    opening = Opening(
        group=group.id,
        subject=addressing.without_tags(case.mail.subject),
        contact=replace(follows.requester, since=0) if follows and is_participant else contact,
        channel="mail",
        follow_up_of=follows.number if follows else None,
        assignee=keeper(follows, case.desk) if follows else None,
        **(of_ticket(follows) if follows else {"organization": case.organization(case.sender)}),
    )
    ticket = begun(number, opening, case.now)
    done = "follow_up" if follows else "opened"
    role = "participant" if is_participant else "requester"
    author = Author(role, contact.name, contact.email, contact.person)
    article = _article(case, ticket, author, flight.record(case, done, tried=tried))
    change = changes.opened(
        ticket,
        article,
        case.desk,
        channel="mail",
        runs_clocks=case.mail.kind in BY_PEOPLE,
        addresses=None if follows else _addresses(case),
    )
    ack = _acknowledgement(case, change.after, case.desk.groups[change.after.group])
    record = flight.record(case, done, tried=tried, ack=ack)
    change = replace(change, article=replace(article, flight=record))
    change = changes.with_contact(change, contact)
    change, more = _with_copied(case, change, group)
    if ack == "sent":
        place = change.after.place_of(contact.email)
        letter = tickets.delivery_to(
            case.ports, change, contact, place, mail="acknowledgement", now=case.now
        )
        change = changes.with_deliveries(change, [letter])
        more += tuple(case.rates.acknowledge(number, case.mail.subject))
    return Decision(change, (*writes, *more))


def _addresses(case: Case) -> tuple[str, ...] | None:
    """Those of ours that the mail came to; the copy of a group stays there, whatever it says."""
    if case.receipt.copy_for:
        return None
    groups = map(case.desk.group_at, matching.recipients(case.mail, case.receipt))
    return tuple(dict.fromkeys(group.address for group in groups if group))


def _acknowledgement(case: Case, ticket: Ticket, group: Group) -> str:
    if ticket.is_internal:
        return "internal"
    return screen.acknowledgement(
        case.mail,
        group,
        case.desk.limits,
        ticket.number,
        authenticated=case.is_authenticated,
        known=case.known,
        rate=case.rate,
        mark=case.rates.mark(case.mail.subject),
    )


def passed_on(case: Case, group: Group, number: int, agent: Agent, original: Forwarded) -> Decision:
    """An agent passed on what a customer wrote to them: the ticket is the customer's.

    The customer wrote to a person, so no machine answers; the clocks run since then.
    """
    contact, writes = _contact(case, original.sender.address, original.sender.name, group)
    opening = Opening(
        group=group.id,
        subject=addressing.without_tags(original.subject or case.mail.subject),
        contact=contact,
        channel="mail",
        organization=case.organization(original.sender.address),
    )
    ticket = begun(number, opening, case.now)
    author = Author("requester", contact.name, contact.email, contact.person)
    record = flight.record(case, "forwarded", ack="forwarded", forwarded_by=agent.id)
    article = replace(
        _article(case, ticket, author, record),
        text=cut(original.text),
        has_rest=True,
        comment=original.comment[:COMMENT_LIMIT] or None,
    )
    asked_at = min(original.date, case.now) if original.date else case.now
    change = changes.opened(
        ticket,
        article,
        case.desk,
        channel="mail",
        asked_at=max(asked_at, case.now - FORWARD_LIMIT),
        addresses=_addresses(case),
    )
    return Decision(change, tuple(writes))


# An article on a ticket. ---------------------------------------------------------------------


def join(case: Case, match: Match, ticket: Ticket, group: Group, tried: list[str]) -> Decision:
    """The mail joins the ticket it points at: as its sender's, as an agent's note, or held."""
    if screen.is_returned(case.mail):
        return _returned(case, match, ticket, tried)
    place, agent = ticket.place_of(case.sender), case.agent
    is_to_staff = match.place == addressing.STAFF
    if agent and (place is None or is_to_staff):
        if agent.is_admin or ticket.group in agent.groups or ticket.assignee == agent.id:
            return _note(case, match, ticket, group, agent, tried)
        return _from_outside(case, match, ticket, "agent_without_access", tried)
    why = case.distrust(match, ticket)
    joins = None if why else case.newcomer(match, ticket)
    decision = _from_outside(case, match, ticket, why, tried, joins)
    place = decision.change.after.place_of(case.sender)
    if why or place is None:
        return decision
    if place == 0:
        decision = Decision(*_with_copied(case, decision.change, group))
    return _with_unmuted(case, decision, place)


def reject(case: Case, match: Match, ticket: Ticket, group: Group, tried: list[str]) -> Decision:
    """The mail comes too late: it is held, and its sender is told to write a new one.

    The notice is automatic, so what limits acknowledgements limits it, too.
    """
    joins = case.newcomer(match, ticket)
    decision = _from_outside(case, match, ticket, "closed", tried, joins)
    contacts = decision.change.after.contacts
    place = decision.change.after.place_of(case.sender)
    ack = _acknowledgement(case, ticket, replace(group, acknowledges=True))
    if ack != "sent" or place is None:
        return decision
    notice = tickets.delivery_to(
        case.ports, decision.change, contacts[place], place, mail="closed", now=case.now
    )
    change = changes.with_deliveries(decision.change, [notice])
    return Decision(change, tuple(case.rates.acknowledge(ticket.number, case.mail.subject)))


def _from_outside(
    case: Case,
    match: Match,
    ticket: Ticket,
    why: str,
    tried: list[str],
    joins: Contact | None = None,
) -> Decision:
    """An article of whoever wrote; with a reason not to trust them, held.

    `joins` is who they are on a ticket that was merged into this one: they take part from now on.
    """
    place = ticket.place_of(case.sender)
    contact = ticket.contacts[place] if place is not None else joins
    role = "stranger" if contact is None else "requester" if place == 0 else "participant"
    person = contact.person if contact else ""
    author = Author(role, case.sender_name or case.sender, case.sender, person)
    done = "held" if why else "joined"
    record = flight.record(case, done, matched_by=match.key, tried=tried, why=why)
    article = replace(_article(case, ticket, author, record), is_held=bool(why))
    change = changes.written_by_requester(ticket, article, case.desk)
    change = changes.with_contact(change, joins) if joins else change
    return Decision(changes.with_heat(change, case.now))


def _with_unmuted(case: Case, decision: Decision, place: int) -> Decision:
    """Whoever surely writes from an address can be reached there again."""
    is_human = case.mail.kind is MailKind.HUMAN
    if not (is_human and case.is_authenticated and case.known and case.known.is_muted):
        return decision
    change = changes.with_mute(decision.change, place, is_muted=False)
    lifted = people_store.muting(case.ports.keys(), case.sender, is_muted=False)
    return Decision(change, (*decision.also, lifted))


def _note(
    case: Case, match: Match, ticket: Ticket, group: Group, agent: Agent, tried: list[str]
) -> Decision:
    """What agents mail stays inside: an answer that goes out is written at the desk."""
    author = Author("agent", agent.name, agent.email, agent.id)
    record = flight.record(case, "note", matched_by=match.key, tried=tried)
    note = replace(_article(case, ticket, author, record), kind=ArticleKind.NOTE)
    return Decision(*_with_copied(case, changes.written_by_agent(ticket, note, case.desk), group))


def _returned(case: Case, match: Match, ticket: Ticket, tried: list[str]) -> Decision:
    """A mail system's report joins the ticket and moves nothing.

    Only a report that returns a mail of ours, signed, to the recipient it names, is believed:
    then the mail has bounced, and nothing automatic is sent to that address any more.
    """
    pointer = case.clues.returned
    sent = case.returned(pointer) if pointer and match.key == "bounced" else None
    # Reports about the tickets of others can be made up: only agents see any of them.
    author = Author("system", case.sender_name or case.sender, case.sender)
    why = "" if sent else "not_ours"
    record = flight.record(case, "bounce", matched_by=match.key, tried=tried, why=why)
    article = _article(case, ticket, author, record)
    change = changes.written_by_requester(ticket, article, case.desk)
    change = changes.with_heat(change, case.now)
    failed = next((one for one in case.mail.failed if one.is_permanent), None)
    if sent is None or failed is None or sent.state is not DeliveryState.SENT:
        return Decision(change)
    fact = facts.DeliveryBounced(sent.id, is_permanent=True, status=failed.status)
    change = replace(change, facts=(*change.facts, fact))
    writes = [
        ticket_store.delivery_ended(sent, DeliveryState.BOUNCED, failed.diagnostic or failed.status)
    ]
    # What was sent from a ticket that is merged now has its places from there.
    place = sent.place if sent.number == ticket.number else ticket.place_of(sent.email)
    if place is not None and place < len(ticket.contacts):
        change = changes.with_mute(change, place, is_muted=True)
        if case.address(sent.email):
            writes.append(people_store.muting(case.ports.keys(), sent.email, is_muted=True))
    return Decision(change, tuple(writes))


# People, texts and files. --------------------------------------------------------------------


def _contact(case: Case, email: str, name: str, group: Group) -> tuple[Contact, list[table.Write]]:
    """Somebody as a contact, with the writes that make a person of one who is new."""
    known = case.address(email)
    if known and known.person:
        return Contact.from_address(known), []
    if email not in case.kept.persons:
        words = f"{case.mail.subject}\n{case.mail.text}"
        locale = language_of(words, case.mail.languages) or group.locale
        case.kept.persons[email] = people.new_person(case.ports, email, name, locale=locale)
    person = case.kept.persons[email]
    contact = Contact(person.id, person.name, person.email, person.locale)
    is_proven = email == case.sender and case.is_authenticated
    return contact, people_store.add(case.ports.keys(), person, known, is_proven=is_proven)


def _with_copied(
    case: Case, change: Change, group: Group
) -> tuple[Change, tuple[table.Write, ...]]:
    """The change with those in copy as participants, if the sender is who they seem to be.

    Where the desk was a blind copy, they shall not learn of it from our answer.
    """
    addressed = (address.address for address in (*case.mail.to, *case.mail.cc))
    if not case.is_authenticated or not any(map(case.desk.group_at, addressed)):
        return change, ()
    names = {address.address: address.name for address in (*case.mail.to, *case.mail.cc)}
    writes: list[table.Write] = []
    for email in case.copied:
        if change.after.place_of(email) is None:
            contact, more = _contact(case, email, names[email], group)
            change = changes.with_contact(change, contact)
            writes += more
    return change, tuple(writes)


def _article(case: Case, ticket: Ticket, author: Author, record: Flight) -> Article:
    if case.kept.files is None:
        case.kept.files = store_files(case.ports, case.receipt.ses_id, case.mail)
    bare = Article(
        number=ticket.number,
        seq=changes.next_seq(ticket),
        kind=ArticleKind.REPLY,
        author=author,
        text="",
        at=case.now,
        raw_key=case.receipt.key,
        flight=record,
    )
    return with_contents(bare, case.mail, case.kept.files)
