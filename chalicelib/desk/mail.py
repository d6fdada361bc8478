"""What is decided about mail: how much is too much, and other systems' keys. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from chalicelib.desk.keys import COUNT, TEXT, Key, Reading, from_text, keys_of, section

# How long a sender waits who has sent too many mails in ten minutes.
BLOCKED_FOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Limits:
    """When a machine has done enough and people have to look; every number but the first an hour's.

    Mails of one sender in ten minutes, mails on one ticket, tickets of the whole desk that
    strangers open, acknowledgements to one address (also in a day), to one domain, to everybody,
    and how often one ticket is opened again; how often one rule fires on one ticket, and how many
    mails rules send about it in a day.
    """

    mails_in_ten_minutes: int = 20
    mails_on_a_ticket: int = 30
    tickets: int = 1000
    acks: int = 3
    acks_a_day: int = 10
    acks_to_a_domain: int = 100
    acks_to_everybody: int = 500
    reopens: int = 5
    rule_firings: int = 10
    rule_mails: int = 20


@dataclass(frozen=True, slots=True)
class Foreign:
    """The key of another system in the mails it sends, such as `ABC-12` in the subject.

    The first group of `pattern` is the key, else all that it finds in the header.
    """

    name: str
    header: str
    pattern: re.Pattern[str]


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from error


def _foreign(name: str, values: dict[str, Any], _reading: Reading) -> Foreign:
    return Foreign(name, **values)


LIMITS = keys_of(
    (
        Key("mails_in_ten_minutes", COUNT, "Of one sender, who then waits for an hour."),
        Key("mails_on_a_ticket", COUNT, "In an hour, from whomever."),
        Key("tickets", COUNT, "That strangers open on the whole desk in an hour."),
        Key("acks", COUNT, "Automatic answers to one address in an hour."),
        Key("acks_a_day", COUNT, "Automatic answers to one address in a day."),
        Key("acks_to_a_domain", COUNT, "Automatic answers to one domain in an hour."),
        Key("acks_to_everybody", COUNT, "Automatic answers of the whole desk in an hour."),
        Key("reopens", COUNT, "How often customers open one ticket again in an hour."),
        Key("rule_firings", COUNT, "How often one rule fires on one ticket in an hour."),
        Key("rule_mails", COUNT, "How many mails rules send about one ticket in a day."),
    ),
    lambda values: Limits(**values),
)
FOREIGN = section(
    (
        Key("header", TEXT, "The header that carries the key, such as Subject.", is_required=True),
        Key(
            "pattern",
            from_text(_pattern, format="regex"),
            "A regular expression; its first group is the key, else all that it finds.",
            is_required=True,
        ),
    ),
    _foreign,
)
