"""Which lists of the table answer a query for tickets, and the one cursor that walks them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chalicelib import table
from chalicelib.errors import Forbidden, Invalid
from chalicelib.people import service as people
from chalicelib.tickets import store
from chalicelib.tickets.model import Status
from chalicelib.views.model import was_answered
from chalicelib.views.service import is_ticket
from chalicelib.web import paging, present
from chalicelib.web.routing import Call

FILTERS = ("group", "requester", "assignee", "status", "replied_after_solve")
# Closed tickets are listed by the month of their closing, so a list of them must end somewhere.
CLOSED_MONTHS = 24
QUERIES = 10
OVER = {Status.SOLVED, Status.CLOSED, Status.MERGED}


@dataclass(frozen=True, slots=True)
class Walk:
    """The lists to read one after the other, all of one index, and what to leave out of them."""

    index: str
    lists: Sequence[str]
    hide: Sequence[str] = ()


def page(call: Call) -> dict[str, Any]:
    """A page of the tickets asked for: one query for each list that it takes to fill it.

    After ten queries a page ends as it is, so it may be empty and still have a `next`.
    """
    status = _status(call)
    walk = _walk(call, status)
    scope = json.dumps([call.query.get(name) for name in FILTERS])
    keys, limit = call.ports.keys(), paging.limit_of(call.query.get("limit"))
    at = paging.from_cursor(keys, scope, call.query.get("cursor")) or {"list": walk.lists[0]}
    if at["list"] not in walk.lists:
        raise Invalid("This cursor is not of this list: start again without one.")
    rows: list[dict[str, Any]] = []
    following: dict[str, Any] | None = at
    for _ in range(QUERIES):
        if following is None or len(rows) >= limit:
            break
        found = store.list_page(
            walk.index,
            following["list"],
            limit=limit - len(rows),
            start=following.get("after"),
            hide=walk.hide,
            only=status.value if status else None,
        )
        rows += [
            present.row_json(call.desk, item) for item in found.items if _is_wanted(call, item)
        ]
        following = _next(walk, following["list"], found)
    return {"items": rows, "next": paging.to_cursor(keys, scope, following)}


def _next(walk: Walk, current: str, found: table.Page) -> dict[str, Any] | None:
    if found.next_key:
        return {"list": current, "after": found.next_key}
    rest = walk.lists[walk.lists.index(current) + 1 :]
    return {"list": rest[0]} if rest else None


def _is_wanted(call: Call, item: table.Item) -> bool:
    """The lists of a person or an agent hold tickets of all groups, those of a category all of
    its statuses; an agent's has their tasks, too.
    """
    if not is_ticket(item):
        return False
    row = present.row_json(call.desk, item)
    is_asked = call.query.get("group") in {None, row["group"]}
    is_status = call.query.get("status") in {None, row["status"], row["category"]}
    is_late = "replied_after_solve" not in call.query or was_answered(
        item.columns, call.ports.clock()
    )
    return is_asked and is_status and is_late and call.who.may_see(row["group"])


def _status(call: Call) -> Status | None:
    """The category to read; of a status of the desk's own its category."""
    if call.query.get("replied_after_solve", "true") != "true":
        hint = "true, or leave it out"
        raise Invalid("There is no such list.", fields={"replied_after_solve": hint})
    default = "solved" if "replied_after_solve" in call.query else None
    wanted = call.query.get("status", default)
    if wanted is None:
        return None
    if wanted in set(Status):
        return Status(wanted)
    if wanted in call.desk.statuses:
        return Status(call.desk.statuses[wanted].category)
    known = ", ".join(dict.fromkeys([*Status, *call.desk.statuses]))
    raise Invalid("There is no such status.", fields={"status": f"one of {known}"})


def _walk(call: Call, status: Status | None) -> Walk:
    groups = _groups(call)
    if "requester" in call.query and "assignee" in call.query:
        hint = "not together with a requester"
        raise Invalid("Ask for one of the two.", fields={"assignee": hint})
    if "requester" in call.query:
        found = people.find(call.ports, call.query["requester"])
        return Walk("gsi2", [table.person_pk(found.person or "-" if found else "-")])
    if "assignee" in call.query:
        return _walk_of_agent(call, status)
    if status in {Status.CLOSED, Status.MERGED}:
        months = _months(call.ports.clock())
        lists = [table.group_closed(group, month) for month in months for group in groups]
        return Walk("gsi1", lists)
    return Walk("gsi1", [table.group_open(group) for group in groups], hide=[Status.SOLVED.value])


def _groups(call: Call) -> list[str]:
    """The group asked for, or all that the caller may see."""
    visible = [group for group in call.desk.groups if call.who.may_see(group)]
    group = call.query.get("group")
    if group is None and visible:
        return visible
    if group in visible:
        return [group]
    if group is None or group in call.desk.groups:
        raise Forbidden(f"The tickets of {group or 'all groups'} are not yours to see.")
    raise Invalid("There is no such group.", fields={"group": f"one of {', '.join(visible)}"})


def _walk_of_agent(call: Call, status: Status | None) -> Walk:
    wanted = call.query["assignee"]
    agent = call.desk.agents.get(wanted) or call.desk.agent_at(wanted)
    if agent is None:
        raise Invalid("There is no such agent.", fields={"assignee": "an agent's id or address"})
    if status in OVER:
        hint = "an assignee's list ends where a ticket is solved"
        raise Invalid("There is no such list.", fields={"status": hint})
    return Walk("gsi3", [table.mine(agent.id)])


def _months(now: datetime) -> list[datetime]:
    """As many months as a list of closed tickets goes back, the newest first."""
    months = [now]
    while len(months) < CLOSED_MONTHS:
        months.append(months[-1].replace(day=1) - timedelta(days=1))
    return months
