"""The addresses of the agents' pages, and of what they are painted with."""

from __future__ import annotations

from collections.abc import Callable

from chalice.app import Response

from chalicelib import render
from chalicelib.errors import NotFound
from chalicelib.web import pages
from chalicelib.web.agent import (
    availability,
    beside,
    clocks,
    customers,
    hooks,
    inbox,
    incidents,
    macros,
    new,
    relations,
    rules,
    sign_in,
    suspended,
    tasks,
    ticket,
)
from chalicelib.web.routing import Access, Call, Route

Handler = Callable[..., Response]
ASSET_SECONDS = 365 * 24 * 3600


def home(call: Call) -> Response:
    """The front door leads to the inbox."""
    return pages.see_other(call, pages.INBOX)


def get_asset(call: Call, name: str) -> Response:
    """A style sheet, script or picture; under the fingerprint of its content it never changes."""
    if name not in render.ASSETS:
        raise NotFound("There is no such file.")
    is_this = call.query.get("v") == render.fingerprint(name)
    caching = f"public, max-age={ASSET_SECONDS}, immutable" if is_this else "no-cache"
    headers = {
        "Content-Type": render.ASSETS[name],
        "Cache-Control": caching,
        "X-Content-Type-Options": "nosniff",
    }
    return Response(render.asset(name).decode(), headers, 200)


def _page(path: str, handler: Handler) -> Route:
    return Route("GET", path, handler, Access.SESSION)


def _form(path: str, handler: Handler) -> Route:
    return Route("POST", path, handler, Access.SESSION, takes="form")


_TICKET = "/agent/tickets/{number}"
_ARTICLE = f"{_TICKET}/articles/{{article}}"
ROUTES = [
    Route("GET", "/", home, Access.OPEN),
    Route("GET", "/assets/{name}", get_asset, Access.OPEN),
    Route("GET", "/agent/sign-in", sign_in.show, Access.OPEN),
    Route("POST", "/agent/sign-in", sign_in.sign_in, Access.OPEN, takes="form"),
    Route("POST", "/agent/new-password", sign_in.set_password, Access.OPEN, takes="form"),
    _form("/agent/sign-out", sign_in.sign_out),
    _page(pages.INBOX, inbox.show),
    _page(f"{pages.INBOX}/counts", inbox.count),
    _form(f"{pages.INBOX}/next", inbox.take_next),
    _page(availability.PATH, availability.show),
    _form(availability.PATH, availability.change),
    _page(new.NEW, new.show),
    _form(new.NEW, new.register),
    _page(suspended.LIST, suspended.show_list),
    _form(suspended.LIST, suspended.decide),
    _page(f"{suspended.LIST}/{{mail}}", suspended.show),
    _page(f"{suspended.LIST}/{{mail}}/raw", suspended.get_raw),
    _page(_TICKET, ticket.show),
    _page(f"{_TICKET}/clocks", clocks.show),
    _page(f"{_TICKET}/rules", rules.show_of_ticket),
    _page(rules.LIST, rules.show_list),
    _form(f"{rules.LIST}/{{rule}}/resume", rules.resume),
    _form(f"{_TICKET}/acknowledge", clocks.acknowledge),
    _form(f"{_TICKET}/articles", ticket.write),
    _form(f"{_TICKET}/properties", ticket.edit),
    _form(f"{_TICKET}/presence", beside.beat),
    _form(f"{_TICKET}/draft", beside.keep_draft),
    _form(f"{_TICKET}/draft/discard", beside.discard_draft),
    _page(f"{_TICKET}/drafts/{{agent}}", beside.show_draft),
    _form(f"{_ARTICLE}/accept", ticket.accept),
    _form(f"{_TICKET}/deliveries/{{delivery}}/send-again", ticket.send_again),
    _page(f"{_TICKET}/calls", hooks.show),
    _form(f"{_TICKET}/calls/{{call_id}}/retry", hooks.call_again),
    _form(f"{_TICKET}/macros", macros.apply),
    _page("/agent/files/{file}", macros.get_file),
    _form(f"{_TICKET}/follow", beside.follow),
    _form(f"{_TICKET}/incidents", incidents.reply),
    _page(tasks.LIST, tasks.show),
    _page(customers.PERSON, customers.show_person),
    _form(f"{customers.PERSON}/notes", customers.add_on_person),
    _form(f"{customers.PERSON}/notes/{{note}}", customers.change_on_person),
    _page(customers.ORGANIZATION, customers.show_organization),
    _form(f"{customers.ORGANIZATION}/notes", customers.add_on_organization),
    _form(f"{customers.ORGANIZATION}/notes/{{note}}", customers.change_on_organization),
    _form(f"{_TICKET}/tasks", tasks.add),
    _form(f"{_TICKET}/tasks/{{task}}", tasks.change),
    _form(f"{_TICKET}/tasks/{{task}}/tick", tasks.tick),
    _form(f"{_TICKET}/checklists", tasks.start),
    _form(f"{_TICKET}/participants", relations.bring_in),
    _form(f"{_TICKET}/participants/remove", relations.take_off),
    _form(f"{_TICKET}/merge", relations.merge),
    _form(f"{_TICKET}/unmerge", relations.unmerge),
    _form(f"{_TICKET}/split", relations.split),
    _form(f"{_TICKET}/links", relations.link),
    _form(f"{_TICKET}/links/remove", relations.unlink),
    _page(f"{_ARTICLE}/attachments/{{place}}", ticket.get_attachment),
    _page(f"{_ARTICLE}/html", ticket.show_formatted),
    _page(f"{_ARTICLE}/raw", ticket.get_raw),
    _page(f"{_ARTICLE}/whole", ticket.show_whole),
]
