"""A warning before a target, in its own open time, once: a policy without a ladder."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.clocks.ladders import new_steps
from chalicelib.clocks.model import SIMPLE, Ladder, Metric
from chalicelib.clocks.targets import come_due, next_alarm, next_due
from chalicelib.desk.promises import warning
from tests.unit.clocks.story import CALENDARS, HOUR, MINUTE, STANDARD, Ticket, monday, tuesday

HALF, SOON = warning("50%"), warning("-30m")
CAREFUL = replace(STANDARD, name="careful", ladder=Ladder("", (SOON, HALF, *SIMPLE.steps)))


def first(ticket):
    return ticket[Metric.FIRST_REPLY]


def names(clock):
    return [one.step for one in clock.reached]


def test_a_warning_is_given_at_a_share_of_the_target_and_then_some_time_before_it():
    ticket = Ticket(CAREFUL)
    assert first(ticket).step_at == monday("10:00")
    ticket.rung(monday("10:00"))
    assert (names(first(ticket)), first(ticket).step_at) == (["50%"], monday("10:30"))
    ticket.rung(monday("10:30"))
    assert (names(first(ticket)), first(ticket).step_at) == (["50%", "-30m"], None)


def test_a_warning_counts_open_time_as_its_target_does():
    assert first(Ticket(CAREFUL, at=monday("15:30"))).step_at == tuesday("08:30")


def test_nobody_is_warned_twice():
    ticket = Ticket(CAREFUL).rung(monday("10:00"))
    before = ticket.clocks
    assert ticket.rung(monday("10:01")).clocks == before


def test_warnings_that_no_sweep_came_for_are_given_once_each_and_in_order():
    before = Ticket(CAREFUL).clocks
    after = Ticket(CAREFUL).rung(monday("10:45")).clocks
    found = [(clock.metric, one.step, again) for clock, one, again in new_steps(before, after)]
    assert found == [(Metric.FIRST_REPLY, "50%", False), (Metric.FIRST_REPLY, "-30m", False)]


def test_after_a_miss_there_is_nothing_left_to_warn_of():
    assert first(Ticket(CAREFUL).rung(monday("11:00"))).reached == ()


@pytest.mark.parametrize(
    "happening",
    [
        lambda ticket: ticket.answered(monday("09:30")),
        lambda ticket: ticket.set("solved", monday("09:30")),
        lambda ticket: ticket.set("merged", monday("09:30")),
    ],
    ids=["answered", "solved", "merged"],
)
def test_what_is_done_is_not_warned_of(happening):
    ticket = Ticket(CAREFUL)
    happening(ticket)
    assert first(ticket).step_at is None


def test_a_pause_holds_warnings_back_and_what_is_left_comes_after_it():
    ticket = Ticket(CAREFUL).answered(monday("09:30")).set("pending", monday("10:00"))
    assert ticket[Metric.RESOLUTION].step_at is None
    ticket.set("open", tuesday("10:00"))
    # Eight hours of sixteen: one on Monday, six on Tuesday, one on Wednesday.
    assert ticket[Metric.RESOLUTION].step_at == tuesday("09:00") + timedelta(days=1)


def test_with_a_new_target_only_what_was_not_given_moves():
    ticket = Ticket(CAREFUL).rung(monday("10:00")).moved_to(monday("10:05"), priority="low")
    assert names(first(ticket)) == ["50%"]
    assert first(ticket).step_at == tuesday("08:30")


def test_a_target_shorter_than_its_warning_has_none():
    urgent = replace(CAREFUL, targets={(Metric.FIRST_REPLY, "normal"): 20 * MINUTE})
    urgent = replace(urgent, ladder=Ladder("", (SOON, *SIMPLE.steps)))
    assert first(Ticket(urgent)).step_at is None


def test_the_next_alarm_is_a_warning_or_a_miss_whichever_is_first():
    ticket = Ticket(CAREFUL)
    assert next_alarm(ticket.clocks) == monday("10:00")
    assert next_due(ticket.clocks) == monday("11:00")
    assert next_alarm(ticket.rung(monday("10:50")).clocks) == monday("11:00")
    assert next_alarm(()) is None


def test_the_warnings_of_a_policy_that_is_gone_end_quietly():
    clocks = come_due(Ticket(CAREFUL).clocks, {}, CALENDARS, monday("10:10"))
    assert [clock.step_at for clock in clocks if clock.metric is Metric.FIRST_REPLY] == [None]
    assert clocks[0].reached == ()


def test_a_target_half_used_is_half_of_its_time():
    assert HALF.after(3 * HOUR) == 90 * MINUTE
