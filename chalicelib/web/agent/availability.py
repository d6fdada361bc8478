"""The page on which agents say when they are away, and admins when others are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalice.app import Response

from chalicelib.errors import Invalid
from chalicelib.people.model import Absence
from chalicelib.routing import availability as verbs
from chalicelib.web import errors, pages
from chalicelib.web.agent.shown import agent_name
from chalicelib.web.api.availability import ABSENCE, instant, read_absence
from chalicelib.web.routing import Call

PATH = "/agent/availability"
LOCAL = "%Y-%m-%dT%H:%M"


def show(call: Call) -> Response:
    """Whether the agent is there, what is planned, and the form for more."""
    return _page(call, _agent(call, call.query.get("agent")))


def change(call: Call) -> Response:
    """Plan an absence, take one back, go away for now, or be there again."""
    agent = _agent(call, str(call.body.get("agent", "")))
    try:
        notice = _VERBS.get(str(call.body.get("do")), _plan)(call, agent)
    except Invalid as error:
        return _page(call, agent, error)
    more = {} if agent == call.who.agent else {"agent": agent}
    return pages.see_other(call, PATH, notice=notice, **more)


def _plan(call: Call, agent: str) -> str:
    verbs.plan(call.ports, call.who, read_absence(call, agent))
    return "absence_planned"


def _take_back(call: Call, agent: str) -> str:
    since = instant(call, "from", str(call.body.get("from", "")))
    verbs.end(call.ports, call.who, agent, since)
    return "absence_ended"


def _come_back(call: Call, agent: str) -> str:
    verbs.come_back(call.ports, call.who, agent)
    return "available"


_VERBS = {"plan": _plan, "take_back": _take_back, "come_back": _come_back}


def _agent(call: Call, wanted: str | None) -> str:
    return wanted or call.who.agent or ""


def _page(call: Call, agent: str, error: Invalid | None = None) -> Response:
    found = verbs.of_agent(call.ports, call.who, agent)
    may_change = verbs.may_change(call.who, agent)
    colleagues = verbs.colleagues(call.who, call.desk)
    typed: Mapping[str, Any] = {name: call.body.get(name, "") for name in ABSENCE}
    return pages.html(
        call,
        "agent/availability.html",
        errors.status_of(error) if error else 200,
        me=found.agent,
        is_me=agent == call.who.agent,
        may_change=may_change,
        works=found.works,
        hours=found.agent.hours,
        load_limit=found.agent.load_limit,
        absence=_shown(call, found.absence, may_change),
        stands_in=agent_name(call.desk, found.stands_in),
        planned=[_shown(call, one, may_change) for one in found.planned],
        substitutes=[{"id": one.id, "name": one.name} for one in colleagues if one.id != agent],
        others=[{"id": one.id, "name": one.name} for one in colleagues if one.id != agent]
        if call.who.groups is None
        else [],
        typed=typed,
        form_errors=error.fields if error else {},
        **pages.frame(call, "availability"),
    )


def _shown(call: Call, one: Absence | None, may_change: bool) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "since": one.since,
        "until": one.until,
        "substitute": agent_name(call.desk, one.substitute) or one.substitute,
        "reason": one.reason if may_change else "",
    }
