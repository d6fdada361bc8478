"""Whether to let a mail in, to trust it, and to answer it by machine. Pure.

Ids, From, subject tags and numbers are the sender's to choose. Two things prove who wrote: SES's
verdicts for the sender's domain, and a signature of ours used by the one it was given to.
"""

from __future__ import annotations

from datetime import datetime

from chalicelib.desk.model import Agent, Desk, Group, Limits
from chalicelib.intake.model import PASS, Cause, Match, Rate, Receipt
from chalicelib.mail.parse import InboundMail, MailKind
from chalicelib.people.model import Address
from chalicelib.tickets.addressing import STAFF
from chalicelib.tickets.model import Ticket

_NO_HUMAN = {MailKind.AUTO_REPLY, MailKind.BOUNCE, MailKind.DELAYED, MailKind.FEEDBACK}
_RETURNED = {MailKind.BOUNCE, MailKind.DELAYED}


def suspension(
    mail: InboundMail,
    receipt: Receipt,
    desk: Desk,
    known: Address | None,
    rate: Rate,
    now: datetime,
) -> Cause | None:
    """The first reason to keep a mail off the tickets, whatever ticket it points at."""
    verdicts = receipt.verdicts
    is_allowed = _is_allowed(mail, receipt, known)
    causes = (
        (verdicts.virus == "FAIL", Cause.VIRUS),
        (verdicts.spam == "FAIL" and not is_allowed, Cause.SPAM),
        (verdicts.dmarc == "FAIL" and verdicts.dmarc_policy == "reject", Cause.DMARC_REJECT),
        (not mail.from_ or not mail.from_[0].is_complete, Cause.NO_SENDER),
        (_is_own(mail, desk), Cause.OWN_ADDRESS),
        (known is not None and known.is_blocked, Cause.BLOCKED),
        (is_flood(rate, desk.limits, now) and not is_allowed, Cause.FLOOD),
    )
    cause = next((cause for holds, cause in causes if holds), None)
    if cause is Cause.FLOOD and staff(mail, receipt, desk):
        return None
    return cause


def _is_allowed(mail: InboundMail, receipt: Receipt, known: Address | None) -> bool:
    """Whether an agent let this address in for good; a forged From does not come in with it."""
    return known is not None and known.is_allowed and is_authenticated(mail, receipt)


def _is_own(mail: InboundMail, desk: Desk) -> bool:
    return any(desk.group_at(address.address) for address in mail.from_)


def is_flood(rate: Rate, limits: Limits, now: datetime) -> bool:
    """Whether one sender writes as no human does, or did so within the hour."""
    is_waiting = rate.blocked_until is not None and now < rate.blocked_until
    return is_waiting or rate.received >= limits.mails_in_ten_minutes


def is_crowd(rate: Rate, limits: Limits, number: int, *, authenticated: bool, known: bool) -> bool:
    """Whether the desk is drowned in new tickets, so that strangers' mail has to wait."""
    return rate.opened_by(number) >= limits.tickets and not (authenticated or known)


def is_automatic(mail: InboundMail, receipt: Receipt, known: Address | None) -> bool:
    """Whether a mail is only the echo of another, so that alone it makes no ticket."""
    return mail.kind in _NO_HUMAN and not _is_allowed(mail, receipt, known)


def is_returned(mail: InboundMail) -> bool:
    """Whether a mail system says that a mail did not arrive, or not yet."""
    return mail.kind in _RETURNED


def is_authenticated(mail: InboundMail, receipt: Receipt) -> bool:
    """Whether the sender's domain vouches for the From address.

    DMARC says so; where the domain has no policy (GRAY), SPF says it for an envelope sender of the
    same domain or one above or below it.
    """
    if len(mail.from_) != 1 or not mail.from_[0].is_complete:
        return False
    verdicts = receipt.verdicts
    if verdicts.dmarc == PASS:
        return True
    return verdicts.dmarc == "GRAY" and verdicts.spf == PASS and _is_aligned(mail, receipt)


def _is_aligned(mail: InboundMail, receipt: Receipt) -> bool:
    from_domain = mail.from_[0].address.rpartition("@")[2].lower()
    envelope = receipt.envelope_from.rpartition("@")[2].lower()
    if "." not in from_domain or "." not in envelope:
        return False
    return (
        from_domain == envelope
        or from_domain.endswith(f".{envelope}")
        or envelope.endswith(f".{from_domain}")
    )


def staff(mail: InboundMail, receipt: Receipt, desk: Desk) -> Agent | None:
    """The agent who surely wrote a mail; nothing follows from an agent's address alone."""
    if not is_authenticated(mail, receipt):
        return None
    return desk.agent_at(mail.from_[0].address)


def distrust(match: Match, ticket: Ticket, sender: str, *, authenticated: bool) -> str:
    """Why a mail may not act as its sender on the ticket; empty when it may.

    What is distrusted is held, for an agent to accept.
    """
    if match.place == STAFF:
        return "staff_only"
    place = ticket.place_of(sender)
    if place is None:
        return "not_on_ticket"
    if authenticated or match.place == place:
        return ""
    return "not_authenticated" if match.place is None else "token_of_another"


def acknowledgement(
    mail: InboundMail,
    group: Group,
    limits: Limits,
    number: int,
    *,
    authenticated: bool,
    known: Address | None,
    rate: Rate,
    mark: str,
) -> str:
    """`sent` where a machine may answer, else why not: an answer to a forged sender is a mail to
    a stranger, and a thousand of them are a bomb.
    """
    obstacles = (
        (not group.acknowledges, "group_off"),
        (mail.kind is not MailKind.HUMAN, "not_human"),
        (known is not None and known.is_muted, "muted"),
        (not authenticated and not (known and known.is_proven), "not_authenticated"),
        (mark in rate.subjects, "same_subject"),
        (
            rate.acks_this_hour >= limits.acks or rate.acks_today >= limits.acks_a_day,
            "limit_address",
        ),
        (rate.acks_to_domain >= limits.acks_to_a_domain, "limit_domain"),
        (rate.opened_by(number) >= limits.acks_to_everybody, "limit_desk"),
    )
    return next((reason for holds, reason in obstacles if holds), "sent")
