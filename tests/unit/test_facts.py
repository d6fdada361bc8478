from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from chalicelib import facts

SAMPLES: dict[str, Any] = {"int": 7, "str": "x", "bool": True, "list[str]": ["a"]}


def sample(kind: type[facts.Fact]) -> facts.Fact:
    values = {
        f.name: next((v for t, v in SAMPLES.items() if str(f.type).startswith(t)), None)
        for f in fields(kind)
    }
    return kind(**values)


@pytest.mark.parametrize("kind", facts.TYPES.values())
def test_every_fact_comes_back_from_its_payload(kind: type[facts.Fact]) -> None:
    fact = sample(kind)
    assert facts.from_payload(fact.to_payload()) == fact


@pytest.mark.parametrize("kind", facts.TYPES.values())
def test_nothing_personal_leaves_on_the_bus(kind: type[facts.Fact]) -> None:
    personal = {f.name for f in fields(kind) if f.metadata.get("personal")}
    assert not personal & set(sample(kind).to_detail())


def test_a_fact_of_a_later_version_is_carried_untouched() -> None:
    payload = {"type": "MoonRose", "v": 3, "phase": "full"}
    fact = facts.from_payload(payload)
    assert fact.type == "MoonRose"
    assert fact.to_payload() == payload
    assert fact.to_detail() == {}


def test_a_field_of_a_later_version_is_left_out() -> None:
    payload = facts.StatusChanged("new", "open").to_payload() | {"mood": "fine"}
    assert facts.from_payload(payload) == facts.StatusChanged("new", "open")


def test_a_known_fact_that_lost_a_field_is_unknown_rather_than_wrong() -> None:
    assert isinstance(
        facts.from_payload({"type": "StatusChanged", "before": "new"}), facts.UnknownFact
    )
