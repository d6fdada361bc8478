"""Which trigger fires for what happened: events, rounds, roots, and what wakes the rules at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib import facts
from chalicelib.desk.model import Desk, read_desk
from chalicelib.ledger.model import GENESIS, Actor, Entry, make_entry
from chalicelib.rules import model
from chalicelib.rules.counts import Counts
from chalicelib.rules.model import Why
from chalicelib.tickets.model import Contact, Status, Ticket
from chalicelib.tickets.rewound import rewound
from infra.rehearsal import reactions
from tests.world import DESK

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TICKET = Ticket(
    number=1,
    status=Status.OPEN,
    subject="Printer",
    group="support",
    assignee=None,
    contacts=(Contact("p1", "Kim", "kim@customer.example", "en"),),
    priority="normal",
    tags=(),
    opened_at=NOW,
    updated_at=NOW,
)
# Facts of no ticket, and those of one that nothing a rule listens to can follow in their entry.
DEAF_TO = {
    "AbsenceEnded",
    "AbsencePlanned",
    "AddressAllowed",
    "AddressBlocked",
    "AddressUnblocked",
    "ArticleReprocessed",
    "DeliveryBounced",
    "DeliveryComplained",
    "DeliveryFailed",
    "DeliveryQueued",
    "ExportContinued",
    "ExportDone",
    "ExportFailed",
    "ExportRequested",
    "LinkAdded",
    "LinkRemoved",
    "MailDeleted",
    "MailReleased",
    "MailSuspended",
    "NoteAdded",
    "NoteChanged",
    "NoteRemoved",
    "OrganizationAdded",
    "OrganizationChanged",
    "OrganizationRemoved",
    "PersonErased",
    "RuleFired",
    "RulePaused",
    "RuleResumed",
    "SenderBlocked",
    "TaskAdded",
    "TaskChanged",
    "TaskDone",
    "TaskDue",
    "TaskRemoved",
    "TaskReopened",
    "TicketMerged",
    "TicketSplit",
    "TicketUnmerged",
    "WebhookFailed",
    "WebhookQueued",
}
RAISED = facts.PriorityChanged("normal", "high")
WRITTEN = facts.ArticleAdded("reply", "requester")


def desk(**trigger: Any) -> Desk:
    rule = {"id": "one", "on": ["changed"], "do": [{"note": "Hm."}], **trigger}
    return read_desk({**DESK, "triggers": [rule]}, version=1)


def entry(seq: int, *said: facts.Fact, root: str | None = None, cause: str = "edit") -> Entry:
    return make_entry(
        "T#1",
        seq,
        said,
        at=NOW,
        actor=Actor("agent", "anna"),
        cause=cause,
        prev=GENESIS,
        salt=b"s",
        root=root,
    )


def verdict(ticket: Ticket, *said: facts.Fact, **trigger: Any) -> Why:
    known = desk(**trigger)
    found = model.round_of(ticket, [entry(1, *said)], 1)
    assert found
    if not found.is_heard:
        return Why.UNHEARD
    return model.judge(known.triggers[0], found, found.situation(known, NOW))


def test_every_fact_wakes_the_rules_or_is_known_to_matter_to_none() -> None:
    woken = {name for name, found in reactions().items() if "run_rules" in found}
    assert woken == set(facts.TYPES) - DEAF_TO


@pytest.mark.parametrize(
    ("said", "events"),
    [
        ([facts.TicketOpened("support", "normal", "mail"), WRITTEN], {"opened"}),
        ([WRITTEN], {"replied"}),
        ([facts.ArticleAdded("note", "agent")], {"noted"}),
        ([facts.ArticleAdded("note", "system")], set()),
        ([facts.ArticleAdded("reply", "requester", mail_kind="auto_reply")], set()),
        ([facts.ArticleAdded("reply", "stranger", is_held=True)], set()),
        ([facts.ArticleAccepted(3)], {"replied"}),
        ([facts.StatusChanged("open", "solved")], {"status_changed", "changed"}),
        ([RAISED], {"changed"}),
        ([facts.ReasonChanged("", "A part")], {"changed"}),
        ([facts.TargetsMoved({}, {})], set()),
        ([facts.TargetNear("first_reply", "50%", "x")], {"target_near"}),
        ([facts.TargetBreached("first_reply", "x")], {"target_breached"}),
        ([facts.ExternalEvent("monitoring", "firing")], {"event"}),
        ([facts.DeliveryQueued("1", "reply")], set()),
    ],
)
def test_facts_are_events(said: list[facts.Fact], events: set[str]) -> None:
    assert model.events_of(said) == events


@pytest.mark.parametrize(
    ("trigger", "why"),
    [
        ({}, Why.FIRES),
        ({"on": ["noted"]}, Why.EVENT),
        ({"when": {"tags": ["x"]}}, Why.UNCHANGED),
        ({"when": {"tags": ["x"]}, "mode": "always"}, Why.CONDITION),
        ({"when": {"priority": ["urgent"]}}, Why.CONDITION),
        ({"when": {"priority": {"changed_to": ["high"]}}}, Why.FIRES),
        ({"when": {"any": [{"tags": ["x"]}, {"priority": ["high"]}]}}, Why.FIRES),
    ],
)
def test_a_trigger_fires_or_says_why_not(trigger: dict[str, Any], why: Why) -> None:
    assert verdict(replace(TICKET, priority="high"), RAISED, **trigger) is why


def test_nothing_is_heard_of_machines_nor_on_what_is_over_for_good() -> None:
    machine = facts.ArticleAdded("reply", "requester", mail_kind="bounce")
    closing = facts.StatusChanged("solved", "closed")
    closed = replace(TICKET, status=Status.CLOSED)
    assert verdict(TICKET, machine, RAISED) is Why.UNHEARD
    assert verdict(closed, RAISED) is Why.UNHEARD
    assert verdict(closed, closing) is Why.FIRES
    assert verdict(replace(TICKET, status=Status.MERGED), closing) is Why.UNHEARD


def test_what_follows_from_an_entry_belongs_to_its_root() -> None:
    entries = [
        entry(1, WRITTEN),
        entry(2, RAISED, cause="T#1/1"),
        entry(3, RAISED, root="T#1/1"),
        entry(4, RAISED, cause="T#1/2"),
        entry(5, RAISED),
        entry(6, RAISED, root="T#2/1"),
    ]
    assert model.roots_of(entries) == {1: 1, 2: 1, 3: 1, 4: 1, 5: 5, 6: 6}


def test_a_rule_sees_machines_and_what_fired_before_its_turn() -> None:
    fired = facts.RuleFired("first", 1)
    tags = facts.TagsChanged([], ["x"])
    entries = [
        entry(1, WRITTEN),
        entry(2, fired, tags, root="T#1/1"),
        entry(3, RAISED, cause="T#1/1"),
    ]
    found = model.round_of(TICKET, entries, 1)
    assert found
    assert found.said == (WRITTEN, RAISED)
    assert "first" in found.fired
    assert found.past("first").said == (WRITTEN, RAISED, fired, tags)


def test_a_ticket_is_taken_back_by_what_its_facts_say_was_before() -> None:
    now = replace(TICKET, priority="high", tags=("x",), status=Status.SOLVED, assignee="anna")
    entries = [
        entry(1, WRITTEN),
        entry(2, RAISED, facts.TagsChanged(["y"], ["x"])),
        entry(
            3,
            facts.StatusChanged("pending", "solved", "ordered"),
            facts.AssigneeChanged(None, "anna"),
        ),
        entry(4, facts.FieldsChanged({"floor": None}, {"floor": "2"})),
    ]
    after_two = rewound(replace(now, fields={"floor": "2"}), entries, 2)
    after_one = rewound(now, entries, 1)
    assert after_two
    assert after_one
    assert (after_two.status, after_two.label, after_two.assignee) == ("pending", "ordered", None)
    assert (after_two.priority, after_two.fields) == ("high", {})
    assert (after_one.priority, after_one.tags) == ("normal", ("y",))
    erased = [*entries[:3], replace(entries[3], payload=None, salt=None)]
    assert rewound(now, erased, 2) is None
    assert rewound(now, erased, 4) == now


def test_counts_forget_what_is_too_old_to_matter() -> None:
    limits = read_desk({**DESK, "limits": {"rule_firings": 2, "rule_mails": 3}}, version=1).limits
    counts = Counts()
    for hour in (9, 9, 10):
        counts = counts.plus("one", 1, NOW.replace(hour=hour))
    assert counts.excess("one", 0, limits, NOW.replace(hour=10)) is None
    assert counts.excess("one", 1, limits, NOW.replace(hour=10)) == "rule_mails"
    assert counts.excess("one", 1, limits, NOW.replace(day=3, hour=9)) is None
    counts = counts.plus("one", 0, NOW.replace(hour=10))
    assert counts.excess("one", 0, limits, NOW.replace(hour=10)) == "rule_firings"
    assert counts.excess("two", 0, limits, NOW.replace(hour=10)) is None
    assert set(counts.plus("two", 1, NOW.replace(day=4)).mails) == {
        int(NOW.replace(day=4).timestamp()) // 3600
    }
