"""Least privilege: every function has a role of its own that names what it may touch."""

import json
import re

import pytest

from tests.infra.built import of_type, properties, target

pytestmark = pytest.mark.slow

FUNCTIONS = {
    "APIHandler",
    "InboundMail",
    "Relay",
    "Deliver",
    "Escalate",
    "Assign",
    "CallWebhook",
    "RunRules",
    "Export",
    "MailEvents",
    "Sweep",
    "Reconcile",
}
# The only stars: keys below a prefix of our own bucket, the streams of our own table, and the
# sending identity, which is not ours to name and is held by a condition instead.
STARS = re.compile(
    r"\$\{(MailBucket|FilesBucket)\.Arn\}/[a-z/]*\*"
    r"|\$\{Table\.Arn\}/stream/\*"
    r"|arn:\$\{AWS::Partition\}:ses:\$\{AWS::Region\}:\$\{AWS::AccountId\}:identity/\*"
    r"|arn:\$\{AWS::Partition\}:ssm:\$\{AWS::Region\}:\$\{AWS::AccountId\}"
    r":parameter/skranke/\$\{Tenant\}/keys/smime/\*"
)


def role_of(function):
    return target(properties(function)["Role"])


def statements(function):
    (policy,) = properties(role_of(function))["Policies"]
    return policy["PolicyDocument"]["Statement"]


def as_list(value):
    return value if isinstance(value, list) else [value]


def actions(function):
    return {action for one in statements(function) for action in as_list(one["Action"])}


def resources(function, action):
    """What a function may use an action on, as text."""
    return {
        json.dumps(resource)
        for one in statements(function)
        if action in as_list(one["Action"])
        for resource in as_list(one["Resource"])
    }


def who_may(action):
    return {function for function in FUNCTIONS if action in actions(function)}


def test_every_function_has_a_role_of_its_own():
    assert set(of_type("AWS::Lambda::Function")) == FUNCTIONS
    roles = {role_of(function) for function in FUNCTIONS}
    assert len(roles) == len(FUNCTIONS)
    assert roles == set(of_type("AWS::IAM::Role"))


def test_only_lambda_may_take_a_role():
    for made in of_type("AWS::IAM::Role").values():
        (trust,) = made["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}
        assert "ManagedPolicyArns" not in made


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_a_role_allows_named_actions_on_named_resources(function):
    for one in statements(function):
        assert one["Effect"] == "Allow"
        assert one["Sid"]
        assert not any("*" in action for action in as_list(one["Action"]))
        for resource in as_list(one["Resource"]):
            text = resource.get("Fn::Sub", "")
            assert resource.keys() <= {"Fn::Sub", "Fn::GetAtt"}
            assert "*" not in text or STARS.fullmatch(text), text


def test_only_the_relay_publishes_and_reads_the_stream():
    assert who_may("events:PutEvents") == {"Relay"}
    assert who_may("dynamodb:GetRecords") == {"Relay"}
    assert not actions("Relay") & {"dynamodb:PutItem", "dynamodb:UpdateItem"}


def test_only_what_sends_mail_may_send_and_only_as_this_tenant():
    assert who_may("ses:SendEmail") == {"Deliver", "Sweep"}
    for function in who_may("ses:SendEmail"):
        (one,) = (one for one in statements(function) if "ses:SendEmail" in one["Action"])
        assert one["Condition"] == {"StringLike": {"ses:FromAddress": {"Ref": "Senders"}}}


def test_only_the_reconciler_reads_its_queue():
    assert who_may("sqs:ReceiveMessage") == who_may("sqs:DeleteMessage") == {"Reconcile"}


def test_what_fails_asynchronously_may_be_left_with_the_dead_letters():
    made = of_type("AWS::Lambda::EventInvokeConfig").values()
    assert who_may("sqs:SendMessage") == {target(one["FunctionName"]) for one in made}


def test_the_original_of_a_mail_can_be_read_and_never_written():
    for function in FUNCTIONS:
        assert not any("MailBucket" in one for one in resources(function, "s3:PutObject"))
        for one in resources(function, "s3:GetObject"):
            assert "MailBucket" not in one or "/inbound/*" in one


def test_only_the_sweep_removes_what_its_time_is_over_for():
    # People take back links and drafts.
    assert who_may("dynamodb:DeleteItem") == {"Sweep", "APIHandler"}
    assert who_may("s3:DeleteObject") == {"Sweep"}
    (purged,) = resources("Sweep", "s3:DeleteObject")
    assert "${MailBucket.Arn}/inbound/*" in purged


def test_nobody_may_scan_the_table_or_change_its_shape():
    for action in ("dynamodb:Scan", "dynamodb:UpdateTable", "dynamodb:DeleteTable"):
        assert who_may(action) == set()


def test_queries_reach_named_indexes_only():
    for function in FUNCTIONS:
        for one in resources(function, "dynamodb:Query"):
            assert "/index/*" not in one


@pytest.mark.parametrize("bucket", ["MailBucket", "FilesBucket"])
def test_buckets_are_reached_over_encrypted_connections_only(bucket):
    first = properties(f"{bucket}Policy")["PolicyDocument"]["Statement"][0]
    assert (first["Effect"], first["Principal"], first["Action"]) == ("Deny", "*", "s3:*")
    assert first["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert len(first["Resource"]) == 2


def test_ses_may_store_only_by_our_rule_and_only_incoming_mail():
    _, allowed = properties("MailBucketPolicy")["PolicyDocument"]["Statement"]
    assert allowed["Principal"] == {"Service": "ses.amazonaws.com"}
    assert allowed["Action"] == "s3:PutObject"
    assert allowed["Resource"] == {"Fn::Sub": "${MailBucket.Arn}/inbound/*"}
    (rule,) = of_type("AWS::SES::ReceiptRule").values()
    ours = allowed["Condition"]["StringEquals"]["aws:SourceArn"]["Fn::Sub"]
    assert ours.endswith(f":receipt-rule/{rule['Rule']['Name']['Fn::Sub']}")
    permission = properties("InboundMailSesPermission")
    assert permission["SourceArn"]["Fn::Sub"] == ours


def test_every_permission_to_invoke_names_its_source():
    for made in of_type("AWS::Lambda::Permission").values():
        assert made["SourceArn"]
