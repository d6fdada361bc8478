"""What sort of mail this is: did a human write it, or which machine?

Judged by headers and by the delivery report, as a mail says of itself. Whether it is answered is
not decided here.
"""

import re
from enum import StrEnum

from chalicelib.mail.addresses import parse_addresses
from chalicelib.mail.headers import Headers
from chalicelib.mail.reports import FailedRecipient, from_prose, from_report, walk
from chalicelib.mail.structure import Part


class MailKind(StrEnum):
    """Who or what wrote a mail."""

    HUMAN = "human"
    AUTO_REPLY = "auto_reply"
    AUTO_GENERATED = "auto_generated"
    BOUNCE = "bounce"
    DELAYED = "delayed"
    FEEDBACK = "feedback"
    LIST = "list"


_SERVERS = re.compile(
    r"(?:mailer-?daemon|mail-?daemon|mdaemon|postmaster|double-?bounce)(?:[+=-].*)?@"
)
_MACHINES = re.compile(
    r"(?:[\w.+-]*[._+-])?(?:no|do[._-]?not|dont|never|ikke|inte|ei|nicht|keine|ne-?pas|non?)"
    r"[._-]?(?:reply|replay|respond|response|svar|svara|antworten?|repondre|responder|rispondere)\b"
)
_BOUNCED = re.compile(
    r"undeliver(?:ed|able)|delivery status notification|mail delivery (?:failed|subsystem)"
    r"|returned mail|returned to sender|failure notice|mail system error"
    r"|delivery (?:failure|failed|has failed)"
    r"|(?:un|nicht )zustellbar|ikke (?:leveret|levert)|kan(?: ikke|ske ikke) leveres"
    r"|går inte att leverera"
    r"|onbestelbaar|non remis|no se puede entregar|niedoręczon|nedoručiteln",
    re.IGNORECASE,
)
_DELAYED = re.compile(
    r"delay|warning: |still trying|verz[öo]ger|forsinke|f[öo]rsena|opóźni", re.IGNORECASE
)
# What Outlook and its kin put before the subject they answer; only with its colon is it no human's.
_ABSENT = re.compile(
    r"(?:automati(?:c reply|sk svar|sche antwort|sch antwoord|cká odpověď)|automatyczna odpowiedź"
    r"|autosvar|auto(?:matic)?[ -]?(?:reply|response)|out of (?:the )?office(?: autoreply)?"
    r"|abwesenheits(?:notiz|nachricht)|automatisches? (?:antwort|svar)|réponse automatique"
    r"|respuesta automática|resposta automática|risposta automatica|automaattinen vastaus"
    r"|automatikus válasz|автоматический ответ|автоматична відповідь|fraværsmelding|frånvarande"
    r")\s?:",
    re.IGNORECASE,
)
_LIST_HEADERS = ("list-id", "list-post", "list-unsubscribe", "list-help", "mailing-list")
_REPLY_HEADERS = (
    "x-autoreply", "x-auto-reply", "x-autorespond", "x-autoresponder", "x-autoreply-from",
    "x-mail-autoreply", "x-auto-response",
)  # fmt: skip


def classify(raw: bytes, root: Part, text: str) -> tuple[MailKind, tuple[FailedRecipient, ...]]:
    """The kind of a mail, and for a bounce or a delay the recipients it names."""
    parts = {part.content_type: part for part in walk(root)}
    reported = root.parameters.get("report-type", "").lower()
    if "message/feedback-report" in parts or reported == "feedback-report":
        return MailKind.FEEDBACK, ()
    for name in ("message/delivery-status", "message/global-delivery-status"):
        if name in parts:
            return _of_report(from_report(raw, parts[name]))
    if reported == "disposition-notification" or "message/disposition-notification" in parts:
        return MailKind.AUTO_GENERATED, ()
    if _is_bounce(root.headers, reported):
        failed = from_prose(root.headers, text)
        is_delay = bool(_DELAYED.search(root.headers.text("subject")))
        if is_delay or any(recipient.status.startswith("4") for recipient in failed):
            return MailKind.DELAYED, failed
        return MailKind.BOUNCE, failed
    return _of_headers(root.headers), ()


def _of_report(
    failed: tuple[FailedRecipient, ...],
) -> tuple[MailKind, tuple[FailedRecipient, ...]]:
    if any(recipient.is_permanent for recipient in failed):
        return MailKind.BOUNCE, failed
    # Without a failure it tells of a success, which nobody has to act upon.
    return (MailKind.DELAYED if failed else MailKind.AUTO_GENERATED), failed


def _is_bounce(headers: Headers, reported: str) -> bool:
    if reported == "delivery-status" or "x-failed-recipients" in headers:
        return True
    is_from_server = bool(_SERVERS.match(_sender(headers))) or _is_returned(headers)
    return is_from_server and bool(_BOUNCED.search(headers.text("subject")))


def _of_headers(headers: Headers) -> MailKind:
    submitted = headers.first("auto-submitted").lower()
    if submitted.startswith("auto-replied") or _is_reply(headers):
        return MailKind.AUTO_REPLY
    if submitted and not submitted.startswith("no"):
        return MailKind.AUTO_GENERATED
    precedence = headers.first("precedence").lower()
    if precedence == "list" or any(name in headers for name in _LIST_HEADERS):
        return MailKind.LIST
    return MailKind.AUTO_GENERATED if _is_machine(headers, precedence) else MailKind.HUMAN


def _is_reply(headers: Headers) -> bool:
    if headers.first("precedence").lower() in {"auto_reply", "auto-reply"}:
        return True
    if any(headers.first(name).lower() not in {"", "no", "false", "0"} for name in _REPLY_HEADERS):
        return True
    return bool(_ABSENT.match(headers.text("subject")))


def _is_machine(headers: Headers, precedence: str) -> bool:
    suppressed = headers.first("x-auto-response-suppress").lower()
    sender = _sender(headers)
    return (
        precedence in {"bulk", "junk"}
        or suppressed not in {"", "none"}
        or "x-loop" in headers
        or _is_returned(headers)
        or bool(_SERVERS.match(sender) or _MACHINES.match(sender))
    )


def _is_returned(headers: Headers) -> bool:
    """Whether nobody shall ever answer: the envelope had no sender."""
    return headers.first("return-path").replace(" ", "") == "<>"


def _sender(headers: Headers) -> str:
    senders = parse_addresses(headers.first("from"))
    if not senders:
        return ""
    return senders[0].address.lower()
