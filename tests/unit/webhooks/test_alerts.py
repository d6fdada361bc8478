"""What is read from what a monitoring sends, and what follows in whatever order it comes."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from chalicelib.desk.hooks import Source
from chalicelib.errors import Invalid
from chalicelib.webhooks.alerts import (
    Alert,
    AlertState,
    Memory,
    Step,
    read_alerts,
    step_of,
)

PROMETHEUS = Source(
    "prometheus",
    "Prometheus",
    "support",
    list="alerts",
    key=("labels.alertname", "labels.instance"),
    title="annotations.summary",
    text="annotations.description",
    state="status",
    began="startsAt",
    severity="labels.severity",
    fields={"runbook": "annotations.runbook_url", "value": "value"},
)
# Two alerts of one call, with what the desk does not ask for.
BODY: dict[str, Any] = {
    "version": "4",
    "status": "firing",
    "groupLabels": {"alertname": "DiskFull"},
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "DiskFull", "instance": "db1", "severity": "critical"},
            "annotations": {"summary": "Disk full\non db1", "description": "Only 1 % is free."},
            "startsAt": "2026-03-02T08:59:00.123456789Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "value": 99.5,
        },
        {
            "status": "resolved",
            "labels": {"alertname": "DiskFull", "instance": "db2"},
            "annotations": {},
            "startsAt": "2026-03-02T08:00:00Z",
        },
    ],
}
EARLIER, LATER = "2026-03-02T08:00:00Z", "2026-03-02T11:00:00+02:00"


def firing(began: str = EARLIER) -> Alert:
    return Alert("disk", is_over=False, began=began)


def over(began: str = EARLIER) -> Alert:
    return Alert("disk", is_over=True, began=began)


def steps(*said: Alert) -> tuple[list[Step], Memory]:
    """What a row of alerts asks for, and what is remembered at the end."""
    memory, found = Memory(), []
    for alert in said:
        step, memory = step_of(alert, memory)
        found.append(step)
    return found, memory


# Reading. ------------------------------------------------------------------------------------


def test_a_list_of_alerts_is_read_alert_by_alert() -> None:
    one, other = read_alerts(PROMETHEUS, BODY)
    assert (one.key, one.is_over, one.title) == ("DiskFull/db1", False, "Disk full on db1")
    assert (one.severity, one.began) == ("critical", "2026-03-02T08:59:00.123456789Z")
    assert one.fields == {"value": "99.5"}
    assert one.body == "Only 1 % is free.\n\nseverity: critical\nvalue: 99.5"
    assert (other.key, other.is_over, other.title) == ("DiskFull/db2", True, "DiskFull/db2")


def test_a_body_can_be_one_alert_itself() -> None:
    source = Source("uptime", "Uptime", "support", key=("checks.0.name",), state="up")
    source = replace(source, firing=("false",), resolved=("true",))
    (alert,) = read_alerts(source, {"checks": [{"name": "www"}], "up": False})
    assert (alert.key, alert.is_over) == ("www", False)


@pytest.mark.parametrize(
    ("state", "is_over"),
    [("firing", False), ("ALERTING", False), ("Resolved", True), ("ok", True), ("no_data", None)],
)
def test_a_state_that_the_desk_does_not_know_says_nothing(state: str, is_over: bool | None) -> None:
    source = Source("x", "X", "support", key=("id",), state="state")
    (alert,) = read_alerts(source, {"id": "1", "state": state})
    assert alert.is_over is is_over


def test_a_source_without_states_only_fires() -> None:
    (alert,) = read_alerts(Source("x", "X", "support", key=("id",)), {"id": 7})
    assert (alert.key, alert.is_over) == ("7", False)


@pytest.mark.parametrize(
    "body", [{}, {"alerts": {}}, {"alerts": "x"}, {"alerts": [{}]}, {"alerts": [1, None, "x"]}]
)
def test_what_has_no_alerts_where_the_desk_says_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        read_alerts(PROMETHEUS, body)


def test_no_alert_is_lost_because_another_has_no_key() -> None:
    one, other = read_alerts(PROMETHEUS, {"alerts": [{}, BODY["alerts"][0]]})
    assert (one.key, other.key) == ("", "DiskFull/db1")


def test_nothing_to_tell_is_nothing_wrong() -> None:
    assert read_alerts(PROMETHEUS, {"alerts": []}) == []


def test_more_alerts_than_a_call_can_take_are_refused() -> None:
    with pytest.raises(Invalid):
        read_alerts(PROMETHEUS, {"alerts": BODY["alerts"] * 51})


def test_what_is_too_long_is_cut() -> None:
    labels = {"alertname": "a" * 1000, "severity": "s" * 1000}
    alert = {"labels": labels, "annotations": {"summary": "t" * 1000, "description": "d" * 50_000}}
    (found,) = read_alerts(PROMETHEUS, {"alerts": [{**alert, "status": "firing"}]})
    lengths = [len(text) for text in (found.key, found.severity, found.title, found.text)]
    assert lengths == [300, 500, 500, 8000]


@pytest.mark.parametrize("number", ["", "abc", "-1", "1.5", "٣", None, [], {}])
def test_a_ticket_is_named_by_its_number_alone(number: Any) -> None:
    source = Source("ci", "CI", "support", ticket="ticket")
    (alert,) = read_alerts(source, {"ticket": number})
    assert alert.ticket is None
    assert read_alerts(source, {"ticket": "1001"})[0].ticket == 1001
    assert read_alerts(source, {"ticket": 1001})[0].ticket == 1001


# Deciding. -----------------------------------------------------------------------------------


def test_an_alert_begins_is_told_again_and_ends() -> None:
    found, memory = steps(firing(), firing(), over(), over())
    assert found == [Step.BEGIN, Step.AGAIN, Step.END, Step.NOTHING]
    assert (memory.state, memory.notes) == (AlertState.OVER, 1)


@pytest.mark.parametrize("said", list(permutations([firing(), firing(), over(), over()])))
def test_in_any_order_an_outbreak_begins_once_and_ends_once(said: tuple[Alert, ...]) -> None:
    found, memory = steps(*said)
    begun = found.count(Step.BEGIN) + found.count(Step.BOTH)
    ended = found.count(Step.END) + found.count(Step.BOTH)
    assert (begun, ended) == (1, 1)
    assert memory.state is AlertState.OVER


@pytest.mark.parametrize(
    "said", list(permutations([firing(EARLIER), over(EARLIER), firing(LATER), over(LATER)]))
)
def test_in_any_order_two_outbreaks_leave_an_alert_that_is_over(said: tuple[Alert, ...]) -> None:
    found, memory = steps(*said)
    assert memory.began == LATER
    assert memory.state is AlertState.OVER
    begun = found.count(Step.BEGIN) + found.count(Step.BOTH)
    assert 1 <= begun <= 2


@pytest.mark.parametrize(
    "said", list(permutations([firing(EARLIER), over(EARLIER), firing(LATER)]))
)
def test_in_any_order_the_newest_outbreak_stays_on(said: tuple[Alert, ...]) -> None:
    _, memory = steps(*said)
    assert (memory.state, memory.began) == (AlertState.FIRING, LATER)


def test_an_end_before_its_beginning_is_remembered_and_then_both_happen_at_once() -> None:
    found, _ = steps(over(), firing(), firing())
    assert found == [Step.REMEMBER, Step.BOTH, Step.NOTHING]


def test_what_does_not_say_when_it_began_is_taken_as_it_comes() -> None:
    found, memory = steps(over(""), firing(""), over(""), firing(""), over(""))
    assert found == [Step.NOTHING, Step.BEGIN, Step.END, Step.BEGIN, Step.END]
    assert memory.state is AlertState.OVER


def test_an_outbreak_may_be_named_in_any_way() -> None:
    found, _ = steps(firing("incident-9"), firing("incident-10"), over("incident-10"))
    assert found == [Step.BEGIN, Step.BEGIN, Step.END]


def test_an_unknown_state_changes_nothing() -> None:
    memory = Memory(AlertState.FIRING, EARLIER, 1001)
    assert step_of(Alert("disk", is_over=None), memory) == (Step.NOTHING, memory)


def test_the_repetitions_of_an_outbreak_are_counted_and_begin_anew_with_the_next() -> None:
    _, memory = steps(*[firing()] * 5)
    assert memory.notes == 4
    _, memory = step_of(firing(LATER), memory)
    assert memory.notes == 0
