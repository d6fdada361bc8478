"""Standard Webhooks: secrets, signatures, and when to try again. Pure.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from chalicelib.desk.hooks import Source, Webhook
from chalicelib.errors import Unauthenticated
from chalicelib.keys import Keys

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
PREFIX = "whsec_"
ID_LENGTH = 200
TOLERANCE = timedelta(minutes=5)
# After each attempt; there is one attempt more than there are waits.
WAITS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
ATTEMPTS = len(WAITS) + 1
LONGEST_WAIT = WAITS[-1]
# A wait takes up to a fifth longer, so that what failed together does not come back together.
SPREAD = 0.2
GONE = 410


def secrets_of(keys: Keys, entry: Webhook | Source) -> list[bytes]:
    """The secret of a webhook or a source, and the one before it, if there was one."""
    purpose = type(entry).__name__.lower()
    counts = [entry.secret, entry.secret - 1]
    return [keys.secret(purpose, f"{entry.id} {count}") for count in counts if count]


def shown(secret: bytes) -> str:
    """A secret as libraries of Standard Webhooks take it."""
    return PREFIX + base64.b64encode(secret).decode()


def signed(secrets: Iterable[bytes], name: str, now: datetime, body: bytes) -> dict[str, str]:
    """The headers that prove who sent a body, and when."""
    timestamp = str(int(now.timestamp()))
    found = [f"v1,{_signature(secret, name, timestamp, body)}" for secret in secrets]
    return {ID: name, TIMESTAMP: timestamp, SIGNATURE: " ".join(found)}


def verify(secrets: Iterable[bytes], headers: Mapping[str, str], now: datetime, body: bytes) -> str:
    """The id under which a body was sent; Unauthenticated where its sender does not know a secret.

    Or where it was signed more than five minutes ago, or from now.
    """
    name, timestamp = headers.get(ID, ""), headers.get(TIMESTAMP, "")
    given = headers.get(SIGNATURE, "")
    if not (name and timestamp and given) or len(name) > ID_LENGTH or "." in name:
        raise Unauthenticated(f"Sign it: {ID}, {TIMESTAMP} and {SIGNATURE} are headers of it.")
    if not _is_near(timestamp, now):
        raise Unauthenticated("It was signed too long ago, or the clock of its sender is wrong.")
    ours = [_signature(secret, name, timestamp, body).encode() for secret in secrets]
    theirs = [one.removeprefix("v1,").encode() for one in given.split(" ") if one[:3] == "v1,"]
    matches = [hmac.compare_digest(one, other) for one in ours for other in theirs]
    if not any(matches):
        raise Unauthenticated("The signature is not that of this source.")
    return name


def _is_near(timestamp: str, now: datetime) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):  # noqa: PLR2004
        return False
    return abs(int(timestamp) - now.timestamp()) <= TOLERANCE.total_seconds()


def _signature(secret: bytes, name: str, timestamp: str, body: bytes) -> str:
    content = b".".join((name.encode(), timestamp.encode(), body))
    return base64.b64encode(hmac.new(secret, content, hashlib.sha256).digest()).decode()


def next_wait(attempt: int, chance: float, asked: timedelta) -> timedelta | None:
    """How long to wait after so many attempts; None after the last.

    `chance` is between 0 and 1, `asked` how long the receiver wants to be left alone.
    """
    if attempt >= ATTEMPTS:
        return None
    wait = WAITS[attempt - 1] * (1 + SPREAD * chance)
    return max(wait, min(asked, LONGEST_WAIT))
