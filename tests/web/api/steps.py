"""What most stories about the API begin with."""

from __future__ import annotations

from typing import Any

from tests.web.calls import Answer, api
from tests.world import World

KIM = {"name": "Kim Jensen", "email": "kim@customer.example"}
NEW = {
    "requester": KIM,
    "subject": "Printer",
    "body": "The printer on floor 2 prints only the letter Q.",
    "group": "support",
}
TICKET = "/api/v1/tickets/1001"


def open_ticket(world: World, **fields: Any) -> dict[str, Any]:
    """A ticket by API, with everything that follows from it."""
    answer = api(world, "POST", "/api/v1/tickets", {**NEW, **fields})
    assert answer.status == 201, answer.body
    world.settle()
    ticket: dict[str, Any] = answer.body
    return ticket


def write(world: World, kind: Any = "reply", body: Any = "Off and on.", **more: Any) -> Answer:
    """An article on the first ticket."""
    return api(world, "POST", f"{TICKET}/articles", {"kind": kind, "body": body, **more})


def refused_fields(answer: Answer) -> list[str]:
    """The fields that a refusal names; it has to be one."""
    assert (answer.status, answer.body["error"]["code"]) == (400, "invalid"), answer
    return list(answer.body["error"]["fields"])


def close(world: World, path: str = TICKET) -> None:
    assert api(world, "PATCH", path, {"status": "closed"}).status == 200


def all_pages(world: World, path: str, **more: Any) -> list[list[Any]]:
    """The items of every page of a list."""
    pages, cursor = [], ""
    while True:
        answer = api(world, "GET", f"{path}{'&' if '?' in path else '?'}cursor={cursor}", **more)
        assert answer.status == 200, answer.body
        pages.append(answer.body["items"])
        cursor = answer.body["next"]
        if cursor is None:
            return pages
