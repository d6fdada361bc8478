"""A ticket as programs and pages see it: one shape for both."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib import i18n, table
from chalicelib.clocks.model import Clock
from chalicelib.desk.model import Desk
from chalicelib.desk.statuses import StatusLabel
from chalicelib.people.notes import Note
from chalicelib.tickets import statuses
from chalicelib.tickets.model import (
    Article,
    Author,
    Contact,
    Delivery,
    Presence,
    Task,
    Ticket,
    Timeline,
)
from chalicelib.tickets.stored_tasks import in_order

EXCERPT = 300


def ticket_json(desk: Desk, timeline: Timeline, *, url: str) -> dict[str, Any]:
    """The whole ticket; `url` is the address of this API, for the links of files."""
    ticket = timeline.ticket
    return {
        **summary(desk, ticket),
        "seq": ticket.written_seq,
        "participants": [contact_json(contact) for contact in ticket.participants],
        "articles": [article_json(*one, url=url) for one in _articles(timeline)],
        "older": timeline.older,
        "sources": list(ticket.sources),
        "links": [{"type": one.type, "ticket": one.other} for one in timeline.links],
        "open_children": sorted(ticket.open_children),
        "tasks": [task_json(desk, one) for one in in_order(timeline.tasks)],
    }


def _address(desk: Desk, agent: str | None) -> str | None:
    """An agent's address; of one who left the desk, the id."""
    found = desk.agents.get(agent or "")
    return found.email if found else agent


def task_json(desk: Desk, task: Task) -> dict[str, Any]:
    """Something to do on a ticket, with its owner by address."""
    return {
        "id": task.id,
        "title": task.title,
        "owner": _address(desk, task.owner),
        "due_at": iso(task.due_at) if task.due_at else None,
        "is_done": task.is_done,
        "done_at": iso(task.done_at) if task.done_at else None,
    }


def note_json(desk: Desk, note: Note) -> dict[str, Any]:
    """A note on somebody, with author and owner by address."""
    return {
        "id": note.id,
        "text": note.text,
        "author": _address(desk, note.by),
        "at": iso(note.at),
        "owner": _address(desk, note.owner),
        "due_at": iso(note.due_at) if note.due_at else None,
        "is_done": note.is_done,
        "done_at": iso(note.done_at) if note.done_at else None,
    }


def _articles(timeline: Timeline) -> list[tuple[Article, tuple[Delivery, ...]]]:
    """The articles of a page and of what was merged into it, by time, with the mails of each."""
    pages = (timeline, *timeline.sources)
    found = [(article, page.deliveries) for page in pages for article in page.articles]
    return sorted(found, key=lambda one: one[0].at)


def summary(desk: Desk, ticket: Ticket) -> dict[str, Any]:
    """A ticket without what was written on it."""
    assignee = desk.agents.get(ticket.assignee or "")
    status = statuses.status_of(ticket, desk)
    return {
        "number": ticket.number,
        **_status_json(status, desk),
        "until": iso(ticket.until) if ticket.until else None,
        "reason": ticket.reason,
        "resolution": ticket.resolution,
        "reopen_count": ticket.reopens[0],
        "open_tasks": ticket.open_tasks,
        "unopened": _unopened(ticket.unopened and (ticket.unopened[0], iso(ticket.unopened[1]))),
        "version": ticket.version,
        "subject": ticket.subject,
        "group": ticket.group,
        "assignee": assignee.email if assignee else ticket.assignee,
        "responsible": _address(desk, ticket.responsible),
        "organization": ticket.organization or None,
        "followers": [_address(desk, one) for one in ticket.followers],
        "requester": contact_json(ticket.requester),
        "priority": ticket.priority,
        "type": ticket.type or None,
        "form": ticket.form or None,
        "fields": dict(ticket.fields),
        "is_internal": ticket.is_internal,
        "tags": list(ticket.tags),
        "due": [_due(clock) for clock in ticket.clocks if clock.target is not None],
        "opened_at": iso(ticket.opened_at),
        "updated_at": iso(ticket.updated_at),
        "follow_up_of": ticket.follow_up_of,
        "merged_into": ticket.merged_into,
    }


def _status_json(status: StatusLabel, desk: Desk) -> dict[str, str]:
    """A status, what logic takes it for, and what people call it in the language of the desk."""
    label = status.name(desk.locale) or i18n.word("status", status.category, desk.locale)
    return {"status": status.id, "category": status.category, "status_label": label}


def _unopened(stored: Sequence[str] | None) -> dict[str, str] | None:
    return {"why": stored[0], "at": stored[1]} if stored else None


def contact_json(contact: Contact) -> dict[str, Any]:
    """Somebody on a ticket."""
    return {"name": contact.name, "email": contact.email, "is_muted": contact.is_muted}


def row_json(desk: Desk, item: table.Item) -> dict[str, Any]:
    """A ticket from the columns that a list index holds."""
    row: Mapping[str, Any] = item.columns
    assignee = desk.agents.get(row.get("assignee") or "")
    return {
        "number": int(row["number"]),
        **_status_json(statuses.named(row["status"], row.get("label"), desk), desk),
        "until": row.get("until"),
        "unopened": _unopened(row.get("unopened")),
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
        "type": row.get("type"),
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
    return {"target": clock.name, "due_at": due_at, "state": clock.state.value}


def article_json(article: Article, deliveries: tuple[Delivery, ...], *, url: str) -> dict[str, Any]:
    base = f"{url}/tickets/{article.number}/articles/{article.seq}"
    return {
        "id": str(article.seq),
        "kind": article.kind.value,
        "author": _author(article.author),
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
        "ticket": article.number,
        "split_to": article.split_to,
        "delivery": [delivery_json(found) for found in deliveries if found.seq == article.seq],
    }


def _author(author: Author) -> dict[str, Any]:
    return {
        "name": author.name,
        "email": author.email,
        "role": author.role,
        "is_agent": author.is_agent,
    }


def excerpt_json(article: Article) -> dict[str, Any]:
    """The beginning of an article, for somebody who has to read it first."""
    return {
        "id": str(article.seq),
        "kind": article.kind.value,
        "author": _author(article.author),
        "at": iso(article.at),
        "text": article.text[:EXCERPT],
    }


def presence_json(desk: Desk, presence: Presence) -> dict[str, Any]:
    """Somebody who has a ticket open: an agent, or a program by the name of its token."""
    kind, _, name = presence.actor.partition(":")
    agent = desk.agents.get(name) if kind == "agent" else None
    return {
        "name": agent.name if agent else name,
        "email": agent.email if agent else None,
        "mode": presence.mode,
        "until": iso(presence.until),
    }


def delivery_json(delivery: Delivery) -> dict[str, Any]:
    """A mail to one recipient, and how far it came."""
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
