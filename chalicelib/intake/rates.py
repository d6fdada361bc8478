"""How much mail came from an address, and how much a machine answered to it.

Counts are kept in items of ten minutes, an hour or a day that vanish by themselves. Every one but
the domain's is exact. That one would be touched by many mails at once, so one ticket in ten writes
it and counts for all ten. Of the whole desk nothing is counted at all: tickets are numbered, and
the number with which an hour began tells how many it has had.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib import table
from chalicelib.intake.items import RateItem
from chalicelib.intake.model import Rate
from chalicelib.keys import Keys

LIFE = timedelta(days=3)
SAMPLE = 10
Found = Mapping[tuple[str, str], table.Item]


@dataclass(frozen=True, slots=True)
class Rates:
    """Where the counts for one sender stand at one instant."""

    keys: Keys
    sender: str
    now: datetime

    @property
    def all(self) -> tuple[tuple[str, str], ...]:
        return (self._ten_minutes, self._day, self._yesterday, self._domain, self._desk)

    @property
    def _address(self) -> str:
        return table.rate_pk(self.keys.hide(self.sender.lower()))

    @property
    def _ten_minutes(self) -> tuple[str, str]:
        return self._address, f"{self.now:%Y%m%d%H%M}"[:-1]

    @property
    def _day(self) -> tuple[str, str]:
        return self._address, f"{self.now:%Y%m%d}"

    @property
    def _yesterday(self) -> tuple[str, str]:
        return self._address, f"{self.now - timedelta(days=1):%Y%m%d}"

    @property
    def _domain(self) -> tuple[str, str]:
        domain = self.sender.rpartition("@")[2].lower()
        return table.rate_pk(self.keys.hide(f"domain {domain}")), f"{self.now:%Y%m%d%H}"

    @property
    def _desk(self) -> tuple[str, str]:
        return table.rate_pk("desk"), f"{self.now:%Y%m%d%H}"

    def read(self, found: Found) -> Rate:
        """The counts among items that were looked up."""
        lately, domain, desk = (
            _rate(found, key) for key in (self._ten_minutes, self._domain, self._desk)
        )
        days = [_rate(found, key) for key in (self._day, self._yesterday)]
        acks = [_ack(text) for day in days for text in day.answered or ()]
        recent = [(at, mark) for at, mark in acks if self.now - at < timedelta(days=1)]
        blocks = [day.blocked_until for day in days if day.blocked_until]
        return Rate(
            received=int(lately.received or 0),
            acks_this_hour=sum(self.now - at < timedelta(hours=1) for at, _ in recent),
            acks_today=len(recent),
            acks_to_domain=int(domain.total or 0),
            subjects=frozenset(mark for _, mark in recent),
            blocked_until=max(blocks, default=None),
            first_number=int(desk.total) if desk.total is not None else None,
            last_number=int(lately.ticket) if lately.ticket else None,
        )

    def mark(self, subject: str) -> str:
        """A subject as it is remembered: enough to know it again, not to read it."""
        return self.keys.hide(f"subject {' '.join(subject.lower().split())}")[:12]

    def count(self, number: int | None) -> table.Write:
        """Count one mail in, which went to that ticket."""
        more = [RateItem.ticket.set(number)] if number else []
        return self._update(self._ten_minutes, [RateItem.received.add(1), *more])

    def acknowledge(self, number: int, subject: str) -> list[table.Write]:
        """Count one acknowledgement out."""
        ack = f"{int(self.now.timestamp())} {self.mark(subject)}"
        writes = [self._update(self._day, [RateItem.answered.add({ack})])]
        if number % SAMPLE == 0:
            writes.append(self._update(self._domain, [RateItem.total.add(SAMPLE)]))
        return writes

    def begin_hour(self, number: int) -> table.Write:
        """Remember with which ticket this hour began; a racing twin loses and looks again."""
        pk, sk = self._desk
        return table.put_new(RateItem(pk=pk, sk=sk, total=number, ttl=self._ttl))

    def block(self, until: datetime) -> table.Write:
        """Let the sender wait."""
        return self._update(self._day, [RateItem.blocked_until.set(until)])

    @property
    def _ttl(self) -> int:
        return int((self.now + LIFE).timestamp())

    def _update(self, key: tuple[str, str], actions: Sequence[Any]) -> table.Write:
        # An update creates the item without its kind, which a read needs to know the class.
        named = (RateItem.kind.set(RateItem), RateItem.ttl.set(self._ttl))
        return table.Write(RateItem(pk=key[0], sk=key[1]), None, (*named, *actions))


def _rate(found: Found, key: tuple[str, str]) -> RateItem:
    item = found.get(key)
    return item if isinstance(item, RateItem) else RateItem()


def _ack(text: str) -> tuple[datetime, str]:
    seconds, _, mark = text.partition(" ")
    return datetime.fromtimestamp(int(seconds), UTC), mark
