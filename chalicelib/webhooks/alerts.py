"""What a source tells in its JSON, and what follows from it for the alert. Pure.

Senders repeat what they say and change its order. An alert has outbreaks, told apart by when each
began: what is said of an older one than the newest comes too late and counts no more. Where a
source does not say when an alert began, what is said of it is taken in the order in which it comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from chalicelib.desk.hooks import Source
from chalicelib.errors import Invalid

MOST = 100
NOTES = 10
_KEY_LENGTH, _VALUE_LENGTH, _TEXT_LENGTH = 300, 500, 8_000


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert of a call. `is_over` is None where its state is none that the desk knows."""

    key: str
    is_over: bool | None
    title: str = ""
    text: str = ""
    severity: str = ""
    began: str = ""
    ticket: int | None = None
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> str:
        """All that is said, for people."""
        noted = {**({"severity": self.severity} if self.severity else {}), **self.fields}
        lines = "\n".join(f"{name}: {value}" for name, value in noted.items())
        return "\n\n".join(filter(None, [self.text or self.title, lines]))


class AlertState(StrEnum):
    """Of the newest outbreak. `early` is one whose end was told before its beginning."""

    NONE = "none"
    FIRING = "firing"
    OVER = "over"
    EARLY = "early"


@dataclass(frozen=True, slots=True)
class Memory:
    """What is known of an alert: its newest outbreak, its ticket, how often that was told again."""

    state: AlertState = AlertState.NONE
    began: str = ""
    number: int | None = None
    notes: int = 0
    changes: int = 0


class Step(StrEnum):
    """What an alert asks for. `both` begins and ends it at once, `remember` changes no ticket."""

    BEGIN = "begin"
    AGAIN = "again"
    END = "end"
    BOTH = "both"
    REMEMBER = "remember"
    NOTHING = "nothing"


def step_of(alert: Alert, memory: Memory) -> tuple[Step, Memory]:
    """What to do about an alert, and what to remember of it then."""
    if alert.is_over is None or _is_older(alert.began, memory.began):
        return Step.NOTHING, memory
    is_same = alert.began == memory.began
    if alert.is_over:
        return _over(alert, memory, is_same=is_same)
    if is_same and memory.state is AlertState.FIRING:
        return Step.AGAIN, replace(memory, notes=memory.notes + 1)
    if is_same and memory.state is AlertState.OVER and alert.began:
        return Step.NOTHING, memory
    if is_same and memory.state is AlertState.EARLY:
        return Step.BOTH, replace(memory, state=AlertState.OVER, notes=0)
    return Step.BEGIN, replace(memory, state=AlertState.FIRING, began=alert.began, notes=0)


def _over(alert: Alert, memory: Memory, *, is_same: bool) -> tuple[Step, Memory]:
    if memory.state is AlertState.FIRING:
        # The end of a newer outbreak is the end of this one, too.
        return Step.END, replace(memory, state=AlertState.OVER, began=alert.began)
    if is_same or not alert.began:
        return Step.NOTHING, memory
    return Step.REMEMBER, replace(memory, state=AlertState.EARLY, began=alert.began)


def _is_older(began: str, newest: str) -> bool:
    """Whether an outbreak began before the newest; what is no instant is as new as it comes."""
    try:
        return datetime.fromisoformat(began) < datetime.fromisoformat(newest)
    except (ValueError, TypeError):
        return False


# Reading. ------------------------------------------------------------------------------------


def read_alerts(source: Source, body: Mapping[str, Any]) -> list[Alert]:
    """The alerts in a body, each with its key where it has one.

    Invalid where they do not stand where the desk says, or none has a key.
    """
    found: Any = _at(body, source.list) if source.list else [body]
    if not isinstance(found, list):
        raise Invalid("There are no alerts.", fields={source.list: "must be a list"})
    if len(found) > MOST:
        raise Invalid("Send fewer at once.", fields={source.list: f"at most {MOST}"})
    alerts = [_alert(source, one) for one in found]
    if source.key and alerts and not any(alert.key for alert in alerts):
        missing = dict.fromkeys(source.key, "is missing, or no single value")
        raise Invalid("Nobody knows which alert this is.", fields=missing)
    return alerts


def _alert(source: Source, body: Any) -> Alert:
    key = "/".join(filter(None, (_text(body, path) for path in source.key)))[:_KEY_LENGTH]
    number = _text(body, source.ticket)
    noted = {name: _text(body, path) for name, path in source.fields.items()}
    return Alert(
        key=key,
        is_over=_is_over(source, _text(body, source.state)),
        title=" ".join((_text(body, source.title) or key).split()),
        text=_text(body, source.text, _TEXT_LENGTH),
        severity=_text(body, source.severity),
        began=_text(body, source.began),
        ticket=int(number) if number.isascii() and number.isdigit() else None,
        fields={name: value for name, value in noted.items() if value},
    )


def _is_over(source: Source, state: str) -> bool | None:
    if not source.state or state.casefold() in source.firing:
        return False
    return True if state.casefold() in source.resolved else None


def _text(body: Any, path: str, length: int = _VALUE_LENGTH) -> str:
    """A single value as text; nothing where there is none."""
    value = _at(body, path) if path else None
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).strip()[:length] if isinstance(value, str | int | float) else ""


def _at(body: Any, path: str) -> Any:
    for name in path.split("."):
        if isinstance(body, list) and name.isascii() and name.isdigit():
            body = body[int(name)] if int(name) < len(body) else None
        elif isinstance(body, Mapping):
            body = body.get(name)
        else:
            return None
    return body
