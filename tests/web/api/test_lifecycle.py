"""Statuses, waits and resolutions by API."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.desk.service import apply
from tests.web.api.steps import TICKET, open_ticket, refused_fields, write
from tests.web.calls import Answer, api
from tests.world import DESK, World, letter

PARTS = {"category": "on_hold", "label": {"en": "Waits for parts"}}


@pytest.fixture(autouse=True)
def _statuses(world: World) -> None:
    support = {**DESK["groups"]["support"], "needs_resolution": True, "thanks_stay_solved": True}
    groups = {**DESK["groups"], "support": support}
    closed = {"category": "closed", "from": ["parts"]}
    apply(world.ports, {**DESK, "groups": groups, "statuses": {"parts": PARTS, "done": closed}})


def patch(world: World, **fields: Any) -> Answer:
    return api(world, "PATCH", TICKET, fields)


def test_a_status_of_the_desk_is_set_by_its_id_and_shown_with_its_category(world: World) -> None:
    open_ticket(world)
    changed = patch(world, status="parts", until="2026-03-09T08:00", reason="A new lamp").body
    read = api(world, "GET", TICKET).body
    (row,) = api(world, "GET", "/api/v1/tickets?status=parts").body["items"]
    for shown in (changed, read, row):
        assert (shown["status"], shown["category"]) == ("parts", "on_hold")
        assert shown["status_label"] == "Waits for parts"
        assert shown["until"] == "2026-03-09T07:00:00.000000Z"
    assert read["reason"] == "A new lamp"


def test_a_category_lists_all_of_its_statuses_and_a_status_itself_alone(world: World) -> None:
    open_ticket(world)
    patch(world, status="parts")
    open_ticket(world)
    api(world, "PATCH", "/api/v1/tickets/1002", {"status": "on_hold"})

    def listed(status: str) -> list[int]:
        rows = api(world, "GET", f"/api/v1/tickets?group=support&status={status}").body["items"]
        return sorted(row["number"] for row in rows)

    assert listed("on_hold") == [1001, 1002]
    assert listed("parts") == [1001]
    assert api(world, "GET", "/api/v1/tickets?status=gone").status == 400


def test_a_close_without_a_resolution_is_refused_by_the_field_it_lacks(world: World) -> None:
    open_ticket(world)
    assert refused_fields(patch(world, status="solved")) == ["resolution"]
    assert refused_fields(write(world, status="closed")) == ["resolution"]
    assert api(world, "GET", TICKET).body["status"] == "new"
    solved = patch(world, status="solved", resolution="A new lamp")
    assert (solved.status, solved.body["resolution"]) == (200, "A new lamp")


def test_a_refused_status_names_those_that_are_allowed(world: World) -> None:
    open_ticket(world)
    refused = patch(world, status="done")
    assert refused_fields(refused) == ["status"]
    allowed = "choose open, pending, on_hold, parts, solved, closed"
    assert allowed in refused.body["error"]["fields"]["status"]


def test_what_only_thanks_is_listed_for_three_days(world: World) -> None:
    world.mail(letter())
    patch(world, status="solved", resolution="A new lamp")
    world.mail(letter("Thank you!", to=str(world.last_mail["Reply-To"])))
    path = "/api/v1/tickets?replied_after_solve=true"
    (row,) = api(world, "GET", path).body["items"]
    assert (row["number"], row["unopened"]["why"]) == (1001, "thanks")
    world.pass_time(hours=73)
    assert api(world, "GET", path).body["items"] == []
