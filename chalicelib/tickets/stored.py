"""How the items of a ticket become values of `model`, and back."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib import table
from chalicelib.clocks.model import Clock
from chalicelib.clocks.stored import clocks_of, to_list
from chalicelib.tickets.hooks import CallState, HookCall
from chalicelib.tickets.items import (
    ArticleItem,
    CallItem,
    DeliveryItem,
    DraftItem,
    HeadItem,
    LinkItem,
    PresenceItem,
)
from chalicelib.tickets.model import (
    Article,
    ArticleKind,
    Attachment,
    Author,
    Contact,
    Delivery,
    DeliveryState,
    KeptDraft,
    Link,
    Merge,
    Needs,
    Presence,
    Status,
    Ticket,
)

_DELIVERY_FIELDS = [field.name for field in fields(Delivery) if field.name != "number"]


def head_key(number: int) -> tuple[str, str]:
    return table.ticket_pk(number), table.HEAD


OVERDUE = timedelta(minutes=5)
CALL_LIFE = timedelta(days=30)


def ticket_of(item: table.Item | None) -> Ticket | None:
    """The ticket in a head item; None for anything else."""
    if not isinstance(item, HeadItem):
        return None
    return Ticket(
        number=_number(item.pk),
        status=Status(item.status),
        subject=item.subject,
        group=item.group,
        assignee=item.assignee,
        contacts=tuple(Contact(*contact) for contact in item.contacts),
        priority=item.priority,
        tags=tuple(item.tags or ()),
        opened_at=table.instant(item.row["opened"]),
        updated_at=table.instant(item.row["updated"]),
        version=int(item.version),
        seq=int(item.seq),
        public_seq=int(item.public_seq),
        note_seq=int(item.note_seq or 0),
        chain=item.chain,
        clocks=clocks_of(item.clocks or ()),
        follow_up_of=int(item.follow_up_of) if item.follow_up_of else None,
        closed_at=item.closed_at,
        link_epoch=int(item.link_epoch or 0),
        merge=_merge_of(*item.merge) if item.merge else None,
        sources=tuple(item.sources or ()),
        parent=int(item.parent) if item.parent else None,
        open_children=frozenset(map(int, item.open_children or ())),
        heat=tuple(item.heat or (0, 0)),
        label=item.label or "",
        **_wait_of(*(item.wait or ())),
        resolution=item.resolution or "",
        reopens=tuple(item.reopens or (0, 0, 0)),
        unopened=_unopened_of(*item.unopened) if item.unopened else None,
        type=item.type or "",
        form=item.form or "",
        fields=item.fields or {},
        is_internal=bool(item.is_internal),
        undelivered=tuple(item.columns.get("undelivered", ())),
        needs=_needs_of(*item.needs) if item.needs else Needs(),
        tasks=tuple(item.tasks or (0, 0)),
        responsible=item.responsible,
        followers=tuple(item.followers or ()),
        organization=item.organization or "",
    )


def _needs_of(skills: dict[str, int], agent: str | None = None) -> Needs:
    return Needs(tuple(skills.items()), agent)


def _needs_json(needs: Needs) -> list[Any] | None:
    if needs == Needs():
        return None
    skills = dict(needs.skills)
    return [skills, needs.agent] if needs.agent else [skills]


def _wait_of(until: float | None = None, reason: str = "") -> dict[str, Any]:
    return {"until": _instant(until), "reason": reason}


def _wait_json(ticket: Ticket) -> list[Any] | None:
    """Until when the ticket stays as it is, and why where somebody said so."""
    if ticket.until is None and not ticket.reason:
        return None
    until = _short(ticket.until.timestamp()) if ticket.until else None
    return [until, ticket.reason] if ticket.reason else [until]


def _unopened_of(why: str, at: float) -> tuple[str, datetime]:
    return why, datetime.fromtimestamp(at, UTC)


def _unopened_json(why: str, at: datetime) -> list[Any]:
    return [why, int(at.timestamp())]


def _number(pk: str) -> int:
    return int(pk.partition("#")[2])


def article_of(item: table.Item | None) -> Article | None:
    if not isinstance(item, ArticleItem):
        return None
    return Article(
        number=_number(item.pk),
        seq=int(item.seq),
        kind=ArticleKind(item.type),
        author=Author(**item.author),
        text=item.text,
        at=item.at,
        is_held=bool(item.is_held),
        has_rest=bool(item.has_rest),
        message_id=item.message_id,
        mail_kind=item.mail_kind,
        text_key=item.text_key,
        raw_key=item.raw_key,
        attachments=tuple(Attachment(**attachment) for attachment in item.attachments or ()),
        flight=item.flight,
        has_html=bool(item.has_html),
        thread=tuple(item.thread) if item.thread else None,
        comment=item.comment,
        split_to=int(item.split_to) if item.split_to else None,
    )


def link_of(item: table.Item | None) -> Link | None:
    return Link(item.type, int(item.other)) if isinstance(item, LinkItem) else None


def link_item(number: int, link: Link) -> LinkItem:
    pk, sk = link_key(number, link)
    return LinkItem(pk=pk, sk=sk, type=link.type, other=link.other)


def link_key(number: int, link: Link) -> tuple[str, str]:
    return table.ticket_pk(number), table.link_sk(link.type, link.other)


def delivery_of(item: table.Item | None) -> Delivery | None:
    if not isinstance(item, DeliveryItem):
        return None
    return Delivery(
        number=_number(item.pk),
        seq=int(item.seq),
        recipient=item.recipient,
        mail=item.mail,
        name=item.name,
        email=item.email,
        locale=item.locale,
        group=item.group,
        place=int(item.place) if item.place is not None else None,
        at=item.at,
        state=DeliveryState(item.state),
        attempt=int(item.attempt),
        lease_until=item.lease_until,
        ses_id=item.ses_id,
        reason=item.reason,
        target=item.target,
    )


def call_of(item: table.Item | None) -> HookCall | None:
    if not isinstance(item, CallItem):
        return None
    return HookCall(
        number=_number(item.pk),
        seq=int(item.seq),
        place=int(item.place),
        webhook=item.webhook,
        rule=item.rule or "",
        fact=item.fact or "",
        of=int(item.of),
        at=item.at,
        state=CallState(item.state),
        attempt=int(item.attempt),
        due_at=item.due_at,
        status=int(item.status) if item.status is not None else None,
        reason=item.reason,
    )


def presences_of(item: table.Item | None) -> tuple[Presence, ...]:
    """Everybody whom a presence item names, gone or not."""
    if not isinstance(item, PresenceItem):
        return ()
    return tuple(
        Presence(actor, mode, _moment(until), _moment(check_at))
        for actor, (mode, until, check_at) in item.present.attribute_values.items()
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


def draft_of(item: table.Item | None) -> KeptDraft | None:
    if not isinstance(item, DraftItem):
        return None
    return KeptDraft(_number(item.pk), item.agent, ArticleKind(item.type), item.text, item.at)


def head_item(ticket: Ticket) -> HeadItem:
    pk, sk = head_key(ticket.number)
    g1sk = _rank(ticket)
    g4pk, g4sk = table.due_key(pk, ticket.due_at) if ticket.due_at else (None, None)
    is_mine = ticket.assignee and not ticket.is_over
    return HeadItem(
        pk=pk,
        sk=sk,
        g1pk=_list_of(ticket),
        g1sk=g1sk,
        g2pk=table.person_pk(ticket.requester.person),
        g2sk=f"{table.stamp(ticket.opened_at)}#{ticket.number}",
        g3pk=table.mine(ticket.assignee) if is_mine and ticket.assignee else None,
        g3sk=g1sk if is_mine else None,
        g4pk=g4pk,
        g4sk=g4sk,
        row=row_of(ticket),
        status=ticket.status,
        subject=ticket.subject,
        group=ticket.group,
        assignee=ticket.assignee,
        contacts=[_contact_json(contact) for contact in ticket.contacts],
        priority=ticket.priority,
        tags=list(ticket.tags) or None,
        version=ticket.version,
        seq=ticket.seq,
        public_seq=ticket.public_seq,
        # An older note than the newest public article holds nobody up.
        note_seq=ticket.note_seq if ticket.note_seq > ticket.public_seq else None,
        chain=ticket.chain,
        clocks=[to_list(clock) for clock in ticket.clocks] or None,
        follow_up_of=ticket.follow_up_of,
        closed_at=ticket.closed_at,
        link_epoch=ticket.link_epoch or None,
        merge=_merge_json(ticket.merge) if ticket.merge else None,
        sources=list(ticket.sources) or None,
        parent=ticket.parent,
        open_children=set(ticket.open_children) or None,
        heat=list(ticket.heat) if ticket.heat[1] else None,
        label=ticket.label or None,
        wait=_wait_json(ticket),
        resolution=ticket.resolution or None,
        reopens=list(ticket.reopens) if ticket.reopens[0] else None,
        unopened=_unopened_json(*ticket.unopened) if ticket.unopened else None,
        type=ticket.type or None,
        form=ticket.form or None,
        fields=dict(ticket.fields) or None,
        is_internal=ticket.is_internal or None,
        needs=_needs_json(ticket.needs),
        tasks=list(ticket.tasks) if ticket.tasks[1] else None,
        responsible=ticket.responsible,
        followers=list(ticket.followers) or None,
        organization=ticket.organization or None,
    )


def _contact_json(contact: Contact) -> list[Any]:
    fields = [contact.person, contact.name, contact.email, contact.locale, contact.since]
    marks = [contact.is_muted, contact.is_gone]
    return [*fields, *marks] if contact.is_gone else [*fields, True] if contact.is_muted else fields


def _merge_json(merge: Merge) -> list[Any]:
    clocks = [to_list(clock) for clock in merge.clocks]
    at = _short(merge.at.timestamp())
    return [merge.into, merge.since, at, merge.by, merge.status.value, clocks]


def _merge_of(
    into: int, since: int, at: float, by: str, status: str, clocks: list[list[Any]]
) -> Merge:
    then = datetime.fromtimestamp(at, UTC)
    return Merge(into, since, then, by, Status(status), clocks_of(clocks))


def _list_of(ticket: Ticket) -> str:
    if ticket.status is Status.MERGED and ticket.merge:
        return table.group_closed(ticket.group, ticket.merge.at)
    if ticket.closed_at:
        return table.group_closed(ticket.group, ticket.closed_at)
    return table.group_open(ticket.group)


def _rank(ticket: Ticket) -> str:
    return table.rank(ticket.target_at, ticket.opened_at)


def row_of(ticket: Ticket) -> dict[str, Any]:
    """What a list shows; columns can change without a new index."""
    due = [_due(clock) for clock in ticket.clocks if clock.target is not None]
    row: dict[str, Any] = {
        "number": ticket.number,
        "subject": ticket.subject,
        "status": ticket.status.value,
        "label": ticket.label or None,
        "until": table.stamp(ticket.until) if ticket.until else None,
        "unopened": _unopened_row(ticket),
        "type": ticket.type or None,
        "undelivered": list(ticket.undelivered),
        "group": ticket.group,
        "assignee": ticket.assignee,
        "priority": ticket.priority,
        "name": ticket.requester.name,
        "email": ticket.requester.email,
        "muted": ticket.requester.is_muted or None,
        "version": ticket.version,
        "opened": table.stamp(ticket.opened_at),
        "updated": table.stamp(ticket.updated_at),
        "tags": list(ticket.tags),
        "due": json.dumps(due, separators=(",", ":")),
    }
    return {name: value for name, value in row.items() if value not in (None, [])}


def _unopened_row(ticket: Ticket) -> list[str] | None:
    return [ticket.unopened[0], table.stamp(ticket.unopened[1])] if ticket.unopened else None


def _due(clock: Clock) -> list[Any]:
    due_at = table.stamp(clock.due_at) if clock.due_at else None
    # A missed target stays breached; whether somebody still waits for it is for lists to know.
    return [clock.name, due_at, clock.state.value, clock.is_running]


def _instant(seconds: float | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None else None


def _short(seconds: float) -> float:
    return int(seconds) if seconds.is_integer() else seconds


def article_item(article: Article) -> ArticleItem:
    author = {name: value for name, value in asdict(article.author).items() if value}
    attachments = [
        {name: value for name, value in asdict(attachment).items() if value is not None}
        for attachment in article.attachments
    ]
    return ArticleItem(
        pk=table.ticket_pk(article.number),
        sk=table.article_sk(article.seq),
        seq=article.seq,
        type=article.kind.value,
        author=author,
        text=article.text,
        at=article.at,
        is_held=article.is_held or None,
        has_rest=article.has_rest or None,
        message_id=article.message_id,
        mail_kind=article.mail_kind,
        text_key=article.text_key,
        raw_key=article.raw_key,
        attachments=attachments or None,
        flight=article.flight,
        has_html=article.has_html or None,
        thread=list(article.thread) if article.thread else None,
        comment=article.comment,
        split_to=article.split_to,
    )


def delivery_item(delivery: Delivery) -> DeliveryItem:
    pk = table.ticket_pk(delivery.number)
    g4pk, g4sk = table.due_key(pk, _alarm(delivery)) if is_unsent(delivery) else (None, None)
    return DeliveryItem(
        pk=pk,
        sk=table.delivery_sk(delivery.seq, delivery.recipient),
        g4pk=g4pk,
        g4sk=g4sk,
        **{name: getattr(delivery, name) for name in _DELIVERY_FIELDS},
    )


def call_item(call: HookCall) -> CallItem:
    pk = table.ticket_pk(call.number)
    alarm = None if call.is_over else call.due_at or call.at + OVERDUE
    g4pk, g4sk = table.due_key(pk, alarm) if alarm else (None, None)
    return CallItem(
        pk=pk,
        sk=table.call_sk(call.seq, call.place),
        g4pk=g4pk,
        g4sk=g4sk,
        ttl=int((call.at + CALL_LIFE).timestamp()),
        seq=call.seq,
        place=call.place,
        webhook=call.webhook,
        rule=call.rule or None,
        fact=call.fact or None,
        of=call.of,
        at=call.at,
        state=call.state.value,
        attempt=call.attempt,
        due_at=call.due_at,
        status=call.status,
        reason=call.reason,
    )


def is_unsent(delivery: Delivery) -> bool:
    return delivery.state in {DeliveryState.QUEUED, DeliveryState.SENDING}


def _alarm(delivery: Delivery) -> datetime:
    """When to look at it: its sender's time is up, or the bus should have brought it long ago."""
    return delivery.lease_until or delivery.at + OVERDUE
