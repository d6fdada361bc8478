"""The short way sends what botocore would send, and leaves to botocore what is not plain."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from io import BytesIO
from typing import Any

import botocore.auth
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session

from chalicelib import line
from chalicelib.shortcut import shorten

Answers = list[tuple[int, bytes] | None]

AT = datetime(2026, 3, 2, 9, 0)
TABLE, BUCKET = "desk", "files"
KEY = {"pk": {"S": "T#1001"}, "sk": {"S": "~~head"}}
NAMES = {"#0": "n"}
ITEM = {**KEY, "text": {"S": "Kære Åse 😀"}, "chain": {"B": b"\x00\xff"}, "n": {"N": "1"}}
DYNAMODB: dict[str, dict[str, Any]] = {
    "BatchGetItem": {"RequestItems": {TABLE: {"ConsistentRead": True, "Keys": [KEY]}}},
    "Query": {
        "TableName": TABLE,
        "KeyConditionExpression": "#0 = :0",
        "ExpressionAttributeNames": NAMES,
        "ExpressionAttributeValues": {":0": {"S": "T#1001"}},
        "ScanIndexForward": False,
        "Limit": 50,
    },
    "UpdateItem": {
        "TableName": TABLE,
        "Key": KEY,
        "UpdateExpression": "ADD #0 :0",
        "ExpressionAttributeNames": NAMES,
        "ExpressionAttributeValues": {":0": {"N": "1"}},
    },
    "TransactWriteItems": {
        "TransactItems": [{"Put": {"TableName": TABLE, "Item": ITEM}}],
        "ClientRequestToken": "once",
    },
}
OBJECT = {"Bucket": BUCKET, "Key": "inbound/a b+ø/ses1"}
S3: dict[str, dict[str, Any]] = {
    "GetObject": OBJECT,
    "PutObject": {
        **OBJECT,
        "Body": b"%PDF",
        "ContentType": "application/pdf",
        "ContentDisposition": "attachment; filename=\"two  blanks\"; filename*=UTF-8''%C3%A5",
    },
}
CALLS = [("dynamodb", *call) for call in DYNAMODB.items()] + [("s3", *call) for call in S3.items()]


class Wire:
    """Clients, and the other side of them: it keeps each request and gives the next answer."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for module in (botocore.auth, line):
            monkeypatch.setattr(module, "get_current_datetime", lambda: AT)
        self.requests: list[AWSPreparedRequest] = []
        self.answers: Answers = []
        self.clients: list[Any] = []

    def client(self, service: str, *, short: bool = True, **more: Any) -> Any:
        session = Session()
        session.set_credentials("AKID", "secret", "token")
        if short:
            shorten(session)
        checksums = ("request_checksum_calculation", "response_checksum_validation")
        settings = {**dict.fromkeys(checksums, "when_required"), **more.pop("config", {})}
        settings["retries"] = {"total_max_attempts": 1}
        client = session.create_client(
            service, region_name=more.pop("region", "eu-west-1"), config=Config(**settings), **more
        )
        client.meta.events.register("before-send", self._answer)
        self.clients.append(client)
        return client

    def send(self, client: Any, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = client._make_api_call(operation, dict(parameters))
        return answer

    def _answer(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        self.requests.append(request)
        plain = b"" if "s3" in request.url else b"{}"
        answer = self.answers.pop(0) if self.answers else (200, plain)
        if answer is None:
            return None
        raw = BytesIO(answer[1])
        raw.stream = lambda **_: iter([answer[1]])  # type: ignore[attr-defined]
        return AWSResponse(request.url, answer[0], {}, raw)


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    made = Wire(monkeypatch)
    yield made
    for client in made.clients:
        client.close()


def headers_of(request: AWSPreparedRequest) -> dict[str, str]:
    """Those that matter: the others say who asks, how often, and that the body may wait."""
    mute = {"user-agent", "expect", "amz-sdk-request", "amz-sdk-invocation-id"}
    found = {name.lower(): value for name, value in request.headers.items()}
    text = {n: v.decode() if isinstance(v, bytes) else v for n, v in found.items() if n not in mute}
    # Both are set by the connection where botocore does not.
    return {name: text[name] for name in sorted(text) if name not in {"host", "content-length"}}


@pytest.mark.parametrize("region", ["eu-west-1", "us-east-1", "cn-north-1", "us-gov-west-1"])
@pytest.mark.parametrize(("service", "operation", "parameters"), CALLS)
def test_a_short_request_is_the_one_that_botocore_makes(
    wire: Wire, service: str, operation: str, parameters: dict[str, Any], region: str
) -> None:
    for short in (True, False):
        client = wire.client(service, short=short, region=region)
        wire.send(client, operation, parameters)
        wire.send(client, operation, parameters)
    first, again, long, _ = wire.requests
    assert first.url == long.url
    assert first.method == long.method
    body = long.body.read() if hasattr(long.body, "read") else long.body
    assert first.body == (body or b"")
    # The signature holds all that is signed: as it is the same, so is the rest.
    signed_part = {**headers_of(long)}
    disposition = signed_part.get("content-disposition")
    if disposition:
        signed_part["content-disposition"] = " ".join(disposition.split())
    assert headers_of(first) == signed_part
    assert headers_of(again) == headers_of(first)


@pytest.mark.parametrize("style", ["path", "virtual"])
def test_an_endpoint_of_ones_own_is_kept_to(wire: Wire, style: str) -> None:
    for short in (True, False):
        client = wire.client(
            "s3",
            short=short,
            endpoint_url="http://127.0.0.1:4566",
            config={"s3": {"addressing_style": style}},
        )
        wire.send(client, "GetObject", OBJECT)
        dynamodb = wire.client("dynamodb", short=short, endpoint_url="http://127.0.0.1:4566")
        wire.send(dynamodb, "Query", DYNAMODB["Query"])
    urls = [request.url for request in wire.requests]
    assert urls[:2] == urls[2:]


def test_other_operations_go_the_long_way(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    client = wire.client("dynamodb")
    monkeypatch.setattr(client, "_signed", None)
    wire.send(client, "GetItem", {"TableName": TABLE, "Key": KEY})
    assert wire.requests[0].headers["User-Agent"]


def test_links_are_those_of_botocore(wire: Wire) -> None:
    links = [
        wire.client("s3", short=short, config={"signature_version": "s3v4"}).generate_presigned_url(
            "get_object", Params=OBJECT
        )
        for short in (True, False)
    ]
    assert links[0] == links[1]


def test_bytes_come_back_as_bytes_and_an_attribute_named_b_as_it_is(wire: Wire) -> None:
    stored = {"chain": {"B": "AP8="}, "B": {"S": "x"}, "row": {"M": {"B": {"B": "AA=="}}}}
    wire.answers = [(200, json.dumps({"Items": [stored]}).encode())]
    answer = wire.send(wire.client("dynamodb"), "Query", DYNAMODB["Query"])
    [item] = answer["Items"]
    assert item["chain"] == {"B": b"\x00\xff"}
    assert item["B"] == {"S": "x"}
    assert item["row"] == {"M": {"B": {"B": b"\x00"}}}


def refusal(code: str, **more: Any) -> tuple[int, bytes]:
    kind = f"com.amazonaws.dynamodb.v20120810#{code}"
    return 400, json.dumps({"__type": kind, "message": "no", **more}).encode()


@pytest.mark.parametrize(
    "answer",
    [
        refusal("ConditionalCheckFailedException", Item={"chain": {"B": "AP8="}}),
        refusal(
            "TransactionCanceledException",
            CancellationReasons=[{"Code": "None"}, {"Code": "TransactionConflict"}],
        ),
    ],
)
def test_a_refusal_is_final_and_the_error_is_that_of_botocore(
    wire: Wire, answer: tuple[int, bytes]
) -> None:
    errors = []
    for short in (True, False):
        client = wire.client("dynamodb", short=short)
        wire.answers = [answer]
        with pytest.raises(ClientError) as caught:
            wire.send(client, "TransactWriteItems", DYNAMODB["TransactWriteItems"])
        errors.append(caught.value)
    assert len(wire.requests) == 2
    assert type(errors[0]).__name__ == type(errors[1]).__name__
    for name in ("Error", "CancellationReasons", "Item"):
        long = errors[1].response.get(name)
        assert long is None or errors[0].response.get(name) == long


@pytest.mark.parametrize(
    "answer",
    [
        refusal("ProvisionedThroughputExceededException"),
        (500, b"{}"),
        (503, b"<html>"),
        (200, b"<html>"),
        (400, b""),
    ],
)
def test_what_is_not_plain_is_asked_again_by_botocore(
    wire: Wire, answer: tuple[int, bytes]
) -> None:
    wire.answers = [answer, (200, b'{"Count": 3}')]
    answered = wire.send(wire.client("dynamodb"), "Query", DYNAMODB["Query"])
    assert answered["Count"] == 3
    assert [bool(one.headers.get("amz-sdk-request")) for one in wire.requests] == [False, True]


def test_a_put_that_is_asked_again_sends_the_same_content(wire: Wire) -> None:
    wire.answers = [(500, b""), (200, b"")]
    wire.send(wire.client("s3"), "PutObject", S3["PutObject"])
    assert [request.body for request in wire.requests] == [b"%PDF", b"%PDF"]


def test_a_file_that_is_gone_is_an_error_of_botocore(wire: Wire) -> None:
    gone = (404, b"<Error><Code>NoSuchKey</Code><Message>gone</Message></Error>")
    wire.answers = [gone, gone]
    client = wire.client("s3")
    with pytest.raises(client.exceptions.NoSuchKey):
        wire.send(client, "GetObject", OBJECT)


def without_connection(wire: Wire) -> Any:
    return wire.client("dynamodb", endpoint_url="http://127.0.0.1:1")


def through_proxy(wire: Wire) -> Any:
    return wire.client("dynamodb", config={"proxies": {"https": "http://127.0.0.1:1"}})


def without_certificates(wire: Wire) -> Any:
    return wire.client("dynamodb", verify=False)


@pytest.mark.parametrize("made", [without_connection, through_proxy, without_certificates])
def test_what_the_short_way_cannot_reach_goes_the_long_way(
    wire: Wire, made: Callable[[Wire], Any]
) -> None:
    wire.answers = [None, (200, b'{"Count": 3}')]
    assert wire.send(made(wire), "Query", DYNAMODB["Query"])["Count"] == 3
    assert len(wire.requests) == 2


def test_no_value_begins_a_header_of_its_own(wire: Wire) -> None:
    parameters = {**S3["PutObject"], "ContentType": "text/plain\r\nX-Amz-Acl: public-read"}
    wire.send(wire.client("s3"), "PutObject", parameters)
    assert wire.requests[0].headers["Content-Type"] == "text/plain X-Amz-Acl: public-read"
