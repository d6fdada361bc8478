"""A desk in memory, to try a configuration on: the real intake, reactions and sweep, and no AWS.

The table is moto's, from the template's own fragment; which function follows from which fact is
read from the fragments, too. Mails and webhooks that are sent go nowhere. Time stands still but
for `wait`.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

from chalicelib import table
from chalicelib.config import VARIABLES, Config
from chalicelib.desk import service
from chalicelib.desk.model import read_desk
from chalicelib.errors import DeskError, NotFound
from chalicelib.intake import service as intake
from chalicelib.intake.items import SesItem, SuspendedItem
from chalicelib.intake.model import INBOUND_PREFIX, Receipt, Verdicts
from chalicelib.intake.store import ses_key, suspended_key
from chalicelib.keys import Keys
from chalicelib.ledger import service as ledger
from chalicelib.ledger.store import keep_time
from chalicelib.outward import Answer
from chalicelib.ports import Ports
from chalicelib.tickets import store as tickets
from chalicelib.tickets.model import Timeline
from infra import template

FRAGMENTS = Path(__file__).parent / "fragments"
_TABLE = "rehearsal"
_MINUTE = timedelta(minutes=1)
_ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
}


class _Files:
    """Files in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def get(self, key: str) -> bytes:
        if key not in self.kept:
            raise NotFound("The file is gone.")
        return self.kept[key]

    def put(self, key: str, content: bytes, **_: Any) -> None:
        self.kept[key] = content


class _Mailer:
    """Keeps what was sent, by the id that it gave each mail."""

    def __init__(self) -> None:
        self.sent: dict[str, bytes] = {}

    def send(self, raw: bytes, **_: Any) -> str:
        ses_id = f"sent-{len(self.sent) + 1}"
        self.sent[ses_id] = raw
        return ses_id

    def message_id(self, ses_id: str) -> str:
        return f"<{ses_id}@example.org>"


class _Web:
    """Hears every webhook, and goes nowhere."""

    def post(self, *_: Any, **__: Any) -> Answer:
        return Answer(204)


class _Bus:
    """Keeps each event until it is fetched, once, however often it is published."""

    def __init__(self) -> None:
        self.known: set[str] = set()
        self.waiting: list[tuple[str, str]] = []

    def publish(self, events: list[tuple[str, str, datetime]]) -> None:
        self.waiting += [(name, detail) for name, detail, _ in events if detail not in self.known]
        self.known.update(detail for _, detail, _ in events)


@dataclass
class Rehearsal:
    """One desk. `now` is its time."""

    app: Any
    now: datetime
    files: _Files = field(default_factory=_Files)
    bus: _Bus = field(default_factory=_Bus)
    mailer: _Mailer = field(default_factory=_Mailer)
    ids: Iterator[int] = field(default_factory=lambda: count(1))

    def ports(self) -> Ports:
        parts: dict[str, Any] = {
            "config": Config.from_env(
                {**dict.fromkeys(VARIABLES.values(), "none"), "SKRANKE_URL": "https://desk.example"}
            ),
            "clock": lambda: self.now,
            "new_id": lambda: f"{next(self.ids):024d}",
            "pause": lambda _seconds: None,
            "keys": lambda: Keys(b"p" * 32, {"k1": b"k" * 32}),
            "smime_key": lambda _group: None,
            "mailer": self.mailer,
            "web": _Web(),
            "bus": self.bus,
            **dict.fromkeys(("mail_blobs", "blobs"), self.files),
            **dict.fromkeys(("identity", "unprocessed")),
        }
        return Ports(**parts)

    def receive(
        self, raw: bytes, *, sender: str, recipients: tuple[str, ...], verdicts: Verdicts
    ) -> SuspendedItem | Timeline:
        """What becomes of a mail that comes in now, once everything has reacted."""
        ses_id = f"mail{next(self.ids)}"
        receipt = Receipt(
            ses_id, f"{INBOUND_PREFIX}{ses_id}", self.now, recipients, sender, verdicts
        )
        self.files.put(receipt.key, raw)
        intake.receive(self.app.ports(), receipt)
        self.settle()
        claim, suspended = ses_key(ses_id), suspended_key(ses_id)
        found = table.fetch([claim, suspended])
        held, fate = found.get(suspended), found.get(claim)
        if isinstance(held, SuspendedItem):
            return held
        assert isinstance(fate, SesItem)
        return self.timeline(int(fate.number or 0))

    def timeline(self, number: int) -> Timeline:
        found = tickets.timeline(number)
        assert found is not None
        return found

    def letter(self, ses_id: str) -> str:
        """The subject and the text of a mail that was sent."""
        mail = message_from_bytes(self.mailer.sent[ses_id], policy=default)
        body = mail.get_body(("plain",))
        return f"{mail['Subject']}\n{body.get_content() if body else ''}"

    def settle(self) -> None:
        """Let everything react until nothing is left to react to."""
        reacting = reactions()
        while True:
            ledger.replay(self.app.ports(), since=self.now - _MINUTE)
            events, self.bus.waiting = self.bus.waiting, []
            if not events:
                return
            for name, detail in events:
                for reaction in reacting.get(name, ()):
                    event = {"detail-type": name, "detail": json.loads(detail)}
                    getattr(self.app, reaction)(event, None)

    def wait(self, until: datetime) -> None:
        """Let time pass with nobody doing anything: each alarm rings in the minute it is due."""
        while (rings_at := _next_alarm()) and rings_at <= until:
            self.now = max(self.now + _MINUTE, rings_at)
            self.app.sweep({}, None)
            self.settle()
        self.now = max(self.now, until)


@contextmanager
def stage() -> Iterator[None]:
    """Where rehearsals can be held; DeskError where the tools for it are not installed."""
    try:
        from moto import mock_aws
    except ImportError as error:
        raise DeskError("Install requirements-dev.txt: cases run on moto.") from error
    logged = logging.root.manager.disable
    with patch.dict(os.environ, _ENVIRONMENT):  # noqa: TID251 - botocore's own variables
        for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
            os.environ.pop(name, None)  # noqa: TID251 - nothing may reach a stack that runs
        logging.disable(logging.CRITICAL)
        try:
            with mock_aws():
                yield
        finally:
            logging.disable(logged)


@contextmanager
def rehearsal(body: Mapping[str, Any], at: datetime) -> Iterator[Rehearsal]:
    """A fresh desk of that configuration at that time, on the stage."""
    import boto3

    import app

    dynamodb = boto3.client("dynamodb")
    dynamodb.create_table(TableName=_TABLE, **_table())
    table.bind(_TABLE)
    held = Rehearsal(app, at)
    # Nobody reads what the files of the desk say, so any bytes will do.
    held.files.kept = {file.key: b"-" for file in read_desk(body, version=1).files.values()}
    ports = held.ports()
    keep_time(ports.clock)
    try:
        with patch.object(app, "ports", lambda: ports):
            service.apply(ports, body)
            yield held
    finally:
        keep_time(None)
        dynamodb.delete_table(TableName=_TABLE)


def _table() -> dict[str, Any]:
    properties = template.load(FRAGMENTS / "table.yaml")["Resources"]["Table"]["Properties"]
    wanted = ("BillingMode", "KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes")
    return {name: properties[name] for name in wanted}


@cache
def reactions() -> dict[str, list[str]]:
    """The functions of app.py by the fact that they follow from."""
    found: dict[str, list[str]] = {}
    for name, resource in template.fragments(FRAGMENTS)["Resources"].items():
        for event in resource.get("Properties", {}).get("Events", {}).values():
            pattern = event["Properties"].get("Pattern", {})
            if "skranke" not in pattern.get("source", ()):
                continue
            for fact in pattern["detail-type"]:
                function = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
                found.setdefault(fact, []).append(function)
    return found


def _next_alarm() -> datetime | None:
    heads = [table.query(shard, index="gsi4", limit=1).items for shard in table.due_shards()]
    keys = [item.g4sk for found in heads for item in found if item.g4sk]
    return table.instant(min(keys).partition("#")[0]) if keys else None
