"""What SES makes of a mail that it receives: the stored copy and the event for the function.

Pure. Who answers SMTP is `smtp.py`; who stores the copy and hands over the event is `courier.py`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

PREFIX = "inbound/"  # where the receipt rule has SES put mails

_CHECKS = ("spam", "virus", "spf", "dkim", "dmarc")
_HEADERS_LIMIT = 10_240  # bytes; SES leaves the rest out of the event
_SINGLE = {"subject": "subject", "date": "date", "message-id": "messageId"}
_SINGLE |= {"return-path": "returnPath"}
_ADDRESSES = {"from": "from", "to": "to", "cc": "cc", "reply-to": "replyTo", "bcc": "bcc"}


@dataclass(frozen=True, slots=True)
class Receipt:
    """One mail as SMTP gave it. `verdicts`: those that are not PASS, by check."""

    id: str
    at: datetime
    peer: str
    helo: str
    sender: str
    recipients: tuple[str, ...]
    verdicts: Mapping[str, str]


def stored_copy(receipt: Receipt, raw: bytes) -> bytes:
    """The mail under what SES writes above it."""
    verdicts = {check: receipt.verdicts.get(check, "PASS") for check in _CHECKS}
    spf, dkim, dmarc = (verdicts[check].lower() for check in ("spf", "dkim", "dmarc"))
    author = receipt.sender or "<>"
    lines = [
        f"Return-Path: <{receipt.sender}>",
        f"Received: from {receipt.helo} ({receipt.helo} [{receipt.peer}])",
        f" by inbound-smtp.eu-west-1.amazonaws.com with SMTP id {receipt.id}",
        f" for {receipt.recipients[0]};",
        f" {format_datetime(receipt.at)}",
        f"X-SES-Spam-Verdict: {verdicts['spam']}",
        f"X-SES-Virus-Verdict: {verdicts['virus']}",
        f"Received-SPF: {spf} (spfCheck: client-ip={receipt.peer}) envelope-from={author};",
        "Authentication-Results: amazonses.com;",
        f" spf={spf} smtp.mailfrom={author}; dkim={dkim}; dmarc={dmarc};",
    ]
    return "".join(f"{line}\r\n" for line in lines).encode() + raw


def event(receipt: Receipt, raw: bytes, function: str) -> dict[str, Any]:
    """What the Lambda action of the receipt rule invokes the function with."""
    timestamp = receipt.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    headers, is_truncated = _headers(raw)
    mail = {
        "timestamp": timestamp,
        "source": receipt.sender,
        "messageId": receipt.id,
        "destination": list(receipt.recipients),
        "headersTruncated": is_truncated,
        "headers": [{"name": name, "value": value} for name, value in headers],
        "commonHeaders": _common(headers, receipt),
    }
    verdicts = {
        f"{check}Verdict": {"status": receipt.verdicts.get(check, "PASS")} for check in _CHECKS
    }
    policy = {"dmarcPolicy": "reject"} if receipt.verdicts.get("dmarc") == "FAIL" else {}
    action = {"type": "Lambda", "functionArn": function, "invocationType": "Event"}
    told = {
        "timestamp": timestamp,
        "processingTimeMillis": 400,
        "recipients": list(receipt.recipients),
        **verdicts,
        **policy,
        "action": action,
    }
    ses = {"mail": mail, "receipt": told}
    return {"Records": [{"eventSource": "aws:ses", "eventVersion": "1.0", "ses": ses}]}


def digest(raw: bytes) -> str:
    """SHA-256 (hex) of a mail, the same for the file and for what came of it over SMTP."""
    return hashlib.sha256(on_the_wire(raw)).hexdigest()


def on_the_wire(raw: bytes) -> bytes:
    """A mail with the line ends of SMTP."""
    return re.sub(rb"\r?\n", b"\r\n", raw.rstrip(b"\r\n")) + b"\r\n"


def is_ours(recipient: str, addresses: set[str]) -> bool:
    """Whether a receipt rule for these addresses takes the recipient: a rule for a@ takes a+x@."""
    local, _, domain = recipient.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}" in addresses or recipient.lower() in addresses


def now() -> datetime:
    import time

    return datetime.fromtimestamp(time.time(), UTC)


def _headers(raw: bytes) -> tuple[list[tuple[str, str]], bool]:
    block = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[0]
    text = re.sub(r"\r?\n[ \t]+", " ", block[:_HEADERS_LIMIT].decode("utf-8", "replace"))
    pairs = [line.partition(":") for line in text.splitlines()]
    found = [(name.strip(), value.strip()) for name, colon, value in pairs if colon]
    return found, len(block) > _HEADERS_LIMIT


def _common(headers: list[tuple[str, str]], receipt: Receipt) -> dict[str, Any]:
    common: dict[str, Any] = {"returnPath": receipt.sender}
    for name, value in headers:
        if single := _SINGLE.get(name.lower()):
            common[single] = value
        elif several := _ADDRESSES.get(name.lower()):
            common[several] = [part.strip() for part in value.split(",")]
    return common
