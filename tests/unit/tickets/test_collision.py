"""Who changes the same field as somebody else is told; who changes another one is not."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from chalicelib import facts
from chalicelib.tickets import edits
from chalicelib.tickets.collision import Clash, narrowed
from chalicelib.tickets.edits import UNSET, Edit
from chalicelib.tickets.model import Status
from tests.unit.tickets.test_changes import NOW, ticket
from tests.world import World

LOW = facts.PriorityChanged("normal", "low")


@pytest.fixture
def desk(world: World) -> Any:
    from chalicelib.desk.service import live_desk

    return live_desk(world.ports)


def test_a_field_that_nobody_else_changed_is_changed(desk: Any) -> None:
    edit = Edit(tags=["door"])
    assert narrowed(ticket(priority="low"), [LOW], edit, desk, NOW) == edit


def test_a_field_left_as_it_was_read_stays_as_others_set_it(desk: Any) -> None:
    edit = Edit(priority="normal", tags=["door"])
    left = narrowed(ticket(priority="low"), [LOW], edit, desk, NOW)
    assert left == Edit(tags=["door"])
    assert left.priority is UNSET


def test_a_field_that_both_changed_is_named_with_what_it_is_now(desk: Any) -> None:
    changed = ticket(priority="low", assignee="anna", tags=("a", "b"))
    since = [LOW, facts.AssigneeChanged(None, "anna"), facts.TagsChanged([], ["a", "b"])]
    edit = Edit(priority="high", assignee="lena", tags=[], subject="New")
    with pytest.raises(Clash) as clash:
        narrowed(changed, since, edit, desk, NOW)
    assert clash.value.fields == {"assignee": "anna@agents.example", "priority": "low"}
    assert clash.value.meant == {"assignee", "priority", "subject"}


def test_who_wants_what_others_did_is_no_conflict(desk: Any) -> None:
    changed = ticket(priority="low")
    left = narrowed(changed, [LOW], Edit(priority="low"), desk, NOW)
    assert edits.edited(changed, left, desk, NOW) is None


def test_what_others_changed_and_changed_back_is_no_conflict(desk: Any) -> None:
    since = [LOW, facts.PriorityChanged("low", "normal")]
    edit = Edit(priority="high")
    assert narrowed(ticket(), since, edit, desk, NOW) == edit


def test_the_first_of_several_changes_says_what_was_read(desk: Any) -> None:
    since = [
        facts.StatusChanged("open", "pending"),
        facts.DeliveryQueued("1-a", "reply"),
        facts.StatusChanged("pending", "solved"),
    ]
    solved = ticket(status=Status.SOLVED)
    assert narrowed(solved, since, Edit(status="open"), desk, NOW) == Edit()
    with pytest.raises(Clash) as clash:
        narrowed(solved, since, Edit(status="pending"), desk, NOW)
    assert clash.value.fields == {"status": "solved"}


def test_a_wait_that_ended_with_its_status_is_not_asked_for_again(desk: Any) -> None:
    form = Edit(status="pending", until="2026-03-09T08:00", reason="Parts", tags=["door"])
    since = [facts.StatusChanged("pending", "open")]
    assert narrowed(ticket(), since, form, desk, NOW) == Edit(tags=["door"])


def test_a_wait_that_others_changed_is_named_as_the_form_shows_it(desk: Any) -> None:
    soon, later = (f"2026-03-{day:02}T07:00:00+00:00" for day in (9, 10))
    pending = ticket(status=Status.PENDING, until=datetime.fromisoformat(later))
    since = [facts.UntilChanged(soon, later)]
    untouched = Edit(until="2026-03-09T08:00", tags=["door"])
    assert narrowed(pending, since, untouched, desk, NOW) == Edit(tags=["door"])
    with pytest.raises(Clash) as clash:
        narrowed(pending, since, Edit(until="2026-03-11T08:00"), desk, NOW)
    assert clash.value.fields == {"until": "2026-03-10T08:00"}


def test_where_nobody_knows_what_happened_every_change_is_a_conflict(desk: Any) -> None:
    with pytest.raises(Clash) as clash:
        narrowed(ticket(), None, Edit(priority="high", tags=[]), desk, NOW)
    assert clash.value.fields == {"priority": "normal"}
    assert narrowed(ticket(), None, Edit(tags=[]), desk, NOW) == Edit(tags=[])
