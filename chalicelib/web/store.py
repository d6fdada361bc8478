"""API tokens and answered Idempotency-Keys in the table."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from pynamodb.attributes import (
    JSONAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)

from chalicelib import table

ANSWER_LIFE = timedelta(hours=24)


class TokenItem(table.Item, discriminator="token"):
    """A program's right to call. The token itself is nowhere: its SHA-256 is the key."""

    name = UnicodeAttribute()
    scopes: JSONAttribute = JSONAttribute()
    groups: JSONAttribute = JSONAttribute(null=True)
    expires_at = UTCDateTimeAttribute(null=True)


class AnswerItem(table.Item, discriminator="answer"):
    """What an Idempotency-Key led to, and a fingerprint of what was asked."""

    fingerprint = UnicodeAttribute()
    number = NumberAttribute(null=True)
    seq = NumberAttribute(null=True)
    reference = UnicodeAttribute(null=True)


def token_key(token: str) -> tuple[str, str]:
    return table.token_pk(hashlib.sha256(token.encode()).hexdigest()), table.ONLY


def get_token(token: str) -> TokenItem | None:
    key = token_key(token)
    found = table.fetch([key]).get(key)
    return found if isinstance(found, TokenItem) else None


def add_token(
    token: str,
    *,
    name: str,
    scopes: list[str],
    groups: list[str] | None = None,
    expires_at: datetime | None = None,
) -> None:
    """Let a token in; the same token again renews it."""
    pk, sk = token_key(token)
    item = TokenItem(pk=pk, sk=sk, name=name, scopes=scopes, groups=groups, expires_at=expires_at)
    table.transact([table.Write(item)])


def answer_key(actor: str, key: str) -> tuple[str, str]:
    digest = hashlib.sha256(f"{actor}\0{key}".encode()).hexdigest()
    return table.idempotency_pk(digest), table.ONLY


def answer_write(
    key: tuple[str, str],
    fingerprint: str,
    now: datetime,
    *,
    number: int | None = None,
    seq: int | None = None,
    reference: str | None = None,
) -> table.Write:
    """The claim of an Idempotency-Key, with what it led to."""
    item = AnswerItem(
        pk=key[0],
        sk=key[1],
        fingerprint=fingerprint,
        number=number,
        seq=seq,
        reference=reference,
        ttl=int((now + ANSWER_LIFE).timestamp()),
    )
    return table.put_new(item)
