"""Rules for programs: what there is, why one did or did not fire, and what one would have done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.desk.actions import Action, CallWebhook, Notify, SetFields, StartChecklist, Write
from chalicelib.desk.conditions import Finding
from chalicelib.desk.rules import Rule, Trigger
from chalicelib.errors import Invalid
from chalicelib.facts import RuleFired
from chalicelib.rules import firing, past, service
from chalicelib.rules.explain import Explanation
from chalicelib.rules.model import Why
from chalicelib.rules.store import Standing
from chalicelib.web import paging
from chalicelib.web.api import fields
from chalicelib.web.api.shapes import (
    FLAG,
    INSTANT,
    NUMBER,
    TEXT,
    Operation,
    Schema,
    asked,
    many,
    mapping,
    one_of,
    or_null,
    ref,
)
from chalicelib.web.files import number_of
from chalicelib.web.present import iso
from chalicelib.web.routing import Access, Call, Route

_DIGITS = 8
_NAMES: Mapping[type[Action], str] = {
    SetFields: "set",
    Notify: "notify",
    CallWebhook: "webhook",
    StartChecklist: "checklist",
}
DRY_RUN = {
    "rule": fields.Shape(lambda value: isinstance(value, str | dict), "an id, or a rule"),
    "days": fields.NUMBER,
    "cursor": fields.TEXT,
}


def list_rules(call: Call) -> dict[str, Any]:
    """The rules of the desk in their order, with what rests and when each last fired."""
    known = firing.standing(call.ports)
    return {"items": [rule_json(one, known) for one in call.desk.rules]}


def rule_json(rule: Rule, known: Standing) -> dict[str, Any]:
    """A rule, and how it stands."""
    is_trigger = isinstance(rule, Trigger)
    pause = known.paused.get(rule.id) if known.is_paused(rule.id, rule.digest) else None
    fired_at = known.fired.get(rule.id)
    return {
        "id": rule.id,
        "kind": "trigger" if is_trigger else "automation",
        "on": list(rule.on) if isinstance(rule, Trigger) else [],
        "does": [_name(one) for one in rule.do],
        "owner": rule.owner,
        "last_fired": fired_at.date().isoformat() if fired_at else None,
        "paused": pause and {"at": iso(pause.at), "why": pause.why, "ticket": pause.ticket},
    }


def _name(action: Action) -> str:
    if isinstance(action, Write):
        return "reply" if action.is_reply else "note"
    return _NAMES[type(action)]


def resume_rule(call: Call, rule: str) -> dict[str, Any]:
    """Let a paused rule fire again."""
    service.resume(call.ports, call.who, rule)
    return rule_json(service.rule_of(call.desk, rule), firing.standing(call.ports))


def dry_run(call: Call) -> dict[str, Any]:
    """For which entries of the last days a trigger would have fired; nothing is changed by that."""
    fields.check(call.body, DRY_RUN)
    if "rule" not in call.body:
        raise Invalid("Say which rule.", fields={"rule": "is missing"})
    keys, rule = call.ports.keys(), call.body["rule"]
    start = paging.from_cursor(keys, "dry-run", call.body.get("cursor"))
    days = call.body.get("days", past.DAYS_LIMIT)
    found = past.dry_run(call.ports, call.who, rule, days=days, start=start)
    following = dict(found.following) if found.following else None
    return {
        "items": [
            {"ticket": one.ticket, "entry": one.seq, "at": iso(one.at)} for one in found.matches
        ],
        "looked_at": found.looked_at,
        "hidden": found.hidden,
        "next": paging.to_cursor(keys, "dry-run", following),
    }


def explain_rules(call: Call, number: str) -> dict[str, Any]:
    """Why each trigger did or did not fire for what happened, and what automations wait for."""
    found = past.why(call.ports, call.who, number_of(number), entry_of(call))
    return {
        "entry": found.seq,
        "root": found.root,
        "items": [_explanation(one) for one in (*found.triggers, *found.automations)],
    }


def entry_of(call: Call) -> int | None:
    """The place of the entry that is asked about, where one is."""
    entry = call.query.get("entry")
    if entry is None:
        return None
    if not (entry.isascii() and entry.isdigit() and len(entry) <= _DIGITS):
        raise Invalid("There is no such entry.", fields={"entry": "must be its place, a number"})
    return int(entry)


def _explanation(one: Explanation) -> dict[str, Any]:
    return {
        "rule": one.rule.id,
        "why": one.why.value,
        "conditions": [_finding(found) for found in one.findings],
        "due_at": iso(one.due_at) if one.due_at else None,
        "is_certain": one.is_certain,
        "fired": _firing(one, one.fired) if one.fired else None,
    }


def _finding(found: Finding) -> dict[str, Any]:
    return {
        "condition": found.condition,
        "part": found.part,
        "holds": found.holds,
        "found": list(found.got),
    }


def _firing(one: Explanation, fired: RuleFired) -> dict[str, Any]:
    return {
        "entry": one.fired_seq,
        "at": iso(one.fired_at) if one.fired_at else None,
        "version": fired.config,
        "matched": fired.matched,
        "undone": fired.undone,
    }


_BY_NAME: Schema = {"type": "object", "additionalProperties": TEXT}
SCHEMAS: dict[str, Schema] = {
    "Rule": mapping(
        id=TEXT,
        kind=one_of(("trigger", "automation")),
        on=many(TEXT, description="What wakes a trigger."),
        does=many(one_of((*_NAMES.values(), "note", "reply"))),
        owner=or_null(TEXT),
        last_fired=or_null({**TEXT, "format": "date"}),
        paused={
            "anyOf": [mapping(at=INSTANT, why=TEXT, ticket=NUMBER), {"type": "null"}],
            "description": "Since when it rests, by which limit, and on which ticket it broke it.",
        },
    ),
    "RuleList": mapping(items=many(ref("Rule"))),
    "DryRun": asked(
        "rule",
        rule={
            "anyOf": [TEXT, {"type": "object"}],
            "description": "The id of a trigger, or a trigger as the desk would say it.",
        },
        days={**NUMBER, "minimum": 1, "maximum": past.DAYS_LIMIT},
        cursor={**TEXT, "description": "The `next` of the page before, with the same request."},
    ),
    "DryRunPage": mapping(
        items=many(mapping(ticket=NUMBER, entry=NUMBER, at=INSTANT)),
        looked_at={**NUMBER, "description": "How many entries the trigger listens to."},
        hidden={**NUMBER, "description": "Those on tickets that the token does not see."},
        next=or_null({**TEXT, "description": "Send it as `cursor`; null at the end."}),
    ),
    "RulesExplained": mapping(
        entry={**NUMBER, "description": "The place of the entry on the ticket."},
        root={**NUMBER, "description": "That of the entry which it follows from, or its own."},
        items=many(
            mapping(
                rule=TEXT,
                why=one_of(Why),
                conditions=many(
                    mapping(
                        condition=TEXT,
                        part=one_of(("all", "any", "none")),
                        holds=FLAG,
                        found=many(TEXT),
                    )
                ),
                due_at=or_null({**INSTANT, "description": "When an automation's time comes."}),
                is_certain=FLAG,
                fired={
                    "anyOf": [
                        mapping(
                            entry=NUMBER,
                            at=or_null(INSTANT),
                            version=NUMBER,
                            matched={"type": "object", "additionalProperties": many(TEXT)},
                            undone=_BY_NAME,
                        ),
                        {"type": "null"},
                    ]
                },
            )
        ),
    ),
}
OPERATIONS = {
    "list_rules": Operation(200, "RuleList"),
    "resume_rule": Operation(200, "Rule", more="Again is the same as once."),
    "dry_run": Operation(
        200,
        "DryRunPage",
        "DryRun",
        more="The matches stand in no order, and a page may have none. Each is judged by the "
        "ticket as it was then, and by the desk as it is now.",
    ),
    "explain_rules": Operation(
        200,
        "RulesExplained",
        query={
            "entry": {
                **NUMBER,
                "description": "The place of an entry; else the newest that rules listen to.",
            }
        },
        more="By the rules as they are now. Where something was erased since, `is_certain` is "
        "false: then today's ticket had to do.",
    ),
}
_RULES = "/api/v1/rules"
ROUTES = [
    Route("GET", _RULES, list_rules, Access.TOKEN, scope="rules:read"),
    Route("POST", f"{_RULES}/dry-run", dry_run, Access.TOKEN, takes="json", scope="rules:read"),
    Route("POST", f"{_RULES}/{{rule}}/resume", resume_rule, Access.TOKEN, scope="rules:write"),
    Route(
        "GET",
        "/api/v1/tickets/{number}/rules",
        explain_rules,
        Access.TOKEN,
        scope="tickets:read",
    ),
]
