"""What is judged of an address: allowed, blocked, or neither any more.

Each address has a ledger of its own, which names it by its hidden form alone: an erasure leaves
nothing in it to rewrite. What the judgement means for a mail is `screen`'s business.
"""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib import table
from chalicelib.facts import Fact
from chalicelib.ledger.model import EMPTY, End, next_entry
from chalicelib.ledger.store import EntryItem, entry_write, from_item
from chalicelib.people import store as people
from chalicelib.ports import Ports
from chalicelib.tickets import service as tickets
from chalicelib.tickets.access import Who


def judge(ports: Ports, who: Who, email: str, fact: Fact, **marks: bool) -> None:
    """Set the marks of an address, unless it has them already."""
    key = people.address_key(ports.keys(), email)

    def attempt() -> None:
        known = people.address_of(table.fetch([key]).get(key))
        if known and all(getattr(known, mark) is value for mark, value in marks.items()):
            return
        table.transact(judgement(ports, who, email, fact, marks))

    tickets.retried(ports, attempt, "Somebody else judges this address at once: look again.")


def judgement(
    ports: Ports, who: Who, email: str, fact: Fact, marks: Mapping[str, bool]
) -> list[table.Write]:
    """The writes that set the marks of an address and say so in its ledger."""
    keys = ports.keys()
    scope = table.system_pk(f"address#{hide(ports, email)}")
    newest = table.query(scope, newest_first=True, limit=1).items
    end = next((from_item(item).end for item in newest if isinstance(item, EntryItem)), EMPTY)
    return [people.judging(keys, email, **marks), decided(ports, who, scope, end, fact)]


def hide(ports: Ports, email: str) -> str:
    """What stands for an address in keys and ledgers."""
    return ports.keys().hide(email.lower())


def decided(ports: Ports, who: Who, scope: str, after: End, fact: Fact) -> table.Write:
    """The next entry of the ledger of an address or a mail: what somebody has decided of it."""
    entry = next_entry(scope, after, [fact], at=ports.clock(), actor=who.actor, cause="suspended")
    return entry_write(entry)
