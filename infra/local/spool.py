"""Mails that were accepted and have not reached the desk: safe on disk before SMTP says 250."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from infra.local.receiving import Receipt


class Spool:
    """A folder with two files for each mail; the envelope is written last and makes it count."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def put(self, receipt: Receipt, raw: bytes) -> None:
        """Return when the mail would survive this machine's failure."""
        _write(self._folder / f"{receipt.id}.eml", raw)
        envelope = {**asdict(receipt), "at": receipt.at.isoformat()}
        _write(self._folder / f"{receipt.id}.json", json.dumps(envelope).encode())
        _sync_folder(self._folder)

    def waiting(self) -> list[str]:
        """The SES ids of the mails, oldest first."""
        found = []
        for envelope in self._folder.glob("*.json"):
            # Another thread may be done with it between the listing and this question.
            with suppress(FileNotFoundError):
                found.append((envelope.stat().st_mtime_ns, envelope.stem))
        return [id_ for _, id_ in sorted(found)]

    def get(self, id_: str) -> tuple[Receipt, bytes]:
        envelope: Mapping[str, Any] = json.loads((self._folder / f"{id_}.json").read_bytes())
        raw = (self._folder / f"{id_}.eml").read_bytes()
        at = datetime.fromisoformat(envelope["at"])
        recipients = tuple(envelope["recipients"])
        return Receipt(**{**envelope, "at": at, "recipients": recipients}), raw

    def done(self, id_: str) -> None:
        (self._folder / f"{id_}.json").unlink()
        (self._folder / f"{id_}.eml").unlink()


def _write(path: Path, content: bytes) -> None:
    fresh = path.with_suffix(".new")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
