"""The page of the rules, for admins, and the one that says why they fired on a ticket, or not."""

from __future__ import annotations

from typing import Any

from chalice.app import Response

from chalicelib.rules import firing, past, service
from chalicelib.rules.explain import Explanation
from chalicelib.rules.model import Why
from chalicelib.web import pages
from chalicelib.web.agent.shown import agent_name
from chalicelib.web.api.rules import entry_of, rule_json
from chalicelib.web.files import number_of
from chalicelib.web.routing import Call

LIST = "/agent/rules"


def show_list(call: Call) -> Response:
    """Every rule in its order: when it last fired, whether it rests, and who answers for it."""
    call.who.need("rules:read")
    known, desk = firing.standing(call.ports), call.desk
    rules = []
    for rule in desk.rules:
        pause = known.paused.get(rule.id) if known.is_paused(rule.id, rule.digest) else None
        shown = rule_json(rule, known)
        owner = agent_name(desk, rule.owner)
        rules.append({**shown, "owner": owner, "paused_at": pause.at if pause else None})
    return pages.html(call, "agent/rules.html", rules=rules, **pages.frame(call, "rules"))


def resume(call: Call, rule: str) -> Response:
    """Let a paused rule fire again."""
    service.resume(call.ports, call.who, rule)
    return pages.see_other(call, LIST, notice="resumed")


def show_of_ticket(call: Call, number: str) -> Response:
    """Why each trigger did or did not fire for an entry of a ticket, else for the newest one, and
    what automations wait for.
    """
    found = past.why(call.ports, call.who, number_of(number), entry_of(call))
    return pages.html(
        call,
        "agent/ticket_rules.html",
        number=number_of(number),
        entry=found.seq,
        rules=[_shown(one) for one in found.triggers],
        automations=[_shown(one) for one in found.automations],
        **pages.frame(call, "inbox"),
    )


def _shown(one: Explanation) -> dict[str, Any]:
    return {
        "id": one.rule.id,
        "why": one.why.value,
        "at": one.due_at if one.why is Why.WAITS else one.fired_at,
        "version": one.fired.config if one.fired else None,
        "undone": one.fired.undone if one.fired else {},
        "is_certain": one.is_certain,
        "conditions": [
            {"words": each.condition, "holds": each.holds, "part": each.part, "got": each.got}
            for each in one.findings
        ],
    }
