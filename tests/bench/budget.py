"""`python -m tests.bench.budget` measures every operation and writes docs/budget.md."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from infra.messages import compile_all
from tests.bench.operations import TEXT, Operation, measure_all
from tests.meter import Meter

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "budget.md"
HEAD = """# Budget

What each operation costs: calls to AWS, and units of DynamoDB by its own rules (transactions
count twice, every index that a write reaches counts as well). Everything is warm: configuration,
keys and clients are cached, as they are for all but the first request of a process. The mail has
{mail} characters of text.

`python -m tests.bench.budget` writes this file; `tests/contract/test_budget.py` fails where it is
not true any more, and where an operation makes more calls than its target. A changed line belongs
in the commit that changed it, with a reason.

| operation | calls | target | write units | of indexes | read units | which calls |
|---|---:|---:|---:|---:|---:|---|
"""
SHORT = {
    "BatchGetItem": "BatchGet",
    "TransactWriteItems": "Transact",
    "UpdateItem": "Update",
}


def document(measured: Mapping[Operation, Meter]) -> str:
    """The whole file."""
    lines = [line(operation, meter) for operation, meter in measured.items()]
    return HEAD.format(mail=len(TEXT)) + "\n".join(lines) + "\n"


def line(operation: Operation, meter: Meter) -> str:
    calls = ", ".join(SHORT.get(call.operation, call.operation) for call in meter.calls)
    total = meter.write_units + meter.index_units
    limit = f"{total} of {operation.writes}" if operation.writes else f"{total}"
    figures = [len(meter.calls), operation.calls, limit, meter.index_units, f"{meter.read_units:g}"]
    return f"| {operation.name} | {' | '.join(map(str, figures))} | {calls} |"


def main() -> None:
    compile_all(ROOT)
    DOCUMENT.write_text(document(measure_all()), "utf-8")
    print(DOCUMENT.read_text("utf-8"))


if __name__ == "__main__":
    main()
