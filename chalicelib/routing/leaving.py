"""Agents who leave groups: their open tickets there go back, so that routing gives them to others.

An agent may have thousands. They are walked page by page; what is left of them rings in a minute,
and so does what a walk that died has left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from chalicelib import facts, table
from chalicelib.desk.model import Desk
from chalicelib.desk.service import body_of, live_desk
from chalicelib.ports import Ports
from chalicelib.routing import store
from chalicelib.routing.giving import ROUTING, handed
from chalicelib.routing.store import LeaverItem
from chalicelib.tickets import service as tickets
from chalicelib.tickets import store as ticket_store
from chalicelib.tickets.changes import Change, with_fact
from chalicelib.tickets.model import Ticket

# How much one walk does: a function has a minute, and a ticket takes two calls.
PAGES = 4


def react(ports: Ports, version: int) -> None:
    """A version of the desk went live: take back what agents have who left groups by it.

    Harmless to repeat: what was taken back is not theirs any more.
    """
    desk = live_desk(ports, at_least=version)
    for agent in _leavers(body_of(ports, version - 1), desk):
        begun = store.begin_leaving(agent, version, ports.clock())
        if begun:
            walk(ports, begun)


def _leavers(before: Mapping[str, Any], desk: Desk) -> Iterator[str]:
    """Who was in a group, and is not any more."""
    for agent, given in before.get("agents", {}).items():
        groups = given.get("groups", ()) if not given.get("is_admin") else before.get("groups", ())
        if not all(desk.may_have(agent, group) for group in groups):
            yield agent


def walk(ports: Ports, item: table.Item) -> None:
    """Take back some pages of what a leaver has; called by the sweep until nothing is left."""
    if not isinstance(item, LeaverItem) or not store.lease(item, ports.clock()):
        return
    cursor = item.cursor
    for _ in range(PAGES):
        page = store.open_page(store.agent_of(item), cursor)
        for number in store.numbers_in(page):
            _take_back(ports, item, number)
        cursor = page.next_key
        if cursor is None:
            break
    store.go_on(item, cursor, ports.clock())


def _take_back(ports: Ports, item: LeaverItem, number: int) -> None:
    """One ticket goes back; the first of a group tells its lead."""
    agent = store.agent_of(item)

    def attempt() -> None:
        ticket, _ = ticket_store.load(number)
        desk, now = live_desk(ports), ports.clock()
        if ticket is None or ticket.assignee != agent or desk.may_have(agent, ticket.group):
            return
        change, also = _told(ports, item, _given_back(ticket, agent), desk, now)
        tickets.save(change, actor=ROUTING, cause="agents", now=now, also=also)
        item.told = {*(item.told or ()), ticket.group}

    words = f"Ticket {number} was changed too often to be taken back: once more."
    tickets.retried(ports, attempt, words)


def _given_back(ticket: Ticket, agent: str) -> Change:
    return with_fact(handed(ticket, None), facts.AssignmentLapsed(agent, ticket.group, "left"))


def _told(
    ports: Ports, item: LeaverItem, change: Change, desk: Desk, now: datetime
) -> tuple[Change, list[table.Write]]:
    """The change with a mail to the lead of the group, unless they were told of this agent."""
    group = change.after.group
    lead = desk.lead_of(group)
    if lead is None or group in (item.told or ()):
        return change, []
    change = tickets.with_notice(ports, change, lead, mail="agent_left", now=now)
    return change, [store.told_write(item, group)]
