"""What happens to a ticket, decided without a table or a clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib import facts
from chalicelib.desk.model import Desk, read_desk
from chalicelib.errors import Conflict, Invalid
from chalicelib.tickets import changes, edits
from chalicelib.tickets.changes import Change
from chalicelib.tickets.edits import Edit
from chalicelib.tickets.model import (
    Article,
    ArticleKind,
    Author,
    Contact,
    Delivery,
    DeliveryState,
    Status,
    Ticket,
)
from tests.world import DESK

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KIM = Contact("p1", "Kim", "kim@customer.example", "en")


@pytest.fixture
def desk() -> Desk:
    return read_desk(DESK, version=1)


def ticket(**fields: object) -> Ticket:
    made = Ticket(
        number=1001,
        status=Status.OPEN,
        subject="Printer",
        group="support",
        assignee=None,
        contacts=(KIM,),
        priority="normal",
        tags=(),
        opened_at=NOW,
        updated_at=NOW,
        version=1,
        seq=1,
    )
    return replace(made, **fields)


def article(role: str = "requester", **fields: object) -> Article:
    made = Article(
        number=1001,
        seq=2,
        kind=ArticleKind.REPLY,
        author=Author(role, "Kim", "kim@customer.example"),
        text="Hello?",
        at=NOW,
    )
    return replace(made, **fields)


def types(change: Change | None) -> list[str]:
    assert change is not None
    return [fact.type for fact in change.facts]


def test_a_new_ticket_starts_its_clocks_and_says_so(desk: Desk) -> None:
    change = changes.opened(ticket(seq=0), article(seq=1), desk, channel="mail")
    assert types(change) == ["TicketOpened", "ArticleAdded"]
    assert [clock.metric for clock in change.after.clocks] == ["first_reply", "resolution"]
    assert change.after.public_seq == 1


def test_a_mail_that_no_human_wrote_starts_no_clock(desk: Desk) -> None:
    change = changes.opened(ticket(), article(), desk, channel="mail", runs_clocks=False)
    assert change.after.clocks == ()


@pytest.mark.parametrize("status", [Status.PENDING, Status.ON_HOLD, Status.SOLVED, Status.CLOSED])
def test_the_requesters_article_opens_a_ticket_that_waits_or_rests(
    desk: Desk, status: Status
) -> None:
    change = changes.written_by_requester(ticket(status=status), article(), desk)
    assert change.after.status is Status.OPEN
    assert facts.StatusChanged(status, "open") in change.facts


def test_a_new_ticket_stays_new_until_an_agent_answers(desk: Desk) -> None:
    waiting = changes.written_by_requester(ticket(status=Status.NEW), article(), desk)
    assert waiting.after.status is Status.NEW
    answered = changes.written_by_agent(ticket(status=Status.NEW), article("agent"), desk)
    assert answered.after.status is Status.OPEN


@pytest.mark.parametrize("fields", [{"is_held": True}, {"mail_kind": "auto_reply"}])
def test_held_and_automatic_mail_moves_nothing(desk: Desk, fields: dict[str, object]) -> None:
    solved = ticket(status=Status.SOLVED)
    change = changes.written_by_requester(solved, article(**fields), desk)
    assert change.after.status is Status.SOLVED
    assert change.after.version == solved.version


def test_an_accepted_article_has_the_effect_it_was_denied(desk: Desk) -> None:
    change = changes.accepted(ticket(status=Status.SOLVED), article(is_held=True), desk, NOW)
    assert change.after.status is Status.OPEN
    assert change.article is not None
    assert not change.article.is_held
    with pytest.raises(Conflict, match="not held"):
        changes.accepted(ticket(), article(), desk, NOW)


def test_the_first_answer_takes_the_ticket_and_a_note_does_not(desk: Desk) -> None:
    answer = changes.written_by_agent(ticket(), article("agent"), desk, agent="anna")
    assert answer.after.assignee == "anna"
    note = article("agent", kind=ArticleKind.NOTE)
    assert changes.written_by_agent(ticket(), note, desk, agent="anna").after.assignee is None


def test_a_closed_ticket_takes_notes_and_no_replies(desk: Desk) -> None:
    closed = ticket(status=Status.CLOSED)
    with pytest.raises(Conflict, match="closed"):
        changes.written_by_agent(closed, article("agent"), desk)
    changes.written_by_agent(closed, article("agent", kind=ArticleKind.NOTE), desk)


def test_an_edit_tells_what_was_and_what_is(desk: Desk) -> None:
    edit = Edit(priority="urgent", tags=["VPN", "vpn ", "home office"], subject="  VPN  down ")
    change = edits.edited(ticket(), edit, desk, NOW)
    assert change is not None
    assert facts.PriorityChanged("normal", "urgent") in change.facts
    assert change.after.tags == ("home-office", "vpn")
    assert change.after.subject == "VPN down"
    assert change.after.version == 2


def test_an_edit_that_changes_nothing_is_none(desk: Desk) -> None:
    assert edits.edited(ticket(), Edit(priority="normal"), desk, NOW) is None


def test_an_edit_names_every_field_that_cannot_be_set(desk: Desk) -> None:
    edit = Edit(status="gone", priority="asap", group="moon", assignee="somebody", tags="x")
    with pytest.raises(Invalid) as caught:
        edits.edited(ticket(), edit, desk, NOW)
    assert set(caught.value.fields) == {"status", "priority", "group", "assignee", "tags"}


def test_solving_takes_an_assignee_and_meets_the_resolution(desk: Desk) -> None:
    opened = changes.opened(ticket(), article(), desk, channel="mail").after
    change = edits.edited(opened, Edit(status="solved"), desk, NOW, agent="anna")
    assert change is not None
    assert change.after.assignee == "anna"
    assert {clock.metric: clock.state for clock in change.after.clocks}["resolution"] == "met"


def test_an_agent_outside_the_group_cannot_be_assigned(desk: Desk) -> None:
    with pytest.raises(Invalid) as caught:
        edits.edited(ticket(), Edit(assignee="hugo"), desk, NOW)
    assert "Hugo Dahl" in caught.value.fields["assignee"]


def test_moving_to_a_group_leaves_an_assignee_behind_who_is_not_in_it(desk: Desk) -> None:
    change = edits.edited(ticket(assignee="anna"), Edit(group="hr"), desk, NOW)
    assert change is not None
    assert change.after.assignee is None


def test_a_form_that_still_shows_the_assignee_left_behind_does_not_mean_them(desk: Desk) -> None:
    edit = Edit(group="hr", assignee="anna")
    change = edits.edited(ticket(assignee="anna"), edit, desk, NOW)
    assert change is not None
    assert change.after.assignee is None


def test_a_closed_ticket_moves_to_no_other_group(desk: Desk) -> None:
    with pytest.raises(Conflict):
        edits.edited(ticket(status=Status.CLOSED), Edit(group="hr"), desk, NOW)
    assert edits.edited(ticket(status=Status.CLOSED), Edit(tags=["late"]), desk, NOW)


def test_a_breach_is_recorded_once(desk: Desk) -> None:
    opened = changes.opened(ticket(), article(), desk, channel="mail").after
    late = NOW + timedelta(hours=5)
    change = changes.came_due(opened, desk, late)
    assert change is not None
    assert types(changes.with_clock_facts(change, late)) == ["TargetBreached"]
    assert changes.came_due(change.after, desk, late) is None


def test_a_reply_that_is_late_is_late_even_before_the_sweep(desk: Desk) -> None:
    opened = changes.opened(ticket(), article(), desk, channel="mail").after
    reply = article("agent", at=NOW + timedelta(hours=5))
    written = changes.written_by_agent(opened, reply, desk)
    change = changes.with_clock_facts(written, reply.at)
    assert "TargetBreached" in types(change)


def test_somebody_in_copy_joins_once_and_sees_nothing_older() -> None:
    eva = Contact("p2", "Eva", "eva@customer.example", "en")
    change = changes.with_contact(Change(ticket(), ticket(), ()), eva)
    assert change.after.contacts[1].since == 2
    assert changes.with_contact(change, eva) is change


def test_only_a_failed_mail_is_sent_again() -> None:
    sent = Delivery(1001, 2, "abc", "reply", "Kim", "kim@customer.example", "en", "support", 0, NOW)
    with pytest.raises(Conflict):
        changes.sent_again(ticket(), replace(sent, state=DeliveryState.SENT), NOW)
    failed = replace(sent, state=DeliveryState.FAILED, attempt=2)
    again = changes.sent_again(ticket(), failed, NOW)
    assert again.deliveries[0].state is DeliveryState.QUEUED
    assert again.deliveries[0].attempt == 0
    assert types(again) == ["DeliveryQueued"]


def test_a_calendar_that_is_gone_is_counted_by_its_successors(desk: Desk) -> None:
    opened = changes.opened(ticket(), article(), desk, channel="mail").after
    renamed = replace(desk, calendars={"always": desk.calendars["always"]})
    assert changes.written_by_agent(opened, article("agent"), renamed).after.clocks
