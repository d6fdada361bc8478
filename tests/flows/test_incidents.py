"""One answer to everybody whom a problem hit."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.errors import Conflict
from chalicelib.tickets import joining, service
from chalicelib.tickets.edits import Edit
from tests.web.api.steps import refused_fields
from tests.web.calls import Answer, api
from tests.web.desk import agent, texts, ticket
from tests.world import World, letter

PATH = "/api/v1/tickets/1001/incidents/reply"
TEXTS = {"en": "It prints again.", "da": "Den skriver igen."}
DANISH = "Hej, printeren på kontoret virker ikke, og jeg har ikke noget svar fået. Venlig hilsen"


@pytest.fixture(autouse=True)
def _tickets(world: World) -> None:
    """A problem, and two incidents of it: one in English, one in Danish."""
    world.mail(letter("The printers are down.", sender="Lena Holm <ops@customer.example>"))
    world.mail(letter("My printer is broken and the paper is not there."))
    world.mail(letter(DANISH, sender="Bo Lind <bo@customer.example>"))
    for number in (1002, 1003):
        joining.link(world.ports, agent(world), 1001, "incident", number)
    world.settle()


def reply(world: World, key: str = "once", **body: Any) -> Answer:
    headers = {"Idempotency-Key": key}
    answer = api(world, "POST", PATH, {"texts": TEXTS, **body}, headers=headers)
    world.settle()
    return answer


def outcomes(answer: Answer) -> list[tuple[int, str]]:
    assert answer.status == 200, answer.body
    return [(one["ticket"], one["outcome"]) for one in answer.body["items"]]


def test_every_customer_gets_the_answer_on_their_own_ticket_in_their_language(
    world: World,
) -> None:
    assert outcomes(reply(world, solve=True)) == [(1002, "done"), (1003, "done")]
    assert (texts(1002)[-1], texts(1003)[-1]) == (TEXTS["en"], TEXTS["da"])
    assert [ticket(number).status for number in (1001, 1002, 1003)] == ["new", "solved", "solved"]
    (_, to_kim), (_, to_bo) = (world.mails_to(f"{name}@customer.example") for name in ("kim", "bo"))
    assert TEXTS["en"] in to_kim.as_string()
    assert "bo@customer.example" not in to_kim.as_string()
    assert TEXTS["da"] in to_bo.as_string()


def test_the_same_request_again_sends_nobody_a_second_mail(world: World) -> None:
    first = reply(world)
    sent = len(world.outbox)
    assert reply(world) == first
    assert len(world.outbox) == sent
    assert ticket(1002).status == "open"


def test_what_failed_half_way_goes_on_where_it_ended(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = service.write_article

    def fail(ports: Any, who: Any, number: int, *rest: Any, **more: Any) -> Any:
        if number == 1003:
            raise RuntimeError("the function died")
        return whole(ports, who, number, *rest, **more)

    with monkeypatch.context() as patch:
        patch.setattr(service, "write_article", fail)
        assert reply(world).status == 500
    assert outcomes(reply(world)) == [(1002, "done"), (1003, "done")]
    assert [texts(number).count(TEXTS["en"]) for number in (1002, 1003)] == [1, 0]
    assert texts(1003)[-1] == TEXTS["da"]


def test_more_than_fit_into_one_call_are_left_for_the_same_request_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.tickets.incidents.AT_ONCE", 1)
    assert outcomes(reply(world)) == [(1002, "done"), (1003, "left")]
    assert outcomes(reply(world)) == [(1002, "done"), (1003, "done")]


def test_one_that_cannot_be_answered_holds_up_no_other(world: World) -> None:
    service.edit_ticket(world.ports, agent(world), 1002, Edit(status="closed"))
    assert outcomes(reply(world)) == [(1002, Conflict.code), (1003, "done")]
    assert TEXTS["en"] not in texts(1002)


def test_those_that_cannot_be_answered_take_no_place_from_those_that_can(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.tickets.incidents.AT_ONCE", 1)
    service.edit_ticket(world.ports, agent(world), 1002, Edit(status="closed"))
    assert outcomes(reply(world)) == [(1002, "left"), (1003, "done")]
    assert outcomes(reply(world)) == [(1002, Conflict.code), (1003, "done")]


def test_what_cannot_be_used_is_named(world: World) -> None:
    assert refused_fields(api(world, "POST", PATH, {"texts": TEXTS})) == ["Idempotency-Key"]
    assert refused_fields(reply(world, texts={})) == ["texts"]
    assert refused_fields(reply(world, texts={"xx": "?"})) == ["texts.xx"]
    assert refused_fields(reply(world, silent=True)) == ["silent"]
    other = api(
        world,
        "POST",
        "/api/v1/tickets/1002/incidents/reply",
        {"texts": TEXTS},
        headers={"Idempotency-Key": "other"},
    )
    assert other.status == 409
