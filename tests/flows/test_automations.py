"""Automations: what follows from time, once for each time that it comes true."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib import table
from chalicelib.desk.service import live_desk
from chalicelib.errors import Invalid
from chalicelib.rules import firing
from chalicelib.rules import service as rules
from chalicelib.rules import store as rules_store
from chalicelib.tickets.access import Who
from tests.flows.test_mail_to_ticket import answer, timeline
from tests.flows.test_triggers import edit, firings, has_rules, ticket, write_note
from tests.world import World, letter

REMIND: dict[str, Any] = {
    "id": "remind",
    "after": {"field": "written_by_customer", "hours": 2},
    "when": {"status": ["new", "open"]},
    "do": [{"note": "The customer waits."}],
    "owner": "lena",
}


def has_automations(world: World, *automations: Any, **more: Any) -> None:
    has_rules(world, automations=list(automations), **more)


def sweep(world: World, times: int = 2) -> None:
    for _ in range(times):
        world.sweep()
        world.settle()


def names(world: World, number: int = 1001) -> list[str]:
    return [one.rule for one in firings(world, number)]


def customer_writes(world: World, text: str = "Are you there?") -> None:
    world.mail(letter(text, to=str(world.mails_to("kim@customer.example")[0]["Reply-To"])))


def alarm(world: World, number: int = 1001) -> str | None:
    found = rules_store.now_of(number).timer
    return found.due_at.isoformat() if found and found.due_at else None


# Once. ---------------------------------------------------------------------------------------


def test_an_automation_fires_when_its_time_has_come_and_once(world: World) -> None:
    has_automations(world, REMIND)
    world.mail(letter())
    world.pass_time(minutes=119)
    sweep(world)
    assert names(world) == []
    world.pass_time(minutes=1)
    sweep(world, 3)
    assert names(world) == ["remind"]
    [entry] = [one for one in timeline(world).entries if "RuleFired" in one.types]
    assert (entry.actor, entry.cause, entry.root) == ("system:rules", "rule", entry.id)
    world.pass_time(days=3)
    sweep(world)
    assert names(world) == ["remind"]


def test_it_fires_again_once_the_customer_has_written_again(world: World) -> None:
    has_automations(world, REMIND)
    world.mail(letter())
    world.pass_time(hours=3)
    sweep(world)
    customer_writes(world)
    sweep(world)
    assert len(names(world)) == 1
    world.pass_time(hours=2)
    sweep(world)
    assert len(names(world)) == 2


def test_a_rule_of_its_own_never_moves_what_it_counts_from(world: World) -> None:
    has_automations(world, {**REMIND, "after": {"field": "updated", "hours": 1}})
    world.mail(letter())
    for _ in range(5):
        world.pass_time(hours=1)
        sweep(world)
    assert names(world) == ["remind"]
    edit(world, priority="high")
    world.pass_time(hours=1)
    sweep(world)
    assert len(names(world)) == 2


def test_two_sweeps_at_once_fire_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    has_automations(world, REMIND)
    world.mail(letter())
    world.pass_time(hours=2)
    act, has_overlapped = firing.act, []

    def overlapping(*args: Any) -> Any:
        if not has_overlapped:
            has_overlapped.append(True)
            world.sweep()
        return act(*args)

    monkeypatch.setattr("chalicelib.rules.firing.act", overlapping)
    sweep(world)
    assert names(world) == ["remind"]


def test_a_sweep_that_dies_half_way_leaves_the_rest_to_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_automations(world, REMIND, {**REMIND, "id": "tell"})
    world.mail(letter())
    world.pass_time(hours=2)
    fire, count = firing.fire, iter(range(9))

    def dying(*args: Any) -> Any:
        if next(count) == 1:
            raise RuntimeError("the process ended here")
        return fire(*args)

    monkeypatch.setattr("chalicelib.rules.firing.fire", dying)
    with pytest.raises(ExceptionGroup):
        world.sweep()
    assert names(world) == ["remind"]
    sweep(world)
    assert names(world) == ["remind", "tell"]


def test_a_day_without_sweeps_makes_up_for_nothing_twice(world: World) -> None:
    has_automations(world, REMIND, {**REMIND, "id": "later", "after": hours("opened", 5)})
    world.mail(letter())
    world.pass_time(days=1)
    sweep(world)
    assert names(world) == ["remind", "later"]


def hours(field: str, count: float, **more: Any) -> dict[str, Any]:
    return {"field": field, "hours": count, **more}


# What it counts from. ------------------------------------------------------------------------


def test_each_anchor_is_counted_from(world: World) -> None:
    fields = ("opened", "updated", "status", "replied_by_agent", "written_by_customer")
    do = [{"note": "Late."}]
    has_automations(world, *({"id": f, "after": hours(f, 2), "do": do} for f in fields))
    world.mail(letter())
    world.pass_time(hours=1)
    answer(world)
    world.pass_time(hours=1)
    sweep(world)
    assert set(names(world)) == {"opened", "written_by_customer"}
    customer_writes(world)
    world.pass_time(hours=1)
    sweep(world)
    assert set(names(world)[2:]) == {"replied_by_agent", "status"}
    world.pass_time(hours=1)
    sweep(world)
    assert set(names(world)[4:]) == {"updated", "written_by_customer"}


def test_hours_of_a_calendar_are_open_hours(world: World) -> None:
    after = hours("opened", 8, calendar="office")
    has_automations(world, {**REMIND, "after": after})
    world.pass_time(hours=5)  # Monday 15:00 in Copenhagen: an hour is left
    world.mail(letter())
    assert alarm(world) == "2026-03-03T14:00:00+00:00"


def test_what_has_to_hold_is_asked_when_the_time_has_come_and_after_any_change(
    world: World,
) -> None:
    has_automations(world, {**REMIND, "when": {"priority": ["urgent"]}})
    world.mail(letter())
    world.pass_time(hours=3)
    sweep(world)
    assert names(world) == []
    # Nothing rings for it any more until somebody touches the ticket.
    assert alarm(world) is None
    edit(world, priority="urgent")
    sweep(world)
    assert names(world) == ["remind"]


def test_what_waits_for_the_hours_of_a_calendar_rings_until_they_come(world: World) -> None:
    world.pass_time(hours=9)  # Monday 19:00 in Copenhagen
    has_automations(world, {**REMIND, "when": {"now": {"within": ["office"]}}})
    world.mail(letter())
    world.pass_time(hours=2)
    sweep(world)
    assert names(world) == []
    for _ in range(48):
        world.pass_time(minutes=15)
        world.sweep()
    assert names(world) == ["remind"]
    assert world.now.hour >= 7


def test_a_closed_ticket_has_no_alarm(world: World) -> None:
    has_automations(world, {**REMIND, "when": {}})
    world.mail(letter())
    edit(world, status="closed")
    assert alarm(world) is None
    world.pass_time(days=1)
    sweep(world)
    assert names(world) == []


def test_an_automation_may_follow_from_what_another_did(world: World) -> None:
    wait = {
        "id": "wait",
        "after": hours("replied_by_agent", 1),
        "do": [{"set": {"status": "pending"}}],
    }
    then = {
        "id": "then",
        "after": hours("status", 1),
        "when": {"status": ["pending"]},
        "do": [{"set": {"status": "solved"}}],
    }
    has_automations(world, wait, then)
    world.mail(letter())
    answer(world)
    world.pass_time(hours=1)
    sweep(world)
    assert ticket(world).status == "pending"
    world.pass_time(hours=1)
    sweep(world)
    assert ticket(world).status == "solved"
    assert names(world) == ["wait", "then"]


def test_what_a_trigger_does_counts_for_automations(world: World) -> None:
    pend = {
        "id": "pend",
        "on": ["noted"],
        "do": [{"set": {"status": "pending"}}],
    }
    after = {"id": "late", "after": hours("status", 1), "do": [{"note": "Late."}]}
    has_rules(world, pend, automations=[{**after, "when": {"status": ["pending"]}}])
    world.mail(letter())
    world.pass_time(hours=5)
    write_note(world)
    world.pass_time(minutes=59)
    sweep(world)
    assert names(world) == ["pend"]
    world.pass_time(minutes=1)
    sweep(world)
    assert names(world) == ["pend", "late"]


# Every ticket. -------------------------------------------------------------------------------


def test_a_new_automation_reaches_tickets_that_are_open_already(world: World) -> None:
    for number in range(3):
        world.mail(letter(f"Mail {number}", subject=f"Mail {number}"))
    world.pass_time(hours=1)
    answer(world, 1002)
    has_automations(world, {**REMIND, "when": {"status": ["new"]}})
    world.pass_time(minutes=1)
    sweep(world)
    assert [alarm(world, number) is not None for number in (1001, 1002, 1003)] == [True] * 3
    world.pass_time(hours=1)
    sweep(world)
    assert [names(world, number) for number in (1001, 1002, 1003)] == [["remind"], [], ["remind"]]


def test_a_walk_goes_on_where_a_sweep_left_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.rules.automations.PAGE", 2)
    monkeypatch.setattr("chalicelib.rules.automations.PAGES", 1)
    for number in range(5):
        world.mail(letter(f"Mail {number}", subject=f"Mail {number}"))
    has_automations(world, REMIND)
    world.pass_time(minutes=1)
    known = []
    for _ in range(8):
        world.sweep()
        world.pass_time(seconds=60)
        known.append(sum(alarm(world, number) is not None for number in range(1001, 1006)))
    assert known == sorted(known)
    assert known[-1] == 5
    assert len(set(known)) > 2
    found = table.fetch([table.RULES_WALK])[table.RULES_WALK]
    assert found.g4pk is None


def test_the_same_version_is_walked_once(world: World) -> None:
    has_automations(world, REMIND)
    world.mail(letter())
    world.pass_time(minutes=1)
    sweep(world, 4)
    before = table.fetch([table.RULES_WALK])[table.RULES_WALK].step
    detail = {
        "ticket": None,
        "seq": 2,
        "place": 0,
        "cause": "apply",
        "fact": {"version": 2, "sections": ["automations"]},
    }
    world.call("run_rules", {"detail": detail})
    assert table.fetch([table.RULES_WALK])[table.RULES_WALK].step == before


def test_a_change_that_moves_no_time_walks_nowhere(world: World) -> None:
    has_rules(world)
    assert table.fetch([table.RULES_WALK]) == {}
    has_automations(world, REMIND)
    before = table.fetch([table.RULES_WALK])[table.RULES_WALK].version
    has_automations(world, REMIND, name="Another name")
    assert table.fetch([table.RULES_WALK])[table.RULES_WALK].version == before


def test_an_automation_that_does_too_much_is_paused_and_goes_on_once_resumed(
    world: World,
) -> None:
    do = [{"notify": ["lead"], "text": "Look."}, {"notify": ["agent:anna"], "text": "Look."}]
    has_automations(world, {**REMIND, "do": do}, limits={"rule_mails": 1})
    world.mail(letter())
    world.pass_time(hours=2)
    sweep(world)
    assert names(world) == []
    assert "remind" in firing.standing(world.ports).paused
    assert alarm(world) is None
    has_automations(world, {**REMIND, "do": do}, limits={"rule_mails": 2})
    who = Who.from_agent(live_desk(world.ports).agents["lena"])
    rules.resume(world.ports, who, "remind")
    world.pass_time(minutes=2)
    sweep(world, 3)
    assert names(world) == ["remind"]


def test_resuming_while_a_sweep_walks_reaches_every_ticket_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_automations(world, REMIND)
    begin, raced = rules_store.begin_walk, iter([True])

    def begins_beside_a_sweep(*args: Any, **more: Any) -> None:
        if next(raced, False):
            raise table.Lost({})
        begin(*args, **more)

    world.pass_time(minutes=2)
    sweep(world, 3)
    monkeypatch.setattr(rules_store, "begin_walk", begins_beside_a_sweep)
    rules.resume(world.ports, Who.from_agent(live_desk(world.ports).agents["lena"]), "remind")
    walk = table.fetch([table.RULES_WALK])[table.RULES_WALK]
    assert isinstance(walk, rules_store.WalkItem)
    assert walk.group is not None


@pytest.mark.parametrize(
    ("spoiled", "place"),
    [
        ({"after": {"field": "opened"}}, "automations[0].after.hours"),
        ({"after": hours("opened", 0)}, "automations[0].after.hours"),
        ({"after": hours("closed", 1)}, "automations[0].after.field"),
        ({"when": {"text": {"contains": ["x"]}}}, "automations[0].when.text"),
        ({"when": {"priority": {"changed_to": ["low"]}}}, "automations[0].when.priority"),
    ],
)
def test_an_automation_without_a_time_or_with_what_is_gone_cannot_go_live(
    world: World, spoiled: dict[str, Any], place: str
) -> None:
    with pytest.raises(Invalid) as caught:
        has_automations(world, {**REMIND, **spoiled})
    assert place in caught.value.fields
