"""What the rules of the desk did."""

from __future__ import annotations

from dataclasses import dataclass, field

from chalicelib.facts.base import PERSONAL, Fact


@dataclass(frozen=True)
class RuleFired(Fact):
    """A rule of that version of the desk did what it does; the facts of it follow.

    `matched` is what the fields were that it asks about, without those that are personal; `undone`
    is what it could not do, and why. `told` are the texts of its mails.
    """

    rule: str
    config: int
    matched: dict[str, list[str]] = field(default_factory=dict)
    undone: dict[str, str] = field(default_factory=dict, metadata=PERSONAL)
    told: list[str] = field(default_factory=list, metadata=PERSONAL)


@dataclass(frozen=True)
class RulePaused(Fact):
    """A rule fired too often on one ticket, by the limit that `why` names, and rests."""

    rule: str
    why: str
    ticket: int


@dataclass(frozen=True)
class RuleResumed(Fact):
    rule: str
