"""Bodies that are no JSON, too large, or of another kind."""

from __future__ import annotations

import json

from tests.web.api.steps import NEW
from tests.web.calls import api
from tests.world import World

LIST = "/api/v1/tickets"


def test_a_body_that_is_no_json_object_is_refused(world: World) -> None:
    wrong = [
        "{",
        "not json",
        "[]",
        '"text"',
        "null",
        b"\xff\xfe{",
        '{"subject": NaN}',
        '{"subject": "\\ud800"}',
        "[" * 100_000,
        '{"n": ' + "9" * 5000 + "}",
    ]
    for body in wrong:
        answer = api(world, "POST", LIST, body)
        assert (answer.status, answer.body["error"]["code"]) == (400, "invalid"), body[:20]
        assert "JSON" in answer.body["error"]["message"]


def test_a_body_that_is_too_large_is_refused_unread(world: World) -> None:
    answer = api(world, "POST", LIST, {**NEW, "body": "x" * 1_000_001})
    assert answer.status == 400
    assert "too large" in answer.body["error"]["message"]


def test_a_body_of_another_type_is_refused_with_the_one_to_send(world: World) -> None:
    for sent in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data; a=b"):
        answer = api(world, "POST", LIST, NEW, headers={"Content-Type": sent})
        assert answer.status == 400
        assert answer.body["error"]["fields"] == {"Content-Type": "must be application/json"}


def test_json_may_say_its_charset_and_be_sent_as_bytes(world: World) -> None:
    body = json.dumps({**NEW, "subject": "Árvíztűrő"}, ensure_ascii=False).encode()
    headers = {"content-type": "Application/JSON; charset=utf-8"}
    answer = api(world, "POST", LIST, body, headers=headers)
    assert (answer.status, answer.body["subject"]) == (201, "Árvíztűrő")


def test_a_call_that_sends_nothing_needs_no_type(world: World) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert api(world, "POST", "/api/v1/exports", "", headers=headers).status == 202
