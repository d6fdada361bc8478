"""The verbs of outgoing mail: deliver one, take note of what SES says became of it.

A delivery is claimed, loaded, sent, recorded. Where the process dies between the last two nobody
can know whether the mail went out, so it is tried once more and then given up as failed: at most
one mail goes out twice, and none is lost without an agent seeing it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib import facts, render, table
from chalicelib.delivery import store
from chalicelib.desk.model import Desk, Group
from chalicelib.desk.service import live_desk
from chalicelib.errors import NotFound, TooMany
from chalicelib.ledger.model import Actor
from chalicelib.mail.addresses import Address
from chalicelib.mail.compose import Enclosure, OutboundMail, compose
from chalicelib.people import store as people
from chalicelib.ports import Ports, Refused
from chalicelib.tickets import addressing
from chalicelib.tickets import service as tickets
from chalicelib.tickets import store as ticket_store
from chalicelib.tickets.changes import Change
from chalicelib.tickets.model import (
    Article,
    Delivery,
    DeliveryState,
    Ticket,
    Timeline,
)

ACTOR = Actor("system", "delivery")
ATTEMPTS = 2
# SES takes 40 MB; base64 adds a third, and mail systems on the way refuse far less.
ENCLOSED_BYTES = 7_000_000


def deliver(ports: Ports, number: int, delivery_id: str) -> None:
    """Send one queued mail; harmless to repeat."""
    sk = tickets.delivery_key(delivery_id)
    delivery = store.claim(number, sk, ports.clock())
    if delivery is None:
        return
    found = ticket_store.timeline(number)
    if found is None:
        raise NotFound(f"There is no ticket {number}.")
    if delivery.attempt > ATTEMPTS:
        _fail(ports, delivery, "nobody knows whether it was sent, twice over")
        return
    try:
        letter = _letter(ports, live_desk(ports), found, delivery)
        ses_id = ports.mailer.send(
            compose(letter),
            sender=f"{letter.sender.address}",
            to=delivery.email,
            tags={"ticket": str(number), "delivery": delivery.id},
        )
    except Refused as error:
        _fail(ports, delivery, error.message)
        return
    except TooMany:
        store.release(delivery, sk, ports.clock())
        raise
    _record(ports, delivery, sk, ses_id)


def retry(ports: Ports, item: table.Item) -> None:
    """Send what the bus never brought, or what its sender left behind."""
    delivery = ticket_store.delivery_of(item)
    if delivery:
        deliver(ports, delivery.number, delivery.id)


def _record(ports: Ports, delivery: Delivery, sk: str, ses_id: str) -> None:
    """Note that it was sent, and try that again: what is not noted is sent once more."""
    id_pk = table.message_id_pk(ports.keys().hide(ses_id))
    for attempt in range(tickets.ATTEMPTS):
        try:
            store.record_sent(delivery, sk, ses_id, id_pk)
        except (table.Lost, table.WriteError) as error:
            if isinstance(error, table.Lost) and error.held:
                # An earlier try came through, or a bounce was faster: it is all said already.
                return
            if attempt + 1 == tickets.ATTEMPTS:
                raise
        else:
            return
        tickets.linger(ports, attempt)


def _fail(ports: Ports, delivery: Delivery, reason: str) -> None:
    fact = facts.DeliveryFailed(delivery.id, reason)
    _end(ports, delivery, DeliveryState.FAILED, reason, fact)


def _end(
    ports: Ports, delivery: Delivery, state: DeliveryState, reason: str, fact: facts.Fact
) -> None:
    def decide(ticket: Ticket | None, _: datetime) -> Change | None:
        return Change(ticket, ticket, (fact,)) if ticket else None

    write = store.ended(delivery, state, reason)
    try:
        tickets.amend(ports, delivery.number, decide, actor=ACTOR, cause="delivery", also=[write])
    except table.Lost:
        # The delivery has moved on since it was read, so this news is old.
        return


# Letters. ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Scene:
    """Everything that a letter may mention."""

    ports: Ports
    desk: Desk
    group: Group
    timeline: Timeline
    delivery: Delivery

    @property
    def ticket(self) -> Ticket:
        return self.timeline.ticket

    @property
    def article(self) -> Article | None:
        return self.timeline.article(self.delivery.seq)


def _letter(ports: Ports, desk: Desk, timeline: Timeline, delivery: Delivery) -> OutboundMail:
    group = desk.groups.get(delivery.group) or next(iter(desk.groups.values()))
    scene = _Scene(ports, desk, group, timeline, delivery)
    place = addressing.STAFF if delivery.place is None else delivery.place
    keys, number = ports.keys(), delivery.number
    rendered = render.mail(
        delivery.mail, locale=delivery.locale, zone=desk.zone.key, **_context(scene)
    )
    in_reply_to, references = _thread(scene)
    return OutboundMail(
        sender=Address(group.sender, group.address),
        to=Address(delivery.name, delivery.email),
        reply_to=addressing.reply_address(keys, group.address, number, place),
        message_id=addressing.message_id(keys, group.address, number, delivery.seq, place),
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        at=ports.clock(),
        in_reply_to=in_reply_to,
        references=references,
        is_automatic=delivery.mail != "reply",
        language=delivery.locale,
        enclosures=_enclosures(scene),
    )


def _context(scene: _Scene) -> dict[str, Any]:
    ticket, delivery = scene.ticket, scene.delivery
    common = {
        "number": ticket.number,
        "subject": ticket.subject,
        "tag": addressing.subject_tag(ticket.number),
        "link": _link(scene),
        "group": scene.group.name,
    }
    return {**common, **_CONTEXTS[delivery.mail](scene)}


def _link(scene: _Scene) -> str:
    base = scene.ports.config.url
    if scene.delivery.place is None:
        return f"{base}/agent/tickets/{scene.ticket.number}"
    token = addressing.link_token(scene.ports.keys(), scene.ticket, scene.delivery.place)
    return f"{base}/t/{token}"


def _reply_context(scene: _Scene) -> dict[str, Any]:
    article = scene.article
    if article is None:
        raise NotFound("The article of this mail is gone.")
    text = article.text
    if article.text_key:
        text = scene.ports.blobs.get(article.text_key).decode()
    quoted = _answered(scene)
    return {
        "text": text,
        "agent": article.author.name,
        "signature": scene.group.signature,
        "quoted": quoted and {"author": quoted.author.name, "at": quoted.at, "text": quoted.text},
    }


def _escalation_context(scene: _Scene) -> dict[str, Any]:
    ticket, target = scene.ticket, scene.delivery.target
    clock = next((clock for clock in ticket.clocks if clock.metric == target), None)
    due_at = (clock.breached_at if clock else None) or scene.delivery.at
    assignee = scene.desk.agents.get(ticket.assignee or "")
    return {
        "requester": ticket.requester.name or ticket.requester.email,
        "assignee": assignee.name if assignee else None,
        "target": target,
        "due_at": due_at,
        "late_for": scene.ports.clock() - due_at,
    }


_CONTEXTS: Mapping[str, Callable[[_Scene], dict[str, Any]]] = {
    "acknowledgement": lambda _: {},
    "reply": _reply_context,
    "escalation": _escalation_context,
}


def _shown(scene: _Scene) -> list[Article]:
    """The articles that this recipient has been shown, up to the one that is sent."""
    place = scene.delivery.place
    since = scene.ticket.contacts[place].since if place is not None else 0
    return [
        article
        for article in scene.timeline.articles
        if article.is_public and since <= article.seq <= scene.delivery.seq
    ]


def _answered(scene: _Scene) -> Article | None:
    """The newest article from outside: what a reply quotes and answers."""
    from_outside = [article for article in _shown(scene) if not article.author.is_agent]
    return from_outside[-1] if from_outside else None


def _thread(scene: _Scene) -> tuple[str | None, list[str]]:
    """What the mail replies to, and the ids of the conversation as this recipient knows it."""
    if scene.delivery.place is None:
        return None, []
    references: list[str] = []
    for article in _shown(scene):
        if article.message_id:
            references.append(_bracketed(article.message_id))
        for sent in _earlier(scene, article.seq):
            references += _sent_ids(scene, sent)
    answered = _answered(scene)
    answered_id = answered.message_id if answered else None
    return _bracketed(answered_id) if answered_id else None, references


def _bracketed(message_id: str) -> str:
    return f"<{message_id.strip('<> ')}>"


def _earlier(scene: _Scene, seq: int) -> list[Delivery]:
    delivery = scene.delivery
    return [
        sent
        for sent in scene.timeline.deliveries
        if sent.seq == seq and sent.place == delivery.place and sent.id != delivery.id
    ]


def _sent_ids(scene: _Scene, sent: Delivery) -> list[str]:
    """The ids of a mail of ours: SES's, under which the client knows it, and our own."""
    address, keys = scene.group.address, scene.ports.keys()
    own = addressing.message_id(keys, address, sent.number, sent.seq, sent.place or 0)
    return [scene.ports.mailer.message_id(sent.ses_id), own] if sent.ses_id else [own]


def _enclosures(scene: _Scene) -> list[Enclosure]:
    """The agent's files; what would make the mail too large stays behind the link."""
    article = scene.article
    if article is None or scene.delivery.mail != "reply":
        return []
    files, total = [], 0
    for attachment in article.attachments:
        total += attachment.size
        if total <= ENCLOSED_BYTES:
            content = scene.ports.blobs.get(attachment.key)
            files.append(Enclosure(attachment.name, attachment.content_type, content))
    return files


# What SES says afterwards. -------------------------------------------------------------------


def note_event(ports: Ports, detail: Mapping[str, Any]) -> None:
    """Take note of a bounce or a complaint about a mail of ours; other news change nothing."""
    kind = detail.get("eventType")
    tags = detail["mail"].get("tags", {})
    if kind not in {"Bounce", "Complaint", "Reject", "Rendering Failure"} or "ticket" not in tags:
        return
    number, delivery_id = int(tags["ticket"][0]), tags["delivery"][0]
    key = store.key(number, tickets.delivery_key(delivery_id))
    delivery = ticket_store.delivery_of(table.fetch([key]).get(key))
    if delivery is None or delivery.state in {DeliveryState.BOUNCED, DeliveryState.FAILED}:
        return
    bounce = detail.get("bounce", {})
    is_permanent = kind != "Bounce" or bounce.get("bounceType") == "Permanent"
    if not is_permanent:
        return
    recipients = bounce.get("bouncedRecipients") or [{}]
    status = recipients[0].get("status")
    fact = facts.DeliveryBounced(delivery_id, is_permanent=True, status=status)
    reason = recipients[0].get("diagnosticCode") or kind.lower()
    if kind in {"Bounce", "Complaint"}:
        people.mute(ports.keys(), delivery.email)
    _end(ports, delivery, DeliveryState.BOUNCED, reason, fact)
