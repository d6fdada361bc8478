"""The tenant's template after the transform: what stands in it, and what must never."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from chalicelib import config, table
from infra import template
from tests.infra.built import (
    PARAMETERS,
    REGION,
    ROOT,
    built,
    of_type,
    plain,
    properties,
    sam,
    target,
)

pytestmark = pytest.mark.slow

FUNCTIONS = "AWS::Lambda::Function"


def lint(*templates):
    command = [Path(sys.executable).with_name("cfn-lint"), "--regions", REGION, "--", *templates]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_cfn_lint_finds_nothing_in_any_form_of_the_template(tmp_path):
    translated = tmp_path / "translated.json"
    translated.write_text(json.dumps(plain()))
    receiving = ROOT / "infra" / "bootstrap" / "receiving.yaml"
    assert lint(built().template, translated, receiving) == ""


def test_the_table_has_the_keys_that_the_table_module_uses():
    made = properties("Table")
    assert [key["AttributeName"] for key in made["KeySchema"]] == list(table.TABLE_KEYS)
    assert [key["KeyType"] for key in made["KeySchema"]] == ["HASH", "RANGE"]


def test_the_indexes_are_those_of_the_table_module():
    made = {
        index["IndexName"]: table.Index(
            *(key["AttributeName"] for key in index["KeySchema"]),
            index["Projection"]["ProjectionType"],
            tuple(index["Projection"].get("NonKeyAttributes", ())),
        )
        for index in properties("Table")["GlobalSecondaryIndexes"]
    }
    assert made == dict(table.INDEXES)


def test_every_key_attribute_is_text_and_no_other_attribute_is_declared():
    keys = {name for index in table.INDEXES.values() for name in (index.pk, index.sk)}
    declared = properties("Table")["AttributeDefinitions"]
    assert {one["AttributeName"] for one in declared} == keys | set(table.TABLE_KEYS)
    assert {one["AttributeType"] for one in declared} == {"S"}


def test_what_holds_a_tenants_work_outlives_the_stack_and_can_be_restored():
    for name in ("Table", "MailBucket", "FilesBucket", "UserPool", "DeadLetters"):
        made = plain()["Resources"][name]
        assert (made["DeletionPolicy"], made["UpdateReplacePolicy"]) == ("Retain", "Retain")
    made = properties("Table")
    assert made["DeletionProtectionEnabled"]
    assert made["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert made["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert made["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}
    assert made["BillingMode"] == "PAY_PER_REQUEST"


def test_every_function_is_told_exactly_what_the_configuration_reads():
    for made in of_type(FUNCTIONS).values():
        assert set(made["Environment"]["Variables"]) == set(config.VARIABLES.values())


def test_every_function_logs_to_the_tenants_own_group_which_forgets():
    for made in of_type(FUNCTIONS).values():
        assert target(made["LoggingConfig"]["LogGroup"]) == "Logs"
    assert properties("Logs")["RetentionInDays"] == 30


def test_functions_run_on_arm_with_the_memory_and_time_their_work_needs():
    made = of_type(FUNCTIONS)
    assert {tuple(one["Architectures"]) for one in made.values()} == {("arm64",)}
    assert made["InboundMail"]["MemorySize"] >= 1024
    assert made["APIHandler"]["Timeout"] <= 29
    assert {one["Runtime"] for one in made.values()} == {"python3.11"}


def test_the_api_is_regional_and_has_one_stage():
    assert properties("RestAPI")["EndpointConfiguration"] == {"Types": ["REGIONAL"]}
    assert [made["StageName"] for made in of_type("AWS::ApiGateway::Stage").values()] == ["api"]
    for made in of_type("AWS::ApiGateway::Deployment").values():
        assert "StageName" not in made


def test_what_api_gateway_answers_by_itself_has_the_shape_of_the_desks_errors():
    answers = properties("RestAPI")["Body"]["x-amazon-apigateway-gateway-responses"]
    assert set(answers) == {"MISSING_AUTHENTICATION_TOKEN", "DEFAULT_4XX", "DEFAULT_5XX"}
    for answer in answers.values():
        text = answer["responseTemplates"]["application/json"]
        body = json.loads(text.replace("$context.error.messageString", '"said by the gateway"'))
        assert set(body) == {"error", "request_id"}
        assert set(body["error"]) == {"code", "message", "fields"}


def test_the_receipt_rule_never_stops_the_shared_set_and_names_its_recipients():
    (made,) = of_type("AWS::SES::ReceiptRule").values()
    rule = made["Rule"]
    assert [list(action) for action in rule["Actions"]] == [["S3Action"], ["LambdaAction"]]
    assert rule["Actions"][0]["S3Action"]["ObjectKeyPrefix"] == "inbound/"
    assert rule["Actions"][1]["LambdaAction"]["InvocationType"] == "Event"
    assert rule["Recipients"] == {"Ref": "Recipients"}
    assert rule["ScanEnabled"] is True
    assert target(made["RuleSetName"]) == "RuleSetName"


def test_the_rule_is_made_after_all_that_ses_checks_when_it_is_made():
    made = plain()["Resources"]["ReceiptRule"]
    assert set(made["DependsOn"]) == {"MailBucketPolicy", "InboundMailSesPermission"}


def test_a_stack_without_ses_has_no_receipt_rule():
    for name in ("ReceiptRule", "InboundMailSesPermission"):
        assert plain()["Resources"][name]["Condition"] == "ReceivesBySes"


@pytest.mark.parametrize("bucket", ["MailBucket", "FilesBucket"])
def test_buckets_are_private_encrypted_and_can_undo(bucket):
    made = properties(bucket)
    assert set(made["PublicAccessBlockConfiguration"].values()) == {True}
    (rule,) = made["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert made["VersioningConfiguration"] == {"Status": "Enabled"}
    kept = [rule.get("NoncurrentVersionExpiration") for rule in rules_of(bucket).values()]
    assert {"NoncurrentDays": 30} in kept


def rules_of(bucket):
    return {rule["Id"]: rule for rule in properties(bucket)["LifecycleConfiguration"]["Rules"]}


def test_only_exports_and_what_a_dead_relay_left_expire():
    assert not any("ExpirationInDays" in rule for rule in rules_of("MailBucket").values())
    expiring = {
        rule["Prefix"] for rule in rules_of("FilesBucket").values() if "ExpirationInDays" in rule
    }
    assert expiring == {"exports/", "aws/lambda/"}


def test_the_browser_may_upload_from_the_desks_origin_only():
    (rule,) = properties("FilesBucket")["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedMethods"] == ["POST"]
    (origin,) = rule["AllowedOrigins"]
    parts = {"Fn::Split": ["/", {"Ref": "PublicUrl"}]}
    expected = [{"Fn::Select": [0, parts]}, {"Fn::Select": [2, parts]}]
    assert origin == {"Fn::Join": ["//", expected]}


def test_nobody_can_sign_up_and_sign_in_says_not_who_exists():
    pool, client = properties("UserPool"), properties("UserPoolClient")
    assert pool["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    assert pool["UsernameAttributes"] == ["email"]
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] >= 12
    assert client["PreventUserExistenceErrors"] == "ENABLED"
    assert client["GenerateSecret"] is False
    assert "ALLOW_USER_PASSWORD_AUTH" in client["ExplicitAuthFlows"]


def test_ses_reports_all_that_can_happen_to_a_mail_of_this_tenant():
    made = properties("ConfigurationSetEvents")["EventDestination"]
    kinds = {"bounce", "complaint", "delivery", "reject", "renderingFailure", "deliveryDelay"}
    assert set(made["MatchingEventTypes"]) == kinds
    assert made["EventBridgeDestination"]["EventBusArn"]["Fn::Sub"].endswith("event-bus/default")
    pattern = properties("MailEventsReported")["EventPattern"]
    ours = {"ses:configuration-set": [{"Ref": "ConfigurationSet"}]}
    assert pattern == {"source": ["aws.ses"], "detail": {"mail": {"tags": ours}}}


def test_only_a_ticket_that_comes_back_wakes_what_gives_it_to_somebody():
    pattern = properties("AssignCameBack")["EventPattern"]
    back = {"before": ["pending", "on_hold", "solved", "closed"], "after": ["open"]}
    assert pattern["detail-type"] == ["StatusChanged"]
    assert pattern["detail"] == {"fact": back}


def test_an_idle_tenant_pays_for_no_resource():
    paid = {
        "AWS::CloudWatch::Alarm",
        "AWS::KMS::Key",
        "AWS::WAFv2::WebACL",
        "AWS::Logs::MetricFilter",
    }
    paid |= {"AWS::SecretsManager::Secret", "AWS::EC2::VPC", "AWS::Events::Archive"}
    assert not paid & {made["Type"] for made in plain()["Resources"].values()}


def test_the_outputs_name_every_function_and_every_resource_that_commands_use():
    outputs = plain()["Outputs"]
    arns = {f"{name}Arn" for name in of_type(FUNCTIONS)}
    assert arns <= set(outputs)
    assert {"TableName", "MailBucketName", "FilesBucketName", "BusName"} <= set(outputs)
    assert {"RestAPIId", "EndpointURL", "UserPoolId", "UserPoolClientId"} <= set(outputs)


def test_every_parameter_is_used_and_described():
    text = json.dumps({key: part for key, part in sam().items() if key != "Parameters"})
    assert set(sam()["Parameters"]) == set(PARAMETERS)
    for name, parameter in sam()["Parameters"].items():
        assert parameter["Description"]
        assert f'"Ref": "{name}"' in text or f"${{{name}}}" in text


def test_two_fragments_cannot_set_the_same_value():
    one, other = {"Resources": {"A": {"Type": "x"}}}, {"Resources": {"A": {"Type": "y"}}}
    with pytest.raises(template.FragmentError, match="Type"):
        template.merge([("one.yaml", one), ("other.yaml", other)])


def test_short_forms_in_fragments_are_written_out(tmp_path):
    fragment = tmp_path / "a.yaml"
    fragment.write_text("a: !Ref B\nb: !GetAtt B.Arn\nc: !Sub x-${B}\nd: !Select [0, !Ref L]\n")
    assert template.load(fragment) == {
        "a": {"Ref": "B"},
        "b": {"Fn::GetAtt": ["B", "Arn"]},
        "c": {"Fn::Sub": "x-${B}"},
        "d": {"Fn::Select": [0, {"Ref": "L"}]},
    }


def test_a_fragment_that_says_nothing_is_an_error(tmp_path):
    (tmp_path / "a.yaml").write_text("# nothing yet\n")
    with pytest.raises(template.FragmentError, match=r"a\.yaml"):
        template.fragments(tmp_path)
