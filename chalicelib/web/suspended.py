"""Suspended mail as programs and pages see it: one lookup and one shape for both."""

from __future__ import annotations

from typing import Any

from chalicelib.errors import NotFound
from chalicelib.intake import store
from chalicelib.intake.model import Suspended
from chalicelib.web import paging
from chalicelib.web.present import iso
from chalicelib.web.routing import Call


def find(mail: str) -> Suspended:
    """A mail that is still suspended, or NotFound."""
    found = store.get_suspended(mail)
    if found is None:
        raise NotFound("There is no such mail.")
    return found


def page(call: Call, limit: int) -> tuple[list[dict[str, Any]], str | None]:
    """Suspended mail, the newest first, and the cursor of the next page."""
    keys = call.ports.keys()
    start = paging.from_cursor(keys, "suspended", call.query.get("cursor"))
    found = store.list_page(limit, start)
    rows = [_row(item.columns) for item in found.items]
    return rows, paging.to_cursor(keys, "suspended", found.next_key)


def _row(columns: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": columns["id"],
        "cause": columns["cause"],
        "sender": columns.get("sender") or "",
        "is_authenticated": columns.get("authenticated") == "yes",
        "subject": columns.get("subject") or "",
        "received_at": columns["received"],
    }


def mail_json(mail: Suspended) -> dict[str, Any]:
    """One suspended mail as a row of the list has it."""
    return {
        "id": mail.id,
        "cause": mail.cause.value,
        "sender": mail.sender,
        "is_authenticated": mail.is_authenticated,
        "subject": mail.subject,
        "received_at": iso(mail.received_at),
    }
