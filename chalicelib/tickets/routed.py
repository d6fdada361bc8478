"""What the rules of the routing make of a new ticket, in the decision that opens it. Pure.

Who gets it then is the business of `routing`, which looks at who is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib import facts
from chalicelib.desk.conditions import Situation, folded
from chalicelib.desk.model import Desk
from chalicelib.desk.routing import Route
from chalicelib.tickets.model import Article, Needs, Ticket
from chalicelib.tickets.situation import situation


def routed(
    ticket: Ticket, article: Article, desk: Desk, *, channel: str, addresses: Sequence[str]
) -> tuple[Ticket, tuple[facts.Fact, ...]]:
    """The ticket as the first rule that fits makes it, and those after it while rules go on.

    `addresses` are those of ours that it came to.
    """
    said: list[facts.Fact] = []
    came = {"channel": (folded(channel),), "address": tuple(map(folded, addresses))}
    for route in desk.routing:
        found = situation(ticket, desk, ticket.opened_at, article=article)
        if not route.when.holds(_with(found, came)):
            continue
        after = _after(ticket, route)
        said.append(_fact(ticket, after, route))
        ticket = after
        if not route.goes_on:
            break
    return ticket, tuple(said)


def keeper(ticket: Ticket, desk: Desk) -> str | None:
    """Who still has a ticket when the customer comes back to it; nobody where they are gone."""
    group = desk.groups.get(ticket.group)
    is_kept = group is None or group.assign.on_follow_up == "keep"
    return ticket.assignee if is_kept and desk.may_have(ticket.assignee, ticket.group) else None


def obstacles(fact: facts.NobodyAvailable, desk: Desk) -> list[dict[str, Any]]:
    """Why nobody was available, one by one: the `name`, the `key` of the sentence, and `what` it is
    about, or `at` where that is an instant.
    """
    found = []
    for one in fact.reasons:
        agent, why, what = desk.agents.get(one["agent"]), one["why"], one.get("what", "")
        is_instant = why in {"absent", "hours"} and bool(what)
        found.append(
            {
                "name": agent.name if agent else one["agent"],
                "key": "absent_until" if why == "absent" and what else why,
                "what": what,
                "at": datetime.fromisoformat(what) if is_instant else None,
            }
        )
    return found


def _with(found: Situation, came: dict[str, tuple[str, ...]]) -> Situation:
    return replace(found, values={**found.values, **came})


def _after(ticket: Ticket, route: Route) -> Ticket:
    skills = {**dict(ticket.needs.skills), **route.skills}
    return replace(
        ticket,
        group=route.group or ticket.group,
        type=route.type or ticket.type,
        priority=route.priority or ticket.priority,
        tags=tuple(sorted({*ticket.tags, *route.add_tags})),
        needs=Needs(tuple(skills.items()), route.agent or ticket.needs.agent),
    )


def _fact(before: Ticket, after: Ticket, route: Route) -> facts.Routed:
    return facts.Routed(
        rule=route.name,
        came_to=before.group,
        group=after.group,
        kind=route.type,
        priority=route.priority,
        tags=sorted(set(after.tags) - set(before.tags)),
        skills=dict(route.skills),
        agent=route.agent,
    )
