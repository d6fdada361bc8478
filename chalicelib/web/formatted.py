"""A mail as its writer formatted it: a document of its own, for a frame on the page of a ticket.

It is strangers' HTML, so it is fenced in three times: `mail/sanitize` takes out what runs, the
document's own headers forbid it, and the frame that shows it has neither scripts nor our origin.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chalice.app import Response

from chalicelib import render
from chalicelib.errors import NotFound
from chalicelib.ports import Blobs
from chalicelib.tickets.model import Article
from chalicelib.web import pages
from chalicelib.web.files import picture_type
from chalicelib.web.routing import Call

if TYPE_CHECKING:
    from chalicelib.mail.parse import InboundMail
    from chalicelib.mail.sanitize import Cleaned

# A page is an answer of a function, and that has an end; the original mail has not.
CHARACTERS = 1_500_000


def is_formatted(article: Article) -> bool:
    """Whether there is HTML behind an article's text."""
    return article.has_html and article.raw_key is not None


def respond(call: Call, article: Article, *, locale: str, shows_rest: bool = True) -> Response:
    """The whole document, from the original mail: one call. NotFound where there is no HTML.

    Remote images are fetched with `?images=1` only.
    """
    mail = _mail(call, article)
    pictures = _Pictures(call.ports.blobs, article, mail)
    shows_remote = call.query.get("images") == "1"
    parts = _clean(mail, pictures, shows_remote=shows_remote)
    shown = _fitting(parts if shows_rest else parts[:1])
    body = render.page(
        "shared/formatted.html",
        locale=locale,
        zone=call.desk.zone.key,
        prefix=call.prefix,
        parts=[part.html for part in shown],
        held_back=0 if shows_remote else sum(part.remote for part in shown),
        is_framed=call.header("sec-fetch-dest") == "iframe",
        path=call.path,
    )
    sources = [*sorted(pictures.origins), *(["https:"] if shows_remote else [])]
    return Response(body, _headers(sources), 200)


def _mail(call: Call, article: Article) -> InboundMail:
    from chalicelib.intake.contents import read_mail

    if article.raw_key:
        mail, _ = read_mail(call.ports, article.raw_key)
        if mail.html:
            return mail
    raise NotFound("This article has no formatted text.")


def _clean(mail: InboundMail, pictures: _Pictures, *, shows_remote: bool) -> list[Cleaned]:
    """What the writer has added and, where there is one, the quote below it."""
    from chalicelib.mail.quotes_html import split_reply_html
    from chalicelib.mail.sanitize import clean

    visible, rest = split_reply_html(mail.html or "", mail.subject)
    parts = [visible, rest] if rest.strip() else [visible]
    return [clean(part, pictures.link, shows_remote=shows_remote) for part in parts]


def _fitting(parts: Iterable[Cleaned]) -> list[Cleaned]:
    """The parts before the first that is too long for a page."""
    shown: list[Cleaned] = []
    room = CHARACTERS
    for part in parts:
        room -= len(part.html)
        if room < 0:
            break
        shown.append(part)
    return shown


class _Pictures:
    """The pictures within a mail, as files that end soon; `origins` is where the shown ones lie."""

    def __init__(self, blobs: Blobs, article: Article, mail: InboundMail) -> None:
        self.blobs = blobs
        self.origins: set[str] = set()
        self.stored = {one.content_id: one for one in article.attachments if one.content_id}
        # Whatever it is called: what a browser shows is decided by the bytes.
        self.kinds = {
            (one.content_id, len(one.content)): picture_type(one.content)
            for one in mail.attachments
        }
        self.links: dict[str, str | None] = {}

    def link(self, content_id: str) -> str | None:
        """The address of one picture, None where it is not there or no picture."""
        if content_id not in self.links:
            self.links[content_id] = self._link(content_id)
        return self.links[content_id]

    def _link(self, content_id: str) -> str | None:
        stored = self.stored.get(content_id)
        kind = self.kinds.get((content_id, stored.size)) if stored else None
        if stored is None or kind is None:
            return None
        # It still says that it is a download: an image does not mind, and nothing else may show it.
        url = self.blobs.link(stored.key, filename=stored.name, content_type=kind)
        parts = urlsplit(url)
        self.origins.add(f"{parts.scheme}://{parts.netloc}")
        return url


def _headers(sources: Iterable[str]) -> dict[str, str]:
    policy = (
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
        f"style-src 'unsafe-inline'; img-src {' '.join(['data:', *sources])}; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
    )
    return {
        **pages.HEADERS,
        "Content-Security-Policy": policy,
        "Content-Type": "text/html; charset=utf-8",
        "Cache-Control": "private, no-store",
        "X-DNS-Prefetch-Control": "off",
    }
