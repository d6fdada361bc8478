"""THE table: one table, `pk` and `sk`, five overloaded indexes with generic names.

Access patterns (n = ticket number, hashes hide addresses; every item has `kind` and `v`):

    T#<n>            ~~head                 the ticket            gsi1, gsi2, gsi3, gsi4
    T#<n>            ~link#<type>#<m>       a tie to ticket m, which has its reverse
    T#<n>            ~presence              who has the ticket open
    T#<n>            ~draft#<agent>         what an agent has typed and not sent
    T#<n>            S#<seq8>#a             an article
    T#<n>            S#<seq8>#d#<hash>      a delivery            gsi4 while it is not final
    T#<n>            S#<seq8>#e             a ledger entry        gsi5
    T#<n>            S#<seq8>#x#<reaction>  an effect: this reaction ran for that entry
    SES#<ses id>     c                      what became of an inbound object
    MID#<hash>       c | <digest>           a Message-ID seen in or out
    MID#<hash>       s                      the SES id of a suspended mail of that Message-ID
    P#<id>           ~                      a person              gsi1 people
    E#<hash>         ~                      an address: whose, blocked, muted
    RATE#<hash>      <yyyymmddhhm>          mails of an address in ten minutes
    RATE#<hash>      <yyyymmdd>             acknowledgements to an address in a day; its block
    RATE#<hash>      <yyyymmddhh>           acknowledgements to a domain in an hour
    RATE#desk        <yyyymmddhh>           the ticket number with which an hour began
    N                ticket                 the number counter
    SU#<id>          ~                      a suspended mail      gsi1 list, gsi4 purge
    CFG              live                   the desk's live version
    CFG              v#<8>                  a version of the desk, for good
    TOK#<sha256>     ~                      an API token
    IDEM#<hash>      ~                      an answered Idempotency-Key
    X#<id>           job                    an export             gsi4 lease
    Y#<scope>        S#<seq>#e              entries of no ticket  gsi5
    SEAL             <8> | ~~head           a seal | the next     gsi4

    gsi1 list   `G#<group>#open`, `G#<group>#<yyyymm>`, by rank                 ticket lists
                `SUSP#open`, `PEOPLE`, by time
    gsi2 about  `P#<person>` by opened_at                                       tickets of one
    gsi3 mine   `U#<agent>` by rank                                             work of one
    gsi4 due    `DUE#<shard>` by instant                                        every alarm
    gsi5 ledger `L#<yyyymmdd>#<shard>` by at                                    all entries of a day

One ticket page is one query: `~` sorts after `S#`, so a reverse query gives the head first and
then the newest timeline. Key literals live here and nowhere else.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, cast

from pynamodb.attributes import (
    DiscriminatorAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
)
from pynamodb.connection import Connection
from pynamodb.exceptions import (
    AttributeNullError,
    PynamoDBException,
    TransactWriteError,
    UpdateError,
)
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.indexes import (
    AllProjection,
    GlobalSecondaryIndex,
    IncludeProjection,
    KeysOnlyProjection,
    Projection,
)
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chalicelib.shortcut import shorten

TABLE_KEYS = ("pk", "sk")


class Index(NamedTuple):
    """One index of the table, as the template must create it."""

    pk: str
    sk: str
    projection: str
    included: tuple[str, ...] = ()


INDEXES: Mapping[str, Index] = {
    "gsi1": Index("g1pk", "g1sk", "INCLUDE", ("row",)),
    "gsi2": Index("g2pk", "g2sk", "INCLUDE", ("row",)),
    "gsi3": Index("g3pk", "g3sk", "INCLUDE", ("row",)),
    "gsi4": Index("g4pk", "g4sk", "KEYS_ONLY"),
    "gsi5": Index("g5pk", "g5sk", "ALL"),
}

DUE_SHARDS = 2
LEDGER_SHARDS = 4


class _Kind(DiscriminatorAttribute):
    """An item of a kind that this version does not know reads as a plain Item."""

    def deserialize(self, value: str) -> type:
        return self._discriminator_map.get(value, Item)


def _index(name: str) -> GlobalSecondaryIndex[Item]:
    """The index as pynamodb wants it declared: it takes the keys of a query from here."""
    schema = INDEXES[name]
    projection: Projection = AllProjection() if schema.projection == "ALL" else KeysOnlyProjection()
    if schema.included:
        projection = IncludeProjection(list(schema.included))
    meta = type("Meta", (), {"index_name": name, "projection": projection})
    attributes = {
        "Meta": meta,
        schema.pk: UnicodeAttribute(hash_key=True),
        schema.sk: UnicodeAttribute(range_key=True),
    }
    return cast("GlobalSecondaryIndex[Item]", type(name, (GlobalSecondaryIndex,), attributes)())


class Item(Model):
    """Base of everything in the table; the subclasses live beside the package that owns them."""

    class Meta:
        table_name = "unbound"
        connect_timeout_seconds = 1
        read_timeout_seconds = 3
        max_retry_attempts = 3

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    kind = _Kind()
    v = NumberAttribute(default=1)
    ttl = NumberAttribute(null=True)
    g1pk = UnicodeAttribute(null=True)
    g1sk = UnicodeAttribute(null=True)
    g2pk = UnicodeAttribute(null=True)
    g2sk = UnicodeAttribute(null=True)
    g3pk = UnicodeAttribute(null=True)
    g3sk = UnicodeAttribute(null=True)
    g4pk = UnicodeAttribute(null=True)
    g4sk = UnicodeAttribute(null=True)
    g5pk = UnicodeAttribute(null=True)
    g5sk = UnicodeAttribute(null=True)
    row: MapAttribute[str, Any] = MapAttribute(null=True)  # type: ignore[no-untyped-call]

    def serialize(self, null_check: bool = True) -> dict[str, dict[str, Any]]:
        """What is set, as DynamoDB takes it.

        Two thirds of what an item could have are none of its business: pynamodb asks for them all,
        which made up a third of what it takes to write an item.
        """
        attributes, values = self.get_attributes(), self.attribute_values
        for name, attribute in attributes.items():
            if null_check and not attribute.null and values.get(name) is None:
                raise AttributeNullError(name)
        return {
            attributes[name].attr_name: {
                attributes[name].attr_type: attributes[name].serialize(one)
            }
            for name, one in values.items()
            if one is not None
        }

    @property
    def columns(self) -> dict[str, Any]:
        """What a list index holds of the item."""
        return dict(self.row.attribute_values) if self.row else {}

    gsi1 = _index("gsi1")
    gsi2 = _index("gsi2")
    gsi3 = _index("gsi3")
    gsi4 = _index("gsi4")
    gsi5 = _index("gsi5")


def bind(table_name: str) -> None:
    """Point every item class at the tenant's table."""
    if Item.Meta.table_name != table_name:
        Item.Meta.table_name = table_name
        Item._connection = None  # noqa: SLF001 - pynamodb caches it with the old name
        # Here, before any item class has made a client: all of them share that of the base.
        shorten(_connection().session)


def _connection() -> Connection:
    return Item._get_connection().connection  # noqa: SLF001 - pynamodb tells nobody else


# Keys. ---------------------------------------------------------------------------------------

HEAD = "~~head"
PRESENCE = "~presence"
ONLY = "~"
CLAIM = "c"
SIGHTING = "s"
TIMELINE = "S#"


def stamp(at: datetime) -> str:
    """An instant as text that sorts: UTC, microseconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def instant(text: str) -> datetime:
    """The aware instant that `stamp` wrote."""
    return datetime.fromisoformat(text)


def ticket_pk(number: int) -> str:
    return f"T#{number}"


def ticket_number(pk: str) -> int | None:
    """The number in a ticket's key; None for any other."""
    kind, _, number = pk.partition("#")
    return int(number) if kind == "T" else None


def article_sk(seq: int) -> str:
    return f"S#{seq:08d}#a"


def entry_sk(seq: int) -> str:
    return f"S#{seq:08d}#e"


def delivery_sk(seq: int, recipient: str) -> str:
    return f"S#{seq:08d}#d#{recipient}"


def effect_sk(seq: int, reaction: str) -> str:
    return f"S#{seq:08d}#x#{reaction}"


def link_sk(kind: str, number: int) -> str:
    return f"~link#{kind}#{number}"


def draft_sk(agent: str) -> str:
    return f"~draft#{agent}"


def ses_pk(ses_id: str) -> str:
    return f"SES#{ses_id}"


def message_id_pk(digest: str) -> str:
    return f"MID#{digest}"


def person_pk(person: str) -> str:
    return f"P#{person}"


def address_pk(digest: str) -> str:
    return f"E#{digest}"


def rate_pk(digest: str) -> str:
    return f"RATE#{digest}"


NUMBER_KEY = ("N", "ticket")
CONFIG_KEY = ("CFG", "live")
SEALS = "SEAL"
SEAL_HEAD = (SEALS, HEAD)
seal_sk = "{:08d}".format  # of its number


def config_version_key(version: int) -> tuple[str, str]:
    return CONFIG_KEY[0], f"v#{version:08d}"


def suspended_pk(suspended: str) -> str:
    return f"SU#{suspended}"


SUSPENDED_LIST = "SUSP#open"
# All persons stand in one partition: they are added one by one, and read in pages.
PEOPLE_LIST = "PEOPLE"


def token_pk(digest: str) -> str:
    return f"TOK#{digest}"


def idempotency_pk(digest: str) -> str:
    return f"IDEM#{digest}"


def export_key(export: str) -> tuple[str, str]:
    return f"X#{export}", "job"


def system_pk(scope: str) -> str:
    return f"Y#{scope}"


def group_open(group: str) -> str:
    return f"G#{group}#open"


def group_closed(group: str, at: datetime) -> str:
    return f"G#{group}#{at:%Y%m}"


def mine(agent: str) -> str:
    return f"U#{agent}"


def _crc(value: str) -> int:
    return zlib.crc32(value.encode())


def rank(due_at: datetime | None, opened_at: datetime) -> str:
    """Where a ticket stands in a list: what is due first comes first, then by age."""
    return stamp(due_at) if due_at else f"9#{stamp(opened_at)}"


def due_key(pk: str, at: datetime) -> tuple[str, str]:
    """The g4 key of an alarm at that instant; one owner always rings in the same shard."""
    return f"DUE#{_crc(pk) % DUE_SHARDS}", f"{stamp(at)}#{pk}"


def due_shards() -> tuple[str, ...]:
    return tuple(f"DUE#{shard}" for shard in range(DUE_SHARDS))


def ledger_key(pk: str, seq: int, at: datetime) -> tuple[str, str]:
    return f"L#{at:%Y%m%d}#{_crc(pk) % LEDGER_SHARDS}", f"{stamp(at)}#{pk}#{seq:08d}"


def ledger_shards(day: datetime) -> tuple[str, ...]:
    return tuple(f"L#{day:%Y%m%d}#{shard}" for shard in range(LEDGER_SHARDS))


# Reading and writing. ------------------------------------------------------------------------


class Lost(Exception):
    """A transaction did not happen: `held` maps each item that stood in the way to what is there.

    Where another transaction touched the same items at the same time, `held` is empty: load again.
    """

    def __init__(self, held: Mapping[tuple[str, str], Item]) -> None:
        super().__init__(f"lost against {sorted(held)}")
        self.held = dict(held)


# A transaction of which nobody knows whether it happened.
WriteError = TransactWriteError


@dataclass(frozen=True, slots=True)
class Write:
    """One write of a transaction: a put, an update where there are actions, or a removal."""

    item: Item
    condition: Condition | None = None
    actions: tuple[Action, ...] = ()
    is_removal: bool = False


def exists() -> Condition:
    return Item.pk.exists()


def absent() -> Condition:
    return Item.pk.does_not_exist()


def put_new(item: Item) -> Write:
    """Put it only where nothing stands: a claim."""
    return Write(item, absent())


def transact(writes: Iterable[Write], *, token: str | None = None) -> None:
    """Write all or nothing; raise Lost where a condition failed or another writer was there."""
    writes = list(writes)
    transaction = TransactWrite(connection=_connection(), client_request_token=token)
    for write in writes:
        if write.is_removal:
            transaction.delete(write.item, write.condition)
        elif write.actions:
            transaction.update(
                write.item, list(write.actions), write.condition, return_values="ALL_OLD"
            )
        else:
            transaction.save(write.item, write.condition, return_values="ALL_OLD")
    try:
        transaction._commit()  # noqa: SLF001 - the context manager would hide what it commits
    except TransactWriteError as error:
        raise _lost(error, writes) or error from error


_CONTENDED = {"TransactionConflict", "ConditionalCheckFailed"}


def _lost(error: TransactWriteError, writes: list[Write]) -> Lost | None:
    # DynamoDB gives its reasons in the order of the request: pynamodb's, not that of `writes`.
    if _code(error) == "TransactionInProgressException":
        return Lost({})
    reasons = error.cancellation_reasons
    if not any(reason and reason.code in _CONTENDED for reason in reasons):
        return None
    sent = sorted(writes, key=lambda write: (not write.is_removal, bool(write.actions)))
    held: dict[tuple[str, str], Item] = {}
    for write, reason in zip(sent, reasons, strict=True):
        if reason and reason.code == "ConditionalCheckFailed":
            found = Item.from_raw_data(reason.raw_item) if reason.raw_item else write.item
            held[write.item.pk, write.item.sk] = found
    return Lost(held)


def _code(error: PynamoDBException) -> str | None:
    # The answer of a call that timed out is None, and pynamodb's own property falls over it.
    response = getattr(error.cause, "response", None) or {}
    code: str | None = response.get("Error", {}).get("Code")
    return code


def update(item: Item, actions: Iterable[Action], condition: Condition) -> bool:
    """Update one item in place, which then holds all its new values; False when refused."""
    try:
        item.update(list(actions), condition)
    except UpdateError as error:
        if _code(error) == "ConditionalCheckFailedException":
            return False
        raise
    return True


def fetch(keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Item]:
    """The items of these keys that exist, of whatever kind: one call per hundred, consistent."""
    wanted = set(keys)
    if not wanted:
        return {}
    found = Item.batch_get(wanted, consistent_read=True)
    return {(item.pk, item.sk): item for item in found}


@dataclass(frozen=True, slots=True)
class Page:
    """Items of one query and where the next page starts."""

    items: tuple[Item, ...]
    next_key: dict[str, Any] | None


def query(
    pk: str,
    *,
    index: str | None = None,
    sort: Condition | None = None,
    limit: int | None = None,
    newest_first: bool = False,
    start: dict[str, Any] | None = None,
    condition: Condition | None = None,
) -> Page:
    """One page of one partition of the table or of an index: exactly one call."""
    data = Item._get_connection().query(  # noqa: SLF001 - the model's query() hides its pages
        pk,
        range_key_condition=sort,
        filter_condition=condition,
        index_name=index,
        limit=limit,
        scan_index_forward=not newest_first,
        exclusive_start_key=start,
        consistent_read=index is None,
    )
    items = tuple(Item.from_raw_data(raw) for raw in data.get("Items", []))
    return Page(items, cast("dict[str, Any] | None", data.get("LastEvaluatedKey")))


def pages(
    pk: str, *, index: str | None = None, sort: Condition | None = None, limit: int | None = None
) -> Iterator[Page]:
    """All pages of one partition, each read when it is asked for."""
    start: dict[str, Any] | None = None
    while True:
        page = query(pk, index=index, sort=sort, limit=limit, start=start)
        yield page
        start = page.next_key
        if start is None:
            return


def read(raw: Mapping[str, Any]) -> Item:
    """The item in a stream record's image."""
    return Item.from_raw_data(dict(raw))
