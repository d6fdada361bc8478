"""A small stack on the emulator, with one thing of each kind that the desk's template uses."""

import io
import json
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.local import deploy, emulator
from infra.local.place import Place
from infra.local.stack import Stack

# Each function notes in the table what it was given. An event with "fails" makes it fail.
CODE = """
import base64, json, os, time
import boto3

def note(name, event):
    tables = boto3.client("dynamodb")
    key = {"pk": {"S": name}, "sk": {"S": str(time.time_ns())}}
    noted = {"event": {"S": json.dumps(event)}, "pid": {"N": str(os.getpid())}}
    tables.put_item(TableName=os.environ["NOTES"], Item=key | noted)

def api(event, context):
    body = event["body"] or ""
    path = event["requestContext"]["path"]
    return {
        "statusCode": 201,
        "multiValueHeaders": {
            "Content-Type": ["application/octet-stream"],
            "Set-Cookie": ["a=1", "b=2"],
            "X-Path": [path],
        },
        "body": body,
        "isBase64Encoded": True,
    }

def relay(event, context):
    images = [record["dynamodb"]["NewImage"] for record in event["Records"]]
    note("relay", [image["sk"]["S"] for image in images])
    numbers = [record["dynamodb"]["SequenceNumber"] for record in event["Records"]]
    failed = [number for number, image in zip(numbers, images) if "fails" in image]
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed[:1]]}

def react(event, context):
    note("react", event["detail"])
    if event["detail"].get("fails"):
        raise ValueError("as asked")

def slow(event, context):
    time.sleep(0.3)
    note("slow", event)

def feedback(event, context):
    note("feedback", event)
"""


def _function(name: str, **more: Any) -> dict[str, Any]:
    standard = {
        "Runtime": "python3.11",
        "Handler": f"code.{name}",
        "CodeUri": "./code.zip",
        "Timeout": 20,
        "Environment": {"Variables": {"NOTES": {"Ref": "Notes"}}},
    }
    return {"Type": "AWS::Serverless::Function", "Properties": {**standard, **more}}


def _table(**more: Any) -> dict[str, Any]:
    keys = {"pk": "HASH", "sk": "RANGE"}
    standard = {
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key in keys],
        "KeySchema": [{"AttributeName": key, "KeyType": kind} for key, kind in keys.items()],
    }
    return {"Type": "AWS::DynamoDB::Table", "Properties": {**standard, **more}}


def _uri(function: str) -> dict[str, Any]:
    base = "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions"
    return {"Fn::Sub": f"{base}/${{{function}.Arn}}/invocations"}


_STREAM = {
    "Type": "DynamoDB",
    "Properties": {
        "Stream": {"Fn::GetAtt": ["Facts", "StreamArn"]},
        "StartingPosition": "TRIM_HORIZON",
        "BatchSize": 10,
        "MaximumRetryAttempts": 1,
        "BisectBatchOnFunctionError": True,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "FilterCriteria": {"Filters": [{"Pattern": '{"eventName": ["INSERT"]}'}]},
        "DestinationConfig": {
            "OnFailure": {"Type": "S3", "Destination": {"Fn::GetAtt": ["Lost", "Arn"]}}
        },
    },
}
_RULE = {
    "Type": "EventBridgeRule",
    "Properties": {"EventBusName": {"Ref": "Bus"}, "Pattern": {"detail-type": ["Opened"]}},
}
_FEEDBACK = {"Type": "EventBridgeRule", "Properties": {"Pattern": {"source": ["aws.ses"]}}}
_RETRIED = {
    "MaximumRetryAttempts": 1,
    "DestinationConfig": {
        "OnFailure": {"Type": "SQS", "Destination": {"Fn::GetAtt": ["Dead", "Arn"]}}
    },
}
_REPORTS = {
    "ConfigurationSetName": {"Ref": "ConfigurationSet"},
    "EventDestination": {
        "Name": "bus",
        "Enabled": True,
        "MatchingEventTypes": ["bounce"],
        "EventBridgeDestination": {
            "EventBusArn": {
                "Fn::Sub": "arn:aws:events:${AWS::Region}:${AWS::AccountId}:event-bus/default"
            }
        },
    },
}
_PROXY = {
    "x-amazon-apigateway-integration": {
        "type": "aws_proxy",
        "httpMethod": "POST",
        "uri": _uri("APIHandler"),
    }
}
_DEFINITION = {
    "swagger": "2.0",
    "info": {"title": "small", "version": "1"},
    "paths": {"/echo": {"post": _PROXY}},
    "x-amazon-apigateway-binary-media-types": ["application/octet-stream"],
}
TEMPLATE = {
    "Transform": "AWS::Serverless-2016-10-31",
    "Parameters": {name: {"Type": "String"} for name in deploy.parameters(Place(Path()))},
    "Resources": {
        "RestAPI": {
            "Type": "AWS::Serverless::Api",
            "Properties": {
                "StageName": "api",
                "OpenApiVersion": "2.0",
                "DefinitionBody": _DEFINITION,
            },
        },
        "APIHandler": _function("api"),
        "Relay": _function("relay", Events={"Facts": _STREAM}),
        "React": _function("react", Events={"Opened": _RULE}, EventInvokeConfig=_RETRIED),
        "Feedback": _function("feedback", Events={"Reported": _FEEDBACK}),
        "Slow": _function("slow"),
        "Facts": _table(
            StreamSpecification={"StreamViewType": "NEW_IMAGE"},
            TimeToLiveSpecification={"AttributeName": "ttl", "Enabled": True},
        ),
        "Notes": _table(),
        "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "small"}},
        "Dead": {"Type": "AWS::SQS::Queue"},
        "Lost": {"Type": "AWS::S3::Bucket"},
        "ConfigurationSet": {
            "Type": "AWS::SES::ConfigurationSet",
            "Properties": {"Name": "small"},
        },
        "Reports": {
            "Type": "AWS::SES::ConfigurationSetEventDestination",
            "Properties": _REPORTS,
        },
    },
    "Outputs": {
        "APIHandlerName": {"Value": {"Ref": "APIHandler"}},
        "RestAPIId": {"Value": {"Ref": "RestAPI"}},
        "Facts": {"Value": {"Ref": "Facts"}},
        "Notes": {"Value": {"Ref": "Notes"}},
        "Dead": {"Value": {"Ref": "Dead"}},
        "Lost": {"Value": {"Ref": "Lost"}},
        "Slow": {"Value": {"Ref": "Slow"}},
    },
}


@dataclass(frozen=True)
class Small:
    """The stack that runs, and whether the emulator is mended."""

    stack: Stack
    place: Place
    is_mended: bool

    def notes(self, name: str) -> list[dict[str, Any]]:
        found = self.stack.client("dynamodb").query(
            TableName=self.stack.outputs["Notes"],
            KeyConditionExpression="pk = :name",
            ExpressionAttributeValues={":name": {"S": name}},
        )
        return [
            {"event": json.loads(item["event"]["S"]), "pid": item["pid"]["N"]}
            for item in found["Items"]
        ]

    def add_fact(self, name: str, **more: str) -> None:
        item = {"pk": {"S": "fact"}, "sk": {"S": name}}
        item |= {key: {"S": value} for key, value in more.items()}
        self.stack.client("dynamodb").put_item(TableName=self.stack.outputs["Facts"], Item=item)

    def post(self, body: bytes, **headers: str) -> tuple[int, Any, bytes]:
        """To the port where people find the desk."""
        told = {"Content-Type": "application/octet-stream", "Accept": "application/octet-stream"}
        request = urllib.request.Request(  # noqa: S310
            f"{self.place.url}echo", data=body, headers={**told, **headers}
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read()


@contextmanager
def small(place: Place, *, is_mended: bool) -> Iterator[Small]:
    code = place.home / "code.zip"
    code.parent.mkdir(parents=True, exist_ok=True)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as package:
        package.writestr(zipfile.ZipInfo("code.py"), CODE)
    code.write_bytes(packed.getvalue())
    with emulator.running(place, bare=not is_mended) as emulated:
        save = emulated.save if is_mended else _nothing
        stack = deploy.deploy(place, emulated.endpoint, TEMPLATE, code, save)
        yield Small(stack, place, is_mended)


def _nothing() -> None:
    """The bare emulator saves when it ends."""
