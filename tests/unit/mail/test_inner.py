"""Mails without a text of their own: what is shown then is the text of a file."""

import base64

import pytest

from chalicelib.mail.inner import MAX_OPENED, MAX_TEXT
from chalicelib.mail.parse import parse
from chalicelib.mail.quotes import visible_reply
from tests.unit.mail.samples import PNG, attached, mail, multipart_mail, nested, part

INNER = mail("Printeren på 3. sal virker ikke.\r\nHilsen Åse\r\n", From="Åse <aase@example.com>")
SHOWN = (
    "From: Åse <aase@example.com>\nDate: Tue, 3 Mar 2026 10:11:12 +0100\nSubject: Printeren\n\n"
    "Printeren på 3. sal virker ikke.\nHilsen Åse"
)


@pytest.mark.parametrize(
    "wrapped",
    [
        part(INNER, "message/rfc822"),
        part(INNER, "message/rfc822", Content_Disposition='attachment; filename="a.eml"'),
        part(base64.encodebytes(INNER), "message/rfc822", Content_Transfer_Encoding="base64"),
        attached('filename="Printeren.EML"', INNER, "application/octet-stream"),
    ],
)
@pytest.mark.parametrize(
    "before", [[], [part("\r\n \r\n")], [part("<p>&nbsp;\u200b</p>", "text/html")]]
)
def test_a_mail_that_only_brings_another_one_shows_its_text(before, wrapped):
    read = parse(multipart_mail(*before, wrapped, Subject="VS: Printeren"))
    assert read.text == SHOWN
    assert read.html is None
    assert read.subject == "VS: Printeren"
    assert read.attachments[0].content == INNER


def test_a_mail_that_is_another_one_from_its_first_line_on_shows_its_text():
    assert parse(mail(INNER, Content_Type="message/rfc822")).text == SHOWN


def test_the_text_of_a_mail_inside_is_no_quote_to_be_folded():
    assert visible_reply(parse(multipart_mail(part(INNER, "message/rfc822"))).text) == SHOWN


def test_the_text_of_every_mail_inside_is_shown():
    other = mail("Og scanneren.", Subject="Scanner", Date="")
    read = parse(multipart_mail(part(INNER, "message/rfc822"), part(other, "message/rfc822")))
    assert read.text == (
        f"{SHOWN}\n\nFrom: Åse Holm <aase@example.com>\nSubject: Scanner\n\nOg scanneren."
    )


def test_a_mail_in_a_mail_in_a_mail_shows_its_text():
    inner = multipart_mail(part(INNER, "message/rfc822"), Subject="Anden", boundary="b2")
    text = parse(multipart_mail(part(inner, "message/rfc822"))).text
    assert "Subject: Anden\n\n" in text
    assert text.endswith(SHOWN)


def test_only_so_many_files_are_opened_for_a_text():
    raw = multipart_mail(*[part(mail("Hej"), "message/rfc822")] * (MAX_OPENED + 3))
    assert parse(raw).text.count("Hej") == MAX_OPENED


def test_a_text_of_its_own_stands_alone():
    read = parse(multipart_mail(part("Se her"), part(INNER, "message/rfc822")))
    assert read.text == "Se her"


def test_a_page_of_pictures_stays_beside_the_text_of_a_mail_inside():
    page = '<img src="cid:i1@example">'
    picture = part(PNG, "image/png", Content_ID="<i1@example>")
    related = nested(part(page, "text/html"), picture, kind="related", boundary="b2")
    read = parse(multipart_mail(related, part(INNER, "message/rfc822")))
    assert read.html == page
    assert read.text == SHOWN
    assert read.attachments[0].is_inline


@pytest.mark.parametrize(
    ("content", "content_type", "text"),
    [
        ("Kære desk", "text/plain; charset=utf-8", "Kære desk"),
        ("<bold>Kære</bold> desk", "text/enriched; charset=utf-8", "Kære desk"),
        ("<p>Kære desk", "text/html; charset=utf-8", "Kære desk"),
        (
            r"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}K\'e6re desk\par}",
            "text/rtf",
            "Kære desk",
        ),
        ("# Kære desk", "text/markdown; charset=utf-8", "# Kære desk"),
    ],
)
def test_a_text_that_came_as_a_file_is_shown_under_its_name(content, content_type, text):
    file = part(content, content_type, Content_Disposition="attachment; filename=a.x")
    assert parse(multipart_mail(file)).text == f"a.x:\n\n{text}"
    unnamed = part(content, content_type, Content_Disposition="attachment")
    assert parse(multipart_mail(unnamed)).text == text


def test_of_a_long_file_the_beginning_is_shown():
    read = parse(multipart_mail(attached('filename="log.txt"', b"x" * 10**6, "text/plain")))
    assert len(read.text) == len("log.txt:\n\n") + MAX_TEXT
    assert len(read.attachments[0].content) == 10**6


def test_a_mail_of_pictures_alone_has_no_text():
    read = parse(multipart_mail(attached('filename="a.png"', PNG, "image/png")))
    assert (read.text, read.html) == ("", None)
