"""Functions answer late, and every call at the same time gets a process: wait less, take turns.

An answer is held back 50 ms for a first log line, and a burst of events starts as many processes
as it has events. Here the wait is short, and a function runs at most a few times at once; what
comes on top waits for its turn, which AWS does by itself over many machines.
"""
# ruff: noqa: SLF001

from __future__ import annotations

import threading
from collections import defaultdict
from typing import Any

import ministack.core.lambda_runtime as runtime
import ministack.services.lambda_svc as functions

AT_ONCE = 2  # runs of one function

_FIRST_LINE, _NEXT_LINE, _ALL_LINES = 0.002, 0.001, 0.25  # seconds


def apply() -> None:
    runtime.Worker._drain_stderr_bounded.__defaults__ = (_FIRST_LINE, _NEXT_LINE, _ALL_LINES)
    execute = functions._execute_function_dispatch
    turns: defaultdict[str, threading.Semaphore] = defaultdict(lambda: threading.Semaphore(AT_ONCE))

    def execute_in_turn(function: Any, config: dict[str, Any], *rest: Any) -> Any:
        with turns[config["FunctionName"]]:
            result = execute(function, config, *rest)
        if result.get("error"):
            # Nobody else would tell it of a function that no one waits for.
            told = (config["FunctionName"], result.get("body"), result.get("log"))
            functions.logger.error("%s failed: %s\n%s", *told)
        return result

    functions._execute_function_dispatch = execute_in_turn
