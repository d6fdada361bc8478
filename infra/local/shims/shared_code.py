"""Every worker unpacks the package anew, for half a second: unpack it once and link to it."""

from __future__ import annotations

import hashlib
import tempfile
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ministack.core.lambda_runtime as runtime

_one_at_a_time = threading.Lock()


class _Linked(zipfile.ZipFile):
    """A package that is unpacked by linking to what was unpacked before."""

    def extractall(self, path: Any = None, *_: Any) -> None:
        assert isinstance(self.filename, str)
        digest = hashlib.sha256(Path(self.filename).read_bytes()).hexdigest()
        shared = Path(tempfile.gettempdir()) / f"code-{digest}"
        with _one_at_a_time:
            if not shared.exists():
                fresh = shared.with_suffix(".new")
                super().extractall(fresh)
                fresh.rename(shared)
        for entry in shared.iterdir():
            (Path(path) / entry.name).symlink_to(entry)


def apply() -> None:
    runtime.zipfile = SimpleNamespace(
        ZipFile=_Linked, BadZipFile=zipfile.BadZipFile, LargeZipFile=zipfile.LargeZipFile
    )
