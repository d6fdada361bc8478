"""A mail takes a second at most, whatever it is made of, and is on the desk afterwards."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from chalicelib.mail.parse import parse
from tests.attacks.burning import MAILS
from tests.attacks.inert import flaws
from tests.attacks.scene import (
    Opened,
    answer,
    browser_of,
    customer,
    in_the_open,
    link_in,
    mail_of,
    numbers_of,
    send,
    suspended,
)
from tests.web.browser import Browser
from tests.world import World

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def outcomes() -> dict[str, str]:
    found = subprocess.run(
        [sys.executable, "-m", "tests.attacks.burning"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        timeout=120,
    )
    result: dict[str, str] = json.loads(found.stdout)
    return result


@pytest.mark.slow
@pytest.mark.parametrize("name", MAILS)
def test_no_mail_burns_more_than_a_second(outcomes: dict[str, str], name: str) -> None:
    """CVE-2021-21439, CVE-2021-36093, CVE-2026-48187, CVE-2026-27859 and CVE-2019-15542."""
    assert outcomes[name] == "read"


def test_a_mail_of_nothing_but_control_characters_is_on_the_desk(world: World) -> None:
    """Class: bytes that the store, the page or the answer cannot carry stop all mail behind it."""
    kim = customer()
    odd = "".join(map(chr, [*range(32), 127, 0x85, 0xFEFF, 0xFFFE, 0x2028, 0x202E]))
    raw = mail_of(kim, "placeholder").as_bytes()
    raw = raw.replace(
        b"Subject: Printer", b"Subject: =?utf-8?b?AAECAwQFBgcICQoLDA0ODw==?= \xff\xfe"
    )
    world.mail(
        raw.replace(b"placeholder", f"before {odd} after \ud800".encode(errors="surrogatepass"))
    )
    case = Opened(numbers_of(world, kim)[0], kim)
    assert "after" in in_the_open(world, case.number)[0]
    sent = answer(world, case)
    page = browser_of(world, "anna").get(f"/agent/tickets/{case.number}")
    assert page.status == 200
    assert flaws(page.body) == []
    assert Browser(world).get(link_in(sent)).status == 200


def test_a_mail_that_nobody_can_read_stops_none_behind_it(world: World) -> None:
    """CVE-2021-36093: a mail that got stuck in the filters kept all others waiting."""
    for raw in (b"", b"\0" * 10_000, b"\xff" * 10_000, b"\r\n\r\n", b"From: \r\n\r\nx"):
        ses_id = world.put_mail(raw)
        event = world.ses_event(
            ses_id, b"To: support@desk.example\n\nx", envelope_from="e@else.example"
        )
        world.call("inbound_mail", event)
    world.settle()
    assert world.outbox == []
    assert len(suspended(world)) == 5
    kim = customer()
    send(world, kim, "And mine?")
    assert len(numbers_of(world, kim)) == 1


def test_a_mail_of_thousands_of_parts_is_kept_up_to_a_number() -> None:
    """CVE-2026-48187: nothing limited what one mail made the desk keep."""
    part = b"--b\r\nContent-Type: image/png\r\nContent-Disposition: attachment\r\n\r\nx\r\n"
    head = mail_of(customer()).as_bytes().partition(b"Content-Type")[0]
    kind = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nSee them all.\r\n"
    read = parse(head + kind + part * 5_000 + b"--b--\r\n")
    assert "See them all." in read.text
    assert 100 <= len(read.attachments) <= 500
