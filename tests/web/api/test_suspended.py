"""Suspended mail by API: the list, one mail, and what programs decide."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.api.steps import all_pages, refused_fields
from tests.web.calls import Answer, api, new_token
from tests.world import World, letter

SUSPENDED = "/api/v1/suspended"


def spam(world: World, text: str = "Buy now", **verdicts: str) -> str:
    return world.mail(letter(text, subject=text), verdicts={"spam": "FAIL", **verdicts})


def do(world: World, mail: str, verb: str) -> Answer:
    if verb == "delete":
        return api(world, "DELETE", f"{SUSPENDED}/{mail}")
    return api(world, "POST", f"{SUSPENDED}/{mail}/{verb}")


def many(world: World, action: Any, ids: Any, **more: Any) -> Answer:
    return api(world, "POST", SUSPENDED, {"action": action, "ids": ids}, **more)


def listed(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api(world, "GET", SUSPENDED).body["items"]
    return found


def test_suspended_mail_is_listed_with_its_cause_the_newest_first(world: World) -> None:
    spam(world, "One")
    world.pass_time(minutes=1)
    world.mail(letter("second", subject="Two"), verdicts={"virus": "FAIL", "dmarc": "FAIL"})
    pages = all_pages(world, f"{SUSPENDED}?limit=1")
    found = [(mail["subject"], mail["cause"], mail["is_authenticated"]) for (mail,) in pages]
    assert found == [("Two", "virus", False), ("One", "spam", True)]
    assert pages[0][0]["sender"] == "kim@customer.example"


def test_one_mail_says_why_it_waits_and_how_it_was_understood(world: World) -> None:
    ses_id = spam(world, dmarc="FAIL", dmarc_policy="none")
    found = api(world, "GET", f"{SUSPENDED}/{ses_id}").body
    assert found["verdicts"] == {
        "spf": "PASS",
        "dkim": "PASS",
        "dmarc": "FAIL",
        "spam": "FAIL",
        "virus": "PASS",
        "dmarc_policy": "none",
    }
    assert (found["cause"], found["recipients"]) == ("spam", ["support@desk.example"])
    assert (found["flight"]["authenticated"], found["is_authenticated"]) == ("no", False)
    path = found["raw"].removeprefix("https://desk.example")
    original = api(world, "GET", path)
    assert original.status == 303
    assert "response-content-type=application%2Foctet-stream" in original.headers["location"]


def test_the_original_of_a_virus_is_never_handed_out(world: World) -> None:
    ses_id = spam(world, virus="FAIL")
    assert api(world, "GET", f"{SUSPENDED}/{ses_id}").body["raw"] is None
    assert api(world, "GET", f"{SUSPENDED}/{ses_id}/raw").status == 404


@pytest.mark.parametrize(
    ("verb", "outcome", "ticket"),
    [
        ("release", "released", 1001),
        ("allow", "allowed", 1001),
        ("block", "blocked", None),
        ("delete", "deleted", None),
    ],
)
def test_a_verb_answers_once_and_again_with_what_the_mail_became(
    world: World, verb: str, outcome: str, ticket: int | None
) -> None:
    ses_id = spam(world)
    answers = [do(world, ses_id, verb) for _ in range(2)]
    expected = {"id": ses_id, "outcome": outcome, "ticket": ticket, "error": None}
    assert [(answer.status, answer.body) for answer in answers] == [(200, expected)] * 2
    assert listed(world) == []
    assert api(world, "GET", f"{SUSPENDED}/{ses_id}").status == 404


def test_who_is_only_blocked_is_nobody_the_desk_knows(world: World) -> None:
    do(world, spam(world), "block")
    found = api(world, "GET", "/api/v1/people?email=kim@customer.example")
    assert (found.status, found.body["items"]) == (200, [])


def test_a_block_is_taken_off_by_the_mail_it_deleted(world: World) -> None:
    ses_id = spam(world)
    do(world, ses_id, "block")
    assert do(world, ses_id, "unblock").body["outcome"] == "unblocked"
    world.mail(letter())
    assert listed(world) == []


@pytest.mark.parametrize(
    ("verb", "verdicts", "why"),
    [
        ("release", {"virus": "FAIL"}, "virus"),
        ("allow", {"dmarc": "FAIL"}, "not_authenticated"),
    ],
)
def test_what_a_mail_does_not_allow_is_a_conflict_that_says_why(
    world: World, verb: str, verdicts: dict[str, str], why: str
) -> None:
    answer = do(world, spam(world, **verdicts), verb)
    error = answer.body["error"]
    assert (answer.status, error["code"], error["fields"]) == (409, "conflict", {"mail": why})


def test_what_is_nowhere_is_not_found(world: World) -> None:
    for path in ("nothing", "x" * 2000, "%7B%7D"):
        assert api(world, "GET", f"{SUSPENDED}/{path}").status == 404
        for verb in ("release", "allow", "block", "unblock", "delete"):
            assert do(world, path, verb).status == 404


def test_several_mails_have_a_result_each(world: World) -> None:
    good, ill = spam(world, "One"), spam(world, "Two", virus="FAIL")
    again = [many(world, "release", [good, ill, "nothing"]) for _ in range(2)]
    assert again[0] == again[1]
    first, second, third = again[0].body["items"]
    assert first == {"id": good, "outcome": "released", "ticket": 1001, "error": None}
    assert (second["outcome"], second["error"]["fields"]) == ("failed", {"mail": "virus"})
    assert (third["outcome"], third["error"]["code"]) == ("failed", "not_found")
    assert [mail["id"] for mail in listed(world)] == [ill]


@pytest.mark.parametrize("ids", [[], ["x"] * 51, "x", [1], [""], None, {"x": 1}])
def test_one_to_fifty_ids_are_taken(world: World, ids: Any) -> None:
    assert refused_fields(many(world, "release", ids)) == ["ids"]


@pytest.mark.parametrize("action", ["burn", "", None, 7])
def test_only_known_actions_are_taken(world: World, action: Any) -> None:
    assert refused_fields(many(world, action, ["x"])) == ["action"]


def test_no_field_is_taken_that_is_not_known(world: World) -> None:
    body = {"action": "delete", "ids": ["x"], "group": "hr"}
    assert refused_fields(api(world, "POST", SUSPENDED, body)) == ["group"]
    one = api(world, "POST", f"{SUSPENDED}/{spam(world)}/release", {"group": "hr"})
    assert refused_fields(one) == ["group"]


def test_who_may_only_read_decides_nothing(world: World) -> None:
    reader, ses_id = new_token("suspended:read"), spam(world)
    assert api(world, "GET", f"{SUSPENDED}/{ses_id}", token=reader).status == 200
    for verb in ("release", "allow", "block", "unblock"):
        answer = api(world, "POST", f"{SUSPENDED}/{ses_id}/{verb}", token=reader)
        assert answer.status == 403
    assert api(world, "DELETE", f"{SUSPENDED}/{ses_id}", token=reader).status == 403
    assert many(world, "release", [ses_id], token=reader).status == 403
    assert len(listed(world)) == 1
