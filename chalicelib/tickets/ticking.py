"""The verbs of tasks: put one on a ticket, change it, tick it off, take it away, list one's own.

What they mean is decided in `tasks`; the sweep rings here when one is due.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib import facts, table
from chalicelib.desk.model import Desk
from chalicelib.desk.service import live_desk
from chalicelib.errors import NotFound
from chalicelib.ledger.model import CLOCK
from chalicelib.ports import Ports
from chalicelib.tickets import service, store, tasks
from chalicelib.tickets.access import Who, seen
from chalicelib.tickets.changes import Change
from chalicelib.tickets.items import TaskItem
from chalicelib.tickets.model import Task, Ticket
from chalicelib.tickets.service import Claim
from chalicelib.tickets.stored_tasks import in_order, task_key, task_of
from chalicelib.tickets.tasks import Wanted


def add(ports: Ports, who: Who, number: int, wanted: Wanted, *, claim: Claim | None = None) -> Task:
    """Put a task on a ticket."""
    desk = live_desk(ports)

    def decide(change: Change, now: datetime) -> Change:
        return tasks.added(change, wanted, desk, now, by=str(who.actor))

    return _add(ports, who, number, decide, claim)[0]


def start(
    ports: Ports, who: Who, number: int, checklist: str, *, claim: Claim | None = None
) -> tuple[Task, ...]:
    """Put all tasks of a checklist on a ticket."""
    desk = live_desk(ports)

    def decide(change: Change, now: datetime) -> Change:
        return tasks.started(change, checklist, desk, now, by=str(who.actor))

    return _add(ports, who, number, decide, claim)


def _add(
    ports: Ports,
    who: Who,
    number: int,
    decide: Callable[[Change, datetime], Change],
    claim: Claim | None,
) -> tuple[Task, ...]:
    who.need("tickets:write")

    def decided(found: Ticket | None, now: datetime) -> Change:
        ticket = seen(who, found, number)
        return decide(Change(ticket, ticket, ()), now)

    saved = service.amend(ports, number, decided, actor=who.actor, cause="tasks", claim=claim)
    assert saved.change is not None, "to add a task always changes the ticket"
    return saved.change.tasks


def change(
    ports: Ports, who: Who, number: int, task: str, wanted: Wanted, *, claim: Claim | None = None
) -> Task:
    """Set what is wanted of a task, ticking it off included; it is as it was where it is so."""
    who.need("tickets:write")
    desk = live_desk(ports)
    last: list[Task] = []

    def decide(found: Ticket | None, now: datetime) -> Change | None:
        ticket = seen(who, found, number)
        # Read after the head: whoever changes it meanwhile moves the head on.
        last[:] = [read(number, task)]
        return tasks.changed(ticket, last[0], wanted, desk, now, by=str(who.actor))

    saved = service.amend(ports, number, decide, actor=who.actor, cause="tasks", claim=claim)
    return saved.change.tasks[0] if saved.change else last[0]


def remove(ports: Ports, who: Who, number: int, task: str) -> Ticket:
    """Take a task away."""
    who.need("tickets:write")
    pk, sk = task_key(number, task)

    def decide(found: Ticket | None, _now: datetime) -> Change:
        return tasks.removed(seen(who, found, number), read(number, task))

    gone = table.Write(TaskItem(pk=pk, sk=sk), is_removal=True)
    saved = service.amend(ports, number, decide, actor=who.actor, cause="tasks", also=[gone])
    return saved.ticket


def read(number: int, task: str) -> Task:
    """One task of a ticket, or NotFound: one call, consistent."""
    key = task_key(number, task)
    found = task_of(table.fetch([key]).get(key))
    if found is None:
        raise NotFound(f"Ticket {number} has no task {task}.")
    return found


def on_ticket(who: Who, number: int) -> tuple[Task, ...]:
    """The tasks of a ticket, as they came: one query."""
    who.need("tickets:read")
    found = store.timeline(number)
    seen(who, found.ticket if found else None, number)
    assert found is not None
    return in_order(found.tasks)


def of_agent(
    who: Who, agent: str, *, limit: int, start: dict[str, Any] | None
) -> tuple[list[tuple[Task, Ticket]], dict[str, Any] | None]:
    """The open tasks of an agent with their tickets, the next due first, and where to go on.

    Two calls a page. Those on tickets that whoever asks does not see are left out.
    """
    who.need("tickets:read")
    page = table.query(table.tasks_of(agent), index="gsi3", limit=limit, start=start)
    keys = [(item.pk, item.sk) for item in page.items]
    numbers = [int(item.columns["number"]) for item in page.items]
    tickets, items = store.load_many(dict.fromkeys(numbers), keys)
    found = (task_of(items.get(key)) for key in keys)
    pairs = [(task, tickets[task.number]) for task in found if task and task.number in tickets]
    theirs = [pair for pair in pairs if who.may_see(pair[1].group, pair[1].assignee)]
    return theirs, page.next_key


def ring(ports: Ports, item: table.Item) -> None:
    """Tell whoever has a task that it is due, once; nobody where its ticket is over."""
    first = task_of(item)
    if first is None:
        return
    desk = live_desk(ports)

    def decide(ticket: Ticket | None, now: datetime) -> Change | None:
        key = task_key(first.number, first.id)
        task = task_of(table.fetch([key]).get(key))
        return _rung(ports, ticket, task, desk, now) if ticket and task else None

    service.amend(ports, first.number, decide, actor=CLOCK, cause="sweep")


def _rung(ports: Ports, ticket: Ticket, task: Task, desk: Desk, now: datetime) -> Change | None:
    if task.is_done or task.is_reminded or task.due_at is None or task.due_at > now:
        return None
    agent = None if ticket.is_over else tasks.reminded(ticket, task, desk)
    fact = facts.TaskDue(task.id, task.title, agent.id if agent else None)
    change = Change(ticket, ticket, (fact,), tasks=(replace(task, is_reminded=True),))
    if agent is None:
        return change
    return service.with_notice(ports, change, agent, mail="task_due", now=now, target=task.id)
