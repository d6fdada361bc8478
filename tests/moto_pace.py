"""moto at a pace that tests can live with: what it answers is the same.

For every write in a transaction moto copies the whole table with its stream, to put it back should
the transaction fail. That was half of what all tests cost, and grew with each item. Here the copy
shares its items with the table, and an update writes to an item of its own. And each value in an
answer moto asks for ten types under five spellings each, though it says by itself which it is.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from moto.core.serialize import ResponseSerializer
from moto.dynamodb.models import DynamoDBBackend, Table

_TYPES = frozenset(("S", "N", "B", "SS", "NS", "BS", "M", "L", "NULL", "BOOL"))
_update_item = DynamoDBBackend.update_item
_get_value = ResponseSerializer.get_value


def install() -> None:
    """For the whole process, however often it is called."""
    Table.__deepcopy__ = _kept
    DynamoDBBackend.update_item = _updated
    ResponseSerializer.get_value = _value


def _kept(table: Table, _memo: Mapping[int, Any]) -> Table:
    """The table as it is now: whatever is put, deleted or updated later leaves this alone."""
    kept = copy.copy(table)
    # A table without a sort key has the items themselves here.
    items = {pk: dict(one) if isinstance(one, dict) else one for pk, one in table.items.items()}
    kept.items = defaultdict(dict, items)
    if table.stream_shard is not None:
        kept.stream_shard = copy.copy(table.stream_shard)
        kept.stream_shard.items = list(table.stream_shard.items)
        kept.stream_shard.table = kept
    return kept


def _updated(backend: DynamoDBBackend, table_name: str, key: Mapping[str, Any], **more: Any) -> Any:
    table = backend.get_table(table_name)
    pk, sk = backend.get_keys_value(table, dict(key))
    items = table.items.get(pk, {})
    if isinstance(items, dict) and sk in items:
        items[sk] = copy.deepcopy(items[sk])
    return _update_item(backend, table_name, dict(key), **more)


def _value(serializer: Any, value: Any, key: str, shape: Any) -> Any:
    if type(value) is dict and len(value) == 1 and key in _TYPES and _TYPES.issuperset(value):
        return value.get(key)
    return _get_value(serializer, value, key, shape)
