"""Which ticket a mail finds, whether it is believed there, and what its flight record says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib import table
from chalicelib.desk.service import apply
from chalicelib.intake import explain
from chalicelib.tickets import store
from chalicelib.tickets.model import Article, ArticleKind, Merge, Status, Ticket
from tests.flows.test_mail_to_ticket import answer, timeline
from tests.world import DESK, World, letter

UNPROVEN = {"dmarc": "FAIL", "spf": "FAIL", "dmarc_policy": "none"}


def newest(world: World, number: int = 1001) -> Article:
    return timeline(world, number).articles[-1]


def flight(world: World, number: int = 1001) -> dict[str, str]:
    return newest(world, number).flight or {}


def keep(world: World, ticket: Ticket) -> None:
    """Put a ticket into a state that no verb of this test makes."""
    table.transact([table.Write(store_head(ticket))])


def store_head(ticket: Ticket) -> table.Item:
    from chalicelib.tickets.stored import head_item

    return head_item(ticket)


# Finding. ------------------------------------------------------------------------------------


def test_a_link_of_ours_in_the_newest_quote_finds_the_ticket_when_all_headers_are_gone(
    world: World,
) -> None:
    world.mail(letter())
    link = "https://desk.example/t/" + str(world.last_mail).partition("/t/")[2].split()[0]
    reply = f"It works now.\n\nOn Mon, 2 Mar 2026 IT support wrote:\n> Look here:\n> {link}\n"
    world.mail(letter(reply, subject="about my printer"), verdicts=UNPROVEN)
    found = newest(world)
    assert found.text == "It works now."
    assert not found.is_held, "the link carries our signature, and Kim used her own"
    assert flight(world)["matched_by"] == "body_marker"


def test_a_link_that_was_called_in_finds_nothing(world: World) -> None:
    world.mail(letter())
    link = "https://desk.example/t/" + str(world.last_mail).partition("/t/")[2].split()[0]
    ticket = timeline(world).ticket
    keep(world, replace(ticket, link_epoch=1))
    reply = f"Again\n\nOn Mon, 2 Mar 2026 IT support wrote:\n> {link}\n"
    world.mail(letter(reply, subject="hello"))
    assert flight(world, 1002)["tried"] == "body_marker=expired"


def test_a_mail_to_a_merged_ticket_joins_the_one_it_was_merged_into(world: World) -> None:
    world.mail(letter("first"))
    world.mail(letter("second", subject="The same again"))
    answer(world, 1002)
    source, target = timeline(world, 1002).ticket, timeline(world, 1001).ticket
    merged = Merge(target.number, 9, world.now, "agent:anna", source.status)
    keep(world, replace(source, merge=merged))
    world.mail(letter("to the merged one", to=str(world.last_mail["Reply-To"])))
    assert newest(world, 1001).text == "to the merged one"


def test_tickets_merged_in_a_circle_do_not_trap_a_mail(world: World) -> None:
    world.mail(letter("first"))
    answer(world)
    ticket = timeline(world).ticket
    keep(world, replace(ticket, merge=Merge(1001, 9, world.now, "agent:anna", ticket.status)))
    world.mail(letter("hello?", to=str(world.last_mail["Reply-To"])))
    assert newest(world, 1002).text == "hello?"


def test_mails_of_another_system_with_one_key_share_a_ticket(world: World) -> None:
    apply(
        world.ports,
        {**DESK, "foreign": {"jira": {"header": "Subject", "pattern": r"\((DEV-\d+)\)"}}},
    )
    world.ports.cache.clear()
    sender = "Jira <jira@tracker.example>"
    world.mail(letter("opened", sender=sender, subject="(DEV-7) Login is broken"))
    world.mail(letter("commented", sender=sender, subject="Kim commented on (DEV-7)"))
    world.mail(letter("another", sender=sender, subject="(DEV-8) Another"))
    assert [a.text for a in timeline(world).articles] == ["opened", "commented"]
    assert flight(world)["matched_by"] == "foreign"
    assert newest(world, 1002).text == "another"


def test_an_id_claimed_in_advance_does_not_draw_the_real_conversation_away(world: World) -> None:
    world.mail(letter("mine now", sender="eve@else.example", message_id="<x@customer.example>"))
    world.mail(letter("the real one", message_id="<x@customer.example>"))
    world.mail(letter("one more thing", References="<x@customer.example>"))
    assert [a.text for a in timeline(world, 1002).articles] == ["the real one", "one more thing"]
    assert len(timeline(world, 1001).articles) == 1


def test_the_real_mail_under_a_claimed_id_comes_in_once(world: World) -> None:
    world.mail(letter("mine now", sender="eve@else.example", message_id="<x@customer.example>"))
    real = letter("the real one", message_id="<x@customer.example>").as_bytes()
    world.mail(real)
    world.mail(real)
    assert len(timeline(world, 1002).articles) == 1
    assert store.timeline(1003) is None


def test_a_number_in_the_subject_counts_from_those_on_the_ticket_and_from_agents(
    world: World,
) -> None:
    world.mail(letter())
    tag = str(world.last_mail["Subject"])
    world.mail(letter("it smokes now", subject=tag))
    assert (newest(world).text, newest(world).is_held) == ("it smokes now", False)
    assert flight(world)["matched_by"] == "subject_tag"
    world.mail(letter("I know it", sender="Anna Berg <anna@agents.example>", subject=tag))
    assert (newest(world).text, newest(world).kind) == ("I know it", ArticleKind.NOTE)


def test_a_mail_to_a_ticket_closed_too_long_ago_opens_another_that_follows_it(
    world: World,
) -> None:
    world.mail(letter())
    address = str(world.last_mail["Reply-To"])
    closed = replace(timeline(world).ticket, status=Status.CLOSED, closed_at=world.now)
    keep(world, closed)
    world.pass_time(days=15)
    world.mail(letter("it broke again", to=address))
    assert timeline(world, 1002).ticket.follow_up_of == 1001
    assert flight(world, 1002)["done"] == "follow_up"
    assert len(timeline(world).articles) == 1


def test_a_number_in_the_subject_of_a_stranger_only_hints_at_the_ticket(world: World) -> None:
    world.mail(letter())
    tag = str(world.last_mail["Subject"])
    world.mail(letter("me too", sender="Eve <eve@else.example>", subject=tag))
    assert flight(world, 1002)["possible_duplicate_of"] == "1001"
    assert flight(world, 1002)["tried"] == "subject_tag=not_on_ticket"


def test_a_forged_id_of_ours_is_noticed_and_opens_a_ticket_of_its_own(world: World) -> None:
    world.mail(letter())
    forged = "<1001.1.0.aaaaaaaaaaaaaaaaaaaaaaaaaa@desk.example>"
    world.mail(letter("let me in", sender="Eve <eve@else.example>", References=forged))
    assert len(timeline(world).articles) == 1
    assert flight(world, 1002)["tried"] == "own_id=forged"


# Trust. --------------------------------------------------------------------------------------


def escalated(world: World) -> str:
    """The reply address of a notice to the lead."""
    world.mail(letter(to="quick@desk.example"))
    world.pass_time(minutes=3)
    world.sweep()
    world.settle()
    return str(world.mails_to("lena@agents.example")[-1]["Reply-To"])


def test_the_answer_to_a_notice_is_a_note_even_of_an_agent_who_is_a_customer_here(
    world: World,
) -> None:
    address = escalated(world)
    world.mail(letter("I take it.", sender="Lena Holm <lena@agents.example>", to=address))
    assert newest(world).kind is ArticleKind.NOTE
    assert flight(world)["done"] == "note"


def test_what_a_customer_sends_to_the_address_of_a_notice_is_held(world: World) -> None:
    address = escalated(world)
    world.mail(letter("found this address", to=address))
    assert newest(world).is_held
    assert flight(world)["why"] == "staff_only"


def test_an_agent_without_access_to_the_ticket_writes_no_note_by_mail(world: World) -> None:
    world.mail(letter())
    answer(world)
    stolen = str(world.last_mail["References"]).split()[-1]
    world.mail(letter("hm", sender="Hugo Dahl <hugo@agents.example>", References=stolen))
    assert newest(world).is_held
    assert flight(world)["why"] == "agent_without_access"


def test_an_agents_address_alone_opens_nothing(world: World) -> None:
    world.mail(letter())
    answer(world)
    reference = str(world.last_mail["References"]).split()[-1]
    world.mail(
        letter("approved", sender="anna@agents.example", References=reference), verdicts=UNPROVEN
    )
    assert newest(world).is_held
    assert newest(world).kind is ArticleKind.REPLY


def test_an_automatic_answer_to_a_closed_ticket_joins_and_opens_nothing(world: World) -> None:
    world.mail(letter())
    answer(world)
    closed = replace(timeline(world).ticket, status=Status.CLOSED, closed_at=world.now)
    keep(world, closed)
    world.pass_time(days=30)
    away = letter("I am away", to=str(world.last_mail["Reply-To"]), Auto_Submitted="auto-replied")
    world.mail(away)
    assert newest(world).mail_kind == "auto_reply"
    assert timeline(world).ticket.status is Status.CLOSED
    assert store.timeline(1002) is None


# Mail that an agent passes on. ---------------------------------------------------------------

PASSED_ON = """Can somebody take this one?

---------- Forwarded message ---------
From: Oda Moe <oda@customer.example>
Date: Mon, 2 Mar 2026 at 08:30
Subject: Door does not open
To: Anna Berg <anna@agents.example>

The door on floor 3 does not open.
"""


def passed_on(**more: str) -> object:
    return letter(
        PASSED_ON,
        sender="Anna Berg <anna@agents.example>",
        subject="Fwd: Door does not open",
        **more,
    )


def test_what_an_agent_passes_on_is_a_ticket_of_its_original_sender(world: World) -> None:
    world.mail(passed_on())
    ticket, article = timeline(world).ticket, newest(world)
    assert ticket.requester.email == "oda@customer.example"
    assert ticket.subject == "Door does not open"
    assert "The door on floor 3" in article.text
    assert "Can somebody" not in article.text
    assert article.comment == "Can somebody take this one?"
    assert world.outbox == [], "Oda wrote to Anna: no machine answers her"


def test_what_somebody_else_passes_on_is_their_own_ticket(world: World) -> None:
    world.mail(passed_on(), verdicts=UNPROVEN)
    assert timeline(world).ticket.requester.email == "anna@agents.example"


# Explanations. -------------------------------------------------------------------------------


def test_a_mail_is_explained_by_what_was_stored_and_not_by_what_is_true_now(world: World) -> None:
    ses_id = world.mail(letter(), verdicts=UNPROVEN)
    found = explain.of_ses_id(ses_id)
    assert (found.ticket, found.article) == (1001, 1)
    assert found.flight["authenticated"] == "no"
    assert "It opened a ticket." in found.sentences
    assert any("not authenticated" in sentence for sentence in found.sentences)


def test_a_suspended_mail_and_a_repeated_one_are_explained_too(world: World) -> None:
    spam = world.mail(letter("buy"), verdicts={"spam": "FAIL"})
    assert "SES took it for spam." in explain.of_ses_id(spam).sentences
    raw = letter("twice").as_bytes()
    world.mail(raw)
    again = explain.of_ses_id(world.mail(raw))
    assert again.outcome == "duplicate"
    assert again.ticket == 1001


@pytest.mark.parametrize("verdicts", [{}, {"spam": "FAIL"}])
def test_a_mail_in_a_file_is_found_by_its_id_and_content(
    world: World, verdicts: dict[str, str]
) -> None:
    from chalicelib.mail.parse import parse

    raw = letter("where is it?").as_bytes()
    ses_id = world.mail(raw, verdicts=verdicts)
    assert explain.of_mail(world.ports, parse(raw)).ses_id == ses_id
