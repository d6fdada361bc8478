"""The lists that agents work from: their own tickets, those of their groups, and saved views."""

from __future__ import annotations

import json
from itertools import groupby
from typing import Any

from chalice.app import Response

from chalicelib.views import service
from chalicelib.views.model import MINE, Listing
from chalicelib.web import pages, paging
from chalicelib.web.agent import shown
from chalicelib.web.agent.new import templates
from chalicelib.web.routing import Call, json_answer


def show(call: Call) -> Response:
    """One view of the inbox, what is due first; one call to the table for each list of it."""
    views = service.views_of(call.ports, call.who)
    current = service.named(views, call.query.get("view", MINE))
    keys, scope = call.ports.keys(), scope_of(call, current)
    start = paging.from_cursor(keys, scope, call.query.get("cursor"))
    found = service.page(call.ports, current, limit=paging.MOST, start=start)
    following = dict(found.following) if found.following else None
    return pages.html(
        call,
        "agent/inbox.html",
        has_script=True,
        views=_tabs(call, views, current),
        current=_named(call, current),
        columns=current.columns,
        tickets=[shown.row(call.desk, item) for item in found.items],
        next=paging.to_cursor(keys, scope, following),
        templates=templates(call),
        now=call.ports.clock(),
        **pages.frame(call, "inbox"),
    )


def scope_of(call: Call, view: Listing) -> str:
    """What a cursor is good for: this view, with these lists, of this reader."""
    return json.dumps([view.key, view.groups, call.who.actor.id])


def _named(call: Call, view: Listing) -> dict[str, Any]:
    group = call.desk.groups.get(view.group or "")
    return {
        "key": view.key,
        "kind": view.kind,
        "group": group and group.name,
        "name": view.view.name(call.locale) if view.view else "",
    }


def _tabs(call: Call, views: list[Listing], current: Listing) -> list[dict[str, Any]]:
    """The views by group, those of no group first."""
    named = [_named(call, view) | {"is_current": view is current} for view in views]
    return [
        {"group": group, "tabs": list(some)}
        for group, some in groupby(named, key=lambda view: view["group"])
    ]


def count(call: Call) -> Response:
    """How many tickets each view has, for the page to show when it knows."""
    found = service.counts(call.ports, call.who)
    return json_answer(
        {key: f"{one.number}+" if one.is_capped else str(one.number) for key, one in found.items()}
    )


def take_next(call: Call) -> Response:
    """Give the agent the first ticket of a view that nobody has."""
    key = str(call.body.get("view", ""))
    view = service.named(service.views_of(call.ports, call.who), key)
    ticket = service.take_next(call.ports, call.who, view)
    if ticket is None:
        return pages.see_other(call, pages.INBOX, view=key, notice="nothing_left")
    return pages.see_other(call, f"/agent/tickets/{ticket.number}", notice="taken")
