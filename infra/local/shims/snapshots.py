"""State is saved only when the emulator ends: save it every few seconds where something changed.

Tables are the journal's business, objects are files already. The state is encoded on the event
loop, where nothing else changes it, and written in a thread.
"""
# ruff: noqa: SLF001

from __future__ import annotations

import asyncio
from typing import Any

import ministack.app as emulator

from infra.local.shims.journal import Journal, encode_state, write_state

EVERY = 2.0  # seconds

# Asking for this address saves everything at once.
SAVE_NOW = "/_ministack/skranke/save"

# Logs and measurements grow without end, and nobody asks for them after a restart.
_NOT_SAVED = {"dynamodb", "cloudwatch", "cloudwatch_logs", "cloudtrail"}

# Changed by a deployment alone, which asks for a save, and slow: the code is read for its digest.
_AFTER_DEPLOYING = {"lambda"}


class Snapshots:
    """An ASGI layer around the emulator which sees what may have changed."""

    def __init__(self, inner: Any, journal: Journal) -> None:
        self._inner = inner
        self._journal = journal
        self._is_changed = False
        self._written: dict[str, str] = {}
        self._lock = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    def apply(self) -> None:
        build = emulator._build_persistence_save_dict
        emulator._build_persistence_save_dict = lambda: {
            service: state for service, state in build().items() if service not in _NOT_SAVED
        }

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._inner(scope, receive, self._around_life(send))
            return
        if scope["type"] == "http" and scope["path"] == SAVE_NOW:
            await self._save(emulator._build_persistence_save_dict())
            await send({"type": "http.response.start", "status": 204})
            await send({"type": "http.response.body"})
            return
        await self._inner(scope, receive, send)
        self._is_changed = self._is_changed or scope.get("method") not in {"GET", "HEAD"}

    def _around_life(self, send: Any) -> Any:
        async def sent(message: dict[str, Any]) -> None:
            if message["type"] == "lifespan.startup.complete":
                self._journal.restore()
                self._task = asyncio.get_running_loop().create_task(self._save_for_ever())
            if message["type"] == "lifespan.shutdown.complete":
                self._journal.save()
            await send(message)

        return sent

    async def _save_for_ever(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            if self._is_changed:
                await self._save(_often())

    async def _save(self, states: dict[str, Any]) -> None:
        async with self._lock:
            self._is_changed = False
            # The tables first: a stack that was saved without its table could not be mended.
            self._journal.save_new_tables()
            changed = self._changed(states)
            await asyncio.to_thread(_write, changed)
            self._written |= changed

    def _changed(self, states: dict[str, Any]) -> dict[str, str]:
        texts = {}
        for service, state in states.items():
            try:
                texts[service] = encode_state(service, state())
            except RuntimeError:
                # A delivery thread changed it under our hands: the next round has it.
                self._is_changed = True
        return {name: text for name, text in texts.items() if self._written.get(name) != text}


def _often() -> dict[str, Any]:
    states: dict[str, Any] = emulator._build_persistence_save_dict()
    return {service: state for service, state in states.items() if service not in _AFTER_DEPLOYING}


def _write(states: dict[str, str]) -> None:
    for service, text in states.items():
        write_state(service, text)
