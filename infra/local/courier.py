"""Carries mails from the spool to the desk as SES does: into the bucket, then to the function.

A mail leaves the spool when the function has returned, for by then everything that it wrote is on
disk. One that fails is tried again and again; a second delivery changes nothing.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.local.receiving import PREFIX, digest, event, stored_copy
from infra.local.spool import Spool
from infra.local.stack import Stack

_AT_ONCE = 2  # mails
_LOOKS_EVERY = 1.0  # seconds
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0  # seconds after a failure

logger = logging.getLogger("skranke.courier")


class NotTakenError(Exception):
    """The function raised; what it said is the message."""


class Courier:
    """Empties a spool in threads of its own."""

    def __init__(self, stack: Stack, spool: Spool, delivered: Path) -> None:
        delivered.mkdir(parents=True, exist_ok=True)
        self._stack = stack
        self._spool = spool
        self._delivered = delivered
        self._wake = threading.Event()
        self._is_over = False
        # A mail stands here while it is carried, and while it waits after a failure.
        self._not_before: dict[str, float] = {}
        self._pauses: dict[str, float] = {}

    def notice(self) -> None:
        """There may be a new mail."""
        self._wake.set()

    @contextmanager
    def working(self) -> Iterator[None]:
        """Carry until this is left; what is under way then is brought to its end."""
        thread = threading.Thread(target=self._work, name="courier", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._is_over = True
            self._wake.set()
            thread.join()

    def _work(self) -> None:
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="courier") as pool:
            while not self._is_over:
                for id_ in self._due():
                    self._not_before[id_] = float("inf")
                    pool.submit(self._carry, id_)
                self._wake.wait(_LOOKS_EVERY)
                self._wake.clear()

    def _due(self) -> list[str]:
        at = time.monotonic()
        # Asked before the spool is: what was done with in between is in neither.
        later = {id_ for id_, not_before in list(self._not_before.items()) if not_before > at}
        return [id_ for id_ in self._spool.waiting() if id_ not in later]

    def _carry(self, id_: str) -> None:
        try:
            self._deliver(id_)
        except (BotoCoreError, ClientError, NotTakenError, OSError) as problem:
            pause = self._pauses.get(id_, _FIRST_PAUSE)
            self._pauses[id_] = min(2 * pause, _LONGEST_PAUSE)
            self._not_before[id_] = time.monotonic() + pause
            logger.warning("%s is not with the desk yet, next try in %s s: %s", id_, pause, problem)
        else:
            self._not_before.pop(id_)
            self._pauses.pop(id_, None)

    def _deliver(self, id_: str) -> None:
        receipt, raw = self._spool.get(id_)
        outputs = self._stack.outputs
        told = event(receipt, raw, outputs["InboundMailArn"])
        self._stack.client("s3").put_object(
            Bucket=outputs["MailBucketName"],
            Key=f"{PREFIX}{receipt.id}",
            Body=stored_copy(receipt, raw),
        )
        invoke(self._stack, told)
        kept = self._delivered / f"{digest(raw)}.json"
        kept.write_text(json.dumps({"endpoint": self._stack.endpoint, "event": told}))
        self._spool.done(id_)


def invoke(stack: Stack, told: dict[str, Any]) -> Any:
    """Hand the function an SES event and wait for what it returns."""
    patient = Config(read_timeout=120, retries={"total_max_attempts": 1})
    function = told["Records"][0]["ses"]["receipt"]["action"]["functionArn"]
    answer = stack.client("lambda", config=patient).invoke(
        FunctionName=function, Payload=json.dumps(told)
    )
    returned = json.loads(answer["Payload"].read() or b"null")
    if "FunctionError" in answer:
        raise NotTakenError(returned.get("errorMessage", "the function failed"))
    return returned
