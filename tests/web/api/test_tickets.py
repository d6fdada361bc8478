"""Registering, reading and changing a ticket."""

from __future__ import annotations

from typing import Any

import pytest

from tests.meter import Meter
from tests.web.api.steps import KIM, NEW, TICKET, close, open_ticket, refused_fields, write
from tests.web.calls import api, new_token
from tests.world import World, letter


def test_a_registered_ticket_can_be_read_where_its_location_says(world: World) -> None:
    made = api(world, "POST", "/api/v1/tickets", {**NEW, "priority": "high", "tags": ["printer"]})
    assert made.status == 201
    assert made.headers["location"] == f"https://desk.example{TICKET}"
    read = api(world, "GET", TICKET)
    assert read.status == 200
    assert read.body == made.body
    assert read.body["requester"] == {**KIM, "is_muted": False}
    assert (read.body["status"], read.body["priority"]) == ("new", "high")
    assert read.body["tags"] == ["printer"]
    assert [article["text"] for article in read.body["articles"]] == [NEW["body"]]


def test_the_requester_of_a_registered_ticket_is_told_its_number(world: World) -> None:
    open_ticket(world)
    (mail,) = world.mails_to("kim@customer.example")
    assert "[#1001-" in str(mail["Subject"])
    (article,) = api(world, "GET", TICKET).body["articles"]
    assert [(found["to"], found["state"]) for found in article["delivery"]] == [
        ("kim@customer.example", "sent")
    ]


def test_a_bare_address_is_enough_for_a_requester(world: World) -> None:
    ticket = open_ticket(world, requester="kim@customer.example")
    known = {"name": "kim", "email": "kim@customer.example", "is_muted": False}
    assert ticket["requester"] == known


def test_a_ticket_without_a_group_lands_in_one_that_the_token_sees(world: World) -> None:
    token = new_token(groups=["support"])
    wanted = {name: value for name, value in NEW.items() if name != "group"}
    made = api(world, "POST", "/api/v1/tickets", wanted, token=token)
    assert made.body["group"] == "support"


def test_targets_of_a_ticket_are_shown_with_their_instant_and_state(world: World) -> None:
    due = {target["target"]: target for target in open_ticket(world)["due"]}
    assert due["first_reply"]["state"] == "running"
    assert due["first_reply"]["due_at"] == "2026-03-02T13:00:00.000000Z"


def test_everything_wrong_with_a_new_ticket_is_named_at_once(world: World) -> None:
    wanted = {"requester": "nobody", "subject": " ", "group": "sales", "priority": "now"}
    answer = api(world, "POST", "/api/v1/tickets", wanted)
    assert answer.status == 400
    assert answer.body["error"]["code"] == "invalid"
    assert set(answer.body["error"]["fields"]) == {
        "requester",
        "subject",
        "body",
        "group",
        "priority",
    }


def test_a_field_of_another_shape_is_refused_by_name(world: World) -> None:
    wrong: list[tuple[str, Any]] = [
        ("requester", 5),
        ("requester", {"email": "kim@customer.example", "phone": "1"}),
        ("requester", {"email": ["kim@customer.example"]}),
        ("subject", {"a": 1}),
        ("subject", "x" * 251),
        ("body", ["text"]),
        ("group", []),
        ("priority", {}),
        ("tags", "printer"),
        ("tags", [1]),
        ("tags", ["tag"] * 21),
        ("attachments", []),
    ]
    answers = [
        api(world, "POST", "/api/v1/tickets", {**NEW, field: value}) for field, value in wrong
    ]
    assert [refused_fields(answer) for answer in answers] == [[field] for field, _ in wrong]
    assert api(world, "GET", "/api/v1/tickets?group=support").body["items"] == []


def test_a_change_is_answered_with_the_ticket_after_it(world: World) -> None:
    open_ticket(world)
    wanted = {
        "subject": "Printer, floor 2",
        "status": "pending",
        "priority": "urgent",
        "assignee": "anna@agents.example",
        "tags": ["Paper Jam", "printer"],
    }
    changed = api(world, "PATCH", TICKET, wanted)
    assert changed.status == 200
    assert changed.body["tags"] == ["paper-jam", "printer"]
    assert {name: changed.body[name] for name in wanted if name != "tags"} == {
        name: value for name, value in wanted.items() if name != "tags"
    }
    read = api(world, "GET", TICKET).body
    assert changed.body.pop("warnings") == []
    assert changed.body == {name: read[name] for name in changed.body}


def test_a_change_costs_a_load_and_a_save(world: World) -> None:
    open_ticket(world)
    with Meter() as meter:
        close(world)
    assert [call.name for call in meter.calls] == [
        "dynamodb.BatchGetItem",
        "dynamodb.TransactWriteItems",
    ]


def test_an_assignee_can_be_named_by_id_and_taken_off_again(world: World) -> None:
    open_ticket(world)
    taken = api(world, "PATCH", TICKET, {"assignee": "anna"})
    assert taken.body["assignee"] == "anna@agents.example"
    assert api(world, "PATCH", TICKET, {"assignee": None}).body["assignee"] is None


def test_a_change_with_the_version_that_was_read_is_made(world: World) -> None:
    version = open_ticket(world)["version"]
    answer = api(world, "PATCH", TICKET, {"version": version, "priority": "low"})
    assert answer.status == 200
    assert answer.body["version"] == version + 1


def test_a_change_on_an_old_version_is_a_conflict_and_changes_nothing(world: World) -> None:
    version = open_ticket(world)["version"]
    api(world, "PATCH", TICKET, {"version": version, "priority": "low"})
    answer = api(world, "PATCH", TICKET, {"version": version, "priority": "urgent"})
    assert answer.status == 409
    assert answer.body["error"]["code"] == "conflict"
    assert answer.body["error"]["fields"] == {"priority": "low"}
    assert api(world, "GET", TICKET).body["priority"] == "low"


def test_a_change_of_other_fields_than_others_changed_is_made(world: World) -> None:
    version = open_ticket(world)["version"]
    api(world, "PATCH", TICKET, {"priority": "low", "assignee": "anna"})
    answer = api(world, "PATCH", TICKET, {"version": version, "subject": "Printer, again"})
    assert answer.status == 200
    assert (answer.body["subject"], answer.body["priority"]) == ("Printer, again", "low")


def test_a_field_sent_as_it_was_read_is_no_change(world: World) -> None:
    read = open_ticket(world)
    api(world, "PATCH", TICKET, {"priority": "low"})
    sent = {"version": read["version"], "priority": read["priority"], "tags": ["door"]}
    answer = api(world, "PATCH", TICKET, sent)
    assert (answer.status, answer.body["priority"]) == (200, "low")


def test_a_version_that_never_was_is_a_conflict_by_field(world: World) -> None:
    version = open_ticket(world)["version"]
    for wrong in (0, version + 1):
        answer = api(world, "PATCH", TICKET, {"version": wrong, "tags": ["door"]})
        assert (answer.status, answer.body["error"]["fields"]) == (409, {"tags": ""})


def test_all_fields_that_cannot_be_set_so_are_named_and_nothing_is_set(world: World) -> None:
    before = open_ticket(world)
    wanted = {
        "status": "gone",
        "priority": "soon",
        "group": "sales",
        "assignee": "hugo",
        "subject": "Fine",
    }
    answer = api(world, "PATCH", TICKET, wanted)
    assert answer.status == 400
    assert set(answer.body["error"]["fields"]) == {"status", "priority", "group", "assignee"}
    after = api(world, "GET", TICKET).body
    assert (after["subject"], after["version"]) == (before["subject"], before["version"])


def test_a_change_of_another_shape_is_refused_by_name(world: World) -> None:
    before = open_ticket(world)
    wrong: list[tuple[str, Any]] = [
        ("version", "1"),
        ("version", True),
        ("version", 1.5),
        ("status", None),
        ("status", ["open"]),
        ("subject", None),
        ("group", {}),
        ("assignee", ["anna"]),
        ("assignee", 7),
        ("tags", None),
        ("tags", [["printer"]]),
        ("number", 7),
        ("requester", "kim@customer.example"),
    ]
    answers = [api(world, "PATCH", TICKET, {field: value}) for field, value in wrong]
    assert [refused_fields(answer) for answer in answers] == [[field] for field, _ in wrong]
    assert api(world, "GET", TICKET).body["version"] == before["version"]


def test_a_closed_ticket_keeps_its_group(world: World) -> None:
    open_ticket(world)
    close(world)
    answer = api(world, "PATCH", TICKET, {"group": "quick"})
    assert answer.status == 409
    assert api(world, "GET", TICKET).body["group"] == "support"


def test_a_ticket_that_is_not_there_is_not_found(world: World) -> None:
    for number in ("9999", "nothing", "1" * 30, "%C2%B2"):
        path = f"/api/v1/tickets/{number}"
        for answer in (api(world, "GET", path), api(world, "PATCH", path, {})):
            assert (answer.status, answer.body["error"]["code"]) == (404, "not_found")


def test_a_long_timeline_is_read_page_by_page(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.tickets.store.TIMELINE_PAGE", 8)
    open_ticket(world)
    for place in range(3):
        assert write(world, "note", f"note {place}").status == 201
    newest = api(world, "GET", TICKET).body
    oldest = api(world, "GET", f"{TICKET}?before={newest['older'].replace('#', '%23')}").body
    texts = [article["text"] for page in (oldest, newest) for article in page["articles"]]
    assert texts == [NEW["body"], *(f"note {place}" for place in range(3))]
    assert oldest["older"] is None
    assert oldest["subject"] == newest["subject"]


def test_a_place_that_no_timeline_has_is_refused(world: World) -> None:
    open_ticket(world)
    for before in ("", "x", "~~~", "S%23" + "9" * 2000):
        assert refused_fields(api(world, "GET", f"{TICKET}?before={before}")) == ["before"]


def test_a_ticket_that_came_by_mail_links_its_original(world: World) -> None:
    world.mail(letter())
    (article,) = api(world, "GET", TICKET).body["articles"]
    assert article["raw"] == f"https://desk.example{TICKET}/articles/{article['id']}/raw"
    raw = api(world, "GET", f"{TICKET}/articles/{article['id']}/raw")
    assert raw.status == 303
    assert "inbound/ses000001" in raw.headers["location"]
    assert "response-content-disposition=attachment" in raw.headers["location"]


def test_an_article_by_api_has_no_original(world: World) -> None:
    open_ticket(world)
    assert api(world, "GET", TICKET).body["articles"][0]["raw"] is None
    assert api(world, "GET", f"{TICKET}/articles/1/raw").status == 404
