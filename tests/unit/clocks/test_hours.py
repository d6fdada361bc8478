"""Business hours: stories first, then the days when the clocks change, then the laws."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.clocks.hours import ALWAYS, BusinessCalendar, CalendarError

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
OSLO = ZoneInfo("Europe/Oslo")
ALL_DAY = ((time(0), time(0)),)


def office(zone="Europe/Oslo", opens=8, closes=16, holidays=()):
    weekdays = dict.fromkeys(range(5), ((time(opens), time(closes)),))
    return BusinessCalendar(ZoneInfo(zone), weekdays, frozenset(holidays))


def every_day(zone, *intervals):
    hours = tuple(tuple(map(time.fromisoformat, interval)) for interval in intervals)
    return BusinessCalendar(ZoneInfo(zone), dict.fromkeys(range(7), hours))


def at(text):
    """An instant from `2026-03-29 12:00Z`, or from a wall clock in Oslo without the Z."""
    parsed = datetime.fromisoformat(text)
    return parsed.replace(tzinfo=OSLO) if parsed.tzinfo is None else parsed


def test_time_runs_within_opening_hours():
    assert office().add(at("2026-01-12 09:00"), 2 * HOUR) == at("2026-01-12 11:00")


def test_what_is_left_in_the_evening_goes_on_the_next_morning():
    assert office().add(at("2026-01-12 15:00"), 2 * HOUR) == at("2026-01-13 09:00")


def test_what_is_left_on_friday_goes_on_on_monday():
    assert office().add(at("2026-01-16 15:00"), 2 * HOUR) == at("2026-01-19 09:00")


def test_a_start_at_night_counts_from_the_next_opening():
    assert office().add(at("2026-01-12 03:00"), HOUR) == at("2026-01-12 09:00")


def test_a_full_day_ends_at_closing_time_and_not_at_the_next_opening():
    assert office().add(at("2026-01-16 08:00"), 8 * HOUR) == at("2026-01-16 16:00")


def test_adding_nothing_stays_where_it_is_even_at_night():
    assert office().add(at("2026-01-12 03:00"), 0 * HOUR) == at("2026-01-12 03:00")


def test_a_holiday_is_skipped():
    calendar = office(holidays=[date(2026, 1, 13)])
    assert calendar.add(at("2026-01-12 15:00"), 2 * HOUR) == at("2026-01-14 09:00")


def test_a_holiday_is_a_date_of_the_zone_and_not_of_utc():
    calendar = office("Asia/Kathmandu", opens=0, closes=8, holidays=[date(2026, 1, 13)])
    assert calendar.next_opening(at("2026-01-12 18:30Z")) == at("2026-01-13 18:15Z")


# --- Days with hours of their own. ---


def with_special(**days):
    special = {
        date.fromisoformat(day.removeprefix("on_").replace("_", "-")): [
            (time.fromisoformat(opens), time.fromisoformat(closes)) for opens, closes in intervals
        ]
        for day, intervals in days.items()
    }
    return BusinessCalendar(OSLO, office().weekly, frozenset(), special)


def test_a_day_that_is_half_a_holiday_has_its_own_hours():
    calendar = with_special(on_2026_12_24=[("08:00", "12:00")])
    assert calendar.add(at("2026-12-24 11:00"), 2 * HOUR) == at("2026-12-25 09:00")
    assert not calendar.is_open(at("2026-12-24 12:00"))


def test_a_special_day_may_have_several_intervals_and_may_be_a_sunday():
    calendar = with_special(on_2026_01_18=[("10:00", "12:00"), ("13:00", "14:00")])
    assert calendar.next_opening(at("2026-01-16 16:00")) == at("2026-01-18 10:00")
    assert calendar.between(at("2026-01-17 00:00"), at("2026-01-19 00:00")) == 3 * HOUR


def test_a_special_day_is_a_date_of_the_zone_and_has_its_hours_when_the_clocks_change():
    # The night of Sunday 29 March has no 02:00 to 03:00.
    calendar = with_special(on_2026_03_29=[("00:00", "00:00")])
    assert calendar.between(at("2026-03-28 00:00"), at("2026-03-30 00:00")) == 23 * HOUR


def test_a_day_is_a_holiday_or_a_special_one():
    day = date(2026, 12, 24)
    with pytest.raises(CalendarError, match="choose one"):
        BusinessCalendar(OSLO, office().weekly, frozenset([day]), {day: [(time(8), time(12))]})


def test_the_hours_of_a_special_day_are_checked_as_well():
    with pytest.raises(CalendarError, match="On 2026-12-24 two intervals overlap"):
        with_special(on_2026_12_24=[("08:00", "12:00"), ("11:00", "13:00")])


def test_lunch_does_not_count():
    calendar = every_day("Europe/Oslo", ("12:30", "16:00"), ("08:00", "12:00"))
    assert calendar.add(at("2026-01-12 11:00"), 2 * HOUR) == at("2026-01-12 13:30")


def test_a_year_of_business_hours_is_exact_to_the_hour():
    calendar = office(holidays=[date(2026, 5, 1), date(2026, 12, 25)])
    # 2026 has 261 weekdays.
    assert calendar.between(at("2026-01-01 00:00"), at("2027-01-01 00:00")) == 259 * 8 * HOUR


@pytest.mark.parametrize("midnight", [time(0), time.max])
def test_an_interval_that_ends_at_midnight_leaves_no_gap(midnight):
    calendar = BusinessCalendar(OSLO, {0: [(time(22), midnight)], 1: [(time(0), time(2))]})
    assert calendar.add(at("2026-01-12 23:00"), 2 * HOUR) == at("2026-01-13 01:00")


def test_results_are_in_utc():
    assert office().add(at("2026-01-12 09:00"), HOUR).tzinfo is UTC
    assert office().next_opening(at("2026-01-12 03:00")).tzinfo is UTC


def test_the_doors_are_open_from_the_first_instant_to_just_before_the_last():
    calendar = office()
    assert not calendar.is_open(at("2026-01-12 07:59:59.999999"))
    assert calendar.is_open(at("2026-01-12 08:00"))
    assert calendar.is_open(at("2026-01-12 15:59:59.999999"))
    assert not calendar.is_open(at("2026-01-12 16:00"))


def test_while_open_the_next_opening_is_now():
    assert office().next_opening(at("2026-01-12 11:11")) == at("2026-01-12 11:11")


def test_after_friday_the_next_opening_is_on_monday():
    assert office().next_opening(at("2026-01-16 16:00")) == at("2026-01-19 08:00")


def test_always_is_open_every_second_of_a_year():
    start = at("2026-01-01 00:00Z")
    assert ALWAYS.add(start, timedelta(days=365)) == at("2027-01-01 00:00Z")


# --- The days when the clocks change. Instants in UTC, the wall clock in the comments. ---


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Oslo", "2026-03-29", 23),
        ("Europe/Oslo", "2026-10-25", 25),
        ("Europe/Budapest", "2026-03-29", 23),
        ("Europe/Budapest", "2026-10-25", 25),
        ("America/New_York", "2026-03-08", 23),
        ("America/New_York", "2026-11-01", 25),
        ("Asia/Kathmandu", "2026-03-29", 24),
        ("Australia/Lord_Howe", "2026-10-04", 23.5),
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
        # A whole date was left out when the date line moved.
        ("Pacific/Apia", "2011-12-30", 0),
    ],
)
def test_a_day_from_midnight_to_midnight_has_as_many_hours_as_it_has(zone, day, hours):
    weekday = date.fromisoformat(day).weekday()
    calendar = BusinessCalendar(ZoneInfo(zone), {weekday: ALL_DAY})
    noon = datetime.fromisoformat(f"{day} 12:00Z")
    assert calendar.between(noon - timedelta(days=3), noon + timedelta(days=3)) == hours * HOUR


@pytest.mark.parametrize(
    ("zone", "interval", "start", "first_opening", "open_for"),
    [
        # Spring: 02:00-03:00 does not exist, the hours move to 03:00 or fall away.
        ("Europe/Oslo", ("02:30", "05:00"), "2026-03-28 23:00Z", "2026-03-29 01:00Z", 2),
        ("Europe/Oslo", ("02:00", "03:00"), "2026-03-28 23:00Z", "2026-03-30 00:00Z", 0),
        ("Europe/Oslo", ("01:00", "02:30"), "2026-03-28 23:00Z", "2026-03-29 00:00Z", 1),
        ("Europe/Budapest", ("02:30", "05:00"), "2026-03-28 23:00Z", "2026-03-29 01:00Z", 2),
        ("America/New_York", ("02:30", "05:00"), "2026-03-08 05:00Z", "2026-03-08 07:00Z", 2),
        # 02:00-02:30 does not exist.
        ("Australia/Lord_Howe", ("02:10", "04:00"), "2026-10-03 13:30Z", "2026-10-03 15:30Z", 1.5),
        # Autumn: 02:00-03:00 comes twice, and is open twice.
        ("Europe/Oslo", ("02:00", "03:00"), "2026-10-24 22:00Z", "2026-10-25 00:00Z", 2),
        ("Europe/Oslo", ("01:00", "02:30"), "2026-10-24 22:00Z", "2026-10-24 23:00Z", 2),
        ("Europe/Oslo", ("02:30", "04:00"), "2026-10-24 22:00Z", "2026-10-25 00:30Z", 2),
        ("Europe/Budapest", ("00:00", "05:00"), "2026-10-24 22:00Z", "2026-10-24 22:00Z", 6),
        ("America/New_York", ("01:00", "02:00"), "2026-11-01 04:00Z", "2026-11-01 05:00Z", 2),
        # 01:30-02:00 comes twice.
        ("Australia/Lord_Howe", ("01:00", "03:00"), "2026-04-04 13:00Z", "2026-04-04 14:00Z", 2.5),
        # No change at all, and an offset of 5:45.
        ("Asia/Kathmandu", ("02:30", "05:00"), "2026-03-28 18:15Z", "2026-03-28 20:45Z", 2.5),
    ],
)
def test_an_interval_follows_the_wall_clock_when_it_jumps(
    zone, interval, start, first_opening, open_for
):
    calendar = every_day(zone, interval)
    start, first_opening = at(start), at(first_opening)
    assert calendar.next_opening(start) == first_opening
    assert calendar.between(start, start + 22 * HOUR) == open_for * HOUR


@pytest.mark.parametrize(
    ("zone", "start", "duration", "end"),
    [
        # Friday 15:00 to Monday 09:00: the weekend of the change is one hour shorter or longer.
        ("Europe/Oslo", "2026-03-27 14:00Z", 2, "2026-03-30 07:00Z"),
        ("Europe/Oslo", "2026-10-23 13:00Z", 2, "2026-10-26 08:00Z"),
        ("Europe/Budapest", "2026-03-27 14:00Z", 40 + 2, "2026-04-06 07:00Z"),
        ("America/New_York", "2026-03-06 20:00Z", 2, "2026-03-09 13:00Z"),
        ("America/New_York", "2026-10-30 19:00Z", 2, "2026-11-02 14:00Z"),
        ("Asia/Kathmandu", "2026-03-27 09:15Z", 2, "2026-03-30 03:15Z"),
        ("Australia/Lord_Howe", "2026-10-02 04:30Z", 2, "2026-10-04 22:00Z"),
        ("Australia/Lord_Howe", "2026-04-03 04:00Z", 2, "2026-04-05 22:30Z"),
    ],
)
def test_office_hours_stay_where_people_see_them_across_a_change(zone, start, duration, end):
    assert office(zone).add(at(start), duration * HOUR) == at(end)


def test_a_repeated_hour_that_crosses_midnight_is_counted_on_both_dates():
    # St. John's went back at one minute past midnight: the last hour of Saturday came again.
    saturday = BusinessCalendar(ZoneInfo("America/St_Johns"), {5: ALL_DAY})
    sunday = BusinessCalendar(ZoneInfo("America/St_Johns"), {6: ALL_DAY})
    start, end = at("2010-11-05 12:00Z"), at("2010-11-09 12:00Z")
    assert saturday.between(start, end) == 24 * HOUR + 59 * MINUTE
    assert sunday.between(start, end) == 24 * HOUR + 1 * MINUTE


def test_two_changes_within_a_week_are_both_seen():
    # Noronha tried summer time for one week in October 2000.
    calendar = every_day("America/Noronha", ("08:00", "16:00"))
    summer = at("2000-10-08 01:30Z")
    assert calendar.next_opening(summer) == at("2000-10-08 09:00Z")
    assert calendar.add(summer, 56 * HOUR) == at("2000-10-14 17:00Z")


def test_the_zone_of_the_question_does_not_change_the_answer():
    start = at("2026-03-27 14:00Z")
    assert office().add(start.astimezone(OSLO), 20 * HOUR) == office().add(start, 20 * HOUR)


# --- What cannot be. ---


@pytest.mark.parametrize(
    ("weekly", "advice"),
    [
        ({}, "at least one weekday"),
        ({0: []}, "at least one weekday"),
        ({0: [(time(16), time(8))]}, "On Monday .* split it at midnight"),
        ({6: [(time(8), time(8))]}, "On Sunday .* split it at midnight"),
        ({2: [(time(8), time(12)), (time(11), time(16))]}, "On Wednesday .* join them"),
        ({2: [(time(8), time(0)), (time(9), time(10))]}, "On Wednesday .* join them"),
        ({7: ALL_DAY}, "0 for Monday"),
    ],
)
def test_hours_that_contradict_themselves_are_refused_with_advice(weekly, advice):
    with pytest.raises(CalendarError, match=advice):
        BusinessCalendar(OSLO, weekly)


def test_intervals_may_touch():
    calendar = every_day("Europe/Oslo", ("08:00", "12:00"), ("12:00", "16:00"))
    assert calendar.add(at("2026-01-12 11:00"), 2 * HOUR) == at("2026-01-12 13:00")


def test_a_calendar_of_holidays_only_ends_the_search_with_advice():
    first = date(2026, 1, 1)
    calendar = office(holidays=[first + timedelta(days=day) for day in range(31 * 366)])
    start = at("2026-01-12 09:00")
    with pytest.raises(CalendarError, match="remove holidays"):
        calendar.add(start, HOUR)
    with pytest.raises(CalendarError, match="remove holidays"):
        calendar.next_opening(start)


def test_a_target_that_a_calendar_cannot_hold_in_thirty_years_is_refused():
    calendar = BusinessCalendar(OSLO, {0: [(time(8), time(9))]})
    with pytest.raises(CalendarError, match="add opening hours"):
        calendar.add(at("2026-01-12 09:00"), timedelta(days=365))


def test_a_naive_time_is_refused():
    with pytest.raises(ValueError, match="aware"):
        office().add(datetime(2026, 1, 12, 9), HOUR)


def test_time_cannot_be_taken_away():
    with pytest.raises(ValueError, match="only be added"):
        office().add(at("2026-01-12 09:00"), -HOUR)


def test_a_target_of_a_working_week_looks_at_the_days_of_that_week_only():
    class CountingZone(ZoneInfo):
        looks = 0

        def utcoffset(self, dt, /):
            CountingZone.looks += 1
            return super().utcoffset(dt)

    calendar = BusinessCalendar(CountingZone.no_cache("Europe/Oslo"), office().weekly)
    calendar.add(at("2026-01-12 09:00"), 40 * HOUR)
    assert 0 < CountingZone.looks <= 10


# --- The laws, over random calendars. ---

# Just before something happens to the wall clock, and one ordinary day.
EDGES = [
    ("Europe/Oslo", "2026-03-28 20:00Z"),
    ("Europe/Oslo", "2026-10-24 20:00Z"),
    ("America/New_York", "2026-03-08 01:00Z"),
    ("America/New_York", "2026-11-01 01:00Z"),
    ("Australia/Lord_Howe", "2026-10-03 10:00Z"),
    ("Australia/Lord_Howe", "2026-04-04 10:00Z"),
    ("America/St_Johns", "2010-11-06 20:00Z"),
    ("Pacific/Apia", "2011-12-29 20:00Z"),
    ("Asia/Kathmandu", "2026-06-15 12:00Z"),
]


@st.composite
def shifts(draw):
    """Up to three intervals of a day, in minutes since midnight."""
    edges = sorted(draw(st.sets(st.integers(0, 1440), max_size=6)))
    pairs = zip(edges[::2], edges[1::2], strict=False)
    return [(_clock(opens), _clock(closes % 1440)) for opens, closes in pairs]


def _clock(minutes):
    return time(minutes // 60, minutes % 60)


@st.composite
def calendars_and_starts(draw):
    zone, edge = draw(st.sampled_from(EDGES))
    start = at(edge) + draw(st.integers(-1440, 1440)) * MINUTE
    weekly = {weekday: draw(shifts()) for weekday in range(7)}
    # One working day, so that no target lies beyond what a calendar is searched for.
    weekly[draw(st.integers(0, 6))] = [(time(1), time(9))]
    offsets = draw(st.sets(st.integers(-2, 9), max_size=3))
    holidays = frozenset(start.date() + timedelta(days=offset) for offset in offsets)
    others = draw(st.sets(st.integers(-2, 9), max_size=2)) - offsets
    special = {start.date() + timedelta(days=offset): draw(shifts()) for offset in others}
    return BusinessCalendar(ZoneInfo(zone), weekly, holidays, special), start


# No deadlines: a busy machine is no fault of the calendar.
laws = settings(deadline=None, max_examples=40)
watching = settings(deadline=None, max_examples=25)

microseconds = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=20))
few_minutes = st.integers(1, 5 * 60)


@laws
@given(calendars_and_starts(), microseconds)
def test_between_is_the_inverse_of_add(case, duration):
    calendar, start = case
    assert calendar.between(start, calendar.add(start, duration)) == duration


@laws
@given(calendars_and_starts(), microseconds)
def test_add_gives_the_first_such_instant(case, duration):
    calendar, start = case
    end = calendar.add(start, duration)
    assert end == start or calendar.is_open(end - timedelta.resolution)


@laws
@given(calendars_and_starts(), microseconds, microseconds, microseconds)
def test_a_later_start_or_a_longer_target_is_never_due_earlier(case, later, duration, longer):
    calendar, start = case
    due = calendar.add(start, duration)
    assert calendar.add(start + later, duration) >= due
    assert calendar.add(start, duration + longer) >= due


@laws
@given(calendars_and_starts(), microseconds, microseconds)
def test_between_is_additive(case, first, second):
    calendar, start = case
    middle = start + first
    end = middle + second
    whole = calendar.between(start, end)
    assert whole == calendar.between(start, middle) + calendar.between(middle, end)
    assert calendar.between(end, start) == -whole


@laws
@given(calendars_and_starts())
def test_no_time_passes_before_the_next_opening(case):
    calendar, start = case
    opening = calendar.next_opening(start)
    assert opening >= start
    assert calendar.is_open(opening)
    assert calendar.between(start, opening) == timedelta(0)


def is_open_by_the_wall_clock(calendar, instant):
    """The rule word by word, for one minute."""
    wall = instant.astimezone(calendar.zone)
    if wall.date() in calendar.holidays:
        return False
    return any(
        opens <= wall.time() and (closes == time(0) or wall.time() < closes)
        for opens, closes in calendar.special.get(
            wall.date(), calendar.weekly.get(wall.weekday(), ())
        )
    )


@watching
@given(calendars_and_starts(), st.integers(0, 3 * 1440))
def test_between_agrees_with_watching_the_clock_minute_by_minute(case, minutes):
    calendar, start = case
    instants = (start + minute * MINUTE for minute in range(minutes))
    watched = sum(is_open_by_the_wall_clock(calendar, instant) for instant in instants)
    assert calendar.between(start, start + minutes * MINUTE) == watched * MINUTE


@watching
@given(calendars_and_starts(), few_minutes)
def test_add_agrees_with_watching_the_clock_minute_by_minute(case, minutes):
    calendar, start = case
    instant, left = start, minutes
    while left:
        left -= is_open_by_the_wall_clock(calendar, instant)
        instant += MINUTE
    assert calendar.add(start, minutes * MINUTE) == instant
