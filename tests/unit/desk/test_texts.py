"""Texts with variables, and the actions that say them: what is filled in, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.desk.actions import CallWebhook, Notify, SetFields, Write, actions, wanted_of
from chalicelib.desk.keys import Reading
from chalicelib.desk.texts import CANNED, VARIABLES, WORDING, Canned, Wording, parse
from tests.world import DESK

VALUES = {"requester.name": "Kim", "ticket.number": "1001", "assignee.name": ""}
BODY = {**DESK, "webhooks": {"pager": {"url": "https://pager.example/x"}}}


@pytest.mark.parametrize(
    ("text", "said", "missing"),
    [
        ("Hello.", "Hello.", ()),
        ("Hello {requester.name}!", "Hello Kim!", ()),
        ("{ticket.number}{ticket.number}", "10011001", ()),
        ("{{requester.name}}", "{requester.name}", ()),
        ("{assignee.name|nobody} has it.", "nobody has it.", ()),
        ("{assignee.name|} has it.", " has it.", ()),
        ("{requester.name|there}", "Kim", ()),
        ("{assignee.name} has it.", "{assignee.name} has it.", ("assignee.name",)),
    ],
)
def test_a_text_is_filled_in(text: str, said: str, missing: tuple[str, ...]) -> None:
    assert parse(text, VARIABLES).filled(VALUES) == (said, missing)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{requester.nmae}", "did you mean 'requester.name'"),
        ("{requester.name", "a single {"),
        ("}", "a single }"),
        ("{}", "no variable"),
        ("{{ {0} }}", "no variable"),
        ("{requester.__class__}", "no variable"),
        (" ", "empty"),
        ("x" * 10_001, "at most"),
    ],
)
def test_a_text_that_says_nothing_known_is_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse(text, VARIABLES)


def wording(given: Any, **found: Any) -> tuple[Wording | None, dict[str, str]]:
    reading = Reading(BODY, found=found)
    return WORDING.read(given, "text", reading), reading.problems


def test_a_text_is_said_in_the_language_of_the_reader() -> None:
    several, _ = wording({"en": "Hello.", "da": "Hej."})
    one, _ = wording({"da": "Hej."})
    alone, _ = wording("Hi.")
    assert several
    assert one
    assert alone
    assert [several.to(locale).filled({})[0] for locale in ("da", "en", "hu")] == [
        "Hej.",
        "Hello.",
        "Hello.",
    ]
    assert one.to("hu").filled({})[0] == "Hej."
    assert alone.to("da").filled({})[0] == "Hi."


def test_a_canned_answer_is_taken_by_its_name() -> None:
    reading = Reading(BODY)
    found = CANNED.read({"wait": {"title": "Wait", "text": {"en": "Wait."}}}, "canned", reading)
    taken, problems = wording({"canned": "wait"}, canned=found)
    assert isinstance(found["wait"], Canned)
    assert taken == found["wait"].text
    assert problems == {}
    assert "none of the canned" in wording({"canned": "go"}, canned=found)[1]["text.canned"]


@pytest.mark.parametrize(
    ("given", "place"),
    [({}, "text"), (7, "text"), ({"xx": "Hej."}, "text.xx"), ({"en": "{x}"}, "text.en")],
)
def test_what_is_no_text_is_refused(given: Any, place: str) -> None:
    assert place in wording(given)[1]


def read(given: Any, *names: str) -> tuple[Any, dict[str, str]]:
    reading = Reading(BODY)
    return actions(*names).read(given, "do", reading), reading.problems


def test_actions_are_read_in_their_order() -> None:
    found, problems = read(
        [
            {"set": {"priority": "high", "add_tags": ["a"]}},
            {"reply": "Hello."},
            {"notify": ["lead", "agent:anna", "requester"], "text": "Look."},
            {"webhook": "pager"},
            {"set": {"priority": "low", "add_tags": ["b"]}},
        ]
    )
    assert problems == {}
    assert [type(one) for one in found] == [SetFields, Write, Notify, CallWebhook, SetFields]
    assert found[1].is_reply
    assert wanted_of(found) == {"priority": "low", "add_tags": ("a", "b")}


@pytest.mark.parametrize(
    ("given", "place", "words"),
    [
        ([{}], "do[0]", "must be one of"),
        ([{"note": "A.", "reply": "B."}], "do[0]", "must be one of"),
        ([{"note": "A."}, {"reply": "B."}], "do", "more than one article"),
        ([{"notify": ["lead"]}], "do[0]", "text is what"),
        ([{"note": "A.", "text": "B."}], "do[0]", "text is what"),
        ([{"notify": ["agent:ana"], "text": "B."}], "do[0].notify[0]", "'agent:anna'"),
        ([{"set": {"priorty": "low"}}], "do[0].set.priorty", "'priority'"),
        ([{"set": {"assignee": "ana"}}], "do[0].set.assignee", "'anna'"),
        ([{"webhook": "pagr"}], "do[0].webhook", "'pager'"),
        ([{"mail": "x"}], "do[0].mail", "no key"),
        ({"note": "A."}, "do", "must be a list"),
    ],
)
def test_what_cannot_be_done_is_refused_at_its_place(given: Any, place: str, words: str) -> None:
    assert words in read(given)[1][place]


def test_a_place_may_know_fewer_actions() -> None:
    assert read([{"webhook": "pager"}], "set", "note")[1] != {}
    assert read([{"note": "A.", "text": "B."}], "set", "note")[1] != {}
