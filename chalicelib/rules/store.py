"""What is kept for rules: how often they fired on a ticket, which are paused, when each last fired.

What a rule does to a ticket is the ticket's, and written with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pynamodb.attributes import (
    JSONAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)

from chalicelib import table
from chalicelib.ledger.model import EMPTY, End, Entry
from chalicelib.ledger.store import EntryItem, from_item
from chalicelib.rules.counts import LIFE, Counts
from chalicelib.rules.timing import Timer
from chalicelib.tickets.model import Article, Ticket
from chalicelib.tickets.store import article_of, head_key, list_page, ticket_of

SCOPE = table.system_pk("rules")


class FiringsItem(table.Item, discriminator="rule_firings"):
    """How often rules fired on a ticket lately; it goes by itself."""

    firings: JSONAttribute = JSONAttribute()
    mails: JSONAttribute = JSONAttribute()


class PausedItem(table.Item, discriminator="rule_paused"):
    """A rule that rests, as long as it has this wording."""

    at = UTCDateTimeAttribute()
    why = UnicodeAttribute()
    number = NumberAttribute()
    digest = UnicodeAttribute()


class FiredItem(table.Item, discriminator="rule_fired"):
    """When a rule last fired, to the day."""

    at = UTCDateTimeAttribute()


class TimerItem(table.Item, discriminator="rule_timer"):
    """What automations wait for on a ticket: instants as text, by anchor and by automation."""

    anchors: JSONAttribute = JSONAttribute()
    fired: JSONAttribute = JSONAttribute()
    revision = NumberAttribute()


class WalkItem(table.Item, discriminator="rule_walk"):
    """Up to where a walk over all open tickets has come, for a version of the desk.

    `group` is the next one, or none once it has ended, and `start` where its list goes on.
    """

    version = NumberAttribute()
    step = NumberAttribute()
    group = UnicodeAttribute(null=True)
    start: JSONAttribute = JSONAttribute(null=True)


@dataclass(frozen=True, slots=True)
class Pause:
    """Why a rule of that wording rests: the limit it broke, when, and on which ticket."""

    rule: str
    at: datetime
    why: str
    ticket: int
    digest: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Which rules are paused, and when each last fired, to the day."""

    paused: Mapping[str, Pause] = field(default_factory=dict)
    fired: Mapping[str, datetime] = field(default_factory=dict)

    def is_paused(self, rule: str, digest: str) -> bool:
        """Whether this very wording of a rule rests: another one begins anew."""
        found = self.paused.get(rule)
        return found is not None and found.digest == digest


@dataclass(frozen=True, slots=True)
class Found:
    """A ticket from one place of its ledger on."""

    ticket: Ticket | None
    entries: tuple[Entry, ...]
    articles: tuple[Article, ...]
    counts: Counts
    timer: Timer | None = None

    def article(self, seq: int) -> Article | None:
        return next((article for article in self.articles if article.seq == seq), None)


def since(number: int, seq: int) -> Found:
    """A ticket and all that was written from that place on: one query, in pages."""
    sort = table.Item.sk >= table.article_sk(seq)[: -len("#a")]
    pages = table.pages(table.ticket_pk(number), sort=sort)
    items = [item for page in pages for item in page.items]
    counts = (_counts(item) for item in items if isinstance(item, FiringsItem))
    timers = (_timer(item) for item in items if isinstance(item, TimerItem))
    return Found(
        next(filter(None, map(ticket_of, items)), None),
        tuple(from_item(item) for item in items if isinstance(item, EntryItem)),
        tuple(filter(None, map(article_of, items))),
        next(counts, Counts()),
        next(timers, None),
    )


def now_of(number: int) -> Found:
    """A ticket as it is, without what was written on it: one call."""
    pk = table.ticket_pk(number)
    keys = [head_key(number), (pk, table.FIRINGS), (pk, table.TIMER)]
    found = table.fetch(keys)
    head, counts, timer = (found.get(key) for key in keys)
    return Found(
        ticket_of(head),
        (),
        (),
        _counts(counts) if isinstance(counts, FiringsItem) else Counts(),
        _timer(timer) if isinstance(timer, TimerItem) else None,
    )


def _timer(item: TimerItem) -> Timer:
    anchors, fired = (
        {name: table.instant(text) for name, text in given.items()}
        for given in (item.anchors, item.fired)
    )
    due_at = table.instant(item.g4sk.partition("#")[0]) if item.g4sk else None
    return Timer(anchors, fired, due_at, int(item.revision))


def timer_write(number: int, timer: Timer) -> table.Write:
    """The timer of a ticket, one revision on; whoever wrote another one meanwhile wins."""
    pk = table.ticket_pk(number)
    g4pk, g4sk = table.due_key(pk, timer.due_at) if timer.due_at else (None, None)
    item = TimerItem(
        pk=pk,
        sk=table.TIMER,
        g4pk=g4pk,
        g4sk=g4sk,
        anchors={name: table.stamp(at) for name, at in timer.anchors.items()},
        fired={name: table.stamp(at) for name, at in timer.fired.items()},
        revision=timer.revision + 1,
    )
    same = TimerItem.revision == timer.revision if timer.revision else table.absent()
    return table.Write(item, same)


def begin_walk(version: int, at: datetime, *, again: bool = False) -> None:
    """Have all open tickets looked at from that instant on, once for each version of the desk."""
    found = table.fetch([table.RULES_WALK]).get(table.RULES_WALK)
    if isinstance(found, WalkItem) and found.version >= version and not again:
        return
    step = int(found.step) if isinstance(found, WalkItem) else 0
    # No group has this name: all of them come after it, those of a desk that is still to be read.
    _walk(version, step, "", None, at)


def go_on(walk: WalkItem, group: str | None, start: dict[str, Any] | None, at: datetime) -> None:
    """Note up to where a walk has come; table.Lost where another sweep did."""
    _walk(int(walk.version), int(walk.step), group, start, at)


def _walk(
    version: int, step: int, group: str | None, start: dict[str, Any] | None, at: datetime
) -> None:
    pk, sk = table.RULES_WALK
    g4pk, g4sk = table.due_key(pk, at) if group is not None else (None, None)
    item = WalkItem(
        pk=pk,
        sk=sk,
        g4pk=g4pk,
        g4sk=g4sk,
        version=version,
        step=step + 1,
        group=group,
        start=start,
    )
    same = WalkItem.step == step if step else table.absent()
    table.transact([table.Write(item, same)])


def open_tickets(
    group: str, start: dict[str, Any] | None, limit: int
) -> tuple[list[int], dict[str, Any] | None]:
    """The numbers of a page of the open tickets of a group, and where the next page begins."""
    page = list_page("gsi1", table.group_open(group), limit=limit, start=start)
    return [int(item.columns["number"]) for item in page.items], page.next_key


def ledger_page(
    shard: str, *, since: datetime, limit: int, start: dict[str, Any] | None
) -> tuple[list[Entry], dict[str, Any] | None]:
    """A page of the entries of a day, from an instant on, and where the next begins."""
    sort = table.Item.g5sk >= table.stamp(since)
    page = table.query(shard, index="gsi5", sort=sort, limit=limit, start=start)
    entries = [from_item(item) for item in page.items if isinstance(item, EntryItem)]
    return entries, page.next_key


def _counts(item: FiringsItem) -> Counts:
    return Counts(
        {rule: (int(hour), int(count)) for rule, (hour, count) in item.firings.items()},
        {int(hour): int(count) for hour, count in item.mails.items()},
    )


def counts_write(number: int, counts: Counts, now: datetime) -> table.Write:
    """The counts of a ticket, to be written with its head, whose lock they share."""
    item = FiringsItem(
        pk=table.ticket_pk(number),
        sk=table.FIRINGS,
        firings={rule: list(one) for rule, one in counts.firings.items()},
        mails={str(hour): count for hour, count in counts.mails.items()},
        ttl=int((now + LIFE).timestamp()),
    )
    return table.Write(item)


def standing() -> Standing:
    """All that is kept of the rules themselves: one query."""
    items = [item for page in table.pages(table.RULES) for item in page.items]
    paused = [_pause(item) for item in items if isinstance(item, PausedItem)]
    fired = {_rule(item): item.at for item in items if isinstance(item, FiredItem)}
    return Standing({pause.rule: pause for pause in paused}, fired)


def _pause(item: PausedItem) -> Pause:
    return Pause(_rule(item), item.at, item.why, int(item.number), item.digest)


def _rule(item: table.Item) -> str:
    return str(item.sk).partition("#")[2]


def pause_write(pause: Pause) -> table.Write:
    """The pause of a rule, which may have been paused in another wording."""
    pk, sk = table.rule_paused_key(pause.rule)
    item = PausedItem(
        pk=pk, sk=sk, at=pause.at, why=pause.why, number=pause.ticket, digest=pause.digest
    )
    return table.Write(item, table.absent() | (PausedItem.digest != pause.digest))


def pause_gone(rule: str) -> table.Write:
    """The end of a pause; whoever comes second loses."""
    pk, sk = table.rule_paused_key(rule)
    return table.Write(PausedItem(pk=pk, sk=sk), table.exists(), is_removal=True)


def fired_write(rule: str, at: datetime) -> table.Write:
    """When a rule fired, to be written with what it did."""
    pk, sk = table.rule_fired_key(rule)
    return table.Write(FiredItem(pk=pk, sk=sk, at=at))


def end() -> End:
    """Where the ledger of the rules ends: one call."""
    newest = table.query(SCOPE, newest_first=True, limit=1).items
    return next((from_item(item).end for item in newest if isinstance(item, EntryItem)), EMPTY)
