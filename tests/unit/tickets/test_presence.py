"""Who has a ticket open: seen by each other, forgotten in time, for nobody else to know."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib import table
from chalicelib.errors import Forbidden, NotFound
from chalicelib.ledger.model import Actor
from chalicelib.tickets import presence, service, store
from chalicelib.tickets.access import Who
from chalicelib.tickets.edits import Edit
from chalicelib.tickets.presence import CHECKED_FOR, PRESENT_FOR, Mode
from tests.meter import Meter
from tests.web.desk import NUMBER, agent, ticket
from tests.world import World, letter


@pytest.fixture(autouse=True)
def _ticket(world: World) -> None:
    world.mail(letter())


def beat(world: World, name: str, mode: str = "viewing") -> list[tuple[str, str]]:
    """One beat of an agent, and whom it shows."""
    found = presence.beat(world.ports, agent(world, name), NUMBER, Mode(mode))
    return [(one.actor, one.mode) for one in found]


def test_two_agents_see_each_other_and_what_the_other_does(world: World) -> None:
    assert beat(world, "anna") == []
    assert beat(world, "lena", "composing") == [("agent:anna", "viewing")]
    assert beat(world, "anna") == [("agent:lena", "composing")]


def test_who_writes_stands_before_who_reads(world: World) -> None:
    beat(world, "anna")
    program = Who(Actor("token", "a.b c"), "crm", "", frozenset({"tickets:read"}), None)
    presence.beat(world.ports, program, NUMBER, Mode.COMPOSING)
    assert beat(world, "lena") == [("token:a.b c", "composing"), ("agent:anna", "viewing")]


def test_who_leaves_is_gone_at_once(world: World) -> None:
    beat(world, "anna")
    beat(world, "lena")
    assert beat(world, "anna", "left") == [("agent:lena", "viewing")]
    assert beat(world, "lena") == []


def test_leaving_what_one_never_entered_writes_nothing(world: World) -> None:
    assert beat(world, "anna", "left") == []
    assert table.fetch([(table.ticket_pk(NUMBER), table.PRESENCE)]) == {}


def test_one_beat_may_be_missed_and_two_may_not(world: World) -> None:
    beat(world, "anna")
    world.pass_time(seconds=PRESENT_FOR.seconds - 1)
    assert beat(world, "lena") == [("agent:anna", "viewing")]
    world.pass_time(seconds=1)
    assert beat(world, "lena") == []


def test_a_beat_is_one_call_and_one_write_unit(world: World) -> None:
    beat(world, "anna")
    beat(world, "lena")
    with Meter() as meter:
        beat(world, "anna", "composing")
    assert [call.operation for call in meter.calls] == ["UpdateItem"]
    assert (meter.write_units, meter.index_units) == (1, 0)


def test_a_beat_wakes_nothing_and_changes_no_ticket(world: World) -> None:
    before = ticket()
    world.stream()
    beat(world, "anna")
    beat(world, "anna", "composing")
    assert world.stream() == []
    assert ticket() == before


def test_a_ticket_that_is_not_theirs_to_see_does_not_exist(world: World) -> None:
    with pytest.raises(NotFound):
        beat(world, "hugo")
    with pytest.raises(NotFound):
        presence.beat(world.ports, agent(world), 4711, Mode.VIEWING)
    assert beat(world, "anna") == []


def test_nobody_watches_for_long_what_has_gone_to_another_group(world: World) -> None:
    beat(world, "anna")
    service.edit_ticket(world.ports, agent(world, "lena"), NUMBER, Edit(group="hr"))
    world.now += CHECKED_FOR - timedelta(seconds=1)
    beat(world, "anna")
    world.pass_time(seconds=1)
    with pytest.raises(NotFound):
        beat(world, "anna")


def test_who_is_long_gone_is_forgotten_when_somebody_comes(world: World) -> None:
    beat(world, "anna")
    world.pass_time(minutes=5)
    beat(world, "lena")
    found = store.timeline(NUMBER)
    assert found is not None
    assert [one.actor for one in found.presences] == ["agent:lena"]


def test_presence_is_forgotten_by_the_table_too(world: World) -> None:
    beat(world, "anna")
    item = table.fetch([(table.ticket_pk(NUMBER), table.PRESENCE)]).popitem()[1]
    assert item.ttl == int((world.now + PRESENT_FOR).timestamp())


def test_two_who_come_at_the_same_moment_are_both_there(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    load, is_first = store.load, iter([True])

    def load_and_be_overtaken(*keys: object) -> object:
        found = load(*keys)  # type: ignore[arg-type]
        if next(is_first, False):
            beat(world, "lena")
        return found

    monkeypatch.setattr(store, "load", load_and_be_overtaken)
    assert beat(world, "anna") == [("agent:lena", "viewing")]


def test_a_program_needs_the_scope_to_read(world: World) -> None:
    nobody = Who(Actor("token", "t"), "t", "", frozenset({"exports"}), None)
    with pytest.raises(Forbidden):
        presence.beat(world.ports, nobody, NUMBER, Mode.VIEWING)
