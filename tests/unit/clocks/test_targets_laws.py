"""What holds for the clocks of a ticket, whatever happens to it and in whatever order."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from chalicelib.clocks import ladders
from chalicelib.clocks.hours import ALWAYS, BusinessCalendar
from chalicelib.clocks.model import AT_THE_MISS, ClockState, Ladder, Metric, Policy, Step, Terms
from chalicelib.clocks.targets import (
    agent_replied,
    breaches,
    come_due,
    elapsed_at,
    newly_breached,
    next_alarm,
    next_due,
    opened,
    requester_wrote,
    retargeted,
    status_changed,
    with_breaches,
)

HOUR = timedelta(hours=1)
OSLO = BusinessCalendar(ZoneInfo("Europe/Oslo"), dict.fromkeys(range(5), ((time(8), time(16)),)))
CALENDARS = {"oslo": OSLO, "always": ALWAYS}

AGAIN = {"notify": ("group_lead",), "every": HOUR, "repeats": 2}
LADDER = Ladder(
    "usual",
    (
        Step("50%", share=0.5, notify=("assignee",), stops=frozenset({"missed", "met"})),
        Step("-30m", beside=-HOUR / 2, **AGAIN),
        Step("0", **AGAIN, is_urgent=True),
        Step("+1h", beside=HOUR, **(AGAIN | {"repeats": 5}), stops=frozenset({"ack", "closed"})),
        Step("+1d", days=1, by_calendar=True, notify=("assignee",)),
    ),
)

POLICIES = {
    name: Policy(
        name=name,
        calendar_name=calendar,
        calendar=CALENDARS[calendar],
        targets={
            (Metric.FIRST_REPLY, "normal"): hours * HOUR,
            (Metric.NEXT_REPLY, "normal"): hours * HOUR,
            (Metric.RESOLUTION, "normal"): 8 * hours * HOUR,
            (Metric.RESOLUTION, "high"): hours * HOUR,
            **{(metric, "normal"): 2 * hours * HOUR for metric in more},
        },
        pauses_resolution_in_pending=pauses,
        ladder=LADDER,
    )
    for name, calendar, hours, pauses, more in [
        ("office", "oslo", 4, True, ()),
        ("patient", "oslo", 8, False, (Metric.PERIODIC_UPDATE, Metric.REQUESTER_WAIT)),
        ("24x7", "always", 2, True, (Metric.PAUSABLE_UPDATE, Metric.AGENT_WORK)),
    ]
}
PRIORITIES = ["normal", "high"]
CATEGORIES = ["new", "open", "pending", "on_hold", "solved", "closed", "merged", "spam", "deleted"]


class LifeOfATicket(RuleBasedStateMachine):
    """Random happenings, each some time after the one before, next to a plain book of the time."""

    def __init__(self):
        super().__init__()
        # Thursday before the clocks change in Oslo.
        self.now = datetime(2026, 3, 26, 10, tzinfo=UTC)
        self.category = "new"
        self.clocks = ()
        self.counted = {}
        self.breached = {}
        self.come = {}

    @initialize(policy=st.sampled_from(sorted(POLICIES)), priority=st.sampled_from(PRIORITIES))
    def opens(self, policy, priority):
        self.policy, self.priority = POLICIES[policy], priority
        self._become(opened(self.terms, self.now))

    @property
    def terms(self):
        return Terms(self.policy, self.priority, self.category, CALENDARS)

    @rule(minutes=st.integers(1, 30 * 60))
    def time_passes(self, minutes):
        self._pass(timedelta(minutes=minutes))

    def _pass(self, duration):
        later = self.now + duration
        for clock in self.clocks:
            if clock.is_running:
                open_for = CALENDARS[clock.calendar].between(self.now, later)
                self.counted[_instance(clock)] += open_for
        self.now = later

    @rule()
    def requester_writes(self):
        # Two clocks of one metric are told apart by their start.
        self._pass(timedelta(seconds=1))
        self._become(requester_wrote(self.clocks, self.terms, self.now))

    @rule()
    def agent_replies(self):
        self._pass(timedelta(seconds=1))
        self._become(agent_replied(self.clocks, self.terms, self.now))
        replies = {Metric.FIRST_REPLY, Metric.NEXT_REPLY}
        assert not any(c.is_running for c in self.clocks if c.metric in replies)

    @rule(category=st.sampled_from(CATEGORIES))
    def status_changes(self, category):
        before, self.category = self.category, category
        moved = status_changed(self.clocks, before, self.terms, self.now)
        self._become(moved, may_reopen=True)

    @rule(policy=st.sampled_from(sorted(POLICIES)), priority=st.sampled_from(PRIORITIES))
    def terms_change(self, policy, priority):
        self.policy, self.priority = POLICIES[policy], priority
        moved = retargeted(self.clocks, self.terms, self.now)
        self._become(moved)
        assert retargeted(moved, self.terms, self.now) == moved

    @precondition(lambda self: next_alarm(self.clocks) is not None)
    @rule()
    def sweep_comes(self):
        due = breaches(self.clocks, self.now)
        swept = with_breaches(self.clocks, self.now)
        found = newly_breached(self.clocks, swept, self.now)
        assert {c.metric for c in found} == {c.metric for c in due}
        rung = come_due(self.clocks, POLICIES, CALENDARS, self.now)
        for clock, one, is_again in ladders.new_steps(self.clocks, rung):
            # The first call at a miss is that of the breach.
            before = {AT_THE_MISS: 1}.get(one.step, 0)
            known = self.come.get((_instance(clock), one.step))
            assert is_again or known is None
            assert one.calls <= 1 + (before if known is None else known)
            self.come[_instance(clock), one.step] = one.calls
        alarm = next_alarm(rung)
        assert alarm is None or alarm > self.now
        assert come_due(rung, POLICIES, CALENDARS, self.now) == rung
        self._become(rung)

    @rule()
    def somebody_takes_note(self):
        noted = (
            ladders.stopped(clock, POLICIES[clock.policy], CALENDARS, "ack")
            for clock in self.clocks
        )
        self._become(tuple(noted))

    def _become(self, clocks, *, may_reopen=False):
        before = {_instance(clock): clock for clock in self.clocks}
        for clock in clocks:
            earlier = before.get(_instance(clock))
            if earlier is not None and earlier.met_at is not None and clock.met_at is None:
                assert may_reopen
                assert clock.metric in {
                    Metric.RESOLUTION,
                    Metric.AGENT_WORK,
                    Metric.REQUESTER_WAIT,
                }
            self.counted.setdefault(_instance(clock), timedelta(0))
        for clock in newly_breached(self.clocks, clocks, self.now):
            assert _instance(clock) not in self.breached
            assert clock.breached_at <= self.now
            self.breached[_instance(clock)] = clock.breached_at
        self.clocks = clocks

    @invariant()
    def a_breach_never_changes(self):
        for clock in self.clocks:
            assert clock.breached_at == self.breached.get(_instance(clock))
            assert (clock.state is ClockState.BREACHED) == (clock.breached_at is not None)
            if clock.breached_at is not None:
                assert clock.due_at == clock.breached_at

    @invariant()
    def there_is_one_clock_a_metric(self):
        metrics = [clock.metric for clock in self.clocks]
        assert len(metrics) == len(set(metrics))

    @invariant()
    def a_clock_has_counted_the_open_time_in_which_it_ran(self):
        for clock in self.clocks:
            assert elapsed_at(clock, CALENDARS, self.now) == self.counted[_instance(clock)]

    @invariant()
    def a_met_clock_stands_still(self):
        assert not any(c.is_running and c.met_at is not None for c in self.clocks)

    @invariant()
    def only_a_running_clock_is_due_next(self):
        due = next_due(self.clocks)
        running = [c.due_at for c in self.clocks if c.state is ClockState.RUNNING and c.due_at]
        assert due == min(running, default=None)

    @invariant()
    def a_running_clock_is_due_when_its_target_is_used_up(self):
        for clock in self.clocks:
            if clock.state is ClockState.RUNNING and clock.target and clock.elapsed < clock.target:
                assert elapsed_at(clock, CALENDARS, clock.due_at) == clock.target

    @invariant()
    def a_step_calls_as_often_as_it_says_and_no_more(self):
        for clock in self.clocks:
            for one in clock.reached:
                step = LADDER.step(one.step)
                assert one.calls <= 1 + step.repeats
                assert one.since is None or one.calls <= step.repeats

    @invariant()
    def a_pause_is_silent(self):
        for clock in self.clocks:
            if clock.metric is Metric.AGENT_WORK and self.category in {"pending", "on_hold"}:
                assert clock.step_at is None

    @invariant()
    def the_resolution_runs_exactly_while_somebody_works_on_it(self):
        for clock in self.clocks:
            if clock.metric is Metric.RESOLUTION and self.category != "pending":
                assert clock.is_running == (self.category in {"new", "open", "on_hold"})


def _instance(clock):
    return clock.metric, clock.started_at


TestLifeOfATicket = LifeOfATicket.TestCase
TestLifeOfATicket.settings = settings(deadline=None, max_examples=40, stateful_step_count=25)
