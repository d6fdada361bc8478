"""The mail that somebody passed on, by the shapes that clients give it."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.mail.addresses import Address
from chalicelib.mail.forwarded import forwarded
from chalicelib.mail.parse import MailKind, parse
from chalicelib.mail.written_dates import read_written_date
from tests.unit.mail.samples import (
    PNG,
    attached,
    bounce,
    mail,
    multipart_mail,
    nested,
    part,
    unhurried,
)

COMMENT = "Hej desk, vil I tage denne?\n\nHilsen Åse"
TEXT = "Printeren på 3. sal svarer ikke.\n\n> Virker den nu?\nNej.\n\nVenlig hilsen\nBo"
AT = datetime(2026, 3, 3, 10, 11, tzinfo=UTC)

# Delimiter and block, as each client writes them; one delimiter without a block.
MARKED = [
    (
        "---------- Forwarded message ---------\nFrom: Bo Holm <bo@example.com>\n"
        "Date: Tue, Mar 3, 2026 at 10:11 AM\nSubject: Printer\nTo: Åse <aase@example.org>\n\n"
    ),
    (
        "---------- Forwarded message ---------\nFra: Bo Holm <bo@example.com>\n"
        "Date: tir. 3. mar. 2026 kl. 10.11\nSubject: Printer\nTo: Åse <aase@example.org>,\n"
        " Ann <ann@example.org>\nCc: Ib <ib@example.org>\n\n"
    ),
    (
        "---------- Videresendt meddelelse ---------\nFra: Bo Holm <bo@example.com>\n"
        "Dato: tirs. 3. mar. 2026 10.11\nEmne: Printer\nTil: <aase@example.org>\n\n"
    ),
    (
        "---------- Forwarded message ---------\nVon: Bo Holm <bo@example.com>\n"
        "Date: Di., 3. März 2026 um 10:11 Uhr\nSubject: Printer\nTo: <aase@example.org>\n\n\n"
    ),
    (
        "---------- Przekazana wiadomość ---------\nOd: Bo Holm <bo@example.com>\n"
        "Date: wt., 3 mar 2026 o 10:11\nSubject: Printer\nTo: <aase@example.org>\n\n"
    ),
    (
        "Begin forwarded message:\n\nFrom: Bo Holm <bo@example.com>\nSubject: Printer\n"
        "Date: 3 March 2026 at 10:11:00 GMT\nTo: Åse <aase@example.org>\n\n"
    ),
    (
        "Start på videresendt besked:\n\nFra: Bo Holm <bo@example.com>\nEmne: Printer\n"
        "Dato: 3. marts 2026 kl. 11.11.00 GMT+1\nTil: aase@example.org\n\n"
    ),
    (
        "Anfang der weitergeleiteten Nachricht:\n\nVon: Bo Holm <bo@example.com>\n"
        "Betreff: Printer\n"
        "Datum: 3. März 2026 um 10:11:00\nAn: aase@example.org\n\n"
    ),
    (
        "Videresendt melding:\n\nFra: Bo Holm <bo@example.com>\nDato: 3. mars 2026 kl. 10:11\n"
        "Til: aase@example.org\nEmne: Printer\n\n"
    ),
    (
        "Vidarebefordrat brev:\n\nFrån: Bo Holm <bo@example.com>\nÄmne: Printer\n"
        "Datum: 3 mars 2026 10:11\nTill: aase@example.org\n\n"
    ),
    (
        "Välitetty viesti alkaa:\n\nLähettäjä: Bo Holm <bo@example.com>\nAihe: Printer\n"
        "Päivämäärä: 3. maaliskuuta 2026 klo 10.11\nVastaanottaja: aase@example.org\n\n"
    ),
    (
        "Début du message transféré :\n\nDe: Bo Holm <bo@example.com>\nObjet: Printer\n"
        "Date: 3 mars 2026 à 10:11\nÀ: aase@example.org\n\n"
    ),
    (
        "Inizio messaggio inoltrato:\n\nDa: Bo Holm <bo@example.com>\nOggetto: Printer\n"
        "Data: 3 marzo 2026 alle 10:11\nA: aase@example.org\n\n"
    ),
    (
        "Inicio del mensaje reenviado:\n\nDe: Bo Holm <bo@example.com>\nAsunto: Printer\n"
        "Fecha: 3 de marzo de 2026, 10:11\nPara: aase@example.org\n\n"
    ),
    (
        "Początek przekazywanej wiadomości:\n\nOd: Bo Holm <bo@example.com>\nTemat: Printer\n"
        "Data: 3 marca 2026 10:11\nDo: aase@example.org\n\n"
    ),
    (
        "-------- Forwarded Message --------\nSubject: \tPrinter\n"
        "Date: \tTue, 3 Mar 2026 11:11:00 +0100"
        "\nFrom: \tBo Holm <bo@example.com>\nTo: \tÅse <aase@example.org>\n\n\n"
    ),
    (
        "-------- Weitergeleitete Nachricht --------\nBetreff: \tPrinter\nDatum: \t"
        "Tue, 3 Mar 2026 11:11:00 +0100\nVon: \tBo Holm <bo@example.com>\n"
        "An: \taase@example.org\n\n"
    ),
    (
        "-------- Treść przekazanej wiadomości --------\nTemat: \tPrinter\nData: \t"
        "Tue, 3 Mar 2026 11:11:00 +0100\nNadawca: \tBo Holm <bo@example.com>\n"
        "Adresat: \ta@b.example\n\n"
    ),
    (
        "-------- Továbbított üzenet --------\nTárgy: \tPrinter\n"
        "Dátum: \t2026. március 3., kedd 10:11\n"
        "Feladó: \tBo Holm <bo@example.com>\nCímzett: \taase@example.org\n\n"
    ),
    (
        "-------- Переслане повідомлення --------\nТема: \tPrinter\n"
        "Дата: \t3 березня 2026 р. 10:11\n"
        "Від: \tBo Holm <bo@example.com>\nКому: \taase@example.org\n\n"
    ),
    (
        "-------- Přeposlaná zpráva --------\nPředmět: \tPrinter\nDatum: \t3. 3. 2026 10:11\n"
        "Od: \tBo Holm <bo@example.com>\nKomu: \taase@example.org\n\n"
    ),
    (
        "-------- Doorgestuurd bericht --------\nOnderwerp: \tPrinter\n"
        "Datum: \tdi 3 maart 2026 10:11\n"
        "Van: \tBo Holm <bo@example.com>\nAan: \taase@example.org\n\n"
    ),
    (
        "-------- Mensagem encaminhada --------\nAssunto: \tPrinter\n"
        "Data: \t3 de março de 2026 10:11\n"
        "De: \tBo Holm <bo@example.com>\nPara: \taase@example.org\n\n"
    ),
    (
        "-------- Пересылаемое сообщение --------\nОт кого: Bo Holm <bo@example.com>\n"
        "Кому: aase@example.org\nДата: Вторник, 3 марта 2026, 13:11 +03:00\nТема: Printer\n\n"
    ),
    '-------- Пересылаемое сообщение --------\n03.03.2026, 10:11, "Bo Holm" <bo@example.com>:\n\n',
    (
        "----- Forwarded Message -----\nFrom: Bo Holm <bo@example.com>\n"
        'To: "aase" <aase@example.org>\n'
        "Sent: Tuesday, March 3, 2026 at 10:11:00 AM GMT\nSubject: Printer\n\n"
    ),
    (
        "------- Forwarded Message -------\nFrom: Bo Holm <bo@example.com>\n"
        "Date: On Tuesday, March 3rd, 2026 at 10:11 AM\nSubject: Printer\nTo: aase@example.org\n\n"
    ),
    (
        "============ Forwarded message ============\nFrom: Bo Holm <bo@example.com>\n"
        "To: <aase@example.org>\nDate: Tue, 03 Mar 2026 11:11:00 +0100\nSubject: Printer\n"
        "============ Forwarded message ============\n\n"
    ),
    (
        "----- Weitergeleitet von Åse Holm/Example am 04.03.2026 08:00 -----\n\n"
        "Von: Bo Holm <bo@example.com>\nAn: aase@example.org\nDatum: 03.03.2026 10:11\n"
        "Betreff: Printer\n\n"
    ),
]

# Without a delimiter that says so: only the subject tells that the mail was passed on.
UNMARKED = [
    (
        "Fw: Printer",
        (
            "From: Bo Holm <bo@example.com>\nSent: Tuesday, March 3, 2026 10:11 AM\n"
            "To: Åse <aase@example.org>\nSubject: Printer\n\n"
        ),
    ),
    (
        "FW: Printer",
        (
            "________________________________\nFrom: Bo Holm <bo@example.com>\n"
            "Sent: Tuesday, March 3, 2026 10:11:00 AM\nTo: Åse <aase@example.org>\n"
            "Subject: Printer\n\n"
        ),
    ),
    (
        "VS: Printer",
        (
            "Fra: Bo Holm <bo@example.com>\nSendt: 3. marts 2026 10:11\n"
            "Til: Åse <aase@example.org>\nCc: Ib; Ann\nEmne: Printer\nPrioritet: Høj\n\n"
        ),
    ),
    (
        "VS: Printer",
        (
            "Fra: Bo Holm <bo@example.com>\nDato: tirsdag 3. mars 2026 kl. 10:11\n"
            "Til: Åse <aase@example.org>\nEmne: Printer\n\n"
        ),
    ),
    (
        "VB: Printer",
        (
            "Från: Bo Holm <bo@example.com>\nSkickat: den 3 mars 2026 10:11\n"
            "Till: aase@example.org\nÄmne: Printer\n\n"
        ),
    ),
    (
        "VL: Printer",
        (
            "Lähettäjä: Bo Holm <bo@example.com>\nLähetetty: tiistai 3. maaliskuuta 2026 "
            "10.11\nVastaanottaja: aase@example.org\nAihe: Printer\n\n"
        ),
    ),
    (
        "WG: Printer",
        (
            "Von: Bo Holm [mailto:bo@example.com]\nGesendet: Dienstag, 3. März 2026 10:11\n"
            "An: Åse\nBetreff: Printer\nWichtigkeit: Hoch\n\n"
        ),
    ),
    (
        "WG: Printer",
        (
            "Von: Bo Holm <bo@example.com<mailto:bo@example.com>>\nGesendet: Dienstag, "
            "3. März 2026 10:11\nAn: Åse\nBetreff: Printer\n\n"
        ),
    ),
    (
        "Fw: Printer",
        (
            'Gesendet: Dienstag, 03. März 2026 um 10:11 Uhr\nVon: "Bo Holm" '
            "<bo@example.com>\nAn: aase@example.org\nBetreff: Printer\n\n"
        ),
    ),
    (
        "Doorst: Printer",
        (
            "Van: Bo Holm <bo@example.com>\nVerzonden: dinsdag 3 maart 2026 10:11\n"
            "Aan: aase@example.org\nOnderwerp: Printer\n\n"
        ),
    ),
    (
        "TR: Printer",
        (
            "De : Bo Holm <bo@example.com>\nEnvoyé : mardi 3 mars 2026 10:11\n"
            "À : aase@example.org\nObjet : Printer\n\n"
        ),
    ),
    (
        "RV: Printer",
        (
            "De: Bo Holm <bo@example.com>\nEnviado el: martes, 3 de marzo de 2026 10:11\n"
            "Para: aase@example.org\nAsunto: Printer\n\n"
        ),
    ),
    (
        "I: Printer",
        (
            "Da: Bo Holm <bo@example.com>\nInviato: martedì 3 marzo 2026 10:11\n"
            "A: aase@example.org\nOggetto: Printer\n\n"
        ),
    ),
    (
        "ENC: Printer",
        (
            "De: Bo Holm <bo@example.com>\nEnviada em: terça-feira, 3 de março de 2026 "
            "10:11\nPara: aase@example.org\nAssunto: Printer\n\n"
        ),
    ),
    (
        "PD: Printer",
        (
            "Od: Bo Holm <bo@example.com>\nWysłano: wtorek, 3 marca 2026 10:11\n"
            "Do: aase@example.org\nTemat: Printer\n\n"
        ),
    ),
    (
        "Fwd: Printer",
        (
            'Od: "Bo Holm" <bo@example.com>\nDo: "Åse" <aase@example.org>;\n'
            "Wysłane: 10:11 Wtorek 2026-03-03\nTemat: Printer\n\n"
        ),
    ),
    (
        "Fwd: Printer",
        (
            "---------- Původní e-mail ----------\nOd: Bo Holm <bo@example.com>\n"
            "Komu: aase@example.org\nDatum: 3. 3. 2026 10:11:00\nPředmět: Printer\n\n"
        ),
    ),
    (
        "Továbbítás: Printer",
        (
            "Feladó: Bo Holm <bo@example.com>\nElküldve: 2026. március 3., kedd "
            "10:11\nCímzett: aase@example.org\nTárgy: Printer\n\n"
        ),
    ),
    (
        "FW: Printer",
        (
            "От: Bo Holm <bo@example.com>\nОтправлено: 3 марта 2026 г. 10:11\n"
            "Кому: aase@example.org\nТема: Printer\n\n"
        ),
    ),
    (
        "FW: Printer",
        (
            "Від: Bo Holm <bo@example.com>\nНадіслано: 3 березня 2026 р. 10:11\n"
            "Кому: aase@example.org\nТема: Printer\n\n"
        ),
    ),
    (
        "Fwd: Printer",
        (
            "-------- Oprindelig besked --------\nFra: Bo Holm <bo@example.com>\n"
            "Dato: 03.03.2026 11.11 (GMT+01:00)\nTil: aase@example.org\nEmne: Printer\n\n"
        ),
    ),
    (
        "Fwd: Printer",
        (
            "*From:* Bo Holm <bo@example.com>\n*Sent:* Tuesday, 3 March 2026 10:11\n"
            "*To:* Åse\n*Subject:* Printer\n\n"
        ),
    ),
    ("Fwd: Printer", "Am 03.03.2026 um 10:11 schrieb Bo Holm <bo@example.com>:\n\n"),
]


def passed_on(text, subject="Fwd: Printer", **fields):
    return forwarded(parse(mail(text, Subject=subject, **fields)))


@pytest.mark.parametrize("comment", [COMMENT, ""])
@pytest.mark.parametrize("opening", MARKED)
def test_a_delimiter_tells_what_was_passed_on(opening, comment):
    found = passed_on(f"{comment}\n\n{opening}{TEXT}\n", "Printer")
    assert found is not None
    assert found.comment == comment
    assert found.sender == Address("Bo Holm", "bo@example.com")
    assert (found.subject, found.text, found.date) == ("Printer", TEXT, AT)


@pytest.mark.parametrize(("subject", "opening"), UNMARKED)
def test_a_subject_tells_what_was_passed_on(subject, opening):
    found = passed_on(f"{COMMENT}\n\n{opening}{TEXT}\n", subject)
    assert found is not None
    assert found.comment == COMMENT
    assert found.sender == Address("Bo Holm", "bo@example.com")
    assert (found.subject, found.text, found.date) == ("Printer", TEXT, AT)


@pytest.mark.parametrize("subject", ["Printer", "Re: Printer", "SV: Printer", "AW: WG: Printer"])
@pytest.mark.parametrize(("_", "opening"), UNMARKED)
def test_an_answer_passes_nothing_on(subject, _, opening):
    assert passed_on(f"{COMMENT}\n\n{opening}{TEXT}\n", subject) is None


def test_a_finnish_answer_is_none_though_its_prefix_means_forward_in_danish():
    block = UNMARKED[5][1]
    assert passed_on(f"Kiitos!\n\n{block}{TEXT}", "VS: Tulostin") is None


@pytest.mark.parametrize("opening", [MARKED[5], MARKED[0]])
def test_marks_before_each_line_are_taken_off_and_what_stands_below_is_comment(opening):
    lines = f"{opening}{TEXT}".split("\n")
    head = lines[:2] if lines[0].startswith("Begin") else lines[:1]
    marked = "\n".join([*head, *(f"> {line}".rstrip() for line in lines[len(head) :])])
    found = passed_on(f"{COMMENT}\n\n{marked}\n\n-- \nÅse, Example A/S")
    assert found is not None
    assert (found.sender.address, found.text) == ("bo@example.com", TEXT)
    assert found.comment == f"{COMMENT}\n\n-- \nÅse, Example A/S"


def test_labels_in_one_line_are_understood_and_stay_in_the_text():
    line = (
        '----- Forwarded Message ----- From: "Bo Holm" <bo@example.com>To: "aase" '
        "<aase@example.org>Sent: Tuesday, 3 March 2026 at 10:11:00 GMTSubject: Printer"
    )
    found = passed_on(f"{COMMENT}\n\n{line}\n{TEXT}")
    assert found is not None
    assert found.sender == Address("Bo Holm", "bo@example.com")
    assert (found.date, found.text) == (AT, f"{line}\n{TEXT}")


def test_an_html_mail_of_outlook_is_understood():
    source = (
        "<div>Vil I tage den?</div><div style='border:none;border-top:solid #E1E1E1 1.0pt'>"
        "<p><b>Fra:</b> Bo Holm &lt;bo@example.com&gt; <br><b>Sendt:</b> 3. marts 2026 10:11<br>"
        "<b>Til:</b> Åse &lt;aase@example.org&gt;<br><b>Emne:</b> Printer</p></div>"
        "<p>Printeren virker ikke.</p>"
    )
    found = passed_on(source, "VS: Printer", Content_Type="text/html; charset=utf-8")
    assert found is not None
    assert (found.comment, found.text) == ("Vil I tage den?", "Printeren virker ikke.")
    assert (found.sender.address, found.subject, found.date) == ("bo@example.com", "Printer", AT)


def test_a_quoted_forward_in_an_answer_is_none():
    forward = MARKED[0] + TEXT
    below = "On 3 March 2026 at 12:00, Desk <desk@example.org> wrote:\n\n"
    assert passed_on(f"Tak.\n\n{below}{forward}", "Re: Fwd: Printer") is None
    marked = "\n".join(f"> {line}" for line in forward.split("\n"))
    assert passed_on(f"Tak.\n\n{marked}", "Re: Printer") is None


@pytest.mark.parametrize(
    "text",
    [
        "From: Bo\nSent: 3 March 2026 10:11\nTo: Åse\nSubject: Printer\n\nNo address.",
        "---------- Forwarded message ---------\n\nNobody is named here.",
        "Begin forwarded message:\n",
        "Just a text under a forwarded subject.",
        "",
    ],
)
def test_without_an_address_of_the_first_sender_there_is_none(text):
    assert passed_on(text) is None


def test_the_text_right_below_the_block_stays_text():
    block = MARKED[0].rstrip("\n")
    found = passed_on(f"{block}\nPrinteren,\nden svarer ikke.")
    assert found is not None
    assert found.text == "Printeren,\nden svarer ikke."


def test_a_mail_passed_on_twice_keeps_its_inner_block_as_text():
    inner = UNMARKED[0][1] + TEXT
    found = passed_on(f"{MARKED[0]}{inner}")
    assert found is not None
    assert found.text == inner


def test_a_date_without_an_offset_is_read_in_the_given_zone():
    read = parse(mail(f"{UNMARKED[2][1]}{TEXT}", Subject="VS: Printer"))
    found = forwarded(read, ZoneInfo("Europe/Copenhagen"))
    assert found is not None
    assert found.date == datetime(2026, 3, 3, 9, 11, tzinfo=UTC)


def test_files_of_an_inline_forward_come_along():
    raw = multipart_mail(
        part(f"{MARKED[0]}{TEXT}"), attached('filename="a.pdf"', b"%PDF"), Subject="Fwd: Printer"
    )
    found = forwarded(parse(raw))
    assert found is not None
    assert [file.filename for file in found.attachments] == ["a.pdf"]


# Passed on as a file. ------------------------------------------------------------------------


def eml(text=TEXT, **fields):
    inner = multipart_mail(
        part(text),
        attached('filename="photo.png"', PNG, "image/png"),
        boundary="inner",
        From="Bo Holm <bo@example.com>",
        Subject="Printer",
        **fields,
    )
    return part(inner, "message/rfc822", Content_Disposition='attachment; filename="Printer.eml"')


@pytest.mark.parametrize(
    ("comment", "subject"), [(COMMENT, "Fwd: Printer"), ("", "Printer"), ("", "")]
)
def test_an_attached_mail_is_passed_on_with_its_text_and_files(comment, subject):
    found = forwarded(parse(multipart_mail(part(comment), eml(), Subject=subject)))
    assert found is not None
    assert found.comment == comment
    assert found.sender == Address("Bo Holm", "bo@example.com")
    assert (found.subject, found.text) == ("Printer", TEXT)
    assert found.date == datetime(2026, 3, 3, 9, 11, 12, tzinfo=UTC)
    assert [file.filename for file in found.attachments] == ["photo.png"]


def test_a_mail_as_proof_beside_a_text_of_ones_own_is_no_forward():
    assert forwarded(parse(multipart_mail(part(COMMENT), eml(), Subject="Printer"))) is None
    assert forwarded(parse(multipart_mail(part(""), eml(), Subject="Re: Printer"))) is None


def test_of_several_attached_mails_nobody_knows_which_is_meant():
    assert forwarded(parse(multipart_mail(part(""), eml(), eml(), Subject="Fwd: x"))) is None


def test_an_attached_mail_without_a_sender_is_no_forward():
    for sender in ("", "From: Root <root>\r\n"):
        nameless = part(f"{sender}Subject: Printer\r\n\r\nHej", "message/rfc822")
        assert forwarded(parse(multipart_mail(part("Se her"), nameless, Subject="Fwd: x"))) is None


def test_the_raw_letters_of_an_attached_mail_are_read_in_the_likely_charset():
    inner = mail("x", charset="latin-1", From="Åse Sørensen <a@example.com>", Subject="Blæk")
    found = forwarded(parse(multipart_mail(part("Se her"), part(inner, "message/rfc822"),
                                           Subject="Fwd: x")))  # fmt: skip
    assert found is not None
    assert (found.sender.name, found.subject) == ("Åse Sørensen", "Blæk")


def test_a_bounce_passes_nothing_on():
    assert forwarded(parse(bounce("failed", "5.1.1"))) is None
    read = parse(mail(f"{MARKED[0]}{TEXT}", Subject="Fwd: Printer"))
    assert forwarded(replace(read, kind=MailKind.BOUNCE)) is None


def test_a_nested_alternative_is_read_like_any_other_mail():
    both = nested(part(f"{MARKED[0]}{TEXT}"), part("<p>x</p>", "text/html"), kind="alternative",
                  boundary="b2")  # fmt: skip
    found = forwarded(parse(multipart_mail(both, Subject="Fwd: Printer")))
    assert found is not None
    assert found.text == TEXT


# Dates, and hostile texts. -------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        "Tue, 3 Mar 2026 11:11:00 +0100",
        "2026-03-03T11:11:00+0100",
        "2026-03-03T10:11:00.123Z",
        "03.03.2026 11.11 (GMT+01:00)",
        "03/03/2026 10:11",
        "Tuesday, 3 March 2026 at 5:11 UTC-5",
        "mar. 3 mars 2026 à 10h11",
        "2026. 03. 03. 10:11",
        "вторник, 3 марта 2026 г. в 10:11",
    ],
)
def test_a_written_date_is_a_moment_in_utc(value):
    found = read_written_date(value)
    assert found is not None
    assert found.replace(second=0) == AT


@pytest.mark.parametrize(
    ("value", "month"),
    [
        ("10. marraskuuta 2026 10.11", 11),
        ("15. června 2026 10:11", 6),
        ("15. července 2026 10:11", 7),
        ("15 lipca 2026 10:11", 7),
        ("15 listopada 2026 10:11", 11),
        ("12/25/2026 10:11 AM", 12),
    ],
)
def test_months_that_begin_alike_are_told_apart(value, month):
    found = read_written_date(value)
    assert found is not None
    assert found.month == month


@pytest.mark.parametrize(
    "value",
    ["", "yesterday", "3/4/2026 10:11", "31. Februar 2026 10:00", "3. marts 2026", "9" * 99],
)
def test_an_uncertain_date_is_none(value):
    assert read_written_date(value) is None


LINES = [line for opening in MARKED[::5] for line in opening.split("\n")]
LINES += [
    "> Hej",
    ">> Hej",
    "Printeren virker ikke.",
    "-- ",
    "<bo@example.com>",
    "______",
    "Od: x,",
]


@unhurried
@given(st.lists(st.sampled_from(LINES), max_size=25), st.sampled_from(["Fwd: x", "Re: x", "x"]))
def test_comment_and_text_are_lines_of_the_mail(lines, subject):
    read = parse(mail("\n".join(lines), Subject=subject))
    found = forwarded(read)
    written = read.text.split("\n")
    for line in f"{found.comment}\n{found.text}".split("\n") if found else ():
        assert any(one.strip().endswith(line.strip()) for one in written)


@unhurried
@given(st.text(max_size=300))
def test_no_text_is_too_strange(text):
    read = parse(mail(b"x", Subject="Fwd: x"))
    forwarded(replace(read, text=f"Begin forwarded message:\n\nFrom: {text} bo@example.com\n"))
    forwarded(replace(read, text=text))
    read_written_date(text)


@pytest.mark.parametrize(
    "text",
    [
        "> " * 100_000,
        "From: a\n" * 30_000,
        "\n" * 300_000,
        "From: " + "a@" * 100_000,
        "-" * 300_000,
    ],
)
def test_a_hostile_text_is_read_in_one_pass(text):
    read = parse(mail(b"x", Subject="Fwd: x"))
    found = forwarded(replace(read, text=f"Begin forwarded message:\nFrom: bo@example.com\n{text}"))
    assert found is not None
    assert found.sender.address == "bo@example.com"
