"""Answers for browsers: pages, redirects and errors, with the headers that all of them carry.

What a page shows is put together in `agent/` and `portal/`; how it looks is in `templates/`.
"""

from __future__ import annotations

import logging
import re
from typing import Any
from urllib.parse import urlencode

from chalice.app import Response

from chalicelib import i18n, render
from chalicelib.errors import DeskError
from chalicelib.tickets.model import Article
from chalicelib.web import csrf
from chalicelib.web.files import redirect
from chalicelib.web.routing import Access, Call

log = logging.getLogger("skranke")

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
}
# Added where a page has a script of ours: it may run, and talk to the desk alone.
SCRIPT_POLICY = "; script-src 'self'; connect-src 'self'"
INBOX = "/agent/inbox"
_TICKET = re.compile(r"/agent/tickets/\d+", re.ASCII)


def html(
    call: Call,
    template: str,
    status: int = 200,
    *,
    locale: str | None = None,
    has_script: bool = False,
    **context: Any,
) -> Response:
    """A page in the reader's language, which is the caller's unless `locale` says otherwise.

    No script runs on it, not even one of ours, unless `has_script`.
    """
    desk = call.desk
    body = render.page(
        template,
        locale=locale or call.locale,
        zone=desk.zone.key,
        prefix=call.prefix,
        desk_name=desk.name,
        status=status,
        **context,
    )
    headers = {**HEADERS, "Content-Type": "text/html; charset=utf-8"}
    if has_script:
        headers["Content-Security-Policy"] += SCRIPT_POLICY
    return Response(body, headers, status)


def frame(call: Call, section: str = "") -> dict[str, Any]:
    """What every page of a signed-in agent shows around its own."""
    return {
        "agent": {
            "name": call.who.name,
            "email": call.who.email,
            "may_rule": "rules:read" in call.who.scopes,
        },
        "csrf_token": csrf.token(call.ports.keys(), call.session),
        "section": section,
        # Nobody counts: a page is one call to the table.
        "suspended_count": None,
        "notice": call.query.get("notice"),
    }


def attachments(article: Article, address: str) -> list[dict[str, Any]]:
    """The files of an article, linked below its own address."""
    return [
        {"name": one.name, "size": one.size, "url": f"{address}/attachments/{place}"}
        for place, one in enumerate(article.attachments)
    ]


def what_is_wrong(text: str, error: DeskError) -> str:
    """What a form says about a text that was not taken."""
    if "body" not in error.fields:
        return "failed"
    if "fill in" in error.fields["body"]:
        return "gaps"
    return "too_long" if text.strip() else "empty"


def see_other(call: Call, path: str, **query: str) -> Response:
    """Send the browser to a page of ours."""
    return redirect(call.prefix + path + (f"?{urlencode(query)}" if query else ""))


def ask_to_sign_in(call: Call, error: DeskError) -> Response:
    """Send the browser to the sign-in page; whoever has typed a text gets it back first."""
    if typed_text(call):
        return error_page(call, 401, error.code, error.message)
    return redirect(call.prefix + _sign_in(call))


def typed_text(call: Call) -> str | None:
    """The text of a form that was not taken: whoever wrote it wants it back."""
    text = str(call.body.get("text", ""))
    return text if text.strip() else None


def typed_number(call: Call, name: str) -> int:
    """A number of a form; what is none counts as nothing seen."""
    text = str(call.body.get(name, ""))
    is_number = text.isascii() and text.isdigit() and len(text) < 10  # noqa: PLR2004
    return int(text) if is_number else 0


def _sign_in(call: Call) -> str:
    """The address of the sign-in page that leads back to where the browser was."""
    back_to = _page_of(call)
    return "/agent/sign-in" + (f"?{urlencode({'back_to': back_to})}" if back_to else "")


def _page_of(call: Call) -> str:
    """The page of a request: itself, or the one that its form stands on."""
    if call.route.method == "GET":
        return call.path + (f"?{urlencode(dict(call.query))}" if call.query else "")
    ticket = _TICKET.match(call.path)
    return ticket.group() if ticket else ""


def error_page(call: Call, status: int, code: str, message: str) -> Response:
    """A page that says what went wrong; in plain text where not even a page can be made."""
    try:
        return _error_page(call, status, code, message)
    except Exception:  # the answer to a failure must not be another one
        log.exception("request %s: there is no page for this error", call.request_id)
    text = f"{message}\n\nRequest: {call.request_id}\n"
    return Response(text, {**HEADERS, "Content-Type": "text/plain; charset=utf-8"}, status)


def _error_page(call: Call, status: int, code: str, message: str) -> Response:
    what: dict[str, Any] = {
        "code": code,
        # Our messages are English; whoever reads another language is told by the code alone.
        "message": message if call.locale == i18n.SOURCE else None,
        "request_id": call.request_id,
        "home": _way_out(call, code),
        "typed": typed_text(call),
    }
    if call.signed_in:
        return html(call, "agent/error.html", status, **frame(call), **what)
    return html(call, "errors/error.html", status, **what)


def _way_out(call: Call, code: str) -> str | None:
    if call.route.access is Access.LINK:
        return None
    if code == "unauthenticated":
        return _sign_in(call)
    return (typed_text(call) and _page_of(call)) or INBOX
