"""The metrics that a policy may promise beside replies and the resolution, and internal ones."""

from dataclasses import replace

import pytest

from chalicelib.clocks.hours import BusinessCalendar
from chalicelib.clocks.model import ClockState, Metric, Terms
from chalicelib.clocks.targets import agent_replied, newly_breached, opened, requester_wrote
from tests.unit.clocks.story import HOUR, OFFICE, STANDARD, Ticket, monday, tuesday, wednesday

ALL = replace(
    STANDARD,
    name="all",
    targets={(metric, "normal"): 4 * HOUR for metric in Metric},
)
CATEGORIES = ("new", "open", "pending", "on_hold")


def metrics(ticket):
    return {clock.metric for clock in ticket.clocks}


# --- Which clocks there are ---


def test_a_ticket_has_the_clocks_that_its_policy_promises_for_any_priority():
    assert metrics(Ticket(ALL)) == {
        Metric.FIRST_REPLY,
        Metric.RESOLUTION,
        Metric.AGENT_WORK,
        Metric.REQUESTER_WAIT,
    }
    assert Ticket(ALL, priority="high")[Metric.AGENT_WORK].due_at is None


def test_an_internal_policy_has_the_clocks_that_it_promises_and_no_other():
    handover = replace(
        STANDARD,
        name="handover",
        targets={(Metric.AGENT_WORK, "normal"): 2 * HOUR},
        is_internal=True,
    )
    ticket = Ticket(handover).answered(monday("10:00")).written_to(monday("11:00"))
    [clock] = ticket.clocks
    assert (clock.name, clock.is_internal) == ("internal_agent_work", True)
    assert clock.due_at == monday("11:00")


def test_the_second_public_reply_is_the_first_where_an_agent_opened_the_ticket():
    ticket = Ticket(ALL, by_agent=True)
    assert ticket[Metric.FIRST_REPLY].is_running
    assert ticket.answered(monday("10:00"))[Metric.FIRST_REPLY].met_at == monday("10:00")


# --- Updates ---


def test_updates_are_counted_from_one_reply_to_the_next():
    ticket = Ticket(ALL).answered(monday("10:00"))
    assert ticket[Metric.PERIODIC_UPDATE].due_at == monday("14:00")
    ticket.answered(monday("13:00"))
    assert ticket[Metric.PERIODIC_UPDATE].started_at == monday("13:00")
    assert ticket[Metric.PERIODIC_UPDATE].due_at == tuesday("09:00")


def test_what_an_agent_opened_in_public_is_to_be_followed_by_an_update():
    assert Ticket(ALL, by_agent=True)[Metric.PERIODIC_UPDATE].due_at == monday("13:00")


def test_a_reply_that_comes_too_late_has_missed_the_update_and_begins_another():
    before = Ticket(ALL).answered(monday("09:30"))
    after = Ticket(ALL).answered(monday("09:30")).answered(monday("15:00"))
    missed = newly_breached(before.clocks, after.clocks, monday("15:00"))
    assert {(clock.metric, clock.breached_at) for clock in missed} == {
        (Metric.PERIODIC_UPDATE, monday("13:30")),
        (Metric.PAUSABLE_UPDATE, monday("13:30")),
        (Metric.AGENT_WORK, monday("13:00")),
        (Metric.REQUESTER_WAIT, monday("13:00")),
        (Metric.RESOLUTION, monday("13:00")),
    }
    assert after[Metric.PERIODIC_UPDATE].breached_at is None


def test_only_the_pausable_update_pauses_in_pending():
    ticket = Ticket(ALL).answered(monday("10:00")).set("pending", monday("11:00"))
    assert ticket[Metric.PERIODIC_UPDATE].is_running
    assert ticket[Metric.PAUSABLE_UPDATE].state is ClockState.PAUSED
    ticket.set("open", monday("15:00"))
    assert ticket[Metric.PAUSABLE_UPDATE].due_at == tuesday("10:00")


def test_an_update_begun_while_pending_waits_with_it():
    ticket = Ticket(ALL).set("pending", monday("10:00")).answered(monday("11:00"))
    assert ticket[Metric.PAUSABLE_UPDATE].state is ClockState.PAUSED
    assert ticket[Metric.PAUSABLE_UPDATE].due_at is None
    assert ticket.set("open", monday("12:00"))[Metric.PAUSABLE_UPDATE].due_at is not None


def test_a_solved_ticket_needs_no_update_and_a_reopened_one_from_its_next_reply():
    ticket = Ticket(ALL).answered(monday("10:00")).set("solved", monday("11:00"))
    assert ticket[Metric.PERIODIC_UPDATE].state is ClockState.CANCELLED
    ticket.set("open", monday("12:00"))
    assert not ticket[Metric.PERIODIC_UPDATE].is_running
    ticket.answered(monday("13:00"))
    assert ticket[Metric.PERIODIC_UPDATE].started_at == monday("13:00")


def test_a_word_to_a_solved_ticket_promises_no_update():
    ticket = Ticket(ALL).set("solved", monday("10:00")).answered(monday("11:00"))
    assert Metric.PERIODIC_UPDATE not in metrics(ticket)


# --- What pauses when ---


@pytest.mark.parametrize(
    ("metric", "runs_in"),
    [
        (Metric.FIRST_REPLY, {"new", "open", "pending", "on_hold"}),
        (Metric.NEXT_REPLY, {"new", "open", "pending", "on_hold"}),
        (Metric.PERIODIC_UPDATE, {"new", "open", "pending", "on_hold"}),
        (Metric.PAUSABLE_UPDATE, {"new", "open", "on_hold"}),
        (Metric.AGENT_WORK, {"new", "open"}),
        (Metric.REQUESTER_WAIT, {"new", "open", "on_hold"}),
        (Metric.RESOLUTION, {"new", "open", "on_hold"}),
    ],
)
def test_each_metric_runs_in_its_own_categories(metric, runs_in):
    for category in CATEGORIES:
        ticket = Ticket(ALL)
        if metric is not Metric.FIRST_REPLY:
            ticket.answered(monday("09:10")).written_to(monday("09:20"))
        if category != "new":
            ticket.set(category, monday("09:30"))
        assert ticket[metric].is_running == (category in runs_in), category


def test_work_and_wait_are_met_when_solved_and_go_on_when_reopened():
    ticket = Ticket(ALL).set("on_hold", monday("10:00")).set("solved", monday("11:00"))
    assert ticket[Metric.AGENT_WORK].elapsed == HOUR
    assert ticket[Metric.REQUESTER_WAIT].elapsed == 2 * HOUR
    assert ticket[Metric.AGENT_WORK].state is ClockState.MET
    ticket.set("open", monday("12:00"))
    assert ticket.elapsed(Metric.AGENT_WORK, monday("13:00")) == 2 * HOUR


def test_a_policy_may_give_a_reopened_ticket_its_whole_time_again():
    generous = replace(STANDARD, resets_on_reopen=True)
    ticket = Ticket(generous).set("solved", monday("13:00")).set("open", wednesday("08:00"))
    clock = ticket[Metric.RESOLUTION]
    assert (clock.started_at, clock.elapsed) == (wednesday("08:00"), 0 * HOUR)
    assert ticket.elapsed(Metric.RESOLUTION, wednesday("09:00")) == HOUR


# --- Terms that come and go ---


def test_what_is_newly_promised_is_counted_from_now_on():
    ticket = Ticket().moved_to(monday("11:00"), policy=ALL)
    assert ticket[Metric.AGENT_WORK].started_at == monday("11:00")
    assert ticket[Metric.RESOLUTION].started_at == monday("09:00")


def test_a_ticket_about_which_nothing_is_promised_any_more_is_never_due_and_still_met():
    ticket = Ticket().promised_nothing(monday("10:00"))
    assert [clock.due_at for clock in ticket.clocks] == [None, None]
    ticket.set("solved", monday("12:00"))
    assert ticket[Metric.RESOLUTION].elapsed == 3 * HOUR


def test_a_clock_whose_calendar_is_gone_counts_round_the_clock():
    before = opened(Terms(STANDARD, "normal", "new", {"office": OFFICE}), monday("15:00"))
    nothing = Terms(None, "normal", "open", {})
    after = agent_replied(
        requester_wrote(before, nothing, monday("17:00")), nothing, monday("18:00")
    )
    assert after[0].elapsed == 3 * HOUR


def test_a_calendar_that_changes_moves_what_is_due_and_keeps_its_name():
    ticket = Ticket(at=monday("15:00"))
    longer = BusinessCalendar(
        OFFICE.zone,
        {
            day: [(spans[0][0], spans[0][1].replace(hour=18))]
            for day, spans in OFFICE.weekly.items()
        },
    )
    ticket.moved_to(monday("15:30"), policy=replace(STANDARD, calendar=longer))
    assert ticket[Metric.FIRST_REPLY].due_at == monday("17:00")
