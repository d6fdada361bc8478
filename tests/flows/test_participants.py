"""Bringing others into a ticket, and taking them off again."""

from __future__ import annotations

import pytest

from chalicelib.errors import Conflict, Invalid
from chalicelib.tickets import addressing, joining, participants
from tests.web.browser import Browser
from tests.web.calls import api
from tests.web.conftest import signed_in
from tests.web.desk import agent, articles, link, ticket, write
from tests.world import World, letter

SOFIE = "sofie@customer.example"


@pytest.fixture(autouse=True)
def _ticket(world: World) -> None:
    world.mail(letter("It is broken", subject="Printer"))
    write(world, "Only Kim gets this.")


def bring_in(world: World, email: str = SOFIE, name: str = "Sofie Lund") -> None:
    participants.add(world.ports, agent(world), 1001, email, name)
    world.settle()


def take_off(world: World, email: str = SOFIE) -> None:
    participants.remove(world.ports, agent(world), 1001, email)
    world.settle()


def test_who_is_brought_in_gets_replies_from_then_on_and_sees_nothing_older(world: World) -> None:
    bring_in(world)
    assert world.mails_to(SOFIE) == []
    write(world, "Both get this.")
    (mail,) = world.mails_to(SOFIE)
    assert "Both get this" in str(mail)
    assert "Only Kim" not in str(mail)
    page = Browser(world).get(link(world, 1))
    assert "Both get this" in page.text
    assert "Only Kim" not in page.text


def test_who_is_taken_off_gets_nothing_more_and_their_link_opens_nothing(world: World) -> None:
    bring_in(world)
    write(world, "Both get this.")
    address = link(world, 1)
    take_off(world)
    write(world, "Kim again.")
    assert len(world.mails_to(SOFIE)) == 1
    assert Browser(world).get(address).status == 404
    assert [one.email for one in ticket().participants] == []


def test_what_somebody_writes_who_was_taken_off_is_held(world: World) -> None:
    bring_in(world)
    write(world, "Both get this.")
    reply_to = str(world.mails_to(SOFIE)[0]["Reply-To"])
    take_off(world)
    world.mail(letter("Me again", sender=f"Sofie <{SOFIE}>", to=reply_to))
    assert articles()[-1].is_held


def test_a_mail_that_was_queued_when_somebody_was_taken_off_is_not_sent(world: World) -> None:
    bring_in(world)
    from chalicelib.tickets import service
    from chalicelib.tickets.model import ArticleKind

    service.write_article(
        world.ports, agent(world), 1001, service.Draft(ArticleKind.REPLY, "Too late.")
    )
    participants.remove(world.ports, agent(world), 1001, SOFIE)
    world.settle()
    assert world.mails_to(SOFIE) == []


def test_nobody_comes_back_by_a_ticket_of_theirs_that_was_merged(world: World) -> None:
    lund = f"Sofie <{SOFIE}>"
    world.mail(letter("Me too", sender=lund, subject="Printer"))
    own = Browser(world)
    address = f"/t/{addressing.link_token(world.ports.keys(), ticket(1002), 0)}"
    joining.merge(world.ports, agent(world), 1002, 1001, adds_people=True)
    take_off(world)
    write(world, "Only Kim gets this, too.")
    page = own.get(address)
    assert "Me too" in page.text
    assert "Only Kim gets this" not in page.text
    assert own.submit(page, address, text="Let me in.").status == 404
    reply_to = str(world.mails_to(SOFIE)[0]["Reply-To"])
    world.mail(letter("Let me in again.", sender=lund, to=reply_to))
    assert articles()[-1].is_held
    assert ticket().participants == ()


def test_twice_is_once_both_ways_and_somebody_can_come_back(world: World) -> None:
    for _ in range(2):
        bring_in(world)
    for _ in range(2):
        take_off(world)
    assert ticket().participants == ()
    bring_in(world)
    write(world, "Welcome back.")
    assert len(world.mails_to(SOFIE)) == 1


def test_the_requester_stays_and_nonsense_is_refused(world: World) -> None:
    with pytest.raises(Conflict, match="their ticket"):
        take_off(world, "kim@customer.example")
    with pytest.raises(Invalid):
        bring_in(world, "nobody")
    with pytest.raises(Invalid):
        bring_in(world, "hr@desk.example")


def test_participants_come_and_go_on_the_page_and_by_api(world: World) -> None:
    anna = signed_in(world, "anna")
    page = anna.get("/agent/tickets/1001")
    anna.submit(page, "/1001/participants", email=SOFIE, name="Sofie Lund")
    page = anna.get("/agent/tickets/1001")
    assert "Sofie Lund" in page.text
    anna.submit(page, "/participants/remove")
    text = anna.get("/agent/tickets/1001").text
    assert "takes part no more" in text
    wrong = anna.submit(page, "/1001/participants", email="nobody")
    assert (wrong.status, "is no address" in wrong.text) == (400, True)
    path = "/api/v1/tickets/1001/participants"
    assert api(world, "POST", path, {"email": SOFIE}).status == 200
    assert api(world, "DELETE", path, {"email": SOFIE}).status == 200
    assert api(world, "DELETE", path, {"email": "kim@customer.example"}).status == 409
    assert ticket().participants == ()
