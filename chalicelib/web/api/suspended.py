"""Suspended mail for programs: the list, one mail, and what may be done with it."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from chalice.app import Response

from chalicelib.errors import Invalid
from chalicelib.web import files, paging, suspended
from chalicelib.web.api import fields
from chalicelib.web.api.tickets import API
from chalicelib.web.routing import Access, Call, Route

if TYPE_CHECKING:
    from chalicelib.intake.suspended import Result

DECISION = {"action": fields.TEXT, "ids": fields.IDS}


def list_suspended(call: Call) -> dict[str, Any]:
    """Suspended mail, the newest first, with its cause."""
    rows, following = suspended.page(call, paging.limit_of(call.query.get("limit")))
    return {"items": rows, "next": following}


def get_suspended(call: Call, mail: str) -> dict[str, Any]:
    """One suspended mail with the verdicts on it, and how it was understood."""
    found = suspended.find(mail)
    url = f"{call.ports.config.url}{API}/suspended/{found.id}/raw"
    return {
        **suspended.mail_json(found),
        "recipients": list(found.recipients),
        "verdicts": asdict(found.verdicts),
        "flight": found.flight,
        "raw": None if found.has_virus else url,
    }


def get_suspended_raw(call: Call, mail: str) -> Response:
    """The original of a suspended mail, by redirect; one that carries a virus stays where it is."""
    return files.to_suspended(call, suspended.find(mail))


# What may be done with it: once or twice, it is the same. ----------------------------------------


def release_suspended(call: Call, mail: str) -> dict[str, Any]:
    """Let a suspended mail in: it opens a ticket, or joins the one that it answers."""
    return _do(call, "release", mail)


def allow_suspended(call: Call, mail: str) -> dict[str, Any]:
    """Release a suspended mail, and let later mail of its sender in as well."""
    return _do(call, "allow", mail)


def block_suspended(call: Call, mail: str) -> dict[str, Any]:
    """Delete a suspended mail, and suspend all later mail of its sender."""
    return _do(call, "block", mail)


def unblock_suspended(call: Call, mail: str) -> dict[str, Any]:
    """Take the block off the sender of a mail that is suspended, or was deleted by that block."""
    return _do(call, "unblock", mail)


def delete_suspended(call: Call, mail: str) -> dict[str, Any]:
    """Throw a suspended mail away."""
    return _do(call, "delete", mail)


def decide_suspended(call: Call) -> dict[str, Any]:
    """Do the same with several suspended mails; what fails with one keeps none of the others."""
    from chalicelib.intake.suspended import BULK, Action, each

    fields.check(call.body, DECISION)
    action, ids = str(call.body.get("action")), call.body.get("ids") or []
    problems = {}
    if action not in set(Action):
        problems["action"] = f"one of {', '.join(Action)}"
    if not 0 < len(ids) <= BULK:
        problems["ids"] = f"1 to {BULK} ids"
    if problems:
        raise Invalid("This cannot be done so.", fields=problems)
    results = each(call.ports, call.who, Action(action), ids)
    return {"items": [_result(result) for result in results]}


def _do(call: Call, action: str, mail: str) -> dict[str, Any]:
    from chalicelib.intake.suspended import VERBS, Action

    fields.check(call.body, {})
    return _result(VERBS[Action(action)](call.ports, call.who, mail))


def _result(result: Result) -> dict[str, Any]:
    error = result.error
    told = {"code": error.code, "message": error.message, "fields": error.fields} if error else None
    return {
        "id": result.id,
        "outcome": result.done.value,
        "ticket": result.ticket,
        "error": told,
    }


_LIST = f"{API}/suspended"
_MAIL = f"{_LIST}/{{mail}}"
_read = partial(Route, access=Access.TOKEN, scope="suspended:read")
_write = partial(Route, access=Access.TOKEN, scope="suspended:write", takes="json")
ROUTES = [
    _read("GET", _LIST, list_suspended),
    _write("POST", _LIST, decide_suspended),
    _read("GET", _MAIL, get_suspended),
    _write("DELETE", _MAIL, delete_suspended),
    _read("GET", f"{_MAIL}/raw", get_suspended_raw),
    _write("POST", f"{_MAIL}/release", release_suspended),
    _write("POST", f"{_MAIL}/allow", allow_suspended),
    _write("POST", f"{_MAIL}/block", block_suspended),
    _write("POST", f"{_MAIL}/unblock", unblock_suspended),
]
