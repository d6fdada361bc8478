"""Internal tickets are the agents' own: by whatever way, nothing of one reaches a customer."""

from __future__ import annotations

import pytest

from chalicelib import facts
from chalicelib.desk.service import apply, live_desk
from chalicelib.errors import Conflict, Invalid
from chalicelib.sla import service as sla
from chalicelib.tickets import joining, service, store
from chalicelib.tickets.edits import Edit
from chalicelib.tickets.model import DeliveryState, Status
from chalicelib.tickets.registering import Asked, register
from tests.web.browser import Browser
from tests.web.desk import agent, articles, link, ticket, write
from tests.web.test_new_ticket_page import BODY
from tests.world import World, letter

KIM = "kim@customer.example"
SECRET = "Reorganisation"
ROUTED = {
    "routing": [{"when": {"subject": {"contains": ["among us"]}}, "then": {"type": "internal"}}]
}


@pytest.fixture(autouse=True)
def _desk(world: World) -> None:
    apply(world.ports, {**BODY, **ROUTED})


def registered(world: World, *, type_: str = "internal") -> int:
    asked = Asked(email=KIM, subject=SECRET, body="Not yet known.", channel="phone", type=type_)
    saved = register(world.ports, agent(world), asked, desk=live_desk(world.ports))
    world.settle()
    return saved.ticket.number


def make_internal(world: World, number: int = 1001) -> None:
    edit = Edit(type="internal")
    service.edit_ticket(world.ports, agent(world), number, edit)
    world.settle()


def test_it_is_not_acknowledged_and_promises_a_customer_nothing(world: World) -> None:
    registered(world)
    assert world.outbox == []
    assert (ticket().is_internal, ticket().clocks) == (True, ())
    registered(world, type_="incident")
    assert len(world.mails_to(KIM)) == 1


def test_a_mail_that_is_routed_to_it_is_not_answered(world: World) -> None:
    world.mail(letter(subject="Among us"))
    assert ticket().is_internal
    assert world.outbox == []
    (article,) = articles()
    assert article.flight is not None
    assert article.flight["ack"] == "internal"


def test_nobody_can_reply_on_it(world: World) -> None:
    registered(world)
    with pytest.raises(Conflict, match="internal"):
        write(world, "Hello Kim")
    write(world, "For us", kind="note")
    assert world.outbox == []


def test_its_link_opens_nothing_and_nothing_can_be_written_there(world: World) -> None:
    anybody = Browser(world)
    world.mail(letter())
    path = link(world)
    page = anybody.get(path)
    assert page.status == 200
    make_internal(world)
    assert anybody.get(path).status == 404
    assert anybody.get(f"{path}/articles/1/whole").status == 404
    assert anybody.submit(page, path, text="Hello?").status == 404
    assert len(articles()) == 1


def test_a_mail_that_waited_when_it_became_internal_is_not_sent(world: World) -> None:
    world.mail(letter())
    sent = len(world.outbox)
    write_only = service.Draft(service.ArticleKind.REPLY, "Hello Kim")
    service.write_article(world.ports, agent(world), 1001, write_only)
    edit = Edit(type="internal")
    service.edit_ticket(world.ports, agent(world), 1001, edit)
    world.settle()
    assert len(world.outbox) == sent
    found = store.timeline(1001)
    assert found is not None
    (reply,) = [one for one in found.deliveries if one.mail == "reply"]
    assert reply.state is DeliveryState.FAILED
    with pytest.raises(Conflict, match="internal"):
        service.send_again(world.ports, agent(world), 1001, reply.id)


def test_what_the_customer_writes_joins_it_and_is_not_answered(world: World) -> None:
    world.mail(letter())
    address = str(world.last_mail["Reply-To"])
    make_internal(world)
    sent = len(world.outbox)
    world.mail(letter("One more thing", to=address, message_id="<2@customer.example>"))
    assert [one.text for one in articles()][-1] == "One more thing"
    assert len(world.outbox) == sent


def test_a_follow_up_of_it_is_internal_as_well(world: World) -> None:
    apply(
        world.ports,
        {**BODY, "groups": {**BODY["groups"], "support": {**BODY["groups"]["support"],
         "after_close": "follow_up", "reopen_days": 0}}},
    )  # fmt: skip
    world.mail(letter())
    address = str(world.last_mail["Reply-To"])
    make_internal(world)
    service.edit_ticket(world.ports, agent(world), 1001, Edit(status="closed"))
    world.pass_time(days=1)
    sent = len(world.outbox)
    world.mail(letter("Again", to=address, message_id="<2@customer.example>"))
    assert (ticket(1002).follow_up_of, ticket(1002).is_internal) == (1001, True)
    assert len(world.outbox) == sent


def test_a_closed_one_that_takes_no_more_tells_nobody(world: World) -> None:
    support = {**BODY["groups"]["support"], "after_close": "reject", "reopen_days": 0}
    apply(world.ports, {**BODY, "groups": {**BODY["groups"], "support": support}})
    world.mail(letter())
    address = str(world.last_mail["Reply-To"])
    make_internal(world)
    service.edit_ticket(world.ports, agent(world), 1001, Edit(status="closed"))
    world.pass_time(days=1)
    sent = len(world.outbox)
    world.mail(letter("Again", to=address, message_id="<2@customer.example>"))
    assert len(world.outbox) == sent


def test_it_stays_internal_whatever_is_made_of_its_type(world: World) -> None:
    registered(world)
    for name in ("incident", None):
        with pytest.raises(Invalid) as refused:
            service.edit_ticket(world.ports, agent(world), 1001, Edit(type=name))
        assert "stays so" in refused.value.fields["type"]
    types = {**BODY["types"], "internal": {"label": {"en": "Public now"}}}
    apply(world.ports, {**BODY, "types": types})
    world.pass_time(minutes=1)
    assert ticket().is_internal
    with pytest.raises(Conflict, match="internal"):
        write(world, "Hello Kim")


def test_it_is_not_merged_with_a_ticket_of_a_customers(world: World) -> None:
    anybody = Browser(world)
    world.mail(letter())
    registered(world)
    for pair in ((1001, 1002), (1002, 1001)):
        with pytest.raises(Conflict, match="internal"):
            joining.merge(world.ports, agent(world), *pair)
    # What was merged before it became internal leads a customer no further.
    world.mail(letter("Hi", message_id="<2@customer.example>"))
    path = link(world)
    joining.merge(world.ports, agent(world), 1001, 1003)
    write(world, "For us", kind="note")
    make_internal(world, 1003)
    page = anybody.get(path)
    assert "#1003" not in page.text
    assert anybody.submit(page, path, text="Hello?").status == 404


def test_what_is_split_from_it_is_internal_as_well(world: World) -> None:
    world.mail(letter())
    make_internal(world)
    sent = len(world.outbox)
    joining.split(world.ports, agent(world), 1001, [1])
    world.settle()
    assert (ticket(1002).type, ticket(1002).is_internal) == ("internal", True)
    assert len(world.outbox) == sent


def test_agents_are_told_of_it_all_the_same(world: World) -> None:
    number = registered(world)
    waits = Edit(status="pending", until="2026-03-03T09:00", assignee="anna")
    service.edit_ticket(world.ports, agent(world), number, waits)
    world.pass_time(days=2)
    world.sweep()
    world.settle()
    assert world.mails_to("anna@agents.example") != []
    assert world.mails_to(KIM) == []
    assert ticket(number).status is Status.OPEN


def test_becoming_internal_is_told_by_the_ledger(world: World) -> None:
    world.mail(letter())
    make_internal(world)
    found = store.timeline(1001)
    assert found is not None
    told = [fact for entry in found.entries for fact in getattr(entry, "facts", ())]
    assert facts.TypeChanged("", "internal") in told


def test_the_clocks_follow_from_the_facts_whatever_type_the_ticket_gets(world: World) -> None:
    promises = [{"policy": "quick", "when": {"type": ["incident"]}}]
    apply(world.ports, {**BODY, "promises": promises})
    world.mail(letter())
    for kind in ("incident", None, "internal"):
        world.pass_time(minutes=30)
        service.edit_ticket(world.ports, agent(world), 1001, Edit(type=kind))
        world.settle()
        found = sla.explain(world.ports, agent(world), 1001)
        assert found
        assert [one.clock.name for one in found if not one.is_certain] == []
    assert ticket().target_at is None
