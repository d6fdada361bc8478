"""What closes a mail without being said: the signature, and the line that a phone or an app adds.

Such a line is known by its whole shape, since "sent from" also begins a customer's sentence.
"""

import re
from collections.abc import Sequence

MAX_LINE = 300
MAX_WORDS = 10  # behind "sent from"
MAX_SIGNATURE_LINES = 15  # that are not blank
MAX_SIGNATURE = 60

_DELIMITER = re.compile(r"--[ \t]?$")
_FOOTER_RULE = re.compile(r"_{2,}[ \t]*$")
_FOOTER = re.compile(r"mailing list|mailman|listinfo|unsubscribe", re.IGNORECASE)
# Nobody asks anything in a signature; who does has put a line between two thoughts.
_POSTSCRIPT = re.compile(r"[ \t]*+P\.?[ \t]?S\.?(?:[ \t:,]|$)")

_LINKS = re.compile(r"<[^<>\s]{1,300}>|\(?https?://[^()\s]{1,300}\)?")
_BETWEEN = re.compile(r"[\s/'’:]+")
_FIXED = {"unterwegs gesendet", "von unterwegs gesendet", "mobil gesendet"}
_OPENINGS = re.compile(
    r"(?:sent (?:from|via|with|using)|(?:af)?sendt (?:fra|via|med)"
    r"|skicka[dt]s?(?:es)? (?:från|via|med)|lähetetty(?= .*st[aä](?:\W|$))"
    r"|gesendet (?:von|vom|mit|über|via|aus)"
    r"|(?:diese (?:nachricht|e-?mail|mail) wurde )?(?:von|vom|mit)(?= .* gesendet\W{0,2}$)"
    r"|(?:verzonden|verstuurd) (?:vanaf|vanuit|van|met|via|door)"
    r"|envoyé(?:e)? (?:de|depuis|à partir d[eu']|avec|via)"
    r"|enviado (?:desde|con|de|do|da|pelo|via|vía)"
    r"|inviato (?:da|dal|dalla|dall|con|tramite)"
    r"|wysłan[eoy] (?:z|ze|za pomocą|przy użyciu|przez)"
    r"|(?:odesláno|odoslané|posláno) (?:z|ze|zo|pomocí|přes)|elküldve(?: az?)?"
    r"|отправлено (?:с|со|из|через)|(?:надіслано|відправлено) (?:з|із|зі|через)"
    r"|(?:get|hent|få|skaff deg|last ned|hämta|hanki|download|scarica|ottieni|obtenir|télécharger"
    r"|obtener|descargar|obter o?|baixar o?|pobierz(?: aplikację| program)?|získat|stáhnout"
    r"|загрузить|скачать|отримати|holen sie sich|az)(?= outlook\b))"
    r"(?!\w)|(?=.* küldve\W{0,2}$)|(?=outlook .*(?:beziehen|herunterladen|downloaden)$)",
    re.IGNORECASE,
)
_DEVICES = re.compile(
    r"i-?phone|i-?pad|android|samsung|galaxy|huawei|xiaomi|redmi|nokia|black-?berry|windows|outlook"
    r"|gmail|yahoo|proton|mail\.ru|typeapp|mobil|mobiili|puhelim|phone|smartphone|smartfon|okostelefon"
    r"|telefon|telefón|téléphone|móvil|celular|tablet|oneplus|pixel|wiko|motorola|iphon|айфон"
    r"|телефон|смартфон|мобильн|мобільн|яндекс|web\.de|fairphone|k-9|thunderbird|telekom"
    r"|(?:app|ios|spark|handy|htc|sony|lg|oppo|gmx|aol|zoho|honor|apple|orange|mac)(?!\w)",
    re.IGNORECASE,
)
_GLUE = re.compile(
    r"my|the|an?|for|on|with|by|at|via|device|secure|email|min|mit|mitt|mi|mio|mia|mon|ma|meu|minha"
    r"|til|till|för|på|fra|från|med|mein(?:e[mnrs]?)?|de[rmns]?|die|das|eine[mr]|für|auf|von|wurde"
    r"|gesendet|beziehen|herunterladen|downloaden|mijn|het|een|voor|op|le|la|les|l|un|une|pour|sur|d"
    r"|du|à|partir|appareil|application|el|en|del|dispositivo|il|lo|per|su|dal|dalla|o|para|no|na"
    r"|do|da|um|moj(?:ego|ej)|w|dla|systemu|systemie|urządzenia|aplikacji|programu|z|ze|v|mého|mojho"
    r"|pro|pre|zařízení|aplikace|pošty|az|letöltése|küldve|laitteesta|моего|моей|устройства"
    r"|приложения|почты|для|на|из|с|мого|моєї|пристрою|додатка|пошти|з|із|a|u|em",
    re.IGNORECASE,
)


def is_of_app(line: str) -> bool:
    """Whether this line is what a phone or a mail program has put below the text."""
    if len(line) > MAX_LINE:
        return False
    text = _LINKS.sub(" ", line).strip(" \t*_.!-")
    if text.lower() in _FIXED:
        return True
    opening = _OPENINGS.match(text)
    words = [word for word in _BETWEEN.split(text[opening.end() :]) if word] if opening else []
    is_named = any(map(_DEVICES.match, words))
    return is_named and len(words) <= MAX_WORDS and all(map(_is_of_name, words))


def _is_of_name(word: str) -> bool:
    """Whether a word belongs to "my Galaxy S24 for Windows" rather than to a sentence."""
    word = word.strip(".()-")
    is_model = word[:1].isupper() or word[:1].isdigit() or not word
    return is_model or bool(_DEVICES.match(word) or _GLUE.fullmatch(word))


def signature_start(lines: Sequence[str], start: int, end: int) -> int:
    """Where the signature that runs to `end` begins; `end` if there is none."""
    length = 0
    for index in range(end - 1, max(start, end - MAX_SIGNATURE) - 1, -1):
        line = lines[index]
        if _DELIMITER.match(line):
            # Without its blank, and more than once, it is somebody's own ruling between thoughts.
            is_ruling = line == "--" and "--" in lines[:index]
            return end if is_ruling else index
        if _FOOTER_RULE.match(line) and _FOOTER.search("\n".join(lines[index:end])):
            return index
        length += bool(line.strip())
        if length > MAX_SIGNATURE_LINES or line.lstrip(" \t").startswith(">"):
            break
        if line.rstrip().endswith("?") or _POSTSCRIPT.match(line):
            break
    return end
