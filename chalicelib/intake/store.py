"""The claims of inbound mail, and suspended mail."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from chalicelib import table
from chalicelib.intake.items import SesItem, SightingItem, SuspendedItem
from chalicelib.intake.model import Cause, Fate, Outcome, Receipt, Suspended, Verdicts

SUSPENDED_LIFE = timedelta(days=30)


def ses_key(ses_id: str) -> tuple[str, str]:
    return table.ses_pk(ses_id), table.CLAIM


def claim(receipt: Receipt, fate: Fate) -> table.Write:
    """Say what became of an inbound object, once and for all; it stays as long as the original."""
    pk, sk = ses_key(receipt.ses_id)
    item = SesItem(
        pk=pk,
        sk=sk,
        outcome=fate.outcome.value,
        at=receipt.received_at,
        number=fate.number,
        seq=fate.seq,
    )
    return table.put_new(item)


def fate_of(item: table.Item | None) -> Fate | None:
    """What a claim says became of its object."""
    if not isinstance(item, SesItem):
        return None
    number, seq = (int(n) if n is not None else None for n in (item.number, item.seq))
    return Fate(Outcome(item.outcome), number, seq)


def settled(mail: Suspended, fate: Fate) -> list[table.Write]:
    """What a suspended mail has become after all; whoever comes second loses."""
    pk, sk = ses_key(mail.id)
    actions = (
        SesItem.outcome.set(fate.outcome.value),
        *([SesItem.number.set(fate.number)] if fate.number is not None else []),
        *([SesItem.seq.set(fate.seq)] if fate.seq is not None else []),
    )
    is_suspended = SesItem.outcome == Outcome.SUSPENDED.value
    return [
        table.Write(SesItem(pk=pk, sk=sk), is_suspended, actions),
        # Its time is over at once: what is left of it, DynamoDB removes by itself.
        _emptied(
            mail.id,
            SuspendedItem.g4pk.remove(),
            SuspendedItem.g4sk.remove(),
            SuspendedItem.ttl.set(int(mail.received_at.timestamp())),
        ),
    ]


def sighting(message_id_pk: str, ses_id: str) -> table.Write:
    """Remember under which SES id a suspended mail came in."""
    return table.Write(SightingItem(pk=message_id_pk, sk=table.SIGHTING, ses_id=ses_id))


def ledger_of(mail_id: str) -> str:
    """The scope of what was decided of a mail that was suspended."""
    return table.system_pk(f"mail#{mail_id}")


def suspension_key(mail_id: str) -> tuple[str, str]:
    """Where the ledger says that a mail was suspended: its first entry."""
    return ledger_of(mail_id), table.entry_sk(1)


def suspended_key(mail_id: str) -> tuple[str, str]:
    return table.suspended_pk(mail_id), table.ONLY


def get_suspended(mail_id: str) -> Suspended | None:
    """One suspended mail: one call."""
    key = suspended_key(mail_id)
    return suspended_of(table.fetch([key]).get(key))


def suspended_write(mail: Suspended) -> table.Write:
    pk = table.suspended_pk(mail.id)
    g4pk, g4sk = table.due_key(pk, mail.received_at + SUSPENDED_LIFE)
    row = {
        "id": mail.id,
        "cause": mail.cause.value,
        "sender": mail.sender,
        "subject": mail.subject,
        "received": table.stamp(mail.received_at),
        "authenticated": mail.flight.get("authenticated", "no"),
    }
    item = SuspendedItem(
        pk=pk,
        sk=table.ONLY,
        g1pk=table.SUSPENDED_LIST,
        g1sk=f"{table.stamp(mail.received_at)}#{mail.id}",
        g4pk=g4pk,
        g4sk=g4sk,
        row=row,
        cause=mail.cause.value,
        sender=mail.sender or None,
        subject=mail.subject or None,
        received_at=mail.received_at,
        raw_key=mail.raw_key,
        recipients=list(mail.recipients),
        envelope_from=mail.envelope_from or None,
        verdicts=mail.verdicts.to_dict(),
        flight=mail.flight or None,
    )
    return table.put_new(item)


def deletion(mail: Suspended, now: datetime) -> table.Write:
    """Take a mail off the list for good; the next sweep deletes the original and what is left."""
    g4pk, g4sk = table.due_key(table.suspended_pk(mail.id), now)
    return _emptied(mail.id, SuspendedItem.g4pk.set(g4pk), SuspendedItem.g4sk.set(g4sk))


_SAID = "g1pk g1sk row sender subject recipients envelope_from verdicts flight"


def _emptied(mail_id: str, *also: Any) -> table.Write:
    """Nothing is removed here: pages and programs run without the right to."""
    pk, sk = suspended_key(mail_id)
    actions = [getattr(SuspendedItem, name).remove() for name in _SAID.split()]
    actions += [SuspendedItem.is_over.set(True), *also]
    return table.Write(SuspendedItem(pk=pk, sk=sk), SuspendedItem.g1pk.exists(), tuple(actions))


def original_of(item: table.Item) -> str | None:
    """Where the original of a suspended mail lies, deleted or not."""
    return item.raw_key if isinstance(item, SuspendedItem) else None


def suspended_of(item: table.Item | None) -> Suspended | None:
    if not isinstance(item, SuspendedItem) or item.is_over:
        return None
    return Suspended(
        id=item.pk.partition("#")[2],
        cause=Cause(item.cause),
        sender=item.sender or "",
        subject=item.subject or "",
        received_at=item.received_at,
        raw_key=item.raw_key,
        recipients=tuple(item.recipients or ()),
        envelope_from=item.envelope_from or "",
        verdicts=Verdicts(**(item.verdicts or {})),
        flight=item.flight or {},
    )


def list_page(limit: int, start: dict[str, Any] | None) -> table.Page:
    """Suspended mail, the newest first; the items carry `row` only."""
    return table.query(
        table.SUSPENDED_LIST, index="gsi1", limit=limit, start=start, newest_first=True
    )
