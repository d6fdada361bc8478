"""What two hundred rules cost: no work is done twice. `tests.bench.rules` tells the time."""

from __future__ import annotations

import pytest

from chalicelib.rules.model import Why
from tests.bench import rules


def test_each_rule_asks_for_what_it_names_and_no_more() -> None:
    known, found = rules.desk(), rules.opened()
    verdicts = rules.judged(known, found)
    assert len(verdicts) == rules.RULES
    assert verdicts.count(Why.FIRES) == 1
    # What does not hold by its first condition is not asked for the second.
    named = sum(len(trigger.when.fields) for trigger in known.triggers)
    assert rules.reads(known, found) <= named


def test_the_ticket_is_looked_at_once_for_all_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    known, found, made = rules.desk(), rules.opened(), []
    from chalicelib.rules import model

    inner = model.situation.situation
    monkeypatch.setattr(
        "chalicelib.rules.model.situation.situation",
        lambda *args, **more: made.append(1) or inner(*args, **more),
    )
    rules.judged(known, found)
    assert len(made) == 1
