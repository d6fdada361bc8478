from __future__ import annotations

import pytest

from tests.faults.cases import CASES
from tests.faults.desk import Desk
from tests.faults.harness import Case
from tests.faults.copies import play_all


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_fault_loses_anything_or_does_it_twice(case: Case[Desk]) -> None:
    import json
    found = {str(f): [x[:1500] for x in c] for f,c in play_all(case).items()}
    __import__("pathlib").Path("/tmp/fx/found.jsonl").open("a").write(json.dumps([case.name,found])+"\n")
    assert not found
