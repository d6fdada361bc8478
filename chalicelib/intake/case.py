"""One inbound mail with all that the desk knows about it, looked up in one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from chalicelib import table
from chalicelib.desk.model import Agent, Desk
from chalicelib.intake import match as matching
from chalicelib.intake import screen, store
from chalicelib.intake.model import Fate, Match, Rate, Receipt, Suspended
from chalicelib.intake.rates import Rates
from chalicelib.ledger.model import Actor, Entry
from chalicelib.ledger.store import EntryItem, from_item
from chalicelib.mail.forwarded import Forwarded
from chalicelib.mail.parse import InboundMail
from chalicelib.people import store as people
from chalicelib.people.model import Address, Person
from chalicelib.people.organizations import domain_key, domain_of, owner_of
from chalicelib.people.service import is_address
from chalicelib.ports import Ports
from chalicelib.tickets import addressing
from chalicelib.tickets import store as tickets
from chalicelib.tickets.addressing import Pointer
from chalicelib.tickets.model import Attachment, Contact, Delivery, Ticket

CC_LIMIT = 10
FAILED_LIMIT = 5


@dataclass
class Kept:
    """What one attempt to receive a mail leaves for the next, so that nothing is made twice."""

    number: int | None = None
    files: tuple[Attachment, ...] | None = None
    persons: dict[str, Person] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Release:
    """Somebody lets a suspended mail in, to a group where the mail itself names none."""

    suspended: Suspended
    actor: Actor
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A mail as it is read: decoded, decrypted where it was sealed for us, and with the mail of
    somebody else that it passes on.
    """

    mail: InboundMail
    smime: str = ""
    original: Forwarded | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A mail, its receipt, and every item of the table that may matter for it."""

    ports: Ports
    receipt: Receipt
    opened: Opened
    desk: Desk
    now: datetime
    clues: matching.Clues
    found: dict[tuple[str, str], table.Item]
    kept: Kept
    rate: Rate
    release: Release | None = None

    @property
    def mail(self) -> InboundMail:
        return self.opened.mail

    @property
    def sender(self) -> str:
        return sender_of(self.mail)

    @property
    def sender_name(self) -> str:
        return self.mail.from_[0].name if self.mail.from_ else ""

    @property
    def known(self) -> Address | None:
        """What is known of the sender, who is somebody the desk has had to do with."""
        address = self.address(self.sender)
        return address if address and address.person else None

    @property
    def rates(self) -> Rates:
        return Rates(self.ports.keys(), self.sender, self.now)

    @property
    def is_authenticated(self) -> bool:
        return screen.is_authenticated(self.mail, self.receipt)

    @property
    def agent(self) -> Agent | None:
        """The agent who surely wrote the mail."""
        return screen.staff(self.mail, self.receipt, self.desk)

    @property
    def copied(self) -> list[str]:
        return copied(self.mail, self.desk)

    @property
    def earlier(self) -> Fate | None:
        """What became of this very object before."""
        return store.fate_of(self.found.get(store.ses_key(self.receipt.ses_id)))

    @property
    def suspension(self) -> Entry:
        """The entry that says that the mail was suspended, where it is released now."""
        item = self.found[store.suspension_key(self.receipt.ses_id)]
        assert isinstance(item, EntryItem)
        return from_item(item)

    @property
    def own_id(self) -> tickets.MessageIdItem | None:
        """Who holds the Message-ID of this mail."""
        return self._stored_id(self.own_name) if self.own_name else None

    @property
    def own_name(self) -> str | None:
        """The Message-ID of this mail, as its copy is known by."""
        message_id = self.mail.message_id
        return self.receipt.name_of(message_id) if message_id else None

    def _stored_id(self, value: str) -> tickets.MessageIdItem | None:
        item = self.found.get(id_key(self.ports, value))
        return item if isinstance(item, tickets.MessageIdItem) else None

    def stored(self, value: str) -> Sequence[int]:
        """The tickets of a Message-ID or a foreign key; who came first stands first."""
        item = self._stored_id(value)
        return [int(item.number), *sorted(map(int, item.others or ()))] if item else []

    def address(self, email: str) -> Address | None:
        return people.address_of(self.found.get(people.address_key(self.ports.keys(), email)))

    def organization(self, email: str) -> str:
        """The id of the organization whose domain an address is of; empty for none."""
        return owner_of(self.found.get(domain_key(domain_of(email))))

    def ticket(self, number: int) -> Ticket | None:
        """A ticket, or the one that it was merged into; one that was not looked up yet costs a
        call.
        """
        for _ in range(tickets.MERGE_DEPTH):
            ticket = self.named(number)
            if ticket is None or ticket.merged_into is None:
                return ticket
            number = ticket.merged_into
        return None

    def named(self, number: int) -> Ticket | None:
        """The very ticket of that number, wherever it leads."""
        key = tickets.head_key(number)
        if key not in self.found:
            self.found.update(table.fetch([key]))
        return tickets.ticket_of(self.found.get(key))

    def distrust(self, match: Match, ticket: Ticket) -> str:
        """Why the mail may not act as its sender's on a ticket; empty when it may.

        Where it points at one that was merged into this, whoever is trusted on either is trusted.
        """
        told, origin = {"authenticated": self.is_authenticated}, self.named(match.number) or ticket
        why = screen.distrust(match, origin, self.sender, **told)
        if not why and ticket.was_left_by(self.sender):
            return "not_on_ticket"
        if not why or match.place == addressing.STAFF or origin.number == ticket.number:
            return why
        # A signature of the other ticket's is good for nothing here.
        unsigned = replace(match, place=None)
        return why if screen.distrust(unsigned, ticket, self.sender, **told) else ""

    def newcomer(self, match: Match, ticket: Ticket) -> Contact | None:
        """The sender as they are on a ticket that was merged into this, where they never were."""
        origin = self.named(match.number)
        place = origin.place_of(self.sender) if origin else None
        was_there = ticket.place_of(self.sender) is not None or ticket.was_left_by(self.sender)
        if origin is None or place is None or was_there:
            return None
        return origin.contacts[place]

    def returned(self, pointer: Pointer) -> Delivery | None:
        """The mail of ours that a delivery report says did not arrive."""
        found = (self.found.get(key) for key in _delivery_keys(self.ports, self.mail, pointer))
        return next(filter(None, map(tickets.delivery_of, found)), None)


def look_up(
    ports: Ports,
    receipt: Receipt,
    opened: Opened,
    desk: Desk,
    kept: Kept,
    release: Release | None = None,
) -> Case:
    """The case of a mail: one call for everything that may matter."""
    mail, keys, now = opened.mail, ports.keys(), ports.clock()
    clues = matching.clues(mail, receipt, desk, keys, ports.config.url)
    rates = Rates(keys, sender_of(mail), now)
    ids = [
        *clues.ids,
        *clues.foreign,
        *([receipt.name_of(mail.message_id)] if mail.message_id else []),
    ]
    wanted = [
        store.ses_key(receipt.ses_id),
        *(id_key(ports, value) for value in ids),
        *(tickets.head_key(number) for number in clues.numbers),
        *(people.address_key(keys, address) for address in _people_in(opened, desk)),
        *(domain_key(domain_of(address)) for address in _requesters(opened) if address),
        *([store.suspension_key(receipt.ses_id)] if release else ()),
        *(_delivery_keys(ports, mail, clues.returned) if clues.returned else ()),
        *rates.all,
    ]
    found = table.fetch(wanted)
    return Case(ports, receipt, opened, desk, now, clues, found, kept, rates.read(found), release)


def id_key(ports: Ports, message_id: str) -> tuple[str, str]:
    """Where a Message-ID, or the key of another system, is remembered."""
    hidden = ports.keys().hide(matching.stored_form(message_id))
    return table.message_id_pk(hidden), table.CLAIM


def _delivery_keys(ports: Ports, mail: InboundMail, pointer: Pointer) -> list[tuple[str, str]]:
    """Where the mails stand that we sent to those whom a delivery report names."""
    keys, pk, seq = ports.keys(), table.ticket_pk(pointer.number), pointer.seq or 0
    recipients = [addressing.recipient_id(keys, one.address) for one in mail.failed[:FAILED_LIMIT]]
    return [(pk, table.delivery_sk(seq, recipient)) for recipient in recipients]


def _people_in(opened: Opened, desk: Desk) -> list[str]:
    """The addresses of all whom the mail may have to do with."""
    mail = opened.mail
    failed = [one.address for one in mail.failed[:FAILED_LIMIT]]
    return [*_requesters(opened), *copied(mail, desk), *failed]


def _requesters(opened: Opened) -> list[str]:
    """Those who may be the requester of a new ticket: who wrote, and whose mail is passed on."""
    passed_on = [opened.original.sender.address] if opened.original else []
    return [sender_of(opened.mail), *passed_on]


def sender_of(mail: InboundMail) -> str:
    """The first address of the From; empty where nobody could be answered at it."""
    return mail.from_[0].address if mail.from_ and mail.from_[0].is_complete else ""


def copied(mail: InboundMail, desk: Desk) -> list[str]:
    """Who else was addressed and is neither a group nor an agent of ours; ten at most."""
    sender = sender_of(mail)
    others = [address.address for address in (*mail.to, *mail.cc)]
    return [
        address
        for address in dict.fromkeys(others)
        if address != sender
        and is_address(address)
        and not desk.group_at(address)
        and not desk.agent_at(address)
    ][:CC_LIMIT]
