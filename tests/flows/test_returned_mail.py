"""Mail that comes back is shown on its ticket, and believed where it returns one that we signed."""

from __future__ import annotations

from chalicelib.people import service as people
from chalicelib.tickets.model import DeliveryState, Status
from tests.flows.test_mail_to_ticket import answer, timeline
from tests.world import World, letter

REPORT = """From: Mail Delivery System <mailer-daemon@{host}>
To: {to}
Subject: Undelivered Mail Returned to Sender
Date: Mon, 02 Mar 2026 10:10:00 +0100
Message-ID: <report{count}@{host}>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

The mail to {failed} could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; {host}

Final-Recipient: rfc822; {failed}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 no such user

--b
Content-Type: text/rfc822-headers

{headers}

--b--
"""
counter = iter(range(1000))


def report(
    world: World,
    *,
    failed: str = "kim@customer.example",
    status: str = "5.1.1",
    headers: str | None = None,
) -> bytes:
    sent = world.last_mail
    returned = headers or f"Message-ID: {sent['Message-ID']}\nReferences: {sent['References']}"
    return REPORT.format(
        host="mx.customer.example",
        to="support@desk.example",
        failed=failed,
        status=status,
        action="failed" if status.startswith("5") else "delayed",
        headers=returned,
        count=next(counter),
    ).encode()


def is_muted(world: World, email: str = "kim@customer.example") -> bool:
    address = people.find(world.ports, email)
    return address is not None and address.is_muted


def answered(world: World) -> None:
    world.mail(letter())
    answer(world)


def test_a_report_that_returns_our_mail_mutes_the_address_and_shows_on_the_ticket(
    world: World,
) -> None:
    answered(world)
    world.mail(report(world), envelope_from="")
    found = timeline(world)
    assert is_muted(world)
    assert found.ticket.requester.is_muted
    assert found.deliveries[-1].state is DeliveryState.BOUNCED
    assert "550" in (found.deliveries[-1].reason or "")
    assert found.articles[-1].mail_kind == "bounce"
    assert found.ticket.status is Status.OPEN


def test_the_same_report_twice_changes_nothing_more(world: World) -> None:
    answered(world)
    raw = report(world)
    world.mail(raw, envelope_from="")
    before = timeline(world)
    world.mail(raw, envelope_from="")
    assert timeline(world) == before


def test_a_report_that_is_made_up_mutes_nobody(world: World) -> None:
    answered(world)
    only_ses = f"Message-ID: {world.last_mail['Message-ID']}"
    forged = "References: <1001.2.0.aaaaaaaaaaaaaaaaaaaaaaaaaa@desk.example>"
    for headers in (only_ses, forged):
        world.mail(report(world, headers=headers), envelope_from="")
    assert not is_muted(world)
    assert timeline(world).deliveries[-1].state is DeliveryState.SENT


def test_a_report_about_somebody_else_than_the_recipient_mutes_nobody(world: World) -> None:
    answered(world)
    world.mail(letter("hello", sender="eva@customer.example", subject="Other"))
    answer(world, 1001, "Once more.")
    world.mail(report(world, failed="eva@customer.example"), envelope_from="")
    assert not is_muted(world, "eva@customer.example")
    assert not is_muted(world)


def test_a_delay_is_recorded_and_mutes_nobody(world: World) -> None:
    answered(world)
    world.mail(report(world, status="4.4.1"), envelope_from="")
    assert timeline(world).articles[-1].mail_kind == "delayed"
    assert not is_muted(world)


def test_whoever_surely_writes_again_is_answered_again(world: World) -> None:
    answered(world)
    reply_address = str(world.last_mail["Reply-To"])
    world.mail(report(world), envelope_from="")
    world.mail(letter("My mailbox works again.", to=reply_address))
    assert not is_muted(world)
    assert not timeline(world).ticket.requester.is_muted


def test_a_reply_before_its_parent_was_recorded_finds_the_ticket(world: World) -> None:
    answered(world)
    own_id = str(world.last_mail["References"]).split()[-1]
    world.mail(letter("Quick me", In_Reply_To=own_id))
    assert timeline(world).articles[-1].text == "Quick me"
