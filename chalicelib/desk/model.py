"""The desk as configuration: an immutable value, read from the JSON of one version. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chalicelib.clocks.hours import BusinessCalendar, CalendarError
from chalicelib.clocks.targets import Metric, Policy
from chalicelib.errors import Invalid

PRIORITIES = ("low", "normal", "high", "urgent")
LOCALES = ("en", "da", "nb", "hu")
# A reply address is local part + ticket + recipient + signature, and ends at 64 characters.
LOCAL_PART_LIMIT = 24
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Group:
    """A team with its own address and its own name as sender."""

    id: str
    name: str
    address: str
    sender: str
    locale: str
    lead: str | None = None
    policy: str | None = None
    signature: str = ""
    acknowledges: bool = True
    reopen_days: int = 14
    forwards_open_for_sender: bool = True
    # PEM, for S/MIME; those of its authorities follow. The key is a secret of the tenant's.
    certificate: str | None = None


@dataclass(frozen=True, slots=True)
class Agent:
    """Somebody who answers. `groups` are the ids of those whose tickets the agent may see."""

    id: str
    name: str
    email: str
    groups: frozenset[str]
    locale: str
    is_admin: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """When a machine has done enough and people have to look; every number but the first an hour's.

    Mails of one sender in ten minutes, mails on one ticket, tickets of the whole desk that
    strangers open, acknowledgements to one address (also in a day), to one domain, to everybody.
    """

    mails_in_ten_minutes: int = 20
    mails_on_a_ticket: int = 30
    tickets: int = 1000
    acks: int = 3
    acks_a_day: int = 10
    acks_to_a_domain: int = 100
    acks_to_everybody: int = 500


@dataclass(frozen=True, slots=True)
class Foreign:
    """The key of another system in the mails it sends, such as `ABC-12` in the subject.

    The first group of `pattern` is the key, else all that it finds in the header.
    """

    name: str
    header: str
    pattern: re.Pattern[str]


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
    limits: Limits = Limits()
    foreign: Mapping[str, Foreign] = field(default_factory=dict)
    smime_authorities: str = ""
    _by_address: dict[str, str] = field(init=False, repr=False, compare=False)
    _by_email: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        addresses = {group.address: group.id for group in self.groups.values()}
        emails = {agent.email: agent.id for agent in self.agents.values()}
        object.__setattr__(self, "_by_address", addresses)
        object.__setattr__(self, "_by_email", emails)

    def group_at(self, address: str) -> Group | None:
        """The group that an address belongs to; what stands behind a `+` does not count."""
        local, _, domain = address.lower().partition("@")
        found = self._by_address.get(f"{local.partition('+')[0]}@{domain}")
        return self.groups[found] if found else None

    def agent_at(self, email: str) -> Agent | None:
        found = self._by_email.get(email.lower())
        return self.agents[found] if found else None

    def policy_of(self, group: str) -> Policy | None:
        """The SLA policy of a group's tickets; a group that is gone has none."""
        found = self.groups.get(group)
        return self.policies.get(found.policy or "") if found else None


def read_desk(body: Mapping[str, Any], *, version: int) -> Desk:
    """The desk in a configuration body, or Invalid with every field that cannot be used."""
    problems: dict[str, str] = {}

    def part(section: str, read: Callable[[str, Mapping[str, Any]], Any]) -> dict[str, Any]:
        found = {}
        for name, value in _mapping(body.get(section), section, problems).items():
            try:
                found[name] = read(name, value)
            except (KeyError, TypeError, ValueError, AttributeError, CalendarError) as error:
                missing = f"{error} is missing" if isinstance(error, KeyError) else str(error)
                problems[f"{section}.{name}"] = missing
        return found

    zone = _zone(body.get("zone", "UTC"), problems)
    calendars = part("calendars", lambda _, value: _calendar(value, zone))
    policies = part("policies", lambda name, value: _policy(name, value, calendars))
    locale = body.get("locale", "en")
    desk = Desk(
        version=version,
        name=str(body.get("name", "Skranke")),
        zone=zone,
        locale=locale,
        groups=part("groups", lambda name, value: _group(name, value, locale)),
        agents=part("agents", lambda name, value: _agent(name, value, locale)),
        calendars=calendars,
        policies=policies,
        limits=_limits(body.get("limits"), problems),
        foreign=part("foreign", _foreign),
        smime_authorities=str(body.get("smime_authorities") or ""),
    )
    problems.update(_references(desk))
    if problems:
        raise Invalid("Mend the configuration of the desk.", fields=problems)
    return desk


def _limits(value: Any, problems: dict[str, str]) -> Limits:
    given = _mapping(value, "limits", problems)
    known = Limits.__dataclass_fields__
    for name, number in given.items():
        if name not in known:
            problems[f"limits.{name}"] = f"is none of {', '.join(known)}"
        elif type(number) is not int or number < 0:
            problems[f"limits.{name}"] = "must be a whole number"
    return Limits() if problems else Limits(**given)


def _foreign(name: str, value: Mapping[str, Any]) -> Foreign:
    _known_id(name)
    try:
        pattern = re.compile(value["pattern"])
    except re.error as error:
        raise ValueError(f"pattern: {error}") from error
    return Foreign(name, str(value["header"]), pattern)


def _mapping(value: Any, section: str, problems: dict[str, str]) -> Mapping[str, Any]:
    if isinstance(value, Mapping) or value is None:
        return value or {}
    problems[section] = "must map names to settings"
    return {}


def _zone(name: Any, problems: dict[str, str]) -> ZoneInfo:
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError):
        problems["zone"] = f"{name!r} is no IANA time zone, such as Europe/Copenhagen"
        return ZoneInfo("UTC")


def _calendar(value: Mapping[str, Any], zone: ZoneInfo) -> BusinessCalendar:
    weekly = {
        DAYS.index(day): [_interval(text) for text in intervals]
        for day, intervals in value["hours"].items()
    }
    holidays = frozenset(date.fromisoformat(str(day)) for day in value.get("holidays", ()))
    return BusinessCalendar(ZoneInfo(value.get("zone", zone.key)), weekly, holidays)


def _interval(text: str) -> tuple[time, time]:
    start, _, end = text.partition("-")
    closing = time(0, 0) if end == "24:00" else time.fromisoformat(end)
    return time.fromisoformat(start), closing


def _policy(
    name: str, value: Mapping[str, Any], calendars: Mapping[str, BusinessCalendar]
) -> Policy:
    calendar = value["calendar"]
    if calendar not in calendars:
        raise ValueError(f"calendar {calendar!r} is not defined")
    targets = {
        (Metric(metric), priority): duration(text)
        for metric, by_priority in value["targets"].items()
        for priority, text in by_priority.items()
    }
    unknown = {priority for _, priority in targets} - set(PRIORITIES)
    if unknown:
        raise ValueError(f"priority {sorted(unknown)} is none of {PRIORITIES}")
    return Policy(name, calendar, calendars[calendar], targets)


def duration(text: str) -> timedelta:
    """`90s`, `30m` or `4h`, also several together: `1h 30m`."""
    parts = re.findall(r"(\d+)\s*([smh])", text)
    if not parts or re.sub(r"\d+\s*[smh]|\s", "", text):
        raise ValueError(f"{text!r} is no duration such as 30m or 4h")
    seconds = {"s": 1, "m": 60, "h": 3600}
    return timedelta(seconds=sum(int(count) * seconds[unit] for count, unit in parts))


def _group(name: str, value: Mapping[str, Any], locale: str) -> Group:
    address = value["address"].lower()
    local, _, domain = address.partition("@")
    if not domain or "+" in local or len(local) > LOCAL_PART_LIMIT:
        raise ValueError(f"address {address!r} needs a local part of at most 24, without +")
    _known_id(name)
    return Group(
        **{"sender": value["name"], "locale": locale, **value, "id": name, "address": address}
    )


def _agent(name: str, value: Mapping[str, Any], locale: str) -> Agent:
    _known_id(name)
    more = {"groups": frozenset(value["groups"]), "email": value["email"].lower(), "id": name}
    return Agent(**{"locale": locale, **value, **more})


def _known_id(name: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,39}", name):
        raise ValueError("an id is lower-case letters, digits, - and _, at most 40")


def _references(desk: Desk) -> Iterator[tuple[str, str]]:
    """What points at something that does not exist, and addresses used twice."""
    if not desk.groups:
        yield "groups", "a desk needs at least one group"
    for group in desk.groups.values():
        yield from _group_problems(desk, group)
    for agent in desk.agents.values():
        for unknown in sorted(agent.groups - set(desk.groups)):
            yield f"agents.{agent.id}.groups", f"{unknown!r} is no group"
        if desk.group_at(agent.email):
            yield f"agents.{agent.id}.email", "is the address of a group: replies would loop"


def _group_problems(desk: Desk, group: Group) -> Iterator[tuple[str, str]]:
    if group.lead is not None and group.lead not in desk.agents:
        yield f"groups.{group.id}.lead", f"{group.lead!r} is no agent"
    if group.policy is not None and group.policy not in desk.policies:
        yield f"groups.{group.id}.policy", f"{group.policy!r} is no policy"
    if group.certificate and "-----BEGIN CERTIFICATE" not in str(group.certificate):
        yield f"groups.{group.id}.certificate", "is no certificate in PEM form"
    if group.locale not in LOCALES:
        yield f"groups.{group.id}.locale", f"{group.locale!r} is none of {LOCALES}"
    if sum(other.address == group.address for other in desk.groups.values()) > 1:
        yield f"groups.{group.id}.address", "another group has this address"
