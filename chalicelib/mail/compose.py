"""A mail to one recipient as bytes: text, HTML, threading headers, marks of a machine. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.policy import EmailPolicy

from chalicelib.mail.addresses import Address

REFERENCES_BYTES = 8_000
_IDS = {"message-id", "in-reply-to", "references", "reply-to"}


class _Policy(EmailPolicy):
    """The standard library writes a long message id as encoded words; here it stays as it is."""

    def fold(self, name: str, value: str) -> str:
        if name.lower() not in _IDS:
            folded: str = super().fold(name, value)
            return folded
        return f"{name}: {f'{self.linesep} '.join(str(value).split())}{self.linesep}"

    def fold_binary(self, name: str, value: str) -> bytes:
        return self.fold(name, value).encode("ascii", "replace")


_POLICY = _Policy(linesep="\r\n")


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file that goes along."""

    filename: str
    content_type: str
    content: bytes


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
    is_automatic: bool = False
    language: str = "en"
    enclosures: Sequence[Enclosure] = field(default=())


def compose(mail: OutboundMail) -> bytes:
    """The bytes to send. No value that came from outside can start a header of its own."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = _header(mail.sender)
    message["To"] = _header(mail.to)
    message["Reply-To"] = mail.reply_to
    message["Subject"] = _one_line(mail.subject)
    message["Date"] = mail.at
    message["Message-ID"] = mail.message_id
    if mail.in_reply_to:
        message["In-Reply-To"] = _one_line(mail.in_reply_to)
    message["References"] = _references(mail)
    if mail.is_automatic:
        message["Auto-Submitted"] = "auto-generated"
        message["X-Auto-Response-Suppress"] = "All"
    message.set_content(mail.text, charset="utf-8")
    message.add_alternative(mail.html, subtype="html", charset="utf-8")
    for enclosure in mail.enclosures:
        main, _, sub = enclosure.content_type.partition("/")
        message.add_attachment(
            enclosure.content, maintype=main, subtype=sub, filename=enclosure.filename
        )
    # Last, since setting the content clears every header that describes it.
    message["Content-Language"] = mail.language
    return message.as_bytes()


def _references(mail: OutboundMail) -> str:
    """The whole thread with our own id last: SES replaces the Message-ID, not this.

    Of a very long thread the first id and the newest ones stay.
    """
    ids = [*(_one_line(value) for value in mail.references), mail.message_id]
    while len(ids) > 2 and sum(len(value) + 1 for value in ids) > REFERENCES_BYTES:  # noqa: PLR2004
        del ids[1]
    return " ".join(ids)


def _header(address: Address) -> HeaderAddress:
    return HeaderAddress(display_name=_one_line(address.name), addr_spec=address.address)


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
