"""What an article takes from its mail: the visible text, the files, what it says of itself."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.desk import certificates
from chalicelib.desk.service import live_desk
from chalicelib.mail.parse import InboundMail, parse, with_guessed_letters
from chalicelib.mail.quotes import split_reply
from chalicelib.ports import Ports
from chalicelib.tickets.model import TEXT_LIMIT, Article, Attachment


def read_mail(ports: Ports, key: str) -> tuple[InboundMail, str]:
    """The stored original as it is to be read, and its S/MIME state; MailError where it cannot."""
    opened = certificates.opened(ports, live_desk(ports), ports.mail_blobs.get(key))
    return with_guessed_letters(parse(opened.raw)), opened.state


def with_contents(article: Article, mail: InboundMail, files: tuple[Attachment, ...]) -> Article:
    """The article with everything that its mail brings."""
    visible, rest = split_reply(mail.text, mail.subject)
    text = cut(visible)
    return replace(
        article,
        text=text,
        has_rest=bool(rest.strip()) or len(text) < len(visible),
        message_id=mail.message_id,
        mail_kind=mail.kind.value,
        attachments=files,
        has_html=bool(mail.html),
        thread=(mail.thread_topic or "", mail.thread_index) if mail.thread_index else None,
    )


def cut(text: str) -> str:
    """As much of a text as stands in the table."""
    return text.encode()[:TEXT_LIMIT].decode(errors="ignore")


def store_files(ports: Ports, ses_id: str, mail: InboundMail) -> tuple[Attachment, ...]:
    """The attachments as files; the keys come from the SES id, so twice is once."""
    files = []
    for place, attachment in enumerate(mail.attachments):
        key = f"attachments/{ses_id}/{place}"
        ports.blobs.put(key, attachment.content, content_type="application/octet-stream")
        files.append(
            Attachment(
                name=attachment.filename,
                content_type=attachment.content_type,
                size=len(attachment.content),
                key=key,
                content_id=attachment.content_id or None,
                is_inline=attachment.is_inline,
            )
        )
    return tuple(files)
