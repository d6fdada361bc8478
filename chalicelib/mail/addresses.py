"""Address lists of mail headers, as clients really write them.

One pass over the text, whatever it holds. Whether an address belongs to anybody is not known here.
"""

import re
from dataclasses import dataclass, field
from itertools import islice

from chalicelib.mail.headers import decode_words, one_line

MAX_ADDRESSES = 500
MAX_TOKENS = 5000  # words, signs and blanks of one list that are read
MAX_LENGTH = 320
MAX_NAME = 200

# Characters that are invisible or turn the direction of what follows: never part of an address,
# and in a name only a way to look like somebody else.
INVISIBLE = re.compile(
    r"[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)

_TOKEN = re.compile(
    r"""
    (?P<quoted>"(?:[^"\\]++|\\.)*+"?)
    |(?P<angle><[^<>,;"]*+>?|<"(?:[^"\\]++|\\.)*+"[^<>]*+>?)
    |(?P<sign>[(),;:>])
    |(?P<word>(?:=\?[^?\s]{1,60}\?[bBqQ]\?[^?]*+\?=|[^\s"<>(),;:])++)
    |\s++
    """,
    re.VERBOSE | re.DOTALL,
)
_BARE = re.compile(r"[^\s<>,;:\"()\[\]]{1,64}@[^\s<>,;:\"()\[\]]{1,255}")
_LOCAL = re.compile(r"(?!=\?)[^\s<>,;:\"()\[\]\\@]{1,64}")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox: the name a client showed with it (may be empty), and the address itself."""

    name: str
    address: str

    @property
    def is_complete(self) -> bool:
        """Whether it has a domain; without one it names somebody at a server unknown to us."""
        return "@" in self.address


@dataclass(slots=True)
class _Mailbox:
    """What has been read of one entry of the list."""

    words: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    angle: str | None = None


def parse_addresses(value: str) -> tuple[Address, ...]:
    """The mailboxes of one unfolded header value, those in groups too; what has no "@" is none."""
    return tuple(one for one in parse_mailboxes(value) if one.is_complete)


def parse_mailboxes(value: str) -> tuple[Address, ...]:
    """The same, with those whose address is written without "@" and domain."""
    found = _read(value)
    if "@" in value and not any(one.is_complete for one in found):
        # A quote or a comment that never ends has swallowed the list.
        found += [Address("", address) for text in _BARE.findall(value) if (address := clean(text))]
    return tuple(found[:MAX_ADDRESSES])


def clean(text: str) -> str | None:
    """The address with its domain in lower case; None when it cannot be one."""
    text = INVISIBLE.sub("", one_line(text)).strip("<>'\"` ,;") if '"' not in text else text.strip()
    text = text.removeprefix("mailto:").removeprefix("MAILTO:")
    local, at, domain = text.rpartition("@")
    domain = re.sub(r"\s+", "", domain).rstrip(".").lower()
    local = local if local.startswith('"') else re.sub(r"\s+", "", local)
    address = f"{local}@{domain}"
    is_sound = bool(at and local and domain) and len(address) <= MAX_LENGTH
    return address if is_sound and not re.search(r"[\x00-\x1f\x7f<>]", address) else None


def _read(value: str) -> list[Address]:
    found: list[Address] = []
    box = _Mailbox()
    depth = 0
    comment: list[str] = []
    for token in islice(_TOKEN.finditer(value), MAX_TOKENS):
        text = token[0]
        if text == "(" or depth:
            depth += (text == "(") - (text == ")")
            if depth or text != ")":
                comment.append("" if text == "(" and depth == 1 else text)
            else:
                box.comments.append("".join(comment))
                comment = []
        elif text in {",", ";"}:
            box = _close(box, found, is_certain=text == ";")
        elif text == ":":
            # What stands before a colon is the name of a group, or a route nobody uses.
            box.words.clear()
        else:
            _take(box, token, found)
        if len(found) >= MAX_ADDRESSES:
            break
    _close(box, found, is_certain=True)
    if depth:
        # A comment that never ends may hide the one who wrote: with more than one, nobody did.
        hidden = _BARE.findall("".join(comment))
        found += [Address("", address) for text in hidden if (address := clean(text))]
    return found


def _take(box: _Mailbox, token: re.Match[str], found: list[Address]) -> None:
    text = token[0]
    if token.lastgroup == "angle":
        if box.angle:
            _close(_Mailbox(list(box.words), list(box.comments), box.angle), found, is_certain=True)
            box.words.clear()
        box.angle = text.strip("<>")
    elif text != ">":
        box.words.append(text)


def _close(box: _Mailbox, found: list[Address], *, is_certain: bool) -> _Mailbox:
    """Add the finished mailbox to the list; the next one begins with what was only half a name."""
    words = "".join(box.words).split()
    if box.angle is not None:
        address = clean(_address_text(box.angle)) or _local(box.angle)
        if address:
            name = "".join(box.words) if words else " ".join(box.comments)
            found.append(Address(_name(name), address))
        return _Mailbox()
    at = [word for word in words if "@" in word]
    if not at:
        if is_certain and len(words) == 1 and (local := _local(words[0])):
            found.append(Address(_name(" ".join(box.comments)), local))
        # "Doe, John <john@example.com>": a comma in a name that should have been quoted.
        return _Mailbox() if is_certain or not words else _Mailbox([*box.words, ", "])
    name = " ".join(word for word in words if "@" not in word)
    is_spread = at[0].startswith("@") or at[0].endswith("@") or '"@' in at[0]
    if len(at) == 1 and is_spread:
        # A quoted local part, or blanks around the "@".
        at, name = ["".join(box.words).strip()], ""
    for text in at:
        address = clean(text)
        if address:
            found.append(Address(_name(name or " ".join(box.comments)), address))
    return _Mailbox()


def _local(text: str) -> str | None:
    text = INVISIBLE.sub("", text).strip()
    return text if _LOCAL.fullmatch(text) else None


def _address_text(angle: str) -> str:
    # "<@relay.example:user@example.com>" names the way a mail shall take; only its end counts.
    return angle.rpartition(":")[2] if angle.startswith("@") else angle


def _name(text: str) -> str:
    text = re.sub(r'"((?:[^"\\]++|\\.)*+)"?', lambda quoted: _ESCAPED.sub(r"\1", quoted[1]), text)
    return INVISIBLE.sub("", one_line(decode_words(text)))[:MAX_NAME].strip()
