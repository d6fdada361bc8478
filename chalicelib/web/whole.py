"""All of an article's text: what its page shows first is shorter, or leaves out what it quotes.

It is read from where it is stored whole, so it is one more call, and only when somebody asks.
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.ports import Ports
from chalicelib.tickets.model import Article

# A page is an answer of a function, and that has an end; the original mail has not.
CHARACTERS = 400_000


@dataclass(frozen=True, slots=True)
class Whole:
    """What somebody wrote and what it quotes; `is_cut` where even this is not all of it."""

    text: str
    rest: str
    is_cut: bool


def has_whole(article: Article) -> bool:
    """Whether there is more of an article than its text."""
    return bool(article.text_key or (article.has_rest and article.raw_key))


def read_whole(ports: Ports, article: Article) -> Whole:
    """The article from its file or its original mail; NotFound where that is gone."""
    text, rest = _read(ports, article)
    is_cut = len(text) + len(rest) > CHARACTERS
    text = text[:CHARACTERS]
    return Whole(text, rest[: CHARACTERS - len(text)], is_cut)


def _read(ports: Ports, article: Article) -> tuple[str, str]:
    if article.text_key:
        return ports.blobs.get(article.text_key).decode(), ""
    if article.raw_key:
        from chalicelib.intake.contents import read_mail
        from chalicelib.mail.quotes import split_reply

        mail, _ = read_mail(ports, article.raw_key)
        return split_reply(mail.text, mail.subject)
    return article.text, ""
