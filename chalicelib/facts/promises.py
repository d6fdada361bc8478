"""What becomes of what was promised: targets, and the ladders that lead up to them."""

from __future__ import annotations

from dataclasses import dataclass, field

from chalicelib.facts.base import PERSONAL, Fact


@dataclass(frozen=True)
class TargetBreached(Fact):
    """`cause` is policy_change where new terms made it late, and nothing in the usual case.

    Here and below, `waits` says that the step of the ladder calls nobody before the desk opens.
    """

    target: str
    due_at: str
    cause: str | None = None
    waits: bool = False


@dataclass(frozen=True)
class TargetsMoved(Fact):
    """The policies and opening hours of today were applied: due instants by target, None for none.

    Those that stayed where they were are in neither.
    """

    before: dict[str, str | None]
    after: dict[str, str | None]


@dataclass(frozen=True)
class TargetNear(Fact):
    """A target will be missed soon: `at` says which step of its ladder, or warning, this is."""

    target: str
    at: str
    due_at: str
    waits: bool = False


@dataclass(frozen=True)
class TargetOverdue(Fact):
    """A target was missed a while ago: `at` says which step of its ladder this is."""

    target: str
    at: str
    due_at: str
    waits: bool = False


@dataclass(frozen=True)
class StepCalled(Fact):
    """A step that has come calls: once the desk is open (`calls` is 1), or again."""

    target: str
    at: str
    due_at: str
    calls: int


@dataclass(frozen=True)
class StepBlocked(Fact):
    """What a step would set and cannot: why, by field."""

    target: str
    at: str
    level: int
    problems: dict[str, str] = field(metadata=PERSONAL)


@dataclass(frozen=True)
class Escalated(Fact):
    """Somebody was told by a step: an agent, or an address, or nobody where there was none.

    `role` is what they are to the ticket, a substitute that of `absent`; `level` is 0 where the
    policy has no ladder.
    """

    target: str
    agent: str | None
    at: str = "0"
    level: int = 0
    role: str = "group_lead"
    calls: int = 1
    email: str = field(default="", metadata=PERSONAL)
    absent: str | None = None


@dataclass(frozen=True)
class EscalationAcknowledged(Fact):
    """Whoever did this takes care of what has escalated."""

    targets: list[str]
