"""A file from outside is kept under a name of ours, and given out as nothing but a download."""

from __future__ import annotations

import io
import re
import socket
import zipfile
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.attacks.inert import flaws
from tests.attacks.scene import (
    Opened,
    answer,
    articles,
    browser_of,
    customer,
    link_in,
    mail_of,
    numbers_of,
    opened,
    write,
)
from tests.aws_calls import aws_client
from tests.web.browser import Browser
from tests.web.calls import api, new_token
from tests.world import World

NAMES = [
    "\u200b.htaccess",
    ".\u200bhtaccess",
    ".htaccess\u200b",
    ".htaccess",
    ".user.ini",
    "shell.phtml",
    "shell.php\0.png",
    "../../../../etc/passwd",
    "..\\..\\windows\\system32\\calc.exe",
    "/etc/cron.d/job",
    "invoice\u202egnp.exe",
    "a\r\nContent-Type: text/html\r\n\r\n<script>alert(1)</script>",
    'a"; filename="b.html',
    "%2e%2e%2fpasswd",
    "CON",
    ".",
    "..",
    " ",
    "n" * 10_000 + ".png",
    "\U0001f600" * 3_000,
]
TYPES = [
    "image/svg+xml",
    "IMAGE/SVG+XML",
    "text/html",
    "application/xhtml+xml",
    "text/xml",
    "application/xml",
    "application/javascript",
    "text/css",
    "application/x-shockwave-flash",
    "multipart/x-mixed-replace",
    "message/rfc822",
    "text/html;charset=utf-7",
    "image/png,text/html",
    "image/png text/html",
    "*/*",
    "html",
]


def with_files(world: World, files: list[tuple[str, str, bytes]]) -> Opened:
    """A new ticket with these files: name, type and content, exactly as a sender writes them."""
    kim = customer()
    raw = mail_of(kim, "See the files.").as_bytes()
    head = raw[: raw.index(b"Content-Type")]
    parts = [b"Content-Type: text/plain\r\n\r\nSee the files.\r\n"]
    for name, kind, content in files:
        encoded = "".join(f"%{byte:02x}" for byte in name.encode())
        parts.append(
            f"Content-Type: {kind}\r\nContent-Disposition: attachment; "
            f"filename*=utf-8''{encoded}\r\n\r\n".encode()
            + content
            + b"\r\n"
        )
    body = b"--cut\r\n" + b"--cut\r\n".join(parts) + b"--cut--\r\n"
    opening = b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=cut\r\n\r\n"
    world.mail(head + opening + body)
    return Opened(numbers_of(world, kim)[0], kim)


def stored() -> dict[str, str]:
    """The keys of all files, and the type that each is kept as; the configuration is no file."""
    s3 = aws_client("s3")
    found = s3.list_objects_v2(Bucket="files").get("Contents", ())
    listed = [one for one in found if not one["Key"].startswith("config/")]
    return {
        one["Key"]: s3.head_object(Bucket="files", Key=one["Key"])["ContentType"] for one in listed
    }


def download(world: World, case: Opened, place: int) -> dict[str, str]:
    """What a download of a file will be sent with."""
    path = f"/api/v1/tickets/{case.number}/articles/1/attachments/{place}"
    found = api(world, "GET", path)
    assert found.status == 303
    query = parse_qs(urlsplit(found.headers["location"]).query)
    return {name.lower(): values[0] for name, values in query.items()}


def test_a_file_is_stored_under_no_name_of_its_senders(world: World) -> None:
    """CVE-2026-28289, CVE-2026-27636 and CVE-2025-48471: names that a server would obey."""
    case = with_files(world, [(name, "text/plain", b"x") for name in NAMES])
    assert len(articles(world, case.number)[0]["attachments"]) == len(NAMES)
    keys = stored()
    assert len(keys) == len(NAMES)
    strange = [key for key in keys if not re.fullmatch(r"attachments/[a-z0-9]+/\d+", key)]
    assert strange == []
    assert set(keys.values()) == {"application/octet-stream"}


def test_a_name_is_shown_as_what_it_is(world: World) -> None:
    """CVE-2026-28289: a zero-width space, and with it whatever hides or turns what one reads."""
    case = with_files(world, [(name, "text/plain", b"x") for name in NAMES])
    names = [one["name"] for one in articles(world, case.number)[0]["attachments"]]
    for name in names:
        assert name.strip(" .")
        assert len(name.encode()) <= 255
        assert not re.search(r"[\x00-\x1f\x7f/\\\u200b-\u200f\u202a-\u202e\u2066-\u2069]", name)
    assert "invoicegnp.exe" in names
    assert "passwd" in names
    page = browser_of(world, "anna").get(f"/agent/tickets/{case.number}")
    assert flaws(page.body) == []


def test_a_name_writes_no_header_of_a_download(world: World) -> None:
    """Class: response splitting, and a second file name, by the name of an attachment."""
    case = with_files(world, [(name, "text/plain", b"x") for name in NAMES])
    for place in range(len(NAMES)):
        sent = download(world, case, place)["response-content-disposition"]
        assert re.fullmatch(
            r"attachment; filename=\"[\w .()-]*\"; filename\*=UTF-8''[\w.~%-]*", sent, re.ASCII
        ), sent


def test_a_file_that_a_browser_would_run_is_only_downloaded(world: World) -> None:
    """CVE-2022-25802 and CVE-2019-9752: a crafted content type made an attachment a page."""
    case = with_files(world, [(f"f{n}.svg", kind, b"<svg/>") for n, kind in enumerate(TYPES)])
    safe = r"image/(png|jpeg|gif|webp)|application/(pdf|octet-stream)|text/plain"
    for place, kind in enumerate(TYPES):
        sent = download(world, case, place)
        assert sent["response-content-disposition"].startswith("attachment;"), kind
        assert re.fullmatch(safe, sent["response-content-type"]), kind
        assert "html" not in sent["response-content-type"], kind


def test_a_file_is_given_to_nobody_without_proof(world: World) -> None:
    """CVE-2026-48812: old attachments could be fetched by their address alone."""
    case = with_files(world, [("a.pdf", "application/pdf", b"x")])
    path = "articles/1/attachments/0"
    api_path = f"/api/v1/tickets/{case.number}/{path}"
    assert api(world, "GET", api_path, token=None).status == 401
    asked = Browser(world).get(f"/agent/tickets/{case.number}/{path}")
    assert asked.location.startswith("/agent/sign-in")
    assert {"signature", "x-amz-signature"} & set(download(world, case, 0))
    (ack,) = world.mails_to(case.customer.address)
    own = link_in(ack)
    assert Browser(world).get(f"{own}/{path}").status == 303
    number, place, epoch, signature = own.removeprefix("/t/").split(".")
    for wrong in (
        f"/t/{number}.{place}.{epoch}.{'a' * len(signature)}",
        f"/t/{int(number) + 1}.{place}.{epoch}.{signature}",
    ):
        assert Browser(world).get(f"{wrong}/{path}").status == 404


def test_an_upload_names_no_other_file(world: World) -> None:
    """CVE-2024-33668 and path traversal: a file of somebody else, named as one's own upload."""
    case = with_files(world, [("secret.txt", "text/plain", b"secret")])
    (stolen,) = stored()
    mails = len(world.outbox)
    for upload in (stolen, f"../{stolen}", "..", "", "a/../b", "a%2fb", "a\nb"):
        attached = [{"id": upload, "name": "mine.txt"}]
        assert write(world, case.number, "See this.", attachments=attached).status == 400
    assert len(world.outbox) == mails


def test_the_ids_of_uploads_cannot_be_guessed(world: World) -> None:
    """CVE-2024-33668: partly guessable ids let others into the drafts of an agent."""
    asked = [api(world, "POST", "/api/v1/uploads", {"name": "a.txt"}).body["id"] for _ in range(20)]
    # What is left when the part that tells the time is taken off: 72 bits and no repetition.
    assert len({one[-14:] for one in asked}) == len(asked)
    assert all(len(one) >= 24 for one in asked)


def test_an_archive_is_never_opened(world: World) -> None:
    """Class: zip bombs, which only hurt whoever unpacks them."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for place in range(20):
            archive.writestr(f"../{place}", bytes(1_000_000))
    kim = customer()
    mail = mail_of(kim)
    mail.add_attachment(
        packed.getvalue(), maintype="application", subtype="zip", filename="bomb.zip"
    )
    world.mail(mail)
    (file,) = articles(world, numbers_of(world, kim)[0])[0]["attachments"]
    assert (file["name"], file["size"]) == ("bomb.zip", len(packed.getvalue()))
    assert len(stored()) == 1


def test_a_mail_makes_the_desk_fetch_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """CVE-2026-41905 and CVE-2026-34719: an address in what was sent in, fetched from inside."""
    asked: list[object] = []

    def refuse(*to: object, **_: object) -> None:
        asked.append(to)
        raise OSError

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    kim = customer()
    mail = mail_of(kim)
    mail.set_content(
        "<img src='http://169.254.169.254/latest/meta-data/'><a href='http://localhost'>x</a>"
        "<link rel=stylesheet href='http://127.0.0.1/a.css'><iframe src='file:///etc/passwd'>",
        subtype="html",
    )
    mail["List-Unsubscribe"] = "<http://169.254.169.254/>"
    mail["Disposition-Notification-To"] = "http://169.254.169.254/"
    mail.make_mixed()
    mail.add_attachment(
        b'<!DOCTYPE x [<!ENTITY y SYSTEM "http://169.254.169.254/">]><x>&y;</x>',
        maintype="text",
        subtype="xml",
        filename="a.xml",
    )
    world.mail(mail)
    case = Opened(numbers_of(world, kim)[0], kim)
    sent = answer(world, case)
    for page in (f"/agent/tickets/{case.number}", f"/agent/tickets/{case.number}/articles/1/whole"):
        assert browser_of(world, "anna").get(page).status == 200
    assert Browser(world).get(link_in(sent)).status == 200
    assert asked == []


def test_the_original_mail_is_a_download_of_bytes(world: World) -> None:
    """Class: the raw mail shown inline, with the type and the scripts that its sender chose."""
    case = opened(world)
    found = api(world, "GET", f"/api/v1/tickets/{case.number}/articles/1/raw")
    query = {
        name.lower(): values[0]
        for name, values in parse_qs(urlsplit(found.headers["location"]).query).items()
    }
    assert query["response-content-type"] == "application/octet-stream"
    assert query["response-content-disposition"].startswith("attachment;")


def test_an_export_holds_nothing_that_a_spreadsheet_runs(world: World) -> None:
    """CVE-2019-14749, CVE-2026-41073: formulas in what strangers wrote, run in a spreadsheet."""
    formula = '=HYPERLINK("https://else.example","x")'
    opened(world, f"{formula}\n@SUM(1)\n+1\n-1", subject=formula)
    made = api(world, "POST", "/api/v1/exports", {})
    assert made.status == 202
    world.settle()
    found = api(world, "GET", f"/api/v1/exports/{made.body['id']}").body
    assert found["state"] == "done"
    s3 = aws_client("s3")
    names: list[str] = []
    for one in s3.list_objects_v2(Bucket="files", Prefix="exports/")["Contents"]:
        content = s3.get_object(Bucket="files", Key=one["Key"])["Body"].read()
        if content.startswith(b"PK"):
            names += zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert names
    assert [
        name for name in names if not re.search(r"\.(ndjson|eml|txt)$|^files/[\d-]+$", name)
    ] == []
    restricted = new_token(groups=["support"], name="one group")
    assert api(world, "POST", "/api/v1/exports", {}, token=restricted).status == 403
    path = f"/api/v1/exports/{made.body['id']}"
    assert api(world, "GET", path, token=restricted).status in {403, 404}
