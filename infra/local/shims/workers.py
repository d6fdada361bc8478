"""Functions answer late, and every call at the same time gets a process: wait less, take turns.

An answer is held back 50 ms for a first log line, and a burst of events starts as many processes
as it has events. Here the wait is short, and a function runs at most a few times at once; what
comes on top waits for its turn, where AWS would have more machines. What functions say, and what
they fail with, goes to one file in the order of time.
"""
# ruff: noqa: SLF001

from __future__ import annotations

import json
import threading
from collections import defaultdict
from pathlib import Path
from typing import Any

import ministack.core.lambda_runtime as runtime
import ministack.services.lambda_svc as functions

AT_ONCE = 2  # runs of one function

_FIRST_LINE, _NEXT_LINE, _ALL_LINES = 0.002, 0.001, 0.25  # seconds


def apply(log: Path) -> None:
    """`log`: the file for what functions say."""
    runtime.Worker._drain_stderr_bounded.__defaults__ = (_FIRST_LINE, _NEXT_LINE, _ALL_LINES)
    execute = functions._execute_function_dispatch
    turns: defaultdict[str, threading.Semaphore] = defaultdict(lambda: threading.Semaphore(AT_ONCE))

    def execute_in_turn(function: Any, config: dict[str, Any], *rest: Any) -> Any:
        with turns[config["FunctionName"]]:
            result = execute(function, config, *rest)
        _write(log, config["FunctionName"], result)
        return result

    functions._execute_function_dispatch = execute_in_turn


def _write(log: Path, name: str, result: dict[str, Any]) -> None:
    failure = [f"failed: {json.dumps(result.get('body'))}"] if result.get("error") else []
    lines = [*(result.get("log") or "").splitlines(), *failure]
    with log.open("a", encoding="utf-8") as file:
        file.writelines(f"{name} {line}\n" for line in lines)
