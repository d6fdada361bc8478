"""Raw bytes of a mail become an `InboundMail`: everything the desk may believe to have been sent.

Nothing in a mail is trusted, and none is too broken to be read. What the mail means for a ticket
is not known here.
"""

import hashlib
import re
from dataclasses import dataclass, field, replace
from datetime import datetime

from chalicelib.errors import DeskError
from chalicelib.mail.addresses import Address, parse_addresses, parse_mailboxes
from chalicelib.mail.bodies import Attachment, Bodies, charset_of, read_files, read_text, sort_parts
from chalicelib.mail.headers import Headers, message_ids, read_date
from chalicelib.mail.inner import inner_text, is_blank
from chalicelib.mail.kinds import MailKind, classify
from chalicelib.mail.reports import FailedRecipient, returned_ids
from chalicelib.mail.structure import read_structure

__all__ = [
    "Address",
    "Attachment",
    "FailedRecipient",
    "InboundMail",
    "MailError",
    "MailKind",
    "content_digest",
    "parse",
    "with_guessed_letters",
]

MAX_THREAD = 500  # characters

_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/=]+")
_RETURNING = {MailKind.BOUNCE, MailKind.DELAYED, MailKind.FEEDBACK}


class MailError(DeskError):
    """The bytes cannot be read as a mail; keep them, and let a person look."""

    code = "mail_error"


@dataclass(frozen=True, slots=True)
class InboundMail:
    """A mail as it arrived. Ids stand without brackets, header values on one line each.

    In `from_`, `to` and `cc` an address may be written without "@" and domain.
    `returned_ids` name the mail that came back, and those it answered, nearest first.
    """

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
    returned_ids: tuple[str, ...]
    thread_topic: str | None
    thread_index: str | None
    delivered_to: tuple[str, ...]
    languages: tuple[str, ...]
    headers: Headers = field(repr=False, compare=False)

    def header(self, name: str) -> str:
        """The first value of any field: decoded, one line of 1000 characters at most, or "".

        Raw letters in it that are not UTF-8 are guessed.
        """
        return self.headers.text(name.lower())


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
    headers, strict = root.headers, root.headers.strict()
    headers.hint = hint = charset_of(bodies)
    own_text, own_html = read_text(raw, bodies, hint)
    text, html = _with_inner(raw, bodies, own_text, own_html)
    kind, failed = classify(raw, root, own_text)
    ids = message_ids(headers.every("message-id")[:1])
    return InboundMail(
        subject=strict.text("subject"),
        sender=_sender(strict),
        from_=_mailboxes(strict, "from"),
        reply_to=_addresses(strict, "reply-to"),
        to=_mailboxes(strict, "to"),
        cc=_mailboxes(strict, "cc"),
        message_id=ids[0] if ids else None,
        in_reply_to=message_ids(headers.every("in-reply-to")),
        references=message_ids(headers.every("references")),
        date=read_date(headers.first("date")),
        text=text,
        html=html,
        attachments=read_files(raw, bodies, html),
        kind=kind,
        failed=failed,
        returned_ids=returned_ids(raw, root, text) if kind in _RETURNING else (),
        thread_topic=headers.text("thread-topic")[:MAX_THREAD] or None,
        thread_index=_NOT_BASE64.sub("", headers.first("thread-index"))[:MAX_THREAD] or None,
        delivered_to=_delivered_to(headers),
        languages=_languages(headers),
        headers=headers,
    )


def with_guessed_letters(mail: InboundMail) -> InboundMail:
    """The mail with U+FFFD in its subject, addresses and file names replaced by likely letters.

    They are read in the charset that the mail declares for its text, else in what they look like.
    """
    people = (*mail.from_, *mail.to, *mail.cc, *mail.reply_to, *filter(None, [mail.sender]))
    if any("\ufffd" in f"{one.name}{one.address}" for one in people) or "\ufffd" in mail.subject:
        headers = mail.headers
        mail = replace(
            mail,
            subject=headers.text("subject"),
            sender=_sender(headers),
            from_=_mailboxes(headers, "from"),
            reply_to=_addresses(headers, "reply-to"),
            to=_mailboxes(headers, "to"),
            cc=_mailboxes(headers, "cc"),
        )
    return replace(mail, attachments=tuple(map(_with_guessed_name, mail.attachments)))


def _with_guessed_name(file: Attachment) -> Attachment:
    return (
        replace(file, filename=file.guessed_name, guessed_name=None) if file.guessed_name else file
    )


def _with_inner(raw: bytes, bodies: Bodies, text: str, html: str | None) -> tuple[str, str | None]:
    """The text and the HTML, or where nobody would see anything in them, those of a file."""
    if not bodies.files or not is_blank(text):
        return text, html
    found, page = inner_text(raw, bodies)
    # An empty page must not hide what was found; one of pictures is worth to be seen.
    has_picture = html is not None and "<img" in html.lower()
    return (found, html if has_picture else page) if found or page else (text, html)


def content_digest(mail: InboundMail) -> str:
    """SHA-256 in hex over sender, date and decoded content.

    It is equal for a mail that is delivered again, and tells it from another one that claims the
    same Message-ID.
    """
    digest = hashlib.sha256()
    for piece in (
        ",".join(address.address for address in mail.from_).encode(),
        (mail.date.isoformat() if mail.date else "").encode(),
        mail.text.encode(),
        (mail.html or "").encode(),
        *(attachment.content for attachment in mail.attachments),
    ):
        # The length goes first, so that no two different mails run together to the same bytes.
        digest.update(len(piece).to_bytes(8, "big"))
        digest.update(piece)
    return digest.hexdigest()


def _addresses(headers: Headers, name: str) -> tuple[Address, ...]:
    return parse_addresses(", ".join(headers.every(name)))


def _mailboxes(headers: Headers, name: str) -> tuple[Address, ...]:
    return parse_mailboxes(", ".join(headers.every(name)))


def _sender(headers: Headers) -> Address | None:
    return next(iter(_addresses(headers, "sender")), None)


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
