"""Types, forms and fields over the API."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.desk.service import apply
from chalicelib.tickets import store
from tests.web.calls import Answer, api, new_token
from tests.web.desk import NUMBER, ticket
from tests.web.test_new_ticket_page import BODY, FIELDS
from tests.world import World, letter

TICKETS = "/api/v1/tickets"
TICKET = f"{TICKETS}/{NUMBER}"
KIM = {
    "requester": "kim@customer.example",
    "subject": "The lamp",
    "body": "It flickers.",
    "group": "support",
}
SOLVED_BY = {"kind": "ticket", "label": {"en": "Solved by"}}


@pytest.fixture(autouse=True)
def _desk(world: World) -> None:
    apply(world.ports, {**BODY, "fields": {**FIELDS, "solved-by": SOLVED_BY}})


def post(world: World, **more: Any) -> Answer:
    return api(world, "POST", TICKETS, {**KIM, **more})


def patch(world: World, **changes: Any) -> Answer:
    return api(world, "PATCH", TICKET, changes)


def wrong(answer: Answer) -> dict[str, str]:
    assert answer.status == 400, answer.body
    found: dict[str, str] = answer.body["error"]["fields"]
    return found


def test_a_ticket_is_registered_by_its_form(world: World) -> None:
    answer = post(world, form="incident", fields={"floor": "3", "category": "hardware"})
    assert answer.status == 201
    said = {name: answer.body[name] for name in ("type", "form", "fields", "is_internal")}
    assert said == {
        "type": "incident",
        "form": "incident",
        "fields": {"floor": 3, "category": "hardware"},
        "is_internal": False,
    }
    listed = api(world, "GET", f"{TICKETS}?group=support").body["items"]
    assert [row["type"] for row in listed] == ["incident"]


def test_what_registration_needs_is_named_all_at_once(world: World) -> None:
    answer = post(world, form="colleague", subject="", fields={"floor": "high", "gone": 1})
    assert set(wrong(answer)) == {"subject", "fields.home", "fields.floor", "fields.gone"}
    assert set(wrong(post(world, form="colleague", fields={"home": True}))) == {"fields.street"}
    assert post(world, form="colleague", fields={"home": False}).status == 201
    assert store.last_number() == 1001


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"type": "gone"}, "type"),
        ({"form": "gone"}, "form"),
        ({"form": "incident", "type": "internal"}, "form"),
        ({"fields": {"floor": {}}}, "fields"),
    ],
)
def test_types_and_forms_that_do_not_fit_are_refused(
    world: World, asked: dict[str, Any], field: str
) -> None:
    assert list(wrong(post(world, **asked))) == [field]


def test_a_close_refused_for_a_missing_field_names_it(world: World) -> None:
    post(world, type="incident")
    assert wrong(patch(world, status="closed")) == {
        "fields.category": "is needed at closing: Category"
    }
    reply = {"kind": "reply", "body": "Done.", "status": "solved"}
    refused = api(world, "POST", f"{TICKET}/articles", reply)
    assert list(wrong(refused)) == ["fields.category"]
    assert ticket().public_seq == 1
    answer = patch(world, status="closed", fields={"category": "password"})
    assert (answer.status, answer.body["category"]) == (200, "closed")


def test_fields_are_merged_one_by_one_and_null_empties_one(world: World) -> None:
    post(world, type="incident", fields={"category": "hardware", "floor": 1})
    assert patch(world, fields={"floor": 2}).body["fields"] == {"category": "hardware", "floor": 2}
    assert patch(world, fields={"floor": None}).body["fields"] == {"category": "hardware"}
    assert patch(world, type=None).body["type"] is None


def test_two_programs_that_set_one_field_meet_at_it(world: World) -> None:
    version = post(world, type="incident").body["version"]
    patch(world, version=version, fields={"category": "hardware", "cause": "Dust"})
    assert patch(world, version=version, fields={"floor": 2}).status == 200
    clash = patch(world, version=version, fields={"category": "password", "floor": 2})
    assert clash.status == 409
    assert clash.body["error"]["fields"] == {"fields.category": "hardware"}


def test_a_field_names_only_tickets_that_are_there_for_whoever_says_so(world: World) -> None:
    world.mail(letter(to="hr@desk.example"))
    world.mail(letter("Hi", message_id="<2@customer.example>"))
    token = new_token("tickets:read", "tickets:write", groups=["support"])
    path = f"{TICKETS}/1002"

    def say(number: Any) -> Answer:
        return api(world, "PATCH", path, {"fields": {"solved-by": number}}, token=token)

    for hidden in (1001, 4711):
        assert wrong(say(hidden)) == {"fields.solved-by": "there is no such ticket"}
    assert say(1002).status == 200
    api(world, "PATCH", path, {"fields": {"solved-by": 1001}})
    # What somebody else has said stays, and can be sent back as it is.
    assert say(1001).status == 200
    asked = {**KIM, "fields": {"solved-by": 1001}}
    assert wrong(api(world, "POST", TICKETS, asked, token=token)) == {
        "fields.solved-by": "there is no such ticket"
    }


def test_forms_are_told_with_all_that_it_takes_to_draw_them(world: World) -> None:
    answer = api(world, "GET", "/api/v1/forms").body
    assert [form["id"] for form in answer["items"]] == ["incident", "colleague"]
    category, floor, cause = answer["items"][0]["fields"]
    assert category["choices"][0]["choices"][0] == {
        "value": "hardware/printer",
        "label": {"en": "Printer"},
        "choices": [],
    }
    assert (category["required"], category["show_when"]) == ("closing", None)
    assert floor["show_when"]["all"] == [
        {"field": "field.category", "operator": "is", "wanted": ["hardware"]}
    ]
    assert (floor["kind"], floor["min"], floor["max"]) == ("number", "0", "9")
    assert cause["require_when"]["all"][0]["field"] == "priority"
    assert answer["types"][1] == {
        "id": "internal",
        "label": {"en": "Among us"},
        "form": None,
        "group": None,
        "priority": None,
        "statuses": None,
        "is_internal": True,
    }


def test_a_program_is_told_of_the_forms_that_it_can_fill_in(world: World) -> None:
    forms = {**BODY["forms"], "pay": {"label": {"en": "Pay"}, "group": "hr", "fields": []}}
    apply(world.ports, {**BODY, "forms": forms})
    world.pass_time(minutes=1)
    token = new_token("tickets:read", groups=["support"])
    names = {
        who: [form["id"] for form in api(world, "GET", "/api/v1/forms", token=token).body["items"]]
        for who, token in (("support", token), ("all", new_token("tickets:read")))
    }
    assert names == {"support": ["incident", "colleague"], "all": ["incident", "colleague", "pay"]}


def test_people_are_found_by_how_their_names_begin(world: World) -> None:
    world.mail(letter(sender="Kim Jensen <kim@customer.example>"))
    world.mail(letter("Hi", sender="Zoë Kim <zoe@customer.example>", message_id="<2@x.example>"))
    found = api(world, "GET", "/api/v1/people?name=kim%20j").body
    assert [one["email"] for one in found["items"]] == ["kim@customer.example"]
    assert found["items"][0] == api(world, "GET", "/api/v1/people").body["items"][0]
    zoe = api(world, "GET", "/api/v1/people?name=ZO%C3%8B").body["items"]
    assert [one["name"] for one in zoe] == ["Zoë Kim"]


def test_a_view_can_be_of_a_type(world: World) -> None:
    views = {"broken": {"label": {"en": "Broken"}, "when": {"type": ["incident"]}}}
    apply(world.ports, {**BODY, "views": views})
    post(world)
    post(world, type="incident")
    saved = [one["id"] for one in api(world, "GET", "/api/v1/views").body["items"]]
    (key,) = [one for one in saved if "broken" in one]
    listed = api(world, "GET", f"/api/v1/views/{key}/tickets").body["items"]
    assert [row["number"] for row in listed] == [1002]
