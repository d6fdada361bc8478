"""What agents have typed and not sent yet: one draft each per ticket, for colleagues to read.

A draft is no change of the ticket: no version, no ledger entry, nothing reacts. Sending ends it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib import table
from chalicelib.errors import Invalid, NotFound
from chalicelib.ports import Ports
from chalicelib.tickets import store
from chalicelib.tickets.access import Who, seen
from chalicelib.tickets.items import DraftItem
from chalicelib.tickets.model import ArticleKind, KeptDraft
from chalicelib.tickets.stored import draft_of

KEPT_FOR = timedelta(days=30)
MOST_BYTES = 16_000


def keep(ports: Ports, who: Who, number: int, kind: ArticleKind, text: str) -> None:
    """Keep what an agent has typed, in place of what they had before; an empty text ends it.

    Raises Invalid where it is longer than 16 KB.
    """
    agent = _agent(who, number)
    if len(text.encode()) > MOST_BYTES:
        raise Invalid("The draft is too long to keep.", fields={"body": "at most 16 KB"})
    if not text.strip():
        _item(number, agent).delete()
        return
    now = ports.clock()
    item = _item(number, agent)
    item.agent, item.type, item.text, item.at = agent, kind.value, text, now
    item.ttl = int((now + KEPT_FOR).timestamp())
    item.save()


def discard(who: Who, number: int) -> None:
    """Throw one's own draft away, if there is one."""
    _item(number, _agent(who, number)).delete()


def _agent(who: Who, number: int) -> str:
    """The agent who may write on that ticket; NotFound where it is not theirs to see."""
    who.need("tickets:write")
    ticket, _ = store.load(number)
    seen(who, ticket, number)
    return who.agent or ""


def _item(number: int, agent: str) -> DraftItem:
    return DraftItem(pk=table.ticket_pk(number), sk=table.draft_sk(agent))


def read(ports: Ports, who: Who, number: int, agent: str) -> KeptDraft:
    """What a colleague has typed on a ticket that one may see: one call."""
    who.need("tickets:read")
    key = (table.ticket_pk(number), table.draft_sk(agent))
    ticket, found = store.load(number, [key])
    seen(who, ticket, number)
    draft = draft_of(found.get(key))
    if draft is None or not is_kept(draft, ports.clock()):
        raise NotFound("There is no such draft.")
    return draft


def is_kept(draft: KeptDraft, now: datetime) -> bool:
    """Whether a draft still counts; the table forgets it some time after."""
    return draft.at + KEPT_FOR > now
