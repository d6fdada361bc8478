"""Who meets in an attack: customers of their own, their tickets, and what anybody sees of them.

A test sees the desk as people and programs do: by mail, by the API, in a browser.
"""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from email.message import EmailMessage, Message
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from chalicelib.desk.service import live_desk
from chalicelib.web import session
from tests.web.browser import Browser
from tests.web.calls import Answer, api
from tests.world import World, letter

# What SES says of a mail that anybody may have sent.
FORGED = {"spf": "FAIL", "dkim": "FAIL", "dmarc": "FAIL", "dmarc_policy": "none"}
_people = count(1)
_ids = count(1)


@dataclass(frozen=True)
class Person:
    """Somebody outside, whom no other test knows."""

    name: str
    address: str

    @property
    def sender(self) -> str:
        return f"{self.name} <{self.address}>"


@dataclass(frozen=True)
class Opened:
    """A ticket and who asked."""

    number: int
    customer: Person


def customer(name: str = "Kim") -> Person:
    place = next(_people)
    return Person(f"{name} {place}", f"{name.lower()}{place}@customer.example")


def stranger() -> Person:
    place = next(_people)
    return Person(f"Eve {place}", f"eve{place}@else.example")


def mail_of(person: Person, text: str = "My printer is broken.", **headers: str) -> EmailMessage:
    """A mail with an id that no other mail has, unless one is given."""
    headers.setdefault("message_id", f"<m{next(_ids)}@{person.address.partition('@')[2]}>")
    given = {name: " ".join(value.split()) for name, value in headers.items()}
    return letter(text, **{"sender": person.sender, **given})


def send(world: World, person: Person, text: str, **headers: str) -> None:
    """A mail that SES vouches for."""
    world.mail(mail_of(person, text, **headers))


def forge(world: World, person: Person, text: str, **headers: str) -> None:
    """A mail that says to be theirs, and that nobody vouches for."""
    world.mail(mail_of(person, text, **headers), verdicts=FORGED)


def renamed(mail: EmailMessage, person: Person, name: str) -> bytes:
    """The mail with any name at all before its sender's address."""
    word = f"=?utf-8?b?{b64encode(name.encode()).decode()}?= <{person.address}>"
    return mail.as_bytes().replace(person.sender.encode(), word.encode())


def opened(world: World, text: str = "My printer is broken.", **headers: str) -> Opened:
    """A new customer's new ticket."""
    asking = customer()
    send(world, asking, text, **headers)
    (number,) = numbers_of(world, asking)
    return Opened(number, asking)


def numbers_of(world: World, person: Person) -> list[int]:
    """The tickets on somebody's list."""
    found = api(world, "GET", f"/api/v1/tickets?requester={person.address}")
    return [int(row["number"]) for row in found.body["items"]]


def ticket(world: World, number: int) -> dict[str, Any]:
    found: dict[str, Any] = api(world, "GET", f"/api/v1/tickets/{number}").body
    return found


def articles(world: World, number: int) -> list[dict[str, Any]]:
    return list(ticket(world, number)["articles"])


def in_the_open(world: World, number: int) -> list[str]:
    """The texts on a ticket that its customer sees or will be sent."""
    return [
        article["text"]
        for article in articles(world, number)
        if article["kind"] == "reply" and not article["is_held"]
    ]


def write(world: World, number: int, body: str, **fields: Any) -> Answer:
    """An agent's reply, or what `kind` says, by API, with all that follows from it."""
    sent = {"kind": "reply", "body": body, **fields}
    found = api(world, "POST", f"/api/v1/tickets/{number}/articles", sent)
    world.settle()
    return found


def answer(world: World, case: Opened, body: str = "Switch it off and on.") -> Message:
    """What the customer is mailed when an agent answers."""
    assert write(world, case.number, body).status == 201
    return world.mails_to(case.customer.address)[-1]


def accept_everything(world: World, number: int) -> None:
    """An agent takes every held article as the customer's."""
    for article in articles(world, number):
        if article["is_held"]:
            path = f"/api/v1/tickets/{number}/articles/{article['id']}/accept"
            assert api(world, "POST", path).status == 200
    world.settle()


def part_of(message: Message, kind: str) -> str:
    """The text or the HTML of a mail of ours."""
    part = next(part for part in message.walk() if part.get_content_type() == kind)
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content.decode()


def whole(message: Message) -> str:
    """Everything in a mail of ours that somebody reads."""
    return (
        f"{message['Subject']}\n{part_of(message, 'text/plain')}\n{part_of(message, 'text/html')}"
    )


def reply_address(message: Message) -> str:
    return str(message["Reply-To"])


def link_in(message: Message) -> str:
    """The path of the customer's page, from the mail."""
    found = re.search(r"https://desk\.example(/t/\S+)", part_of(message, "text/plain"))
    assert found
    return urlsplit(found[1]).path


def browser_of(world: World, agent: str) -> Browser:
    """A browser in which an agent is signed in."""
    value = session.start(world.ports, live_desk(world.ports).agents[agent])
    return Browser(world, cookies={session.name(world.ports): value})


def suspended(world: World) -> list[dict[str, Any]]:
    return list(api(world, "GET", "/api/v1/suspended?limit=100").body["items"])
