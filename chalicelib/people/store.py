"""Persons and addresses in the table. An address is found by its hash alone."""

from __future__ import annotations

from typing import Any

from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.expressions.condition import Condition

from chalicelib import table
from chalicelib.keys import Keys
from chalicelib.people.model import Address, Person


class PersonItem(table.Item, discriminator="person"):
    """A person, and where the chain of what was done to them ends; most have none."""

    name = UnicodeAttribute()
    email = UnicodeAttribute()
    locale = UnicodeAttribute()
    created_at = UTCDateTimeAttribute()
    is_erased = BooleanAttribute(default=False)
    seq = NumberAttribute(null=True)
    chain = BinaryAttribute(null=True, legacy_encoding=False)


class AddressItem(table.Item, discriminator="address"):
    email = UnicodeAttribute()
    person = UnicodeAttribute(null=True)
    name = UnicodeAttribute(null=True)
    locale = UnicodeAttribute(null=True)
    is_blocked = BooleanAttribute(default=False)
    is_muted = BooleanAttribute(default=False)
    is_allowed = BooleanAttribute(null=True)
    is_proven = BooleanAttribute(null=True)


def address_key(keys: Keys, email: str) -> tuple[str, str]:
    return table.address_pk(keys.hide(email.lower())), table.ONLY


def person_key(person: str) -> tuple[str, str]:
    return table.person_pk(person), table.ONLY


def address_of(item: table.Item | None) -> Address | None:
    if not isinstance(item, AddressItem):
        return None
    return Address(
        item.email,
        item.person or "",
        item.name or "",
        item.locale or "",
        item.is_blocked,
        item.is_muted,
        bool(item.is_allowed),
        bool(item.is_proven),
    )


def add(
    keys: Keys, person: Person, known: Address | None = None, *, is_proven: bool
) -> list[table.Write]:
    """The writes that add a person. The address is a claim, which a racing twin loses; one that
    is `known` without a person gets this one.
    """
    pk, sk = person_key(person.id)
    row = {"name": person.name, "email": person.email, "locale": person.locale}
    item = PersonItem(
        pk=pk,
        sk=sk,
        name=person.name,
        email=person.email,
        locale=person.locale,
        created_at=person.created_at,
        g1pk=table.PEOPLE_LIST,
        g1sk=person.id,
        g3pk=table.NAMES_LIST,
        g3sk=f"{table.name_sk(person.name)}#{person.id}",
        row=row,
    )
    address_pk, address_sk = address_key(keys, person.email)
    address = AddressItem(
        pk=address_pk,
        sk=address_sk,
        email=person.email,
        person=person.id,
        name=person.name,
        locale=person.locale,
        is_proven=is_proven or None,
    )
    if known is None:
        return [table.Write(item), table.put_new(address)]
    named = [getattr(AddressItem, name).set(getattr(person, name)) for name in ("name", "locale")]
    proof = [AddressItem.is_proven.set(True)] if is_proven else []
    actions = (AddressItem.person.set(person.id), *named, *proof)
    return [table.Write(item), table.Write(address, AddressItem.person.does_not_exist(), actions)]


def person_of(item: table.Item | None) -> Person | None:
    if not isinstance(item, PersonItem):
        return None
    person = item.pk.partition("#")[2]
    return Person(
        person,
        item.name,
        item.email,
        item.locale,
        item.created_at,
        item.is_erased,
        int(item.seq or 0),
        item.chain or b"",
    )


def unmoved(person: Person) -> Condition:
    """That nothing was done to a person since they were read."""
    is_first: Condition = PersonItem.seq.does_not_exist() & table.exists()
    is_same: Condition = PersonItem.seq == person.seq
    return is_same if person.seq else is_first


def get(person: str) -> Person | None:
    key = person_key(person)
    return person_of(table.fetch([key]).get(key))


def list_page(limit: int, start: dict[str, Any] | None) -> table.Page:
    """Persons by age, oldest first; the items carry `row` only."""
    return table.query(table.PEOPLE_LIST, index="gsi1", limit=limit, start=start)


def named(beginning: str, limit: int) -> list[Address]:
    """Whose names begin so, in the order of their names, all where nothing is said: one call."""
    key = table.name_sk(beginning)
    begins = table.Item.g3sk.startswith(key) if key else None
    page = table.query(table.NAMES_LIST, index="gsi3", sort=begins, limit=limit)
    rows = [(item.pk.partition("#")[2], item.columns) for item in page.items]
    return [Address(row["email"], person, row["name"], row["locale"]) for person, row in rows]


def mute(keys: Keys, email: str) -> None:
    """Send nothing automatic to this address any more; harmless where it is unknown."""
    write = muting(keys, email, is_muted=True)
    table.update(write.item, write.actions, table.exists())


def muting(keys: Keys, email: str, *, is_muted: bool) -> table.Write:
    """The write that mutes a known address, or lifts that."""
    pk, sk = address_key(keys, email)
    actions = (AddressItem.is_muted.set(is_muted),)
    return table.Write(AddressItem(pk=pk, sk=sk), table.exists(), actions)


def judging(keys: Keys, email: str, **marks: bool) -> table.Write:
    """The write that sets `is_blocked`, `is_allowed` or `is_proven` of an address, known or not."""
    pk, sk = address_key(keys, email)
    actions = [AddressItem.kind.set(AddressItem), AddressItem.email.set(email.lower())]
    actions += [getattr(AddressItem, name).set(value) for name, value in marks.items()]
    return table.Write(AddressItem(pk=pk, sk=sk), None, tuple(actions))


def erase(keys: Keys, person: Person, *, seq: int, chain: bytes) -> list[table.Write]:
    """The writes that leave of a person only the id, and the end of their ledger; the address is
    free again.
    """
    pk, sk = person_key(person.id)
    shell = PersonItem(
        pk=pk,
        sk=sk,
        name=f"Person-{person.id}",
        email="",
        locale=person.locale,
        created_at=person.created_at,
        is_erased=True,
        seq=seq,
        chain=chain,
    )
    address_pk, address_sk = address_key(keys, person.email)
    gone = AddressItem(pk=address_pk, sk=address_sk)
    return [table.Write(shell, unmoved(person)), table.Write(gone, is_removal=True)]
