"""What can be applied, and is hardly meant: warnings about a desk, for people to weigh."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from chalicelib.clocks.hours import BusinessCalendar
from chalicelib.desk.conditions import repeats_what_varies
from chalicelib.desk.model import DAYS, Desk
from infra import lint_forms, lint_hooks, lint_ladders, lint_mails, lint_routing, lint_rules

Warnings = Iterator[tuple[str, str]]
_YEAR = timedelta(days=365)
_AT_ZERO = {
    **dict.fromkeys(
        ("acks", "acks_a_day", "acks_to_a_domain", "acks_to_everybody"), "no mail is acknowledged"
    ),
    "reopens": "no reply opens a ticket again",
    "rule_firings": "no rule ever fires",
    "rule_mails": "no rule sends a mail",
}


def warnings(body: Mapping[str, Any], desk: Desk, now: datetime) -> list[tuple[str, str]]:
    """Everything doubtful in a configuration that can be read: place and sentence."""
    found: list[tuple[str, str]] = []
    if "locale" not in body:
        found.append(("locale", "is not said: English is taken"))
    for look in (_groups, _agents, _calendars, _policies, _promises, _mail, _files):
        found += look(desk, now)
    found += lint_forms.doubts(body, desk)
    found += lint_ladders.doubts(desk, now)
    found += lint_routing.doubts(desk)
    found += lint_mails.doubts(desk)
    found += lint_hooks.doubts(desk)
    found += lint_rules.doubts(desk)
    return found


def _groups(desk: Desk, _now: datetime) -> Warnings:
    peopled = {group for agent in desk.agents.values() for group in agent.groups}
    for group in desk.groups.values():
        place, policy = f"groups.{group.id}", desk.policy_of(group.id)
        if group.id not in peopled:
            yield place, "nobody is in it: only admins see its tickets"
        if policy and policy.targets and group.lead is None:
            yield f"{place}.lead", "is missing: nobody is told of a missed target"
        lead = desk.agents.get(group.lead or "")
        if lead and not lead.is_admin and group.id not in lead.groups:
            yield f"{place}.lead", f"{lead.id} is not in the group and cannot see its tickets"


def _agents(desk: Desk, _now: datetime) -> Warnings:
    domains = {group.address.partition("@")[2] for group in desk.groups.values()}
    for agent in desk.agents.values():
        place = f"agents.{agent.id}"
        if not agent.groups and not agent.is_admin:
            yield f"{place}.groups", "the agent is in no group and sees no ticket"
        if agent.email.partition("@")[2] in domains:
            problem = "is in the domain of a group: notices come back to the desk, if that takes it"
            yield f"{place}.email", problem


def _calendars(desk: Desk, now: datetime) -> Warnings:
    counted = {policy.calendar_name for policy in desk.policies.values()}
    for name, calendar in desk.calendars.items():
        if name not in counted:
            yield f"calendars.{name}", "no policy counts in it"
        if not _has_holidays_to_come(calendar, now):
            past = bool(calendar.holidays)
            problem = "are all past or far away" if past else "are missing"
            yield f"calendars.{name}.holidays", f"{problem}: add those of the coming year"


def _has_holidays_to_come(calendar: BusinessCalendar, now: datetime) -> bool:
    """True also for a desk that never closes, which has none."""
    if all(calendar.weekly.get(day) for day in range(len(DAYS))) and not calendar.holidays:
        return True
    today = now.astimezone(calendar.zone).date()
    return any(today <= day <= today + _YEAR for day in calendar.holidays)


def _policies(desk: Desk, _now: datetime) -> Warnings:
    used = {group.policy for group in desk.groups.values()}
    used |= {promise.policy for promise in desk.promises}
    for name, policy in desk.policies.items():
        if name not in used:
            yield f"policies.{name}", "no group and no promise uses it"
        if not policy.targets:
            yield f"policies.{name}.targets", "promises nothing"


def _promises(desk: Desk, _now: datetime) -> Warnings:
    for place, promise in enumerate(desk.promises):
        policy = desk.policies[promise.policy]
        for before in range(place):
            earlier = desk.promises[before]
            is_rival = desk.policies[earlier.policy].is_internal == policy.is_internal
            if is_rival and earlier.when.covers(promise.when):
                yield f"promises[{place}]", f"is never reached: promises[{before}] comes before it"
                break


def _files(desk: Desk, _now: datetime) -> Warnings:
    attached = {name for macro in desk.macros.values() for name in macro.files}
    attached |= {name for answer in desk.canned.values() for name in answer.text.attach}
    for name in sorted(desk.files.keys() - attached):
        yield f"files.{name}", "no canned answer and no macro sends it along"


def _mail(desk: Desk, _now: datetime) -> Warnings:
    for name in type(desk.limits).__dataclass_fields__:
        if getattr(desk.limits, name) == 0:
            yield f"limits.{name}", f"is 0: {_AT_ZERO.get(name, 'all mail is held up')}"
    for foreign in desk.foreign.values():
        place = f"foreign.{foreign.name}.pattern"
        if foreign.pattern.search(""):
            yield place, "finds something in every header: all mails would share one ticket"
        elif repeats_what_varies(foreign.pattern.pattern):
            yield place, "repeats a repetition: some mails would take very long to read"
    for field in desk.fields.values():
        if field.pattern and repeats_what_varies(field.pattern.pattern):
            problem = "repeats a repetition: some texts would take very long to check"
            yield f"fields.{field.id}.pattern", problem
