"""What every item of the table has, its indexes, and the connection that all share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from pynamodb.attributes import (
    DiscriminatorAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
)
from pynamodb.connection import Connection
from pynamodb.exceptions import AttributeNullError
from pynamodb.indexes import (
    AllProjection,
    GlobalSecondaryIndex,
    IncludeProjection,
    KeysOnlyProjection,
    Projection,
)
from pynamodb.models import Model

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
        shorten(connection().session)


def connection() -> Connection:
    """The one that every call to the table goes through."""
    return Item._get_connection().connection  # noqa: SLF001 - pynamodb tells nobody else
