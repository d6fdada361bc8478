"""What a mail that was let in becomes: a new ticket, or an article on the one it points at."""

from __future__ import annotations

from dataclasses import dataclass, replace

from chalicelib import table
from chalicelib.desk.model import Agent, Group
from chalicelib.intake import screen
from chalicelib.intake.case import Case
from chalicelib.intake.model import Match
from chalicelib.mail.parse import MailKind
from chalicelib.mail.quotes import split_reply
from chalicelib.people import service as people
from chalicelib.people import store as people_store
from chalicelib.people.language import language_of
from chalicelib.tickets import addressing, changes
from chalicelib.tickets import service as tickets
from chalicelib.tickets import store as ticket_store
from chalicelib.tickets.changes import Change
from chalicelib.tickets.model import (
    TEXT_LIMIT,
    Article,
    ArticleKind,
    Attachment,
    Author,
    Contact,
    Ticket,
)


@dataclass(frozen=True, slots=True)
class Decision:
    """A change of one ticket, with the writes that make the people it adds."""

    change: Change
    people: tuple[table.Write, ...] = ()


def new_ticket(case: Case, group: Group, *, follow_up_of: int | None = None) -> Decision:
    """The mail opens a ticket, and is acknowledged if a machine may answer it."""
    kept = case.kept
    kept.number = kept.number or ticket_store.next_number()
    contact, writes = _contact(case, case.sender, case.sender_name, group)
    opening = tickets.Opening(
        group=group.id,
        subject=addressing.without_tags(case.mail.subject),
        contact=contact,
        channel="mail",
        follow_up_of=follow_up_of,
    )
    ticket = tickets.new_ticket(kept.number, opening, case.now)
    author = Author("requester", contact.name, contact.email, contact.person)
    article = _article(case, ticket.number, 1, author, matched_by="none")
    is_human = case.mail.kind in {MailKind.HUMAN, MailKind.LIST}
    change = changes.opened(ticket, article, case.desk, channel="mail", runs_clocks=is_human)
    change, more = _with_copied(case, change, group)
    if group.acknowledges and screen.may_acknowledge(
        case.mail, authenticated=case.is_authenticated, known=case.known, rate=case.rate
    ):
        ack = tickets.delivery_to(
            case.ports, change, contact, 0, mail="acknowledgement", now=case.now
        )
        change = changes.with_deliveries(change, [ack])
    return Decision(change, (*writes, *more))


def join(case: Case, match: Match, ticket: Ticket, group: Group) -> Decision:
    """The mail joins the ticket it points at: as its sender's, as an agent's note, or held."""
    agent = case.desk.agent_at(case.sender)
    if agent and case.is_authenticated and ticket.place_of(case.sender) is None:
        return _note(case, match, ticket, agent)
    place = ticket.place_of(case.sender)
    trusted = screen.is_trusted(match, ticket, case.sender, authenticated=case.is_authenticated)
    if trusted and not changes.reopens(ticket, case.desk, case.now):
        return new_ticket(case, group, follow_up_of=ticket.number)
    role = "stranger" if place is None else "participant" if place else "requester"
    person = ticket.contacts[place].person if place is not None else ""
    author = Author(role, case.sender_name or case.sender, case.sender, person)
    seq = changes.next_seq(ticket)
    article = _article(case, ticket.number, seq, author, matched_by=match.key)
    change = changes.written_by_requester(ticket, replace(article, is_held=not trusted), case.desk)
    if trusted and place == 0:
        change, writes = _with_copied(case, change, group)
        return Decision(change, writes)
    return Decision(change)


def _note(case: Case, match: Match, ticket: Ticket, agent: Agent) -> Decision:
    """What agents mail stays inside: an answer that goes out is written at the desk."""
    author = Author("agent", agent.name, agent.email, agent.id)
    seq = changes.next_seq(ticket)
    article = _article(case, ticket.number, seq, author, matched_by=match.key)
    note = replace(article, kind=ArticleKind.NOTE)
    return Decision(changes.written_by_agent(ticket, note, case.desk))


def _contact(case: Case, email: str, name: str, group: Group) -> tuple[Contact, list[table.Write]]:
    """Somebody as a contact, with the writes that make a person of one who is new."""
    known = case.address(email)
    if known:
        return Contact(known.person, known.name, known.email, known.locale), []
    if email not in case.kept.persons:
        words = f"{case.mail.subject}\n{case.mail.text}"
        locale = language_of(words, case.mail.languages) or group.locale
        case.kept.persons[email] = people.new_person(case.ports, email, name, locale=locale)
    person = case.kept.persons[email]
    contact = Contact(person.id, person.name, person.email, person.locale)
    return contact, people_store.add(case.ports.keys(), person)


def _with_copied(
    case: Case, change: Change, group: Group
) -> tuple[Change, tuple[table.Write, ...]]:
    """The change with those in copy as participants, if the sender is who they seem to be."""
    if not case.is_authenticated:
        return change, ()
    names = {address.address: address.name for address in (*case.mail.to, *case.mail.cc)}
    writes: list[table.Write] = []
    for email in case.copied:
        if change.after.place_of(email) is None:
            contact, more = _contact(case, email, names[email], group)
            change = changes.with_contact(change, contact)
            writes += more
    return change, tuple(writes)


def _article(case: Case, number: int, seq: int, author: Author, *, matched_by: str) -> Article:
    visible, rest = split_reply(case.mail.text, case.mail.subject)
    text = visible.encode()[:TEXT_LIMIT].decode(errors="ignore")
    verdicts = {name: value for name, value in case.receipt.verdicts.to_dict().items() if value}
    authenticated = "yes" if case.is_authenticated else "no"
    return Article(
        number=number,
        seq=seq,
        kind=ArticleKind.REPLY,
        author=author,
        text=text,
        at=case.now,
        has_rest=bool(rest.strip()) or len(text) < len(visible),
        message_id=case.mail.message_id,
        mail_kind=case.mail.kind.value,
        raw_key=case.receipt.key,
        attachments=_files(case),
        flight={**verdicts, "matched_by": matched_by, "authenticated": authenticated},
    )


def _files(case: Case) -> tuple[Attachment, ...]:
    """The attachments as files; the keys come from the SES id, so twice is once."""
    if case.kept.files is None:
        files = []
        for place, attachment in enumerate(case.mail.attachments):
            key = f"attachments/{case.receipt.ses_id}/{place}"
            content = attachment.content
            case.ports.blobs.put(key, content, content_type="application/octet-stream")
            files.append(
                Attachment(
                    name=attachment.filename,
                    content_type=attachment.content_type,
                    size=len(content),
                    key=key,
                    content_id=attachment.content_id or None,
                    is_inline=attachment.is_inline,
                )
            )
        case.kept.files = tuple(files)
    return case.kept.files
