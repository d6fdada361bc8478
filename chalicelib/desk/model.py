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
from chalicelib.clocks.model import Ladder, Policy
from chalicelib.desk import forms as desk_forms
from chalicelib.desk.checklists import CHECKLISTS, Checklist
from chalicelib.desk.conditions import Situation
from chalicelib.desk.fields import FIELDS, Field
from chalicelib.desk.files import FILES, File
from chalicelib.desk.forms import FORMS, TEMPLATES, TYPES, Form, Template, TicketType
from chalicelib.desk.groups import AGENTS, GROUPS, LOCALE, LOCALES, Agent, Group
from chalicelib.desk.hooks import SOURCES, WEBHOOKS, Source, Webhook
from chalicelib.desk.keys import LINES, TEXT, Key, Reading, duration, read_keys
from chalicelib.desk.ladders import LADDERS
from chalicelib.desk.macros import MACROS, Macro
from chalicelib.desk.mail import FOREIGN, LIMITS, Foreign, Limits
from chalicelib.desk.mails import MAILS, OwnMail
from chalicelib.desk.promises import (
    CALENDARS,
    DAYS,
    POLICIES,
    PROMISES,
    ZONE,
    Promise,
)
from chalicelib.desk.routing import ROUTING, Route
from chalicelib.desk.rules import AUTOMATIONS, TRIGGERS, Automation, Rule, Trigger
from chalicelib.desk.statuses import PRIORITIES, STATUSES, StatusLabel, with_defaults
from chalicelib.desk.texts import CANNED, Canned
from chalicelib.desk.views import VIEWS, View
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
    Key("fields", FIELDS, "What its tickets can say beyond what all tickets say."),
    Key("calendars", CALENDARS, "When the desk is open."),
    Key("ladders", LADDERS, "What happens before and after a miss, step by step."),
    Key("policies", POLICIES, "What is promised, in hours of a calendar."),
    Key("promises", PROMISES, "Which policy which tickets have; of each kind the first that fits."),
    Key("groups", GROUPS, "Teams with an address of their own.", is_required=True),
    Key("statuses", STATUSES, "What the desk calls the states of its tickets."),
    Key("types", TYPES, "What kinds of tickets there are."),
    Key("forms", FORMS, "Which fields are asked for, and when."),
    Key("templates", TEMPLATES, "Tickets that are registered again and again, filled in."),
    Key("agents", AGENTS, "Who answers."),
    Key("routing", ROUTING, "What becomes of new tickets: the first rule that fits."),
    Key("views", VIEWS, "Lists that are saved, beside those that every desk has."),
    Key("limits", LIMITS, "How much mail is too much."),
    Key("mails", MAILS, "What mails that go out by themselves say in the desk's own words."),
    Key("webhooks", WEBHOOKS, "Where rules can call others."),
    Key("sources", SOURCES, "Whose events it takes, such as those of a monitoring."),
    Key("files", FILES, "Files that go along with answers; made from the folder files."),
    Key("canned", CANNED, "Answers that are kept, for agents and rules to take."),
    Key("checklists", CHECKLISTS, "Tasks that are put on a ticket together."),
    Key("macros", MACROS, "What agents do often, under one name."),
    Key("triggers", TRIGGERS, "Rules that follow from what happens, in the order of trying."),
    Key("automations", AUTOMATIONS, "Rules that follow from time."),
    Key("foreign", FOREIGN, "What other systems call their matters in the mails they send."),
    Key("smime_authorities", LINES, "PEM: whose signatures of customers count."),
)
# Sections whose entries are taken in the order in which they stand; of others it says nothing.
ORDERED = frozenset(
    {"canned", "checklists", "fields", "forms", "macros", "templates", "types", "views"}
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
    ladders: Mapping[str, Ladder] = field(default_factory=dict)
    webhooks: Mapping[str, Webhook] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)
    statuses: Mapping[str, StatusLabel] = field(default_factory=dict)
    fields: Mapping[str, Field] = field(default_factory=dict)
    types: Mapping[str, TicketType] = field(default_factory=dict)
    forms: Mapping[str, Form] = field(default_factory=dict)
    templates: Mapping[str, Template] = field(default_factory=dict)
    views: Mapping[str, View] = field(default_factory=dict)
    checklists: Mapping[str, Checklist] = field(default_factory=dict)
    macros: Mapping[str, Macro] = field(default_factory=dict)
    mails: Mapping[str, OwnMail] = field(default_factory=dict)
    files: Mapping[str, File] = field(default_factory=dict)
    routing: tuple[Route, ...] = ()
    canned: Mapping[str, Canned] = field(default_factory=dict)
    triggers: tuple[Trigger, ...] = ()
    automations: tuple[Automation, ...] = ()
    _by_address: dict[str, str] = field(init=False, repr=False, compare=False)
    _by_email: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        addresses = {group.address: group.id for group in self.groups.values()}
        emails = {agent.email: agent.id for agent in self.agents.values()}
        object.__setattr__(self, "_by_address", addresses)
        object.__setattr__(self, "_by_email", emails)
        object.__setattr__(self, "statuses", with_defaults(self.statuses))

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Triggers, then automations, in their order."""
        return (*self.triggers, *self.automations)

    def group_at(self, address: str) -> Group | None:
        """The group that an address belongs to; what stands behind a `+` does not count."""
        local, _, domain = address.lower().partition("@")
        found = self._by_address.get(f"{local.partition('+')[0]}@{domain}")
        return self.groups[found] if found else None

    def agent_at(self, email: str) -> Agent | None:
        found = self._by_email.get(email.lower())
        return self.agents[found] if found else None

    def lead_of(self, group: str) -> Agent | None:
        """Who heads a group; nobody where it says nobody, or is gone."""
        found = self.groups.get(group)
        return self.agents.get(found.lead or "") if found else None

    def members_of(self, group: str) -> list[Agent]:
        """The agents of a group; admins who are not named in it see its tickets, and get none."""
        return [agent for agent in self.agents.values() if group in agent.groups]

    def may_have(self, agent: str | None, group: str) -> bool:
        """Whether an agent of that id is here and may have tickets of that group."""
        found = self.agents.get(agent or "")
        return found is not None and (group in found.groups or found.is_admin)

    def policy_of(self, group: str) -> Policy | None:
        """The policy that a group names; a group that is gone has none."""
        found = self.groups.get(group)
        return self.policies.get(found.policy or "") if found else None

    def policies_for(self, group: str, situation: Situation) -> tuple[Policy | None, Policy | None]:
        """What is promised to the customer, and what internally: the first promise that holds.

        What no promise fits has the policy of its group.
        """
        holding = (one.policy for one in self.promises if one.when.holds(situation))
        found = [self.policies.get(one) for one in holding]
        policies = [policy for policy in (*found, self.policy_of(group)) if policy]
        customer = next((policy for policy in policies if not policy.is_internal), None)
        return customer, next((policy for policy in policies if policy.is_internal), None)


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
    """Addresses used twice, and what does not go together."""
    yield from desk_forms.clashes(desk.types, desk.forms, desk.templates)
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
