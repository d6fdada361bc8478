"""The desk as configuration: an immutable value, read from the JSON of one version. Pure.

What a section may say stands in a module of its own: `groups`, `promises`, `mail`. Here they are
put together, and what no section can see for itself is checked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from chalicelib.clocks.hours import BusinessCalendar
from chalicelib.clocks.model import Policy
from chalicelib.desk.groups import AGENTS, GROUPS, LOCALE, LOCALES, Agent, Group
from chalicelib.desk.keys import LINES, TEXT, Key, Reading, read_keys
from chalicelib.desk.mail import FOREIGN, LIMITS, Foreign, Limits
from chalicelib.desk.promises import (
    CALENDARS,
    DAYS,
    POLICIES,
    PRIORITIES,
    PROMISES,
    ZONE,
    Matter,
    Promise,
    duration,
)
from chalicelib.desk.statuses import STATUSES, StatusLabel, with_defaults
from chalicelib.errors import Invalid

__all__ = [
    "DAYS",
    "LOCALES",
    "PRIORITIES",
    "Agent",
    "Desk",
    "Foreign",
    "Group",
    "Limits",
    "duration",
    "read_desk",
]
# In the order in which they are read: an entry may need what stands before it.
KEYS = (
    Key("name", TEXT, "What the desk is called."),
    Key("zone", ZONE, "The IANA time zone of its calendars, such as Europe/Copenhagen."),
    Key("locale", LOCALE, "The language of groups and agents for whom nothing else is said."),
    Key("calendars", CALENDARS, "When the desk is open."),
    Key("policies", POLICIES, "What is promised, in hours of a calendar."),
    Key("promises", PROMISES, "Which policy which tickets have; of each kind the first that fits."),
    Key("groups", GROUPS, "Teams with an address of their own.", is_required=True),
    Key("statuses", STATUSES, "What the desk calls the states of its tickets."),
    Key("agents", AGENTS, "Who answers."),
    Key("limits", LIMITS, "How much mail is too much."),
    Key("foreign", FOREIGN, "What other systems call their matters in the mails they send."),
    Key("smime_authorities", LINES, "PEM: whose signatures of customers count."),
)
_DEFAULTS: Mapping[str, Any] = {
    "name": "Skranke",
    "zone": ZoneInfo("UTC"),
    "locale": "en",
    "calendars": {},
    "policies": {},
    "groups": {},
    "agents": {},
}


@dataclass(frozen=True)
class Desk:
    """One version of the whole configuration."""

    version: int
    name: str
    zone: ZoneInfo
    locale: str
    groups: Mapping[str, Group]
    agents: Mapping[str, Agent]
    calendars: Mapping[str, BusinessCalendar]
    policies: Mapping[str, Policy]
    promises: tuple[Promise, ...] = ()
    limits: Limits = field(default_factory=Limits)
    foreign: Mapping[str, Foreign] = field(default_factory=dict)
    smime_authorities: str = ""
    statuses: Mapping[str, StatusLabel] = field(default_factory=dict)
    _by_address: dict[str, str] = field(init=False, repr=False, compare=False)
    _by_email: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        addresses = {group.address: group.id for group in self.groups.values()}
        emails = {agent.email: agent.id for agent in self.agents.values()}
        object.__setattr__(self, "_by_address", addresses)
        object.__setattr__(self, "_by_email", emails)
        object.__setattr__(self, "statuses", with_defaults(self.statuses))

    def group_at(self, address: str) -> Group | None:
        """The group that an address belongs to; what stands behind a `+` does not count."""
        local, _, domain = address.lower().partition("@")
        found = self._by_address.get(f"{local.partition('+')[0]}@{domain}")
        return self.groups[found] if found else None

    def agent_at(self, email: str) -> Agent | None:
        found = self._by_email.get(email.lower())
        return self.agents[found] if found else None

    def policy_of(self, group: str) -> Policy | None:
        """The policy that a group names; a group that is gone has none."""
        found = self.groups.get(group)
        return self.policies.get(found.policy or "") if found else None

    def policies_for(self, matter: Matter) -> tuple[Policy | None, Policy | None]:
        """What is promised to the customer, and what internally: the first promise that fits.

        What no promise fits has the policy of its group.
        """
        fitting = [self.policies.get(one.policy) for one in self.promises if one.fits(matter)]
        found = [policy for policy in (*fitting, self.policy_of(matter.group)) if policy]
        customer = next((policy for policy in found if not policy.is_internal), None)
        return customer, next((policy for policy in found if policy.is_internal), None)


def read_desk(body: Mapping[str, Any], *, version: int, is_live: bool = False) -> Desk:
    """The desk in a configuration body, or Invalid with every field that cannot be used.

    One that is live was checked by the code of its day: sections that only later code knows are
    left out, so that older code can be brought back.
    """
    known = {key.name: key for key in KEYS}
    if is_live:
        body = {name: value for name, value in body.items() if name in known}
    reading = Reading(body)
    read_keys(known, body, "", reading, reading.found)
    desk = Desk(version=version, **{**_DEFAULTS, **reading.found})
    clashes = {} if is_live else dict(_clashes(desk))
    problems = {**clashes, **reading.problems}
    if problems:
        raise Invalid("Mend the configuration of the desk.", fields=problems)
    return desk


def _clashes(desk: Desk) -> Iterator[tuple[str, str]]:
    """Addresses used twice."""
    addresses = Counter(group.address for group in desk.groups.values())
    emails = Counter(agent.email for agent in desk.agents.values())
    for group in desk.groups.values():
        if addresses[group.address] > 1:
            yield f"groups.{group.id}.address", "another group has this address"
    for agent in desk.agents.values():
        if desk.group_at(agent.email):
            yield f"agents.{agent.id}.email", "is the address of a group: replies would loop"
        if emails[agent.email] > 1:
            yield f"agents.{agent.id}.email", "another agent has this address"
