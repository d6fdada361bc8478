"""People, suspended mail, exports, health, and the description of the API itself."""

from __future__ import annotations

from typing import Any

from chalice.app import Response

from chalicelib import table
from chalicelib.exports import service as exports
from chalicelib.exports.model import Export
from chalicelib.intake import store as intake
from chalicelib.people import service as people
from chalicelib.people import store as people_store
from chalicelib.tickets.service import Done
from chalicelib.web import idempotency, paging
from chalicelib.web.api.openapi import describe
from chalicelib.web.api.tickets import API
from chalicelib.web.routing import Access, Call, Route, json_answer


def list_people(call: Call) -> dict[str, Any]:
    """Everybody who ever wrote, oldest first; or the one behind `email`."""
    if "email" in call.query:
        found = people.find(call.ports, call.query["email"])
        items = [
            {
                "id": found.person,
                "name": found.name,
                "email": found.email,
                "locale": found.locale,
            }
        ] if found else []
        return {"items": items, "next": None}
    page, cursor = _page(call, "people", people_store.list_page)
    items = [{"id": item.g1sk, **item.row.as_dict()} for item in page.items]
    return {"items": items, "next": cursor}


def list_suspended(call: Call) -> dict[str, Any]:
    """Suspended mail, the newest first, with its cause."""
    page, cursor = _page(call, "suspended", intake.list_page)
    return {"items": [_suspended(item) for item in page.items], "next": cursor}


def _suspended(item: table.Item) -> dict[str, Any]:
    row = item.row.as_dict()
    return {
        "id": row["id"],
        "cause": row["cause"],
        "sender": row.get("sender") or "",
        "subject": row.get("subject") or "",
        "received_at": row["received"],
    }


def _page(call: Call, scope: str, read: Any) -> tuple[table.Page, str | None]:
    keys = call.ports.keys()
    limit = paging.limit_of(call.query.get("limit"))
    page: table.Page = read(limit, paging.from_cursor(keys, scope, call.query.get("cursor")))
    return page, paging.to_cursor(keys, scope, page.next_key)


def create_export(call: Call) -> Response:
    """Ask for an export of everything up to now."""
    try:
        export = exports.request(call.ports, call.who, claim=idempotency.claim(call))
    except Done as done:
        reference = str(idempotency.replayed(call, done).reference)
        export = exports.get(call.ports, call.who, reference)
    return json_answer(_export(export), status=202)


def get_export(call: Call, export: str) -> dict[str, Any]:
    """How far an export is, and its links for five minutes once it is done."""
    return _export(exports.get(call.ports, call.who, export))


def _export(export: Export) -> dict[str, Any]:
    return export.to_json()


def health(_call: Call) -> dict[str, str]:
    """That somebody is in; nothing else is asked or told."""
    return {"status": "ok"}


def openapi(call: Call) -> dict[str, Any]:
    """This API in OpenAPI 3.1."""
    return describe(f"{call.ports.config.url}")


_TOKEN = {"access": Access.TOKEN}
ROUTES = [
    Route("GET", f"{API}/people", list_people, scope="people:read", **_TOKEN),
    Route("GET", f"{API}/suspended", list_suspended, scope="suspended:read", **_TOKEN),
    Route(
        "POST",
        f"{API}/exports",
        create_export,
        scope="exports",
        takes="json",
        replays=True,
        **_TOKEN,
    ),
    Route("GET", f"{API}/exports/{{export}}", get_export, scope="exports", **_TOKEN),
    Route("GET", f"{API}/health", health, Access.OPEN),
    Route("GET", f"{API}/openapi.json", openapi, Access.OPEN),
]
