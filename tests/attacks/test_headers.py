"""No value from outside becomes a header: not of a mail, and not of an answer."""

from __future__ import annotations

import json
from email.message import Message
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from tests.attacks.scene import (
    Opened,
    answer,
    browser_of,
    customer,
    link_in,
    mail_of,
    numbers_of,
    opened,
    part_of,
    renamed,
    write,
)
from tests.aws_calls import aws_client
from tests.web.browser import Browser, filled
from tests.web.calls import api, request
from tests.world import World

VICTIM = "all@victim.example"
BREAKS = ("\r\n", "\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\r\n ")
KNOWN = {
    "from", "to", "reply-to", "subject", "date", "message-id", "in-reply-to", "references",
    "mime-version", "content-type", "content-language", "auto-submitted",
    "x-auto-response-suppress", "thread-topic", "thread-index",
}  # fmt: skip


def encoded(text: str) -> str:
    return "=?utf-8?q?" + "".join(f"={byte:02X}" for byte in text.encode()) + "?="


def assert_sound(world: World, *mails: Message) -> None:
    """Nothing but our own headers, each one once, and nobody new among the recipients."""
    assert mails
    for mail in mails:
        names = [name.lower() for name in mail.keys()]  # noqa: SIM118 - a message is no mapping
        assert set(names) <= KNOWN
        assert len(names) == len(set(names))
        assert mail["Bcc"] is None
        assert not mail.defects
    assert VICTIM not in [to for _, to in world.envelopes]


def test_a_line_break_in_a_subject_starts_no_header(world: World) -> None:
    """CVE-2024-6923: a line break in an encoded word became one in the header."""
    subject = " ".join(encoded(f"{line_break}Bcc: {VICTIM}") for line_break in BREAKS)
    kim = customer()
    raw = mail_of(kim).as_bytes().replace(b"Subject: Printer", f"Subject: {subject}".encode())
    world.mail(raw)
    case = Opened(numbers_of(world, kim)[0], kim)
    assert_sound(world, *world.mails_to(kim.address), answer(world, case))


def test_a_line_break_in_a_senders_name_starts_no_header(world: World) -> None:
    """CVE-2026-1299: the writer of headers did not quote line breaks."""
    for line_break in ("\r\n", "\n", "\u2028"):
        kim = customer()
        name = f'Kim{line_break}Bcc: {VICTIM}{line_break}" <{VICTIM}>,'
        world.mail(renamed(mail_of(kim), kim, name))
        assert_sound(world, *world.mails_to(kim.address))
    case = Opened(numbers_of(world, kim)[0], kim)
    assert_sound(world, answer(world, case))


def test_a_message_id_writes_no_header_of_the_answer(world: World) -> None:
    """CVE-2024-6923: what is copied from mail to mail is folded and quoted once more."""
    for message_id in (
        f"<a@b\r\n Bcc: {VICTIM}>",
        encoded(f"<a@b\r\nBcc: {VICTIM}>"),
        f"<a@b>\r\n\tBcc: {VICTIM}",
        "<" + "a" * 900 + "@b>",
        "<\u00e6@b>",
    ):
        kim = customer()
        raw = mail_of(kim, message_id="<placeholder@b>").as_bytes()
        world.mail(raw.replace(b"<placeholder@b>", message_id.encode()))
        assert_sound(world, answer(world, Opened(numbers_of(world, kim)[0], kim)))


def test_fields_of_the_api_start_no_header(world: World) -> None:
    """CVE-2025-48388: control characters in fields that end up in headers."""
    broken = f"\r\nBcc: {VICTIM}"
    email = f"{customer().address}"
    asked = {"requester": {"name": f"Kim{broken}", "email": email}, "subject": f"Hi{broken}"}
    made = api(world, "POST", "/api/v1/tickets", {**asked, "body": "text", "group": "support"})
    world.settle()
    if made.status == 201:
        number = made.body["number"]
        api(world, "PATCH", f"/api/v1/tickets/{number}", {"subject": f"Again{broken}"})
        assert write(world, number, f"Reply{broken}").status == 201
        assert_sound(world, *world.mails_to(email))
    asked = {"requester": f"{email}{broken}", "subject": "Hi", "body": "text", "group": "support"}
    assert api(world, "POST", "/api/v1/tickets", asked).status == 400
    world.settle()
    assert VICTIM not in [to for _, to in world.envelopes]


@pytest.mark.parametrize("name", [f"a\r\nBcc: {VICTIM}.txt", "\u202egnp.txt", "a/../../b.txt"])
def test_the_name_of_an_agents_file_starts_no_header(world: World, name: str) -> None:
    """Class: header injection by the name of a file that goes along with an answer."""
    case = opened(world)
    upload = api(world, "POST", "/api/v1/uploads", {"name": "a.txt"}).body["id"]
    aws_client("s3").put_object(
        Bucket="files", Key=f"uploads/{upload}", Body=b"x", ContentType="text/plain"
    )
    written = write(world, case.number, "See this.", attachments=[{"id": upload, "name": name}])
    if written.status == 201:
        sent = world.mails_to(case.customer.address)[-1]
        assert "See this." in part_of(sent, "text/plain")
        assert_sound(world, sent)
        (file,) = [part for part in sent.walk() if part.get_filename()]
        assert not set(str(file.get_filename())) & set("\r\n/\\\u202e")


def test_a_line_break_in_an_address_starts_no_header_of_an_answer(world: World) -> None:
    """Class: response splitting by a query that is repeated in a redirect."""
    opened(world)
    for path in (
        "/agent/inbox?view=%0d%0aSet-Cookie:%20a=b",
        "/agent/tickets/1001?notice=%0d%0aLocation:%20//else.example",
        "/agent/tickets/1001%0d%0aSet-Cookie:%20a=b",
        "/agent/sign-in?back_to=/agent/inbox%0d%0aSet-Cookie:%20a=b",
        "/t/a%0d%0aSet-Cookie:%20a=b",
    ):
        for browser in (Browser(world), browser_of(world, "anna")):
            found = browser.get(path)
            assert found.status < 500, path
            assert not [value for value in found.headers.values() if set(value) & set("\r\n")]
            assert "a=b" not in found.headers.get("set-cookie", "")


def test_nobody_is_led_away_by_the_sign_in(world: World) -> None:
    """Class: open redirect after signing in."""
    for back_to in (
        "https://else.example/agent/inbox",
        "//else.example",
        "/\\else.example",
        "/agent/..//else.example",
        "/agent@else.example",
        "\t//else.example",
        "javascript:alert(1)",
        "/agent/inbox\r\nSet-Cookie: a=b",
        "/agent/inbox#//else.example",
    ):
        page = Browser(world).get(f"/agent/sign-in?back_to={quote(back_to)}")
        hidden = page.soup.select('input[name="back_to"]')
        assert [tag["value"] for tag in hidden if tag.get("value")] == []
        assert "else.example" not in page.body


def test_who_has_signed_in_stays_at_the_desk(world: World) -> None:
    """Class: open redirect, by what the form sends whatever the page said."""
    anybody = Browser(world)
    page = anybody.get("/agent/sign-in")
    typed = {"email": "anna@agents.example", "password": "Correct-horse-9"}
    entered = anybody.submit(page, "/agent/sign-in", **typed)
    assert entered.location == "/agent/inbox"
    for back_to in ("//else.example", "https://else.example", "/agent/\\else.example"):
        anybody = Browser(world)
        token = filled(anybody.get("/agent/sign-in").form("/agent/sign-in"))["csrf_token"]
        fields = {**typed, "csrf_token": token, "back_to": back_to}
        found = anybody.post("/agent/sign-in", fields)
        assert found.location == "/agent/inbox"


def test_the_host_of_a_request_is_in_no_mail_and_no_link(world: World) -> None:
    """Class: a forged Host header, whose links are mailed to others."""
    forged = {"Host": "else.example", "X-Forwarded-Host": "else.example"}
    email = customer().address
    asked = {"requester": email, "subject": "Hi", "body": "text", "group": "support"}
    made = api(world, "POST", "/api/v1/tickets", asked, headers=forged)
    world.settle()
    assert made.headers["location"].startswith("https://desk.example/")
    assert "else.example" not in json.dumps(made.body)
    (ack,) = world.mails_to(email)
    assert "else.example" not in ack.as_string()
    page = request(world, "GET", link_in(ack), headers={"Accept": "text/html", **forged})
    assert page.status == 200
    assert "else.example" not in page.body
    away = request(world, "GET", "/agent/inbox", headers={"Accept": "text/html", **forged})
    assert urlsplit(away.headers["location"]).netloc == ""
    assert parse_qs(urlsplit(away.headers["location"]).query) == {"back_to": ["/agent/inbox"]}
