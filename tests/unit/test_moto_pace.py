"""What moto is spared changes nothing about what it answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from tests.aws_calls import REGION, aws_client
from tests.world import create_table

NOT_THERE = "attribute_not_exists(pk)"
EVERY_TYPE = {
    "text": {"S": "x"},
    "empty": {"S": ""},
    "number": {"N": "1.5"},
    "bytes": {"B": b"\x00\xff"},
    "texts": {"SS": ["a", "b"]},
    "numbers": {"NS": ["1", "2"]},
    "several": {"BS": [b"1", b"2"]},
    "nothing": {"NULL": True},
    "flag": {"BOOL": False},
    "list": {"L": [{"S": "x"}, {"L": []}, {"M": {}}]},
    "map": {"M": {"S": {"S": "a name like a type"}, "N": {"M": {"S": {"N": "1"}}}, "L": {"L": []}}},
    "S": {"M": {"S": {"S": "x"}}},
}


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    """A table with two items."""
    with mock_aws():
        create_table("desk")
        client = aws_client("dynamodb")
        for name in ("a", "b"):
            client.put_item(TableName="desk", Item=item(name))
        yield client


def key(name: str) -> dict[str, Any]:
    return {"pk": {"S": name}, "sk": {"S": "~"}}


def item(name: str) -> dict[str, Any]:
    return {**key(name), "row": {"M": {"list": {"L": [{"S": "old"}]}}}, "n": {"N": "1"}}


def put(name: str, **more: Any) -> dict[str, Any]:
    return {"Put": {"TableName": "desk", "Item": {**item(name), "n": {"N": "2"}}, **more}}


def delete(name: str, **more: Any) -> dict[str, Any]:
    return {"Delete": {"TableName": "desk", "Key": key(name), **more}}


def update(name: str, **more: Any) -> dict[str, Any]:
    """Changes a number, and a list inside a map."""
    changes = {
        "UpdateExpression": "SET n = :n, #row.#list[0] = :text",
        "ExpressionAttributeNames": {"#row": "row", "#list": "list"},
        "ExpressionAttributeValues": {":n": {"N": "2"}, ":text": {"S": "new"}},
    }
    return {"Update": {"TableName": "desk", "Key": key(name), **changes, **more}}


def everything() -> Any:
    """The items, and the records of the stream."""
    table = dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables["desk"]
    items = {
        (str(pk.value), str(sk.value)): one.to_json()["Attributes"]
        for pk, several in table.items.items()
        for sk, one in several.items()
    }
    return items, [record.to_json() for record in table.stream_shard.items]


@pytest.mark.parametrize("first", [put("a"), put("c"), delete("a"), update("a")])
@pytest.mark.parametrize(
    "second",
    [
        put("b", ConditionExpression=NOT_THERE),
        delete("b", ConditionExpression=NOT_THERE),
        update("b", ConditionExpression=NOT_THERE),
        update("no such item"),
    ],
)
def test_a_transaction_that_fails_changes_nothing(dynamodb: Any, first: Any, second: Any) -> None:
    before = everything()
    for writes in ([first, second], [second, first]):
        with pytest.raises(ClientError):
            dynamodb.transact_write_items(TransactItems=writes)
        assert everything() == before


def test_one_that_succeeds_does_all_of_it_and_tells_the_stream(dynamodb: Any) -> None:
    _, told = everything()
    dynamodb.transact_write_items(TransactItems=[delete("a"), update("b"), put("c")])
    items, records = everything()
    assert {pk: one["n"]["N"] for (pk, _), one in items.items()} == {"b": "2", "c": "2"}
    assert items["b", "~"]["row"]["M"]["list"] == {"L": [{"S": "new"}]}
    names = [record["eventName"] for record in records[len(told) :]]
    assert names == ["REMOVE", "MODIFY", "INSERT"]


def test_what_was_put_back_can_be_written_again(dynamodb: Any) -> None:
    failing = [update("a"), put("b", ConditionExpression=NOT_THERE)]
    with pytest.raises(ClientError):
        dynamodb.transact_write_items(TransactItems=failing)
    dynamodb.transact_write_items(TransactItems=[update("a")])
    found = dynamodb.get_item(TableName="desk", Key=key("a"))["Item"]
    assert (found["n"], len(everything()[1])) == ({"N": "2"}, 3)


def test_every_type_comes_back_as_it_was_put(dynamodb: Any) -> None:
    dynamodb.put_item(TableName="desk", Item={**key("c"), **EVERY_TYPE})
    found = dynamodb.get_item(TableName="desk", Key=key("c"))["Item"]
    assert {name: found[name] for name in EVERY_TYPE} == EVERY_TYPE
