"""The verb of inbound mail: receive. However often SES delivers, it happens once.

Every object in the inbound bucket ends as exactly one of article, suspended mail and duplicate; the
claim on its SES id, written with what it became, says which.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from chalicelib import facts, table
from chalicelib.desk.model import Group
from chalicelib.desk.service import live_desk
from chalicelib.errors import Conflict, NotFound
from chalicelib.intake import match as matching
from chalicelib.intake import screen, store
from chalicelib.intake.case import Case, Kept, id_key, look_up
from chalicelib.intake.decide import Decision, join, new_ticket
from chalicelib.intake.model import (
    INBOUND_PREFIX,
    SETUP_NOTIFICATION,
    Cause,
    Match,
    Outcome,
    Receipt,
    Suspended,
)
from chalicelib.ledger.model import GENESIS, Actor, make_entry
from chalicelib.ledger.store import to_item
from chalicelib.mail.parse import MailError, content_digest, parse
from chalicelib.ports import Ports
from chalicelib.tickets import changes
from chalicelib.tickets import service as tickets
from chalicelib.tickets import store as ticket_store
from chalicelib.tickets.model import Ticket

ACTOR = Actor("system", "intake")


def receive(ports: Ports, receipt: Receipt) -> Outcome:
    """Make of one inbound mail what it should be; harmless to repeat at any point."""
    raw = ports.mail_blobs.get(receipt.key)
    desk = live_desk(ports)
    try:
        mail = parse(raw)
    except MailError:
        return _suspend_unreadable(ports, receipt)
    kept = Kept()
    for attempt in range(tickets.ATTEMPTS):
        case = look_up(ports, receipt, mail, desk, kept)
        if case.earlier:
            return Outcome(case.earlier.outcome)
        try:
            return _settle(case)
        except table.Lost:
            tickets.linger(ports, attempt)
    raise Conflict(f"Mail {receipt.ses_id} lost {tickets.ATTEMPTS} races: it is delivered again.")


def _settle(case: Case) -> Outcome:
    """One attempt; raises table.Lost where somebody was faster."""
    if case.own_id and case.own_id.digest == content_digest(case.mail):
        number = int(case.own_id.number)
        table.transact([store.claim(case.receipt, Outcome.DUPLICATE, number)])
        return Outcome.DUPLICATE
    cause = screen.suspension(case.mail, case.receipt, case.desk, case.known, case.rate)
    if cause:
        return _suspend(case, cause)
    match, ticket = _match(case)
    if ticket is None and screen.is_automatic(case.mail):
        return _suspend(case, Cause.AUTOMATIC)
    group = _group(case, ticket)
    if group is None:
        return _suspend(case, Cause.NO_GROUP)
    decision = join(case, match, ticket, group) if match and ticket else new_ticket(case, group)
    _write(case, decision)
    return Outcome.ARTICLE


def _match(case: Case) -> tuple[Match | None, Ticket | None]:
    def stored(message_id: str) -> int | None:
        item = case.stored_id(message_id)
        return int(item.number) if item else None

    match = matching.match(case.clues, case.sender, ticket=case.ticket, stored=stored)
    if match is None:
        return None, None
    return match, case.ticket(match.number) or ticket_store.load(match.number)[0]


def _group(case: Case, ticket: Ticket | None) -> Group | None:
    """The ticket's group, else the first of ours that the mail was sent to."""
    if ticket and ticket.group in case.desk.groups:
        return case.desk.groups[ticket.group]
    recipients = [*case.receipt.recipients, *case.mail.delivered_to]
    recipients += [address.address for address in (*case.mail.to, *case.mail.cc)]
    groups = (case.desk.group_at(recipient) for recipient in recipients)
    return next((group for group in groups if group), None)


def _write(case: Case, decision: Decision) -> None:
    """One transaction: the change, the people, the claims and the count."""
    change = decision.change
    acks = sum(delivery.mail == "acknowledgement" for delivery in change.deliveries)
    number, seq = change.after.number, change.seq
    also = [
        store.claim(case.receipt, Outcome.ARTICLE, number, seq),
        *decision.people,
        *_remember_id(case, number, seq),
        *store.count(case.ports.keys().hide(case.sender), case.now, acks=acks),
    ]
    tickets.save(change, actor=ACTOR, cause="mail", now=case.now, also=also)


def _remember_id(case: Case, number: int, seq: int) -> Sequence[table.Write]:
    """The claim on the Message-ID. Another mail under the same id gets a place beside it."""
    if not case.mail.message_id:
        return ()
    digest = content_digest(case.mail)
    pk, _ = id_key(case.ports, case.mail.message_id)
    if case.own_id:
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


def _suspend(case: Case, cause: Cause) -> Outcome:
    receipt = case.receipt
    suspended = Suspended(
        id=receipt.ses_id,
        cause=cause,
        sender=case.sender or receipt.envelope_from,
        subject=case.mail.subject[: changes.SUBJECT_LIMIT],
        received_at=receipt.received_at,
        raw_key=receipt.key,
        recipients=receipt.recipients,
        verdicts=receipt.verdicts.to_dict(),
    )
    counted = store.count(case.ports.keys().hide(case.sender), case.now, acks=0)
    return _write_suspended(case.ports, receipt, suspended, counted)


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


def purge(ports: Ports, item: table.Item) -> None:
    """Forget a suspended mail that nobody wanted for a month; its claim stays."""
    suspended = store.suspended_of(item)
    if suspended:
        # The file first: should the second step fail, the alarm rings again.
        ports.mail_blobs.delete(suspended.raw_key)
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
    receipt = Receipt(ses_id, key, ports.clock())
    try:
        receive(ports, receipt)
    except NotFound:
        return False
    return True
