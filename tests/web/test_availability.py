"""The page on which agents say when they are away."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.desk.service import apply, live_desk
from chalicelib.people import absences
from chalicelib.people.model import Absence
from chalicelib.routing import availability
from chalicelib.tickets.access import Who
from chalicelib.tickets.store import load
from tests.web.browser import Answer, Browser, filled
from tests.world import DESK, World, letter

PAGE = "/agent/availability"


def away(world: World) -> set[str]:
    found = absences.read_now(world.ports, world.now)
    return set(found.absent(["anna", "lena", "hugo"], world.now))


def send(browser: Browser, do: str, **typed: str) -> Answer:
    """Send the one form of the page that does this, with these fields typed into it."""
    page = browser.get(PAGE)
    forms = [form for form in page.soup.find_all("form") if filled(form).get("do") == do]
    return browser.post(PAGE, {**filled(forms[-1]), **typed})


def test_an_agent_plans_an_absence_and_takes_it_back(anna: Browser) -> None:
    span = {"from": "2026-03-05T08:00", "until": "2026-03-06T16:00"}
    page = anna.follow(send(anna, "plan", substitute="lena", reason="Skiing", **span))
    for words in ("The absence was noted.", "Lena Holm stands in", "Skiing", "8:00"):
        assert words in page.text
    page = anna.follow(send(anna, "take_back"))
    assert "Skiing" not in page.text


def test_one_button_goes_away_and_another_comes_back(anna: Browser, world: World) -> None:
    page = anna.follow(send(anna, "plan"))
    assert away(world) == {"anna"}
    assert "Away until further notice; nobody stands in." in page.text
    page = anna.follow(send(anna, "come_back"))
    assert away(world) == set()
    assert "Available: tickets can be given." in page.text


@pytest.mark.parametrize("field", ["from", "until", "substitute"])
def test_what_cannot_be_is_shown_where_it_was_typed(
    anna: Browser, world: World, field: str
) -> None:
    answer = send(anna, "plan", **{field: "tomorrow", "reason": "My knee"})
    assert answer.status == 400
    assert answer.soup.find(id=f"{field}-error") is not None
    assert answer.soup.find(id="reason")["value"] == "My knee"  # type: ignore[index]
    assert away(world) == set()


def test_an_absence_since_ever_is_refused_and_breaks_nobodys(anna: Browser, world: World) -> None:
    assert send(anna, "plan", **{"from": "0001-01-01T00:00"}).status == 400
    assert away(world) == set()
    assert anna.get(PAGE).status == 200


def test_an_agent_sees_a_colleague_and_changes_nothing(anna: Browser, world: World) -> None:
    lena = Who.from_agent(live_desk(world.ports).agents["lena"])
    until = world.now + timedelta(days=2)
    availability.plan(world.ports, lena, Absence("lena", world.now, until, "anna", "A secret"))
    page = anna.get(f"{PAGE}?agent=lena")
    assert "Availability of Lena Holm" in page.text
    assert "Anna Berg stands in" in page.text
    assert "A secret" not in page.text
    assert "Available now" not in page.text
    assert send(anna, "plan", agent="lena").status == 403
    assert anna.get(f"{PAGE}?agent=hugo").status == 404


def test_whoever_gives_a_ticket_to_somebody_away_is_told(anna: Browser, world: World) -> None:
    world.mail(letter())
    send(anna, "plan")
    ticket = "/agent/tickets/1001"
    answer = anna.submit(anna.get(ticket), "/properties", assignee="anna")
    assert "But whoever has the ticket now is away." in anna.follow(answer).text


def test_a_page_that_was_open_before_somebody_was_chosen_takes_the_ticket_from_nobody(
    anna: Browser, world: World
) -> None:
    ticket = "/agent/tickets/1001"
    raw = letter().as_bytes()
    apply(world.ports, assigning())
    world.call("inbound_mail", world.ses_event(world.put_mail(raw), raw))
    page = anna.get(ticket)
    world.settle()
    answer = anna.submit(page, "/properties", priority="high")
    found, _ = load(1001)
    assert found is not None
    assert found.assignee == "anna"
    assert (answer.status, found.priority) == (303, "high")


def assigning() -> dict[str, Any]:
    body = copy.deepcopy(DESK)
    body["groups"]["support"]["assign"] = {"how": "load"}
    body["agents"]["lena"]["groups"] = ["hr"]
    return body
