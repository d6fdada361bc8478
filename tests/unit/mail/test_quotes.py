"""What a reply shows, and what is folded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.mail.quotes import split_reply, visible_reply
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
]

BLOCKS = [
    "From: Desk <desk@example.com>\nSent: Tuesday, March 3, 2026 10:11 AM\nTo: Åse\nSubject: Hi",
    "Fra: Desk <desk@example.com>\nSendt: 3. marts 2026 10:11\nTil: Åse\nEmne: Printer",
    "Fra: Desk <desk@example.com>\nDato: tirsdag 3. mars 2026 kl. 10:11\nTil: Åse\nEmne: Printer",
    "Från: Desk <desk@example.com>\nSkickat: den 3 mars 2026 10:11\nTill: Åse\nÄmne: Skrivare",
    "Lähettäjä: Desk\nLähetetty: tiistai 3. maaliskuuta 2026\nVastaanottaja: Åse\nAihe: Tulostin",
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
    "",
    "   \n",
]


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
    "ending",
    [
        "-- \nÅse Holm\nExample A/S\n+45 00 00 00 00",
        "--\nÅse",
        "Sent from my iPhone",
        "Sendt fra min iPhone",
        "Sendt fra Outlook til Android<https://example.com/o>",
        "Skickat från min iPhone",
        "Lähetetty iPhonesta",
        "Von meinem iPhone gesendet",
        "Gesendet von Outlook für iOS<https://example.com/o>",
        "Verstuurd vanaf mijn iPhone",
        "Envoyé de mon iPhone",
        "Enviado desde mi iPhone",
        "Inviato da iPhone",
        "Wysłane z iPhone'a",
        "Odesláno z iPhonu",
        "Отправлено с iPhone",
        "Надіслано з iPhone",
        "Hent Outlook til iOS<https://example.com/o>",
        "Get Outlook for Android",
    ],
)
def test_a_signature_at_the_end_is_folded(ending):
    assert split_reply(f"{REPLY}\n\n{ending}\n") == (REPLY, ending)


def test_a_text_of_endless_lines_is_left_alone():
    text = "> a\nb\n" * 10_000
    assert split_reply(text) == (text, "")


@unhurried
@given(st.text(alphabet=st.sampled_from("> \n-:ab1@<.\u00e5"), max_size=400))
def test_no_word_is_ever_lost(text):
    visible, rest = split_reply(text)
    assert sorted("".join((visible + rest).split())) == sorted("".join(text.split()))
    assert bool(visible.strip()) == bool(text.strip())
