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
    "писал", "написав", r"написав\(ла\)", "пише", "a scris", "yazdı", "写道", "寫道",
)  # fmt: skip
WROTE = re.compile(rf"(?<!\w)(?:{_WROTE})(?!\w)", re.IGNORECASE)

_FROM = _any(
    "from", "von", "absender", "fra", "afsender", "avsender", "från", "avsändare", "lähettäjä",
    "van", "afzender", "de", "expéditeur", "remitente", "da", "mittente", "remetente", "od",
    "nadawca", "odesílatel", "feladó", "от", "от кого", "отправитель", "від", "від кого",
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
    "кому", "pro", "destinataire", "empfänger", "modtager", "mottaker", "destinatario",
)  # fmt: skip
_SUBJECT = _any(
    "subject", "betreff", "emne", "ämne", "aihe", "onderwerp", "objet", "sujet", "asunto",
    "oggetto", "assunto", "temat", "předmět", "predmet", "tárgy", "тема",
)  # fmt: skip
_MORE = _any(
    "cc", "bcc", "kopi", "kopie", "kopia", "kopio", "copie", "copie à", "copia", "cópia", "dw",
    "másolatot kap", "másolat", "копия", "копія", "reply-to", "responder a", "importance",
    "priority", "prioritet", "priorität", "vigtighed", "attachments", "anlagen",
)  # fmt: skip

# A line of the header block that Outlook and others put above a quoted mail.
LABEL = re.compile(
    r"[ \t>]*[*_]{0,2}(?:"
    rf"(?P<from>{_FROM})|(?P<sent>{_SENT})|(?P<date>{_DATE})|(?P<to>{_TO})"
    rf"|(?P<subject>{_SUBJECT})|(?P<more>{_MORE})"
    r")[ \t\xa0]?[*_]{0,2}[:：][*_]{0,2}(?=[ \t\xa0<\w\"']|$)",
    re.IGNORECASE,
)

_ORIGINAL = _any(
    "original message", "original e-?mail", "ursprüngliche (?:nachricht|e-?mail)",
    "originalnachricht", "oprindelig (?:besked|meddelelse|mail)", "opprinnelig (?:melding|e-post)",
    "ursprungligt meddelande", "originalmeddelande", "alkuperäinen viesti",
    "oorspronkelijk(?:e)? bericht", "message d['’]origine", "message original", "message initial",
    "mensaje original", "messaggio originale", "mensagem original", "wiadomość oryginalna",
    "oryginalna wiadomość", "(?:treść )?oryginalnej wiadomości", "původní (?:zpráva|e-?mail)",
    "pôvodná správa", "eredeti üzenet", "исходное сообщение", "оригинальное сообщение",
    "початкове повідомлення", "вихідне повідомлення", "оригінальне повідомлення",
)  # fmt: skip
ORIGINAL = re.compile(
    rf"[\s>]*[-_=*‐–—]{{2,}}\s*(?:{_ORIGINAL})\s*:?\s*[-_=*‐–—]{{2,}}\s*$", re.IGNORECASE
)

_FORWARDED = _any(
    "forwarded (?:message|e-?mail|by)", "weitergeleitete (?:nachricht|e-?mail)",
    "videresendt (?:besked|meddelelse|mail|melding|e-post)", "vidarebefordrat (?:brev|meddelande)",
    "välitetty viesti", "doorgestuurd bericht", "message (?:transféré|réexpédié)",
    "mensaje reenviado", "messaggio inoltrato", "mensagem (?:encaminhada|reencaminhada)",
    "(?:treść )?przekazan(?:a|ej) wiadomo(?:ść|ści)", "wiadomość przekazana",
    "přeposlan(?:á|é) zpráv[ay]", "továbbított üzenet", "пересылаемое сообщение",
    "пересланное сообщение", "переслане повідомлення",
)  # fmt: skip
_BEGIN_FORWARDED = _any(
    "begin forwarded message", "anfang der weitergeleiteten (?:nachricht|e-?mail)",
    "start på videresendt (?:besked|meddelelse)", "videresendt melding", "videresendt besked",
    "vidarebefordrat brev", "välitetty viesti alkaa", "begin doorgestuurd bericht",
    "début du message (?:réexpédié|transféré)", "inicio del mensaje reenviado",
    "inizio (?:del )?messaggio inoltrato", "início da mensagem (?:re)?encaminhada",
    "początek przekazywanej wiadomości", "(?:za|po)čátek přeposílané zprávy",
    "továbbított (?:levél|üzenet) kezdete", "начало переадресованного сообщения",
    "початок (?:листа, що пересилається|пересланого повідомлення)",
)  # fmt: skip
FORWARDED = re.compile(
    rf"\s*(?:[-_=*‐–—]{{2,}}\s*(?:{_FORWARDED})\b|(?:{_BEGIN_FORWARDED})\s*:\s*$)", re.IGNORECASE
)
# What clients put before the subject of a mail that is passed on.
FORWARD_SUBJECT = re.compile(
    r"\s*(?:\[[^\]]{1,40}\]\s*)?(?:fwd?|wg|vs|vb|vl|tr|rv|i|enc|pd|doorst|továbbítás|fs|пересл)\s*:",
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

_DEVICE = _any(
    "i-?phone?", "i-?pad", "android", "samsung", "galaxy", "huawei", "xiaomi", "redmi", "nokia",
    "blackberry", "windows", "outlook", "gmail", "yahoo", "proton", r"mail\.ru", "typeapp", "spark",
    "mobile?", "mobiltelefon", "mobiili", "puhelimesta", "phone", "smartphone", "handy", "telefon",
    "telefono", "teléfono", "téléphone", "móvil", "celular", "tablet", "htc", "sony", "lg", "oppo",
    "oneplus", "pixel", "wiko", "motorola", "айфон", "телефон", "смартфон", "gmx", r"web\.de",
    "aol", "zoho", "fairphone", "honor", "apple",
)  # fmt: skip
_SENT_WITH = _any(
    "sent", "skickat", "skickad", "sendt", "gesendet", "verstuurd", "verzonden", "envoyé",
    "enviado", "inviato", "wysłan[eoy]", "odesláno", "odoslané", "küldve", "lähetetty",
    "отправлено", "надіслано", "відправлено",
)  # fmt: skip
_OUTLOOK = _any(
    "get", "hent", "få", "scarica", "obtenir", "obtener", "obter", "pobierz", "télécharger",
    "download", "descargar", "hämta", "hanki", "stáhnout", "загрузить", "holen sie sich",
)  # fmt: skip
# The line that a phone signs with. The shape is closed: the phrase first, then the device.
MOBILE = re.compile(
    rf"\s*(?:(?:{_SENT_WITH})(?:[^\w.,;!?]+\w+){{0,5}}?[^\w.,;!?]+(?:{_DEVICE})"
    rf"|(?:von |vom )?mein\w* (?:\w+ )?(?:{_DEVICE})[^.,;!?]{{0,20}} gesendet"
    rf"|(?:{_DEVICE})\w* (?:\w+ )?(?:küldve|lähetetty)"
    rf"|(?:{_OUTLOOK}) outlook)(?:\w{{0,4}}|['’]a)\b[^.,;!?<(]{{0,40}}"
    r"(?:<[^<>\s]{1,200}>|\(https?://[^()\s]{1,200}\))?\s*\.?\s*$",
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
