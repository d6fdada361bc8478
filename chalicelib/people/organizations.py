"""Organizations in the table: found by the domain of an address, in the call that looks it up.

Who may change one, and the facts that say so, are of `organizations.service`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib import table
from chalicelib.people.items import DomainItem, OrganizationItem


@dataclass(frozen=True, slots=True)
class Organization:
    """People who write from the same domains. `seq` and `chain` are the end of its ledger."""

    id: str
    name: str
    domains: tuple[str, ...]
    note: str = ""
    seq: int = 0
    chain: bytes = b""


def domain_of(email: str) -> str:
    return email.rpartition("@")[2].lower()


def domain_key(domain: str) -> tuple[str, str]:
    return table.domain_pk(domain.lower()), table.ONLY


def organization_key(organization: str) -> tuple[str, str]:
    return table.organization_pk(organization), table.ONLY


def organization_of(item: table.Item | None) -> Organization | None:
    """The organization in its item; None for anything else."""
    if not isinstance(item, OrganizationItem):
        return None
    return Organization(
        item.pk.partition("#")[2],
        item.name,
        tuple(item.domains),
        item.note or "",
        int(item.seq),
        item.chain,
    )


def owner_of(item: table.Item | None) -> str:
    """The id of the organization that a domain belongs to; empty for none."""
    return item.organization if isinstance(item, DomainItem) else ""


def get(organization: str) -> Organization | None:
    """One organization: one call."""
    key = organization_key(organization)
    return organization_of(table.fetch([key]).get(key))


def list_page(limit: int, start: dict[str, Any] | None) -> table.Page:
    """Organizations by age, oldest first; the items carry `row` only."""
    return table.query(table.ORGANIZATIONS_LIST, index="gsi1", limit=limit, start=start)


def save(before: Organization | None, after: Organization | None) -> list[table.Write]:
    """The writes that make an organization what it is after, None where it is no more.

    A new domain is a claim, which loses where it is another's; so does a change to one who was
    slower.
    """
    known = set(before.domains if before else ())
    wanted = set(after.domains if after else ())
    organization = before or after
    assert organization is not None, "something is added, changed or removed"
    added = (_domain(one, organization.id) for one in sorted(wanted - known))
    gone = (_domain(one, organization.id) for one in sorted(known - wanted))
    lock = OrganizationItem.seq == before.seq if before else table.absent()
    if after is None:
        pk, sk = organization_key(organization.id)
        head = table.Write(OrganizationItem(pk=pk, sk=sk), lock, is_removal=True)
    else:
        head = table.Write(_item(after), lock)
    return [
        head,
        *(table.put_new(item) for item in added),
        *(table.Write(item, is_removal=True) for item in gone),
    ]


def _domain(domain: str, organization: str) -> DomainItem:
    pk, sk = domain_key(domain)
    return DomainItem(pk=pk, sk=sk, organization=organization)


def _item(organization: Organization) -> OrganizationItem:
    pk, sk = organization_key(organization.id)
    return OrganizationItem(
        pk=pk,
        sk=sk,
        g1pk=table.ORGANIZATIONS_LIST,
        g1sk=organization.id,
        row={
            "id": organization.id,
            "name": organization.name,
            "domains": list(organization.domains),
        },
        name=organization.name,
        domains=list(organization.domains),
        note=organization.note or None,
        seq=organization.seq,
        chain=organization.chain,
    )
