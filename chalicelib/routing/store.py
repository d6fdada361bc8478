"""What routing keeps: to whom a ticket was given, whose turn it is, and who left with tickets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import (
    JSONAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
)

from chalicelib import table
from chalicelib.people import absences
from chalicelib.ports import Ports
from chalicelib.routing.model import Duty

# The list of somebody's tickets is an index: it may lag behind what was just given.
LAG = timedelta(minutes=2)
LEASE = timedelta(minutes=5)
LEAVER_PAGE = 50


class OfferItem(table.Item, discriminator="offer"):
    """To whom a ticket was given, in which entry; nobody while it waits for somebody.

    It rings when the answer is late, or when somebody may be there.
    """

    group = UnicodeAttribute()
    agent = UnicodeAttribute(null=True)
    seq = NumberAttribute()
    passed_over: JSONAttribute = JSONAttribute(null=True)

    @property
    def waits_in(self) -> str | None:
        """The group in which somebody is looked for when it rings."""
        return self.group if self.agent is None and self.g4sk else None


class TurnItem(table.Item, discriminator="turn"):
    """When an agent was last given a ticket of which group, and the latest tickets given at all."""

    seq = NumberAttribute()
    given: JSONAttribute = JSONAttribute()
    recent: JSONAttribute = JSONAttribute(null=True)


class LeaverItem(table.Item, discriminator="leaver"):
    """An agent who left groups with a version of the desk. It rings until all their tickets there
    were given back.

    `told` are the groups whose leads know; `cursor` is where to go on.
    """

    version = NumberAttribute()
    since = UTCDateTimeAttribute()
    told = UnicodeSetAttribute(null=True)
    cursor: JSONAttribute = JSONAttribute(null=True)


@dataclass(frozen=True, slots=True)
class Roster:
    """What one query gives of all agents: their duty, and the turns to move one of them on."""

    duty: Duty
    turns: Mapping[str, TurnItem]


def roster(ports: Ports, now: datetime) -> Roster:
    """What is known of all agents, as it is: one call."""
    items = [item for page in table.pages(table.DUTY) for item in page.items]
    turns = {item.sk.removeprefix(table.TURN): item for item in items if isinstance(item, TurnItem)}
    duty = Duty(
        absences.keep(ports, items, now),
        {agent: _given(item) for agent, item in turns.items()},
        {agent: _recent(item, now) for agent, item in turns.items()},
    )
    return Roster(duty, turns)


def _given(item: TurnItem) -> dict[str, datetime]:
    return {group: table.instant(at) for group, at in item.given.items()}


def _recent(item: TurnItem, now: datetime) -> set[int]:
    return {int(number) for number, at in item.recent or () if at > table.stamp(now - LAG)}


def loads(agents: Iterable[str], duty: Duty) -> dict[str, int]:
    """How many open tickets each agent has: one call each."""
    return {agent: len(tickets_of(agent) | set(duty.recent.get(agent, ()))) for agent in agents}


def tickets_of(agent: str) -> set[int]:
    """The open tickets of an agent, as far as one page of a megabyte reaches: one call."""
    page = table.query(table.mine(agent), index="gsi3")
    return {number for item in page.items if (number := _number(item)) is not None}


def _number(item: table.Item) -> int | None:
    return table.ticket_number(item.pk) if item.sk == table.HEAD else None


def turn_write(agent: str, group: str, number: int, known: Roster, now: datetime) -> table.Write:
    """The write that gives an agent a ticket; whoever gives the same agent another one loses."""
    pk, sk = table.turn_key(agent)
    before, given_at = known.turns.get(agent), known.duty.next_turn(group, now)
    recent = [
        one for one in (before.recent or () if before else ()) if one[1] > table.stamp(now - LAG)
    ]
    item = TurnItem(
        pk=pk,
        sk=sk,
        seq=int(before.seq) + 1 if before else 1,
        given={**(before.given if before else {}), group: table.stamp(given_at)},
        recent=[*recent, [number, table.stamp(now)]],
    )
    return table.Write(item, TurnItem.seq == before.seq if before else table.absent())


# What a ticket waits for. --------------------------------------------------------------------


def offer_write(
    number: int,
    group: str,
    seq: int,
    *,
    agent: str | None = None,
    passed_over: Iterable[str] = (),
    rings_at: datetime | None = None,
) -> table.Write:
    """The write of who has a ticket or that nobody does; it is made with a change of the ticket."""
    pk, sk = table.offer_key(number)
    item = OfferItem(
        pk=pk, sk=sk, group=group, seq=seq, agent=agent, passed_over=sorted(passed_over) or None
    )
    if rings_at:
        item.g4pk, item.g4sk = table.due_key(pk, rings_at)
    return table.Write(item)


def ring_again(item: OfferItem, at: datetime) -> None:
    """Have it ring later, with nobody passed over any more; whoever was faster knows better."""
    g4pk, g4sk = table.due_key(item.pk, at)
    actions = [OfferItem.g4pk.set(g4pk), OfferItem.g4sk.set(g4sk), OfferItem.passed_over.remove()]
    table.update(OfferItem(pk=item.pk, sk=item.sk), actions, OfferItem.g4sk == item.g4sk)


def silence(item: OfferItem) -> None:
    """Have it ring no more."""
    actions = [OfferItem.g4pk.remove(), OfferItem.g4sk.remove()]
    table.update(OfferItem(pk=item.pk, sk=item.sk), actions, OfferItem.g4sk == item.g4sk)


# Who left. -----------------------------------------------------------------------------------


def begin_leaving(agent: str, version: int, now: datetime) -> LeaverItem | None:
    """Note that an agent left groups with a version of the desk; the note rings from now on.

    None where that is noted, or a later version.
    """
    pk, sk = table.leaver_key(agent)
    g4pk, g4sk = table.due_key(pk, now)
    item = LeaverItem(pk=pk, sk=sk, version=version, since=now, g4pk=g4pk, g4sk=g4sk)
    is_new = LeaverItem.version.does_not_exist() | (LeaverItem.version < version)
    try:
        table.transact([table.Write(item, is_new)])
    except table.Lost as lost:
        if not lost.held:
            raise
        return None
    return item


def agent_of(item: LeaverItem) -> str:
    return item.sk.removeprefix(table.LEAVER)


def lease(item: LeaverItem, now: datetime) -> bool:
    """Work on it alone for a while; False where somebody else does."""
    g4pk, g4sk = table.due_key(item.pk, now + LEASE)
    actions = [LeaverItem.g4pk.set(g4pk), LeaverItem.g4sk.set(g4sk)]
    return table.update(item, actions, LeaverItem.g4sk == item.g4sk)


def go_on(item: LeaverItem, cursor: dict[str, Any] | None, now: datetime) -> None:
    """Go on from there with the next sweep; without a cursor, it is done."""
    g4pk, g4sk = table.due_key(item.pk, now)
    onward = (LeaverItem.g4pk.set(g4pk), LeaverItem.g4sk.set(g4sk), LeaverItem.cursor.set(cursor))
    ended = (LeaverItem.g4pk.remove(), LeaverItem.g4sk.remove(), LeaverItem.cursor.remove())
    table.update(item, onward if cursor else ended, LeaverItem.g4sk == item.g4sk)


def told_write(item: LeaverItem, group: str) -> table.Write:
    """The write that says that the lead of a group knows."""
    told = LeaverItem(pk=item.pk, sk=item.sk)
    return table.Write(told, table.exists(), (LeaverItem.told.add({group}),))


def open_page(agent: str, start: dict[str, Any] | None) -> table.Page:
    """A page of what an agent has to do, tickets and else: one call."""
    return table.query(table.mine(agent), index="gsi3", limit=LEAVER_PAGE, start=start)


def numbers_in(page: table.Page) -> Iterator[int]:
    return (number for item in page.items if (number := _number(item)) is not None)
