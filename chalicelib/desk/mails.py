"""What a desk says in its own words in the mails that customers get by themselves. Pure.

    mails:
      acknowledgement:
        above: {en: "We are closed on Friday."}
        groups:
          hr:
            subject: {nb: Vi har fått henvendelsen din}
            text: {nb: "Hei! Saken har nummer {ticket.number}."}

A group's words stand before those for all, each language for itself: one that is not given has the
text that every desk has, in that language. Such a mail may go to somebody whose address a stranger
borrowed. So it repeats nothing that its sender chose, and what it has to carry stays: the number,
the link to the ticket, and that a machine wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.desk import texts
from chalicelib.desk.groups import LOCALES
from chalicelib.desk.keys import Key, Kind, Reading, any_name_of, keys_of, mapping_of, name_in
from chalicelib.desk.texts import OWN, TEXT_LIMIT, Text, parse

# Behind it stand the number or the tag, and many programs show no more than this of a subject.
SUBJECT_LIMIT = 120
ACKNOWLEDGEMENT, CLOSED, AUTOMATIC = "acknowledgement", "closed", "automatic"
PARTS = ("subject", "above", "text")
VARIABLES: Mapping[str, str] = {
    "ticket.number": texts.VARIABLES["ticket.number"],
    "ticket.link": "where the customer finds it on the web",
    "group.name": texts.VARIABLES["group.name"],
    "group.address": "where mail to the group goes",
    "desk.name": texts.VARIABLES["desk.name"],
}
_OF_SENDERS = frozenset({"ticket.subject", "requester.name", "requester.email"})


@dataclass(frozen=True, slots=True)
class Words:
    """Texts of one mail by language: its subject, what stands on top, and what stands below that.

    `text` is said instead of what every desk says there.
    """

    subject: Mapping[str, Text] = field(default_factory=dict)
    above: Mapping[str, Text] = field(default_factory=dict)
    text: Mapping[str, Text] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OwnMail:
    """The words of one mail: for all groups, and for some."""

    words: Words = field(default_factory=Words)
    groups: Mapping[str, Words] = field(default_factory=dict)

    def said(self, part: str, group: str, locale: str) -> Text | None:
        """What stands in a part of the mail of a group, None for what every desk says."""
        found = (
            getattr(one, part).get(locale) for one in (self.groups.get(group), self.words) if one
        )
        return next((text for text in found if text), None)


def _written(limit: int, *, is_line: bool = False) -> Kind:
    def read(value: Any, at: str, reading: Reading) -> Text | None:
        theirs = _OF_SENDERS | {f"{OWN}{name}" for name in reading.names("fields")}
        try:
            return _text(value, limit, theirs, is_line=is_line)
        except ValueError as error:
            reading.problems[at] = str(error)
            return None

    return Kind({"type": "string", "minLength": 1, "maxLength": limit}, read)


def _text(value: Any, limit: int, theirs: frozenset[str], *, is_line: bool) -> Text:
    if not isinstance(value, str):
        raise ValueError(f"must be text: put {value} in quotes")  # noqa: TRY004 - one kind of error
    if len(value) > limit:
        raise ValueError(f"at most {limit} characters")
    if is_line and not value.isprintable():
        raise ValueError("must be one line")
    text = parse(value, theirs | VARIABLES.keys())
    if found := sorted(text.variables & theirs):
        raise ValueError(
            f"{{{found[0]}}} is a sender's to choose, and no automatic mail repeats it"
        )
    return text


def _own_mail(values: dict[str, Any]) -> OwnMail:
    groups = values.pop("groups", {})
    return OwnMail(Words(**values), groups)


def _mail(*parts: Key) -> Kind:
    of_group = keys_of(parts, lambda values: Words(**values))
    groups = any_name_of(name_in("groups"), of_group)
    return keys_of((*parts, Key("groups", groups, "What groups say instead.")), _own_mail)


_SUBJECT = Key(
    "subject",
    mapping_of(_written(SUBJECT_LIMIT, is_line=True), LOCALES),
    "Its subject by language; the number follows by itself.",
)
_BODY = (
    Key(
        "above",
        mapping_of(_written(TEXT_LIMIT), LOCALES),
        "What stands on top of it, by language.",
    ),
    Key(
        "text",
        mapping_of(_written(TEXT_LIMIT), LOCALES),
        "What it says instead of what every desk says, by language; the link stays below it.",
    ),
)
MAILS = keys_of(
    (
        Key(ACKNOWLEDGEMENT, _mail(_SUBJECT, *_BODY), "Says that a mail has become a ticket."),
        Key(CLOSED, _mail(_SUBJECT, *_BODY), "Says that a mail came too late for its ticket."),
        Key(AUTOMATIC, _mail(_SUBJECT), "Carries what a rule tells a customer."),
    )
)
