"""Escalation ladders, step by step: each once, whatever becomes of sweeps and of the bus."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from chalicelib import table
from chalicelib.desk import service as desks
from chalicelib.errors import Conflict, NotFound
from chalicelib.facts import Fact
from chalicelib.people.absences import Absence, item_of
from chalicelib.sla import service as sla
from chalicelib.sla.words import sentence
from chalicelib.tickets import joining, service
from chalicelib.tickets.access import Who
from chalicelib.tickets.edits import Edit
from chalicelib.tickets.store import head_key
from tests.flows.test_clock import facts_of
from tests.flows.test_mail_to_ticket import answer, timeline
from tests.world import DESK, World, letter

LENA, ANNA, HUGO = (f"{name}@agents.example" for name in ("lena", "anna", "hugo"))
USUAL: list[dict[str, Any]] = [
    {"at": "50%", "notify": ["assignee"]},
    {"at": "0", "notify": ["group_lead"], "repeat": {"every": "30m", "max": 2}},
    {
        "at": "+1h",
        "notify": ["agent:hugo", "email:duty@partner.example"],
        "set": {"priority": "high", "add_tags": ["late"]},
    },
    {"at": "+1d", "notify": ["group_lead"]},
]
STEPS = ("TargetNear", "TargetBreached", "TargetOverdue", "StepCalled", "Escalated")


def under(world: World, *steps: dict[str, Any]) -> None:
    """The desk with a ladder for the first reply, which takes four hours of the office."""
    body = copy.deepcopy(DESK)
    body["ladders"] = {"usual": {"steps": list(steps) or USUAL}}
    body["policies"]["standard"]["ladders"] = {"first_reply": "usual"}
    desks.apply(world.ports, body)


@pytest.fixture
def laddered(world: World) -> World:
    under(world)
    world.mail(letter())
    return world


def who(world: World, name: str) -> Who:
    return Who.from_agent(desks.live_desk(world.ports).agents[name])


def edit(world: World, **fields: Any) -> None:
    service.edit_ticket(world.ports, who(world, "lena"), 1001, Edit(**fields))


def swept(world: World, **parts: float) -> None:
    """Time passes, then a sweep comes and all react."""
    world.pass_time(**parts)
    world.sweep()
    world.settle()


def facts(world: World, *types: str) -> Iterator[Fact]:
    for entry in timeline(world).entries:
        yield from (fact for fact in entry.facts if fact.type in types)


def told(world: World) -> list[tuple[str, int, str]]:
    """Who was told so far: by which step, for the how-manieth time, and who."""
    return [
        (one.at, one.calls, one.agent or one.email or one.role) for one in facts(world, "Escalated")
    ]


def notices(world: World, address: str) -> int:
    return len(world.mails_to(address))


# --- Step by step ---


def test_each_step_tells_whom_it_names_and_sets_what_it_says(laddered: World) -> None:
    edit(laddered, assignee="anna")
    swept(laddered, hours=2)
    assert told(laddered) == [("50%", 1, "anna")]
    swept(laddered, hours=2)
    assert told(laddered)[1:] == [("0", 1, "lena")]
    swept(laddered, minutes=30)
    swept(laddered, minutes=30)
    assert told(laddered)[2:] == [
        ("0", 2, "lena"),
        ("0", 3, "lena"),
        ("+1h", 1, "hugo"),
        ("+1h", 1, "duty@partner.example"),
    ]
    ticket = timeline(laddered).ticket
    assert (ticket.priority, ticket.tags) == ("high", ("late",))
    assert [notices(laddered, one) for one in (ANNA, LENA, HUGO)] == [1, 3, 1]
    assert notices(laddered, "duty@partner.example") == 1


def test_a_notice_says_which_level_it_is_of_and_why_one_gets_it(laddered: World) -> None:
    swept(laddered, hours=2)
    near = laddered.mails_to(LENA)[-1]
    assert str(near["Subject"]).startswith("Due soon on ticket #1001")
    assert "Level: 1" in near.as_string()
    assert "nobody has the ticket" in near.as_string()
    swept(laddered, hours=2)
    swept(laddered, minutes=30)
    missed = laddered.mails_to(LENA)[-1]
    assert str(missed["Subject"]).startswith("Target missed on ticket #1001")
    text = missed.as_string()
    assert ("Level: 2" in text, "Reminder: 1" in text) == (True, True)
    assert "because you lead the group" in text
    swept(laddered, minutes=30)
    assert "the desk names you" in laddered.mails_to(HUGO)[-1].as_string()


def test_the_next_step_is_when_the_sweep_looks_next(laddered: World) -> None:
    ticket = timeline(laddered).ticket
    assert ticket.due_at == laddered.now.replace(hour=11)
    laddered.pass_time(hours=1)
    assert laddered.sweep() == 0


def test_what_escalated_is_told_in_words(laddered: World) -> None:
    swept(laddered, hours=4)
    desk = desks.live_desk(laddered.ports)
    [first, *_] = sla.explain(laddered.ports, who(laddered, "lena"), 1001)
    words = [sentence(move, "en", desk) for move in first.moves if move.told]
    assert words == [
        "Close to being missed (50%).",
        "Level 1 (50%) told Lena Holm (group lead, since nobody has the ticket).",
        "Level 2 (0) told Lena Holm (group lead).",
    ]
    assert [(one.level, one.reached is not None) for one in first.ladder] == [
        (1, True),
        (2, True),
        (3, False),
        (4, False),
    ]
    assert first.ladder[2].comes_at == laddered.now.replace(hour=14)


def test_a_step_that_finds_nobody_says_so(world: World) -> None:
    body = copy.deepcopy(DESK)
    del body["groups"]["support"]["lead"]
    body["ladders"] = {"usual": {"steps": USUAL[1:]}}
    body["policies"]["standard"]["ladder"] = "usual"
    desks.apply(world.ports, body)
    world.mail(letter())
    swept(world, hours=4)
    assert told(world) == [("0", 1, "nobody")]


def test_what_cannot_be_set_is_said_and_the_rest_is_set(world: World) -> None:
    under(world, {"at": "0", "set": {"assignee": "hugo", "priority": "high"}})
    world.mail(letter())
    swept(world, hours=4)
    assert timeline(world).ticket.priority == "high"
    assert timeline(world).ticket.assignee is None
    [blocked] = facts(world, "StepBlocked")
    assert blocked.to_payload()["problems"] == {"assignee": "Hugo Dahl is not in the group support"}
    assert blocked.to_detail() == {"target": "first_reply", "at": "0", "level": 1}


def test_whom_a_step_assigns_is_told_again_until_they_take_note(world: World) -> None:
    again = {"every": "30m", "max": 5}
    under(world, {"at": "0", "set": {"assignee": "anna"}, "notify": ["assignee"], "repeat": again})
    world.mail(letter())
    swept(world, hours=4)
    swept(world, minutes=30)
    assert told(world) == [("0", 1, "anna"), ("0", 2, "anna")]
    edit(world, assignee="lena")
    swept(world, minutes=30)
    assert len(told(world)) == 2


# --- Whatever becomes of the sweep ---


def test_two_sweeps_at_once_make_one_miss_and_one_escalation_a_step(laddered: World) -> None:
    laddered.pass_time(hours=5)
    seen = table.fetch([head_key(1001)])[head_key(1001)]
    for _ in range(2):
        # Both have read the same, before either has written.
        sla.tick(laddered.ports, seen)
    laddered.settle()
    assert facts_of(laddered).count("TargetBreached") == 1
    assert [at for at, _, _ in told(laddered)] == ["50%", "0", "+1h", "+1h"]


def test_a_sweep_that_dies_half_way_leaves_the_rest_to_the_next(
    laddered: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    laddered.mail(letter("Another one.", subject="Another"))
    laddered.pass_time(hours=5)
    answered: list[int] = []
    tick = service.save

    def dying(*args: Any, **more: Any) -> Any:
        if answered:
            raise KeyboardInterrupt
        answered.append(1)
        return tick(*args, **more)

    with monkeypatch.context() as patched:
        patched.setattr(service, "save", dying)
        with pytest.raises(KeyboardInterrupt):
            laddered.sweep()
    for _ in range(2):
        laddered.sweep()
        laddered.settle()
    for number in (1001, 1002):
        assert facts_of(laddered, number).count("TargetBreached") == 1
        assert facts_of(laddered, number).count("Escalated") == 4


def test_after_a_day_without_sweeps_each_step_comes_once_and_calls_once(laddered: World) -> None:
    swept(laddered, hours=28)
    assert [fact.type for fact in facts(laddered, *STEPS)][:4] == [
        "TargetNear",
        "TargetBreached",
        "TargetOverdue",
        "TargetOverdue",
    ]
    assert [(at, calls) for at, calls, _ in told(laddered)] == [
        ("50%", 1),
        ("0", 1),
        ("+1h", 1),
        ("+1h", 1),
        ("+1d", 1),
    ]
    for _ in range(3):
        laddered.sweep()
        laddered.settle()
    assert len(told(laddered)) == 5


def test_a_fact_that_the_bus_brings_twice_is_followed_once(laddered: World) -> None:
    laddered.pass_time(hours=5)
    laddered.sweep()
    records = laddered.stream()
    for _ in range(2):
        laddered.call("relay", {"Records": records})
        laddered.react()
    laddered.settle()
    assert [at for at, _, _ in told(laddered)] == ["50%", "0", "+1h", "+1h"]


def test_what_was_answered_before_the_bus_came_is_not_called_for(laddered: World) -> None:
    laddered.pass_time(hours=2)
    laddered.sweep()
    answer(laddered)
    laddered.settle()
    assert facts_of(laddered).count("TargetNear") == 1
    assert told(laddered) == []


def test_a_late_answer_that_is_faster_than_the_sweep_still_tells_the_lead(laddered: World) -> None:
    laddered.pass_time(hours=4, seconds=20)
    answer(laddered)
    swept(laddered, hours=2)
    assert told(laddered) == [("0", 1, "lena")]


# --- Quiet hours ---


def test_what_comes_on_friday_evening_is_told_on_monday_morning(world: World) -> None:
    under(
        world,
        {"at": "+6h", "clock": "calendar", "notify": ["group_lead"], "set": {"priority": "high"}},
        {"at": "+7h", "clock": "calendar", "notify": ["agent:hugo"], "urgent": True},
    )
    world.pass_time(days=4)  # Friday, 10:00 in Copenhagen
    world.mail(letter())
    for _ in range(24 * 3):
        swept(world, hours=1)
    [late, urgent] = facts(world, "TargetOverdue")
    assert (late.to_payload()["waits"], urgent.to_payload()["waits"]) == (True, False)
    at = {fact.type: [] for fact in facts(world, "Escalated", "PriorityChanged")}
    for entry in timeline(world).entries:
        for fact in entry.facts:
            if fact.type in at:
                at[fact.type].append(entry.at)
    assert at["PriorityChanged"] == [datetime.fromisoformat("2026-03-06T19:00Z")]
    assert at["Escalated"] == [
        datetime.fromisoformat("2026-03-06T20:00Z"),
        datetime.fromisoformat("2026-03-09T07:00Z"),
    ]
    assert told(world) == [("+7h", 1, "hugo"), ("+6h", 1, "lena")]


def test_over_the_change_of_the_clocks_a_day_later_is_the_same_time_of_day(world: World) -> None:
    under(world, {"at": "+2d", "notify": ["group_lead"], "urgent": True})
    world.now = datetime.fromisoformat("2026-03-27T08:00Z")  # Friday, 9:00 in Copenhagen
    world.mail(letter())
    swept(world, hours=4)
    # Missed at 13:00 in winter time; two days later it is 13:00 in summer time.
    assert timeline(world).ticket.due_at == datetime.fromisoformat("2026-03-29T11:00Z")


# --- Taking note ---


def test_taking_note_ends_the_calls_and_the_next_level_comes_all_the_same(
    laddered: World,
) -> None:
    swept(laddered, hours=4)
    sla.acknowledge(laddered.ports, who(laddered, "anna"), 1001)
    assert timeline(laddered).ticket.clocks[0].acknowledged == ("agent:anna", laddered.now)
    swept(laddered, minutes=30)
    assert [at for at, _, _ in told(laddered)] == ["50%", "0"]
    swept(laddered, minutes=30)
    assert [at for at, _, _ in told(laddered)] == ["50%", "0", "+1h", "+1h"]
    # Somebody has to take note anew.
    assert timeline(laddered).ticket.clocks[0].acknowledged is None


def test_whoever_takes_note_first_stays_the_one(laddered: World) -> None:
    swept(laddered, hours=4)
    for name in ("anna", "lena"):
        sla.acknowledge(laddered.ports, who(laddered, name), 1001)
    assert timeline(laddered).ticket.clocks[0].acknowledged == ("agent:anna", laddered.now)
    assert facts_of(laddered).count("EscalationAcknowledged") == 1


def test_where_nothing_escalates_there_is_nothing_to_take_note_of(laddered: World) -> None:
    with pytest.raises(Conflict):
        sla.acknowledge(laddered.ports, who(laddered, "anna"), 1001)
    with pytest.raises(NotFound):
        sla.acknowledge(laddered.ports, who(laddered, "hugo"), 1001)


# --- Who is there ---


def away(world: World, agent: str, substitute: str | None) -> None:
    absence = Absence(agent, world.now, substitute=substitute)
    item_of(agent, [absence], seq=1, chain=b"").save()


def test_an_absent_assignee_is_told_and_so_is_who_stands_in(laddered: World) -> None:
    edit(laddered, assignee="anna")
    away(laddered, "anna", "lena")
    swept(laddered, hours=2)
    assert told(laddered) == [("50%", 1, "anna"), ("50%", 1, "lena")]
    assert "stand in for Anna Berg" in laddered.mails_to(LENA)[-1].as_string()


def test_who_stands_in_is_told_nothing_of_a_ticket_of_other_groups(laddered: World) -> None:
    edit(laddered, assignee="anna")
    away(laddered, "anna", "hugo")
    swept(laddered, hours=2)
    assert told(laddered) == [("50%", 1, "anna")]
    assert laddered.mails_to(HUGO) == []


def test_who_is_responsible_and_who_follows_is_told_where_a_step_names_them(world: World) -> None:
    under(world, {"at": "0", "notify": ["followers", "responsible", "group_lead"]})
    world.mail(letter())
    edit(world, responsible="lena", add_followers=["anna", "lena"])
    swept(world, hours=4)
    assert {one.agent: one.role for one in facts(world, "Escalated")} == {
        "anna": "followers",
        "lena": "followers",
    }


def test_who_stands_in_and_is_told_anyhow_is_told_once(world: World) -> None:
    under(world, {"at": "0", "notify": ["assignee", "group_lead"]})
    world.mail(letter())
    edit(world, assignee="anna")
    away(world, "anna", "lena")
    swept(world, hours=4)
    assert told(world) == [("0", 1, "anna"), ("0", 1, "lena")]


# --- What happens meanwhile ---


def test_a_new_priority_moves_what_has_not_come_and_repeats_nothing(laddered: World) -> None:
    swept(laddered, hours=2)
    edit(laddered, priority="low")
    swept(laddered, hours=2)
    assert told(laddered) == [("50%", 1, "lena")]
    edit(laddered, priority="high")
    laddered.settle()
    # Missed now, by the new terms; what follows the miss is counted from here.
    assert told(laddered)[1:] == [("0", 1, "lena")]
    assert timeline(laddered).ticket.clocks[0].breached_at == laddered.now


def test_reopened_the_resolution_goes_on_where_it_was(world: World) -> None:
    body = copy.deepcopy(DESK)
    body["ladders"] = {"usual": {"steps": USUAL[:2]}}
    body["policies"]["standard"]["ladder"] = "usual"
    desks.apply(world.ports, body)
    world.mail(letter())
    answer(world)
    edit(world, assignee="anna")
    swept(world, hours=24)
    assert told(world) == [("50%", 1, "anna")]
    edit(world, status="solved")
    swept(world, hours=1)
    edit(world, status="open")
    swept(world, hours=48)
    assert [at for at, _, _ in told(world)] == ["50%", "0"]


def test_a_merge_ends_what_calls_and_undoing_it_goes_on(laddered: World) -> None:
    laddered.mail(letter("Another one.", subject="Another"))
    swept(laddered, hours=4)
    joining.merge(laddered.ports, who(laddered, "lena"), 1001, 1002)
    swept(laddered, hours=1)
    assert [at for at, _, _ in told(laddered)] == ["50%", "0"]
    joining.unmerge(laddered.ports, who(laddered, "lena"), 1001)
    swept(laddered, minutes=1)
    assert [(at, calls) for at, calls, _ in told(laddered)] == [
        ("50%", 1),
        ("0", 1),
        ("0", 2),
        ("+1h", 1),
        ("+1h", 1),
    ]


def test_a_changed_ladder_is_applied_to_what_is_open_by_retarget(laddered: World) -> None:
    from chalicelib.sla.retarget import retarget

    under(laddered, {"at": "25%", "notify": ["group_lead"]})
    assert timeline(laddered).ticket.due_at == laddered.now.replace(hour=11)
    list(retarget(laddered.ports))
    assert timeline(laddered).ticket.due_at == laddered.now.replace(hour=10)


def test_a_ladder_costs_the_head_of_a_usual_ticket_next_to_nothing(laddered: World) -> None:
    def stored() -> int:
        item = table.fetch([head_key(1001)])[head_key(1001)]
        return len(str(item.serialize()["clocks"]))

    before = stored()
    swept(laddered, hours=5)
    assert stored() - before < 120


def test_the_example_of_the_manual_plays_as_it_says(world: World) -> None:
    text = (Path(__file__).parents[2] / "docs/sla.md").read_text()
    [example] = re.findall(r"```yaml\n(ladders:.*?)```", text, re.DOTALL)
    [table] = re.findall(r"\| when \| level \| what \|\n\|[-|]+\n(.*?)\n\n", text, re.DOTALL)
    under(world, *yaml.safe_load(example)["ladders"]["usual"]["steps"])
    world.now = datetime.fromisoformat("2026-03-06T10:00Z")  # Friday, 11:00 in Copenhagen
    world.mail(letter())
    while (at := timeline(world).ticket.clocks[0].step_at or at_first(world)) is not None:
        swept(world, seconds=(at - world.now).total_seconds())
    found = {
        (entry.at.astimezone(ZoneInfo("Europe/Copenhagen")).strftime("%A %H:%M"), str(fact.level))
        for entry in timeline(world).entries
        for fact in entry.facts
        if fact.type == "Escalated"
    }
    said = [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()]
    told_at = {
        (f"{when.split()[0]} {clock}", level)
        for when, level, what in said
        for clock in re.findall(r"\d\d:\d\d", when)
        if "calls nobody" not in what
    }
    assert found == told_at


def at_first(world: World) -> datetime | None:
    """When the first reply will be missed, if it still can be."""
    first = timeline(world).ticket.clocks[0]
    return None if first.breached_at else first.due_at
