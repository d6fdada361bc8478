"""Idempotency-Key: the same request again, and another one under the same key."""

from __future__ import annotations

from typing import Any

from tests.web.api.steps import KIM, NEW, TICKET, open_ticket, write
from tests.web.calls import Answer, api, new_token
from tests.world import World

LIST = "/api/v1/tickets"
KEY = {"Idempotency-Key": "order-7"}
REPLY = {"kind": "reply", "body": "Turn it off and on."}


def reply(world: World, body: dict[str, Any] | None = None, path: str = TICKET) -> Answer:
    return api(world, "POST", f"{path}/articles", body or REPLY, headers=KEY)


def test_a_reply_that_is_repeated_is_one_article_and_one_mail(world: World) -> None:
    open_ticket(world)
    first = reply(world)
    assert (first.status, first.body) == ((again := reply(world)).status, again.body)
    world.settle()
    assert len(api(world, "GET", TICKET).body["articles"]) == 2
    assert len(world.mails_to(KIM["email"])) == 2
    later = reply(world)
    assert (later.status, later.body["id"]) == (201, first.body["id"])
    assert later.body["delivery"][0]["state"] == "sent"


def test_a_reply_is_found_again_under_a_long_timeline(world: World, monkeypatch: Any) -> None:
    open_ticket(world)
    first = reply(world)
    monkeypatch.setattr("chalicelib.tickets.store.TIMELINE_PAGE", 6)
    for place in range(4):
        write(world, "note", f"note {place}")
    assert reply(world).body == first.body


def test_another_body_under_the_same_key_is_a_conflict(world: World) -> None:
    open_ticket(world)
    reply(world)
    answer = reply(world, {**REPLY, "body": "Something else."})
    assert (answer.status, answer.body["error"]["code"]) == (409, "conflict")
    assert len(api(world, "GET", TICKET).body["articles"]) == 2


def test_the_same_body_on_another_ticket_is_a_conflict(world: World) -> None:
    open_ticket(world)
    open_ticket(world)
    reply(world)
    assert reply(world, path=f"{LIST}/1002").status == 409
    assert len(api(world, "GET", f"{LIST}/1002").body["articles"]) == 1


def test_a_key_belongs_to_its_token(world: World) -> None:
    open_ticket(world)
    reply(world)
    other = new_token(name="another program")
    answer = api(world, "POST", f"{TICKET}/articles", REPLY, token=other, headers=KEY)
    assert answer.status == 201
    assert len(api(world, "GET", TICKET).body["articles"]) == 3


def test_without_a_key_every_request_counts(world: World) -> None:
    open_ticket(world)
    assert write(world).body["id"] != write(world).body["id"]


def test_a_ticket_that_is_registered_again_is_one_ticket(world: World) -> None:
    first = api(world, "POST", LIST, NEW, headers=KEY)
    again = api(world, "POST", LIST, NEW, headers=KEY)
    assert (again.status, again.body) == (first.status, first.body)
    assert again.headers["location"] == first.headers["location"]
    world.settle()
    assert len(world.mails_to(KIM["email"])) == 1
    other = api(world, "POST", LIST, {**NEW, "subject": "Other"}, headers=KEY)
    assert other.status == 409
    assert [ticket["number"] for ticket in api(world, "GET", f"{LIST}?group=support").body["items"]]


def test_a_change_that_is_repeated_meets_no_conflict_with_itself(world: World) -> None:
    version = open_ticket(world)["version"]
    change = {"version": version, "priority": "low"}
    first = api(world, "PATCH", TICKET, change, headers=KEY)
    again = api(world, "PATCH", TICKET, change, headers=KEY)
    assert (first.status, again.status) == (200, 200)
    assert again.body == first.body


def test_an_export_that_is_asked_for_again_is_one_export(world: World) -> None:
    first = api(world, "POST", "/api/v1/exports", headers=KEY)
    again = api(world, "POST", "/api/v1/exports", headers=KEY)
    assert (first.status, again.status) == (202, 202)
    assert again.body["id"] == first.body["id"]
    assert api(world, "POST", LIST, NEW, headers=KEY).status == 409


def test_a_key_that_was_used_for_a_ticket_makes_no_export(world: World) -> None:
    api(world, "POST", LIST, NEW, headers=KEY)
    assert api(world, "POST", "/api/v1/exports", headers=KEY).status == 409


def test_a_key_without_end_is_refused(world: World) -> None:
    answer = api(world, "POST", LIST, NEW, headers={"Idempotency-Key": "k" * 201})
    assert answer.status == 400
