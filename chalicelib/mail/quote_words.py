"""The words that mail clients put around what they quote, in the languages of Europe.

Only tables and the patterns made of them. How a quote is found is the matter of `quotes`.
"""

import re


def _any(*words: str) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


# "wrote", as it stands in "On 3 March 2021, Ann wrote:"; also where the name comes last.
_WROTE = _any(
    "wrote", "writes", "schrieb", "geschrieben", "schreef", "geschreven", "skrev", "skriver",
    "kirjoitti", "a écrit", "a ecrit", "escribió", "escribio", "ha scritto", "scritto", "escreveu",
    "napisał", "napisała", r"napisał\(a\)", "napisał/a", "napisana", "pisze", "napsal", "napsala",
    r"napsal\(a\)", "píše", "napísal", "írta", "написал", "написала", r"написал\(а\)", "пишет",
    "писал", "писала", "написав", r"написав\(-?ла\)", "писав", "писала", "пише", "a scris",
    "je napisao", "yazdı", "写道", "寫道",
)  # fmt: skip
WROTE = re.compile(rf"(?<!\w)(?:{_WROTE})(?!\w)", re.IGNORECASE)
# People write "your colleague wrote to me"; what a client writes speaks of nobody so.
SPOKEN = re.compile(
    r"(?<!\w)(?:you|your|me|my|colleague|ich|mir|mich|uns|Sie|Ihr(?:e|er|em)?|du|dein(?:e|er)?"
    r"|Kolleg(?:e|in)|jeg|din|dit|ditt|din[ea]|mig|meg|jer|jeres|deres|kollega|mij|uw|jij|collega"
    r"|vous|votre|nous|m['’]a|usted|nos|vostr[oa]|pani|państwa|kolega|vás|kolegyně|önök|nekem"
    r"|вы|вам|ваш[аи]?|мне|нам|ви|мені|колега|коллега)(?!\w)",
    re.IGNORECASE,
)

_FROM = _any(
    "from", "von", "absender", "fra", "afsender", "avsender", "från", "avsändare", "lähettäjä",
    "van", "afzender", "de", "expéditeur", "remitente", "da", "mittente", "remetente", "od",
    "nadawca", "odesílatel", "feladó", "küldő", "от", "от кого", "отправитель", "від", "від кого",
)  # fmt: skip
_SENT = _any(
    "sent", "gesendet", "sendt", "skickat", "lähetetty", "verzonden", "envoyé", "envoyé le",
    "enviado", "enviado el", "enviado em", "enviada em", "enviada", "inviato", "wysłano",
    "wysłane", "odesláno", "elküldve", "küldve", "küldés ideje", "отправлено", "надіслано",
    "відправлено",
)  # fmt: skip
_DATE = _any(
    "date", "datum", "dato", "päivämäärä", "päiväys", "fecha", "data", "dátum", "дата",
    "message du", "sent at", "gesendet am", "sendt den",
)  # fmt: skip
_TO = _any(
    "to", "an", "til", "till", "vastaanottaja", "aan", "à", "a", "para", "do", "komu", "címzett",
    "кому", "pro", "príjemca", "příjemce", "destinataire", "empfänger", "modtager", "mottaker",
    "destinatario", "adresat",
)  # fmt: skip
_SUBJECT = _any(
    "subject", "betreff", "emne", "ämne", "aihe", "onderwerp", "objet", "sujet", "asunto",
    "oggetto", "assunto", "temat", "předmět", "predmet", "tárgy", "тема",
)  # fmt: skip
_MORE = _any(
    "cc", "bcc", "kopi", "kopie", "kopia", "kopio", "copie", "copie à", "copia", "cópia", "dw",
    "másolatot kap", "másolat", "копия", "копія", "reply-to", "responder a", "importance",
    "priority", "wichtigkeit", "prioritet", "priorität", "vigtighed", "attachments", "anlagen",
)  # fmt: skip

# A line of the header block that Outlook and others put above a quoted mail.
LABEL = re.compile(
    r"[ \t>]*+[*_]{0,2}(?:"
    rf"(?P<from>{_FROM})|(?P<sent>{_SENT})|(?P<date>{_DATE})|(?P<to>{_TO})"
    rf"|(?P<subject>{_SUBJECT})|(?P<more>{_MORE})"
    r")[ \t\xa0]?[*_]{0,2}[:：][*_]{0,2}(?=[ \t\xa0<\w\"']|$)",
    re.IGNORECASE,
)

# The same in one line with others, as some clients leave them: at least capital letters tell them.
_CAPITAL = _any(
    *(
        word.capitalize()
        for words in (_FROM, _SENT, _DATE, _TO, _SUBJECT)
        for word in words.split("|")
    ),
    "Cc",
)
LABELS_IN_LINE = re.compile(rf"(?<![^\W\d_A-Z])(?:{_CAPITAL})[ \xa0]?:(?=\s)")

_ORIGINAL = _any(
    "original message", "original e-?mail", "ursprüngliche (?:nachricht|e-?mail|mail)",
    "original-?nachricht", "oprindelig (?:besked|meddelelse|e-?mail)",
    "opprinnelig (?:melding|e-post)", "ursprungligt meddelande", "originalmeddelande",
    "alkuperäinen viesti", "oorspronkelijk(?:e)? bericht", "message d['’]origine",
    "message original", "mail original", "message initial", "mensaje original",
    "messaggio originale", "mensagem original", "wiadomość oryginalna",
    "oryginalna wiadomość", "(?:treść )?oryginalnej wiadomości", "původní (?:zpráva|e-?mail)",
    "pôvodná správa", "eredeti üzenet", "исходное сообщение", "оригинальное сообщение",
    "початкове повідомлення", "вихідне повідомлення", "оригінальне повідомлення",
)  # fmt: skip
ORIGINAL = re.compile(
    rf"[\s>]*+[-_=*‐–—]{{2,}}+\s*(?:{_ORIGINAL})\s*:?\s*[-_=*‐–—]{{2,}}+\s*$", re.IGNORECASE
)

_FORWARDED = _any(
    "forwarded (?:message|e-?mail|by)", "weitergeleitete (?:nachricht|e-?mail|mail)",
    "weitergeleitet (?:von|durch)",
    "videresend(?:t|te) (?:besked|meddelelse|e-?mail|melding|e-post)",
    "videresendt a[fv]", "vidarebefordrat (?:brev|meddelande|e-postmeddelande)",
    "välitetty (?:viesti|sähköposti)", "doorgestuurd (?:bericht|e-?mail)",
    "message (?:transféré|réexpédié)", "transféré par", "(?:mensaje|correo) reenviado",
    "messaggio inoltrato", "mensagem (?:encaminhada|reencaminhada)",
    "(?:treść )?(?:przekazan(?:a|ej)|przesłan(?:a|ej) dalej) wiadomo(?:ść|ści)",
    "wiadomość (?:przekazana|przesłana dalej)", "przekazane przez",
    "(?:přeposlan|předan)(?:á|é) zpráv[ay]", "preposlaná správa",
    "továbbított (?:üzenet|levél|e-?mail)", "пересылаемое сообщение",
    "пересланное (?:сообщение|письмо)",
    "пересылаемое письмо", "перенаправленное сообщение", "переслане повідомлення",
    "пересилан(?:е|ий) (?:повідомлення|лист)", "переслано від",
)  # fmt: skip
_BEGIN_FORWARDED = _any(
    "begin forwarded message", "anfang der weitergeleiteten (?:nachricht|e-?mail)",
    "(?:start|begyndelse) på videresendt (?:besked|meddelelse|e-?mail)", "videresendt melding",
    "start på videresendt melding", "videresendt besked", "vidarebefordrat (?:brev|meddelande)",
    "börja(?:n)? (?:på )?vidarebefordrat (?:brev|meddelande)", "välitetty viesti(?: alkaa)?",
    "begin doorgestuurd bericht", "début du message (?:réexpédié|transféré)",
    "inicio del mensaje reenviado", "inizio (?:del )?messaggio inoltrato",
    "início da mensagem (?:re)?encaminhada", "początek przekazywanej wiadomości",
    "(?:za|po)čátek přeposílané zprávy", "továbbított (?:levél|üzenet) kezdete",
    "начало (?:переадресованного|пересылаемого) (?:сообщения|письма)",
    "початок (?:листа, що пересилається|пересланого повідомлення|переспрямованого листа)",
)  # fmt: skip
FORWARDED = re.compile(
    rf"\s*+(?:[-_=*‐–—]{{2,}}+\s*(?:{_FORWARDED})\b|(?:{_BEGIN_FORWARDED})\s*:\s*$)", re.IGNORECASE
)
# What clients put before the subject of a mail that is passed on.
FORWARD_SUBJECT = re.compile(
    r"\s*(?:\[[^\]]{1,40}\]\s*)?(?:fwd?|wg|(?P<either>vs)|vb|vl|tr|rv|i|enc|pd|doorst|fs|ilt"
    r"|továbbítás|tov|пересл?|ha|předat)\s*[:：]",
    re.IGNORECASE,
)
# In Finnish, "VS:" is put before an answer; in Danish and Norwegian, before a mail passed on.
FINNISH = re.compile(
    r"^[ \t>]*+[*_]{0,2}(?:lähettäjä|vastaanottaja|aihe)[ \t]?[*_]{0,2}:|\bkirjoitti\b",
    re.IGNORECASE | re.MULTILINE,
)
REPLY_SUBJECT = re.compile(
    r"\s*(?:re|aw|sv|antw?|odp|ynt|vá|válasz|vs|r|rif|res|отв|відп|на)\s*(?:\[\d+\])?\s*[:：]",
    re.IGNORECASE,
)

# "Reply above this line", as desks write it into their own mails.
REPLY_ABOVE = re.compile(
    r"\W{0,20}(?:please )?(?:(?:type|write|enter) your )?reply above this line"
    r"|\W{0,20}skriv (?:dit |ditt )?svar(?:et)? (?:over|ovenfor) denne linj[ea]"
    r"|\W{0,20}svar over denne linj"
    r"|\W{0,20}(?:bitte )?antworten sie (?:bitte )?(?:ober|über)\w* dieser (?:zeile|linie)",
    re.IGNORECASE,
)

# Who says so has written between the lines of what is quoted.
ANSWERS_BELOW = re.compile(
    r"\b(?:(?:my |mine |meine |mijn |mes |mis |mina )?"
    r"(?:answers?|repl(?:y|ies)|comments?|responses?|svar(?:ene)?|kommentar(?:er|e)?|antwort(?:en)?"
    r"|anmerkungen|antwoord(?:en)?|réponses?|respuestas?|risposte|respostas?|vastaukse[nt]"
    r"|odpowiedzi|odpovědi|válasz(?:ok|aim)?|ответы?|відповіді)\W+(?:\w+\W+){0,4}?"
    r"(?:below|inline|in-line|in (?:red|blue|bold)|nedenfor|herunder|nedenunder|nedan|under"
    r"|med rødt|unten|untenstehend|in rot|im text|hieronder|ci-dessous|abajo|sotto|abaixo|alla"
    r"|poniżej|níže|alább|ниже|нижче)|see inline|inline below)\b",
    re.IGNORECASE,
)
# A line that says where something quoted into a text is over.
QUOTE_ENDS = re.compile(
    r"\s*+[-_=*‐–—]{2,}+\s*(?:end|ende|slut|slutt|loppu|einde|fin|fine|fim|koniec|konec|vége|конец"
    r"|кінець)\b",
    re.IGNORECASE,
)
