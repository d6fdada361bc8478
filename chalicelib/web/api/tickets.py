"""Tickets and what is written on them."""

from __future__ import annotations

from typing import Any

from chalice.app import Response

from chalicelib import table
from chalicelib.desk.model import PRIORITIES
from chalicelib.errors import Forbidden, Invalid, NotFound
from chalicelib.people import service as people
from chalicelib.tickets import service, store
from chalicelib.tickets.changes import Edit
from chalicelib.tickets.model import ArticleKind, Contact, Status
from chalicelib.web import files, idempotency, paging, present
from chalicelib.web.files import number_of
from chalicelib.web.routing import Access, Call, Route, json_answer

API = "/api/v1"


def list_tickets(call: Call) -> dict[str, Any]:
    """The tickets of one group, of one requester or of one assignee, what is due first."""
    index, pk = _list(call)
    hide = [] if call.query.get("status") else ["solved"]
    keys = call.ports.keys()
    page = store.list_page(
        index,
        pk,
        limit=paging.limit_of(call.query.get("limit")),
        start=paging.from_cursor(keys, pk, call.query.get("cursor")),
        hide=hide,
        only=call.query.get("status"),
    )
    rows = [present.row_json(call.desk, item) for item in page.items]
    seen = [row for row in rows if call.who.may_see(row["group"])]
    return {"items": seen, "next": paging.to_cursor(keys, pk, page.next_key)}


def _list(call: Call) -> tuple[str, str]:
    """The index and the partition that answer this query: always exactly one."""
    query, desk = call.query, call.desk
    if "requester" in query:
        address = people.find(call.ports, query["requester"])
        return "gsi2", table.person_pk(address.person if address else "-")
    if "assignee" in query:
        agent = desk.agent_at(query["assignee"]) or desk.agents.get(query["assignee"])
        return "gsi3", table.mine(agent.id if agent else "-")
    group = query.get("group")
    if group is None:
        return _only_group(call)
    if group not in desk.groups:
        raise Invalid("There is no such group.", fields={"group": ", ".join(desk.groups)})
    if not call.who.may_see(group):
        raise Forbidden(f"The tickets of {group} are not yours to see.")
    if query.get("status") == Status.CLOSED:
        return "gsi1", table.group_closed(group, call.ports.clock())
    return "gsi1", table.group_open(group)


def _only_group(call: Call) -> tuple[str, str]:
    """The list of the only group there is to see; who sees several has to name one."""
    visible = [group for group in call.desk.groups if call.who.may_see(group)]
    if len(visible) != 1:
        hint = "name a group, a requester or an assignee"
        raise Invalid("Say which tickets.", fields={"group": hint})
    return "gsi1", table.group_open(visible[0])


def create_ticket(call: Call) -> Response:
    """Register a ticket for a requester."""
    opening, writes = _opening(call)
    try:
        saved = service.open_ticket(
            call.ports,
            call.who,
            opening,
            str(call.body.get("body") or ""),
            desk=call.desk,
            claim=idempotency.claim(call),
            also=writes,
        )
        number = saved.ticket.number
    except service.Done as done:
        number = int(idempotency.replayed(call, done).number)
    headers = {"Location": f"{_base(call)}/tickets/{number}"}
    return json_answer(_ticket(call, number), status=201, headers=headers)


def _opening(call: Call) -> tuple[service.Opening, list[table.Write]]:
    body, problems = call.body, {}
    requester = body.get("requester")
    email = requester.get("email") if isinstance(requester, dict) else requester
    group = body.get("group") or next(iter(call.desk.groups))
    priority = body.get("priority") or "normal"
    if not isinstance(email, str) or not people.is_address(email):
        problems["requester"] = 'an address, or {"name": ..., "email": ...}'
    if not str(body.get("subject") or "").strip():
        problems["subject"] = "is missing"
    if group not in call.desk.groups:
        problems["group"] = f"one of {', '.join(call.desk.groups)}"
    if priority not in PRIORITIES:
        problems["priority"] = f"one of {', '.join(PRIORITIES)}"
    if problems:
        raise Invalid("The ticket cannot be registered so.", fields=problems)
    if not call.who.may_see(group):
        raise Forbidden(f"The group {group} is not yours to write to.")
    name = str(requester.get("name") or "") if isinstance(requester, dict) else ""
    address, writes = people.find_or_make(
        call.ports,
        str(email),
        name,
        text=f"{body['subject']}\n{body.get('body')}",
        locale=call.desk.groups[group].locale,
    )
    contact = Contact(address.person, address.name, address.email, address.locale)
    opening = service.Opening(
        group=group,
        subject=" ".join(str(body["subject"]).split()),
        contact=contact,
        channel="api",
        priority=priority,
        tags=tuple(str(tag) for tag in body.get("tags") or ()),
    )
    return opening, writes


def get_ticket(call: Call, number: str) -> dict[str, Any]:
    """One ticket with the newest hundred items of its timeline."""
    return _ticket(call, number_of(number), before=call.query.get("before"))


def patch_ticket(call: Call, number: str) -> dict[str, Any]:
    """Change fields of a ticket."""
    known = set(Edit.__dataclass_fields__)
    unknown = set(call.body) - known - {"version"}
    if unknown:
        raise Invalid(
            "Some fields cannot be set.", fields=dict.fromkeys(sorted(unknown), "is no such field")
        )
    version = call.body.get("version")
    if version is not None and not isinstance(version, int):
        raise Invalid("The version is a number.", fields={"version": "a number"})
    edit = Edit(**{name: value for name, value in call.body.items() if name in known})
    try:
        service.edit_ticket(
            call.ports,
            call.who,
            number_of(number),
            edit,
            version=version,
            claim=idempotency.claim(call),
        )
    except service.Done as done:
        idempotency.replayed(call, done)
    return _ticket(call, number_of(number))


def create_article(call: Call, number: str) -> Response:
    """Add a reply, which is sent to everybody on the ticket, or a note."""
    kind = call.body.get("kind")
    if kind not in set(ArticleKind):
        raise Invalid("Say what it is.", fields={"kind": "reply or note"})
    seen_seq = call.body.get("seen_seq")
    if seen_seq is not None and not isinstance(seen_seq, int):
        raise Invalid("`seen_seq` is a number.", fields={"seen_seq": "a number"})
    draft = service.Draft(
        kind=ArticleKind(str(kind)),
        body=str(call.body.get("body") or ""),
        uploads=files.uploaded(call, call.body.get("attachments") or []),
        seen_seq=seen_seq,
        status=call.body.get("status"),
    )
    claim = idempotency.claim(call)
    try:
        seq = service.write_article(call.ports, call.who, number_of(number), draft, claim=claim).seq
    except service.Done as done:
        seq = int(idempotency.replayed(call, done).seq)
    return json_answer(_article(call, number_of(number), seq or 0), status=201)


def accept_article(call: Call, number: str, article: str) -> dict[str, Any]:
    """Take a held article as the customer's."""
    service.accept_article(call.ports, call.who, number_of(number), number_of(article))
    return _article(call, number_of(number), number_of(article))


def get_raw(call: Call, number: str, article: str) -> Response:
    """The original mail of an article, by redirect."""
    return files.to_raw(call, files.article_for(call.who, number, article))


def get_attachment(call: Call, number: str, article: str, place: str) -> Response:
    """One attachment, by redirect."""
    return files.to_attachment(call, files.article_for(call.who, number, article), place)


def send_again(call: Call, number: str, delivery: str) -> dict[str, Any]:
    """Send a mail once more that failed or bounced."""
    service.send_again(call.ports, call.who, number_of(number), delivery)
    return _ticket(call, number_of(number))


def create_upload(call: Call) -> Response:
    """Where to post a file that an article will name."""
    return json_answer(files.new_upload(call), status=201)


def _base(call: Call) -> str:
    return f"{call.ports.config.url}{API}"


def _ticket(call: Call, number: int, *, before: str | None = None) -> dict[str, Any]:
    timeline = service.read_ticket(call.who, number, before=before)
    return present.ticket_json(call.desk, timeline, url=_base(call))


def _article(call: Call, number: int, seq: int) -> dict[str, Any]:
    timeline = service.read_ticket(call.who, number)
    article = timeline.article(seq)
    if article is None:
        raise NotFound(f"There is no article {seq} on ticket {number}.")
    return present.article_json(article, timeline.deliveries, url=_base(call))


_TICKET = f"{API}/tickets/{{number}}"
_ARTICLE = f"{_TICKET}/articles/{{article}}"
_READ = {"access": Access.TOKEN, "scope": "tickets:read"}
_WRITE = {"access": Access.TOKEN, "scope": "tickets:write", "takes": "json"}
ROUTES = [
    Route("GET", f"{API}/tickets", list_tickets, **_READ),
    Route("POST", f"{API}/tickets", create_ticket, replays=True, **_WRITE),
    Route("GET", _TICKET, get_ticket, **_READ),
    Route("PATCH", _TICKET, patch_ticket, replays=True, **_WRITE),
    Route("POST", f"{_TICKET}/articles", create_article, replays=True, **_WRITE),
    Route("POST", f"{_ARTICLE}/accept", accept_article, **_WRITE),
    Route("GET", f"{_ARTICLE}/raw", get_raw, **_READ),
    Route("GET", f"{_ARTICLE}/attachments/{{place}}", get_attachment, **_READ),
    Route("POST", f"{_TICKET}/deliveries/{{delivery}}/send-again", send_again, **_WRITE),
    Route("POST", f"{API}/uploads", create_upload, **_WRITE),
]
