"""What is hardly meant in ladders: those nobody climbs, and steps that cannot come."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from chalicelib.clocks.model import MISSED, Ladder, Metric, Policy, Step
from chalicelib.desk.ladders import EMAIL
from chalicelib.desk.model import Desk

_YEAR = timedelta(days=365)
_ZERO = timedelta(0)


def doubts(desk: Desk, now: datetime) -> Iterator[tuple[str, str]]:
    """Everything doubtful about the ladders of a desk: place and sentence."""
    for name, ladder in desk.ladders.items():
        place = f"ladders.{name}"
        targets = _targets(desk, ladder)
        if not targets:
            yield place, "no target of any policy uses it"
        for number, step in enumerate(ladder.steps):
            for problem in _of_step(step, desk, targets, now):
                yield f"{place}.steps[{number}]", problem


def _targets(desk: Desk, ladder: Ladder) -> list[tuple[Policy, Metric, timedelta]]:
    """Every target that has this ladder."""
    return [
        (policy, metric, target)
        for policy in desk.policies.values()
        for (metric, _), target in policy.targets.items()
        if policy.ladder_of(metric).name == ladder.name
    ]


def _of_step(
    step: Step, desk: Desk, targets: list[tuple[Policy, Metric, timedelta]], now: datetime
) -> Iterator[str]:
    if step.is_after and MISSED in step.stops:
        yield "never comes: it follows the miss, which ends it"
    if targets and all(step.after(target) <= _ZERO for *_, target in targets):
        yield "never comes: no target is that long"
    if step.repeats and not step.stops:
        yield "calls until its last time, whatever happens: say what it is to stop_on"
    if step.is_urgent and targets and not any(_closes(policy, now) for policy, *_ in targets):
        yield "is urgent for nothing: the desk is always open then"
    for word in step.notify:
        if word.startswith(EMAIL) and desk.group_at(word.removeprefix(EMAIL)):
            yield f"{word} is an address of the desk: its notices would open tickets"


def _closes(policy: Policy, now: datetime) -> bool:
    return policy.calendar.between(now, now + _YEAR) < _YEAR
