"""The lists that agents work from: their own tickets, and those of their groups."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from chalice.app import Response

from chalicelib import table
from chalicelib.desk.model import Group
from chalicelib.errors import NotFound
from chalicelib.tickets import store
from chalicelib.tickets.model import Status
from chalicelib.web import pages, paging, present
from chalicelib.web.agent import shown
from chalicelib.web.routing import Call

# A page that lists nothing and goes on would say that nothing waits, so it is read on a little.
READS = 5
MINE, OPEN, UNASSIGNED, REPLIED = "mine", "open", "unassigned", "replied"


@dataclass(frozen=True, slots=True)
class _View:
    """One tab of the inbox: my tickets, or a group's."""

    kind: str
    group: Group | None = None

    @property
    def key(self) -> str:
        return f"{self.group.id}-{self.kind}" if self.group else self.kind

    def list_of(self, agent: str) -> tuple[str, str]:
        """The index and the partition that the view reads."""
        if self.group is None:
            return "gsi3", table.mine(agent)
        return "gsi1", table.group_open(self.group.id)

    @property
    def only(self) -> str | None:
        return Status.SOLVED.value if self.kind == REPLIED else None

    def shows(self, row: shown.Shown, now: datetime) -> bool:
        if self.kind == REPLIED:
            return present.is_unopened(row["unopened"], now)
        return self.kind != UNASSIGNED or row["assignee"] is None


def show(call: Call) -> Response:
    """One view of the inbox, what is due first; one call to the table unless much is hidden."""
    views = _views(call)
    wanted = call.query.get("view", MINE)
    current = next((view for view in views if view.key == wanted), None)
    if current is None:
        raise NotFound("There is no such view.")
    rows, cursor = _read(call, current)
    return pages.html(
        call,
        "agent/inbox.html",
        views=_tabs(views, current),
        current={
            "key": current.key,
            "kind": current.kind,
            "group": current.group and current.group.name,
        },
        tickets=rows,
        next=cursor,
        now=call.ports.clock(),
        **pages.frame(call, "inbox"),
    )


def _views(call: Call) -> list[_View]:
    groups = [group for group in call.desk.groups.values() if call.who.may_see(group.id)]
    return [_View(MINE), *(_View(kind, group) for group in groups for kind in _kinds(group))]


def _kinds(group: Group) -> tuple[str, ...]:
    return (OPEN, UNASSIGNED, REPLIED) if group.thanks_stay_solved else (OPEN, UNASSIGNED)


def _tabs(views: list[_View], current: _View) -> list[dict[str, Any]]:
    """The views by group, mine first. How much each has would cost a call for each."""
    return [
        {
            "group": group and group.name,
            "tabs": [
                {"key": view.key, "kind": view.kind, "is_current": view is current} for view in some
            ],
        }
        for group, some in groupby(views, key=lambda view: view.group)
    ]


def _read(call: Call, view: _View) -> tuple[list[shown.Shown], str | None]:
    keys, (index, pk) = call.ports.keys(), view.list_of(call.who.agent or "")
    start = paging.from_cursor(keys, view.key + pk, call.query.get("cursor"))
    for _ in range(READS):
        page = store.list_page(
            index, pk, limit=paging.MOST, start=start, hide=[Status.SOLVED.value], only=view.only
        )
        start = page.next_key
        rows = [shown.row(call.desk, item) for item in page.items]
        rows = [row for row in rows if view.shows(row, call.ports.clock())]
        if rows or start is None:
            break
    return rows, paging.to_cursor(keys, view.key + pk, start)
