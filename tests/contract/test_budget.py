"""What each operation costs: no more than its target, and exactly what docs/budget.md says."""

from __future__ import annotations

import pytest

from tests.bench.budget import DOCUMENT, document
from tests.bench.operations import Operation, measure_all
from tests.meter import Meter

Measured = dict[Operation, Meter]


@pytest.fixture(scope="module")
def measured() -> Measured:
    return measure_all()


def test_every_operation_makes_as_many_calls_as_its_target(measured: Measured) -> None:
    missed = {
        operation.name: meter.table()
        for operation, meter in measured.items()
        if len(meter.calls) != operation.calls
    }
    assert missed == {}


def test_no_operation_writes_more_units_than_its_target(measured: Measured) -> None:
    missed = {
        operation.name: meter.table()
        for operation, meter in measured.items()
        if operation.writes is not None and meter.write_units + meter.index_units > operation.writes
    }
    assert missed == {}


def test_the_document_holds_the_figures_of_today(measured: Measured) -> None:
    assert DOCUMENT.read_text("utf-8") == document(measured), "run python -m tests.bench.budget"
