"""What changes when something happens to a ticket: decisions, no storage, no clock. Pure.

Every verb takes the ticket as it is and returns a Change: the ticket after it, the facts, and
what is written along. Clocks are derived here, in the same decision as the change that moves them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib import facts
from chalicelib.desk.model import Desk
from chalicelib.desk.statuses import StatusLabel
from chalicelib.errors import Conflict
from chalicelib.tickets import promised, statuses
from chalicelib.tickets.access import is_internal
from chalicelib.tickets.hooks import HookCall
from chalicelib.tickets.model import (
    BY_PEOPLE,
    PARTICIPANT_LIMIT,
    Article,
    ArticleKind,
    Contact,
    Delivery,
    DeliveryState,
    Status,
    Task,
    Ticket,
)
from chalicelib.tickets.routed import keeper, routed
from chalicelib.tickets.statuses import hour_of

SUBJECT_LIMIT = 250
# Beyond so many nobody sends them again one by one.
UNDELIVERED_LIMIT = 20
_UNOPENED = {"thanks": facts.ThankedAfterSolve, "too_often": facts.ReopenParked}


@dataclass(frozen=True, slots=True)
class Change:
    """One decision about one ticket, to be written in one transaction.

    `root` is the id of the entry that it follows from, and `depth` the how-manieth such change it
    is; what somebody does of their own accord has neither.
    """

    before: Ticket | None
    after: Ticket
    facts: tuple[facts.Fact, ...]
    article: Article | None = None
    deliveries: tuple[Delivery, ...] = ()
    calls: tuple[HookCall, ...] = ()
    tasks: tuple[Task, ...] = ()
    root: str | None = None
    depth: int = 0

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
    addresses: Sequence[str] | None = None,
) -> Change:
    """A new ticket with its first article, both made by the caller.

    Its clocks start, at the instant the customer asked where that was before today. The routing
    decides about one that came to these addresses of ours, or to none; without, it is in its place.
    """
    decided: tuple[facts.Fact, ...] = ()
    if addresses is not None:
        ticket, decided = routed(ticket, article, desk, channel=channel, addresses=addresses)
    ticket = replace(ticket, is_internal=is_internal(ticket, ticket.type, desk))
    if runs_clocks:
        by_agent = article.author.is_agent and article.is_public
        ticket = promised.opened(ticket, desk, asked_at or ticket.opened_at, by_agent=by_agent)
    if article.is_public:
        ticket = replace(ticket, public_seq=article.seq)
    origin = (ticket.group, ticket.priority, channel, ticket.follow_up_of, ticket.type)
    filled = facts.FieldsChanged(dict.fromkeys(ticket.fields), dict(ticket.fields))
    said = (
        facts.TicketOpened(*origin),
        *((filled,) if ticket.fields else ()),
        *decided,
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
    if article.mail_kind not in BY_PEOPLE:
        return change
    why = statuses.stays_over(ticket, article, desk)
    if why:
        return with_fact(change, _UNOPENED[why](article.seq), unopened=(why, article.at))
    return _answered_by_requester(change, desk, article.at)


def _answered_by_requester(change: Change, desk: Desk, now: datetime) -> Change:
    ticket = change.after
    if ticket.status not in {Status.NEW, Status.OPEN}:
        change = _moved(change, Status.OPEN, desk, now)
        change = assigned(change, keeper(change.after, desk))
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
    if ticket.is_internal:
        raise Conflict("The ticket is internal, and nothing of it goes out: write a note.")
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
        change = assigned(change, agent)
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


def came_due(ticket: Ticket, desk: Desk, now: datetime) -> Change | None:
    """What is due by now, each recorded once; None where there is nothing to record."""
    after = promised.come_due(ticket, desk, now)
    return None if after.clocks == ticket.clocks else Change(ticket, after, ())


def retargeted(ticket: Ticket, desk: Desk, now: datetime) -> Change | None:
    """The ticket on the terms of today's desk, None where it stands on them already."""
    after = promised.retargeted(ticket, desk, now)
    if after.clocks == ticket.clocks:
        return None
    return Change(ticket, after, (promised.moved_fact(ticket.clocks, after.clocks),))


def with_clock_facts(change: Change, now: datetime) -> Change:
    """The change with a fact for every miss and step that it is the first to notice."""
    before = change.before.clocks if change.before else ()
    found = promised.clock_facts(before, change.after.clocks, now)
    return replace(change, facts=(*change.facts, *found))


def with_machine_words(change: Change, article: Article) -> Change:
    """The change with what a machine wrote: it fulfils no promise, and a note holds nobody up."""
    public = article.seq if article.is_public else change.after.public_seq
    after = replace(change.after, public_seq=public)
    return replace(change, after=after, facts=(*change.facts, _added(article)), article=article)


def with_deliveries(change: Change, deliveries: Sequence[Delivery]) -> Change:
    """The change with mails to send, and a fact for each; of an internal ticket to staff alone."""
    if change.after.is_internal:
        deliveries = [one for one in deliveries if one.place is None]
    queued = tuple(facts.DeliveryQueued(delivery.id, delivery.mail) for delivery in deliveries)
    return replace(
        change,
        deliveries=(*change.deliveries, *deliveries),
        facts=(*change.facts, *queued),
    )


def with_calls(change: Change, wanted: Sequence[HookCall]) -> Change:
    """The change with webhooks to call, and a fact for each; to ask twice is to ask once."""
    calls = list(change.calls)
    for asked in wanted:
        call = replace(
            asked,
            of=asked.of or change.seq,
            number=change.after.number,
            seq=change.seq,
            place=len(calls),
        )
        if not any(call.is_same(other) for other in calls):
            calls.append(call)
    new = calls[len(change.calls) :]
    queued = tuple(facts.WebhookQueued(call.webhook, call.id, call.rule) for call in new)
    return replace(change, calls=tuple(calls), facts=(*change.facts, *queued))


def sent_again(ticket: Ticket, delivery: Delivery, now: datetime) -> Change:
    """A delivery that failed or bounced is queued once more."""
    if delivery.state not in {DeliveryState.FAILED, DeliveryState.BOUNCED}:
        raise Conflict(f"This mail is {delivery.state}: only a failed one can be sent again.")
    if ticket.is_internal and delivery.place is not None:
        raise Conflict("The ticket is internal, and nothing of it goes out.")
    again = replace(
        delivery,
        state=DeliveryState.QUEUED,
        attempt=0,
        lease_until=None,
        ses_id=None,
        reason=None,
        at=now,
    )
    left = tuple(one for one in ticket.undelivered if one != delivery.id)
    change = Change(ticket, replace(ticket, undelivered=left), ())
    return with_deliveries(change, [again])


def without_delivery(change: Change, delivery: Delivery) -> Change:
    """The change with a mail that did not reach its recipient, and is not tried again by itself."""
    lost = dict.fromkeys((*change.after.undelivered, delivery.id))
    kept = tuple(lost)[-UNDELIVERED_LIMIT:]
    return replace(change, after=replace(change.after, undelivered=kept))


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
    return with_fact(change, fact, contacts=(*change.after.contacts, joined))


def with_fact(change: Change, fact: facts.Fact, **fields: object) -> Change:
    """The change with one more fact, and the fields that it is about."""
    after = replace(change.after, **fields)  # type: ignore[arg-type]
    return replace(change, after=after, facts=(*change.facts, fact))


def without_contact(change: Change, email: str) -> Change:
    """The change without a participant: their link opens nothing, and what they write is held."""
    place = change.after.place_of(email)
    if place is None:
        return change
    if place == 0:
        raise Conflict("The requester cannot be taken off: it is their ticket.")
    contacts = list(change.after.contacts)
    gone = contacts[place] = replace(contacts[place], is_gone=True)
    fact = facts.ParticipantRemoved(gone.person, gone.name, gone.email)
    return with_fact(change, fact, contacts=tuple(contacts))


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


def assigned(change: Change, agent: str | None) -> Change:
    """The change with the ticket in the hands of this agent, or of nobody."""
    before = change.after.assignee
    if before == agent:
        return change
    return with_fact(change, facts.AssigneeChanged(before, agent), assignee=agent)
