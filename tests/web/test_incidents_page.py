"""Answering all incidents of a problem from its page."""

from __future__ import annotations

import pytest

from chalicelib.tickets import joining
from tests.web.browser import Browser
from tests.web.desk import agent, texts, ticket
from tests.world import World, letter

PAGE = "/agent/tickets/1001"


@pytest.fixture(autouse=True)
def _tickets(world: World) -> None:
    world.mail(letter("The printers are down."))
    world.mail(letter("Mine, too.", sender="Bo Lind <bo@customer.example>"))
    joining.link(world.ports, agent(world), 1001, "incident", 1002)


def test_one_form_answers_and_solves_all_once(anna: Browser) -> None:
    page = anna.get(PAGE)
    for _ in range(2):
        typed = {"text-en": "It prints again.", "solve": "yes"}
        shown = anna.submit(page, "/incidents", **typed)
        assert shown.status == 200
        assert "#1002 Answered and solved" in shown.text
    assert texts(1002) == ["Mine, too.", "It prints again."]
    assert ticket(1002).status == "solved"


def test_an_empty_answer_is_refused_beside_its_form(anna: Browser) -> None:
    refused = anna.submit(anna.get(PAGE), "/incidents")
    assert refused.status == 400
    assert "Write something first." in refused.text


def test_a_ticket_without_incidents_has_no_such_form(anna: Browser) -> None:
    assert "Answer all incidents" not in anna.get("/agent/tickets/1002").text
