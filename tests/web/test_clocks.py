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


# --- Taking note of what escalates ---

ACKNOWLEDGE = f"/api/v1/tickets/{NUMBER}/escalation/acknowledge"
LADDER = [
    {"at": "50%", "notify": ["assignee"]},
    {"at": "0", "notify": ["group_lead"], "repeat": {"every": "1h", "max": 3}},
    {"at": "+1h", "notify": ["agent:hugo"], "set": {"add_tags": ["late"]}},
]


@pytest.fixture
def escalating(world: World) -> World:
    """A ticket under a ladder that has missed its target."""
    body = copy.deepcopy(DESK)
    body["ladders"] = {"usual": {"steps": LADDER}}
    body["policies"]["standard"]["ladder"] = "usual"
    apply(world.ports, body)
    world.pass_time(hours=4)
    world.sweep()
    world.settle()
    return world


def test_whoever_takes_care_of_what_escalates_says_so_on_the_page(
    escalating: World, anna: Browser
) -> None:
    page = anna.get(PAGE)
    assert "Level 2 (0) told Lena Holm (group lead)." in page.text
    assert "Anna Berg takes care of it" not in page.text
    page = anna.follow(anna.submit(page, "/acknowledge"))
    assert "Anna Berg takes care of it" in page.text
    assert "What escalated is taken care of" in page.text
    assert "I take care of it" not in page.text


def test_a_ticket_on_which_nothing_escalates_has_no_such_button(
    world: World, anna: Browser
) -> None:
    assert "I take care of it" not in anna.get(PAGE).text


def test_somebody_who_was_too_slow_to_take_note_sees_how_it_is(
    escalating: World, anna: Browser
) -> None:
    page = anna.get(PAGE)
    write(escalating, "Try turning it off and on.")
    page = anna.follow(anna.submit(page, "/acknowledge"))
    assert "takes care of it" not in page.text


def test_a_program_takes_note_and_learns_of_every_step(escalating: World) -> None:
    token = new_token()
    first = api(escalating, "GET", CLOCKS, token=token).body["items"][0]
    assert [(step["level"], step["at"], step["calls"]) for step in first["ladder"]] == [
        (1, "50%", 1),
        (2, "0", 1),
        (3, "+1h", None),
    ]
    assert first["ladder"][1]["is_calling"]
    assert first["ladder"][2]["set"] == {"add_tags": ["late"]}
    assert first["ladder"][2]["comes_at"] == first["next_step_at"] == "2026-03-02T14:00:00.000000Z"
    assert first["acknowledged"] is None
    for _ in range(2):
        assert api(escalating, "POST", ACKNOWLEDGE, {}, token=token).status == 200
    first = api(escalating, "GET", CLOCKS, token=token).body["items"][0]
    assert first["acknowledged"] == {"by": "token:tests", "at": "2026-03-02T13:00:00.000000Z"}
    assert not first["ladder"][1]["is_calling"]
    assert [step["what"] for step in first["steps"]][-2:] == ["told", "acknowledged"]


def test_taking_note_needs_the_right_to_write_and_something_that_escalates(world: World) -> None:
    reader = new_token("tickets:read")
    assert api(world, "POST", ACKNOWLEDGE, {}, token=reader).status == 403
    answer = api(world, "POST", ACKNOWLEDGE, {})
    assert (answer.status, answer.body["error"]["code"]) == (409, "conflict")
    assert api(world, "POST", ACKNOWLEDGE, {}, token=new_token(groups=["hr"])).status == 404


def test_the_page_of_the_clocks_shows_the_ladder(escalating: World, anna: Browser) -> None:
    text = anna.get(f"{PAGE}/clocks").text
    assert "Level 3 (+1h)" in text
    assert "has come, and calls again" in text
    assert "Level 1 (50%) told Lena Holm (group lead, since nobody has the ticket)." in text
