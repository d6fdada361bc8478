"""Every class of mail that is made to burn CPU or memory, read by a process that may not.

The limits are the operating system's: whoever breaks one is killed, and the test fails.
"""

import base64
import struct
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.unit.mail.samples import attached, mail, multipart_mail, nested, part
from tests.unit.mail.test_tnef import attribute, bytes_property

CPU_SECONDS = 1  # the start of the interpreter and the imports count as well
MEMORY = 1 << 30

CHILD = """
import resource, sys
raw = sys.stdin.buffer.read()
resource.setrlimit(resource.RLIMIT_CPU, ({cpu}, {cpu} + 1))
resource.setrlimit(resource.RLIMIT_AS, ({memory}, {memory}))
from chalicelib.mail.parse import parse
read = parse(raw)
held = read.text + (read.html or "") + " ".join(
    file.content[-10_000_000:].decode("latin-1") for file in read.attachments
)
print("needle" in held)
"""


def read_in_limits(raw: bytes, cpu: int = CPU_SECONDS) -> str:
    """What the child says of the mail; it is killed when it takes more than it may."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD.format(cpu=cpu, memory=MEMORY)],
        input=raw,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-500:]
    return done.stdout.decode()


def in_mails(depth: int, raw: bytes = b"Subject: leaf\r\n\r\nneedle") -> bytes:
    for _ in range(depth):
        raw = mail(raw, Content_Type="message/rfc822")
    return raw


def in_files(depth: int, width: int) -> bytes:
    """Mails that hold nothing but attached mails, several on each level."""
    raw = mail("needle")
    for level in range(depth):
        inner = [part(raw, "message/rfc822")] * width
        raw = multipart_mail(*inner, boundary=f"b{level}")
    return raw


def prefixes(number: int) -> bytes:
    """Boundaries each of which is the beginning of the next, and lines that nearly match them."""
    body = "".join(
        f"--{'a' * depth}\r\nContent-Type: multipart/mixed; boundary={'a' * (depth + 1)}\r\n\r\n"
        for depth in range(1, 60)
    )
    lines = f"--{'a' * 70}x\r\n" * number
    return mail(f"{body}{lines}needle", Content_Type="multipart/mixed; boundary=a")


def winmail(*attributes: bytes) -> bytes:
    content = struct.pack("<IH", 0x223E9F78, 1) + b"".join(attributes)
    file = attached('filename="winmail.dat"', content, "application/ms-tnef")
    return multipart_mail(part(" "), part("needle", "text/x-note"), file)


def rich_text(packed: bytes) -> bytes:
    """A wrapping whose only text is this packed rich text."""
    value = struct.pack("<II4sI", len(packed), 1 << 31, b"LZFu", 0) + packed
    properties = struct.pack("<I", 1) + bytes_property(0x1009, value)
    return winmail(attribute(0x00069003, properties))


def encoded_words(size: int) -> str:
    word = "=?utf-8?q?=C3=A4?= "
    return word * (size // len(word))


def parameters(number: int, form: str) -> str:
    return "".join(f";\r\n {form.format(n=n)}" for n in range(number))


MADE: dict[str, Callable[[], bytes]] = {
    "8,000 parameters": lambda: mail(
        "needle", Content_Type="text/plain" + parameters(8000, 'p{n}="x"')
    ),
    "continued parameters": lambda: mail(
        "needle", Content_Disposition="attachment" + parameters(20_000, "filename*{n}*=%C3%A6")
    ),
    "one continuation again and again": lambda: mail(
        "needle", Content_Disposition="attachment" + parameters(20_000, "filename*0=x")
    ),
    "quotes of a parameter that never end": lambda: mail(
        "needle", Content_Type='text/plain; name="' + '\\"' * 100_000
    ),
    "10,000 parts": lambda: mail(
        "--b\r\n\r\nx\r\n" * 10_000 + "--b\r\n\r\nneedle",
        Content_Type="multipart/mixed; boundary=b",
    ),
    "900 comments in each other": lambda: mail("needle", From="(" * 900 + "a@example.com"),
    "900 comments in each other, closed": lambda: mail(
        "needle", From="(" * 900 + ")" * 900 + "a@example.com", To="(" * 900, Date="(" * 900
    ),
    "219 KB of encoded words": lambda: mail("needle", X_Any=encoded_words(219_000)),
    "219 KB of encoded words in names": lambda: mail(
        "needle", From=encoded_words(219_000) + "<a@example.com>", To=encoded_words(219_000)
    ),
    "encoded words that never end": lambda: mail("needle", Subject="=?utf-8?q?" * 40_000),
    "a subject of 0.42 MB": lambda: mail("needle", Subject="A" * 420_000),
    "a folded subject of 0.42 MB": lambda: mail("needle", Subject="A\r\n " * 105_000),
    "references of 1 MB": lambda: mail("needle", References="<a@example.com> " * 65_000),
    "references that never end": lambda: mail("needle", References="<" * 1_000_000),
    "references without brackets": lambda: mail("needle", References="a@" * 500_000),
    "mails in mails, 400 deep": lambda: in_mails(400),
    "mails in mails, encoded": lambda: in_mails(
        8, mail(base64.encodebytes(b"needle" * 400_000), Content_Transfer_Encoding="base64")
    ),
    "mails beside mails, in mails": lambda: in_files(6, 5),
    "multiparts in multiparts, 2,000 deep": lambda: mail(
        "".join(
            f"--b{depth}\r\nContent-Type: multipart/mixed; boundary=b{depth + 1}\r\n\r\n"
            for depth in range(2000)
        )
        + "needle",
        Content_Type="multipart/mixed; boundary=b0",
    ),
    "boundaries that begin alike": lambda: prefixes(30_000),
    "lines that are nearly a delimiter": lambda: mail(
        "--bb\r\n--b \t \tx\r\n" * 100_000 + "needle", Content_Type="multipart/mixed; boundary=b"
    ),
    "a delimiter with a million blanks": lambda: mail(
        "--b" + " " * 1_000_000 + "x\r\nneedle", Content_Type="multipart/mixed; boundary=b"
    ),
    "a preamble of 5 MB": lambda: mail(
        "-- \r\n--\r\n" * 500_000 + "--b\r\n\r\nneedle", Content_Type="multipart/mixed; boundary=b"
    ),
    "a preamble without boundary": lambda: mail(
        " \t" * 1_000_000 + "--b\r\n\r\nneedle", Content_Type="multipart/mixed"
    ),
    "a million <": lambda: mail("<" * 1_000_000 + "needle", Content_Type="text/html"),
    "a million <a": lambda: mail("<a " * 330_000 + "needle", Content_Type="text/html"),
    "a million &": lambda: mail("needle" + "&" * 1_000_000, Content_Type="text/html"),
    "tags with attributes that never end": lambda: mail(
        "needle" + "<a href='" * 200_000, Content_Type="text/html"
    ),
    "lists in lists": lambda: mail("needle" + "<ul><li>x" * 100_000, Content_Type="text/html"),
    "comments that never end": lambda: mail("needle" + "<!-" * 300_000, Content_Type="text/html"),
    "a charset of 1 MB": lambda: mail("needle", Content_Type="text/plain; charset=" + "x" * 10**6),
    "a charset of many signs": lambda: mail(
        "needle", Content_Type="text/plain; charset=" + "-" * 60
    ),
    "encoded words of a charset of 1 MB": lambda: mail(
        "needle", Subject=f"=?{'x' * 1_000_000}?q?a?="
    ),
    "letters of no charset": lambda: mail(b"\xe6\xb3 a\xf5 " * 400_000 + b"needle"),
    "letters of UTF-7": lambda: mail(
        "+2AA-" * 400_000 + "needle", Content_Type="text/plain; charset=utf-7"
    ),
    "letters of ISO-2022": lambda: mail(
        "\x1b$B\x1b(B" * 300_000 + "needle", Content_Type="text/plain"
    ),
    "soft breaks": lambda: mail(
        "=\r\n" * 1_000_000 + "needle", Content_Transfer_Encoding="quoted-printable"
    ),
    "soft breaks with blanks": lambda: mail(
        ("=" + " " * 500) * 6000 + "needle", Content_Transfer_Encoding="quoted-printable"
    ),
    "padding after padding": lambda: mail(
        "QQ==\r\n" * 90_000 + "bmVlZGxl", Content_Transfer_Encoding="base64"
    ),
    "padding without end": lambda: mail(
        "bmVlZGxl" + "=A" * 1_000_000 + "!", Content_Transfer_Encoding="base64"
    ),
    "lines of uuencode": lambda: mail(
        "begin 644 a\r\n" * 200_000 + "needle", Content_Transfer_Encoding="x-uuencode"
    ),
    "flowed lines": lambda: mail(
        "> a \r\n" * 300_000 + "needle", Content_Type="text/plain; format=flowed"
    ),
    "groups of a report": lambda: multipart_mail(
        part("Status: 5.1.1\r\nAction: failed\r\n\r\n" * 50_000, "message/delivery-status"),
        part("References: " + "<a@example.com>\r\n " * 60_000 + "\r\n\r\nneedle", "message/rfc822"),
        kind="report",
    ),
    "a bounce of prose": lambda: mail(
        "needle\r\n" + "> Message-ID:\r\n <\r\n" * 100_000,
        From="mailer-daemon@example.net",
        Subject="Undeliverable",
    ),
    "attributes of a wrapping": lambda: winmail(*[attribute(0x00069002, b"")] * 200_000),
    "properties of a wrapping": lambda: winmail(
        attribute(0x00069003, struct.pack("<I", 10**6) + struct.pack("<HHI", 3, 9, 9) * 400_000)
    ),
    "properties of wrapped files": lambda: winmail(
        *[
            attribute(0x00069002, b"")
            + attribute(0x00069005, struct.pack("<I", 999) + struct.pack("<HHI", 3, 9, 9) * 999)
        ]
        * 300
    ),
    "values of a property": lambda: winmail(
        attribute(0x00069003, struct.pack("<IHHI", 9, 0x101E, 9, 0xFFFFFFFF) + bytes(400_000))
    ),
    "rich text that grows": lambda: rich_text(b"a" * 8 + b"\xff" + b"\x0d\x7f" * 8 * 200_000),
    "rich text of words": lambda: rich_text((b"\0" + b"\\a\\b\\c\\d") * 60_000),
    "rich text of groups": lambda: rich_text((b"\0" + b"{{{{{{{{") * 60_000),
    "rich text of letters": lambda: rich_text((b"\0" + b"\\u9\\'e6") * 60_000),
    "fields without end": lambda: mail(
        "needle", X_Many="".join(f"v\r\nX-{n}: v" for n in range(60_000))
    ),
    "languages": lambda: mail("needle", Accept_Language="da," * 200_000),
    "members of a group": lambda: mail("needle", To="x:" * 50_000 + "a@example.com;" * 50_000),
    "threads of Outlook": lambda: mail(
        "needle", Thread_Index="A" * 10**6, Thread_Topic="=?" * 10**5
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("made", MADE)
def test_a_mail_that_is_made_to_hurt_is_read_within_a_second_of_cpu(made):
    said = read_in_limits(MADE[made]())
    assert said.startswith("True")


@pytest.mark.slow
def test_40_mb_are_read_within_a_gigabyte_and_ten_seconds():
    file = attached('filename="a.pdf"', b"%PDF" * 7_400_000)
    both = nested(part("needle"), part("<p>needle", "text/html"), kind="alternative", boundary="b2")
    raw = multipart_mail(both, file)
    assert len(raw) > 39_000_000
    assert read_in_limits(raw, cpu=10).startswith("True")
