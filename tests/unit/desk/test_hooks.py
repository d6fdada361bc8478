"""Webhooks and sources in the configuration: what is refused at its place, and what is doubtful."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.desk.model import read_desk
from chalicelib.errors import Invalid
from infra.lint_hooks import doubts
from tests.world import DESK

URL = "https://hooks.example.org/"
SOURCE = {"group": "support", "key": ["id"], "state": "state", "began": "since"}


def problems(**sections: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        read_desk({**DESK, **sections}, version=1)
    return caught.value.fields


def source(**more: Any) -> dict[str, str]:
    return problems(sources={"x": {**SOURCE, **more}})


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"owner": "nobody"}, "owner"),
        ({"includes": ["text"]}, "includes[0]"),
        ({"secret": 0}, "secret"),
        ({"secret": True}, "secret"),
        ({"events": []}, "events"),
        ({"headers": {"X-A": "é"}}, "headers.X-A"),
    ],
)
def test_a_setting_of_a_webhook_that_cannot_be_is_named(more: dict[str, Any], place: str) -> None:
    assert set(problems(webhooks={"x": {"url": URL, **more}})) == {f"webhooks.x.{place}"}


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"group": "nobody"}, "group"),
        ({"auth": "none"}, "auth"),
        ({"key": ["a..b"]}, "key[0]"),
        ({"title": "a b"}, "title"),
        ({"priorities": {"critical": "highest"}}, "priorities.critical"),
        ({"on_recovery": "delete"}, "on_recovery"),
        ({"fields": {"host": ""}}, "fields.host"),
    ],
)
def test_a_setting_of_a_source_that_cannot_be_is_named(more: dict[str, Any], place: str) -> None:
    assert set(source(**more)) == {f"sources.x.{place}"}


@pytest.mark.parametrize(
    "entry",
    [
        {"group": "support"},
        {**SOURCE, "ticket": "number"},
        {"group": "support", "ticket": "number", "title": "title", "priorities": {}},
        {"group": "support", "key": ["id"], "on_recovery": "close"},
    ],
)
def test_a_source_tells_of_alerts_or_of_tickets_and_of_what_can_end(entry: dict[str, Any]) -> None:
    assert set(problems(sources={"x": entry})) == {"sources.x"}


def test_words_of_a_monitoring_count_in_any_case() -> None:
    entry = {**SOURCE, "firing": ["DOWN"], "priorities": {"CRITICAL": "urgent"}}
    found = read_desk({**DESK, "sources": {"x": entry}}, version=1).sources["x"]
    assert (found.firing, dict(found.priorities)) == (("down",), {"critical": "urgent"})
    assert found.name == "x"


def test_what_is_hardly_meant_is_told() -> None:
    bare = {"group": "support", "key": ["id"]}
    body = {
        **DESK,
        "webhooks": {"here": {"url": "http://localhost:9000/"}, "there": {"url": URL}},
        "sources": {"good": SOURCE, "endless": bare, "timeless": {**bare, "state": "state"}},
    }
    told = dict(doubts(read_desk(body, version=1)))
    assert set(told) == {"webhooks.here.url", "sources.endless.state", "sources.timeless.began"}
