"""A warning before a target, in its own open time, once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.clocks.model import Forewarning, Metric
from chalicelib.clocks.targets import newly_warned, next_alarm, next_due, with_warnings
from tests.unit.clocks.story import CALENDARS, HOUR, MINUTE, STANDARD, Ticket, monday, tuesday

HALF, SOON = Forewarning("50%", share=0.5), Forewarning("-30m", before=30 * MINUTE)
CAREFUL = replace(STANDARD, name="careful", warnings=(SOON, HALF))


def first(ticket):
    return ticket[Metric.FIRST_REPLY]


def test_a_warning_is_given_at_a_share_of_the_target_and_then_some_time_before_it():
    ticket = Ticket(CAREFUL)
    assert first(ticket).warn_at == monday("10:00")
    ticket.warned(monday("10:00"))
    assert (first(ticket).warned, first(ticket).warn_at) == (("50%",), monday("10:30"))
    ticket.warned(monday("10:30"))
    assert (first(ticket).warned, first(ticket).warn_at) == (("50%", "-30m"), None)


def test_a_warning_counts_open_time_as_its_target_does():
    assert first(Ticket(CAREFUL, at=monday("15:30"))).warn_at == tuesday("08:30")


def test_nobody_is_warned_twice():
    ticket = Ticket(CAREFUL).warned(monday("10:00"))
    before = ticket.clocks
    assert ticket.warned(monday("10:01")).clocks == before


def test_warnings_that_no_sweep_came_for_are_given_as_one():
    before = Ticket(CAREFUL)
    after = Ticket(CAREFUL).warned(monday("10:45"))
    [(clock, label)] = newly_warned(before.clocks, after.clocks)
    assert (clock.metric, label) == (Metric.FIRST_REPLY, "-30m")


def test_after_a_miss_there_is_nothing_left_to_warn_of():
    assert first(Ticket(CAREFUL).warned(monday("11:00"))).warned == ()


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
    assert first(ticket).warn_at is None


def test_a_pause_holds_warnings_back_and_what_is_left_comes_after_it():
    ticket = Ticket(CAREFUL).answered(monday("09:30")).set("pending", monday("10:00"))
    assert ticket[Metric.RESOLUTION].warn_at is None
    ticket.set("open", tuesday("10:00"))
    # Eight hours of sixteen: one on Monday, six on Tuesday, one on Wednesday.
    assert ticket[Metric.RESOLUTION].warn_at == tuesday("09:00") + timedelta(days=1)


def test_with_a_new_target_only_what_was_not_given_moves():
    ticket = Ticket(CAREFUL).warned(monday("10:00")).moved_to(monday("10:05"), priority="low")
    assert first(ticket).warned == ("50%",)
    assert first(ticket).warn_at == tuesday("08:30")


def test_a_target_shorter_than_its_warning_has_none():
    urgent = replace(CAREFUL, targets={(Metric.FIRST_REPLY, "normal"): 20 * MINUTE})
    assert first(Ticket(replace(urgent, warnings=(SOON,)))).warn_at is None


def test_the_next_alarm_is_a_warning_or_a_miss_whichever_is_first():
    ticket = Ticket(CAREFUL)
    assert next_alarm(ticket.clocks) == monday("10:00")
    assert next_due(ticket.clocks) == monday("11:00")
    assert next_alarm(ticket.warned(monday("10:50")).clocks) == monday("11:00")
    assert next_alarm(()) is None


def test_the_warnings_of_a_policy_that_is_gone_end_quietly():
    clocks = with_warnings(Ticket(CAREFUL).clocks, {}, CALENDARS, monday("10:10"))
    assert [clock.warn_at for clock in clocks if clock.metric is Metric.FIRST_REPLY] == [None]
    assert clocks[0].warned == ()


def test_a_target_half_used_is_half_of_its_time():
    assert HALF.after(3 * HOUR) == 90 * MINUTE
