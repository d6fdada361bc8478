"""What remains, on the page of a ticket and on one's own list, without a script."""

from __future__ import annotations

import pytest

from chalicelib.desk.service import apply
from tests.web.browser import Answer, Browser
from tests.web.desk import NUMBER, ticket
from tests.world import DESK, World, letter

PAGE = f"/agent/tickets/{NUMBER}"
CHECKLIST = {
    "label": {"en": "New colleague"},
    "tasks": [{"title": "Order a laptop"}, {"title": "Make a badge"}],
}


@pytest.fixture(autouse=True)
def _ticket(world: World) -> None:
    groups = {**DESK["groups"], "support": {**DESK["groups"]["support"], "open_tasks": "block"}}
    apply(world.ports, {**DESK, "groups": groups, "checklists": {"joiner": CHECKLIST}})
    world.mail(letter())


def add(anna: Browser, **typed: str) -> Answer:
    page = anna.get(PAGE)
    return anna.follow(anna.submit(page, "/tasks", **{"title": "Order a lamp", **typed}))


def test_a_task_is_ticked_off_by_a_button_and_back_on(anna: Browser) -> None:
    page = add(anna, owner="anna", due="+1 business day")
    assert "0 of 1 done" in page.text
    assert "Order a lamp Anna Berg Due" in page.text
    page = anna.follow(anna.submit(page, "/tasks/2-0/tick", do="done"))
    assert "1 of 1 done" in page.text
    assert "Done: Order a lamp" in page.text
    page = anna.follow(anna.submit(page, "/tasks/2-0/tick", do="reopen"))
    assert "0 of 1 done" in page.text
    assert ticket().tasks == (1, 1)


def test_a_checklist_is_started_from_the_page_once_for_each_page(anna: Browser) -> None:
    page = anna.get(PAGE)
    assert "New colleague" in page.text
    for _ in range(2):
        shown = anna.follow(anna.submit(page, "/checklists"))
    assert "0 of 2 done" in shown.text
    assert "Make a badge" in shown.text


def test_why_a_task_was_refused_stands_beside_its_form(anna: Browser) -> None:
    refused = anna.submit(anna.get(PAGE), "/tasks", title="Order a lamp", due="soon")
    assert refused.status == 400
    assert "The task cannot be set so. write a time" in refused.text
    assert ticket().tasks == (0, 0)


def test_open_tasks_are_why_a_ticket_cannot_be_solved(anna: Browser) -> None:
    page = add(anna)
    refused = anna.submit(page, "/properties", status="solved")
    assert refused.status == 400
    assert "Its tasks have to be done first." in refused.text


def test_an_agent_sees_the_own_tasks_on_one_page(anna: Browser) -> None:
    assert "Nothing is left for you to do." in anna.get("/agent/tasks").text
    add(anna, owner="anna")
    page = anna.get("/agent/tasks")
    assert "Order a lamp" in page.text
    assert f"#{NUMBER}" in page.text
