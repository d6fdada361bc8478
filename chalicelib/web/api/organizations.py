"""Organizations by API: who belongs together among those who write."""

from __future__ import annotations

from functools import partial
from typing import Any

from chalice.app import Response

from chalicelib.errors import NotFound
from chalicelib.organizations import service
from chalicelib.organizations.service import DOMAIN_LIMIT, NAME_LIMIT, NOTE_LIMIT, Wanted
from chalicelib.people import organizations
from chalicelib.people.organizations import Organization
from chalicelib.tickets.service import Done
from chalicelib.web import idempotency, paging
from chalicelib.web.api import fields
from chalicelib.web.api.shapes import (
    NUMBER,
    TEXT,
    Operation,
    Schema,
    asked,
    listing,
    many,
    mapping,
    text,
)
from chalicelib.web.routing import Access, Call, Route, json_answer

CHANGES = {"name": fields.TEXT, "domains": fields.IDS, "note": fields.TEXT}
_ID_LENGTH = 40


def list_organizations(call: Call) -> dict[str, Any]:
    """All organizations, oldest first."""
    keys, limit = call.ports.keys(), paging.limit_of(call.query.get("limit"))
    start = paging.from_cursor(keys, "organizations", call.query.get("cursor"))
    page = organizations.list_page(limit, start)
    items = [{**item.columns, "domains": list(item.columns["domains"])} for item in page.items]
    return {"items": items, "next": paging.to_cursor(keys, "organizations", page.next_key)}


def add_organization(call: Call) -> Response:
    """Make a new organization."""
    fields.check(call.body, CHANGES)
    claim = idempotency.claim(call)
    try:
        found = service.add(call.ports, call.who, Wanted(**{"name": "", **call.body}), claim=claim)
    except Done as done:
        idempotency.replayed(call, done)
        assert claim is not None, "only a claim can be taken"
        found = service.read(call.who, service.id_of(call.ports, claim))
    return json_answer(_json(found), status=201)


def get_organization(call: Call, organization: str) -> dict[str, Any]:
    """One organization, with its note."""
    return _json(service.read(call.who, _id(organization)))


def patch_organization(call: Call, organization: str) -> dict[str, Any]:
    """Change its name, domains or note."""
    fields.check(call.body, CHANGES)
    found = service.change(call.ports, call.who, _id(organization), Wanted(**call.body))
    return _json(found)


def delete_organization(call: Call, organization: str) -> dict[str, Any]:
    """Forget an organization; its tickets keep only its id."""
    service.remove(call.ports, call.who, _id(organization))
    return {"id": organization}


def _id(text: str) -> str:
    if not text.isalnum() or len(text) > _ID_LENGTH:
        raise NotFound("There is no such organization.")
    return text


def _json(found: Organization) -> dict[str, Any]:
    return {
        "id": found.id,
        "name": found.name,
        "domains": list(found.domains),
        "note": found.note,
    }


_ROW = {"id": TEXT, "name": TEXT, "domains": many(TEXT)}
_NAME = text(minLength=1, maxLength=NAME_LIMIT)
_DOMAINS = many(
    text(minLength=1),
    maxItems=DOMAIN_LIMIT,
    description="Where its people write from, each alone: `example.com` is not `eu.example.com`.",
)
_NOTE = text(maxLength=NOTE_LIMIT, description="For agents alone.")
SCHEMAS: dict[str, Schema] = {
    "OrganizationRow": mapping(**_ROW),
    "Organization": mapping(**_ROW, note=TEXT),
    "OrganizationList": listing("OrganizationRow"),
    "NewOrganization": asked("name", name=_NAME, domains=_DOMAINS, note=_NOTE),
    "OrganizationChanges": asked(name=_NAME, domains=_DOMAINS, note=_NOTE),
    "OrganizationGone": mapping(id=TEXT),
}
_PAGE = {
    "limit": {**NUMBER, "minimum": 1, "maximum": paging.MOST, "default": paging.LIMIT},
    "cursor": {**TEXT, "description": "The `next` of the page before."},
}
_LATER = "Tickets that are there already stay as they are; new ones have the organization."
OPERATIONS = {
    "list_organizations": Operation(200, "OrganizationList", query=_PAGE),
    "add_organization": Operation(201, "Organization", "NewOrganization", more=_LATER),
    "get_organization": Operation(200, "Organization"),
    "patch_organization": Operation(
        200, "Organization", "OrganizationChanges", more=_LATER, has_conflicts=True
    ),
    "delete_organization": Operation(200, "OrganizationGone"),
}
_ALL = "/api/v1/organizations"
_ONE = f"{_ALL}/{{organization}}"
_read = partial(Route, access=Access.TOKEN, scope="people:read")
_write = partial(Route, access=Access.TOKEN, scope="people:write")
ROUTES = [
    _read("GET", _ALL, list_organizations),
    _write("POST", _ALL, add_organization, takes="json", replays=True),
    _read("GET", _ONE, get_organization),
    _write("PATCH", _ONE, patch_organization, takes="json"),
    _write("DELETE", _ONE, delete_organization),
]
