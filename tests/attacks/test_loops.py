"""The desk is no relay and no partner for other machines: it says little, and only to people."""

from __future__ import annotations

from copy import deepcopy

import pytest

from chalicelib.desk.service import apply
from tests.attacks.scene import (
    Person,
    answer,
    articles,
    customer,
    forge,
    in_the_open,
    link_in,
    mail_of,
    numbers_of,
    opened,
    send,
    stranger,
    suspended,
    ticket,
    write,
)
from tests.web.browser import Browser
from tests.world import DESK, World

MACHINES = [
    {"Auto_Submitted": "auto-replied"},
    {"Auto_Submitted": "auto-generated"},
    {"Precedence": "bulk"},
    {"Precedence": "auto_reply"},
    {"X_Auto_Response_Suppress": "All"},
    {"X_Autoreply": "yes"},
    {"X_Autorespond": "yes"},
    {"X_Loop": "support@desk.example"},
    {"Return_Path": "<>"},
    {"List_Id": "<news.customer.example>"},
    {"subject": "Automatic reply: Printer"},
]


def test_no_machine_is_answered_by_a_machine(world: World) -> None:
    """Class: two automatic answers that answer each other without end."""
    for marks in MACHINES:
        send(world, customer(), f"I am away: {marks}", **marks)
        assert world.outbox == [], marks


def test_no_server_is_answered(world: World) -> None:
    """Class: a bounce of an acknowledgement, acknowledged."""
    for local in ("MAILER-DAEMON", "postmaster", "no-reply", "noreply", "do-not-reply"):
        sender = Person("Mail Delivery", f"{local}@customer.example")
        send(world, sender, "Undeliverable.", subject="Undelivered Mail Returned to Sender")
    assert world.outbox == []


@pytest.mark.parametrize("address", ["support@desk.example", "Support+x@Desk.example"])
def test_the_desk_does_not_talk_to_itself(world: World, address: str) -> None:
    """Class: mail with the desk's own address as its sender, acknowledged to the desk."""
    send(world, Person("IT support", address), "Hello, me.")
    assert world.outbox == []
    assert [one["cause"] for one in suspended(world)] == ["own_address"]


def test_two_desks_soon_stop_talking(world: World) -> None:
    """Class: a loop with another ticket system that marks nothing as automatic."""
    desk = Person("Other desk", "help@peer.example")
    send(world, desk, "We have a question.")
    for turn in range(6):
        (*_, ack) = world.mails_to(desk.address)
        send(
            world,
            desk,
            f"Your request {turn} was received: {ack['Subject']}",
            subject=f"[Case {turn}] received",
        )
    assert len(world.mails_to(desk.address)) <= 3


def test_an_automatic_answer_changes_no_ticket(world: World) -> None:
    """Class: an out-of-office note that reopens what was solved, and starts its clocks."""
    case = opened(world)
    sent = answer(world, case)
    write(world, case.number, "Solved.", status="solved")
    before, mails = ticket(world, case.number), len(world.outbox)
    marks = {"Auto_Submitted": "auto-replied", "to": str(sent["Reply-To"])}
    for turn in range(3):
        send(world, case.customer, f"I am away {turn}.", **marks)
    after = ticket(world, case.number)
    assert (after["status"], after["due"]) == ("solved", before["due"])
    assert len(world.outbox) == mails
    assert numbers_of(world, case.customer) == [case.number]


def test_nobody_is_acknowledged_whom_nobody_vouches_for(world: World) -> None:
    """Class: relay spam of 2025, acknowledgements to addresses that a spammer made up."""
    victims = [customer() for _ in range(3)]
    for victim in victims:
        forge(world, victim, "spam")
        raw = mail_of(victim, "more spam").as_bytes()
        world.mail(raw, verdicts={"dmarc": "GRAY", "spf": "NONE"})
    assert world.outbox == []


def test_an_address_is_acknowledged_a_few_times_only(world: World) -> None:
    """Class: relay spam of 2025, thousands of acknowledgements to one mailbox."""
    kim = customer()
    for turn in range(5):
        send(world, kim, f"Once more {turn}.", subject=f"Another {turn}")
    assert 1 <= len(world.mails_to(kim.address)) <= 3
    world.pass_time(hours=2)
    send(world, kim, "And now?", subject="Later")
    assert len(world.mails_to(kim.address)) <= 4


def test_the_case_of_an_address_buys_no_more_acknowledgements(world: World) -> None:
    """Class: the limit of an address, evaded by writing the address in another way."""
    kim = customer()
    local, _, domain = kim.address.partition("@")
    forms = (local, local, local.title(), local.title(), local.upper(), local.upper())
    for turn, form in enumerate(forms):
        send(world, Person("Kim", f"{form}@{domain}"), f"Once more {turn}.", subject=f"No. {turn}")
    sent = [to for _, to in world.envelopes if to.lower() == kim.address]
    assert len(sent) <= 3


def test_an_acknowledgement_goes_to_its_sender_alone(world: World) -> None:
    """Class: everybody in copy of a spam gets the desk's automatic answer."""
    kim = customer()
    others = [stranger() for _ in range(5)]
    copied = ", ".join(one.sender for one in others)
    send(world, kim, "Hello all.", Cc=copied, Reply_To=others[0].sender)
    assert [to for _, to in world.envelopes] == [kim.address]


def test_an_answer_to_a_mail_with_a_crowd_in_copy_is_no_mailing(world: World) -> None:
    """Class: one mail with thousands in copy turns the next answer into a mailing."""
    kim = customer()
    crowd = ", ".join(f"victim{place}@crowd.example" for place in range(2000))
    send(world, kim, "Hello world.", Cc=crowd)
    (number,) = numbers_of(world, kim)
    write(world, number, "Hello.")
    assert len(ticket(world, number)["participants"]) <= 50
    assert len(world.outbox) <= 52
    assert in_the_open(world, number)[0] == "Hello world."


def test_a_bounce_mutes_the_address_and_answers_nobody(world: World) -> None:
    """Class: a bounce taken for a reply: it reopened the ticket, and was answered."""
    case = opened(world)
    sent = answer(world, case)
    write(world, case.number, "Solved.", status="solved")
    mails = len(world.outbox)
    bounce = (
        b"From: MAILER-DAEMON@customer.example\r\nTo: %b\r\nSubject: Undelivered Mail\r\n"
        b"Message-ID: <bounce@customer.example>\r\nIn-Reply-To: %b\r\nReturn-Path: <>\r\n"
        b"MIME-Version: 1.0\r\n"
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        b"--b\r\n\r\nIt came back.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        b"Reporting-MTA: dns; mx.customer.example\r\n\r\n"
        b"Final-Recipient: rfc822; %b\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
    ) % tuple(
        str(value).encode()
        for value in (sent["Reply-To"], sent["Message-ID"], case.customer.address)
    )
    world.mail(bounce, verdicts={"dmarc": "GRAY", "spf": "NONE"}, envelope_from="")
    assert len(world.outbox) == mails
    assert ticket(world, case.number)["status"] == "solved"
    assert "It came back." not in Browser(world).get(link_in(sent)).body


def test_everything_a_machine_of_ours_sends_says_so(world: World) -> None:
    """Class: loops, since the other side could not tell that nobody had written."""
    case = opened(world)
    world.pass_time(days=7)
    world.sweep()
    world.settle()
    by_machine = list(world.outbox)
    assert len(by_machine) >= 2
    for mail in by_machine:
        assert mail["Auto-Submitted"] == "auto-generated"
        assert mail["X-Auto-Response-Suppress"] == "All"
    assert articles(world, case.number)


# The limits of a desk that a flood would reach. ----------------------------------------------

LIMITED: dict[str, object] = {
    "mails_in_ten_minutes": 4,
    "mails_on_a_ticket": 5,
    "acks_to_a_domain": 10,
    "acks_to_everybody": 5,
}


@pytest.fixture
def limited(world: World) -> World:
    apply(world.ports, {**deepcopy(DESK), "limits": LIMITED})
    world.pass_time(minutes=10)
    return world


def test_one_sender_cannot_flood_the_desk(limited: World) -> None:
    """Class: a loop or a script opens tickets until somebody notices."""
    kim = customer()
    for turn in range(8):
        send(limited, kim, f"Once more {turn}.", subject=f"Another {turn}")
    assert len(numbers_of(limited, kim)) <= 5
    assert "flood" in {one["cause"] for one in suspended(limited)}


def test_one_ticket_cannot_be_flooded(limited: World) -> None:
    """Class: thousands of mails on one ticket, each under another sender."""
    case = opened(limited)
    sent = answer(limited, case)
    for turn in range(9):
        send(limited, stranger(), f"Me too {turn}.", to=str(sent["Reply-To"]))
    assert len(articles(limited, case.number)) <= 8
    assert suspended(limited)


def test_a_domain_is_acknowledged_a_few_times_only(limited: World) -> None:
    """Class: relay spam of 2025, spread over all mailboxes of one domain."""
    limits = {**LIMITED, "acks_to_everybody": 500}
    apply(limited.ports, {**deepcopy(DESK), "limits": limits})
    limited.pass_time(minutes=10)
    for turn in range(12):
        send(limited, Person("Kim", f"kim{turn}@one-domain.example"), f"Hello {turn}.")
    assert 1 <= len(limited.outbox) <= 11


def test_a_desk_acknowledges_so_much_and_no_more(limited: World) -> None:
    """Class: relay spam of 2025, spread over many domains."""
    for turn in range(7):
        send(limited, Person("Kim", f"kim@domain{turn}.example"), f"Hello {turn}.")
    assert 1 <= len(limited.outbox) <= 5
    assert len(numbers_of(limited, Person("Kim", "kim@domain6.example"))) == 1


def test_a_mail_to_two_of_our_addresses_is_acknowledged_once(world: World) -> None:
    """Class: mail to two of our addresses, acknowledged by each, so that each answers the other."""
    kim = customer()
    send(world, kim, "To you both.", to="support@desk.example, hr@desk.example")
    assert len(world.mails_to(kim.address)) == 1
    assert len(numbers_of(world, kim)) == 1
