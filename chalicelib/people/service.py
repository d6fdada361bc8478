"""Finding a person by an address, or making one."""

from __future__ import annotations

import re
from dataclasses import replace

from chalicelib import table
from chalicelib.people import store
from chalicelib.people.language import language_of
from chalicelib.people.model import Address, Person
from chalicelib.people.organizations import domain_key, domain_of, owner_of
from chalicelib.ports import Ports

_ADDRESS = re.compile(r"[^\s@<>(),;:\\\"\[\]\x00-\x1f]{1,64}@[\w-]+(\.[\w-]+)+")


def is_address(text: str) -> bool:
    """Whether a text is one plain mail address."""
    return len(text) <= 254 and _ADDRESS.fullmatch(text) is not None  # noqa: PLR2004 - RFC 5321


def find(ports: Ports, email: str) -> Address | None:
    """What is known of an address: one call."""
    key = store.address_key(ports.keys(), email)
    return store.address_of(table.fetch([key]).get(key))


def find_or_make(
    ports: Ports, email: str, name: str, *, text: str, locale: str
) -> tuple[Address, list[table.Write]]:
    """The address, and the writes that make a new person of it where it is unknown.

    A new person's language is that of `text`, else `locale`. Whoever asks vouches for the address.
    """
    key, domain = store.address_key(ports.keys(), email), domain_key(domain_of(email))
    found = table.fetch([key, domain])
    known, organization = store.address_of(found.get(key)), owner_of(found.get(domain))
    if known and known.person:
        return replace(known, organization=organization), []
    person = new_person(ports, email, name, locale=language_of(text) or locale)
    address = Address(
        person.email, person.id, person.name, person.locale, organization=organization
    )
    return address, store.add(ports.keys(), person, known, is_proven=True)


def new_person(ports: Ports, email: str, name: str, *, locale: str) -> Person:
    return Person(
        id=ports.new_id(),
        name=" ".join(name.split())[:100] or email.partition("@")[0],
        email=email.lower(),
        locale=locale,
        created_at=ports.clock(),
    )
