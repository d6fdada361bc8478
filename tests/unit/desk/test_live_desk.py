"""Versions of the configuration: read cheaply, replaced in one step, never silently overwritten."""

from __future__ import annotations

import copy

import pytest

from chalicelib.desk.service import apply, live_desk
from chalicelib.errors import Conflict, Invalid, NotFound
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


def test_a_stack_without_a_desk_says_what_to_do(world: World) -> None:
    from chalicelib import table

    item = table.fetch([table.CONFIG_KEY])[table.CONFIG_KEY]
    table.transact([table.Write(item, is_removal=True)])
    world.ports.cache.clear()
    with pytest.raises(NotFound, match="python -m infra apply"):
        live_desk(world.ports)
