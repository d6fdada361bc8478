"""The rules of the house that no import contract can tell."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted([ROOT / "app.py", *(ROOT / "chalicelib").rglob("*.py")])
HOMES = {
    "boto3": {"chalicelib/ports.py"},
    "pynamodb": {"store.py", "items.py"},
    "chalice": {"app.py", "chalicelib/web/"},
    "jinja2": {"chalicelib/render.py"},
}
# Prefixes of keys, which only the table module may spell out.
KEY_LITERAL = re.compile(r"^(T|S|SES|MID|P|E|RATE|SU|TOK|IDEM|X|Y|G|U|DUE|L|SUSP|CFG|O)#")
DRAWERS = ("manager", "helper", "utils", "common", "processor", "data", "info")


def name_of(module: Path) -> str:
    return module.relative_to(ROOT).as_posix()


def imports_of(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("library", HOMES)
def test_a_library_is_imported_only_where_it_lives(library: str) -> None:
    homes = HOMES[library]
    strays = [
        name_of(module)
        for module in MODULES
        if any(found.split(".")[0] == library for found in imports_of(module))
        and not any(name_of(module).startswith(home) or module.name == home for home in homes)
    ]
    assert strays == []


def test_keys_are_spelled_out_in_the_table_module_alone() -> None:
    strays = [
        f"{name_of(module)}: {node.value!r}"
        for module in MODULES
        if name_of(module) not in {"chalicelib/table/__init__.py", "chalicelib/table/keys.py"}
        for node in ast.walk(ast.parse(module.read_text("utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and KEY_LITERAL.match(node.value)
    ]
    assert strays == []


def test_nothing_scans_the_table() -> None:
    calls = [
        name_of(module)
        for module in MODULES
        for node in ast.walk(ast.parse(module.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "scan"
    ]
    assert calls == []


def test_no_module_is_a_drawer() -> None:
    assert [name_of(m) for m in MODULES if m.stem in DRAWERS or m.parent.name in DRAWERS] == []


def test_no_module_has_grown_past_a_screenful_of_screens() -> None:
    long = {name_of(m): n for m in MODULES if (n := len(m.read_text("utf-8").splitlines())) > 500}
    assert long == {}


def test_every_module_says_what_lives_in_it() -> None:
    silent = [
        name_of(m) for m in MODULES if ast.get_docstring(ast.parse(m.read_text("utf-8"))) is None
    ]
    assert silent == []


def test_app_is_a_table_of_contents() -> None:
    tree = ast.parse((ROOT / "app.py").read_text("utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    lines = {f.name: [s for s in f.body if not isinstance(s, ast.ImportFrom)] for f in functions}
    assert {name: len(body) for name, body in lines.items() if len(body) > 4} == {}
    assert [f.name for f in functions if ast.get_docstring(f) is None] == []
