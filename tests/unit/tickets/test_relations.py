"""What becomes of two tickets that are merged, unmerged, linked or split; without storage."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import facts
from chalicelib.desk.model import Desk, read_desk
from chalicelib.errors import Conflict, Invalid
from chalicelib.tickets import changes, edits, relations, stored
from chalicelib.tickets.changes import Change
from chalicelib.tickets.edits import Edit
from chalicelib.tickets.model import Article, ArticleKind, Author, Contact, Status, Ticket
from chalicelib.tickets.statuses import AGENT_STATUSES
from tests.world import DESK

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KIM = Contact("p1", "Kim", "kim@customer.example", "en")
BO = Contact("p2", "Bo", "bo@customer.example", "en")


@pytest.fixture(scope="module")
def desk() -> Desk:
    return read_desk(DESK, version=1)


def article(number: int, seq: int = 1, by: Contact = KIM, **fields: object) -> Article:
    author = Author("requester", by.name, by.email, by.person)
    made = Article(number, seq, ArticleKind.REPLY, author, "Hello?", NOW)
    return replace(made, **fields)  # type: ignore[arg-type]


def ticket(desk: Desk, number: int = 1001, by: Contact = KIM, **fields: object) -> Ticket:
    made = Ticket(
        number=number,
        status=Status.NEW,
        subject="Printer",
        group="support",
        assignee=None,
        contacts=(by,),
        priority="normal",
        tags=(),
        opened_at=NOW,
        updated_at=NOW,
    )
    opened = changes.opened(made, article(number, by=by), desk, channel="mail").after
    return replace(replace(opened, seq=1), **fields)  # type: ignore[arg-type]


def merged(desk: Desk, source: Ticket, target: Ticket, **more: bool) -> tuple[Ticket, Ticket]:
    both = relations.merged(source, target, desk, NOW, by="agent:anna", **more)
    assert both
    return both[0].after, both[1].after


def test_both_ledgers_say_that_tickets_were_merged(desk: Desk) -> None:
    both = relations.merged(ticket(desk), ticket(desk, 1002), desk, NOW, by="agent:anna")
    assert both
    fact = facts.TicketMerged(1001, 1002)
    assert all(fact in change.facts for change in both)
    assert facts.StatusChanged("new", "merged") in both[0].facts


def test_the_target_keeps_its_own_targets_and_people(desk: Desk) -> None:
    target = ticket(desk, 1002, BO)
    _, after = merged(desk, ticket(desk), target)
    assert (after.clocks, after.contacts, after.version) == (
        target.clocks,
        target.contacts,
        target.version,
    )


def test_people_who_are_added_see_nothing_older(desk: Desk) -> None:
    _, after = merged(desk, ticket(desk), ticket(desk, 1002, BO, seq=7), adds_people=True)
    assert [(one.email, one.since) for one in after.contacts] == [(BO.email, 0), (KIM.email, 8)]


def test_somebody_who_was_erased_is_not_added(desk: Desk) -> None:
    source = ticket(desk, contacts=(replace(KIM, email=""),))
    _, after = merged(desk, source, ticket(desk, 1002, BO), adds_people=True)
    assert after.contacts == (BO,)


@given(status=st.sampled_from([Status.NEW, *AGENT_STATUSES]), minutes=st.integers(0, 100_000))
def test_whatever_a_ticket_was_it_is_after_its_merge_is_undone(
    status: Status, minutes: int
) -> None:
    desk = read_desk(DESK, version=1)
    source, later = ticket(desk), NOW + timedelta(minutes=minutes)
    if status is not Status.NEW:
        moved = edits.edited(source, Edit(status=status.value), desk, NOW, agent="anna")
        assert moved
        source = moved.after
    target = ticket(desk, 1002)
    both = relations.merged(source, target, desk, NOW, by="agent:anna")
    assert both
    kept = stored.ticket_of(stored.head_item(both[0].after))
    assert kept
    back = relations.unmerged(replace(kept, updated_at=later), both[1].after)
    assert back
    found = [replace(change.after, version=0, updated_at=NOW) for change in back]
    assert found == [replace(one, version=0) for one in (source, target)]


def test_no_alarm_of_a_merged_ticket_rings(desk: Desk) -> None:
    source, _ = merged(desk, ticket(desk, until=NOW + timedelta(days=1)), ticket(desk, 1002))
    assert source.due_at is None
    assert not any(clock.is_running for clock in source.clocks)


def test_a_target_takes_so_many_sources(desk: Desk) -> None:
    full = ticket(desk, 1002, sources=tuple(range(relations.SOURCE_LIMIT)))
    with pytest.raises(Conflict):
        relations.merged(ticket(desk), full, desk, NOW, by="agent:anna")


def test_every_link_has_a_reverse_whose_reverse_it_is() -> None:
    assert all(relations.REVERSE[other] == kind for kind, other in relations.REVERSE.items())


@pytest.mark.parametrize("kind", relations.REVERSE)
def test_each_of_two_linked_tickets_says_what_the_other_is(desk: Desk, kind: str) -> None:
    one, other = relations.linked(ticket(desk), ticket(desk, 1002), kind)
    assert one.facts == (facts.LinkAdded(kind, 1002),)
    assert other.facts == (facts.LinkAdded(relations.REVERSE[kind], 1001),)
    apart = relations.unlinked(one.after, other.after, kind)
    assert [change.after for change in apart] == [one.before, other.before]


def test_a_ticket_is_not_linked_with_itself_nor_with_two_parents(desk: Desk) -> None:
    one = ticket(desk)
    with pytest.raises(Invalid):
        relations.linked(one, one, "related")
    with pytest.raises(Conflict):
        relations.linked(replace(one, parent=1003), ticket(desk, 1002), "parent")
    full = ticket(desk, 1002, open_children=frozenset(range(relations.CHILD_LIMIT)))
    with pytest.raises(Conflict):
        relations.linked(one, full, "parent")


def test_a_child_that_is_over_keeps_no_parent_open(desk: Desk) -> None:
    solved = ticket(desk, status=Status.SOLVED)
    _, parent = relations.linked(solved, ticket(desk, 1002), "parent")
    assert parent.after.open_children == frozenset()


def test_a_group_may_only_warn_of_open_children() -> None:
    groups = {**DESK["groups"], "support": {**DESK["groups"]["support"], "open_children": "warn"}}
    lenient = read_desk({**DESK, "groups": groups}, version=1)
    parent = ticket(lenient, open_children=frozenset({1002}))
    edit = Edit(status="solved")
    assert edits.edited(parent, edit, lenient, NOW, agent="anna")
    with pytest.raises(Invalid):
        edits.edited(parent, edit, read_desk(DESK, version=1), NOW, agent="anna")


def split(desk: Desk, *articles: Article) -> relations.Halves:
    new = replace(ticket(desk, 1003), clocks=(), seq=0, version=0)
    return relations.split(ticket(desk), articles, new, desk)


def test_what_is_split_keeps_its_time_and_its_files(desk: Desk) -> None:
    earlier = NOW - timedelta(days=3)
    halves = split(desk, article(1001, 4, at=earlier, raw_key="inbound/x", text_key="text/y"))
    (copy,) = halves.copies
    assert (copy.number, copy.seq, copy.at) == (1003, 1, earlier)
    assert (copy.raw_key, copy.text_key) == ("inbound/x", "text/y")
    assert halves.stubs[0] == replace(
        article(1001, 4, at=earlier, raw_key="inbound/x", text_key="text/y"), split_to=1003
    )
    assert {clock.started_at for clock in halves.new.after.clocks} == {NOW}


def test_of_a_held_stranger_who_gets_a_ticket_nothing_is_held(desk: Desk) -> None:
    stranger = Author("stranger", "Kim", KIM.email)
    halves = split(desk, article(1001, 4, author=stranger, is_held=True))
    (copy,) = halves.copies
    assert (copy.is_held, copy.author.role, copy.author.id) == (False, "requester", "p1")


def test_the_first_requester_is_a_participant_of_somebody_elses_ticket(desk: Desk) -> None:
    halves = split(desk, article(1001, 4), article(1001, 5, by=BO))
    assert [copy.author.role for copy in halves.copies] == ["requester", "participant"]
    assert isinstance(halves.left, Change)
    assert halves.new.after.public_seq == 2
