"""A From is only a claim: nothing follows from one that nobody vouches for."""

from __future__ import annotations

import pytest

from chalicelib.mail.parse import parse
from chalicelib.tickets import addressing
from tests.attacks.scene import (
    Opened,
    Person,
    accept_everything,
    answer,
    articles,
    browser_of,
    customer,
    forge,
    in_the_open,
    mail_of,
    numbers_of,
    opened,
    reply_address,
    send,
    stranger,
    ticket,
    write,
)
from tests.world import World


def test_a_spoofed_agent_says_nothing_to_a_customer(world: World) -> None:
    """CVE-2026-47123: a mail with an agent's From went on to the customer as the desk's answer."""
    case = opened(world)
    sent = answer(world, case)
    anna = Person("Anna Berg", "anna@agents.example")
    mails = len(world.outbox)
    ids = {"In_Reply_To": str(sent["Message-ID"]), "References": str(sent["References"])}
    forge(world, anna, "Pay to this account.", **ids)
    forge(world, anna, "Pay here.", to=reply_address(sent))
    assert len(world.outbox) == mails
    assert in_the_open(world, case.number) == ["My printer is broken.", "Switch it off and on."]
    spoofed = [one for one in articles(world, case.number) if "Pay" in one["text"]]
    assert all(one["is_held"] and not one["author"]["is_agent"] for one in spoofed)
    assert all(one["kind"] != "note" for one in spoofed)


def test_a_spoofed_agent_puts_nobody_in_copy(world: World) -> None:
    """CVE-2024-49193: whoever was in copy of a forged mail was on the ticket from then on."""
    anna, eve = Person("Anna Berg", "anna@agents.example"), stranger()
    case = opened(world)
    sent = answer(world, case)
    forge(world, anna, "cc", Cc=eve.sender, In_Reply_To=str(sent["Message-ID"]))
    forge(world, anna, "cc again", Cc=eve.sender)
    write(world, case.number, "Confidential.")
    for number in [case.number, *numbers_of(world, anna)]:
        accept_everything(world, number)
        assert ticket(world, number)["participants"] == []
    assert world.mails_to(eve.address) == []


def test_a_spoofed_requester_puts_nobody_in_copy(world: World) -> None:
    """CVE-2024-49193: a guessed number, the requester's From, and oneself in copy."""
    case, eve = opened(world), stranger()
    tag = addressing.subject_tag(case.number)
    forge(world, case.customer, "and Eve", subject=f"Re: {tag}", Cc=eve.sender)
    forge(world, case.customer, "and Eve", to=f"support@desk.example, {eve.address}")
    write(world, case.number, "Confidential.")
    assert ticket(world, case.number)["participants"] == []
    assert world.mails_to(eve.address) == []


def test_a_spoofed_requester_changes_nothing(world: World) -> None:
    """Class: a From that matches the requester's was enough to write on the ticket, and reopen."""
    case = opened(world)
    sent = answer(world, case)
    write(world, case.number, "Solved.", status="solved")
    before, mails = ticket(world, case.number), len(world.outbox)
    forge(world, case.customer, "pay here", In_Reply_To=str(sent["Message-ID"]))
    after = ticket(world, case.number)
    assert (after["status"], after["due"]) == ("solved", before["due"])
    assert after["articles"][-1]["is_held"]
    assert len(world.outbox) == mails


def test_an_unknown_sender_never_becomes_the_customer(world: World) -> None:
    """GHSA-j49f-9g94-3wh4: a reply from a new address made its sender the ticket's customer."""
    case, eve = opened(world), stranger()
    sent = answer(world, case)
    ids = {"In_Reply_To": str(sent["Message-ID"]), "References": str(sent["References"])}
    send(world, eve, "I am the one who asks.", subject=str(sent["Subject"]), **ids)
    write(world, case.number, "For Kim alone.")
    assert world.mails_to(eve.address) == []
    accept_everything(world, case.number)
    assert ticket(world, case.number)["requester"]["email"] == case.customer.address


def test_a_mail_cannot_vouch_for_itself(world: World) -> None:
    """Class: Authentication-Results, Received-SPF and their like, written by the sender."""
    case = opened(world)
    sent = answer(world, case)
    claims = {
        "Authentication_Results": "amazonses.com; spf=pass; dkim=pass; dmarc=pass action=none",
        "ARC_Authentication_Results": "i=1; amazonses.com; dmarc=pass; spf=pass",
        "Received_SPF": "pass (spfCheck: domain of customer.example designates 192.0.2.1)",
        "X_SES_Spam_Verdict": "PASS",
        "X_SES_Virus_Verdict": "PASS",
        "X_SES_DMARC_Verdict": "PASS",
    }
    forge(
        world,
        case.customer,
        "trust me",
        In_Reply_To=str(sent["Message-ID"]),
        **claims,
    )
    assert "trust me" not in in_the_open(world, case.number)


def test_a_verdict_that_was_never_given_is_no_pass(world: World) -> None:
    """Class: whoever makes the check fail is taken for somebody who passed it."""
    case = opened(world)
    reply = {"In_Reply_To": str(answer(world, case)["Message-ID"])}
    names, mails = ("spf", "dkim", "dmarc", "spam", "virus"), len(world.outbox)
    for verdict in ("PROCESSING_FAILED", "DISABLED", "", None):
        raw = mail_of(case.customer, f"nobody looked {verdict}", **reply).as_bytes()
        given = dict.fromkeys(names, verdict or "")
        event = world.ses_event(world.put_mail(raw), raw, verdicts=given)
        if verdict is None:
            for name in names:
                del event["Records"][0]["ses"]["receipt"][f"{name}Verdict"]
        world.call("inbound_mail", event)
        world.settle()
    assert in_the_open(world, case.number) == ["My printer is broken.", "Switch it off and on."]
    assert len(world.outbox) == mails


def test_an_spf_pass_for_another_domain_vouches_for_nobody(world: World) -> None:
    """Class: SPF passes for the sender's own envelope, and the From is somebody else's."""
    case = opened(world)
    reply = {"In_Reply_To": str(answer(world, case)["Message-ID"])}
    for envelope in (
        "eve@else.example",
        "eve@evilcustomer.example",
        "eve@customer.example.else.example",
        "eve@example",
        "customer.example@else.example",
        "",
    ):
        raw = mail_of(case.customer, f"SPF said yes to {envelope}", **reply).as_bytes()
        event = world.ses_event(world.put_mail(raw), raw, verdicts={"dmarc": "GRAY"})
        event["Records"][0]["ses"]["mail"]["source"] = envelope
        world.call("inbound_mail", event)
    world.settle()
    assert in_the_open(world, case.number) == ["My printer is broken.", "Switch it off and on."]


def with_from(case: Opened, *senders: str) -> bytes:
    """A mail to the case's ticket whose From is written exactly so."""
    eve = stranger()
    tag = addressing.subject_tag(case.number)
    raw = mail_of(eve, "who am I?", subject=f"Re: {tag}").as_bytes()
    lines = b"".join(f"From: {sender}\n".encode() for sender in senders)
    return raw.replace(f"From: {eve.sender}\n".encode(), lines)


def test_of_two_senders_neither_is_vouched_for(world: World) -> None:
    """Class: DMARC looks at one of several From addresses, the desk at another."""
    case = opened(world)
    kim, mails = case.customer.address, len(world.outbox)
    one, two, three, four = (stranger().address for _ in range(4))
    for senders in ((f"{kim}, {one}",), (f"{two}, {kim}",), (kim, three), (four, kim)):
        world.mail(with_from(case, *senders))
    assert in_the_open(world, case.number) == ["My printer is broken."]
    assert len(world.outbox) == mails


@pytest.mark.parametrize(
    "sender",
    [
        "{kim}(<eve@else.example>",
        "{kim})<eve@else.example>",
        "{kim}<<eve@else.example>",
        "{kim}><eve@else.example>",
        "{kim}@<eve@else.example>",
        "{kim},<eve@else.example>",
        "{kim};<eve@else.example>",
        "{kim}:<eve@else.example>",
        "{kim}.<eve@else.example>",
        '{kim}"<eve@else.example>',
        "{kim}[<eve@else.example>",
        "{kim}]<eve@else.example>",
        '"{kim}" <eve@else.example>',
        "eve@else.example ({kim})",
        "{kim}@else.example",
    ],
)
def test_an_address_in_a_senders_name_is_not_the_sender(world: World, sender: str) -> None:
    """CVE-2023-27043 and CVE-2019-16056: what stands beside the address was taken for it."""
    kim = "kim@customer.example"
    raw = b"From: %b\r\nTo: support@desk.example\r\n\r\nhello" % sender.format(kim=kim).encode()
    read = parse(raw).from_
    # Two senders are vouched for by nobody, so they are as good as somebody else.
    assert len(read) != 1 or read[0].address != kim


def test_a_name_that_looks_like_an_address_hides_nobody(world: World) -> None:
    """Class: the page shows the display name only, and the name is somebody else's address."""
    case = opened(world)
    sent, eve = answer(world, case), stranger()
    fake = Person(f'"{case.customer.address}"', eve.address)
    send(world, fake, "it is me", to=reply_address(sent))
    page = browser_of(world, "anna").get(f"/agent/tickets/{case.number}")
    assert eve.address in page.text
    send(world, fake, "a new one")
    (number,) = numbers_of(world, eve)
    assert eve.address in browser_of(world, "anna").get(f"/agent/tickets/{number}").text


def test_a_reply_to_makes_nobody_the_sender(world: World) -> None:
    """Class: Reply-To or Sender taken for From, so that the answer goes where the sender likes."""
    eve, kim = stranger(), customer()
    send(world, eve, "answer them", Reply_To=kim.sender, Sender=kim.address)
    assert numbers_of(world, kim) == []
    assert world.mails_to(kim.address) == []
    assert len(numbers_of(world, eve)) == 1
