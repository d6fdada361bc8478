"""Which processes belong to this stack: one parent at a time, and children that can be found again.

A child is known by its pid and the moment it started, so that a pid which the system gave to
somebody else is never ended.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_GRACE = 10.0  # seconds for an orphan to save its state


class AlreadyRunningError(Exception):
    """Another process serves this project's local stack."""


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Hold the stack; the system lets go of it however this process ends."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunningError from None
        yield


def remember(home: Path, pid: int) -> None:
    """Record a child, so that the next start ends it if this one cannot."""
    entry = {"pid": pid, "started": started(pid)}
    (home / "children.json").write_text(json.dumps([entry]))


def forget(home: Path) -> None:
    (home / "children.json").unlink(missing_ok=True)


def children(home: Path) -> list[int]:
    """The pids of the recorded children that still run."""
    record = home / "children.json"
    if not record.exists():
        return []
    return [child["pid"] for child in json.loads(record.read_text()) if _is_ours(child)]


def end_orphans(home: Path) -> list[int]:
    """End what an earlier start left running; their pids."""
    record = home / "children.json"
    if not record.exists():
        return []
    left = [child for child in json.loads(record.read_text()) if _is_ours(child)]
    for child in left:
        os.kill(child["pid"], signal.SIGTERM)
    deadline = time.monotonic() + _GRACE
    for child in left:
        while _is_ours(child) and time.monotonic() < deadline:
            time.sleep(0.05)
        if _is_ours(child):
            os.kill(child["pid"], signal.SIGKILL)
    forget(home)
    return [child["pid"] for child in left]


def started(pid: int) -> str | None:
    """When that process started, in the system's own words; None if there is no such process."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            # The name, in brackets, may hold spaces; the start stands 20 words behind it. A
            # zombie has ended, only nobody has asked for its exit code.
            words = stat.read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return None if words[0] == "Z" else words[19]
    asked = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], check=False, capture_output=True, text=True
    )
    return asked.stdout.strip() or None


def _is_ours(child: dict[str, object]) -> bool:
    pid = child["pid"]
    return isinstance(pid, int) and child["started"] == started(pid) is not None
