"""The lists that agents work from."""

from __future__ import annotations

import pytest

from tests.web.browser import Answer, Browser
from tests.web.conftest import signed_in
from tests.web.desk import write
from tests.world import World, letter


def subjects(page: Answer) -> list[str]:
    return [link.get_text() for link in page.soup.select("a.subject")]


@pytest.fixture(autouse=True)
def _tickets(world: World) -> None:
    world.mail(letter("one", subject="Printer"))
    world.mail(letter("two", subject="Scanner"))
    world.mail(letter("three", subject="Salary", to="hr@desk.example"))
    write(world, "On my way.")


def test_mine_are_those_that_i_answered(anna: Browser) -> None:
    assert subjects(anna.get("/agent/inbox")) == ["Printer"]


def test_a_group_has_its_open_tickets_and_those_that_nobody_has(anna: Browser) -> None:
    assert set(subjects(anna.get("/agent/inbox?view=support-open"))) == {"Printer", "Scanner"}
    assert subjects(anna.get("/agent/inbox?view=support-unassigned")) == ["Scanner"]
    assert "Nothing waits here" in anna.get("/agent/inbox?view=quick-open").text


def test_a_solved_ticket_waits_for_nobody(world: World, anna: Browser) -> None:
    write(world, "Done.", status="solved")
    assert subjects(anna.get("/agent/inbox?view=support-open")) == ["Scanner"]


def test_there_are_views_of_the_agents_own_groups_only(world: World, anna: Browser) -> None:
    def tabs(browser: Browser) -> set[str]:
        links = browser.get("/agent/inbox").soup.select(".views a")
        return {str(link["href"]).partition("view=")[2] for link in links}

    every = {"mine", "covered", "due", "snoozed", "failed"}
    own = every | {"support-open", "support-unassigned", "quick-open", "quick-unassigned"}
    assert tabs(anna) == own
    assert tabs(signed_in(world, "lena")) == own | {"hr-open", "hr-unassigned"}
    assert anna.get("/agent/inbox?view=hr-open").status == 404


def test_a_group_is_named_once_beside_its_two_views(anna: Browser) -> None:
    views = anna.get("/agent/inbox?view=quick-open").soup.select(".views li")
    names = [[name.get_text() for name in view.select(".of")] for view in views]
    assert names == [[], ["Quick"], ["IT support"]]
    own = [link.get_text().strip() for link in views[1].find_all("a")]
    assert own == ["Quick: All open", "Quick: Unassigned"]
    (current,) = [link for view in views for link in view.select("a[aria-current=page]")]
    assert current.get_text().strip() == "Quick: All open"


def test_a_missed_target_is_late_until_it_is_met(world: World) -> None:
    world.pass_time(days=2)
    world.sweep()
    anna = signed_in(world, "anna")
    row = anna.get("/agent/inbox?view=support-unassigned").soup.select_one("tbody tr")
    assert "late" in row.get_text()
    assert "First reply" in row.get_text()
    answered = anna.get("/agent/inbox?view=mine").soup.select_one("tbody tr")
    assert "First reply" not in answered.get_text()


def test_the_inbox_goes_on_behind_a_cursor(
    world: World, anna: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.web.paging.MOST", 1)
    first = anna.get("/agent/inbox?view=support-open")
    (following,) = [str(link["href"]) for link in first.soup.select("a[rel=next]")]
    second = anna.get(following)
    assert set(subjects(first) + subjects(second)) == {"Printer", "Scanner"}
    assert anna.get(following.replace("support", "quick")).status == 400


def test_a_page_that_hides_all_it_read_reads_on(
    world: World, anna: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.web.paging.MOST", 1)
    assert subjects(anna.get("/agent/inbox?view=support-unassigned")) == ["Scanner"]
