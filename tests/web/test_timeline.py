"""Timelines that are longer than one page."""

from __future__ import annotations

import pytest

from tests.web.browser import Answer, Browser
from tests.web.desk import NUMBER, articles, link, write
from tests.world import World, letter

PAGE = f"/agent/tickets/{NUMBER}"
ANSWERS = 6
FIRST = "The printer on floor 2 is broken."


@pytest.fixture(autouse=True)
def _long_ticket(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some answers, of which a page holds about two: each is an article, a mail and its entries."""
    world.mail(letter(FIRST))
    for count in range(ANSWERS):
        write(world, f"Answer {count}.")
    monkeypatch.setattr("chalicelib.tickets.store.TIMELINE_PAGE", 7)


def older(page: Answer) -> str | None:
    links = page.soup.select("a[rel=prev]")
    return str(links[0]["href"]) if links else None


def texts(page: Answer) -> list[str]:
    return [text.get_text() for text in page.soup.select(".timeline .text")]


def read_back(browser: Browser, path: str) -> list[Answer]:
    """All pages of a timeline, the newest first."""
    pages = [browser.get(path)]
    while following := older(pages[-1]):
        pages.append(browser.get(following))
    return pages


def test_an_agent_reads_back_to_the_first_article(anna: Browser) -> None:
    pages = read_back(anna, PAGE)
    assert len(pages) > 2
    found = [text for page in reversed(pages) for text in texts(page)]
    assert found == [FIRST, *(f"Answer {count}." for count in range(ANSWERS))]


def test_every_mail_of_ours_is_on_a_page_even_where_its_article_is_on_another(
    anna: Browser,
) -> None:
    lines = [line for page in read_back(anna, PAGE) for line in page.soup.select(".deliveries li")]
    assert len(lines) == ANSWERS + 1


def test_older_entries_are_for_reading_and_lead_back_to_the_newest(anna: Browser) -> None:
    newest = anna.get(PAGE)
    assert newest.soup.find(id="composer")
    address = older(newest)
    assert address
    page = anna.get(address)
    assert page.soup.find(id="composer") is None
    assert "These are older entries." in page.text
    (back,) = [str(link["href"]) for link in page.soup.select(".pager-below a")]
    assert texts(anna.get(back)) == texts(newest)
    assert newest.soup.select(".pager-below") == []


def test_a_short_timeline_has_no_older_entries(world: World, anna: Browser) -> None:
    world.mail(letter("Short"))
    assert older(anna.get("/agent/tickets/1002")) is None


def test_a_cursor_of_another_ticket_or_of_nobody_is_refused(world: World, anna: Browser) -> None:
    world.mail(letter("Another"))
    address = older(anna.get(PAGE)) or ""
    assert anna.get(address.replace("1001", "1002")).status == 400
    assert anna.get(f"{PAGE}?cursor=x").status == 400
    assert anna.get(f"{link(world)}?{address.partition('?')[2]}").status == 400


def test_a_customer_reads_back_to_the_first_article(world: World, anybody: Browser) -> None:
    pages = read_back(anybody, link(world))
    assert len(pages) > 2
    found = [text for page in reversed(pages) for text in texts(page)]
    assert found == [FIRST, *(f"Answer {count}." for count in range(ANSWERS))]
    assert pages[0].soup.select(".pager-below") == []
    (back,) = [str(a["href"]) for a in pages[-1].soup.select(".pager-below a")]
    assert texts(anybody.get(back)) == texts(pages[0])


def test_what_agents_do_among_themselves_leaves_no_customer_an_empty_page(
    world: World, anybody: Browser
) -> None:
    for count in range(5):
        write(world, f"Note {count}.", kind="note")
    assert texts(anybody.get(link(world)))[-1] == f"Answer {ANSWERS - 1}."


def test_who_joined_later_is_offered_nothing_from_before(world: World, anybody: Browser) -> None:
    to = str(world.last_mail["Reply-To"])
    world.mail(letter("My boss should know.", to=to, Cc="Bo <bo@customer.example>"))
    assert articles()[-1].text == "My boss should know."
    write(world, "Hello Bo.")
    pages = read_back(anybody, link(world, place=1))
    found = [text for page in reversed(pages) for text in texts(page)]
    assert found == ["My boss should know.", "Hello Bo."]
    assert all(texts(page) for page in pages)
