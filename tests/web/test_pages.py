"""What all pages promise, whoever they are for."""

from __future__ import annotations

import re

import pytest

from chalicelib import render
from chalicelib.errors import DeskError
from chalicelib.web.routing import Access, Route
from chalicelib.web.site import ROUTES
from tests.meter import Meter
from tests.web.browser import Answer, Browser
from tests.web.conftest import signed_in
from tests.web.desk import link
from tests.world import World, letter

PAGES = [pytest.param(r, id=f"{r.method} {r.path}") for r in ROUTES if r.is_page]
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
OUR_SCRIPT = "; script-src 'self'; connect-src 'self'"


def path_of(world: World, route: Route) -> str:
    token = link(world).removeprefix("/t/")
    known = {"number": "1001", "article": "1", "place": "0", "name": "desk.css", "token": token}
    return re.sub(r"\{(\w+)\}", lambda found: known.get(found[1], "x1-x"), route.path)


def ask(browser: Browser, route: Route, path: str) -> Answer:
    return browser.get(path) if route.method == "GET" else browser.post(path, {})


@pytest.fixture(autouse=True)
def _ticket(world: World) -> None:
    world.mail(letter("The printer on floor 2 is broken."))


@pytest.mark.parametrize("route", PAGES)
def test_a_page_is_fenced_in_and_kept_nowhere(world: World, anna: Browser, route: Route) -> None:
    answer = ask(anna, route, path_of(world, route))
    assert answer.status < 500
    if answer.headers.get("content-type", "").startswith("text/html"):
        has_script = answer.soup.find("script") is not None
        assert answer.headers["content-security-policy"] == POLICY + OUR_SCRIPT * has_script
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-robots-tag"] == "noindex, nofollow"
    if "{name}" not in route.path:
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("route", PAGES)
def test_a_page_of_the_agents_leads_everybody_else_to_the_sign_in(
    world: World, anybody: Browser, route: Route
) -> None:
    if route.path.startswith("/agent/") and route.path[7:] not in ("sign-in", "new-password"):
        assert route.access is Access.SESSION
        answer = ask(anybody, route, path_of(world, route))
        assert answer.location.startswith("/agent/sign-in")
        assert anybody.follow(answer).status == 200


@pytest.mark.parametrize("route", PAGES)
def test_everything_that_changes_is_a_form_with_a_token(
    world: World, anna: Browser, route: Route
) -> None:
    if route.method != "GET":
        assert route.takes == "form"
        assert ask(anna, route, path_of(world, route)).status == 403


@pytest.mark.parametrize("stage", ["", "/api", "/desk/live"])
def test_every_link_stays_below_the_stage(world: World, stage: str) -> None:
    anna = signed_in(world, "anna", stage=stage)
    anna.post("/agent/sign-in", {})
    paths = ["/agent/inbox", "/agent/tickets/1001", "/agent/suspended", "/agent/tickets/9"]
    for path in [*paths, "/agent/sign-in", link(world), "/t/hello"]:
        page = anna.get(path)
        assert page.soup.find("h1")
        strays = [href for href in page.links() if not href.startswith((f"{stage}/", "#"))]
        assert strays == []
    assert anna.get("/").location == f"{stage}/agent/inbox"
    sent = anna.submit(anna.get("/agent/tickets/1001"), "/articles", text="Hello", kind="note")
    assert anna.follow(sent).status == 200
    asked = Browser(world, stage).get("/agent/tickets/1001")
    assert asked.location == f"{stage}/agent/sign-in?back_to=%2Fagent%2Ftickets%2F1001"
    form = Browser(world, stage)
    entered = form.submit(form.follow(asked), "/sign-in", **ANNA)
    assert entered.location == f"{stage}/agent/tickets/1001"


ANNA = {"email": "anna@agents.example", "password": "Correct-horse-9"}


@pytest.mark.parametrize("path", ["/agent/inbox", "/agent/tickets/1001", "/agent/suspended"])
def test_a_page_of_the_agents_is_one_call_to_the_table(
    world: World, anna: Browser, path: str
) -> None:
    anna.get("/agent/sign-in")  # the desk is read, as it is twice a minute
    with Meter() as meter:
        assert anna.get(path).status == 200
    assert [call.name for call in meter.calls] == ["dynamodb.Query"]


def test_the_customers_page_is_one_call_to_the_table(world: World, anybody: Browser) -> None:
    path = link(world)
    anybody.get("/agent/sign-in")
    with Meter() as meter:
        assert anybody.get(path).status == 200
    assert [call.name for call in meter.calls] == ["dynamodb.Query"]


@pytest.mark.parametrize("name", render.ASSETS)
def test_what_pages_are_painted_with_is_kept_under_its_fingerprint(
    anybody: Browser, anna: Browser, name: str
) -> None:
    pages = [anna.get(path) for path in ("/agent/tickets/1001", "/agent/inbox")]
    links = [link for page in pages for link in page.links()]
    address = next(link for link in links if f"/assets/{name}?v=" in link)
    asset = anybody.get(address)
    assert asset.headers["content-type"] == render.ASSETS[name]
    assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert anybody.get(f"/assets/{name}?v=old").headers["cache-control"] == "no-cache"
    assert anybody.get("/assets/app.py").status == 404


@pytest.mark.parametrize(
    ("wanted", "spoken"),
    [("sv, da;q=0.9, en;q=0.8", "da"), ("en;q=0.2, hu;q=0.7", "hu"), ("", "en"), ("sv", "en")],
)
def test_a_page_is_in_the_language_of_ours_that_the_browser_likes_best(
    anybody: Browser, wanted: str, spoken: str
) -> None:
    anybody.language = wanted
    assert anybody.get("/agent/sign-in").soup.html["lang"] == spoken


def test_an_agent_reads_in_their_own_language_whatever_the_browser_likes(anna: Browser) -> None:
    anna.language = "hu"
    assert anna.get("/agent/inbox").soup.html["lang"] == "en"


TYPED = 'Dear Kim, </textarea><script>alert("x")</script>'


def kept(page: Answer) -> str:
    """The text that a page gives back to be copied."""
    field = page.soup.select_one("textarea[readonly]")
    assert page.soup.find("script") is None
    assert "Your text was not saved." in page.text
    return str(field.get_text())


def test_a_text_typed_into_a_session_that_ended_is_given_back(world: World, anna: Browser) -> None:
    form = anna.get("/agent/tickets/1001")
    world.pass_time(hours=13)
    refused = anna.submit(form, "/articles", text=TYPED)
    assert refused.status == 401
    assert kept(refused) == TYPED
    (way,) = [link for link in refused.links() if "sign-in" in link]
    assert way == "/agent/sign-in?back_to=%2Fagent%2Ftickets%2F1001"


def test_a_text_in_a_form_that_is_too_old_is_given_back(anna: Browser) -> None:
    fields = {"text": TYPED, "csrf_token": "from another session"}
    refused = anna.post("/agent/tickets/1001/articles", fields)
    assert refused.status == 403
    assert kept(refused) == TYPED
    assert "This form is too old" in refused.text
    assert "/agent/tickets/1001" in refused.links()


def test_a_text_that_meets_a_crash_is_given_back(
    anna: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise RuntimeError

    form = anna.get("/agent/tickets/1001")
    monkeypatch.setattr("chalicelib.tickets.service.write_article", crash)
    refused = anna.submit(form, "/articles", text=TYPED)
    assert (refused.status, kept(refused)) == (500, TYPED)


def test_a_form_without_a_text_gives_nothing_back(world: World, anna: Browser) -> None:
    form = anna.get("/agent/tickets/1001")
    world.pass_time(hours=13)
    assert anna.submit(form, "/properties", priority="high").status == 303
    assert anna.submit(form, "/articles", text=" ").status == 303


def test_an_error_is_told_in_the_readers_language(anybody: Browser) -> None:
    anybody.language = "da, en;q=0.5"
    page = anybody.get("/assets/nothing")
    assert page.soup.html["lang"] == "da"
    assert "There is no such file." not in page.text


def test_a_crash_is_a_page_that_names_the_request_and_nothing_else(
    anna: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("chalicelib.tickets.store.timeline", crash)
    page = anna.get("/agent/tickets/1001")
    assert page.status == 500
    assert "c6af9ac6" in page.text
    assert "secret detail" not in page.body


def test_an_error_is_told_even_where_no_page_can_be_made(
    world: World, anna: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise DeskError("no configuration can be read")

    world.ports.cache.clear()
    monkeypatch.setattr("chalicelib.desk.store.live", crash)
    page = anna.get("/agent/inbox")
    assert page.status == 500
    assert page.headers["content-type"].startswith("text/plain")
    assert page.headers["content-security-policy"] == POLICY
    assert "c6af9ac6" in page.body
