"""DynamoDB's arithmetic: the size of items, and the units that reads and writes of them cost.

Items are in DynamoDB's wire form (`{"n": {"N": "1"}}`). Pure: which items a call touches is the
meter's business. Figures follow the developer guide, "DynamoDB item sizes and formats" and
"DynamoDB read and write operations"; the 100 bytes a stored item or index entry takes on top
count for storage, not for units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from typing import Any

Value = Mapping[str, Any]
Item = Mapping[str, Value]

_WRITE_UNIT = 1024
_READ_UNIT = 4096
_CONTAINER = 3
_ELEMENT = 1


@dataclass(frozen=True)
class Index:
    """A global secondary index: its key attributes, and what else of the item stands in it."""

    name: str
    keys: tuple[str, ...]
    projection: str = "KEYS_ONLY"
    included: frozenset[str] = frozenset()

    def entry(self, item: Item | None, table_keys: Iterable[str]) -> Item | None:
        """The item as this index holds it, None where an index key is missing."""
        if item is None or any(key not in item for key in self.keys):
            return None
        if self.projection == "ALL":
            return item
        names = {*table_keys, *self.keys, *self.included}
        return {name: value for name, value in item.items() if name in names}


@dataclass(frozen=True)
class TableShape:
    keys: tuple[str, ...]
    indexes: tuple[Index, ...] = ()

    @classmethod
    def from_description(cls, table: Mapping[str, Any]) -> TableShape:
        """From the `Table` of a DescribeTable answer."""
        indexes = (
            Index(
                name=index["IndexName"],
                keys=_key_names(index),
                projection=index["Projection"]["ProjectionType"],
                included=frozenset(index["Projection"].get("NonKeyAttributes", ())),
            )
            for index in table.get("GlobalSecondaryIndexes", ())
        )
        return cls(_key_names(table), tuple(indexes))

    def key_of(self, item: Item) -> Item:
        return {name: item[name] for name in self.keys}

    def entry(self, index_name: str, item: Item) -> Item | None:
        index = next(index for index in self.indexes if index.name == index_name)
        return index.entry(item, self.keys)


def _key_names(described: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(key["AttributeName"] for key in described["KeySchema"])


def item_size(item: Item) -> int:
    """Bytes."""
    return sum(len(name.encode()) + value_size(value) for name, value in item.items())


def value_size(value: Value) -> int:
    """Bytes of a value without its name."""
    if not isinstance(value, Mapping) or len(value) != 1 or not value.keys() <= _SIZES.keys():
        raise TypeError(f"{value!r} is no DynamoDB value: measure low-level clients only")
    [(kind, content)] = value.items()
    return _SIZES[kind](content)


def _number_size(number: str) -> int:
    # The guide says "approximately": one byte, one per two significant digits; a sign takes one.
    sign, digits, _ = Decimal(number).as_tuple()
    significant = "".join(map(str, digits)).strip("0")
    return 1 + ceil(len(significant) / 2) + sign


_SIZES: dict[str, Callable[[Any], int]] = {
    "S": lambda text: len(text.encode()),
    "B": len,
    "N": _number_size,
    "NULL": lambda _: 1,
    "BOOL": lambda _: 1,
    "L": lambda values: _CONTAINER + sum(_ELEMENT + value_size(value) for value in values),
    "M": lambda item: _CONTAINER + len(item) * _ELEMENT + item_size(item),
    "SS": lambda texts: sum(len(text.encode()) for text in texts),
    "NS": lambda numbers: sum(map(_number_size, numbers)),
    "BS": lambda blobs: sum(map(len, blobs)),
}


def write_units(old: Item | None, new: Item | None, *, is_transactional: bool = False) -> int:
    """A write costs by the larger of the item before and after it."""
    largest = max(item_size(old or {}), item_size(new or {}))
    return _started(largest, _WRITE_UNIT) * (2 if is_transactional else 1)


def index_units(shape: TableShape, old: Item | None, new: Item | None) -> dict[str, int]:
    """Units by index, only where the write reaches it; a transaction does not double them."""
    costs = {
        index.name: _entry_units(index, index.entry(old, shape.keys), index.entry(new, shape.keys))
        for index in shape.indexes
    }
    return {name: units for name, units in costs.items() if units}


def _entry_units(index: Index, old: Item | None, new: Item | None) -> int:
    if old == new:
        return 0
    if old is None or new is None:
        return write_units(old, new)
    if any(old[key] != new[key] for key in index.keys):
        return write_units(old, None) + write_units(None, new)
    return write_units(old, new)


def read_units(size: int, *, is_consistent: bool = False) -> float:
    """Units of one read of `size` bytes; nothing found costs the minimum."""
    return _started(size, _READ_UNIT) * (1.0 if is_consistent else 0.5)


def _started(size: int, unit: int) -> int:
    return max(1, ceil(size / unit))
