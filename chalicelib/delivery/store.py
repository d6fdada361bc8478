"""The state of a delivery: whoever moves it to sending holds it until the lease ends."""

from __future__ import annotations

from datetime import datetime, timedelta

from pynamodb.expressions.condition import Condition

from chalicelib import table
from chalicelib.tickets.model import Delivery, DeliveryState
from chalicelib.tickets.store import DELIVERY_FINAL, DeliveryItem, delivery_of, message_id_write

LEASE = timedelta(minutes=5)


def key(number: int, sk: str) -> tuple[str, str]:
    return table.ticket_pk(number), sk


def claim(number: int, sk: str, now: datetime) -> Delivery | None:
    """Take a delivery to send it; None where it is sent, failed or in other hands."""
    pk = table.ticket_pk(number)
    item = DeliveryItem(pk=pk, sk=sk)
    lease_until = now + LEASE
    g4pk, g4sk = table.due_key(pk, lease_until)
    is_free = DeliveryItem.state == DeliveryState.QUEUED
    is_left = (DeliveryItem.state == DeliveryState.SENDING) & (DeliveryItem.lease_until < now)
    actions = [
        DeliveryItem.state.set(DeliveryState.SENDING.value),
        DeliveryItem.attempt.add(1),
        DeliveryItem.lease_until.set(lease_until),
        DeliveryItem.g4pk.set(g4pk),
        DeliveryItem.g4sk.set(g4sk),
    ]
    return delivery_of(item) if table.update(item, actions, is_free | is_left) else None


def release(delivery: Delivery, sk: str, now: datetime) -> None:
    """Give back a delivery that was surely not sent: this attempt does not count."""
    pk = table.ticket_pk(delivery.number)
    g4pk, g4sk = table.due_key(pk, now + LEASE)
    actions = [
        DeliveryItem.state.set(DeliveryState.QUEUED.value),
        DeliveryItem.attempt.set(delivery.attempt - 1),
        DeliveryItem.lease_until.remove(),
        DeliveryItem.g4pk.set(g4pk),
        DeliveryItem.g4sk.set(g4sk),
    ]
    table.update(DeliveryItem(pk=pk, sk=sk), actions, _mine(delivery))


def record_sent(delivery: Delivery, sk: str, ses_id: str, id_pk: str) -> None:
    """Record SES's id, on the delivery and as a message id that replies will name."""
    actions = (
        DeliveryItem.state.set(DeliveryState.SENT.value),
        DeliveryItem.ses_id.set(ses_id),
        *DELIVERY_FINAL,
    )
    item = DeliveryItem(pk=table.ticket_pk(delivery.number), sk=sk)
    table.transact(
        [
            message_id_write(id_pk, delivery.number, delivery.seq),
            table.Write(item, _mine(delivery), actions),
        ]
    )


def _mine(delivery: Delivery) -> Condition:
    is_sending: Condition = DeliveryItem.state == DeliveryState.SENDING
    is_this_attempt: Condition = DeliveryItem.attempt == delivery.attempt
    both: Condition = is_sending & is_this_attempt
    return both
