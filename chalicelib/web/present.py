"""A ticket as programs and pages see it: one shape for both."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib import table
from chalicelib.clocks.targets import Clock
from chalicelib.desk.model import Desk
from chalicelib.tickets.model import Article, Contact, Delivery, Ticket, Timeline


def ticket_json(desk: Desk, timeline: Timeline, *, url: str) -> dict[str, Any]:
    """The whole ticket; `url` is the address of this API, for the links of files."""
    ticket = timeline.ticket
    return {
        **summary(desk, ticket),
        "seq": ticket.public_seq,
        "participants": [_contact(contact) for contact in ticket.contacts[1:]],
        "articles": [
            article_json(article, timeline.deliveries, url=url) for article in timeline.articles
        ],
        "older": timeline.older,
    }


def summary(desk: Desk, ticket: Ticket) -> dict[str, Any]:
    """A ticket without what was written on it."""
    assignee = desk.agents.get(ticket.assignee or "")
    return {
        "number": ticket.number,
        "status": ticket.status.value,
        "version": ticket.version,
        "subject": ticket.subject,
        "group": ticket.group,
        "assignee": assignee.email if assignee else ticket.assignee,
        "requester": _contact(ticket.requester),
        "priority": ticket.priority,
        "tags": list(ticket.tags),
        "due": [_due(clock) for clock in ticket.clocks if clock.target is not None],
        "opened_at": iso(ticket.opened_at),
        "updated_at": iso(ticket.updated_at),
        "follow_up_of": ticket.follow_up_of,
    }


def _contact(contact: Contact) -> dict[str, Any]:
    return {"name": contact.name, "email": contact.email, "is_muted": contact.is_muted}


def row_json(desk: Desk, item: table.Item) -> dict[str, Any]:
    """A ticket from the columns that a list index holds."""
    row: Mapping[str, Any] = item.columns
    assignee = desk.agents.get(row.get("assignee") or "")
    return {
        "number": int(row["number"]),
        "status": row["status"],
        "version": int(row["version"]),
        "subject": row["subject"],
        "group": row["group"],
        "assignee": assignee.email if assignee else row.get("assignee"),
        "requester": {
            "name": row.get("name", ""),
            "email": row.get("email", ""),
            "is_muted": bool(row.get("muted")),
        },
        "priority": row["priority"],
        "tags": list(row.get("tags", ())),
        "due": [
            {"target": target, "due_at": due_at, "state": state}
            for target, due_at, state, _ in json.loads(row["due"])
        ],
        "opened_at": row["opened"],
        "updated_at": row["updated"],
    }


def _due(clock: Clock) -> dict[str, Any]:
    due_at = iso(clock.due_at) if clock.due_at else None
    return {"target": clock.metric.value, "due_at": due_at, "state": clock.state.value}


def article_json(article: Article, deliveries: tuple[Delivery, ...], *, url: str) -> dict[str, Any]:
    base = f"{url}/tickets/{article.number}/articles/{article.seq}"
    author = article.author
    return {
        "id": str(article.seq),
        "kind": article.kind.value,
        "author": {
            "name": author.name,
            "email": author.email,
            "role": author.role,
            "is_agent": author.is_agent,
        },
        "text": article.text,
        "has_more": article.has_rest or article.text_key is not None,
        "at": iso(article.at),
        "is_held": article.is_held,
        "mail_kind": article.mail_kind,
        "attachments": [
            {
                "name": attachment.name,
                "content_type": attachment.content_type,
                "size": attachment.size,
                "url": f"{base}/attachments/{place}",
            }
            for place, attachment in enumerate(article.attachments)
        ],
        "raw": f"{base}/raw" if article.raw_key else None,
        "flight": article.flight,
        "comment": article.comment,
        "delivery": [_delivery(found) for found in deliveries if found.seq == article.seq],
    }


def _delivery(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "to": delivery.email,
        "state": delivery.state.value,
        "mail": delivery.mail,
        "reason": delivery.reason,
    }


def iso(at: datetime) -> str:
    """An instant as RFC 3339 in UTC."""
    return table.stamp(at)
