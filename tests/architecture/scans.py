"""No scan of the table: whatever test makes the desk ask for one fails, and says who asked.

A scan reads everything that a tenant ever stored. DynamoDB offers it by three names: `Scan`, and
PartiQL's statements, one or several. What a test asks for itself is its own business.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.aws_calls import AwsCall, Response, Send, intercepted

ROOT = Path(__file__).resolve().parents[2]
OURS = (str(ROOT / "app.py"), str(ROOT / "chalicelib"), str(ROOT / "infra"))
SCANS = {"Scan", "ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"}


@contextmanager
def forbidden() -> Iterator[list[str]]:
    """The scans that the desk asks for meanwhile, each as the place in the code that does.

    They are answered all the same: a handler that swallowed an error would hide them.
    """
    found: list[str] = []

    def around(call: AwsCall, send: Send) -> Response:
        if call.service == "dynamodb" and call.operation in SCANS:
            found.extend(_askers(call.operation))
        return send(call.params)

    with intercepted(around):
        yield found


def _askers(operation: str) -> Iterator[str]:
    """The innermost line of ours that led to the call, if one did."""
    for frame in reversed(traceback.extract_stack()):
        if frame.filename.startswith(OURS):
            yield f"{operation} by {frame.filename}:{frame.lineno}"
            return
