"""Changing the fields of a ticket: what somebody wants, what that makes of it, what stands in its
way. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from chalicelib import facts
from chalicelib.desk.conditions import NOBODY
from chalicelib.desk.groups import Agent
from chalicelib.desk.model import PRIORITIES, Desk
from chalicelib.errors import Conflict, Invalid
from chalicelib.tickets import forms, promised, statuses
from chalicelib.tickets.access import agent_sees
from chalicelib.tickets.changes import SUBJECT_LIMIT, Change, assigned, moved, with_fact
from chalicelib.tickets.model import Status, Ticket

TAG_LIMIT = 20
TAG_LENGTH = 50
# Each has a mail in the transaction that tells them, which a reply to all contacts shares.
FOLLOWER_LIMIT = 40
REASON_LIMIT = 200
RESOLUTION_LIMIT = 1000
UNSET = object()
Step = Callable[["Change", object, "Desk", datetime], "Change"]


@dataclass(frozen=True, slots=True)
class Edit:
    """What somebody wants changed: what is UNSET stays, and so does a field that is not named.

    `fields` are those of the desk's own, by their ids; None empties one.
    """

    subject: object = UNSET
    status: object = UNSET
    priority: object = UNSET
    group: object = UNSET
    assignee: object = UNSET
    tags: object = UNSET
    add_tags: object = UNSET
    remove_tags: object = UNSET
    until: object = UNSET
    reason: object = UNSET
    resolution: object = UNSET
    responsible: object = UNSET
    followers: object = UNSET
    add_followers: object = UNSET
    remove_followers: object = UNSET
    type: object = UNSET
    fields: Mapping[str, object] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        """What it wants changed: a field of the desk's own is `fields.` and its id."""
        return frozenset(name for name, _ in _steps(self))

    def without(self, names: Iterable[str]) -> Edit:
        """The edit without what has these names."""
        names = frozenset(names)
        rest = {one: value for one, value in self.fields.items() if forms.PLACE + one not in names}
        return replace(self, **dict.fromkeys(names & _EDITS.keys(), UNSET), fields=rest)


def edited(
    ticket: Ticket, edit: Edit, desk: Desk, now: datetime, *, agent: str | None = None
) -> Change | None:
    """The ticket with these fields changed, None where they are so already; Invalid by field."""
    change, problems = _stepped(Change(ticket, ticket, ()), edit, desk, now)
    lacking = {
        **statuses.unmet(ticket, change.after, desk, agent),
        **forms.unclosed(ticket, change.after, desk, now),
        **left_open(change, desk),
    }
    problems = {**lacking, **problems}
    if problems:
        raise Invalid("Some fields cannot be set so.", fields=problems)
    _need_movable(ticket, change)
    if change.after.status is Status.SOLVED and change.after.assignee is None and agent:
        change = assigned(change, agent)
    if not change.facts:
        return None
    return replace(change, after=replace(change.after, version=ticket.version + 1))


def applied(
    ticket: Ticket,
    edit: Edit,
    desk: Desk,
    now: datetime,
    *,
    agent: str | None = None,
    away: Collection[str] = (),
) -> tuple[Change | None, dict[str, str]]:
    """What can be done of an edit, field by field, and why the rest cannot.

    Whoever wrote the rule is not here to mend it, so what can be set is set. Agents who are `away`
    are given nothing.
    """
    problems: dict[str, str] = {}
    if edit.assignee in away:
        problems["assignee"] = "is away"
        edit = edit.without({"assignee"})
    while edit.names:
        try:
            return edited(ticket, edit, desk, now, agent=agent), problems
        except Invalid as error:
            problems |= error.fields
            blamed = error.fields.keys() & edit.names or edit.names & _ENDS
            # A type can ask an ended ticket for fields: nothing of the edit is named then.
            edit = edit.without(blamed or edit.names)
        except Conflict as error:
            return None, {**problems, "status": error.message}
    return None, problems


def _stepped(
    change: Change, edit: Edit, desk: Desk, now: datetime
) -> tuple[Change, dict[str, str]]:
    """The change with every field set that can be, and why the others cannot."""
    problems: dict[str, str] = {}
    for name, step in _steps(edit):
        try:
            change = step(change, desk, now)
        except ValueError as error:
            problems[name] = str(error)
    return change, problems


def _steps(edit: Edit) -> Iterator[tuple[str, Callable[[Change, Desk, datetime], Change]]]:
    """What the edit wants, one by one, by the place where it stands."""
    for name, step in _EDITS.items():
        wanted = getattr(edit, name)
        if wanted is not UNSET:
            yield name, partial(_step, step, wanted)
    for name, wanted in edit.fields.items():
        yield forms.PLACE + name, partial(_step, partial(forms.set_field, name), wanted)


def _step(step: Step, wanted: object, change: Change, desk: Desk, now: datetime) -> Change:
    return step(change, wanted, desk, now)


def meant(ticket: Ticket, edit: Edit, desk: Desk, now: datetime) -> frozenset[str]:
    """The fields that an edit would change on such a ticket, or cannot set."""
    change = Change(ticket, ticket, ())

    def moves(step: Callable[[Change, Desk, datetime], Change]) -> bool:
        try:
            return step(change, desk, now) != change
        except ValueError:
            return True

    return frozenset(name for name, step in _steps(edit) if moves(step))


def left_open(change: Change, desk: Desk) -> dict[str, str]:
    """What remains, and keeps a ticket from ending where its group insists on that."""
    return {**_children_left(change, desk), **_tasks_left(change, desk)}


def _children_left(change: Change, desk: Desk) -> dict[str, str]:
    """What keeps a parent from ending: its open children, where the group insists on that."""
    ends = change.before is not None and not change.before.is_over and change.after.is_over
    group = desk.groups.get(change.after.group)
    if not (ends and change.after.open_children) or (group and group.open_children == "warn"):
        return {}
    numbers = ", ".join(f"#{number}" for number in sorted(change.after.open_children))
    return {"status": "has open children", "children": f"solve these first: {numbers}"}


def _tasks_left(change: Change, desk: Desk) -> dict[str, str]:
    """What keeps a ticket from ending: its open tasks, where the group insists on that.

    Which they are, the head does not say.
    """
    ends = change.before is not None and not change.before.is_over and change.after.is_over
    group, left = desk.groups.get(change.after.group), change.after.open_tasks
    if not (ends and left and group and group.open_tasks == "block"):
        return {}
    return {"status": "has open tasks", "tasks": f"{left} to be done first"}


def _need_movable(ticket: Ticket, change: Change) -> None:
    """Raise Conflict where a ticket that is merged or closed would get what it cannot have."""
    if _leaves_merge(change):
        raise Conflict(f"The ticket is merged into {ticket.merged_into}: undo that first.")
    if ticket.status is Status.CLOSED and _needs_open(change):
        raise Conflict("The ticket is closed: only subject, priority, tags and fields can change.")


def _leaves_merge(change: Change) -> bool:
    moves = facts.StatusChanged | facts.GroupChanged | facts.AssigneeChanged
    return change.after.merge is not None and any(isinstance(f, moves) for f in change.facts)


def _needs_open(change: Change) -> bool:
    if change.after.status is not Status.CLOSED:
        return False
    moves = facts.GroupChanged | facts.AssigneeChanged | facts.TypeChanged
    return any(isinstance(f, moves) for f in change.facts)


def _set_subject(change: Change, wanted: object, *_: object) -> Change:
    subject = " ".join(str(wanted).split())
    if not subject or len(subject) > SUBJECT_LIMIT:
        raise ValueError(f"write 1 to {SUBJECT_LIMIT} characters")
    if subject == change.after.subject:
        return change
    return with_fact(change, facts.SubjectChanged(change.after.subject, subject), subject=subject)


def _set_status(change: Change, wanted: object, desk: Desk, now: datetime) -> Change:
    if wanted == statuses.status_of(change.after, desk).id:
        return change
    status = desk.statuses.get(str(wanted))
    if status is None or status.category not in statuses.AGENT_STATUSES:
        raise ValueError(f"must be one of {', '.join(statuses.ids(desk))}")
    return moved(change, status, desk, now)


def _set_until(change: Change, wanted: object, desk: Desk, now: datetime) -> Change:
    text = str(wanted or "").strip()
    if change.before and text == statuses.local_until(change.before, desk):
        # A form sends what it shows: a wait that ended with its status is not meant again.
        return change
    at = statuses.waits_until(text, change.after, desk, now) if text else None
    before = change.after.until
    if at == before or (at is None and change.after.status not in statuses.WAITING):
        return change
    fact = facts.UntilChanged(*(one.isoformat() if one else None for one in (before, at)))
    return with_fact(change, fact, until=at)


def _set_reason(change: Change, wanted: object, *_: object) -> Change:
    reason = " ".join(str(wanted or "").split())
    if reason == change.after.reason or (change.before and reason == change.before.reason):
        return change
    if len(reason) > REASON_LIMIT:
        raise ValueError(f"at most {REASON_LIMIT} characters")
    if change.after.status not in statuses.WAITING:
        raise ValueError("only a ticket that is pending or on hold waits for something")
    return with_fact(change, facts.ReasonChanged(change.after.reason, reason), reason=reason)


def _set_resolution(change: Change, wanted: object, *_: object) -> Change:
    text = str(wanted or "").replace("\r\n", "\n").strip()
    if len(text) > RESOLUTION_LIMIT:
        raise ValueError(f"at most {RESOLUTION_LIMIT} characters")
    if text == change.after.resolution:
        return change
    fact = facts.ResolutionChanged(change.after.resolution, text)
    return with_fact(change, fact, resolution=text)


def _set_priority(change: Change, wanted: object, desk: Desk, now: datetime) -> Change:
    before = change.after.priority
    if wanted not in PRIORITIES:
        raise ValueError(f"must be one of {', '.join(PRIORITIES)}")
    if wanted == before:
        return change
    priority = str(wanted)
    change = with_fact(change, facts.PriorityChanged(before, priority), priority=priority)
    return replace(change, after=promised.retargeted(change.after, desk, now))


def _set_group(change: Change, wanted: object, desk: Desk, now: datetime) -> Change:
    before = change.after.group
    if wanted not in desk.groups:
        raise ValueError("there is no such group")
    if wanted == before:
        return change
    change = with_fact(change, facts.GroupChanged(before, str(wanted)), group=str(wanted))
    assignee = desk.agents.get(change.after.assignee or "")
    if assignee and str(wanted) not in assignee.groups and not assignee.is_admin:
        change = assigned(change, None)
    responsible = desk.agents.get(change.after.responsible or "")
    if responsible and str(wanted) not in responsible.groups and not responsible.is_admin:
        change = _with_responsible(change, None)
    return replace(change, after=promised.retargeted(change.after, desk, now))


def _with_responsible(change: Change, agent: str | None) -> Change:
    before = change.after.responsible
    if before == agent:
        return change
    return with_fact(change, facts.ResponsibleChanged(before, agent), responsible=agent)


def _set_responsible(change: Change, wanted: object, desk: Desk, *_: object) -> Change:
    if change.before and wanted == change.before.responsible:
        # As with the assignee: a form sends what it shows.
        return change
    if wanted in {None, "", NOBODY}:
        return _with_responsible(change, None)
    return _with_responsible(change, _member(change.after, wanted, desk).id)


def _member(ticket: Ticket, wanted: object, desk: Desk) -> Agent:
    """The agent of that id or address, who has to be of the ticket's group. Raises ValueError."""
    agent = _agent(wanted, desk)
    if ticket.group not in agent.groups and not agent.is_admin:
        raise ValueError(f"{agent.name} is not in the group {ticket.group}")
    return agent


def _agent(wanted: object, desk: Desk) -> Agent:
    agent = desk.agents.get(str(wanted)) or desk.agent_at(str(wanted))
    if agent is None:
        raise ValueError("there is no such agent")
    return agent


def _set_followers(change: Change, wanted: object, desk: Desk, *_: object) -> Change:
    return _followed_by(change, _named(wanted), desk)


def _add_followers(change: Change, wanted: object, desk: Desk, *_: object) -> Change:
    return _followed_by(change, [*change.after.followers, *_named(wanted)], desk)


def _remove_followers(change: Change, wanted: object, desk: Desk, *_: object) -> Change:
    found = (desk.agent_at(one) for one in _named(wanted))
    gone = {*_named(wanted), *(agent.id for agent in found if agent)}
    return _followed_by(change, [one for one in change.after.followers if one not in gone], desk)


def _named(wanted: object) -> list[str]:
    if not isinstance(wanted, list | tuple):
        raise ValueError("must be a list of agents")  # noqa: TRY004 - collected as a field's problem
    return [str(one) for one in wanted]


def _followed_by(change: Change, wanted: list[str], desk: Desk) -> Change:
    """The change with these followers; who follows already needs to be nobody any more."""
    before = change.after.followers
    agents = {one: _agent(one, desk) for one in wanted if one not in before}
    for agent in agents.values():
        if not agent_sees(agent, change.after):
            raise ValueError(f"the ticket is not for {agent.name} to see")
    ids = (agents[one].id if one in agents else one for one in wanted)
    followers = tuple(dict.fromkeys(ids))
    if len(followers) > FOLLOWER_LIMIT:
        raise ValueError(f"at most {FOLLOWER_LIMIT} followers")
    if followers == before:
        return change
    fact = facts.FollowersChanged(list(before), list(followers))
    return with_fact(change, fact, followers=followers)


def _set_assignee(change: Change, wanted: object, desk: Desk, *_: object) -> Change:
    if change.before and wanted == change.before.assignee:
        # A form sends what it shows: the one who was left behind by a move is not meant again.
        return change
    if wanted in {None, "", NOBODY}:
        return assigned(change, None)
    change = assigned(change, _member(change.after, wanted, desk).id)
    return replace(change, after=promised.reassigned(change.after, desk))


def tags_of(wanted: object) -> tuple[str, ...]:
    """Tags in the one form they have: lower case, without spaces, sorted. Raises ValueError."""
    if not isinstance(wanted, list | tuple):
        raise ValueError("must be a list of words")  # noqa: TRY004 - collected as a field's problem
    return tuple(sorted({"-".join(str(tag).lower().split())[:TAG_LENGTH] for tag in wanted} - {""}))


def _add_tags(change: Change, wanted: object, desk: Desk, now: datetime) -> Change:
    return _set_tags(change, (*change.after.tags, *tags_of(wanted)), desk, now)


def _remove_tags(change: Change, wanted: object, desk: Desk, now: datetime) -> Change:
    gone = tags_of(wanted)
    return _set_tags(change, [tag for tag in change.after.tags if tag not in gone], desk, now)


def _set_tags(change: Change, wanted: object, desk: Desk, now: datetime) -> Change:
    tags = tags_of(wanted)
    if len(tags) > TAG_LIMIT:
        raise ValueError(f"at most {TAG_LIMIT} tags")
    if tags == change.after.tags:
        return change
    fact = facts.TagsChanged(list(change.after.tags), list(tags))
    change = with_fact(change, fact, tags=tags)
    return replace(change, after=promised.retargeted(change.after, desk, now))


_EDITS: dict[str, Step] = {
    "subject": _set_subject,
    "group": _set_group,
    "priority": _set_priority,
    "assignee": _set_assignee,
    "status": _set_status,
    "type": forms.set_type,
    "tags": _set_tags,
    "add_tags": _add_tags,
    "remove_tags": _remove_tags,
    "until": _set_until,
    "reason": _set_reason,
    "resolution": _set_resolution,
    "responsible": _set_responsible,
    "followers": _set_followers,
    "add_followers": _add_followers,
    "remove_followers": _remove_followers,
}
# What goes when a ticket may not end: fields that it lacks are named, and nobody is here to ask.
_ENDS = frozenset({"status", "resolution"})
