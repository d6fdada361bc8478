"""A moto world for every test that asks for one, and the compiled texts for all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.messages import compile_all
from tests.world import World, new_world

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session", autouse=True)
def _texts() -> None:
    compile_all(ROOT)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with new_world(monkeypatch) as made:
        yield made
