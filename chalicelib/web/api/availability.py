"""Who is there, and who is away until when, for programs such as a calendar of holidays."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from chalicelib.errors import Invalid
from chalicelib.people.model import Absence
from chalicelib.routing import availability as verbs
from chalicelib.routing.availability import REASON_LIMIT, Availability
from chalicelib.tickets.service import Saved
from chalicelib.web import paging
from chalicelib.web.api import fields
from chalicelib.web.api.shapes import (
    FLAG,
    INSTANT,
    NUMBER,
    TEXT,
    Operation,
    Schema,
    asked,
    listing,
    many,
    mapping,
    or_null,
    ref,
)
from chalicelib.web.routing import Access, Call, Route

ABSENCE = {
    "from": fields.TEXT_OR_NULL,
    "until": fields.TEXT_OR_NULL,
    "substitute": fields.TEXT_OR_NULL,
    "reason": fields.TEXT_OR_NULL,
}
# Whoever asks for a page pays a call for each agent on it.
PAGE = 25


def list_agents(call: Call) -> dict[str, Any]:
    """The agents by their ids, with whether they are available and how many open tickets they have.

    Those who share a group with the caller; all, for whoever sees all groups.
    """
    keys, limit = call.ports.keys(), min(paging.limit_of(call.query.get("limit")), PAGE)
    at = paging.from_cursor(keys, "agents", call.query.get("cursor")) or {"after": ""}
    after, colleagues = at["after"], verbs.colleagues(call.who, call.desk)
    left = [agent for agent in colleagues if agent.id > after]
    found = verbs.availability(call.ports, call.who, left[:limit])
    following = {"after": left[limit - 1].id} if len(left) > limit else None
    items = [_agent(call, one) for one in found]
    return {"items": items, "next": paging.to_cursor(keys, "agents", following)}


def list_absences(call: Call, colleague: str) -> dict[str, Any]:
    """The absences of an agent that are not over, soonest first."""
    found = verbs.of_agent(call.ports, call.who, colleague)
    return {"items": [_absence(call, one) for one in found.planned]}


def set_absence(call: Call, colleague: str) -> dict[str, Any]:
    """Note that an agent is away; an absence that begins at the same instant is replaced."""
    fields.check(call.body, ABSENCE)
    wanted = read_absence(call, colleague)
    return _absence(call, verbs.plan(call.ports, call.who, wanted))


def end_absence(call: Call, colleague: str) -> dict[str, Any]:
    """An absence is over, or is not to be: the one that begins at `from`, else that of now."""
    since = call.query.get("from")
    if since:
        verbs.end(call.ports, call.who, colleague, instant(call, "from", since))
    else:
        verbs.come_back(call.ports, call.who, colleague)
    return list_absences(call, colleague)


def warnings(call: Call, saved: Saved) -> list[str]:
    """What whoever changed a ticket should know of it: that the one who has it now is away."""
    away = verbs.assignee_away(call.ports, saved)
    if away is None:
        return []
    until = away.absence.until
    text = f"is away until {until.isoformat()}" if until else "is away until further notice"
    stands_in = f"; {away.stands_in} stands in" if away.stands_in else ""
    return [f"{away.absence.agent} {text}{stands_in}."]


def read_absence(call: Call, agent: str) -> Absence:
    """The absence in a request; times without a zone are the desk's, and no beginning is now."""
    given = {name: str(call.body.get(name) or "").strip() for name in ABSENCE}
    now = call.ports.clock()
    return Absence(
        agent,
        instant(call, "from", given["from"]) if given["from"] else now.replace(microsecond=0),
        instant(call, "until", given["until"]) if given["until"] else None,
        given["substitute"] or None,
        " ".join(given["reason"].split()),
    )


def instant(call: Call, name: str, text: str) -> datetime:
    """The whole second that a text means, or Invalid."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        hint = "write a time such as 2026-03-09T08:00"
        raise Invalid("This is no time.", fields={name: hint}) from error
    if at.tzinfo is None:
        at = at.replace(tzinfo=call.desk.zone)
    return at.replace(microsecond=0)


def _agent(call: Call, found: Availability) -> dict[str, Any]:
    agent = found.agent
    return {
        "id": agent.id,
        "name": agent.name,
        "groups": sorted(agent.groups),
        "skills": dict(agent.skills),
        "is_available": found.is_available,
        "works_now": found.works,
        "absence": _absence(call, found.absence) if found.absence else None,
        "stands_in": found.stands_in,
        "load": found.load,
        "load_limit": agent.load_limit,
    }


def _absence(call: Call, one: Absence) -> dict[str, Any]:
    return {
        "from": one.since.isoformat(),
        "until": one.until.isoformat() if one.until else None,
        "substitute": one.substitute,
        # Why somebody is away is their own business.
        "reason": one.reason if verbs.may_change(call.who, one.agent) else "",
    }


_SKILLS: Schema = {"type": "object", "additionalProperties": NUMBER}
_REASON = {**TEXT, "maxLength": REASON_LIMIT}
_ABSENCE = mapping(
    **{"from": INSTANT},
    until=or_null(INSTANT),
    substitute=or_null(TEXT),
    reason={**TEXT, "description": "Empty for all but themselves and admins."},
)
SCHEMAS: dict[str, Schema] = {
    "Absence": _ABSENCE,
    "AbsenceList": mapping(items=many(ref("Absence"))),
    "NewAbsence": asked(
        **{"from": or_null({**TEXT, "description": "Else now."})},
        until=or_null({**TEXT, "description": "Else until further notice."}),
        substitute=or_null(TEXT),
        reason=or_null(_REASON),
    ),
    "Agent": mapping(
        id=TEXT,
        name=TEXT,
        groups=many(TEXT),
        skills=_SKILLS,
        is_available={**FLAG, "description": "Whether routing may choose them now."},
        works_now={**FLAG, "description": "Whether it is in their hours."},
        absence=or_null(_ABSENCE),
        stands_in=or_null({**TEXT, "description": "Who stands in for one who is away."}),
        load={**NUMBER, "description": "How many open tickets they have."},
        load_limit=or_null(NUMBER),
    ),
    "AgentList": listing("Agent"),
}
OPERATIONS = {
    "list_agents": Operation(
        200,
        "AgentList",
        query={
            "limit": {"type": "integer", "minimum": 1, "maximum": PAGE, "default": PAGE},
            "cursor": TEXT,
        },
        more="Those who share a group with the token; all, for one that sees all groups. Each "
        "is counted for by itself, so a page is short.",
    ),
    "list_absences": Operation(200, "AbsenceList"),
    "set_absence": Operation(
        200,
        "Absence",
        "NewAbsence",
        more="Agents speak for themselves; for others, whoever sees all groups. Times without a "
        "zone are the desk's.",
    ),
    "end_absence": Operation(
        200,
        "AbsenceList",
        query={"from": {**TEXT, "description": "When it began or begins; else that of now."}},
    ),
}
_AGENTS = "/api/v1/agents"
_ABSENCES = f"{_AGENTS}/{{colleague}}/absences"
ROUTES = [
    Route("GET", _AGENTS, list_agents, Access.TOKEN, scope="tickets:read"),
    Route("GET", _ABSENCES, list_absences, Access.TOKEN, scope="tickets:read"),
    Route("PUT", _ABSENCES, set_absence, Access.TOKEN, takes="json", scope="tickets:write"),
    Route("DELETE", _ABSENCES, end_absence, Access.TOKEN, scope="tickets:write"),
]
