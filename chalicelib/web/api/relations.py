"""What tickets are to each other: merged, split, linked."""

from __future__ import annotations

from functools import partial
from typing import Any

from chalice.app import Response

from chalicelib.errors import Invalid
from chalicelib.tickets import joining, service
from chalicelib.tickets.changes import SUBJECT_LIMIT
from chalicelib.tickets.service import Done
from chalicelib.web import idempotency, present
from chalicelib.web.api import fields
from chalicelib.web.api.tickets import API
from chalicelib.web.files import number_of
from chalicelib.web.routing import Access, Call, Route, json_answer

MERGE = {"into": fields.NUMBER, "add_people": fields.FLAG}
LINK = {"type": fields.TEXT, "ticket": fields.NUMBER}
SPLIT = {"articles": fields.IDS, "subject": fields.TEXT_OR_NULL}


def merge_ticket(call: Call, number: str) -> dict[str, Any]:
    """Let a ticket lead to another one, which shows what was written on both."""
    fields.check(call.body, MERGE)
    ticket = joining.merge(
        call.ports,
        call.who,
        number_of(number),
        _needed(call, "into"),
        adds_people=bool(call.body.get("add_people")),
    )
    return present.summary(call.desk, ticket)


def unmerge_ticket(call: Call, number: str) -> dict[str, Any]:
    """Make a merged ticket one of its own again."""
    fields.check(call.body, {})
    return present.summary(call.desk, joining.unmerge(call.ports, call.who, number_of(number)))


def split_ticket(call: Call, number: str) -> Response:
    """Make a new ticket of some articles, for whoever wrote the first of them."""
    fields.check(call.body, SPLIT)
    subject = str(call.body.get("subject") or "")
    if len(subject) > SUBJECT_LIMIT:
        hint = f"at most {SUBJECT_LIMIT} characters"
        raise Invalid("The subject is too long.", fields={"subject": hint})
    try:
        saved = joining.split(
            call.ports,
            call.who,
            number_of(number),
            [number_of(one) for one in call.body.get("articles") or []],
            subject=subject,
            claim=idempotency.claim(call),
        )
        found = saved.ticket.number
    except Done as done:
        found = int(idempotency.replayed(call, done).number)
    headers = {"Location": f"{_base(call)}/tickets/{found}"}
    return json_answer(_shown(call, found), status=201, headers=headers)


def link_ticket(call: Call, number: str) -> dict[str, Any]:
    """Say what another ticket is to this one."""
    return _linked(call, number, joining.link)


def unlink_ticket(call: Call, number: str) -> dict[str, Any]:
    """Take back what another ticket is to this one."""
    return _linked(call, number, joining.unlink)


def _linked(call: Call, number: str, verb: Any) -> dict[str, Any]:
    fields.check(call.body, LINK)
    kind, other = str(call.body.get("type") or ""), _needed(call, "ticket")
    verb(call.ports, call.who, number_of(number), kind, other)
    return _shown(call, number_of(number))


def _shown(call: Call, number: int) -> dict[str, Any]:
    return present.ticket_json(call.desk, service.read_ticket(call.who, number), url=_base(call))


def _base(call: Call) -> str:
    return f"{call.ports.config.url}{API}"


def _needed(call: Call, name: str) -> int:
    """The number of a ticket that the request has to name."""
    if name not in call.body:
        raise Invalid("Name the other ticket.", fields={name: "is missing"})
    return int(call.body[name])


_TICKET = f"{API}/tickets/{{number}}"
_write = partial(Route, access=Access.TOKEN, scope="tickets:write", takes="json")
ROUTES = [
    _write("POST", f"{_TICKET}/merge", merge_ticket),
    _write("POST", f"{_TICKET}/unmerge", unmerge_ticket),
    _write("POST", f"{_TICKET}/split", split_ticket, replays=True),
    _write("POST", f"{_TICKET}/links", link_ticket),
    _write("DELETE", f"{_TICKET}/links", unlink_ticket),
]
