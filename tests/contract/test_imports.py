"""What a cold start pays for: every function imports all of app.py, so it must import little."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

import pytest

from tests.bench.imports import APP, FLOOR, ROOT, modules

HEAVY = {"babel", "boto3", "cryptography", "jinja2", "markupsafe", "nh3", "s3transfer", "zipfile"}
# Never in a function at all: they belong to tools and tests, or to libraries that nobody asked for.
STRANGE = {"asyncio", "jwt", "moto", "multiprocessing", "pydantic", "yaml"}
# Of ours and of the standard library: what mails, exports and the description of the API take.
LATER = {
    "chalicelib.delivery.letters",
    "chalicelib.exports.bundle",
    "chalicelib.exports.service",
    "chalicelib.intake.service",
    "chalicelib.mail.compose",
    "chalicelib.mail.parse",
    "chalicelib.mail.quotes",
    "chalicelib.mail.sanitize",
    "chalicelib.web.api.openapi",
    "email.mime",
    "email.parser",
}


@pytest.mark.slow
def test_app_imports_nothing_that_only_some_functions_need() -> None:
    # botocore and chalice import a few of these themselves, which is part of the floor.
    own = set(modules(APP)) - set(modules(FLOOR))
    assert own & (HEAVY | STRANGE | LATER) == set()


@pytest.mark.slow
def test_to_import_app_is_little_more_than_its_floor() -> None:
    # By the size of what is read: `make bench` measures the time, which no test can rely on.
    whole, floor = (sum(modules(code).values()) for code in (APP, FLOOR))
    assert whole <= 1.3 * floor


def test_heavy_libraries_are_imported_where_they_are_first_used() -> None:
    found: dict[str, set[str]] = defaultdict(set)
    for path in [ROOT / "app.py", *(ROOT / "chalicelib").rglob("*.py")]:
        for library, is_at_once in imports_of(ast.parse(path.read_text("utf-8"))):
            if library in HEAVY | STRANGE:
                when = "at once" if is_at_once else "when used"
                found[library].add(f"{path.relative_to(ROOT).as_posix()} {when}")
    assert found == {
        "babel": {"chalicelib/i18n.py when used"},
        "boto3": {"chalicelib/ports.py when used"},
        "cryptography": {
            "chalicelib/mail/certificates.py when used",
            "chalicelib/mail/cms.py when used",
            "chalicelib/mail/smime.py when used",
        },
        "jinja2": {"chalicelib/render.py when used"},
        "nh3": {"chalicelib/mail/sanitize.py when used"},
        # Only what packs exports imports this module, and app.py imports none of it.
        "zipfile": {"chalicelib/exports/bundle.py at once"},
    }


def imports_of(module: ast.Module) -> Iterator[tuple[str, bool]]:
    """The libraries that a module imports, and whether it does so when it is imported itself."""
    later = {
        id(node)
        for function in ast.walk(module)
        if isinstance(function, ast.FunctionDef) or is_for_types(function)
        for node in ast.walk(function)
    }
    for node in ast.walk(module):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
        yield from ((name.partition(".")[0], id(node) not in later) for name in names)


def is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
