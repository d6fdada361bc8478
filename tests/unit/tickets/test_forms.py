"""What types and forms make of a ticket, decided without a table or a clock."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib import facts
from chalicelib.desk.forms import CLOSING, REGISTRATION
from chalicelib.desk.model import Desk, read_desk
from chalicelib.erasure.model import without_contact
from chalicelib.errors import Conflict, Invalid
from chalicelib.people.model import Person
from chalicelib.tickets import edits, forms, promised, waiting
from chalicelib.tickets.collision import Clash, narrowed
from chalicelib.tickets.edits import Edit
from chalicelib.tickets.model import Status, Ticket
from chalicelib.tickets.situation import situation
from tests.unit.tickets.test_changes import NOW, ticket
from tests.web.test_new_ticket_page import BODY

LIFE: dict[str, Any] = {
    **BODY,
    "types": {
        **BODY["types"],
        "problem": {"label": {"en": "Problem"}, "statuses": ["on_hold", "parts", "solved"]},
    },
    "statuses": {
        "parts": {"category": "on_hold"},
        "silent": {"category": "pending", "at_until": "solved"},
    },
}


@pytest.fixture(scope="module")
def desk() -> Desk:
    return read_desk(LIFE, version=1)


def incident(fields: dict[str, Any], **more: Any) -> Ticket:
    return ticket(type="incident", fields=fields, **more)


def asked(found: Ticket, desk: Desk) -> list[str]:
    return [one.field for one in forms.shown(found, desk, NOW)]


def refused(found: Ticket, edit: Edit, desk: Desk) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        edits.edited(found, edit, desk, NOW, agent="anna")
    return dict(caught.value.fields)


def changed(found: Ticket, edit: Edit, desk: Desk) -> Ticket:
    change = edits.edited(found, edit, desk, NOW, agent="anna")
    assert change is not None
    return change.after


# What is shown, and what is needed. ----------------------------------------------------------


def test_a_ticket_is_asked_by_the_form_of_its_type(desk: Desk) -> None:
    assert asked(ticket(), desk) == []
    assert asked(incident({}), desk) == ["category", "cause"]


def test_the_form_that_was_filled_in_counts_while_it_is_for_the_type(desk: Desk) -> None:
    assert asked(ticket(form="colleague"), desk) == ["home"]
    assert asked(incident({}, form="colleague"), desk) == ["home"]
    assert asked(ticket(form="incident", type="internal"), desk) == []
    assert asked(ticket(form="gone", type="gone"), desk) == []


def test_a_field_is_shown_when_its_condition_holds(desk: Desk) -> None:
    assert asked(incident({"category": "hardware/printer"}), desk) == ["category", "floor", "cause"]
    assert asked(incident({"category": "password", "floor": 2}), desk) == ["category", "cause"]


def test_a_field_below_one_that_is_not_shown_is_not_shown_either() -> None:
    chain = [
        {"field": "category"},
        {"field": "home", "show_when": {"field.category": ["hardware"]}},
        {"field": "street", "required": "always", "show_when": {"field.home": ["yes"]}},
    ]
    form = {"chain": {"label": {"en": "Chain"}, "fields": chain}}
    desk = read_desk({**BODY, "forms": {**BODY["forms"], **form}}, version=1)
    left = {"category": "password", "home": True}
    assert asked(ticket(form="chain", fields=left), desk) == ["category"]
    shown = {**left, "category": "hardware"}
    assert asked(ticket(form="chain", fields=shown), desk) == ["category", "home", "street"]


@pytest.mark.parametrize(
    ("found", "moment", "names"),
    [
        (incident({}), REGISTRATION, []),
        (incident({}), CLOSING, ["category"]),
        (incident({"category": "password"}), CLOSING, []),
        (incident({}, priority="urgent"), CLOSING, ["category", "cause"]),
        (ticket(form="colleague"), REGISTRATION, ["home"]),
        (ticket(form="colleague"), CLOSING, []),
        (ticket(form="colleague", fields={"home": False}), REGISTRATION, []),
        (ticket(form="colleague", fields={"home": True}), REGISTRATION, ["street"]),
    ],
)
def test_registration_and_closing_need_different_fields(
    desk: Desk, found: Ticket, moment: str, names: list[str]
) -> None:
    assert list(forms.missing(found, desk, moment, NOW)) == [f"fields.{name}" for name in names]


# Solving and closing. ------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["solved", "closed"])
def test_a_close_is_refused_for_a_missing_field_and_names_it(desk: Desk, status: str) -> None:
    urgent = incident({}, priority="urgent")
    assert refused(urgent, Edit(status=status), desk) == {
        "fields.category": "is needed at closing: Category",
        "fields.cause": "is needed at closing: Cause",
    }
    both = Edit(status=status, fields={"category": "password", "cause": "Forgot it"})
    assert changed(urgent, both, desk).status == status


def test_a_field_that_stopped_being_shown_keeps_nobody_from_closing() -> None:
    form = {"label": {"en": "Form"}, "fields": [
        {"field": "category"},
        {"field": "floor", "required": "closing", "show_when": {"field.category": ["hardware"]}},
    ]}  # fmt: skip
    desk = read_desk({**BODY, "forms": {**BODY["forms"], "form": form}}, version=1)
    printer = ticket(form="form", fields={"category": "hardware/printer"})
    assert list(refused(printer, Edit(status="solved"), desk)) == ["fields.floor"]
    other = Edit(status="solved", fields={"category": "password"})
    assert changed(printer, other, desk).status is Status.SOLVED


def test_a_solved_ticket_cannot_lose_what_solving_took(desk: Desk) -> None:
    solved = incident({"category": "password"}, status=Status.SOLVED)
    assert list(refused(solved, Edit(fields={"category": None}), desk)) == ["fields.category"]
    # One that was solved before the form asked for it can still be corrected elsewhere.
    older = incident({}, status=Status.SOLVED)
    assert changed(older, Edit(fields={"cause": "Dust"}), desk).fields == {"cause": "Dust"}


def test_a_closed_ticket_can_still_be_classified(desk: Desk) -> None:
    closed = incident({"category": "password"}, status=Status.CLOSED)
    after = changed(closed, Edit(fields={"category": "hardware"}), desk)
    assert after.fields == {"category": "hardware"}
    with pytest.raises(Conflict, match="closed"):
        edits.edited(closed, Edit(type="internal"), desk, NOW)


def test_a_machine_cannot_solve_what_lacks_a_field_and_sets_the_rest(desk: Desk) -> None:
    edit = Edit(status="solved", add_tags=["shop"], fields={"floor": "high", "cause": "Dust"})
    change, problems = edits.applied(incident({}), edit, desk, NOW)
    assert change is not None
    assert (change.after.status, change.after.tags) == (Status.OPEN, ("shop",))
    assert change.after.fields == {"cause": "Dust"}
    assert set(problems) == {"fields.floor", "fields.category"}


def test_a_machine_gives_no_solved_ticket_a_type_that_asks_it_for_more(desk: Desk) -> None:
    solved = ticket(status=Status.SOLVED)
    change, problems = edits.applied(solved, Edit(type="incident"), desk, NOW)
    assert change is None
    assert set(problems) == {"fields.category"}


def test_a_wait_that_would_end_solved_opens_a_ticket_that_lacks_a_field(desk: Desk) -> None:
    silent = incident({}, status=Status.PENDING, label="silent", until=NOW)
    change = waiting.ended(silent, desk, NOW)
    assert change is not None
    assert change.after.status is Status.OPEN
    full = incident({"category": "password"}, status=Status.PENDING, label="silent", until=NOW)
    ended = waiting.ended(full, desk, NOW)
    assert ended is not None
    assert ended.after.status is Status.SOLVED


def test_a_wait_that_would_end_solved_opens_a_ticket_on_which_something_remains() -> None:
    support = {**LIFE["groups"]["support"], "open_tasks": "block"}
    desk = read_desk({**LIFE, "groups": {**LIFE["groups"], "support": support}}, version=1)
    full = incident({"category": "password"}, status=Status.PENDING, label="silent", until=NOW)
    for one in (replace(full, open_children=frozenset({1002})), replace(full, tasks=(1, 2))):
        change = waiting.ended(one, desk, NOW)
        assert change is not None
        assert change.after.status is Status.OPEN


# Changing fields and types. ------------------------------------------------------------------


def test_fields_are_changed_one_by_one_and_told_together(desk: Desk) -> None:
    before = incident({"category": "hardware", "floor": 1})
    change = edits.edited(before, Edit(fields={"floor": "2", "cause": "Dust"}), desk, NOW)
    assert change is not None
    assert change.after.fields == {"category": "hardware", "floor": 2, "cause": "Dust"}
    assert change.facts == (
        facts.FieldsChanged({"cause": None, "floor": 1}, {"floor": 2, "cause": "Dust"}),
    )
    emptied = changed(change.after, Edit(fields={"floor": None, "cause": ""}), desk)
    assert emptied.fields == {"category": "hardware"}
    assert edits.edited(emptied, Edit(fields={"category": "hardware"}), desk, NOW) is None


def test_every_field_that_cannot_be_set_is_named(desk: Desk) -> None:
    edit = Edit(type="gone", fields={"floor": "10", "gone": 1, "category": "cellar"})
    found = refused(ticket(), edit, desk)
    assert set(found) == {"type", "fields.floor", "fields.gone", "fields.category"}
    assert found["fields.gone"] == "there is no such field"


def test_a_form_that_shows_a_choice_of_yesterday_can_be_saved(desk: Desk) -> None:
    old = incident({"category": "typewriter", "gone": "x"})
    left = Edit(fields={"category": "typewriter", "cause": "Dust", "gone": None})
    assert changed(old, left, desk).fields == {"category": "typewriter", "cause": "Dust"}


def test_all_fields_together_stay_small() -> None:
    names = [f"f{n}" for n in range(9)]
    fields = {name: {"kind": "text", "label": {"en": name}} for name in names}
    desk = read_desk({**BODY, "forms": {}, "types": {}, "fields": fields}, version=1)
    found = refused(ticket(), Edit(fields=dict.fromkeys(names, "x" * 500)), desk)
    assert found == {"fields.f7": "all fields together have at most 4000 bytes",
                     "fields.f8": "all fields together have at most 4000 bytes"}  # fmt: skip


def test_a_type_has_a_life_of_its_own(desk: Desk) -> None:
    problem = ticket(type="problem")
    assert "parts, solved" in refused(problem, Edit(status="pending"), desk)["status"]
    assert changed(problem, Edit(status="parts"), desk).label == "parts"
    waits = ticket(status=Status.PENDING)
    assert list(refused(waits, Edit(type="problem"), desk)) == ["type"]
    both = changed(waits, Edit(type="problem", status="on_hold"), desk)
    assert (both.type, both.status) == ("problem", Status.ON_HOLD)


def test_what_opens_and_closes_by_itself_does_so_in_every_life(desk: Desk) -> None:
    solved = ticket(type="problem", status=Status.SOLVED)
    assert changed(solved, Edit(status="open"), desk).status is Status.OPEN
    assert changed(solved, Edit(status="closed"), desk).status is Status.CLOSED


def test_a_promise_can_be_for_a_type() -> None:
    promise = {"policy": "quick", "when": {"type": ["incident"]}}
    desk = read_desk({**BODY, "promises": [promise]}, version=1)
    began = changed(ticket(), Edit(priority="low"), desk)
    assert began.clocks == ()
    running = promised.opened(ticket(), desk, NOW, by_agent=False)
    assert {clock.policy for clock in running.clocks} == {"standard"}
    after = changed(running, Edit(type="incident"), desk)
    assert "quick" in {clock.policy for clock in after.clocks}


# Conditions, and two people at once. ---------------------------------------------------------


def test_conditions_see_types_and_fields_and_what_they_were(desk: Desk) -> None:
    said = [
        facts.TypeChanged("internal", "incident"),
        facts.FieldsChanged(
            {"category": "password", "home": None}, {"category": "x", "home": True}
        ),
        facts.FieldsChanged({"category": "x"}, {"category": "hardware/printer"}),
    ]
    found = incident({"category": "hardware/printer", "home": True, "gone": "y"})
    seen = situation(found, desk, NOW, said=said)
    assert seen.values["type"] == ("incident",)
    assert seen.values["field.category"] == ("hardware/printer", "hardware")
    assert seen.values["field.home"] == ("yes",)
    assert "field.gone" not in seen.values
    assert seen.before["type"] == ("internal",)
    assert (seen.before["field.category"], seen.before["field.home"]) == (("password",), ())


def test_who_changes_another_field_meets_nobody(desk: Desk) -> None:
    since = [facts.FieldsChanged({"cause": None}, {"cause": "Dust"})]
    now = incident({"category": "hardware", "cause": "Dust"})
    form = Edit(type="incident", fields={"category": "password", "cause": ""})
    left = narrowed(now, since, form, desk, NOW)
    assert left == Edit(fields={"category": "password"})


def test_who_changes_the_same_field_is_told_what_it_is_by_now(desk: Desk) -> None:
    since = [facts.FieldsChanged({"floor": 1}, {"floor": 2}), facts.TypeChanged("", "incident")]
    now = incident({"floor": 2})
    with pytest.raises(Clash) as clash:
        narrowed(now, since, Edit(type="internal", fields={"floor": 3}), desk, NOW)
    assert clash.value.fields == {"fields.floor": "2", "type": "incident"}


def test_an_erasure_empties_the_fields_of_the_requesters_tickets(desk: Desk) -> None:
    kim = Person("p1", "Kim", "kim@customer.example", "en", NOW)
    left = without_contact(incident({"cause": "Kim's keyboard"}), kim)
    assert (left.fields, left.type) == ({}, "incident")
