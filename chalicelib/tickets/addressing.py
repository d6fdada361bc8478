"""The signed names that a ticket has in mail: reply address, message id, subject tag, link. Pure.

Each of the first two carries its recipient's place among the contacts and a signature, so it proves
that the desk gave it to that recipient. The subject tag proves nothing; its check digit only keeps
the numbers of other ticket systems out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

from chalicelib.keys import SIGNATURE_LENGTH, Keys
from chalicelib.tickets.model import Ticket

_SIGNATURE = rf"(?P<signature>[a-z2-7]{{{SIGNATURE_LENGTH}}})"
_REPLY = re.compile(
    rf"[^+@]+\+(?P<number>\d{{1,12}})\.(?P<place>\d{{1,3}})\.{_SIGNATURE}@", re.IGNORECASE
)
_OWN_ID = re.compile(
    rf"<?(?P<number>\d{{1,12}})\.(?P<seq>\d{{1,8}})\.(?P<place>\d{{1,3}})\.{_SIGNATURE}@",
    re.IGNORECASE,
)
_TAG = re.compile(r"\[#(\d{1,12})-(\d)\]")
STAFF = 999  # the place of a recipient who is no contact


@dataclass(frozen=True, slots=True)
class Pointer:
    """A ticket that a mail points at with a valid signature, and whose signature it was."""

    number: int
    place: int
    seq: int | None = None


def recipient_id(keys: Keys, email: str) -> str:
    """What names a recipient among the mails of one change."""
    return keys.hide(email.lower())[:10]


def reply_address(keys: Keys, address: str, number: int, place: int) -> str:
    local, _, domain = address.partition("@")
    signature = keys.sign("reply", f"{number}.{place}")
    return f"{local}+{number}.{place}.{signature}@{domain}"


def read_reply_address(keys: Keys, address: str) -> Pointer | None:
    """The pointer of a reply address with our signature, in any letter case."""
    match = _REPLY.match(address)
    if match is None:
        return None
    number, place = int(match["number"]), int(match["place"])
    if not keys.is_signed("reply", f"{number}.{place}", match["signature"]):
        return None
    return Pointer(number, place)


def is_like_reply_address(address: str) -> bool:
    """Whether it has the form of one, whoever signed it."""
    return _REPLY.match(address) is not None


def message_id(keys: Keys, address: str, number: int, seq: int, place: int) -> str:
    domain = address.partition("@")[2]
    signature = keys.sign("message-id", f"{number}.{seq}.{place}")
    return f"<{number}.{seq}.{place}.{signature}@{domain}>"


def read_message_id(keys: Keys, value: str) -> Pointer | None:
    """The pointer of a message id with our signature."""
    match = _OWN_ID.match(value)
    if match is None:
        return None
    number, seq, place = int(match["number"]), int(match["seq"]), int(match["place"])
    if not keys.is_signed("message-id", f"{number}.{seq}.{place}", match["signature"]):
        return None
    return Pointer(number, place, seq)


def is_like_message_id(value: str) -> bool:
    """Whether it has the form of one, whoever signed it."""
    return _OWN_ID.match(value) is not None


def subject_tag(number: int) -> str:
    return f"[#{number}-{_check_digit(number)}]"


def read_subject_tag(subject: str) -> int | None:
    """The ticket number of the first tag whose check digit is right."""
    for number, digit in _TAG.findall(subject):
        if _check_digit(int(number)) == int(digit):
            return int(number)
    return None


def without_tags(subject: str) -> str:
    """The subject as it was before any desk or client put something in front of it."""
    bare = _TAG.sub("", subject)
    bare = re.sub(
        r"^(\s*(re|sv|vs|aw|fwd?|vb|vl|antw|ref|odp|rv|tr|wg)\s*(\[\d+\])?:\s*)+",
        "",
        bare,
        flags=re.IGNORECASE,
    )
    return " ".join(bare.split())


def _check_digit(number: int) -> int:
    """Luhn's: it notices every single wrong digit and nearly every swap of two."""
    total = 0
    for place, digit in enumerate(reversed(str(number))):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled  # noqa: PLR2004 - the cross sum
    return -total % 10


def link_token(keys: Keys, ticket: Ticket, place: int) -> str:
    """What stands in the link to the customer's page of one ticket."""
    text = f"{ticket.number}.{place}.{ticket.link_epoch}"
    return f"{text}.{keys.sign('link', text)}"


def read_link_token(keys: Keys, token: str) -> tuple[int, int, int] | None:
    """(number, place, epoch) of a link with our signature; the caller compares the epoch."""
    text, _, signature = token.rpartition(".")
    parts = text.split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):  # noqa: PLR2004
        return None
    if not keys.is_signed("link", text, signature):
        return None
    number, place, epoch = (int(part) for part in parts)
    return number, place, epoch


LINKS_LIMIT = 10


def find_link(keys: Keys, text: str, url: str) -> tuple[Pointer, int] | None:
    """The first link to a customer's page in a text that has our signature, and its epoch."""
    for found in islice(re.finditer(rf"{re.escape(url)}/t/([\w.]{{1,80}})", text), LINKS_LIMIT):
        read = read_link_token(keys, found[1].rstrip("."))
        if read:
            number, place, epoch = read
            return Pointer(number, place), epoch
    return None
