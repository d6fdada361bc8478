"""Mails that go out by themselves speak in the voice of their group, and carry what they must."""

from __future__ import annotations

from email.header import decode_header, make_header
from email.message import Message
from typing import Any

import pytest
from bs4 import BeautifulSoup

from chalicelib.desk.mails import PARTS
from chalicelib.desk.service import apply
from chalicelib.tickets.edits import Edit
from chalicelib.tickets.service import edit_ticket
from tests.flows.test_mail_to_ticket import agent, timeline
from tests.web.browser import Browser
from tests.world import DESK, World, letter

HOSTILE = "<script>alert(1)</script> & <a href='https://else.example'>{{ 7 * 7 }}</a>"
KIM = "kim@customer.example"
LANGUAGES = {
    "en": "Hello, the printer on the second floor is broken and I cannot print anything today.",
    "da": "Hej, printeren på 2. sal virker ikke, og jeg kan ikke skrive noget ud. Kan I hjælpe?",
    "nb": "Hei, jeg lurer på hvor mange feriedager jeg har igjen, og når jeg må ta dem ut i år.",
    "hu": "Tisztelt Kollégák! A harmadik emeleten nem működik a fűtés, kérem nézzék meg.",
}
USUAL = {
    "en": "We have received your message",
    "da": "Vi har modtaget din henvendelse",
    "nb": "Vi har mottatt henvendelsen din",
    "hu": "Megkaptuk az üzenetét",
}


def live(world: World, mails: dict[str, Any], **of_groups: Any) -> None:
    groups = {name: {**one, **of_groups} for name, one in DESK["groups"].items()}
    apply(world.ports, {**DESK, "groups": groups, "mails": mails})


def part(mail: Message, kind: str) -> str:
    found = next(one for one in mail.walk() if one.get_content_type() == f"text/{kind}")
    content = found.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content.decode().replace("\r\n", "\n")


def subject(mail: Message) -> str:
    return str(make_header(decode_header(str(mail["Subject"]))))


def answered(world: World, text: str = "", **mail: str) -> Message:
    """What the desk answers to a mail."""
    world.mail(letter(text or LANGUAGES["en"], **mail))
    return world.mails_to(KIM)[-1]


def test_two_groups_speak_in_two_voices(world: World) -> None:
    groups = {
        "support": {"text": {"en": "Yo! It is #{ticket.number}.\n\nThe {group.name} crew"}},
        "hr": {
            "subject": {"en": "Your letter to {group.name}"},
            "text": {"en": "Dear colleague,\n\nwe treat {ticket.number} in confidence."},
        },
    }
    live(world, {"acknowledgement": {"groups": groups}})
    crew = answered(world)
    confident = answered(world, "When do I get my pay?", subject="Pay", to="hr@desk.example")
    usual = answered(world, "Why is it so slow?", subject="Slow", to="quick@desk.example")
    assert part(crew, "plain").startswith("Yo! It is #1001.\n\nThe IT support crew\n")
    assert subject(crew).startswith(USUAL["en"])
    assert subject(confident) == "Your letter to HR [#1002-5]"
    assert "we treat 1002 in confidence" in part(confident, "plain")
    assert "we treat 1002 in confidence" in part(confident, "html")
    assert part(usual, "plain").startswith("Hello,\n\nWe have received your message.")


@pytest.mark.parametrize("locale", LANGUAGES)
def test_each_language_has_the_words_of_the_desk_or_those_of_every_desk(
    world: World, locale: str
) -> None:
    words = {"da": "Dansk", "hu": "Magyar"}
    live(world, {"acknowledgement": {"subject": words, "text": words, "above": {"nb": "Ferie!"}}})
    mail = answered(world, LANGUAGES[locale])
    assert timeline(world).ticket.requester.locale == locale
    assert subject(mail).startswith(words.get(locale, USUAL[locale]))
    text = part(mail, "plain")
    assert ("Dansk" in text, "Magyar" in text) == (locale == "da", locale == "hu")
    assert text.startswith("Ferie!") is (locale == "nb")
    assert "#1001" in text or locale in words


def test_what_such_a_mail_must_carry_stays_whatever_the_desk_says(world: World) -> None:
    live(world, {"acknowledgement": {"subject": {"en": "Hi"}, "text": {"en": "Bye"}}})
    mail = answered(world)
    assert subject(mail) == "Hi [#1001-7]"
    assert mail["Auto-Submitted"] == "auto-generated"
    text, soup = part(mail, "plain"), BeautifulSoup(part(mail, "html"), "html.parser")
    assert "Follow your request here:" in text
    assert "This mail was sent automatically." in text
    (link,) = [one["href"] for one in soup.find_all("a")]
    assert str(link) in text
    assert "Just answer this mail." in soup.text
    world.mail(letter("It works again.", to=str(mail["Reply-To"])))
    assert len(timeline(world).articles) == 2


def test_the_link_can_stand_in_the_words_as_well(world: World) -> None:
    live(world, {"acknowledgement": {"text": {"en": "Look: {ticket.link}"}}})
    text = part(answered(world), "plain")
    link = text.partition("Look: ")[2].split()[0]
    assert link.startswith("https://desk.example/t/")
    assert Browser(world).get(link.removeprefix("https://desk.example")).status == 200


def test_words_of_a_desk_are_words_and_no_markup(world: World) -> None:
    hostile = HOSTILE.replace("{", "{{").replace("}", "}}")
    words = {"subject": {"en": "1 < 2 & 3"}, "above": {"en": hostile}, "text": {"en": hostile}}
    live(world, {"acknowledgement": words})
    mail = answered(world)
    assert part(mail, "plain").count(HOSTILE) == 2
    soup = BeautifulSoup(part(mail, "html"), "html.parser")
    assert soup.text.count(HOSTILE) == 2
    assert soup.find("script") is None
    assert not soup.find_all("a", href="https://else.example")


def test_no_name_of_a_desk_makes_a_header(world: World) -> None:
    live(
        world,
        {"acknowledgement": {"subject": {"en": "Hello from {group.name}"}}},
        name="IT\r\nBcc: all@else.example\r\n\r\nCheap watches",
        sender="IT",
    )
    mail = answered(world)
    assert subject(mail) == "Hello from IT Bcc: all@else.example Cheap watches [#1001-7]"
    assert mail["Bcc"] is None
    assert not mail.defects
    assert [to for _, to in world.envelopes] == [KIM]


def test_nothing_of_the_senders_comes_back_in_the_words_of_a_desk(world: World) -> None:
    words = {"en": "Hello from {group.name} and {desk.name}, {group.address}, {ticket.number}"}
    live(world, {"acknowledgement": dict.fromkeys(PARTS, words)})
    mail = answered(
        world,
        "Cheap watches! Please look at what I have for you today, it is very good.",
        sender="Cheap Watches <kim@customer.example>",
        subject="Cheap watches",
    )
    whole = f"{subject(mail)}{part(mail, 'plain')}{part(mail, 'html')}"
    assert "heap" not in whole
    assert "support@desk.example" in whole


def test_a_mail_that_comes_too_late_is_answered_in_the_voice_of_its_group(world: World) -> None:
    words = {"subject": {"en": "Too late"}, "above": {"en": "Oh."}, "text": {"en": "It is over."}}
    mails = {"closed": {"groups": {"support": words}}}
    live(world, mails, after_close="reject", reopen_days=0, acknowledges=False)
    world.mail(letter(LANGUAGES["en"]))
    lena = agent(world, "lena")
    edit_ticket(world.ports, lena, 1001, Edit(status="solved", resolution="Done", assignee="lena"))
    edit_ticket(world.ports, lena, 1001, Edit(status="closed"))
    world.settle()
    world.pass_time(days=1)
    world.mail(letter("And again.", subject="Re: Printer [#1001-7]"))
    mail = world.mails_to(KIM)[-1]
    assert subject(mail) == "Too late (#1001)"
    text = part(mail, "plain")
    assert text.startswith("Oh.\n\nIt is over.\n\n")
    assert "Then write a new mail to support@desk.example." in text
    assert "/t/1001." in text
    assert "It is over." in part(mail, "html")


def test_what_a_rule_tells_a_customer_has_the_subject_of_the_desk(world: World) -> None:
    tell = {"id": "hello", "on": ["opened"], "do": [{"reply": "We are on it."}]}
    mails = {"automatic": {"subject": {"en": "News from {group.name}"}}}
    apply(world.ports, {**DESK, "mails": mails, "triggers": [tell]})
    world.mail(letter(LANGUAGES["en"]))
    told = [mail for mail in world.mails_to(KIM) if "on it" in part(mail, "plain")]
    assert [subject(mail) for mail in told] == ["News from IT support [#1001-7]"]
