"""A monitoring tells of an alert: it opens one ticket, and its end ends that one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from itertools import permutations
from typing import Any

import pytest

from chalicelib.desk.service import apply, live_desk
from chalicelib.facts import ExternalEvent
from chalicelib.tickets import joining, store
from chalicelib.tickets import service as tickets
from chalicelib.tickets.access import Who
from chalicelib.tickets.edits import Edit
from chalicelib.tickets.model import ArticleKind, Ticket, Timeline
from chalicelib.webhooks.model import secrets_of, signed
from tests.web.calls import Answer, api, new_token
from tests.world import DESK, World, letter

ALERTS = {
    "name": "Monitoring",
    "group": "support",
    "key": ["alert", "host"],
    "title": "summary",
    "text": "details",
    "state": "state",
    "began": "since",
    "severity": "severity",
    "priorities": {"critical": "urgent", "warning": "high"},
    "fields": {"host": "host"},
}
SOURCES: dict[str, Any] = {
    "monitor": ALERTS,
    "timeless": {name: value for name, value in ALERTS.items() if name != "began"},
    "prometheus": {
        "group": "support",
        "auth": "token",
        "list": "alerts",
        "key": ["fingerprint"],
        "title": "annotations.summary",
        "state": "status",
        "began": "startsAt",
    },
    "ci": {"group": "support", "ticket": "ticket", "fields": {"build": "build.id"}},
}
DISK = {
    "alert": "DiskFull",
    "host": "db1",
    "summary": "Disk full on db1",
    "details": "Only 1 % is free.",
    "severity": "critical",
    "since": "2026-03-02T08:59:00Z",
}
FIRING, OVER = {**DISK, "state": "firing"}, {**DISK, "state": "resolved"}
NUMBER = 1001


@pytest.fixture
def desk(world: World) -> World:
    apply(world.ports, {**DESK, "sources": SOURCES})
    return world


def tell(
    world: World, body: Any, *, source: str = "monitor", name: str = "", settle: bool = True
) -> Answer:
    """A source signs and sends; each time under another id unless it is named."""
    raw = json.dumps(body).encode()
    world.ids += 1
    name = name or f"msg_{world.ids}"
    entry = live_desk(world.ports).sources[source]
    headers = signed(secrets_of(world.ports.keys(), entry), name, world.now, raw)
    answer = send(world, raw, headers, source=source)
    if settle:
        world.settle()
    return answer


def send(
    world: World, raw: bytes, headers: Mapping[str, str], *, source: str = "monitor"
) -> Answer:
    return api(world, "POST", f"/api/v1/events/{source}", raw.decode(), token=None, headers=headers)


def outcomes(answer: Answer) -> list[tuple[str, int | None]]:
    assert answer.status == 200, answer
    return [(item["outcome"], item["ticket"]) for item in answer.body["items"]]


def agent(world: World, name: str = "anna") -> Who:
    return Who.from_agent(live_desk(world.ports).agents[name])


def read(world: World, number: int = NUMBER) -> Timeline:
    return tickets.read_ticket(agent(world, "lena"), number)


def all_tickets(world: World) -> list[Ticket]:
    found = (store.load(number)[0] for number in range(NUMBER, store.last_number() + 1))
    return [ticket for ticket in found if ticket]


def edit(world: World, number: int = NUMBER, **fields: Any) -> None:
    tickets.edit_ticket(world.ports, agent(world), number, Edit(**fields))
    world.settle()


# One alert, one ticket. ----------------------------------------------------------------------


def test_an_alert_opens_one_ticket_and_its_recovery_solves_it(desk: World) -> None:
    assert outcomes(tell(desk, FIRING)) == [("opened", NUMBER)]
    page = read(desk)
    ticket = page.ticket
    assert (ticket.subject, ticket.group, ticket.status) == ("Disk full on db1", "support", "new")
    assert (ticket.priority, ticket.requester.name) == ("urgent", "Monitoring")
    assert page.articles[0].text == "Only 1 % is free.\n\nseverity: critical\nhost: db1"
    desk.pass_time(minutes=5)
    assert outcomes(tell(desk, OVER)) == [("solved", NUMBER)]
    page = read(desk)
    assert page.ticket.status == "solved"
    assert [article.text for article in page.articles[1:]] == ["The alert is over."]
    assert page.articles[1].kind is ArticleKind.NOTE
    assert len(all_tickets(desk)) == 1


@pytest.mark.parametrize("said", list(permutations([FIRING, FIRING, OVER, OVER])))
def test_repeated_and_in_any_order_it_is_one_ticket_that_is_solved(
    desk: World, said: list[dict[str, Any]]
) -> None:
    for body in said:
        assert tell(desk, body).status == 200
        desk.pass_time(seconds=20)
    (ticket,) = all_tickets(desk)
    assert ticket.status == "solved"
    states = [fact.state for fact in events(desk)]
    assert states.count("resolved") == 1
    assert 0 < len(states) <= 3


def events(world: World, number: int = NUMBER) -> list[ExternalEvent]:
    entries = read(world, number).entries
    return [fact for entry in entries for fact in entry.facts if isinstance(fact, ExternalEvent)]  # type: ignore[attr-defined]


def test_what_is_sent_again_under_its_id_changes_nothing(desk: World) -> None:
    for body in (FIRING, OVER):
        name = f"msg_{body['state']}"
        first = tell(desk, body, source="timeless", name=name)
        before = read(desk)
        for _ in range(2):
            desk.pass_time(minutes=1)
            again = tell(desk, body, source="timeless", name=name)
            assert outcomes(again) == [("repeated", NUMBER)]
        assert read(desk) == before
        assert first.status == 200
    tell(desk, FIRING, source="timeless", name="msg_firing")
    (ticket,) = all_tickets(desk)
    assert ticket.status == "solved"


def test_two_that_tell_the_same_at_once_open_one_ticket(
    desk: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = store.next_number
    twin: list[Answer] = []

    def meanwhile() -> int:
        if not twin:
            twin.append(Answer(0, None, {}))
            twin.append(tell(desk, FIRING, settle=False))
        return real()

    monkeypatch.setattr(store, "next_number", meanwhile)
    assert outcomes(tell(desk, FIRING)) == [("noted", NUMBER)]
    assert outcomes(twin[1]) == [("opened", NUMBER)]
    assert len(all_tickets(desk)) == 1


def test_nobody_is_written_to(desk: World) -> None:
    tell(desk, FIRING)
    tickets.write_article(
        desk.ports, agent(desk), NUMBER, tickets.Draft(ArticleKind.REPLY, "Looking into it.")
    )
    desk.settle()
    assert desk.outbox == []


def test_the_event_is_a_fact_that_rules_can_find(desk: World) -> None:
    tell(desk, FIRING)
    (fact,) = events(desk)
    assert fact == ExternalEvent("monitor", "firing", "critical", "DiskFull/db1", {"host": "db1"})
    assert fact.to_detail() == {"source": "monitor", "state": "firing", "severity": "critical"}


# Told again. ---------------------------------------------------------------------------------


def test_an_alert_that_is_told_again_is_noted_and_ten_times_are_enough(desk: World) -> None:
    tell(desk, FIRING)
    found = [outcomes(tell(desk, FIRING))[0][0] for _ in range(12)]
    assert found == ["noted"] * 10 + ["repeated"] * 2
    page = read(desk)
    assert len(page.articles) == 11
    assert page.articles[1].text.startswith("The alert is still on:\n\nOnly 1 % is free.")
    assert len(all_tickets(desk)) == 1


def test_a_new_outbreak_opens_a_solved_ticket_again(desk: World) -> None:
    tell(desk, FIRING)
    tell(desk, OVER)
    later = {**FIRING, "since": "2026-03-02T10:00:00Z"}
    assert outcomes(tell(desk, later)) == [("reopened", NUMBER)]
    assert read(desk).ticket.status == "open"
    assert outcomes(tell(desk, OVER)) == [("ignored", NUMBER)]
    assert read(desk).ticket.status == "open"
    assert outcomes(tell(desk, {**later, "state": "resolved"})) == [("solved", NUMBER)]


def test_after_the_ticket_is_closed_a_follow_up_is_opened(desk: World) -> None:
    tell(desk, FIRING)
    tell(desk, OVER)
    edit(desk, status="closed")
    later = {**FIRING, "since": "2026-03-03T10:00:00Z"}
    assert outcomes(tell(desk, later)) == [("opened", 1002)]
    assert read(desk, 1002).ticket.follow_up_of == NUMBER
    assert outcomes(tell(desk, {**later, "state": "resolved"})) == [("solved", 1002)]
    assert read(desk).ticket.status == "closed"


def test_an_alert_goes_where_its_ticket_was_merged_into(desk: World) -> None:
    desk.mail(letter())
    assert outcomes(tell(desk, FIRING)) == [("opened", 1002)]
    joining.merge(desk.ports, agent(desk), 1002, NUMBER)
    desk.settle()
    assert outcomes(tell(desk, FIRING)) == [("noted", NUMBER)]
    assert outcomes(tell(desk, OVER)) == [("noted", NUMBER)]
    assert read(desk).ticket.status == "new"


def test_each_alert_of_each_source_has_a_ticket_of_its_own(desk: World) -> None:
    for body, source in (
        (FIRING, "monitor"),
        ({**FIRING, "host": "db2"}, "monitor"),
        (FIRING, "timeless"),
    ):
        assert outcomes(tell(desk, body, source=source))[0][0] == "opened"
    assert len(all_tickets(desk)) == 3


# Over. ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "touch",
    [
        {"assignee": "anna"},
        {"status": "open"},
        {"priority": "low"},
        {"tags": ["known"]},
    ],
)
def test_a_ticket_that_somebody_took_over_is_left_to_them(
    desk: World, touch: dict[str, Any]
) -> None:
    tell(desk, FIRING)
    edit(desk, **touch)
    before = read(desk).ticket.status
    assert outcomes(tell(desk, OVER)) == [("noted", NUMBER)]
    page = read(desk)
    assert page.ticket.status == before
    assert page.articles[-1].text == "The alert is over."


def test_a_ticket_on_which_something_is_left_to_do_is_not_ended(desk: World) -> None:
    call = {"label": {"en": "Outage"}, "tasks": [{"title": {"en": "Call the provider"}}]}
    rule = {"id": "outage", "on": ["opened"], "do": [{"checklist": "outage"}]}
    more = {"checklists": {"outage": call}, "triggers": [rule]}
    apply(desk.ports, {**DESK, "sources": SOURCES, **more})
    tell(desk, FIRING)
    assert read(desk).ticket.open_tasks == 1
    assert outcomes(tell(desk, OVER)) == [("noted", NUMBER)]


@pytest.mark.parametrize(
    ("wanted", "outcome", "status"), [("close", "closed", "closed"), ("note", "noted", "new")]
)
def test_what_a_recovery_does_is_for_the_desk_to_say(
    desk: World, wanted: str, outcome: str, status: str
) -> None:
    sources = {"monitor": {**ALERTS, "on_recovery": wanted}}
    apply(desk.ports, {**DESK, "sources": sources})
    tell(desk, FIRING)
    assert outcomes(tell(desk, OVER)) == [(outcome, NUMBER)]
    assert read(desk).ticket.status == status


def test_a_recovery_that_overtakes_its_alert_leaves_one_solved_ticket(desk: World) -> None:
    assert outcomes(tell(desk, OVER)) == [("remembered", None)]
    assert all_tickets(desk) == []
    assert outcomes(tell(desk, FIRING)) == [("opened", NUMBER)]
    page = read(desk)
    assert page.ticket.status == "solved"
    assert page.articles[0].text.endswith("\n\nThe alert is over.")


def test_a_recovery_of_what_nobody_knows_is_nothing(desk: World) -> None:
    assert outcomes(tell(desk, OVER, source="timeless")) == [("ignored", None)]
    assert all_tickets(desk) == []


def test_a_state_that_the_desk_does_not_know_is_nothing(desk: World) -> None:
    assert outcomes(tell(desk, {**DISK, "state": "pending"})) == [("ignored", None)]


def test_the_note_is_in_the_language_of_the_group(desk: World) -> None:
    groups = {**DESK["groups"], "support": {**DESK["groups"]["support"], "locale": "da"}}
    apply(desk.ports, {**DESK, "groups": groups, "sources": SOURCES})
    tell(desk, FIRING)
    tell(desk, OVER)
    assert read(desk).articles[-1].text == "Alarmen er ovre."


# Many at once. -------------------------------------------------------------------------------


def alert(name: str, status: str = "firing") -> dict[str, Any]:
    return {
        "status": status,
        "fingerprint": name,
        "annotations": {"summary": f"Alert {name}"},
        "startsAt": "2026-03-02T08:59:00Z",
    }


def by_token(world: World, body: Any, **token: Any) -> Answer:
    made = new_token("events:write", **token)
    answer = api(world, "POST", "/api/v1/events/prometheus", body, token=made)
    world.settle()
    return answer


def test_a_call_of_many_alerts_has_an_outcome_for_each(desk: World) -> None:
    first = by_token(desk, {"alerts": [alert("a"), {}, alert("b")]})
    assert outcomes(first) == [("opened", 1001), ("ignored", None), ("opened", 1002)]
    second = by_token(desk, {"alerts": [alert("a", "resolved"), alert("b"), alert("c")]})
    assert outcomes(second) == [("solved", 1001), ("noted", 1002), ("opened", 1003)]


def test_a_monitoring_that_has_lost_its_mind_is_held_up(
    desk: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.webhooks.events.TICKETS_AN_HOUR", 3)
    answer = by_token(desk, {"alerts": [alert(str(count)) for count in range(5)]})
    assert (answer.status, answer.body["error"]["code"]) == (429, "too_many")
    assert len(all_tickets(desk)) == 3
    assert outcomes(by_token(desk, {"alerts": [alert("0", "resolved")]})) == [("solved", 1001)]
    desk.pass_time(hours=1)
    again = by_token(desk, {"alerts": [alert(str(count)) for count in range(1, 5)]})
    assert [outcome for outcome, _ in outcomes(again)] == ["noted", "noted", "opened", "opened"]


# Events about a ticket. ----------------------------------------------------------------------


def test_an_event_is_told_to_the_ticket_that_it_names(desk: World) -> None:
    desk.mail(letter())
    body = {"ticket": NUMBER, "build": {"id": 77}}
    assert outcomes(tell(desk, body, source="ci", name="msg_x")) == [("told", NUMBER)]
    (fact,) = events(desk)
    assert (fact.source, fact.state, fact.fields) == ("ci", "told", {"build": "77"})
    assert outcomes(tell(desk, body, source="ci", name="msg_x")) == [("repeated", NUMBER)]
    assert len(events(desk)) == 1
    assert len(read(desk).articles) == 1


def test_a_source_tells_nothing_to_tickets_of_other_groups(desk: World) -> None:
    desk.mail(letter(to="hr@desk.example"))
    for number in (NUMBER, 9999, None):
        answer = tell(desk, {"ticket": number}, source="ci")
        assert outcomes(answer) == [("ignored", None)]
    assert events(desk) == []


def test_an_event_of_a_source_that_is_gone_finds_nobody(desk: World) -> None:
    apply(desk.ports, DESK)
    assert send(desk, json.dumps(FIRING).encode(), {}).status == 404


def test_clocks_run_for_an_alert_and_stop_with_it(desk: World) -> None:
    def due(number: int) -> datetime | None:
        return read(desk, number).ticket.due_at

    tell(desk, {**FIRING, "severity": "x"})
    assert due(NUMBER) is not None
    tell(desk, OVER)
    ticket = read(desk).ticket
    assert all(clock.due_at is None or not clock.is_running for clock in ticket.clocks)


def test_a_ticket_that_has_to_say_how_it_was_solved_says_that_the_alert_is_over(
    world: World,
) -> None:
    support = {**DESK["groups"]["support"], "needs_resolution": True}
    groups = {**DESK["groups"], "support": support}
    apply(world.ports, {**DESK, "sources": SOURCES, "groups": groups})
    tell(world, FIRING)
    assert outcomes(tell(world, OVER)) == [("solved", NUMBER)]
    assert read(world).ticket.resolution


def test_a_ticket_that_must_wait_for_its_children_is_noted_on_and_stays_open(desk: World) -> None:
    tell(desk, FIRING)
    desk.mail(letter("It is slow", subject="Slow"))
    joining.link(desk.ports, agent(desk), 1002, "parent", NUMBER)
    ((outcome, number),) = outcomes(tell(desk, OVER))
    assert (outcome, number) == ("noted", NUMBER)
    assert not read(desk).ticket.is_over
