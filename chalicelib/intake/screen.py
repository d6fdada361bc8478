"""Whether to let a mail in, to trust it, and to answer it by machine. Pure.

Ids, From, subject tags and numbers are the sender's to choose. Two things prove who wrote: SES's
verdicts for the sender's domain, and a signature of ours used by the one it was given to.
"""

from __future__ import annotations

from chalicelib.desk.model import Desk
from chalicelib.intake.model import PASS, Cause, Match, Rate, Receipt
from chalicelib.mail.parse import InboundMail, MailKind
from chalicelib.people.model import Address
from chalicelib.tickets.model import Ticket

FLOOD_AN_HOUR = 60
ACKS_AN_HOUR = 3
ACKS_A_DAY = 10

_NO_HUMAN = {MailKind.AUTO_REPLY, MailKind.BOUNCE, MailKind.DELAYED, MailKind.FEEDBACK}


def suspension(
    mail: InboundMail, receipt: Receipt, desk: Desk, known: Address | None, rate: Rate
) -> Cause | None:
    """The first reason to keep a mail off the tickets, whatever ticket it points at."""
    verdicts = receipt.verdicts
    causes = (
        (verdicts.virus == "FAIL", Cause.VIRUS),
        (verdicts.spam == "FAIL", Cause.SPAM),
        (verdicts.dmarc == "FAIL" and verdicts.dmarc_policy == "reject", Cause.DMARC_REJECT),
        (not mail.from_ or not mail.from_[0].address, Cause.NO_SENDER),
        (_is_own(mail, desk), Cause.OWN_ADDRESS),
        (known is not None and known.is_blocked, Cause.BLOCKED),
        (rate.received_this_hour >= FLOOD_AN_HOUR, Cause.FLOOD),
    )
    return next((cause for holds, cause in causes if holds), None)


def _is_own(mail: InboundMail, desk: Desk) -> bool:
    return any(desk.group_at(address.address) for address in mail.from_)


def is_automatic(mail: InboundMail) -> bool:
    """Whether a mail is only the echo of another, so that alone it makes no ticket."""
    return mail.kind in _NO_HUMAN


def is_authenticated(mail: InboundMail, receipt: Receipt) -> bool:
    """Whether the sender's domain vouches for the From address.

    DMARC says so; where the domain has no policy (GRAY), SPF says it for an envelope sender of the
    same domain or one above or below it.
    """
    if len(mail.from_) != 1:
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


def is_trusted(match: Match, ticket: Ticket, sender: str, *, authenticated: bool) -> bool:
    """Whether a mail may act as its sender on the ticket; if not, an agent has to accept it."""
    place = ticket.place_of(sender)
    if place is None:
        return False
    return authenticated or match.place == place


def may_acknowledge(
    mail: InboundMail, *, authenticated: bool, known: Address | None, rate: Rate
) -> bool:
    """Whether a machine may answer: an answer to a forged sender is a mail to a stranger."""
    if mail.kind is not MailKind.HUMAN or (known is not None and known.is_muted):
        return False
    is_within = rate.acks_this_hour < ACKS_AN_HOUR and rate.acks_today < ACKS_A_DAY
    return is_within and (authenticated or known is not None)
