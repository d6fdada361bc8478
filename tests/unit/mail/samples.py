"""Mails of our own, put together byte by byte as clients and servers send them."""

import base64

from hypothesis import settings

# How long an example takes depends on what else the machine does.
unhurried = settings(deadline=None)

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)

TOP = {
    "From": "Åse Holm <aase@example.com>",
    "To": "Desk <desk@example.org>",
    "Subject": "Printeren",
    "Message-ID": "<m1@example.com>",
    "Date": "Tue, 3 Mar 2026 10:11:12 +0100",
    "MIME-Version": "1.0",
}


def mail(body: bytes | str = b"Hej\r\n", charset: str = "utf-8", **fields: str) -> bytes:
    """A mail with these header fields ("_" for "-", an empty value leaves the field out)."""
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    merged = {**TOP, **named}
    head = "".join(f"{name}: {value}\r\n" for name, value in merged.items() if value)
    content = body.encode(charset) if isinstance(body, str) else body
    return head.encode(charset) + b"\r\n" + content


def part(
    body: bytes | str, content_type: str = "text/plain; charset=utf-8", **fields: str
) -> bytes:
    """One part of a multipart mail, with its header."""
    merged = {"Content-Type": content_type, **{k.replace("_", "-"): v for k, v in fields.items()}}
    head = "".join(f"{name}: {value}\r\n" for name, value in merged.items() if value)
    return head.encode() + b"\r\n" + (body.encode() if isinstance(body, str) else body)


def multipart(*parts: bytes, kind: str = "mixed", boundary: str = "b1") -> tuple[str, bytes]:
    """The Content-Type and the body of a multipart."""
    line = f"--{boundary}".encode()
    body = b"".join(line + b"\r\n" + content + b"\r\n" for content in parts) + line + b"--\r\n"
    return f'multipart/{kind}; boundary="{boundary}"', body


def multipart_mail(
    *parts: bytes, kind: str = "mixed", boundary: str = "b1", **fields: str
) -> bytes:
    content_type, body = multipart(*parts, kind=kind, boundary=boundary)
    return mail(body, Content_Type=content_type, **fields)


def nested(*parts: bytes, kind: str, boundary: str) -> bytes:
    """A multipart as a part of another one."""
    content_type, body = multipart(*parts, kind=kind, boundary=boundary)
    return part(body, content_type)


def attached(name: str, content: bytes, content_type: str = "application/pdf") -> bytes:
    return part(
        base64.encodebytes(content),
        content_type,
        Content_Transfer_Encoding="base64",
        Content_Disposition=f"attachment; {name}",
    )


def bounce(action: str, status: str, address: str = "bo@example.net") -> bytes:
    """A standard delivery report about one recipient."""
    report = (
        "Reporting-MTA: dns; mx.example.net\r\n\r\n"
        f"Final-Recipient: rfc822; {address}\r\nAction: {action}\r\nStatus: {status}\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 No such user\r\n"
    )
    return multipart_mail(
        part("It did not work.\r\n"),
        part(report, "message/delivery-status"),
        part("Subject: Printeren\r\n\r\nHej", "message/rfc822"),
        kind="report; report-type=delivery-status",
        boundary="r1",
        From="Mail Delivery System <MAILER-DAEMON@example.net>",
        Subject="Undelivered Mail Returned to Sender",
        Return_Path="<>",
        Auto_Submitted="auto-replied",
    )
