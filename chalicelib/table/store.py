"""Reading and writing: one transaction for a change, one query for a page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from pynamodb.exceptions import PynamoDBException, TransactWriteError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from chalicelib.table.items import INDEXES, TABLE_KEYS, Item, connection


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
    transaction = TransactWrite(connection=connection(), client_request_token=token)
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


@dataclass(frozen=True, slots=True)
class Place:
    """Where an item stands in a list: its `rank`, and the `key` behind which a page starts."""

    rank: str
    key: dict[str, Any]


def place_in(index: str, item: Item) -> Place:
    """The place of an item in one of the indexes."""
    names = (*TABLE_KEYS, INDEXES[index].pk, INDEXES[index].sk)
    return Place(getattr(item, names[-1]), {name: {"S": getattr(item, name)} for name in names})


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
