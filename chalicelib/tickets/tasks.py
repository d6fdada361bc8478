"""What remains to be done on a ticket: tasks, added, changed, ticked off. Pure.

The head counts them, so that whether a ticket may be solved is known without reading them. The
verbs are in `ticking`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib import facts
from chalicelib.desk.checklists import ASSIGNEE, NONE, TASK_LIMIT, TITLE_LIMIT
from chalicelib.desk.groups import Agent
from chalicelib.desk.model import Desk
from chalicelib.errors import Conflict, Invalid
from chalicelib.tickets import statuses
from chalicelib.tickets.access import agent_sees
from chalicelib.tickets.changes import Change
from chalicelib.tickets.edits import UNSET
from chalicelib.tickets.model import Status, Task, Ticket


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants of a task; what is UNSET stays as it is.

    `owner` is an agent's id or address, `due` an instant, a date or a number of days.
    """

    title: object = UNSET
    owner: object = UNSET
    due: object = UNSET
    is_done: object = UNSET


def added(change: Change, wanted: Wanted, desk: Desk, now: datetime, *, by: str) -> Change:
    """The change with one more task; Invalid by field."""
    read = _read(change.after, wanted, desk, now)
    title = read.pop("title", "")
    if not title:
        raise Invalid("The task cannot be added so.", fields={"title": _TITLE})
    return _with(change, [_new(change, 0, str(title), by, now, **read)], [""])


def started(change: Change, checklist: str, desk: Desk, now: datetime, *, by: str) -> Change:
    """The change with the tasks of a checklist of the desk; Conflict where they are too many.

    `by` is whoever starts it, as the ledger names them.
    """
    found = desk.checklists.get(checklist)
    if found is None:
        raise Invalid("There is no such checklist.", fields={"checklist": "is not known"})
    ticket = change.after
    group = desk.groups.get(ticket.group)
    locale = group.locale if group else desk.locale
    place = len(change.tasks)
    tasks = [
        _new(
            change,
            place + n,
            one.name(locale),
            by,
            now,
            owner=_owner(one.owner, ticket, desk),
            due_at=statuses.moment(one.due, ticket, desk, now) if one.due else None,
        )
        for n, one in enumerate(found.tasks)
    ]
    return _with(change, tasks, [checklist] * len(tasks))


def _owner(wanted: str, ticket: Ticket, desk: Desk) -> str | None:
    """Whom a checklist means, if they may see the ticket."""
    agent = ticket.assignee if wanted == ASSIGNEE else None if wanted == NONE else wanted
    found = desk.agents.get(agent or "")
    return found.id if found and agent_sees(found, ticket) else None


def _new(change: Change, place: int, title: str, by: str, now: datetime, **given: object) -> Task:
    task = Task(change.after.number, f"{change.seq}-{place}", title, now, by)
    return replace(task, **given)  # type: ignore[arg-type]


def _with(change: Change, tasks: Sequence[Task], checklists: Sequence[str]) -> Change:
    ticket = change.after
    if ticket.status in {Status.CLOSED, Status.MERGED}:
        raise Conflict(f"The ticket is {ticket.status}: nothing remains to be done on it.")
    left, whole = ticket.tasks
    if whole + len(tasks) > TASK_LIMIT:
        raise Conflict(f"A ticket has at most {TASK_LIMIT} tasks.")
    said = tuple(
        facts.TaskAdded(task.id, task.title, task.owner, _iso(task.due_at), checklist)
        for task, checklist in zip(tasks, checklists, strict=True)
    )
    after = replace(ticket, tasks=(left + len(tasks), whole + len(tasks)))
    return replace(change, after=after, facts=(*change.facts, *said), tasks=(*change.tasks, *tasks))


def changed(
    ticket: Ticket, task: Task, wanted: Wanted, desk: Desk, now: datetime, *, by: str
) -> Change | None:
    """The task as it is wanted, None where it is so; Invalid by field."""
    read = _read(ticket, wanted, desk, now, task)
    after = replace(task, **read)  # type: ignore[arg-type]
    if after.due_at != task.due_at:
        after = replace(after, is_reminded=False)
    said: list[facts.Fact] = []
    if after != task:
        said.append(_changed_fact(task, after))
    is_done = task.is_done if wanted.is_done is UNSET else bool(wanted.is_done)
    left = ticket.open_tasks
    if is_done is not task.is_done:
        after = replace(after, done_at=now if is_done else None, by=by)
        kind = facts.TaskDone if is_done else facts.TaskReopened
        said.append(kind(task.id, after.title))
        left += -1 if is_done else 1
    if not said:
        return None
    counted = replace(ticket, tasks=(left, ticket.tasks[1]))
    return Change(ticket, counted, tuple(said), tasks=(after,))


def _changed_fact(task: Task, after: Task) -> facts.TaskChanged:
    was, now = _fields(task), _fields(after)
    names = [name for name, value in was.items() if value != now[name]]
    return facts.TaskChanged(
        task.id,
        after.title,
        {name: was[name] for name in names},
        {name: now[name] for name in names},
        task.title if task.title != after.title else "",
    )


def _fields(task: Task) -> Mapping[str, str | None]:
    return {"owner": task.owner, "due_at": _iso(task.due_at)}


def removed(ticket: Ticket, task: Task) -> Change:
    """The ticket without the task, whose item whoever writes this has to take away."""
    left, whole = ticket.tasks
    after = replace(ticket, tasks=(left if task.is_done else left - 1, whole - 1))
    return Change(ticket, after, (facts.TaskRemoved(task.id, task.title),))


def reminded(ticket: Ticket, task: Task, desk: Desk) -> Agent | None:
    """Who is told that a task is due: its owner, else the assignee, else the lead of the group."""
    agents = (desk.agents.get(one or "") for one in (task.owner, ticket.assignee))
    found = (agent for agent in agents if agent and agent_sees(agent, ticket))
    return next(found, None) or desk.lead_of(ticket.group)


# Reading what somebody wants. ----------------------------------------------------------------

_TITLE = f"1 to {TITLE_LIMIT} characters"


def _read(
    ticket: Ticket, wanted: Wanted, desk: Desk, now: datetime, task: Task | None = None
) -> dict[str, object]:
    """The fields that are set, or Invalid with all that cannot be."""
    found: dict[str, object] = {}
    problems: dict[str, str] = {}
    for name, value in (("title", wanted.title), ("owner", wanted.owner), ("due", wanted.due)):
        if value is not UNSET:
            try:
                found |= _READ[name](value, ticket, desk, now, task)
            except ValueError as error:
                problems[name] = str(error)
    if problems:
        raise Invalid("The task cannot be set so.", fields=problems)
    return found


def _read_title(value: object, *_: object) -> dict[str, object]:
    title = " ".join(str(value or "").split())
    if not 0 < len(title) <= TITLE_LIMIT:
        raise ValueError(_TITLE)
    return {"title": title}


def _read_owner(
    value: object, ticket: Ticket, desk: Desk, _now: datetime, task: Task | None
) -> dict[str, object]:
    if value in {None, ""}:
        return {"owner": None}
    if task and value == task.owner:
        # A form sends what it shows, be they still here or not.
        return {}
    agent = desk.agents.get(str(value)) or desk.agent_at(str(value))
    if agent is None:
        raise ValueError("there is no such agent")
    if not agent_sees(agent, ticket):
        raise ValueError(f"{agent.name} is not in the group {ticket.group}")
    return {"owner": agent.id}


def _read_due(
    value: object, ticket: Ticket, desk: Desk, now: datetime, task: Task | None
) -> dict[str, object]:
    text = str(value or "").strip()
    if task and text and text == statuses.local(task.due_at, desk):
        return {}
    return {"due_at": statuses.moment(text, ticket, desk, now) if text else None}


_Read = Callable[[object, Ticket, Desk, datetime, Task | None], dict[str, object]]
_READ: Mapping[str, _Read] = {"title": _read_title, "owner": _read_owner, "due": _read_due}


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
