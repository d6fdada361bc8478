"""Calls and alerts in the table: who holds a call until when, and which ticket an alert has."""

from __future__ import annotations

from datetime import datetime, timedelta

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import table
from chalicelib.keys import Keys
from chalicelib.tickets.hooks import CallState, HookCall
from chalicelib.tickets.store import CallItem, call_of
from chalicelib.webhooks.alerts import AlertState, Memory

# Longer than the function that makes a call may run.
LEASE = timedelta(minutes=2)
_OPEN = (CallState.CALLING.value, CallState.WAITING.value)
_TOLD_LIFE = timedelta(days=2)
# Senders repeat an event for days, with the id that it had.
_EVENT_LIFE = timedelta(days=7)
_ALERT_LIFE = timedelta(days=400)
_HOUR_LIFE = timedelta(days=1)


class ToldItem(table.Item, discriminator="told"):
    """That somebody was told today of a webhook that fails."""


class EventItem(table.Item, discriminator="event"):
    """An event that was taken, by the id that its sender gave it, and its ticket."""

    number = NumberAttribute(null=True)


class AlertItem(table.Item, discriminator="alert"):
    """What is known of an alert; `changes` counts what was written of it."""

    number = NumberAttribute(null=True)
    began = UnicodeAttribute(null=True)
    state = UnicodeAttribute()
    notes = NumberAttribute()
    changes = NumberAttribute()


class HourItem(table.Item, discriminator="event_hour"):
    """How many tickets a source has opened in an hour."""

    opened = NumberAttribute()


# Calls. --------------------------------------------------------------------------------------


def claim(number: int, sk: str, now: datetime) -> HookCall | None:
    """Take a call to make it; None where it is over, not due yet, or in other hands."""
    pk = table.ticket_pk(number)
    item = CallItem(pk=pk, sk=sk)
    is_new = CallItem.state == CallState.QUEUED.value
    is_due = CallItem.state.is_in(*_OPEN) & (CallItem.due_at <= now)
    lease_until = now + LEASE
    g4pk, g4sk = table.due_key(pk, lease_until)
    actions = [
        CallItem.state.set(CallState.CALLING.value),
        CallItem.attempt.add(1),
        CallItem.due_at.set(lease_until),
        CallItem.g4pk.set(g4pk),
        CallItem.g4sk.set(g4sk),
    ]
    return call_of(item) if table.update(item, actions, is_new | is_due) else None


def wait(call: HookCall, until: datetime, status: int | None, reason: str) -> None:
    """Put a call off; harmless where it is in other hands by now."""
    pk = table.ticket_pk(call.number)
    g4pk, g4sk = table.due_key(pk, until)
    actions = [
        CallItem.state.set(CallState.WAITING.value),
        CallItem.due_at.set(until),
        CallItem.g4pk.set(g4pk),
        CallItem.g4sk.set(g4sk),
        *_said(status, reason),
    ]
    table.update(_item(call), actions, _mine(call))


def done(call: HookCall, status: int) -> None:
    """Note that a call was heard."""
    actions = [CallItem.state.set(CallState.DONE.value), *_FINAL, *_said(status, None)]
    table.update(_item(call), actions, _mine(call))


def failed(call: HookCall, status: int | None, reason: str) -> table.Write:
    """The write that ends a call for good, to be made together with the fact of it."""
    actions = (CallItem.state.set(CallState.FAILED.value), *_FINAL, *_said(status, reason))
    return table.Write(_item(call), _mine(call), tuple(actions))


_FINAL = (CallItem.due_at.remove(), CallItem.g4pk.remove(), CallItem.g4sk.remove())


def _said(status: int | None, reason: str | None) -> list[Action]:
    told = CallItem.status.set(status) if status is not None else CallItem.status.remove()
    why = CallItem.reason.set(reason) if reason else CallItem.reason.remove()
    return [told, why]


def _item(call: HookCall) -> CallItem:
    return CallItem(pk=table.ticket_pk(call.number), sk=table.call_sk(call.seq, call.place))


def _mine(call: HookCall) -> Condition:
    is_calling: Condition = CallItem.state == CallState.CALLING.value
    is_this_attempt: Condition = CallItem.attempt == call.attempt
    both: Condition = is_calling & is_this_attempt
    return both


def told_key(keys: Keys, webhook: str, now: datetime) -> tuple[str, str]:
    return table.idempotency_pk(keys.hide(f"told {webhook} {now:%Y%m%d}")), table.ONLY


def told_write(key: tuple[str, str], now: datetime) -> table.Write:
    return table.put_new(ToldItem(pk=key[0], sk=key[1], ttl=_in(now, _TOLD_LIFE)))


# Alerts. -------------------------------------------------------------------------------------


def event_key(keys: Keys, source: str, name: str) -> tuple[str, str]:
    return table.idempotency_pk(keys.hide(f"event {source} {name}")), table.ONLY


def event_write(key: tuple[str, str], number: int | None, now: datetime) -> table.Write:
    """The claim of an event: whoever comes second loses it."""
    item = EventItem(pk=key[0], sk=key[1], number=number, ttl=_in(now, _EVENT_LIFE))
    return table.put_new(item)


def alert_key(keys: Keys, source: str, key: str) -> tuple[str, str]:
    return table.alert_key(keys.hide(f"alert {source} {key}"))


def memory_of(item: table.Item | None) -> Memory:
    """What an alert item remembers; of an alert that is new, nothing."""
    if not isinstance(item, AlertItem):
        return Memory()
    return Memory(
        AlertState(item.state),
        item.began or "",
        int(item.number) if item.number is not None else None,
        int(item.notes),
        int(item.changes),
    )


def alert_write(key: tuple[str, str], memory: Memory, now: datetime) -> table.Write:
    """Remember this of an alert, unless somebody else has remembered more meanwhile."""
    item = AlertItem(
        pk=key[0],
        sk=key[1],
        number=memory.number,
        began=memory.began or None,
        state=memory.state.value,
        notes=memory.notes,
        changes=memory.changes + 1,
        ttl=_in(now, _ALERT_LIFE),
    )
    seen = AlertItem.changes == memory.changes if memory.changes else table.absent()
    return table.Write(item, seen)


def hour_key(keys: Keys, source: str, now: datetime) -> tuple[str, str]:
    return table.rate_pk(keys.hide(f"source {source}")), f"{now:%Y%m%d%H}"


def hour_write(key: tuple[str, str], most: int, now: datetime) -> table.Write:
    """Count one ticket more in this hour, or lose where there are enough."""
    actions = (HourItem.opened.add(1), HourItem.ttl.set(_in(now, _HOUR_LIFE)))
    is_free = HourItem.opened.does_not_exist() | (HourItem.opened < most)
    # An update would leave out what the item is.
    kind = HourItem.kind.set(HourItem)
    return table.Write(HourItem(pk=key[0], sk=key[1]), is_free, (*actions, kind))


def _in(now: datetime, life: timedelta) -> int:
    return int((now + life).timestamp())
