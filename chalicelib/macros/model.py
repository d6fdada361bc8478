"""What a macro comes to on a ticket: a proposal, of which nothing is stored. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.desk.actions import Write, wanted_of
from chalicelib.desk.files import File
from chalicelib.desk.macros import Macro
from chalicelib.desk.model import Desk
from chalicelib.desk.texts import Canned
from chalicelib.tickets import edits
from chalicelib.tickets.edits import Edit
from chalicelib.tickets.forms import PLACE
from chalicelib.tickets.model import ArticleKind, Attachment, Ticket, attached
from chalicelib.tickets.situation import situation
from chalicelib.tickets.variables import variables

# Before the id of a canned answer: no macro of a desk has such an id.
ANSWER = "canned:"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a macro would write, and set, on a ticket as it is.

    `missing` are the variables that stand in `text` still, since nothing is known of them;
    `wanted` are the fields by the places where an edit has them, `refused` says why others cannot
    be set, and `files` go along with the text.
    """

    macro: Macro
    kind: ArticleKind | None
    text: str
    missing: tuple[str, ...]
    wanted: Mapping[str, Any]
    refused: Mapping[str, str]
    files: tuple[File, ...] = ()

    def gaps(self, text: str) -> tuple[str, ...]:
        """The variables that nobody has filled in yet in a text made of this one."""
        return tuple(name for name in self.missing if f"{{{name}}}" in text)

    def edit(self, without: Collection[str] = ()) -> Edit:
        """The fields to set, without those that somebody dropped."""
        return _edit_of({name: one for name, one in self.wanted.items() if name not in without})

    def attachments(self, without: Collection[str] = ()) -> tuple[Attachment, ...]:
        """The files that go along, without those that somebody dropped: named, and not copied."""
        return tuple(attached(one) for one in self.files if one.name not in without)


def usable(desk: Desk, ticket: Ticket, now: datetime) -> list[Macro]:
    """The macros that are offered on a ticket, and the canned answers, in the desk's order."""
    seen = situation(ticket, desk, now)
    offered = [
        macro
        for macro in desk.macros.values()
        if (not macro.groups or ticket.group in macro.groups) and macro.when.holds(seen)
    ]
    answers = (_answer(canned) for canned in desk.canned.values())
    return [*offered, *answers]


def _answer(canned: Canned) -> Macro:
    """A canned answer, which is a macro that says it and does nothing else."""
    return Macro(f"{ANSWER}{canned.id}", {"": canned.title}, (Write(canned.text, is_reply=True),))


def proposed(
    macro: Macro, ticket: Ticket, desk: Desk, now: datetime, *, agent: str | None, url: str
) -> Proposal:
    """What the macro comes to on this ticket, in the language of whoever reads it.

    A note is for colleagues, in the language of the group.
    """
    written, text, missing = macro.writes, "", tuple[str, ...]()
    if written:
        group = desk.groups.get(ticket.group)
        ours = group.locale if group else desk.locale
        locale = ticket.requester.locale if written.is_reply else ours
        known = variables(ticket, desk, locale, url=url, agent=agent)
        text, missing = written.text.to(locale).filled(known)
    wanted = _by_place(wanted_of(macro.do))
    _, refused = edits.applied(ticket, _edit_of(wanted), desk, now, agent=agent)
    return Proposal(
        macro,
        _kind(macro),
        text,
        missing,
        {name: one for name, one in wanted.items() if name not in refused},
        refused,
        tuple(desk.files[name] for name in macro.files),
    )


def _by_place(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The fields to set, those of the desk's own one by one, as each may be refused or dropped."""
    own = wanted.get("fields", {})
    rest = {name: one for name, one in wanted.items() if name != "fields"}
    return {**rest, **{PLACE + name: one for name, one in own.items()}}


def _edit_of(wanted: Mapping[str, Any]) -> Edit:
    """The edit that sets these fields, which are named by their places."""
    own = {name.removeprefix(PLACE): one for name, one in wanted.items() if name.startswith(PLACE)}
    rest = {name: one for name, one in wanted.items() if not name.startswith(PLACE)}
    return Edit(**rest, fields=own)


def _kind(macro: Macro) -> ArticleKind | None:
    if macro.writes is None:
        return None
    return ArticleKind.REPLY if macro.writes.is_reply else ArticleKind.NOTE
