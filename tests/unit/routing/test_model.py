"""Who is chosen, by what, and why the others are not."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.desk.model import Desk, read_desk
from chalicelib.people.model import Absence, Absences
from chalicelib.routing.model import Choice, Duty, Question, Why, choose
from chalicelib.tickets.model import Contact, Needs, Status, Ticket
from tests.world import DESK

# A Monday, at ten o'clock in Copenhagen.
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KIM = Contact("p1", "Kim", "kim@customer.example", "en")
TICKET = Ticket(1001, Status.NEW, "Help", "support", None, (KIM,), "normal", (), NOW, NOW)


def desk(how: str = "round_robin", **agents: dict[str, Any]) -> Desk:
    """A desk with one group that assigns, and these agents in it."""
    groups = {"support": {**DESK["groups"]["support"], "assign": {"how": how}, "lead": None}}
    made = {
        name: {
            "name": name.title(),
            "email": f"{name}@agents.example",
            "groups": ["support"],
            **one,
        }
        for name, one in agents.items()
    }
    body = {**DESK, "groups": groups, "agents": made}
    return read_desk({name: body[name] for name in DESK if name != "lead"}, version=1)


def asked(
    found: Desk, duty: Duty | None = None, loads: dict[str, int] | None = None, **parts: Any
) -> Choice:
    ticket = replace(TICKET, needs=parts.pop("needs", Needs()))
    question = Question(ticket, found, duty or Duty(), parts.pop("now", NOW), **parts)
    counted = {agent: (loads or {}).get(agent, 0) for agent in question.to_count}
    return choose(question, counted)


def away(**until: datetime | None) -> Absences:
    return Absences(
        {name: (Absence(name, NOW - timedelta(days=1), end),) for name, end in until.items()}
    )


def who(choice: Choice) -> str | None:
    return choice.chosen.agent if choice.chosen else None


def test_the_one_who_has_waited_longest_comes_next() -> None:
    given_at = {
        "anna": {"support": NOW - timedelta(hours=1)},
        "bo": {"support": NOW - timedelta(hours=2), "quick": NOW},
    }
    assert who(asked(desk(anna={}, bo={}), Duty(given=given_at))) == "bo"


def test_the_one_with_the_fewest_open_tickets_comes_next_and_of_equals_who_waited_longest() -> None:
    found = desk("load", anna={}, bo={}, cleo={})
    assert who(asked(found, loads={"anna": 3, "bo": 1, "cleo": 2})) == "bo"
    given_at = {"bo": {"support": NOW}}
    assert who(asked(found, Duty(given=given_at), {"anna": 3, "bo": 1, "cleo": 1})) == "cleo"


def test_the_best_match_comes_first_then_the_one_with_less_to_do() -> None:
    found = desk(
        "skill",
        anna={"skills": {"network": 5}},
        bo={"skills": {"network": 3, "vpn": 3}},
        cleo={"skills": {"network": 4, "vpn": 2}},
        dina={"skills": ["vpn"]},
    )
    needs = Needs((("network", 2), ("vpn", 2)))
    assert who(asked(found, needs=needs, loads={"bo": 4, "cleo": 3})) == "cleo"
    assert {one.agent: one.what for one in asked(found, needs=needs).obstacles} == {
        "anna": "vpn 2",
        "dina": "network 2",
    }


def test_whom_it_is_meant_for_comes_before_all_others() -> None:
    assert (
        who(asked(desk("load", anna={}, bo={}), needs=Needs(agent="bo"), loads={"bo": 9})) == "bo"
    )


@pytest.mark.parametrize(
    ("agent", "duty", "load", "why", "ends_in"),
    [
        ({"hours": "office"}, Duty(), 0, Why.HOURS, timedelta(hours=7)),
        ({}, Duty(away(anna=None)), 0, Why.ABSENT, timedelta(hours=1)),
        (
            {},
            Duty(away(anna=NOW + timedelta(hours=15, minutes=20))),
            0,
            Why.ABSENT,
            timedelta(minutes=20),
        ),
        ({"load_limit": 3}, Duty(), 3, Why.LOAD, timedelta(minutes=15)),
        ({"hours": "office", "load_limit": 3}, Duty(away(anna=None)), 9, Why.ABSENT, None),
    ],
)
def test_what_is_in_the_way_ends_at_an_instant(
    agent: dict[str, Any], duty: Duty, load: int, why: Why, ends_in: timedelta | None
) -> None:
    midnight = NOW + timedelta(hours=15)
    choice = asked(desk(anna=agent), duty, {"anna": load}, now=midnight)
    (obstacle,) = choice.obstacles
    assert (who(choice), obstacle.why) == (None, why)
    assert choice.again_at(midnight) - midnight == (ends_in or timedelta(hours=7))


def test_a_group_without_agents_is_looked_at_again_tomorrow() -> None:
    choice = asked(desk())
    assert (choice.chosen, choice.obstacles) == (None, ())
    assert choice.again_at(NOW) == NOW + timedelta(days=1)


def test_a_substitute_who_may_have_no_tickets_of_the_group_does_not_stand_in() -> None:
    found = desk(anna={}, hugo={"groups": []}, lena={"groups": [], "is_admin": True})
    absence = Absence("anna", NOW, None, "hugo")
    assert who(asked(found, Duty(Absences({"anna": (absence,)})))) is None
    absence = replace(absence, substitute="lena")
    assert who(asked(found, Duty(Absences({"anna": (absence,)})))) == "lena"


AGENTS = ("anna", "bo", "cleo", "dina")


@given(
    st.lists(
        st.tuples(st.sampled_from(["come", "go", "ticket"]), st.sampled_from(AGENTS)), max_size=60
    )
)
def test_round_robin_is_fair_among_those_who_are_there(moves: list[tuple[str, str]]) -> None:
    """Between two moments at which nobody comes or goes, nobody gets two more than another."""
    found, there = desk("round_robin", **{one: {} for one in AGENTS}), set(AGENTS)
    given_at: dict[str, dict[str, datetime]] = {}
    counted: Counter[str] = Counter()
    for what, agent in moves:
        if what != "ticket":
            (there.add if what == "come" else there.discard)(agent)
            counted.clear()
            continue
        gone = away(**dict.fromkeys(set(AGENTS) - there))
        duty = Duty(gone, given_at)
        chosen = who(asked(found, duty))
        assert (chosen in there) if there else (chosen is None)
        if chosen:
            given_at[chosen] = {"support": duty.next_turn("support", NOW)}
            counted[chosen] += 1
            shares = [counted[one] for one in there]
            assert max(shares) - min(shares) <= 1


@given(
    st.dictionaries(st.sampled_from(AGENTS), st.sampled_from([*AGENTS, None])),
    st.sampled_from(AGENTS),
)
def test_whoever_stands_in_is_never_away(substitutes: dict[str, str | None], agent: str) -> None:
    absences = Absences(
        {name: (Absence(name, NOW, None, other),) for name, other in substitutes.items()}
    )
    stands_in = absences.stand_in(agent, NOW)
    assert stands_in is None or stands_in not in substitutes
    assert set(absences.absent(AGENTS, NOW)) == set(substitutes)


@given(
    st.lists(st.sampled_from(AGENTS), unique=True),
    st.lists(st.sampled_from(AGENTS), unique=True),
    st.dictionaries(st.sampled_from(AGENTS), st.integers(0, 4)),
    st.sampled_from(["round_robin", "load", "skill"]),
)
def test_nobody_gets_a_ticket_who_is_unavailable(
    gone: list[str], unanswered: list[str], loads: dict[str, int], how: str
) -> None:
    found = desk(how, **{one: {"load_limit": 2} for one in AGENTS})
    choice = asked(found, Duty(away(**dict.fromkeys(gone))), loads, passed_over=unanswered)
    free = set(AGENTS) - {*gone, *unanswered} - {one for one in loads if loads[one] >= 2}
    assert (who(choice) in free) if free else (choice.chosen is None)
    assert {one.agent for one in choice.obstacles} == set(AGENTS) - free
