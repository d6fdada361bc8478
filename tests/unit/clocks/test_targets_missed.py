"""What other terms do to clocks that have begun, and how a missed target is recorded."""

import pytest

from chalicelib.clocks.model import ClockState, Metric
from chalicelib.clocks.targets import breaches, newly_breached, next_due
from tests.unit.clocks.story import HOUR, ROUND_THE_CLOCK, Ticket, monday, tuesday, wednesday

# --- Retargeting ---


def test_a_new_priority_keeps_the_start_and_counts_what_has_elapsed():
    ticket = Ticket().moved_to(monday("10:00"), priority="high")
    assert ticket[Metric.RESOLUTION].started_at == monday("09:00")
    assert ticket[Metric.RESOLUTION].due_at == monday("13:00")


def test_a_clock_that_is_over_its_new_target_is_breached_now():
    ticket = Ticket().answered(monday("09:10")).moved_to(tuesday("08:00"), priority="high")
    clock = ticket[Metric.RESOLUTION]
    assert clock.state is ClockState.BREACHED
    assert clock.breached_at == tuesday("08:00")
    assert clock.is_running


def test_a_paused_clock_that_is_over_its_new_target_is_breached_now_and_still_paused():
    ticket = Ticket().set("pending", monday("15:00")).moved_to(monday("15:30"), priority="high")
    clock = ticket[Metric.RESOLUTION]
    assert clock.breached_at == monday("15:30")
    assert not clock.is_running


def test_a_paused_clock_resumes_with_its_new_target():
    ticket = Ticket().answered(monday("09:30")).set("pending", monday("10:00"))
    ticket.moved_to(monday("11:00"), priority="high")
    assert ticket[Metric.RESOLUTION].state is ClockState.PAUSED
    ticket.set("open", monday("12:00"))
    assert ticket[Metric.RESOLUTION].due_at == monday("15:00")


def test_a_priority_that_gets_a_target_has_its_time_from_the_beginning():
    ticket = Ticket(priority="low").moved_to(monday("12:00"), priority="normal")
    assert ticket[Metric.RESOLUTION].due_at == wednesday("09:00")


def test_a_priority_that_loses_its_target_is_no_longer_due():
    ticket = Ticket().answered(monday("09:30")).moved_to(monday("12:00"), priority="low")
    assert ticket[Metric.RESOLUTION].due_at is None
    assert next_due(ticket.clocks) is None


def test_a_new_calendar_counts_from_now_on_and_the_old_one_until_now():
    # Seven of sixteen hours by the office on Monday, the other nine round the clock.
    ticket = Ticket().answered(monday("09:30")).moved_to(monday("20:00"), policy=ROUND_THE_CLOCK)
    assert ticket[Metric.RESOLUTION].due_at == tuesday("05:00")
    assert ticket[Metric.RESOLUTION].calendar == "always"
    assert ticket.elapsed(Metric.RESOLUTION, monday("21:00")) == 8 * HOUR


def test_the_same_policy_and_priority_move_nothing():
    ticket = Ticket().set("pending", monday("10:00"))
    before = ticket.clocks
    assert ticket.moved_to(monday("10:30")).clocks == before


def test_what_has_ended_keeps_the_terms_it_ended_on():
    ticket = Ticket().answered(monday("10:00")).set("solved", monday("11:00"))
    before = ticket.clocks
    assert ticket.moved_to(monday("12:00"), policy=ROUND_THE_CLOCK).clocks == before


def test_a_reopened_ticket_resumes_on_the_policy_in_force():
    ticket = Ticket().answered(monday("10:00")).set("solved", monday("11:00"))
    ticket.moved_to(monday("12:00"), policy=ROUND_THE_CLOCK).set("open", monday("15:00"))
    assert ticket[Metric.RESOLUTION].policy == "24x7"
    assert ticket[Metric.RESOLUTION].due_at == tuesday("05:00")


# --- Breaches ---


def test_a_target_is_missed_at_the_instant_it_is_due_and_not_before():
    ticket = Ticket()
    assert breaches(ticket.clocks, monday("10:59:59.999999")) == ()
    assert breaches(ticket.clocks, monday("11:00")) == (ticket[Metric.FIRST_REPLY],)


def test_a_breach_is_recorded_at_the_due_instant_however_late_the_sweep_comes():
    clock = Ticket().swept(monday("11:07"))[Metric.FIRST_REPLY]
    assert (clock.state, clock.breached_at) == (ClockState.BREACHED, monday("11:00"))


def test_a_breach_is_recorded_once():
    ticket = Ticket().swept(monday("11:07"))
    before = ticket.clocks
    assert breaches(ticket.clocks, monday("12:00")) == ()
    assert ticket.swept(monday("12:00")).clocks == before


def test_after_a_breach_the_next_target_is_what_is_due_next():
    ticket = Ticket().swept(monday("11:07"))
    assert next_due(ticket.clocks) == ticket[Metric.RESOLUTION].due_at


def test_a_breached_clock_that_is_met_is_still_shown_as_breached():
    clock = Ticket().swept(monday("11:07")).answered(monday("12:00"))[Metric.FIRST_REPLY]
    assert (clock.state, clock.met_at) == (ClockState.BREACHED, monday("12:00"))
    assert clock.breached_at == monday("11:00")
    assert clock.elapsed == 3 * HOUR


def test_a_late_reply_is_late_even_if_it_comes_before_the_sweep():
    before = Ticket()
    after = Ticket().answered(monday("11:00:30"))
    clock = after[Metric.FIRST_REPLY]
    assert (clock.breached_at, clock.met_at) == (monday("11:00"), monday("11:00:30"))
    assert newly_breached(before.clocks, after.clocks, monday("11:00:30")) == (clock,)
    assert newly_breached(after.clocks, after.clocks, monday("11:00:30")) == ()


@pytest.mark.parametrize(
    "happening",
    [
        lambda ticket, at: ticket.answered(at),
        lambda ticket, at: ticket.written_to(at),
        lambda ticket, at: ticket.set("pending", at),
        lambda ticket, at: ticket.set("solved", at),
        lambda ticket, at: ticket.set("merged", at),
        lambda ticket, at: ticket.moved_to(at, priority="low"),
    ],
    ids=["a reply", "the requester writes", "pending", "solved", "merged", "a longer target"],
)
def test_whatever_happens_after_the_due_instant_comes_too_late(happening):
    ticket = Ticket()
    happening(ticket, monday("11:01"))
    assert ticket[Metric.FIRST_REPLY].breached_at == monday("11:00")


def test_a_longer_target_does_not_undo_a_breach():
    ticket = Ticket().swept(monday("11:07")).moved_to(monday("12:00"), priority="low")
    clock = ticket[Metric.FIRST_REPLY]
    assert (clock.state, clock.breached_at) == (ClockState.BREACHED, monday("11:00"))
    assert clock.due_at == monday("11:00")
    assert clock.target == 8 * HOUR


def test_a_breached_clock_still_tells_what_it_missed_while_it_is_paused():
    ticket = Ticket(priority="high").swept(monday("13:00")).set("pending", monday("14:00"))
    assert ticket[Metric.RESOLUTION].due_at == monday("13:00")
    assert not ticket[Metric.RESOLUTION].is_running


def test_a_reopened_breach_stays_a_breach_and_is_not_due_again():
    ticket = Ticket(priority="high").answered(monday("09:30")).set("solved", monday("14:00"))
    ticket.set("open", monday("15:00"))
    clock = ticket[Metric.RESOLUTION]
    assert clock.is_running
    assert (clock.state, clock.breached_at) == (ClockState.BREACHED, monday("13:00"))
    assert next_due(ticket.clocks) is None


def test_nothing_is_due_while_nothing_waits():
    assert next_due(()) is None
    ticket = Ticket().answered(monday("10:00")).set("pending", monday("10:30"))
    assert next_due(ticket.clocks) is None
    assert breaches(ticket.clocks, wednesday("16:00")) == ()
