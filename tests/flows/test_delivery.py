"""Mail goes out once; what goes wrong with it is seen and can be put right."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.errors import TooMany
from chalicelib.people import service as people
from chalicelib.ports import Refused
from chalicelib.tickets import service
from chalicelib.tickets.model import Delivery, DeliveryState
from tests.flows.test_mail_to_ticket import agent, answer, body_of, timeline
from tests.world import World, letter


def delivery(world: World) -> Delivery:
    return timeline(world).deliveries[-1]


def bounced(world: World, *, permanent: bool = True) -> None:
    sent = delivery(world)
    detail: dict[str, Any] = {
        "eventType": "Bounce",
        "mail": {
            "messageId": sent.ses_id,
            "tags": {"ticket": [str(sent.number)], "delivery": [sent.id]},
        },
        "bounce": {
            "bounceType": "Permanent" if permanent else "Transient",
            "bouncedRecipients": [{"status": "5.1.1", "diagnosticCode": "550 no such user"}],
        },
    }
    world.call("mail_events", {"source": "aws.ses", "detail": detail})
    world.settle()


class Failing:
    """A mailer that fails so many times, then works."""

    def __init__(self, world: World, error: Exception, times: int) -> None:
        self.inner, self.error, self.left = world.ports.mailer, error, times
        world.ports.mailer = self

    def send(self, raw: bytes, **envelope: Any) -> str:
        if self.left:
            self.left -= 1
            raise self.error
        return self.inner.send(raw, **envelope)

    def message_id(self, ses_id: str) -> str:
        return self.inner.message_id(ses_id)


def test_a_delivery_that_the_bus_brings_twice_is_sent_once(world: World) -> None:
    world.mail(letter())
    event = {"detail": {"ticket": 1001, "fact": {"delivery": delivery(world).id}}}
    world.call("deliver", event)
    assert len(world.outbox) == 1
    assert delivery(world).state is DeliveryState.SENT


def test_a_refused_mail_is_a_failure_on_the_ticket_and_can_be_sent_again(world: World) -> None:
    world.mail(letter())
    Failing(world, Refused("Email address is not verified."), 1)
    answer(world)
    failed = delivery(world)
    assert failed.state is DeliveryState.FAILED
    assert failed.reason == "Email address is not verified."
    assert "DeliveryFailed" in timeline(world).entries[-1].types
    service.send_again(world.ports, agent(world), 1001, failed.id)
    world.settle()
    assert delivery(world).state is DeliveryState.SENT
    assert len(world.outbox) == 2


def test_a_throttled_mail_waits_for_the_next_try(world: World) -> None:
    world.mail(letter())
    Failing(world, TooMany("slow down"), 1)
    with pytest.raises(TooMany):
        answer(world)
    assert delivery(world).state is DeliveryState.QUEUED
    assert delivery(world).attempt == 0
    world.call("deliver", {"detail": {"ticket": 1001, "fact": {"delivery": delivery(world).id}}})
    assert delivery(world).state is DeliveryState.SENT


def test_a_sender_that_died_leaves_a_lease_and_the_sweep_sends_once_more(world: World) -> None:
    world.mail(letter())
    Failing(world, RuntimeError("the process is gone"), 1)
    with pytest.raises(RuntimeError):
        answer(world)
    assert delivery(world).state is DeliveryState.SENDING
    assert world.sweep() == 0
    world.pass_time(minutes=6)
    world.sweep()
    assert delivery(world).state is DeliveryState.SENT


def test_a_mail_that_dies_in_sending_again_and_again_is_given_up_visibly(world: World) -> None:
    world.mail(letter())
    Failing(world, RuntimeError("the process is gone"), 99)
    with pytest.raises(RuntimeError):
        answer(world)
    for _ in range(3):
        world.pass_time(minutes=6)
        try:
            world.sweep()
        except ExceptionGroup:
            continue
    assert delivery(world).state is DeliveryState.FAILED


def test_a_permanent_bounce_shows_on_the_article_and_mutes_the_address(world: World) -> None:
    world.mail(letter())
    answer(world)
    bounced(world)
    assert delivery(world).state is DeliveryState.BOUNCED
    assert delivery(world).reason == "550 no such user"
    known = people.find(world.ports, "kim@customer.example")
    assert known is not None
    assert known.is_muted
    entries = len(timeline(world).entries)
    bounced(world)
    assert len(timeline(world).entries) == entries


def test_a_temporary_bounce_changes_nothing(world: World) -> None:
    world.mail(letter())
    answer(world)
    bounced(world, permanent=False)
    assert delivery(world).state is DeliveryState.SENT


def test_everybody_on_the_ticket_gets_a_mail_of_their_own(world: World) -> None:
    world.mail(letter(to="support@desk.example, Eva <eva@customer.example>"))
    answer(world)
    kims, evas = world.outbox[-2:]
    assert {kims["To"], evas["To"]} == {
        "Kim Jensen <kim@customer.example>",
        "Eva <eva@customer.example>",
    }
    assert kims["Reply-To"] != evas["Reply-To"]


def test_a_long_thread_keeps_its_first_and_its_newest_references(world: World) -> None:
    world.mail(letter("question 0", message_id="<0@customer.example>"))
    for count in range(1, 9):
        answer(world, body=f"answer {count}")
        world.mail(letter(f"question {count}", to=str(world.last_mail["Reply-To"])))
    answer(world)
    references = str(world.last_mail["References"]).split()
    assert references[0] == "<0@customer.example>"
    assert all(value.startswith("<") and value.endswith(">") for value in references)
    assert any(value.endswith("amazonses.com>") for value in references)


def test_the_answer_quotes_what_it_answers(world: World) -> None:
    world.mail(letter("Only the letter Q comes out."))
    answer(world)
    assert "> Only the letter Q comes out." in body_of(world.last_mail)


def test_a_long_answer_arrives_whole(world: World) -> None:
    world.mail(letter())
    body = "\n".join(f"Step {count}: press the button." for count in range(2000))
    answer(world, body=body)
    assert "Step 1999" in body_of(world.last_mail).replace("\r\n", "\n")


def test_a_line_break_in_a_name_starts_no_header(world: World) -> None:
    name = "=?utf-8?q?Kim=0D=0ABcc:_all=40else.example?="
    raw = letter().as_bytes().replace(b"From: Kim Jensen", f"From: {name}".encode())
    world.mail(raw)
    answer(world)
    assert world.last_mail["Bcc"] is None
    assert "all@else.example" not in [to for _, to in world.envelopes]
