"""No other site acts or reads through the browser of somebody who has signed in."""

from __future__ import annotations

from chalicelib.web import csrf, session
from chalicelib.web.routing import Access
from chalicelib.web.site import ROUTES
from tests.attacks.routes import call, everything, path_of, with_a_file
from tests.attacks.scene import (
    browser_of,
    link_in,
    opened,
)
from tests.web.browser import Browser
from tests.web.calls import api, new_token, request
from tests.world import World


def test_no_form_of_another_site_changes_anything(world: World) -> None:
    """Class: requests of another site that were taken for the agent's own."""
    case = with_a_file(world)
    anna = browser_of(world, "anna")
    cookie = anna.cookies[session.name(world.ports)]
    keys = world.ports.keys()
    other = csrf.token(keys, browser_of(world, "lena").cookies[session.name(world.ports)])
    before = everything(world)
    fields = {"text": "Hello.", "kind": "reply", "status": "closed", "priority": "urgent"}
    for route in (route for route in ROUTES if route.is_page and route.method == "POST"):
        if route.access is not Access.SESSION:
            continue
        path = path_of(route, case.number)
        for token in ("", "x", other, csrf.token(keys, "")):
            assert anna.post(path, {**fields, "csrf_token": token}).status == 403, path
        right = csrf.token(keys, cookie)
        plain = anna.post(path, {**fields, "csrf_token": right}, content_type="text/plain")
        assert plain.status in {403, 415}, path
    own = link_in(world.mails_to(case.customer.address)[0])
    assert Browser(world).post(own, {**fields, "csrf_token": other}).status == 403
    assert everything(world) == before


def test_no_address_that_is_only_opened_changes_anything(world: World) -> None:
    """CVE-2026-41194: a GET that changed something, so that a link or a picture was enough."""
    case = with_a_file(world)
    anna = browser_of(world, "anna")
    own = link_in(world.mails_to(case.customer.address)[0])
    token = new_token()
    before = everything(world)
    for route in (route for route in ROUTES if route.method == "GET"):
        if route.access is Access.TOKEN:
            call(world, route, case.number, token=token)
        elif route.access is Access.LINK:
            Browser(world).get(path_of(route, case.number).replace("/t/x1", own))
        else:
            anna.get(path_of(route, case.number).replace("/assets/x1", "/assets/desk.css"))
    assert everything(world) == before


def test_no_other_site_reads_an_answer(world: World) -> None:
    """CVE-2017-6080: answers that any page in the browser was allowed to read."""
    case = opened(world)
    origin = {"Origin": "https://else.example"}
    found = api(world, "GET", f"/api/v1/tickets/{case.number}", headers=origin)
    page = request(world, "GET", "/agent/sign-in", headers={**origin, "Accept": "text/html"})
    for headers in (found.headers, page.headers):
        assert not [name for name in headers if name.startswith("access-control")]


def test_nothing_confidential_is_kept_by_a_browser(world: World) -> None:
    """CVE-2020-10096: pages and answers that stayed in the cache of a shared machine."""
    case = with_a_file(world)
    anna = browser_of(world, "anna")
    own = link_in(world.mails_to(case.customer.address)[0])
    pages = [anna.get(f"/agent/tickets/{case.number}"), anna.get("/agent/inbox")]
    pages += [Browser(world).get(own), Browser(world).get(f"{own}/articles/1/attachments/0")]
    kept = [page.headers["cache-control"] for page in pages]
    found = api(world, "GET", f"/api/v1/tickets/{case.number}")
    assert {*kept, found.headers["cache-control"]} == {"no-store"}


def test_the_sign_in_does_not_say_who_works_here(world: World) -> None:
    """CVE-2026-45294, CVE-2020-26034: an answer that differed for addresses that are known."""
    said = set()
    for email in ("anna@agents.example", "nobody@agents.example"):
        anybody = Browser(world)
        page = anybody.get("/agent/sign-in")
        typed = {"email": email, "password": "wrong password"}
        found = anybody.submit(page, "/agent/sign-in", **typed)
        said.add((found.status, found.text.replace(email, "")))
    assert len(said) == 1
