"""How the due times of a ticket came about, on a page and over the API."""

from __future__ import annotations

import copy

import pytest

from chalicelib.desk.service import apply
from tests.meter import Meter
from tests.web.browser import Browser
from tests.web.calls import api, new_token
from tests.web.conftest import signed_in
from tests.web.desk import NUMBER, write
from tests.world import DESK, World, letter

PAGE = f"/agent/tickets/{NUMBER}"
CLOCKS = f"/api/v1/tickets/{NUMBER}/clocks"


@pytest.fixture(autouse=True)
def _ticket(world: World) -> None:
    world.mail(letter("The printer on floor 2 is broken."))


def test_the_page_of_a_ticket_leads_to_why_it_is_due_when_it_is(
    world: World, anna: Browser
) -> None:
    world.pass_time(hours=1)
    anna.submit(anna.get(PAGE), "/articles", text="Try turning it off and on.")
    assert f"{PAGE}/clocks" in anna.get(PAGE).links()
    page = anna.get(f"{PAGE}/clocks")
    assert "Counting begins in the hours of office, by the policy standard." in page.text
    assert "Met after 1:00 h." in page.text
    assert "today's policies" not in page.text
    assert PAGE in page.links()


def test_the_explanation_is_in_the_readers_language(world: World) -> None:
    body = copy.deepcopy(DESK)
    body["agents"]["anna"]["locale"] = "da"
    apply(world.ports, body)
    page = signed_in(world, "anna").get(f"{PAGE}/clocks")
    assert "Tællingen begynder i åbningstiden office" in page.text


def test_the_explanation_of_a_ticket_of_another_group_does_not_exist(world: World) -> None:
    assert signed_in(world, "hugo").get(f"{PAGE}/clocks").status == 404
    assert api(world, "GET", CLOCKS, token=new_token(groups=["hr"])).status == 404


def test_the_api_says_of_every_clock_what_moved_it(world: World) -> None:
    world.pass_time(hours=1)
    write(world, "Try turning it off and on.")
    answer = api(world, "GET", CLOCKS)
    assert answer.status == 200
    clocks = {clock["target"]: clock for clock in answer.body["items"]}
    first = clocks["first_reply"]
    assert (first["state"], first["counted"], first["seconds"]) == ("met", 3600, 4 * 3600)
    assert [step["what"] for step in first["steps"]] == ["started", "met"]
    assert first["steps"][1]["words"] == "Met after 1:00 h."
    assert all(clock["is_certain"] for clock in clocks.values())


def test_explaining_a_ticket_costs_one_query(world: World) -> None:
    token = new_token()
    with Meter() as meter:
        api(world, "GET", CLOCKS, token=token)
    assert meter.counts()["dynamodb.Query"] == 1
