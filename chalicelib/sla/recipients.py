"""Whom a step of a ladder calls. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from chalicelib.desk.ladders import AGENT, EMAIL
from chalicelib.desk.model import Agent, Desk
from chalicelib.people.absences import Away
from chalicelib.tickets.access import agent_sees
from chalicelib.tickets.model import Contact, Ticket


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody to be told, and as what: `role` is one of the words of "recipient".

    A substitute stands in for `absent`, who is told as well.
    """

    role: str
    contact: Contact
    agent: str | None = None
    absent: str | None = None


def recipients(notify: Iterable[str], ticket: Ticket, desk: Desk) -> tuple[Recipient, ...]:
    """Everybody whom these words of `notify` mean on a ticket, each address once."""
    found: dict[str, Recipient] = {}
    for word in notify:
        for one in _meant(word, ticket, desk):
            found.setdefault(one.contact.email.lower(), one)
    return tuple(found.values())


def with_substitutes(
    found: Iterable[Recipient], away: Mapping[str, Away], ticket: Ticket, desk: Desk
) -> tuple[Recipient, ...]:
    """The recipients, and who stands in for those of them who are away, if they see the ticket."""
    told = {one.contact.email.lower(): one for one in found}
    for one in tuple(told.values()):
        absence = away.get(one.agent or "")
        agent = desk.agents.get((absence and absence.stands_in) or "")
        if agent and agent_sees(agent, ticket):
            substitute = _recipient("substitute", agent)
            told.setdefault(agent.email.lower(), replace(substitute, absent=one.agent))
    return tuple(told.values())


def _meant(word: str, ticket: Ticket, desk: Desk) -> Iterator[Recipient]:
    if word.startswith(EMAIL):
        group = desk.groups.get(ticket.group)
        address, locale = word.removeprefix(EMAIL), group.locale if group else desk.locale
        yield Recipient("email", Contact("", "", address, locale))
    elif word.startswith(AGENT):
        yield from _agents("agent", [word.removeprefix(AGENT)], desk)
    else:
        yield from _ROLES[word](ticket, desk)


def _agents(role: str, ids: Iterable[str | None], desk: Desk) -> Iterator[Recipient]:
    for agent in (desk.agents.get(one or "") for one in ids):
        if agent:
            yield _recipient(role, agent)


def _recipient(role: str, agent: Agent) -> Recipient:
    return Recipient(role, Contact.from_agent(agent), agent.id)


def _lead(ticket: Ticket, desk: Desk, role: str = "group_lead") -> Iterator[Recipient]:
    lead = desk.lead_of(ticket.group)
    if lead:
        yield _recipient(role, lead)


def _assignee(ticket: Ticket, desk: Desk) -> Iterator[Recipient]:
    """The lead where nobody has it."""
    found = list(_agents("assignee", [ticket.assignee], desk))
    yield from found or _lead(ticket, desk, "unassigned")


def _responsible(ticket: Ticket, desk: Desk) -> Iterator[Recipient]:
    return _agents("responsible", [ticket.responsible], desk)


def _followers(ticket: Ticket, desk: Desk) -> Iterator[Recipient]:
    """Those who may see the ticket still."""
    for one in _agents("followers", ticket.followers, desk):
        if agent_sees(desk.agents[one.agent or ""], ticket):
            yield one


_ROLES: Mapping[str, Callable[[Ticket, Desk], Iterator[Recipient]]] = {
    "assignee": _assignee,
    "responsible": _responsible,
    "followers": _followers,
    "group_lead": _lead,
}
