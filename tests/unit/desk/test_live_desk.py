"""Versions of the configuration: read cheaply, replaced in one step, never silently overwritten."""

from __future__ import annotations

import copy
from datetime import timedelta

import pytest

from chalicelib import table
from chalicelib.desk import store
from chalicelib.desk.service import apply, live_desk, rollback
from chalicelib.errors import Conflict, Invalid, NotFound
from chalicelib.facts import ConfigApplied
from chalicelib.ledger.model import Entry, flaws
from chalicelib.ledger.store import EntryItem, from_item
from chalicelib.ports import Ports
from tests.aws_calls import AwsCall, Response, Send, intercepted
from tests.world import DESK, World


def renamed(name: str) -> dict[str, object]:
    return {**copy.deepcopy(DESK), "name": name}


def calls_of_reading(ports: Ports) -> int:
    calls: list[str] = []

    def count(call: AwsCall, send: Send) -> Response:
        calls.append(call.operation)
        return send(call.params)

    with intercepted(count):
        live_desk(ports)
    return len(calls)


def test_a_warm_function_reads_nothing_and_then_only_the_pointer(world: World) -> None:
    live_desk(world.ports)
    assert calls_of_reading(world.ports) == 0
    world.pass_time(seconds=31)
    assert calls_of_reading(world.ports) == 1


def test_a_new_version_is_live_within_half_a_minute(world: World) -> None:
    before = live_desk(world.ports)
    cached = dict(world.ports.cache)
    assert apply(world.ports, renamed("Another desk")) == before.version + 1
    world.ports.cache.update(cached)  # as another warm function has it
    world.pass_time(seconds=31)
    assert live_desk(world.ports).name == "Another desk"


def test_applying_what_is_live_changes_nothing(world: World) -> None:
    assert apply(world.ports, DESK) == live_desk(world.ports).version


def test_two_administrators_at_once_do_not_overwrite_each_other(world: World) -> None:
    apply(world.ports, renamed("first"), expect=1)
    with pytest.raises(Conflict, match="Version 2 is live"):
        apply(world.ports, renamed("second"), expect=1)
    assert live_desk(world.ports).name == "first"


def test_a_configuration_with_mistakes_never_goes_live(world: World) -> None:
    with pytest.raises(Invalid):
        apply(world.ports, {"groups": {}})
    assert live_desk(world.ports).name == "Example desk"


def chain() -> list[Entry]:
    items = table.query(store.SCOPE).items
    return [from_item(item) for item in items if isinstance(item, EntryItem)]


def test_of_two_applies_at_the_same_instant_one_gets_a_conflict(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = world.ports.blobs.put

    def overtaken(*args: object, **more: object) -> None:
        monkeypatch.undo()
        apply(world.ports, renamed("faster"))
        put(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(world.ports.blobs, "put", overtaken)
    with pytest.raises(Conflict, match="meanwhile"):
        apply(world.ports, renamed("slower"))
    assert live_desk(world.ports).name == "faster"
    assert [version.number for version in store.versions()] == [1, 2]


def test_a_rollback_makes_an_old_body_live_as_a_new_version(world: World) -> None:
    apply(world.ports, renamed("second"), by="anna", comment="a better name")
    assert rollback(world.ports, 1, by="lena") == 3
    assert live_desk(world.ports).name == "Example desk"
    told = [(version.by, version.comment) for version in store.versions()]
    assert told == [("operator", ""), ("anna", "a better name"), ("lena", "back to version 1")]
    first, _, third = store.versions()
    assert (first.sha256, first.file) == (third.sha256, third.file)


def test_a_rollback_to_what_is_live_changes_nothing(world: World) -> None:
    assert rollback(world.ports, 1) == 1
    assert len(list(store.versions())) == 1


def test_a_rollback_to_what_never_was_is_refused(world: World) -> None:
    with pytest.raises(NotFound, match="python -m infra versions"):
        rollback(world.ports, 7)


def test_a_rollback_overtaken_by_another_version_gets_a_conflict(world: World) -> None:
    apply(world.ports, renamed("second"))
    with pytest.raises(Conflict, match="Version 2 is live"):
        rollback(world.ports, 1, expect=1)


def test_every_version_is_an_entry_of_one_chain(world: World) -> None:
    apply(world.ports, renamed("second"))
    rollback(world.ports, 1)
    entries = chain()
    assert flaws(entries) == []
    assert [entry.cause for entry in entries] == ["apply", "apply", "rollback"]
    facts = [fact for entry in entries for fact in entry.facts]
    assert all(isinstance(fact, ConfigApplied) for fact in facts)
    assert [fact.sections for fact in facts] == [sorted(DESK), ["name"], ["name"]]
    assert {entry.actor for entry in entries} == {"system:operator"}


def test_a_calendar_that_does_not_open_within_a_year_never_goes_live(world: World) -> None:
    body = copy.deepcopy(DESK)
    today = world.now.date()
    days = (today + timedelta(days=n) for n in range(370))
    body["calendars"]["office"]["holidays"] = [day.isoformat() for day in days]
    with pytest.raises(Invalid) as caught:
        apply(world.ports, body)
    assert "within a year" in caught.value.fields["calendars.office"]


def test_a_stack_without_a_desk_says_what_to_do(world: World) -> None:
    item = table.fetch([table.CONFIG_KEY])[table.CONFIG_KEY]
    table.transact([table.Write(item, is_removal=True)])
    world.ports.cache.clear()
    with pytest.raises(NotFound, match="python -m infra apply"):
        live_desk(world.ports)
