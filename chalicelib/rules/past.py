"""What rules made of the past: why each fired or did not, and what one would have done. It reads
the ledger and writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from chalicelib import table
from chalicelib.desk.keys import Reading
from chalicelib.desk.model import Desk
from chalicelib.desk.rules import TRIGGERS, Trigger
from chalicelib.desk.service import live_body, live_desk
from chalicelib.errors import Invalid
from chalicelib.ledger.model import Entry
from chalicelib.ports import Ports
from chalicelib.rules import explain, firing, model, store
from chalicelib.rules.explain import Explanation
from chalicelib.tickets.access import Who, seen

DAYS_LIMIT = 30
# So many entries of the ledger are looked at in one go, each of which may cost a query.
PAGE = 50
_EMPTY_PAGES = 20


@dataclass(frozen=True, slots=True)
class Told:
    """A ticket's entry, the root that it follows from, what every trigger made of that, and how
    every automation stands.
    """

    seq: int
    root: int
    triggers: tuple[Explanation, ...]
    automations: tuple[Explanation, ...]


def why(ports: Ports, who: Who, number: int, seq: int | None = None) -> Told:
    """Why each trigger did or did not fire for an entry, else for the newest that they listen to,
    and how each automation stands. It reads all of the ticket.
    """
    who.need("tickets:read")
    found = store.since(number, 0)
    seen(who, found.ticket, number)
    place = explain.newest_root(found.entries) if seq is None else seq
    desk, standing = live_desk(ports), firing.standing(ports)
    root, triggers = explain.explained(found, place, desk, standing)
    waiting = explain.waiting(found, desk, standing, ports.clock())
    return Told(place, root, triggers, waiting)


@dataclass(frozen=True, slots=True)
class Match:
    """An entry for which a rule would have fired."""

    ticket: int
    seq: int
    at: datetime


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a rule would have done to a part of the past; `following` is where the next begins.

    `looked_at` counts the entries that it listens to, `hidden` those on tickets that the asker may
    not see: whether it would have fired there would tell what stands in them.
    """

    matches: tuple[Match, ...]
    looked_at: int
    hidden: int
    following: Mapping[str, Any] | None


def dry_run(
    ports: Ports,
    who: Who,
    rule: str | Mapping[str, Any],
    *,
    days: int = DAYS_LIMIT,
    start: Mapping[str, Any] | None = None,
) -> DryRun:
    """For which entries of the last days a trigger would have fired, a page at a time.

    It is one of the desk, or one that is only written down.
    """
    who.need("rules:read")
    if not 1 <= days <= DAYS_LIMIT:
        raise Invalid("That is too far back.", fields={"days": f"1 to {DAYS_LIMIT}"})
    desk = live_desk(ports)
    trigger = _trigger(ports, desk, rule)
    since = ports.clock() - timedelta(days=days)
    entries, following = _page(ports, since, start or {})
    looked = [entry for entry in entries if _is_heard(trigger, entry)]
    matches, hidden = [], 0
    for entry in looked:
        number = table.ticket_number(entry.scope)
        article = model.article_place([entry], entry.seq)
        found = store.since(number, article) if number else None
        if number is None or found is None or found.ticket is None:
            continue
        if not who.may_see(found.ticket.group, found.ticket.assignee):
            hidden += 1
        elif explain.would_fire(found.ticket, found, entry.seq, trigger, desk):
            matches.append(Match(number, entry.seq, entry.at))
    return DryRun(tuple(matches), len(looked), hidden, following)


def _trigger(ports: Ports, desk: Desk, rule: str | Mapping[str, Any]) -> Trigger:
    if not isinstance(rule, str):
        return _written(ports, desk, rule)
    found = next((one for one in desk.triggers if one.id == rule), None)
    if found is None:
        raise Invalid("There is no such trigger.", fields={"rule": f"{rule} is none of the desk's"})
    return found


def _written(ports: Ports, desk: Desk, given: Mapping[str, Any]) -> Trigger:
    """The trigger in a definition, by the desk as it is."""
    _, body = live_body(ports)
    reading = Reading(body, found={"fields": desk.fields, "canned": desk.canned})
    found: tuple[Trigger, ...] = TRIGGERS.read([{"id": "tried", **given}], "rule", reading)
    if reading.problems:
        fields = {place.replace("rule[0]", "rule"): one for place, one in reading.problems.items()}
        raise Invalid("This rule cannot be used.", fields=fields)
    return found[0]


def _is_heard(trigger: Trigger, entry: Entry) -> bool:
    """Whether a trigger could have fired for an entry, which nothing else led to."""
    is_root = model.parent_of(entry.scope, entry.seq, entry.root, entry.cause) is None
    return is_root and not model.events_of(entry.facts).isdisjoint(trigger.on)


def _page(
    ports: Ports, since: datetime, start: Mapping[str, Any]
) -> tuple[list[Entry], Mapping[str, Any] | None]:
    """One page of the ledger from where the last ended, and where the next begins."""
    until, empty = ports.clock(), 0
    place: Mapping[str, Any] | None = start or _begin(since)
    while place is not None and empty < _EMPTY_PAGES:
        entries, place = _next(place, since, until)
        if entries:
            return entries, place
        empty += 1
    return [], place


def _begin(since: datetime) -> Mapping[str, Any]:
    return {"day": since.astimezone(UTC).date().isoformat(), "shard": 0, "key": None}


def _next(
    place: Mapping[str, Any], since: datetime, until: datetime
) -> tuple[list[Entry], Mapping[str, Any] | None]:
    day = datetime.combine(datetime.fromisoformat(place["day"]).date(), time(), UTC)
    shards = table.ledger_shards(day)
    entries, key = store.ledger_page(
        shards[place["shard"]], since=since, limit=PAGE, start=place["key"]
    )
    if key is not None:
        return entries, {**place, "key": key}
    if place["shard"] + 1 < len(shards):
        return entries, {**place, "shard": place["shard"] + 1, "key": None}
    tomorrow = day + timedelta(days=1)
    return entries, _begin(tomorrow) if tomorrow <= until else None


def all_of(ports: Ports, who: Who, rule: str, *, days: int) -> Iterator[DryRun]:
    """A dry run over all of the last days, page by page."""
    start: Mapping[str, Any] | None = None
    while True:
        page = dry_run(ports, who, rule, days=days, start=start)
        yield page
        start = page.following
        if start is None:
            return
