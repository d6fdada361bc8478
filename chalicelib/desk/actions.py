"""What a rule does, and a macro proposes: one vocabulary of actions, in the order of their list.
Pure.

    do:
      - set: {priority: urgent, add_tags: [shop]}
      - note: "Bo at the shop knows more."
      - reply: {canned: on-our-way}
      - notify: [assignee, lead, agent:hugo]
        text: "The shop is down again: {ticket.link}"
      - webhook: pager
      - checklist: new-colleague
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.desk.keys import Key, Kind, Reading, keys_of, list_of, name_in, nearest
from chalicelib.desk.settings import SET
from chalicelib.desk.texts import WORDING, Wording

AGENT = "agent:"
RECIPIENTS = ("assignee", "responsible", "lead", "followers", "requester")


@dataclass(frozen=True, slots=True)
class SetFields:
    """Fields of the ticket and what they become: the arguments of an `Edit`."""

    wanted: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Write:
    """A note, or a reply that the customer gets."""

    text: Wording
    is_reply: bool


@dataclass(frozen=True, slots=True)
class Notify:
    """A mail to some of those in RECIPIENTS, or to `agent:` and an id."""

    to: tuple[str, ...]
    text: Wording


@dataclass(frozen=True, slots=True)
class CallWebhook:
    """A webhook of the desk is told."""

    webhook: str


@dataclass(frozen=True, slots=True)
class StartChecklist:
    """The tasks of a checklist of the desk are added."""

    checklist: str


Action = SetFields | Write | Notify | CallWebhook | StartChecklist


def actions(*names: str) -> Kind:
    """A list of actions, of which at most one writes an article; of all kinds, or of these."""
    wanted = names or tuple(_WHAT)
    chosen = {name: _WHAT[name] for name in wanted}
    extra = [_TEXT] if "notify" in chosen else []
    keys = keys_of([*chosen.values(), *extra])

    def read_one(value: Any, at: str, reading: Reading) -> Action | None:
        so_far = len(reading.problems)
        given = keys.read(value, at, reading)
        if len(reading.problems) > so_far:
            return None
        what = [name for name in chosen if name in given]
        if len(what) != 1:
            reading.problems[at] = f"must be one of {', '.join(chosen)}; begin a line for each"
            return None
        if ("text" in given) is not (what == ["notify"]):
            reading.problems[at] = "text is what a notice says, and stands with notify alone"
            return None
        return _made(what[0], given)

    several = list_of(Kind(keys.schema, read_one))

    def read(value: Any, at: str, reading: Reading) -> tuple[Action, ...]:
        found = tuple(one for one in several.read(value, at, reading) if one is not None)
        if sum(isinstance(one, Write) for one in found) > 1:
            reading.problems[at] = "writes more than one article: a rule writes one note or reply"
        return found

    return Kind(several.schema, read)


def wanted_of(found: Iterable[Action]) -> dict[str, Any]:
    """What all `set` of some actions come to together; the last of a field counts, tags add up."""
    wanted: dict[str, Any] = {}
    for one in found:
        for name, value in one.wanted.items() if isinstance(one, SetFields) else ():
            if isinstance(value, tuple):
                wanted[name] = (*wanted.get(name, ()), *value)
            elif isinstance(value, dict):
                wanted[name] = {**wanted.get(name, {}), **value}
            else:
                wanted[name] = value
    return wanted


def _made(what: str, given: Mapping[str, Any]) -> Action:
    if what == "set":
        return SetFields(given[what])
    if what == "notify":
        return Notify(given[what], given["text"])
    if what == "webhook":
        return CallWebhook(given[what])
    if what == "checklist":
        return StartChecklist(given[what])
    return Write(given[what], is_reply=what == "reply")


def _recipient(value: Any, at: str, reading: Reading) -> str:
    known = (*RECIPIENTS, *(f"{AGENT}{name}" for name in reading.names("agents")))
    if value not in known:
        roles = ", ".join(RECIPIENTS)
        problem = f"{value!r} is none of {roles}, nor {AGENT} and the id of one"
        reading.problems[at] = f"{problem}{nearest(value, known)}"
    return str(value)


_TEXT = Key("text", WORDING, "What the notice says.")
_WHAT = {
    key.name: key
    for key in (
        Key("set", SET, "Fields of the ticket, and what they become."),
        Key("note", WORDING, "A note that agents alone see."),
        Key("reply", WORDING, "A reply that the requester gets, as the desk's and not an agent's."),
        Key(
            "notify",
            list_of(Kind({"type": "string"}, _recipient)),
            f"Who gets a mail: {', '.join(RECIPIENTS)}, or {AGENT}anna; with a text.",
        ),
        Key("webhook", name_in("webhooks"), "The webhook that is told."),
        Key("checklist", name_in("checklists"), "The checklist whose tasks are added."),
    )
}
