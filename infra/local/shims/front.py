"""A REST API answers only under its id and stage: serve the desk's at the root of its own port.

As behind a custom domain on AWS the stage is then no part of any path. What is not the desk's is
shut: the emulator's own addresses would let a page in the browser wipe everything.
"""
# ruff: noqa: SLF001

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

import ministack.services.apigateway_v1 as api

_host: ContextVar[str | None] = ContextVar("host of the front", default=None)


class Front:
    """An ASGI layer around the emulator, which listens on two ports."""

    def __init__(self, inner: Any, port: int) -> None:
        self._inner = inner
        self._port = port
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}

    def apply(self) -> None:
        build = api._build_lambda_event_v1

        def build_without_stage(*args: Any, **options: Any) -> Any:
            event = build(*args, **options)
            if host := _host.get():
                event["requestContext"] |= {"path": event["path"], "domainName": host}
            return event

        api._build_lambda_event_v1 = build_without_stage

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
        elif scope["server"][1] == self._port:
            await self._serve_desk(scope, receive, send)
        elif scope["path"].startswith("/_ministack/") and scope["method"] != "GET":
            await _answer(send, 403, "Not from outside.")
        else:
            await self._inner(scope, receive, send)

    async def _serve_desk(self, scope: Any, receive: Any, send: Any) -> None:
        host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
        prefix = _prefix()
        if host not in self._hosts:
            # A foreign name that was made to point here must not read the desk.
            await _answer(send, 421, f"This is not {host}.")
        elif prefix is None:
            await _answer(send, 503, "The desk is not deployed yet.")
        else:
            _host.set(host)
            below = {
                "path": prefix + scope["path"],
                "raw_path": prefix.encode() + scope["raw_path"],
            }
            await self._inner(scope | below, receive, send)


def _prefix() -> str | None:
    """Where the emulator serves the one API that the template has."""
    for (_account, _region, identity), stages in api._stages_v1.all_items():
        for stage in stages:
            return f"/restapis/{identity}/{stage}/_user_request_"
    return None


async def _answer(send: Any, status: int, text: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})
