"""Who has a ticket open right now.

That is no change of the ticket: no version, no ledger entry, and nothing reacts. What happens when
two people do send at once is decided in `collision` and `service`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib import table
from chalicelib.ports import Ports
from chalicelib.tickets import store
from chalicelib.tickets.access import Who, seen
from chalicelib.tickets.items import PresenceItem
from chalicelib.tickets.model import Presence
from chalicelib.tickets.stored import presences_of

# A page beats every half minute, so that one lost beat is forgiven.
PRESENT_FOR = timedelta(seconds=75)
CHECKED_FOR = timedelta(minutes=10)
TRIES = 3


class Mode(StrEnum):
    """What somebody does at a ticket."""

    VIEWING = "viewing"
    COMPOSING = "composing"
    LEFT = "left"


def beat(ports: Ports, who: Who, number: int, mode: Mode) -> list[Presence]:
    """Say that one is there, or has left, and read who else is: one call.

    Whoever was let in is let in for ten minutes, so only the first beat and every twentieth looks
    at the ticket. Raises NotFound for a ticket that is not theirs to see.
    """
    who.need("tickets:read")
    now = ports.clock()
    found = _beat_again(who, number, mode, now) or _come_in(who, number, mode, now)
    return others(presences_of(found), who, now)


def others(present: Iterable[Presence], who: Who, now: datetime) -> list[Presence]:
    """Who else is there, those who write before those who read."""
    me = str(who.actor)
    found = [one for one in present if one.actor != me and one.until > now]
    return sorted(found, key=lambda one: (one.mode, one.actor))


def _beat_again(who: Who, number: int, mode: Mode, now: datetime) -> PresenceItem | None:
    """The beat of somebody who was let in lately; None where they were not."""
    mine = PresenceItem.present[str(who.actor)]
    until = _seconds(now + PRESENT_FOR)
    actions = [mine[0].set(mode.value), mine[1].set(until), PresenceItem.ttl.set(until)]
    item = _item(number)
    is_in = mine[2] > _seconds(now)
    actions = actions if mode is not Mode.LEFT else [mine.remove()]
    return item if table.update(item, actions, is_in) else None


def _come_in(who: Who, number: int, mode: Mode, now: datetime) -> PresenceItem:
    """Let somebody in who may see the ticket, and forget who is long gone."""
    item = _item(number)
    for _ in range(TRIES):
        ticket, found = store.load(number, [(item.pk, item.sk)])
        seen(who, ticket, number)
        there = found.get((item.pk, item.sk))
        if mode is Mode.LEFT:
            return there if isinstance(there, PresenceItem) else item
        if _enter(item, there, who, mode, now):
            return item
    return item


def _enter(
    item: PresenceItem, there: table.Item | None, who: Who, mode: Mode, now: datetime
) -> bool:
    """Write the first beat; False where somebody else came or went at the same moment."""
    until, me = _seconds(now + PRESENT_FOR), str(who.actor)
    entry = [mode.value, until, _seconds(now + CHECKED_FOR)]
    if there is None:
        # An update that makes an item has to say of which kind it is.
        kind = PresenceItem.kind.set(PresenceItem)
        whole = PresenceItem.present.set({me: entry})
        return table.update(item, [kind, whole, PresenceItem.ttl.set(until)], table.absent())
    gone = [one.actor for one in presences_of(there) if one.until <= now and one.actor != me]
    actions = [
        PresenceItem.present[me].set(entry),
        PresenceItem.ttl.set(until),
        *(PresenceItem.present[actor].remove() for actor in gone),
    ]
    return table.update(item, actions, table.exists())


def _item(number: int) -> PresenceItem:
    return PresenceItem(pk=table.ticket_pk(number), sk=table.PRESENCE, present={})


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
