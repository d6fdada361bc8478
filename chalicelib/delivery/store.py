"""The state of a delivery: whoever moves it to sending holds it until the lease ends."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pynamodb.expressions.condition import Condition

from chalicelib import table
from chalicelib.tickets.model import Delivery, DeliveryState
from chalicelib.tickets.store import DELIVERY_FINAL, DeliveryItem, delivery_of, message_id_write

LEASE = timedelta(minutes=5)


def key(number: int, sk: str) -> tuple[str, str]:
    return table.ticket_pk(number), sk


def claim(number: int, sk: str, now: datetime) -> Delivery | None:
    """Take a delivery to send it; None where it is sent, failed or in other hands."""
    item = DeliveryItem(pk=table.ticket_pk(number), sk=sk)
    is_free = DeliveryItem.state == DeliveryState.QUEUED
    is_left = (DeliveryItem.state == DeliveryState.SENDING) & (DeliveryItem.lease_until < now)
    actions = [
        DeliveryItem.state.set(DeliveryState.SENDING.value),
        DeliveryItem.attempt.add(1),
        DeliveryItem.lease_until.set(now + LEASE),
        *_due(item, now + LEASE),
    ]
    return delivery_of(item) if table.update(item, actions, is_free | is_left) else None


def release(delivery: Delivery, sk: str, now: datetime) -> None:
    """Give back a delivery that was surely not sent: this attempt does not count."""
    item = DeliveryItem(pk=table.ticket_pk(delivery.number), sk=sk)
    actions = [
        DeliveryItem.state.set(DeliveryState.QUEUED.value),
        DeliveryItem.attempt.set(delivery.attempt - 1),
        DeliveryItem.lease_until.remove(),
        *_due(item, now + LEASE),
    ]
    table.update(item, actions, _mine(delivery))


def _due(item: DeliveryItem, at: datetime) -> tuple[Any, Any]:
    """What brings the delivery back at an instant, should nobody end it before."""
    g4pk, g4sk = table.due_key(item.pk, at)
    return DeliveryItem.g4pk.set(g4pk), DeliveryItem.g4sk.set(g4sk)


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
