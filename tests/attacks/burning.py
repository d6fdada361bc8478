"""Mails that burn CPU or memory wherever they are read without care; run apart, with a limit.

`python -m tests.attacks.burning` reads each of them in a process of its own, which the system kills
after a second of CPU or at a gigabyte, and prints what became of it as JSON.
"""

from __future__ import annotations

import json
import os
import resource
import struct
import sys
from collections.abc import Callable

CPU_SECONDS = 1
MEMORY = 1_500_000_000
Made = Callable[[], bytes]


def _mail(body: str | bytes, kind: str = "text/plain; charset=utf-8", **fields: str) -> bytes:
    given = {"From": "eve@else.example", "To": "support@desk.example", "Subject": "Hello", **fields}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in given.items())
    content = body if isinstance(body, bytes) else body.encode()
    return f"{head}Content-Type: {kind}\r\n\r\n".encode() + content


def _html(body: str) -> bytes:
    return _mail(body, "text/html; charset=utf-8")


def _tnef() -> bytes:
    """A winmail.dat whose every length and number claims to be endless."""
    properties = struct.pack("<IHHI", 0xFFFFFFFF, 0x101F, 0x3707, 0xFFFFFFFF) + b"\xff" * 64
    attributes = b"".join(
        struct.pack("<BII", 2, attribute, len(properties)) + properties + b"\0\0"
        for attribute in (0x9002, 0x9005) * 2_000
    )
    return struct.pack("<IH", 0x223E9F78, 1) + attributes


def _report() -> bytes:
    block = "Final-Recipient: rfc822; a@else.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
    parts = f"--b\r\n\r\nx\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n{block * 20_000}"
    return _mail(f"{parts}--b--", "multipart/report; report-type=delivery-status; boundary=b")


def _nested(kind: str) -> bytes:
    return _mail(
        "".join(f"--b{n}\r\nContent-Type: {kind}; boundary=b{n + 1}\r\n\r\n" for n in range(5_000)),
        f"{kind}; boundary=b0",
    )


MAILS: dict[str, Made] = {
    "an address of a page without end": lambda: _mail("http://" + "a." * 200_000),
    "many addresses of pages": lambda: _mail("www.a.example/?x=%20&amp;y=(" * 20_000),
    "an address of a page in brackets": lambda: _mail("<http://[" * 50_000),
    "quote marks": lambda: _mail("> " * 300_000),
    "quote marks, line by line": lambda: _mail(">" * 400 + "\n" + (">" * 400 + " x\n") * 2_000),
    "quote headers": lambda: _mail(
        "On Mon, 2 Mar 2026 at 10:00, Kim <kim@a.example> wrote:\n" * 8_000
    ),
    "half a quote header": lambda: _mail("On " + "Mon, 2 Mar 2026, " * 30_000),
    "Outlook's blocks": lambda: _mail("From: Kim\nSent: now\nTo: Bo\nSubject: x\n\n" * 8_000),
    "forwarding lines": lambda: _mail("-----Original Message-----\n" * 15_000),
    "underscores": lambda: _mail("_" * 500_000 + "\n" + "-" * 500_000),
    "blanks": lambda: _mail("x" + " " * 800_000 + "y" + "\t" * 200_000),
    "empty lines": lambda: _mail("x" + "\n" * 800_000 + "y" + "\r\n" * 100_000),
    "signatures": lambda: _mail("-- \nKim\n" * 50_000),
    "one long word": lambda: _mail("a" * 1_500_000),
    "soft line breaks": lambda: _mail("a \n" * 200_000, "text/plain; format=flowed; delsp=yes"),
    "prefixes of a subject": lambda: _mail("x", Subject="Re: " * 16_000),
    "tags in a subject": lambda: _mail("x", Subject="[#1-" * 16_000),
    "encoded words": lambda: _mail("x", Subject=" ".join(["=?utf-8?q?=C3=A4?="] * 3_000)),
    "half encoded words": lambda: _mail("x", Subject="=?utf-8?q?" * 6_000 + "?" * 6_000),
    "parameters": lambda: _mail("x", "text/plain" + "".join(f"; a*{n}*=x" for n in range(9_000))),
    "quoted parameters": lambda: _mail("x", 'text/plain; a="' + "\\" * 60_000),
    "half parameters": lambda: _mail("x", "text/plain" + " ; a b c" * 8_000),
    "recipients": lambda: _mail("x", Cc=", ".join(f"a{n}@b.example" for n in range(100_000))),
    "comments in an address": lambda: _mail("x", Cc="(" * 60_000),
    "quotes in an address": lambda: _mail("x", Cc='"\\' * 30_000),
    "angles in an address": lambda: _mail("x", Cc="<" * 30_000 + ">" * 30_000),
    "groups in an address": lambda: _mail("x", Cc="a:b;" * 15_000),
    "references": lambda: _mail("x", References="<a@b> " * 10_000, In_Reply_To="<a" * 30_000),
    "fields": lambda: _mail("x", **{f"X-{n}": "y" for n in range(60_000)}),
    "parts": lambda: _mail("--b\r\n\r\nx\r\n" * 100_000, "multipart/mixed; boundary=b"),
    "near delimiters": lambda: _mail("--bx\r\n" * 200_000, "multipart/mixed; boundary=b"),
    "nested parts": lambda: _nested("multipart/mixed"),
    "nested digests": lambda: _nested("multipart/digest"),
    "nested mails": lambda: _mail(
        "Content-Type: message/rfc822\r\n\r\n" * 20_000, "message/rfc822"
    ),
    "a delivery report": _report,
    "base64 that is none": lambda: _mail(
        "\xe6=" * 700_000, "application/pdf", Content_Transfer_Encoding="base64"
    ),
    "quoted-printable that is none": lambda: _mail(
        "=" * 700_000 + "= \t" * 100_000, Content_Transfer_Encoding="quoted-printable"
    ),
    "uuencode that is none": lambda: _mail(
        "begin 644 x\n" * 100_000, "application/x", Content_Transfer_Encoding="uuencode"
    ),
    "a charset that is none": lambda: _mail(b"\xff\xfe" * 400_000, "text/plain; charset=x" * 50),
    "UTF-7": lambda: _mail("+AAAA-" * 100_000, "text/plain; charset=utf-7"),
    "winmail.dat": lambda: _mail(_tnef(), "application/ms-tnef; name=winmail.dat"),
    "blocks": lambda: _html("<div>" * 100_000),
    "tables": lambda: _html("<table><tr><td>" * 30_000),
    "formats": lambda: _html("<b><i><u><font><a>" * 20_000 + "<p>" * 20_000),
    "attributes": lambda: _html("<p " + "a=b " * 200_000 + ">x"),
    "half tags": lambda: _html("<" * 250_000 + "<a href='" * 50_000),
    "comments": lambda: _html("<!--" * 200_000 + "<![CDATA[" * 50_000),
    "entities": lambda: _html("&lt" * 80_000 + "&#x" * 40_000 + "&amp;" * 20_000),
    "styles": lambda: _html("<p style='" + "color:red;" * 60_000 + "'>x" + "<style>{" * 20_000),
    "links": lambda: _html("<a href='http://a.example/" + "%20" * 100_000 + "'>x</a>" * 1_000),
    "pictures": lambda: _html("<img src=cid:a@b alt=x>" * 20_000),
    "quoted blocks": lambda: _html("<blockquote type=cite>" * 20_000 + "x"),
    "Outlook's dividers": lambda: _html("<div id=divRplyFwdMsg><hr><b>From:</b>" * 20_000),
}


def read(raw: bytes) -> None:
    """Everything that happens to a mail while nobody looks at it, and when an agent opens it."""
    from chalicelib.mail.parse import MailError, content_digest, parse
    from chalicelib.mail.quotes import split_reply
    from chalicelib.mail.sanitize import clean_html
    from chalicelib.people.language import language_of
    from chalicelib.tickets import addressing

    try:
        mail = parse(raw)
    except MailError:
        return
    content_digest(mail)
    split_reply(mail.text, mail.subject)
    clean_html(mail.html or "")
    addressing.without_tags(mail.subject)
    addressing.read_subject_tag(mail.subject)
    language_of(f"{mail.subject}\n{mail.text}", mail.languages)


def outcome(raw: bytes) -> str:
    """What became of the process that read it: "read", or how it ended."""
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        try:
            read(raw)
        except BaseException as error:  # noqa: BLE001 - it is told to the process that asked
            sys.stderr.write(f"{error!r}\n")
            os._exit(1)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    ends = {0: "read", 1: "raised", -9: "took more than its time", -24: "took more than its time"}
    return ends.get(status, f"ended with {status}")


if __name__ == "__main__":
    # What is loaded once is not the mail's to answer for.
    read(_html("<p>Hello"))
    sys.stdout.write(json.dumps({name: outcome(made()) for name, made in MAILS.items()}))
