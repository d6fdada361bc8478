"""The page on the due times of a ticket, and the button of whoever takes care of what escalates."""

from __future__ import annotations

from typing import Any

from chalice.app import Response

from chalicelib.errors import Conflict
from chalicelib.sla import service
from chalicelib.sla.explain import Explanation, Rung
from chalicelib.sla.words import sentence, span
from chalicelib.web import pages
from chalicelib.web.files import number_of
from chalicelib.web.routing import Call


def show(call: Call, number: str) -> Response:
    """Every clock of a ticket, what moved it, and its ladder; it reads the whole ticket."""
    found = number_of(number)
    explanations = service.explain(call.ports, call.who, found)
    return pages.html(
        call,
        "agent/clocks.html",
        number=found,
        clocks=[_shown(call, one) for one in explanations if one.clock.target is not None],
        **pages.frame(call, "inbox"),
    )


def acknowledge(call: Call, number: str) -> Response:
    """Take note of what escalates; where nothing does any more, the page shows that."""
    found = number_of(number)
    try:
        service.acknowledge(call.ports, call.who, found)
    except Conflict:
        return pages.see_other(call, f"/agent/tickets/{found}")
    return pages.see_other(call, f"/agent/tickets/{found}", notice="saved")


def _shown(call: Call, explanation: Explanation) -> dict[str, Any]:
    clock = explanation.clock
    return {
        "target": clock.name,
        "state": clock.state.value,
        "policy": clock.policy,
        "promised": span(clock.target) if clock.target is not None else "",
        "counted": span(explanation.counted),
        "due_at": clock.due_at,
        "is_certain": explanation.is_certain,
        "ladder": [_rung(one) for one in explanation.ladder if one.level],
        "steps": [
            {"at": move.at, "words": sentence(move, call.locale, call.desk)}
            for move in explanation.moves
        ],
    }


def _rung(rung: Rung) -> dict[str, Any]:
    return {
        "level": rung.level,
        "at": rung.step.at,
        "has_come": rung.reached is not None,
        "is_calling": rung.reached is not None and rung.reached.since is not None,
        "comes_at": rung.comes_at,
    }
