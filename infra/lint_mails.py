"""What is hardly meant in a desk's own words for mails: those that nobody is sent, and gaps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from chalicelib.desk.actions import Notify, Write
from chalicelib.desk.mails import ACKNOWLEDGEMENT, AUTOMATIC, CLOSED, PARTS, OwnMail
from chalicelib.desk.model import Desk, Group
from chalicelib.desk.rules import Rule

Warnings = Iterator[tuple[str, str]]


def doubts(desk: Desk) -> Warnings:
    """Place and sentence of everything doubtful about them."""
    for name, own in desk.mails.items():
        place = f"mails.{name}"
        sending = [group for group in desk.groups.values() if _SENDS[name](desk, group)]
        if not sending:
            yield place, "no group sends this mail"
        yield from _unsent(own, place, sending)
        for group in sending:
            yield from _gaps(own, place, group)


def _unsent(own: OwnMail, place: str, sending: list[Group]) -> Warnings:
    known = {group.id for group in sending}
    for group in sorted(own.groups.keys() - known) if sending else ():
        yield f"{place}.groups.{group}", "the group sends no such mail"


def _gaps(own: OwnMail, place: str, group: Group) -> Warnings:
    """Parts that have words, and none in the language of a group."""
    for part in PARTS:
        theirs = group.id in own.groups and bool(getattr(own.groups[group.id], part))
        is_worded = theirs or bool(getattr(own.words, part))
        if is_worded and own.said(part, group.id, group.locale) is None:
            at = f"{place}.groups.{group.id}.{part}" if theirs else f"{place}.{part}"
            yield at, f"has nothing in {group.locale}, which {group.id} speaks: it is as everywhere"


def _has_talking_rules(desk: Desk, _group: Group) -> bool:
    rules: tuple[Rule, ...] = (*desk.triggers, *desk.automations)
    done = (one for rule in rules for one in rule.do)
    return any(
        one.is_reply if isinstance(one, Write) else "requester" in one.to
        for one in done
        if isinstance(one, Write | Notify)
    )


_SENDS: Mapping[str, Callable[[Desk, Group], bool]] = {
    ACKNOWLEDGEMENT: lambda _, group: group.acknowledges,
    CLOSED: lambda _, group: group.after_close == "reject",
    AUTOMATIC: _has_talking_rules,
}
