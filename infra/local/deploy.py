"""The tenant's packaged template on the emulator: what is adapted, and the deployment itself."""

from __future__ import annotations

import copy
import hashlib
import json
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.config import WEBHOOK_HOSTS
from infra.local.place import HOST, Place
from infra.local.stack import Stack, aws_environment

Template = dict[str, Any]

STACK = "skranke"
CODE_BUCKET = "skranke-code"
_TEMPLATE_KEY = "template.json"

# Types that the emulator does not know, and who does their work here.
DROPPED = {
    "AWS::SES::ReceiptRule": "smtp.py receives, courier.py stores and invokes",
    "AWS::SES::ReceiptRuleSet": "there is no SES that would need an active set",
}

_WITHIN = 60.0  # seconds
_ANEW = "To begin anew, with an empty desk, remove .local/state and .local/objects."


class DeployError(Exception):
    """The emulator refused the template; the message names each resource and why."""


def parameters(place: Place) -> dict[str, str]:
    """The tenant's parameters, as an operator would choose them for this machine."""
    return {
        "Tenant": "local",
        "PublicUrl": f"http://{HOST}:{place.http_port}",
        "RuleSetName": "",
        # Both are for the rule and the roles, and neither is enforced here.
        "Recipients": "support@desk.example",
        "Senders": "*@desk.example",
    }


def adapt(template: Template, code_key: str, webhook_hosts: str) -> Template:
    """The same template with its code in a bucket, and without what the emulator does not know.

    Here alone webhooks may go to addresses that are not public.
    """
    adapted = copy.deepcopy(template)
    function = adapted.setdefault("Globals", {}).setdefault("Function", {})
    told = function.setdefault("Environment", {}).setdefault("Variables", {})
    told[WEBHOOK_HOSTS] = webhook_hosts
    kept = {
        name: resource
        for name, resource in adapted["Resources"].items()
        if resource["Type"] not in DROPPED
    }
    gone = set(adapted["Resources"]) - set(kept)
    for resource in kept.values():
        _forget(resource, gone)
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = f"s3://{CODE_BUCKET}/{code_key}"
    return {**adapted, "Resources": kept}


def deploy(
    place: Place, endpoint: str, template: Template, code: Path, save: Callable[[], None]
) -> Stack:
    """Bring the emulator to that template. Where nothing changed since the last time, look only.

    `save` puts all of the emulator's state on disk.
    """
    stack = Stack(place.root, place.url, endpoint, {}, {})
    key = f"{hashlib.sha256(code.read_bytes()).hexdigest()}.zip"
    adapted = adapt(template, key, place.webhook_hosts)
    text, chosen = json.dumps(adapted), parameters(place)
    digest = hashlib.sha256(json.dumps([text, chosen]).encode()).hexdigest()
    known = _last(place)
    if known != digest:
        _upload(stack, {key: code.read_bytes(), _TEMPLATE_KEY: text.encode()})
        _apply(stack, chosen, is_new=known is None)
        _apply_ttl(stack, adapted)
        save()
        _record(place).write_text(digest)
    return _described(stack)


def enter_running(root: Path) -> None:
    """Make the stack that runs in this project the AWS of this process."""
    place = Place(root)
    if not place.stack_file.exists():
        raise SystemExit("No local stack runs here: start it with make run.")
    endpoint = f"http://{HOST}:{place.port_file.read_text()}"
    _described(Stack(root, place.url, endpoint, {}, {})).enter()


def forget_unfinished(place: Place) -> None:
    """What a first deployment left that never came to its end cannot be deployed to again."""
    if _last(place) is None:
        shutil.rmtree(place.state, ignore_errors=True)
        shutil.rmtree(place.objects, ignore_errors=True)


def _last(place: Place) -> str | None:
    record = _record(place)
    return record.read_text() if record.exists() else None


def _record(place: Place) -> Path:
    """Lies with the state: whoever removes that begins anew."""
    return place.state / "deployed"


def _forget(resource: Template, gone: set[str]) -> None:
    """Nothing may wait for a resource that was dropped."""
    waits = resource.get("DependsOn", [])
    left = [name for name in ([waits] if isinstance(waits, str) else waits) if name not in gone]
    if "DependsOn" in resource:
        resource["DependsOn"] = left


def _upload(stack: Stack, files: Mapping[str, bytes]) -> None:
    s3 = stack.client("s3")
    if CODE_BUCKET not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
        region = {"LocationConstraint": s3.meta.region_name}
        s3.create_bucket(Bucket=CODE_BUCKET, CreateBucketConfiguration=region)
    for old in s3.list_objects_v2(Bucket=CODE_BUCKET).get("Contents", []):
        s3.delete_object(Bucket=CODE_BUCKET, Key=old["Key"])
    for key, content in files.items():
        s3.put_object(Bucket=CODE_BUCKET, Key=key, Body=content)


def _apply(stack: Stack, chosen: Mapping[str, str], *, is_new: bool) -> None:
    formation = stack.client("cloudformation")
    change = formation.create_stack if is_new else formation.update_stack
    try:
        change(
            StackName=STACK,
            # By address: a text in the call may have 51,200 bytes, and ours has more.
            TemplateURL=f"{stack.endpoint}/{CODE_BUCKET}/{_TEMPLATE_KEY}",
            Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in chosen.items()],
            Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
    except ClientError as refusal:
        raise DeployError(f"{refusal}\n{_ANEW}") from None
    deadline = time.monotonic() + _WITHIN
    while (status := _stack(formation)["StackStatus"]).endswith("_IN_PROGRESS"):
        if time.monotonic() > deadline:
            break
        time.sleep(0.1)
    if status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        events = formation.describe_stack_events(StackName=STACK)["StackEvents"]
        reasons = [
            f"  {event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
            for event in reversed(events)
            if event["ResourceStatus"].endswith("_FAILED")
        ]
        raise DeployError("\n".join([f"The stack ended as {status}.", *reasons, _ANEW]))


def _apply_ttl(stack: Stack, template: Template) -> None:
    """The emulator deletes expired items, but takes the order for it by call only."""
    dynamodb, formation = stack.client("dynamodb"), stack.client("cloudformation")
    for name, resource in template["Resources"].items():
        ttl = resource.get("Properties", {}).get("TimeToLiveSpecification")
        if resource["Type"] == "AWS::DynamoDB::Table" and ttl:
            found = formation.describe_stack_resource(StackName=STACK, LogicalResourceId=name)
            table = found["StackResourceDetail"]["PhysicalResourceId"]
            state = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
            if state["TimeToLiveStatus"] != "ENABLED":
                dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=ttl)


def _described(stack: Stack) -> Stack:
    outputs = {
        output["OutputKey"]: output["OutputValue"]
        for output in _stack(stack.client("cloudformation"))["Outputs"]
    }
    api = stack.client("lambda").get_function_configuration(FunctionName=outputs["APIHandlerName"])
    told = {**api["Environment"]["Variables"], **aws_environment(stack.endpoint)}
    return Stack(stack.root, stack.url, stack.endpoint, outputs, told)


def _stack(formation: Any) -> dict[str, Any]:
    found: dict[str, Any] = formation.describe_stacks(StackName=STACK)["Stacks"][0]
    return found
