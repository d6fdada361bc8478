"""Schedules are looked at every ten seconds, so a minute lasts up to seventy: look every second."""
# ruff: noqa: SLF001

from __future__ import annotations

import ministack.services.eventbridge as bus

_EVERY = 1  # seconds


def apply() -> None:
    bus._SCHEDULER_TICK_INTERVAL = _EVERY
