"""Whoever is no source of the desk tells it nothing, and a source no more than is its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from chalicelib.desk.hooks import Webhook
from chalicelib.desk.service import apply, live_desk
from chalicelib.webhooks.model import secrets_of, signed
from tests.attacks.routes import everything
from tests.attacks.scene import browser_of
from tests.web.calls import Answer, api, new_token
from tests.world import DESK, World, letter

SOURCE = {"group": "support", "key": ["id"], "state": "state"}
SOURCES = {
    "monitor": SOURCE,
    "other": SOURCE,
    "ci": {"group": "support", "ticket": "ticket"},
    "tokened": {**SOURCE, "auth": "token"},
}
BODY = json.dumps({"id": "disk", "state": "firing", "ticket": 1001}).encode()


@pytest.fixture
def desk(world: World) -> World:
    webhooks = {"monitor": {"url": "https://hooks.example.org/"}}
    apply(world.ports, {**DESK, "sources": SOURCES, "webhooks": webhooks})
    return world


def headers(world: World, source: str = "monitor", *, body: bytes = BODY, name: str = "m") -> Any:
    secrets = secrets_of(world.ports.keys(), live_desk(world.ports).sources[source])
    return signed(secrets, name, world.now, body)


def send(
    world: World, given: Mapping[str, str], *, source: str = "monitor", body: bytes = BODY
) -> Answer:
    text = body.decode()
    return api(world, "POST", f"/api/v1/events/{source}", text, token=None, headers=given)


def test_an_event_that_is_not_signed_changes_nothing(desk: World) -> None:
    """Class: a webhook that took whatever anybody posted to its address."""
    before, good = everything(desk), headers(desk)
    forged: list[Mapping[str, str]] = [
        {},
        {"Authorization": f"Bearer {new_token('events:write')}"},
        {**good, "webhook-signature": "v1,AAAA"},
        {**good, "webhook-signature": ""},
        {**good, "webhook-id": "another"},
        {**good, "webhook-timestamp": str(int(desk.now.timestamp()) + 60)},
        headers(desk, "other"),
        signed([b"\0" * 32], "m", desk.now, BODY),
        signed([b""], "m", desk.now, BODY),
    ]
    before = everything(desk)
    for given in forged:
        answer = send(desk, given)
        assert (answer.status, answer.body["error"]["code"]) == (401, "unauthenticated"), given
    assert everything(desk) == before


def test_the_secret_of_a_webhook_opens_no_source_of_the_same_name(desk: World) -> None:
    """Class: one secret for both directions, so that what was sent could be sent back."""
    webhook = live_desk(desk.ports).webhooks["monitor"]
    assert isinstance(webhook, Webhook)
    theirs = signed(secrets_of(desk.ports.keys(), webhook), "m", desk.now, BODY)
    assert send(desk, theirs).status == 401


def test_a_body_that_was_changed_on_the_way_is_refused(desk: World) -> None:
    """Class: a signature over less than the whole body."""
    good = headers(desk)
    for body in (BODY + b" ", BODY.replace(b"firing", b"over  "), b"{}"):
        assert send(desk, good, body=body).status == 401


def test_an_event_is_taken_for_five_minutes_and_once(desk: World) -> None:
    """Class: a call that somebody wrote down, and sends again when it suits them."""
    good = headers(desk)
    assert send(desk, good).body["items"][0]["outcome"] == "opened"
    over = json.dumps({"id": "disk", "state": "resolved"}).encode()
    assert send(desk, headers(desk, body=over, name="n"), body=over).status == 200
    before = everything(desk)
    assert send(desk, good).body["items"][0]["outcome"] == "repeated"
    desk.pass_time(minutes=5, seconds=1)
    assert send(desk, good).status == 401
    assert everything(desk) == before


def test_a_secret_that_was_replaced_twice_opens_nothing(desk: World) -> None:
    """Class: a secret that leaked, and could not be taken back."""
    old = headers(desk)
    for count, status in ((2, 200), (3, 401)):
        sources = {"monitor": {**SOURCE, "secret": count}}
        apply(desk.ports, {**DESK, "sources": sources})
        assert send(desk, old).status == status


def test_a_token_needs_its_scope_and_the_group_of_the_source(desk: World) -> None:
    """CVE-2026-44231, Class: any token of the desk opened what was meant for a monitoring."""

    def by(**token: Any) -> int:
        scopes = token.pop("scopes", ["events:write"])
        sent = {"Authorization": f"Bearer {new_token(*scopes, **token)}"}
        return send(desk, sent, source="tokened").status

    assert by(scopes=["tickets:write", "tickets:read"]) == 403
    assert by(groups=["hr"]) == 403
    assert by(expires_at=desk.now) == 401
    assert send(desk, {"Authorization": "Bearer skr_unknown"}, source="tokened").status == 401
    assert send(desk, headers(desk, "tokened"), source="tokened").status == 401
    assert by(groups=["support"]) == 200


def test_a_source_reaches_no_ticket_of_another_group(desk: World) -> None:
    """CVE-2026-41189: a number in a body that was not held against who may see it."""
    desk.mail(letter(to="hr@desk.example"))
    before = everything(desk)
    (item,) = send(desk, headers(desk, "ci"), source="ci").body["items"]
    assert (item["outcome"], item["ticket"]) == ("ignored", None)
    assert everything(desk) == before


@pytest.mark.parametrize(
    "body",
    [
        b'{"id": "x", "more": "' + b"a" * 256_000 + b'"}',
        b'{"id": "x", "more": "' + b"a" * 1_000_000 + b'"}',
        b"[" * 50_000,
        b'{"id": ' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"id": NaN}',
        b'"disk"',
        b'{"id": "\\ud800"}',
        b'{"id": {"id": "x"}}',
    ],
)
def test_a_body_that_nobody_can_use_is_refused_whole(desk: World, body: bytes) -> None:
    """Class: a body that takes long to read, or that nobody can store."""
    before = everything(desk)
    assert send(desk, headers(desk, body=body), body=body).status == 400
    assert everything(desk) == before


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "{{ 7000 * 7 }}", "a\r\nBcc: x@y.example"]
)
def test_what_a_source_says_is_text_wherever_it_is_shown(desk: World, text: str) -> None:
    """Class: an alert whose name was run in the browser of whoever looked at it."""
    sources = {"monitor": {**SOURCE, "title": "id", "text": "id", "fields": {"note": "id"}}}
    apply(desk.ports, {**DESK, "sources": sources})
    body = json.dumps({"id": text, "state": "firing"}).encode()
    (item,) = send(desk, headers(desk, body=body), body=body).body["items"]
    page = browser_of(desk, "anna").get(f"/agent/tickets/{item['ticket']}")
    assert "<script>alert" not in page.body
    assert " ".join(text.split()) in page.text
    assert "49000" not in page.text
