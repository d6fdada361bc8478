"""The page on the webhooks that were called about a ticket, and its button to call one again."""

from __future__ import annotations

from typing import Any

from chalice.app import Response

from chalicelib.errors import Conflict
from chalicelib.tickets.hooks import CallState, HookCall
from chalicelib.web import pages
from chalicelib.web.files import number_of
from chalicelib.web.routing import Call
from chalicelib.webhooks import service


def show(call: Call, number: str) -> Response:
    """The calls of the last thirty days; it reads the whole ticket."""
    found = number_of(number)
    return pages.html(
        call,
        "agent/calls.html",
        number=found,
        calls=[_shown(one) for one in service.calls(call.who, found)],
        **pages.frame(call, "inbox"),
    )


def call_again(call: Call, number: str, call_id: str) -> Response:
    """Have a failed call made once more; where somebody else has, the page shows that."""
    found, here = number_of(number), f"/agent/tickets/{number_of(number)}/calls"
    try:
        service.call_again(call.ports, call.who, found, call_id)
    except Conflict:
        return pages.see_other(call, here)
    return pages.see_other(call, here, notice="called_again")


def _shown(one: HookCall) -> dict[str, Any]:
    return {
        "id": one.id,
        "webhook": one.webhook,
        "state": one.state.value,
        "attempts": one.attempt,
        "at": one.at,
        "next_at": one.due_at if one.state is CallState.WAITING else None,
        "reason": one.reason,
        "fact": one.fact,
        "rule": one.rule,
    }
