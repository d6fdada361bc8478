"""What a customer sees and writes behind the signed link of one ticket."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from chalicelib import table
from chalicelib.ledger.model import Actor
from chalicelib.tickets import service
from chalicelib.tickets.changes import Change
from chalicelib.tickets.model import Status, Ticket
from tests.web.browser import Answer, Browser
from tests.web.desk import NUMBER, articles, held_mail, link, texts, ticket, with_file, write
from tests.world import World, letter


@pytest.fixture(autouse=True)
def _ticket(world: World) -> None:
    world.mail(letter("The printer on floor 2 is broken."))


def typed(page: Answer) -> str:
    return page.form("").find("textarea").get_text().strip()


def reply(browser: Browser, page: Answer, text: str) -> Answer:
    return browser.submit(page, "", text=text)


def take_links_back(world: World) -> None:
    def decide(found: Ticket | None, _now: datetime) -> Change:
        assert found is not None
        return Change(found, replace(found, link_epoch=1), ())

    service.amend(world.ports, NUMBER, decide, actor=Actor("system", "test"), cause="test")


def test_the_link_in_the_mail_opens_the_ticket(world: World, anybody: Browser) -> None:
    body = world.last_mail.get_payload(0).get_payload(decode=True).decode()
    address = next(word for word in body.split() if "/t/1001." in word)
    page = anybody.get(address.removeprefix("https://desk.example"))
    assert page.status == 200
    assert "The printer on floor 2 is broken." in page.text
    assert "It is with IT support." in page.text


def test_the_customer_sees_replies_and_nothing_from_behind_the_counter(
    world: World, anybody: Browser
) -> None:
    write(world, "Try turning it off and on.")
    write(world, "This customer again.", kind="note")
    held_mail(world)
    page = anybody.get(link(world))
    assert "Try turning it off and on." in page.text
    assert "Anna Berg" in page.text
    hidden = ["This customer again.", "honestly", "eve@", "agents.example", "Assigned", "Sent"]
    assert [word for word in hidden if word in page.body] == []


def test_what_machines_mail_to_a_ticket_is_not_for_customers(
    world: World, anybody: Browser
) -> None:
    to = str(world.last_mail["Reply-To"])
    world.mail(letter("Your code is 4711", to=to, Auto_Submitted="auto-generated"))
    assert texts()[-1] == "Your code is 4711"
    assert "4711" not in anybody.get(link(world)).text


def test_a_participant_sees_nothing_older_than_their_joining(
    world: World, anybody: Browser
) -> None:
    to = str(world.last_mail["Reply-To"])
    world.mail(letter("My boss should know.", to=to, Cc="Bo <bo@customer.example>"))
    assert [contact.email for contact in ticket().contacts][1:] == ["bo@customer.example"]
    theirs = anybody.get(link(world, place=1))
    assert "My boss should know." in theirs.text
    assert "floor 2" not in theirs.text


@pytest.mark.parametrize("wrong", ["forged", "another place", "another ticket", "no token"])
def test_a_link_that_is_not_ours_opens_nothing(world: World, anybody: Browser, wrong: str) -> None:
    path = link(world)
    wrong_path = {
        "forged": path[:-1] + ("a" if path[-1] != "a" else "b"),
        "another place": path.replace(".0.", ".1.", 1),
        "another ticket": path.replace("1001", "1002"),
        "no token": "/t/hello",
    }[wrong]
    page = anybody.get(wrong_path)
    assert page.status == 404
    assert "This link does not work" in page.text
    assert anybody.post(wrong_path, {"text": "x"}).status == 404
    assert anybody.get(f"{wrong_path}/articles/1/attachments/0").status == 404


def test_a_signed_link_to_a_place_that_nobody_has_opens_nothing(
    world: World, anybody: Browser
) -> None:
    assert anybody.get(link(world, place=7)).status == 404


def test_a_link_from_before_it_was_taken_back_is_too_old(world: World, anybody: Browser) -> None:
    old = link(world)
    page = anybody.get(old)
    take_links_back(world)
    assert "This link is too old" in anybody.get(old).text
    refused = reply(anybody, page, "Still <me>")
    assert refused.status == 404
    assert refused.soup.select_one("textarea[readonly]").get_text() == "Still <me>"
    assert anybody.get(link(world)).status == 200


def test_a_reply_joins_the_ticket_and_reopens_it(world: World, anybody: Browser) -> None:
    write(world, "Done.", status="solved")
    sent = reply(anybody, anybody.get(link(world)), "It is broken again.")
    page = anybody.follow(sent)
    assert "We have received your reply." in page.text
    assert "It is broken again." in page.text
    assert ticket().status is Status.OPEN
    author = articles()[-1].author
    assert (author.role, author.email) == ("requester", "kim@customer.example")


def test_the_same_reply_sent_twice_is_one_article(world: World, anybody: Browser) -> None:
    page = anybody.get(link(world))
    for _ in range(2):
        assert reply(anybody, page, "Only once.").status == 303
    assert texts().count("Only once.") == 1


def test_a_reply_to_a_ticket_closed_long_ago_begins_another(world: World, anybody: Browser) -> None:
    write(world, "Done.", status="closed")
    world.pass_time(days=15)
    page = anybody.get(link(world))
    assert "If you write again, we open a new one for you." in page.text
    for _ in range(2):
        sent = reply(anybody, page, "And now the scanner.")
        assert "#1002" in anybody.follow(sent).text
    assert ticket().status is Status.CLOSED
    assert (ticket(1002).follow_up_of, texts(1002)) == (NUMBER, ["And now the scanner."])
    assert table.fetch([(table.ticket_pk(1003), table.HEAD)]) == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [(" ", "Please write something first."), ("x" * 200_001, "This is too long.")],
)
def test_a_reply_that_cannot_be_taken_comes_back(
    world: World, anybody: Browser, text: str, said: str
) -> None:
    refused = reply(anybody, anybody.get(link(world)), text)
    assert refused.status == 400
    assert said in refused.text
    assert typed(refused) == text.strip()
    assert len(texts()) == 1


def test_a_reply_without_the_token_of_the_link_is_refused_with_its_text(
    world: World, anybody: Browser
) -> None:
    refused = anybody.post(link(world), {"text": "Forged", "nonce": "n"})
    assert refused.status == 403
    assert typed(refused) == "Forged"
    assert len(texts()) == 1
    assert reply(anybody, refused, "Meant").status == 303


def test_a_customer_gets_the_files_of_what_they_see_only(world: World, anybody: Browser) -> None:
    to = str(world.last_mail["Reply-To"])
    mine = with_file()
    mine.replace_header("To", to)
    world.mail(mine)
    page = anybody.get(link(world))
    (address,) = [str(a["href"]) for a in page.soup.select(".files a")]
    assert "/attachments/ses000002/0?" in anybody.get(address).location
    forged = with_file("look", "evil.png")
    forged.replace_header("To", to)
    forged.replace_header("From", "Eve <eve@else.example>")
    world.mail(forged)
    held = articles()[-1]
    assert held.attachments
    assert held.is_held
    assert anybody.get(f"{link(world)}/articles/{held.seq}/attachments/0").status == 404


def test_the_page_is_in_the_customers_language(world: World, anybody: Browser) -> None:
    world.mail(
        letter(
            "Hej, jeg kan ikke logge ind på min computer. Venlig hilsen Bo",
            sender="Bo <bo@customer.example>",
        )
    )
    from chalicelib.tickets.addressing import link_token

    page = anybody.get(f"/t/{link_token(world.ports.keys(), ticket(1002), 0)}")
    assert page.soup.html["lang"] == "da"
