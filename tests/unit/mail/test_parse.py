"""What a mail says: headers, bodies, files."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from chalicelib.mail.parse import Address, content_digest, parse, with_guessed_letters
from infra.parse import describe
from tests.unit.mail.samples import PNG, attached, mail, multipart_mail, nested, part


def test_a_plain_mail_is_read():
    read = parse(
        mail(
            "Hej,\r\nprinteren virker ikke på 3. sal.\r\n",
            Content_Type="text/plain; charset=utf-8",
            Cc="Bo <BO@Example.COM>",
            Reply_To="other@example.com",
            Sender="office@example.com",
            In_Reply_To="<a1@example.org>",
            References="<a0@example.org>\r\n <a1@example.org>",
            Delivered_To="team+7.abc@example.org",
            Content_Language="da",
            Accept_Language="da-DK, en;q=0.5",
        )
    )
    assert read.subject == "Printeren"
    assert read.from_ == (Address("Åse Holm", "aase@example.com"),)
    assert read.cc == (Address("Bo", "BO@example.com"),)
    assert read.reply_to == (Address("", "other@example.com"),)
    assert read.sender == Address("", "office@example.com")
    assert read.message_id == "m1@example.com"
    assert read.in_reply_to == ("a1@example.org",)
    assert read.references == ("a0@example.org", "a1@example.org")
    assert read.date == datetime(2026, 3, 3, 9, 11, 12, tzinfo=UTC)
    assert read.delivered_to == ("team+7.abc@example.org",)
    assert read.languages == ("da", "da-dk", "en")
    assert read.text == "Hej,\nprinteren virker ikke på 3. sal.\n"
    assert read.html is None
    assert read.attachments == ()


def test_text_html_and_files_are_told_apart():
    read = parse(
        multipart_mail(
            nested(
                part("Se billedet"),
                nested(
                    part('<p>Se <img src="cid:i1@example"></p>', "text/html; charset=utf-8"),
                    part(PNG, "image/png", Content_ID="<i1@example>"),
                    kind="related",
                    boundary="b3",
                ),
                kind="alternative",
                boundary="b2",
            ),
            attached('filename="faktura.pdf"', b"%PDF"),
        )
    )
    assert read.text == "Se billedet"
    assert "<img" in (read.html or "")
    image, invoice = read.attachments
    assert (image.content, image.content_id, image.is_inline) == (PNG, "i1@example", True)
    assert (invoice.filename, invoice.content, invoice.is_inline) == ("faktura.pdf", b"%PDF", False)


def test_text_beside_html_with_pictures_is_the_whole_text():
    """The commonest mail of all: an alternative whose HTML stands with its pictures."""
    read = parse(
        multipart_mail(
            part("Se billedet"),
            nested(
                part('<p>Se <img src="cid:i1@example"> her</p>', "text/html; charset=utf-8"),
                part(PNG, "image/png", Content_ID="<i1@example>"),
                kind="related",
                boundary="b2",
            ),
            kind="alternative",
        )
    )
    assert read.text == "Se billedet"
    assert (read.html or "").count("<img") == 1
    assert len(read.attachments) == 1


def test_a_mail_of_html_alone_has_a_text_with_links_and_list_items():
    html = (
        "<style>p{color:red}</style><p>Hej&nbsp;&amp; tak</p><ul><li>en<li>to</ul>"
        '<ol><li>a</li><li>b</li></ol><a href="https://example.com/x">her</a>'
        "<script>alert(1)</script><blockquote>citat</blockquote>"
    )
    read = parse(mail(html, Content_Type="text/html; charset=utf-8"))
    assert read.text == (
        "Hej & tak\n\n- en\n- to\n\n1. a\n2. b\nher <https://example.com/x>\n\n> citat"
    )


@pytest.mark.parametrize("ending", [b"\r\n", b"\n", b"\r"])
def test_any_line_ending_is_understood(ending):
    raw = multipart_mail(part("Hej"), attached('filename="a.pdf"', b"%PDF"))
    read = parse(raw.replace(b"\r\n", b"\n").replace(b"\n", ending))
    assert read.text == "Hej"
    assert read.attachments[0].content == b"%PDF"


@pytest.mark.parametrize(
    ("text", "real", "declared"),
    [
        ("Kære desk, søndag åbner Æbleøen", "utf-8", None),
        ("Kære desk, søndag åbner Æbleøen", "cp1252", None),
        ("Kære desk, søndag åbner Æbleøen", "cp1252", "us-ascii"),
        ("Kære desk, søndag åbner Æbleøen", "cp1252", "utf-8"),
        ("Kære desk, søndag åbner Æbleøen", "utf-8", "iso-8859-1"),
        ("Kære desk, søndag åbner Æbleøen", "utf-8", "x-unknown"),
        ("Få øl på ø", "cp1252", None),
        ("É à ç où", "cp1252", None),
        ("Schöne Grüße – für 5 €", "cp1252", "iso-8859-1"),
        ("Zażółć gęślą jaźń", "iso8859_2", "iso-8859-2"),
        ("Proszę o pomoc, książka się zgubiła", "cp1250", None),
        ("Не работает принтер на третьем этаже", "cp1251", None),
        ("Не работает принтер на третьем этаже", "koi8_r", None),
        ("Не работает принтер", "koi8_r", "koi8-r"),
        ("Принтер не працює, її немає", "cp1251", "windows-1251"),
        ("A nyomtató nem működik, kérem segítsenek", "cp1250", None),
        ("A nyomtató nem működik, őszintén", "iso8859_2", "ISO8859-2"),
        ("Příliš žluťoučký kůň", "cp1250", "cp-1250"),
        ("プリンタが動きません", "iso2022_jp", "iso-2022-jp"),
        ("プリンタが動きません", "iso2022_jp", None),
        ("打印机坏了", "gb18030", "gb2312"),
        ("Hej åøæ", "utf-16", "utf-16"),
        ("Hej åøæ", "utf-8-sig", None),
    ],
)
def test_a_charset_is_found_however_it_is_declared(text, real, declared):
    content_type = f"text/plain; charset={declared}" if declared else "text/plain"
    raw = mail(Content_Type=content_type).partition(b"\r\n\r\n")[0]
    assert parse(raw + b"\r\n\r\n" + text.encode(real)).text == text


@pytest.mark.parametrize(
    ("other", "text"),
    [
        (" åben å".encode("latin-1"), "Kære åben \ufffd"),
        (" blå sørme små Åse".encode("latin-1"), "Kære blå sørme små Åse"),
        (" żółty wąż pękła".encode("cp1250"), "Kære żółty wąż pękła"),
        (" \r\n\x8a\t\xe8 \xad".encode("latin-1"), "Kære \n\ufffd\t\ufffd \ufffd"),
    ],
)
def test_two_charsets_in_one_text_are_both_read(other, text):
    raw = mail("Kære".encode() + other, Content_Type="text/plain; charset=utf-8")
    assert parse(raw).text == text


def raw_headers(charset, declared, name, subject):
    return mail(
        subject,
        charset=charset,
        From=f'"{name}" <a@example.com>',
        To=f"{name} <b@example.com>",
        Cc=f"c@example.com ({name})",
        Reply_To=f"{name} <d@example.com>",
        Sender=f"{name} <e@example.com>",
        Subject=f"Re: {subject}",
        Content_Type=f"text/plain; charset={declared}" if declared else "text/plain",
    )


RAW_HEADERS = pytest.mark.parametrize(
    ("charset", "declared", "name", "subject"),
    [
        ("latin-1", "iso-8859-1", "Åse Sørensen", "Blæk på gulvet"),
        ("latin-1", None, "Åse Sørensen", "Blæk på gulvet"),
        ("latin-1", "utf-8", "Jürgen Schmürgen", "Die Hasen und die Frösche"),
        ("cp1252", "us-ascii", "Jürgen Schmürgen", "Die Hasen und die Frösche"),
        ("iso8859-2", "iso-8859-2", "Michał Wójcik", "Żółta drukarka"),
        ("cp1251", "windows-1251", "Ольга", "Принтер не работает"),
        ("koi8-r", "koi8-r", "Ольга", "Принтер не работает"),
        ("cp1251", None, "Ольга", "Принтер не работает"),
    ],
)


@RAW_HEADERS
def test_raw_letters_in_headers_that_are_not_utf_8_are_replaced(charset, declared, name, subject):
    def replaced(text):
        return "".join(letter if letter.isascii() else "\ufffd" for letter in text)

    read = parse(raw_headers(charset, declared, name, subject))
    people = (read.from_[0], read.to[0], read.cc[0], read.reply_to[0], read.sender)
    assert read.subject == f"Re: {replaced(subject)}"
    assert {one.name for one in people} == {replaced(name)}
    assert read.header("subject") == f"Re: {subject}"


@RAW_HEADERS
def test_people_read_raw_letters_in_the_likely_charset(charset, declared, name, subject):
    strict = parse(raw_headers(charset, declared, name, subject))
    read = with_guessed_letters(strict)
    people = (read.from_[0], read.to[0], read.cc[0], read.reply_to[0], read.sender)
    assert read.subject == f"Re: {subject}"
    assert {one.name for one in people} == {name}
    assert content_digest(read) == content_digest(strict)
    unread = {"subject": "", "from_": (), "to": (), "cc": (), "reply_to": (), "sender": None}
    assert replace(read, **unread) == replace(strict, **unread)


def test_raw_letters_of_utf_8_are_nothing_to_guess():
    read = parse(mail(From="Ольга <a@example.com>", Subject="Blæk \ufffd"))
    assert (read.subject, read.from_[0].name) == ("Blæk \ufffd", "Ольга")
    assert with_guessed_letters(read) == read


@pytest.mark.parametrize(
    "written",
    [b"=?iso-8859-1?Q?Fr\xf6sche_und_Fr=F6sche?=", b"=?utf-8?Q?Fr\xc3\xb6sche_und_Fr=C3=B6sche?="],
)
def test_raw_letters_in_an_encoded_word_are_of_its_charset(written):
    raw = mail(Subject="SUBJECT").replace(b"SUBJECT", written + b" \xf6")
    read = parse(raw)
    assert read.subject == "Frösche und Frösche \ufffd"
    assert with_guessed_letters(read).subject == "Frösche und Frösche ö"


@pytest.mark.parametrize(
    "header", ["Content-Type: text/plain; name", "Content-Disposition: x; filename"]
)
def test_people_read_the_raw_letters_of_a_file_name(header):
    file = f'{header}="C:\\Frösche.txt"\r\n\r\nQuak'.encode("latin-1")
    read = parse(multipart_mail(part("Hej"), file))
    assert [one.filename for one in read.attachments] == ["Fr\ufffdsche.txt"]
    assert [one.filename for one in with_guessed_letters(read).attachments] == ["Frösche.txt"]


def test_of_two_types_of_a_part_the_last_one_counts():
    page = part("<p>Hej", "text/plain\r\nContent-Type: text/html; charset=utf-8")
    assert parse(multipart_mail(page)).html == "<p>Hej"


def test_of_two_types_of_a_mail_the_first_one_counts():
    assert parse(mail("<p>Hej", Content_Type="text/plain\r\nContent-Type: text/html")).html is None


def test_a_sender_without_a_domain_is_there_as_written():
    read = parse(mail(From="Cron <root>", To="moderator", Cc="bo@example.com", Reply_To="<root>"))
    assert (read.from_, read.to) == ((Address("Cron", "root"),), (Address("", "moderator"),))
    assert read.reply_to == ()


@pytest.mark.parametrize(
    ("written", "subject"),
    [
        ("=?utf-8?q?K=C3=A6re_desk?=", "Kære desk"),
        ("=?iso-8859-1?Q?K=E6re?= =?iso-8859-1?Q?_desk?=", "Kære desk"),
        ("=?utf-8?b?S8Om?=\r\n =?utf-8?b?cmU=?=", "Kære"),
        ("=?utf-8?b?S8M=?= =?utf-8?b?pnJl?=", "Kære"),
        ("Re: =?UTF-8?B?w4U=?= og mere", "Re: Å og mere"),
        ("=?utf-8*da?q?bl=C3=A5?=", "blå"),
        ("=?x-none?q?abc?=", "abc"),
        ("=?utf-8?q?Hvad_nu??=", "Hvad nu?"),
        ("=?utf-8?q?broken", "=?utf-8?q?broken"),
        ("=?utf-8?q?a=0D=0ABcc:_x=00?=", "a Bcc: x"),
        ("  a\r\n\tb  ", "a b"),
    ],
)
def test_a_subject_is_decoded_into_one_line(written, subject):
    assert parse(mail(Subject=written)).subject == subject


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ('filename="faktura.pdf"', "faktura.pdf"),
        ("filename=faktura.pdf", "faktura.pdf"),
        ("filename=min faktura.pdf", "min faktura.pdf"),
        ("filename*=utf-8''k%C3%A6re.pdf", "kære.pdf"),
        ("filename*0*=iso-8859-1''k%E6; filename*1=re.pdf", "kære.pdf"),
        ("filename*1=b.pdf; filename*0=a", "ab.pdf"),
        ("filename=\"plain.pdf\"; filename*=utf-8''%C3%A5.pdf", "å.pdf"),
        ('filename="=?utf-8?q?k=C3=A6re=2Epdf?="', "kære.pdf"),
        ('filename="../../etc/passwd"', "passwd"),
        (r'filename="C:\Temp\scan.pdf"', "scan.pdf"),
        ('filename="a=?utf-8?q?=0D=0Ab?=.pdf"', "a b.pdf"),
        ("filename*=utf-8''exe%E2%80%AEfdp.scr", "exefdp.scr"),
        ('filename="..."', "attachment.pdf"),
        ('filename=""', "attachment.pdf"),
        ('filename="unterminated.pdf', "unterminated.pdf"),
    ],
)
def test_a_file_name_is_decoded_and_safe(written, name):
    read = parse(multipart_mail(part("x"), attached(written, b"%PDF")))
    assert [file.filename for file in read.attachments] == [name]


def test_a_long_file_name_keeps_its_ending():
    read = parse(multipart_mail(part("x"), attached(f'filename="{"å" * 500}.pdf"', b"")))
    name = read.attachments[0].filename
    assert name.endswith("å.pdf")
    assert len(name.encode()) <= 180


def test_a_forwarded_mail_is_a_file_named_by_its_subject():
    inner = "Subject: =?utf-8?q?Bl=C3=A5/gr=C3=B8n?=\r\n\r\nHej"
    read = parse(multipart_mail(part("Se her"), part(inner, "message/rfc822")))
    assert read.attachments[0].filename == "Blå grøn.eml"
    assert read.attachments[0].content == inner.encode()


@pytest.mark.parametrize(
    ("encoding", "body", "text"),
    [
        ("quoted-printable", "K=C3=A6re=\r\n desk=20\r\n", "Kære desk \n"),
        ("quoted-printable", "K=C3=A6re= \r\n desk", "Kære desk"),
        ("quoted-printable", "1=2 =ZZ", "1=2 =ZZ"),
        ("base64", "S8OmcmU=", "Kære"),
        ("base64", "S8OmcmU", "Kære"),
        ("base64", "S8Om!!cmU=\r\n***", "Kære"),
        ("base64", "S8Om\r\ncmU=\r\nIGRlc2s=\r\n", "Kære desk"),
        ("base64", "S8OmcmU= \r\n IGRlc2s=\r\n", "Kære desk"),
        ("base64", "S8OmcmUK==  ignored\r\n", "Kære\n\ufffd\t\ufffd\ufffd\ufffd"),
        ("base64", "S8OmcmU=\r\n\r\n____\r\nMailing list\r\n", "Kære"),
        ("base64", "?garbage", "?garbage"),
        ("base64", "Kære desk, den er i stykker igen.", "Kære desk, den er i stykker igen."),
        ("BASE64 ", "S8OmcmU=", "Kære"),
        ("x-uuencode", "begin 644 a\r\n%2\\.F<F4 \r\n \r\nend\r\n", "Kære"),
        ("x-nonsense", "Kære", "Kære"),
    ],
)
def test_a_transfer_encoding_is_undone_as_far_as_it_goes(encoding, body, text):
    read = parse(
        mail(
            body,
            Content_Type="text/plain; charset=utf-8",
            Content_Transfer_Encoding=encoding,
        )
    )
    assert read.text == text


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/mixed",
        "multipart/mixed; boundary=",
        "multipart/mixed; boundary=other",
        'multipart/mixed boundary="b1"',
        "multipart/alternative; boundary=b1; boundary=b2",
        "text",
        "nonsense",
        "",
    ],
)
def test_the_text_of_a_broken_structure_is_not_lost(content_type):
    body = "--b1\r\nContent-Type: text/plain\r\n\r\nneedle\r\n--b1--\r\n"
    assert "needle" in parse(mail(body, Content_Type=content_type)).text


def test_a_part_that_never_ends_is_read_to_the_end():
    raw = mail(
        "--b1\r\nContent-Type: text/plain\r\n\r\nfirst\r\n--b1\r\n\r\nneedle",
        Content_Type="multipart/mixed; boundary=b1",
    )
    assert parse(raw).text == "first\n\nneedle"


def test_lines_that_were_broken_for_transport_are_joined():
    body = "A long \r\nline\r\n> quoted \r\n> too\r\n\r\n-- \r\nBo\r\n"
    read = parse(mail(body, Content_Type="text/plain; format=flowed"))
    assert read.text == "A long line\n> quoted too\n\n-- \nBo\n"


def test_a_text_that_only_says_there_is_html_gives_way_to_it():
    read = parse(
        multipart_mail(
            part("Your program cannot show HTML."),
            part(f"<p>{'Tak for sidst. ' * 30}</p>", "text/html"),
            kind="alternative",
        )
    )
    assert read.text.startswith("Tak for sidst.")


@pytest.mark.parametrize(
    "date",
    ["", "nonsense", "Thu, 99 Foo 99999 99:99:99 +9999", "Tue, 3 Mar 2026 10:11:12 +9959", "0"],
)
def test_a_date_that_is_none_is_no_date(date):
    assert parse(mail(Date=date)).date is None


def test_a_date_without_a_zone_is_utc():
    read = parse(mail(Date="Tue, 3 Mar 2026 10:11:12 -0000"))
    assert read.date == datetime(2026, 3, 3, 10, 11, 12, tzinfo=UTC)


def test_a_mail_delivered_again_has_the_same_digest():
    raw = multipart_mail(part("Hej"), attached('filename="a.pdf"', b"1"))
    again = b"Received: by mx.example.org; Tue, 3 Mar 2026 10:12:00 +0100\r\n" + raw
    assert content_digest(parse(raw)) == content_digest(parse(again))


@pytest.mark.parametrize(
    "other",
    [
        mail("Hej igen"),
        mail("Hej", From="eve@example.com"),
        mail("Hej", Date="Tue, 3 Mar 2026 10:11:13 +0100"),
        multipart_mail(part("Hej"), attached('filename="a.pdf"', b"1")),
    ],
)
def test_another_mail_of_the_same_id_has_another_digest(other):
    first, second = parse(mail("Hej")), parse(other)
    assert first.message_id == second.message_id
    assert content_digest(first) != content_digest(second)


def test_an_id_that_a_program_wrote_as_encoded_words_is_read() -> None:
    raw = (
        b"From: kim@example.com\r\n"
        b"In-Reply-To: =?utf-8?q?=3C0102-abc?=\r\n"
        b" =?utf-8?q?-000=40eu-west-1=2Eamazonses=2Ecom=3E?=\r\n"
        b"References: <a1@example.org> =?utf-8?q?=3C0102-abc-000=40x=2Ecom=3E?= <b@example.org>\r\n"
        b"\r\nHello\r\n"
    )
    read = parse(raw)
    assert read.in_reply_to == ("0102-abc-000@eu-west-1.amazonses.com",)
    assert read.references == ("a1@example.org", "0102-abc-000@x.com", "b@example.org")


def test_any_header_is_there_by_its_name_in_one_bounded_line():
    read = parse(mail(X_Ticket="=?utf-8?q?n=C3=B8?=\r\n 7", X_Long="x" * 5000))
    assert read.header("x-ticket") == read.header("X-Ticket") == "nø 7"
    assert read.header("X-None") == ""
    assert 900 < len(read.header("X-Long")) <= 1000
    assert "X-Long" not in repr(read)
    assert read == parse(mail(X_Ticket="=?utf-8?q?n=C3=B8?= 7"))


def test_of_a_header_that_stands_twice_the_first_one_counts():
    assert parse(mail(X_A="1\r\nX-A: 2")).header("x-a") == "1"


def test_the_thread_of_outlook_is_kept():
    read = parse(mail(Thread_Topic="=?utf-8?q?K=C3=A6re_desk?=", Thread_Index="Adh\r\n zQ+/9==<x>"))
    assert read.thread_topic == "Kære desk"
    assert read.thread_index == "AdhzQ+/9==x"
    assert (parse(mail()).thread_topic, parse(mail()).thread_index) == (None, None)


def test_the_thread_of_outlook_is_bounded():
    read = parse(mail(Thread_Topic="å" * 5000, Thread_Index="A" * 5000))
    assert read.thread_topic == "å" * 500
    assert read.thread_index == "A" * 500


def test_a_picture_inside_the_html_does_not_use_up_the_text():
    picture = "data:image/png;base64," + "A" * 3_000_000
    read = parse(mail(f'<img src="{picture}"><p>Printeren', Content_Type="text/html"))
    assert read.text == "Printeren"


def test_empty_texts_beside_each_other_are_no_page():
    read = parse(multipart_mail(part(""), part("", "text/html"), part("\r\n")))
    assert (read.text, read.html) == ("", None)


def test_what_a_person_is_shown_of_a_mail_leaves_its_raw_headers_out(tmp_path):
    (tmp_path / "a.eml").write_bytes(multipart_mail(part("Hej"), attached('filename="a"', PNG)))
    shown = describe(tmp_path / "a.eml")
    assert "headers" not in shown
    assert json.loads(json.dumps(shown))["text"] == "Hej"
