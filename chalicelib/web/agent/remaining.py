"""What the page of a ticket shows of what remains to be done. What its forms do is in `tasks`."""

from __future__ import annotations

from typing import Any

from chalicelib.desk.model import Desk
from chalicelib.tickets import statuses
from chalicelib.tickets.model import Status, Task, Timeline
from chalicelib.tickets.stored_tasks import in_order
from chalicelib.web.agent import shown
from chalicelib.web.routing import Call


def context(call: Call, timeline: Timeline) -> dict[str, Any]:
    """Its tasks, and the checklists that can be started."""
    desk = call.desk
    may_add = timeline.ticket.status not in {Status.CLOSED, Status.MERGED}
    lists = [{"id": one.id, "name": one.name(call.locale)} for one in desk.checklists.values()]
    return {
        "tasks": [shown_task(desk, one) for one in in_order(timeline.tasks)],
        "may_add_tasks": may_add,
        "checklists": lists if may_add else [],
    }


def shown_task(desk: Desk, task: Task) -> dict[str, Any]:
    """A task as a page has it."""
    return {
        "id": task.id,
        "title": task.title,
        "owner": task.owner,
        "owner_name": shown.agent_name(desk, task.owner),
        "due_at": task.due_at,
        "due": statuses.local(task.due_at, desk),
        "is_done": task.is_done,
        "done_at": task.done_at,
    }
