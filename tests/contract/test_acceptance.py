"""docs/acceptance.md names tests and commands: every one of them has to exist."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from infra.__main__ import main

ROOT = Path(__file__).resolve().parents[2]
ATTACKS = ROOT / "tests" / "attacks"
PROMISES = (ROOT / "docs" / "acceptance.md").read_text("utf-8")
CODE = re.compile(r"`([^`\n]+)`")
CITED = re.compile(r"\b(CVE-\d{4}-\d{4,}|GHSA(-\w{4}){3}|Class: \w)")


@cache
def named_in(path: str) -> dict[str, str]:
    """The tests of a file by name, each with its docstring."""
    file = ROOT / path
    if not file.is_file():
        return {}
    nodes = ast.walk(ast.parse(file.read_text("utf-8")))
    made = [node for node in nodes if isinstance(node, ast.FunctionDef)]
    return {
        node.name: ast.get_docstring(node) or "" for node in made if node.name.startswith("test_")
    }


def is_test(name: str) -> bool:
    path, _, test = name.partition("::")
    return test in named_in(path)


def is_command(words: str) -> bool:
    """Whether `make X`, `python -m infra X` or `python -m tests.X` is there to be run."""
    if words.startswith("make "):
        makefile = (ROOT / "Makefile").read_text("utf-8")
        return f"\n{words.split()[1]}:" in makefile
    module, *rest = words.removeprefix("python -m ").split()
    if module == "infra":
        with pytest.raises(SystemExit) as ended:
            main([*rest[:1], "--help"])
        return ended.value.code == 0
    place = ROOT / module.replace(".", "/")
    return place.with_suffix(".py").is_file() or (place / "__main__.py").is_file()


def is_shown(code: str) -> bool | None:
    """Whether what a cell names exists; None where it is only a word in a sentence."""
    if "::" in code:
        return is_test(code)
    return is_command(code) if code.startswith(("make ", "python -m ")) else None


def rows() -> list[tuple[str, str]]:
    cells = re.findall(r"^\| (.+) \| (.+) \|$", PROMISES, re.MULTILINE)
    return [(what, shown) for what, shown in cells if what != "what holds"]


def test_every_promise_names_a_test_or_a_command_that_exists() -> None:
    assert len(rows()) > 80
    missing = {
        what: [code for code in CODE.findall(shown) if not is_shown(code)] or "names nothing"
        for what, shown in rows()
        if not CODE.findall(shown) or not all(map(is_shown, CODE.findall(shown)))
    }
    assert missing == {}


def test_what_stands_around_the_tables_exists_too() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", PROMISES)
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
    assert [code for code in CODE.findall(PROMISES) if is_shown(code) is False] == []


@pytest.mark.parametrize(
    "gone",
    [
        "tests/contract/test_acceptance.py::test_of_nothing",
        "tests/contract/test_nothing.py::test_of_nothing",
        "make nothing",
        "python -m infra nothing",
        "python -m tests.nothing",
    ],
)
def test_what_is_gone_is_found(gone: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert is_shown(gone) is False
    capsys.readouterr()


def test_every_attack_cites_an_advisory_or_a_class() -> None:
    files = [path.relative_to(ROOT).as_posix() for path in ATTACKS.glob("test_*.py")]
    attacks = {name: said for path in files for name, said in named_in(path).items()}
    assert len(attacks) >= 25
    assert [name for name, said in attacks.items() if not CITED.search(said)] == []
