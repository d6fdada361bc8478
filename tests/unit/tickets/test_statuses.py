"""What a status is, who may set it, and what follows from it: the table of a ticket's life."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib import facts
from chalicelib.desk.model import Desk, read_desk
from chalicelib.errors import Conflict, Invalid
from chalicelib.tickets import changes, edits, statuses, waiting
from chalicelib.tickets.changes import Change
from chalicelib.tickets.edits import Edit
from chalicelib.tickets.model import Article, ArticleKind, Author, Contact, Status, Ticket
from chalicelib.tickets.stored import head_item, ticket_of
from tests.world import DESK

# A Monday, ten o'clock at the desk.
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KIM = Contact("p1", "Kim", "kim@customer.example", "en")
STATUSES: dict[str, Any] = {
    "in_progress": {"category": "open", "label": {"en": "In progress", "da": "I gang"}},
    "parts": {"category": "on_hold", "label": {"en": "Waits for parts"}, "at_until": "remind"},
    "silent": {"category": "pending", "at_until": "solved"},
    "approved": {"category": "open", "from": ["in_progress"], "groups": ["hr"]},
    "dropped": {"category": "closed", "admins_only": True},
}


def desk_with(**support: Any) -> Desk:
    """The desk with statuses of its own, and with settings of its first group."""
    groups = {**DESK["groups"], "support": {**DESK["groups"]["support"], **support}}
    return read_desk({**DESK, "groups": groups, "statuses": STATUSES}, version=1)


@pytest.fixture
def desk() -> Desk:
    return desk_with()


def ticket(status: str = "open", **fields: Any) -> Ticket:
    made = Ticket(
        number=1001,
        status=Status(status),
        subject="Printer",
        group="support",
        assignee="anna",
        contacts=(KIM,),
        priority="normal",
        tags=(),
        opened_at=NOW,
        updated_at=NOW,
        version=1,
        seq=1,
    )
    return replace(made, **fields)


def article(text: str = "It broke again.", **fields: Any) -> Article:
    author = Author("requester", "Kim", "kim@customer.example")
    made = Article(1001, 2, ArticleKind.REPLY, author, text, NOW)
    return replace(made, **fields)


def edited(before: Ticket, desk: Desk, agent: str | None = "anna", **fields: Any) -> Change:
    change = edits.edited(before, Edit(**fields), desk, NOW, agent=agent)
    assert change is not None
    return change


# The table. ----------------------------------------------------------------------------------

EVENTS = {
    "the customer writes": lambda before, desk: changes.written_by_requester(
        before, article(), desk
    ),
    "a participant writes": lambda before, desk: changes.written_by_requester(
        before, article(author=Author("participant", "Eva", "eva@customer.example")), desk
    ),
    "a machine writes": lambda before, desk: changes.written_by_requester(
        before, article(mail_kind="auto_reply"), desk
    ),
    "a mail comes back": lambda before, desk: changes.written_by_requester(
        before, article(mail_kind="bounce"), desk
    ),
    "a stranger is held": lambda before, desk: changes.written_by_requester(
        before, article(is_held=True), desk
    ),
    "an agent notes": lambda before, desk: changes.written_by_agent(
        before, article(kind=ArticleKind.NOTE, author=Author("agent", "Anna")), desk
    ),
    "an agent answers": lambda before, desk: changes.written_by_agent(
        before, article(author=Author("agent", "Anna")), desk
    ),
    "its time is over": lambda before, desk: waiting.ended(replace(before, until=NOW), desk, NOW),
}
LIFE = """
                      new      open     pending  on_hold  solved   closed
the customer writes   new      open     open     open     open     open
a participant writes  new      open     open     open     open     open
a machine writes      new      open     pending  on_hold  solved   closed
a mail comes back     new      open     pending  on_hold  solved   closed
a stranger is held    new      open     pending  on_hold  solved   closed
an agent notes        new      open     pending  on_hold  solved   closed
an agent answers      open     open     pending  on_hold  solved   refused
its time is over      new      open     open     open     closed   closed
set to open           open     open     open     open     open     open
set to pending        pending  pending  pending  pending  pending  pending
set to on_hold        on_hold  on_hold  on_hold  on_hold  on_hold  on_hold
set to solved         solved   solved   solved   solved   solved   solved
set to closed         closed   closed   closed   closed   closed   closed
set to new            new      refused  refused  refused  refused  refused
"""


def rows() -> list[tuple[str, str, str]]:
    """(category, event, category afterwards) of every cell of the table."""
    head, *lines = LIFE.strip("\n").splitlines()
    return [
        (before, line[:22].strip(), after)
        for line in lines
        for before, after in zip(head.split(), line[22:].split(), strict=True)
    ]


@pytest.mark.parametrize(("before", "event", "after"), rows())
def test_what_every_event_makes_of_every_category(
    desk: Desk, before: str, event: str, after: str
) -> None:
    def happen() -> Change | None:
        if event.startswith("set to "):
            return edits.edited(ticket(before), Edit(status=event[7:]), desk, NOW, agent="anna")
        return EVENTS[event](ticket(before), desk)

    if after == "refused":
        with pytest.raises((Conflict, Invalid)):
            happen()
    else:
        change = happen()
        assert (change.after.status if change else before) == after


# Labels and rights. --------------------------------------------------------------------------


def test_every_desk_has_a_status_for_each_category() -> None:
    plain = read_desk(DESK, version=1)
    assert list(plain.statuses) == ["new", "open", "pending", "on_hold", "solved", "closed"]


def test_a_label_is_stored_with_its_category_and_all_logic_sees_the_category(desk: Desk) -> None:
    change = edited(ticket(), desk, status="parts")
    assert (change.after.status, change.after.label) == (Status.ON_HOLD, "parts")
    assert change.facts == (facts.StatusChanged("open", "on_hold", None, "parts"),)
    assert ticket_of(head_item(change.after)) == change.after


def test_a_move_between_labels_of_one_category_is_told_and_moves_no_clock(desk: Desk) -> None:
    opened = changes.opened(ticket("open"), article(seq=1), desk, channel="mail").after
    change = edited(opened, desk, status="in_progress")
    assert change.facts == (facts.StatusChanged("open", "open", None, "in_progress"),)
    assert change.after.clocks == opened.clocks


def test_a_customers_word_leaves_the_label_of_an_open_ticket(desk: Desk) -> None:
    change = changes.written_by_requester(ticket(label="in_progress"), article(), desk)
    assert change.after.label == "in_progress"


def test_a_label_that_the_desk_has_no_more_counts_as_its_category() -> None:
    plain = read_desk(DESK, version=2)
    assert statuses.status_of(ticket("on_hold", label="parts"), plain).id == "on_hold"


def test_a_status_that_cannot_follow_is_refused_with_those_that_can(desk: Desk) -> None:
    with pytest.raises(Invalid) as refused:
        edited(ticket(), desk, agent="lena", status="approved")
    sentence = refused.value.fields["status"]
    assert "approved cannot follow open" in sentence
    assert "in_progress" in sentence


def test_a_status_of_another_groups_agents_or_of_admins_is_refused(desk: Desk) -> None:
    for status, before in (("approved", ticket(label="in_progress")), ("dropped", ticket())):
        with pytest.raises(Invalid) as refused:
            edited(before, desk, agent="anna", status=status)
        assert status not in refused.value.fields["status"].partition("choose")[2]
        assert edited(before, desk, agent="lena", status=status).after.label == status


def test_an_unknown_status_is_refused_with_those_there_are(desk: Desk) -> None:
    with pytest.raises(Invalid) as refused:
        edited(ticket(), desk, status="gone")
    assert "on_hold, parts, solved" in refused.value.fields["status"]


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("strange", {"category": "unheard"}),
        ("nameless", {}),
        ("open", {"category": "closed"}),
        ("fresh", {"category": "new"}),
        ("late", {"category": "pending", "at_until": "nowhere"}),
        ("late", {"category": "pending", "at_until": "late"}),
        ("late", {"category": "pending", "at_until": "new"}),
        ("late", {"category": "open", "at_until": "remind"}),
        ("late", {"category": "open", "from": ["nowhere"]}),
        ("late", {"category": "open", "groups": ["nobody"]}),
    ],
)
def test_a_status_that_makes_no_sense_is_refused_at_its_place(
    name: str, settings: dict[str, Any]
) -> None:
    with pytest.raises(Invalid) as refused:
        read_desk({**DESK, "statuses": {name: settings}}, version=1)
    assert any(place.startswith(f"statuses.{name}") for place in refused.value.fields)


# Waiting. ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-03-09T08:00", datetime(2026, 3, 9, 7, 0, tzinfo=UTC)),
        ("2026-03-09T08:00:30Z", datetime(2026, 3, 9, 8, 1, tzinfo=UTC)),
        ("2026-03-07", datetime(2026, 3, 9, 7, 0, tzinfo=UTC)),
        ("+1 business day", datetime(2026, 3, 3, 7, 0, tzinfo=UTC)),
        ("+5 business days", datetime(2026, 3, 9, 7, 0, tzinfo=UTC)),
        ("+20", datetime(2026, 3, 30, 6, 0, tzinfo=UTC)),
    ],
)
def test_until_is_an_instant_a_local_time_a_date_or_business_days(
    desk: Desk, text: str, at: datetime
) -> None:
    change = edited(ticket("pending"), desk, until=text, reason="A new lamp")
    assert change.after.until == at
    assert change.after.reason == "A new lamp"
    assert change.after.due_at == at
    assert ticket_of(head_item(change.after)) == change.after


def test_business_days_of_a_group_without_a_calendar_are_weekdays(desk: Desk) -> None:
    friday = NOW + timedelta(days=4)
    change = edits.edited(
        ticket("pending", group="hr"), Edit(until="+1 business day"), desk, friday
    )
    assert change is not None
    assert change.after.until == datetime(2026, 3, 8, 23, 0, tzinfo=UTC)


@pytest.mark.parametrize("text", ["soon", "2026-03-01", "2031-01-01", "+0", "9999-12-31"])
def test_a_time_that_cannot_be_waited_for_is_refused(desk: Desk, text: str) -> None:
    with pytest.raises(Invalid) as refused:
        edited(ticket("pending"), desk, until=text)
    assert list(refused.value.fields) == ["until"]


def test_only_what_waits_has_a_time_and_a_reason(desk: Desk) -> None:
    with pytest.raises(Invalid) as refused:
        edited(ticket("open"), desk, until="+3 business days", reason="A lamp")
    assert sorted(refused.value.fields) == ["reason", "until"]


def test_a_wait_lasts_from_pending_to_on_hold_and_ends_with_any_other_status(desk: Desk) -> None:
    waits = ticket("pending", until=NOW + timedelta(days=3), reason="A lamp")
    held = edited(waits, desk, status="on_hold").after
    assert (held.until, held.reason) == (waits.until, "A lamp")
    opened = edited(waits, desk, status="open").after
    assert (opened.until, opened.reason) == (None, "")


def test_a_form_that_shows_a_wait_can_end_it_by_the_status_alone(desk: Desk) -> None:
    waits = ticket("pending", until=NOW + timedelta(days=3), reason="A lamp")
    shown = statuses.local_until(waits, desk)
    change = edited(waits, desk, status="open", until=shown, reason="A lamp")
    assert (change.after.status, change.after.until) == (Status.OPEN, None)


@pytest.mark.parametrize(
    ("before", "label", "then", "after"),
    [
        ("pending", "", "reopen", "open"),
        ("on_hold", "", "reopen", "open"),
        ("on_hold", "parts", "remind", "on_hold"),
        ("pending", "silent", "solved", "solved"),
        ("solved", "", "close", "closed"),
        ("open", "", "remind", "open"),
    ],
)
def test_the_end_of_its_time_does_what_the_status_says_and_says_why(
    desk: Desk, before: str, label: str, then: str, after: str
) -> None:
    waits = ticket(before, label=label, until=NOW, reason="A lamp")
    change = waiting.ended(waits, desk, NOW)
    assert change is not None
    assert change.after.status == after
    assert change.facts[0] == facts.StatusEnded(then, "A lamp")
    assert change.after.until != NOW


def test_a_time_that_has_not_come_ends_nothing(desk: Desk) -> None:
    assert waiting.ended(ticket("pending", until=NOW), desk, NOW - timedelta(seconds=1)) is None
    assert waiting.ended(ticket("pending"), desk, NOW) is None


# Solving, closing, opening again. ------------------------------------------------------------


def test_a_solved_ticket_closes_after_the_days_of_its_group() -> None:
    assert edited(ticket(), desk_with(), status="solved").after.until == NOW + timedelta(days=4)
    slow = desk_with(close_after_days=28)
    assert edited(ticket(), slow, status="solved").after.until == NOW + timedelta(days=28)
    with pytest.raises(Invalid):
        desk_with(close_after_days=29)


def test_opening_again_cancels_the_closing_and_is_counted(desk: Desk) -> None:
    solved = edited(ticket(), desk, status="solved").after
    again = changes.written_by_requester(solved, article(), desk).after
    assert (again.status, again.until, again.reopens[0]) == (Status.OPEN, None, 1)
    assert changes.written_by_requester(ticket("pending"), article(), desk).after.reopens[0] == 0


def test_a_ticket_that_was_opened_too_often_stays_solved_and_says_so(desk: Desk) -> None:
    worn = ticket("solved", reopens=(5, statuses.hour_of(NOW), 5))
    change = changes.written_by_requester(worn, article(), desk)
    assert change.article is not None
    assert change.after.status is Status.SOLVED
    assert change.after.unopened == ("too_often", NOW)
    assert facts.ReopenParked(2) in change.facts
    later = changes.written_by_requester(worn, article(at=NOW + timedelta(hours=1)), desk)
    assert later.after.status is Status.OPEN


def test_an_agent_who_accepts_an_article_opens_a_ticket_however_often_that_was(desk: Desk) -> None:
    worn = ticket("solved", reopens=(5, statuses.hour_of(NOW), 5))
    assert changes.accepted(worn, article(is_held=True), desk, NOW).after.status is Status.OPEN


def test_thanks_leave_a_ticket_solved_only_where_the_group_wants_it(desk: Desk) -> None:
    thanks, polite = article("Thank you, Anna!"), desk_with(thanks_stay_solved=True)
    solved = edited(ticket(), desk, status="solved").after
    assert changes.written_by_requester(solved, thanks, desk).after.status is Status.OPEN
    change = changes.written_by_requester(solved, thanks, polite)
    assert change.after.status is Status.SOLVED
    assert change.after.clocks == solved.clocks
    assert change.after.unopened == ("thanks", NOW)
    assert facts.ThankedAfterSolve(2) in change.facts
    assert ticket_of(head_item(change.after)) == change.after
    asks = article("Thanks! And when does it come?")
    assert changes.written_by_requester(solved, asks, polite).after.status is Status.OPEN


def test_solving_takes_an_assignee_and_a_resolution_where_the_group_wants_one() -> None:
    strict = desk_with(needs_resolution=True)
    for status in ("solved", "closed"):
        with pytest.raises(Invalid) as refused:
            edited(ticket(), strict, status=status)
        assert list(refused.value.fields) == ["resolution"]
    change = edited(ticket(assignee=None), strict, status="solved", resolution="A new lamp")
    assert (change.after.assignee, change.after.resolution) == ("anna", "A new lamp")
    assert ticket_of(head_item(change.after)) == change.after
    assert edited(change.after, strict, status="closed").after.status is Status.CLOSED


def test_a_resolution_that_says_too_much_is_refused(desk: Desk) -> None:
    with pytest.raises(Invalid) as refused:
        edited(ticket("pending"), desk, resolution="x" * 1001, reason="x" * 201)
    assert sorted(refused.value.fields) == ["reason", "resolution"]


def test_a_priority_cannot_be_taken_away(desk: Desk) -> None:
    for nothing in (None, ""):
        with pytest.raises(Invalid):
            edited(ticket(), desk, priority=nothing)


@pytest.mark.parametrize(
    ("option", "days", "fate"),
    [
        ({}, 14, "reopen"),
        ({}, 15, "follow_up"),
        ({"reopen_days": 0}, 1, "follow_up"),
        ({"after_close": "reopen"}, 365, "reopen"),
        ({"after_close": "reject"}, 14, "reopen"),
        ({"after_close": "reject", "reopen_days": 0}, 1, "reject"),
    ],
)
def test_what_follows_after_the_close_is_the_groups_choice(
    option: dict[str, Any], days: int, fate: str
) -> None:
    closed = ticket("closed", closed_at=NOW)
    assert statuses.after_close(closed, desk_with(**option), NOW + timedelta(days=days)) == fate


def test_a_closed_ticket_of_a_group_that_is_gone_gets_a_follow_up(desk: Desk) -> None:
    assert statuses.after_close(ticket("closed", closed_at=NOW, group="x"), desk, NOW) == (
        "follow_up"
    )
