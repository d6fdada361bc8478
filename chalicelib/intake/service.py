"""The verb of inbound mail: receive. However often SES delivers, it happens once.

Every object in the inbound bucket ends as exactly one of article, suspended mail and duplicate; the
claim on its SES id, written with what it became, says which.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from chalicelib import facts, table
from chalicelib.desk.model import Desk, Group
from chalicelib.desk.service import live_desk
from chalicelib.errors import Conflict, NotFound
from chalicelib.intake import match as matching
from chalicelib.intake import screen, store
from chalicelib.intake.model import (
    INBOUND_PREFIX,
    SETUP_NOTIFICATION,
    Cause,
    Match,
    Outcome,
    Rate,
    Receipt,
    Suspended,
)
from chalicelib.ledger.model import GENESIS, Actor, make_entry
from chalicelib.ledger.store import to_item
from chalicelib.mail.parse import InboundMail, MailError, MailKind, content_digest, parse
from chalicelib.mail.quotes import split_reply
from chalicelib.people import store as people
from chalicelib.people.language import language_of
from chalicelib.people.model import Address, Person
from chalicelib.ports import Ports
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

CC_LIMIT = 10
ACTOR = Actor("system", "intake")


@dataclass(frozen=True, slots=True)
class _Case:
    """One inbound mail with all that the table knows about it."""

    receipt: Receipt
    mail: InboundMail
    desk: Desk
    now: datetime
    clues: matching.Clues
    found: Mapping[tuple[str, str], table.Item]
    known: Address | None
    rate: Rate
    files: tuple[Attachment, ...]

    @property
    def sender(self) -> str:
        return self.mail.from_[0].address if self.mail.from_ else ""

    @property
    def is_authenticated(self) -> bool:
        return screen.is_authenticated(self.mail, self.receipt)


@dataclass(frozen=True, slots=True)
class _Decision:
    """A change of one ticket, with the people it adds and the answers it sends."""

    change: Change
    cause: str
    people: tuple[table.Write, ...] = ()


def receive(ports: Ports, receipt: Receipt) -> Outcome:
    """Make of one inbound mail what it should be; harmless to repeat at any point."""
    raw = ports.mail_blobs.get(receipt.key)
    desk = live_desk(ports)
    try:
        mail = parse(raw)
    except MailError:
        return _suspend_unreadable(ports, receipt)
    state: dict[str, Any] = {}
    for attempt in range(tickets.ATTEMPTS):
        case = _look_up(ports, receipt, mail, desk)
        held = case.found.get(store.ses_key(receipt.ses_id))
        if isinstance(held, store.SesItem):
            return Outcome(held.outcome)
        try:
            return _settle(ports, case, state)
        except table.Lost:
            tickets.linger(ports, attempt)
    raise Conflict(f"Mail {receipt.ses_id} lost {tickets.ATTEMPTS} races: it is delivered again.")


def _look_up(ports: Ports, receipt: Receipt, mail: InboundMail, desk: Desk) -> _Case:
    """Everything that may matter for this mail, in one call."""
    keys, now = ports.keys(), ports.clock()
    clues = matching.clues(mail, receipt, keys)
    sender = mail.from_[0].address if mail.from_ else ""
    wanted = [store.ses_key(receipt.ses_id), *(_id_key(ports, value) for value in clues.ids)]
    wanted += [ticket_store.head_key(number) for number in clues.numbers]
    wanted += [people.address_key(keys, address) for address in (sender, *_copied(mail, desk))]
    wanted += store.rate_keys(keys.hide(sender), now)
    if mail.message_id:
        wanted.append(_id_key(ports, mail.message_id))
    found = table.fetch(wanted)
    return _Case(
        receipt=receipt,
        mail=mail,
        desk=desk,
        now=now,
        clues=clues,
        found=found,
        known=people.address_of(found.get(people.address_key(keys, sender))),
        rate=store.rate_of(found, keys.hide(sender), now),
        files=(),
    )


def _id_key(ports: Ports, message_id: str) -> tuple[str, str]:
    hidden = ports.keys().hide(matching.stored_form(message_id))
    return table.message_id_pk(hidden), table.CLAIM


def _copied(mail: InboundMail, desk: Desk) -> list[str]:
    """Who else was addressed and is neither a group nor an agent of ours."""
    sender = mail.from_[0].address if mail.from_ else ""
    others = [address.address for address in (*mail.to, *mail.cc)]
    return [
        address
        for address in dict.fromkeys(others)
        if address != sender and not desk.group_at(address) and not desk.agent_at(address)
    ][:CC_LIMIT]


def _settle(ports: Ports, case: _Case, state: dict[str, Any]) -> Outcome:
    claimed = _claimed_id(ports, case)
    if claimed and claimed.digest == content_digest(case.mail):
        table.transact([store.claim(case.receipt, Outcome.DUPLICATE, int(claimed.number))])
        return Outcome.DUPLICATE
    cause = screen.suspension(case.mail, case.receipt, case.desk, case.known, case.rate)
    if cause:
        return _suspend(ports, case, cause)
    match, ticket = _match(ports, case)
    group = _group(case, ticket)
    if match is None and screen.is_automatic(case.mail):
        return _suspend(ports, case, Cause.AUTOMATIC)
    if group is None:
        return _suspend(ports, case, Cause.NO_GROUP)
    case = replace(case, files=_store_files(ports, case, state))
    if match is None or ticket is None:
        decision = _new_ticket(ports, case, group, state)
    else:
        decision = _join(ports, case, match, ticket, group, state)
    _write(ports, case, decision)
    return Outcome.ARTICLE


def _claimed_id(ports: Ports, case: _Case) -> ticket_store.MessageIdItem | None:
    if not case.mail.message_id:
        return None
    item = case.found.get(_id_key(ports, case.mail.message_id))
    return item if isinstance(item, ticket_store.MessageIdItem) else None


def _match(ports: Ports, case: _Case) -> tuple[Match | None, Ticket | None]:
    loaded: dict[int, Ticket | None] = {}

    def ticket(number: int) -> Ticket | None:
        if number not in loaded:
            item = case.found.get(ticket_store.head_key(number))
            loaded[number] = ticket_store.ticket_of(item)
        return loaded[number]

    def stored(message_id: str) -> int | None:
        item = case.found.get(_id_key(ports, message_id))
        return int(item.number) if isinstance(item, ticket_store.MessageIdItem) else None

    match = matching.match(case.clues, case.sender, ticket=ticket, stored=stored)
    if match is None:
        return None, None
    return match, ticket(match.number) or ticket_store.load(match.number)[0]


def _group(case: _Case, ticket: Ticket | None) -> Group | None:
    if ticket and ticket.group in case.desk.groups:
        return case.desk.groups[ticket.group]
    recipients = [*case.receipt.recipients, *case.mail.delivered_to]
    recipients += [address.address for address in (*case.mail.to, *case.mail.cc)]
    groups = (case.desk.group_at(recipient) for recipient in recipients)
    return next((group for group in groups if group), None)


def _store_files(ports: Ports, case: _Case, state: dict[str, Any]) -> tuple[Attachment, ...]:
    """The attachments as files; the keys come from the SES id, so twice is once."""
    if "files" not in state:
        files = []
        for place, attachment in enumerate(case.mail.attachments):
            key = f"attachments/{case.receipt.ses_id}/{place}"
            ports.blobs.put(key, attachment.content, content_type="application/octet-stream")
            files.append(
                Attachment(
                    name=attachment.filename,
                    content_type=attachment.content_type,
                    size=len(attachment.content),
                    key=key,
                    content_id=attachment.content_id or None,
                    is_inline=attachment.is_inline,
                )
            )
        state["files"] = tuple(files)
    files_stored: tuple[Attachment, ...] = state["files"]
    return files_stored


def _new_ticket(
    ports: Ports, case: _Case, group: Group, state: dict[str, Any], follow_up_of: int | None = None
) -> _Decision:
    if "number" not in state:
        state["number"] = ticket_store.next_number()
    contact, writes = _contact(ports, case, group, state)
    article = _article(case, state["number"], 1, contact, role="requester", matched_by="none")
    opening = tickets.Opening(
        group=group.id,
        subject=addressing.without_tags(case.mail.subject),
        contact=contact,
        channel="mail",
        follow_up_of=follow_up_of,
    )
    ticket = tickets.new_ticket(state["number"], opening, case.now)
    is_human = case.mail.kind in {MailKind.HUMAN, MailKind.LIST}
    change = changes.opened(ticket, article, case.desk, channel="mail", runs_clocks=is_human)
    change, more = _with_copied(ports, case, change, group, state)
    if group.acknowledges and screen.may_acknowledge(
        case.mail, authenticated=case.is_authenticated, known=case.known, rate=case.rate
    ):
        ack = tickets.delivery_to(
            ports, change, contact, 0, mail="acknowledgement", now=case.now
        )
        change = changes.with_deliveries(change, [ack])
    return _Decision(change, "mail", (*writes, *more))


def _join(  # noqa: PLR0913 - the parts of one mail
    ports: Ports,
    case: _Case,
    match: Match,
    ticket: Ticket,
    group: Group,
    state: dict[str, Any],
) -> _Decision:
    agent = case.desk.agent_at(case.sender)
    seq = changes.next_seq(ticket)
    if agent and case.is_authenticated and ticket.place_of(case.sender) is None:
        # What agents mail stays inside: an answer that goes out is written at the desk.
        author = Author("agent", agent.name, agent.email, agent.id)
        article = _article_by(case, ticket.number, seq, author, match.key)
        note = replace(article, kind=ArticleKind.NOTE)
        return _Decision(changes.written_by_agent(ticket, note, case.desk), "mail")
    trusted = screen.is_trusted(match, ticket, case.sender, authenticated=case.is_authenticated)
    if trusted and not changes.reopens(ticket, case.desk, case.now):
        return _new_ticket(ports, case, group, state, follow_up_of=ticket.number)
    place = ticket.place_of(case.sender)
    role = "stranger" if place is None else "participant" if place else "requester"
    name = case.mail.from_[0].name or case.sender
    person = ticket.contacts[place].person if place is not None else ""
    author = Author(role, name, case.sender, person)
    article = replace(
        _article_by(case, ticket.number, seq, author, match.key), is_held=not trusted
    )
    change = changes.written_by_requester(ticket, article, case.desk)
    if trusted and place == 0 and case.is_authenticated:
        change, writes = _with_copied(ports, case, change, group, state)
        return _Decision(change, "mail", writes)
    return _Decision(change, "mail")


def _contact(
    ports: Ports, case: _Case, group: Group, state: dict[str, Any]
) -> tuple[Contact, list[table.Write]]:
    """The sender as a contact, with the writes that make a new person."""
    name = case.mail.from_[0].name
    return _person(ports, case, case.sender, name, group, state)


def _person(  # noqa: PLR0913 - all of one person
    ports: Ports, case: _Case, email: str, name: str, group: Group, state: dict[str, Any]
) -> tuple[Contact, list[table.Write]]:
    known = people.address_of(case.found.get(people.address_key(ports.keys(), email)))
    if known:
        return Contact(known.person, known.name, known.email, known.locale), []
    locale = language_of(f"{case.mail.subject}\n{case.mail.text}", case.mail.languages)
    person = Person(
        id=state.setdefault(f"person {email}", ports.new_id()),
        name=name or email.partition("@")[0],
        email=email,
        locale=locale or group.locale,
        created_at=case.now,
    )
    contact = Contact(person.id, person.name, person.email, person.locale)
    return contact, people.add(ports.keys(), person)


def _with_copied(
    ports: Ports, case: _Case, change: Change, group: Group, state: dict[str, Any]
) -> tuple[Change, tuple[table.Write, ...]]:
    """The change with those in copy as participants, if the sender is who they seem to be."""
    writes: list[table.Write] = []
    if not case.is_authenticated:
        return change, ()
    names = {address.address: address.name for address in (*case.mail.to, *case.mail.cc)}
    for email in _copied(case.mail, case.desk):
        if change.after.place_of(email) is None:
            contact, more = _person(ports, case, email, names[email], group, state)
            change = changes.with_contact(change, contact)
            writes += more
    return change, tuple(writes)


def _article(  # noqa: PLR0913 - all by name but the first
    case: _Case, number: int, seq: int, contact: Contact, *, role: str, matched_by: str
) -> Article:
    author = Author(role, contact.name, contact.email, contact.person)
    return _article_by(case, number, seq, author, matched_by)


def _article_by(case: _Case, number: int, seq: int, author: Author, matched_by: str) -> Article:
    visible, rest = split_reply(case.mail.text)
    text = visible.encode()[:TEXT_LIMIT].decode(errors="ignore")
    flight = {name: value for name, value in case.receipt.verdicts.to_dict().items() if value}
    flight["matched_by"] = matched_by
    flight["authenticated"] = "yes" if case.is_authenticated else "no"
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
        attachments=case.files,
        flight=flight,
    )


def _write(ports: Ports, case: _Case, decision: _Decision) -> None:
    """One transaction: the change, the people, the claims and the count."""
    change = decision.change
    acks = sum(delivery.mail == "acknowledgement" for delivery in change.deliveries)
    number, seq = change.after.number, change.seq
    also = [
        store.claim(case.receipt, Outcome.ARTICLE, number, seq),
        *decision.people,
        *_remember_id(ports, case, number, seq),
        *store.count(ports.keys().hide(case.sender), case.now, acks=acks),
    ]
    tickets.save(change, actor=ACTOR, cause=decision.cause, now=case.now, also=also)


def _remember_id(ports: Ports, case: _Case, number: int, seq: int) -> Sequence[table.Write]:
    """The claim on the Message-ID. Another mail under the same id gets a place beside it."""
    if not case.mail.message_id:
        return ()
    digest = content_digest(case.mail)
    pk, sk = _id_key(ports, case.mail.message_id)
    if _claimed_id(ports, case):
        return [ticket_store.message_id_write(pk, number, seq, digest=digest, sk=digest)]
    return [ticket_store.message_id_claim(pk, number, seq, digest=digest)]


def _suspend_unreadable(ports: Ports, receipt: Receipt) -> Outcome:
    suspended = Suspended(
        id=receipt.ses_id,
        cause=Cause.UNREADABLE,
        sender=receipt.envelope_from,
        subject="",
        received_at=receipt.received_at,
        raw_key=receipt.key,
        recipients=receipt.recipients,
        verdicts=receipt.verdicts.to_dict(),
    )
    return _write_suspended(ports, receipt, suspended, [])


def _suspend(ports: Ports, case: _Case, cause: Cause) -> Outcome:
    suspended = Suspended(
        id=case.receipt.ses_id,
        cause=cause,
        sender=case.sender or case.receipt.envelope_from,
        subject=case.mail.subject[: changes.SUBJECT_LIMIT],
        received_at=case.receipt.received_at,
        raw_key=case.receipt.key,
        recipients=case.receipt.recipients,
        verdicts=case.receipt.verdicts.to_dict(),
    )
    counted = store.count(ports.keys().hide(case.sender), case.now, acks=0)
    return _write_suspended(ports, case.receipt, suspended, counted)


def _write_suspended(
    ports: Ports, receipt: Receipt, suspended: Suspended, counted: Sequence[table.Write]
) -> Outcome:
    entry = make_entry(
        table.system_pk(f"mail#{suspended.id}"),
        1,
        [facts.MailSuspended(suspended.id, suspended.cause.value)],
        at=ports.clock(),
        actor=ACTOR,
        cause="mail",
        prev=GENESIS,
        salt=tickets.new_salt(),
    )
    try:
        table.transact(
            [
                store.claim(receipt, Outcome.SUSPENDED),
                store.suspended_write(suspended),
                table.Write(to_item(entry)),
                *counted,
            ]
        )
    except table.Lost as lost:
        held = lost.held.get(store.ses_key(receipt.ses_id))
        if not isinstance(held, store.SesItem):
            raise
        return Outcome(held.outcome)
    return Outcome.SUSPENDED


def purge(_ports: Ports, item: table.Item) -> None:
    """Forget a suspended mail that nobody wanted for a month; its claim stays."""
    table.transact([table.Write(item, is_removal=True)])


# What no event brought. ----------------------------------------------------------------------


def reconcile(ports: Ports) -> int:
    """Receive inbound mail that nobody was told about; return how much there was.

    The bucket puts every object on a queue that holds it back for a quarter of an hour. By then a
    mail has its claim, unless its event was lost. Without an event there are no verdicts, so such
    a mail counts as not authenticated.
    """
    count = 0
    while messages := ports.unprocessed.receive():
        for _, body in messages:
            for key in _object_keys(body):
                count += _reconcile(ports, key)
        ports.unprocessed.done([receipt for receipt, _ in messages])
    return count


def _object_keys(body: str) -> list[str]:
    from urllib.parse import unquote_plus

    records = json.loads(body).get("Records", ())
    keys = [unquote_plus(record["s3"]["object"]["key"]) for record in records]
    return [key for key in keys if key.startswith(INBOUND_PREFIX)]


def _reconcile(ports: Ports, key: str) -> bool:
    ses_id = key.removeprefix(INBOUND_PREFIX)
    claim = store.ses_key(ses_id)
    if ses_id == SETUP_NOTIFICATION or claim in table.fetch([claim]):
        return False
    receipt = Receipt(ses_id, key, ports.clock(), is_reconciled=True)
    try:
        receive(ports, receipt)
    except NotFound:
        return False
    return True
