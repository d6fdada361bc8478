"""What a change asks others to be told by webhook: the call, before and after it is made. Pure.

A rule asks for one by `changes.with_calls`; it is written with the change, and made afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class CallState(StrEnum):
    """Waiting is between two attempts; failed is for good, until somebody has it made again."""

    QUEUED = "queued"
    CALLING = "calling"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class HookCall:
    """One call of a webhook of the desk's, because of a fact, for a rule.

    Whoever asks for it says `webhook`, `at`, and why: the `rule`, the type of the `fact` and in
    which entry of the ticket that stands (`of`; 0 for that of the change itself). `number`, `seq`
    and `place` are given by the change. `due_at` is when it may be tried next, or when whoever
    makes it now has surely given up. `status` is what the receiver answered last.
    """

    webhook: str
    at: datetime
    rule: str = ""
    fact: str = ""
    of: int = 0
    number: int = 0
    seq: int = 0
    place: int = 0
    state: CallState = CallState.QUEUED
    attempt: int = 0
    due_at: datetime | None = None
    status: int | None = None
    reason: str | None = None

    @property
    def id(self) -> str:
        return f"{self.seq}-{self.place}"

    @property
    def is_over(self) -> bool:
        return self.state in {CallState.DONE, CallState.FAILED}

    def is_same(self, other: HookCall) -> bool:
        """Whether both tell the same webhook of the same thing for the same rule."""
        asked = (self.webhook, self.rule, self.fact, self.of)
        return asked == (other.webhook, other.rule, other.fact, other.of)
