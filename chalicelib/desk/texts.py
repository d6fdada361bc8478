"""Texts that a desk writes once, and that are filled in for each ticket. Pure.

    reply: "Hello {requester.name|there}, we look at {ticket.number} tomorrow."
    reply: {en: "Hello.", da: "Hej."}
    reply: {canned: opening-hours}

Braces stand around a variable; behind a bar stands what is said where it is empty, and a doubled
brace is a brace. Nothing else is understood, so that a text can do no more than say something.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from chalicelib.desk.files import ATTACH
from chalicelib.desk.groups import LOCALES
from chalicelib.desk.keys import LINES, TEXT, Key, Kind, Reading, mapping_of, nearest, section

TEXT_LIMIT = 10_000
OWN = "field."
# What can be filled in, and what it is, in words for whoever writes a text.
VARIABLES: Mapping[str, str] = {
    "ticket.number": "the number of the ticket",
    "ticket.subject": "what the ticket is about",
    "ticket.status": "its status, in the language of the text",
    "ticket.priority": "its priority, in the language of the text",
    "ticket.link": "where agents find it on the web",
    "requester.name": "the name of the requester, else the address",
    "requester.email": "the address of the requester",
    "group.name": "the name of the group",
    "assignee.name": "the name of the agent who has it",
    "agent.name": "the name of the agent who writes, else that of the desk",
    "desk.name": "the name of the desk",
}
_PIECE = re.compile(r"\{\{|\}\}|\{([^{}|]*)(?:\|([^{}]*))?\}|[{}]")


@dataclass(frozen=True, slots=True)
class Variable:
    """A place to be filled in; `otherwise` is what stands there where nothing is known."""

    name: str
    otherwise: str | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A text in one language: pieces to be said as they are, and variables."""

    pieces: tuple[str | Variable, ...]

    @property
    def variables(self) -> frozenset[str]:
        return frozenset(one.name for one in self.pieces if isinstance(one, Variable))

    def filled(self, values: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
        """The text with its variables filled in, and those that nothing is known of.

        Such a one stays as it was written, in braces, so that whoever reads it sees the gap.
        """
        missing: list[str] = []
        return "".join(self._said(values, missing)), tuple(missing)

    def _said(self, values: Mapping[str, str], missing: list[str]) -> Iterator[str]:
        for one in self.pieces:
            if isinstance(one, str):
                yield one
            elif value := values.get(one.name) or one.otherwise:
                yield value
            elif one.otherwise is None:
                missing.append(one.name)
                yield f"{{{one.name}}}"


@dataclass(frozen=True, slots=True)
class Wording:
    """A text in one language or several, and the files of the desk's that go along with it."""

    by_locale: Mapping[str, Text]
    attach: tuple[str, ...] = ()

    @property
    def variables(self) -> frozenset[str]:
        return frozenset().union(*(text.variables for text in self.by_locale.values()))

    def to(self, locale: str) -> Text:
        """The text for somebody of that language, else in English, else the first there is."""
        texts = self.by_locale
        return texts.get(locale) or texts.get("en") or next(iter(texts.values()))


@dataclass(frozen=True, slots=True)
class Canned:
    """An answer that is kept under a name."""

    id: str
    title: str
    text: Wording


def parse(text: str, known: Mapping[str, str] | frozenset[str]) -> Text:
    """The pieces of a text. Raises ValueError in words for whoever wrote it."""
    if not text.strip():
        raise ValueError("must not be empty")
    if len(text) > TEXT_LIMIT:
        raise ValueError(f"at most {TEXT_LIMIT} characters")
    pieces: list[str | Variable] = []
    end = 0
    for found in _PIECE.finditer(text):
        pieces += [text[end : found.start()], _piece(found, known)]
        end = found.end()
    return Text(tuple(one for one in (*pieces, text[end:]) if one != ""))


def _piece(found: re.Match[str], known: Mapping[str, str] | frozenset[str]) -> str | Variable:
    whole = found[0]
    if whole in {"{{", "}}"}:
        return whole[0]
    if whole in {"{", "}"}:
        raise ValueError(f"a single {whole} stands for nothing: write {whole}{whole}")
    name = found[1].strip()
    if name not in known:
        raise ValueError(f"{{{name}}} is no variable{nearest(name, known)}")
    return Variable(name, found[2])


def _read(value: Any, at: str, reading: Reading) -> Wording | None:
    if isinstance(value, str):
        text = _text(value, at, reading)
        return Wording({"": text}) if text else None
    if isinstance(value, Mapping) and set(value) == {"canned"}:
        return _canned_text(value["canned"], at, reading)
    given = _BY_LOCALE.read(value, at, reading)
    texts = {
        locale: text
        for locale, one in given.items()
        if isinstance(one, str) and (text := _text(one, f"{at}.{locale}", reading))
    }
    if not texts:
        reading.problems.setdefault(at, "must be a text, or texts by language: {en: Hello.}")
        return None
    return Wording(texts)


def _text(value: str, at: str, reading: Reading) -> Text | None:
    known = frozenset((*VARIABLES, *(f"{OWN}{name}" for name in reading.names("fields"))))
    try:
        return parse(value, known)
    except ValueError as error:
        reading.problems[at] = str(error)
        return None


def _canned_text(name: Any, at: str, reading: Reading) -> Wording | None:
    found = reading.found.get("canned", {}).get(name)
    if isinstance(found, Canned):
        return found.text
    near = nearest(name, reading.names("canned"))
    reading.problems[f"{at}.canned"] = f"{name!r} is none of the canned answers{near}"
    return None


def _canned(name: str, values: dict[str, Any], _reading: Reading) -> Canned:
    text = replace(values["text"], attach=values.get("attach", ()))
    return Canned(name, values["title"], text)


_BY_LOCALE = mapping_of(LINES, LOCALES)
_ONE = {"type": "string", "minLength": 1, "maxLength": TEXT_LIMIT}
WRITTEN = Kind({"anyOf": [_ONE, _BY_LOCALE.schema]}, _read)
WORDING = Kind(
    {
        "anyOf": [
            *WRITTEN.schema["anyOf"],
            {
                "type": "object",
                "properties": {"canned": {"type": "string"}},
                "required": ["canned"],
                "additionalProperties": False,
            },
        ]
    },
    _read,
)
CANNED = section(
    (
        Key("title", TEXT, "What agents choose it by.", is_required=True),
        Key("text", WRITTEN, "What it says, in one language or several.", is_required=True),
        Key("attach", ATTACH, "Files that go along with it, by their names in the folder files."),
    ),
    _canned,
)
