"""What SES does with a mail that it is given to send: its id, its headers, its fate.

Pure but for `keep`, and of the standard library alone: it runs in the emulator's process.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from email.utils import formatdate, getaddresses
from pathlib import Path
from typing import Any

SIMULATOR = "simulator.amazonses.com"

_REPLACED = {b"message-id", b"date", b"bcc"}

Detail = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sent:
    """A mail as it leaves SES. `at`: seconds since 1970."""

    id: str
    raw: bytes
    sender: str
    recipients: tuple[str, ...]
    at: float


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a mail: `kind` as configuration sets name it, the event's type and detail."""

    kind: str
    detail_type: str
    detail: Detail


def send(raw: bytes, *, sender: str, recipients: Iterable[str]) -> Sent:
    """Take a mail for sending. Whatever is not named is taken from its header."""
    header = BytesHeaderParser().parsebytes(raw)
    named = tuple(recipients)
    fields = (header.get_all(name, []) for name in ("to", "cc", "bcc"))
    found = named or tuple(
        address for field in fields for _, address in getaddresses([str(line) for line in field])
    )
    at = time.time()
    id_ = _new_id(at)
    author = sender or str(header.get("from", ""))
    return Sent(id_, _stamped(raw, id_, at), author, found, at)


def keep(folder: Path, sent: Sent) -> Path:
    """Write the mail where people look for it, and beside it whom it went to."""
    folder.mkdir(parents=True, exist_ok=True)
    at = time.strftime("%Y%m%dT%H%M%S", time.gmtime(sent.at))
    path = folder / f"{at}.{int(sent.at % 1 * 1e6):06d}-{sent.id}.eml"
    envelope = {"from": sent.sender, "to": list(sent.recipients)}
    _write(path.with_suffix(".json"), json.dumps(envelope).encode())
    _write(path, sent.raw)
    return path


def fates(sent: Sent, tags: Mapping[str, list[str]]) -> list[Fate]:
    """The events that follow: delivered, unless an address of SES's simulator says otherwise."""
    return [
        outcome(sent, recipient, tags)
        for recipient in sent.recipients
        for outcome in _outcomes(recipient)
    ]


def _outcomes(recipient: str) -> tuple[Callable[[Sent, str, Mapping[str, list[str]]], Fate], ...]:
    address = getaddresses([recipient])[0][1].lower()
    local, _, domain = address.rpartition("@")
    if domain != SIMULATOR:
        return (_delivered,)
    return {
        "bounce": (_bounced,),
        "suppressionlist": (_suppressed,),
        "complaint": (_delivered, _complained),
    }.get(local.partition("+")[0], (_delivered,))


def _delivered(sent: Sent, recipient: str, tags: Mapping[str, list[str]]) -> Fate:
    delivery = {
        "timestamp": _iso(time.time()),
        "processingTimeMillis": 700,
        "recipients": [recipient],
        "smtpResponse": "250 2.0.0 OK",
        "reportingMTA": "a4-1.smtp-out.eu-west-1.amazonses.com",
    }
    return _fate("Delivery", "Email Delivered", sent, tags, {"delivery": delivery})


def _bounced(sent: Sent, recipient: str, tags: Mapping[str, list[str]]) -> Fate:
    told = {
        "emailAddress": recipient,
        "action": "failed",
        "status": "5.1.1",
        "diagnosticCode": "smtp; 550 5.1.1 user unknown",
    }
    return _bounce(sent, "General", told, tags)


def _suppressed(sent: Sent, recipient: str, tags: Mapping[str, list[str]]) -> Fate:
    return _bounce(sent, "Suppressed", {"emailAddress": recipient}, tags)


def _bounce(
    sent: Sent, subtype: str, told: Mapping[str, str], tags: Mapping[str, list[str]]
) -> Fate:
    bounce = {
        "feedbackId": _new_id(time.time()),
        "bounceType": "Permanent",
        "bounceSubType": subtype,
        "bouncedRecipients": [told],
        "timestamp": _iso(time.time()),
        "reportingMTA": "dns; a4-1.smtp-out.eu-west-1.amazonses.com",
    }
    return _fate("Bounce", "Email Bounced", sent, tags, {"bounce": bounce})


def _complained(sent: Sent, recipient: str, tags: Mapping[str, list[str]]) -> Fate:
    complaint = {
        "feedbackId": _new_id(time.time()),
        "complaintSubType": None,
        "complainedRecipients": [{"emailAddress": recipient}],
        "timestamp": _iso(time.time()),
        "userAgent": "Amazon SES Mailbox Simulator",
        "complaintFeedbackType": "abuse",
        "arrivalDate": _iso(sent.at),
    }
    return _fate("Complaint", "Email Complaint Received", sent, tags, {"complaint": complaint})


def _fate(
    kind: str, detail_type: str, sent: Sent, tags: Mapping[str, list[str]], outcome: Detail
) -> Fate:
    mail = {
        "timestamp": _iso(sent.at),
        "source": sent.sender,
        "messageId": sent.id,
        "destination": list(sent.recipients),
        "headersTruncated": False,
        "headers": [
            {"name": name, "value": str(value)}
            for name, value in BytesHeaderParser().parsebytes(sent.raw).items()
        ],
        "tags": {"ses:operation": ["SendRawEmail"], **tags},
    }
    return Fate(kind.upper(), detail_type, {"eventType": kind, "mail": mail, **outcome})


def _new_id(at: float) -> str:
    """An id in the form of SES's, which sorts by time."""
    noise = secrets.token_hex(16)
    parts = (noise[:8], noise[8:12], noise[12:16], noise[16:20], noise[20:])
    return f"0102{int(at * 1000):012x}-{'-'.join(parts)}-000000"


def _stamped(raw: bytes, id_: str, at: float) -> bytes:
    end = b"\r\n" if b"\r\n" in raw.partition(b"\n\n")[0] else b"\n"
    header, gap, body = raw.partition(end + end)
    kept: list[bytes] = []
    is_kept = True
    for line in header.split(end):
        if not line.startswith((b" ", b"\t")):
            is_kept = line.partition(b":")[0].strip().lower() not in _REPLACED
        if is_kept:
            kept.append(line)
    stamp = (f"Message-ID: <{id_}@eu-west-1.amazonses.com>", f"Date: {formatdate(at)}")
    return end.join([*(line.encode() for line in stamp), *kept]) + gap + body


def _iso(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at % 1 * 1000):03d}Z"


def _write(path: Path, content: bytes) -> None:
    fresh = path.with_name(f".{path.name}")
    fresh.write_bytes(content)
    fresh.replace(path)
