"""Tasks by API: what remains on a ticket, ticked off, started from a checklist, and one's own."""

from __future__ import annotations

from functools import partial
from typing import Any

from chalice.app import Response

from chalicelib.desk.checklists import TASK_LIMIT, TITLE_LIMIT
from chalicelib.errors import Invalid
from chalicelib.tickets import ticking
from chalicelib.tickets.edits import UNSET
from chalicelib.tickets.service import Done
from chalicelib.tickets.tasks import Wanted
from chalicelib.web import idempotency, paging, present
from chalicelib.web.api import fields
from chalicelib.web.api.shapes import (
    FLAG,
    INSTANT,
    NUMBER,
    TEXT,
    Operation,
    Schema,
    asked,
    listing,
    many,
    mapping,
    or_null,
    ref,
    text,
)
from chalicelib.web.files import number_of
from chalicelib.web.routing import Access, Call, Route, json_answer

NEW = {"title": fields.TEXT, "owner": fields.TEXT_OR_NULL, "due": fields.TEXT_OR_NULL}
CHANGES = {**NEW, "is_done": fields.FLAG}
START = {"checklist": fields.TEXT}


def list_tasks(call: Call, number: str) -> dict[str, Any]:
    """What remains to be done on a ticket, and what was."""
    found = ticking.on_ticket(call.who, number_of(number))
    return {"items": [present.task_json(call.desk, one) for one in found]}


def add_task(call: Call, number: str) -> Response:
    """Put a task on a ticket."""
    fields.check(call.body, NEW)
    wanted = Wanted(title=call.body.get("title"), **_rest(call, "owner", "due"))
    try:
        claim = idempotency.claim(call)
        task = ticking.add(call.ports, call.who, number_of(number), wanted, claim=claim)
    except Done as done:
        # The first task of a change is named after it.
        first = f"{int(idempotency.replayed(call, done).seq)}-0"
        task = ticking.read(number_of(number), first)
    return json_answer(present.task_json(call.desk, task), status=201)


def patch_task(call: Call, number: str, task: str) -> dict[str, Any]:
    """Change a task, or tick it off."""
    fields.check(call.body, CHANGES)
    wanted = Wanted(**_rest(call, "title", "owner", "due", "is_done"))
    found = ticking.change(call.ports, call.who, number_of(number), task, wanted)
    return present.task_json(call.desk, found)


def delete_task(call: Call, number: str, task: str) -> dict[str, Any]:
    """Take a task away."""
    ticket = ticking.remove(call.ports, call.who, number_of(number), task)
    return present.summary(call.desk, ticket)


def start_checklist(call: Call, number: str) -> Response:
    """Put all tasks of a checklist on a ticket."""
    fields.check(call.body, START)
    name = str(call.body.get("checklist") or "")
    try:
        claim = idempotency.claim(call)
        found = ticking.start(call.ports, call.who, number_of(number), name, claim=claim)
    except Done as done:
        seq = int(idempotency.replayed(call, done).seq)
        on_it = ticking.on_ticket(call.who, number_of(number))
        found = tuple(task for task in on_it if task.id.startswith(f"{seq}-"))
    return json_answer({"items": [present.task_json(call.desk, one) for one in found]}, status=201)


def list_tasks_of_agent(call: Call) -> dict[str, Any]:
    """The open tasks of an agent, the next due first."""
    wanted = call.query.get("owner", "")
    agent = call.desk.agents.get(wanted) or call.desk.agent_at(wanted)
    if agent is None:
        raise Invalid("Whose tasks?", fields={"owner": "an agent's id or address"})
    keys, scope = call.ports.keys(), f"tasks {agent.id}"
    start = paging.from_cursor(keys, scope, call.query.get("cursor"))
    limit = paging.limit_of(call.query.get("limit"))
    found, following = ticking.of_agent(call.who, agent.id, limit=limit, start=start)
    return {
        "items": [
            {
                **present.task_json(call.desk, task),
                "ticket": ticket.number,
                "subject": ticket.subject,
            }
            for task, ticket in found
        ],
        "next": paging.to_cursor(keys, scope, following),
    }


def _rest(call: Call, *names: str) -> dict[str, Any]:
    return {name: call.body.get(name, UNSET) for name in names}


_TASK = mapping(
    id=TEXT,
    title=text(maxLength=TITLE_LIMIT),
    owner=or_null(text(description="An agent's address; null for nobody.")),
    due_at=or_null(INSTANT),
    is_done=FLAG,
    done_at=or_null(INSTANT),
)
_OF_AGENT = mapping(**_TASK["properties"], ticket=NUMBER, subject=TEXT)
_OWNER = or_null(text(description="An agent's id or address; null for nobody."))
_DUE = or_null(
    text(description="An instant, a local time, a date, or `+2 business days`; null for no time.")
)
_TITLE = text(minLength=1, maxLength=TITLE_LIMIT)
SCHEMAS: dict[str, Schema] = {
    "Task": _TASK,
    "Tasks": mapping(items=many(ref("Task"))),
    "TaskOfAgent": _OF_AGENT,
    "TasksOfAgent": listing("TaskOfAgent"),
    "NewTask": asked("title", title=_TITLE, owner=_OWNER, due=_DUE),
    "TaskChanges": asked(title=_TITLE, owner=_OWNER, due=_DUE, is_done=FLAG),
    "ChecklistStart": asked("checklist", checklist=text(description="Its id.")),
}
PAGE = {
    "limit": {**NUMBER, "minimum": 1, "maximum": paging.MOST, "default": paging.LIMIT},
    "cursor": {**TEXT, "description": "The `next` of the page before, with the same query."},
}
OPERATIONS = {
    "list_tasks": Operation(200, "Tasks"),
    "add_task": Operation(
        201,
        "Task",
        "NewTask",
        more=f"At most {TASK_LIMIT} a ticket. When it is due, its owner is told once by mail, else "
        "the assignee, else the lead of the group.",
    ),
    "patch_task": Operation(200, "Task", "TaskChanges"),
    "delete_task": Operation(200, "TicketSummary"),
    "start_checklist": Operation(201, "Tasks", "ChecklistStart"),
    "list_tasks_of_agent": Operation(
        200,
        "TasksOfAgent",
        query={"owner": {**TEXT, "description": "An agent's id or address."}, **PAGE},
        more="Those on tickets that the token does not see are left out, so that a page can be "
        "empty and still have a `next`.",
    ),
}
_TICKET = "/api/v1/tickets/{number}"
_read = partial(Route, access=Access.TOKEN, scope="tickets:read")
_write = partial(Route, access=Access.TOKEN, scope="tickets:write", takes="json")
ROUTES = [
    _read("GET", f"{_TICKET}/tasks", list_tasks),
    _write("POST", f"{_TICKET}/tasks", add_task, replays=True),
    _write("PATCH", f"{_TICKET}/tasks/{{task}}", patch_task),
    Route(
        "DELETE",
        f"{_TICKET}/tasks/{{task}}",
        delete_task,
        Access.TOKEN,
        scope="tickets:write",
    ),
    _write("POST", f"{_TICKET}/checklists", start_checklist, replays=True),
    _read("GET", "/api/v1/tasks", list_tasks_of_agent),
]
