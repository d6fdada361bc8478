"""People, exports, health, and the description of the API itself."""

from __future__ import annotations

from typing import Any

from chalice.app import Response

from chalicelib.errors import NotFound
from chalicelib.people import service as people
from chalicelib.people import store as people_store
from chalicelib.people.model import Address
from chalicelib.tickets.service import Done
from chalicelib.web import idempotency, paging
from chalicelib.web.api import fields
from chalicelib.web.api.tickets import API
from chalicelib.web.routing import Access, Call, Route, json_answer

_ID_LENGTH = 40


def list_people(call: Call) -> dict[str, Any]:
    """Everybody who ever wrote, oldest first; those of a `name`; or the one behind `email`."""
    keys, limit = call.ports.keys(), paging.limit_of(call.query.get("limit"))
    if "email" in call.query:
        found = people.find(call.ports, call.query["email"])
        return {"items": [_person(found)] if found and found.person else [], "next": None}
    if "name" in call.query:
        named = people_store.named(call.query["name"], limit)
        return {"items": [_person(one) for one in named], "next": None}
    page = people_store.list_page(
        limit, paging.from_cursor(keys, "people", call.query.get("cursor"))
    )
    items = [{"id": item.g1sk, **item.row.attribute_values} for item in page.items]
    return {"items": items, "next": paging.to_cursor(keys, "people", page.next_key)}


def _person(address: Address) -> dict[str, Any]:
    return {
        "id": address.person,
        "name": address.name,
        "email": address.email,
        "locale": address.locale,
    }


def create_export(call: Call) -> Response:
    """Ask for an export of everything up to now. The same Idempotency-Key gives the same export."""
    from chalicelib.exports import service as exports

    fields.check(call.body, {})
    try:
        export = exports.request(call.ports, call.who, claim=idempotency.claim(call))
    except Done as done:
        idempotency.replayed(call, done)
        raise NotFound("The export of this Idempotency-Key is gone: take a new one.") from done
    headers = {"Location": f"{call.ports.config.url}{API}/exports/{export.id}"}
    return json_answer(export.to_json(), status=202, headers=headers)


def get_export(call: Call, export: str) -> dict[str, Any]:
    """How far an export is, and its links for five minutes once it is done."""
    from chalicelib.exports import service as exports

    if not export.isalnum() or len(export) > _ID_LENGTH:
        raise NotFound("There is no such export.")
    return exports.get(call.ports, call.who, export).to_json()


def health(_call: Call) -> dict[str, str]:
    """That somebody is in; nothing else is asked or told."""
    return {"status": "ok"}


def openapi(call: Call) -> dict[str, Any]:
    """The API's own description, in OpenAPI 3.1."""
    from chalicelib.web.api.openapi import describe

    return describe(call.ports.config.url)


ROUTES = [
    Route("GET", f"{API}/people", list_people, Access.TOKEN, scope="people:read"),
    Route(
        "POST",
        f"{API}/exports",
        create_export,
        Access.TOKEN,
        scope="exports",
        takes="json",
        replays=True,
    ),
    Route("GET", f"{API}/exports/{{export}}", get_export, Access.TOKEN, scope="exports"),
    Route("GET", f"{API}/health", health, Access.OPEN),
    Route("GET", f"{API}/openapi.json", openapi, Access.OPEN),
]
