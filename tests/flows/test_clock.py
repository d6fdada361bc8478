"""Promises on the clock: what is due rings, once, and somebody is told."""

from __future__ import annotations

from chalicelib import table
from chalicelib.tickets import store
from tests.flows.test_mail_to_ticket import answer, timeline
from tests.world import World, letter


def facts_of(world: World, number: int = 1001) -> list[str]:
    return [name for entry in timeline(world, number).entries for name in entry.types]


def test_a_missed_target_is_a_fact_and_the_lead_gets_a_mail(world: World) -> None:
    world.mail(letter(to="quick@desk.example", subject="The shop is down"))
    world.pass_time(seconds=61)
    assert world.sweep() == 1
    world.settle()
    assert "TargetBreached" in facts_of(world)
    notice = world.mails_to("lena@agents.example")[-1]
    assert "1001" in str(notice["Subject"])
    assert "https://desk.example/agent/tickets/1001" in notice.as_string()
    assert notice["Auto-Submitted"] == "auto-generated"


def test_sweeping_again_and_again_breaches_once(world: World) -> None:
    world.mail(letter(to="quick@desk.example"))
    world.pass_time(minutes=2)
    for _ in range(3):
        world.sweep()
        world.settle()
    assert facts_of(world).count("TargetBreached") == 1
    assert len(world.mails_to("lena@agents.example")) == 1


def test_a_fact_that_the_bus_brings_twice_escalates_once(world: World) -> None:
    world.mail(letter(to="quick@desk.example"))
    world.pass_time(minutes=2)
    world.sweep()
    records = world.stream()
    for _ in range(2):
        world.call("relay", {"Records": records})
        world.react()
    world.settle()
    assert facts_of(world).count("Escalated") == 1
    assert len(world.mails_to("lena@agents.example")) == 1


def test_an_answer_in_time_keeps_the_clock_quiet(world: World) -> None:
    world.mail(letter(to="quick@desk.example"))
    world.pass_time(seconds=30)
    answer(world)
    world.pass_time(minutes=5)
    assert world.sweep() == 0
    assert timeline(world).ticket.clocks[0].state == "met"


def test_a_ticket_that_is_not_due_is_not_looked_at(world: World) -> None:
    world.mail(letter())
    world.pass_time(hours=1)
    assert world.sweep() == 0


def test_the_clock_stands_still_outside_office_hours(world: World) -> None:
    world.pass_time(hours=9)  # Monday 19:00 in Copenhagen
    world.mail(letter())
    due_at = timeline(world).ticket.clocks[0].due_at
    # Four hours from Tuesday 8:00, which is 7:00 UTC.
    assert due_at is not None
    assert due_at.isoformat() == "2026-03-03T11:00:00+00:00"


def test_the_list_is_sorted_by_what_is_due_first(world: World) -> None:
    world.mail(letter("first"))
    world.pass_time(minutes=1)
    world.mail(letter("second", subject="Urgent"))
    page = store.list_page("gsi1", table.group_open("support"), limit=10, start=None)
    assert [int(item.columns["number"]) for item in page.items] == [1001, 1002]
    answer(world, 1001)
    page = store.list_page("gsi1", table.group_open("support"), limit=10, start=None)
    assert [int(item.columns["number"]) for item in page.items] == [1002, 1001]


def test_facts_that_a_dead_relay_left_are_replayed_by_the_day(world: World) -> None:
    from chalicelib.ledger.service import replay

    world.pass_time(minutes=1)
    began = world.now
    world.put_mail(b"")
    raw = letter().as_bytes()
    ses_id = world.put_mail(raw)
    world.call("inbound_mail", world.ses_event(ses_id, raw))
    world.stream()  # the relay is dead: what it should have had is gone
    assert world.outbox == []
    assert replay(world.ports, since=began) == 3
    world.react()
    assert len(world.outbox) == 1
