"""Which ticket a mail belongs to. Pure: what the table knows of the clues comes as a parameter.

The order: a reply address of ours, an id of ours, an id that is stored, a link of ours in what the
mail quotes, the tag in the subject, the key of another system. Of a delivery report that came back
to us it is the mail that was returned which names the ticket.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from chalicelib.desk.model import Desk
from chalicelib.intake.model import Match, Receipt
from chalicelib.keys import Keys
from chalicelib.mail.parse import InboundMail
from chalicelib.mail.quotes import newest_quoted
from chalicelib.tickets import addressing
from chalicelib.tickets.addressing import Pointer
from chalicelib.tickets.model import Ticket

REFERENCES_LIMIT = 20
FOREIGN_LIMIT = 5
# A quote nested deeper than this is older than the newest one.
_NEWEST = 1
_BLOCKQUOTE = re.compile(r"<(/?)blockquote\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Clues:
    """What a mail says about its ticket: signed pointers, foreign ids, a number in the subject.

    `link` is the pointer and the epoch of a link to a customer's page. `forged` names the keys
    that look like ours and are not.
    """

    reply_address: Pointer | None = None
    own_id: Pointer | None = None
    returned: Pointer | None = None
    ids: tuple[str, ...] = ()
    link: tuple[Pointer, int] | None = None
    tagged: int | None = None
    foreign: tuple[str, ...] = ()
    forged: tuple[str, ...] = ()

    @property
    def numbers(self) -> set[int]:
        """The tickets to load along."""
        link = self.link[0] if self.link else None
        pointers = (self.reply_address, self.own_id, self.returned, link)
        signed = {pointer.number for pointer in pointers if pointer}
        return signed | ({self.tagged} if self.tagged else set())


def clues(mail: InboundMail, receipt: Receipt, desk: Desk, keys: Keys, url: str) -> Clues:
    """Everything in the mail that may point at a ticket; `url` is that of the customer's pages."""
    ids = (*mail.in_reply_to, *reversed(mail.references))
    reply_address, false_address = _first(
        addressing.read_reply_address,
        addressing.is_like_reply_address,
        keys,
        recipients(mail, receipt),
    )
    own_id, false_id = _first(addressing.read_message_id, addressing.is_like_message_id, keys, ids)
    returned, _ = _first(
        addressing.read_message_id, addressing.is_like_message_id, keys, mail.returned_ids
    )
    forged = [("reply_address", false_address), ("own_id", false_id)]
    return Clues(
        reply_address=reply_address,
        own_id=own_id,
        returned=returned,
        ids=tuple(dict.fromkeys(_as_known(ids, receipt)))[:REFERENCES_LIMIT],
        link=_quoted_link(mail, keys, url),
        tagged=addressing.read_subject_tag(mail.subject),
        foreign=_foreign(mail, desk),
        forged=tuple(name for name, is_forged in forged if is_forged),
    )


def recipients(mail: InboundMail, receipt: Receipt) -> Iterator[str]:
    """All that the mail was addressed to: by its envelope first, then by its headers.

    Of a group's own copy it is the group's addresses alone.
    """
    yield from receipt.recipients
    if receipt.copy_for:
        return
    yield from mail.delivered_to
    yield from (address.address for address in (*mail.to, *mail.cc))


def _as_known(ids: Sequence[str], receipt: Receipt) -> list[str]:
    """The ids under which the mails that this one answers may be stored: its own copies' first."""
    return [*map(receipt.name_of, ids), *ids]


def _first(
    read: Callable[[Keys, str], Pointer | None],
    is_like: Callable[[str], bool],
    keys: Keys,
    values: Iterable[str],
) -> tuple[Pointer | None, bool]:
    """The first value that we signed; and whether there is one that only seems so."""
    is_forged = False
    for value in values:
        pointer = read(keys, value)
        if pointer:
            return pointer, is_forged
        is_forged = is_forged or is_like(value)
    return None, is_forged


def _quoted_link(mail: InboundMail, keys: Keys, url: str) -> tuple[Pointer, int] | None:
    """The link to a customer's page in the newest quoted mail, which is one of ours then."""
    if f"{url}/t/" in mail.text:
        return addressing.find_link(keys, newest_quoted(mail.text), url)
    at = (mail.html or "").find(f"{url}/t/")
    if mail.html is None or at < 0:
        return None
    opened = sum(-1 if tag[1] else 1 for tag in _BLOCKQUOTE.finditer(mail.html, 0, at))
    return addressing.find_link(keys, mail.html[at:], url) if opened <= _NEWEST else None


def _foreign(mail: InboundMail, desk: Desk) -> tuple[str, ...]:
    """The keys of other systems, each with the name of its system."""
    found = []
    for system in desk.foreign.values():
        hit = system.pattern.search(mail.header(system.header))
        if hit:
            found.append(f"{system.name} {hit[1] if hit.re.groups else hit[0]}")
    return tuple(found[:FOREIGN_LIMIT])


def stored_form(message_id: str) -> str:
    """The form under which an id is stored: of SES's own, the local part alone.

    SES replaces the id of all mail it sends and tells us only the part before the @.
    """
    bare = message_id.strip("<> ")
    local, _, domain = bare.partition("@")
    return local if domain.lower().endswith("amazonses.com") else bare


@dataclass(frozen=True, slots=True)
class Known:
    """What the table knows: the ticket that a number leads to, the one that it names, and the
    tickets of an id or a foreign key; and the organization of whose domain the sender is.
    """

    ticket: Callable[[int], Ticket | None]
    named: Callable[[int], Ticket | None]
    stored: Callable[[str], Sequence[int]]
    organization: str = ""


def match(
    found: Clues, sender: str, known: Known, *, is_staff: bool = False
) -> tuple[Match | None, list[str]]:
    """The first clue that names a ticket that exists, and why those before it did not count.

    A tag counts from those on the ticket, from colleagues of its requester, and from the staff.
    """
    tried = [f"{name}=forged" for name in found.forged]
    for key, number, place, obstacle in _candidates(found, sender, known, is_staff=is_staff):
        if not obstacle:
            return Match(number, key, place), tried
        tried.append(f"{key}={obstacle}")
    return None, tried


_Candidate = tuple[str, int, int | None, str]


def _candidates(found: Clues, sender: str, known: Known, *, is_staff: bool) -> Iterator[_Candidate]:
    """(key, ticket, whose signature, why it does not count) of each clue that is there."""
    signed = (("reply_address", found.reply_address), ("own_id", found.own_id))
    for key, pointer in (*signed, ("bounced", found.returned)):
        if pointer:
            yield key, pointer.number, pointer.place, _absence(known, pointer.number)
    yield from _stored("message_id", found.ids, sender, known)
    if found.link:
        yield _of_link(*found.link, known)
    if found.tagged:
        obstacle = _absence(known, found.tagged)
        is_ours = is_staff or _is_on(known, found.tagged, sender) or _is_near(known, found.tagged)
        yield "subject_tag", found.tagged, None, obstacle or ("" if is_ours else "not_on_ticket")
    yield from _stored("foreign", found.foreign, sender, known)


def _stored(key: str, values: Sequence[str], sender: str, known: Known) -> Iterator[_Candidate]:
    """Of several tickets under one id the sender's own: anybody can claim an id in advance."""
    for numbers in filter(None, map(known.stored, values)):
        own = (number for number in numbers if len(numbers) > 1 and _is_on(known, number, sender))
        number = next(own, numbers[0])
        yield key, number, None, _absence(known, number)


def _is_on(known: Known, number: int, sender: str) -> bool:
    """Those on a ticket that was merged are known where it leads, too."""
    found = (known.named(number), known.ticket(number))
    return any(ticket is not None and ticket.place_of(sender) is not None for ticket in found)


def _is_near(known: Known, number: int) -> bool:
    """Whether the sender is of the organization that the ticket is for."""
    found = (known.named(number), known.ticket(number))
    owners = {ticket.organization for ticket in found if ticket}
    return bool(known.organization) and known.organization in owners


def _absence(known: Known, number: int) -> str:
    return "" if known.ticket(number) else "no_such_ticket"


def _of_link(pointer: Pointer, epoch: int, known: Known) -> _Candidate:
    ticket = known.named(pointer.number)
    obstacle = _absence(known, pointer.number)
    if ticket and ticket.link_epoch != epoch:
        obstacle = "expired"
    return "body_marker", pointer.number, pointer.place, obstacle
