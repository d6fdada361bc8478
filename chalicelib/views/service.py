"""Reading a view: pages of it, how much there is, and the next ticket to take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chalicelib import table
from chalicelib.desk.service import live_desk
from chalicelib.errors import Invalid, NotFound
from chalicelib.people.absences import absent_now
from chalicelib.ports import Ports
from chalicelib.tickets import edits, service, store
from chalicelib.tickets.access import Who
from chalicelib.tickets.changes import Change
from chalicelib.tickets.edits import Edit
from chalicelib.tickets.model import Status, Ticket
from chalicelib.views.model import COVERED, Listing, listings

# A page that lists nothing and goes on would say that nothing waits, so it is read on a little.
READS = 5
# Beyond this nobody needs to know how many there are.
COUNT_LIMIT = 1000
COUNTED_FOR = timedelta(seconds=60)
# How many tickets are tried for the next one, and how many are read in one go to find them.
TRIES = 20
TAKEN_FROM = 100
_HIDDEN = (Status.SOLVED.value,)

# Where each list of a view goes on: the key of the last row taken, START, or OVER.
Places = Mapping[str, Any]
START, OVER = None, "over"


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of a view in its order, as items of a list index, and where the next page starts."""

    items: tuple[table.Item, ...]
    following: Places | None


@dataclass(frozen=True, slots=True)
class Count:
    """How many tickets a view has; at least so many where it is `capped`."""

    number: int
    is_capped: bool = False


def views_of(ports: Ports, who: Who) -> list[Listing]:
    """The views of whoever asks, in order: no call."""
    who.need("tickets:read")
    desk = live_desk(ports)
    groups = [group for group in desk.groups if who.may_see(group)]
    return listings(desk, who.agent, groups)


def named(views: Sequence[Listing], key: str) -> Listing:
    """The view with this key, or NotFound for one that is not there or not theirs."""
    found = next((view for view in views if view.key == key), None)
    if found is None:
        raise NotFound("There is no such view.")
    return found


def page(ports: Ports, view: Listing, *, limit: int, start: Places | None = None) -> Page:
    """A page of a view: one call for each of its lists, unless much of them is not shown."""
    now, places = ports.clock(), dict(start or {})
    index, lists = _lists(ports, view)
    shown: tuple[table.Item, ...] = ()
    for _ in range(READS):
        items, places = _merged(index, lists, view, limit, places)
        shown = tuple(item for item in items if is_ticket(item) and view.shows(item.columns, now))
        if shown or _is_over(places):
            break
    return Page(shown, None if _is_over(places) else places)


def is_ticket(item: table.Item) -> bool:
    """Whether a row is a ticket's: an agent's list has their tasks, too."""
    return item.sk == table.HEAD


def _is_over(places: Places) -> bool:
    return all(place == OVER for place in places.values())


def _lists(ports: Ports, view: Listing) -> tuple[str, Sequence[str]]:
    """The index that a view reads, and the partitions of it."""
    if view.groups:
        return "gsi1", [table.group_open(group) for group in view.groups]
    if view.kind != COVERED:
        return "gsi3", [table.mine(view.agent)]
    away = absent_now(ports, live_desk(ports).agents, ports.clock())
    return "gsi3", [table.mine(one) for one, who in away.items() if who.stands_in == view.agent]


def _merged(
    index: str, lists: Sequence[str], view: Listing, limit: int, places: Places
) -> tuple[list[table.Item], dict[str, Any]]:
    """The first rows of all lists together, in the order of the index, and where each goes on."""
    pages: dict[str, table.Page] = {
        pk: store.list_page(
            index, pk, limit=limit, start=places.get(pk), hide=_HIDDEN, only=view.only
        )
        for pk in lists
        if places.get(pk, START) != OVER
    }
    ranked = sorted(
        (
            (table.place_in(index, item), pk, item)
            for pk, found in pages.items()
            for item in found.items
        ),
        key=lambda one: (one[0].rank, one[1]),
    )
    following = {pk: places.get(pk, START) for pk in lists}
    for pk, found in pages.items():
        mine = [place for place, owner, _ in ranked[:limit] if owner == pk]
        if len(mine) == len(found.items):
            following[pk] = found.next_key or OVER
        elif mine:
            following[pk] = mine[-1].key
    return [item for *_, item in ranked[:limit]], following


def take_next(ports: Ports, who: Who, view: Listing) -> Ticket | None:
    """Give whoever asks the first ticket of a view that nobody has; None where all are taken.

    Two who ask at once get two tickets: whoever is later finds the first one taken.
    """
    who.need("tickets:write")
    if who.agent is None:
        raise Invalid("Only agents take tickets: a program assigns them.")
    desk = live_desk(ports)
    for item in _untaken(ports, view):
        number = int(item.columns["number"])

        def decide(ticket: Ticket | None, now: datetime) -> Change | None:
            # The list may be older than the ticket.
            if ticket is None or ticket.assignee or ticket.is_over or not who.may_see(ticket.group):
                return None
            return edits.edited(ticket, Edit(assignee=who.agent), desk, now, agent=who.agent)

        saved = service.amend(ports, number, decide, actor=who.actor, cause="take")
        if saved.change:
            return saved.ticket
    return None


def _untaken(ports: Ports, view: Listing) -> Iterator[table.Item]:
    """The first tickets of a view that nobody has, page after page, as many as are tried."""
    start: Places | None = None
    left = TRIES
    for _ in range(READS):
        found = page(ports, view, limit=TAKEN_FROM, start=start)
        for item in found.items:
            if left and not item.columns.get("assignee"):
                left -= 1
                yield item
        start = found.following
        if start is None or not left:
            return


def counts(ports: Ports, who: Who) -> dict[str, Count]:
    """How many tickets each view has, at most a minute old: one walk through each list."""
    views, now = views_of(ports, who), ports.clock()
    key = ("counts", *(view.key for view in views), who.agent)
    cached: tuple[dict[str, Count], datetime] | None = ports.cache.get(str(key))
    if cached and now < cached[1]:
        return cached[0]
    found = _counted(ports, views, now)
    ports.cache[str(key)] = (found, now + COUNTED_FOR)
    return found


def _counted(ports: Ports, views: Sequence[Listing], now: datetime) -> dict[str, Count]:
    numbers, capped = dict.fromkeys((view.key for view in views), 0), set[str]()
    readers: dict[tuple[str, str], list[Listing]] = {}
    for view in views:
        index, lists = _lists(ports, view)
        for pk in lists:
            readers.setdefault((index, pk), []).append(view)
    for (index, pk), its in readers.items():
        read, is_whole = _some_of(index, pk)
        for view in its:
            rows = (row for row in read if _is_of(view, row) and view.shows(row, now))
            numbers[view.key] += sum(1 for _ in rows)
            if not is_whole or numbers[view.key] > COUNT_LIMIT:
                capped.add(view.key)
    return {key: Count(min(number, COUNT_LIMIT), key in capped) for key, number in numbers.items()}


def _some_of(index: str, pk: str) -> tuple[list[Mapping[str, Any]], bool]:
    """The rows of a list, as many as are counted, and whether these are all."""
    rows: list[Mapping[str, Any]] = []
    for found in table.pages(pk, index=index, limit=COUNT_LIMIT):
        rows += [item.columns for item in found.items if is_ticket(item)]
        if len(rows) > COUNT_LIMIT:
            return rows, found.next_key is None
    return rows, True


def _is_of(view: Listing, row: Mapping[str, Any]) -> bool:
    """Whether the view reads that kind of row at all: solved tickets alone, or all others."""
    return (row["status"] == Status.SOLVED) is (view.only == Status.SOLVED)
