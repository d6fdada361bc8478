"""Who answers for a ticket, and who is told what happens to it."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.desk.service import apply
from chalicelib.errors import Invalid
from chalicelib.tickets import service
from chalicelib.tickets.edits import Edit
from tests.meter import Meter
from tests.web.calls import api
from tests.web.desk import NUMBER, agent, ticket, write
from tests.world import DESK, World, letter

PATH = f"/api/v1/tickets/{NUMBER}"
PAGE = f"/agent/tickets/{NUMBER}"


@pytest.fixture(autouse=True)
def _ticket(world: World) -> None:
    world.mail(letter())


def edit(world: World, by: str = "lena", **fields: Any) -> None:
    service.edit_ticket(world.ports, agent(world, by), NUMBER, Edit(**fields))
    world.settle()


def reply(world: World, text: str = "Any news?") -> None:
    to = str(world.mails_to("kim@customer.example")[0]["Reply-To"])
    world.mail(letter(text, to=to))


def told(world: World, name: str = "anna") -> list[str]:
    """What the notices to an agent say."""
    return [mail.as_string() for mail in world.mails_to(f"{name}@agents.example")]


def test_a_follower_is_told_of_customers_of_replies_and_of_the_status(world: World) -> None:
    edit(world, add_followers=["anna@agents.example"])
    reply(world)
    service.write_article(
        world.ports, agent(world, "lena"), NUMBER, service.Draft(service.ArticleKind.REPLY, "Soon.")
    )
    edit(world, status="solved")
    by_customer, by_agent, solved = told(world)
    assert "News on ticket #1001" in by_customer
    assert "Kim Jensen wrote on ticket #1001." in by_customer
    assert "Any news?" not in by_customer
    assert "Lena Holm wrote on ticket #1001." in by_agent
    assert "The ticket is now: Solved" in solved
    assert f"https://desk.example{PAGE}" in solved
    assert "you follow the ticket" in solved


def test_one_change_is_one_mail_whatever_it_did(world: World) -> None:
    edit(world, followers=["anna"], status="solved")
    before = len(told(world))
    reply(world)
    (notice,) = told(world)[before:]
    assert "wrote on ticket" in notice
    assert "The ticket is now: Open" in notice


def test_nobody_is_told_of_what_they_did_themselves(world: World) -> None:
    edit(world, followers=["anna", "lena"])
    write(world, "Try turning it off and on.", status="solved")
    assert told(world) == []
    (notice,) = told(world, "lena")
    assert "Anna Berg wrote" in notice


def test_notes_and_other_fields_are_no_news(world: World) -> None:
    edit(world, followers=["anna"])
    edit(world, priority="high")
    write(world, "Not for Kim.", kind="note")
    assert told(world) == []


def test_a_held_article_is_news_when_it_is_accepted(world: World) -> None:
    edit(world, followers=["anna"])
    stolen = str(world.mails_to("kim@customer.example")[0]["Reply-To"])
    world.mail(letter("I am Kim.", sender="eve@else.example", to=stolen))
    assert told(world) == []
    service.accept_article(world.ports, agent(world, "lena"), NUMBER, ticket().seq)
    world.settle()
    assert len(told(world)) == 1


def test_an_agent_who_may_not_see_the_ticket_any_more_is_not_told(world: World) -> None:
    edit(world, followers=["anna"])
    edit(world, group="hr")
    reply(world)
    assert told(world) == []
    agents = {name: one for name, one in DESK["agents"].items() if name != "anna"}
    apply(world.ports, {**DESK, "agents": agents})
    edit(world, status="solved")
    assert ticket().followers == ("anna",)


def test_a_ticket_that_nobody_follows_costs_nothing_more(world: World) -> None:
    edit(world, priority="low")
    with Meter() as plain:
        edit(world, priority="high")
    edit(world, followers=["anna"])
    with Meter() as meter:
        edit(world, priority="urgent")
    assert len(meter.calls) == len(plain.calls)


def test_the_responsible_may_be_another_than_the_assignee(world: World) -> None:
    edit(world, assignee="anna", responsible="lena@agents.example")
    assert (ticket().assignee, ticket().responsible) == ("anna", "lena")
    edit(world, responsible=None)
    assert ticket().responsible is None
    with pytest.raises(Invalid) as caught:
        edit(world, responsible="hugo")
    assert "not in the group" in caught.value.fields["responsible"]


def test_whoever_may_not_see_the_new_group_no_longer_answers_for_the_ticket(world: World) -> None:
    edit(world, responsible="anna")
    edit(world, group="quick")
    assert ticket().responsible == "anna"
    edit(world, group="hr")
    assert ticket().responsible is None
    edit(world, responsible="lena")
    edit(world, group="support")
    assert ticket().responsible == "lena"


def test_the_api_says_who_answers_and_who_follows(world: World) -> None:
    found = api(world, "PATCH", PATH, {"responsible": "anna", "add_followers": ["lena"]}).body
    assert found["responsible"] == "anna@agents.example"
    assert found["followers"] == ["lena@agents.example"]
    found = api(world, "PATCH", PATH, {"remove_followers": ["lena@agents.example"]}).body
    assert found["followers"] == []
    for bad in ({"followers": ["hugo"]}, {"followers": ["nobody"]}, {"followers": "lena"}):
        answer = api(world, "PATCH", PATH, bad)
        assert list(answer.body["error"]["fields"]) == ["followers"]


def test_a_ticket_has_at_most_forty_followers(world: World) -> None:
    crowd = {
        f"a{n}": {"name": f"A {n}", "email": f"a{n}@agents.example", "groups": ["support"]}
        for n in range(41)
    }
    apply(world.ports, {**DESK, "agents": {**DESK["agents"], **crowd}})
    edit(world, followers=list(crowd)[:40])
    with pytest.raises(Invalid):
        edit(world, add_followers=["a40"])
    reply(world)
    assert sum(len(told(world, name)) for name in crowd) == 40
