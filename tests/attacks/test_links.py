"""A customer's link opens their own ticket, as far as it is theirs, and as long as it is."""

from __future__ import annotations

from chalicelib.desk.service import live_desk
from chalicelib.erasure import service
from chalicelib.tickets.access import Who
from tests.attacks.routes import everything
from tests.attacks.scene import (
    accept_everything,
    answer,
    articles,
    customer,
    link_in,
    mail_of,
    numbers_of,
    opened,
    send,
    stranger,
    write,
)
from tests.aws_calls import aws_client
from tests.web.browser import Browser
from tests.web.calls import api
from tests.world import World


def test_a_link_opens_its_own_ticket_for_its_own_holder(world: World) -> None:
    """CVE-2026-27637: a token that could be computed, and changed for another one's."""
    kim, bo = customer("Kim"), customer("Bo")
    send(world, kim, "For both of us.", Cc=bo.sender)
    (number,) = numbers_of(world, kim)
    other = opened(world, "Somebody else's secret.")
    write(world, number, "Hello, both.")
    (mail,) = world.mails_to(bo.address)
    told, place, epoch, signature = link_in(mail).removeprefix("/t/").split(".")
    assert (told, place) == (str(number), "1")
    for wrong in (
        f"{other.number}.{place}.{epoch}.{signature}",
        f"{number}.0.{epoch}.{signature}",
        f"{number}.{place}.{int(epoch) + 1}.{signature}",
        f"{number}.{place}.{epoch}.",
        f"{number}.{place}.{epoch}.{signature[:-1]}",
        f"{number}.{place}.{epoch}",
        f"0{number}.{place}.{epoch}.{signature}",
        f"{number}.{place}.-{epoch}.{signature}",
        f"{number}.{place}.{epoch}.0.{signature}",
    ):
        for path in (f"/t/{wrong}", f"/t/{wrong}/articles/1/whole"):
            assert Browser(world).get(path).status == 404, path
        assert Browser(world).post(f"/t/{wrong}", {"text": "x"}).status == 404


def test_a_link_can_be_taken_back(world: World) -> None:
    """CVE-2026-41902: a link in a mail opened what it opened for ever."""
    case = opened(world)
    own = link_in(world.mails_to(case.customer.address)[0])
    person = next(
        one["id"]
        for one in api(world, "GET", "/api/v1/people?limit=100").body["items"]
        if one["email"] == case.customer.address
    )
    assert Browser(world).get(own).status == 200
    erase(world, person)
    assert Browser(world).get(own).status == 404
    assert Browser(world).post(own, {"text": "x"}).status == 404


def erase(world: World, person: str) -> None:
    service.erase(world.ports, Who.from_agent(live_desk(world.ports).agents["lena"]), person)
    world.settle()


def test_what_is_not_for_customers_is_behind_no_address_of_theirs(world: World) -> None:
    """Class: notes, held mail and their files, fetched by their number from the customer's page."""
    case = opened(world)
    sent = answer(world, case)
    own, eve = link_in(sent), stranger()
    write(world, case.number, "NOTE about this customer.", kind="note")
    for marks, text in (({}, "HELD"), ({"Auto_Submitted": "auto-generated"}, "MACHINE")):
        mail = mail_of(eve, f"{text} secret", to=str(sent["Reply-To"]), **marks)
        mail.add_attachment(b"secret", maintype="text", subtype="plain", filename=f"{text}.txt")
        world.mail(mail)
    hidden = [one for one in articles(world, case.number) if one["id"] not in {"1", "2"}]
    secret = [one["id"] for one in hidden if "Switch" not in one["text"]]
    assert len(secret) == 3
    anybody = Browser(world)
    page = anybody.get(own)
    assert "Switch it off and on." in page.text
    for word in ("NOTE", "HELD", "MACHINE"):
        assert word not in page.body
    for seq in secret:
        assert anybody.get(f"{own}/articles/{seq}/attachments/0").status == 404
        assert anybody.get(f"{own}/articles/{seq}/whole").status == 404


def test_a_machines_mail_is_shown_to_no_customer_even_when_it_is_accepted(world: World) -> None:
    """CVE-2024-49193 and its kin: a code for somebody else's account, read on the ticket."""
    case = opened(world)
    sent = answer(world, case)
    service = stranger()
    mail = mail_of(
        service, "Your code is 314159.", to=str(sent["Reply-To"]), Auto_Submitted="auto-generated"
    )
    mail.add_attachment(b"314159", maintype="text", subtype="plain", filename="code.txt")
    world.mail(mail)
    accept_everything(world, case.number)
    anybody, own = Browser(world), link_in(sent)
    assert "314159" not in anybody.get(own).body
    for seq in (one["id"] for one in articles(world, case.number) if "314159" in one["text"]):
        assert anybody.get(f"{own}/articles/{seq}/attachments/0").status == 404


def test_who_was_erased_does_not_come_back_with_an_old_event(world: World) -> None:
    """Class: an erased person made anew by an event that is delivered again."""
    kim = customer()
    raw = mail_of(kim, "Forget me, I am Kim.").as_bytes()
    ses_id = world.mail(raw)
    person = next(
        one["id"]
        for one in api(world, "GET", "/api/v1/people?limit=100").body["items"]
        if one["email"] == kim.address
    )
    erase(world, person)
    assert kim.address not in everything(world)
    # Even where the mail itself is still to be had, somewhere.
    aws_client("s3").put_object(Bucket="mail", Key=f"inbound/{ses_id}", Body=raw)
    mails = len(world.outbox)
    world.call("inbound_mail", world.ses_event(ses_id, raw))
    world.settle()
    assert kim.address not in everything(world)
    assert len(world.outbox) == mails
