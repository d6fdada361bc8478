"""Mail goes out once; what goes wrong with it is seen and can be put right."""

from __future__ import annotations

import re
from dataclasses import replace
from email.message import Message
from typing import Any, cast

import pytest

from chalicelib.errors import TooMany
from chalicelib.facts import DeliveryBounced, DeliveryComplained, Fact
from chalicelib.ledger.model import Entry
from chalicelib.people import service as people
from chalicelib.ports import Refused
from chalicelib.tickets import service, store
from chalicelib.tickets.edits import Edit
from chalicelib.tickets.model import ArticleKind, Attachment, Delivery, DeliveryState
from tests.flows.test_mail_to_ticket import agent, answer, body_of, timeline
from tests.web.browser import Browser
from tests.web.conftest import signed_in
from tests.world import World, letter


def delivery(world: World) -> Delivery:
    return timeline(world).deliveries[-1]


def report(world: World, kind: str, sent: Delivery | None = None, **more: Any) -> None:
    """SES says what became of a mail, by default of the last one."""
    sent = sent or delivery(world)
    tags = {"ticket": [str(sent.number)], "delivery": [sent.id]}
    mail = {"messageId": sent.ses_id or "not recorded yet", "tags": tags}
    world.call(
        "mail_events", {"source": "aws.ses", "detail": {"eventType": kind, "mail": mail, **more}}
    )
    world.settle()


def bounced(world: World, sent: Delivery | None = None, *, permanent: bool = True) -> None:
    bounce = {
        "bounceType": "Permanent" if permanent else "Transient",
        "bouncedRecipients": [{"status": "5.1.1", "diagnosticCode": "550 no such user"}],
    }
    report(world, "Bounce", sent, bounce=bounce)


def said(world: World, kind: type[Fact]) -> list[Fact]:
    """The facts of one type on the ticket."""
    return [
        fact
        for entry in timeline(world).entries
        for fact in cast("Entry", entry).facts
        if isinstance(fact, kind)
    ]


def is_muted(world: World) -> tuple[bool, bool]:
    """Whether the address is, and whether the requester shows it."""
    known = people.find(world.ports, "kim@customer.example")
    assert known is not None
    return known.is_muted, timeline(world).ticket.requester.is_muted


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
    assert is_muted(world) == (True, True)
    entries = len(timeline(world).entries)
    bounced(world)
    assert len(timeline(world).entries) == entries


@pytest.mark.parametrize("kind", ["Bounce", "DeliveryDelay"])
def test_a_temporary_bounce_is_recorded_once_and_changes_nothing(world: World, kind: str) -> None:
    world.mail(letter())
    answer(world)
    for _ in range(3):
        if kind == "Bounce":
            bounced(world, permanent=False)
        else:
            delay = {"delayedRecipients": [{"status": "5.1.1"}]}
            report(world, "DeliveryDelay", deliveryDelay=delay)
    assert delivery(world).state is DeliveryState.SENT
    expected = DeliveryBounced(delivery(world).id, is_permanent=False, status="5.1.1")
    assert said(world, DeliveryBounced) == [expected]
    assert is_muted(world) == (False, False)


def test_a_permanent_bounce_after_a_temporary_one_still_counts(world: World) -> None:
    world.mail(letter())
    answer(world)
    bounced(world, permanent=False)
    bounced(world)
    assert delivery(world).state is DeliveryState.BOUNCED
    assert is_muted(world) == (True, True)


def test_a_complaint_mutes_the_address_and_shows_as_such(world: World) -> None:
    world.mail(letter())
    answer(world)
    for _ in range(2):
        report(world, "Complaint", complaint={"complainedRecipients": [{}]})
    assert said(world, DeliveryComplained) == [DeliveryComplained(delivery(world).id)]
    assert said(world, DeliveryBounced) == []
    assert delivery(world).state is DeliveryState.SENT
    assert is_muted(world) == (True, True)


@pytest.mark.parametrize("kind", ["Delivery", "Open", "Send", "Click"])
def test_other_news_of_a_mail_change_nothing(world: World, kind: str) -> None:
    world.mail(letter())
    answer(world)
    before = timeline(world)
    report(world, kind)
    assert timeline(world) == before


def test_a_mail_that_ses_rejects_has_failed_and_mutes_nobody(world: World) -> None:
    world.mail(letter())
    answer(world)
    report(world, "Reject", reject={"reason": "Bad content"})
    assert (delivery(world).state, delivery(world).reason) == (DeliveryState.FAILED, "Bad content")
    assert is_muted(world) == (False, False)


class Hasty:
    """A mailer whose mail has come back before the sender knows that it was sent."""

    def __init__(self, world: World) -> None:
        self.world, self.inner = world, world.ports.mailer
        world.ports.mailer = self

    def send(self, raw: bytes, **envelope: Any) -> str:
        ses_id = self.inner.send(raw, **envelope)
        bounced(self.world)
        return ses_id

    def message_id(self, ses_id: str) -> str:
        return self.inner.message_id(ses_id)


def test_a_bounce_that_is_faster_than_the_record_of_the_send_counts(world: World) -> None:
    world.mail(letter())
    Hasty(world)
    answer(world)
    assert delivery(world).state is DeliveryState.BOUNCED
    assert len(said(world, DeliveryBounced)) == 1


def test_a_bounce_that_races_the_record_of_the_send_is_not_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.mail(letter())
    answer(world)
    # As it was read just before the send was recorded.
    early = replace(delivery(world), state=DeliveryState.SENDING)
    reads = iter([early])
    read = store.delivery_of
    monkeypatch.setattr(
        "chalicelib.tickets.store.delivery_of",
        lambda item: next(reads, None) or read(item),
    )
    bounced(world, early)
    assert delivery(world).state is DeliveryState.BOUNCED


def test_a_bounce_of_an_earlier_try_does_not_end_the_one_that_was_sent_again(world: World) -> None:
    world.mail(letter())
    answer(world)
    first = delivery(world)
    bounced(world, first)
    service.send_again(world.ports, agent(world), 1001, first.id)
    bounced(world, first)
    assert delivery(world).state is DeliveryState.SENT
    bounced(world, first)
    assert delivery(world).state is DeliveryState.SENT


def test_to_a_muted_address_people_still_write_and_machines_do_not(world: World) -> None:
    world.mail(letter())
    acknowledgement = delivery(world)
    bounced(world)
    service.send_again(world.ports, agent(world), 1001, acknowledgement.id)
    world.settle()
    assert len(world.outbox) == 1
    assert delivery(world).state is DeliveryState.FAILED
    assert "nothing automatic" in (delivery(world).reason or "")
    answer(world)
    assert delivery(world).state is DeliveryState.SENT


def test_an_address_that_no_mail_can_go_to_is_a_failure_that_shows(world: World) -> None:
    world.mail(letter().as_bytes().replace(b"kim@", "jürgen@".encode()))
    answer(world)
    assert delivery(world).state is DeliveryState.FAILED


def test_the_page_of_the_ticket_offers_to_send_a_failed_answer_again(world: World) -> None:
    world.mail(letter())
    answer(world)
    bounced(world)
    page = signed_in(world, "anna").get("/agent/tickets/1001")
    assert "550 no such user" in page.text
    assert f"/deliveries/{delivery(world).id}/send-again" in page.body


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


# What stands in it. --------------------------------------------------------------------------


def attached(world: World, *files: tuple[str, str, bytes], **more: Any) -> None:
    """An agent answers with files."""
    uploads = []
    for place, (name, content_type, content) in enumerate(files):
        world.ports.blobs.put(f"uploads/{place}", content, content_type=content_type)
        uploads.append(Attachment(name, content_type, len(content), f"uploads/{place}", **more))
    draft = service.Draft(ArticleKind.REPLY, "See here.", uploads=tuple(uploads))
    service.write_article(world.ports, agent(world), 1001, draft)
    world.settle()


def file_names(message: Message) -> list[str]:
    return [name for part in message.walk() if (name := part.get_filename())]


def whole_text(message: Message, kind: str = "text/plain") -> str:
    part = next(part for part in message.walk() if part.get_content_type() == kind)
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content.decode()


def test_the_references_name_every_mail_of_the_thread_in_its_order(world: World) -> None:
    world.mail(letter(message_id="<q1@customer.example>"))
    answer(world)
    world.mail(letter("Still.", to=str(world.last_mail["Reply-To"]), message_id="<q2@x.example>"))
    answer(world)
    found = str(world.last_mail["References"]).split()
    ids = [str(mail["Message-ID"]) for mail in world.outbox[:2]]
    own = [value for value in found if value.startswith("<1001.")]
    assert [value for value in found if value not in own] == [
        "<q1@customer.example>",
        ids[0],
        ids[1],
        "<q2@x.example>",
    ]
    assert [value.split(".")[1] for value in own] == ["1", "2", "4"]
    assert found[-1] == own[-1]
    assert world.last_mail["In-Reply-To"] == "<q2@x.example>"


def test_a_file_that_is_too_big_is_a_link_which_does_not_age(
    world: World,
) -> None:
    world.mail(letter())
    attached(
        world,
        ("film.mp4", "video/mp4", b"x" * 8_000_000),
        ("log.txt", "text/plain", b"one line"),
        ("setup.EXE", "application/octet-stream", b"MZ"),
    )
    sent = world.last_mail
    assert len(sent.as_bytes()) < 10_000_000
    assert file_names(sent) == ["log.txt"]
    text = whole_text(sent)
    assert "film.mp4 (8\xa0MB)" in text
    assert "setup.EXE (2\xa0" in text
    links = re.findall(r"https://desk\.example(/t/\S+/attachments/\d)", text)
    assert [link[-1] for link in links] == ["0", "2"]
    assert links[0] in whole_text(sent, "text/html")
    world.pass_time(days=30)
    answered = Browser(world).get(links[0])
    assert answered.status == 303
    assert "ignature=" in answered.location
    assert Browser(world).get(links[0].replace(".0.0.", ".0.1.")).status == 404


def test_files_that_fit_one_by_one_go_along_as_long_as_there_is_room(world: World) -> None:
    world.mail(letter())
    part = b"x" * 3_000_000
    attached(world, *[(f"{place}.bin", "application/zip", part) for place in range(3)])
    assert file_names(world.last_mail) == ["0.bin", "1.bin"]
    assert "2.bin" in whole_text(world.last_mail)
    assert len(world.last_mail.as_bytes()) < 10_000_000


def test_the_longest_and_most_costly_text_stays_below_the_limit_of_a_mail(world: World) -> None:
    world.mail(letter())
    body = "👩\n\n" * (service.BODY_LIMIT // 3)
    answer(world, body=body)
    assert len(world.last_mail.as_bytes()) < 40_000_000
    assert whole_text(world.last_mail).count("👩") == service.BODY_LIMIT // 3


def test_a_picture_of_the_agent_shows_in_the_html_under_a_name_of_ours(world: World) -> None:
    world.mail(letter())
    picture = ("display.png", "image/png", b"\x89PNG")
    attached(world, picture, content_id='x"><script>', is_inline=True)
    html = whole_text(world.last_mail, "text/html")
    assert '<img src="cid:1001.2.0@desk.example" alt="display.png"' in html
    assert "<script" not in html
    assert "[display.png]" in whole_text(world.last_mail)
    shown = next(p for p in world.last_mail.walk() if p.get_content_type() == "image/png")
    assert shown["Content-ID"] == "<1001.2.0@desk.example>"


def test_a_file_that_is_gone_is_a_failure_that_shows(world: World) -> None:
    world.mail(letter())
    upload = Attachment("gone.txt", "text/plain", 3, "uploads/gone")
    draft = service.Draft(ArticleKind.REPLY, "See here.", uploads=(upload,))
    service.write_article(world.ports, agent(world), 1001, draft)
    world.settle()
    assert delivery(world).state is DeliveryState.FAILED


def test_neither_what_a_machine_wrote_nor_what_is_held_is_quoted_or_named(world: World) -> None:
    world.mail(letter("The printer is broken.", message_id="<q1@customer.example>"))
    to = str(world.last_mail["Reply-To"])
    world.mail(
        letter("Your code is 4711", to=to, Auto_Submitted="auto-generated", message_id="<m@x>")
    )
    world.mail(letter("Pay here", sender="Eve <eve@else.example>", to=to, message_id="<eve@x>"))
    answer(world)
    sent = world.last_mail
    assert "> The printer is broken." in whole_text(sent)
    assert sent["In-Reply-To"] == "<q1@customer.example>"
    for word in ("4711", "Pay here", "<m@x>", "<eve@x>"):
        assert word not in sent.as_string() + whole_text(sent) + whole_text(sent, "text/html")


def test_a_reply_keeps_outlooks_thread_and_an_acknowledgement_names_no_topic(world: World) -> None:
    index = "AdQc2DN7rLoS3hgnE/O76rpFzxN/EwAddF4A"
    world.mail(letter(subject="Printer", Thread_Topic="Printer", Thread_Index=index))
    assert "Thread-Topic" not in world.last_mail
    answer(world)
    assert world.last_mail["Thread-Topic"] == "Printer"
    assert str(world.last_mail["Thread-Index"]).startswith(index.rstrip("=")[:36])


def test_only_what_a_machine_wrote_says_so(world: World) -> None:
    world.mail(letter(to="quick@desk.example"))
    assert world.last_mail["Auto-Submitted"] == "auto-generated"
    assert world.last_mail["X-Auto-Response-Suppress"] == "All"
    answer(world)
    assert "Auto-Submitted" not in world.last_mail
    assert "X-Auto-Response-Suppress" not in world.last_mail
    world.mail(letter("Another", to="quick@desk.example"))
    world.pass_time(minutes=2)
    world.sweep()
    world.settle()
    [escalation] = world.mails_to("lena@agents.example")
    assert escalation["Auto-Submitted"] == "auto-generated"
    assert escalation["X-Auto-Response-Suppress"] == "All"


def test_an_old_answer_that_failed_can_be_sent_again_from_a_long_ticket(world: World) -> None:
    world.mail(letter())
    Failing(world, Refused("not now"), 1)
    answer(world, body="The old answer.")
    failed = delivery(world)
    for count in range(110):
        edit = Edit(subject=f"Printer {count}")
        service.edit_ticket(world.ports, agent(world), 1001, edit)
    service.send_again(world.ports, agent(world), 1001, failed.id)
    world.settle()
    assert "The old answer." in body_of(world.last_mail)
