"""Whether a function's role in the template allows a call that the function made."""

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from infra.template import Template
from tests.infra.built import properties, target

Params = Mapping[str, Any]

# Calls that need no permission: a password is checked before anybody is anybody.
FREE = {("cognito-idp", "InitiateAuth"), ("cognito-idp", "RespondToAuthChallenge")}
_RENAMED = {
    ("s3", "HeadObject"): {"s3:GetObject"},
    ("sesv2", "SendEmail"): {"ses:SendEmail", "ses:SendRawEmail"},
    ("sqs", "DeleteMessageBatch"): {"sqs:DeleteMessage"},
}
_IN_TRANSACTIONS = {
    "ConditionCheck": "dynamodb:ConditionCheckItem",
    "Delete": "dynamodb:DeleteItem",
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
}


def statements(function: str) -> list[Template]:
    """The statements of the role that a function runs in."""
    (policy,) = properties(target(properties(function)["Role"]))["Policies"]
    found: list[Template] = policy["PolicyDocument"]["Statement"]
    return found


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def refused(function: str, service: str, operation: str, params: Params) -> set[str]:
    """The actions of a call that the function's role does not allow on what the call names."""
    if (service, operation) in FREE:
        return set()
    wanted = _resource(service, operation, params)
    return {
        action
        for action in _actions(service, operation, params)
        if not any(
            action in as_list(one["Action"])
            and any(fnmatchcase(wanted, _text(resource)) for resource in as_list(one["Resource"]))
            for one in statements(function)
        )
    }


def _actions(service: str, operation: str, params: Params) -> set[str]:
    if operation == "TransactWriteItems":
        return {_IN_TRANSACTIONS[kind] for item in params["TransactItems"] for kind in item}
    return _RENAMED.get((service, operation), {f"{service}:{operation}"})


def _resource(service: str, operation: str, params: Params) -> str:
    """What a call names, as the template writes it."""
    match service:
        case "dynamodb" if "IndexName" in params:
            return f"${{Table.Arn}}/index/{params['IndexName']}"
        case "s3":
            bucket = "MailBucket" if "-mail-" in params["Bucket"] else "FilesBucket"
            return f"${{{bucket}.Arn}}/{params['Key']}"
    names = {"dynamodb": "Table", "events": "Bus", "sqs": "UnprocessedQueue"}
    if service in names:
        return f"${{{names[service]}.Arn}}"
    if service == "ssm":
        return str(params["Name"]).rpartition("/keys")[2]
    # One configuration set: any statement with the action is about it.
    assert (service, operation) == ("sesv2", "SendEmail")
    return "*"


def _text(resource: Template) -> str:
    match resource:
        case {"Fn::Sub": str(text)} if ":ssm:" in text:
            # The tenant's keys are one parameter, and what stands below it.
            return text.rpartition("/keys")[2]
        case {"Fn::Sub": str(text)} if ":ses:" in text:
            return "*"
        case {"Fn::Sub": str(text)}:
            # In a pattern a brace is itself, a bracket is not.
            return text
        case {"Fn::GetAtt": [name, "Arn"]}:
            return f"${{{name}.Arn}}"
    return json.dumps(resource)
