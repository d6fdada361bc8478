"""A clock in the table: short, and readable after years."""

from dataclasses import replace

import pytest

from chalicelib.clocks.model import ClockState, Metric
from chalicelib.clocks.stored import clocks_of, to_list
from tests.unit.clocks.story import HOUR, Ticket, monday
from tests.unit.clocks.test_warnings import CAREFUL

OLD = ["resolution", "standard", "office", 57600, 0, "running", 1768208400, 1768208400, 1768381200]


@pytest.mark.parametrize(
    "ticket",
    [
        Ticket(),
        Ticket(CAREFUL).rung(monday("10:10")),
        Ticket(priority="low").answered(monday("10:00.25")).set("pending", monday("11:00")),
        Ticket(replace(CAREFUL, is_internal=True)).swept(monday("12:00")),
    ],
    ids=["new", "warned", "paused", "internal"],
)
def test_a_clock_comes_back_as_it_was_stored(ticket):
    assert clocks_of([to_list(clock) for clock in ticket.clocks]) == ticket.clocks


def test_a_clock_of_before_is_read_and_stored_the_same():
    [clock] = clocks_of([OLD])
    assert (clock.metric, clock.state) == (Metric.RESOLUTION, ClockState.RUNNING)
    assert (clock.target, clock.due_at) == (16 * HOUR, monday("09:00").replace(day=14))
    assert (clock.step_at, clock.reached, clock.is_internal) == (None, (), False)
    assert (clock.missed_after, clock.acknowledged) == (None, None)
    assert to_list(clock) == OLD
