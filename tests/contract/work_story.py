"""The calls of the API's story that are about people and work around a ticket.

The story itself, and the client that checks every answer, are in test_api.
"""

from __future__ import annotations

from typing import Any

from chalicelib.desk.service import apply
from tests.web.calls import new_token
from tests.world import DESK

NEW = {
    "requester": "kim@customer.example",
    "subject": "Printer",
    "body": "Broken",
    "group": "support",
}
CHECKLIST = {"joiner": {"tasks": [{"title": "Order a laptop"}]}}
KEY = {"Idempotency-Key": "incidents"}
CUSTOMER = {"name": "Customer & Sons", "domains": ["sons.example"]}


def work(call: Any) -> None:
    """What works."""
    apply(call.world.ports, {**DESK, "checklists": CHECKLIST})
    number = call("create_ticket", body=NEW).body["number"]
    task = {"title": "Order a lamp", "owner": "anna", "due": "+2 business days"}
    made = call("add_task", number=number, body=task).body
    place = {"number": number, "task": made["id"]}
    assert call("patch_task", **place, body={"is_done": True}).body["is_done"]
    assert call("delete_task", **place).body["open_tasks"] == 0
    started = {"checklist": "joiner"}
    (first,) = call("start_checklist", number=number, body=started).body["items"]
    assert call("list_tasks", number=number).body["items"] == [first]
    call("patch_task", number=number, task=first["id"], body={"owner": "anna"})
    assert call("list_tasks_of_agent", query="?owner=anna").body["items"]
    incident = call("create_ticket", body=NEW).body["number"]
    call("link_ticket", number=number, body={"type": "incident", "ticket": incident})
    answer = {"texts": {"en": "It works again."}, "solve": True}
    for _ in range(2):
        said = call("reply_to_incidents", number=number, body=answer, headers=KEY).body["items"]
        assert [(one["ticket"], one["outcome"]) for one in said] == [(incident, "done")]
    found = call("add_organization", body=CUSTOMER).body
    place = {"organization": found["id"]}
    assert call("get_organization", **place).body == found
    assert call("list_organizations").body["items"]
    assert call("patch_organization", **place, body={"note": "Pays late."}).body["note"]
    for kind, subject in (("organization", found["id"]), ("person", kim(call))):
        noted(call, kind, subject)


def kim(call: Any) -> str:
    """The id of somebody who has written."""
    people = call("list_people").body["items"]
    found: str = next(one["id"] for one in people if one["email"] == NEW["requester"])
    return found


def noted(call: Any, kind: str, subject: str) -> None:
    """A note that is repeated, done and removed."""
    key, wanted = {"Idempotency-Key": f"note {kind}"}, {"text": "Call back.", "owner": "anna"}
    made = call(f"add_note_on_{kind}", **{kind: subject}, body=wanted, headers=key).body
    again = call(f"add_note_on_{kind}", **{kind: subject}, body=wanted, headers=key).body
    assert again == made
    assert call(f"list_notes_on_{kind}", **{kind: subject}).body["items"] == [made]
    place = {kind: subject, "note": made["id"]}
    assert call(f"patch_note_on_{kind}", **place, body={"is_done": True}).body["is_done"]
    assert call(f"delete_note_on_{kind}", **place).body == {"id": made["id"]}
    other = {**wanted, "text": "Another."}
    assert call(f"add_note_on_{kind}", **{kind: subject}, body=other, headers=key).status == 409


def no_work(call: Any) -> None:
    """What is refused, as somebody was faster or it is not in a state for this."""
    apply(call.world.ports, {**DESK, "checklists": CHECKLIST})
    number = call("create_ticket", body=NEW).body["number"]
    call("patch_ticket", number=number, body={"status": "closed"})
    assert call("add_task", number=number, body={"title": "Too late"}).status == 409
    started = {"checklist": "joiner"}
    assert call("start_checklist", number=number, body=started).status == 409
    answer = {"texts": {"en": "It works again."}}
    assert call("reply_to_incidents", number=number, body=answer, headers=KEY).status == 409
    missing = call("reply_to_incidents", number=9999, body=answer, headers=KEY)
    assert missing.status == 404
    taken = {"name": "Another", "domains": CUSTOMER["domains"]}
    assert call("add_organization", body=taken).status == 409
    other = call("add_organization", body={"name": "Another"}).body["id"]
    wanted = {"domains": CUSTOMER["domains"]}
    assert call("patch_organization", organization=other, body=wanted).status == 409
    assert call("delete_organization", organization=other).status == 200
    for operation in ("get_organization", "patch_organization", "delete_organization"):
        assert call(operation, organization=other).status == 404
    reader = new_token("tickets:read")
    assert call("list_tasks", number="9999", token=reader).status == 404
