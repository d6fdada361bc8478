"""The customers' side of the desk: SMTP on five ports, each with its own verdicts.

A mail is in the spool before it is answered with 250. What happens to it then is `courier.py`'s.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any
from weakref import WeakSet

from aiosmtpd.smtp import SMTP

from infra.local.place import HOST, VERDICTS
from infra.local.receiving import Receipt, is_ours, now
from infra.local.spool import Spool

SIZE_LIMIT = 40 * 1024 * 1024  # bytes, as SES
_HANGS_UP_WITHIN, _A_LITTLE = 2.0, 0.005  # seconds
_RECIPIENTS_LIMIT = 50  # of one mail, as SES


class _Reception:
    """What aiosmtpd asks about one mail."""

    def __init__(
        self,
        spool: Spool,
        addresses: set[str],
        verdicts: Mapping[str, str],
        accepted: Callable[[], None],
    ) -> None:
        self._spool = spool
        self._addresses = addresses
        self._verdicts = verdicts
        self._accepted = accepted

    async def handle_RCPT(  # noqa: N802  the name is aiosmtpd's
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if not is_ours(address, self._addresses):
            return "550 5.1.1 No such address at this desk"
        if len(envelope.rcpt_tos) >= _RECIPIENTS_LIMIT:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        receipt = Receipt(
            id=secrets.token_hex(20),
            at=now(),
            peer=session.peer[0],
            helo=session.host_name or "unknown",
            # A bounce comes from nobody, which is written <>.
            sender=(envelope.mail_from or "").strip("<>"),
            recipients=tuple(envelope.rcpt_tos),
            verdicts=self._verdicts,
        )
        await asyncio.to_thread(self._spool.put, receipt, envelope.content)
        self._accepted()
        return f"250 OK {receipt.id}"


@contextmanager
def listening(
    ports: Mapping[str, int], spool: Spool, addresses: set[str], accepted: Callable[[], None]
) -> Iterator[None]:
    """Answer SMTP until this is left. `accepted` is called after every mail, in another thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="smtp", daemon=True)
    thread.start()
    answered: WeakSet[SMTP] = WeakSet()

    def answer(reception: _Reception) -> SMTP:
        limits = {"data_size_limit": SIZE_LIMIT, "enable_SMTPUTF8": True}
        protocol = SMTP(reception, hostname="localhost", loop=loop, **limits)
        answered.add(protocol)
        return protocol

    async def listen() -> list[asyncio.Server]:
        receptions = {
            port: _Reception(spool, addresses, VERDICTS[name], accepted)
            for name, port in ports.items()
        }
        return [
            await loop.create_server(partial(answer, reception), HOST, port)
            for port, reception in receptions.items()
        ]

    async def hang_up(servers: list[asyncio.Server]) -> None:
        # asyncio loses the connection of whoever is being let in at the moment of closing.
        await asyncio.sleep(_A_LITTLE)
        for server in servers:
            server.close()
        # Whoever was just let in gets a transport a little later, and lets go of it later still.
        until = loop.time() + _HANGS_UP_WITHIN
        is_quiet = False
        while not is_quiet and loop.time() < until:
            await asyncio.sleep(_A_LITTLE)
            left = _open(answered)
            for transport in left:
                transport.abort()
            is_quiet = not left and not asyncio.all_tasks() - {asyncio.current_task()}

    servers = asyncio.run_coroutine_threadsafe(listen(), loop).result()
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(hang_up(servers), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _open(protocols: Iterable[SMTP]) -> list[asyncio.Transport]:
    return [each.transport for each in list(protocols) if each.transport is not None]
