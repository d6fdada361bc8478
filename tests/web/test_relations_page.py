"""The forms of a ticket's page that merge, split and link, without a script."""

from __future__ import annotations

import pytest

from tests.web.browser import Answer, Browser
from tests.web.desk import NUMBER, articles, link, texts, ticket, write
from tests.world import World, letter

OTHER = 1002
PAGE = f"/agent/tickets/{NUMBER}"


@pytest.fixture(autouse=True)
def _tickets(world: World) -> None:
    world.mail(letter("The printer on floor 2 is broken."))
    world.mail(letter("There is smoke.", sender="Bo Lind <bo@customer.example>", subject="Smoke"))


def merge(anna: Browser, number: int = OTHER, into: object = NUMBER) -> None:
    page = anna.get(f"/agent/tickets/{number}")
    shown = anna.follow(anna.submit(page, "/merge", ticket=str(into)))
    assert "The ticket was merged." in shown.text


def done(browser: Browser, page: Answer, form: str, **typed: str) -> Answer:
    """The page that a form leads to, which was taken."""
    return browser.follow(browser.submit(page, form, **typed))


def test_a_merge_shows_on_both_pages_and_is_undone_by_a_button(anna: Browser) -> None:
    merge(anna, into=f"#{NUMBER}")
    page = anna.get(PAGE)
    assert "From #1002" in page.text
    assert "There is smoke." in page.text
    assert "#1002 was merged into #1001" in page.text
    source = anna.get(f"/agent/tickets/{OTHER}")
    assert "Merged into #1001" in source.text
    assert "on its own again" in done(anna, source, "/unmerge").text
    assert "There is smoke." not in anna.get(PAGE).text


def test_why_a_merge_was_refused_stands_beside_its_form(anna: Browser) -> None:
    page = anna.submit(anna.get(PAGE), "/merge", ticket=str(NUMBER))
    assert page.status == 400
    assert "A ticket cannot be merged into itself." in page.text
    assert anna.submit(anna.get(PAGE), "/merge", ticket="9999").status == 404


def test_chosen_messages_become_a_ticket(anna: Browser, world: World) -> None:
    write(world, "Which printer?")
    page = anna.get(PAGE)
    shown = done(anna, page, "/split", **{"article-1": "yes", "subject": "Printers"})
    assert "This is the new ticket." in shown.text
    assert (ticket(1003).subject, texts(1003)) == ("Printers", texts()[:1])
    assert "Split to #1003" in anna.get(PAGE).text


def test_the_same_split_sent_twice_is_one(anna: Browser) -> None:
    page = anna.get(PAGE)
    for _ in range(2):
        shown = done(anna, page, "/split", **{"article-1": "yes"})
        assert "#1003" in shown.text
    assert len(articles(1003)) == 1


def test_a_link_shows_and_is_taken_back(anna: Browser) -> None:
    page = done(anna, anna.get(PAGE), "/links", type="child", ticket=str(OTHER))
    assert "Child: #1002" in " ".join(page.text.split())
    page = done(anna, page, "/links/remove")
    assert "No longer linked: Child #1002" in page.text


def test_a_parent_says_which_children_keep_it_open(anna: Browser) -> None:
    page = done(anna, anna.get(PAGE), "/links", type="child", ticket=str(OTHER))
    refused = anna.submit(page, "/properties", status="solved")
    assert refused.status == 400
    assert "These children have to be solved first: #1002" in refused.text


def test_a_customer_of_a_merged_ticket_reads_and_answers_behind_the_same_link(
    anna: Browser, anybody: Browser, world: World
) -> None:
    address = link(world)
    merge(anna, NUMBER, OTHER)
    page = anybody.get(address)
    assert "The printer on floor 2 is broken." in page.text
    assert "There is smoke." not in page.text
    page = done(anybody, page, "", text="Any news?")
    assert page.address.startswith(address)
    assert "Any news?" in page.text
    assert texts(OTHER)[-1] == "Any news?"
