"""Files that old scripts, and Outlook when it is told so, write into the text."""

import binascii

import pytest

from chalicelib.mail.parse import Attachment, parse, with_guessed_letters
from tests.unit.mail.samples import PNG, mail, multipart_mail, part


def uuencoded(name: str, content: bytes, blank: bytes = b"`") -> str:
    pieces = (content[at : at + 45] for at in range(0, len(content), 45))
    lines = b"".join(binascii.b2a_uu(piece).replace(b" ", blank) for piece in pieces).decode()
    return f"begin 644 {name}\n{lines}`\nend\n".replace("\n", "\r\n")


@pytest.mark.parametrize("blank", [b"`", b" "])
def test_a_file_in_the_text_is_an_attachment_and_the_text_stays_whole(blank):
    text = f"Se her:\r\n{uuencoded('../å b.png', PNG * 3, blank)}Hilsen\r\n"
    read = parse(mail(text))
    assert read.text == text.replace("\r\n", "\n")
    assert [(file.filename, file.content) for file in read.attachments] == [("å b.png", PNG * 3)]


def test_several_files_in_several_texts_are_attachments():
    first = part(uuencoded("a", b"1") + uuencoded("b", b"2" * 50))
    read = parse(
        multipart_mail(first, part("<p>begin 644", "text/html"), part(uuencoded("c", b"3")))
    )
    assert [(file.filename, file.content) for file in read.attachments] == [
        ("a", b"1"),
        ("b", b"2" * 50),
        ("c", b"3"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "begin 644 nothing\nHej med dig\nend\n",
        "begin 644 nothing\nend\n",
        uuencoded("cut", PNG).replace("\r\n", "\n").removesuffix("`\nend\n"),
        uuencoded("short", PNG).replace("\r\n", "\n").replace("`\nend", "Hej\nend"),
        "I begin with the end",
    ],
)
def test_words_that_only_look_like_a_file_stay(text):
    read = parse(mail(text))
    assert read.text == text
    assert read.attachments == ()


def test_a_body_that_only_claims_to_be_encoded_is_shown():
    assert parse(mail("ææ\r\n", Content_Transfer_Encoding="x-uuencode")).text == "ææ\n"


def encoded_file(name, body, content_type="image/png"):
    shown = f'attachment; filename="{name}"'
    encoding = {"Content_Transfer_Encoding": "x-uuencode", "Content_Disposition": shown}
    return multipart_mail(part("Hej"), part(body, content_type, **encoding))


def test_an_encoded_file_is_there_as_it_was_sent_and_decoded():
    body = uuencoded("a.png", PNG)
    assert parse(encoded_file("a.png", body)).attachments == (
        Attachment("a.png", "image/png", PNG, None, is_inline=False),
        Attachment("a.png.uu", "application/octet-stream", body.encode(), None, is_inline=False),
    )


def test_a_file_that_only_claims_to_be_encoded_is_one_file():
    (file,) = parse(encoded_file("a.txt", "ææ", "text/plain")).attachments
    assert (file.filename, file.content) == ("a.txt", "ææ".encode())


def test_people_read_the_raw_letters_in_the_name_of_an_encoded_file():
    raw = encoded_file("Fr%ssche.png", uuencoded("a.png", PNG)).replace(b"%s", b"\xf6")
    read = parse(raw)
    assert [file.filename for file in read.attachments] == [
        "Fr\ufffdsche.png",
        "Fr\ufffdsche.png.uu",
    ]
    names = [file.filename for file in with_guessed_letters(read).attachments]
    assert names == ["Frösche.png", "Frösche.png.uu"]


def test_blank_and_broken_lines_of_an_encoded_body_are_left_out():
    body = "begin 644 a\r\n\r\n#2&5J\r\n\r\n~~~\r\n#2&5J\r\n`\r\nend\r\nHilsen\r\n"
    assert parse(mail(body, Content_Transfer_Encoding="uuencode")).text == "HejHej"
