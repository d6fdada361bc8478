"""Who gets a ticket: by the rules that it meets, among those who are there, and then what."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib import table
from chalicelib.desk.service import apply, live_desk
from chalicelib.errors import Forbidden, Invalid, NotFound
from chalicelib.facts import AssignmentMade, Fact, NobodyAvailable, Routed
from chalicelib.ledger.model import flaws
from chalicelib.ledger.store import EntryItem, from_item
from chalicelib.people.model import Absence
from chalicelib.routing import availability, leaving, store
from chalicelib.tickets import service
from chalicelib.tickets import store as ticket_store
from chalicelib.tickets.access import Who
from chalicelib.tickets.edits import Edit
from chalicelib.tickets.model import ArticleKind
from tests.flows.test_mail_to_ticket import timeline
from tests.web.calls import api
from tests.world import DESK, World, letter

# The world begins on Monday, 2 March 2026, at ten o'clock in Copenhagen.
CLEO = {"name": "Cleo Vang", "email": "cleo@agents.example", "groups": ["support"]}


def desk(
    *,
    how: str = "round_robin",
    routing: list[dict[str, Any]] | None = None,
    agents: dict[str, dict[str, Any]] | None = None,
    **assign: Any,
) -> dict[str, Any]:
    """The desk with two agents in the support, who are given its tickets."""
    body = deepcopy(DESK)
    body["groups"]["support"]["assign"] = {"how": how, **assign}
    body["agents"]["lena"]["groups"] = ["hr"]
    body["agents"]["bo"] = {"name": "Bo Lund", "email": "bo@agents.example", "groups": ["support"]}
    for name, more in (agents or {}).items():
        body["agents"][name] = {**body["agents"].get(name, {}), **more}
    body["routing"] = routing or []
    return body


def configure(world: World, **parts: Any) -> None:
    apply(world.ports, desk(**parts))
    world.settle()


def mail(world: World, count: int = 1, **parts: Any) -> list[str | None]:
    """That many mails come in, one after another; to whom their tickets are given."""
    before = ticket_store.last_number()
    for n in range(count):
        world.mail(letter(f"Please help: {before + n}", sender=f"kim{n}@customer.example", **parts))
    last = ticket_store.last_number()
    return [timeline(world, number).ticket.assignee for number in range(before + 1, last + 1)]


def said(world: World, kind: type[Fact], number: int = 1001) -> list[Any]:
    entries = timeline(world, number).entries
    return [fact for entry in entries for fact in entry.facts if isinstance(fact, kind)]


def who(world: World, agent: str = "lena") -> Who:
    return Who.from_agent(live_desk(world.ports).agents[agent])


def away(world: World, agent: str, *, days: int | None = 7, substitute: str | None = None) -> None:
    until = world.now + timedelta(days=days) if days else None
    absence = Absence(agent, world.now, until, substitute)
    availability.plan(world.ports, who(world), absence)


def sweep(world: World) -> None:
    world.sweep()
    world.settle()


def test_tickets_go_round(world: World) -> None:
    configure(world)
    assert mail(world, 4) == ["anna", "bo", "anna", "bo"]
    (made,) = said(world, AssignmentMade)
    assert (made.agent, made.because, made.among) == ("anna", "turn", 2)


def test_a_group_that_does_not_assign_leaves_its_tickets_to_whoever_takes_them(
    world: World,
) -> None:
    configure(world, how="none")
    assert mail(world, 2) == [None, None]


def test_an_absent_agent_is_given_nothing_and_the_substitute_stands_in(world: World) -> None:
    configure(world)
    away(world, "anna", substitute="bo")
    assert mail(world, 2) == ["bo", "bo"]
    availability.come_back(world.ports, who(world), "anna")
    assert mail(world, 1) == ["anna"]


def test_a_substitute_who_is_away_has_one_too_and_a_circle_of_them_is_nobody(world: World) -> None:
    configure(world, agents={"cleo": CLEO})
    rule = [{"when": {}, "then": {"assign": "anna"}}]
    configure(world, how="none", agents={"cleo": CLEO}, routing=rule)
    away(world, "anna", substitute="bo")
    away(world, "bo", substitute="cleo")
    assert mail(world) == ["cleo"]
    (made,) = said(world, AssignmentMade)
    assert (made.because, made.instead_of) == ("meant", "anna")
    away(world, "cleo", substitute="anna")
    assert mail(world) == [None]


def test_nobody_available_says_why_of_everybody_tells_the_lead_and_is_tried_when_somebody_comes(
    world: World,
) -> None:
    configure(
        world,
        agents={
            "anna": {"hours": "office", "load_limit": 0},
            "bo": {"hours": "office"},
            "cleo": CLEO,
        },
    )
    world.pass_time(hours=10)
    away(world, "cleo", days=None)
    assert mail(world) == [None]
    (nobody,) = said(world, NobodyAvailable)
    assert {one["agent"]: one["why"] for one in nobody.reasons} == {
        "anna": "hours",
        "bo": "hours",
        "cleo": "absent",
    }
    (notice,) = world.mails_to("lena@agents.example")
    text = notice.as_string()
    assert "Nobody in IT support is available for ticket #1001" in notice["Subject"]
    assert "Bo Lund does not work before" in text
    assert "Cleo Vang is away until further notice" in text
    for _ in range(3):
        world.pass_time(hours=2)
        sweep(world)
    assert timeline(world).ticket.assignee is None
    world.now = datetime(2026, 3, 3, 7, 0, 1, tzinfo=UTC)
    sweep(world)
    assert timeline(world).ticket.assignee == "bo"
    assert len(said(world, NobodyAvailable)) == 1
    assert len(world.mails_to("lena@agents.example")) == 1


def test_the_load_limit_holds_when_two_tickets_come_at_once(world: World) -> None:
    configure(world, how="load", agents={"anna": {"load_limit": 1}, "bo": {"load_limit": 1}})
    for n in range(3):
        raw = letter(f"Help {n}", sender=f"kim{n}@customer.example").as_bytes()
        world.call("inbound_mail", world.ses_event(world.put_mail(raw), raw))
    world.settle()
    given = [timeline(world, number).ticket.assignee for number in (1001, 1002, 1003)]
    assert sorted(map(str, given)) == ["None", "anna", "bo"]


def test_two_that_choose_the_same_agent_at_once_choose_one_after_the_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(world, how="none")
    mail(world, 2)
    configure(world, agents={"anna": {"load_limit": 1}, "bo": {"load_limit": 1}})
    read, nested = store.roster, list[int]()

    def at_once(*parts: Any) -> Any:
        found = read(*parts)
        if not nested:
            nested.append(1002)
            assign(world, 1002)
        return found

    monkeypatch.setattr(store, "roster", at_once)
    # The index has not seen yet what was given a moment ago.
    monkeypatch.setattr(store, "tickets_of", lambda _agent: set())
    assign(world, 1001)
    assert {timeline(world, number).ticket.assignee for number in (1001, 1002)} == {"anna", "bo"}


def assign(world: World, number: int) -> None:
    detail = {"ticket": number, "seq": 1, "actor": "system", "fact": {}}
    world.call("assign", {"detail-type": "TicketOpened", "detail": detail})


def test_an_event_that_comes_twice_or_late_gives_a_ticket_once(world: World) -> None:
    configure(world)
    mail(world)
    for _ in range(2):
        assign(world, 1001)
    service.edit_ticket(world.ports, who(world, "anna"), 1001, Edit(group="quick"))
    service.edit_ticket(world.ports, who(world, "anna"), 1001, Edit(group="support"))
    events = [event for event in published(world) if event["detail"]["ticket"] == 1001]
    for event in reversed(events):
        if event["detail-type"] in {"TicketOpened", "GroupChanged", "StatusChanged"}:
            world.call("assign", event)
    assert len(said(world, AssignmentMade)) == 1
    assert timeline(world).ticket.assignee == "anna"


def published(world: World) -> list[dict[str, Any]]:
    world.read["stream"] = 0
    world.call("relay", {"Records": world.stream()})
    found, world.bus[:] = list(world.bus), []
    return found


def test_who_does_not_answer_in_working_hours_gives_the_ticket_to_another_also_over_a_weekend(
    world: World,
) -> None:
    configure(world, answer_within="1h", agents={"cleo": {**CLEO, "groups": []}})
    world.now = datetime(2026, 3, 6, 14, 30, tzinfo=UTC)
    assert mail(world) == ["anna"]
    world.now = datetime(2026, 3, 8, 12, 0, tzinfo=UTC)
    sweep(world)
    assert timeline(world).ticket.assignee == "anna"
    world.now = datetime(2026, 3, 9, 7, 29, tzinfo=UTC)
    sweep(world)
    assert timeline(world).ticket.assignee == "anna"
    world.now = datetime(2026, 3, 9, 7, 30, 1, tzinfo=UTC)
    sweep(world)
    assert timeline(world).ticket.assignee == "bo"
    world.pass_time(hours=1, seconds=1)
    sweep(world)
    assert timeline(world).ticket.assignee is None
    (nobody,) = said(world, NobodyAvailable)
    assert [one["why"] for one in nobody.reasons] == ["unanswered", "unanswered"]
    world.pass_time(minutes=16)
    sweep(world)
    assert timeline(world).ticket.assignee == "anna"


def test_who_has_answered_keeps_the_ticket_and_so_does_whom_a_person_gave_it_to(
    world: World,
) -> None:
    configure(world, answer_within="1h")
    assert mail(world, 2) == ["anna", "bo"]
    draft = service.Draft(ArticleKind.REPLY, "We look into it.")
    service.write_article(world.ports, who(world, "anna"), 1001, draft)
    service.edit_ticket(world.ports, who(world, "bo"), 1002, Edit(assignee="anna"))
    world.pass_time(hours=3)
    sweep(world)
    assert [timeline(world, n).ticket.assignee for n in (1001, 1002)] == ["anna", "anna"]
    assert world.sweep() == 0


def test_rules_decide_before_the_ticket_is_there(world: World) -> None:
    rules = [
        {"name": "people", "when": {"subject": {"contains": ["salary"]}}, "then": {"group": "hr"}},
        {
            "name": "urgent words",
            "when": {"text": {"matches": [r"\bdown\b"]}},
            "then": {"priority": "urgent", "add_tags": ["outage"]},
            "go_on": True,
        },
        {"when": {"domain": ["vip.example"]}, "then": {"group": "quick"}},
        {"when": {"address": ["support@desk.example"]}, "then": {"add_tags": ["by-mail"]}},
    ]
    configure(world, how="none", routing=rules)
    world.mail(letter("About the salary of May.", subject="My salary"))
    found = timeline(world).ticket
    assert (found.group, found.priority, found.tags) == ("hr", "normal", ())
    assert "People & pay" in world.last_mail["From"]
    assert found.due_at is None
    (routed,) = said(world, Routed)
    assert (routed.rule, routed.came_to, routed.group) == ("people", "support", "hr")

    world.mail(letter("The shop is down.", sender="ann@shop.vip.example"))
    found = timeline(world, 1002).ticket
    assert (found.group, found.priority, found.tags) == ("quick", "urgent", ("outage",))
    assert [fact.rule for fact in said(world, Routed, 1002)] == ["urgent words", "routing[2]"]

    world.mail(letter("Hello."))
    assert timeline(world, 1003).ticket.tags == ("by-mail",)


def test_the_copy_of_a_group_stays_with_it_and_a_follow_up_where_its_ticket_was(
    world: World,
) -> None:
    body = desk(how="none", routing=[{"when": {}, "then": {"group": "quick"}}])
    body["groups"]["hr"]["keeps_own_copy"] = True
    apply(world.ports, body)
    world.mail(letter(to="support@desk.example, hr@desk.example"))
    assert [timeline(world, n).ticket.group for n in (1001, 1002)] == ["quick", "hr"]


def test_a_rule_demands_skills_and_the_best_of_those_who_have_them_gets_the_ticket(
    world: World,
) -> None:
    configure(
        world,
        how="skill",
        agents={
            "anna": {"skills": {"network": 2}},
            "bo": {"skills": {"network": 4}},
            "cleo": {**CLEO, "skills": ["printers"]},
        },
        routing=[
            {"when": {"subject": ["vpn"]}, "then": {"skills": {"network": 2}}},
            {"when": {"subject": ["cisco"]}, "then": {"skills": {"network": 5}}},
        ],
    )
    assert mail(world, 2, subject="VPN") == ["bo", "bo"]
    assert mail(world, subject="Cisco") == [None]
    (nobody,) = said(world, NobodyAvailable, 1003)
    assert {one["what"] for one in nobody.reasons} == {"network 5"}
    # Who asks for no skill goes to whoever has the fewest tickets.
    assert set(mail(world, 2)) == {"anna", "cleo"}


def test_a_ticket_that_is_registered_by_a_program_meets_the_rules_too(world: World) -> None:
    configure(world, routing=[{"when": {"channel": ["api"]}, "then": {"group": "support"}}])
    body = {"requester": "kim@x.example", "subject": "Hi", "body": "Hello", "group": "hr"}
    made = api(world, "POST", "/api/v1/tickets", body).body
    assert made["group"] == "support"
    world.settle()
    assert timeline(world, made["number"]).ticket.assignee == "anna"


def ask(world: World) -> None:
    """Anna asks the customer something, and waits for the answer."""
    question = service.Draft(ArticleKind.REPLY, "Does it work now?")
    service.write_article(world.ports, who(world, "anna"), 1001, question)
    service.edit_ticket(world.ports, who(world, "anna"), 1001, Edit(status="pending"))
    world.settle()


def come_back(world: World) -> None:
    """The customer answers."""
    to = str(world.mails_to("kim0@customer.example")[-1]["Reply-To"])
    world.mail(letter("No, it does not.", sender="kim0@customer.example", to=to))


@pytest.mark.parametrize(("on_follow_up", "expected"), [("keep", "anna"), ("reset", "bo")])
def test_who_had_a_ticket_keeps_it_or_not_when_the_customer_comes_back(
    world: World, on_follow_up: str, expected: str
) -> None:
    configure(world, on_follow_up=on_follow_up)
    mail(world)
    ask(world)
    come_back(world)
    assert timeline(world).ticket.status == "open"
    assert timeline(world).ticket.assignee == expected


def test_a_ticket_that_comes_back_to_somebody_who_is_away_goes_to_another(world: World) -> None:
    configure(world)
    mail(world)
    ask(world)
    away(world, "anna")
    come_back(world)
    assert timeline(world).ticket.assignee == "bo"


def test_who_left_a_group_loses_its_open_tickets_and_others_get_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(world, agents={"cleo": CLEO})
    assert mail(world, 6) == ["anna", "bo", "cleo"] * 2
    monkeypatch.setattr(store, "LEAVER_PAGE", 1)
    monkeypatch.setattr(leaving, "PAGES", 1)
    gone = desk(agents={"cleo": CLEO})
    gone["agents"]["anna"]["groups"] = ["quick"]
    apply(world.ports, gone)
    world.settle()
    assert timeline(world, 1004).ticket.assignee == "anna"
    for _ in range(4):
        sweep(world)
    found = [timeline(world, number).ticket.assignee for number in range(1001, 1007)]
    assert "anna" not in found
    assert None not in found
    (notice,) = world.mails_to("lena@agents.example")
    assert notice["Subject"] == "Anna Berg is no longer in IT support"
    assert world.sweep() == 0


def test_rules_and_ladders_give_nothing_to_whoever_is_away(world: World) -> None:
    rule = {
        "id": "to-bo",
        "on": ["changed"],
        "when": {"priority": ["high"]},
        "do": [{"set": {"assignee": "bo"}}],
    }
    apply(world.ports, {**desk(how="none"), "triggers": [rule]})
    mail(world)
    away(world, "bo")
    service.edit_ticket(world.ports, who(world), 1001, Edit(priority="high"))
    world.settle()
    assert timeline(world).ticket.assignee is None


def test_what_is_said_of_an_absence_is_a_fact_of_its_own_chain(world: World) -> None:
    configure(world)
    away(world, "anna", substitute="bo")
    away(world, "anna", substitute="bo")
    availability.come_back(world.ports, who(world), "anna")
    availability.come_back(world.ports, who(world), "anna")
    items = [item for page in table.pages(table.system_pk("away-anna")) for item in page.items]
    entries = [from_item(item) for item in items if isinstance(item, EntryItem)]
    assert [entry.types for entry in entries] == [("AbsencePlanned",), ("AbsenceEnded",)]
    assert flaws(entries) == []


def test_only_they_themselves_and_admins_say_when_somebody_is_away(world: World) -> None:
    configure(world)
    absence = Absence("bo", world.now)
    with pytest.raises(Forbidden):
        availability.plan(world.ports, who(world, "anna"), absence)
    with pytest.raises(NotFound):
        availability.plan(world.ports, who(world, "hugo"), absence)
    availability.plan(world.ports, who(world, "bo"), absence)
    assert availability.of_agent(world.ports, who(world, "anna"), "bo").absence == absence


@pytest.mark.parametrize(
    ("field", "parts"),
    [
        ("until", {"until": timedelta(hours=-1)}),
        ("until", {"until": timedelta(days=3 * 366)}),
        ("substitute", {"substitute": "anna"}),
        ("substitute", {"substitute": "nobody"}),
        ("reason", {"reason": "x" * 201}),
        ("from", {"since": timedelta(days=3 * 366)}),
    ],
)
def test_an_absence_that_cannot_be_is_refused(
    world: World, field: str, parts: dict[str, Any]
) -> None:
    configure(world)
    moved: dict[str, Any] = {
        name: world.now + value if isinstance(value, timedelta) else value
        for name, value in parts.items()
    }
    absence = Absence(**{"agent": "anna", "since": world.now, **moved})
    with pytest.raises(Invalid) as refused:
        availability.plan(world.ports, who(world), absence)
    assert set(refused.value.fields) == {field}


def test_two_who_plan_at_once_are_both_heard(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(world)
    late = Absence("anna", world.now + timedelta(days=30))
    soon = Absence("anna", world.now + timedelta(days=1), world.now + timedelta(days=2))
    fetch, nested = table.fetch, list[Absence]()

    def at_once(keys: Any) -> Any:
        found = fetch(keys)
        if not nested:
            nested.append(late)
            availability.plan(world.ports, who(world), late)
        return found

    monkeypatch.setattr(table, "fetch", at_once)
    availability.plan(world.ports, who(world), soon)
    planned = availability.of_agent(world.ports, who(world), "anna").planned
    assert planned == (soon, late)
