"""Nothing of ours scans the table, and the guard over all tests would see it."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chalicelib import table
from tests.architecture.scans import OURS, ROOT, SCANS, forbidden
from tests.aws_calls import aws_client

ASKS = """
def ask():
    return list(Item.scan())

def ask_and_hide():
    try:
        return 1 / len(list(Item.scan())[:0])
    except Exception:
        return None

def ask_in_words():
    client.execute_statement(Statement='SELECT * FROM "desk"')
"""
NAMED = re.compile(r"scan|(batch_?)?execute_?statement|execute_?transaction", re.IGNORECASE)


@pytest.fixture(autouse=True)
def _no_scans() -> None:
    """Here they are asked for, so the guard of all other tests is off."""


def asking(name: str) -> Callable[[], Any]:
    """A function that scans, from a module of the desk that does not exist."""
    names: dict[str, Any] = {"Item": table.Item, "client": aws_client("dynamodb")}
    exec(compile(ASKS, str(ROOT / "chalicelib" / "hasty.py"), "exec"), names)  # noqa: S102
    found: Callable[[], Any] = names[name]
    return found


@pytest.mark.parametrize("name", ["ask", "ask_and_hide", "ask_in_words"])
@pytest.mark.usefixtures("world")
def test_a_scan_by_the_desk_is_seen_with_its_place(name: str) -> None:
    with forbidden() as found:
        asking(name)()
    assert found
    assert all("chalicelib/hasty.py" in place for place in found)


@pytest.mark.usefixtures("world")
def test_a_scan_by_a_test_is_its_own_business() -> None:
    with forbidden() as found:
        assert aws_client("dynamodb").scan(TableName="desk")["Items"]
    assert found == []


def test_no_module_names_a_scan() -> None:
    named = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in sorted({*ROOT.glob("app.py"), *modules()})
        for word in words_of(path)
        if NAMED.fullmatch(word)
    ]
    assert named == []


def modules() -> list[Path]:
    return [path for home in OURS for path in Path(home).rglob("*.py")]


def words_of(path: Path) -> list[str]:
    """The attributes and texts of a module."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    attributes = [node.attr for node in nodes if isinstance(node, ast.Attribute)]
    texts = [node.value for node in nodes if isinstance(node, ast.Constant)]
    return [*attributes, *(text for text in texts if isinstance(text, str))]


def test_the_guard_knows_every_name_of_a_scan() -> None:
    operations = set(aws_client("dynamodb").meta.service_model.operation_names)
    assert {name for name in operations if NAMED.fullmatch(name)} == SCANS
