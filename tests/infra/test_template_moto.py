"""The template is created in moto, and what moto leaves out is written down.

What is left out is asserted on the translated template in the modules beside this one. When moto
learns a type, the first test fails and the list gets shorter.
"""

import json

import boto3
import pytest
from moto import mock_aws
from moto.cloudformation.parsing import get_model_map

from tests.infra.built import PARAMETERS, REGION, built, plain, sam
from tests.infra.moto_stack import BROKEN, FORGOTTEN, UNKNOWN, create

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stack():
    """Outputs of the stack, in a moto that lives as long as this module's tests."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        patch.delenv("AWS_PROFILE", raising=False)
        yield create(built().zip.read_bytes())


def test_the_list_of_what_moto_does_not_know_is_exact():
    used = {made["Type"] for made in plain()["Resources"].values()}
    assert used - set(get_model_map()) == UNKNOWN
    assert used >= BROKEN


def test_what_moto_forgets_stands_in_the_template():
    for name, forgotten in FORGOTTEN.items():
        assert forgotten <= set(plain()["Resources"][name]["Properties"])


def test_the_stack_is_created_with_all_its_outputs(stack):
    assert set(stack) == set(sam()["Outputs"])
    assert stack["MailBucketName"] == f"skranke-acme-mail-123456789012-{REGION}"


def test_the_table_is_made_as_it_is_queried(stack):
    made = boto3.client("dynamodb").describe_table(TableName=stack["TableName"])["Table"]
    assert len(made["GlobalSecondaryIndexes"]) == 5
    assert made["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert made["StreamSpecification"]["StreamViewType"] == "NEW_IMAGE"
    assert made["DeletionProtectionEnabled"]


def test_the_stream_wakes_the_relay(stack):
    (made,) = boto3.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert made["EventSourceArn"] == stack["TableStreamArn"]
    assert made["FunctionArn"] == stack["RelayArn"]
    assert made["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@pytest.mark.parametrize(
    ("bus", "function", "types"),
    [
        ("skranke-acme", "DeliverArn", ["DeliveryQueued"]),
        (
            "skranke-acme",
            "EscalateArn",
            ["TargetNear", "TargetBreached", "TargetOverdue", "StepCalled"],
        ),
        ("skranke-acme", "CallWebhookArn", ["WebhookQueued"]),
        ("skranke-acme", "ExportArn", ["ExportRequested", "ExportContinued"]),
        ("default", "MailEventsArn", None),
    ],
)
def test_a_bus_brings_a_function_what_it_reacts_to(stack, bus, function, types):
    events = boto3.client("events")
    woken = {}
    for rule in events.list_rules(EventBusName=bus)["Rules"]:
        for one in events.list_targets_by_rule(Rule=rule["Name"], EventBusName=bus)["Targets"]:
            woken[one["Arn"]] = json.loads(rule.get("EventPattern", "{}"))
    assert woken[stack[function]].get("detail-type") == types


@pytest.mark.parametrize(
    ("function", "rate"),
    [("SweepArn", "rate(1 minute)"), ("ReconcileArn", "rate(15 minutes)")],
)
def test_time_wakes_a_function(stack, function, rate):
    events = boto3.client("events")
    (name,) = events.list_rule_names_by_target(TargetArn=stack[function])["RuleNames"]
    assert events.describe_rule(Name=name)["ScheduleExpression"] == rate


def test_a_function_is_told_the_names_of_what_was_made(stack):
    made = boto3.client("lambda").get_function_configuration(FunctionName=stack["SweepArn"])
    told = made["Environment"]["Variables"]
    assert told["SKRANKE_TABLE"] == stack["TableName"]
    assert told["SKRANKE_BUS"] == stack["BusName"] == "skranke-acme"
    assert told["SKRANKE_KEYS"] == stack["KeysParameter"] == "/skranke/acme/keys"
    assert told["SKRANKE_UNPROCESSED_QUEUE_URL"] == stack["UnprocessedQueueUrl"]
    assert told["SKRANKE_URL"] == PARAMETERS["PublicUrl"]
