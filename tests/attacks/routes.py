"""The routes of the site as an attacker walks along them, and all that the desk holds."""

from __future__ import annotations

import json
import re
from typing import Any

from chalicelib.web.routing import Route
from tests.attacks.scene import (
    Opened,
    customer,
    mail_of,
    numbers_of,
)
from tests.aws_calls import aws_client
from tests.web.calls import Answer, api
from tests.world import World

BODIES = {
    "/articles": {"kind": "reply", "body": "Hello."},
    "/merge": {"into": 1},
    "/split": {"articles": ["1"]},
    "/links": {"type": "related", "ticket": 1},
    "/presence": {"mode": "viewing"},
    "/notes": {"text": "Hello."},
    "/participants": {"email": "eve@else.example"},
}


def path_of(route: Route, number: int) -> str:
    known = {"number": str(number), "article": "1", "place": "0", "delivery": "1-abcdef0123"}
    return re.sub(r"\{(\w+)\}", lambda found: known.get(found[1], "x1"), route.path)


def with_a_file(world: World) -> Opened:
    kim = customer()
    mail = mail_of(kim, "The secret of support.")
    mail.add_attachment(b"secret", maintype="text", subtype="plain", filename="secret.txt")
    world.mail(mail)
    return Opened(numbers_of(world, kim)[0], kim)


def everything(world: World) -> str:
    """All that the table holds."""
    found = aws_client("dynamodb").scan(TableName=world.ports.config.table)["Items"]
    return json.dumps(
        sorted(found, key=lambda item: (str(item["pk"]), str(item["sk"]))), default=str
    )


def call(world: World, route: Route, number: int, **more: Any) -> Answer:
    body = next((b for end, b in BODIES.items() if route.path.endswith(end)), {})
    sent = body if route.takes == "json" else None
    return api(world, route.method, path_of(route, number), sent, **more)
