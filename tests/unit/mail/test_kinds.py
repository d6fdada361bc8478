"""Which mails a human wrote, and what reports say."""

import pytest

from chalicelib.mail.parse import FailedRecipient, MailKind, parse
from tests.unit.mail.samples import bounce, mail, multipart_mail, part


def kind(**fields: str) -> MailKind:
    return parse(mail("Hej", **fields)).kind


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"Auto_Submitted": "no"},
        {"Precedence": "normal"},
        {"X_Autoreply": "no"},
        {"X_Auto_Response_Suppress": "None"},
        {"Return_Path": "<aase@example.com>"},
        {"Subject": "Re: Automatic reply does not work"},
        {"Subject": "Out of office on Monday"},
        {"From": "nora.plyer@example.com"},
        {"Subject": "Undeliverable: my parcel"},
    ],
)
def test_a_mail_without_signs_of_a_machine_is_from_a_human(fields):
    assert kind(**fields) is MailKind.HUMAN


@pytest.mark.parametrize(
    "fields",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-replied (vacation)"},
        {"Precedence": "auto_reply"},
        {"X_Autoreply": "yes"},
        {"X_Autorespond": "Printeren"},
        {"Subject": "Automatisk svar: Printeren"},
        {"Subject": "=?utf-8?q?Automatyczna_odpowied=C5=BA=3A_X?="},
    ],
)
def test_an_absence_note_is_an_automatic_reply(fields):
    assert kind(**fields) is MailKind.AUTO_REPLY


@pytest.mark.parametrize(
    "fields",
    [
        {"Auto_Submitted": "auto-generated"},
        {"Auto_Submitted": "auto-notified; owner=x"},
        {"Precedence": "bulk"},
        {"Precedence": "junk"},
        {"X_Auto_Response_Suppress": "All"},
        {"X_Loop": "desk@example.org"},
        {"Return_Path": "<>"},
        {"From": "no-reply@example.com"},
        {"From": "shop+noreply@example.com"},
        {"From": "do_not_reply@example.com"},
        {"From": "MAILER-DAEMON@example.com"},
        {"From": "Postmaster <postmaster@example.com>"},
    ],
)
def test_what_a_machine_wrote_is_known_by_its_headers(fields):
    assert kind(**fields) is MailKind.AUTO_GENERATED


@pytest.mark.parametrize(
    "fields",
    [
        {"List_Id": "<users.example.com>"},
        {"List_Unsubscribe": "<https://example.com/u>", "Precedence": "bulk"},
        {"Precedence": "list"},
        {"Mailing_List": "list users@example.com"},
    ],
)
def test_a_mail_of_a_list_is_known(fields):
    assert kind(**fields) is MailKind.LIST


@pytest.mark.parametrize(
    ("action", "status", "expected"),
    [
        ("failed", "5.1.1", MailKind.BOUNCE),
        ("failed", "5.2.2 (mailbox full)", MailKind.BOUNCE),
        ("delayed", "4.4.1", MailKind.DELAYED),
        ("failed", "4.4.7", MailKind.DELAYED),
        ("delayed", "", MailKind.BOUNCE),
    ],
)
def test_a_report_tells_a_failure_from_a_delay(action, status, expected):
    read = parse(bounce(action, status))
    assert read.kind is expected
    assert [failed.address for failed in read.failed] == ["bo@example.net"]
    assert read.failed[0].is_permanent is (expected is MailKind.BOUNCE)


def test_a_report_of_success_names_nobody():
    read = parse(bounce("delivered", "2.0.0"))
    assert (read.kind, read.failed) == (MailKind.AUTO_GENERATED, ())


def test_a_report_names_the_address_that_was_written_to():
    report = (
        "Reporting-MTA: dns; mx.example.net\r\n\r\n"
        "Original-Recipient: rfc822;bo@example.com\r\nFinal-Recipient: rfc822;b7@Example.NET\r\n"
        "Action: failed\r\nStatus: 5.1.1\r\n\r\n"
        "Final-Recipient: rfc822;ida@example.net\r\nAction: failed\r\nStatus: 4.2.2\r\n"
        "Diagnostic-Code: smtp; 452 4.2.2 Mailbox full\r\n\r\n"
        "Final-Recipient: rfc822;ok@example.net\r\nAction: relayed\r\nStatus: 2.0.0\r\n"
    )
    read = parse(
        multipart_mail(
            part("Sorry"),
            part(report, "message/delivery-status"),
            kind="report; report-type=delivery-status",
        )
    )
    assert read.kind is MailKind.BOUNCE
    assert read.failed == (
        FailedRecipient("bo@example.com", "5.1.1", ""),
        FailedRecipient("ida@example.net", "4.2.2", "452 4.2.2 Mailbox full"),
    )


@pytest.mark.parametrize(
    ("fields", "text", "expected", "failed"),
    [
        (
            {"From": "MAILER-DAEMON@example.net", "Subject": "failure notice"},
            (
                "Hi.\r\n\r\n<bo@example.com>:\r\n192.0.2.1 does not like recipient.\r\n"
                "Remote host said: 550 5.1.1 no such user\r\n\r\n"
                "--- Below this line is a copy of the message.\r\n\r\n<aase@example.com>:\r\n"
            ),
            MailKind.BOUNCE,
            [("bo@example.com", "5.1.1")],
        ),
        (
            {
                "From": "Mail Delivery System <mailer-daemon@example.net>",
                "Subject": "Mail delivery failed: returning message to sender",
                "X_Failed_Recipients": "bo@example.com",
            },
            "A message could not be delivered:\r\n\r\n  bo@example.com\r\n    552 quota exceeded",
            MailKind.BOUNCE,
            [("bo@example.com", "5.0.0")],
        ),
        (
            {
                "From": "postmaster@example.net",
                "Subject": "Warning: message delayed; Delivery Status Notification",
            },
            "bo@example.com\r\n\r\n421 try again",
            MailKind.DELAYED,
            [("bo@example.com", "4.0.0")],
        ),
    ],
)
def test_a_bounce_in_prose_is_understood(fields, text, expected, failed):
    read = parse(mail(text, **fields))
    assert read.kind is expected
    assert [(recipient.address, recipient.status) for recipient in read.failed] == failed


def test_a_complaint_is_feedback():
    read = parse(
        multipart_mail(
            part("This is an abuse report."),
            part("Feedback-Type: abuse\r\nVersion: 1\r\n", "message/feedback-report"),
            kind="report; report-type=feedback-report",
        )
    )
    assert read.kind is MailKind.FEEDBACK


def test_a_read_receipt_is_generated():
    read = parse(
        multipart_mail(
            part("Your message was displayed."),
            part("Disposition: manual-action/MDN-sent-manually; displayed\r\n"),
            kind="report; report-type=disposition-notification",
        )
    )
    assert read.kind is MailKind.AUTO_GENERATED


def test_a_forwarded_bounce_is_still_from_its_human():
    read = parse(
        multipart_mail(part("What is this?"), part(bounce("failed", "5.1.1"), "message/rfc822"))
    )
    assert (read.kind, read.failed) == (MailKind.HUMAN, ())


ORIGINAL = (
    "Message-ID: <own@example.org>\r\nIn-Reply-To: <a3@example.com>\r\n"
    "References: <a1@example.com>\r\n\t<a2@example.com> <a3@example.com>\r\n"
    "Subject: Re: Printeren\r\n"
)
RETURNED = ("own@example.org", "a3@example.com", "a2@example.com", "a1@example.com")
STATUS = "Final-Recipient: rfc822; bo@example.net\r\nAction: {}\r\nStatus: {}\r\n"


@pytest.mark.parametrize(
    "content_type", ["message/rfc822", "text/rfc822-headers", "message/global-headers"]
)
@pytest.mark.parametrize(("action", "status"), [("failed", "5.1.1"), ("delayed", "4.4.1")])
def test_a_report_names_the_ids_of_the_mail_that_it_returns(content_type, action, status):
    read = parse(
        multipart_mail(
            part("It did not work."),
            part(STATUS.format(action, status), "message/delivery-status"),
            part(ORIGINAL, content_type),
            kind="report",
        )
    )
    assert read.returned_ids == RETURNED
    assert (read.message_id, read.references) == ("m1@example.com", ())


@pytest.mark.parametrize("mark", ["", "> ", "    "])
def test_a_bounce_in_prose_names_the_ids_of_the_mail_that_it_returns(mark):
    lines = "\r\n".join(mark + line for line in ORIGINAL.splitlines())
    read = parse(
        mail(
            f"bo@example.net: 550 no such user\r\n\r\n--- Original message ---\r\n{lines}",
            From="MAILER-DAEMON@example.net",
            Subject="Undelivered Mail Returned to Sender",
        )
    )
    assert read.kind is MailKind.BOUNCE
    assert read.returned_ids == RETURNED


def test_a_complaint_names_the_ids_of_the_mail_that_it_is_about():
    report = part("Feedback-Type: abuse\r\n", "message/feedback-report")
    read = parse(multipart_mail(report, part(ORIGINAL, "message/rfc822"), kind="report"))
    assert read.kind is MailKind.FEEDBACK
    assert read.returned_ids == RETURNED


def test_a_mail_that_is_no_report_returns_nothing():
    read = parse(multipart_mail(part("Se her"), part(ORIGINAL, "message/rfc822")))
    assert read.returned_ids == ()


def test_of_many_ids_in_a_returned_mail_the_nearest_are_named():
    thread = " ".join(f"<a{number}@example.com>" for number in range(90))
    report = part(STATUS.format("failed", "5.0.0"), "message/delivery-status")
    original = part(f"Message-ID: <own@x>\r\nReferences: {thread}\r\n", "message/rfc822")
    ids = parse(multipart_mail(report, original, kind="report")).returned_ids
    assert len(ids) == 20
    assert ids[:3] == ("own@x", "a89@example.com", "a88@example.com")
