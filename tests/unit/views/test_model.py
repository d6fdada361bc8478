"""Which views there are, and which rows each of them has."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib import table
from chalicelib.desk.model import Desk, read_desk
from chalicelib.views.model import Listing, listings, next_due, values_of_row
from tests.world import DESK

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def desk_with(**views: dict[str, Any]) -> Desk:
    labelled = {name: {"label": {"en": name}, **view} for name, view in views.items()}
    return read_desk({**DESK, "views": labelled}, version=1)


def row(**columns: Any) -> dict[str, Any]:
    due = [("first_reply", table.stamp(NOW + timedelta(hours=1)), "running", True)]
    usual = {
        "number": 1001,
        "subject": "Printer",
        "status": "open",
        "group": "support",
        "priority": "normal",
        "email": "kim@customer.example",
        "updated": table.stamp(NOW - timedelta(days=2)),
        "due": json.dumps(due),
    }
    return usual | columns


def of(desk: Desk, key: str, agent: str = "anna") -> Listing:
    groups = desk.agents[agent].groups
    return next(one for one in listings(desk, agent, sorted(groups)) if one.key == key)


def keys(desk: Desk, agent: str | None, groups: list[str]) -> list[str]:
    return [one.key for one in listings(desk, agent, groups)]


def test_every_agent_has_the_same_views_of_their_own_groups() -> None:
    assert keys(desk_with(), "hugo", ["hr"]) == [
        "mine",
        "covered",
        "due",
        "snoozed",
        "failed",
        "hr-open",
        "hr-unassigned",
    ]


def test_a_program_has_no_tickets_of_its_own() -> None:
    assert "mine" not in keys(desk_with(), None, ["hr"])


def test_who_sees_no_group_has_views_of_their_own_tickets_alone() -> None:
    assert keys(desk_with(vip={}), "hugo", []) == ["mine", "covered"]


def test_a_saved_view_is_for_those_whom_it_names_and_who_see_its_groups() -> None:
    desk = desk_with(
        everybody={}, of_hr={"groups": ["hr"]}, annas={"agents": ["anna"]}, own={"only_mine": True}
    )
    saved = {"everybody", "of_hr", "annas", "own"}
    assert saved & set(keys(desk, "anna", ["support"])) == {"everybody", "annas", "own"}
    assert saved & set(keys(desk, "hugo", ["hr"])) == {"everybody", "of_hr", "own"}
    assert saved & set(keys(desk, None, ["hr"])) == {"everybody", "of_hr"}


def test_a_saved_view_lists_only_groups_that_its_reader_sees() -> None:
    desk = desk_with(both={"groups": ["hr", "support"]})
    (view,) = [one for one in listings(desk, "hugo", ["hr"]) if one.key == "both"]
    assert view.groups == ("hr",)


@pytest.mark.parametrize(
    ("view", "columns", "is_shown"),
    [
        ("mine", {}, True),
        ("due", {}, True),
        ("due", {"due": "[]"}, False),
        ("snoozed", {"status": "pending", "until": table.stamp(NOW)}, True),
        ("snoozed", {"status": "pending"}, False),
        ("snoozed", {"until": table.stamp(NOW)}, False),
        ("failed", {"undelivered": ["4-ab"]}, True),
        ("failed", {}, False),
        ("support-unassigned", {}, True),
        ("support-unassigned", {"assignee": "anna"}, False),
        ("support-open", {"assignee": "anna"}, True),
    ],
)
def test_what_a_view_of_every_desk_has(view: str, columns: Any, *, is_shown: bool) -> None:
    assert of(desk_with(), view).shows(row(**columns), NOW) is is_shown


@pytest.mark.parametrize(
    ("view", "columns", "is_shown"),
    [
        ({"when": {"priority": ["high", "urgent"]}}, {"priority": "high"}, True),
        ({"when": {"priority": ["high", "urgent"]}}, {}, False),
        ({"when": {"assignee": ["nobody"]}}, {}, True),
        ({"when": {"assignee": ["nobody"]}}, {"assignee": "anna"}, False),
        ({"when": {"tags": ["vip"]}}, {"tags": ["old", "vip"]}, True),
        ({"when": {"domain": ["example"]}}, {}, True),
        ({"when": {"domain": ["mer.example"]}}, {}, False),
        ({"when": {"subject": {"contains": ["PRINT"]}}}, {}, True),
        ({"due_within": "2h"}, {}, True),
        ({"due_within": "30m"}, {}, False),
        ({"idle_for": "24h"}, {}, True),
        ({"idle_for": "72h"}, {}, False),
    ],
)
def test_what_a_saved_view_has(view: Any, columns: Any, *, is_shown: bool) -> None:
    assert of(desk_with(one=view), "one").shows(row(**columns), NOW) is is_shown


def test_what_is_due_first_is_what_somebody_still_waits_for() -> None:
    clocks = [
        ("first_reply", table.stamp(NOW), "met", False),
        ("resolution", table.stamp(NOW + timedelta(hours=9)), "running", True),
        ("next_reply", table.stamp(NOW + timedelta(hours=2)), "breached", True),
    ]
    found = next_due(row(due=json.dumps(clocks)))
    assert found
    assert found[1:] == ("next_reply", "breached")
    assert next_due(row(due="[]")) is None


def test_a_status_of_the_desks_own_counts_by_its_name_and_its_category() -> None:
    values = values_of_row(row(status="on_hold", label="parts"))
    assert values["status"] == ("on_hold", "parts")


def test_a_saved_view_is_of_no_group_whatever_its_id_looks_like() -> None:
    desk = desk_with(**{"support-late": {}})
    assert of(desk, "support-late").group is None
    assert of(desk, "support-open").group == "support"


def test_a_tag_is_found_however_its_letters_fold() -> None:
    listing = of(desk_with(street={"when": {"tags": ["Straße"]}}), "street")
    assert listing.shows(row(tags=["straße"]), NOW)
