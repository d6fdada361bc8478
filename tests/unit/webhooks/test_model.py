"""Signatures and secrets as Standard Webhooks has them, and when a call is tried again."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.desk.hooks import Source, Webhook
from chalicelib.errors import Unauthenticated
from chalicelib.keys import Keys
from chalicelib.webhooks.model import (
    WAITS,
    next_wait,
    secrets_of,
    shown,
    signed,
    verify,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KEYS = Keys(b"p" * 32, {"k1": b"k" * 32})
WEBHOOK = Webhook("pager", "https://hooks.example.org/")
SECRET = b"s" * 32
BODY = b'{"type":"StatusChanged"}'


def test_the_signature_is_that_of_the_example_in_the_specification() -> None:
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    at = datetime.fromtimestamp(1614265330, UTC)
    headers = signed([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}')
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_what_the_manual_shows_receivers_verifies_what_is_sent() -> None:
    headers = signed([SECRET], "msg_1", NOW, BODY)
    key = base64.b64decode(shown(SECRET).removeprefix("whsec_"))
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + BODY
    wanted = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    assert f"v1,{wanted}" in headers["webhook-signature"].split(" ")


def test_every_entry_of_the_desk_has_a_secret_of_its_own() -> None:
    entries = [
        WEBHOOK,
        Webhook("chat", WEBHOOK.url),
        Source("pager", "Pager", "support"),
        Webhook("pager", WEBHOOK.url, secret=2),
    ]
    others = Keys(b"q" * 32, KEYS.signing)
    found = [secrets_of(keys, entry)[0] for keys in (KEYS, others) for entry in entries]
    assert len(set(found)) == 8
    assert all(len(secret) == 32 for secret in found)


def test_a_secret_outlives_the_keys_that_sign_links() -> None:
    rotated = Keys(KEYS.pepper, {"k2": b"n" * 32})
    assert secrets_of(rotated, WEBHOOK) == secrets_of(KEYS, WEBHOOK)


def test_a_new_secret_is_used_beside_the_one_before_it() -> None:
    first, second, third = (
        secrets_of(KEYS, Webhook("pager", WEBHOOK.url, secret=count)) for count in (1, 2, 3)
    )
    assert len(first) == 1
    assert second[1] == first[0]
    assert third[1] == second[0]
    assert first[0] not in third
    headers = signed(second, "msg_1", NOW, BODY)
    for receiver in (first, second[:1]):
        assert verify(receiver, headers, NOW, BODY) == "msg_1"


def test_a_signature_opens_for_five_minutes_either_way() -> None:
    headers = signed([SECRET], "msg_1", NOW, BODY)
    for minutes in (-5, 0, 5):
        assert verify([SECRET], headers, NOW + timedelta(minutes=minutes), BODY) == "msg_1"
    for seconds in (-301, 301):
        with pytest.raises(Unauthenticated):
            verify([SECRET], headers, NOW + timedelta(seconds=seconds), BODY)


GOOD = signed([SECRET], "msg_1", NOW, BODY)


@pytest.mark.parametrize(
    "forged",
    [
        {},
        {**GOOD, "webhook-signature": ""},
        {**GOOD, "webhook-signature": "v1,"},
        {**GOOD, "webhook-signature": GOOD["webhook-signature"].removeprefix("v1,")},
        {**GOOD, "webhook-signature": GOOD["webhook-signature"].replace("v1,", "v1a,")},
        {**GOOD, "webhook-signature": GOOD["webhook-signature"][:-1]},
        {**GOOD, "webhook-id": "msg_2"},
        {**GOOD, "webhook-id": ""},
        {**GOOD, "webhook-id": "m" * 300},
        {**GOOD, "webhook-timestamp": str(int(NOW.timestamp()) + 1)},
        {**GOOD, "webhook-timestamp": f"+{GOOD['webhook-timestamp']}"},
        {**GOOD, "webhook-timestamp": f" {GOOD['webhook-timestamp']}"},
        {**GOOD, "webhook-timestamp": "9" * 400},
        {**GOOD, "webhook-timestamp": "١٧٧٢٤٤٢٠٠٠"},
        signed([b"another secret of 32 bytes......"], "msg_1", NOW, BODY),
    ],
)
def test_what_was_not_signed_with_the_secret_is_refused(forged: dict[str, str]) -> None:
    with pytest.raises(Unauthenticated):
        verify([SECRET], forged, NOW, BODY)


def test_another_body_is_refused() -> None:
    with pytest.raises(Unauthenticated):
        verify([SECRET], GOOD, NOW, BODY + b" ")


def test_an_id_with_a_dot_is_refused_for_nobody_knows_where_it_ends() -> None:
    headers = signed([SECRET], "msg.1", NOW, BODY)
    with pytest.raises(Unauthenticated):
        verify([SECRET], headers, NOW, BODY)


def test_one_of_several_signatures_is_enough() -> None:
    several = f"v1a,else v1,AAAA {GOOD['webhook-signature']}"
    assert verify([SECRET], {**GOOD, "webhook-signature": several}, NOW, BODY) == "msg_1"


def test_each_wait_is_longer_than_the_one_before_and_the_last_is_the_end() -> None:
    waits = [next_wait(attempt, 0, timedelta()) for attempt in range(1, len(WAITS) + 1)]
    assert waits == sorted(WAITS)
    assert next_wait(len(WAITS) + 1, 0, timedelta()) is None


def test_chance_makes_a_wait_up_to_a_fifth_longer() -> None:
    assert next_wait(2, 0, timedelta()) == timedelta(minutes=5)
    assert next_wait(2, 1, timedelta()) == timedelta(minutes=6)


def test_a_receiver_may_ask_for_a_longer_wait_of_a_day_at_most() -> None:
    assert next_wait(1, 0, timedelta(hours=1)) == timedelta(hours=1)
    assert next_wait(3, 0, timedelta(seconds=1)) == timedelta(minutes=30)
    assert next_wait(1, 0, timedelta(days=400)) == timedelta(days=1)
