"""What the local stack makes of a mail: the copy and the event that SES would have made."""

from datetime import UTC, datetime

import pytest

from infra.local.receiving import Receipt, digest, event, is_ours, on_the_wire, stored_copy

FUNCTION = "arn:aws:lambda:eu-west-1:000000000042:function:inbound"
RAW = (
    b"From: Kari <kari@customer.example>\r\n"
    b"To: Desk <support@desk.example>, b@desk.example\r\n"
    b"Subject: Printer\r\n on fire\r\n"
    b"Message-ID: <1@customer.example>\r\n\r\nHelp: now\r\n"
)


def receipt(**changes) -> Receipt:
    standard = {
        "id": "a" * 40,
        "at": datetime(2026, 3, 1, 12, 0, 0, 250000, tzinfo=UTC),
        "peer": "127.0.0.1",
        "helo": "mail.customer.example",
        "sender": "kari@customer.example",
        "recipients": ("support+x@desk.example",),
        "verdicts": {},
    }
    return Receipt(**{**standard, **changes})


def test_the_stored_copy_is_the_mail_under_what_ses_writes_above_it():
    copy = stored_copy(receipt(verdicts={"spam": "FAIL", "dkim": "GRAY"}), RAW)
    assert copy.endswith(RAW)
    head = copy.removesuffix(RAW).decode()
    assert head.startswith("Return-Path: <kari@customer.example>\r\nReceived: from mail.customer")
    assert "X-SES-Spam-Verdict: FAIL\r\n" in head
    assert "X-SES-Virus-Verdict: PASS\r\n" in head
    assert "dkim=gray; dmarc=pass" in head


def test_the_event_names_the_mail_as_ses_does():
    record = event(receipt(), RAW, FUNCTION)["Records"][0]
    assert (record["eventSource"], record["eventVersion"]) == ("aws:ses", "1.0")
    mail = record["ses"]["mail"]
    assert mail["timestamp"] == "2026-03-01T12:00:00.250Z"
    assert mail["messageId"] == "a" * 40
    assert mail["destination"] == ["support+x@desk.example"]
    assert {"name": "Subject", "value": "Printer on fire"} in mail["headers"]
    assert mail["commonHeaders"]["to"] == ["Desk <support@desk.example>", "b@desk.example"]
    assert not mail["headersTruncated"]


def test_the_body_is_no_header():
    headers = event(receipt(), RAW, FUNCTION)["Records"][0]["ses"]["mail"]["headers"]
    assert "Help" not in {header["name"] for header in headers}


def test_a_passing_mail_passes_every_check_and_has_no_policy():
    told = event(receipt(), RAW, FUNCTION)["Records"][0]["ses"]["receipt"]
    verdicts = {name: value for name, value in told.items() if name.endswith("Verdict")}
    assert len(verdicts) == 5
    assert all(value == {"status": "PASS"} for value in verdicts.values())
    assert "dmarcPolicy" not in told
    assert told["action"] == {
        "type": "Lambda",
        "functionArn": FUNCTION,
        "invocationType": "Event",
    }


def test_a_failed_dmarc_check_names_the_policy():
    told = event(receipt(verdicts={"dmarc": "FAIL"}), RAW, FUNCTION)["Records"][0]["ses"]["receipt"]
    assert told["dmarcVerdict"] == {"status": "FAIL"}
    assert told["dmarcPolicy"] == "reject"


def test_a_long_header_is_cut_and_said_to_be():
    raw = b"X-Long: " + b"x" * 20_000 + b"\r\nSubject: late\r\n\r\n"
    mail = event(receipt(), raw, FUNCTION)["Records"][0]["ses"]["mail"]
    assert mail["headersTruncated"]
    assert "Subject" not in {header["name"] for header in mail["headers"]}


@pytest.mark.parametrize(
    ("recipient", "is_taken"),
    [
        ("support@desk.example", True),
        ("Support@DESK.example", True),
        ("support+t1.abc@desk.example", True),
        ("supporter@desk.example", False),
        ("support@other.example", False),
        ("nobody", False),
    ],
)
def test_a_rule_takes_its_address_with_whatever_follows_a_plus(recipient, is_taken):
    assert is_ours(recipient, {"support@desk.example"}) is is_taken


def test_a_file_and_what_came_of_it_over_smtp_have_one_digest():
    file = b"Subject: x\n\nline\n\n"
    assert digest(file) == digest(on_the_wire(file))
    assert on_the_wire(file) == b"Subject: x\r\n\r\nline\r\n"
