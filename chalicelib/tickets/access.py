"""Who may see and do what. One check per object, in the place that fetches it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.desk.model import Agent, Desk
from chalicelib.errors import Forbidden, NotFound
from chalicelib.ledger.model import Actor
from chalicelib.tickets.model import BY_PEOPLE, Article, Author, Contact, Ticket

SCOPES = (
    "tickets:read",
    "tickets:write",
    "people:read",
    "people:write",
    "suspended:read",
    "suspended:write",
    "events:write",
    "rules:read",
    "rules:write",
    "exports",
)
# What agents need who are no admins.
OF_AGENTS = frozenset(SCOPES) - {"rules:read", "rules:write", "exports"}


@dataclass(frozen=True, slots=True)
class Who:
    """Whoever acts at the desk: an agent in a browser, or a program with a token.

    `groups` are those whose tickets may be seen; None means all of them.
    """

    actor: Actor
    name: str
    email: str
    scopes: frozenset[str]
    groups: frozenset[str] | None
    locale: str = "en"
    agent: str | None = None

    @classmethod
    def from_agent(cls, agent: Agent) -> Who:
        groups = None if agent.is_admin else agent.groups
        scopes = frozenset(SCOPES) if agent.is_admin else OF_AGENTS
        return cls(
            Actor("agent", agent.id),
            agent.name,
            agent.email,
            scopes,
            groups,
            agent.locale,
            agent.id,
        )

    @property
    def author(self) -> Author:
        return Author("agent", self.name, self.email, self.agent or self.actor.id)

    def need(self, scope: str) -> None:
        """Raise Forbidden without the scope."""
        if scope not in self.scopes:
            raise Forbidden(f"This needs the scope {scope}.")

    def may_see(self, group: str, assignee: str | None = None) -> bool:
        """Whether tickets of that group, or this one of theirs, are theirs to see."""
        is_own = assignee is not None and assignee == self.agent
        return self.groups is None or group in self.groups or is_own


def seen(who: Who, ticket: Ticket | None, number: int) -> Ticket:
    """The ticket, or NotFound alike for one that is not there and one not theirs to see."""
    if ticket is None or not who.may_see(ticket.group, ticket.assignee):
        raise NotFound(f"There is no ticket {number}.")
    return ticket


def is_internal(ticket: Ticket, type_id: str, desk: Desk) -> bool:
    """Whether a ticket of this type is the agents' own; one that was so once is for good."""
    kind = desk.types.get(type_id)
    return ticket.is_internal or (kind is not None and kind.is_internal)


def holder(ticket: Ticket | None, place: int, epoch: int) -> Contact:
    """The contact whose signed link this is, or NotFound; the field `link` says what is wrong."""
    places = dict(ticket.present) if ticket and not ticket.is_internal else {}
    if ticket is None or place not in places:
        raise NotFound("This link leads nowhere.", fields={"link": "invalid"})
    if ticket.link_epoch != epoch:
        raise NotFound("This link is too old.", fields={"link": "expired"})
    return ticket.contacts[place]


def is_for(contact: Contact, article: Article) -> bool:
    """Whether a customer may see an article: a reply that people wrote since the customer joined.

    What machines mail to a ticket is not for customers: it may be a code that somebody lured here.
    """
    is_written = article.mail_kind in BY_PEOPLE
    return article.is_public and is_written and article.seq >= contact.since


def agent_sees(agent: Agent, ticket: Ticket) -> bool:
    """Whether a ticket is an agent's to see."""
    return Who.from_agent(agent).may_see(ticket.group, ticket.assignee)
