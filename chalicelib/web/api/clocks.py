"""The clocks of a ticket, and how their due times came about."""

from __future__ import annotations

from typing import Any

from chalicelib.sla import service
from chalicelib.sla.explain import Explanation, sentence
from chalicelib.web.files import number_of
from chalicelib.web.present import iso
from chalicelib.web.routing import Access, Call, Route


def get_clocks(call: Call, number: str) -> dict[str, Any]:
    """Every clock of a ticket with what moved it, in words."""
    found = service.explain(call.ports, call.who, number_of(number))
    return {"items": [_clock(call, one) for one in found]}


def _clock(call: Call, explanation: Explanation) -> dict[str, Any]:
    clock, zone = explanation.clock, call.desk.zone.key
    return {
        "target": clock.name,
        "state": clock.state.value,
        "policy": clock.policy,
        "calendar": clock.calendar,
        "started_at": iso(clock.started_at),
        "due_at": iso(clock.due_at) if clock.due_at else None,
        "warn_at": iso(clock.warn_at) if clock.warn_at else None,
        "breached_at": iso(clock.breached_at) if clock.breached_at else None,
        "met_at": iso(clock.met_at) if clock.met_at else None,
        "seconds": int(clock.target.total_seconds()) if clock.target is not None else None,
        "counted": int(explanation.counted.total_seconds()),
        "is_certain": explanation.is_certain,
        "steps": [
            {"at": iso(step.at), "what": step.what, "words": sentence(step, "en", zone)}
            for step in explanation.steps
        ],
    }


ROUTES = [
    Route(
        "GET",
        "/api/v1/tickets/{number}/clocks",
        get_clocks,
        Access.TOKEN,
        scope="tickets:read",
    ),
]
