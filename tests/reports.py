"""Reports of mail systems about mails of ours that did not arrive."""

from __future__ import annotations

from email.message import Message

REPORT = """From: Mail Delivery System <mailer-daemon@{host}>
To: {to}
Subject: Undelivered Mail Returned to Sender
Date: Mon, 02 Mar 2026 10:10:00 +0100
Message-ID: <report{seed}@{host}>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

The mail to {failed} could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; {host}

Final-Recipient: rfc822; {failed}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 no such user

--b
Content-Type: text/rfc822-headers

{headers}

--b--
"""


def report(
    sent: Message,
    *,
    failed: str = "kim@customer.example",
    status: str = "5.1.1",
    headers: str | None = None,
) -> bytes:
    """The report that a mail did not reach an address; `headers` are those it returns."""
    returned = headers or f"Message-ID: {sent['Message-ID']}\nReferences: {sent['References']}"
    return REPORT.format(
        host="mx.customer.example",
        to="support@desk.example",
        failed=failed,
        status=status,
        action="failed" if status.startswith("5") else "delayed",
        headers=returned,
        seed=abs(hash((failed, status, returned))),
    ).encode()
