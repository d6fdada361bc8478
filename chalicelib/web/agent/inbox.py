"""The lists that agents work from: their own tickets, those of their groups, and suspended mail."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from chalice.app import Response

from chalicelib import table
from chalicelib.desk.model import Group
from chalicelib.errors import NotFound
from chalicelib.intake import store as intake
from chalicelib.intake.model import Cause
from chalicelib.tickets import store
from chalicelib.tickets.model import Status
from chalicelib.web import files, pages, paging
from chalicelib.web.agent import shown
from chalicelib.web.routing import Call

# A page that lists nothing and goes on would say that nothing waits, so it is read on a little.
READS = 5
MINE, OPEN, UNASSIGNED = "mine", "open", "unassigned"


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

    def shows(self, row: shown.Shown) -> bool:
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
    return [_View(MINE), *(_View(kind, group) for group in groups for kind in (OPEN, UNASSIGNED))]


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
            index, pk, limit=paging.MOST, start=start, hide=[Status.SOLVED.value]
        )
        start = page.next_key
        rows = [shown.row(call.desk, item) for item in page.items]
        rows = [row for row in rows if view.shows(row)]
        if rows or start is None:
            break
    return rows, paging.to_cursor(keys, view.key + pk, start)


# Suspended mail. -----------------------------------------------------------------------------


def show_suspended(call: Call) -> Response:
    """Suspended mail, the newest first, with its cause."""
    call.who.need("suspended:read")
    keys = call.ports.keys()
    page = intake.list_page(
        paging.LIMIT, paging.from_cursor(keys, "suspended", call.query.get("cursor"))
    )
    return pages.html(
        call,
        "agent/suspended.html",
        mails=[_suspended(call, item) for item in page.items],
        next=paging.to_cursor(keys, "suspended", page.next_key),
        now=call.ports.clock(),
        **pages.frame(call, "suspended"),
    )


def _suspended(call: Call, item: table.Item) -> dict[str, Any]:
    row = item.columns
    return {
        "id": row["id"],
        "cause": row["cause"],
        "sender": row.get("sender") or "",
        "subject": row.get("subject") or "",
        "received_at": table.instant(row["received"]),
        "url": _original(call, row["id"]) if row["cause"] != Cause.VIRUS else None,
    }


def _original(call: Call, mail: str) -> str:
    return f"{call.prefix}/agent/suspended/{mail}/raw"


def get_suspended(call: Call, mail: str) -> Response:
    """The original of a suspended mail, by redirect; one that carries a virus stays where it is."""
    call.who.need("suspended:read")
    key = (table.suspended_pk(mail), table.ONLY)
    found = intake.suspended_of(table.fetch([key]).get(key))
    if found is None or found.cause is Cause.VIRUS:
        raise NotFound("There is no such mail.")
    return files.redirect(
        call.ports.mail_blobs.link(
            found.raw_key, filename=f"{mail}.eml", content_type="application/octet-stream"
        )
    )
