"""How far an export is: who may go on with it, and what it counts."""

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.exports.model import Cursor, Export, State, description_name, part_name

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ASKED = Export("e1", "agent:lena", NOW, last_number=1002)


def test_a_new_export_waits_for_whoever_comes_first() -> None:
    assert ASKED.is_left(NOW)


def test_a_held_export_is_left_when_its_lease_is_over() -> None:
    held = ASKED.given_back(state=State.RUNNING, lease_until=NOW + timedelta(minutes=1))
    assert not held.is_left(NOW)
    assert held.is_left(NOW + timedelta(minutes=1))


@pytest.mark.parametrize("state", [State.DONE, State.FAILED])
def test_nothing_is_left_of_an_export_that_is_over(state: State) -> None:
    assert not ASKED.given_back(state=state).is_left(NOW + timedelta(days=1))


def test_every_part_adds_to_the_counts() -> None:
    once = ASKED.with_part({"tickets": 2}, 100)
    twice = once.with_part({"tickets": 1, "people": 3}, 50)
    assert (twice.parts, twice.counts, twice.size) == (2, {"people": 3, "tickets": 3}, 150)


def test_giving_it_back_ends_the_lease_and_forgets_failed_attempts() -> None:
    held = ASKED.given_back(attempt=3, lease_until=NOW)
    back = held.given_back(cursor=Cursor("people"))
    assert (back.lease_until, back.attempt, back.cursor) == (None, 0, Cursor("people"))


def test_a_part_and_its_description_share_a_name() -> None:
    assert (part_name(7), description_name(7)) == ("part-0007.zip", "part-0007.json")
    assert part_name(12345) == "part-12345.zip"


def test_programs_see_instants_in_utc() -> None:
    assert ASKED.to_json()["requested_at"] == "2026-03-02T09:00:00.000000Z"
