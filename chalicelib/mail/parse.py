"""Raw bytes of a mail become an `InboundMail`: everything the desk may believe to have been sent.

Nothing in a mail is trusted, and none is too broken to be read. What the mail means for a ticket
is not known here.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from chalicelib.errors import DeskError
from chalicelib.mail.addresses import Address, parse_addresses
from chalicelib.mail.bodies import Attachment, Bodies, read_files, read_text, sort_parts
from chalicelib.mail.headers import Headers, message_ids, read_date
from chalicelib.mail.kinds import MailKind, classify
from chalicelib.mail.reports import FailedRecipient
from chalicelib.mail.structure import Part, read_structure

__all__ = [
    "Address",
    "Attachment",
    "FailedRecipient",
    "InboundMail",
    "MailError",
    "MailKind",
    "content_digest",
    "parse",
]


class MailError(DeskError):
    """The bytes cannot be read as a mail; keep them, and let a person look."""

    code = "mail_error"


@dataclass(frozen=True, slots=True)
class InboundMail:
    """A mail as it arrived. Ids stand without brackets, header values on one line each."""

    subject: str
    sender: Address | None
    from_: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    message_id: str | None
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    date: datetime | None
    text: str
    html: str | None
    attachments: tuple[Attachment, ...]
    kind: MailKind
    failed: tuple[FailedRecipient, ...]
    delivered_to: tuple[str, ...]
    languages: tuple[str, ...]


def parse(raw: bytes) -> InboundMail:
    """The mail in these bytes. Raises MailError, and nothing else, when they defeat the codec."""
    try:
        return _parse(raw)
    except Exception as error:
        raise MailError(f"The mail cannot be read: {type(error).__name__}.") from error


def _parse(raw: bytes) -> InboundMail:
    if b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")
    root = read_structure(raw)
    bodies = sort_parts(root)
    headers = root.headers
    headers.hint = hint = _charset(bodies)
    text, html = read_text(raw, bodies, hint)
    kind, failed = classify(raw, root, text)
    senders = _addresses(headers, "sender")
    ids = message_ids(headers.every("message-id")[:1])
    return InboundMail(
        subject=headers.text("subject"),
        sender=senders[0] if senders else None,
        from_=_addresses(headers, "from"),
        reply_to=_addresses(headers, "reply-to"),
        to=_addresses(headers, "to"),
        cc=_addresses(headers, "cc"),
        message_id=ids[0] if ids else None,
        in_reply_to=message_ids(headers.every("in-reply-to")),
        references=message_ids(headers.every("references")),
        date=read_date(headers.first("date")),
        text=text,
        html=html,
        attachments=read_files(raw, bodies.files, html),
        kind=kind,
        failed=failed,
        delivered_to=_delivered_to(headers),
        languages=_languages(headers),
    )


def content_digest(mail: InboundMail) -> str:
    """SHA-256 in hex over sender, date and decoded content.

    It is equal for a mail that is delivered again, and tells it from another one that claims the
    same Message-ID.
    """
    digest = hashlib.sha256()
    for field in (
        ",".join(address.address for address in mail.from_).encode(),
        (mail.date.isoformat() if mail.date else "").encode(),
        mail.text.encode(),
        (mail.html or "").encode(),
        *(attachment.content for attachment in mail.attachments),
    ):
        # The length goes first, so that no two different mails run together to the same bytes.
        digest.update(len(field).to_bytes(8, "big"))
        digest.update(field)
    return digest.hexdigest()


def _charset(bodies: Bodies) -> str | None:
    """The first charset that the mail declares for a text: the likeliest for raw headers, too."""
    declared = (_declared(part) for part in [*bodies.text, *bodies.html])
    return next(filter(None, declared), None)


def _declared(part: Part) -> str | None:
    charset = part.parameters.get("charset", "").lower()
    return None if charset in {"us-ascii", "ascii"} else charset or None


def _addresses(headers: Headers, name: str) -> tuple[Address, ...]:
    return parse_addresses(", ".join(headers.every(name)))


def _delivered_to(headers: Headers) -> tuple[str, ...]:
    found = _addresses(headers, "delivered-to") + _addresses(headers, "x-original-to")
    return tuple(dict.fromkeys(address.address for address in found))


def _languages(headers: Headers) -> tuple[str, ...]:
    """Language tags in lower case: what the mail is written in, then what its writer reads."""
    values = headers.every("content-language") + headers.every("accept-language")
    tags = [
        tag.partition(";")[0].strip().lower() for value in values for tag in value[:500].split(",")
    ]
    return tuple(dict.fromkeys(tag for tag in tags if tag.replace("-", "").isalnum()))[:20]
