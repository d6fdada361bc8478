"""The path of a mail: in, acknowledged, answered, answered again, each time in the same thread."""

from __future__ import annotations

from email.message import Message

import pytest

from chalicelib.intake.model import Outcome
from chalicelib.intake.service import receive
from chalicelib.tickets import service, store
from chalicelib.tickets.access import Who
from chalicelib.tickets.edits import Edit
from chalicelib.tickets.model import ArticleKind, Status
from tests.world import World, letter


def agent(world: World, name: str = "anna") -> Who:
    from chalicelib.desk.service import live_desk

    return Who.from_agent(live_desk(world.ports).agents[name])


def answer(world: World, number: int = 1001, body: str = "Try turning it off and on.") -> None:
    draft = service.Draft(ArticleKind.REPLY, body)
    service.write_article(world.ports, agent(world), number, draft)
    world.settle()


def timeline(world: World, number: int = 1001) -> store.Timeline:
    found = store.timeline(number)
    assert found is not None
    return found


def body_of(message: Message) -> str:
    part = message.get_payload(0)
    assert isinstance(part, Message)
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content.decode()


def test_a_mail_becomes_a_ticket_and_is_acknowledged_with_number_and_link(world: World) -> None:
    world.mail(letter("My printer prints only the letter Q."))
    ack = world.last_mail
    assert "[#1001-" in str(ack["Subject"])
    assert "https://desk.example/t/1001.0." in body_of(ack)
    assert "letter Q" not in ack.as_string()
    assert ack["Auto-Submitted"] == "auto-generated"
    assert timeline(world).ticket.requester.email == "kim@customer.example"


def test_raw_letters_of_another_charset_are_read_by_people(world: World) -> None:
    raw = letter(sender="SENDER <kim@customer.example>", subject="SUBJECT").as_bytes()
    named = raw.replace(b"SENDER", "Åse Sørensen".encode("latin-1"))
    world.mail(named.replace(b"SUBJECT", "Blæk på gulvet".encode("latin-1")))
    ticket = timeline(world).ticket
    assert (ticket.subject, ticket.requester.name) == ("Blæk på gulvet", "Åse Sørensen")


def test_the_answer_carries_all_three_threading_keys_and_the_groups_sender(world: World) -> None:
    world.mail(letter(message_id="<q1@customer.example>"))
    answer(world)
    sent = world.last_mail
    assert sent["From"] == "IT support <support@desk.example>"
    assert sent["In-Reply-To"] == "<q1@customer.example>"
    references = str(sent["References"]).split()
    assert references[0] == "<q1@customer.example>"
    assert references[-1].startswith("<1001.2.0.")
    assert str(sent["Reply-To"]).startswith("support+1001.0.")
    assert "Try turning it off" in body_of(sent)
    assert "Auto-Submitted" not in sent


def reply_by(world: World, key: str) -> None:
    sent = world.last_mail
    keys = {
        "ses id": {"In_Reply_To": str(sent["Message-ID"])},
        "own id": {"References": str(sent["References"]).split()[-1]},
        "reply address": {"to": str(sent["Reply-To"])},
    }
    world.mail(letter("It works now!", subject="no tag here", **keys[key]))


@pytest.mark.parametrize("key", ["ses id", "own id", "reply address"])
def test_each_threading_key_alone_brings_the_reply_to_its_ticket(world: World, key: str) -> None:
    world.mail(letter())
    answer(world)
    reply_by(world, key)
    found = timeline(world)
    assert [article.text for article in found.articles][-1] == "It works now!"
    assert not found.articles[-1].is_held
    assert store.timeline(1002) is None


def test_a_reply_reopens_a_solved_ticket(world: World) -> None:
    world.mail(letter())
    draft = service.Draft(ArticleKind.REPLY, "Done.", edit=Edit(status="solved"))
    service.write_article(world.ports, agent(world), 1001, draft)
    world.settle()
    assert timeline(world).ticket.status is Status.SOLVED
    reply_by(world, "reply address")
    assert timeline(world).ticket.status is Status.OPEN


def test_the_same_event_twice_changes_nothing(world: World) -> None:
    raw = letter().as_bytes()
    ses_id = world.mail(raw)
    before = timeline(world)
    assert receive(world.ports, world.receipt(ses_id, raw)) is Outcome.ARTICLE
    world.settle()
    assert timeline(world) == before
    assert len(world.outbox) == 1


def test_the_same_mail_to_two_of_our_addresses_is_one_ticket(world: World) -> None:
    raw = letter(to="support@desk.example, hr@desk.example").as_bytes()
    world.mail(raw)
    second = world.put_mail(raw)
    assert receive(world.ports, world.receipt(second, raw)) is Outcome.DUPLICATE
    assert store.timeline(1002) is None


def test_another_mail_under_a_known_message_id_is_no_duplicate(world: World) -> None:
    world.mail(letter("claimed in advance", sender="eve@else.example", message_id="<x@y.example>"))
    world.mail(letter("the real one", message_id="<x@y.example>"))
    assert timeline(world, 1002).articles[0].text == "the real one"


def test_a_stranger_with_the_number_in_the_subject_stays_out(world: World) -> None:
    world.mail(letter())
    tag = str(world.last_mail["Subject"])
    world.mail(letter("let me in", sender="Eve <eve@else.example>", subject=tag))
    assert len(timeline(world).articles) == 1
    assert timeline(world, 1002).ticket.requester.email == "eve@else.example"


def test_a_stranger_with_a_stolen_reply_address_is_held_until_accepted(world: World) -> None:
    world.mail(letter())
    answer(world)
    stolen = str(world.last_mail["Reply-To"])
    world.mail(letter("I am Kim, honestly", sender="Eve <eve@else.example>", to=stolen))
    held = timeline(world).articles[-1]
    assert held.is_held
    assert timeline(world).ticket.status is Status.OPEN
    service.accept_article(world.ports, agent(world), 1001, held.seq)
    assert not timeline(world).articles[-1].is_held


def test_a_forged_requester_without_signature_is_held(world: World) -> None:
    world.mail(letter())
    answer(world)
    world.mail(
        letter("pay here", in_reply_to=str(world.last_mail["Message-ID"])),
        verdicts={"dmarc": "FAIL", "spf": "FAIL", "dmarc_policy": "none"},
    )
    assert timeline(world).articles[-1].is_held


@pytest.mark.parametrize(
    ("verdicts", "cause"),
    [
        ({"spam": "FAIL"}, "spam"),
        ({"virus": "FAIL"}, "virus"),
        ({"dmarc": "FAIL", "dmarc_policy": "reject"}, "dmarc_reject"),
    ],
)
def test_what_ses_condemns_is_suspended_with_its_cause_and_never_answered(
    world: World, verdicts: dict[str, str], cause: str
) -> None:
    from chalicelib.intake import store as intake

    world.mail(letter(), verdicts=verdicts)
    rows = [item.columns for item in intake.list_page(10, None).items]
    assert [row["cause"] for row in rows] == [cause]
    assert world.outbox == []


def test_a_note_is_never_mailed(world: World) -> None:
    world.mail(letter())
    draft = service.Draft(ArticleKind.NOTE, "This customer again.")
    service.write_article(world.ports, agent(world), 1001, draft)
    world.settle()
    assert len(world.outbox) == 1


def test_fifty_automatic_replies_get_one_acknowledgement_at_most(world: World) -> None:
    world.mail(letter())
    reply_address = str(world.outbox[0]["Reply-To"])
    for count in range(50):
        raw = letter(f"Away {count}", to=reply_address, Auto_Submitted="auto-replied").as_bytes()
        ses_id = world.put_mail(raw)
        world.call("inbound_mail", world.ses_event(ses_id, raw))
    world.settle()
    assert len(world.mails_to("kim@customer.example")) == 1


def test_a_danish_mail_is_acknowledged_in_danish(world: World) -> None:
    world.mail(letter("Hej, jeg kan ikke logge ind på min computer. Venlig hilsen Kim"))
    assert "Vi har modtaget" in str(world.last_mail["Subject"])


def test_an_object_that_no_event_announced_is_found_by_the_reconciler(world: World) -> None:
    import json

    import boto3

    ses_id = world.put_mail(letter("nobody told you about me").as_bytes())
    notice = {"Records": [{"s3": {"object": {"key": f"inbound/{ses_id}"}}}]}
    boto3.client("sqs", region_name="eu-west-1").send_message(
        QueueUrl=world.ports.config.unprocessed_queue_url, MessageBody=json.dumps(notice)
    )
    assert world.call("reconcile", {}) == 1
    world.settle()
    assert timeline(world).articles[0].text == "nobody told you about me"
    # Nobody vouches for the sender, so nothing is answered.
    assert world.outbox == []
