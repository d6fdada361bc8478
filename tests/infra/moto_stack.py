"""The tenant's stack in moto: what moto skips of the template, and the creation of the rest."""

import copy
import json
import re
import warnings
from collections.abc import Collection
from typing import Any

import boto3

from infra.template import Template
from tests.infra.built import CODE_BUCKET, CODE_KEY, PARAMETERS, REGION, plain

# Types that moto does not know.
UNKNOWN = {
    "AWS::ApiGateway::Stage",
    "AWS::Cognito::UserPool",
    "AWS::Cognito::UserPoolClient",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::S3::BucketPolicy",
    "AWS::SES::ConfigurationSet",
    "AWS::SES::ConfigurationSetEventDestination",
    "AWS::SES::ReceiptRule",
    "AWS::SQS::QueuePolicy",
}
# Types that it knows and cannot make of what the SAM transform writes.
BROKEN = {"AWS::ApiGateway::Deployment"}
# Properties that it takes and forgets: asserted on the template only.
_OF_BUCKETS = {
    "LifecycleConfiguration",
    "OwnershipControls",
    "PublicAccessBlockConfiguration",
    "VersioningConfiguration",
}
FORGOTTEN = {
    "Table": {"TimeToLiveSpecification", "PointInTimeRecoverySpecification"},
    "MailBucket": {*_OF_BUCKETS, "NotificationConfiguration"},
    "FilesBucket": {*_OF_BUCKETS, "CorsConfiguration"},
}


def create(code: bytes, *, but: Collection[str] = ()) -> dict[str, str]:
    """Create the stack with that package wherever boto3 points; returns its outputs.

    `but`: types of which nothing is created, beside those that moto skips.
    """
    s3 = boto3.client("s3", region_name=REGION)
    here: Any = {"LocationConstraint": REGION}
    s3.create_bucket(Bucket=CODE_BUCKET, CreateBucketConfiguration=here)
    s3.put_object(Bucket=CODE_BUCKET, Key=CODE_KEY, Body=code)
    client = boto3.client("cloudformation", region_name=REGION)
    with warnings.catch_warnings():
        # moto's and botocore's own dates; ours are aware.
        warnings.simplefilter("ignore", DeprecationWarning)
        client.create_stack(
            StackName="acme",
            TemplateBody=json.dumps(_without({*UNKNOWN, *BROKEN, *but})),
            Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in PARAMETERS.items()],
            Capabilities=["CAPABILITY_IAM"],
        )
    (made,) = client.describe_stacks(StackName="acme")["Stacks"]
    assert made["StackStatus"] == "CREATE_COMPLETE"
    return {output["OutputKey"]: output["OutputValue"] for output in made["Outputs"]}


def _without(types: set[str]) -> Template:
    """The template with the resources of those types gone, and a word where they were named."""
    template = copy.deepcopy(plain())
    resources = template["Resources"]
    skipped = {name for name, made in resources.items() if made["Type"] in types}
    for name in skipped:
        del resources[name]
    for made in resources.values():
        made.pop("DependsOn", None)
    return _replaced(template, skipped)


def _replaced(value: Any, skipped: set[str]) -> Any:
    match value:
        case str():
            return re.sub(
                r"\$\{(\w+)\}", lambda m: f"skipped-{m[1]}" if m[1] in skipped else m[0], value
            )
        case list():
            return [_replaced(one, skipped) for one in value]
        case {"Ref": name} if name in skipped:
            return f"skipped-{name}"
        case dict():
            return {key: _replaced(one, skipped) for key, one in value.items()}
    return value
