"""Loops, floods and bombs: what a machine does for mail ends somewhere, and somebody is told."""

from __future__ import annotations

from typing import Any

from chalicelib.desk.service import apply
from chalicelib.intake import store as intake
from chalicelib.intake.model import Cause
from tests.flows.test_mail_to_ticket import timeline
from tests.world import DESK, World, letter


def arrive(world: World, count: int, **more: Any) -> list[str]:
    """So many different mails of one sender, and nothing reacts in between."""
    arrived = []
    for _ in range(count):
        raw = letter(f"number {world.ids}", subject=f"Alarm {world.ids}", **more).as_bytes()
        ses_id = world.put_mail(raw)
        world.call("inbound_mail", world.ses_event(ses_id, raw))
        arrived.append(ses_id)
    world.settle()
    return arrived


def cause_of(ses_id: str) -> Cause | None:
    mail = intake.get_suspended(ses_id)
    return mail.cause if mail else None


def limit(world: World, **limits: int) -> None:
    apply(world.ports, {**DESK, "limits": limits})
    world.ports.cache.clear()


def test_whoever_writes_as_no_human_does_waits_an_hour_and_one_lead_is_told_once(
    world: World,
) -> None:
    arrived = arrive(world, 24)
    assert [cause_of(one) for one in arrived[:20]] == [None] * 20
    assert {cause_of(one) for one in arrived[20:]} == {Cause.FLOOD}
    (notice,) = world.mails_to("lena@agents.example")
    assert "kim@customer.example" in str(notice["Subject"])
    assert notice["Auto-Submitted"] == "auto-generated"
    facts = [fact.type for entry in timeline(world, 1020).entries for fact in entry.facts]
    assert "SenderBlocked" in facts

    world.pass_time(minutes=59)
    (late,) = arrive(world, 1)
    assert cause_of(late) is Cause.FLOOD
    world.pass_time(minutes=2)
    (later,) = arrive(world, 1)
    assert cause_of(later) is None


def test_a_block_holds_over_midnight(world: World) -> None:
    world.now = world.now.replace(hour=23, minute=51)
    arrive(world, 21)
    world.pass_time(minutes=20)
    (after,) = arrive(world, 1)
    assert cause_of(after) is Cause.FLOOD


def test_an_agent_who_passes_on_a_pile_of_mail_is_no_flood(world: World) -> None:
    arrived = arrive(world, 25, sender="Anna Berg <anna@agents.example>")
    assert {cause_of(one) for one in arrived} == {None}


def test_a_ticket_takes_so_many_mails_an_hour_from_all_who_are_on_it(world: World) -> None:
    limit(world, mails_on_a_ticket=3)
    world.mail(letter(Cc="eva@customer.example"))
    reply = str(world.last_mail["Reply-To"])
    arrived = arrive(world, 4, to=reply)
    assert [cause_of(one) for one in arrived] == [None, None, None, Cause.FLOOD]
    world.pass_time(hours=1)
    (later,) = arrive(world, 1, to=reply)
    assert cause_of(later) is None


def test_when_the_desk_drowns_strangers_wait_and_those_who_are_known_come_in(
    world: World,
) -> None:
    limit(world, tickets=2)
    for place in range(3):
        world.mail(letter(f"{place}", sender=f"c{place}@customer.example"))
    stranger = letter("buy", sender="eve@else.example")
    unproven = {"dmarc": "FAIL", "dmarc_policy": "none"}
    assert cause_of(world.mail(stranger, verdicts=unproven)) is Cause.FLOOD
    known = letter("it is me", sender="c0@customer.example")
    assert cause_of(world.mail(known, verdicts=unproven)) is None


def test_an_address_gets_three_acknowledgements_an_hour_and_ten_a_day(world: World) -> None:
    kim = "kim@customer.example"
    arrive(world, 5)
    assert len(world.mails_to(kim)) == 3
    for _ in range(5):
        world.pass_time(minutes=61)
        arrive(world, 3)
    assert len(world.mails_to(kim)) == 10


def test_the_same_subject_is_acknowledged_once_a_day(world: World) -> None:
    kim = "kim@customer.example"
    world.mail(letter("one", subject="Printer"))
    world.pass_time(hours=23)
    world.mail(letter("two", subject="printer "))
    assert len(world.mails_to(kim)) == 1
    world.pass_time(hours=2)
    world.mail(letter("three", subject="Printer"))
    assert len(world.mails_to(kim)) == 2


def test_a_domain_and_the_whole_desk_get_so_many_acknowledgements_an_hour(world: World) -> None:
    limit(world, acks_to_a_domain=10, acks_to_everybody=25)
    for place in range(20):
        world.mail(letter(f"{place}", sender=f"c{place}@one.example"))
    in_domain = [to for _, to in world.envelopes if to.endswith("@one.example")]
    assert len(in_domain) == 10
    for place in range(10):
        world.mail(letter(f"{place}", sender=f"c@d{place}.example"))
    elsewhere = [to for _, to in world.envelopes if not to.endswith("@one.example")]
    assert len(elsewhere) == 5
