"""The desk as a world of the fault harness: everything it does passes boto3, and can be compared.

Here are the world, what happens in it by itself, and which differences between two runs count. The
cases stand in `tests.faults.cases`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from itertools import count
from typing import Any

import boto3
import pytest
from botocore.config import Config

from chalicelib.desk.service import live_desk
from tests.aws_calls import REGION, aws_client
from tests.faults.state import Names, Outside, Snapshot, empty_world, snapshot
from tests.world import World, new_world, reactions_to


@dataclass(repr=False)
class Desk:
    """A world whose bus and mail are AWS's, and the event that a case delivers in it."""

    world: World
    outside: Outside
    patch: pytest.MonkeyPatch
    carried: int = 0
    event: Any = None

    def flow(self) -> None:
        """Carry the stream to the relay and the bus to its reactions, until nothing moves."""
        while True:
            records, events = self.world.stream(), self.published()
            if records:
                self.world.call("relay", {"Records": records})
            for event in events:
                for reaction in reactions_to(event):
                    self.world.call(reaction, event)
            if not records and not events:
                return

    def published(self) -> list[dict[str, Any]]:
        """What was published since the last time, as EventBridge hands it on."""
        new = self.outside.events[self.carried :]
        self.carried = len(self.outside.events)
        return [
            {
                "id": str(place),
                "source": event["Source"],
                "detail-type": event["DetailType"],
                "time": event["Time"].isoformat(),
                "detail": json.loads(event["Detail"]),
            }
            for place, event in enumerate(new, self.carried)
        ]

    def come_to_rest(self, sweeps: int, minutes: float) -> None:
        """React, and sweep each time that a lease has ended."""
        self.flow()
        for _ in range(sweeps):
            self.world.pass_time(minutes=minutes)
            self.world.sweep()
            self.flow()

    def mail(self, raw: bytes, **receipt: Any) -> None:
        """A mail comes in, and everything reacts."""
        self.world.call("inbound_mail", self.arrival(raw, **receipt))
        self.flow()

    def arrival(self, raw: bytes, **receipt: Any) -> dict[str, Any]:
        """A mail lies in the bucket; the event says so."""
        return self.world.ses_event(self.world.put_mail(raw), raw, **receipt)

    def next_event(self, name: str) -> dict[str, Any]:
        """Publish what is in the table, and take one event before anything reacts to it."""
        self.world.call("relay", {"Records": self.world.stream()})
        return next(event for event in self.published() if event["detail-type"] == name)


@contextmanager
def new_desk(*, is_warm: bool = True, is_verified: bool = True) -> Iterator[Desk]:
    """An empty desk. Warm, it has its configuration and keys; unverified, SES refuses its mail."""
    with empty_world() as outside, pytest.MonkeyPatch.context() as patch:
        if is_verified:
            aws_client("sesv2").create_email_identity(EmailIdentity="desk.example")
        with new_world(patch, real=True) as world:
            # The clients as the desk makes them: how often each may resend decides its faults.
            patch.setattr("chalicelib.ports._Aws.client", _client)
            # Thousands of faults say what they have to say without a log.
            patch.setattr(logging.getLogger("skranke"), "disabled", True)
            world.ports.new_id = _counted("{:024d}")
            salt = _counted("{:016d}")
            patch.setattr("chalicelib.tickets.service.new_salt", lambda: salt().encode())
            patch.setattr("chalicelib.ledger.model.new_salt", lambda: salt().encode())
            patch.setattr("moto.ses.models.get_random_message_id", _counted("0102{:06d}-out"))
            if is_warm:
                live_desk(world.ports)
                world.ports.keys()
            yield Desk(world, outside, patch)


def _counted(form: str) -> Callable[[], str]:
    """What is random in life is counted here: an export of two equal worlds has equal bytes."""
    numbers = count(1)
    return lambda: form.format(next(numbers))


def _client(_aws: object, service: str, **more: Any) -> Any:
    return _made(service, json.dumps(more, sort_keys=True))


@cache
def _made(service: str, settings: str) -> Any:
    session = boto3.session.Session("testing", "testing", region_name=REGION)
    config = Config(**{"retries": {"total_max_attempts": 3}, **json.loads(settings)})
    return session.client(service, config=config)  # type: ignore[call-overload]


def left_by(desk: Desk) -> Snapshot:
    return snapshot(desk.outside)


# A failed try may burn a ticket number, and a delivery may need one try more.
NAMES = Names(
    tokens=(
        *Names().tokens,
        ("id", r"(?<!\d)0{20}\d{4}(?!\d)"),
        ("hash", r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{43}="),
        ("signature", r"(?<![a-z0-9])[a-z2-7]{26}(?![a-z0-9])"),
        ("ses", r"0102\d{6}-out"),
        ("seal", r"(?<=/seals/\d{8}-)[0-9a-f]{16}"),
        ("hidden", r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])"),
        ("number", r"(?<![\d.:T-])10\d\d(?![\d:])|(?<=ticket\\\":)10\d\d|(?<=to\\\":)10\d\d"),
    ),
    # A number's check digit, and the shards that are chosen by it, say nothing of their own.
    masked=(
        *Names().masked,
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00:00",
        r"(?<=#10\d\d)-\d(?=\])",
        r"(?<=DUE#)\d",
        r"(?<=L#\d{8}#)\d",
    ),
    volatile=frozenset({"salt", "ttl", "attempt"}),
    skipped=(r'"pk": "N"',),
)

# An export that was woken once more has an entry more, which says so.
EXPORTING = replace(
    NAMES,
    tokens=tuple(pair for pair in NAMES.tokens if pair[0] != "hash"),
    masked=(
        *NAMES.masked,
        dict(NAMES.tokens)["hash"],
        r"(?<=S#)\d{8}(?=#e)",
        r'"seq": \d+',
        r"(?<=/)\d+(?=\")",
        r"(?<=#)\d{8}(?=\")",
    ),
    skipped=(*NAMES.skipped, "ExportContinued"),
)
