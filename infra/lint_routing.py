"""What is doubtful about routing: rules that nothing reaches, and tickets that nobody can get."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.desk.assignment import How
from chalicelib.desk.conditions import When
from chalicelib.desk.model import Desk
from chalicelib.desk.routing import Route


def doubts(desk: Desk) -> Iterator[tuple[str, str]]:
    """Place and sentence of everything doubtful."""
    yield from _rules(desk)
    yield from _groups(desk)
    for agent in desk.agents.values():
        if agent.load_limit == 0:
            yield f"agents.{agent.id}.load_limit", "is 0: the agent is never given a ticket"
        if agent.hours and not any(_assigns(desk, group) for group in agent.groups):
            yield f"agents.{agent.id}.hours", "do nothing: no group of the agent's assigns"


def _rules(desk: Desk) -> Iterator[tuple[str, str]]:
    for place, route in enumerate(desk.routing):
        before = next((n for n in range(place) if _ends_all(desk.routing[n], route.when)), None)
        if before is not None:
            yield f"routing[{place}]", f"is never reached: routing[{before}] comes before it"
        yield from _then(desk, place, route)


def _then(desk: Desk, place: int, route: Route) -> Iterator[tuple[str, str]]:
    at = f"routing[{place}].then"
    for skill, level in route.skills.items():
        best = max((agent.skills.get(skill, 0) for agent in desk.agents.values()), default=0)
        if best < level:
            yield f"{at}.skills.{skill}", "nobody can do it so well: its tickets lie with nobody"
    if route.skills and route.group and not _assigns(desk, route.group):
        yield f"{at}.skills", f"ask for nothing: the group {route.group} does not assign"
    if route.agent and route.group and not desk.may_have(route.agent, route.group):
        yield f"{at}.assign", f"{route.agent} may have no tickets of the group {route.group}"


def _groups(desk: Desk) -> Iterator[tuple[str, str]]:
    for group in desk.groups.values():
        place = f"groups.{group.id}.assign"
        if not _assigns(desk, group.id):
            if group.assign.answer_within:
                yield f"{place}.answer_within", "does nothing: the group does not assign"
            continue
        if not desk.members_of(group.id):
            yield place, "gives its tickets to nobody: no agent is in the group"
        if group.lead is None:
            yield place, "tells nobody where nobody is available: the group has no lead"


def _assigns(desk: Desk, group: str) -> bool:
    found = desk.groups.get(group)
    return found is not None and found.assign.how is not How.NONE


def _ends_all(earlier: Route, when: When) -> bool:
    """Whether whatever a rule fits meets an earlier one first, which goes no further."""
    return not earlier.goes_on and earlier.when.covers(when)
