"""Tickets that become one and two again, that are split and linked, with their mail."""

from __future__ import annotations

from dataclasses import replace
from email.message import Message

import pytest

from chalicelib import table
from chalicelib.errors import Conflict, Invalid, NotFound
from chalicelib.ledger.model import flaws
from chalicelib.tickets import customers, joining, service, store
from chalicelib.tickets.access import Who
from chalicelib.tickets.edits import Edit
from chalicelib.tickets.model import Article, ArticleKind, Link, Status, Ticket, Timeline
from tests.reports import report
from tests.web.desk import agent
from tests.world import World, letter

KIM, BO = "Kim Jensen <kim@customer.example>", "Bo Lind <bo@customer.example>"
UNPROVEN = {"dmarc": "FAIL", "spf": "FAIL", "dmarc_policy": "none"}


@pytest.fixture
def anna(world: World) -> Who:
    """Two tickets: 1001 is Kim's, 1002 is Bo's, and both have an answer."""
    who = agent(world)
    world.mail(letter("My printer smokes.", sender=KIM, subject="Smoke"))
    world.mail(letter("There is a fire.", sender=BO, subject="Fire"))
    for number in (1001, 1002):
        write(world, who, number, f"Answer on {number}")
    return who


def write(world: World, who: Who, number: int, text: str) -> None:
    service.write_article(world.ports, who, number, service.Draft(ArticleKind.REPLY, text))
    world.settle()


def timeline(number: int) -> Timeline:
    found = store.timeline(number)
    assert found
    return found


def ticket(number: int) -> Ticket:
    return timeline(number).ticket


def newest(number: int) -> Article:
    return timeline(number).articles[-1]


def texts(number: int) -> list[str]:
    return [article.text for article in timeline(number).articles]


def mail_to(world: World, address: str) -> Message:
    return world.mails_to(address)[-1]


def reply_of(world: World, address: str, text: str, sender: str, **receipt: object) -> None:
    """Somebody answers the newest mail that went to an address."""
    to = str(mail_to(world, address)["Reply-To"])
    world.mail(letter(text, sender=sender, to=to), **receipt)


def merge(world: World, who: Who, number: int = 1002, into: int = 1001, **more: bool) -> Ticket:
    merged = joining.merge(world.ports, who, number, into, **more)
    world.settle()
    return merged


def unchanged(found: Ticket) -> Ticket:
    """A ticket without what counts every change."""
    return replace(
        found, seq=0, version=0, chain=b"", updated_at=found.opened_at, note_seq=0, heat=(0, 0)
    )


# Merging. ------------------------------------------------------------------------------------


def test_a_merged_ticket_has_stopped_and_says_where_it_went(world: World, anna: Who) -> None:
    source = merge(world, anna)
    assert (source.status, source.merged_into) == (Status.MERGED, 1001)
    assert source.due_at is None
    assert not any(clock.is_running for clock in source.clocks)
    assert ticket(1001).sources == (1002,)
    for number in (1001, 1002):
        entries = store.entries_in(store.everything(number))
        assert "TicketMerged" in entries[-1].types
        assert flaws(entries) == []


def test_a_merged_ticket_leaves_the_open_list(world: World, anna: Who) -> None:
    merge(world, anna)
    items = table.query(table.group_open("support"), index="gsi1").items
    assert [item.columns["number"] for item in items] == [1001]
    gone = table.query(table.group_closed("support", world.now), index="gsi1").items
    assert [item.columns["number"] for item in gone] == [1002]


def test_the_page_of_the_target_has_what_was_written_on_its_sources(
    world: World, anna: Who
) -> None:
    merge(world, anna)
    (source,) = service.read_ticket(anna, 1001).sources
    assert [article.text for article in source.articles] == ["There is a fire.", "Answer on 1002"]


def test_a_source_that_an_agent_may_not_see_does_not_show_on_its_target(
    world: World, anna: Who
) -> None:
    lena = agent(world, "lena")
    world.mail(letter("My salary", sender=BO, to="hr@desk.example", subject="Salary"))
    merge(world, lena, 1003, 1001)
    assert len(service.read_ticket(lena, 1001).sources) == 1
    assert service.read_ticket(anna, 1001).sources == ()


def test_merging_twice_is_merging_once(world: World, anna: Who) -> None:
    first = merge(world, anna)
    assert merge(world, anna) == first
    assert ticket(1001).sources == (1002,)


def test_merged_and_unmerged_both_tickets_are_what_they_were(world: World, anna: Who) -> None:
    before = [unchanged(ticket(number)) for number in (1001, 1002)]
    merge(world, anna)
    world.pass_time(minutes=5)
    back = joining.unmerge(world.ports, anna, 1002)
    assert [unchanged(ticket(number)) for number in (1001, 1002)] == before
    assert joining.unmerge(world.ports, anna, 1002) == back, "twice is once"


def test_a_closed_ticket_that_is_merged_stays_closed(world: World, anna: Who) -> None:
    service.edit_ticket(world.ports, anna, 1002, Edit(status="closed"))
    before = ticket(1002)
    assert merge(world, anna).status is Status.CLOSED
    assert ticket(1002).closed_at == before.closed_at
    reply_of(world, "bo@customer.example", "Still burning", BO)
    assert newest(1001).text == "Still burning"


def test_what_cannot_be_merged(world: World, anna: Who) -> None:
    with pytest.raises(Invalid):
        merge(world, anna, 1001, 1001)
    with pytest.raises(NotFound):
        merge(world, anna, 1001, 1999)
    merge(world, anna)
    with pytest.raises(Conflict, match="merged into 1001: merge into that one"):
        merge(world, anna, 1001, 1002)
    world.mail(letter("Third", sender=KIM, subject="Third"))
    with pytest.raises(Conflict, match="undo that first"):
        merge(world, anna, 1002, 1003)
    service.edit_ticket(world.ports, anna, 1003, Edit(status="closed"))
    with pytest.raises(Conflict, match="closed"):
        merge(world, anna, 1001, 1003)


def test_a_chain_of_merges_has_an_end(world: World, anna: Who) -> None:
    for number in range(1003, 1007):
        world.mail(letter(f"One more {number}", sender=KIM, subject=f"No {number}"))
    for number in range(1002, 1006):
        merge(world, anna, number, number + 1)
    reply_of(world, "bo@customer.example", "Hello at the end", BO)
    assert newest(1006).text == "Hello at the end"
    (*rest,) = service.read_ticket(anna, 1006).sources
    assert [page.ticket.number for page in rest] == [1005, 1004, 1003, 1002]
    with pytest.raises(Conflict, match="one by one"):
        merge(world, anna, 1006, 1001)


def test_a_merged_ticket_is_neither_answered_nor_opened(world: World, anna: Who) -> None:
    merge(world, anna)
    with pytest.raises(Conflict, match="answer on ticket 1001"):
        write(world, anna, 1002, "Hello?")
    with pytest.raises(Conflict, match="undo that first"):
        service.edit_ticket(world.ports, anna, 1002, Edit(status="open"))


# Mail. ---------------------------------------------------------------------------------------


def test_whoever_answers_a_merged_ticket_takes_part_in_the_other_from_then_on(
    world: World, anna: Who
) -> None:
    merge(world, anna)
    reply_of(world, "bo@customer.example", "It still burns.", BO, verdicts=UNPROVEN)
    found = newest(1001)
    assert (found.text, found.is_held) == ("It still burns.", False), "the token is still Bo's own"
    assert found.author.role == "participant"
    bo = ticket(1001).contacts[1]
    assert (bo.email, bo.since) == ("bo@customer.example", found.seq), (
        "nothing older is Bo's to see"
    )
    assert texts(1002) == ["There is a fire.", "Answer on 1002"]


def test_a_strangers_mail_to_a_merged_ticket_is_held(world: World, anna: Who) -> None:
    merge(world, anna)
    reply_of(world, "bo@customer.example", "Tell me all", "Eve <eve@stranger.example>")
    assert newest(1001).is_held
    assert len(ticket(1001).contacts) == 1


def test_a_forged_requester_of_a_merged_ticket_is_held(world: World, anna: Who) -> None:
    merge(world, anna)
    reply = letter(
        "I am Bo", sender=BO, In_Reply_To=str(mail_to(world, "bo@customer.example")["Message-ID"])
    )
    world.mail(reply, verdicts=UNPROVEN)
    assert newest(1001).is_held
    assert len(ticket(1001).contacts) == 1


def test_after_an_unmerge_mail_stays_on_the_source_again(world: World, anna: Who) -> None:
    merge(world, anna)
    reply_of(world, "bo@customer.example", "Meanwhile", BO)
    joining.unmerge(world.ports, anna, 1002)
    reply_of(world, "bo@customer.example", "Afterwards", BO)
    assert (newest(1001).text, newest(1002).text) == ("Meanwhile", "Afterwards")
    assert ticket(1002).status is Status.OPEN


def test_people_can_take_part_at_once_and_see_nothing_older(world: World, anna: Who) -> None:
    merge(world, anna, adds_people=True)
    write(world, anna, 1001, "To both of you")
    assert "To both of you" in str(mail_to(world, "bo@customer.example"))
    assert ticket(1001).contacts[1].since > 1


def test_a_mail_that_came_back_mutes_whom_it_was_for(world: World, anna: Who) -> None:
    merge(world, anna)
    own = mail_to(world, "bo@customer.example")
    reply_of(world, "bo@customer.example", "Here I am", BO)
    world.mail(report(own, failed="bo@customer.example"))
    kim, bo = ticket(1001).contacts
    assert (kim.is_muted, bo.is_muted) == (False, True)


# The customer's page. ------------------------------------------------------------------------


def test_a_customers_link_shows_their_own_and_what_is_public_since_the_merge(
    world: World, anna: Who
) -> None:
    merge(world, anna)
    write(world, anna, 1001, "For everybody")
    found, contact = customers.read_ticket(1002, 0, 0)
    assert contact.email == "bo@customer.example"
    shown = [article.text for page in (found, *found.sources) for article in page.articles]
    assert shown == ["There is a fire.", "Answer on 1002", "For everybody"]
    with pytest.raises(NotFound):
        customers.read_article(1002, 0, 0, (1001, 1))
    seq = newest(1001).seq
    assert customers.read_article(1002, 0, 0, (1001, seq))[0].text == "For everybody"


def test_a_customers_reply_by_link_joins_where_their_ticket_went(world: World, anna: Who) -> None:
    merge(world, anna)
    customers.write_article(world.ports, 1002, 0, 0, "By link")
    assert newest(1001).text == "By link"
    assert ticket(1001).contacts[1].email == "bo@customer.example"
    found, _ = customers.read_ticket(1001, 0, 0)
    assert "There is a fire." not in [article.text for article in found.articles]


# Splitting. ----------------------------------------------------------------------------------


def test_articles_become_a_ticket_of_whoever_wrote_the_first(world: World, anna: Who) -> None:
    world.mail(
        letter(
            "And I need a chair",
            sender=KIM,
            to=str(mail_to(world, "kim@customer.example")["Reply-To"]),
        )
    )
    seq = newest(1001).seq
    made = joining.split(world.ports, anna, 1001, [seq], subject="A chair").ticket
    world.settle()
    assert (made.number, made.subject, made.requester.email) == (
        1003,
        "A chair",
        "kim@customer.example",
    )
    assert texts(1003) == ["And I need a chair"]
    original = timeline(1001).article(seq)
    assert original
    assert (original.text, original.split_to) == ("And I need a chair", 1003)
    assert newest(1003).raw_key == original.raw_key, "the mail itself is not copied"
    assert timeline(1003).links == (Link("related", 1001),)
    write(world, anna, 1003, "Which chair?")
    assert texts(1003) == ["And I need a chair", "Which chair?"]
    assert flaws(store.entries_in(store.everything(1003))) == []


def test_several_articles_keep_their_order_and_what_follows_its_place(
    world: World, anna: Who
) -> None:
    made = joining.split(world.ports, anna, 1001, [2, 1]).ticket
    write(world, anna, made.number, "Next")
    assert texts(made.number) == ["My printer smokes.", "Answer on 1001", "Next"]


def test_what_cannot_be_split(world: World, anna: Who) -> None:
    with pytest.raises(Invalid, match="Choose"):
        joining.split(world.ports, anna, 1001, [])
    with pytest.raises(Invalid, match="no such article"):
        joining.split(world.ports, anna, 1001, [77])
    with pytest.raises(Invalid, match="Nobody asked"):
        joining.split(world.ports, anna, 1001, [newest(1001).seq])
    joining.split(world.ports, anna, 1001, [1])
    with pytest.raises(Conflict, match="already"):
        joining.split(world.ports, anna, 1001, [1])


# Links. --------------------------------------------------------------------------------------


def test_a_link_stands_on_both_tickets_until_it_is_taken_back(world: World, anna: Who) -> None:
    for _ in range(2):
        joining.link(world.ports, anna, 1001, "problem", 1002)
    assert timeline(1001).links == (Link("problem", 1002),)
    assert timeline(1002).links == (Link("incident", 1001),)
    for _ in range(2):
        joining.unlink(world.ports, anna, 1002, "incident", 1001)
    assert timeline(1001).links == timeline(1002).links == ()


def test_a_parent_waits_for_its_children(world: World, anna: Who) -> None:
    joining.link(world.ports, anna, 1002, "parent", 1001)
    with pytest.raises(Invalid) as refused:
        service.edit_ticket(world.ports, anna, 1001, Edit(status="solved"))
    assert refused.value.fields == {
        "status": "has open children",
        "children": "solve these first: #1002",
    }
    service.edit_ticket(world.ports, anna, 1002, Edit(status="solved"))
    assert ticket(1001).open_children == frozenset()
    reply_of(world, "bo@customer.example", "It burns again", BO)
    assert ticket(1001).open_children == {1002}
    merge(world, anna)
    assert ticket(1001).open_children == frozenset()
    service.edit_ticket(world.ports, anna, 1001, Edit(status="solved"))
    assert ticket(1001).status is Status.SOLVED


def test_whoever_has_read_a_parent_before_its_child_closed_decides_again(
    world: World, anna: Who
) -> None:
    joining.link(world.ports, anna, 1002, "parent", 1001)
    old = ticket(1001)
    service.edit_ticket(world.ports, anna, 1002, Edit(status="solved"))
    assert ticket(1001).seq > old.seq, "so that nobody writes the number of children back"


def test_nothing_is_its_own_ancestor(world: World, anna: Who) -> None:
    world.mail(letter("Third", sender=KIM, subject="Third"))
    joining.link(world.ports, anna, 1002, "parent", 1001)
    joining.link(world.ports, anna, 1003, "parent", 1002)
    with pytest.raises(Conflict, match="stands above"):
        joining.link(world.ports, anna, 1001, "parent", 1003)
    with pytest.raises(Conflict, match="a child of 1001 already"):
        joining.link(world.ports, anna, 1002, "parent", 1003)
