"""The customer's page of one ticket, behind its signed link, and the reply that is written there.

Whatever is wrong with a link, the answer is the same page: nobody learns which tickets there are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from chalice.app import Response

from chalicelib.errors import Conflict, Forbidden, Invalid, NotFound
from chalicelib.keys import Keys
from chalicelib.tickets import customers, store
from chalicelib.tickets.addressing import link_token, read_link_token
from chalicelib.tickets.model import Article, Contact, Timeline
from chalicelib.tickets.service import Done
from chalicelib.web import csrf, errors, files, formatted, idempotency, pages, paging
from chalicelib.web.routing import Access, Call, Route
from chalicelib.web.whole import has_whole, read_whole


@dataclass(frozen=True, slots=True)
class _Link:
    """A link with our signature: what it says, and the token that says so."""

    token: str
    number: int
    place: int
    epoch: int

    @classmethod
    def read(cls, keys: Keys, token: str) -> _Link:
        found = read_link_token(keys, token)
        if found is None:
            raise NotFound("This link leads nowhere.")
        return cls(token, *found)

    @property
    def path(self) -> str:
        return f"/t/{self.token}"

    @property
    def claims(self) -> tuple[int, int, int]:
        return self.number, self.place, self.epoch

    def name_of(self, article: Article) -> str:
        """What an article is called below this link: one of another ticket with its number."""
        is_own = article.number == self.number
        return str(article.seq) if is_own else f"{article.number}-{article.seq}"

    def place_of(self, name: str) -> tuple[int, int]:
        """The ticket and the seq of an article by that name."""
        number, _, seq = name.rpartition("-")
        return files.number_of(number) if number else self.number, files.number_of(seq)

    @property
    def list_name(self) -> str:
        """What a cursor of this page is signed for."""
        return f"portal {self.number} {self.place}"


def _by_link(handler: Callable[..., Response]) -> Callable[..., Response]:
    """The handler with the link behind the token; what it does not find is a link that is wrong."""

    @wraps(handler)
    def answer(call: Call, token: str, **params: str) -> Response:
        try:
            return handler(call, _Link.read(call.ports.keys(), token), **params)
        except NotFound as error:
            reason = error.fields.get("link", "invalid")
            typed = pages.typed_text(call)
            return pages.html(call, "portal/link_invalid.html", 404, reason=reason, typed=typed)

    return answer


@_by_link
def show(call: Call, link: _Link) -> Response:
    """The ticket as its customer sees it: one call to the table."""
    cursor = paging.from_cursor(call.ports.keys(), link.list_name, call.query.get("cursor"))
    return _page(call, link, before=cursor["before"] if cursor else None)


def _page(
    call: Call,
    link: _Link,
    status: int = 200,
    *,
    text: str = "",
    error: str | None = None,
    before: str | None = None,
) -> Response:
    timeline, contact = customers.read_ticket(*link.claims, before=before)
    older = {"before": timeline.older} if timeline.older else None
    return pages.html(
        call,
        "portal/ticket.html",
        status,
        locale=contact.locale,
        ticket=_ticket(call, timeline, contact, link),
        action=link.path,
        older=paging.to_cursor(call.ports.keys(), link.list_name, older),
        is_newest=before is None,
        composer={"text": text, "error": error},
        csrf_token=csrf.token(call.ports.keys(), link.token),
        nonce=call.ports.new_id(),
        notice=call.query.get("notice"),
    )


def _ticket(call: Call, timeline: Timeline, contact: Contact, link: _Link) -> dict[str, Any]:
    """What a customer may know; every field is named, so that nothing new slips in."""
    ticket, desk = timeline.ticket, call.desk
    group, agent = desk.groups.get(ticket.group), desk.agents.get(ticket.assignee or "")
    base = call.prefix + link.path
    # What was merged stands as what it leads to.
    pages_ = (timeline, *timeline.sources)
    ticket = pages_[-1].ticket
    found = sorted((one for page in pages_ for one in page.articles), key=lambda one: one.at)
    return {
        "number": ticket.number,
        "subject": ticket.subject,
        "status": ticket.status.value,
        "group": group.name if group else desk.name,
        "assignee": agent.name if agent else None,
        "articles": [_article(article, contact, link, base) for article in found],
    }


def _article(article: Article, contact: Contact, link: _Link, base: str) -> dict[str, Any]:
    name = link.name_of(article)
    address = f"{base}/articles/{name}"
    return {
        "id": name,
        "author": {"name": article.author.name, "is_agent": article.author.is_ours},
        "text": article.text,
        "rest": "",
        "whole": f"{address}/whole" if _may_read_whole(contact, article) else None,
        "formatted": f"{address}/html" if _may_see_formatted(contact, article) else None,
        "at": article.at,
        "attachments": pages.attachments(article, address),
    }


def _may_read_whole(contact: Contact, article: Article) -> bool:
    # What somebody else's mail quotes may be from before this customer joined.
    return has_whole(article) and (_sent(contact, article) or article.raw_key is None)


def _may_see_formatted(contact: Contact, article: Article) -> bool:
    is_all_there = not article.has_rest and not _is_passed_on(article)
    return formatted.is_formatted(article) and (is_all_there or _sent(contact, article))


def _sent(contact: Contact, article: Article) -> bool:
    is_author = bool(contact.person) and article.author.id == contact.person
    return is_author and not _is_passed_on(article)


def _is_passed_on(article: Article) -> bool:
    """Whether an agent mailed it here: the original then holds what they wrote above it."""
    return "forwarded_by" in (article.flight or {})


@_by_link
def show_whole(call: Call, link: _Link, article: str) -> Response:
    """One article with all of its text."""
    wanted, contact = _load(link, article)
    if not _may_read_whole(contact, wanted):
        raise NotFound("There is no more of this article.")
    whole = read_whole(call.ports, wanted)
    shown = _article(wanted, contact, link, call.prefix + link.path)
    return pages.html(
        call,
        "portal/whole.html",
        locale=contact.locale,
        back=link.path,
        article={**shown, "text": whole.text, "rest": whole.rest, "whole": None},
        is_cut=whole.is_cut,
    )


@_by_link
def show_formatted(call: Call, link: _Link, article: str) -> Response:
    """The mail of an article as it was formatted, for a frame."""
    wanted, contact = _load(link, article)
    if not _may_see_formatted(contact, wanted):
        raise NotFound("There is no formatted text for you.")
    shows_rest = _sent(contact, wanted)
    return formatted.respond(call, wanted, locale=contact.locale, shows_rest=shows_rest)


@_by_link
def get_attachment(call: Call, link: _Link, article: str, place: str) -> Response:
    """One attachment of an article that the customer sees, by redirect."""
    wanted, _ = _load(link, article)
    return files.to_attachment(call, wanted, place)


def _load(link: _Link, article: str) -> tuple[Article, Contact]:
    """An article that the customer sees."""
    return customers.read_article(*link.claims, link.place_of(article))


@_by_link
def reply(call: Call, link: _Link) -> Response:
    """Add the customer's reply; an error brings back what was typed."""
    text = str(call.body.get("text", ""))
    try:
        number = _reply(call, link, text)
    except (Forbidden, Invalid, Conflict) as error:
        wrong = pages.what_is_wrong(text, error)
        return _page(call, link, errors.status_of(error), text=text, error=wrong)
    path = link.path if number == link.number else _page_of(call, link, number)
    return pages.see_other(call, path, notice="reply_received")


def _reply(call: Call, link: _Link, text: str) -> int:
    """The number of the ticket that the reply is on."""
    if not csrf.is_valid(call.ports.keys(), link.token, str(call.body.get("csrf_token", ""))):
        raise Forbidden("This form is too old: load the page again, then send it.")
    nonce = str(call.body.get("nonce", ""))
    claim = idempotency.claim(call, f"{link.token} {nonce}") if nonce else None
    try:
        saved = customers.write_article(call.ports, *link.claims, text, claim=claim)
    except Done as done:
        return int(idempotency.replayed(call, done).number)
    return saved.ticket.number


def _page_of(call: Call, link: _Link, number: int) -> str:
    """The page of the ticket that a reply went to, if the customer asked for it; else their own.

    It began where the one of the link was closed for good, or that was merged into it.
    """
    found, _ = store.load_many([number, link.number])
    ticket, contact = found[number], found[link.number].contacts[link.place]
    if ticket.requester.person != contact.person:
        return link.path
    return f"/t/{link_token(call.ports.keys(), ticket, 0)}"


ROUTES = [
    Route("GET", "/t/{token}", show, Access.LINK),
    Route("POST", "/t/{token}", reply, Access.LINK, takes="form"),
    Route("GET", "/t/{token}/articles/{article}/whole", show_whole, Access.LINK),
    Route("GET", "/t/{token}/articles/{article}/html", show_formatted, Access.LINK),
    Route(
        "GET",
        "/t/{token}/articles/{article}/attachments/{place}",
        get_attachment,
        Access.LINK,
    ),
]
