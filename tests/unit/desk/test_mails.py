"""What a desk may say in the mails that go out by themselves, and what is doubtful in it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.desk.mails import PARTS, VARIABLES
from chalicelib.desk.model import Desk, read_desk
from chalicelib.errors import Invalid
from chalicelib.i18n import LANGUAGES
from infra.lint import warnings
from tests.world import DESK

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HELLO = {"en": "Hello"}
WINDOW = {"window": {"label": {"en": "Window"}, "kind": "text"}}


def desk(mails: dict[str, Any], **sections: Any) -> Desk:
    return read_desk({**DESK, **sections, "mails": mails}, version=1)


def problems(mails: dict[str, Any], **sections: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as error:
        desk(mails, **sections)
    return dict(error.value.fields)


def said(mails: dict[str, Any], part: str, group: str, locale: str) -> str | None:
    found = desk(mails).mails["acknowledgement"].said(part, group, locale)
    return found.filled(dict.fromkeys(VARIABLES, "x"))[0] if found else None


def test_a_group_speaks_before_the_desk_and_each_language_for_itself() -> None:
    ours = {"groups": {"hr": {"text": {"nb": "Hei"}}}, "text": {"nb": "God dag", "en": "Hello"}}
    mails = {"acknowledgement": ours}
    assert said(mails, "text", "hr", "nb") == "Hei"
    assert said(mails, "text", "support", "nb") == "God dag"
    assert said(mails, "text", "hr", "en") == "Hello"
    assert said(mails, "text", "hr", "da") is None, "not the English of the desk"
    assert said(mails, "subject", "hr", "nb") is None


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(
    "name", ["ticket.subject", "requester.name", "requester.email", "field.window"]
)
def test_what_a_sender_chooses_is_repeated_in_no_automatic_mail(part: str, name: str) -> None:
    body = {"acknowledgement": {part: {"en": f"About {{{name}|it}}"}}}
    found = problems(body, fields=WINDOW)
    assert "a sender's to choose" in found[f"mails.acknowledgement.{part}.en"]


@pytest.mark.parametrize(
    ("mails", "place", "words"),
    [
        ({"reply": {"text": HELLO}}, "mails.reply", "no key"),
        ({"acknowledgement": {"text": "Hello"}}, "mails.acknowledgement.text", "must map"),
        ({"closed": {"text": {"dk": "Hej"}}}, "mails.closed.text.dk", "no key"),
        ({"closed": {"text": {"da": ""}}}, "mails.closed.text.da", "empty"),
        ({"closed": {"text": {"da": 7}}}, "mails.closed.text.da", "in quotes"),
        ({"closed": {"text": {"da": "x" * 10_001}}}, "mails.closed.text.da", "at most"),
        ({"closed": {"text": {"da": "{{ 7 * 7 }"}}}, "mails.closed.text.da", "single }"),
        ({"closed": {"text": {"da": "{shoe}"}}}, "mails.closed.text.da", "no variable"),
        ({"closed": {"text": {"da": "{agent.name}"}}}, "mails.closed.text.da", "no variable"),
        ({"closed": {"subject": {"da": "x" * 121}}}, "mails.closed.subject.da", "at most"),
        ({"automatic": {"text": HELLO}}, "mails.automatic.text", "no key"),
        ({"closed": {"groups": {"hrr": {}}}}, "mails.closed.groups.hrr", "did you mean 'hr'"),
        (
            {"closed": {"groups": {"hr": {"text": {"en": "{shoe}"}}}}},
            "mails.closed.groups.hr.text.en",
            "no variable",
        ),
    ],
)
def test_what_cannot_be_used_is_told_at_its_place(
    mails: dict[str, Any], place: str, words: str
) -> None:
    assert words in problems(mails)[place]


@pytest.mark.parametrize("end", ["\n", "\r\nBcc: all@else.example", "\x00", "\u2028", "\u202e"])
def test_a_subject_is_one_line_that_can_be_read(end: str) -> None:
    mails = {"acknowledgement": {"subject": {"en": f"Hello{end}"}}}
    assert problems(mails) == {"mails.acknowledgement.subject.en": "must be one line"}


# Doubts. -------------------------------------------------------------------------------------


def doubts(mails: dict[str, Any], **sections: Any) -> dict[str, str]:
    body = {**DESK, **sections, "mails": mails}
    return dict(warnings(body, read_desk(body, version=1), NOW))


def silent(*names: str) -> dict[str, Any]:
    groups = DESK["groups"]
    return {name: {**one, "acknowledges": name not in names} for name, one in groups.items()}


def test_words_in_every_language_that_is_spoken_are_fine() -> None:
    everywhere = dict.fromkeys(LANGUAGES, "Hello")
    assert doubts({"acknowledgement": dict.fromkeys(PARTS, everywhere)}) == {}


def test_words_for_a_mail_that_nobody_sends_are_doubtful() -> None:
    assert "no group sends" in doubts({"closed": {"text": HELLO}})["mails.closed"]
    assert "no group sends" in doubts({"automatic": {"subject": HELLO}})["mails.automatic"]
    groups = {**DESK["groups"], "hr": {**DESK["groups"]["hr"], "after_close": "reject"}}
    assert doubts({"closed": {"text": HELLO}}, groups=groups) == {}
    rule = {"id": "hello", "on": ["opened"], "do": [{"reply": "Hello"}], "owner": "lena"}
    assert doubts({"automatic": {"subject": HELLO}}, triggers=[rule]) == {}


def test_words_of_a_group_that_sends_no_such_mail_are_doubtful() -> None:
    of_hr = {"acknowledgement": {"groups": {"hr": {"text": HELLO}}}}
    found = doubts(of_hr, groups=silent("hr"))
    assert found == {"mails.acknowledgement.groups.hr": "the group sends no such mail"}


def test_a_language_that_a_group_speaks_and_that_has_no_words_is_doubtful() -> None:
    groups = {**DESK["groups"], "hr": {**DESK["groups"]["hr"], "locale": "nb"}}
    found = doubts({"acknowledgement": {"subject": HELLO}}, groups=groups)
    assert list(found) == ["mails.acknowledgement.subject"]
    of_hr = {"acknowledgement": {"groups": {"hr": {"subject": HELLO}}}}
    found = doubts(of_hr, groups=groups)
    assert list(found) == ["mails.acknowledgement.groups.hr.subject"]
    assert "nothing in nb, which hr speaks" in found["mails.acknowledgement.groups.hr.subject"]
