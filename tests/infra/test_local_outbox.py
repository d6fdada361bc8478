"""What the local stack does with a mail that is sent: id, headers, fate, and the file."""

import json
import re

import pytest

from infra.local.outbox import Sent, fates, keep, send

RAW = (
    b"Message-ID:\r\n <own@desk.example>\r\nDate: yesterday\r\n"
    b"From: Desk <support@desk.example>\r\nTo: kari@customer.example\r\n"
    b"Bcc: secret@desk.example\r\nIn-Reply-To: <1@customer.example>\r\n"
    b"Subject: Re: Printer\r\n\r\nMessage-ID: in the body\r\n"
)
TAGS = {"ses:configuration-set": ["desk"]}


def sent(recipient: str = "kari@customer.example") -> Sent:
    return send(RAW, sender="support@desk.example", recipients=[recipient])


def test_message_id_and_date_are_replaced_and_nothing_else():
    mail = sent()
    lines = mail.raw.split(b"\r\n")
    assert lines[0] == f"Message-ID: <{mail.id}@eu-west-1.amazonses.com>".encode()
    assert re.match(rb"Date: \w{3}, \d\d? \w{3} \d{4} ", lines[1])
    assert b"own@desk.example" not in mail.raw
    assert b"yesterday" not in mail.raw
    assert b"secret" not in mail.raw
    assert mail.raw.endswith(b"Subject: Re: Printer\r\n\r\nMessage-ID: in the body\r\n")
    assert b"In-Reply-To: <1@customer.example>\r\n" in mail.raw


def test_a_mail_with_bare_line_ends_keeps_them():
    mail = send(
        b"Subject: x\nDate: y\n\nbody\n", sender="a@desk.example", recipients=["b@c.example"]
    )
    assert mail.raw.endswith(b"\nSubject: x\n\nbody\n")
    assert b"\r" not in mail.raw


def test_recipients_that_are_not_named_are_read_from_the_header():
    assert send(RAW, sender="", recipients=[]).recipients == (
        "kari@customer.example",
        "secret@desk.example",
    )


def test_ids_differ_and_sort_by_time():
    first, second = sent(), sent()
    assert first.id != second.id
    assert first.id[:16] <= second.id[:16]


def test_a_kept_mail_lies_beside_its_envelope(tmp_path):
    mail = sent()
    path = keep(tmp_path / "outbox", mail)
    assert path.read_bytes() == mail.raw
    assert path.name.endswith(f"-{mail.id}.eml")
    envelope = json.loads(path.with_suffix(".json").read_text())
    assert envelope == {"from": "support@desk.example", "to": ["kari@customer.example"]}
    assert len(list(path.parent.iterdir())) == 2


@pytest.mark.parametrize(
    ("recipient", "expected"),
    [
        ("kari@customer.example", ["Email Delivered"]),
        ("success@simulator.amazonses.com", ["Email Delivered"]),
        ("Bounce+1@simulator.amazonses.com", ["Email Bounced"]),
        ("suppressionlist@simulator.amazonses.com", ["Email Bounced"]),
        ("complaint@simulator.amazonses.com", ["Email Delivered", "Email Complaint Received"]),
    ],
)
def test_the_simulator_decides_the_fate(recipient, expected):
    assert [fate.detail_type for fate in fates(sent(recipient), TAGS)] == expected


def test_a_bounce_is_permanent_and_names_the_mail_and_the_configuration_set():
    mail = sent("bounce@simulator.amazonses.com")
    (fate,) = fates(mail, TAGS)
    assert fate.kind == "BOUNCE"
    assert fate.detail["eventType"] == "Bounce"
    assert fate.detail["mail"]["messageId"] == mail.id
    assert fate.detail["mail"]["tags"]["ses:configuration-set"] == ["desk"]
    assert fate.detail["bounce"]["bounceType"] == "Permanent"
    assert fate.detail["bounce"]["bouncedRecipients"][0]["emailAddress"] == mail.recipients[0]
    json.dumps(fate.detail)


def test_every_recipient_has_a_fate_of_its_own():
    mail = send(RAW, sender="", recipients=["a@b.example", "bounce@simulator.amazonses.com"])
    assert [fate.kind for fate in fates(mail, TAGS)] == ["DELIVERY", "BOUNCE"]
