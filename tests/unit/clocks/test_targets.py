"""How replies and changes of status move the clocks of a ticket."""

from datetime import timedelta

import pytest

from chalicelib.clocks.model import ClockState, Metric, Terms
from chalicelib.clocks.targets import next_due, requester_wrote
from tests.unit.clocks.story import (
    HOUR,
    MINUTE,
    PATIENT,
    STANDARD,
    Ticket,
    monday,
    tuesday,
    wednesday,
)

# --- Opening ---


def test_a_new_ticket_waits_for_its_first_reply_and_its_resolution():
    ticket = Ticket()
    assert {clock.metric for clock in ticket.clocks} == {Metric.FIRST_REPLY, Metric.RESOLUTION}
    assert {clock.state for clock in ticket.clocks} == {ClockState.RUNNING}
    assert ticket[Metric.FIRST_REPLY].due_at == monday("11:00")
    assert ticket[Metric.RESOLUTION].due_at == wednesday("09:00")


def test_a_ticket_opened_at_night_has_its_time_from_the_next_opening():
    ticket = Ticket(at=monday("22:00"))
    assert ticket[Metric.FIRST_REPLY].started_at == monday("22:00")
    assert ticket[Metric.FIRST_REPLY].due_at == tuesday("10:00")


def test_a_priority_without_a_target_counts_but_is_never_due():
    ticket = Ticket(priority="low")
    resolution = ticket[Metric.RESOLUTION]
    assert (resolution.target, resolution.due_at) == (None, None)
    assert ticket.elapsed(Metric.RESOLUTION, tuesday("09:00")) == 8 * HOUR
    assert next_due(ticket.clocks) == ticket[Metric.FIRST_REPLY].due_at


def test_a_due_instant_is_rounded_up_to_the_second():
    ticket = Ticket(at=monday("09:00:00.000001"))
    assert ticket[Metric.FIRST_REPLY].due_at == monday("11:00:01")


# --- Replies ---


def test_a_reply_meets_the_first_reply():
    clock = Ticket().answered(monday("10:30"))[Metric.FIRST_REPLY]
    assert clock.state is ClockState.MET
    assert clock.met_at == monday("10:30")
    assert clock.elapsed == 90 * MINUTE
    assert clock.due_at == monday("11:00")
    assert not clock.is_running


def test_a_first_reply_is_met_only_once():
    ticket = Ticket().answered(monday("10:30")).answered(monday("12:00"))
    assert ticket[Metric.FIRST_REPLY].met_at == monday("10:30")


def test_a_reply_does_not_touch_the_resolution():
    ticket = Ticket()
    before = ticket[Metric.RESOLUTION]
    assert ticket.answered(monday("10:30"))[Metric.RESOLUTION] == before


def test_what_the_requester_adds_before_the_first_reply_starts_no_other_clock():
    ticket = Ticket()
    before = ticket.clocks
    assert ticket.written_to(monday("09:30")).clocks == before


def test_after_the_first_reply_the_requester_waits_for_the_next():
    ticket = Ticket().answered(monday("10:00")).written_to(monday("12:00"))
    assert ticket[Metric.NEXT_REPLY].due_at == monday("15:00")


def test_a_second_article_leaves_the_wait_of_the_first_unchanged():
    ticket = Ticket().answered(monday("10:00")).written_to(monday("12:00"))
    before = ticket.clocks
    assert ticket.written_to(monday("13:00")).clocks == before


def test_an_answer_meets_the_next_reply_and_the_article_after_it_starts_anew():
    ticket = Ticket().answered(monday("10:00")).written_to(monday("11:00"))
    ticket.answered(monday("12:00"))
    assert ticket[Metric.NEXT_REPLY].state is ClockState.MET
    ticket.written_to(monday("13:00"))
    assert ticket[Metric.NEXT_REPLY].started_at == monday("13:00")
    assert ticket[Metric.NEXT_REPLY].elapsed == timedelta(0)
    assert ticket[Metric.NEXT_REPLY].due_at == monday("16:00")


def test_a_ticket_without_clocks_starts_with_the_next_article():
    [clock] = requester_wrote((), Terms(STANDARD, "normal", "open", {}), monday("09:00"))
    assert clock.metric is Metric.NEXT_REPLY


# --- Status ---


def test_pending_pauses_the_resolution():
    ticket = Ticket().set("open", monday("10:00")).set("pending", monday("11:00"))
    clock = ticket[Metric.RESOLUTION]
    assert (clock.state, clock.due_at, clock.since) == (ClockState.PAUSED, None, None)
    assert ticket.elapsed(Metric.RESOLUTION, tuesday("11:00")) == 2 * HOUR


def test_pending_never_pauses_the_first_reply():
    ticket = Ticket().set("pending", monday("10:00"))
    assert ticket[Metric.FIRST_REPLY].due_at == monday("11:00")
    assert ticket[Metric.FIRST_REPLY].is_running


def test_a_policy_may_let_the_resolution_run_in_pending():
    ticket = Ticket(PATIENT)
    before = ticket.clocks
    assert ticket.set("pending", monday("10:00")).clocks == before


def test_on_hold_pauses_nothing():
    ticket = Ticket().answered(monday("10:00")).written_to(monday("10:30"))
    before = ticket.clocks
    assert ticket.set("on_hold", monday("11:00")).clocks == before


def test_from_pending_to_on_hold_the_resolution_goes_on():
    ticket = Ticket().set("pending", monday("10:00")).set("on_hold", monday("12:00"))
    assert ticket[Metric.RESOLUTION].is_running


def test_an_answer_to_a_pending_ticket_resumes_with_what_is_left():
    ticket = Ticket().answered(monday("10:00")).set("pending", monday("11:00"))
    ticket.written_to(tuesday("11:00")).set("open", tuesday("11:00"))
    assert ticket[Metric.RESOLUTION].state is ClockState.RUNNING
    assert ticket[Metric.RESOLUTION].started_at == monday("09:00")
    # Two of sixteen hours are gone: five pass on Tuesday, eight on Wednesday, one on Thursday.
    assert ticket[Metric.RESOLUTION].due_at == wednesday("09:00") + timedelta(days=1)
    assert ticket[Metric.NEXT_REPLY].due_at == tuesday("14:00")


def test_it_does_not_matter_whether_the_article_or_its_change_of_status_comes_first():
    one = Ticket().answered(monday("10:00")).set("pending", monday("11:00"))
    other = Ticket().answered(monday("10:00")).set("pending", monday("11:00"))
    one.written_to(monday("12:00")).set("open", monday("12:00"))
    other.set("open", monday("12:00")).written_to(monday("12:00"))
    assert one.clocks == other.clocks


def test_solving_meets_the_resolution_and_cancels_the_waiting_reply():
    ticket = Ticket().answered(monday("10:00")).written_to(monday("11:00"))
    ticket.set("solved", monday("12:00"))
    assert ticket[Metric.RESOLUTION].state is ClockState.MET
    assert ticket[Metric.RESOLUTION].met_at == monday("12:00")
    assert ticket[Metric.RESOLUTION].elapsed == 3 * HOUR
    assert ticket[Metric.NEXT_REPLY].state is ClockState.CANCELLED
    assert next_due(ticket.clocks) is None


def test_solving_without_a_word_cancels_the_first_reply():
    ticket = Ticket().set("solved", monday("10:00"))
    assert ticket[Metric.FIRST_REPLY].state is ClockState.CANCELLED
    assert ticket[Metric.FIRST_REPLY].due_at is None


def test_solving_a_pending_ticket_meets_the_resolution_without_the_time_in_pending():
    ticket = Ticket().set("pending", monday("10:00")).set("solved", monday("15:00"))
    assert ticket[Metric.RESOLUTION].state is ClockState.MET
    assert ticket[Metric.RESOLUTION].elapsed == HOUR


def test_closing_a_solved_ticket_changes_nothing():
    ticket = Ticket().answered(monday("10:00")).set("solved", monday("11:00"))
    before = ticket.clocks
    assert ticket.set("closed", wednesday("11:00")).clocks == before


def test_a_reopened_ticket_goes_on_where_it_stopped():
    ticket = Ticket().answered(monday("10:00")).set("solved", monday("11:00"))
    ticket.written_to(wednesday("08:00")).set("open", wednesday("08:00"))
    resolution = ticket[Metric.RESOLUTION]
    assert (resolution.state, resolution.met_at) == (ClockState.RUNNING, None)
    assert ticket.elapsed(Metric.RESOLUTION, wednesday("09:00")) == 3 * HOUR
    assert ticket[Metric.NEXT_REPLY].due_at == wednesday("11:00")


def test_a_reopened_ticket_has_no_second_first_reply():
    ticket = Ticket().set("solved", monday("10:00"))
    ticket.written_to(monday("12:00")).set("open", monday("12:00")).answered(monday("13:00"))
    assert ticket[Metric.FIRST_REPLY].state is ClockState.CANCELLED
    assert ticket[Metric.NEXT_REPLY].state is ClockState.MET


def test_a_solved_ticket_set_to_pending_is_paused_and_no_longer_met():
    ticket = Ticket().set("solved", monday("10:00")).set("pending", monday("12:00"))
    clock = ticket[Metric.RESOLUTION]
    assert (clock.state, clock.met_at, clock.elapsed) == (ClockState.PAUSED, None, HOUR)


@pytest.mark.parametrize("hidden", ["merged", "spam", "deleted"])
def test_a_hidden_ticket_has_no_clock_left(hidden):
    ticket = Ticket().answered(monday("10:00")).written_to(monday("10:30"))
    ticket.set(hidden, monday("11:00"))
    assert ticket[Metric.FIRST_REPLY].state is ClockState.MET
    assert ticket[Metric.RESOLUTION].state is ClockState.CANCELLED
    assert ticket[Metric.NEXT_REPLY].state is ClockState.CANCELLED
    assert next_due(ticket.clocks) is None


def test_a_ticket_taken_for_spam_by_mistake_goes_on_with_what_it_waited_for():
    ticket = Ticket().set("spam", monday("10:00")).set("open", monday("12:00"))
    assert ticket[Metric.FIRST_REPLY].state is ClockState.RUNNING
    assert ticket[Metric.FIRST_REPLY].due_at == monday("13:00")
    assert ticket.elapsed(Metric.RESOLUTION, monday("13:00")) == 2 * HOUR


def test_spam_that_was_answered_before_does_not_wait_again():
    ticket = Ticket().answered(monday("09:30")).set("spam", monday("10:00"))
    assert ticket.set("open", monday("12:00"))[Metric.FIRST_REPLY].state is ClockState.MET
