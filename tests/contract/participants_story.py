"""The calls of the API's story that are about who takes part in a ticket.

The story itself, and the client that checks every answer, are in test_api.
"""

from __future__ import annotations

from typing import Any

SOFIE = {"email": "sofie@customer.example", "name": "Sofie Lund"}
KIM = {"email": "kim@customer.example"}


def took_part(call: Any) -> None:
    """Somebody comes and goes."""
    call("add_participant", body=SOFIE)
    assert call("get_ticket").body["participants"][-1]["name"] == "Sofie Lund"
    gone = {"email": SOFIE["email"]}
    call("remove_participant", body=gone)
    there = call("get_ticket").body["participants"]
    assert "Sofie Lund" not in [one["name"] for one in there]
    for name in ("add_participant", "remove_participant"):
        assert call(name, number="9999", body=gone).status == 404


def nobody_more(call: Any) -> None:
    """The requester stays, and a ticket has so many people and no more."""
    assert call("remove_participant", body=KIM).status == 409
    for count in range(49):
        call("add_participant", body={"email": f"p{count}@customer.example"})
    assert call("add_participant", body=SOFIE).status == 409
