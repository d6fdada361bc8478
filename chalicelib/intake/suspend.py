"""Keeping a mail off the tickets: with its cause, its receipt, and how it was understood."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib import facts, table
from chalicelib.desk.mail import BLOCKED_FOR
from chalicelib.intake import flight, store
from chalicelib.intake.case import Case, id_key
from chalicelib.intake.model import Cause, Fate, Flight, Outcome, Receipt, Suspended
from chalicelib.ledger.model import EMPTY, Actor, next_entry
from chalicelib.ledger.store import entry_write
from chalicelib.ports import Ports
from chalicelib.tickets import changes
from chalicelib.tickets import service as tickets
from chalicelib.tickets.changes import Change

ACTOR = Actor("system", "intake")


def suspend(case: Case, cause: Cause, tried: Sequence[str] = (), *, why: str = "") -> None:
    """Keep the mail among the suspended ones, and count it. Raises table.Lost as a save does."""
    record = flight.record(case, "suspended", tried=tried, why=why or cause.value)
    mail = _suspended(case.receipt, cause, record, case.sender, case.mail.subject)
    writes = [*_writes(case.ports, mail), case.rates.count(None)]
    if case.own_name:
        writes.append(store.sighting(id_key(case.ports, case.own_name)[0], mail.id))
    if cause is Cause.FLOOD and not why:
        _begin_block(case, writes)
    else:
        table.transact(writes)


def suspend_unreadable(ports: Ports, receipt: Receipt) -> None:
    """Keep a mail of which nothing is known but its receipt."""
    record: Flight = {**receipt.verdicts.to_dict(), "done": "suspended", "why": "unreadable"}
    mail = _suspended(receipt, Cause.UNREADABLE, record, receipt.envelope_from, "")
    table.transact(_writes(ports, mail))


def _suspended(
    receipt: Receipt, cause: Cause, record: Flight, sender: str, subject: str
) -> Suspended:
    return Suspended(
        id=receipt.ses_id,
        cause=cause,
        sender=sender or receipt.envelope_from,
        subject=subject[: changes.SUBJECT_LIMIT],
        received_at=receipt.received_at,
        raw_key=receipt.key,
        recipients=receipt.recipients,
        envelope_from=receipt.envelope_from,
        verdicts=receipt.verdicts,
        flight=record,
    )


def _writes(ports: Ports, mail: Suspended) -> list[table.Write]:
    """The claim, the mail and the entry that says so: none without the others."""
    scope, fact = store.ledger_of(mail.id), facts.MailSuspended(mail.id, mail.cause.value)
    entry = next_entry(scope, EMPTY, [fact], at=ports.clock(), actor=ACTOR, cause="mail")
    claim = store.claim(mail.receipt, Fate(Outcome.SUSPENDED))
    return [claim, store.suspended_write(mail), entry_write(entry)]


def _begin_block(case: Case, writes: list[table.Write]) -> None:
    """Let the sender wait for an hour, and tell the lead of the group they wrote to, once.

    The notice stands on the sender's newest ticket: there everybody sees what was going on.
    """
    rate = case.rate
    if rate.blocked_until and case.now < rate.blocked_until:
        table.transact(writes)
        return
    until = case.now + BLOCKED_FOR
    writes.append(case.rates.block(until))
    ticket = case.ticket(rate.last_number) if rate.last_number else None
    if ticket is None:
        table.transact(writes)
        return
    fact = facts.SenderBlocked(until.isoformat(), case.sender)
    change, lead = Change(ticket, ticket, (fact,)), case.desk.lead_of(ticket.group)
    if lead:
        change = tickets.with_notice(
            case.ports, change, lead, mail="flood", now=case.now, target=case.sender
        )
    tickets.save(change, actor=ACTOR, cause="mail", now=case.now, also=writes)
