"""Lists of tickets: which, in what order, and page by page."""

from __future__ import annotations

import pytest

from chalicelib.web import store as web_store
from tests.meter import Meter
from tests.web.api.steps import TICKET, all_pages, close, open_ticket, refused_fields
from tests.web.calls import api, new_token
from tests.world import World

LIST = "/api/v1/tickets"


def numbers(world: World, query: str, **more: str) -> list[int]:
    answer = api(world, "GET", f"{LIST}?{query}", **more)
    assert answer.status == 200, answer.body
    return [ticket["number"] for ticket in answer.body["items"]]


def test_a_groups_list_begins_with_what_is_due_first(world: World) -> None:
    open_ticket(world, priority="low")
    open_ticket(world, priority="urgent")
    open_ticket(world, group="hr")
    assert numbers(world, "group=support") == [1002, 1001]


def test_a_ticket_in_a_list_is_the_ticket_without_its_timeline(world: World) -> None:
    open_ticket(world, tags=["printer"])
    (row,) = api(world, "GET", LIST + "?group=support").body["items"]
    whole = api(world, "GET", TICKET).body
    assert row == {name: whole[name] for name in row}


def test_solved_tickets_are_listed_when_asked_for(world: World) -> None:
    open_ticket(world)
    open_ticket(world)
    api(world, "PATCH", TICKET, {"status": "solved"})
    assert numbers(world, "group=support") == [1002]
    assert numbers(world, "group=support&status=solved") == [1001]
    assert numbers(world, "group=support&status=pending") == []


def test_a_requesters_list_holds_all_their_tickets(world: World) -> None:
    open_ticket(world)
    world.pass_time(minutes=1)
    open_ticket(world, group="hr")
    open_ticket(world, requester="lee@customer.example")
    close(world)
    assert numbers(world, "requester=Kim@customer.example") == [1002, 1001]
    assert numbers(world, "requester=kim@customer.example&status=closed") == [1001]
    assert numbers(world, "requester=kim@customer.example&group=hr") == [1002]
    assert numbers(world, "requester=nobody@customer.example") == []


def test_an_assignees_list_holds_what_is_still_to_do(world: World) -> None:
    open_ticket(world)
    open_ticket(world)
    for number in (1001, 1002):
        api(world, "PATCH", f"{LIST}/{number}", {"assignee": "anna"})
    api(world, "PATCH", TICKET, {"status": "solved"})
    assert numbers(world, "assignee=anna@agents.example") == [1002]
    assert numbers(world, "assignee=anna") == [1002]


def test_a_query_that_no_list_answers_is_refused_by_name(world: World) -> None:
    wrong = {
        "group=sales": "group",
        "status=done": "status",
        "assignee=nobody": "assignee",
        "assignee=anna&status=solved": "status",
        "assignee=anna&requester=kim@customer.example": "assignee",
        "limit=0": "limit",
        "limit=101": "limit",
        "limit=many": "limit",
    }
    answers = {query: refused_fields(api(world, "GET", f"{LIST}?{query}")) for query in wrong}
    assert answers == {query: [field] for query, field in wrong.items()}


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_pages_hold_every_ticket_once(world: World, limit: int) -> None:
    made = [open_ticket(world)["number"] for _ in range(5)]
    pages = all_pages(world, f"{LIST}?group=support&limit={limit}")
    assert all(len(page) <= limit for page in pages)
    assert [ticket["number"] for page in pages for ticket in page] == made


def test_without_a_filter_every_visible_group_is_walked(world: World) -> None:
    made = [
        open_ticket(world, group=group)["number"]
        for group in ("hr", "hr", "hr", "quick", "support", "support")
    ]
    pages = all_pages(world, f"{LIST}?limit=2")
    assert [ticket["number"] for page in pages for ticket in page] == made


def test_a_walk_leaves_out_groups_that_the_token_may_not_see(world: World) -> None:
    for group in ("hr", "quick", "support"):
        open_ticket(world, group=group)
    token = new_token("tickets:read", groups=["support", "quick"])
    pages = all_pages(world, LIST, token=token)
    groups = [ticket["group"] for page in pages for ticket in page]
    assert groups == ["quick", "support"]


def test_a_page_goes_over_the_groups_until_it_is_full(world: World) -> None:
    for group in ("hr", "quick", "support"):
        open_ticket(world, group=group)
    token = new_token("tickets:read")
    with Meter() as meter:
        whole = api(world, "GET", LIST, token=token)
    assert [ticket["group"] for ticket in whole.body["items"]] == ["hr", "quick", "support"]
    assert whole.body["next"] is None
    # Who asks, and one query for each of the three groups.
    assert len(meter.calls) == 1 + 3


def test_the_list_of_one_group_is_one_query(world: World) -> None:
    open_ticket(world, group="hr")
    token = new_token("tickets:read")
    api(world, "GET", LIST, token=token)
    with Meter() as meter:
        api(world, "GET", f"{LIST}?group=hr", token=token)
    assert len(meter.calls) == 1


def test_closed_tickets_are_listed_back_through_the_months(world: World) -> None:
    for number in (1001, 1002):
        open_ticket(world)
        close(world, f"{LIST}/{number}")
        world.pass_time(days=70)
    pages = all_pages(world, f"{LIST}?group=support&status=closed")
    assert [ticket["number"] for page in pages for ticket in page] == [1002, 1001]
    # Ten months a page.
    assert len(pages) == 3


def test_closed_tickets_of_all_groups_are_listed_too(world: World) -> None:
    for place, group in enumerate(("hr", "support")):
        open_ticket(world, group=group)
        close(world, f"{LIST}/{1001 + place}")
    pages = all_pages(world, f"{LIST}?status=closed")
    assert [ticket["number"] for page in pages for ticket in page] == [1001, 1002]


def test_a_cursor_fits_no_other_list(world: World) -> None:
    for group in ("support", "support", "hr", "hr"):
        open_ticket(world, group=group)
    cursor = api(world, "GET", f"{LIST}?group=support&limit=1").body["next"]
    foreign = [
        f"{LIST}?group=hr&cursor={cursor}",
        f"{LIST}?group=support&status=open&cursor={cursor}",
        f"{LIST}?cursor={cursor}",
        f"/api/v1/people?cursor={cursor}",
        f"/api/v1/suspended?cursor={cursor}",
        f"{LIST}?group=support&cursor=x{cursor}",
        f"{LIST}?group=support&cursor=nonsense",
        f"{LIST}?group=support&cursor=%C3%A6.%C3%B8",
    ]
    for path in foreign:
        assert api(world, "GET", path).status == 400
    assert numbers(world, f"group=support&cursor={cursor}") == [1002]


def test_a_cursor_leads_a_token_to_no_group_of_others(world: World) -> None:
    open_ticket(world, group="support")
    first = api(world, "GET", LIST)
    token = new_token("tickets:read", groups=["support"])
    answer = api(world, "GET", f"{LIST}?cursor={first.body['next']}", token=token)
    assert answer.status == 400


def test_a_requesters_list_hides_tickets_of_other_groups(world: World) -> None:
    open_ticket(world, group="support")
    open_ticket(world, group="hr")
    token = new_token("tickets:read", groups=["hr"])
    assert numbers(world, "requester=kim@customer.example", token=token) == [1002]


def test_a_token_for_groups_that_are_gone_sees_nothing(world: World) -> None:
    web_store.add_token("skr_old", name="old", scopes=["tickets:read"], groups=["gone"])
    assert api(world, "GET", LIST, token="skr_old").status == 403
