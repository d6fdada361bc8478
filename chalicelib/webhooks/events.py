"""The verbs of events: an alert opens one ticket, is noted on it, and ends it when it is over.

Each alert is one transaction: the ticket, what is remembered of the alert, and the event's own id.
So a call that fails half-way can be sent again as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from chalicelib import i18n, table
from chalicelib.desk.hooks import Source
from chalicelib.desk.model import Desk
from chalicelib.desk.service import live_desk
from chalicelib.errors import Conflict, TooMany
from chalicelib.facts import ExternalEvent
from chalicelib.ledger.model import Actor, Entry
from chalicelib.ports import Ports
from chalicelib.tickets import changes, edits, followed
from chalicelib.tickets import service as tickets
from chalicelib.tickets import store as ticket_store
from chalicelib.tickets.changes import Change
from chalicelib.tickets.edits import Edit
from chalicelib.tickets.model import (
    TEXT_LIMIT,
    Article,
    ArticleKind,
    Author,
    Contact,
    Status,
    Ticket,
    Timeline,
)
from chalicelib.tickets.opening import Opening, new_ticket
from chalicelib.webhooks import alerts, store
from chalicelib.webhooks.alerts import Alert, Memory, Step

CHANNEL = "event"
# A monitoring that has lost its mind opens no more than this many tickets in an hour.
TICKETS_AN_HOUR = 100
_ENDS = {"solve": Status.SOLVED, "close": Status.CLOSED}
_PEOPLE = ("agent:", "person:")
_STATES = {False: "firing", True: "resolved", None: "unknown"}


class Outcome(StrEnum):
    """What became of an alert."""

    OPENED = "opened"
    REOPENED = "reopened"
    NOTED = "noted"
    SOLVED = "solved"
    CLOSED = "closed"
    TOLD = "told"
    REMEMBERED = "remembered"
    IGNORED = "ignored"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True)
class Taken:
    """An alert that was taken, and the ticket that has it, if any."""

    key: str
    outcome: Outcome
    ticket: int | None = None


def take(ports: Ports, source: Source, body: Mapping[str, Any], name: str = "") -> Sequence[Taken]:
    """Take every alert of a body; `name` is the id under which its sender may send it again."""
    found = alerts.read_alerts(source, body)
    return [
        _Event(ports, live_desk(ports), source, alert, name and f"{place} {name}").take()
        for place, alert in enumerate(found)
    ]


@dataclass(frozen=True, slots=True)
class _Event:
    """One alert of one call."""

    ports: Ports
    desk: Desk
    source: Source
    alert: Alert
    name: str

    def take(self) -> Taken:
        attempt = self._take_alert if self.alert.key else self._tell
        try:
            return tickets.retried(
                self.ports, attempt, "This alert changes all the time.", is_open=self._is_open
            )
        except Conflict as error:
            # Senders repeat what was too much, and drop what was a conflict.
            raise TooMany(error.message) from error

    def _is_open(self, lost: table.Lost) -> bool:
        if self._hour in lost.held:
            raise TooMany(f"{self.source.id} has opened {TICKETS_AN_HOUR} tickets in this hour.")
        return True

    @property
    def _hour(self) -> tuple[str, str]:
        return store.hour_key(self.ports.keys(), self.source.id, self.ports.clock())

    @property
    def _claim(self) -> tuple[str, str]:
        return store.event_key(self.ports.keys(), self.source.id, self.name)

    # An alert. -------------------------------------------------------------------------------

    def _take_alert(self) -> Taken:
        key = store.alert_key(self.ports.keys(), self.source.id, self.alert.key)
        found = table.fetch([key, *([self._claim] if self.name else [])])
        memory = store.memory_of(found.get(key))
        if self._claim in found:
            return self._taken(Outcome.REPEATED, memory.number)
        step, after = alerts.step_of(self.alert, memory)
        if step is Step.NOTHING:
            return self._taken(Outcome.IGNORED, memory.number)
        now = self.ports.clock()
        if step is Step.REMEMBER:
            table.transact([store.alert_write(key, after, now), *self._claimed(None, now)])
            return self._taken(Outcome.REMEMBERED, memory.number)
        timeline = self._timeline(memory)
        made = self._made(step, after, timeline, now)
        if made is None:
            return self._taken(Outcome.REPEATED, memory.number)
        outcome, change, more = made
        number = change.after.number
        after = replace(after, number=number)
        writes = [store.alert_write(key, after, now), *self._claimed(number, now), *more]
        self._save(change, now, writes)
        return self._taken(outcome, number)

    def _made(
        self, step: Step, memory: Memory, timeline: Timeline | None, now: datetime
    ) -> tuple[Outcome, Change, list[table.Write]] | None:
        """What a step makes of the ticket, and what is written with it."""
        ticket = timeline.ticket if timeline else None
        if step is Step.END:
            # An alert without a ticket has begun on one that is no more: it ends nothing.
            return (*self._ended(timeline, now), []) if timeline else None
        if ticket is None or ticket.status is Status.CLOSED:
            change = self._opened(ticket, now, is_over=step is Step.BOTH)
            hour = store.hour_write(self._hour, TICKETS_AN_HOUR, now)
            return Outcome.OPENED, change, [hour]
        if ticket.status is Status.SOLVED:
            return Outcome.REOPENED, self._reopened(ticket, now, is_over=step is Step.BOTH), []
        if step is Step.AGAIN and memory.notes > alerts.NOTES:
            return None
        return Outcome.NOTED, self._noted(ticket, step, now), []

    def _timeline(self, memory: Memory) -> Timeline | None:
        """The ticket that the alert has, or the one into which that was merged."""
        found = ticket_store.timeline(memory.number) if memory.number else None
        if found and found.ticket.merged_into:
            root = ticket_store.root(found.ticket)
            found = ticket_store.timeline(root.number) if root else None
        return found

    def _opened(self, before: Ticket | None, now: datetime, *, is_over: bool) -> Change:
        """A new ticket, which follows the closed one that the alert had before."""
        group = self.desk.groups[self.source.group]
        contact = Contact(self._person, self.source.name, "", group.locale)
        opening = Opening(
            group=group.id,
            subject=self.alert.title,
            contact=contact,
            channel=CHANNEL,
            priority=self.source.priorities.get(self.alert.severity.casefold(), "normal"),
            follow_up_of=before.number if before else None,
        )
        ticket = new_ticket(ticket_store.next_number(), opening, now)
        article = self._written(ticket.number, 1, self._over(self.alert.body, is_over=is_over), now)
        addresses = None if before else ()
        change = changes.opened(ticket, article, self.desk, channel=CHANNEL, addresses=addresses)
        return self._told(self._moved(change, now) if is_over else change, _STATES[is_over])

    def _reopened(self, ticket: Ticket, now: datetime, *, is_over: bool) -> Change:
        text = self._over(self.alert.body, is_over=is_over)
        article = self._written(ticket.number, changes.next_seq(ticket), text, now)
        change = changes.written_by_requester(ticket, article, self.desk)
        return self._told(self._moved(change, now) if is_over else change, _STATES[is_over])

    def _noted(self, ticket: Ticket, step: Step, now: datetime) -> Change:
        word = {Step.AGAIN: "still", Step.BOTH: "over"}.get(step, "back")
        text = f"{self._word(word)}\n\n{self.alert.body}"
        return self._told(self._note(ticket, text, now), _STATES[step is Step.BOTH])

    def _ended(self, timeline: Timeline, now: datetime) -> tuple[Outcome, Change]:
        """A note that it is over, which ends a ticket that no human being has touched."""
        change = self._note(timeline.ticket, self._word("over"), now)
        if self.source.on_recovery == "note" or not _is_untouched(timeline):
            return Outcome.NOTED, self._told(change, _STATES[True])
        moved = self._moved(change, now)
        outcome = Outcome(moved.after.status.value) if moved.after.is_over else Outcome.NOTED
        return outcome, self._told(moved, _STATES[True])

    def _moved(self, change: Change, now: datetime) -> Change:
        """The change with the ticket at its end, where the source ends tickets and that may end."""
        end = _ENDS.get(self.source.on_recovery)
        if end is None:
            return change
        edit = Edit(status=end, resolution=self._word("over"))
        done, _ = edits.applied(change.after, edit, self.desk, now)
        if done is None:
            return change
        return replace(change, after=done.after, facts=(*change.facts, *done.facts))

    # An event about a ticket. ----------------------------------------------------------------

    def _tell(self) -> Taken:
        """Note an event on the ticket that it names, if that is one of the source's group."""
        number = self.alert.ticket or 0
        ticket, found = ticket_store.load(number, [self._claim] if self.name else [])
        if found:
            return self._taken(Outcome.REPEATED, number)
        if ticket is None or ticket.group != self.source.group:
            return self._taken(Outcome.IGNORED, None)
        now = self.ports.clock()
        state = _STATES[self.alert.is_over] if self.source.state else "told"
        change = self._told(Change(ticket, ticket, ()), state)
        self._save(change, now, self._claimed(number, now))
        return self._taken(Outcome.TOLD, number)

    # What is written. ------------------------------------------------------------------------

    def _save(self, change: Change, now: datetime, also: Sequence[table.Write]) -> None:
        actor = Actor("token", self.source.id)
        change = followed.told(self.ports, change, actor, now)
        tickets.save(change, actor=actor, cause=CHANNEL, now=now, also=also)

    def _claimed(self, number: int | None, now: datetime) -> list[table.Write]:
        return [store.event_write(self._claim, number, now)] if self.name else []

    def _told(self, change: Change, state: str) -> Change:
        """The change with the event itself as a fact, for rules to find."""
        alert = self.alert
        fact = ExternalEvent(self.source.id, state, alert.severity, alert.key, dict(alert.fields))
        return changes.with_fact(change, fact)

    def _taken(self, outcome: Outcome, number: int | None) -> Taken:
        return Taken(self.alert.key, outcome, number)

    @property
    def _person(self) -> str:
        """As whom the source asks: one for all of its tickets, and with no address."""
        return f"source-{self.source.id}"

    def _written(self, number: int, seq: int, text: str, now: datetime) -> Article:
        author = Author("requester", self.source.name, "", self._person)
        return Article(number, seq, ArticleKind.REPLY, author, _cut(text), now)

    def _note(self, ticket: Ticket, text: str, now: datetime) -> Change:
        seq = changes.next_seq(ticket)
        author = Author("system", self.source.name)
        note = Article(ticket.number, seq, ArticleKind.NOTE, author, _cut(text), now)
        return changes.written_by_agent(ticket, note, self.desk)

    def _over(self, text: str, *, is_over: bool) -> str:
        return f"{text}\n\n{self._word('over')}" if is_over else text

    def _word(self, name: str) -> str:
        return i18n.word("alert", name, self.desk.groups[self.source.group].locale)


def _cut(text: str) -> str:
    return text.encode()[:TEXT_LIMIT].decode(errors="ignore")


def _is_untouched(timeline: Timeline) -> bool:
    """Whether nobody but machines has done anything with a ticket, which waits for nothing."""
    ticket = timeline.ticket
    if timeline.older or ticket.is_over or ticket.open_children or ticket.open_tasks:
        return False
    entries = [entry for entry in timeline.entries if isinstance(entry, Entry)]
    return not any(entry.actor.startswith(_PEOPLE) for entry in entries)
