"""The verbs of outgoing webhooks: make a call, try it again, give it up, have it made once more.

A call is claimed, made, recorded. Where the process dies between the last two it is made once more,
under the same id: receivers know by that what they have heard already.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib import table
from chalicelib.desk.hooks import Webhook
from chalicelib.desk.model import Desk
from chalicelib.desk.service import live_desk
from chalicelib.errors import Conflict, NotFound
from chalicelib.facts import WebhookFailed, WebhookQueued
from chalicelib.ledger.model import Actor
from chalicelib.ledger.store import EntryItem, from_item
from chalicelib.outward import Answer, NotAllowed, Unreachable
from chalicelib.ports import Ports
from chalicelib.tickets import service as tickets
from chalicelib.tickets import statuses
from chalicelib.tickets import store as ticket_store
from chalicelib.tickets.access import Who, seen
from chalicelib.tickets.changes import Change
from chalicelib.tickets.hooks import CallState, HookCall
from chalicelib.tickets.model import Ticket
from chalicelib.webhooks import model, store

ACTOR = Actor("system", "webhooks")
# What a sweep may spend on calls: its other alarms are not to wait for somebody's slow server.
SWEEP_TIME = timedelta(seconds=20)
_CHANCES = 1000


def call(ports: Ports, number: int, call_id: str) -> None:
    """Make one call; harmless to repeat."""
    taken = store.claim(number, call_key(call_id), ports.clock())
    if taken is None:
        return
    desk = live_desk(ports)
    webhook = desk.webhooks.get(taken.webhook)
    if webhook is None:
        _fail(ports, desk, taken, None, "The desk has no such webhook any more.")
        return
    if taken.attempt > model.ATTEMPTS:
        _fail(ports, desk, taken, None, "No attempt came to its end.")
        return
    try:
        answer = _post(ports, desk, webhook, taken)
    except NotAllowed as error:
        _fail(ports, desk, taken, None, error.message)
    except Unreachable as error:
        _put_off(ports, desk, taken, Answer(0), error.message)
    else:
        _note(ports, desk, taken, answer)


def in_time(ports: Ports) -> Callable[[Ports, table.Item], None]:
    """An answer to the alarms of one sweep, which makes as many calls as there is time for.

    Those that are left ring again with the next sweep.
    """
    until = ports.clock() + SWEEP_TIME

    def answer(ports: Ports, item: table.Item) -> None:
        found = ticket_store.call_of(item)
        if found and ports.clock() < until:
            call(ports, found.number, found.id)

    return answer


def _note(ports: Ports, desk: Desk, taken: HookCall, answer: Answer) -> None:
    """Act on what the receiver answered."""
    if 200 <= answer.status < 300:  # noqa: PLR2004 - heard
        store.done(taken, answer.status)
    elif answer.status == model.GONE:
        _fail(ports, desk, taken, answer.status, "The receiver wants no more calls (410).")
    else:
        _put_off(ports, desk, taken, answer, f"The receiver answered {answer.status}.")


def _put_off(ports: Ports, desk: Desk, taken: HookCall, answer: Answer, reason: str) -> None:
    """Try it again later, or never after the last attempt."""
    chance, asked = secrets.randbelow(_CHANCES) / _CHANCES, timedelta(seconds=answer.retry_after)
    wait = model.next_wait(taken.attempt, chance, asked)
    status = answer.status or None
    if wait is None:
        _fail(ports, desk, taken, status, reason)
    else:
        store.wait(taken, ports.clock() + wait, status, reason)


def _fail(ports: Ports, desk: Desk, taken: HookCall, status: int | None, reason: str) -> None:
    """End it for good, with the fact of it; its owner is told, once a day for each webhook."""
    key = (table.ticket_pk(taken.number), table.call_sk(taken.seq, taken.place))

    def attempt() -> None:
        now = ports.clock()
        told = store.told_key(ports.keys(), taken.webhook, now)
        ticket, found = ticket_store.load(taken.number, [told])
        if ticket is None:
            raise NotFound(f"There is no ticket {taken.number}.")
        change = Change(ticket, ticket, (WebhookFailed(taken.webhook, taken.id, reason),))
        writes = [store.failed(taken, status, reason)]
        if told not in found:
            change = _told(ports, desk, change, taken.webhook, now)
            writes += [store.told_write(told, now)] if change.deliveries else []
        tickets.save(change, actor=ACTOR, cause="webhook", now=now, also=writes)

    try:
        tickets.retried(
            ports,
            attempt,
            "This ticket changes all the time: try again.",
            is_open=lambda lost: key not in lost.held,
        )
    except table.Lost:
        # The call has moved on since it was taken, so this news is old.
        return


def _told(ports: Ports, desk: Desk, change: Change, name: str, now: datetime) -> Change:
    """The change with a mail to the webhook's owner, or else to the lead of the ticket's group."""
    webhook = desk.webhooks.get(name)
    owner = desk.agents.get((webhook.owner if webhook else None) or "")
    agent = owner or desk.lead_of(change.after.group)
    if agent is None:
        return change
    return tickets.with_notice(ports, change, agent, mail="webhook_failed", now=now, target=name)


# What is said. -------------------------------------------------------------------------------


def _post(ports: Ports, desk: Desk, webhook: Webhook, taken: HookCall) -> Answer:
    keys, now = ports.keys(), ports.clock()
    body = json.dumps(_told_of(ports, desk, webhook, taken), ensure_ascii=False).encode()
    # The same for every attempt, and no other desk's: a receiver of several tells them apart.
    name = "msg_" + keys.hide(f"call {taken.number} {taken.id}")
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Skranke",
        **model.signed(model.secrets_of(keys, webhook), name, now, body),
        **webhook.headers,
    }
    return ports.web.post(webhook.url, body, headers)


def _told_of(ports: Ports, desk: Desk, webhook: Webhook, taken: HookCall) -> dict[str, Any]:
    """The ticket as it is now, and why: the fact, without what is personal, and the rule."""
    entry = (table.ticket_pk(taken.number), table.entry_sk(taken.of))
    ticket, found = ticket_store.load(taken.number, [entry])
    if ticket is None:
        raise NotFound(f"There is no ticket {taken.number}.")
    item = found.get(entry)
    said = from_item(item).facts if isinstance(item, EntryItem) else ()
    fact = next((fact.to_detail() for fact in said if fact.type == taken.fact), {})
    return {
        "type": taken.fact or WebhookQueued.__name__,
        "timestamp": _iso(taken.at),
        "data": {
            "ticket": _shown(ports, desk, webhook, ticket),
            "fact": fact,
            "rule": taken.rule or None,
        },
    }


def _shown(ports: Ports, desk: Desk, webhook: Webhook, ticket: Ticket) -> dict[str, Any]:
    """A ticket by the names that the API has for it; of people only what the webhook includes."""
    shown: dict[str, Any] = {
        "number": ticket.number,
        "url": f"{ports.config.url}/agent/tickets/{ticket.number}",
        "status": statuses.status_of(ticket, desk).id,
        "category": ticket.status.value,
        "group": ticket.group,
        "assignee": ticket.assignee,
        "priority": ticket.priority,
        "tags": list(ticket.tags),
        "version": ticket.version,
        "opened_at": _iso(ticket.opened_at),
        "updated_at": _iso(ticket.updated_at),
        "follow_up_of": ticket.follow_up_of,
        "merged_into": ticket.merged_into,
    }
    if "subject" in webhook.includes:
        shown["subject"] = ticket.subject
    if "requester" in webhook.includes:
        shown["requester"] = {"name": ticket.requester.name, "email": ticket.requester.email}
    return shown


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


# What people see and do. ---------------------------------------------------------------------


def calls(who: Who, number: int) -> Sequence[HookCall]:
    """The calls of the last thirty days about a ticket, the newest first; it reads all of it."""
    who.need("tickets:read")
    items = ticket_store.everything(number)
    seen(who, next(filter(None, map(ticket_store.ticket_of, items)), None), number)
    found = [one for item in items if (one := ticket_store.call_of(item))]
    return sorted(found, key=lambda one: (one.seq, one.place), reverse=True)


def call_again(ports: Ports, who: Who, number: int, call_id: str) -> HookCall:
    """Have a call made once more that has failed, with all its attempts, under the id it had.

    One that is being made stays as it is; Conflict for one that was heard.
    """
    who.need("tickets:write")
    key = (table.ticket_pk(number), call_key(call_id))
    known: list[HookCall] = []

    def decide(found: Ticket | None, _: datetime) -> Change | None:
        ticket = seen(who, found, number)
        # Read after the head: whoever asks for it meanwhile moves the head on.
        known[:] = filter(None, [ticket_store.call_of(table.fetch([key]).get(key))])
        if not known:
            raise NotFound(f"Ticket {number} has no call {call_id}.")
        if known[0].state is CallState.DONE:
            raise Conflict("This call was heard: only a failed one can be made again.")
        if not known[0].is_over:
            return None
        known[0] = replace(known[0], state=CallState.QUEUED, attempt=0, status=None, reason=None)
        fact = WebhookQueued(known[0].webhook, known[0].id, known[0].rule)
        return Change(ticket, ticket, (fact,), calls=(known[0],))

    tickets.amend(ports, number, decide, actor=who.actor, cause="call-again")
    return known[0]


def call_key(call_id: str) -> str:
    """The sort key of a call by its id, or NotFound for what is no such id."""
    seq, _, place = call_id.partition("-")
    if not (f"{seq}{place}".isascii() and seq.isdigit() and place.isdigit()):
        raise NotFound("There is no such call.")
    return table.call_sk(int(seq), int(place))
