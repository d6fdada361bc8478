"""The audit of inbound mail: every object in the bucket has exactly one fate, and it is true.

Run it as `python -m infra.audit` with the environment of a function. It reads everything and
changes nothing: one listing call per thousand mails, and a few reads of the table per hundred.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

import boto3

from chalicelib import table
from chalicelib.config import Config
from chalicelib.intake.items import SesItem
from chalicelib.intake.model import INBOUND_PREFIX, SETUP_NOTIFICATION, Outcome
from chalicelib.intake.store import SUSPENDED_LIFE, ses_key
from chalicelib.ports import Ports, live
from chalicelib.tickets.store import article_of, head_key

# The reconciler looks after a quarter of an hour; before that, a mail may still be on its way.
PENDING_FOR = timedelta(minutes=15)
BATCH = 100

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Found:
    """One object in the inbound bucket."""

    key: str
    stored_at: datetime

    @property
    def ses_id(self) -> str:
        return self.key.removeprefix(INBOUND_PREFIX)


@dataclass(slots=True)
class Audit:
    """How many mails have which fate, and one sentence for each that has a wrong one or none."""

    counts: Counter[str] = field(default_factory=Counter)
    flaws: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return not self.flaws


def audit_mail(ports: Ports) -> Audit:
    """Check all inbound mail against the table."""
    audit, objects = Audit(), _objects(ports.config.mail_bucket)
    while batch := list(islice(objects, BATCH)):
        claims = table.fetch(ses_key(found.ses_id) for found in batch)
        proofs = table.fetch(key for claim in claims.values() for key in _proof_keys(claim))
        for found in batch:
            claim = claims.get(ses_key(found.ses_id))
            fate, flaw = _fate(found, claim, proofs, ports.clock())
            audit.counts[fate] += 1
            audit.flaws += [f"{found.key}: {flaw}"] if flaw else []
    return audit


def _objects(bucket: str) -> Iterator[Found]:
    pages = boto3.client("s3").get_paginator("list_objects_v2")
    for page in pages.paginate(Bucket=bucket, Prefix=INBOUND_PREFIX):
        for listed in page.get("Contents", ()):
            found = Found(listed["Key"], listed["LastModified"])
            if found.ses_id != SETUP_NOTIFICATION:
                yield found


def _proof_keys(claim: table.Item) -> Sequence[Key]:
    """Where that must stand which the claim says has become of the mail."""
    if not isinstance(claim, SesItem):
        return ()
    number, seq = int(claim.number or 0), int(claim.seq or 0)
    ses_id = claim.pk.partition("#")[2]
    return {
        Outcome.ARTICLE: [(table.ticket_pk(number), table.article_sk(seq))],
        Outcome.DUPLICATE: [head_key(number)],
        Outcome.SUSPENDED: [_suspended_key(ses_id), *_ledger_keys(ses_id)],
    }[Outcome(claim.outcome)]


def _suspended_key(ses_id: str) -> Key:
    return table.suspended_pk(ses_id), table.ONLY


def _ledger_keys(ses_id: str) -> tuple[Key, Key]:
    """The entries that say that a mail was suspended, and what was done with it then."""
    scope = table.system_pk(f"mail#{ses_id}")
    return (scope, table.entry_sk(1)), (scope, table.entry_sk(2))


def _fate(
    found: Found, claim: table.Item | None, proofs: dict[Key, table.Item], now: datetime
) -> tuple[str, str | None]:
    """The fate of one mail by name, and what is wrong about it."""
    if not isinstance(claim, SesItem):
        if now - found.stored_at < PENDING_FOR:
            return "pending", None
        return "lost", "nothing has become of it"
    check = {
        Outcome.ARTICLE: _article_flaw,
        Outcome.DUPLICATE: _duplicate_flaw,
        Outcome.SUSPENDED: _suspended_flaw,
    }[Outcome(claim.outcome)]
    return claim.outcome, check(found, claim, proofs, now)


def _article_flaw(
    found: Found, claim: SesItem, proofs: dict[Key, table.Item], _now: datetime
) -> str | None:
    place = f"article {claim.seq} of ticket {claim.number}"
    article = article_of(proofs.get(_proof_keys(claim)[0]))
    if article is None:
        return f"should be {place}, which does not exist"
    if article.raw_key != found.key:
        return f"should be {place}, which was made of {article.raw_key}"
    return None


def _duplicate_flaw(
    _found: Found, claim: SesItem, proofs: dict[Key, table.Item], _now: datetime
) -> str | None:
    if _proof_keys(claim)[0] in proofs:
        return None
    return f"should repeat a mail on ticket {claim.number}, which does not exist"


def _suspended_flaw(
    found: Found, claim: SesItem, proofs: dict[Key, table.Item], now: datetime
) -> str | None:
    """Suspended mail is there until it is released, with an entry, or its month is over."""
    said, released = _ledger_keys(found.ses_id)
    if said not in proofs:
        return "is suspended, but the ledger does not say so"
    is_over = released in proofs or now >= claim.at + SUSPENDED_LIFE
    if _suspended_key(found.ses_id) not in proofs and not is_over:
        return "is suspended, but not among the suspended mails"
    return None


def report(audit: Audit) -> int:
    """Print the result, and return what the process should exit with: 1 when a mail is wrong."""
    for flaw in audit.flaws:
        print(flaw)
    counted = ", ".join(f"{count} {fate}" for fate, count in sorted(audit.counts.items()))
    print(f"{audit.counts.total()} mails: {counted or 'none'}")
    return 0 if audit.is_clean else 1


def main() -> int:
    config = Config.from_env()
    table.bind(config.table)
    return report(audit_mail(live(config)))


if __name__ == "__main__":
    sys.exit(main())
