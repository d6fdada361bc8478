"""Views: the saved lists that agents work from, for programs."""

from __future__ import annotations

from typing import Any

from chalicelib.views import service
from chalicelib.views.model import Listing
from chalicelib.web import paging, present
from chalicelib.web.agent.inbox import scope_of
from chalicelib.web.api.shapes import (
    FLAG,
    NUMBER,
    TEXT,
    Operation,
    Schema,
    many,
    mapping,
    or_null,
    ref,
)
from chalicelib.web.routing import Access, Call, Route


def list_views(call: Call) -> dict[str, Any]:
    """The views that the token has, with how many tickets each lists."""
    counted = service.counts(call.ports, call.who)
    views = service.views_of(call.ports, call.who)
    return {"items": [_view(call, view, counted[view.key]) for view in views]}


def _view(call: Call, view: Listing, counted: service.Count) -> dict[str, Any]:
    return {
        "id": view.key,
        "kind": view.kind,
        "name": view.view.name(call.desk.locale) if view.view else "",
        "group": view.group,
        "columns": list(view.columns),
        "count": counted.number,
        "is_more": counted.is_capped,
    }


def list_view(call: Call, view: str) -> dict[str, Any]:
    """A page of the tickets of a view, what is due first."""
    found = service.named(service.views_of(call.ports, call.who), view)
    keys, scope = call.ports.keys(), scope_of(call, found)
    limit = paging.limit_of(call.query.get("limit"))
    start = paging.from_cursor(keys, scope, call.query.get("cursor"))
    page = service.page(call.ports, found, limit=limit, start=start)
    following = dict(page.following) if page.following else None
    return {
        "items": [present.row_json(call.desk, item) for item in page.items],
        "next": paging.to_cursor(keys, scope, following),
    }


SCHEMAS: dict[str, Schema] = {
    "View": mapping(
        id=TEXT,
        kind={**TEXT, "description": "What it is about; `saved` for one of the desk's own."},
        name={**TEXT, "description": "What the desk calls it; empty for one that every desk has."},
        group=or_null({**TEXT, "description": "The group whose view it is."}),
        columns=many(TEXT),
        count={**NUMBER, "description": "How many tickets it lists, at most a minute ago."},
        is_more={**FLAG, "description": "Whether there are more than were counted."},
    ),
    "ViewList": mapping(items=many(ref("View"))),
}


def operations(page: dict[str, Schema]) -> dict[str, Operation]:
    """What these routes do not say themselves."""
    return {
        "list_views": Operation(200, "ViewList"),
        "list_view": Operation(
            200,
            "TicketList",
            query=page,
            more="The open tickets of all its groups together, what is due first. It takes a call "
            "for each group.",
        ),
    }


ROUTES = [
    Route("GET", "/api/v1/views", list_views, Access.TOKEN, scope="tickets:read"),
    Route("GET", "/api/v1/views/{view}/tickets", list_view, Access.TOKEN, scope="tickets:read"),
]
