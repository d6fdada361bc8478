"""Handler x AWS call: whatever fails or dies wherever, and however often the event comes again,
nothing is lost and nothing happens twice. docs/faults.md says what is tried and what may remain.
"""

from __future__ import annotations

import pytest

import app
from tests.faults.cases import CASES
from tests.faults.copies import play_all
from tests.faults.desk import Desk
from tests.faults.harness import Case, Fault, rehearse


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_fault_loses_anything_or_does_it_twice(case: Case[Desk]) -> None:
    left = play_all(case)
    unknowable = {fault for fault in left if leaves_it_unknown(case, fault)}
    assert {str(fault): left[fault] for fault in left.keys() - unknowable} == {}
    for fault in unknowable:
        assert [line.partition(" {")[0] for line in left[fault]] == ["too much: mail"], fault


def leaves_it_unknown(case: Case[Desk], fault: Fault) -> bool:
    """Whether SES may have sent and nobody can say so: no answer came, or who heard it died."""
    if fault.operation == "SendEmail":
        return fault.moment == "after"
    before = rehearse(case).calls[fault.position - 2 : fault.position - 1]
    is_next = [call.operation for call in before] == ["SendEmail"]
    return is_next and (fault.moment, fault.kind) == ("before", "killed")


def test_every_function_stands_in_the_table() -> None:
    woken = {case.name.partition(":")[0] for case in CASES}
    assert woken == {function.name for function in app.app.pure_lambda_functions} | {"app"}
