"""One inbound mail with all that the desk knows about it, looked up in one call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib import table
from chalicelib.desk.model import Desk
from chalicelib.intake import match as matching
from chalicelib.intake import screen, store
from chalicelib.intake.model import Rate, Receipt
from chalicelib.mail.parse import InboundMail
from chalicelib.people import store as people
from chalicelib.people.model import Address, Person
from chalicelib.ports import Ports
from chalicelib.tickets import store as tickets
from chalicelib.tickets.model import Attachment, Ticket

CC_LIMIT = 10


@dataclass
class Kept:
    """What one attempt to receive a mail leaves for the next, so that nothing is made twice."""

    number: int | None = None
    files: tuple[Attachment, ...] | None = None
    persons: dict[str, Person] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """A mail, its receipt, and every item of the table that may matter for it."""

    ports: Ports
    receipt: Receipt
    mail: InboundMail
    desk: Desk
    now: datetime
    clues: matching.Clues
    found: Mapping[tuple[str, str], table.Item]
    kept: Kept

    @property
    def sender(self) -> str:
        return sender_of(self.mail)

    @property
    def sender_name(self) -> str:
        return self.mail.from_[0].name if self.mail.from_ else ""

    @property
    def known(self) -> Address | None:
        """What is known of the sender."""
        return self.address(self.sender)

    @property
    def rate(self) -> Rate:
        return store.rate_of(self.found, self.ports.keys().hide(self.sender), self.now)

    @property
    def is_authenticated(self) -> bool:
        return screen.is_authenticated(self.mail, self.receipt)

    @property
    def copied(self) -> list[str]:
        return copied(self.mail, self.desk)

    @property
    def earlier(self) -> store.SesItem | None:
        """What became of this very object before."""
        item = self.found.get(store.ses_key(self.receipt.ses_id))
        return item if isinstance(item, store.SesItem) else None

    @property
    def own_id(self) -> tickets.MessageIdItem | None:
        """Who holds the Message-ID of this mail."""
        return self.stored_id(self.mail.message_id) if self.mail.message_id else None

    def stored_id(self, message_id: str) -> tickets.MessageIdItem | None:
        item = self.found.get(id_key(self.ports, message_id))
        return item if isinstance(item, tickets.MessageIdItem) else None

    def address(self, email: str) -> Address | None:
        return people.address_of(self.found.get(people.address_key(self.ports.keys(), email)))

    def ticket(self, number: int) -> Ticket | None:
        return tickets.ticket_of(self.found.get(tickets.head_key(number)))


def look_up(ports: Ports, receipt: Receipt, mail: InboundMail, desk: Desk, kept: Kept) -> Case:
    """The case of a mail: one call for everything that may matter."""
    keys, now = ports.keys(), ports.clock()
    clues = matching.clues(mail, receipt, keys)
    sender = sender_of(mail)
    ids = [*clues.ids, *([mail.message_id] if mail.message_id else [])]
    wanted = [
        store.ses_key(receipt.ses_id),
        *(id_key(ports, value) for value in ids),
        *(tickets.head_key(number) for number in clues.numbers),
        *(people.address_key(keys, address) for address in (sender, *copied(mail, desk))),
        *store.rate_keys(keys.hide(sender), now),
    ]
    return Case(ports, receipt, mail, desk, now, clues, table.fetch(wanted), kept)


def id_key(ports: Ports, message_id: str) -> tuple[str, str]:
    """Where a Message-ID is remembered."""
    hidden = ports.keys().hide(matching.stored_form(message_id))
    return table.message_id_pk(hidden), table.CLAIM


def sender_of(mail: InboundMail) -> str:
    return mail.from_[0].address if mail.from_ else ""


def copied(mail: InboundMail, desk: Desk) -> list[str]:
    """Who else was addressed and is neither a group nor an agent of ours; ten at most."""
    sender = sender_of(mail)
    others = [address.address for address in (*mail.to, *mail.cc)]
    return [
        address
        for address in dict.fromkeys(others)
        if address != sender and not desk.group_at(address) and not desk.agent_at(address)
    ][:CC_LIMIT]
