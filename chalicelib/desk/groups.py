"""Groups and agents: who answers, under which name and address. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chalicelib.desk.assignment import ASSIGN, USUAL, Assign, Skills, skills
from chalicelib.desk.keys import (
    COUNT,
    LINES,
    TEXT,
    YES_NO,
    Key,
    Reading,
    from_text,
    list_of,
    name_in,
    one_of,
    section,
    simple,
)

LOCALES = ("en", "da", "nb", "hu")
AFTER_CLOSE = ("follow_up", "reopen", "reject")
OPEN_CHILDREN = ("block", "warn")
OPEN_TASKS = ("block", "warn")
CLOSE_LIMIT = 28
# A reply address is local part + ticket + recipient + signature, and ends at 64 characters.
LOCAL_PART_LIMIT = 24
_ADDRESS = r"^[^@+\s]{1,%s}@[^@\s]+$"


@dataclass(frozen=True, slots=True)
class Group:
    """A team with its own address and its own name as sender."""

    id: str
    name: str
    address: str
    sender: str
    locale: str
    lead: str | None = None
    policy: str | None = None
    signature: str = ""
    acknowledges: bool = True
    reopen_days: int = 14
    after_close: str = "follow_up"
    close_after_days: int = 4
    thanks_stay_solved: bool = False
    needs_resolution: bool = False
    forwards_open_for_sender: bool = True
    keeps_own_copy: bool = False
    open_children: str = "block"
    open_tasks: str = "warn"
    assign: Assign = field(default_factory=Assign)
    # PEM, for S/MIME; those of its authorities follow. The key is a secret of the tenant's.
    certificate: str | None = None


@dataclass(frozen=True, slots=True)
class Agent:
    """Somebody who answers. `groups` are the ids of those whose tickets the agent may see.

    `hours` names the calendar in which the agent works, and `load_limit` is how many open tickets
    are enough: more come only by hand.
    """

    id: str
    name: str
    email: str
    groups: frozenset[str]
    locale: str
    is_admin: bool = False
    skills: Skills = field(default_factory=dict)
    hours: str | None = None
    load_limit: int | None = None


def _address(text: str) -> str:
    local, _, domain = text.partition("@")
    if not local or not domain or "@" in domain or any(c.isspace() for c in text):
        raise ValueError(f"{text!r} is no address such as support@example.org")
    if "+" in local or len(local) > LOCAL_PART_LIMIT:
        raise ValueError(f"{text!r} needs a local part of at most {LOCAL_PART_LIMIT}, without +")
    return text.lower()


def _email(text: str) -> str:
    local, _, domain = text.partition("@")
    if not local or not domain or "@" in domain or any(c.isspace() for c in text):
        raise ValueError(f"{text!r} is no address such as anna@example.org")
    return text.lower()


def _certificate(text: str) -> str:
    if "-----BEGIN CERTIFICATE" not in text:
        raise ValueError("is no certificate in PEM form")
    return text


def _close_days(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= CLOSE_LIMIT:
        raise ValueError(f"must be a number of days, at most {CLOSE_LIMIT}")
    return value


def _group(name: str, values: dict[str, Any], reading: Reading) -> Group:
    locale = reading.found.get("locale", "en")
    return Group(**{"id": name, "sender": values["name"], "locale": locale, **values})


def _agent(name: str, values: dict[str, Any], reading: Reading) -> Agent:
    locale = reading.found.get("locale", "en")
    groups = frozenset(values["groups"])
    return Agent(**{"id": name, "locale": locale, **values, "groups": groups})


LOCALE = one_of(LOCALES)
GROUPS = section(
    (
        Key("name", TEXT, "What people call the group.", is_required=True),
        Key(
            "address",
            from_text(_address, pattern=_ADDRESS % LOCAL_PART_LIMIT),
            "Where its mail comes in; no other group has it.",
            is_required=True,
        ),
        Key("sender", TEXT, "The name its mail goes out under, else that of the group."),
        Key("locale", LOCALE, "Its language where a customer's own is not known."),
        Key("lead", name_in("agents"), "The agent who is told of a missed target."),
        Key("policy", name_in("policies"), "What is promised on its tickets."),
        Key("signature", LINES, "What stands below its answers."),
        Key("acknowledges", YES_NO, "Whether a new mail is answered with the ticket's number."),
        Key("reopen_days", COUNT, "For how many days a reply opens a closed ticket again."),
        Key(
            "after_close",
            one_of(AFTER_CLOSE),
            "What a reply after those days does: reopen all the same, open a follow_up, or reject: "
            "it is held on the closed ticket, and its sender is told to write a new one.",
        ),
        Key(
            "close_after_days",
            simple(_close_days, type="integer", minimum=0, maximum=CLOSE_LIMIT),
            "After how many days a solved ticket closes by itself.",
        ),
        Key(
            "thanks_stay_solved",
            YES_NO,
            "Whether a mail that says no more than thank you leaves a solved ticket as it is.",
        ),
        Key("needs_resolution", YES_NO, "Whether solving takes a text that says how."),
        Key(
            "open_children",
            one_of(OPEN_CHILDREN),
            "What a parent does that is to be solved while children are open: warn lets it.",
        ),
        Key(
            "open_tasks",
            one_of(OPEN_TASKS),
            "What a ticket does that is to be solved while its tasks are open: warn lets it.",
        ),
        Key(
            "forwards_open_for_sender",
            YES_NO,
            "Whether a mail that an agent forwards becomes a ticket of whoever wrote it first.",
        ),
        Key(
            "keeps_own_copy",
            YES_NO,
            "Whether a mail to this group and to others is a ticket of its own here.",
        ),
        Key("assign", ASSIGN, "How its tickets come to its agents."),
        Key(
            "certificate",
            from_text(_certificate, pattern="-----BEGIN CERTIFICATE"),
            "PEM, to sign its mail and to read what was encrypted for it.",
        ),
    ),
    _group,
    least=1,
)
AGENTS = section(
    (
        Key("name", TEXT, "As customers see it.", is_required=True),
        Key(
            "email",
            from_text(_email, pattern=r"^[^@\s]+@[^@\s]+$"),
            "Signs in with it, writes from it, is told there.",
            is_required=True,
        ),
        Key(
            "groups",
            list_of(name_in("groups")),
            "Whose tickets the agent may see.",
            is_required=True,
        ),
        Key("locale", LOCALE, "The language of the pages and notices."),
        Key("is_admin", YES_NO, "Whether the agent sees the tickets of all groups."),
        Key("skills", skills(USUAL), "What the agent can do, and how well: 1 to 5, else 3."),
        Key("hours", name_in("calendars"), "When the agent works: the calendar; else always."),
        Key("load_limit", COUNT, "With so many open tickets the agent is given no more."),
    ),
    _agent,
)
