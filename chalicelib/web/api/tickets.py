"""Tickets and what is written on them."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from chalice.app import Response

from chalicelib import table
from chalicelib.errors import Forbidden, Invalid, NotFound
from chalicelib.tickets import service
from chalicelib.tickets.edits import Edit, tags_of
from chalicelib.tickets.model import ArticleKind, Attachment
from chalicelib.tickets.registering import Asked, register
from chalicelib.web import files, idempotency, present
from chalicelib.web.api import availability, fields, lists
from chalicelib.web.files import number_of
from chalicelib.web.routing import Access, Call, Route, json_answer

API = "/api/v1"
NEW_TICKET = {
    "requester": fields.REQUESTER,
    "subject": fields.TEXT,
    "body": fields.TEXT,
    "group": fields.TEXT_OR_NULL,
    "priority": fields.TEXT_OR_NULL,
    "tags": fields.TAGS,
    "type": fields.TEXT_OR_NULL,
    "form": fields.TEXT_OR_NULL,
    "fields": fields.VALUES,
}
CHANGES = {
    "version": fields.NUMBER_OR_NULL,
    "subject": fields.TEXT,
    "status": fields.TEXT,
    "until": fields.TEXT_OR_NULL,
    "reason": fields.TEXT,
    "resolution": fields.TEXT,
    "priority": fields.TEXT,
    "group": fields.TEXT,
    "assignee": fields.TEXT_OR_NULL,
    "responsible": fields.TEXT_OR_NULL,
    "followers": fields.IDS,
    "add_followers": fields.IDS,
    "remove_followers": fields.IDS,
    "tags": fields.TAGS,
    "type": fields.TEXT_OR_NULL,
    "fields": fields.VALUES,
}
NEW_ARTICLE = {
    "kind": fields.TEXT,
    "body": fields.TEXT,
    "attachments": fields.ATTACHMENTS,
    "status": fields.TEXT_OR_NULL,
    "seen_seq": fields.NUMBER_OR_NULL,
}
ACCEPTANCE = {"add_sender": fields.FLAG}
NEW_UPLOAD = {"name": fields.TEXT, "content_type": fields.TEXT}
_BEFORE = re.compile(rf"{re.escape(table.TIMELINE)}\d{{8}}[#a-z0-9-]{{0,80}}")
_ID_LENGTH = 40


def list_tickets(call: Call) -> dict[str, Any]:
    """The tickets of a group, a requester or an assignee, or of all groups: what is due first."""
    return lists.page(call)


def create_ticket(call: Call) -> Response:
    """Register a ticket for a requester."""
    fields.check(call.body, NEW_TICKET)
    claim = idempotency.claim(call)
    try:
        saved = register(call.ports, call.who, _asked(call), desk=call.desk, claim=claim)
        number = saved.ticket.number
    except service.Done as done:
        number = int(idempotency.replayed(call, done).number)
    headers = {"Location": f"{_base(call)}/tickets/{number}"}
    return json_answer(_ticket(call, number), status=201, headers=headers)


def _asked(call: Call) -> Asked:
    """The ticket that the body asks for, not checked yet."""
    body = call.body
    wanted = body.get("requester")
    requester = wanted if isinstance(wanted, dict) else {"email": wanted}
    return Asked(
        email=str(requester["email"]),
        name=str(requester.get("name") or ""),
        subject=str(body.get("subject") or ""),
        body=str(body.get("body") or ""),
        channel="api",
        tags=tags_of(body.get("tags") or []),
        fields=body.get("fields") or {},
        group=body.get("group") or "",
        priority=body.get("priority") or "",
        type=body.get("type") or "",
        form=body.get("form") or "",
    )


def _may_write_to(call: Call, group: str) -> None:
    """A ticket put where its writer cannot see it would be out of reach at once."""
    if group in call.desk.groups and not call.who.may_see(group):
        raise Forbidden(f"The group {group} is not yours to write to.")


def get_ticket(call: Call, number: str) -> dict[str, Any]:
    """One ticket with the newest hundred items of its timeline, or those before an older one."""
    before = call.query.get("before")
    if before is not None and not _BEFORE.fullmatch(before):
        raise Invalid("There is no such place.", fields={"before": "take it from `older`"})
    return _ticket(call, number_of(number), before=before)


def patch_ticket(call: Call, number: str) -> dict[str, Any]:
    """Change fields of a ticket; the answer leaves out its timeline, which costs a read."""
    fields.check(call.body, CHANGES)
    changes = {name: value for name, value in call.body.items() if name != "version"}
    _may_write_to(call, changes.get("group", ""))
    try:
        saved = service.edit_ticket(
            call.ports,
            call.who,
            number_of(number),
            Edit(**changes),
            version=call.body.get("version"),
            claim=idempotency.claim(call),
        )
    except service.Done as done:
        idempotency.replayed(call, done)
        ticket = service.read_ticket(call.who, number_of(number)).ticket
        saved = service.Saved(ticket, None)
    warnings = availability.warnings(call, saved)
    return {**present.summary(call.desk, saved.ticket), "warnings": warnings}


def create_article(call: Call, number: str) -> Response:
    """Add a reply, which is sent to everybody on the ticket, or a note."""
    fields.check(call.body, NEW_ARTICLE)
    kind = call.body.get("kind")
    if kind not in set(ArticleKind):
        raise Invalid("Say what it is.", fields={"kind": f"one of {', '.join(ArticleKind)}"})
    try:
        draft = service.Draft(
            kind=ArticleKind(str(kind)),
            body=str(call.body.get("body") or ""),
            uploads=_uploads(call),
            seen_seq=call.body.get("seen_seq"),
            edit=Edit(status=call.body["status"]) if call.body.get("status") else Edit(),
        )
        claim = idempotency.claim(call)
        saved = service.write_article(call.ports, call.who, number_of(number), draft, claim=claim)
        shown = _written(call, saved)
    except service.Done as done:
        shown = _article(call, number_of(number), int(idempotency.replayed(call, done).seq))
    return json_answer(shown, status=201)


def _written(call: Call, saved: service.Saved) -> dict[str, Any]:
    """The article of a change just made, without reading it back."""
    change = saved.change
    assert change is not None, "an article always changes its ticket"
    assert change.article is not None
    return present.article_json(change.article, change.deliveries, url=_base(call))


def _uploads(call: Call) -> tuple[Attachment, ...]:
    try:
        return files.uploaded(call, call.body.get("attachments") or [])
    except NotFound as error:
        hint = "names an upload that has no file yet"
        raise Invalid(error.message, fields={"attachments": hint}) from error


def accept_article(call: Call, number: str, article: str) -> dict[str, Any]:
    """Take a held article as the customer's, and whoever wrote it as a participant if wanted."""
    fields.check(call.body, ACCEPTANCE)
    service.accept_article(
        call.ports,
        call.who,
        number_of(number),
        number_of(article),
        adds_sender=bool(call.body.get("add_sender")),
    )
    return _article(call, number_of(number), number_of(article))


def get_raw(call: Call, number: str, article: str) -> Response:
    """The original mail of an article, by redirect."""
    return files.to_raw(call, files.article_for(call.who, number, article))


def get_attachment(call: Call, number: str, article: str, place: str) -> Response:
    """One attachment, by redirect."""
    return files.to_attachment(call, files.article_for(call.who, number, article), place)


def send_again(call: Call, number: str, delivery: str) -> dict[str, Any]:
    """Send a mail once more that failed or bounced."""
    if len(delivery) > _ID_LENGTH:
        raise NotFound("There is no such delivery.")
    service.send_again(call.ports, call.who, number_of(number), delivery)
    return _ticket(call, number_of(number))


def create_upload(call: Call) -> Response:
    """Where to post a file that an article will name."""
    fields.check(call.body, NEW_UPLOAD)
    return json_answer(files.new_upload(call), status=201)


def _base(call: Call) -> str:
    return f"{call.ports.config.url}{API}"


def _ticket(call: Call, number: int, *, before: str | None = None) -> dict[str, Any]:
    timeline = service.read_ticket(call.who, number, before=before)
    return present.ticket_json(call.desk, timeline, url=_base(call))


def _article(call: Call, number: int, seq: int) -> dict[str, Any]:
    timeline = service.read_ticket(call.who, number)
    if timeline.older and timeline.article(seq) is None:
        timeline = service.read_ticket(call.who, number, before=table.article_sk(seq + 1))
    article = timeline.article(seq)
    if article is None:
        raise NotFound(f"There is no article {seq} on ticket {number}.")
    return present.article_json(article, timeline.deliveries, url=_base(call))


_TICKET = f"{API}/tickets/{{number}}"
_ARTICLE = f"{_TICKET}/articles/{{article}}"
_read = partial(Route, access=Access.TOKEN, scope="tickets:read")
_write = partial(Route, access=Access.TOKEN, scope="tickets:write", takes="json")
ROUTES = [
    _read("GET", f"{API}/tickets", list_tickets),
    _write("POST", f"{API}/tickets", create_ticket, replays=True),
    _read("GET", _TICKET, get_ticket),
    _write("PATCH", _TICKET, patch_ticket, replays=True),
    _write("POST", f"{_TICKET}/articles", create_article, replays=True),
    _write("POST", f"{_ARTICLE}/accept", accept_article),
    _read("GET", f"{_ARTICLE}/raw", get_raw),
    _read("GET", f"{_ARTICLE}/attachments/{{place}}", get_attachment),
    _write("POST", f"{_TICKET}/deliveries/{{delivery}}/send-again", send_again),
    _write("POST", f"{API}/uploads", create_upload),
]
