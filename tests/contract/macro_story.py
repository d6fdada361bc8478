"""The calls of the API's story that are about macros and the files that go along with them.

The story itself, and the client that checks every answer, are in test_api.
"""

from __future__ import annotations

import hashlib
from typing import Any

from chalicelib.desk.service import apply
from tests.world import DESK

NEW = {"requester": "kim@customer.example", "subject": "Printer", "body": "Broken"}
GUIDE = b"%PDF-1.4 how to print"
FILE = {
    "type": "application/pdf",
    "size": len(GUIDE),
    "sha256": hashlib.sha256(GUIDE).hexdigest(),
}
MACROS: dict[str, Any] = {
    "guide": {
        "label": {"en": "Guide"},
        "attach": ["guide.pdf"],
        "do": [{"reply": "Look at this."}, {"set": {"add_tags": ["guide"]}}],
    },
    "urgent": {"label": {"en": "Urgent"}, "do": [{"set": {"priority": "urgent"}}]},
}


def macros(call: Any) -> None:
    """What works."""
    ports = call.world.ports
    ports.blobs.put(f"config/files/{FILE['sha256']}", GUIDE, content_type="application/pdf")
    apply(ports, {**DESK, "macros": MACROS, "files": {"guide.pdf": FILE}})
    number = call("create_ticket", body=NEW).body["number"]
    place = {"number": number, "macro": "guide"}
    offered = call("list_macros", number=number).body["items"]
    assert [one["id"] for one in offered] == ["guide", "urgent"]
    proposed = call("propose_macro", **place).body
    assert [one["name"] for one in proposed["files"]] == ["guide.pdf"]
    assert call("use_macro", **place, body={}).body["tags"] == ["guide"]
    article = call("get_ticket", number=number).body["articles"][-1]
    assert [one["name"] for one in article["attachments"]] == ["guide.pdf"]
    many = call("use_macro_on_many", macro="urgent", body={"tickets": [str(number), "9999"]})
    assert [one["outcome"] for one in many.body["items"]] == ["done", "not_found"]
    assert call("use_macro_on_many", macro="gone", body={"tickets": [str(number)]}).status == 404


def macro_too_late(call: Any) -> None:
    """A macro of somebody who has not read what came in."""
    apply(call.world.ports, {**DESK, "macros": MACROS, "files": {"guide.pdf": FILE}})
    number = call("create_ticket", body=NEW).body["number"]
    call("create_article", number=number, body={"kind": "note", "body": "Wait."})
    held = call("use_macro", number=number, macro="guide", body={"seen_seq": 1})
    assert held.status == 409
    for tickets in ([number], [number, "9999"]):
        again = {"macro": "urgent", "headers": {"Idempotency-Key": "many"}}
        answer = call("use_macro_on_many", body={"tickets": list(map(str, tickets))}, **again)
    assert answer.status == 409
