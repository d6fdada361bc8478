"""Giving tickets to agents: a reaction to facts, and what rings when an answer is late or somebody
may be there again.

Each claims what it does in the transaction that does it, so a fact that comes twice, two sweeps
that overlap and two tickets at once all give one ticket to one agent. What becomes of a ticket by
rules when it is opened is decided there, in `tickets.routed`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from chalicelib import facts, table
from chalicelib.clocks.hours import ALWAYS
from chalicelib.desk.assignment import How
from chalicelib.desk.model import Desk
from chalicelib.desk.service import live_desk
from chalicelib.ledger.model import Actor
from chalicelib.ports import Ports
from chalicelib.routing import store
from chalicelib.routing.model import Choice, Question, choose
from chalicelib.routing.store import OfferItem, Roster
from chalicelib.tickets import changes, promised
from chalicelib.tickets import service as tickets
from chalicelib.tickets import store as ticket_store
from chalicelib.tickets.changes import Change
from chalicelib.tickets.model import Status, Ticket

ROUTING = Actor("system", "routing")
REACTION = "assign"
# Somebody took a ticket in hand who brought it to another status.
_UNTOUCHED = frozenset({Status.NEW, Status.OPEN})
_WAITED = frozenset({Status.PENDING, Status.ON_HOLD, Status.SOLVED, Status.CLOSED})
_BY_HAND = frozenset({"agent", "token"})


def assign(ports: Ports, name: str, detail: Mapping[str, Any]) -> None:
    """Give the ticket that a fact is about to somebody, where nobody has it.

    Once, however often the fact arrives.
    """
    came_back = name == facts.StatusChanged.__name__
    desk = live_desk(ports)
    if (came_back and not _is_return(detail)) or not _assigns_at_all(desk):
        return
    number, seq = detail["ticket"], detail["seq"]
    claim = tickets.Claim(
        (table.ticket_pk(number), table.effect_sk(seq, REACTION)),
        lambda _number, _seq: ticket_store.effect_write(number, seq, REACTION, ports.clock()),
    )
    cause = f"{table.ticket_pk(number)}/{seq}"
    _settled(ports, number, claim, lambda: _assigned(ports, number, claim, cause, came_back))


def _is_return(detail: Mapping[str, Any]) -> bool:
    """Whether the ticket was opened again, by the customer or by time."""
    fact = detail["fact"]
    is_opened = fact["after"] == Status.OPEN and fact["before"] in _WAITED
    return is_opened and detail["actor"] not in _BY_HAND


def _assigns_at_all(desk: Desk) -> bool:
    by_group = any(group.assign.how is not How.NONE for group in desk.groups.values())
    return by_group or any(route.agent for route in desk.routing)


def _settled(
    ports: Ports, number: int, claim: tickets.Claim | None, attempt: Callable[[], None]
) -> None:
    """An attempt, made anew while it loses a race; done where somebody else has done it."""

    def is_open(lost: table.Lost) -> bool:
        if claim and claim.key in lost.held:
            raise tickets.Done(lost.held[claim.key])
        return True

    words = f"Ticket {number} was changed too often to be given to somebody: once more."
    try:
        tickets.retried(ports, attempt, words, is_open=is_open)
    except tickets.Done:
        return


def _assigned(ports: Ports, number: int, claim: tickets.Claim, cause: str, came_back: bool) -> None:
    """One attempt to give a ticket to somebody, because of a fact; raises table.Lost."""
    offer_key = table.offer_key(number)
    ticket, found = ticket_store.load(number, [claim.key, offer_key])
    if claim.key in found:
        raise tickets.Done(found[claim.key])
    offer = found.get(offer_key)
    desk, now = live_desk(ports), ports.clock()
    if ticket is None or ticket.is_over or not _is_asked(ticket, desk, offer):
        return
    returns = came_back or ticket.follow_up_of is not None
    if ticket.assignee and not returns:
        return
    roster = store.roster(ports, now)
    if ticket.assignee and roster.duty.absences.of(ticket.assignee, now) is None:
        return
    passed_over = offer.passed_over or () if isinstance(offer, OfferItem) else ()
    question = Question(ticket, desk, roster.duty, now, passed_over, ticket.assignee)
    choice = _chosen(question)
    also = [claim.write(number, 0)]
    _save(ports, _Outcome(question, choice, roster), cause=cause, also=also)


def _is_asked(ticket: Ticket, desk: Desk, offer: table.Item | None) -> bool:
    """Whether somebody is looked for by itself: the group does that, or a rule wants an agent.

    Where nobody was there, it is looked again when it rings.
    """
    if isinstance(offer, OfferItem) and offer.waits_in == ticket.group:
        return False
    group = desk.groups.get(ticket.group)
    return bool(ticket.needs.agent) or (group is not None and group.assign.how is not How.NONE)


def _chosen(question: Question) -> Choice:
    return choose(question, store.loads(question.to_count, question.duty))


@dataclass(frozen=True, slots=True)
class _Outcome:
    """A question about a ticket, how it came out, and what was known."""

    question: Question
    choice: Choice
    roster: Roster


def _save(ports: Ports, outcome: _Outcome, *, cause: str, also: list[table.Write]) -> None:
    """Write who got the ticket, or that nobody did and why."""
    question, chosen = outcome.question, outcome.choice.chosen
    ticket, now = question.ticket, question.now
    change = handed(ticket, chosen.agent if chosen else None)
    if chosen:
        made = facts.AssignmentMade(chosen.agent, chosen.because, chosen.among, chosen.instead_of)
        after = promised.reassigned(change.after, question.desk)
        change = replace(change, after=after, facts=(*change.facts, made))
        also += [
            store.turn_write(chosen.agent, ticket.group, ticket.number, outcome.roster, now),
            _offered(question, change, chosen.agent),
        ]
    else:
        reasons = [one.to_reason() for one in outcome.choice.obstacles]
        change = changes.with_fact(change, facts.NobodyAvailable(ticket.group, reasons))
        change = _with_word(ports, change, question.desk, "nobody_available", now)
        again_at = outcome.choice.again_at(now)
        also.append(store.offer_write(ticket.number, ticket.group, change.seq, rings_at=again_at))
    tickets.save(change, actor=ROUTING, cause=cause, now=now, also=also)


def handed(ticket: Ticket, agent: str | None) -> Change:
    """The ticket in other hands: whoever has its page open must not undo that unawares."""
    change = changes.assigned(Change(ticket, ticket, ()), agent)
    moved = 1 if change.facts else 0
    return replace(change, after=replace(change.after, version=ticket.version + moved))


def _offered(question: Question, change: Change, agent: str) -> table.Write:
    """The write that says who has it, and when the answer is late."""
    desk, ticket = question.desk, question.ticket
    group, policy = desk.groups.get(ticket.group), desk.policy_of(ticket.group)
    within = group.assign.answer_within if group else None
    calendar = policy.calendar if policy else ALWAYS
    return store.offer_write(
        ticket.number,
        ticket.group,
        change.seq,
        agent=agent,
        passed_over=question.passed_over,
        rings_at=calendar.add(question.now, within) if within else None,
    )


def _with_word(ports: Ports, change: Change, desk: Desk, mail: str, now: datetime) -> Change:
    lead = desk.lead_of(change.after.group)
    return tickets.with_notice(ports, change, lead, mail=mail, now=now) if lead else change


# What rings. ---------------------------------------------------------------------------------


def ring(ports: Ports, item: table.Item) -> None:
    """A ticket's time to be answered is over, or somebody may be there for it."""
    if not isinstance(item, OfferItem):
        return
    number = table.ticket_number(item.pk) or 0
    attempt = _lapsed if item.agent else _tried_again
    _settled(ports, number, None, lambda: attempt(ports, number))


def _lapsed(ports: Ports, number: int) -> None:
    """Give a ticket back to its group, if whoever got it has not answered; raises table.Lost."""
    ticket, offer = _due_offer(ports, number)
    if offer is None or offer.agent is None:
        return
    if ticket is None or not _is_waiting_for(ticket, offer):
        store.silence(offer)
        return
    now = ports.clock()
    fact = facts.AssignmentLapsed(offer.agent, ticket.group, "unanswered")
    change = changes.with_fact(handed(ticket, None), fact)
    passed_over = {*(offer.passed_over or ()), offer.agent}
    also = [store.offer_write(number, ticket.group, change.seq, passed_over=passed_over)]
    tickets.save(change, actor=ROUTING, cause="sweep", now=now, also=also)


def _is_waiting_for(ticket: Ticket, offer: OfferItem) -> bool:
    """Whether the ticket still lies where it was given to, without an answer since then."""
    if ticket.assignee != offer.agent or ticket.status not in _UNTOUCHED:
        return False
    since = ticket_store.articles_after(ticket.number, int(offer.seq))
    return not any(article.author.is_agent and article.is_public for article in since)


def _tried_again(ports: Ports, number: int) -> None:
    """Look for somebody once more; where nobody is there still, that was said before."""
    ticket, offer = _due_offer(ports, number)
    if offer is None:
        return
    desk, now = live_desk(ports), ports.clock()
    if ticket is None or ticket.is_over or ticket.assignee or ticket.group != offer.group:
        store.silence(offer)
        return
    roster = store.roster(ports, now)
    question = Question(ticket, desk, roster.duty, now)
    choice = _chosen(question)
    if choice.chosen is None:
        store.ring_again(offer, choice.again_at(now))
        return
    _save(ports, _Outcome(question, choice, roster), cause="sweep", also=[])


def _due_offer(ports: Ports, number: int) -> tuple[Ticket | None, OfferItem | None]:
    """The ticket and what rings of it; nothing where that rings later, or no more."""
    key = table.offer_key(number)
    ticket, found = ticket_store.load(number, [key])
    offer = found.get(key)
    if not isinstance(offer, OfferItem) or not offer.g4sk:
        return ticket, None
    is_due = offer.g4sk <= f"{table.stamp(ports.clock())}~"
    return ticket, offer if is_due else None
