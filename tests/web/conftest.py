"""Browsers on the desk: one of an agent who is signed in, one of anybody."""

from __future__ import annotations

import pytest

from tests.web.browser import Browser
from tests.world import World


@pytest.fixture
def anybody(world: World) -> Browser:
    return Browser(world)


@pytest.fixture
def anna(world: World) -> Browser:
    """A browser with a session of Anna, an agent of support and quick."""
    return signed_in(world, "anna")


def signed_in(world: World, agent: str, *, stage: str = "") -> Browser:
    from chalicelib.desk.service import live_desk
    from chalicelib.web import session

    value = session.start(world.ports, live_desk(world.ports).agents[agent])
    return Browser(world, stage, cookies={session.name(world.ports): value})
