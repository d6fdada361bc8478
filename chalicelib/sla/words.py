"""What an explanation says, in the reader's words. Pure."""

from __future__ import annotations

from datetime import timedelta

from chalicelib import facts, i18n
from chalicelib.clocks.model import Clock
from chalicelib.desk.model import Desk
from chalicelib.sla.explain import Move


def sentence(move: Move, language: str, desk: Desk) -> str:
    """What happened to the clock, as the reader says it."""
    if move.told:
        return " ".join(_told(move, move.told, language, desk))
    clock = move.clock
    said = i18n.word("step", move.what, language) % {
        "calendar": clock.calendar,
        "policy": clock.policy or "–",
        "status": i18n.word("status", move.category, language),
        "counted": span(clock.elapsed),
    }
    if clock.breached_at or not clock.is_running:
        return said
    return f"{said} {_outlook(clock, language, desk.zone.key)}"


def _outlook(clock: Clock, language: str, zone: str) -> str:
    if clock.target is None or clock.due_at is None:
        return i18n.word("step", "untargeted", language)
    return i18n.word("step", "due", language) % {
        "target": span(clock.target),
        "left": span(max(clock.target - clock.elapsed, timedelta(0))),
        "due": i18n.date_time(clock.due_at, zone, language),
    }


def _told(move: Move, told: facts.Fact, language: str, desk: Desk) -> list[str]:
    if isinstance(told, facts.Escalated):
        return [told_sentence(told, language, desk)]
    said = told.to_payload()
    why = "; ".join(f"{name}: {text}" for name, text in said.get("problems", {}).items())
    values = {
        "at": said.get("at", ""),
        "level": said.get("level", ""),
        "why": why,
        "name": _name(move.by, desk),
    }
    waits = [i18n.word("ladder", "waits", language)] if said.get("waits") else []
    return [i18n.word("ladder", move.what, language) % values, *waits]


def told_sentence(told: facts.Escalated, language: str, desk: Desk) -> str:
    """Who was told by which level, and as what."""
    role = "" if told.role == "nobody" else i18n.word("role", told.role, language)
    kind = "told_level" if told.level else "told"
    if told.role == "nobody":
        kind = "nobody"
    elif told.level and told.calls > 1:
        kind = "again"
    return i18n.word("ladder", kind, language) % {
        "name": _agent(told.agent, desk) or told.email,
        "role": role % {"absent": _agent(told.absent, desk)},
        "level": told.level,
        "at": told.at,
    }


def _name(actor: str, desk: Desk) -> str:
    kind, _, name = actor.partition(":")
    return _agent(name, desk) if kind == "agent" else name


def _agent(name: str | None, desk: Desk) -> str:
    agent = desk.agents.get(name or "")
    return agent.name if agent else name or ""


def span(time: timedelta) -> str:
    """Open time to the second, such as `40:00 h`: days would mislead, since none has 24 hours."""
    seconds = int(time.total_seconds())
    hours, minutes = f"{seconds // 3600}", f"{seconds // 60 % 60:02}"
    return ":".join([hours, minutes, *([f"{seconds % 60:02}"] if seconds % 60 else [])]) + " h"
