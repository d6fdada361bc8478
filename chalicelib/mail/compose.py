"""A mail to one recipient as bytes: text, HTML, files, threading headers, marks of a machine. Pure.

The header is written here and not by the standard library, which folds long ids into encoded words
and may lose the quotes of a long name; its parts are made by the standard library. What the mail
says, and to whom, is decided by the caller.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import MIMEPart
from email.policy import EmailPolicy
from email.utils import format_datetime

from chalicelib.errors import Invalid
from chalicelib.mail.addresses import Address

REFERENCES_BYTES = 8_000
LINE = 76
WORD = 60
CHUNK = 36  # bytes of text in an encoded word, which then has 60 characters
NAME_LIMIT, FILENAME_LIMIT, TEXT_LIMIT = 150, 150, 900

_POLICY = EmailPolicy(linesep="\r\n", cte_type="7bit")
_ADDRESS = re.compile(
    r"(?:[\w!#$%&'*+/=?^`{|}~.-]{1,200}|\"(?:[ !#-\[\]-~]|\\[ -~]){0,200}\")"
    r"@(?:[\w.-]{1,253}|\[[\w.:]{2,60}\])",
    re.ASCII,
)
_ID = re.compile(r"<[!-;=?-~]{1,900}>")
_ATOMS = re.compile(r"[\w!#$%&'*+/=?^`{|}~ -]*", re.ASCII)
_LANGUAGE = re.compile(r"[A-Za-z0-9-]{2,35}")
_TYPE = re.compile(r"([a-z]{1,40})/([a-z0-9.+-]{1,80})")
_UNSTORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file that goes along; with a `content_id` the HTML shows it, as `cid:` and that id."""

    filename: str
    content_type: str
    content: bytes
    content_id: str | None = None


@dataclass(frozen=True, slots=True)
class OutboundMail:
    """What one recipient gets. Ids stand with their brackets; `references` oldest first."""

    sender: Address
    to: Address
    reply_to: str
    message_id: str
    subject: str
    text: str
    html: str
    at: datetime
    in_reply_to: str | None = None
    references: Sequence[str] = ()
    thread_topic: str | None = None
    thread_index: str | None = None
    is_automatic: bool = False
    language: str = "en"
    enclosures: Sequence[Enclosure] = field(default=())


def compose(mail: OutboundMail) -> bytes:
    """The bytes to send, in ASCII. No value that came from outside can start a header of its own.

    Raises Invalid where an address cannot stand in a mail.
    """
    header = "".join(f"{name}: {value}\r\n" for name, value in _header(mail))
    return header.encode("ascii") + _content(mail).as_bytes()


def encoded_size(size: int) -> int:
    """The most bytes that a file of this size adds to a mail: base64 in lines, and its header."""
    return -(-size // 54) * 74 + 2_000


# The header. ---------------------------------------------------------------------------------


def _header(mail: OutboundMail) -> Iterator[tuple[str, str]]:
    yield "From", _mailbox(mail.sender)
    yield "To", _mailbox(mail.to)
    yield "Reply-To", plain_address(mail.reply_to)
    yield "Subject", _folded(_words(_one_line(mail.subject, TEXT_LIMIT)))
    yield "Date", format_datetime(mail.at)
    yield "Message-ID", _own_id(mail)
    answered = _id(mail.in_reply_to or "")
    if answered:
        yield "In-Reply-To", answered
    yield "References", _references(mail)
    yield from _thread(mail)
    if mail.is_automatic:
        yield "Auto-Submitted", "auto-generated"
        yield "X-Auto-Response-Suppress", "All"
    if _LANGUAGE.fullmatch(mail.language):
        yield "Content-Language", mail.language
    yield "MIME-Version", "1.0"


def _thread(mail: OutboundMail) -> Iterator[tuple[str, str]]:
    """The names under which Outlook keeps a conversation together."""
    topic = _one_line(mail.thread_topic or "", TEXT_LIMIT)
    if topic:
        yield "Thread-Topic", _folded(_words(topic))
    if mail.thread_index and (child := child_index(mail.thread_index, mail.at)):
        yield "Thread-Index", child


def _references(mail: OutboundMail) -> str:
    """The whole thread with our own id last: SES replaces the Message-ID, not this.

    An id stands once. Of a very long thread the first id and the newest ones stay.
    """
    own = _own_id(mail)
    ids = list(
        dict.fromkeys(found for found in map(_id, mail.references) if found and found != own)
    )
    size = sum(len(value) + 3 for value in [*ids, own])
    while size > REFERENCES_BYTES and len(ids) > 1:
        size -= len(ids.pop(1)) + 3
    return "\r\n ".join([*ids, own])


def _own_id(mail: OutboundMail) -> str:
    found = _id(mail.message_id)
    assert found, "our own ids are made of letters, digits and our domain"
    return found


def _id(value: str) -> str | None:
    """A message id as it can stand in a header; None where it cannot."""
    bare = value.strip().strip("<>")
    local, at, domain = bare.rpartition("@")
    if not bare.isascii():
        bare = f"{local}{at}{_plain_domain(domain) or ''}"
    found = _ID.fullmatch(f"<{bare}>")
    return found[0] if found else None


def plain_address(address: str) -> str:
    """The address with its domain in ASCII, or Invalid where no mail can go to it."""
    local, _, domain = address.rpartition("@")
    plain = f"{local}@{_plain_domain(domain)}"
    if _plain_domain(domain) is None or not _ADDRESS.fullmatch(plain):
        raise Invalid(
            "No mail can be sent to an address such as this.", fields={"email": "invalid"}
        )
    return plain


def _plain_domain(domain: str) -> str | None:
    try:
        return domain if domain.isascii() else domain.encode("idna").decode("ascii")
    except UnicodeError:
        return None


def _mailbox(address: Address) -> str:
    plain = plain_address(address.address)
    name = _one_line(address.name, NAME_LIMIT)
    return _folded([*_phrase(name), f"<{plain}>"]) if name else plain


def _phrase(name: str) -> list[str]:
    if _ATOMS.fullmatch(name) or not _is_plain(name):
        return _words(name)
    return ('"' + re.sub(r'(["\\])', r"\\\1", name) + '"').split(" ")


def _words(text: str) -> list[str]:
    """The pieces between which a line may end: the words as they are, or encoded (RFC 2047)."""
    return text.split(" ") if _is_plain(text) else list(_encoded(text))


def _is_plain(text: str) -> bool:
    return text.isascii() and "=?" not in text and max(map(len, text.split(" "))) <= WORD


def _encoded(text: str) -> Iterator[str]:
    chunk = b""
    for character in text:
        more = character.encode()
        if len(chunk) + len(more) > CHUNK:
            yield _encoded_word(chunk)
            chunk = b""
        chunk += more
    yield _encoded_word(chunk)


def _encoded_word(chunk: bytes) -> str:
    return f"=?utf-8?b?{base64.b64encode(chunk).decode()}?="


def _folded(pieces: Sequence[str]) -> str:
    # Every name of a header is shorter than sixteen characters.
    lines, room = [pieces[0]], LINE - 16 - len(pieces[0])
    for piece in pieces[1:]:
        if len(piece) >= room:
            lines.append(piece)
            room = LINE - len(piece)
        else:
            lines[-1] += f" {piece}"
            room -= len(piece) + 1
    return "\r\n ".join(lines)


def _one_line(text: str, limit: int) -> str:
    """The text without anything invisible, and with single blanks."""
    kept = "".join(c if c.isprintable() else " " for c in text[: 4 * limit])
    return " ".join(kept.split())[:limit].strip()


# Outlook's conversation index: when the thread began, its id, then five bytes for every answer. ---

_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_INDEX_HEADER, _INDEX_LEVEL, _INDEX_LIMIT = 22, 5, 522


def child_index(index: str, at: datetime) -> str | None:
    """The index of a mail that answers the one with this index; None for what is none."""
    bare = "".join(index.split()).rstrip("=")
    try:
        levels = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except ValueError:
        return None
    depth = len(levels) - _INDEX_HEADER
    if depth < 0 or depth % _INDEX_LEVEL or len(levels) > _INDEX_LIMIT:
        return None
    # Newer programs write a byte 1 before the time; that of older ones begins with such a byte.
    is_newer = levels[:2] == b"\x01\x01"
    began = int.from_bytes(levels[1:6] + b"\0" if is_newer else levels[:6], "big") << 16
    passed = max((at - _EPOCH) // timedelta(microseconds=1) * 10 - began, 0)
    is_long = passed >> 49 > 0
    delta = 1 << 31 | passed >> 23 & 0x7FFFFFFF if is_long else passed >> 18
    # What the index does not keep of the time serves as its random part.
    level = delta.to_bytes(4, "big") + bytes([passed >> 10 & 0xF0])
    return base64.b64encode(levels + level).decode()


# The parts. ----------------------------------------------------------------------------------


def _content(mail: OutboundMail) -> MIMEPart:
    """Text and HTML as alternatives, pictures beside the HTML, other files after both."""
    content = MIMEPart(policy=_POLICY)
    content.set_content(_UNSTORABLE.sub("", mail.text), charset="utf-8")
    html = _UNSTORABLE.sub("", mail.html)
    content.add_alternative(html, subtype="html", charset="utf-8")
    shown = content.get_payload(1)
    assert isinstance(shown, MIMEPart)
    for picture in mail.enclosures:
        if picture.content_id:
            _enclose(shown.add_related, picture, disposition="inline", cid=_cid(picture.content_id))
    for enclosure in mail.enclosures:
        if not enclosure.content_id:
            _enclose(content.add_attachment, enclosure)
    return content


def _enclose(add: Callable[..., None], enclosure: Enclosure, **more: str) -> None:
    main, sub = _type(enclosure.content_type)
    add(
        enclosure.content,
        maintype=main,
        subtype=sub,
        filename=_filename(enclosure.filename),
        **more,
    )


def _cid(content_id: str) -> str:
    found = _id(content_id)
    assert found, "content ids are made by the desk"
    return found


def _type(content_type: str) -> tuple[str, str]:
    """A type that bytes can be sent as; those of whole mails and of parts cannot."""
    found = _TYPE.fullmatch(content_type.partition(";")[0].strip().lower())
    if found is None or found[1] in {"message", "multipart"}:
        return "application", "octet-stream"
    return found[1], found[2]


def _filename(name: str) -> str:
    """The name without a path; of a long one the end stays, which says what it is.

    Marks that no system likes in a name go: mail programs take some of them for quotes, and "=?"
    for the start of an encoded word.
    """
    name = re.sub(r'[<>:"|?*]', "_", re.split(r"[/\\]", name)[-1])
    return _one_line(name, 4 * FILENAME_LIMIT)[-FILENAME_LIMIT:].strip(" .") or "file"
