"""The verbs of organizations: add, change and remove one. Each is a fact of its own scope.

Which ticket is whose is decided when it is opened, from the domain of its requester: nothing here
goes through tickets that are there already.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from chalicelib import table
from chalicelib.errors import Conflict, Invalid, NotFound
from chalicelib.facts import (
    Fact,
    OrganizationAdded,
    OrganizationChanged,
    OrganizationRemoved,
)
from chalicelib.ledger.model import EMPTY, End, next_entry
from chalicelib.ledger.store import entry_write
from chalicelib.people import notes
from chalicelib.people import organizations as store
from chalicelib.people.organizations import Organization
from chalicelib.ports import Ports
from chalicelib.tickets import service as tickets
from chalicelib.tickets.access import Who
from chalicelib.tickets.service import Claim, Done

DOMAIN_LIMIT = 20
NAME_LIMIT = 100
NOTE_LIMIT = 2000
_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{1,62}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants of an organization; what is None stays as it is."""

    name: str | None = None
    domains: Sequence[str] | None = None
    note: str | None = None


def read(who: Who, organization: str) -> Organization:
    """One organization, or NotFound: one call."""
    who.need("people:read")
    found = store.get(organization)
    if found is None:
        raise NotFound(f"There is no organization {organization}.")
    return found


def add(ports: Ports, who: Who, wanted: Wanted, *, claim: Claim | None = None) -> Organization:
    """Make a new one; Invalid by field, Conflict where a domain is another's, Done where it is
    made already under this claim.
    """
    who.need("people:write")
    organization = id_of(ports, claim) if claim else ports.new_id()
    found = _with(Organization(organization, "", ()), wanted)
    fact = OrganizationAdded(found.id, found.name, list(found.domains))
    claims = [claim.write(0, 1)] if claim else []

    def is_open(lost: table.Lost) -> bool:
        if claim and claim.key in lost.held:
            raise Done(lost.held[claim.key]) from lost
        _need_free(lost, found)
        return True

    return tickets.retried(
        ports, lambda: _save(ports, who, None, found, fact, claims), _BUSY, is_open=is_open
    )


_BUSY = "This organization changes all the time: try again."


def id_of(ports: Ports, claim: Claim) -> str:
    """The id of the organization that is made under a claim."""
    return ports.keys().hide(claim.key[0])[:20]


def change(ports: Ports, who: Who, organization: str, wanted: Wanted) -> Organization:
    """Set what is wanted; it is as it was where it is so already."""
    who.need("people:write")

    def attempt() -> Organization:
        before = read(who, organization)
        after = _with(before, wanted)
        if after == before:
            return before
        fact = OrganizationChanged(
            before.id, list(before.domains), list(after.domains), before.name, after.name
        )
        try:
            return _save(ports, who, before, after, fact)
        except table.Lost as lost:
            _need_free(lost, after)
            raise

    return tickets.retried(ports, attempt, _BUSY)


def remove(ports: Ports, who: Who, organization: str) -> None:
    """Forget one with the notes on it; its domains are free again, and its tickets keep only its
    id.
    """
    who.need("people:write")

    def attempt() -> None:
        before = read(who, organization)
        card = notes.read(notes.scope_of(before))
        gone = [notes.removal(note) for note in card.notes] if card else []
        _save(ports, who, before, None, OrganizationRemoved(before.id), gone)

    tickets.retried(ports, attempt, _BUSY)


def _with(found: Organization, wanted: Wanted) -> Organization:
    name = found.name if wanted.name is None else " ".join(wanted.name.split())
    note = found.note if wanted.note is None else wanted.note.replace("\r\n", "\n").strip()
    domains = found.domains if wanted.domains is None else _domains(wanted.domains)
    problems = {
        "name": None if 0 < len(name) <= NAME_LIMIT else f"1 to {NAME_LIMIT} characters",
        "note": None if len(note) <= NOTE_LIMIT else f"at most {NOTE_LIMIT} characters",
        "domains": _wrong(domains),
    }
    told = {field: problem for field, problem in problems.items() if problem}
    if told:
        raise Invalid("The organization cannot be set so.", fields=told)
    return replace(found, name=name, domains=domains, note=note)


def _domains(wanted: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted({one.strip().lower().removeprefix("@") for one in wanted}))


def _wrong(domains: Sequence[str]) -> str | None:
    if len(domains) > DOMAIN_LIMIT:
        return f"at most {DOMAIN_LIMIT} domains"
    bad = [one for one in domains if not _DOMAIN.fullmatch(one)]
    return f"{bad[0][:50]!r} is no domain such as example.com" if bad else None


def _save(
    ports: Ports,
    who: Who,
    before: Organization | None,
    after: Organization | None,
    fact: Fact,
    also: Sequence[table.Write] = (),
) -> Organization:
    organization = before or after
    assert organization is not None, "something is added, changed or removed"
    scope = table.system_pk(f"organization#{organization.id}")
    end = End(before.seq, before.chain) if before else EMPTY
    entry = next_entry(scope, end, [fact], at=ports.clock(), actor=who.actor, cause="organizations")
    written = replace(after, seq=entry.seq, chain=entry.hash) if after else None
    table.transact([*store.save(before, written), entry_write(entry), *also])
    return written or organization


def _need_free(lost: table.Lost, wanted: Organization) -> None:
    """Raise Conflict where a transaction was lost because a domain is another's."""
    taken = [one for one in wanted.domains if store.domain_key(one) in lost.held]
    if taken:
        hint = f"{taken[0]} belongs to another organization"
        raise Conflict("A domain belongs to one organization.", fields={"domains": hint}) from lost
