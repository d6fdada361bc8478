"""The harness against toy handlers: each wrong one for its own reason, and one that is right."""

from __future__ import annotations

import json
import secrets
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.attributes import UnicodeAttribute
from pynamodb.connection import Connection
from pynamodb.exceptions import PutError, TransactWriteError
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from tests.aws_calls import REGION, aws_client
from tests.faults.harness import Case, Fault, faults_of, inject, parameters, play, rehearse
from tests.faults.state import (
    Names,
    Outside,
    Snapshot,
    canonical,
    differences,
    empty_world,
    snapshot,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TABLE, BUCKET = "toy", "toy-mails"
MAIL = b"Subject: it broke\r\n\r\nPlease help.\r\n"
NUMBERS = Names(tokens=(*Names().tokens, ("number", r"7000\d\d")), skipped=(r'"pk": "N"',))


@dataclass
class World:
    outside: Outside
    left: dict[str, Any] = field(default_factory=dict)


@contextmanager
def toy_world() -> Iterator[World]:
    with empty_world() as outside:
        dynamodb, s3 = aws_client("dynamodb"), aws_client("s3")
        dynamodb.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        )
        dynamodb.put_item(TableName=TABLE, Item={"pk": {"S": "N"}, "n": {"N": "700000"}})
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_object(Bucket=BUCKET, Key="in/1", Body=MAIL)
        aws_client("sesv2").create_email_identity(EmailIdentity="desk@example.org")
        yield World(outside)


def next_number() -> str:
    answer = aws_client("dynamodb").update_item(
        TableName=TABLE,
        Key={"pk": {"S": "N"}},
        UpdateExpression="ADD n :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
        ReturnValues="UPDATED_NEW",
    )
    return str(answer["Attributes"]["n"]["N"])


def ticket_and_claim() -> tuple[dict[str, Any], dict[str, Any]]:
    aws_client("s3").get_object(Bucket=BUCKET, Key="in/1")
    number, fact_id = next_number(), secrets.token_hex(32)
    ticket = {"pk": {"S": f"T#{number}"}, "fact": {"S": fact_id}, "salt": {"B": b"\x01"}}
    return ticket, {"pk": {"S": "SES#1"}, "ticket": {"S": number}}


def put(item: dict[str, Any], condition: str = "attribute_not_exists(pk)") -> dict[str, Any]:
    return {"TableName": TABLE, "Item": item, "ConditionExpression": condition}


def receives_rightly(_: World) -> None:
    """The ticket and the claim on its mail in one transaction; a lost claim is a duplicate."""
    actions = [{"Put": put(item)} for item in ticket_and_claim()]
    try:
        aws_client("dynamodb").transact_write_items(TransactItems=actions)
    except ClientError as error:
        reasons = error.response.get("CancellationReasons", [])
        if not any(reason["Code"] == "ConditionalCheckFailed" for reason in reasons):
            raise


def receives_without_a_claim(_: World) -> None:
    ticket, claim = ticket_and_claim()
    aws_client("dynamodb").put_item(**put(ticket))
    aws_client("dynamodb").put_item(TableName=TABLE, Item=claim)


def takes_any_cancellation_for_a_duplicate(_: World) -> None:
    actions = [{"Put": put(item)} for item in ticket_and_claim()]
    try:
        aws_client("dynamodb").transact_write_items(TransactItems=actions)
    except aws_client("dynamodb").exceptions.TransactionCanceledException:
        return


def swallows_what_goes_wrong(world: World) -> None:
    try:
        receives_rightly(world)
    except (ClientError, BotoCoreError):
        return


def survives_its_own_death(world: World) -> None:
    try:
        receives_rightly(world)
    except BaseException:  # noqa: BLE001 - the mistake that is to be found
        aws_client("dynamodb").put_item(TableName=TABLE, Item={"pk": {"S": "last words"}})


def dies_in_silence(world: World) -> None:
    try:
        receives_rightly(world)
    except BaseException:  # noqa: BLE001 - the mistake that is to be seen through
        return


def never_gets_done(world: World) -> None:
    claim = aws_client("dynamodb").get_item(TableName=TABLE, Key={"pk": {"S": "SES#1"}})
    assert "Item" not in claim, "this mail was seen before"
    receives_rightly(world)


def counts_twice(_: World) -> None:
    """Adds where it should set, so every repetition shows."""
    aws_client("dynamodb").update_item(
        TableName=TABLE,
        Key={"pk": {"S": "SES#1"}},
        UpdateExpression="ADD mails :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )


def entries() -> list[dict[str, str]]:
    detail = {"Source": "toy", "DetailType": "fact"}
    return [detail | {"Detail": json.dumps({"seq": seq})} for seq in (1, 2, 3)]


def relays_rightly(_: World) -> dict[str, Any]:
    answer = aws_client("events").put_events(Entries=entries())
    failed = [str(seq) for seq, entry in enumerate(answer["Entries"], 1) if "ErrorCode" in entry]
    return {"batchItemFailures": [{"itemIdentifier": seq} for seq in failed]}


def relays_without_looking(_: World) -> None:
    aws_client("events").put_events(Entries=entries())


def reads_half_a_batch(world: World) -> None:
    keys = [{"pk": {"S": "SES#1"}}, {"pk": {"S": "N"}}]
    answer = aws_client("dynamodb").batch_get_item(RequestItems={TABLE: {"Keys": keys}})
    number = answer["Responses"][TABLE][0]["n"] if answer["Responses"][TABLE] else {"N": "0"}
    aws_client("dynamodb").put_item(TableName=TABLE, Item={"pk": {"S": "copy"}, "n": number})


def sends_without_a_record(_: World) -> None:
    mail = EmailMessage()
    mail["Subject"], mail["From"] = "Re: it broke", "desk@example.org"
    mail.set_content("We look into it.")
    aws_client("sesv2").send_email(
        FromEmailAddress="desk@example.org",
        Destination={"ToAddresses": ["kari@example.org"]},
        Content={"Raw": {"Data": mail.as_bytes()}},
    )


@cache
def case(act: Callable[[World], object]) -> Case[World]:
    return Case(act.__name__, toy_world, act, lambda world: snapshot(world.outside), names=NUMBERS)


@cache
def found_by(wrong: Case[World]) -> set[str]:
    return {str(fault) for fault in faults_of(rehearse(wrong).calls) if play(wrong, fault)}


RIGHT = [case(receives_rightly), case(relays_rightly)]


@pytest.mark.parametrize(("right", "fault"), parameters(RIGHT))
def test_a_right_handler_passes_every_fault(right: Case[World], fault: Fault) -> None:
    assert play(right, fault) == []


@pytest.mark.parametrize(
    ("act", "faults"),
    [
        (
            receives_without_a_claim,
            {
                "3-PutItem-after-unavailable",
                "3-PutItem-after-timeout",
                "3-PutItem-after-killed",
                "4-PutItem-before-timeout",
                "4-PutItem-before-killed",
                "0-event-after-redelivered",
            },
        ),
        (takes_any_cancellation_for_a_duplicate, {"3-TransactWriteItems-before-conflict"}),
        (
            swallows_what_goes_wrong,
            {"1-GetObject-before-timeout", "3-TransactWriteItems-before-throttled"},
        ),
        (
            counts_twice,
            {
                "1-UpdateItem-after-timeout",
                "1-UpdateItem-after-resent",
                "0-event-after-redelivered",
            },
        ),
        (
            relays_without_looking,
            {"1-PutEvents-before-rejected", "1-PutEvents-after-partly"},
        ),
        (reads_half_a_batch, {"1-BatchGetItem-after-partly"}),
        (sends_without_a_record, {"1-SendEmail-after-killed", "1-SendEmail-after-resent"}),
    ],
)
def test_a_wrong_handler_is_found_by_the_faults_it_cannot_take(
    act: Callable[[World], object], faults: set[str]
) -> None:
    assert found_by(case(act)) >= faults


def test_a_fault_that_a_handler_can_take_is_not_held_against_it() -> None:
    found = found_by(case(receives_without_a_claim))
    assert not [fault for fault in found if fault.startswith(("1-", "2-"))]
    assert found_by(case(takes_any_cancellation_for_a_duplicate)) == {
        "3-TransactWriteItems-before-conflict"
    }


def test_a_dead_process_makes_no_further_call_and_is_never_done() -> None:
    fault = Fault(3, "TransactWriteItems", "before", "killed")
    assert play(case(survives_its_own_death), fault) == []
    assert play(case(dies_in_silence), fault) == []


def test_an_event_that_can_never_be_handled_is_no_difference_but_an_error() -> None:
    fault = Fault(4, "TransactWriteItems", "after", "timeout")
    with pytest.raises(AssertionError, match="never done after 4-Transact"):
        play(case(never_gets_done), fault)


def test_a_fault_that_strikes_nothing_is_an_error() -> None:
    with pytest.raises(AssertionError, match="never came"):
        play(RIGHT[0], Fault(9, "PutItem", "before", "timeout"))


def test_a_handler_that_fails_without_a_fault_cannot_be_rehearsed() -> None:
    broken = replace(RIGHT[1], is_done=lambda _: False)
    with pytest.raises(AssertionError, match="without any fault"):
        rehearse(broken)


def test_what_settles_later_is_compared_too() -> None:
    def settle(world: World) -> None:
        for _ in world.outside.events:
            aws_client("dynamodb").put_item(TableName=TABLE, Item={"pk": {"S": "reaction"}})

    late = replace(case(relays_without_looking), settle=settle)
    lines = [str(line) for line in play(late, Fault(1, "PutEvents", "before", "rejected"))]
    assert 'missing: item toy {"pk": "reaction"}' in lines


def test_an_injected_error_looks_like_the_services_own() -> None:
    client = aws_client("dynamodb")
    fault = Fault(1, "TransactWriteItems", "before", "conflict")
    actions = [{"Put": put(item)} for item in ({"pk": {"S": "a"}}, {"pk": {"S": "b"}})]
    with toy_world(), inject(fault), pytest.raises(ClientError) as caught:
        client.transact_write_items(TransactItems=actions)
    assert isinstance(caught.value, client.exceptions.TransactionCanceledException)
    codes = [reason["Code"] for reason in caught.value.response["CancellationReasons"]]
    assert codes == ["TransactionConflict", "None"]


class Ticket(Model):
    class Meta:
        table_name = TABLE
        region = REGION
        max_retry_attempts = 3

    pk = UnicodeAttribute(hash_key=True)


def test_a_fault_reaches_the_desk_through_pynamodb_and_is_not_retried_away() -> None:
    with toy_world(), inject(Fault(1, "PutItem", "before", "unavailable")) as strike:
        with pytest.raises(PutError) as caught:
            Ticket("T#1").save()
        assert caught.value.cause_response_code == "InternalServerError"
        assert strike.seen == ["PutItem"]


def test_pynamodb_reads_the_reasons_of_an_injected_conflict() -> None:
    with toy_world(), inject(Fault(1, "TransactWriteItems", "before", "conflict")):
        transaction = TransactWrite(connection=Connection(region=REGION))
        transaction.save(Ticket("T#1"))
        transaction.save(Ticket("T#2"))
        with pytest.raises(TransactWriteError) as caught:
            transaction._commit()
    conflict, untouched = caught.value.cancellation_reasons
    assert conflict is not None
    assert (conflict.code, untouched) == ("TransactionConflict", None)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_only_an_injected_failure_after_the_call_leaves_its_effect(moment: Any) -> None:
    fault = Fault(1, "PutItem", moment, "timeout")
    with toy_world() as world:
        with inject(fault) as strike, pytest.raises(BotoCoreError):
            aws_client("dynamodb").put_item(**put({"pk": {"S": "a"}}))
        assert strike.has_struck
        items = [item["pk"] for _, item in snapshot(world.outside).items]
    assert ("a" in items) is (moment == "after")


def a_ticket(number: int, fact: str, prev: str) -> tuple[str, dict[str, Any]]:
    return TABLE, {"pk": f"T#{number}", "n": number, "hash": fact * 32, "prev": prev * 32}


def test_two_runs_are_equal_up_to_the_names_they_generate() -> None:
    first = Snapshot(items=[a_ticket(700001, "aa", "bb"), a_ticket(700002, "bb", "aa")])
    second = Snapshot(items=[a_ticket(700008, "cc", "dd"), a_ticket(700005, "dd", "cc")])
    assert canonical(first, NUMBERS) == canonical(second, NUMBERS)


def test_equal_names_in_other_places_are_a_difference() -> None:
    chained = Snapshot(items=[a_ticket(700001, "aa", "00"), a_ticket(700002, "bb", "aa")])
    broken = Snapshot(items=[a_ticket(700001, "aa", "00"), a_ticket(700002, "bb", "bb")])
    assert differences(canonical(chained, NUMBERS), canonical(broken, NUMBERS))


def test_a_difference_names_only_what_is_missing_or_too_much() -> None:
    one = Snapshot(items=[a_ticket(700001, "aa", "bb")], objects={"b/k": b"x"})
    two = Snapshot(items=[*one.items, (TABLE, {"pk": "twice"})])
    found = differences(canonical(one, NUMBERS), canonical(two, NUMBERS))
    assert [difference.what for difference in found] == ["missing", "too much"]
    assert "b/k" in found[0].line
    assert "twice" in found[1].line


def test_objects_compare_by_content_up_to_generated_names() -> None:
    bodies = (b"ticket 700001", b"ticket 700002", b"no ticket")
    first, renamed, other = (canonical(Snapshot(objects={"b/k": b}), NUMBERS) for b in bodies)
    assert first == renamed
    assert first != other


def test_a_mail_compares_by_what_its_reader_sees() -> None:
    def sent(number: int, boundary: str, text: str = "på norsk") -> Snapshot:
        mail = EmailMessage()
        mail["Subject"] = f"[#{number}] på norsk"
        mail.set_content(f"Sak {number} {text}", cte="base64")
        mail.add_alternative(f"<p>{number}</p>", subtype="html")
        mail.set_boundary(boundary)
        return Snapshot(mails=[{"Content": {"Raw": {"Data": mail.as_bytes()}}}])

    first = sent(700001, "===============11==")
    second = sent(700002, "===============22==")
    other = sent(700001, "===============11==", "på dansk")
    assert canonical(first, NUMBERS) == canonical(second, NUMBERS)
    assert canonical(first, NUMBERS) != canonical(other, NUMBERS)


def test_an_entry_that_the_bus_refuses_was_not_published() -> None:
    with toy_world() as world:
        refused = {"Source": "toy", "DetailType": "fact", "Detail": "no object"}
        aws_client("events").put_events(Entries=[refused, *entries()])
        assert len(world.outside.events) == 3


def test_an_event_published_twice_is_no_difference_but_a_mail_is() -> None:
    event = {"Source": "toy", "Detail": "{}"}
    assert canonical(Snapshot(events=[event])) == canonical(Snapshot(events=[event, event]))
    mail = {"Destination": {"ToAddresses": ["kari@example.org"]}}
    assert canonical(Snapshot(mails=[mail])) != canonical(Snapshot(mails=[mail, mail]))
