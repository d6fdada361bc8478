"""Which ticket a mail belongs to. Pure: what the table knows of the clues comes as a parameter.

The order: a reply address of ours, an id of ours, an id that is stored, the tag in the subject.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from chalicelib.intake.model import Match, Receipt
from chalicelib.keys import Keys
from chalicelib.mail.parse import InboundMail
from chalicelib.tickets import addressing
from chalicelib.tickets.addressing import Pointer
from chalicelib.tickets.model import Ticket

REFERENCES_LIMIT = 20


@dataclass(frozen=True, slots=True)
class Clues:
    """What a mail says about its ticket: signed pointers, foreign ids, a number in the subject."""

    reply_address: Pointer | None
    own_id: Pointer | None
    ids: tuple[str, ...]
    tagged: int | None

    @property
    def numbers(self) -> set[int]:
        """The tickets to load along."""
        signed = {pointer.number for pointer in (self.reply_address, self.own_id) if pointer}
        return signed | ({self.tagged} if self.tagged else set())


def clues(mail: InboundMail, receipt: Receipt, keys: Keys) -> Clues:
    """Everything in the mail that may point at a ticket."""
    recipients = [*receipt.recipients, *mail.delivered_to]
    recipients += [address.address for address in (*mail.to, *mail.cc)]
    pointers = (addressing.read_reply_address(keys, recipient) for recipient in recipients)
    ids = [*mail.in_reply_to, *reversed(mail.references)]
    own = (addressing.read_message_id(keys, value) for value in ids)
    return Clues(
        reply_address=next((pointer for pointer in pointers if pointer), None),
        own_id=next((pointer for pointer in own if pointer), None),
        ids=tuple(dict.fromkeys(ids))[:REFERENCES_LIMIT],
        tagged=addressing.read_subject_tag(mail.subject),
    )


def stored_form(message_id: str) -> str:
    """The form under which an id is stored: of SES's own, the local part alone.

    SES replaces the id of all mail it sends and tells us only the part before the @.
    """
    bare = message_id.strip("<> ")
    local, _, domain = bare.partition("@")
    return local if domain.lower().endswith("amazonses.com") else bare


def match(
    found: Clues,
    sender: str,
    *,
    ticket: Callable[[int], Ticket | None],
    stored: Callable[[str], int | None],
) -> Match | None:
    """The first clue that names a ticket that exists; a tag counts from a participant only."""
    return next(_candidates(found, sender, ticket, stored), None)


def _candidates(
    found: Clues,
    sender: str,
    ticket: Callable[[int], Ticket | None],
    stored: Callable[[str], int | None],
) -> Iterator[Match]:
    for key in ("reply_address", "own_id"):
        pointer: Pointer | None = getattr(found, key)
        if pointer and ticket(pointer.number):
            yield Match(pointer.number, key, pointer.place)
    for message_id in found.ids:
        number = stored(message_id)
        if number is not None:
            yield Match(number, "message_id")
    tagged = ticket(found.tagged) if found.tagged else None
    if tagged and tagged.place_of(sender) is not None:
        yield Match(tagged.number, "subject_tag")
