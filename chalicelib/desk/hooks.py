"""Webhooks, which the desk calls, and sources, whose events it takes. Pure.

No secret stands here: those follow from the tenant's keys, the id of the entry and its `secret`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.desk.keys import (
    LINES,
    TEXT,
    Key,
    Reading,
    any_name_of,
    from_text,
    list_of,
    name_in,
    one_of,
    section,
    simple,
)
from chalicelib.desk.statuses import PRIORITIES
from chalicelib.outward import URL_LENGTH, place_of

INCLUDES = ("subject", "requester")
AUTH = ("signature", "token")
ON_RECOVERY = ("solve", "close", "note")
FIRING = ("firing", "alerting", "triggered", "problem", "down")
RESOLVED = ("resolved", "ok", "recovered", "up")
_PATH = r"[^.\s]+(\.[^.\s]+)*"
_HEADER = r"[Xx]-[A-Za-z0-9-]{1,60}"
_VALUE = r"[!-~]([ -~]{0,198}[!-~])?"


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where rules can call. `includes` is what of people is told; `secret` counts its secrets."""

    id: str
    url: str
    owner: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    includes: tuple[str, ...] = ()
    secret: int = 1


@dataclass(frozen=True, slots=True)
class Source:
    """Whose events come in, and what its JSON says where: dotted paths of its fields.

    Its alerts stand in `list`, or the body is one. An alert is known by its `key`, and one outbreak
    of it from the next by `began`. With `ticket`, an event is told to the ticket of that number.
    """

    id: str
    name: str
    group: str
    auth: str = "signature"
    secret: int = 1
    list: str = ""
    key: tuple[str, ...] = ()
    ticket: str = ""
    title: str = ""
    text: str = ""
    state: str = ""
    began: str = ""
    severity: str = ""
    priorities: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    firing: tuple[str, ...] = FIRING
    resolved: tuple[str, ...] = RESOLVED
    on_recovery: str = "solve"


def _url(text: str) -> str:
    place_of(text)
    return text


def _path(text: str) -> str:
    if not re.fullmatch(_PATH, text):
        raise ValueError(f"{text!r} is no path such as labels.alertname")
    return text


def _header(text: str) -> str:
    if not re.fullmatch(_HEADER, text):
        raise ValueError(f"{text!r} is no header of your own: their names begin with X-")
    return text


def _value(text: str) -> str:
    if not re.fullmatch(_VALUE, text):
        raise ValueError("must be 1 to 200 plain characters")
    return text


def _secret(value: Any) -> int:
    if type(value) is not int or value < 1:
        raise ValueError("must be a whole number, 1 or more")
    return value


def _webhook(name: str, values: dict[str, Any], _reading: Reading) -> Webhook:
    return Webhook(name, **values)


def _source(name: str, values: dict[str, Any], _reading: Reading) -> Source:
    if bool(values.get("key")) is bool(values.get("ticket")):
        raise ValueError("needs a key, by which an alert is known, or the path of a ticket")
    if values.get("ticket"):
        stray = sorted(_OF_ALERTS & values.keys())
        if stray:
            raise ValueError(f"tells a ticket, and opens none: {', '.join(stray)} mean nothing")
    elif not values.get("state") and "on_recovery" in values:
        raise ValueError("never recovers without a state")
    for one in ("firing", "resolved"):
        if one in values:
            values[one] = tuple(word.casefold() for word in values[one])
    if "priorities" in values:
        values["priorities"] = {one.casefold(): two for one, two in values["priorities"].items()}
    return Source(name, **{"name": name, **values})


_OF_ALERTS = {"title", "text", "severity", "priorities", "began", "on_recovery"}
PATH = from_text(_path, pattern=f"^{_PATH}$")
SECRET = simple(_secret, type="integer", minimum=1)
_COUNTS = "Raise it for a new secret; the one before counts until it is raised again: 1."
WEBHOOKS = section(
    (
        Key(
            "url",
            from_text(_url, pattern="^https?://", maxLength=URL_LENGTH),
            "Where it is called: https, on port 443 or 8443, at a public address.",
            is_required=True,
        ),
        Key("owner", name_in("agents"), "The agent who is told when it fails, else the lead."),
        Key(
            "headers",
            any_name_of(from_text(_header, pattern=f"^{_HEADER}$"), from_text(_value)),
            "Headers of your own, such as X-Desk: nordlys. No secrets: these are for all to read.",
        ),
        Key("includes", list_of(one_of(INCLUDES)), "What it tells of people: nothing."),
        Key("secret", SECRET, _COUNTS),
    ),
    _webhook,
)
SOURCES = section(
    (
        Key("name", TEXT, "Who its tickets and notes are from, else its id."),
        Key("group", name_in("groups"), "Whose tickets its events are about.", is_required=True),
        Key("auth", one_of(AUTH), "How it proves who it is: by signature, or by an API token."),
        Key("secret", SECRET, _COUNTS),
        Key("list", PATH, "Where its alerts stand in the body, which else is one itself."),
        Key("key", list_of(PATH), "What an alert is known by, when it fires and when it is over."),
        Key("ticket", PATH, "The number of a ticket that is to be told of the event."),
        Key("title", PATH, "What its ticket is called."),
        Key("text", PATH, "What its ticket says."),
        Key("state", PATH, "Whether it fires or is over; what has none fires."),
        Key("firing", list_of(LINES), f"What the state says then: {', '.join(FIRING)}."),
        Key("resolved", list_of(LINES), f"What it says when it is over: {', '.join(RESOLVED)}."),
        Key("began", PATH, "What tells an outbreak from the next, such as when it began."),
        Key("severity", PATH, "How bad it is."),
        Key(
            "priorities",
            any_name_of(TEXT, one_of(PRIORITIES)),
            "The priority of its ticket by severity, else normal.",
        ),
        Key("fields", any_name_of(TEXT, PATH), "What else is noted and told to rules, by name."),
        Key(
            "on_recovery",
            one_of(ON_RECOVERY),
            "What becomes of a ticket that nobody took over: solve, close, or no more than a note.",
        ),
    ),
    _source,
)
