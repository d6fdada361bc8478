"""The page that says how the due times of a ticket came about."""

from __future__ import annotations

from typing import Any

from chalice.app import Response

from chalicelib.sla import service
from chalicelib.sla.explain import Explanation, sentence, span
from chalicelib.web import pages
from chalicelib.web.files import number_of
from chalicelib.web.routing import Call


def show(call: Call, number: str) -> Response:
    """Every clock of a ticket and what moved it; it reads the whole ticket."""
    found = number_of(number)
    explanations = service.explain(call.ports, call.who, found)
    return pages.html(
        call,
        "agent/clocks.html",
        number=found,
        clocks=[_shown(call, one) for one in explanations if one.clock.target is not None],
        **pages.frame(call, "inbox"),
    )


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
        "steps": [
            {"at": step.at, "words": sentence(step, call.locale, call.desk.zone.key)}
            for step in explanation.steps
        ],
    }
