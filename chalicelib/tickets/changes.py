"""What changes when something happens to a ticket: decisions, no storage, no clock. Pure.

Every verb takes the ticket as it is and returns a Change: the ticket after it, the facts, and
what is written along. Clocks are derived here, in the same decision as the change that moves them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib import facts
from chalicelib.clocks import targets
from chalicelib.desk.model import PRIORITIES, Desk
from chalicelib.desk.statuses import StatusLabel
from chalicelib.errors import Conflict, Invalid
from chalicelib.tickets import promised, statuses
from chalicelib.tickets.model import (
    PARTICIPANT_LIMIT,
    Article,
    ArticleKind,
    Contact,
    Delivery,
    DeliveryState,
    Status,
    Ticket,
)
from chalicelib.tickets.statuses import hour_of

SUBJECT_LIMIT = 250
TAG_LIMIT = 20
REASON_LIMIT = 200
RESOLUTION_LIMIT = 1000
_UNOPENED = {"thanks": facts.ThankedAfterSolve, "too_often": facts.ReopenParked}
UNSET = object()


@dataclass(frozen=True, slots=True)
class Change:
    """One decision about one ticket, to be written in one transaction."""

    before: Ticket | None
    after: Ticket
    facts: tuple[facts.Fact, ...]
    article: Article | None = None
    deliveries: tuple[Delivery, ...] = ()

    @property
    def seq(self) -> int:
        return next_seq(self.before)


def next_seq(ticket: Ticket | None) -> int:
    return ticket.seq + 1 if ticket else 1


def opened(
    ticket: Ticket,
    article: Article,
    desk: Desk,
    *,
    channel: str,
    runs_clocks: bool = True,
    asked_at: datetime | None = None,
) -> Change:
    """A new ticket with its first article, both made by the caller.

    Its clocks start, at the instant the customer asked where that was before today.
    """
    if runs_clocks:
        by_agent = article.author.is_agent and article.is_public
        ticket = promised.opened(ticket, desk, asked_at or ticket.opened_at, by_agent=by_agent)
    if article.is_public:
        ticket = replace(ticket, public_seq=article.seq)
    said = (
        facts.TicketOpened(ticket.group, ticket.priority, channel, ticket.follow_up_of),
        _added(article),
    )
    return Change(None, replace(ticket, version=1), said, article)


def _added(article: Article) -> facts.ArticleAdded:
    return facts.ArticleAdded(article.kind, article.author.role, article.is_held, article.mail_kind)


def written_by_requester(ticket: Ticket, article: Article, desk: Desk) -> Change:
    """An article from outside. Held, or written by no human, it joins and moves nothing."""
    change = Change(ticket, ticket, (_added(article),), article)
    if article.is_held or not article.is_public:
        return change
    change = replace(change, after=replace(ticket, public_seq=article.seq))
    if article.mail_kind not in {"human", "list"}:
        return change
    why = statuses.stays_over(ticket, article, desk)
    if why:
        return _with(change, _UNOPENED[why](article.seq), unopened=(why, article.at))
    return _answered_by_requester(change, desk, article.at)


def _answered_by_requester(change: Change, desk: Desk, now: datetime) -> Change:
    ticket = change.after
    if ticket.status not in {Status.NEW, Status.OPEN}:
        change = _moved(change, Status.OPEN, desk, now)
        ticket = change.after
    ticket = promised.requester_wrote(ticket, desk, now)
    return replace(change, after=replace(ticket, version=ticket.version + 1))


def written_by_agent(
    ticket: Ticket, article: Article, desk: Desk, *, agent: str | None = None
) -> Change:
    """A reply or a note by an agent. A reply opens the ticket and takes it where nobody has."""
    if article.kind is ArticleKind.NOTE:
        after = replace(ticket, note_seq=article.seq)
        return Change(ticket, after, (_added(article),), article)
    if ticket.status is Status.CLOSED:
        raise Conflict("The ticket is closed: open it again, or write a note.")
    if ticket.status is Status.MERGED:
        raise Conflict(f"The ticket is merged: answer on ticket {ticket.merged_into}.")
    after = replace(ticket, public_seq=article.seq, version=ticket.version + 1)
    change = Change(ticket, after, (_added(article),), article)
    change = replace(change, after=promised.agent_replied(change.after, desk, article.at))
    if ticket.status is Status.NEW:
        change = _moved(change, Status.OPEN, desk, article.at)
    if agent and ticket.assignee is None:
        change = _assigned(change, agent)
    return change


def accepted(ticket: Ticket, article: Article, desk: Desk, now: datetime) -> Change:
    """A held article is taken as the customer's after all, with all that follows."""
    if not article.is_held:
        raise Conflict("This article is not held: there is nothing to accept.")
    public = max(ticket.public_seq, article.seq)
    change = Change(
        ticket,
        replace(ticket, public_seq=public),
        (facts.ArticleAccepted(article.seq),),
        replace(article, is_held=False),
    )
    if ticket.merge:
        # It stays where it came in, and what it asks for is the other ticket's business.
        return change
    return _answered_by_requester(change, desk, now)


@dataclass(frozen=True, slots=True)
class Edit:
    """The fields that somebody wants changed; what is UNSET stays."""

    subject: object = UNSET
    status: object = UNSET
    priority: object = UNSET
    group: object = UNSET
    assignee: object = UNSET
    tags: object = UNSET
    until: object = UNSET
    reason: object = UNSET
    resolution: object = UNSET


def edited(
    ticket: Ticket, edit: Edit, desk: Desk, now: datetime, *, agent: str | None = None
) -> Change | None:
    """The ticket with these fields changed, None where they are so already; Invalid by field."""
    change, problems = _stepped(Change(ticket, ticket, ()), edit, desk, now)
    kept_open = _children_left(change, desk)
    problems = {**statuses.unmet(ticket, change.after, desk, agent), **kept_open, **problems}
    if problems:
        raise Invalid("Some fields cannot be set so.", fields=problems)
    _need_movable(ticket, change)
    if change.after.status is Status.SOLVED and change.after.assignee is None and agent:
        change = _assigned(change, agent)
    if not change.facts:
        return None
    return replace(change, after=replace(change.after, version=ticket.version + 1))


def _stepped(
    change: Change, edit: Edit, desk: Desk, now: datetime
) -> tuple[Change, dict[str, str]]:
    """The change with every field set that can be, and why the others cannot."""
    problems: dict[str, str] = {}
    for name, step in _EDITS.items():
        wanted = getattr(edit, name)
        if wanted is not UNSET:
            try:
                change = step(change, wanted, desk, now)
            except ValueError as error:
                problems[name] = str(error)
    return change, problems


def meant(ticket: Ticket, edit: Edit, desk: Desk, now: datetime) -> frozenset[str]:
    """The fields that an edit would change on such a ticket, or cannot set."""
    wanted = {name for name in _EDITS if getattr(edit, name) is not UNSET}
    return frozenset(name for name in wanted if _changes(name, ticket, edit, desk, now))


def _changes(name: str, ticket: Ticket, edit: Edit, desk: Desk, now: datetime) -> bool:
    change = Change(ticket, ticket, ())
    try:
        return _EDITS[name](change, getattr(edit, name), desk, now) != change
    except ValueError:
        return True


def _children_left(change: Change, desk: Desk) -> dict[str, str]:
    """What keeps a parent from ending: its open children, where the group insists on that."""
    ends = change.before is not None and not change.before.is_over and change.after.is_over
    group = desk.groups.get(change.after.group)
    if not (ends and change.after.open_children) or (group and group.open_children == "warn"):
        return {}
    numbers = ", ".join(f"#{number}" for number in sorted(change.after.open_children))
    return {"status": "has open children", "children": f"solve these first: {numbers}"}


def _need_movable(ticket: Ticket, change: Change) -> None:
    """Raise Conflict where a ticket that is merged or closed would get what it cannot have."""
    if _leaves_merge(change):
        raise Conflict(f"The ticket is merged into {ticket.merged_into}: undo that first.")
    if ticket.status is Status.CLOSED and _needs_open(change):
        raise Conflict("The ticket is closed: only subject, priority and tags can change.")


def _leaves_merge(change: Change) -> bool:
    moves = facts.StatusChanged | facts.GroupChanged | facts.AssigneeChanged
    return change.after.merge is not None and any(isinstance(f, moves) for f in change.facts)


def _needs_open(change: Change) -> bool:
    if change.after.status is not Status.CLOSED:
        return False
    return any(isinstance(f, facts.GroupChanged | facts.AssigneeChanged) for f in change.facts)


def _with(change: Change, fact: facts.Fact, **fields: object) -> Change:
    after = replace(change.after, **fields)  # type: ignore[arg-type]
    return replace(change, after=after, facts=(*change.facts, fact))


def _set_subject(change: Change, wanted: object, *_: object) -> Change:
    subject = " ".join(str(wanted).split())
    if not subject or len(subject) > SUBJECT_LIMIT:
        raise ValueError(f"write 1 to {SUBJECT_LIMIT} characters")
    if subject == change.after.subject:
        return change
    return _with(change, facts.SubjectChanged(change.after.subject, subject), subject=subject)


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
    return _with(change, fact, until=at)


def _set_reason(change: Change, wanted: object, *_: object) -> Change:
    reason = " ".join(str(wanted or "").split())
    if reason == change.after.reason or (change.before and reason == change.before.reason):
        return change
    if len(reason) > REASON_LIMIT:
        raise ValueError(f"at most {REASON_LIMIT} characters")
    if change.after.status not in statuses.WAITING:
        raise ValueError("only a ticket that is pending or on hold waits for something")
    return _with(change, facts.ReasonChanged(change.after.reason, reason), reason=reason)


def _set_resolution(change: Change, wanted: object, *_: object) -> Change:
    text = str(wanted or "").replace("\r\n", "\n").strip()
    if len(text) > RESOLUTION_LIMIT:
        raise ValueError(f"at most {RESOLUTION_LIMIT} characters")
    if text == change.after.resolution:
        return change
    fact = facts.ResolutionChanged(change.after.resolution, text)
    return _with(change, fact, resolution=text)


def _set_priority(change: Change, wanted: object, desk: Desk, now: datetime) -> Change:
    before = change.after.priority
    if wanted not in PRIORITIES:
        raise ValueError(f"must be one of {', '.join(PRIORITIES)}")
    if wanted == before:
        return change
    priority = str(wanted)
    change = _with(change, facts.PriorityChanged(before, priority), priority=priority)
    return replace(change, after=promised.retargeted(change.after, desk, now))


def _set_group(change: Change, wanted: object, desk: Desk, now: datetime) -> Change:
    before = change.after.group
    if wanted not in desk.groups:
        raise ValueError("there is no such group")
    if wanted == before:
        return change
    change = _with(change, facts.GroupChanged(before, str(wanted)), group=str(wanted))
    assignee = desk.agents.get(change.after.assignee or "")
    if assignee and str(wanted) not in assignee.groups and not assignee.is_admin:
        change = _assigned(change, None)
    return replace(change, after=promised.retargeted(change.after, desk, now))


def _set_assignee(change: Change, wanted: object, desk: Desk, *_: object) -> Change:
    if change.before and wanted == change.before.assignee:
        # A form sends what it shows: the one who was left behind by a move is not meant again.
        return change
    if wanted in {None, ""}:
        return _assigned(change, None)
    agent = desk.agents.get(str(wanted)) or desk.agent_at(str(wanted))
    if agent is None:
        raise ValueError("there is no such agent")
    if change.after.group not in agent.groups and not agent.is_admin:
        raise ValueError(f"{agent.name} is not in the group {change.after.group}")
    return _assigned(change, agent.id)


def _set_tags(change: Change, wanted: object, desk: Desk, now: datetime) -> Change:
    if not isinstance(wanted, list | tuple):
        raise ValueError("must be a list of words")  # noqa: TRY004 - collected as a field's problem
    tags = tuple(sorted({"-".join(str(tag).lower().split())[:50] for tag in wanted} - {""}))
    if len(tags) > TAG_LIMIT:
        raise ValueError(f"at most {TAG_LIMIT} tags")
    if tags == change.after.tags:
        return change
    fact = facts.TagsChanged(list(change.after.tags), list(tags))
    change = _with(change, fact, tags=tags)
    return replace(change, after=promised.retargeted(change.after, desk, now))


_EDITS: dict[str, Callable[[Change, object, Desk, datetime], Change]] = {
    "subject": _set_subject,
    "group": _set_group,
    "priority": _set_priority,
    "assignee": _set_assignee,
    "status": _set_status,
    "tags": _set_tags,
    "until": _set_until,
    "reason": _set_reason,
    "resolution": _set_resolution,
}


def breached(ticket: Ticket, now: datetime) -> Change | None:
    """The breaches due by now, each recorded once; None where there is nothing to record."""
    clocks = targets.with_breaches(ticket.clocks, now)
    if clocks == ticket.clocks:
        return None
    return Change(ticket, replace(ticket, clocks=clocks), ())


def retargeted(ticket: Ticket, desk: Desk, now: datetime) -> Change | None:
    """The ticket on the terms of today's desk, None where it stands on them already."""
    after = promised.retargeted(ticket, desk, now)
    if after.clocks == ticket.clocks:
        return None
    return Change(ticket, after, (promised.moved_fact(ticket.clocks, after.clocks),))


def with_breach_facts(change: Change, now: datetime) -> Change:
    """The change with a fact for every breach that it is the first to notice."""
    before = change.before.clocks if change.before else ()
    found = promised.breach_facts(before, change.after.clocks, now)
    return replace(change, facts=(*change.facts, *found))


def with_deliveries(change: Change, deliveries: Sequence[Delivery]) -> Change:
    """The change with mails to send, and a fact for each."""
    queued = tuple(facts.DeliveryQueued(delivery.id, delivery.mail) for delivery in deliveries)
    return replace(
        change,
        deliveries=(*change.deliveries, *deliveries),
        facts=(*change.facts, *queued),
    )


def sent_again(ticket: Ticket, delivery: Delivery, now: datetime) -> Change:
    """A delivery that failed or bounced is queued once more."""
    if delivery.state not in {DeliveryState.FAILED, DeliveryState.BOUNCED}:
        raise Conflict(f"This mail is {delivery.state}: only a failed one can be sent again.")
    again = replace(
        delivery,
        state=DeliveryState.QUEUED,
        attempt=0,
        lease_until=None,
        ses_id=None,
        reason=None,
        at=now,
    )
    return with_deliveries(Change(ticket, ticket, ()), [again])


def with_mute(change: Change, place: int, *, is_muted: bool) -> Change:
    """The change with mail to a contact known to arrive, or known to come back."""
    contacts = list(change.after.contacts)
    contacts[place] = replace(contacts[place], is_muted=is_muted)
    return replace(change, after=replace(change.after, contacts=tuple(contacts)))


def with_heat(change: Change, now: datetime) -> Change:
    """The change with one more mail from outside counted in this hour."""
    heat = (hour_of(now), mails_this_hour(change.after, now) + 1)
    return replace(change, after=replace(change.after, heat=heat))


def mails_this_hour(ticket: Ticket, now: datetime) -> int:
    """How many mails from outside joined the ticket since the hour struck."""
    hour, count = ticket.heat
    return count if hour == hour_of(now) else 0


def with_contact(change: Change, contact: Contact) -> Change:
    """The change with one more participant, who sees nothing older than it."""
    known = change.after.place_of(contact.email) is not None
    if known or len(change.after.contacts) >= PARTICIPANT_LIMIT:
        return change
    joined = replace(contact, since=change.seq)
    fact = facts.ParticipantAdded(contact.person, contact.name, contact.email)
    return _with(change, fact, contacts=(*change.after.contacts, joined))


def moved(change: Change, status: StatusLabel, desk: Desk, now: datetime) -> Change:
    """The change with the ticket in a status of the desk, whoever may set it."""
    label = "" if status.id == status.category else status.id
    return _moved(change, Status(status.category), desk, now, label=label)


def _moved(change: Change, status: Status, desk: Desk, now: datetime, *, label: str = "") -> Change:
    ticket = change.after
    if (ticket.status, ticket.label) == (status, label):
        return change
    fact = facts.StatusChanged(ticket.status, status, ticket.label or None, label or None)
    after = statuses.entered(ticket, status, label, desk, now)
    if status is not ticket.status:
        after = promised.status_changed(after, ticket.status, desk, now)
    return replace(change, after=after, facts=(*change.facts, fact))


def _assigned(change: Change, agent: str | None) -> Change:
    before = change.after.assignee
    if before == agent:
        return change
    return _with(change, facts.AssigneeChanged(before, agent), assignee=agent)
