"""Who is answered what, over all routes, by rules that a new route is under from its first day.

What is refused to strangers, to other groups' agents and tokens, and without a scope is walked over
in `tests/attacks/test_access.py`. Here is the other half: that each route is under a rule at all,
and that whoever may see a ticket is let through.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.web import csrf, session
from chalicelib.web.api.openapi import describe
from chalicelib.web.routing import Access, Route
from chalicelib.web.site import ROUTES
from tests.attacks.routes import call, everything, path_of, with_a_file
from tests.attacks.scene import browser_of, customer, numbers_of, send
from tests.web.calls import Answer, api, new_token
from tests.world import World

NOWHERE = 999_999
BY_TOKEN = [route for route in ROUTES if route.access is Access.TOKEN]
BY_SESSION = [route for route in ROUTES if route.access is Access.SESSION]
OF_A_TICKET = [route for route in ROUTES if "{number}" in route.path]

# What guards the thing that a part of an address names.
GUARDS = {
    "number": "the ticket's group",
    "token": "its own signature",
    "article": "its ticket",
    "place": "its ticket",
    "delivery": "its ticket",
    "agent": "its ticket",
    "task": "its ticket",
    "call_id": "its ticket",
    "mail": "a scope",
    "organization": "a scope",
    "person": "a scope; of their tickets a page lists those that its reader may see",
    "note": "a scope",
    "rule": "a scope of admins",
    "export": "a scope for all groups",
    "colleague": "the groups that are shared with them",
    "source": "the signature of what is sent",
    "view": "nothing of its own: it lists what its reader may see",
    "macro": "nothing of its own: it does what its reader may do",
    "name": "nothing: it is everybody's",
    "file": "nothing of its own: every agent may send it",
}
# Fields of a request that name another ticket than its address does.
NAMES_A_TICKET = {"into", "ticket", "tickets", "numbers"}
# Others see who has a ticket open, which is part of reading it; and a rehearsal writes nothing.
PART_OF_READING = {"set_presence", "dry_run"}
# Pages below are for admins alone.
FOR_ADMINS = ("/agent/rules",)


def name_of(route: Route) -> str:
    return f"{route.method} {route.path}"


# Every route is under a rule. ----------------------------------------------------------------


def test_every_part_of_an_address_has_a_guard() -> None:
    parts = {part for route in ROUTES for part in re.findall(r"\{(\w+)\}", route.path)}
    assert parts - set(GUARDS) == set()


def test_what_a_ticket_guards_has_an_address_below_its_ticket() -> None:
    guarded = {part for part, guard in GUARDS.items() if guard == "its ticket"}
    strays = [
        name_of(route)
        for route in ROUTES
        if guarded & set(re.findall(r"\{(\w+)\}", route.path))
        and not re.search(r"/(tickets/\{number\}|t/\{token\})/", route.path)
    ]
    assert strays == []


def test_a_scope_for_reading_changes_nothing() -> None:
    for route in BY_TOKEN:
        if route.handler.__name__ not in PART_OF_READING:
            is_reading = route.scope.endswith(":read")
            assert is_reading == (route.method == "GET") or route.scope == "exports", route


def test_every_form_of_an_agent_needs_a_session_and_every_call_of_a_program_a_token() -> None:
    for route in ROUTES:
        if not route.is_page:
            assert route.access in {Access.TOKEN, Access.OPEN}, route
        elif route.path.startswith("/agent/"):
            is_before = route.path in {"/agent/sign-in", "/agent/new-password"}
            assert route.access is (Access.OPEN if is_before else Access.SESSION), route


# Whoever may see a ticket is let through. ----------------------------------------------------

Try = Callable[[Route, int], tuple[int, str]]


def by_token(world: World, group: str) -> Try:
    token = new_token(groups=[group])

    def attempt(route: Route, number: int) -> tuple[int, str]:
        found = call(world, route, number, token=token)
        return found.status, json.dumps(found.body)

    return attempt


def by_agent(world: World, agent: str) -> Try:
    browser = browser_of(world, agent)
    secret = csrf.token(world.ports.keys(), browser.cookies[session.name(world.ports)])
    fields = {"csrf_token": secret, "text": "Hello.", "kind": "note", "status": "open"}

    def attempt(route: Route, number: int) -> tuple[int, str]:
        path = path_of(route, number)
        page = browser.get(path) if route.method == "GET" else browser.post(path, fields)
        return page.status, page.body

    return attempt


def turned_away(world: World, routes: list[Route], attempt: Try) -> list[str]:
    """The routes that answer about a ticket of support as if it was not there, or not for them."""
    case, refusing = with_a_file(world), []
    for route in routes:
        if route.method != "GET":
            case = with_a_file(world)
        status, said = attempt(route, case.number)
        if status in {401, 403} or f"There is no ticket {case.number}" in said:
            refusing.append(name_of(route))
        assert status < 500, route
    return refusing


def test_a_token_of_the_group_is_let_through_everywhere(world: World) -> None:
    routes = [route for route in OF_A_TICKET if route in BY_TOKEN]
    assert turned_away(world, routes, by_token(world, "support")) == []


@pytest.mark.parametrize("agent", ["anna", "lena"])
def test_an_agent_of_the_group_and_an_admin_are_let_through_everywhere(
    world: World, agent: str
) -> None:
    routes = [route for route in OF_A_TICKET if route in BY_SESSION]
    assert turned_away(world, routes, by_agent(world, agent)) == []


# What is no ticket's. ------------------------------------------------------------------------


def test_only_what_holds_all_groups_is_refused_to_a_token_of_one(world: World) -> None:
    token = new_token(groups=["support"])
    found = {
        name_of(route): call(world, route, NOWHERE, token=token).status == 403
        for route in BY_TOKEN
        if "{number}" not in route.path
    }
    assert found == {
        name_of(route): route.scope == "exports"
        for route in BY_TOKEN
        if "{number}" not in route.path
    }


@pytest.mark.parametrize("agent", ["anna", "lena", "hugo"])
def test_a_page_that_is_of_no_one_ticket_is_for_every_agent_or_for_admins(
    world: World, agent: str
) -> None:
    refusing = []
    for route in BY_SESSION:
        if "{" not in route.path:
            # Each with a session of its own: one of the forms ends it.
            status, _ = by_agent(world, agent)(route, NOWHERE)
            assert status != 401, route
            assert status < 500, route
            refusing += [route.path] if status == 403 else []
    of_admins = [route.path for route in BY_SESSION if route.path in FOR_ADMINS]
    assert refusing == ([] if agent == "lena" else of_admins)


# Tickets that a request names besides. -------------------------------------------------------


def naming_tickets() -> list[tuple[Route, str]]:
    """The routes whose request names another ticket, and the field that does."""
    description = describe("https://desk.example")
    schemas = description["components"]["schemas"]
    found = []
    for route in BY_TOKEN:
        body = description["paths"][route.path][route.method.lower()].get("requestBody")
        if body:
            name = body["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
            fields = schemas[name].get("properties", {}).keys() & NAMES_A_TICKET
            found += [(route, field) for field in sorted(fields)]
    return found


def test_a_ticket_of_another_group_is_nowhere_in_a_request_either(world: World) -> None:
    mine = with_a_file(world)
    kim = customer()
    send(world, kim, "Of HR.", to="hr@desk.example")
    (theirs,) = numbers_of(world, kim)
    token = new_token(groups=["support"])
    before = everything(world)
    routes = naming_tickets()
    assert len(routes) >= 3
    for route, field in routes:
        here, nowhere = (
            naming(world, route, mine.number, field, number, token) for number in (theirs, NOWHERE)
        )
        assert here.status == nowhere.status, route
        assert json.dumps(here.body).replace(str(theirs), str(NOWHERE)) == json.dumps(nowhere.body)
    assert everything(world) == before


def naming(world: World, route: Route, number: int, field: str, named: int, token: str) -> Answer:
    is_list = field in {"tickets", "numbers"}
    body: dict[str, Any] = {field: [named] if is_list else named}
    if route.path.endswith("/links"):
        body["type"] = "related"
    return api(world, route.method, path_of(route, number), body, token=token)
