"""No event is lost in silence: every way a function is woken ends in a place for what failed."""

import json

import pytest

from tests.infra.built import of_type, plain, properties, target

pytestmark = pytest.mark.slow

# Function -> what wakes it. A function that is missing here, or a way that is not written down,
# fails the test below.
WAYS = {
    "APIHandler": {"api"},
    "InboundMail": {"receipt rule"},
    "Relay": {"stream"},
    "Deliver": {"rule DeliverQueued"},
    "Escalate": {"rule EscalateBreached"},
    "Assign": {"rule AssignNeeded", "rule AssignCameBack"},
    "CallWebhook": {"rule CallWebhookQueued"},
    "RunRules": {"rule RunRulesHappened"},
    "Export": {"rule ExportAsked"},
    "MailEvents": {"rule MailEventsReported"},
    "Sweep": {"rule SweepEveryMinute"},
    "Reconcile": {"rule ReconcileEveryQuarter"},
}


def targets_of_rules():
    for name, rule in of_type("AWS::Events::Rule").items():
        for one in rule["Targets"]:
            yield name, one


def ways():
    """What the template says wakes each function."""
    found = {name: set() for name in of_type("AWS::Lambda::Function")}
    for rule, one in targets_of_rules():
        found[target(one["Arn"])].add(f"rule {rule}")
    for mapping in of_type("AWS::Lambda::EventSourceMapping").values():
        found[target(mapping["FunctionName"])].add("stream")
    for rule in of_type("AWS::SES::ReceiptRule").values():
        for action in rule["Rule"]["Actions"]:
            if "LambdaAction" in action:
                found[target(action["LambdaAction"]["FunctionArn"])].add("receipt rule")
    if "APIHandler" in json.dumps(properties("RestAPI")["Body"]):
        found["APIHandler"].add("api")
    return found


def test_every_function_is_woken_in_the_ways_written_down_and_no_other():
    assert ways() == WAYS


def test_every_rule_keeps_what_it_cannot_hand_over():
    for name, one in targets_of_rules():
        assert target(one["DeadLetterConfig"]["Arn"]) == "DeadLetters", name
        assert one["RetryPolicy"]["MaximumEventAgeInSeconds"] >= 60, name


def test_every_rule_may_write_to_the_dead_letters_and_nothing_else_of_eventbridge_may():
    allowed = properties("DeadLettersPolicy")["PolicyDocument"]["Statement"][1]
    assert allowed["Action"] == "sqs:SendMessage"
    sources = allowed["Condition"]["ArnEquals"]["aws:SourceArn"]
    assert {target(source) for source in sources} == set(of_type("AWS::Events::Rule"))


def test_every_function_that_is_invoked_asynchronously_keeps_what_it_failed_at():
    asynchronous = {name for name, how in WAYS.items() if not how & {"api", "stream"}}
    made = of_type("AWS::Lambda::EventInvokeConfig").values()
    assert {target(one["FunctionName"]) for one in made} == asynchronous
    for one in made:
        assert target(one["DestinationConfig"]["OnFailure"]["Destination"]) == "DeadLetters"


def test_the_relay_keeps_the_records_themselves_and_retries_only_what_failed():
    (made,) = of_type("AWS::Lambda::EventSourceMapping").values()
    assert target(made["EventSourceArn"]) == "Table"
    assert target(made["DestinationConfig"]["OnFailure"]["Destination"]) == "FilesBucket"
    assert made["StartingPosition"] == "TRIM_HORIZON"
    assert made["BisectBatchOnFunctionError"] is True
    assert made["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert made["MaximumRetryAttempts"] > 0
    (only,) = made["FilterCriteria"]["Filters"]
    image = {"NewImage": {"kind": {"S": ["entry"]}}}
    assert json.loads(only["Pattern"]) == {"eventName": ["INSERT"], "dynamodb": image}


def test_every_queue_but_the_last_one_hands_on_what_is_never_done():
    queues = of_type("AWS::SQS::Queue")
    assert "RedrivePolicy" not in queues.pop("DeadLetters")
    for name, queue in queues.items():
        assert target(queue["RedrivePolicy"]["deadLetterTargetArn"]) == "DeadLetters", name


def test_a_dead_letter_waits_as_long_as_a_queue_can_keep_it():
    assert properties("DeadLetters")["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_every_stored_mail_is_looked_at_again_a_quarter_of_an_hour_later():
    made = properties("MailBucket")["NotificationConfiguration"]["QueueConfigurations"]
    assert [target(one["Queue"]) for one in made] == ["UnprocessedQueue"]
    (rule,) = made[0]["Filter"]["S3Key"]["Rules"]
    assert rule == {"Name": "prefix", "Value": "inbound/"}
    assert plain()["Resources"]["MailBucket"]["DependsOn"] == "UnprocessedQueuePolicy"
    queue, reconcile = properties("UnprocessedQueue"), properties("Reconcile")
    assert queue["DelaySeconds"] == 900
    assert queue["VisibilityTimeout"] >= reconcile["Timeout"]
    allowed = properties("UnprocessedQueuePolicy")["PolicyDocument"]["Statement"][1]
    source = allowed["Condition"]["ArnEquals"]["aws:SourceArn"]["Fn::Sub"]
    assert source.endswith(":s3:::" + properties("MailBucket")["BucketName"]["Fn::Sub"])
