"""The meter against calls whose price the developer guide tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.connection import Connection
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from tests.aws_calls import REGION, aws_client
from tests.capacity import item_size, value_size
from tests.meter import Meter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TABLE = "desk"
KB = 1024
IN_G1 = {"g1pk": "G#1#open", "g1sk": "5", "row": "r"}
IN_G4 = {"g4pk": "DUE#0", "g4sk": "1"}


class Note(Model):
    class Meta:
        table_name = TABLE
        region = REGION

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    n = NumberAttribute(null=True)


def index(name: str, keys_of: str, projection: dict[str, Any]) -> dict[str, Any]:
    keys = [(f"{keys_of}pk", "HASH"), (f"{keys_of}sk", "RANGE")]
    schema = [{"AttributeName": attribute, "KeyType": kind} for attribute, kind in keys]
    return {"IndexName": name, "KeySchema": schema, "Projection": projection}


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    with mock_aws():
        client = aws_client("dynamodb")
        names = ["pk", "sk", "g1pk", "g1sk", "g4pk", "g4sk", "g5pk", "g5sk"]
        client.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in names],
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            GlobalSecondaryIndexes=[
                index("list", "g1", {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["row"]}),
                index("due", "g4", {"ProjectionType": "KEYS_ONLY"}),
                index("ledger", "g5", {"ProjectionType": "ALL"}),
            ],
        )
        yield client


def an_item(sk: str = "s", size: int = 0, texts: Mapping[str, str] | None = None) -> dict[str, Any]:
    """An item of exactly `size` bytes, or as small as it gets."""
    item = {"pk": {"S": "T#1"}, "sk": {"S": sk}}
    item |= {name: {"S": text} for name, text in (texts or {}).items()}
    missing = size - item_size(item)
    return item | {"body": {"S": "x" * (missing - len("body"))}} if missing > 4 else item


def put(client: Any, item: dict[str, Any], **options: Any) -> None:
    client.put_item(TableName=TABLE, Item=item, **options)


def put_action(item: dict[str, Any]) -> dict[str, Any]:
    return {"Put": {"TableName": TABLE, "Item": item}}


def key(sk: str) -> dict[str, Any]:
    return {"pk": {"S": "T#1"}, "sk": {"S": sk}}


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "æble"}, 5),
        ({"B": b"\x00\x01\x02"}, 3),
        ({"N": "0"}, 1),
        ({"N": "7"}, 2),
        ({"N": "1200"}, 2),
        ({"N": "12345"}, 4),
        ({"N": "0.0012"}, 2),
        ({"N": "-12"}, 3),
        ({"BOOL": True}, 1),
        ({"NULL": True}, 1),
        ({"L": []}, 3),
        ({"L": [{"S": "ab"}, {"N": "1"}]}, 3 + 1 + 2 + 1 + 2),
        ({"M": {}}, 3),
        ({"M": {"ab": {"S": "c"}}}, 3 + 1 + 2 + 1),
        ({"SS": ["ab", "cde"]}, 5),
        ({"NS": ["1", "12"]}, 4),
    ],
)
def test_a_value_takes_the_bytes_of_its_type(value: dict[str, Any], size: int) -> None:
    assert value_size(value) == size


def test_an_item_counts_its_attribute_names_in_utf8() -> None:
    assert item_size({"pk": {"S": "ab"}, "øl": {"N": "1"}}) == 2 + 2 + 3 + 2


def test_what_is_not_in_wire_form_is_refused_and_not_guessed() -> None:
    with pytest.raises(TypeError, match="low-level"):
        item_size({"pk": "plain"})  # type: ignore[dict-item]


@pytest.mark.parametrize(("size", "units"), [(0, 1), (KB, 1), (KB + 1, 2), (3 * KB, 3)])
def test_a_put_costs_a_unit_for_each_started_kilobyte(dynamodb: Any, size: int, units: int) -> None:
    with Meter() as meter:
        put(dynamodb, an_item(size=size))
    assert meter.write_units == units


@pytest.mark.parametrize(("old", "new"), [(3 * KB, 0), (0, 3 * KB)])
def test_a_write_costs_by_the_larger_of_old_and_new(dynamodb: Any, old: int, new: int) -> None:
    put(dynamodb, an_item(size=old))
    with Meter() as meter:
        put(dynamodb, an_item(size=new))
    assert meter.write_units == 3


def test_an_update_costs_by_the_whole_item(dynamodb: Any) -> None:
    put(dynamodb, an_item(size=2 * KB))
    with Meter() as meter:
        dynamodb.update_item(
            TableName=TABLE,
            Key=key("s"),
            UpdateExpression="SET n = :n",
            ExpressionAttributeValues={":n": {"N": "1"}},
        )
    assert meter.write_units == 3


def test_a_delete_costs_by_what_was_there(dynamodb: Any) -> None:
    put(dynamodb, an_item(size=2 * KB))
    with Meter() as meter:
        dynamodb.delete_item(TableName=TABLE, Key=key("s"))
        dynamodb.delete_item(TableName=TABLE, Key=key("s"))
    assert [call.write_units for call in meter.calls] == [2, 1]


def test_a_refused_write_is_billed_and_reaches_no_index(dynamodb: Any) -> None:
    put(dynamodb, an_item())
    item = an_item(size=2 * KB, texts=IN_G4)
    with Meter() as meter, pytest.raises(ClientError):
        put(dynamodb, item, ConditionExpression="attribute_not_exists(pk)")
    (call,) = meter.calls
    assert (call.write_units, call.index_units) == (2, 0)
    assert call.error == "ConditionalCheckFailedException"


def test_a_call_that_never_reached_a_table_costs_nothing(dynamodb: Any) -> None:
    with Meter() as meter, pytest.raises(ClientError):
        dynamodb.update_item(TableName=TABLE, Key=key("s"), UpdateExpression="SET")
    assert (len(meter.calls), meter.write_units) == (1, 0)


def test_a_transaction_costs_double_and_so_does_its_check(dynamodb: Any) -> None:
    put(dynamodb, an_item("held", 3 * KB))
    check = {"TableName": TABLE, "Key": key("held"), "ConditionExpression": "attribute_exists(pk)"}
    with Meter() as meter:
        dynamodb.transact_write_items(
            TransactItems=[
                put_action(an_item("a", size=2 * KB)),
                put_action(an_item("b", texts=IN_G4)),
                {"ConditionCheck": check},
            ]
        )
    assert meter.write_units == 2 * (2 + 1 + 3)
    assert meter.indexes() == {"due": 1}


def test_a_cancelled_transaction_is_billed_for_all_its_items(dynamodb: Any) -> None:
    put(dynamodb, an_item("claim"))
    claim = put_action(an_item("claim"))
    claim["Put"]["ConditionExpression"] = "attribute_not_exists(pk)"
    with Meter() as meter, pytest.raises(ClientError):
        dynamodb.transact_write_items(TransactItems=[put_action(an_item("a", 2 * KB)), claim])
    assert (meter.write_units, meter.index_units) == (2 * (2 + 1), 0)


def test_a_batch_is_billed_item_by_item(dynamodb: Any) -> None:
    put(dynamodb, an_item("gone", 2 * KB))
    with Meter() as meter:
        dynamodb.batch_write_item(
            RequestItems={
                TABLE: [
                    {"PutRequest": {"Item": an_item("a", KB + 1)}},
                    {"DeleteRequest": {"Key": key("gone")}},
                ]
            }
        )
    assert meter.write_units == 4


@pytest.mark.parametrize(
    ("old", "new", "indexes"),
    [
        ({}, IN_G1, {"list": 1}),
        (IN_G1, {}, {"list": 1}),
        (IN_G1, IN_G1 | {"g1sk": "6"}, {"list": 2}),
        (IN_G1, IN_G1 | {"row": "s"}, {"list": 1}),
        (IN_G1, IN_G1 | {"aside": "changed"}, {}),
        (IN_G1, IN_G1, {}),
        ({}, {"g1pk": "half a key"}, {}),
        ({}, IN_G1 | {"row": "r" * 2 * KB}, {"list": 3}),
        ({}, IN_G4 | {"aside": "x" * 2 * KB}, {"due": 1}),
        ({}, {"g5pk": "L#1", "g5sk": "1", "aside": "x" * 2 * KB}, {"ledger": 3}),
        (IN_G1, IN_G4, {"list": 1, "due": 1}),
    ],
)
def test_an_index_costs_what_its_entry_goes_through(
    dynamodb: Any, old: dict[str, str], new: dict[str, str], indexes: dict[str, int]
) -> None:
    put(dynamodb, an_item(texts=old))
    with Meter() as meter:
        put(dynamodb, an_item(texts=new))
    assert meter.indexes() == indexes


@pytest.mark.parametrize(
    ("size", "is_consistent", "units"),
    [(0, True, 1), (0, False, 0.5), (4 * KB, True, 1), (4 * KB + 1, True, 2), (9 * KB, False, 1.5)],
)
def test_a_get_costs_a_unit_for_each_started_four_kilobytes(
    dynamodb: Any, size: int, is_consistent: bool, units: float
) -> None:
    put(dynamodb, an_item(size=size))
    with Meter() as meter:
        dynamodb.get_item(
            TableName=TABLE, Key=key("s"), ConsistentRead=is_consistent, ProjectionExpression="pk"
        )
    assert meter.read_units == units


def test_what_is_not_found_costs_the_minimum(dynamodb: Any) -> None:
    with Meter() as meter:
        dynamodb.get_item(TableName=TABLE, Key=key("nothing"))
        dynamodb.transact_get_items(
            TransactItems=[{"Get": {"TableName": TABLE, "Key": key("nothing")}}]
        )
    assert [call.read_units for call in meter.calls] == [0.5, 2]


def test_a_batch_get_rounds_each_item_and_a_query_its_sum(dynamodb: Any) -> None:
    for sk in "abc":
        put(dynamodb, an_item(sk, KB))
    with Meter() as meter:
        dynamodb.batch_get_item(RequestItems={TABLE: {"Keys": [key(sk) for sk in "abc?"]}})
        dynamodb.query(
            TableName=TABLE,
            KeyConditionExpression="pk = :p",
            ExpressionAttributeValues={":p": {"S": "T#1"}},
        )
    assert [call.read_units for call in meter.calls] == [2, 0.5]


def test_a_filter_saves_no_units(dynamodb: Any) -> None:
    for sk in "abc":
        put(dynamodb, an_item(sk, 4 * KB))
    with Meter() as meter:
        page = dynamodb.query(
            TableName=TABLE,
            KeyConditionExpression="#p = :p",
            FilterExpression="#s = :none",
            ProjectionExpression="#s",
            ExpressionAttributeNames={"#p": "pk", "#s": "state"},
            ExpressionAttributeValues={":p": {"S": "T#1"}, ":none": {"S": "none"}},
        )
    assert page["Items"] == []
    assert meter.read_units == 1.5


def test_an_index_query_pays_for_the_projection_only(dynamodb: Any) -> None:
    for sk in "ab":
        put(dynamodb, an_item(sk, 40 * KB, IN_G1 | {"row": "r" * 5 * KB}))
    with Meter() as meter:
        dynamodb.query(
            TableName=TABLE,
            IndexName="list",
            KeyConditionExpression="g1pk = :p",
            ExpressionAttributeValues={":p": {"S": IN_G1["g1pk"]}},
        )
    (call,) = meter.calls
    assert (call.resource, call.read_units) == ("desk/list", 1.5)


def test_calls_by_pynamodb_are_metered_like_all_others(dynamodb: Any) -> None:
    with Meter() as meter:
        Note("T#1", "a", n=1).save()
        with TransactWrite(connection=Connection(region=REGION)) as transaction:
            transaction.save(Note("T#1", "b"))
        Note.get("T#1", "a")
        list(Note.query("T#1"))
        list(Note.batch_get([("T#1", "a"), ("T#1", "b")]))
    assert [call.name for call in meter.calls] == [
        "dynamodb.PutItem",
        "dynamodb.TransactWriteItems",
        "dynamodb.GetItem",
        "dynamodb.Query",
        "dynamodb.BatchGetItem",
    ]
    assert (meter.write_units, meter.read_units) == (1 + 2, 0.5 + 0.5 + 1)


def test_calls_to_other_services_are_counted_in_their_order(dynamodb: Any) -> None:
    s3 = aws_client("s3")
    s3.create_bucket(Bucket="mails", CreateBucketConfiguration={"LocationConstraint": REGION})
    with Meter() as meter:
        s3.put_object(Bucket="mails", Key="a", Body=b"x")
        put(dynamodb, an_item())
        s3.get_object(Bucket="mails", Key="a")
    assert [call.name for call in meter.calls] == [
        "s3.PutObject",
        "dynamodb.PutItem",
        "s3.GetObject",
    ]
    assert meter.counts()["s3.GetObject"] == 1
    assert meter.calls[0].resource == "mails"


def test_nothing_is_counted_before_or_after_the_meter_runs(dynamodb: Any) -> None:
    put(dynamodb, an_item())
    with Meter() as meter:
        pass
    put(dynamodb, an_item())
    assert meter.calls == []


def test_the_table_of_calls_ends_with_their_sum(dynamodb: Any) -> None:
    with Meter() as meter:
        put(dynamodb, an_item(texts=IN_G1))
        dynamodb.get_item(TableName=TABLE, Key=key("s"))
    lines = [line.split() for line in meter.table().splitlines()]
    assert lines[1] == ["dynamodb.PutItem", "desk", "1", "1", "0", "list:1"]
    assert lines[-1] == ["2", "calls", "1", "1", "0.5", "list:1"]


def test_an_operation_without_a_rule_is_refused(dynamodb: Any) -> None:
    with Meter(), pytest.raises(NotImplementedError, match="ExecuteStatement"):
        dynamodb.execute_statement(Statement="SELECT * FROM desk")
