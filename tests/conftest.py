"""A moto world for every test that asks for one, and the compiled texts for all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from infra.messages import compile_all
from tests import moto_pace
from tests.architecture import scans
from tests.world import World, new_world

ROOT = Path(__file__).parent.parent
# A busy machine is no fault of the code.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
moto_pace.install()


@pytest.fixture(scope="session", autouse=True)
def _texts() -> None:
    compile_all(ROOT)


@pytest.fixture(autouse=True)
def _no_scans() -> Iterator[None]:
    """Whatever a test is about, the desk does not read its whole table."""
    with scans.forbidden() as found:
        yield
    assert found == []


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with new_world(monkeypatch) as made:
        yield made
