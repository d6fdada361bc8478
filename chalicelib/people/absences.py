"""Who is away, until when, and who stands in meanwhile. One call reads it for everybody.

Who may say so, and the fact that somebody did, are of `routing.availability`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from chalicelib import table
from chalicelib.people.items import AwayItem
from chalicelib.people.model import Absence, Absences, Away
from chalicelib.ports import Ports

__all__ = ["Absence", "Absences", "Away", "absent_now", "keep", "read", "read_now"]

# How long a warm function may go by what it read before.
FRESH_FOR = timedelta(seconds=30)


def absent_now(ports: Ports, agents: Iterable[str], now: datetime) -> dict[str, Away]:
    """Those of the agents who are away, and who stands in: at most one call for all of them.

    As of half a minute ago at worst. Whoever stands in may be an id that the desk has no more.
    """
    asked = list(agents)
    return read(ports, now).absent(asked, now) if asked else {}


def read(ports: Ports, now: datetime) -> Absences:
    """All absences, as of half a minute ago at worst."""
    cached: tuple[Absences, datetime] | None = ports.cache.get("absences")
    if cached and now < cached[1]:
        return cached[0]
    return read_now(ports, now)


def read_now(ports: Ports, now: datetime) -> Absences:
    """All absences as they are: one call."""
    sort = table.Item.sk.startswith(table.AWAY)
    pages = table.pages(table.DUTY, sort=sort)
    return keep(ports, (item for page in pages for item in page.items), now)


def keep(ports: Ports, items: Iterable[table.Item], now: datetime) -> Absences:
    """The absences among items that were just read, kept for whoever asks next."""
    away = (item for item in items if isinstance(item, AwayItem))
    found = Absences({agent_of(item): of_item(item) for item in away})
    ports.cache["absences"] = (found, now + FRESH_FOR)
    return found


def agent_of(item: AwayItem) -> str:
    return item.sk.removeprefix(table.AWAY)


def of_item(item: AwayItem) -> tuple[Absence, ...]:
    return tuple(_absence(agent_of(item), *stored) for stored in item.absences)


def _absence(
    agent: str, since: int, until: int | None, substitute: str | None, reason: str
) -> Absence:
    return Absence(agent, _at(since), _at(until) if until else None, substitute, reason)


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def item_of(agent: str, absences: Iterable[Absence], *, seq: int, chain: bytes) -> AwayItem:
    """What the table holds of an agent's absences, after the entry that this chain ends with."""
    pk, sk = table.away_key(agent)
    stored = [
        [
            int(one.since.timestamp()),
            int(one.until.timestamp()) if one.until else None,
            one.substitute,
            one.reason,
        ]
        for one in absences
    ]
    return AwayItem(pk=pk, sk=sk, seq=seq, chain=chain, absences=stored)
