"""Nobody reads or does what is not theirs, by the API or on the pages of the agents."""

from __future__ import annotations

import hmac
import json
from copy import deepcopy
from typing import Any

import pytest

from chalicelib.desk.service import apply
from chalicelib.tickets.access import SCOPES
from chalicelib.web import csrf, session
from chalicelib.web.routing import Access
from chalicelib.web.site import ROUTES
from tests.attacks.routes import call, everything, path_of, with_a_file
from tests.attacks.scene import (
    Person,
    answer,
    articles,
    browser_of,
    customer,
    in_the_open,
    opened,
    send,
    ticket,
)
from tests.web.browser import Browser
from tests.web.calls import api, new_token, request
from tests.world import DESK, World

BY_TOKEN = [route for route in ROUTES if route.access is Access.TOKEN]
BY_SESSION = [route for route in ROUTES if route.access is Access.SESSION]


# Other groups' tickets. ----------------------------------------------------------------------


def test_a_token_cannot_tell_another_groups_ticket_from_none(world: World) -> None:
    """CVE-2026-41189, CVE-2026-41190: each route checked for itself, and some did not."""
    case = with_a_file(world)
    foreign = new_token(groups=["hr"])
    before = everything(world)
    routes = [route for route in BY_TOKEN if "{number}" in route.path]
    assert len(routes) >= 7
    for route in routes:
        here = call(world, route, case.number, token=foreign)
        nowhere = call(world, route, 999_999, token=foreign)
        assert (here.status, nowhere.status) == (404, 404), route.path
        said = json.dumps(here.body).replace(str(case.number), "999999")
        assert said == json.dumps(nowhere.body), route.path
    assert everything(world) == before


def test_an_agent_cannot_reach_another_groups_ticket_by_any_page(world: World) -> None:
    """CVE-2026-40570, CVE-2026-41190: what a page hid was there behind the form of another."""
    case = with_a_file(world)
    hugo = browser_of(world, "hugo")
    token = csrf.token(world.ports.keys(), hugo.cookies[session.name(world.ports)])
    before = everything(world)
    fields = {"csrf_token": token, "text": "Hello.", "kind": "reply", "status": "closed"}
    for route in (route for route in BY_SESSION if "{number}" in route.path):
        path = path_of(route, case.number)
        page = hugo.get(path) if route.method == "GET" else hugo.post(path, fields)
        assert page.status == 404, route.path
        assert "secret" not in page.body
    assert everything(world) == before


def test_lists_hold_nothing_of_other_groups(world: World) -> None:
    """CVE-2026-40570: a list or a look-up that forgot whose tickets these are."""
    case = with_a_file(world)
    foreign = new_token(groups=["hr"])
    found = api(world, "GET", f"/api/v1/tickets?requester={case.customer.address}", token=foreign)
    assert found.body["items"] == []
    assert api(world, "GET", "/api/v1/tickets?group=support", token=foreign).status in {400, 403}
    hugo = browser_of(world, "hugo")
    assert hugo.get("/agent/inbox?view=support-open").status == 404
    assert case.customer.address not in hugo.get("/agent/inbox").body


def test_a_cursor_that_was_tampered_with_reads_nothing(world: World) -> None:
    """Class: a cursor that says in the clear where a list goes on, in whichever list one likes."""
    for _ in range(2):
        send(world, customer(), "Hello.")
    page = api(world, "GET", "/api/v1/tickets?group=support&limit=1").body
    cursor = page["next"]
    text, _, signature = cursor.rpartition(".")
    for wrong in (text, f"{text}.", f"{text}.{'a' * len(signature)}", f"{text[:-2]}AA.{signature}"):
        path = f"/api/v1/tickets?group=support&limit=1&cursor={wrong}"
        assert api(world, "GET", path).status == 400
    assert api(world, "GET", f"/api/v1/tickets?group=hr&limit=1&cursor={cursor}").status == 400
    assert api(world, "GET", f"/api/v1/people?cursor={cursor}").status == 400


def test_a_key_of_somebody_else_gives_nothing_away(world: World) -> None:
    """Class: an Idempotency-Key of another caller, answered with what was theirs."""
    asked = {"requester": customer().address, "subject": "Secret", "body": "secret"}
    keyed = {"Idempotency-Key": "the same key"}
    support, hr = new_token(name="a", groups=["support"]), new_token(name="b", groups=["hr"])
    first = api(world, "POST", "/api/v1/tickets", asked, token=support, headers=keyed)
    second = api(world, "POST", "/api/v1/tickets", asked, token=hr, headers=keyed)
    assert (first.status, second.status) == (201, 201)
    assert first.body["number"] != second.body["number"]
    assert second.body["group"] == "hr"


# Who nobody knows. ---------------------------------------------------------------------------


def test_nothing_is_answered_to_nobody(world: World) -> None:
    """CVE-2026-35584, CVE-2026-45295, CVE-2026-34723: routes that asked nobody who they are."""
    case = with_a_file(world)
    before = everything(world)
    forged = {
        "X-Forwarded-User": "lena",
        "Remote-User": "lena@agents.example",
        "X-On-Behalf-Of": "lena@agents.example",
        "X-Amzn-Oidc-Identity": "lena",
        "Cookie": "__Host-desk=lena.9999999999.x.aaaaaaaaaaaaaaaaaaaaaaaaaa",
    }
    for route in BY_TOKEN:
        assert call(world, route, case.number, token=None, headers=forged).status == 401, route.path
    for route in BY_SESSION:
        page = request(
            world,
            route.method,
            path_of(route, case.number),
            "text=" if route.method == "POST" else None,
            headers={**forged, "Content-Type": "application/x-www-form-urlencoded"},
        )
        assert page.status == 303, route.path
        assert page.headers["location"].startswith("/agent/sign-in")
    assert everything(world) == before


def test_a_header_lends_nobody_the_rights_of_another(world: World) -> None:
    """CVE-2020-26029, CVE-2020-26030: headers that named somebody to act for, or to be."""
    case = with_a_file(world)
    foreign = new_token(groups=["hr"])
    forged = {"X-On-Behalf-Of": "lena@agents.example", "From": "lena@agents.example"}
    path = f"/api/v1/tickets/{case.number}"
    assert api(world, "GET", path, token=foreign, headers=forged).status == 404


def test_each_scope_opens_its_own_routes_only(world: World) -> None:
    """CVE-2026-44231: a token of few rights that reached what was meant for others."""
    case = with_a_file(world)
    for scope in sorted({route.scope for route in BY_TOKEN}):
        assert scope in SCOPES
        others = new_token(*(one for one in SCOPES if one != scope), name=f"not {scope}")
        for route in (route for route in BY_TOKEN if route.scope == scope):
            found = call(world, route, case.number, token=others)
            assert found.status == 403, route.path
    unscoped = [route.path for route in BY_TOKEN if not route.scope]
    assert unscoped == []
    assert "Hello." not in in_the_open(world, case.number)


def test_a_signature_is_compared_in_constant_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CVE-2021-38562: a secret was compared letter by letter, and the time told how far it went."""
    compared: list[tuple[int, int]] = []
    real = hmac.compare_digest

    def spy(ours: Any, given: Any) -> bool:
        compared.append((len(ours), len(given)))
        return real(ours, given)

    monkeypatch.setattr(hmac, "compare_digest", spy)
    assert Browser(world).get(f"/t/1001.0.0.{'a' * 26}").status == 404
    assert compared


# Agents who are agents no longer, here or at all. --------------------------------------------


def test_an_agent_who_has_left_the_group_is_a_stranger_by_mail(world: World) -> None:
    """Class: a reply by an agent who has lost access to the ticket, sent on as the desk's."""
    case = opened(world)
    sent = answer(world, case)
    hugo = Person("Hugo Dahl", "hugo@agents.example")
    mails = len(world.outbox)
    ids = {"In_Reply_To": str(sent["Message-ID"]), "References": str(sent["References"])}
    send(world, hugo, "From one who left.", **ids)
    send(world, hugo, "Also from him.", to=str(sent["Reply-To"]))
    assert len(world.outbox) == mails
    assert in_the_open(world, case.number) == ["My printer is broken.", "Switch it off and on."]
    for article in articles(world, case.number)[2:]:
        assert article["is_held"]
        assert not article["author"]["is_agent"]


def test_an_agent_who_has_left_the_group_is_out_of_its_pages(world: World) -> None:
    """Class: rights that were taken at the sign-in, and not with every request."""
    case = opened(world)
    anna = browser_of(world, "anna")
    assert anna.get(f"/agent/tickets/{case.number}").status == 200
    body = deepcopy(DESK)
    body["agents"]["anna"]["groups"] = ["quick"]
    apply(world.ports, body)
    world.pass_time(minutes=5)
    assert anna.get(f"/agent/tickets/{case.number}").status == 404
    del body["agents"]["anna"]
    apply(world.ports, body)
    world.pass_time(minutes=5)
    assert anna.get("/agent/inbox").location.startswith("/agent/sign-in")
    assert ticket(world, case.number)["status"] == "new"
