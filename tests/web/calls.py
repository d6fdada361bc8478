"""Requests as API Gateway hands them to app.py, and its answers as a client sees them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from chalicelib.tickets.access import SCOPES
from chalicelib.web import store, tokens
from tests.world import World

OWN = "the world's own token"
REQUEST_ID = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"


class Answer(NamedTuple):
    """What came back; `body` is what the JSON says, None where there is none."""

    status: int
    body: Any
    headers: dict[str, str]


def api(
    world: World,
    method: str,
    path: str,
    body: Any = None,
    *,
    token: str | None = OWN,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Call the API. A token with every scope goes along unless another one, or None, is given.

    A mapping is sent as JSON; bytes and text as they are.
    """
    sent = {"Accept": "application/json", **(headers or {})}
    if token is not None:
        secret = own_token(world) if token == OWN else token
        sent.setdefault("Authorization", f"Bearer {secret}")
    if body is not None:
        sent.setdefault("Content-Type", "application/json")
    raw = body if isinstance(body, bytes | str | None) else json.dumps(body)
    answer = request(world, method, path, raw, headers=sent)
    is_json = "json" in answer.headers.get("content-type", "")
    return answer._replace(body=json.loads(answer.body) if is_json else None)


def request(
    world: World,
    method: str,
    path: str,
    body: bytes | str | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    stage: str = "",
) -> Answer:
    """Send any request, with its query in `path`; header names come back in lower case."""
    given = event(world, method, path, body, headers=headers, stage=stage)
    found = world.app.app(given, None)
    several = {name: ", ".join(values) for name, values in found["multiValueHeaders"].items()}
    named = {name.lower(): value for name, value in {**found["headers"], **several}.items()}
    return Answer(found["statusCode"], found["body"], named)


def event(
    world: World,
    method: str,
    path: str,
    body: bytes | str | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    stage: str = "",
) -> dict[str, Any]:
    """The event of a REST API with proxy integration; `stage` is "" under a domain of its own."""
    parts = urlsplit(path)
    resource, params = _resource(world, parts.path)
    query = parse_qs(parts.query, keep_blank_values=True)
    sent = {"Host": "desk.example", "X-Forwarded-Proto": "https", **(headers or {})}
    is_binary = isinstance(body, bytes)
    return {
        "resource": resource,
        "path": parts.path,
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": params or None,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": resource,
            "httpMethod": method,
            "path": (f"/{stage}" if stage else "") + parts.path,
            "stage": stage or "api",
            "accountId": "123456789012",
            "apiId": "abcdef1234",
            "protocol": "HTTP/1.1",
            "requestId": REQUEST_ID,
            "identity": {"sourceIp": "203.0.113.7", "userAgent": "tests"},
        },
        "body": base64.b64encode(body).decode() if isinstance(body, bytes) else body,
        "isBase64Encoded": is_binary,
    }


def _resource(world: World, path: str) -> tuple[str, dict[str, str]]:
    """The route that API Gateway would choose: a fixed part wins over a named one."""
    for resource in sorted(world.app.app.routes, key=lambda name: name.replace("{", "~")):
        match = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", resource), path)
        if match:
            return resource, {name: unquote(value) for name, value in match.groupdict().items()}
    raise LookupError(f"No route answers {path}.")


def own_token(world: World) -> str:
    """The token with every scope and all groups, made when first asked for."""
    made: str | None = world.ports.cache.get(OWN)
    if made is None:
        made = world.ports.cache[OWN] = new_token()
    return made


def new_token(
    *scopes: str,
    name: str = "tests",
    groups: list[str] | None = None,
    expires_at: datetime | None = None,
) -> str:
    """A token that the desk knows, with these scopes, or with all where none is named."""
    token = tokens.new_token()
    store.add_token(
        token, name=name, scopes=list(scopes or SCOPES), groups=groups, expires_at=expires_at
    )
    return token
