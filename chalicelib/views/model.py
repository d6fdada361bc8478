"""What a view lists, as a question that is put to the rows of a few lists. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chalicelib.desk.conditions import Situation, folded
from chalicelib.desk.model import Desk
from chalicelib.desk.views import OF_A_GROUP, OF_ALL, USUAL, View

Row = Mapping[str, Any]
MINE, COVERED, DUE, SNOOZED, FAILED, REPLIED = OF_ALL
OPEN, UNASSIGNED = OF_A_GROUP
# How long a ticket is listed to which the customer wrote after it was solved.
UNOPENED_FOR = timedelta(hours=72)
_WAITING = frozenset({"pending", "on_hold"})


@dataclass(frozen=True, slots=True)
class Listing:
    """A view for whoever looks at it: the lists to read, and which of their rows it has.

    `groups` names the lists: the open tickets of those groups. Without any they are the tickets in
    the hands of `agent`, or of those whom the agent stands in for. `kind` is what it is about;
    `view` is set where the desk made it.
    """

    key: str
    kind: str
    groups: tuple[str, ...] = ()
    agent: str = ""
    shows: Callable[[Row, datetime], bool] = lambda _row, _now: True
    only: str | None = None
    columns: tuple[str, ...] = USUAL
    view: View | None = None

    @property
    def group(self) -> str | None:
        """The one group whose view it is."""
        return self.groups[0] if self.kind in OF_A_GROUP else None


def listings(desk: Desk, agent: str | None, groups: Sequence[str]) -> list[Listing]:
    """All views of an agent, or of a program, that sees these groups, in order."""
    visible = tuple(group for group in desk.groups if group in groups)
    listed: list[Listing] = []
    if agent:
        # Whoever stands in for somebody sees no more groups for that.
        seen = frozenset(visible)
        listed.append(Listing(MINE, MINE, agent=agent))
        listed.append(
            Listing(COVERED, COVERED, agent=agent, shows=lambda row, _: row["group"] in seen)
        )
    if visible:
        listed += [
            Listing(DUE, DUE, visible, shows=_is_awaited),
            Listing(SNOOZED, SNOOZED, visible, shows=_is_snoozed),
            Listing(FAILED, FAILED, visible, shows=_has_failed),
        ]
        if any(desk.groups[group].thanks_stay_solved for group in visible):
            listed.append(Listing(REPLIED, REPLIED, visible, shows=was_answered, only="solved"))
    listed += filter(None, (_saved(view, desk, agent, visible) for view in desk.views.values()))
    for group in visible:
        listed += [
            Listing(f"{group}-{OPEN}", OPEN, (group,)),
            Listing(f"{group}-{UNASSIGNED}", UNASSIGNED, (group,), shows=_is_unassigned),
        ]
    return listed


def _saved(view: View, desk: Desk, agent: str | None, visible: tuple[str, ...]) -> Listing | None:
    """A view of the desk's own; None for those who do not have it."""
    groups = tuple(group for group in view.groups or visible if group in visible)
    if view.agents and agent not in view.agents:
        return None
    if not (agent if view.only_mine else groups):
        return None

    def shows(row: Row, now: datetime) -> bool:
        return (
            view.when.holds(Situation(values_of_row(row), now, calendars=desk.calendars))
            and (view.due_within is None or _is_due(row, now + view.due_within))
            and (view.idle_for is None or _instant(row["updated"]) <= now - view.idle_for)
        )

    return Listing(
        view.id,
        "saved",
        () if view.only_mine else groups,
        agent=agent or "",
        shows=shows,
        columns=view.columns,
        view=view,
    )


def values_of_row(row: Row) -> dict[str, tuple[str, ...]]:
    """What a list holds of a ticket, as conditions ask for it."""
    email = folded(row.get("email", ""))
    status = (row["status"], row["label"]) if row.get("label") else (row["status"],)
    return {
        "group": (row["group"],),
        "type": (row["type"],) if row.get("type") else (),
        "priority": (row["priority"],),
        "status": status,
        "assignee": (row["assignee"],) if row.get("assignee") else (),
        "tags": tuple(map(folded, row.get("tags", ()))),
        "subject": (folded(row["subject"]),),
        "requester": (email,) if email else (),
        "domain": (email.partition("@")[2],) if email else (),
    }


def _is_unassigned(row: Row, _now: datetime) -> bool:
    return not row.get("assignee")


def _is_snoozed(row: Row, _now: datetime) -> bool:
    return row["status"] in _WAITING and bool(row.get("until"))


def _has_failed(row: Row, _now: datetime) -> bool:
    return bool(row.get("undelivered"))


def was_answered(row: Row, now: datetime) -> bool:
    """Whether the customer wrote to a ticket that is over, and so lately that it is listed."""
    unopened = row.get("unopened")
    return unopened is not None and now - _instant(unopened[1]) <= UNOPENED_FOR


def _is_awaited(row: Row, _now: datetime) -> bool:
    return next_due(row) is not None


def _is_due(row: Row, until: datetime) -> bool:
    first = next_due(row)
    return first is not None and _instant(first[0]) <= until


def next_due(row: Row) -> tuple[str, str, str] | None:
    """The target that somebody waits for and that is due first, missed ones included.

    As its instant, its name and its state; None where nobody waits.
    """
    waiting = (
        (due_at, target, state)
        for target, due_at, state, is_on in json.loads(row["due"])
        if is_on and due_at
    )
    return min(waiting, default=None)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
