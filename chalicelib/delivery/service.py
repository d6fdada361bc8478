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

from chalicelib import facts, table
from chalicelib.delivery import store
from chalicelib.desk.model import Desk
from chalicelib.desk.service import live_desk
from chalicelib.errors import Conflict, Invalid, NotFound, TooMany
from chalicelib.ledger.model import Actor
from chalicelib.people import store as people_store
from chalicelib.ports import Ports, Refused
from chalicelib.tickets import changes
from chalicelib.tickets import service as tickets
from chalicelib.tickets import store as ticket_store
from chalicelib.tickets.changes import Change
from chalicelib.tickets.model import Delivery, DeliveryState, Ticket, Timeline

ACTOR = Actor("system", "delivery")
# How often a mail is sent at most, where nobody knows whether it went out.
SENDINGS = 2


def deliver(ports: Ports, number: int, delivery_id: str) -> None:
    """Send one queued mail; harmless to repeat."""
    sk = tickets.delivery_key(delivery_id)
    delivery = store.claim(number, sk, ports.clock())
    if delivery is None:
        return
    if delivery.attempt > SENDINGS:
        _fail(ports, delivery, "nobody knows whether it was sent, twice over")
        return
    desk = live_desk(ports)
    try:
        ses_id = _send(ports, desk, delivery)
    except (Refused, Invalid, NotFound) as error:
        _fail(ports, delivery, error.message)
        return
    except TooMany:
        store.release(delivery, sk, ports.clock())
        raise
    _record(ports, delivery, sk, ses_id)


def _send(ports: Ports, desk: Desk, delivery: Delivery) -> str:
    """The id that SES gave it. Raises Refused, Invalid or NotFound where it can never be sent."""
    # Writing mail takes a library that no other function needs.
    from chalicelib.delivery.letters import write_letter
    from chalicelib.desk.certificates import signed
    from chalicelib.mail.compose import compose, plain_address

    timeline = _timeline(delivery)
    if timeline.ticket.is_internal and delivery.place is not None:
        raise Refused("The ticket is internal: nothing of it goes to a customer.")
    if why := _unwanted(timeline.ticket, delivery):
        raise Refused(why)
    letter = write_letter(ports, desk, timeline, delivery)
    raw = signed(ports, desk.group_at(letter.sender.address), compose(letter))
    return ports.mailer.send(
        raw,
        sender=plain_address(letter.sender.address),
        to=plain_address(delivery.email),
        tags={"ticket": str(delivery.number), "delivery": delivery.id},
    )


def _unwanted(ticket: Ticket, delivery: Delivery) -> str | None:
    """Why a mail to somebody on the ticket is not sent; people may write where mail comes back."""
    contact = ticket.contacts[delivery.place] if delivery.place is not None else None
    if contact and contact.is_gone:
        return "Whom this was for is not on the ticket any more."
    if contact and contact.is_muted and delivery.mail != "reply":
        return "Mail to this address came back: nothing automatic is sent to it."
    return None


def _timeline(delivery: Delivery) -> Timeline:
    """The page of the timeline that ends with the article of this mail."""
    found = ticket_store.timeline(delivery.number)
    if found and found.older and delivery.place is not None and not found.article(delivery.seq):
        found = ticket_store.timeline(delivery.number, before=table.article_sk(delivery.seq + 1))
    if found is None:
        raise NotFound(f"There is no ticket {delivery.number}.")
    return found


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
    try:
        _end(ports, delivery, DeliveryState.FAILED, reason, fact)
    except table.Lost:
        # The delivery has moved on since it was read, so this news is old.
        return


def _end(
    ports: Ports, delivery: Delivery, state: DeliveryState, reason: str, fact: facts.Fact
) -> None:
    """End it badly, with the fact of it; Lost where it is not what it was when it was read."""
    write = ticket_store.delivery_ended(delivery, state, reason)
    remark = _deciding(delivery, fact, is_muted=state is DeliveryState.BOUNCED)

    def decide(ticket: Ticket | None, now: datetime) -> Change | None:
        change = remark(ticket, now)
        return changes.without_delivery(change, delivery) if change else None

    tickets.amend(ports, delivery.number, decide, actor=ACTOR, cause="delivery", also=[write])


def _deciding(
    delivery: Delivery, fact: facts.Fact, *, is_muted: bool
) -> Callable[[Ticket | None, datetime], Change | None]:
    def decide(ticket: Ticket | None, _: datetime) -> Change | None:
        if ticket is None:
            return None
        change = Change(ticket, ticket, (fact,))
        if not is_muted or delivery.place is None:
            return change
        return changes.with_mute(change, delivery.place, is_muted=True)

    return decide


# What SES says afterwards. -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _News:
    """An event of SES's about a delivery, as it was when the event came in."""

    delivery: Delivery
    key: tuple[str, str]
    detail: Mapping[str, Any]

    def told(self, event: str, recipients: str) -> Mapping[str, Any]:
        """What the event tells about the one recipient."""
        found = self.detail.get(event, {}).get(recipients) or [{}]
        told: Mapping[str, Any] = found[0]
        return told

    def is_about(self, delivery: Delivery) -> bool:
        """Whether it is news: not of an earlier try, and not of what has ended already."""
        is_out = delivery.state in {DeliveryState.SENDING, DeliveryState.SENT}
        ses_id = self.detail["mail"].get("messageId")
        return is_out and (delivery.ses_id is None or ses_id in {None, delivery.ses_id})


def note_event(ports: Ports, detail: Mapping[str, Any]) -> None:
    """Take note of what became of a mail of ours; harmless to repeat, and in any order.

    What came back for good and what SES refused can be sent again. What is late, and what somebody
    complained of, stays sent. An address is muted by a complaint and by what came back for good.
    """
    note, tags = _NOTES.get(str(detail.get("eventType"))), detail["mail"].get("tags", {})
    if note is None or "ticket" not in tags:
        return
    key = store.key(int(tags["ticket"][0]), tickets.delivery_key(tags["delivery"][0]))
    delivery = _read(key)
    if delivery:
        note(ports, _News(delivery, key, detail))


def _read(key: tuple[str, str]) -> Delivery | None:
    return ticket_store.delivery_of(table.fetch([key]).get(key))


def _note_bounce(ports: Ports, news: _News) -> None:
    told, delivery = news.told("bounce", "bouncedRecipients"), news.delivery
    if news.detail.get("bounce", {}).get("bounceType") != "Permanent":
        _note_late(ports, news, told)
        return
    people_store.mute(ports.keys(), delivery.email)
    fact = facts.DeliveryBounced(delivery.id, is_permanent=True, status=told.get("status"))
    _lose(ports, news, DeliveryState.BOUNCED, told.get("diagnosticCode") or "bounce", fact)


def _note_delay(ports: Ports, news: _News) -> None:
    _note_late(ports, news, news.told("deliveryDelay", "delayedRecipients"))


def _note_late(ports: Ports, news: _News, told: Mapping[str, Any]) -> None:
    fact = facts.DeliveryBounced(news.delivery.id, is_permanent=False, status=told.get("status"))
    _remark(ports, news.delivery, fact, "late")


def _note_complaint(ports: Ports, news: _News) -> None:
    people_store.mute(ports.keys(), news.delivery.email)
    fact = facts.DeliveryComplained(news.delivery.id)
    _remark(ports, news.delivery, fact, "complaint", is_muted=True)


def _note_refusal(ports: Ports, news: _News) -> None:
    told = news.detail.get("reject") or news.detail.get("failure") or {}
    reason = str(told.get("reason") or told.get("errorMessage") or "refused")
    fact = facts.DeliveryFailed(news.delivery.id, reason)
    _lose(ports, news, DeliveryState.FAILED, reason, fact)


_NOTES: Mapping[str, Callable[[Ports, _News], None]] = {
    "Bounce": _note_bounce,
    "Complaint": _note_complaint,
    "DeliveryDelay": _note_delay,
    "Reject": _note_refusal,
    "Rendering Failure": _note_refusal,
}


def _lose(ports: Ports, news: _News, state: DeliveryState, reason: str, fact: facts.Fact) -> None:
    """End the delivery that this is about, also where SES is faster than our own record of it."""
    delivery: Delivery | None = news.delivery
    for attempt in range(tickets.ATTEMPTS):
        if delivery is None or not news.is_about(delivery):
            return
        try:
            _end(ports, delivery, state, reason, fact)
        except table.Lost:
            tickets.linger(ports, attempt)
            delivery = _read(news.key)
        else:
            return
    raise Conflict("This delivery changes all the time: try again.")


def _remark(
    ports: Ports, delivery: Delivery, fact: facts.Fact, name: str, *, is_muted: bool = False
) -> None:
    """Record a fact once for a delivery, which itself stays what it is."""
    seq, reaction = delivery.seq, f"{name}#{delivery.recipient}"
    claim = tickets.Claim(
        (table.ticket_pk(delivery.number), table.effect_sk(seq, reaction)),
        lambda number, _: ticket_store.effect_write(number, seq, reaction, ports.clock()),
    )
    decide = _deciding(delivery, fact, is_muted=is_muted)
    try:
        tickets.amend(ports, delivery.number, decide, actor=ACTOR, cause="delivery", claim=claim)
    except tickets.Done:
        return
