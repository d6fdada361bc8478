"""The rows of an export: one JSON object for a ticket, an article, a delivery and so on. Pure.

The names are those of the API and never change their meaning; docs/export-format.md has them all.
Instants are RFC 3339 in UTC, exactly as the ledger hashes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.desk.files import SHARED
from chalicelib.exports.model import Cursor
from chalicelib.people.model import Person
from chalicelib.people.notes import Note, about
from chalicelib.people.organizations import Organization
from chalicelib.tickets.model import Article, Attachment, Contact, Delivery, Link, Task, Ticket

# Where SES puts a mail, before anybody has looked at it.
INBOUND_PREFIX = "inbound/"


@dataclass(frozen=True, slots=True)
class File:
    """A stored file that goes along as a member of the part; `is_mail` names its bucket."""

    member: str
    key: str
    is_mail: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """One row for `<entity>.ndjson` with its files, and the place in the export behind it."""

    entity: str
    row: Mapping[str, Any]
    cursor: Cursor
    files: tuple[File, ...] = ()


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def ticket_row(ticket: Ticket) -> dict[str, Any]:
    return {
        "number": ticket.number,
        "status": ticket.label or ticket.status.value,
        "category": ticket.status.value,
        "until": _iso(ticket.until),
        "reason": ticket.reason,
        "resolution": ticket.resolution,
        "reopen_count": ticket.reopens[0],
        "version": ticket.version,
        "subject": ticket.subject,
        "group": ticket.group,
        "assignee": ticket.assignee,
        "responsible": ticket.responsible,
        "followers": list(ticket.followers),
        "organization": ticket.organization or None,
        "requester": _contact(ticket.requester),
        "participants": [_contact(contact) for contact in ticket.participants],
        "priority": ticket.priority,
        "type": ticket.type or None,
        "form": ticket.form or None,
        "fields": dict(ticket.fields),
        "is_internal": ticket.is_internal,
        "tags": list(ticket.tags),
        "due": [
            {
                "target": clock.name,
                "state": clock.state.value,
                "due_at": _iso(clock.due_at),
                "breached_at": _iso(clock.breached_at),
                "met_at": _iso(clock.met_at),
            }
            for clock in ticket.clocks
            if clock.target is not None
        ],
        "opened_at": _iso(ticket.opened_at),
        "updated_at": _iso(ticket.updated_at),
        "closed_at": _iso(ticket.closed_at),
        "follow_up_of": ticket.follow_up_of,
        "merged_into": ticket.merged_into,
        "seq": ticket.seq,
    }


def _contact(contact: Contact) -> dict[str, Any]:
    return {
        "person": contact.person,
        "name": contact.name,
        "email": contact.email,
        "locale": contact.locale,
        "since": contact.since,
    }


def _member(attachment: Attachment, place: str) -> str:
    """What a file is called in the part: one of the desk's by its digest, once for all articles."""
    return f"files/{attachment.key.removeprefix(SHARED) if attachment.is_shared else place}"


def article_row(article: Article) -> tuple[dict[str, Any], tuple[File, ...]]:
    """The row, and the files that it names."""
    place = f"{article.number}-{article.seq}"
    raw = File(f"raw/{place}.eml", article.raw_key, is_mail=True) if article.raw_key else None
    full = File(f"texts/{place}.txt", article.text_key) if article.text_key else None
    attached = tuple(
        File(_member(attachment, f"{place}-{n}"), attachment.key)
        for n, attachment in enumerate(article.attachments)
    )
    author = article.author
    row = {
        "ticket": article.number,
        "id": str(article.seq),
        "seq": article.seq,
        "kind": article.kind.value,
        "author": {
            "id": author.id,
            "name": author.name,
            "email": author.email,
            "role": author.role,
        },
        "at": _iso(article.at),
        "text": article.text,
        "text_file": full.member if full else None,
        "raw_file": raw.member if raw else None,
        "attachments": [
            {
                "name": attachment.name,
                "content_type": attachment.content_type,
                "size": attachment.size,
                "content_id": attachment.content_id,
                "is_inline": attachment.is_inline,
                "file": file.member,
            }
            for attachment, file in zip(article.attachments, attached, strict=True)
        ],
        "is_held": article.is_held,
        "has_rest": article.has_rest,
        "mail_kind": article.mail_kind,
        "message_id": article.message_id,
        "flight": article.flight,
        "comment": article.comment,
        "split_to": article.split_to,
    }
    return row, tuple(file for file in (raw, full, *attached) if file)


def link_row(number: int, link: Link) -> dict[str, Any]:
    return {"ticket": number, "type": link.type, "other": link.other}


def task_row(task: Task) -> dict[str, Any]:
    return {
        "ticket": task.number,
        "id": task.id,
        "title": task.title,
        "at": _iso(task.at),
        "by": task.by,
        "owner": task.owner,
        "due_at": _iso(task.due_at),
        "done_at": _iso(task.done_at),
    }


def delivery_row(delivery: Delivery) -> dict[str, Any]:
    return {
        "ticket": delivery.number,
        "id": delivery.id,
        "seq": delivery.seq,
        "mail": delivery.mail,
        "to": delivery.email,
        "name": delivery.name,
        "state": delivery.state.value,
        "at": _iso(delivery.at),
        "attempt": delivery.attempt,
        "ses_id": delivery.ses_id,
        "reason": delivery.reason,
        "target": delivery.target,
    }


def person_row(person: Person) -> dict[str, Any]:
    return {
        "id": person.id,
        "name": person.name,
        "email": person.email,
        "locale": person.locale,
        "created_at": _iso(person.created_at),
    }


def organization_row(organization: Organization) -> dict[str, Any]:
    return {
        "id": organization.id,
        "name": organization.name,
        "domains": list(organization.domains),
        "note": organization.note,
    }


def note_row(note: Note) -> dict[str, Any]:
    kind, subject = about(note)
    return {
        "person": subject if kind == "person" else None,
        "organization": subject if kind == "organization" else None,
        "id": note.id,
        "text": note.text,
        "at": _iso(note.at),
        "by": note.by,
        "owner": note.owner,
        "due_at": _iso(note.due_at),
        "done_at": _iso(note.done_at),
    }


def suspended_row(row: Mapping[str, Any]) -> tuple[dict[str, Any], File]:
    """The row of a suspended mail from its columns in the list, and its original."""
    raw = File(f"raw/suspended-{row['id']}.eml", f"{INBOUND_PREFIX}{row['id']}", is_mail=True)
    found = {
        "id": row["id"],
        "cause": row["cause"],
        "sender": row.get("sender") or "",
        "subject": row.get("subject") or "",
        "received_at": datetime.fromisoformat(row["received"]).isoformat(),
        "raw_file": raw.member,
    }
    return found, raw
