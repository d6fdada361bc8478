"""The sweep: however much is due or open, each alarm rings once, in time, and at its own price."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.alarms import service as alarms
from chalicelib.desk.service import live_desk
from chalicelib.ports import Ports
from chalicelib.sla import service as sla
from chalicelib.table import Item
from chalicelib.tickets.store import HeadItem
from tests.bench.sweeping import DUE, HASTY, PATIENT, fill, metered
from tests.flows.test_mail_to_ticket import timeline
from tests.world import World, letter, new_world


def breaches(world: World, number: int) -> list[str]:
    names = [name for entry in timeline(world, number).entries for name in entry.types]
    return [name for name in names if name == "TargetBreached"]


# What it costs. ------------------------------------------------------------------------------


def cost(monkeypatch: pytest.MonkeyPatch, size: int) -> Any:
    """Calls and units of a sweep with so many open tickets, of which the same are due."""
    with new_world(monkeypatch) as world:
        desk = live_desk(world.ports)
        fill(desk, range(10_000, 10_000 + size - DUE), PATIENT, world.now)
        fill(desk, range(5_000, 5_000 + DUE), HASTY, world.now)
        world.pass_time(minutes=2)
        rang, meter = metered(world.app)
    assert rang == DUE
    return meter.counts(), meter.read_units, meter.write_units, meter.index_units


def test_the_same_due_cost_the_same_however_many_are_open(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cost(monkeypatch, 100) == cost(monkeypatch, 1_000)


# Ten thousand at once. -----------------------------------------------------------------------


def test_what_a_sweep_has_no_time_for_is_done_by_the_next_and_nothing_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alarms, "PAGE", 7)
    numbers = range(1_001, 1_061)
    fill(live_desk(world.ports), numbers, HASTY, world.now)
    world.pass_time(minutes=2)
    rung: list[str] = []

    def slow(_ports: Ports, item: Item) -> None:
        rung.append(item.pk)
        world.pass_time(seconds=2)

    answers = {HeadItem: alarms.in_turn(sla.tick, slow)}
    assert [alarms.ring(world.ports, answers) for _ in range(4)] == [25, 25, 10, 0]
    assert sorted(rung) == [f"T#{number}" for number in numbers]
    assert all(len(breaches(world, number)) == 1 for number in numbers)


def test_what_is_overdue_the_longest_rings_first_whichever_shard_has_it(world: World) -> None:
    desk = live_desk(world.ports)
    for number in (1_005, 1_002, 1_004, 1_001, 1_003):
        fill(desk, range(number, number + 1), HASTY, world.now)
        world.pass_time(seconds=1)
    world.pass_time(minutes=2)
    rung: list[str] = []
    alarms.ring(world.ports, {HeadItem: lambda _ports, item: rung.append(item.pk)})
    assert rung == ["T#1005", "T#1002", "T#1004", "T#1001", "T#1003"]


# In time. ------------------------------------------------------------------------------------


@pytest.mark.parametrize("second", [0, 1, 29, 59])
def test_a_miss_is_recorded_by_the_first_sweep_after_it(world: World, second: int) -> None:
    """Sweeps come every minute; the ticket comes at any second of one."""
    world.pass_time(seconds=second)
    world.mail(letter(to="quick@desk.example"))
    due_at = timeline(world).ticket.clocks[0].due_at
    assert due_at is not None
    world.pass_time(seconds=60 - second)
    while world.now < due_at:
        world.sweep()
        assert breaches(world, 1_001) == []
        world.pass_time(minutes=1)
    world.sweep()
    assert breaches(world, 1_001) == ["TargetBreached"]
    assert world.now - due_at <= timedelta(seconds=90)
