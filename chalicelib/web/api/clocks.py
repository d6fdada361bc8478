"""The clocks of a ticket, how their due times came about, and taking note of what escalates."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from chalicelib.sla import service
from chalicelib.sla.explain import Explanation, Rung
from chalicelib.sla.words import sentence
from chalicelib.web import present
from chalicelib.web.api import fields
from chalicelib.web.files import number_of
from chalicelib.web.present import iso
from chalicelib.web.routing import Access, Call, Route


def get_clocks(call: Call, number: str) -> dict[str, Any]:
    """Every clock of a ticket, what moved it and what its ladder did, in words."""
    found = service.explain(call.ports, call.who, number_of(number))
    return {"items": [_clock(call, one) for one in found]}


def acknowledge_escalation(call: Call, number: str) -> dict[str, Any]:
    """Take note of what escalates on a ticket: what has come calls no more, what comes does."""
    fields.check(call.body, {})
    saved = service.acknowledge(call.ports, call.who, number_of(number))
    return present.summary(call.desk, saved.ticket)


def _clock(call: Call, explanation: Explanation) -> dict[str, Any]:
    clock = explanation.clock
    return {
        "target": clock.name,
        "state": clock.state.value,
        "policy": clock.policy,
        "calendar": clock.calendar,
        "started_at": iso(clock.started_at),
        "due_at": _or_none(clock.due_at),
        "next_step_at": _or_none(clock.step_at),
        "breached_at": _or_none(clock.breached_at),
        "met_at": _or_none(clock.met_at),
        "seconds": int(clock.target.total_seconds()) if clock.target is not None else None,
        "counted": int(explanation.counted.total_seconds()),
        "is_certain": explanation.is_certain,
        "acknowledged": _acknowledged(clock.acknowledged),
        "ladder": [_rung(one) for one in explanation.ladder],
        "steps": [
            {"at": iso(move.at), "what": move.what, "words": sentence(move, "en", call.desk)}
            for move in explanation.moves
        ],
    }


def _acknowledged(note: tuple[str, datetime] | None) -> dict[str, str] | None:
    return {"by": note[0], "at": iso(note[1])} if note else None


def _rung(rung: Rung) -> dict[str, Any]:
    reached = rung.reached
    return {
        "level": rung.level,
        "at": rung.step.at,
        "notify": list(rung.step.notify),
        "set": dict(rung.step.sets),
        "comes_at": _or_none(rung.comes_at),
        "calls": reached.calls if reached else None,
        "is_calling": reached is not None and reached.since is not None,
    }


def _or_none(at: datetime | None) -> str | None:
    return iso(at) if at else None


ROUTES = [
    Route(
        "GET",
        "/api/v1/tickets/{number}/clocks",
        get_clocks,
        Access.TOKEN,
        scope="tickets:read",
    ),
    Route(
        "POST",
        "/api/v1/tickets/{number}/escalation/acknowledge",
        acknowledge_escalation,
        Access.TOKEN,
        scope="tickets:write",
        takes="json",
    ),
]
