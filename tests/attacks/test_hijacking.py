"""Nobody gets into a conversation that is not theirs, whatever their mail says of itself."""

from __future__ import annotations

import pytest

from chalicelib.tickets import addressing
from tests.attacks.scene import (
    Opened,
    Person,
    accept_everything,
    answer,
    articles,
    customer,
    forge,
    in_the_open,
    link_in,
    mail_of,
    numbers_of,
    opened,
    reply_address,
    send,
    stranger,
    ticket,
    whole,
    write,
)
from tests.web.browser import Browser
from tests.world import World


def signature_of(address: str) -> str:
    return address.rpartition("@")[0].rpartition(".")[2]


# Ids, numbers and addresses that anybody can write down. --------------------------------------


def test_forged_ids_of_ours_lead_into_no_ticket(world: World) -> None:
    """CVE-2026-47123: an id was taken apart, and who it named believed, without its signature."""
    case, eve = opened(world), stranger()
    signed = str(answer(world, case)["References"]).split()[-1]
    valid = signature_of(signed)
    number = case.number
    other = opened(world).number
    forged = [
        f"<{number}.1.0.{'a' * 26}@desk.example>",
        f"<{number}.1.0@desk.example>",
        f"<{number}.1.0.@desk.example>",
        f"<{number}.99.0.{valid}@desk.example>",
        f"<{other}.2.0.{valid}@desk.example>",
        f"<notify-{number}-1-{valid}@desk.example>",
        f"<{number}@desk.example>",
        f"<0102{number:08d}-out@eu-west-1.amazonses.com>",
    ]
    send(world, eve, "let me in", References=" ".join(forged), In_Reply_To=forged[0])
    assert in_the_open(world, number) == ["My printer is broken.", "Switch it off and on."]
    assert "let me in" not in in_the_open(world, other)
    assert numbers_of(world, eve), "the mail itself is not lost"


def test_a_signature_cut_short_is_no_signature(world: World) -> None:
    """CVE-2026-53591: a shorter signature was compared over its own length only."""
    case, eve = opened(world), stranger()
    sent = answer(world, case)
    local, _, domain = reply_address(sent).partition("@")
    stem, _, signature = local.rpartition(".")
    cut = [signature[:length] for length in (0, 1, 2, 8, 25)]
    own = str(sent["References"]).split()[-1].strip("<>").partition("@")[0].rpartition(".")
    forged = " ".join(f"<{own[0]}.{own[2][:length]}@desk.example>" for length in (0, 1, 8, 25))
    to = ", ".join(["support@desk.example", *(f"{stem}.{part}@{domain}" for part in cut)])
    before = len(articles(world, case.number))
    send(world, eve, "one letter is enough", to=to, References=forged)
    assert len(articles(world, case.number)) == before
    assert numbers_of(world, eve)


def test_a_signature_for_one_purpose_serves_no_other(world: World) -> None:
    """Class: a signature that the attacker was given for one thing is used for another."""
    case = opened(world)
    sent = answer(world, case)
    in_address, in_id = (
        signature_of(reply_address(sent)),
        signature_of(str(sent["References"]).split()[-1]),
    )
    in_link = link_in(sent).rpartition(".")[2]
    number = case.number
    keys = world.ports.keys()
    assert not addressing.read_message_id(keys, f"<{number}.0.0.{in_address}@desk.example>")
    assert not addressing.read_reply_address(keys, f"support+{number}.0.{in_id}@desk.example")
    for signature in (in_address, in_id):
        assert Browser(world).get(f"/t/{number}.0.0.{signature}").status == 404
    eve = stranger()
    to = f"support@desk.example, support+{number}.0.{in_link}@desk.example"
    send(world, eve, "from the link", to=to)
    assert "from the link" not in [article["text"] for article in articles(world, number)]


def test_the_number_in_a_subject_is_no_key(world: World) -> None:
    """CVE-2024-49193: ticket numbers count upwards, so whoever guesses one is on the ticket."""
    case, eve = opened(world), stranger()
    for subject in (
        f"Re: Printer {addressing.subject_tag(case.number)}",
        f"Re: [#{case.number}] #{case.number}",
        f"RE: [Ticket#{case.number}] (ID {case.number})",
    ):
        send(world, eve, f"what is this about? {subject}", subject=subject)
    assert in_the_open(world, case.number) == ["My printer is broken."]
    assert ticket(world, case.number)["participants"] == []


def test_a_reply_address_in_a_strangers_hands_opens_nothing(world: World) -> None:
    """Class: a forwarded or leaked reply address, used by whoever has it."""
    case, eve = opened(world), stranger()
    sent = answer(world, case, "The code of the door is 4711.")
    write(world, case.number, "Solved.", status="solved")
    mails = len(world.outbox)
    send(world, eve, "me too please", to=reply_address(sent))
    held = articles(world, case.number)[-1]
    assert (held["text"], held["is_held"]) == ("me too please", True)
    assert ticket(world, case.number)["status"] == "solved"
    assert len(world.outbox) == mails
    assert "me too please" not in Browser(world).get(link_in(sent)).text
    write(world, case.number, "Here is the new code: 4712.")
    assert world.mails_to(eve.address) == []


def test_a_reply_address_is_its_recipients_alone(world: World) -> None:
    """Class: one participant writes as another, with the address that the other was given."""
    kim, bo = customer("Kim"), customer("Bo")
    send(world, kim, "For both of us.", Cc=bo.sender)
    (number,) = numbers_of(world, kim)
    sent = answer(world, Opened(number, kim))
    forge(world, bo, "close it all", to=reply_address(sent))
    assert "close it all" not in in_the_open(world, number)


# Who may bring somebody along, and what they see. --------------------------------------------


def test_who_joins_later_sees_nothing_older(world: World) -> None:
    """CVE-2024-49193: an address in copy got the whole history with the next mail."""
    case, bo = opened(world, "The old secret."), customer("Bo")
    sent = answer(world, case, "The old answer.")
    send(world, case.customer, "Bo knows more.", to=reply_address(sent), Cc=bo.sender)
    answer(world, case, "Welcome, Bo.")
    (mail,) = world.mails_to(bo.address)
    assert "Welcome, Bo." in whole(mail)
    page = Browser(world).get(link_in(mail))
    assert "Welcome, Bo." in page.text
    for shown in (whole(mail), page.text):
        assert "old secret" not in shown
        assert "old answer" not in shown


def test_a_participant_brings_nobody_along(world: World) -> None:
    """Class: anybody on the ticket adds anybody else by copy."""
    kim, bo, eve = customer("Kim"), customer("Bo"), stranger()
    send(world, kim, "For both of us.", Cc=bo.sender)
    (number,) = numbers_of(world, kim)
    write(world, number, "Hello, both.")
    (mail,) = world.mails_to(bo.address)
    send(world, bo, "and Eve", to=reply_address(mail), Cc=eve.sender)
    write(world, number, "For the two of you.")
    assert world.mails_to(eve.address) == []
    assert [one["email"] for one in ticket(world, number)["participants"]] == [bo.address]


def test_a_blind_copy_is_given_away_to_nobody(world: World) -> None:
    """Class: the desk, a blind copy, answers everybody the mail was openly written to."""
    kim, other = customer("Kim"), Person("Ann Other", f"other-{customer().address}")
    raw = mail_of(kim, "between us", to=other.sender)
    world.mail(raw, recipients=["support@desk.example"])
    (number,) = numbers_of(world, kim)
    write(world, number, "We have read it.")
    assert world.mails_to(other.address) == []
    assert len(world.mails_to(kim.address)) == 2


@pytest.mark.parametrize(
    ("local", "accepted"), [("feedback", False), ("no-reply", False), ("no-reply", True)]
)
def test_a_code_lured_to_a_reply_address_is_not_echoed(
    world: World, local: str, accepted: bool
) -> None:
    """CVE-2024-49193 and its kin: a sign-up code mailed to the desk was read on the ticket."""
    case = opened(world)
    sent = answer(world, case)
    service = Person("Chat", f"{local}@chat{case.number}.example")
    mails = len(world.outbox)
    text = "Your confirmation code is 271-828."
    send(world, service, text, subject="Confirm your address", to=reply_address(sent))
    assert len(world.outbox) == mails
    if accepted:
        accept_everything(world, case.number)
    shown = whole(answer(world, case, "Anything else?"))
    page = Browser(world).get(link_in(sent))
    assert "Anything else?" in page.text
    assert "271-828" not in shown + page.body


# Mail that must not be lost to an attacker. --------------------------------------------------


def test_an_id_claimed_in_advance_keeps_no_mail_out(world: World) -> None:
    """Class: a stranger uses a Message-ID first, and the real mail is dropped as a duplicate."""
    kim, eve = customer(), stranger()
    claimed = f"<claimed-{kim.address}>"
    send(world, eve, "claimed", message_id=claimed)
    send(world, kim, "the real one", message_id=claimed)
    (number,) = numbers_of(world, kim)
    assert in_the_open(world, number) == ["the real one"]
    assert "the real one" not in in_the_open(world, numbers_of(world, eve)[0])


def test_another_mail_under_a_used_id_is_no_duplicate(world: World) -> None:
    """Class: a mail with the id of an earlier one is dropped unread."""
    kim = customer()
    used = f"<used-{kim.address}>"
    for text in ("the first", "the second", "the third"):
        send(world, kim, text, message_id=used)
    texts = [text for number in numbers_of(world, kim) for text in in_the_open(world, number)]
    assert sorted(texts) == ["the first", "the second", "the third"]


def test_a_claimed_id_lets_nobody_catch_the_answers(world: World) -> None:
    """Class: a ticket opened under an id that the victim's mail will have, or will refer to."""
    kim, eve = customer(), stranger()
    awaited = f"<awaited-{kim.address}>"
    send(world, eve, "I was here first", message_id=awaited)
    send(world, kim, "about my salary", In_Reply_To=awaited, References=awaited)
    (ours,) = numbers_of(world, eve)
    page = Browser(world).get(link_in(world.mails_to(eve.address)[-1]))
    assert "salary" not in page.body
    assert "about my salary" not in in_the_open(world, ours)
