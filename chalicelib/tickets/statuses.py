"""Which status a ticket may get, and until when it waits in it. Pure.

What follows from a new category is decided in `changes`; what a status is called, in the desk.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from chalicelib.clocks.hours import BusinessCalendar
from chalicelib.desk.groups import CLOSE_LIMIT
from chalicelib.desk.model import Desk
from chalicelib.desk.statuses import StatusLabel
from chalicelib.tickets import promised
from chalicelib.tickets.model import Article, Status, Ticket
from chalicelib.tickets.thanks import is_thanks

# What agents may set: nothing goes back to new.
AGENT_STATUSES = (Status.OPEN, Status.PENDING, Status.ON_HOLD, Status.SOLVED, Status.CLOSED)
WAITING = frozenset({Status.PENDING, Status.ON_HOLD})
OVER = frozenset({Status.SOLVED, Status.CLOSED})
WAIT_LIMIT = timedelta(days=366)
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_DAYS_LATER = re.compile(r"\+\s*(\d{1,3})(?:\s+business\s+days?)?")


def status_of(ticket: Ticket, desk: Desk) -> StatusLabel:
    """The ticket's status; where the desk has it no more, its category's own."""
    return named(ticket.status, ticket.label, desk)


def named(category: str, label: str | None, desk: Desk) -> StatusLabel:
    """The status of a category that a ticket has under this id."""
    found = desk.statuses.get(label or category)
    if found is None or found.category != category:
        return desk.statuses.get(category) or StatusLabel(category, category)
    return found


def settable(ticket: Ticket, desk: Desk, agent: str | None) -> list[StatusLabel]:
    """The statuses that an agent, or a program where there is none, may set now."""
    return [
        status
        for status in desk.statuses.values()
        if status.category in AGENT_STATUSES and _is_open_to(status, ticket, desk, agent)
    ]


def ids(desk: Desk) -> list[str]:
    """The statuses that may be set at all."""
    return [status.id for status in desk.statuses.values() if status.category in AGENT_STATUSES]


def refusal(before: Ticket, after: Ticket, desk: Desk, agent: str | None) -> str | None:
    """Why this agent may not bring a ticket from one status to another, with what they may."""
    wanted = status_of(after, desk)
    before = replace(before, type=after.type)
    if wanted == status_of(before, desk) or _is_open_to(wanted, before, desk, agent):
        return None
    allowed = ", ".join(status.id for status in settable(before, desk, agent)) or "nothing else"
    return f"{wanted.id} cannot follow {status_of(before, desk).id} here: choose {allowed}"


def _is_open_to(status: StatusLabel, ticket: Ticket, desk: Desk, agent: str | None) -> bool:
    """Rights bind agents; a program acts by its scopes, a rule for the admin who wrote it."""
    current, kind = status_of(ticket, desk), desk.types.get(ticket.type)
    if kind and not kind.allows(status.id):
        return False
    if status.sources is not None and current.id not in status.sources | {status.id}:
        return False
    person = desk.agents.get(agent or "")
    if person is None or person.is_admin:
        return True
    return not status.admins_only and (status.groups is None or bool(status.groups & person.groups))


def waits_until(text: str, ticket: Ticket, desk: Desk, now: datetime) -> datetime:
    """The whole minute that is meant: an instant, a local time, a date or `+3 business days`.

    A date or a number of days means the first opening of that day. Raises ValueError.
    """
    if ticket.status not in WAITING:
        raise ValueError("only a ticket that is pending or on hold waits until a time")
    return moment(text, ticket, desk, now)


def moment(text: str, ticket: Ticket, desk: Desk, now: datetime) -> datetime:
    """The whole minute that is meant, in the opening hours that the ticket has."""
    policy = promised.terms_of(ticket, desk, is_internal=False).policy
    return minute(text, desk, policy.calendar if policy else None, now)


def minute(text: str, desk: Desk, calendar: BusinessCalendar | None, now: datetime) -> datetime:
    """The whole minute that is meant, in the opening hours of a calendar or on weekdays."""
    text = text.strip().lower()
    days = _DAYS_LATER.fullmatch(text)
    at = _days_later(int(days[1]), desk, calendar, now) if days else _instant(text, desk, calendar)
    at += -(at - datetime(1970, 1, 1, tzinfo=UTC)) % _MINUTE
    if not now < at <= now + WAIT_LIMIT:
        raise ValueError("must lie in the future, at most a year ahead")
    return at


def local_until(ticket: Ticket, desk: Desk) -> str:
    """Until when a ticket waits, as a form shows it; empty where it does not."""
    return local(ticket.until, desk) if ticket.status in WAITING else ""


def local(at: datetime | None, desk: Desk) -> str:
    """An instant as a form shows it, in the zone of the desk; empty for none."""
    return at.astimezone(desk.zone).strftime("%Y-%m-%dT%H:%M") if at else ""


def _instant(text: str, desk: Desk, calendar: BusinessCalendar | None) -> datetime:
    try:
        at = datetime.fromisoformat(text.upper())
    except ValueError as error:
        hint = "write a time such as 2026-03-09T08:00, a date, or +3 business days"
        raise ValueError(hint) from error
    if at.tzinfo is None:
        at = at.replace(tzinfo=desk.zone)
    is_date = len(text) == len("2026-03-09")
    try:
        return calendar.next_opening(at) if is_date and calendar else at.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("must lie in the future, at most a year ahead") from error


def _days_later(
    days: int, desk: Desk, calendar: BusinessCalendar | None, now: datetime
) -> datetime:
    """The opening of the so-manieth business day from now; without a calendar, of a weekday."""
    zone = calendar.zone if calendar else desk.zone
    at = now
    for _ in range(days):
        tomorrow = (at.astimezone(zone) + _DAY).date()
        if calendar is None:
            while tomorrow.weekday() > 4:  # noqa: PLR2004 - Friday
                tomorrow += _DAY
        at = datetime.combine(tomorrow, time(0, 0), zone)
        at = calendar.next_opening(at) if calendar else at.astimezone(UTC)
    return at


# What follows from a status. -----------------------------------------------------------------


def entered(ticket: Ticket, status: Status, label: str, desk: Desk, now: datetime) -> Ticket:
    """The ticket in a status, with all that follows from it but its clocks."""
    if status is ticket.status:
        return replace(ticket, label=label)
    keeps_waiting = {status, ticket.status} <= WAITING
    is_reopened = ticket.status in OVER and status not in OVER
    until = ticket.until if keeps_waiting else None
    return replace(
        ticket,
        status=status,
        label=label,
        closed_at=now if status is Status.CLOSED else None,
        until=now + _until_close(ticket, desk) if status is Status.SOLVED else until,
        reason=ticket.reason if keeps_waiting else "",
        unopened=None,
        reopens=_counted(ticket, now) if is_reopened else ticket.reopens,
    )


def _until_close(ticket: Ticket, desk: Desk) -> timedelta:
    group = desk.groups.get(ticket.group)
    return timedelta(days=group.close_after_days if group else CLOSE_LIMIT)


def _counted(ticket: Ticket, now: datetime) -> tuple[int, int, int]:
    return ticket.reopens[0] + 1, hour_of(now), reopens_this_hour(ticket, now) + 1


def reopens_this_hour(ticket: Ticket, now: datetime) -> int:
    """How often the ticket was opened again since the hour struck."""
    _, hour, count = ticket.reopens
    return count if hour == hour_of(now) else 0


def hour_of(now: datetime) -> int:
    """The hours since 1970."""
    return int(now.timestamp()) // 3600


def stays_over(ticket: Ticket, article: Article, desk: Desk) -> str | None:
    """Why a customer's article does not open a ticket that is over: `thanks`, or `too_often`."""
    if ticket.status not in OVER:
        return None
    group = desk.groups.get(ticket.group)
    is_bare = article.mail_kind == "human" and not article.attachments
    if group and group.thanks_stay_solved and is_bare and is_thanks(article.text):
        return "thanks"
    is_worn = reopens_this_hour(ticket, article.at) >= desk.limits.reopens
    return "too_often" if is_worn else None


def after_close(ticket: Ticket, desk: Desk, now: datetime) -> str:
    """What a customer's article does to this ticket: `reopen`, `follow_up` or `reject`."""
    group = desk.groups.get(ticket.group)
    if ticket.status is not Status.CLOSED or ticket.closed_at is None:
        return "reopen"
    if group is None:
        return "follow_up"
    is_fresh = now - ticket.closed_at <= timedelta(days=group.reopen_days)
    return "reopen" if is_fresh else group.after_close


def unmet(before: Ticket, after: Ticket, desk: Desk, agent: str | None) -> dict[str, str]:
    """What an edit lacks for the status that it leads to, by field."""
    refused = refusal(before, after, desk, agent)
    if refused:
        return {"status": refused}
    group = desk.groups.get(after.group)
    is_solved = after.status in OVER and before.status not in OVER
    if is_solved and group and group.needs_resolution and not after.resolution:
        return {"resolution": "say how it was solved"}
    return {}
