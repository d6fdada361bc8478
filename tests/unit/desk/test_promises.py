"""What a configuration can say about calendars and policies, and which policy a ticket gets."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chalicelib.clocks.model import Metric
from chalicelib.desk.conditions import Situation
from chalicelib.desk.model import Desk, read_desk
from chalicelib.desk.promises import warning
from chalicelib.errors import Invalid
from tests.world import DESK

MORE: dict[str, Any] = {
    "gold": {
        "calendar": "always",
        "targets": {"resolution": {"normal": "4h"}, "periodic_update": {"normal": "1h"}},
        "warn": ["50%", "-30m"],
        "resets_on_reopen": True,
        "pauses_in_pending": False,
    },
    "handover": {
        "calendar": "office",
        "targets": {"agent_work": {"normal": "2h"}},
        "internal": True,
    },
}
PROMISES = [
    {"policy": "gold", "when": {"domain": ["gold.example"], "priority": ["normal", "high"]}},
    {"policy": "quick", "when": {"tags": ["outage"]}},
    {"policy": "handover", "when": {"group": ["support"]}},
]


def desk_of(change: Callable[[dict[str, Any]], Any] = lambda _: None) -> Desk:
    body = copy.deepcopy(DESK)
    body["policies"] |= copy.deepcopy(MORE)
    body["promises"] = copy.deepcopy(PROMISES)
    change(body)
    return read_desk(body, version=1)


@pytest.mark.parametrize(
    ("matter", "customer", "internal"),
    [
        (("support", "normal", "customer.example"), "standard", "handover"),
        (("support", "normal", "gold.example"), "gold", "handover"),
        (("support", "normal", "mail.gold.example"), "gold", "handover"),
        (("support", "normal", "notgold.example"), "standard", "handover"),
        (("support", "low", "gold.example"), "standard", "handover"),
        (("hr", "high", "gold.example", "outage"), "gold", None),
        (("hr", "low", "gold.example", "outage", "vip"), "quick", None),
        (("hr", "normal", "customer.example"), None, None),
        (("gone", "normal", "customer.example"), None, None),
    ],
)
def test_the_first_promise_that_fits_counts_and_then_the_groups_own(
    matter: tuple[str, ...], customer: str | None, internal: str | None
) -> None:
    group, priority, domain, *tags = matter
    values = {"group": (group,), "priority": (priority,), "domain": (domain,), "tags": tuple(tags)}
    seen = Situation(values, datetime(2026, 3, 2, tzinfo=UTC))
    found = [policy.name if policy else None for policy in desk_of().policies_for(group, seen)]
    assert found == [customer, internal]


def test_a_policy_says_how_it_counts_and_when_it_warns() -> None:
    gold = desk_of().policies["gold"]
    assert gold.targets[Metric.PERIODIC_UPDATE, "normal"] == timedelta(hours=1)
    assert (gold.resets_on_reopen, gold.pauses_resolution_in_pending) == (True, False)
    four = timedelta(hours=4)
    assert [(one.at, one.after(four) / four) for one in gold.ladder.steps] == [
        ("50%", 0.5),
        ("-30m", 0.875),
        ("0", 1),
    ]
    assert not gold.ladder.name


def test_a_special_day_has_its_own_hours() -> None:
    def half_holiday(body: dict[str, Any]) -> None:
        body["calendars"]["office"]["special_days"] = {"2026-12-24": ["08:00-12:00"]}

    office = desk_of(half_holiday).calendars["office"]
    assert list(office.special) == [date(2026, 12, 24)]
    assert office.is_open(datetime(2026, 12, 24, 10, tzinfo=UTC))
    assert not office.is_open(datetime(2026, 12, 24, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    ("spoil", "field"),
    [
        (lambda d: d["promises"][0].update(policy="moon"), "promises[0].policy"),
        (lambda d: d["promises"][1].pop("when"), "promises[1].when"),
        (lambda d: d["promises"][2]["when"].update(group=["moon"]), "promises[2].when.group[0]"),
        (lambda d: d["promises"][0]["when"].update(colour=["red"]), "promises[0].when.colour"),
        (lambda d: d["policies"]["gold"].update(warn=["soon"]), "policies.gold.warn[0]"),
        (lambda d: d["policies"]["gold"].update(warn=["-soon"]), "policies.gold.warn[0]"),
        (
            lambda d: d["calendars"]["office"].update(special_days={"never": ["08:00-12:00"]}),
            "calendars.office.special_days.never",
        ),
        (
            lambda d: d["calendars"]["office"].update(special_days=["2026-12-24"]),
            "calendars.office.special_days",
        ),
        (
            lambda d: d["calendars"]["office"].update(special_days={"2026-12-25": ["08:00-12:00"]}),
            "calendars.office",
        ),
    ],
)
def test_a_mistake_is_named_by_its_place(
    spoil: Callable[[dict[str, Any]], Any], field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        desk_of(spoil)
    assert field in caught.value.fields


@pytest.mark.parametrize("text", ["", "0%", "100%", "30m", "-", "- soon", "%"])
def test_what_is_no_warning_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no (warning|duration)"):
        warning(text)
