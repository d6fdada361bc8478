"""Tables are saved only when the emulator ends: write every change to a journal as it is made.

A request's changes are one line, written before it is answered: after a crash a transaction is
there whole or not at all, and nothing that was answered is lost. The journal is laid into the
saved tables at the next start.
"""
# ruff: noqa: SLF001

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import ministack.core.persistence as saved
import ministack.services.dynamodb as tables

Table = dict[str, Any]

_COUNTED = {"items", tables._INDEX_MEMBERS, "ItemCount", "TableSizeBytes"}


class Journal:
    """The changes since the tables were last saved whole."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._changes: list[tuple[str, Any, Any, Any]] = []
        self._definitions = ""
        self._set, self._remove = tables._set_item, tables._remove_item

    def apply(self) -> None:
        handle = tables.handle_request

        def set_item(table: Table, pk: Any, sk: Any, item: Any) -> Any:
            self._changes.append((table["TableName"], pk, sk, item))
            return self._set(table, pk, sk, item)

        def remove_item(table: Table, pk: Any, sk: Any) -> Any:
            self._changes.append((table["TableName"], pk, sk, None))
            return self._remove(table, pk, sk)

        async def handle_and_write(*request: Any) -> Any:
            try:
                return await handle(*request)
            finally:
                self._write()

        tables._set_item, tables._remove_item = set_item, remove_item
        tables.handle_request = handle_and_write

    def restore(self) -> None:
        """Lay the journal into the tables that were loaded, and save them whole."""
        by_name = {table["TableName"]: table for table in tables._tables.all_values()}
        for line in self._path.read_text("utf-8").splitlines():
            try:
                changes = json.loads(line, object_hook=saved._json_object_hook)
            except ValueError:
                break  # The write that a crash cut off: it was never answered.
            for name, pk, sk, item in changes:
                self._lay(by_name.get(name), pk, sk, item)
        self.save()

    def save_new_tables(self) -> None:
        """Save all where a table was made or changed: the journal holds items alone."""
        if json.dumps(self._defined(), default=str) != self._definitions:
            self.save()

    def save(self) -> None:
        """Save the tables whole and begin the journal anew."""
        definitions = json.dumps(self._defined(), default=str)
        state = {**_metadata(), "tables": _without_indexes()}
        write_state("dynamodb", encode_state("dynamodb", state))
        # A crash here is harmless: the journal's changes lead to the same tables twice.
        os.ftruncate(self._file, 0)
        self._definitions = definitions

    def _lay(self, table: Table | None, pk: Any, sk: Any, item: Any) -> None:
        if table is None:
            return
        if item is None:
            self._remove(table, pk, sk)
        else:
            self._set(table, pk, sk, item)

    def _write(self) -> None:
        if self._changes:
            changes, self._changes = self._changes, []
            line = json.dumps(changes, default=saved._json_default) + "\n"
            os.write(self._file, line.encode())

    def _defined(self) -> list[dict[str, Any]]:
        stripped = [
            {name: value for name, value in table.items() if name not in _COUNTED}
            for table in list(tables._tables.all_values())
        ]
        return [*stripped, _metadata()]


def encode_state(service: str, state: Any) -> str:
    """What the emulator's own loader reads back."""
    version = saved._state_format_version(service)
    wrapped = {"__ministack_format__": version, "payload": state}
    return json.dumps(wrapped, default=saved._json_default)


def write_state(service: str, text: str) -> None:
    path = Path(saved.STATE_DIR) / f"{service}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(text, "utf-8")
    fresh.replace(path)


def _metadata() -> dict[str, Any]:
    return {"tags": tables._tags, "ttl_settings": tables._ttl_settings}


def _without_indexes() -> Any:
    kept = type(tables._tables)()
    for (account, region, name), table in tables._tables.all_items():
        stripped = {key: value for key, value in table.items() if key != tables._INDEX_MEMBERS}
        kept.set_scoped(account, region, name, stripped)
    return kept
