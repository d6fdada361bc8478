"""Mail that comes back is shown on its ticket, and believed where it returns one that we signed."""

from __future__ import annotations

from chalicelib.people import service as people
from chalicelib.tickets.model import DeliveryState, Status
from tests.flows.test_mail_to_ticket import answer, timeline
from tests.reports import report
from tests.world import World, letter


def is_muted(world: World, email: str = "kim@customer.example") -> bool:
    address = people.find(world.ports, email)
    return address is not None and address.is_muted


def answered(world: World) -> None:
    world.mail(letter())
    answer(world)


def test_a_report_that_returns_our_mail_mutes_the_address_and_shows_on_the_ticket(
    world: World,
) -> None:
    answered(world)
    world.mail(report(world.last_mail), envelope_from="")
    found = timeline(world)
    assert is_muted(world)
    assert found.ticket.requester.is_muted
    assert found.deliveries[-1].state is DeliveryState.BOUNCED
    assert "550" in (found.deliveries[-1].reason or "")
    assert found.articles[-1].mail_kind == "bounce"
    assert found.ticket.status is Status.OPEN


def test_the_same_report_twice_changes_nothing_more(world: World) -> None:
    answered(world)
    raw = report(world.last_mail)
    world.mail(raw, envelope_from="")
    before = timeline(world)
    world.mail(raw, envelope_from="")
    assert timeline(world) == before


def test_a_report_that_is_made_up_mutes_nobody(world: World) -> None:
    answered(world)
    only_ses = f"Message-ID: {world.last_mail['Message-ID']}"
    forged = "References: <1001.2.0.aaaaaaaaaaaaaaaaaaaaaaaaaa@desk.example>"
    for headers in (only_ses, forged):
        world.mail(report(world.last_mail, headers=headers), envelope_from="")
    assert not is_muted(world)
    assert timeline(world).deliveries[-1].state is DeliveryState.SENT


def test_a_report_about_somebody_else_than_the_recipient_mutes_nobody(world: World) -> None:
    answered(world)
    world.mail(letter("hello", sender="eva@customer.example", subject="Other"))
    answer(world, 1001, "Once more.")
    world.mail(report(world.last_mail, failed="eva@customer.example"), envelope_from="")
    assert not is_muted(world, "eva@customer.example")
    assert not is_muted(world)


def test_a_delay_is_recorded_and_mutes_nobody(world: World) -> None:
    answered(world)
    world.mail(report(world.last_mail, status="4.4.1"), envelope_from="")
    assert timeline(world).articles[-1].mail_kind == "delayed"
    assert not is_muted(world)


def test_whoever_surely_writes_again_is_answered_again(world: World) -> None:
    answered(world)
    reply_address = str(world.last_mail["Reply-To"])
    world.mail(report(world.last_mail), envelope_from="")
    world.mail(letter("My mailbox works again.", to=reply_address))
    assert not is_muted(world)
    assert not timeline(world).ticket.requester.is_muted


def test_a_reply_before_its_parent_was_recorded_finds_the_ticket(world: World) -> None:
    answered(world)
    own_id = str(world.last_mail["References"]).split()[-1]
    world.mail(letter("Quick me", In_Reply_To=own_id))
    assert timeline(world).articles[-1].text == "Quick me"
