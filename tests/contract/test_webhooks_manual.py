"""What docs/webhooks.md shows to receivers and senders works as it stands there."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from chalicelib.desk.hooks import FIRING, ON_RECOVERY, RESOLVED, Source, Webhook
from chalicelib.desk.model import Desk, read_desk
from chalicelib.web.api import hooks
from chalicelib.webhooks import alerts, events, model
from tests.world import DESK

MANUAL = (Path(__file__).resolve().parents[2] / "docs" / "webhooks.md").read_text("utf-8")
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
UNITS = {"seconds": 1, "minutes": 60, "hours": 3600}


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", MANUAL, re.DOTALL)


def desks() -> list[Desk]:
    """Every configuration that it shows, put into a desk."""
    found = [yaml.safe_load(block) for block in blocks("yaml")]
    shown = [body for body in found if body.keys() <= {"webhooks", "sources"}]
    return [read_desk({**DESK, **body}, version=1) for body in shown]


def test_the_check_that_receivers_are_shown_takes_what_is_sent_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found: dict[str, Any] = {}
    (code,) = blocks("python")
    exec(code, found)  # noqa: S102 - it is what the manual tells others to run
    monkeypatch.setattr(found["time"], "time", NOW.timestamp)
    body, check = b'{"type": "StatusChanged"}', found["is_from_the_desk"]
    secrets = [b"s" * 32, b"t" * 32]
    headers = model.signed(secrets, "msg_1", NOW, body)
    for secret in secrets:
        assert check(model.shown(secret), headers, body)
    assert not check(model.shown(b"u" * 32), headers, body)
    assert not check(model.shown(secrets[0]), headers, body + b" ")
    late = model.signed(secrets, "msg_1", NOW - timedelta(minutes=6), body)
    assert not check(model.shown(secrets[0]), late, body)


def test_the_waits_are_those_that_are_told() -> None:
    table = MANUAL.partition("| attempt | after the one before |\n|---|---|\n")[2]
    waits = re.findall(r"^\| (\d+) \| (\d+) (\w+) \|$", table, re.MULTILINE)
    assert [int(attempt) for attempt, *_ in waits] == list(range(2, len(model.WAITS) + 2))
    found = [timedelta(seconds=int(count) * UNITS[unit]) for _, count, unit in waits]
    assert found == list(model.WAITS)


def test_every_key_of_a_webhook_and_a_source_is_told() -> None:
    told = set(re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (.*?) \|", MANUAL, re.MULTILINE))))
    assert {*Webhook.__dataclass_fields__, *Source.__dataclass_fields__} - {"id"} <= told
    for word in (*FIRING, *RESOLVED, *ON_RECOVERY):
        assert word in MANUAL


def test_the_limits_are_those_that_are_told() -> None:
    for number in (events.TICKETS_AN_HOUR, alerts.MOST):
        assert f"at most {number}" in MANUAL
    assert f"{hooks.EVENT_BYTES:,} bytes" in MANUAL


def test_what_it_shows_can_be_applied() -> None:
    made = desks()
    assert len(made) == 3
    assert {name for desk in made for name in desk.webhooks} == {"pager"}
    sources = {name for desk in made for name in desk.sources}
    assert sources == {"alertmanager", "alerts", "deploys"}
