"""The mails that are measured: as a desk gets them, made here."""

from __future__ import annotations

import random
from email.message import EmailMessage

_WORDS = [
    *("printer", "skærm", "tastatur", "hjælp", "venlig", "hilsen", "mødet", "fungerer", "ikke"),
    *("invoice", "delivery", "broken", "since", "this", "morning", "please", "password", "reset"),
    *("köszönöm", "számla", "rendelés", "lønnslipp", "arbeidstid", "årsplan"),
]
_CHARSETS = ("utf-8", "iso-8859-1", "windows-1252", "utf-8", "us-ascii")
ATTACHMENT_BYTES = (50_000, 150_000)
SAID = (
    "a fifth with a file that makes 50 to 200 KB, four charsets, a tenth are replies, "
    "one in twenty-five is a duplicate"
)
_REPLIES, _DUPLICATES = 10, 25


def mixed(count: int, *, to: str, seed: int = 7) -> list[bytes]:
    """So many mails, of which SAID says what they are."""
    chosen = random.Random(seed)  # noqa: S311 - the same mails for the same seed
    mails: list[bytes] = []
    for number in range(count):
        is_duplicate = number % _DUPLICATES == _DUPLICATES - 1
        mails.append(mails[number - 5] if is_duplicate else _mail(chosen, number, to, seed))
    return mails


def _mail(chosen: random.Random, number: int, to: str, seed: int) -> bytes:
    charset = chosen.choice(_CHARSETS)
    text = _text(chosen, chosen.randrange(80, 600)).encode(charset, "replace").decode(charset)
    message = EmailMessage()
    message["From"] = f"Customer {number % 200} <customer{number % 200}@example.com>"
    message["To"] = to
    message["Subject"] = f"Bench {number}: {' '.join(chosen.sample(_WORDS, 3))}"
    message["Message-ID"] = _message_id(number, seed)
    if number % _REPLIES == _REPLIES - 1:
        message["In-Reply-To"] = _message_id(number - 2, seed)
    message["Date"] = "Mon, 02 Mar 2026 09:59:00 +0100"
    message.set_content(text, charset=charset)
    if number % 2:
        paragraphs = "".join(f"<p>{line}</p>" for line in text.splitlines())
        message.add_alternative(f"<html><body>{paragraphs}</body></html>", subtype="html")
    if number % 5 == 0:
        content = chosen.randbytes(chosen.randrange(*ATTACHMENT_BYTES))
        message.add_attachment(
            content, maintype="application", subtype="pdf", filename=f"scan {number}.pdf"
        )
    return message.as_bytes()


def _message_id(number: int, seed: int) -> str:
    return f"<bench-{seed}-{number}@example.com>"


def _text(chosen: random.Random, words: int) -> str:
    found = [chosen.choice(_WORDS) for _ in range(words)]
    return "\n".join(" ".join(found[at : at + 12]) for at in range(0, words, 12)) + "\n"
