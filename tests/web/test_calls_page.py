"""The page on the webhooks that were called about a ticket."""

from __future__ import annotations

from datetime import datetime

import pytest

from chalicelib.desk.service import apply
from chalicelib.ledger.model import Actor
from chalicelib.outward import Answer
from chalicelib.tickets.changes import Change, with_calls
from chalicelib.tickets.hooks import HookCall
from chalicelib.tickets.model import Ticket
from chalicelib.tickets.service import amend
from tests.web.browser import Browser
from tests.web.conftest import signed_in
from tests.web.desk import NUMBER
from tests.world import DESK, World, letter

PAGE = f"/agent/tickets/{NUMBER}"
CALLS = f"{PAGE}/calls"


@pytest.fixture(autouse=True)
def _ticket(world: World) -> None:
    apply(world.ports, {**DESK, "webhooks": {"pager": {"url": "https://hooks.example.org/"}}})
    world.mail(letter())


def ask(world: World, *answers: Answer) -> None:
    def decide(ticket: Ticket | None, now: datetime) -> Change:
        assert ticket is not None
        wanted = HookCall("pager", now, rule="tell-the-pager", fact="TicketOpened", of=1)
        return with_calls(Change(ticket, ticket, ()), [wanted])

    world.answers = list(answers)
    amend(world.ports, NUMBER, decide, actor=Actor("system", "rules"), cause="test")
    world.settle()


def test_the_ticket_says_what_failed_and_leads_to_its_calls(world: World, anna: Browser) -> None:
    assert CALLS not in anna.get(PAGE).links()
    ask(world, Answer(410))
    page = anna.get(PAGE)
    assert "The webhook pager is called, by the rule tell-the-pager" in page.text
    assert "could not be called: The receiver wants no more calls (410)." in page.text
    assert CALLS in page.links()
    page = anna.get(CALLS)
    for word in ("pager", "Not heard", "tell-the-pager", "TicketOpened", "(410)"):
        assert word in page.text


def test_a_failed_call_is_made_again_by_its_button(world: World, anna: Browser) -> None:
    ask(world, Answer(410))
    page = anna.get(CALLS)
    after = anna.submit(page, "/retry")
    assert after.headers["location"].startswith(CALLS)
    assert "The webhook is being called again." in anna.get(after.headers["location"]).text
    anna.submit(page, "/retry")
    world.settle()
    assert len(world.called) == 2
    page = anna.get(CALLS)
    assert "Heard" in page.text
    assert "Call again" not in page.text


def test_a_call_that_waits_says_until_when(world: World, anna: Browser) -> None:
    ask(world, Answer(500))
    page = anna.get(CALLS)
    assert "Will be tried again" in page.text
    assert "Next attempt" in page.text


def test_of_a_ticket_without_calls_the_page_says_so(anna: Browser) -> None:
    assert "No webhook was called about this ticket." in anna.get(CALLS).text


def test_the_calls_of_a_ticket_of_another_group_do_not_exist(world: World) -> None:
    ask(world, Answer(410))
    hugo = signed_in(world, "hugo")
    assert hugo.get(CALLS).status == 404
    page = signed_in(world, "anna").get(CALLS)
    assert hugo.submit(page, "/retry").status in {403, 404}
    assert len(world.called) == 1
