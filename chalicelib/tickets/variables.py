"""What the variables of a desk's texts stand for on a ticket. Pure."""

from __future__ import annotations

from chalicelib import i18n
from chalicelib.desk.model import Desk
from chalicelib.desk.texts import OWN
from chalicelib.tickets import statuses
from chalicelib.tickets.model import Ticket


def variables(
    ticket: Ticket, desk: Desk, locale: str, *, url: str, agent: str | None = None
) -> dict[str, str]:
    """The values of `desk.texts.VARIABLES` for a text in that language, written by that agent."""
    group, status = desk.groups.get(ticket.group), statuses.status_of(ticket, desk)
    assignee, writer = desk.agents.get(ticket.assignee or ""), desk.agents.get(agent or "")
    return {
        "ticket.number": str(ticket.number),
        "ticket.subject": ticket.subject,
        "ticket.status": status.name(locale) or i18n.word("status", status.category, locale),
        "ticket.priority": i18n.word("priority", ticket.priority, locale),
        "ticket.link": f"{url}/agent/tickets/{ticket.number}",
        "requester.name": ticket.requester.name or ticket.requester.email,
        "requester.email": ticket.requester.email,
        "group.name": group.name if group else "",
        "assignee.name": assignee.name if assignee else "",
        "agent.name": writer.name if writer else desk.name,
        "desk.name": desk.name,
        **{
            f"{OWN}{name}": desk.fields[name].words(value, locale)
            for name, value in ticket.fields.items()
            if name in desk.fields
        },
    }
