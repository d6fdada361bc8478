"""The calls of the API's story that are about rules.

The story itself, and the client that checks every answer, are in test_api.
"""

from __future__ import annotations

from typing import Any

from chalicelib.desk.service import apply
from tests.world import DESK

NEW = {"requester": "kim@customer.example", "subject": "Printer", "body": "Broken"}
VIP: dict[str, Any] = {
    "id": "vip",
    "on": ["opened"],
    "when": {"priority": ["normal"]},
    "do": [{"set": {"priority": "high"}}, {"notify": ["assignee"], "text": "Look."}],
}
LATER = {
    "id": "later",
    "after": {"field": "opened", "hours": 2},
    "do": [{"note": "Late."}],
}


def ruled(call: Any) -> None:
    """What works, and what a rule refuses."""
    picky = {**VIP, "id": "picky", "when": {"priority": ["low"]}}
    limits = {"rule_firings": 1}
    rules = {"triggers": [VIP, picky], "automations": [LATER], "limits": limits}
    apply(call.world.ports, {**DESK, **rules})
    number = call("create_ticket", body=NEW).body["number"]
    call.world.settle()
    listed = call("list_rules").body["items"]
    assert [one["id"] for one in listed] == ["vip", "picky", "later"]
    found = call("explain_rules", number=number, query="?entry=1").body
    assert [one["why"] for one in found["items"]] == ["fired", "condition", "waits"]
    assert call("explain_rules", number=number, query="?entry=x").status == 400
    assert call("dry_run", body={"rule": "vip", "days": 1}).status == 200
    assert call("resume_rule").body["paused"] is None
    assert call("resume_rule", rule="nobody").status == 404
