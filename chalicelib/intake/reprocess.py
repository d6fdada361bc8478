"""Reading the original of a mail once more, after the reader was mended.

What was decided stays: on which ticket it is, whether it is held, who was answered. Only what was
read out of the mail is read anew.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from chalicelib import facts
from chalicelib.desk.service import live_desk
from chalicelib.errors import Conflict, NotFound
from chalicelib.intake import screen, service, store
from chalicelib.intake.contents import read_mail, store_files, with_contents
from chalicelib.intake.model import INBOUND_PREFIX, Cause, Fate, Rate
from chalicelib.ledger.model import OPERATOR
from chalicelib.people import service as people
from chalicelib.ports import Ports
from chalicelib.tickets import service as tickets
from chalicelib.tickets.changes import Change
from chalicelib.tickets.model import Article, Ticket
from chalicelib.tickets.store import get_article


def article(ports: Ports, number: int, seq: int) -> bool:
    """Read the mail behind an article again; whether that made any difference."""

    def decide(ticket: Ticket | None, _: datetime) -> Change | None:
        before = get_article(number, seq)
        if ticket is None or before.raw_key is None:
            raise NotFound(f"Article {seq} of ticket {number} has no original mail.")
        after = _read_again(ports, before)
        if after == before:
            return None
        return Change(ticket, ticket, (facts.ArticleReprocessed(seq),), after)

    saved = tickets.amend(ports, number, decide, actor=OPERATOR, cause="reprocess")
    return saved.change is not None


def _read_again(ports: Ports, before: Article) -> Article:
    assert before.raw_key is not None
    mail, _ = read_mail(ports, before.raw_key)
    ses_id = before.raw_key.removeprefix(INBOUND_PREFIX)
    after = with_contents(before, mail, store_files(ports, ses_id, mail))
    if before.comment is None:
        return after
    # What an agent passed on was taken out of their mail, and so it stays.
    return replace(after, text=before.text, has_rest=before.has_rest)


def suspended(ports: Ports, mail_id: str) -> Fate:
    """Receive a mail again that no machine could read; other suspended mail wants a release."""
    mail = store.get_suspended(mail_id)
    if mail is None:
        raise NotFound(f"There is no suspended mail {mail_id}.")
    if mail.cause is not Cause.UNREADABLE:
        raise Conflict(f"It was suspended as {mail.cause.value}: release it if it is wanted.")
    desk, (read, _) = live_desk(ports), read_mail(ports, mail.raw_key)
    known = people.find(ports, read.from_[0].address) if read.from_ else None
    cause = screen.suspension(read, mail.receipt, desk, known, Rate(), ports.clock())
    if cause:
        raise Conflict(f"It can be read, and is {cause.value}: release it if it is wanted.")
    return service.readmit(ports, mail, OPERATOR)
