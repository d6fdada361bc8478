"""What a cold start imports, against the bare floor of this stack: in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APP = "import app"
# Chalice, pynamodb and one client: nothing in this stack can start with less.
FLOOR = """
import chalice.app, pynamodb.models
from botocore.session import Session
Session().create_client("dynamodb", region_name="eu-west-1")
"""
_TIMED = "import time\nbegun = time.process_time()\n{}\nprint(time.process_time() - begun)"
_LISTED = """
import json, sys
files = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
print(json.dumps(files))
"""


def modules(code: str) -> dict[str, int]:
    """The modules that are loaded after running it, with the size of their source in bytes."""
    files: dict[str, str | None] = json.loads(_run(code + _LISTED))
    return {name: _size(file) for name, file in files.items()}


def cpu_seconds(code: str, *, tries: int = 5) -> float:
    """The least CPU of several tries: what else the machine does only ever adds."""
    _run(code)
    return min(float(_run(_TIMED.format(code))) for _ in range(tries))


def _size(file: str | None) -> int:
    return Path(file).stat().st_size if file and file.endswith(".py") else 0


def _run(code: str) -> str:
    # As in the package, everything is compiled: whoever comes first does it for the others.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}  # noqa: TID251 - a child's
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
