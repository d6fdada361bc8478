"""Merging, splitting and linking by API: what is answered, refused and repeated."""

from __future__ import annotations

from typing import Any

import pytest

from tests.meter import Meter
from tests.web.api.steps import open_ticket, refused_fields
from tests.web.calls import Answer, api, new_token
from tests.world import World

TICKETS = "/api/v1/tickets"


@pytest.fixture(autouse=True)
def _tickets(world: World) -> None:
    for name in ("Kim", "Bo"):
        open_ticket(world, requester=f"{name.lower()}@customer.example", subject=name)


def post(world: World, verb: str, body: Any, number: int = 1002, **more: Any) -> Answer:
    return api(world, "POST", f"{TICKETS}/{number}/{verb}", body, **more)


def numbers(world: World, query: str) -> list[int]:
    answer = api(world, "GET", f"{TICKETS}?group=support&{query}")
    return [row["number"] for row in answer.body["items"]]


def test_a_merged_ticket_is_listed_among_the_merged_alone(world: World) -> None:
    assert post(world, "merge", {"into": 1001}).status == 200
    assert numbers(world, "") == [1001]
    assert numbers(world, "status=merged") == [1002]
    assert numbers(world, "status=closed") == []


def test_a_merge_and_its_undoing_can_be_repeated(world: World) -> None:
    assert post(world, "merge", {"into": 1001}) == post(world, "merge", {"into": 1001})
    assert post(world, "unmerge", {}) == post(world, "unmerge", {})


@pytest.mark.parametrize(
    ("verb", "body", "field"),
    [
        ("merge", {}, "into"),
        ("merge", {"into": "1001"}, "into"),
        ("merge", {"into": 1002}, "into"),
        ("merge", {"into": 1001, "quietly": True}, "quietly"),
        ("links", {"type": "cousin", "ticket": 1001}, "type"),
        ("links", {"type": "parent"}, "ticket"),
        ("links", {"type": "parent", "ticket": 1002}, "ticket"),
        ("split", {}, "articles"),
        ("split", {"articles": ["1"], "subject": "x" * 251}, "subject"),
        ("unmerge", {"now": True}, "now"),
    ],
)
def test_what_cannot_be_used_is_named(world: World, verb: str, body: Any, field: str) -> None:
    assert refused_fields(post(world, verb, body)) == [field]


def test_a_ticket_of_another_group_does_not_exist_for_any_verb(world: World) -> None:
    open_ticket(world, group="hr", subject="Salary")
    token = new_token("tickets:read", "tickets:write", groups=["support"])
    assert post(world, "merge", {"into": 1003}, token=token).status == 404
    assert post(world, "merge", {"into": 1001}, 1003, token=token).status == 404
    link = {"type": "related", "ticket": 1003}
    assert post(world, "links", link, token=token).status == 404
    assert post(world, "split", {"articles": ["1"]}, 1003, token=token).status == 404


def test_a_split_under_one_key_makes_one_ticket(world: World) -> None:
    headers = {"Idempotency-Key": "once"}
    first = post(world, "split", {"articles": ["1"]}, headers=headers)
    again = post(world, "split", {"articles": ["1"]}, headers=headers)
    assert (first.status, first.body["number"]) == (201, 1003)
    assert again == first
    assert first.headers["location"].endswith("/tickets/1003")


def test_a_parents_closing_names_its_open_children(world: World) -> None:
    post(world, "links", {"type": "parent", "ticket": 1001})
    answer = api(world, "PATCH", f"{TICKETS}/1001", {"status": "solved"})
    assert answer.status == 400
    assert answer.body["error"]["fields"]["children"] == "solve these first: #1002"


def test_closing_a_child_takes_no_call_more(world: World) -> None:
    post(world, "links", {"type": "parent", "ticket": 1001})
    with Meter() as meter:
        assert api(world, "PATCH", f"{TICKETS}/1002", {"status": "solved"}).status == 200
    assert len(meter.calls) == 2
    assert api(world, "GET", f"{TICKETS}/1001").body["open_children"] == []


def test_the_page_of_a_target_is_one_query_for_each_source(world: World) -> None:
    post(world, "merge", {"into": 1001})
    api(world, "GET", f"{TICKETS}/1001")
    with Meter() as meter:
        api(world, "GET", f"{TICKETS}/1001")
    assert meter.counts()["dynamodb.Query"] == 2
