"""When the steps of a ladder come, when they call again, and what ends that."""

from dataclasses import replace
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from chalicelib.clocks import ladders
from chalicelib.clocks.hours import ALWAYS, BusinessCalendar
from chalicelib.clocks.model import AT_THE_MISS, Ladder, Metric, Reached
from chalicelib.clocks.targets import come_due, opened, retargeted
from chalicelib.desk.promises import point
from tests.unit.clocks.story import CALENDARS, HOUR, MINUTE, STANDARD, Ticket, monday, tuesday

DAY = 24 * HOUR
FRIDAY, SATURDAY, NEXT_MONDAY = (
    monday("00:00").replace(day=day).__format__("%Y-%m-%d ") for day in (16, 17, 19)
)


def step(at, **more):
    return replace(point(at), notify=("group_lead",), **more)


def under(*steps, **more):
    """A policy with a ladder of these steps for each target: two hours to the first reply."""
    return replace(STANDARD, name="laddered", ladder=Ladder("usual", steps), **more)


def first(ticket):
    return ticket[Metric.FIRST_REPLY]


def come(ticket, metric=Metric.FIRST_REPLY):
    return [one.step for one in ticket[metric].reached]


def on(day, clock):
    return datetime.fromisoformat(f"{day}{clock}Z")


USUAL = under(step("50%"), step("-30m"), step("0"), step("+1h"), step("+1d", by_calendar=True))
EVERY_HALF_HOUR = {"every": 30 * MINUTE, "repeats": 3}


def instants(ticket, upto, metric=Metric.FIRST_REPLY):
    """What comes or calls on a clock, and when, with a sweep at each of its alarms."""
    found = []
    while True:
        alarms = [ticket[metric].step_at, ticket[metric].due_at]
        if ticket[metric].breached_at:
            alarms.pop()
        at = min((alarm for alarm in alarms if alarm), default=None)
        if at is None or at > upto:
            return found
        before = ticket.clocks
        ticket.rung(at)
        steps = ladders.new_steps(before, ticket.clocks)
        found += [(one.step, at) for clock, one, _ in steps if clock.metric is metric]


# --- When a step comes ---


def test_the_steps_come_on_the_way_to_the_target_and_after_its_miss():
    assert instants(Ticket(USUAL), tuesday("16:00")) == [
        ("50%", monday("10:00")),
        ("-30m", monday("10:30")),
        ("+1h", monday("12:00")),
        ("+1d", tuesday("11:00")),
    ]


def test_business_steps_count_open_time_over_night_as_the_target_does():
    ticket = Ticket(USUAL, at=monday("13:30"))
    assert instants(ticket, tuesday("10:00")) == [
        ("50%", monday("14:30")),
        ("-30m", monday("15:00")),
        ("+1h", tuesday("08:30")),
    ]


def test_steps_by_the_calendar_count_the_hours_of_the_wall_clock():
    policy = under(step("-1h", by_calendar=True), step("+20h", by_calendar=True))
    ticket = Ticket(policy, at=monday("15:00"))
    assert instants(ticket, tuesday("09:00")) == [("-1h", tuesday("08:00"))]
    assert first(ticket).step_at == tuesday("09:00") + 20 * HOUR


@pytest.mark.parametrize(
    ("due", "later"),
    [
        ("2026-03-28 10:00+01:00", "2026-03-29 10:00+02:00"),
        ("2026-10-24 10:00+02:00", "2026-10-25 10:00+01:00"),
        # That morning half past two does not exist.
        ("2026-03-28 02:30+01:00", "2026-03-29 03:30+02:00"),
    ],
    ids=["spring", "autumn", "gap"],
)
def test_a_day_later_is_the_same_time_of_day_when_the_clocks_change(due, later):
    oslo = BusinessCalendar(
        ZoneInfo("Europe/Oslo"), dict.fromkeys(range(7), ((time.min, time.min),))
    )
    policy = under(step("+1d", by_calendar=True), calendar_name="oslo", calendar=oslo)
    ticket = Ticket(policy)
    terms = replace(ticket.terms, calendars={"oslo": oslo})
    missed = datetime.fromisoformat(due).astimezone(UTC)
    clocks = opened(terms, missed - 2 * HOUR)
    policies = {policy.name: policy}
    [clock, _] = come_due(clocks, policies, terms.calendars, missed)
    assert clock.step_at == datetime.fromisoformat(later)


def test_hours_in_open_time_are_hours_when_the_clocks_change():
    oslo = BusinessCalendar(
        ZoneInfo("Europe/Oslo"), dict.fromkeys(range(7), ((time.min, time.min),))
    )
    policy = under(step("+6h"), calendar_name="oslo", calendar=oslo)
    missed = datetime(2026, 3, 28, 22, tzinfo=UTC)
    terms = replace(Ticket(policy).terms, calendars={"oslo": oslo})
    clocks = opened(terms, missed - 2 * HOUR)
    [clock, _] = come_due(clocks, {policy.name: policy}, terms.calendars, missed)
    assert clock.step_at == missed + 6 * HOUR


def test_a_step_further_ahead_than_the_target_is_long_never_comes():
    assert instants(Ticket(under(step("-3h"))), tuesday("16:00")) == []
    assert instants(Ticket(under(step("-3h", by_calendar=True))), tuesday("16:00")) == []


def test_a_metric_has_a_ladder_of_its_own_where_the_policy_says_so():
    other = {Metric.RESOLUTION: Ladder("slow", (step("+2h"),))}
    policy = replace(USUAL, ladders=other)
    assert [one.at for one in policy.ladder_of(Metric.RESOLUTION).steps] == ["+2h"]
    assert policy.ladder_of(Metric.FIRST_REPLY) is USUAL.ladder


# --- Once ---


def test_a_day_without_sweeps_has_each_step_once_in_order_and_no_flood_of_calls():
    policy = under(*(replace(one, **EVERY_HALF_HOUR) for one in USUAL.ladder.steps))
    before = Ticket(policy)
    clocks = before.clocks
    after = before.rung(tuesday("12:00"))
    found = [
        (one.step, one.calls, is_again)
        for clock, one, is_again in ladders.new_steps(clocks, after.clocks)
        if clock.metric is Metric.FIRST_REPLY
    ]
    assert found == [(at, 1, False) for at in ("50%", "-30m", "+1h", "+1d")]
    assert first(after).step_at == tuesday("12:30")
    assert after.rung(tuesday("12:00")).clocks == after.clocks


def test_what_has_come_does_not_come_again_when_the_target_moves_and_the_rest_moves():
    ticket = Ticket(USUAL).rung(monday("10:00")).moved_to(monday("10:10"), priority="low")
    assert come(ticket) == ["50%"]
    assert first(ticket).due_at == tuesday("09:00")
    assert first(ticket).step_at == tuesday("08:30")


def test_a_new_instance_of_a_clock_has_its_ladder_from_the_beginning():
    ticket = Ticket(USUAL).answered(monday("09:10")).written_to(monday("09:20"))
    ticket.rung(monday("11:00"))
    assert come(ticket, Metric.NEXT_REPLY) == ["50%"]
    ticket.answered(monday("11:10")).written_to(monday("11:20"))
    assert ticket[Metric.NEXT_REPLY].reached == ()
    assert ticket[Metric.NEXT_REPLY].step_at == monday("12:50")


def test_after_a_reopening_the_ladder_goes_on_where_it_was():
    ticket = Ticket(USUAL).answered(monday("09:10")).rung(tuesday("09:00"))
    assert come(ticket, Metric.RESOLUTION) == ["50%"]
    ticket.set("solved", tuesday("10:00"))
    assert ticket[Metric.RESOLUTION].step_at is None
    ticket.set("open", tuesday("14:00"))
    assert come(ticket, Metric.RESOLUTION) == ["50%"]
    # Nine hours were counted, of fifteen and a half.
    assert ticket[Metric.RESOLUTION].step_at == monday("12:30").replace(day=14)


def test_what_is_over_by_a_new_priority_has_its_later_steps_from_then_on():
    ticket = Ticket(USUAL, priority="low").moved_to(monday("12:00"), priority="high")
    clock = first(ticket)
    assert (clock.breached_at, clock.missed_after) == (monday("12:00"), 3 * HOUR)
    # What would have come before the miss comes late, by the next sweep.
    ticket.rung(monday("12:00"))
    assert come(ticket) == ["50%", "-30m"]
    assert first(ticket).step_at == monday("13:00")


def test_a_later_priority_does_not_move_what_follows_a_miss():
    ticket = Ticket(USUAL).rung(monday("11:00")).moved_to(monday("11:10"), priority="low")
    assert first(ticket).step_at == monday("12:00")


def test_an_answer_in_time_ends_the_ladder_and_so_does_a_late_one():
    for at in ("10:30", "11:30"):
        ticket = Ticket(USUAL).rung(monday("10:15")).answered(monday(at))
        assert first(ticket).step_at is None
        assert come(ticket.rung(tuesday("12:00"))) == ["50%"]


# --- Again ---


def test_a_step_calls_again_as_often_as_it_says():
    ticket = Ticket(under(step("0", **EVERY_HALF_HOUR)))
    ticket.rung(monday("11:00"))
    assert first(ticket).reached == (Reached(AT_THE_MISS, 1, monday("11:00")),)
    assert instants(ticket, tuesday("16:00")) == [
        (AT_THE_MISS, monday(clock)) for clock in ("11:30", "12:00", "12:30")
    ]
    assert first(ticket).reached == (Reached(AT_THE_MISS, 4),)


def test_calls_that_no_sweep_made_are_not_made_up_for():
    ticket = Ticket(under(step("0", **EVERY_HALF_HOUR))).rung(monday("11:00"))
    ticket.rung(monday("14:00"))
    assert first(ticket).reached == (Reached(AT_THE_MISS, 2, monday("14:00")),)
    assert first(ticket).step_at == monday("14:30")


def test_business_calls_wait_over_night_and_urgent_ones_by_the_calendar_do_not():
    calm = Ticket(under(step("0", every=HOUR, repeats=1)), at=monday("13:30"))
    assert first(calm.rung(monday("15:30"))).step_at == tuesday("08:30")
    urgent = step("0", every=HOUR, repeats=1, by_calendar=True, is_urgent=True)
    ticket = Ticket(under(urgent), at=monday("13:30"))
    assert first(ticket.rung(monday("15:30"))).step_at == monday("16:30")


# --- Quiet hours ---


NIGHTLY = under(step("+8h", by_calendar=True))


def test_outside_opening_hours_a_step_comes_and_calls_when_the_desk_opens():
    ticket = Ticket(NIGHTLY).rung(monday("11:00")).rung(monday("19:00"))
    assert first(ticket).reached == (Reached("+8h", 0, monday("19:00")),)
    assert first(ticket).step_at == tuesday("08:00")
    ticket.rung(tuesday("08:00"))
    assert first(ticket).reached == (Reached("+8h", 1),)
    assert first(ticket).step_at is None


def test_over_a_weekend_it_waits_for_monday():
    ticket = Ticket(NIGHTLY, at=on(FRIDAY, "10:00")).rung(on(FRIDAY, "12:00"))
    ticket.rung(on(FRIDAY, "20:00"))
    assert first(ticket).step_at == on(NEXT_MONDAY, "08:00")
    assert ticket.rung(on(SATURDAY, "12:00")).clocks == ticket.clocks


def test_an_urgent_step_calls_at_once():
    ticket = Ticket(under(step("+8h", by_calendar=True, is_urgent=True)))
    ticket.rung(monday("11:00")).rung(monday("19:00"))
    assert first(ticket).reached == (Reached("+8h", 1),)


def test_a_miss_that_is_noticed_at_night_calls_in_the_morning():
    ticket = Ticket(under(step("0"))).rung(monday("22:00"))
    assert first(ticket).breached_at == monday("11:00")
    assert first(ticket).reached == (Reached(AT_THE_MISS, 0, monday("22:00")),)
    assert first(ticket).step_at == tuesday("08:00")


def test_the_last_minute_of_an_opening_is_no_quiet_hour():
    ticket = Ticket(under(step("0")), at=monday("14:00")).rung(monday("16:00:40"))
    assert first(ticket).breached_at == monday("16:00")
    assert first(ticket).reached == ()


def test_a_call_that_waits_for_the_morning_ends_with_an_answer_at_night():
    ticket = Ticket(NIGHTLY).rung(monday("11:00")).rung(monday("19:00"))
    ticket.answered(monday("20:00"))
    assert first(ticket).reached == (Reached("+8h", 0),)
    assert first(ticket).step_at is None


def test_a_step_that_only_sets_something_waits_for_nobody():
    silent = replace(step("+8h", by_calendar=True, sets={"priority": "urgent"}), notify=())
    ticket = Ticket(under(silent)).rung(monday("11:00")).rung(monday("19:00"))
    assert first(ticket).reached == (Reached("+8h"),)


# --- What ends it ---


def noted(ticket, at):
    ticket.clocks = tuple(
        ladders.stopped(clock, ticket.policy, CALENDARS, "ack") for clock in ticket.clocks
    )
    return ticket


def test_taking_note_ends_the_calls_and_not_the_later_levels():
    ticket = Ticket(under(step("0", **EVERY_HALF_HOUR), step("+1h"))).rung(monday("11:00"))
    noted(ticket, monday("11:10"))
    assert instants(ticket, tuesday("16:00")) == [("+1h", monday("12:00"))]


def test_a_step_says_itself_what_ends_its_calls():
    stubborn = step("0", **EVERY_HALF_HOUR, stops=frozenset({"ack"}))
    ticket = Ticket(under(stubborn)).rung(monday("11:00")).answered(monday("11:10"))
    assert first(ticket).met_at == monday("11:10")
    assert first(ticket).step_at == monday("11:30")
    assert first(noted(ticket, monday("11:15"))).step_at is None


@pytest.mark.parametrize("stop", ["reply", "paused", "closed"])
def test_what_a_step_names_ends_its_calls(stop):
    calling = step("0", **EVERY_HALF_HOUR, stops=frozenset({stop}))
    policy = under(calling, targets={(Metric.AGENT_WORK, "normal"): HOUR})
    happens = {
        "reply": lambda ticket: ticket.answered(monday("10:10")),
        "paused": lambda ticket: ticket.set("pending", monday("10:10")).set(
            "open", monday("10:20")
        ),
        "closed": lambda ticket: ticket.set("solved", monday("10:10")),
    }
    for name, verb in happens.items():
        ticket = Ticket(policy).rung(monday("10:00"))
        assert ticket[Metric.AGENT_WORK].step_at == monday("10:30")
        verb(ticket)
        has_ended = ticket[Metric.AGENT_WORK].step_at is None
        assert has_ended == (name == stop), name


def test_a_pause_suspends_the_ladder_and_its_calls():
    policy = under(
        step("0", **EVERY_HALF_HOUR), step("+2h"), targets={(Metric.AGENT_WORK, "normal"): HOUR}
    )
    ticket = Ticket(policy).rung(monday("10:00")).set("pending", monday("10:20"))
    assert ticket[Metric.AGENT_WORK].step_at is None
    assert ticket.rung(monday("15:00"))[Metric.AGENT_WORK].reached[0].calls == 1
    ticket.set("open", tuesday("09:00"))
    # The call is overdue, and the step has twenty of its hundred and twenty minutes behind it.
    assert instants(ticket, tuesday("11:00"), Metric.AGENT_WORK)[-1] == ("+2h", tuesday("10:40"))


def test_the_end_of_a_ticket_that_is_hidden_ends_everything():
    stubborn = step("0", **EVERY_HALF_HOUR, stops=frozenset({"ack"}))
    ticket = Ticket(under(stubborn)).rung(monday("11:00")).set("merged", monday("11:10"))
    assert first(ticket).step_at is None
    assert not ladders.escalates(first(ticket))


def test_before_a_miss_only_what_calls_escalates_and_after_it_all_that_runs():
    ticket = Ticket(USUAL)
    assert not ladders.escalates(first(ticket.rung(monday("10:00"))))
    assert ladders.escalates(first(ticket.rung(monday("11:00"))))
    assert not ladders.escalates(first(ticket.answered(monday("11:10"))))


def test_a_ladder_that_changed_has_what_came_behind_it():
    ticket = Ticket(USUAL).rung(monday("10:30"))
    other = replace(USUAL, ladder=Ladder("other", (step("50%"), step("-15m"))))
    ticket.policy = other
    ticket.clocks = retargeted(ticket.clocks, ticket.terms, monday("10:35"))
    assert first(ticket).step_at == monday("10:45")


def test_calls_of_a_policy_that_is_gone_end_quietly():
    ticket = Ticket(under(step("0", **EVERY_HALF_HOUR))).rung(monday("11:00"))
    clock = ladders.come_due(first(ticket), None, CALENDARS, monday("11:30"))
    assert (clock.step_at, clock.reached) == (None, (Reached(AT_THE_MISS, 1),))


def test_a_step_that_assigns_the_ticket_does_not_end_its_own_calls():
    policy = under(step("0", **EVERY_HALF_HOUR))
    before = first(Ticket(policy).rung(monday("11:00")))
    after = ladders.stopped(before, policy, CALENDARS, "reassigned")
    assert after.step_at is None
    again = ladders.still_calling(after, before, AT_THE_MISS, policy, CALENDARS)
    assert again == before


def test_round_the_clock_there_is_no_quiet_hour():
    policy = under(step("0"), calendar_name="always", calendar=ALWAYS)
    ticket = Ticket(policy, at=monday("22:00")).rung(tuesday("00:00"))
    assert first(ticket).reached == ()
    assert first(ticket).breached_at == tuesday("00:00")
