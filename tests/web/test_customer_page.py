"""The page about a customer: notes that remind, and tickets, without a script."""

from __future__ import annotations

import pytest

from chalicelib.desk.service import live_desk
from chalicelib.notes import service as notes
from chalicelib.notes.model import Wanted
from chalicelib.notes.service import Kind
from chalicelib.organizations import service as organizations
from chalicelib.organizations.service import Wanted as Wish
from tests.meter import Meter
from tests.web.browser import Answer, Browser
from tests.web.desk import NUMBER, agent, ticket
from tests.world import World, letter

TEXT = "Prefers <b>to be called</b>."


@pytest.fixture
def anna(world: World) -> Browser:
    world.mail(letter())
    browser = Browser(world)
    browser.sign_in()
    return browser


def page(browser: Browser) -> Answer:
    return browser.get(f"/agent/people/{ticket().requester.person}")


def note(browser: Browser, **typed: str) -> Answer:
    return browser.submit(page(browser), "/notes", **{"text": TEXT, **typed})


def press(browser: Browser, shown: Answer, do: str) -> Answer:
    forms = [str(form["action"]) for form in shown.soup.find_all("form")]
    (end,) = [action for action in forms if "/notes/" in action]
    return browser.follow(browser.submit(shown, end, do=do))


def test_a_ticket_leads_to_its_customer_who_has_all_tickets_there(
    world: World, anna: Browser
) -> None:
    world.mail(letter("A secret of HR.", to="hr@desk.example", subject="Salary"))
    link = anna.get(f"/agent/tickets/{NUMBER}").soup.find("a", string="About this customer")
    assert link is not None
    shown = anna.get(str(link["href"]))
    assert "kim@customer.example" in shown.text
    assert f"#{NUMBER}" in shown.text
    assert "Salary" not in shown.text


def test_an_agent_adds_ticks_off_reopens_and_removes_a_note(anna: Browser) -> None:
    shown = anna.follow(note(anna))
    assert TEXT in shown.text
    shown = press(anna, shown, "done")
    assert "Not done after all" in shown.text
    shown = press(anna, shown, "reopen")
    assert "Not done after all" not in shown.text
    assert TEXT not in press(anna, shown, "remove").text


def test_the_same_form_twice_writes_one_note(anna: Browser) -> None:
    shown = page(anna)
    for _ in range(2):
        assert anna.submit(shown, "/notes", text=TEXT).status == 303
    assert len(page(anna).soup.select("#notes li")) == 1


def test_a_note_that_cannot_be_used_comes_back_with_why(anna: Browser) -> None:
    refused = note(anna, due="yesterday")
    assert refused.status == 400
    assert "The note cannot be set so." in refused.text
    assert str(refused.form("/notes").textarea.string).strip() == TEXT  # type: ignore[union-attr]
    assert TEXT not in (page(anna).text)


def test_a_reminder_stands_in_the_own_list_until_it_is_done(world: World, anna: Browser) -> None:
    anna.follow(note(anna, due="2026-03-03T08:00"))
    shown = anna.get("/agent/tasks")
    assert TEXT in shown.text
    (link,) = shown.soup.select("#reminders a")
    assert press(anna, anna.get(str(link["href"])), "done").status == 200
    assert "Nothing is left for you to do." in anna.get("/agent/tasks").text


def test_an_organization_has_a_page_with_its_notes(world: World, anna: Browser) -> None:
    lena = agent(world, "lena")
    wish = Wish(name="Customer & Sons", domains=["customer.example"])
    made = organizations.add(world.ports, lena, wish).id
    wanted = Wanted(text="Renews in May.", owner="anna")
    notes.add(world.ports, lena, Kind.ORGANIZATION, made, wanted)
    world.mail(letter("One more.", sender="Bo Lind <bo@customer.example>"))
    beside = anna.get("/agent/tickets/1002").soup.find("a", string="About their organization")
    assert beside is not None
    shown = anna.get(str(beside["href"]))
    assert "Customer & Sons" in shown.text
    assert "Renews in May." in shown.text
    assert "Reminds Anna" in shown.text
    assert f"/agent/organizations/{made}" in str(anna.get("/agent/tasks").links())
    added = anna.submit(shown, "/notes", text="Pays late.")
    assert "Pays late." in anna.follow(added).text


def test_the_page_takes_two_calls_and_a_ticket_still_one(world: World, anna: Browser) -> None:
    live_desk(world.ports)
    person = ticket().requester.person
    with Meter() as meter:
        anna.get(f"/agent/people/{person}")
    reads = [call.operation for call in meter.calls if call.service == "dynamodb"]
    with Meter() as meter:
        anna.get(f"/agent/tickets/{NUMBER}")
    alone = [call.operation for call in meter.calls if call.service == "dynamodb"]
    assert reads.count("Query") == 2
    assert alone.count("Query") == 1
    assert len(reads) == len(alone) + 1


def test_nobody_is_no_page(anna: Browser) -> None:
    assert anna.get("/agent/people/nobody").status == 404
    assert anna.get("/agent/organizations/no-body").status == 404
