"""How often rules fired on one ticket lately, and how many mails they sent about it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib.desk.mail import Limits

LIFE = timedelta(hours=25)
_DAY = 24


@dataclass(frozen=True, slots=True)
class Counts:
    """`firings` are those of each rule in its last hour, `mails` those of all rules, by hour.

    Hours are counted since 1970.
    """

    firings: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    mails: Mapping[int, int] = field(default_factory=dict)

    def plus(self, rule: str, mails: int, now: datetime) -> Counts:
        """The counts with one more firing, without what is too old to matter."""
        hour = _hour(now)
        fresh = {name: one for name, one in self.firings.items() if one[0] == hour}
        sent = {at: count for at, count in self.mails.items() if at > hour - _DAY}
        if mails:
            sent[hour] = sent.get(hour, 0) + mails
        return Counts({**fresh, rule: (hour, self.fired(rule, now) + 1)}, sent)

    def fired(self, rule: str, now: datetime) -> int:
        """How often a rule fired since the hour struck."""
        hour, count = self.firings.get(rule, (0, 0))
        return count if hour == _hour(now) else 0

    def excess(self, rule: str, mails: int, limits: Limits, now: datetime) -> str | None:
        """Which limit one more firing with so many mails would break."""
        if self.fired(rule, now) >= limits.rule_firings:
            return "rule_firings"
        sent = sum(count for at, count in self.mails.items() if at > _hour(now) - _DAY)
        return "rule_mails" if mails and sent + mails > limits.rule_mails else None


def _hour(now: datetime) -> int:
    return int(now.timestamp()) // 3600
