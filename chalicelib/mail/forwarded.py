"""A mail that somebody has passed on: who wrote it at first, and what.

Whether the one who passed it on may do so, and what becomes of the mail, is not known here.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

from chalicelib.mail.addresses import parse_addresses
from chalicelib.mail.headers import one_line
from chalicelib.mail.kinds import MailKind
from chalicelib.mail.parse import (
    Address,
    Attachment,
    InboundMail,
    MailError,
    parse,
    with_guessed_letters,
)
from chalicelib.mail.quote_headers import (
    ADDRESS,
    MARKED,
    QUOTED,
    header_at,
    is_block,
    is_marker,
    next_text,
    read_block,
    ruled,
)
from chalicelib.mail.quote_words import (
    FORWARD_SUBJECT,
    FORWARDED,
    LABELS_IN_LINE,
    REPLY_SUBJECT,
    WROTE,
)
from chalicelib.mail.quotes import WORDS, is_passed_on, visible_reply
from chalicelib.mail.written_dates import read_written_date

MAX_LINES = 2000  # of a comment above what is passed on
MAX_VALUE = 1000

_REPORTS = {MailKind.BOUNCE, MailKind.DELAYED, MailKind.FEEDBACK}
# What may stand before the name in "On 3 March at 10:11 AM Bo <bo@example.com> wrote:".
_NAME = re.compile(
    rf"[\d,;:]|\b(?:AM|PM|Uhr|CES?T|MES?Z|UTC|GMT|г\. в|от|від|user)\b|{WROTE.pattern}"
)
_MARK = re.compile(r"^[ \t]{0,3}>[ \t]?")


@dataclass(frozen=True, slots=True)
class Forwarded:
    """The mail as its first sender wrote it; `comment` is by the one who passed it on."""

    comment: str
    sender: Address
    date: datetime | None
    subject: str
    text: str
    attachments: tuple[Attachment, ...]


@dataclass(frozen=True, slots=True)
class _Opening:
    """Lines: the comment ends at `above`, and at `head` the older mail introduces itself."""

    above: int
    head: int


def forwarded(mail: InboundMail, zone: tzinfo = UTC) -> Forwarded | None:
    """The mail that this one passes on; None when it passes none on, or none with a sender.

    `zone` is that of a written date that names none. A mail with several mails attached is None.
    """
    if mail.kind in _REPORTS:
        return None
    inner = _attached_mails(mail)
    comment = _own_text(mail, inner)
    found = _inline(mail, zone) if comment else None
    # Of several mails, nobody knows which is meant.
    return found or (_attached(mail, inner[0], comment) if len(inner) == 1 else None)


def _attached_mails(mail: InboundMail) -> list[InboundMail]:
    """The mails attached to this one, the first two at most."""
    files = [file for file in mail.attachments if _is_mail(file)]
    found = []
    for file in files[:2]:
        with suppress(MailError):
            found.append(with_guessed_letters(parse(file.content)))
    return found


def _is_mail(file: Attachment) -> bool:
    return file.content_type == "message/rfc822" or file.filename.lower().endswith(".eml")


def _own_text(mail: InboundMail, inner: Sequence[InboundMail]) -> str:
    """What the mail says itself: without a text of its own, it shows that of the attached mails."""
    text = mail.text.strip()
    is_shown = any(one.text.strip() in text for one in inner)
    return "" if is_shown and text.startswith(("From: ", "Date: ", "Subject: ")) else text


def _attached(mail: InboundMail, inner: InboundMail, comment: str) -> Forwarded | None:
    is_bare = not WORDS.search(visible_reply(comment)) and not REPLY_SUBJECT.match(mail.subject)
    senders = [one for one in (*inner.from_, inner.sender) if one and one.is_complete]
    if not senders or not (is_bare or is_passed_on(mail.subject, comment)):
        return None
    return Forwarded(
        comment=comment,
        sender=senders[0],
        date=inner.date,
        subject=inner.subject,
        text=inner.text,
        attachments=inner.attachments,
    )


def _inline(mail: InboundMail, zone: tzinfo) -> Forwarded | None:
    lines = mail.text.split("\n")
    opening = _opening(lines, is_passed=is_passed_on(mail.subject, mail.text))
    if opening is None:
        return None
    inner, below = _unquoted(lines[opening.head :])
    found = _read(inner, zone)
    if found is None:
        return None
    comment, text = ("\n".join(part).strip() for part in (lines[: opening.above], below))
    if found.text:
        # Below the marked lines, the one who passes them on writes again.
        comment, text = "\n\n".join(filter(None, (comment, text))), found.text
    subject = found.subject or FORWARD_SUBJECT.sub("", mail.subject, count=1).strip()
    return replace(found, comment=comment, subject=subject, text=text, attachments=mail.attachments)


def _opening(lines: Sequence[str], *, is_passed: bool) -> _Opening | None:
    """The first introduction of another mail; None if it introduces one that is answered."""
    for index, line in enumerate(lines[:MAX_LINES]):
        if not line.strip() or QUOTED.match(line):
            continue
        above = ruled(lines, index)
        if MARKED.search(line):
            if FORWARDED.match(line):
                # The labels of some clients go on in the line of the delimiter.
                head = index if LABELS_IN_LINE.search(line) else index + 1
                return _Opening(above, head)
            if is_marker(lines, index):
                return _Opening(above, index + 1) if is_passed else None
            if is_block(lines, index):
                return _Opening(above, index) if is_passed else None
        header = header_at(lines, index)
        if header and header.is_sure:
            return _Opening(above, header.start) if is_passed else None
    return None


def _unquoted(lines: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """The lines without the mark that some clients put before each, and what stands below those."""
    first = next_text(lines, 0)
    if first == len(lines) or not QUOTED.match(lines[first]):
        return lines, ()
    end = first
    while end < len(lines) and (QUOTED.match(lines[end]) or not lines[end].strip()):
        end += 1
    return [_MARK.sub("", line, count=1) for line in lines[first:end]], lines[end:]


def _read(lines: Sequence[str], zone: tzinfo) -> Forwarded | None:
    """The mail that introduces itself in the first of these lines that has text."""
    first = next_text(lines, 0)
    if first == len(lines):
        return None
    fields, end = _fields(lines, first)
    sender = _sender(fields.get("from", ""))
    if sender is None:
        return None
    end = next_text(lines, end)
    if end < len(lines) and FORWARDED.match(lines[end]) and not LABELS_IN_LINE.search(lines[end]):
        end += 1  # the same delimiter again, below the labels
    return Forwarded(
        comment="",
        sender=sender,
        date=read_written_date(fields.get("sent") or fields.get("date") or "", zone),
        subject=one_line(fields.get("subject", "").strip("*"))[:MAX_VALUE],
        text="\n".join(lines[end:]).strip("\n").rstrip(),
        attachments=(),
    )


def _fields(lines: Sequence[str], first: int) -> tuple[dict[str, str], int]:
    """What the introduction says, by the groups of `LABEL`, and where the text begins."""
    if FORWARDED.match(lines[first]):
        # Nobody knows where in this line the subject ends: it stays in the text.
        apart = LABELS_IN_LINE.sub(r"\n\g<0>", lines[first][:MAX_VALUE]).split("\n")
        return read_block(apart, 1)[0], first
    fields, end = read_block(lines, first)
    header = None if fields else header_at(lines, first)
    if header is None:
        return fields, end
    text = " ".join(lines[header.start : header.end])
    address = ADDRESS.search(text)
    named = _NAME.split(text[: address.start()])[-1] + address[0] if address else ""
    return {"from": named, "date": text}, header.end


def _sender(value: str) -> Address | None:
    value = value[:MAX_VALUE]
    found = ADDRESS.search(value)
    if found is None:
        return None
    name = value[: found.start()].replace("mailto", "").strip(" \t<>([\"'*:;,\\").replace('"', "")
    senders = parse_addresses(f'"{name}" <{found[0]}>')
    return senders[0] if senders else None
