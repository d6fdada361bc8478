"""The outside world through boto3: what AWS says in its way is told in the desk's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.errors import Invalid, NotFound, TooMany, Unauthenticated
from chalicelib.ports import Refused, Unpublished, disposition, new_id
from tests.aws_calls import AwsCall, Response, Send, aws_client, intercepted
from tests.world import PASSWORD, World, new_world

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def real(monkeypatch: pytest.MonkeyPatch) -> Any:
    with new_world(monkeypatch, real=True) as made:
        yield made


def test_ids_sort_by_time_and_never_repeat() -> None:
    ids = [new_id() for _ in range(200)]
    assert len(set(ids)) == 200
    assert {len(one) for one in ids} == {24}
    assert ids[0][:8] <= ids[-1][:8]


@pytest.mark.parametrize(
    "name", ['a".html', "a\r\nSet-Cookie: x", "årsplan.pdf", "../../etc/passwd"]
)
def test_a_download_never_opens_and_its_name_starts_no_header(name: str) -> None:
    value = disposition(name)
    assert value.startswith("attachment;")
    assert "\r" not in value
    assert "\n" not in value
    assert value.count('"') == 2
    assert "/" not in value.partition("filename*")[0]


def test_a_file_that_is_gone_is_not_found(real: World) -> None:
    with pytest.raises(NotFound):
        real.ports.blobs.get("nowhere")
    with pytest.raises(NotFound):
        real.ports.blobs.head("nowhere")


def test_a_file_comes_back_with_size_and_type(real: World) -> None:
    real.ports.blobs.put("a", b"hello", content_type="text/plain", filename="å.txt")
    assert real.ports.blobs.get("a") == b"hello"
    assert (real.ports.blobs.head("a").size, real.ports.blobs.head("a").content_type) == (
        5,
        "text/plain",
    )
    link = real.ports.blobs.link("a", filename="å.txt", content_type="text/plain")
    assert "response-content-disposition=attachment" in link


def test_an_upload_is_bound_to_its_key_type_and_size(real: World) -> None:
    post = real.ports.blobs.upload("uploads/x", content_type="image/png", max_bytes=10)
    assert post["fields"]["key"] == "uploads/x"
    assert post["fields"]["Content-Type"] == "image/png"


def test_the_bus_names_what_it_refused(real: World) -> None:
    def refuse_one(call: AwsCall, send: Send) -> Response:
        answer = send(call.params)
        if call.operation == "PutEvents" and len(call.params["Entries"]) < 10:
            answer = {"FailedEntryCount": 1, "Entries": [{"EventId": "1"}, {"ErrorCode": "X"}]}
        return answer

    events = [("StatusChanged", "{}", AT)] * 12
    with intercepted(refuse_one), pytest.raises(Unpublished) as caught:
        real.ports.bus.publish(events)
    assert caught.value.refused == (11,)


def test_ses_refusing_and_ses_asking_to_wait_are_two_things(real: World) -> None:
    def send(to: str) -> str:
        return real.ports.mailer.send(
            b"From: a@b.example\r\n\r\n", sender="a@b.example", to=to, tags={}
        )

    with pytest.raises(Refused):
        send("kim@customer.example")

    def throttle(call: AwsCall, _: Send) -> Response:
        error = {"Error": {"Code": "TooManyRequestsException", "Message": "slow"}}
        raise call.client.exceptions.TooManyRequestsException(error, call.operation)

    with intercepted(throttle), pytest.raises(TooMany):
        send("kim@customer.example")


def test_sign_in_knows_the_right_password_from_every_other(real: World) -> None:
    assert real.ports.identity.sign_in("anna@agents.example", PASSWORD) is None
    for email, password in (("anna@agents.example", "wrong"), ("eve@else.example", PASSWORD)):
        with pytest.raises(Unauthenticated) as caught:
            real.ports.identity.sign_in(email, password)
        assert caught.value.message == "The address or the password is not right."


def test_a_new_agent_has_to_choose_a_password(real: World) -> None:
    real.ports.identity.sign_in("anna@agents.example", PASSWORD)
    cognito = aws_client("cognito-idp")
    pool = cognito.list_user_pools(MaxResults=1)["UserPools"][0]["Id"]
    cognito.admin_create_user(
        UserPoolId=pool, Username="new@agents.example", TemporaryPassword="First-time-1"
    )
    challenge = real.ports.identity.sign_in("new@agents.example", "First-time-1")
    assert challenge is not None
    assert challenge.name == "NEW_PASSWORD_REQUIRED"
    done = real.ports.identity.set_password("new@agents.example", PASSWORD, challenge.session)
    assert done is None
    assert real.ports.identity.sign_in("new@agents.example", PASSWORD) is None


def test_a_queue_is_emptied_by_what_is_done(real: World) -> None:
    queue = real.ports.unprocessed
    aws_client("sqs").send_message(
        QueueUrl=real.ports.config.unprocessed_queue_url, MessageBody="hello"
    )
    [(receipt, body)] = queue.receive()
    assert body == "hello"
    queue.done([receipt])
    assert queue.receive() == []


def test_an_error_of_the_desk_carries_its_fields() -> None:
    assert Invalid("no", fields={"a": "b"}).fields == {"a": "b"}
