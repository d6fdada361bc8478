"""How the item of a task becomes a value of `model`, and back."""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib import table
from chalicelib.tickets.items import TaskItem
from chalicelib.tickets.model import Task


def task_key(number: int, task: str) -> tuple[str, str]:
    return table.ticket_pk(number), table.task_sk(task)


def task_of(item: table.Item | None) -> Task | None:
    """The task in an item; None for anything else."""
    if not isinstance(item, TaskItem):
        return None
    return Task(
        number=table.ticket_number(item.pk) or 0,
        id=item.sk.rpartition("#")[2],
        title=item.title,
        at=item.at,
        by=item.by,
        owner=item.owner,
        due_at=item.due_at,
        done_at=item.done_at,
        is_reminded=bool(item.is_reminded),
    )


def task_item(task: Task) -> TaskItem:
    pk, sk = task_key(task.number, task.id)
    g4pk, g4sk = table.due_key(pk, task.due_at) if task.due_at and _rings(task) else (None, None)
    is_listed = task.owner and not task.is_done
    return TaskItem(
        pk=pk,
        sk=sk,
        g3pk=table.tasks_of(task.owner) if is_listed and task.owner else None,
        g3sk=f"{table.rank(task.due_at, task.at)}#{task.number}" if is_listed else None,
        g4pk=g4pk,
        g4sk=g4sk,
        row=row_of(task) if is_listed else None,
        title=task.title,
        at=task.at,
        by=task.by,
        owner=task.owner,
        due_at=task.due_at,
        done_at=task.done_at,
        is_reminded=task.is_reminded or None,
    )


def _rings(task: Task) -> bool:
    return not task.is_done and not task.is_reminded


def row_of(task: Task) -> dict[str, object]:
    """What the list of its owner shows."""
    row = {
        "number": task.number,
        "id": task.id,
        "title": task.title,
        "due": table.stamp(task.due_at) if task.due_at else None,
    }
    return {name: value for name, value in row.items() if value is not None}


def in_order(found: Iterable[Task]) -> tuple[Task, ...]:
    """Tasks as they came: their ids begin with the place on the timeline."""
    return tuple(sorted(found, key=lambda one: [int(part) for part in one.id.split("-")]))
