"""Tasks by API: what is answered, refused and repeated."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.desk.service import apply
from tests.web.api.steps import TICKET, open_ticket, refused_fields
from tests.web.calls import api, new_token
from tests.world import DESK, World

TASKS = f"{TICKET}/tasks"
CHECKLIST = {"tasks": [{"title": "Order a laptop"}, {"title": "Make a badge"}]}


@pytest.fixture(autouse=True)
def _ticket(world: World) -> None:
    groups = {**DESK["groups"], "support": {**DESK["groups"]["support"], "open_tasks": "block"}}
    apply(world.ports, {**DESK, "groups": groups, "checklists": {"joiner": CHECKLIST}})
    open_ticket(world)


def add(world: World, title: str = "Order a lamp", **more: Any) -> dict[str, Any]:
    answer = api(world, "POST", TASKS, {"title": title, **more})
    assert answer.status == 201, answer.body
    task: dict[str, Any] = answer.body
    return task


def test_a_task_is_put_on_a_ticket_changed_ticked_off_and_taken_away(world: World) -> None:
    task = add(world, owner="anna@agents.example", due="+1 business day")
    assert task == {
        "id": "2-0",
        "title": "Order a lamp",
        "owner": "anna@agents.example",
        "due_at": "2026-03-03T07:00:00.000000Z",
        "is_done": False,
        "done_at": None,
    }
    assert api(world, "GET", TASKS).body == {"items": [task]}
    ticket = api(world, "GET", TICKET).body
    assert (ticket["open_tasks"], ticket["tasks"]) == (1, [task])
    path = f"{TASKS}/{task['id']}"
    changed = api(world, "PATCH", path, {"owner": None, "is_done": True}).body
    assert (changed["owner"], changed["is_done"]) == (None, True)
    assert changed["done_at"] is not None
    assert api(world, "DELETE", path).body["open_tasks"] == 0
    assert api(world, "DELETE", path).status == 404


def test_solving_names_the_tasks_that_stand_in_its_way(world: World) -> None:
    add(world)
    add(world, "Screw it in")
    answer = api(world, "PATCH", TICKET, {"status": "solved"})
    assert refused_fields(answer) == ["status", "tasks"]
    told = answer.body["error"]["fields"]["tasks"]
    assert told == "do these first: Order a lamp, Screw it in"


def test_what_cannot_be_used_is_named(world: World) -> None:
    assert refused_fields(api(world, "POST", TASKS, {})) == ["title"]
    assert refused_fields(api(world, "POST", TASKS, {"title": 1})) == ["title"]
    bad = {"title": "x" * 201, "owner": "nobody@else.example", "due": "soon"}
    assert refused_fields(api(world, "POST", TASKS, bad)) == ["title", "owner", "due"]
    start = api(world, "POST", f"{TICKET}/checklists", {"checklist": "leaver"})
    assert refused_fields(start) == ["checklist"]
    assert refused_fields(api(world, "GET", "/api/v1/tasks")) == ["owner"]
    task = add(world)
    assert api(world, "PATCH", f"{TASKS}/{task['id']}", {"done": True}).status == 400


def test_the_same_request_again_adds_nothing(world: World) -> None:
    key = {"Idempotency-Key": "once"}
    first = api(world, "POST", TASKS, {"title": "Order a lamp"}, headers=key)
    assert api(world, "POST", TASKS, {"title": "Order a lamp"}, headers=key) == first
    start, key = {"checklist": "joiner"}, {"Idempotency-Key": "twice"}
    started = api(world, "POST", f"{TICKET}/checklists", start, headers=key)
    assert api(world, "POST", f"{TICKET}/checklists", start, headers=key) == started
    assert [task["title"] for task in started.body["items"]] == ["Order a laptop", "Make a badge"]
    assert len(api(world, "GET", TASKS).body["items"]) == 3


def test_a_ticket_of_another_group_does_not_exist_for_any_verb(world: World) -> None:
    task = add(world)
    token = new_token("tickets:read", "tickets:write", groups=["hr"])
    path = f"{TASKS}/{task['id']}"
    assert api(world, "GET", TASKS, token=token).status == 404
    assert api(world, "POST", TASKS, {"title": "x"}, token=token).status == 404
    assert api(world, "PATCH", path, {"is_done": True}, token=token).status == 404
    assert api(world, "DELETE", path, token=token).status == 404


def test_a_reader_changes_nothing(world: World) -> None:
    token = new_token("tickets:read")
    assert api(world, "GET", TASKS, token=token).status == 200
    assert api(world, "POST", TASKS, {"title": "x"}, token=token).status == 403


def test_the_tasks_of_an_agent_are_listed_by_pages(world: World) -> None:
    for n in range(3):
        add(world, f"Step {n}", owner="anna", due=f"2026-03-1{n}T08:00")
    first = api(world, "GET", "/api/v1/tasks?owner=anna&limit=2").body
    assert [one["title"] for one in first["items"]] == ["Step 0", "Step 1"]
    assert (first["items"][0]["ticket"], first["items"][0]["subject"]) == (1001, "Printer")
    rest = api(world, "GET", f"/api/v1/tasks?owner=anna&limit=2&cursor={first['next']}").body
    assert ([one["title"] for one in rest["items"]], rest["next"]) == (["Step 2"], None)


def test_a_closed_ticket_gets_no_task_and_its_own_can_be_ticked_off(world: World) -> None:
    apply(world.ports, {**DESK})
    task = add(world)
    assert api(world, "PATCH", TICKET, {"status": "closed"}).status == 200
    assert api(world, "POST", TASKS, {"title": "Too late"}).status == 409
    assert api(world, "PATCH", f"{TASKS}/{task['id']}", {"is_done": True}).status == 200
