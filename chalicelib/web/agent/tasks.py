"""What the forms of a ticket's tasks do, and the page of one's own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from chalice.app import Response

from chalicelib import i18n
from chalicelib.errors import Conflict, Invalid
from chalicelib.tickets import ticking
from chalicelib.tickets.service import Claim, Done
from chalicelib.tickets.tasks import Wanted
from chalicelib.web import idempotency, pages, paging
from chalicelib.web.agent import customers, remaining, ticket
from chalicelib.web.files import number_of
from chalicelib.web.routing import Call

LIST = "/agent/tasks"


def show(call: Call) -> Response:
    """One's own open tasks and reminders, the next due first: four calls to the table."""
    keys, scope = call.ports.keys(), f"tasks {call.who.actor.id}"
    start = paging.from_cursor(keys, scope, call.query.get("cursor"))
    agent = call.who.agent or ""
    found, following = ticking.of_agent(call.who, agent, limit=paging.LIMIT, start=start)
    return pages.html(
        call,
        "agent/tasks.html",
        tasks=[
            {
                **remaining.shown_task(call.desk, task),
                "number": ticket.number,
                "subject": ticket.subject,
            }
            for task, ticket in found
        ],
        **customers.shown_reminders(call),
        next=paging.to_cursor(keys, scope, following),
        now=call.ports.clock(),
        **pages.frame(call, "tasks"),
    )


def add(call: Call, number: str) -> Response:
    """Put a task on the ticket."""
    found, claim = number_of(number), _claim(call)
    verb = partial(ticking.add, call.ports, call.who, found, _wanted(call), claim=claim)
    return _done(call, found, verb)


def start(call: Call, number: str) -> Response:
    """Put all tasks of a checklist on the ticket."""
    found, claim = number_of(number), _claim(call)
    checklist = str(call.body.get("checklist", ""))
    verb = partial(ticking.start, call.ports, call.who, found, checklist, claim=claim)
    return _done(call, found, verb)


def _claim(call: Call) -> Claim | None:
    return idempotency.claim(call, str(call.body.get("nonce", "")))


def tick(call: Call, number: str, task: str) -> Response:
    """Tick a task off, or back on."""
    found, wanted = number_of(number), Wanted(is_done=call.body.get("do") != "reopen")
    return _done(call, found, partial(ticking.change, call.ports, call.who, found, task, wanted))


def change(call: Call, number: str, task: str) -> Response:
    """Change a task, or take it away, as the button says."""
    found = number_of(number)
    if call.body.get("do") == "remove":
        return _done(call, found, partial(ticking.remove, call.ports, call.who, found, task))
    verb = partial(ticking.change, call.ports, call.who, found, task, _wanted(call))
    return _done(call, found, verb)


def _wanted(call: Call) -> Wanted:
    title, owner, due = (str(call.body.get(name, "")) for name in ("title", "owner", "due"))
    return Wanted(title=title, owner=owner, due=due)


def _done(call: Call, number: int, verb: Callable[[], object]) -> Response:
    """Run a verb, and show the ticket; where it was refused, with why beside the form."""
    try:
        verb()
    except Done as done:
        idempotency.replayed(call, done)
    except (Conflict, Invalid) as error:
        told = "; ".join(error.fields.values())
        why = f"{error.message} {told}".strip() if call.locale == i18n.SOURCE else ""
        return ticket.refuse(call, number, error, {"form": "tasks", "why": why})
    return pages.see_other(call, f"/agent/tickets/{number}#tasks")
