"""Ladders: what happens on the way to a target and after its miss, step by step. Pure.

    ladders:
      usual:
        steps:
          - {at: "50%", notify: [assignee]}
          - {at: "0", notify: [group_lead], repeat: {every: 1h, max: 3}}
          - {at: "+1d", notify: [agent:lena], set: {priority: urgent}}

Which policy has which ladder stands there (`promises`); whom a step calls is found out in `sla`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from chalicelib.clocks.model import STOPS, USUAL_STOPS, Ladder, Step
from chalicelib.desk.keys import (
    DURATION,
    YES_NO,
    Key,
    Kind,
    Reading,
    from_text,
    keys_of,
    list_of,
    nearest,
    one_of,
    section,
    simple,
)
from chalicelib.desk.promises import point
from chalicelib.desk.settings import SET

ROLES = ("assignee", "responsible", "followers", "group_lead")
AGENT, EMAIL = "agent:", "email:"
CLOCKS = ("business", "calendar")
LEVELS = 20
REPEATS = 48
SOONEST = timedelta(minutes=1)
_NOTIFY = rf"^({'|'.join(ROLES)}|{AGENT}[a-z][a-z0-9_-]*|{EMAIL}[^@\s]+@[^@\s]+)$"


def _notify(value: Any, at: str, reading: Reading) -> str:
    """Whom a step calls; an agent has to be one of the desk's."""
    text = str(value)
    agents = reading.names("agents")
    if text.startswith(AGENT) and text.removeprefix(AGENT) not in agents:
        name = text.removeprefix(AGENT)
        reading.problems[at] = f"{name!r} is none of the agents{nearest(name, agents)}"
    elif not re.fullmatch(_NOTIFY, text):
        known = (*ROLES, f"{AGENT}...", f"{EMAIL}...")
        reading.problems[at] = f"{text!r} is none of {', '.join(known)}{nearest(text, ROLES)}"
    return text.lower() if text.startswith(EMAIL) else text


def _repeats(value: Any) -> int:
    if type(value) is not int or not 1 <= value <= REPEATS:
        raise ValueError(f"must be a number from 1 to {REPEATS}")
    return value


def _ladder(name: str, values: dict[str, Any], _: Reading) -> Ladder:
    given = values["steps"]
    if not 1 <= len(given) <= LEVELS:
        raise ValueError(f"a ladder has 1 to {LEVELS} steps")
    steps = tuple(_step(place, one) for place, one in enumerate(given))
    names = [step.at for step in steps]
    twice = next((at for at in names if names.count(at) > 1), None)
    if twice:
        raise ValueError(f"two steps come at {twice}: make them one")
    return Ladder(name, steps)


def _step(place: int, values: Mapping[str, Any]) -> Step:
    step: Step = values["at"]
    for is_wrong, problem in _contradictions(step, values):
        if is_wrong:
            raise ValueError(f"steps[{place}] {problem}")
    repeat = values.get("repeat", {})
    return replace(
        step,
        by_calendar=values.get("clock", "calendar" if step.days else "business") == "calendar",
        notify=values.get("notify", ()),
        sets=values.get("set", {}),
        every=repeat.get("every"),
        repeats=repeat.get("max", 0),
        stops=frozenset(values.get("stop_on", USUAL_STOPS)),
        is_urgent=values.get("urgent", False),
    )


def _contradictions(step: Step, values: Mapping[str, Any]) -> list[tuple[bool, str]]:
    clock, repeat = values.get("clock"), values.get("repeat", {})
    is_idle = not values.get("notify") and not values.get("set")
    return [
        (is_idle, "does nothing: say whom it is to notify, or what to set"),
        (
            step.share < 1 and clock == "calendar",
            "is a share of business time: leave out the clock",
        ),
        (
            bool(step.days) and clock == "business",
            "counts days, which are those of the calendar: write hours, or leave out the clock",
        ),
        (bool(repeat) and not values.get("notify"), "repeats a call, and calls nobody"),
        (bool(repeat) and repeat["every"] < SOONEST, "repeats more than once a minute"),
    ]


LADDERS = section(
    (
        Key(
            "steps",
            list_of(
                keys_of(
                    (
                        Key(
                            "at",
                            from_text(point, pattern=r"^([1-9]\d?%|0|[-+]\s*(\d+\s*[smhd]\s*)+)$"),
                            "When: 50% of the target, -30m before it, 0 at its miss, +1h or +1d "
                            "after it. No two steps have the same.",
                            is_required=True,
                        ),
                        Key(
                            "clock",
                            one_of(CLOCKS),
                            "In which time that counts: business, or calendar, which is that of "
                            "days.",
                        ),
                        Key(
                            "notify",
                            list_of(Kind({"type": "string", "pattern": _NOTIFY}, _notify)),
                            "Whom it calls: assignee, responsible, followers, group_lead, "
                            "agent:<id>, email:<address>.",
                        ),
                        Key("set", SET, "What it sets on the ticket."),
                        Key(
                            "repeat",
                            keys_of(
                                (
                                    Key(
                                        "every",
                                        DURATION,
                                        "After how much time, by the clock of the step.",
                                        is_required=True,
                                    ),
                                    Key(
                                        "max",
                                        simple(
                                            _repeats, type="integer", minimum=1, maximum=REPEATS
                                        ),
                                        "How many times at most.",
                                        is_required=True,
                                    ),
                                )
                            ),
                            "How often it calls again.",
                        ),
                        Key(
                            "stop_on",
                            list_of(one_of(STOPS)),
                            f"What ends its calls: {', '.join(STOPS)}; all but paused and missed "
                            "where nothing is said.",
                        ),
                        Key(
                            "urgent",
                            YES_NO,
                            "Whether it calls outside opening hours, too: false.",
                        ),
                    )
                )
            ),
            "What happens, in the order of the levels.",
            is_required=True,
        ),
    ),
    _ladder,
)
