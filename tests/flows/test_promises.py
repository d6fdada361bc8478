"""Promises beyond the usual: warnings, policies by condition, and what explains them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.desk import service as desks
from chalicelib.ledger.model import Actor
from chalicelib.sla import service as sla
from chalicelib.sla.explain import Explanation
from chalicelib.sla.retarget import retarget
from chalicelib.sla.words import sentence
from chalicelib.tickets import joining, service
from chalicelib.tickets.access import SCOPES, Who
from chalicelib.tickets.edits import Edit
from infra.__main__ import main
from tests.flows.test_clock import facts_of
from tests.flows.test_mail_to_ticket import answer, timeline
from tests.world import DESK, World, letter

BODY: dict[str, Any] = copy.deepcopy(DESK)
BODY["policies"]["standard"]["warn"] = ["50%", "-30m"]
BODY["policies"] |= {
    "gold": {
        "calendar": "always",
        "targets": {"first_reply": {"normal": "1h"}, "periodic_update": {"normal": "2h"}},
    },
    "handover": {
        "calendar": "office",
        "targets": {"agent_work": {"normal": "2h"}},
        "internal": True,
    },
}
BODY["promises"] = [
    {"policy": "gold", "when": {"tags": ["gold"]}},
    {"policy": "handover", "when": {"tags": ["handover"]}},
]
LENA = Who(Actor("agent", "lena"), "Lena Holm", "lena@agents.example", frozenset(SCOPES), None)


@pytest.fixture
def promising(world: World) -> World:
    desks.apply(world.ports, BODY)
    return world


def edit(world: World, **fields: Any) -> None:
    service.edit_ticket(world.ports, LENA, 1001, Edit(**fields))


def clock(world: World, name: str) -> Any:
    return next(one for one in timeline(world).ticket.clocks if one.name == name)


# --- Warnings ---


def test_the_assignee_is_warned_half_way_and_half_an_hour_before_each_once(
    promising: World,
) -> None:
    world = promising
    world.mail(letter())
    edit(world, assignee="anna")
    world.pass_time(hours=2)
    for _ in range(3):
        world.sweep()
        world.settle()
    [notice] = world.mails_to("anna@agents.example")
    assert "First reply" in str(notice["Subject"])
    assert "the ticket is yours" in notice.as_string()
    world.pass_time(hours=1, minutes=30)
    world.sweep()
    world.settle()
    assert len(world.mails_to("anna@agents.example")) == 2
    assert facts_of(world).count("TargetNear") == 2
    assert world.mails_to("lena@agents.example") == []


def test_the_lead_is_warned_where_nobody_has_the_ticket(promising: World) -> None:
    promising.mail(letter())
    promising.pass_time(hours=2)
    promising.sweep()
    promising.settle()
    assert "nobody has the ticket" in promising.mails_to("lena@agents.example")[-1].as_string()


def test_an_answer_in_time_makes_the_warning_needless(promising: World) -> None:
    promising.mail(letter())
    promising.pass_time(hours=1)
    answer(promising)
    promising.pass_time(hours=2)
    promising.sweep()
    assert "TargetNear" not in facts_of(promising)


def test_after_a_day_without_sweeps_there_is_one_breach_and_no_late_warning(
    promising: World,
) -> None:
    promising.mail(letter())
    promising.pass_time(hours=6)
    promising.sweep()
    promising.settle()
    assert facts_of(promising).count("TargetBreached") == 1
    assert facts_of(promising).count("Escalated") == 1


def test_a_list_is_in_the_order_of_what_is_missed_first_and_not_of_warnings(
    promising: World,
) -> None:
    promising.mail(letter())
    ticket = timeline(promising).ticket
    assert ticket.due_at < ticket.target_at
    assert ticket.target_at == clock(promising, "first_reply").due_at


def test_a_miss_proposes_a_compensation_to_agents_once_and_mails_it_to_nobody(
    promising: World,
) -> None:
    body = copy.deepcopy(BODY)
    body["policies"]["standard"]["compensation"] = "A tenth off this month's bill."
    desks.apply(promising.ports, body)
    promising.mail(letter())
    promising.pass_time(hours=5)
    promising.sweep()
    records = promising.stream()
    for _ in range(2):
        promising.call("relay", {"Records": records})
        promising.react()
    promising.settle()
    notes = [one for one in timeline(promising).articles if one.kind == "note"]
    assert [note.text for note in notes] == [
        "Missed: First reply. This can be offered to the customer: A tenth off this month's bill."
    ]
    assert facts_of(promising).count("Escalated") == 1
    assert len(promising.mails_to("kim@customer.example")) == 1


# --- Policies ---


def test_a_tag_brings_a_ticket_under_another_policy_and_back(promising: World) -> None:
    promising.mail(letter())
    promising.pass_time(minutes=30)
    edit(promising, tags=["gold"])
    found = clock(promising, "first_reply")
    assert (found.policy, found.target) == ("gold", timedelta(hours=1))
    edit(promising, tags=[])
    assert clock(promising, "first_reply").policy == "standard"


def test_a_ticket_has_a_clock_for_the_customer_and_one_for_colleagues(promising: World) -> None:
    promising.mail(letter())
    edit(promising, tags=["handover"])
    assert clock(promising, "internal_agent_work").target == timedelta(hours=2)
    edit(promising, status="solved")
    assert clock(promising, "internal_agent_work").state == "met"
    assert clock(promising, "resolution").state == "met"


def test_new_terms_that_are_over_already_are_a_breach_of_their_own_cause(promising: World) -> None:
    promising.mail(letter())
    promising.pass_time(hours=3)
    edit(promising, tags=["gold"])
    [breach] = [
        fact
        for entry in timeline(promising).entries
        for fact in entry.facts
        if fact.type == "TargetBreached"
    ]
    assert (breach.target, breach.cause) == ("first_reply", "policy_change")
    promising.pass_time(minutes=1)
    promising.sweep()
    assert facts_of(promising).count("TargetBreached") == 1


def test_a_breach_in_the_usual_way_has_no_cause(promising: World) -> None:
    promising.mail(letter())
    promising.pass_time(hours=5)
    answer(promising)
    breaches = [
        fact.cause
        for entry in timeline(promising).entries
        for fact in entry.facts
        if fact.type == "TargetBreached"
    ]
    assert breaches == [None]


def test_a_desk_that_lost_its_calendars_still_answers_its_tickets(world: World) -> None:
    world.mail(letter())
    body = copy.deepcopy(DESK)
    for group in body["groups"].values():
        group.pop("policy", None)
    desks.apply(world.ports, body | {"calendars": {}, "policies": {}})
    world.pass_time(hours=1)
    answer(world)
    edit(world, status="pending")
    edit(world, status="solved")
    assert clock(world, "first_reply").state == "met"
    assert clock(world, "resolution").elapsed == timedelta(hours=1)


# --- Why it is due then ---


def explanations(world: World) -> dict[str, Explanation]:
    return {one.clock.name: one for one in sla.explain(world.ports, LENA, 1001)}


def busy(world: World) -> Iterator[Callable[[], Any]]:
    """A day in the life of a ticket, in steps of half an hour."""
    yield lambda: answer(world)
    yield lambda: edit(world, status="pending")
    yield lambda: world.mail(letter("And now?", to=_reply_to(world)))
    yield lambda: edit(world, priority="urgent")
    yield lambda: edit(world, tags=["gold", "handover"])
    yield lambda: answer(world)
    yield lambda: edit(world, status="on_hold", tags=[])
    yield lambda: edit(world, status="solved")
    yield lambda: world.mail(letter("It is back.", to=_reply_to(world)))


def _reply_to(world: World) -> str:
    return str(world.mails_to("kim@customer.example")[-1]["Reply-To"])


def test_the_clocks_follow_from_the_facts_after_everything_that_happens(promising: World) -> None:
    promising.mail(letter())
    for happens in busy(promising):
        promising.pass_time(minutes=30)
        promising.sweep()
        happens()
        promising.settle()
        found = explanations(promising)
        assert {name for name, one in found.items() if not one.is_certain} == set()
        assert found


def test_a_promise_on_a_field_of_the_desks_own_is_explained_too(world: World) -> None:
    fields = {"contract": {"kind": "text", "label": {"en": "Contract"}}}
    promises = [{"policy": "gold", "when": {"field.contract": ["gold"]}}]
    desks.apply(world.ports, {**BODY, "fields": fields, "promises": promises})
    world.mail(letter())
    for value in ("gold", "none", "gold"):
        world.pass_time(minutes=10)
        edit(world, fields={"contract": value})
        found = explanations(world)["first_reply"]
        assert (found.is_certain, found.clock.policy == "gold") == (True, value == "gold")
    told = [move.what for move in explanations(world)["first_reply"].moves]
    assert told == ["started", "retargeted", "retargeted", "retargeted"]


def test_a_merge_and_its_end_are_explained_too(promising: World) -> None:
    promising.mail(letter("one"))
    promising.mail(letter("two"))
    promising.pass_time(hours=1)
    joining.merge(promising.ports, LENA, 1001, 1002)
    assert explanations(promising)["resolution"].clock.state == "cancelled"
    promising.pass_time(hours=1)
    joining.unmerge(promising.ports, LENA, 1001)
    found = explanations(promising)
    assert {one.is_certain for one in found.values()} == {True}
    assert found["resolution"].counted == timedelta(hours=2)


def test_every_step_of_a_clock_is_explained_in_words(promising: World) -> None:
    promising.mail(letter())
    promising.pass_time(hours=1)
    edit(promising, status="pending")
    promising.pass_time(hours=1)
    edit(promising, status="open")
    steps = explanations(promising)["resolution"].moves
    assert [step.what for step in steps] == ["started", "paused", "resumed"]
    words = [sentence(step, "en", desks.live_desk(promising.ports)) for step in steps]
    assert words[0].startswith("Counting begins in the hours of office, by the policy standard.")
    assert words[1] == "Paused after 1:00 h: Pending."
    assert "Goes on from 1:00 h: Open. Of 16:00 h, 15:00 h of open time are left: due " in words[2]


def test_an_explanation_says_where_the_desk_was_changed_since(promising: World) -> None:
    promising.mail(letter())
    body = copy.deepcopy(BODY)
    body["policies"]["standard"]["targets"]["resolution"]["normal"] = "2h"
    desks.apply(promising.ports, body)
    found = explanations(promising)
    assert not found["resolution"].is_certain
    assert found["first_reply"].is_certain


def test_a_ticket_that_a_machine_opened_has_nothing_to_explain(promising: World) -> None:
    alert = letter("Disk full.", sender="alarm@monitoring.example")
    alert["Auto-Submitted"] = "auto-generated"
    promising.mail(alert)
    assert explanations(promising) == {}


# --- Applying a changed desk to open tickets ---


def shorter(world: World) -> None:
    body = copy.deepcopy(BODY)
    body["policies"]["standard"]["targets"]["resolution"]["normal"] = "8h"
    desks.apply(world.ports, body)


def test_a_rehearsal_shows_what_would_change_and_changes_nothing(promising: World) -> None:
    promising.mail(letter())
    shorter(promising)
    before = timeline(promising).ticket
    [moved] = retarget(promising.ports, is_rehearsal=True)
    assert moved.number == 1001
    assert moved.fact.before == {"resolution": "2026-03-04T09:00:00+00:00"}
    assert moved.fact.after == {"resolution": "2026-03-03T09:00:00+00:00"}
    assert timeline(promising).ticket == before


def test_a_changed_promise_is_applied_to_open_tickets_once(promising: World) -> None:
    promising.mail(letter("one"))
    promising.mail(letter("two"))
    shorter(promising)
    promising.pass_time(minutes=30)
    # Both stand at one place of the list, so either may come first.
    assert {moved.number for moved in retarget(promising.ports)} == {1001, 1002}
    assert list(retarget(promising.ports)) == []
    assert facts_of(promising).count("TargetsMoved") == 1
    assert clock(promising, "resolution").due_at.isoformat() == "2026-03-03T09:00:00+00:00"
    assert all(one.is_certain for one in explanations(promising).values())


def test_a_promise_that_is_over_by_the_new_terms_is_missed_now(promising: World) -> None:
    promising.mail(letter())
    promising.pass_time(hours=3)
    body = copy.deepcopy(BODY)
    body["policies"]["standard"]["targets"]["first_reply"]["normal"] = "2h"
    desks.apply(promising.ports, body)
    list(retarget(promising.ports))
    promising.settle()
    assert clock(promising, "first_reply").breached_at == promising.now
    assert facts_of(promising).count("Escalated") == 1


def test_the_command_shows_each_due_time_before_and_after(
    promising: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    promising.mail(letter())
    shorter(promising)
    monkeypatch.setattr("infra.__main__._ports", lambda: promising.ports)
    capsys.readouterr()
    line = "#1001 resolution: 2026-03-04T09:00:00+00:00 -> 2026-03-03T09:00:00+00:00"
    assert main(["retarget", "--dry-run"]) == 0
    assert capsys.readouterr().out.splitlines() == [line, "1 tickets would change"]
    assert main(["retarget", "--group", "support"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == line
    assert main(["retarget"]) == 0
    assert capsys.readouterr().out == "0 tickets changed\n"


def test_only_the_groups_asked_for_are_gone_through(promising: World) -> None:
    promising.mail(letter())
    shorter(promising)
    assert list(retarget(promising.ports, groups=["quick"])) == []
    assert len(list(retarget(promising.ports, groups=["support"]))) == 1


def test_new_opening_hours_move_what_is_due(promising: World) -> None:
    promising.pass_time(hours=5)  # Monday 15:00 in Copenhagen
    promising.mail(letter())
    body = copy.deepcopy(BODY)
    body["calendars"]["office"]["special_days"] = {"2026-03-03": ["10:00-16:00"]}
    desks.apply(promising.ports, body)
    list(retarget(promising.ports))
    # One hour on Monday, and three on Tuesday from 10:00, which is 9:00 UTC.
    assert clock(promising, "first_reply").due_at.isoformat() == "2026-03-03T12:00:00+00:00"
