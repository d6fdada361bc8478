"""Following a ticket and answering for it, by the forms of its page."""

from __future__ import annotations

import pytest

from chalicelib.tickets import service
from chalicelib.tickets.edits import Edit
from tests.web.browser import Browser
from tests.web.desk import NUMBER, agent, ticket
from tests.world import World, letter

PAGE = f"/agent/tickets/{NUMBER}"


@pytest.fixture(autouse=True)
def _ticket(world: World) -> None:
    world.mail(letter())


def test_an_agent_follows_and_leaves_by_a_button(anna: Browser) -> None:
    page = anna.follow(anna.submit(anna.get(PAGE), "/follow", do="follow"))
    assert "Anna Berg follows it" in page.text
    page = anna.follow(anna.submit(page, "/follow", do="unfollow"))
    assert "Anna Berg no longer follows it" in page.text
    assert ticket().followers == ()


def test_the_page_sets_and_shows_who_answers_for_the_ticket(anna: Browser) -> None:
    page = anna.follow(anna.submit(anna.get(PAGE), "/properties", responsible="lena"))
    assert "Lena Holm answers for it" in page.text
    assert ticket().responsible == "lena"


def test_of_two_who_name_another_responsible_one_is_told(anna: Browser, world: World) -> None:
    page = anna.get(PAGE)
    service.edit_ticket(world.ports, agent(world, "lena"), NUMBER, Edit(responsible="lena"))
    refused = anna.submit(page, "/properties", responsible="anna")
    assert refused.status == 409
    assert "Now it is: Lena Holm" in refused.text
