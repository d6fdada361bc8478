"""What people decide about suspended mail: let it in, allow or block its sender, throw it away.

Every verb may be repeated: what has become of a mail stands in its ledger, and the same verb again
answers with it. How a mail that is let in becomes an article is `service`'s business, and how one
ends whose month is over.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from chalicelib import table
from chalicelib.desk.service import live_desk
from chalicelib.errors import Conflict, DeskError, NotFound
from chalicelib.facts import (
    AddressAllowed,
    AddressBlocked,
    AddressUnblocked,
    Fact,
    MailDeleted,
    MailReleased,
)
from chalicelib.intake import service, store
from chalicelib.intake.contents import read_mail
from chalicelib.intake.judge import decided, hide, judge, judgement
from chalicelib.intake.model import Cause, Suspended
from chalicelib.ledger.model import End
from chalicelib.ledger.store import EntryItem, from_item
from chalicelib.mail.parse import MailError
from chalicelib.people import store as people
from chalicelib.ports import Ports
from chalicelib.tickets import service as tickets
from chalicelib.tickets import store as ticket_store
from chalicelib.tickets.access import Who

log = logging.getLogger("skranke")

WRITE = "suspended:write"
BULK = 50
ID_LENGTH = 500
# Whose sender is only that of the envelope, which says nothing of who wrote them.
NAMELESS = {Cause.UNREADABLE, Cause.NO_SENDER}
PREVIEW_LENGTH = 2000
# Above this a mail is not read for a page: it may be as large as the memory that reads it.
PREVIEW_BYTES = 5_000_000


class Action(StrEnum):
    """What may be done with a suspended mail."""

    RELEASE = "release"
    ALLOW = "allow"
    BLOCK = "block"
    UNBLOCK = "unblock"
    DELETE = "delete"


class Done(StrEnum):
    """What was done, the first time or now."""

    RELEASED = "released"
    ALLOWED = "allowed"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"
    DELETED = "deleted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one mail: `ticket` is the one it is on now, `error` why nothing was done."""

    id: str
    done: Done
    ticket: int | None = None
    error: DeskError | None = None


class Refused(Conflict):
    """A verb does not fit a mail; the field `mail` says why, as a word for programs."""

    def __init__(self, why: str, message: str) -> None:
        super().__init__(message, fields={"mail": why})


class Broken(DeskError):
    """One of several mails met a failure that only we can do something about."""

    code = "internal"


# The verbs. ----------------------------------------------------------------------------------


def release(ports: Ports, who: Who, mail_id: str) -> Result:
    """Let a mail in, whatever it was suspended for; it opens a ticket or joins the one it answers.

    One that was sent to no group's address goes to the first group that `who` sees. A mail that
    carries a virus stays where it is.
    """
    who.need(WRITE)
    return Result(mail_id, Done.RELEASED, _let_in(ports, who, _find(mail_id)))


def allow(ports: Ports, who: Who, mail_id: str) -> Result:
    """Release a mail, and let later mail of its sender in as well.

    Only where the sender's domain vouches for the mail: an address that anybody can write on an
    envelope opens no door.
    """
    who.need(WRITE)
    found = _find(mail_id)
    sender = _vouched_sender(ports, found)
    ticket = _let_in(ports, who, found)
    judge(ports, who, sender, AddressAllowed(mail_id), is_allowed=True, is_blocked=False)
    return Result(mail_id, Done.ALLOWED, ticket)


def block(ports: Ports, who: Who, mail_id: str) -> Result:
    """Delete a mail, and suspend all later mail of its sender."""
    who.need(WRITE)

    def throw(mail: Suspended) -> tuple[MailDeleted, list[table.Write]]:
        if not mail.sender or mail.cause in NAMELESS:
            raise Refused("no_sender", "This mail names no sender to block: delete it.")
        fact = MailDeleted(mail_id, hide(ports, mail.sender))
        marks = {"is_blocked": True, "is_allowed": False}
        return fact, judgement(ports, who, mail.sender, AddressBlocked(mail_id), marks)

    _blocked(_thrown(ports, who, mail_id, throw))
    return Result(mail_id, Done.BLOCKED)


def unblock(ports: Ports, who: Who, mail_id: str) -> Result:
    """Take the block off the sender of a mail that is suspended, or was deleted by that block."""
    who.need(WRITE)
    found = _find(mail_id)
    hidden = hide(ports, found.mail.sender) if found.mail else _blocked(found.deleted)
    key = (table.address_pk(hidden), table.ONLY)
    address = people.address_of(table.fetch([key]).get(key))
    if address:
        judge(ports, who, address.email, AddressUnblocked(mail_id), is_blocked=False)
    return Result(mail_id, Done.UNBLOCKED)


def delete(ports: Ports, who: Who, mail_id: str) -> Result:
    """Throw a mail away; the next sweep deletes its original."""
    who.need(WRITE)
    _thrown(ports, who, mail_id, lambda _mail: (MailDeleted(mail_id), []))
    return Result(mail_id, Done.DELETED)


Verb = Callable[[Ports, Who, str], Result]
VERBS: Mapping[Action, Verb] = {
    Action.RELEASE: release,
    Action.ALLOW: allow,
    Action.BLOCK: block,
    Action.UNBLOCK: unblock,
    Action.DELETE: delete,
}


def each(ports: Ports, who: Who, action: Action, mail_ids: Iterable[str]) -> list[Result]:
    """Do the same with several mails; what fails with one keeps none of the others."""
    who.need(WRITE)
    return [_tried(ports, who, VERBS[action], mail_id) for mail_id in dict.fromkeys(mail_ids)]


def _tried(ports: Ports, who: Who, verb: Verb, mail_id: str) -> Result:
    try:
        return verb(ports, who, mail_id)
    except DeskError as refusal:
        return Result(mail_id, Done.FAILED, error=refusal)
    except Exception:  # the answer names the mail, and asking again is safe
        log.exception("suspended mail %s could not be decided", mail_id)
        error = Broken("Something broke on our side: try again.")
        return Result(mail_id, Done.FAILED, error=error)


# What has become of a mail. ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Found:
    """A mail that was suspended once: itself, if it still is, and what its ledger says."""

    id: str
    mail: Suspended | None
    facts: tuple[Fact, ...]
    end: End

    @property
    def released(self) -> MailReleased:
        """That it was let in; Refused where it was thrown away instead."""
        if fact := next((one for one in self.facts if isinstance(one, MailReleased)), None):
            return fact
        raise Refused("deleted", "This mail was deleted.")

    @property
    def deleted(self) -> MailDeleted:
        """That it was thrown away; Refused where it was let in, or its month was over."""
        if fact := next((one for one in self.facts if isinstance(one, MailDeleted)), None):
            return fact
        raise Refused("released", f"This mail was released: see ticket {self.released.ticket}.")


def _find(mail_id: str) -> _Found:
    if len(mail_id) > ID_LENGTH:
        raise NotFound("There is no such mail.")
    # The mail first: what is decided meanwhile is in its ledger then.
    mail = store.get_suspended(mail_id)
    items = table.query(store.ledger_of(mail_id)).items
    entries = [from_item(item) for item in items if isinstance(item, EntryItem)]
    if not entries:
        raise NotFound("There is no such mail.")
    facts = tuple(fact for entry in entries for fact in entry.facts)
    is_settled = any(isinstance(fact, MailReleased | MailDeleted) for fact in facts)
    if mail is None and not is_settled:
        raise NotFound("There is no such mail any more: its month was over.")
    return _Found(mail_id, mail, facts, entries[-1].end)


# Letting in. ---------------------------------------------------------------------------------


def _let_in(ports: Ports, who: Who, found: _Found) -> int:
    """The ticket that a mail is on, now or since it was released before."""
    if found.mail is None:
        return found.released.ticket
    _need_releasable(found.mail)
    visible = (group for group in live_desk(ports).groups if who.may_see(group))
    try:
        fate = service.readmit(ports, found.mail, who.actor, group=next(visible, None))
    except Conflict:
        # Perhaps somebody else was faster, which the ledger knows.
        if (found := _find(found.id)).mail:
            raise
        return found.released.ticket
    return fate.number or 0


def _need_releasable(mail: Suspended) -> None:
    if mail.has_virus:
        raise Refused("virus", "This mail carries a virus: it can be deleted, never released.")
    if mail.cause is Cause.UNREADABLE:
        raise Refused("unreadable", "This mail cannot be read: download its original instead.")


def _vouched_sender(ports: Ports, found: _Found) -> str:
    """The address that the mail surely comes from, whether it is still suspended or not."""
    if found.mail:
        _need_releasable(found.mail)
        sender, is_vouched = found.mail.sender, found.mail.is_authenticated
    else:
        sender, is_vouched = _read_again(ports, found)
    if not (sender and is_vouched):
        message = "Nobody vouches for the sender of this mail: release it without allowing more."
        raise Refused("not_authenticated", message)
    return sender


def _read_again(ports: Ports, found: _Found) -> tuple[str, bool]:
    """The sender of a mail that is on a ticket by now, and whether it was authenticated."""
    number, key = found.released.ticket, store.ses_key(found.id)
    fate = store.fate_of(table.fetch([key]).get(key))
    if fate is None or fate.seq is None:
        # It was a duplicate, which is no article of its own.
        return "", False
    article = ticket_store.get_article(number, fate.seq)
    if article.raw_key is None:
        return "", False
    senders = read_mail(ports, article.raw_key)[0].from_
    is_authenticated = (article.flight or {}).get("authenticated") == "yes"
    return (senders[0].address if senders else ""), is_authenticated


# Throwing away. ------------------------------------------------------------------------------


def _thrown(
    ports: Ports,
    who: Who,
    mail_id: str,
    throw: Callable[[Suspended], tuple[MailDeleted, Sequence[table.Write]]],
) -> MailDeleted:
    """The fact that the mail is deleted, now or before."""

    def attempt() -> MailDeleted:
        found = _find(mail_id)
        if found.mail is None:
            return found.deleted
        fact, also = throw(found.mail)
        entry = decided(ports, who, store.ledger_of(mail_id), found.end, fact)
        table.transact([store.deletion(found.mail, ports.clock()), entry, *also])
        return fact

    words = "Somebody else decides about this mail at once: look again."
    return tickets.retried(ports, attempt, words)


def _blocked(deleted: MailDeleted) -> str:
    """The hidden address that was blocked with a mail."""
    if deleted.address is None:
        raise Refused("deleted", "This mail was deleted without blocking its sender.")
    return deleted.address


# Looking at one. -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Preview:
    """How a mail begins, as text alone, and the names and sizes in bytes of its files."""

    text: str
    is_cut: bool
    files: tuple[tuple[str, int], ...]


def preview(ports: Ports, mail: Suspended) -> Preview | None:
    """The beginning of a mail, or None where its original cannot be read, or is too large to."""
    try:
        if ports.mail_blobs.head(mail.raw_key).size > PREVIEW_BYTES:
            return None
        found, _ = read_mail(ports, mail.raw_key)
    except (MailError, NotFound):
        return None
    files = tuple((one.filename, len(one.content)) for one in found.attachments)
    text = found.text.strip()
    return Preview(text[:PREVIEW_LENGTH], len(text) > PREVIEW_LENGTH, files)
