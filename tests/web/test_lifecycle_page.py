"""What agents see of a ticket's life, and set on its page."""

from __future__ import annotations

import pytest

from chalicelib.desk.service import apply
from chalicelib.tickets.model import Status
from tests.web.browser import Browser
from tests.web.conftest import signed_in
from tests.web.desk import NUMBER, ticket
from tests.world import DESK, World, letter

PAGE = f"/agent/tickets/{NUMBER}"
PARTS = {"category": "on_hold", "label": {"en": "Waits for parts", "da": "Venter på dele"}}


@pytest.fixture(autouse=True)
def _ticket(world: World) -> None:
    support = {**DESK["groups"]["support"], "thanks_stay_solved": True, "needs_resolution": True}
    groups = {**DESK["groups"], "support": support}
    closed = {"category": "closed", "admins_only": True, "label": {"en": "Dropped"}}
    apply(world.ports, {**DESK, "groups": groups, "statuses": {"parts": PARTS, "dropped": closed}})
    world.mail(letter())


def test_a_ticket_is_shown_and_listed_under_the_name_of_its_status(anna: Browser) -> None:
    page = anna.get(PAGE)
    assert "Dropped" not in page.form("/properties").select_one("#status").text
    wait = {"until": "2026-03-09T08:00", "reason": "A new lamp"}
    saved = anna.follow(anna.submit(page, "/properties", status="parts", **wait))
    assert "Waits for parts" in saved.text
    assert "New → Waits for parts" in saved.text
    assert saved.form("/properties").select_one("#until")["value"] == "2026-03-09T08:00"
    assert "Waits for parts" in anna.get("/agent/inbox?view=support-open").text


def test_a_form_that_shows_a_wait_is_saved_without_touching_it(anna: Browser) -> None:
    wait = {"until": "2026-03-09T08:00", "reason": "A new lamp"}
    anna.submit(anna.get(PAGE), "/properties", status="pending", **wait)
    before = ticket()
    anna.submit(anna.get(PAGE), "/properties", priority="high")
    assert (ticket().until, ticket().reason) == (before.until, "A new lamp")
    anna.submit(anna.get(PAGE), "/properties", status="open")
    assert (ticket().status, ticket().until, ticket().reason) == (Status.OPEN, None, "")


def test_a_close_that_lacks_its_resolution_is_refused_at_the_field(anna: Browser) -> None:
    refused = anna.submit(anna.get(PAGE), "/properties", status="solved")
    assert refused.status == 400
    assert refused.form("/properties").select_one("#resolution")["aria-invalid"] == "true"
    anna.submit(refused, "/properties", resolution="A new lamp")
    assert (ticket().status, ticket().resolution) == (Status.SOLVED, "A new lamp")
    assert "Closes by itself" in anna.get(PAGE).text


def test_thanks_are_shown_on_a_ticket_that_stays_solved(world: World, anna: Browser) -> None:
    anna.submit(anna.get(PAGE), "/properties", status="solved", resolution="A new lamp")
    world.mail(letter("Thank you!", to=str(world.last_mail["Reply-To"])))
    assert "The customer said thank you" in anna.get(PAGE).text
    view = "/agent/inbox?view=replied"
    assert "#1001" in anna.get(view).text
    world.pass_time(hours=73)
    assert "#1001" not in signed_in(world, "anna").get(view).text


def test_an_assignee_who_may_not_see_the_ticket_any_more_is_shown_as_such(
    world: World, anna: Browser
) -> None:
    anna.submit(anna.get(PAGE), "/properties", assignee="anna")
    sentence = "may not see tickets of this group any more"
    assert sentence not in anna.get(PAGE).text
    agents = {**DESK["agents"], "anna": {**DESK["agents"]["anna"], "groups": ["hr"]}}
    apply(world.ports, {**DESK, "agents": agents})
    assert sentence in anna.get(PAGE).text
