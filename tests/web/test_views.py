"""The views that agents and programs work from: in order, complete, and bounded."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from chalicelib.desk.service import apply
from chalicelib.tickets import store
from chalicelib.tickets.edits import Edit
from chalicelib.tickets.service import edit_ticket
from chalicelib.views import service
from tests.meter import Meter
from tests.web.browser import Answer, Browser
from tests.web.calls import api
from tests.web.conftest import signed_in
from tests.web.desk import agent, ticket, write
from tests.world import DESK, World, letter

GROUPS = ("support", "quick", "hr")


def with_views(world: World, **views: dict[str, Any]) -> None:
    labelled = {name: {"label": {"en": name.title()}, **view} for name, view in views.items()}
    apply(world.ports, {**DESK, "views": labelled})


def counts_of(browser: Browser) -> dict[str, str]:
    found: dict[str, str] = json.loads(browser.get("/agent/inbox/counts").body)
    return found


def bounce(world: World) -> None:
    """The last mail comes back for good."""
    found = store.timeline(1001)
    assert found
    sent = found.deliveries[-1]
    tags = {"ticket": [str(sent.number)], "delivery": [sent.id]}
    mail = {"messageId": sent.ses_id, "tags": tags}
    gone = {"bounceType": "Permanent", "bouncedRecipients": [{"status": "5.1.1"}]}
    world.call("mail_events", {"detail": {"eventType": "Bounce", "mail": mail, "bounce": gone}})


def goes_away(world: World, name: str, substitute: str) -> None:
    until = (world.now + timedelta(days=7)).isoformat()
    absence = {"from": world.now.isoformat(), "until": until, "substitute": substitute}
    put = api(world, "PUT", f"/api/v1/agents/{name}/absences", absence)
    assert put.status in {200, 201}, put.body
    world.pass_time(seconds=31)


def mails(world: World, count: int = 6) -> None:
    """So many tickets, in all groups in turn, an hour apart."""
    for number in range(count):
        to = f"{GROUPS[number % len(GROUPS)]}@desk.example"
        world.mail(letter(f"m{number}", subject=f"Ticket {number}", to=to))
        world.pass_time(hours=1)


def subjects(page: Answer) -> list[str]:
    return [link.get_text() for link in page.soup.select("a.subject")]


def numbers(world: World, view: str, limit: int) -> list[int]:
    """All of a view, page after page of so many."""
    found: list[int] = []
    cursor = ""
    for _ in range(50):
        query = urlencode({"limit": limit, **({"cursor": cursor} if cursor else {})})
        page = api(world, "GET", f"/api/v1/views/{view}/tickets?{query}").body
        assert "items" in page, page
        found += [one["number"] for one in page["items"]]
        if page["next"] is None:
            return found
        cursor = page["next"]
    raise AssertionError("the view has no end")


@pytest.mark.parametrize("limit", [1, 2, 4, 50])
def test_a_view_of_several_groups_is_one_list_in_the_order_of_what_is_due(
    world: World, limit: int
) -> None:
    mails(world)
    found = map(ticket, numbers(world, "due", limit))
    due = [one.due_at for one in found if one.due_at]
    assert len(due) == 4, "hr promises nothing"
    assert due == sorted(due)


def test_who_has_waited_too_long_comes_before_whoever_still_has_time(world: World) -> None:
    world.mail(letter("late", to="quick@desk.example"))
    world.pass_time(minutes=5)
    world.sweep()
    world.settle()
    world.mail(letter("soon", subject="Another", to="support@desk.example"))
    assert numbers(world, "due", 10) == [1001, 1002]


def test_no_ticket_is_missed_or_listed_twice_across_pages(world: World) -> None:
    with_views(world, everything={})
    mails(world, 7)
    found = numbers(world, "everything", 2)
    assert sorted(found) == list(range(1001, 1008))


def test_a_page_of_a_view_costs_a_call_for_each_of_its_groups(world: World) -> None:
    mails(world)
    lena = signed_in(world, "lena")
    lena.get("/agent/inbox?view=due")
    with Meter() as meter:
        lena.get("/agent/inbox?view=due")
    assert len(meter.calls) == len(GROUPS)


def test_a_saved_view_shows_what_it_was_made_for(world: World) -> None:
    with_views(world, urgent={"when": {"priority": ["urgent"]}, "columns": ["group", "tags"]})
    mails(world, 3)
    edit_ticket(world.ports, agent(world), 1001, Edit(priority="urgent", tags=["vip"]))
    page = signed_in(world, "anna").get("/agent/inbox?view=urgent")
    assert subjects(page) == ["Ticket 0"]
    heads = [head.get_text() for head in page.soup.select("thead th")]
    assert heads == ["Number", "Subject", "Group", "Tags"]
    assert "IT support" in page.text
    assert "vip" in page.text


def test_mail_that_did_not_arrive_is_listed_until_it_is_sent_again(
    world: World, anna: Browser
) -> None:
    world.mail(letter("one", subject="Printer"))
    write(world, "On my way.")
    bounce(world)
    assert subjects(anna.get("/agent/inbox?view=failed")) == ["Printer"]
    (lost,) = ticket().undelivered
    anna.submit(anna.get("/agent/tickets/1001"), f"{lost}/send-again")
    assert subjects(anna.get("/agent/inbox?view=failed")) == []
    assert ticket().undelivered == ()


def test_a_ticket_that_waits_until_a_time_is_listed_as_waiting(world: World, anna: Browser) -> None:
    world.mail(letter("one", subject="Printer"))
    edit = Edit(status="pending", until="+2 business days", reason="The lamp is ordered")
    edit_ticket(world.ports, agent(world), 1001, edit)
    page = anna.get("/agent/inbox?view=snoozed")
    assert subjects(page) == ["Printer"]


def test_two_who_take_the_next_ticket_get_two(world: World) -> None:
    mails(world, 2)
    for name in ("anna", "lena"):
        browser = signed_in(world, name)
        taken = browser.submit(browser.get("/agent/inbox?view=due"), "/inbox/next")
        assert "This ticket is yours now." in browser.follow(taken).text
    assert {ticket(number).assignee for number in (1001, 1002)} == {"anna", "lena"}
    page = signed_in(world, "lena").get("/agent/inbox?view=due")
    assert "Take the next one" not in page.text


def test_the_next_ticket_is_found_behind_many_that_are_taken(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "TAKEN_FROM", 1)
    mails(world, 4)
    for number in (1001, 1002):
        edit_ticket(world.ports, agent(world, "lena"), number, Edit(assignee="lena"))
    view = service.named(service.views_of(world.ports, agent(world)), "due")
    taken = service.take_next(world.ports, agent(world), view)
    assert taken
    assert taken.number == 1004, "1003 is of hr, where nothing is promised"


def test_a_ticket_that_left_for_another_group_is_passed_over(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    mails(world, 2)
    view = service.named(service.views_of(world.ports, agent(world)), "due")
    stale = service.page(world.ports, view, limit=10)
    edit_ticket(world.ports, agent(world, "lena"), 1001, Edit(group="hr"))
    monkeypatch.setattr(service, "page", lambda *_, **__: stale)
    taken = service.take_next(world.ports, agent(world), view)
    assert taken
    assert taken.number == 1002


def test_where_a_list_is_old_the_next_ticket_is_still_nobody_elses(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    mails(world, 2)
    view = service.named(service.views_of(world.ports, agent(world)), "due")
    stale = service.page(world.ports, view, limit=10)
    edit_ticket(world.ports, agent(world, "lena"), 1001, Edit(assignee="lena"))
    monkeypatch.setattr(service, "page", lambda *_, **__: stale)
    taken = service.take_next(world.ports, agent(world), view)
    assert taken
    assert (taken.number, taken.assignee) == (1002, "anna")
    assert ticket(1001).assignee == "lena"


def test_the_counts_are_those_of_the_lists_and_a_minute_old_at_most(
    world: World, anna: Browser
) -> None:
    mails(world, 3)
    write(world, "On my way.")
    counts = counts_of(anna)
    assert (counts["mine"], counts["support-open"], counts["support-unassigned"]) == ("1", "1", "0")
    world.mail(letter("more", subject="More"))
    assert counts_of(anna) == counts
    world.pass_time(seconds=61)
    assert counts_of(anna)["support-open"] == "2"


def test_beyond_a_thousand_nobody_counts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "COUNT_LIMIT", 2)
    for number in range(3):
        world.mail(letter(f"m{number}"))
    found = {one["id"]: one for one in api(world, "GET", "/api/v1/views").body["items"]}
    assert (found["support-open"]["count"], found["support-open"]["is_more"]) == (2, True)
    assert (found["quick-open"]["count"], found["quick-open"]["is_more"]) == (0, False)


def test_the_tickets_of_a_colleague_who_is_away_are_listed_for_whoever_stands_in(
    world: World,
) -> None:
    world.mail(letter("one", subject="Printer"))
    write(world, "On my way.")
    goes_away(world, "anna", "lena")
    assert subjects(signed_in(world, "lena").get("/agent/inbox?view=covered")) == ["Printer"]
    assert subjects(signed_in(world, "anna").get("/agent/inbox?view=covered")) == []


def test_whoever_stands_in_sees_no_tickets_of_other_groups_for_that(world: World) -> None:
    mails(world, 3)
    for number in (1001, 1003):
        edit_ticket(world.ports, agent(world, "lena"), number, Edit(assignee="lena"))
    goes_away(world, "lena", "anna")
    anna = signed_in(world, "anna")
    assert subjects(anna.get("/agent/inbox?view=covered")) == ["Ticket 0"], "Ticket 2 is of hr"
    assert counts_of(anna)["covered"] == "1"


def test_a_cursor_is_of_its_view_and_reader_alone(world: World) -> None:
    mails(world)
    first = api(world, "GET", "/api/v1/views/due/tickets?limit=1").body["next"]
    other = api(world, "GET", f"/api/v1/views/support-open/tickets?cursor={first}")
    assert other.status == 400
    assert api(world, "GET", "/api/v1/views/none/tickets").status == 404
