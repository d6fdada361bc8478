"""The one way a request becomes an answer: who are you, what do you send, run, map what failed.

A Route is a line in a table, and the tables are lists in the modules of `web/`. Nothing else in the
desk knows HTTP.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs

from chalice.app import Request, Response

from chalicelib import i18n
from chalicelib.desk.model import Desk
from chalicelib.desk.service import live_desk
from chalicelib.errors import DeskError, Forbidden, Invalid, Unauthenticated
from chalicelib.ports import Ports
from chalicelib.tickets.access import Who
from chalicelib.web import csrf, errors, session, tokens

BODY_BYTES = 1_000_000


class Access(StrEnum):
    """How a caller proves who they are: not at all, by token, by session, by the link itself."""

    OPEN = "open"
    TOKEN = "token"  # noqa: S105 - the name of a way, not a secret
    SESSION = "session"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Route:
    """One address, one method. `takes` is what the body is read as: "json", "form" or nothing."""

    method: str
    path: str
    handler: Callable[..., Any]
    access: Access
    takes: str = ""
    scope: str = ""
    replays: bool = False

    @property
    def is_page(self) -> bool:
        return not self.path.startswith("/api/")


@dataclass
class Call:
    """One request, understood. `path` is its own, below the `prefix` that the site has."""

    ports: Ports
    request: Request
    route: Route
    request_id: str
    prefix: str
    path: str
    query: Mapping[str, str]
    body: Mapping[str, Any] = field(default_factory=dict)
    signed_in: Who | None = None
    session: str = ""

    @property
    def who(self) -> Who:
        """The one who asks; there is always one behind TOKEN and SESSION."""
        if self.signed_in is None:
            raise Unauthenticated("Sign in first.")
        return self.signed_in

    @property
    def desk(self) -> Desk:
        return live_desk(self.ports)

    @property
    def locale(self) -> str:
        """The agent's language, else the one of ours that the browser likes best."""
        agents = self.signed_in.locale if self.signed_in else None
        return i18n.choose_language(agents, self.header("accept-language"))

    def header(self, name: str) -> str | None:
        value: str | None = self.request.headers.get(name)
        return value

    def cookie(self, name: str) -> str:
        for part in (self.header("cookie") or "").split(";"):
            key, _, value = part.strip().partition("=")
            if key == name:
                return value
        return ""


def answer(route: Route, ports: Ports, request: Request, params: Mapping[str, str]) -> Response:
    """Run one route; whatever fails becomes the answer that fits the caller."""
    prefix, path = _split(request)
    call = Call(
        ports=ports,
        request=request,
        route=route,
        request_id=_request_id(request),
        prefix=prefix,
        path=path,
        query=request.query_params or {},
    )
    # A form is read before anything is refused: the error page gives back what was typed into it.
    steps = (_read, _identify, _guard) if route.is_page else (_identify, _read, _guard)
    try:
        for step in steps:
            step(call)
        found = route.handler(call, **params)
    except DeskError as error:
        return errors.respond(call, error)
    except Exception as error:  # noqa: BLE001 - the last stop before the caller
        return errors.respond_to_crash(call, error)
    return found if isinstance(found, Response) else json_answer(found)


def json_answer(
    body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON answer that nobody caches."""
    more = {"Content-Type": "application/json", "Cache-Control": "no-store", **(headers or {})}
    return Response(json.dumps(body, ensure_ascii=False), more, status)


def _request_id(request: Request) -> str:
    context = request.context or {}
    return str(context.get("requestId") or context.get("extendedRequestId") or "-")


def _split(request: Request) -> tuple[str, str]:
    """What stands before our own path, and the path itself.

    Before it stands API Gateway's stage, the base path of a domain, or nothing. Chalice's own
    `request.path` is the pattern of the route, so its segments say where ours begins.
    """
    whole = str((request.context or {}).get("path") or request.path).rstrip("/")
    own = str(request.path).rstrip("/").count("/")
    segments = whole.split("/")
    start = len(segments) - own
    return "/".join(segments[:start]), "/" + "/".join(segments[start:])


def _identify(call: Call) -> None:
    if call.route.access is Access.TOKEN:
        call.signed_in = tokens.identify(call.ports, call.header("authorization"))
        if call.route.scope:
            call.signed_in.need(call.route.scope)
    elif call.route.access is Access.SESSION:
        call.session = call.cookie(session.name(call.ports))
        call.signed_in = session.identify(call.ports, call.session, call.desk)


def _read(call: Call) -> None:
    raw: bytes = call.request.raw_body or b""
    if len(raw) > BODY_BYTES:
        raise Invalid("The request is too large: upload files separately.")
    if call.route.takes == "json":
        call.body = _read_json(raw, call.header("content-type"))
    elif call.route.takes == "form":
        call.body = _read_form(raw)


def _read_form(raw: bytes) -> Mapping[str, str]:
    try:
        form = parse_qs(raw.decode(), keep_blank_values=True, max_num_fields=100)
    except ValueError as error:
        raise Invalid("The form cannot be read: send it again.") from error
    return {name: values[-1] for name, values in form.items()}


def _read_json(raw: bytes, content_type: str | None) -> Mapping[str, Any]:
    if not raw:
        return {}
    media_type = (content_type or "application/json").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Invalid("Send JSON.", fields={"Content-Type": "must be application/json"})
    try:
        body = json.loads(raw)
        # Half a surrogate pair is valid in JSON, but nothing that could ever be stored or sent.
        json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise Invalid("The body is no JSON.") from error
    if not isinstance(body, dict):
        raise Invalid("The body must be a JSON object.")
    return body


def _guard(call: Call) -> None:
    """A form that acts for a signed-in agent must come from a page of ours."""
    if call.route.access is Access.SESSION and call.route.takes == "form":
        token = str(call.body.get("csrf_token", ""))
        if not csrf.is_valid(call.ports.keys(), call.session, token):
            raise Forbidden("This form is too old: load the page again, then send it.")
