"""What a reply shows, and what is folded."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.mail.endings import is_of_app
from chalicelib.mail.quotes import newest_quoted, split_reply, visible_reply
from tests.unit.mail.samples import unhurried

REPLY = "Tak, det virker nu.\n\nHilsen Åse"

# One line per client and language, as that client introduces what it quotes.
HEADERS = [
    "On Tue, Mar 3, 2026 at 10:11 AM Desk <desk@example.com> wrote:",
    "On 3 Mar 2026, at 10:11, Desk <desk@example.com> wrote:",
    "On 03/03/2026 10:11, Desk wrote:",
    "On Tuesday, March 3, 2026 at 10:11:12 AM GMT+1, Desk <desk@example.com> wrote:",
    "---- On Tue, 03 Mar 2026 10:11:12 +0100 desk@example.com wrote ----",
    "Desk <desk@example.com> wrote on 03.03.2026 10:11:",
    "Den tirs. 3. mar. 2026 kl. 10.11 skrev Desk <desk@example.com>:",
    "Den 3. mar. 2026 kl. 10.11 skrev Desk <desk@example.com>:",
    "Den 03-03-2026 kl. 10:11 skrev Desk:",
    "tir. 3. mars 2026 kl. 10:11 skrev Desk <desk@example.com>:",
    "3. mar. 2026 kl. 10:11 skrev Desk <desk@example.com>:",
    "Den tis 3 mars 2026 kl 10:11 skrev Desk <desk@example.com>:",
    "3 mars 2026 kl. 10:11 skrev Desk <desk@example.com>:",
    "ti 3. maalisk. 2026 klo 10.11 Desk (desk@example.com) kirjoitti:",
    "Desk <desk@example.com> kirjoitti 3.3.2026 kello 10.11:",
    "Am 03.03.2026 um 10:11 schrieb Desk <desk@example.com>:",
    "Am Di., 3. März 2026 um 10:11 Uhr schrieb Desk <desk@example.com>:",
    "Desk <desk@example.com> schrieb am Di., 3. März 2026, 10:11:",
    "Op di 3 mrt 2026 om 10:11 schreef Desk <desk@example.com>:",
    "Op 3 mrt. 2026, om 10:11 heeft Desk <desk@example.com> het volgende geschreven:",
    "Le mar. 3 mars 2026 à 10:11, Desk <desk@example.com> a écrit :",
    "Le 03/03/2026 à 10:11, Desk a écrit :",
    "El mar, 3 mar 2026 a las 10:11, Desk (<desk@example.com>) escribió:",
    "El 3/3/26 a las 10:11, Desk escribió:",
    "Il giorno mar 3 mar 2026 alle ore 10:11 Desk <desk@example.com> ha scritto:",
    "Il 03/03/2026 10:11, Desk ha scritto:",
    "Em ter., 3 de mar. de 2026 às 10:11, Desk <desk@example.com> escreveu:",
    "No dia 03/03/2026, às 10:11, Desk <desk@example.com> escreveu:",
    "wt., 3 mar 2026 o 10:11 Desk <desk@example.com> napisał(a):",
    "W dniu 03.03.2026 o 10:11, Desk pisze:",
    "Wiadomość napisana przez Desk <desk@example.com> w dniu 3 mar 2026, o godz. 10:11:",
    "út 3. 3. 2026 v 10:11 odesílatel Desk <desk@example.com> napsal:",
    "Dne 03. 03. 26 v 10:11 Desk napsal(a):",
    "Desk <desk@example.com> ezt írta (időpont: 2026. márc. 3., K, 10:11):",
    "2026. 03. 03. 10:11 keltezéssel, Desk írta:",
    "вт, 3 мар. 2026 г. в 10:11, Desk <desk@example.com>:",
    "03.03.2026 10:11, Desk пишет:",
    "3 марта 2026 г., в 10:11, Desk <desk@example.com> написал(а):",
    "вт, 3 бер. 2026 р. о 10:11 Desk <desk@example.com> пише:",
    "03.03.26 10:11, Desk пише:",
    "2026-03-03 10:11 GMT+01:00 Desk <desk@example.com>:",
    "Den tirsdag den 3. marts 2026 kl. 10.11.12 CET skrev Desk <desk@example.com>:",
    "tirsdag den 3. marts 2026 10.11.12 skrev Desk:",
    "Den ons. 4. mar. 2026 10.11 skrev Desk <desk@example.com>:",
    "Am Mi., 4. März 2026 um 10:11 Uhr schrieb Desk <desk@example.com>:",
    "Am Dienstag, 3. März 2026 um 10:11:12 MEZ hat Desk <desk@example.com> Folgendes geschrieben:",
    "Am 2026-03-03 10:11, schrieb Desk:",
    "---- Am Di., 03 März 2026 10:11:12 +0100 Desk <desk@example.com> schrieb ----",
    "W dniu 2026-03-03 10:11:12 użytkownik Desk <desk@example.com> napisał:",
    "Dnia 3 marca 2026 10:11 Desk <desk@example.com> napisał(a):",
    "W dniu 2026-03-03 10:11, Desk napisał(a):",
    "Вторник, 3 марта 2026, 10:11 +03:00 от Desk <desk@example.com>:",
    '03.03.2026, 10:11, "Desk" <desk@example.com>:',
    "Desk писал 2026-03-03 10:11:",
    "Desk писав 2026-03-03 10:11:",
    "3 березня 2026 р. о 10:11 Desk <desk@example.com> написав(-ла):",
    "Desk kirjoitti 2026-03-03 10:11:",
    "Desk schreef op 2026-03-03 10:11:",
    "Le mardi 3 mars 2026 à 10:11:12 UTC+1, Desk <desk@example.com> a écrit :",
    "2026-03-03 10:11 időpontban Desk ezt írta:",
    "Dne 2026-03-03 10:11, Desk napsal:",
]

BLOCKS = [
    "From: Desk <desk@example.com>\nSent: Tuesday, March 3, 2026 10:11 AM\nTo: Åse\nSubject: Hi",
    "Fra: Desk <desk@example.com>\nSendt: 3. marts 2026 10:11\nTil: Åse\nEmne: Printer",
    "Fra: Desk <desk@example.com>\nDato: tirsdag 3. mars 2026 kl. 10:11\nTil: Åse\nEmne: Printer",
    "Från: Desk <desk@example.com>\nSkickat: den 3 mars 2026 10:11\nTill: Åse\nÄmne: Skrivare",
    "Lähettäjä: Desk\nLähetetty: ti 3. maaliskuuta 2026 10.11\nVastaanottaja: Åse\nAihe: Tulostin",
    "Von: Desk\nGesendet: Dienstag, 3. März 2026 10:11\nAn: Åse\nCc: Bo\nBetreff: Drucker",
    "Van: Desk\nVerzonden: dinsdag 3 maart 2026 10:11\nAan: Åse\nOnderwerp: Printer",
    "De : Desk\nEnvoyé : mardi 3 mars 2026 10:11\nÀ : Åse\nObjet : Imprimante",
    "De: Desk\nEnviado el: martes, 3 de marzo de 2026 10:11\nPara: Åse\nAsunto: Impresora",
    "Da: Desk\nInviato: martedì 3 marzo 2026 10:11\nA: Åse\nOggetto: Stampante",
    "De: Desk\nEnviada em: terça-feira, 3 de março de 2026 10:11\nPara: Åse\nAssunto: Oi",
    "Od: Desk\nWysłano: wtorek, 3 marca 2026 10:11\nDo: Åse\nTemat: Drukarka",
    "Od: Desk\nOdesláno: úterý 3. března 2026 10:11\nKomu: Åse\nPředmět: Tiskárna",
    "Feladó: Desk\nElküldve: 2026. március 3., kedd 10:11\nCímzett: Åse\nTárgy: Nyomtató",
    "От: Desk\nОтправлено: 3 марта 2026 г. 10:11\nКому: Åse\nТема: Принтер",
    "Від: Desk\nНадіслано: 3 березня 2026 р. 10:11\nКому: Åse\nТема: Принтер",
    "*From:* Desk\n*Date:* Tuesday, 3 March 2026 at 10:11\n*To:* Åse\n*Subject:* Hi",
    "________________________________\nFrom: Desk\nSent: 3 March 2026\nTo: Åse\nSubject: Hi",
    "-----Original Message-----\nFrom: Desk\nSubject: Hi",
    "-----Oprindelig meddelelse-----\nFra: Desk",
    "-------- Ursprüngliche Nachricht --------\nVon: Desk",
    "-------- Исходное сообщение --------\nОт: Desk",
    "-- Reply above this line --\nTicket 7",
    "‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐\nOn Tuesday, Desk wrote:",
    "Gesendet: Dienstag, 03. März 2026 um 10:11 Uhr\nVon: Desk\nAn: Åse\nBetreff: Drucker",
    "-----Original-Nachricht-----\nBetreff: x\nDatum: 2026-03-03T10:11:12+0100\nVon: Desk\nAn: Bo",
    "----- Ursprüngliche Mail -----\nVon: Desk\nAn: Bo\nGesendet: Dienstag\nBetreff: x",
    "-------- Oprindelig e-mail --------\nFra: Desk\nDato: 03.03.2026 10.11 (GMT+01:00)\nTil: Bo",
    "-------- Oryginalna wiadomość --------\nOd: Desk\nData: 03.03.2026 10:11 (GMT+01:00)\nDo: Bo",
    "Od: Desk <desk@example.com>\nDo: Bo;\nWysłane: 10:11 Wtorek 2026-03-03\nTemat: x",
    "Nadawca: Desk\nWysłano: wtorek, 3 marca 2026 10:11\nAdresat: Bo\nTemat: x",
    "От: Desk <desk@example.com>\nДата: вторник, 3 марта 2026 г. в 10:11\nКому: Bo\nТема: Re: x",
    "Küldő: Desk <desk@example.com>\nDátum: 2026. március 3.\nCímzett: Bo\nTárgy: x",
    "----- Mail original -----\nDe: Desk\nÀ: Bo\nEnvoyé: Mardi 3 Mars 2026 10:11:12\nObjet: x",
]

FORWARDS = [
    "---------- Forwarded message ---------",
    "Begin forwarded message:",
    "---------- Videresendt meddelelse ---------",
    "-------- Weitergeleitete Nachricht --------",
    "---------- Doorgestuurd bericht ---------",
    "---------- Message transféré ---------",
    "-------- Переслане повідомлення --------",
    "---------- Továbbított üzenet ---------",
]

OWN_WORDS = [
    "On the other hand, I wrote to you in 2025: no answer.",
    "Hi,\n--\nThe first thing\n--\nThe second thing",
    "These are the steps:\n- one\n- two\n----\nDone",
    "From: Oslo\nTo: Bergen\nDate: 3 March\n\nIs there a train?",
    "The letter was sent from my iPhone app, and then lost.",
    "> 5 licences are what we need.\n\nIs that possible?",
    "You asked:\n> Which printer?\nThe red one.\n> Which room?\nRoom 7.",
    "At 10:30 on 3 March my colleague wrote:",
    # A quote of one's own, with the answer below it and no marks.
    "Hello,\n\nOn 3 March 2026 at 10:11 your colleague ann@example.com wrote:\nIt works.\n\nNo.",
    "Hallo,\n\nam 03.03.2026 um 10:11 schrieb mir Ann <ann@example.com>:\nEs geht.\n\nNein.",
    "Hej,\n\nDen 3. marts 2026 kl. 10.11 skrev din kollega Ann:\nDen er på vej.\n\nDen kom ikke.",
    "Dzień dobry,\n\nW dniu 03.03.2026 o 10:11 pani Anna napisała:\nBędzie jutro.\n\nNie ma.",
    "Добрый день,\n\n03.03.2026 10:11 ваш сотрудник пишет:\nБудет завтра.\n\nНе пришёл.",
    # Forms, and words that look like labels.
    "Von: Kiel\nNach: Hamburg\nDatum: 3. März\n\nGibt es einen Zug?",
    "Please ship:\n\nFrom: Warehouse A\nTo: Warehouse B\nSubject: pallets\nDate: 3 March\n\nThanks",
    "Fra: Lager A\nTil: Lager B\nDato: 3. marts\nEmne: paller\n\nKan det lade sig gøre?",
    # Logs, manuals, poems and commands.
    "The log says:\n\n12:00 start\n----- Original Message -----\n12:01 lost\n\nWhat now?",
    "Log:\n-----Original Message-----\nFrom: a@example.com\nx\n----- End of Message -----\n\nHelp",
    "This line in your mails is ugly:\nReply above this line\nCan you drop it?",
    "My poem:\n\n> Roses are red\n> Violets are blue",
    "My poem:\n\n> Roses are red\n> Violets are blue\n\nDo you like it?",
    "I typed\n> install\nand got\n> error 1",
    "My patch:\n> old\n---\n< new\n\nPlease apply.",
    # Something is said below what looks like the end.
    "Hi\n\n-- \nBo\n\nPS: the scanner is broken, too.",
    "Hi\n\n--\nOne more thing: when do you open?",
    "Hi\n\nSent from my iPhone\n\nAnd the scanner, too.",
    (
        "________________________________\nFrom: Desk <desk@example.com>\nSent: 3 March 2026\n"
        "To: Bo\nSubject: Hi\n\nDoes it work?\n\nYes."
    ),
    "",
    "   \n",
]

# What phones and mail programs add, and sentences of customers that begin like it.
APPS = """\
Sent from my iPhone
Sendt fra min iPhone
Sendt fra Outlook til Android<https://example.com/o>
Skickat från min iPhone
Lähetetty iPhonesta
Von meinem iPhone gesendet
Gesendet von Outlook für iOS<https://example.com/o>
Verstuurd vanaf mijn iPhone
Envoyé de mon iPhone
Enviado desde mi iPhone
Inviato da iPhone
Wysłane z iPhone'a
Odesláno z iPhonu
Отправлено с iPhone
Надіслано з iPhone
Hent Outlook til iOS<https://example.com/o>
Get Outlook for Android
Отправлено из мобильной Почты Mail.ru
Отправлено из Mail.ru для Android
Отправлено из Почты Mail.ru
Отправлено с моего iPhone
Отправлено из мобильного приложения Яндекс Почты
Отправлено из мобильной Яндекс Почты: https://example.com/mail
Отправлено с устройства Samsung
Отправлено со смартфона Samsung Galaxy.
Надіслано з мого iPhone
Надіслано з пристрою Galaxy
Надіслано із смартфону Samsung Galaxy
Wysłane z mojego iPhone'a
Wysłane z mojego iPhone
Wysłano z urządzenia Samsung
Wysłane z telefonu Samsung Galaxy
Wysłane z telefonu Samsung Galaxy.
Wysłano z programu Outlook dla systemu Android<https://example.com/a>
Wysłane z aplikacji Poczta w systemie Windows
Wysłano z iPhone'a
Wysłano z mojego telefonu
Pobierz aplikację Outlook dla systemu iOS<https://example.com/a>
Pobierz program Outlook dla systemu Android
Sendt fra min Samsung Galaxy
Sendt fra Mail til Windows 10
Sendt fra Mail<https://example.com/a> til Windows
Sendt fra Yahoo Mail på Android
Sendt fra min Huawei-mobiltelefon
Sendt fra min mobil
Sendt fra min mobiltelefon
Sendt fra min Galaxy
Sendt fra min iPad
Sendt via Outlook til Android
Hent Outlook til Android
Få Outlook til iOS
Sendt fra mit Samsung Galaxy-smartphone
Sendt fra Proton Mail til iOS
Skaff deg Outlook for iOS
Last ned Outlook for iOS
Få Outlook for iOS
Sendt fra Outlook for Android
Skickat från Outlook för Android
Skickat från min Galaxy
Skickat från E-post för Windows
Skickat från min Samsung-enhet
Lähetetty Samsung Galaxy -puhelimesta
Hanki Outlook for Android
Lähetetty laitteesta Galaxy
Lähetetty Outlookin Android-versiosta
Lähetetty iPadista
Gesendet mit der Telekom Mail App
Von meinem/meiner Galaxy gesendet
Diese Nachricht wurde von meinem Android Mobiltelefon mit GMX Mail gesendet.
Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.
Gesendet von Mail für Windows
Gesendet von Mail<https://example.com/a> für Windows
Gesendet mit der WEB.DE Mail App
Gesendet mit der GMX Mail App
Gesendet von meinem Samsung Galaxy Smartphone.
Gesendet von meinem iPhone
Gesendet von iPhone
Von meinem Samsung Gerät gesendet.
Von meinem Samsung Galaxy Smartphone gesendet.
Holen Sie sich Outlook für Android<https://example.com/a>
Outlook für iOS beziehen
Outlook für Android beziehen<https://example.com/a>
Von Outlook für iOS gesendet
Gesendet von Outlook für Android<https://example.com/a>
Gesendet mit Proton Mail für iOS
Gesendet von Yahoo Mail auf Android
Von Samsung-Tablet gesendet
Mobil gesendet
Unterwegs gesendet
Von unterwegs gesendet
iPhone-ról küldve
Elküldve az iPhone-omról
Elküldve iPhone-omról
Az Outlook letöltése iOS-re
Samsung Galaxy okostelefonomról küldve.
Odesláno z mého iPhonu
Odesláno z Outlooku pro Android
Odesláno ze zařízení Samsung
Získat Outlook pro iOS
Stáhnout Outlook pro Android
Odesláno z Pošty pro Windows
Verzonden vanuit Mail voor Windows
Outlook voor iOS downloaden
Verzonden met Outlook voor Android
Download Outlook voor iOS
Verzonden vanaf mijn Galaxy
Verstuurd vanaf mijn iPad
Envoyé depuis mon téléphone Orange
Envoyé à partir de Outlook pour Android
Télécharger Outlook pour iOS
Obtenir Outlook pour iOS
Envoyé de mon appareil mobile
Envoyé à partir de mon smartphone Samsung Galaxy.
Envoyé depuis l'application Mail Orange
Enviado desde Outlook para Android
Obtener Outlook para iOS
Enviado desde Correo para Windows
Enviado desde mi Galaxy
Ottieni Outlook per iOS
Inviato dal mio iPhone
Inviato da Outlook per Android
Inviato da Posta per Windows
Inviato dal mio Galaxy
Enviado do meu smartphone Samsung Galaxy.
Obter o Outlook para iOS
Baixar o Outlook para iOS
Enviado do Outlook para Android
Enviado do Email para Windows
Sent from my Galaxy
Sent from my Samsung Galaxy smartphone.
Sent from Yahoo Mail on Android
Sent from Yahoo Mail for iPhone
Sent from Outlook for iOS<https://example.com/a>
Get Outlook for iOS<https://example.com/a>
Sent from Mail<https://example.com/a> for Windows
Sent from my mobile device
Sent from my Verizon, Samsung Galaxy smartphone
Sent from Proton Mail for iOS
Sent with Proton Mail secure email.
Sent via BlackBerry by AT&T
Sent from Proton Mail Android
""".splitlines()
SENTENCES = """\
Sent from my office in Oslo yesterday.
Sent from my iPhone it did not work.
Sendt fra lageret i går
Gesendet am Montag, nichts erhalten.
Get Outlook working again please
Wysłane wczoraj pocztą
Отправлено вчера почтой
Sent the phone back to you
Sendt telefonen retur
Gesendet: das Handy, gestern
Outlook für iOS geht nicht
Mein Handy wurde gestern gesendet
Wysłano telefon do serwisu
Sendt min telefon til reparation
Отправлено фото с телефона на почту
Skickat paketet med min mobil
Enviado el teléfono ayer
Skickat min telefon
Sent by mobile crane
Lähetetty puhelin takaisin
""".splitlines()


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("mark", ["> ", ""])
def test_a_reply_shows_only_what_is_new(header, mark):
    quoted = f"{mark}Does the printer work?\n{mark}\n{mark}The desk"
    text = f"{REPLY}\n\n{header}\n\n{quoted}\n"
    visible, rest = split_reply(text)
    assert visible == REPLY
    assert rest == f"{header}\n\n{quoted}"


@pytest.mark.parametrize("header", [h for h in HEADERS if "<" in h and h.endswith(":")])
def test_a_header_broken_into_two_lines_is_one(header):
    broken = header.replace("<", "<\n", 1)
    assert visible_reply(f"{REPLY}\n\n{broken}\n\n> Does it work?") == REPLY


@pytest.mark.parametrize("line", ["We met on 3 March.", "Call 12345678", "Room 7, 3rd floor!"])
@pytest.mark.parametrize("header", HEADERS)
def test_a_line_right_above_a_header_stays(line, header):
    assert visible_reply(f"{REPLY}\n{line}\n{header}\n> Does it work?") == f"{REPLY}\n{line}"


@pytest.mark.parametrize("block", BLOCKS)
def test_the_block_above_an_older_mail_is_folded(block):
    text = f"{REPLY}\n\n{block}\n\nDoes the printer work?\n"
    visible, rest = split_reply(text)
    assert visible == REPLY
    assert rest.startswith(block)


@pytest.mark.parametrize("marker", FORWARDS)
def test_a_forwarded_mail_stays_whole(marker):
    text = f"See below.\n\n{marker}\nFrom: Bo\nSubject: Hi\n\nThe printer\n\n> is broken"
    assert split_reply(text) == (text, "")


@pytest.mark.parametrize("subject", ["Fwd: Printer", "VS: Printer", "WG: Drucker", "TR : Panne"])
def test_the_subject_tells_a_forwarded_mail(subject):
    text = f"See below.\n\n{BLOCKS[0]}\n\nThe printer is broken"
    assert visible_reply(text, subject) == text


@pytest.mark.parametrize("text", OWN_WORDS)
def test_the_words_of_the_writer_stay(text):
    assert split_reply(text) == (text, "")


@pytest.mark.parametrize("header", ["2026/3/3 Desk <desk@example.com>", "Desk wrote:"])
def test_a_short_header_counts_where_quoted_lines_follow(header):
    assert visible_reply(f"{REPLY}\n\n{header}\n\n> Does it work?\n") == REPLY
    bare = f"{REPLY}\n\n{header}\n\nDoes it work?"
    assert visible_reply(bare) == bare


def test_an_answer_below_the_quote_is_what_shows():
    text = "On 3 March 2026 at 10:11, Desk wrote:\n> Does it work?\n\nYes."
    assert split_reply(text) == (
        "Yes.",
        "On 3 March 2026 at 10:11, Desk wrote:\n> Does it work?",
    )


def test_answers_between_the_quoted_lines_stay_with_them():
    text = (
        "On 3 March 2026 at 10:11, Desk wrote:\n> Which printer?\nThe red one.\n"
        "> Which room?\nRoom 7."
    )
    assert split_reply(text) == (text, "")


def test_a_mail_that_says_it_answers_below_stays_whole():
    text = f"Hi, my answers are below in red.\n\n{BLOCKS[0]}\n\nDoes it work?\nYes it does."
    assert split_reply(text) == (text, "")


def test_a_mail_that_only_quotes_is_not_left_empty():
    text = f"{HEADERS[0]}\n\n> Does it work?"
    assert visible_reply(text) == text


@pytest.mark.parametrize(
    "ending", [*APPS, "-- \nÅse Holm\nExample A/S\n+45 00 00 00 00", "--\nÅse"]
)
def test_a_signature_at_the_end_is_folded(ending):
    assert split_reply(f"{REPLY}\n\n{ending}\n") == (REPLY, ending)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_that_begins_like_the_line_of_an_app_stays(sentence):
    assert not is_of_app(sentence)
    assert visible_reply(f"{REPLY}\n\n{sentence}\n") == f"{REPLY}\n\n{sentence}"


@pytest.mark.parametrize(
    "answered",
    [
        "> Which printer?\n\nThe red one.\n\n> Which room?\n\nRoom 7.",
        "> Which printer?\nThe red one.\n> Which room?\nRoom 7.",
        (
            "> Please tell us which of the printers on the third floor does not work any more?\n"
            "the red one.\n> Thanks"
        ),
        "> Please send us the number that is printed below its lid on the left.\n4711\n> Thanks",
        "> Пожалуйста, подтвердите заказ принтеров для третьего этажа нашего офиса.\nда\n> Спасибо",
    ],
)
def test_an_answer_between_the_lines_of_a_quote_shows(answered):
    text = f"Hi!\n\n{HEADERS[0]}\n{answered}"
    own = [line for line in text.split("\n") if line.strip() and not line.startswith(">")]
    shown = visible_reply(text).split("\n")
    assert [line for line in own if line not in [*shown, HEADERS[0]]] == []


def test_what_a_client_broke_out_of_a_long_quoted_line_is_no_answer():
    long = (
        "> Does the printer on the third floor work now, or shall we send somebody to\nyour office?"
    )
    assert visible_reply(f"{REPLY}\n\n{HEADERS[0]}\n{long}\n> The desk") == REPLY


def test_two_signatures_are_folded_together():
    endings = "-- \nBo\nExample A/S\n\n-- \nThis mail is confidential."
    assert split_reply(f"{REPLY}\n\n{endings}") == (REPLY, endings)


def test_an_answer_below_shows_without_the_signature_of_either():
    quote = f"{HEADERS[0]}\n\n> Does it work?\n>\n> -- \n> The desk"
    visible, rest = split_reply(f"{quote}\n\nYes.\n\n-- \nBo")
    assert visible == "Yes."
    assert rest == f"{quote}\n\n-- \nBo"


def test_a_finnish_answer_is_folded_though_its_prefix_means_forward_in_danish():
    text = f"Kiitos!\n\n{BLOCKS[4]}\n\nToimiiko tulostin?"
    assert visible_reply(text, "VS: Tulostin") == "Kiitos!"


def test_a_smile_is_an_answer_but_a_ruling_line_is_none():
    assert visible_reply(f"\U0001f44d\n\n{HEADERS[0]}\n> Does it work?") == "\U0001f44d"
    text = f"______\n\n{BLOCKS[0]}\n\nDoes it work?"
    assert visible_reply(text) == text


def test_a_text_of_endless_lines_is_left_alone():
    text = "> a\nb\n" * 10_000
    assert split_reply(text) == (text, "")


@unhurried
@given(st.text(alphabet=st.sampled_from("> \n-:ab1@<.\u00e5"), max_size=400))
def test_no_word_is_ever_lost(text):
    visible, rest = split_reply(text)
    assert sorted("".join((visible + rest).split())) == sorted("".join(text.split()))
    assert bool(visible.strip()) == bool(text.strip())


LINES = [
    *(HEADERS[0], HEADERS[15], HEADERS[35], "Bo wrote:", "-- ", "--", "", "", "______"),
    *(line for block in BLOCKS[:6] for line in block.split("\n")),
    *("> Does it work?", ">> Is it on?", "Yes.", "And the scanner?", "Sent from my iPhone", ">"),
    *("-----Original Message-----", "Reply above this line", "- one", "Oslo:", "PS: x", *FORWARDS),
]


@unhurried
@given(st.lists(st.sampled_from(LINES), max_size=30))
def test_every_line_shows_or_is_folded(lines):
    visible, rest = split_reply("\n".join(lines))
    found = Counter(line.strip() for line in f"{visible}\n{rest}".split("\n"))
    written = Counter(line.strip() for line in lines)
    assert written - found == Counter({"": (written - found)[""]})


@pytest.mark.parametrize(
    "text",
    [" " * 250_000 + "x", "-" * 250_000, ">" * 250_000, "1. " * 80_000, "Von: a@b\n\n" * 1900],
)
def test_a_hostile_text_is_split_in_one_pass(text):
    visible, rest = split_reply(f"{text}\n{REPLY}")
    newest_quoted(text)
    assert (visible + rest).split() == f"{text}\n{REPLY}".split()


# The newest quote. ---------------------------------------------------------------------------

OLDER = [
    "-----Original Message-----\nFrom: Bo <bo@example.com>\nSubject: Hi\n\nOld",
    "Von: Bo <bo@example.com>\nGesendet: 1. März 2026 10:11\nAn: Desk\nBetreff: x\n\nOld",
    "Am 01.03.2026 um 10:11 schrieb Bo <bo@example.com>:\n\nOld",
    "Am 01.03.2026 um 10:11 schrieb Bo <bo@example.com>:\n\n> Old",
]


def marked(text):
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


@pytest.mark.parametrize("older", OLDER)
@pytest.mark.parametrize("header", [*HEADERS[:4], *HEADERS[15:18], HEADERS[35]])
def test_of_marked_lines_the_newest_mail_is_what_has_one_mark(header, older):
    quoted = marked(f"New 4711\n\n{older}")
    newest = newest_quoted(f"{REPLY}\n\n{header}\n{quoted}")
    assert "New 4711" in newest
    assert "Old" not in newest


@pytest.mark.parametrize("older", OLDER)
@pytest.mark.parametrize("header", [*BLOCKS[:6], *BLOCKS[16:20], HEADERS[0], HEADERS[15]])
def test_of_unmarked_lines_the_newest_mail_ends_where_another_begins(header, older):
    newest = newest_quoted(f"{REPLY}\n\n{header}\n\nNew 4711\n\n{older}")
    assert "New 4711" in newest
    assert "Old" not in newest


def test_the_newest_quote_is_found_between_answers_and_below_its_own_introduction():
    assert newest_quoted("> One\nYes.\n> Two\n>> Old").split() == ["One", "Two"]
    quoted = marked(f"{HEADERS[0]}\n\nNew <4711>")
    assert newest_quoted(f"{REPLY}\n\n{quoted}").endswith("New <4711>")


@pytest.mark.parametrize("text", ["", "Hej", REPLY, "From: Oslo\nTo: Bergen\nDate: 3 March"])
def test_a_text_without_a_quote_has_no_newest_one(text):
    assert newest_quoted(text) == ""
