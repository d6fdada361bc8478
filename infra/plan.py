"""What would change if a configuration went live, key by key, and what looks doubtful in it."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from chalicelib.desk import service, store
from chalicelib.desk.model import ORDERED
from chalicelib.ledger.model import OPERATOR
from chalicelib.ports import Ports
from chalicelib.rules import store as rules
from infra import lint, lint_rules

DONE, CHANGES = 0, 2


@dataclass(frozen=True, slots=True)
class Difference:
    """One key that changes; None is a value that is not there."""

    section: str
    path: str
    before: Any
    after: Any

    def __str__(self) -> str:
        if self.before is None:
            return f"  + {self.path}: {_short(self.after)}"
        if self.after is None:
            return f"  - {self.path}: {_short(self.before)}"
        return f"  ~ {self.path}: {_short(self.before)} -> {_short(self.after)}"


@dataclass(frozen=True, slots=True)
class Plan:
    """The way from the live version to a folder; `live` is 0 before the first version."""

    live: int
    differences: tuple[Difference, ...]
    warnings: tuple[tuple[str, str], ...]

    @property
    def exit_code(self) -> int:
        return CHANGES if self.differences else DONE

    def to_json(self) -> dict[str, Any]:
        changes = [
            {"section": one.section, "path": one.path, "before": one.before, "after": one.after}
            for one in self.differences
        ]
        warnings = [{"path": path, "problem": problem} for path, problem in self.warnings]
        return {"version": self.live, "changes": changes, "warnings": warnings}

    def lines(self) -> Iterator[str]:
        """The plan in words, section by section."""
        for section, found in groupby(self.differences, lambda one: one.section):
            yield section
            yield from map(str, found)
        yield from (f"warning: {path} {problem}" for path, problem in self.warnings)
        if self.differences:
            yield f"Version {self.live} is live. To go on: apply --expect {self.live}"
        else:
            yield f"Version {self.live} is live, and nothing is to be changed."


def apply(
    ports: Ports, body: Mapping[str, Any], *, expect: int | None, by: str, comment: str
) -> str:
    """Make a configuration live, and say what that changed.

    Nobody is overwritten without a word: whose change it undoes stands in what is said.
    """
    live, before = service.live_body(ports)
    number = service.apply(
        ports, body, expect=live if expect is None else expect, by=by, comment=comment
    )
    found = [str(one) for one in differences(before, body)] if number != live else []
    return "\n".join([*found, f"version {number} is live"])


def login() -> str:
    """Who is at work on this machine."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return OPERATOR.id


def history(*, as_json: bool) -> None:
    """Print every version, oldest first, a line each; the newest is live."""
    for version in store.versions():
        if as_json:
            print(json.dumps({**asdict(version), "at": version.at.isoformat()}))
        else:
            at = version.at.isoformat(timespec="seconds")
            print(f"{version.number:>6}  {at}  {version.by}  {version.comment}".rstrip())


def plan(ports: Ports, body: Mapping[str, Any]) -> Plan:
    """The plan for a configuration, or Invalid where it could not go live."""
    now = ports.clock()
    desk = service.check(body, now)
    live, before = service.live_body(ports)
    fired = rules.standing().fired
    warnings = (*lint.warnings(body, desk, now), *lint_rules.stale(desk, fired, now))
    return Plan(live, differences(before, body), warnings)


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Every key in which two configurations differ, by section."""
    return tuple(
        Difference(section, path, old, new)
        for section in sorted({*before, *after})
        for path, old, new in (
            *_walk(section, before.get(section), after.get(section)),
            *_order(section, before.get(section), after.get(section)),
        )
    )


def _order(section: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    """That the entries of a section stand in another order: of rules the first comes first."""
    if section in ORDERED and isinstance(before, dict) and isinstance(after, dict):
        old, new = (
            [name for name in one if name in other]
            for one, other in ((before, after), (after, before))
        )
        if old != new:
            yield f"{section} (order)", old, new


def _walk(path: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted({*before, *after}):
            yield from _walk(f"{path}.{name}", before.get(name), after.get(name))
    elif before != after:
        yield path, before, after


def _short(value: Any, *, limit: int = 70) -> str:
    text = str(value).replace("\n", " ")
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
