"""Doubts about rules: what can never fire, what feeds itself, what nobody answers for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from chalicelib.desk.actions import wanted_of
from chalicelib.desk.conditions import OF_EVENT, Condition
from chalicelib.desk.model import Desk
from chalicelib.desk.rules import SELECTIVE, Rule, Trigger

Warnings = Iterator[tuple[str, str]]
STALE = timedelta(days=90)
_TARGETS = {"target_near", "target_breached"}
_ALERTS = {"source", "state", "severity"}
_FIXED = {"now", "text", "by", "kind"}
_CHANGES = {"changed", "status_changed"}
_MEET = {"is", "changed_to"}


def doubts(desk: Desk) -> Warnings:
    """Place and sentence of everything doubtful about them."""
    for section, rules in (("triggers", desk.triggers), ("automations", desk.automations)):
        for rule in rules:
            if rule.owner is None:
                yield f"{section}.{rule.id}.owner", "is missing: admins are told of its pause"
    yield from _never(desk)
    yield from _behind(desk)
    yield from _loops(desk)


def stale(desk: Desk, fired: Mapping[str, datetime], now: datetime) -> Warnings:
    """Rules of which is known that they have not fired for long."""
    for rule in desk.rules:
        last = fired.get(rule.id)
        if last is not None and now - last > STALE:
            yield _place(rule), f"has not fired since {last:%Y-%m-%d}"


def _place(rule: Rule) -> str:
    return f"{'triggers' if isinstance(rule, Trigger) else 'automations'}.{rule.id}"


def _never(desk: Desk) -> Warnings:
    for one in desk.triggers:
        on, asked = set(one.on), one.when.fields
        needed = {condition.field for condition in one.when.conditions}
        if "target" in needed and not on & _TARGETS:
            yield _place(one), "never fires: it asks for a target, and listens to none"
        if _is_of_alerts(needed) and not on & {"event", "opened"}:
            yield _place(one), "never fires: it asks for an alert, and listens to none"
        if on <= _TARGETS and (needed & {"text", "by", "kind"} or one.when.asks_for_change):
            yield _place(one), "never fires: nobody writes or changes anything as a target passes"
        if _is_closed(one) and not on & _CHANGES:
            yield _place(one), "never fires: on a closed ticket rules hear of its closing alone"
        is_fixed = bool(asked) and asked <= _FIXED
        if on == {"changed"} and one.mode == SELECTIVE and is_fixed:
            yield _place(one), "never fires: nothing that it asks about can change"


def _is_of_alerts(fields: set[str]) -> bool:
    return bool(fields & _ALERTS) or any(name.startswith(OF_EVENT) for name in fields)


def _is_closed(trigger: Trigger) -> bool:
    """Whether it is for closed tickets alone."""
    return any(
        one.field == "status" and one.operator in _MEET and set(one.wanted) == {"closed"}
        for one in trigger.when.conditions
    )


def _behind(desk: Desk) -> Warnings:
    """Triggers that are never reached: one above them takes all that they would, and stops."""
    for place, one in enumerate(desk.triggers):
        above = next((other for other in desk.triggers[:place] if _covers(other, one)), None)
        if above:
            yield _place(one), f"is never reached: {above.id} stops above it"


def _covers(above: Trigger, below: Trigger) -> bool:
    if not above.stop or not set(below.on) <= set(above.on):
        return False
    if above.when.any or above.when.none or above.when.asks_for_change:
        return False
    is_picky = above.mode == SELECTIVE and above.when.fields and "changed" in below.on
    asked = {str(condition) for condition in below.when.conditions}
    return not is_picky and all(str(condition) in asked for condition in above.when.conditions)


def _loops(desk: Desk) -> Warnings:
    """Triggers that set what another one waits for, and so on round to the first.

    For one root each fires once; a program that answers each change would keep them going.
    """
    follows = {
        one.id: [other.id for other in desk.triggers if _feeds(one, other)] for one in desk.triggers
    }
    told: set[str] = set()
    for start in follows:
        found = _way_back(start, follows)
        if found and not told & set(found):
            told |= set(found)
            words = " and ".join(found) if len(found) > 1 else f"{start} itself"
            yield f"triggers.{start}", f"may call {words} again and again: each sets what is next"


def _feeds(one: Trigger, other: Trigger) -> bool:
    """Whether what a trigger sets is what another one listens and asks for."""
    if not set(other.on) & _CHANGES:
        return False
    wanted = wanted_of(one.do)
    met = [each for each in other.when.conditions if each.operator in _MEET]
    return any(_is_met(each, wanted.get(each.field)) for each in met)


def _is_met(condition: Condition, value: object) -> bool:
    return isinstance(value, str) and value.casefold() in condition.wanted


def _way_back(start: str, follows: Mapping[str, list[str]]) -> list[str]:
    """The shortest way from a rule through those that it feeds back to itself."""
    ways = [[start]]
    seen: set[str] = set()
    while ways:
        way = ways.pop(0)
        for following in follows[way[-1]]:
            if following == start:
                return way
            if following not in seen:
                seen.add(following)
                ways.append([*way, following])
    return []
