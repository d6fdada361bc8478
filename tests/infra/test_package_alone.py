"""The package runs alone: unpacked, nothing beside it, every handler on one real-shaped event.

AWS is moto as a server, with the stack that the tenant's own template makes there. The functions'
calls are held against the roles in that template on the way.
"""

import base64
import copy
import io
import json
import subprocess
import sys
import zipfile
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import boto3
import pytest

from tests import world
from tests.infra.allowed import refused
from tests.infra.built import PARAMETERS, REGION, built
from tests.infra.moto_stack import create

pytestmark = [pytest.mark.slow, pytest.mark.enable_socket]

TOKEN = "skr_for-the-auditor"
ADDRESS = "support@desk.example"
CUSTOMER = "carla@customers.example"
MAIL = (
    f"From: Carla <{CUSTOMER}>\r\nTo: {ADDRESS}\r\nSubject: The printer hums\r\n"
    "Message-ID: <first@customers.example>\r\nDate: Mon, 02 Mar 2026 09:00:00 +0000\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n\r\nIt hums in B flat.\r\n"
).encode()
WIRING = {"AWS::Lambda::EventSourceMapping", "AWS::Lambda::Permission", "AWS::Events::Rule"}
FUNCTION_OF = {
    "app": "APIHandler",
    "inbound_mail": "InboundMail",
    "relay": "Relay",
    "deliver": "Deliver",
    "escalate": "Escalate",
    "assign": "Assign",
    "call_webhook": "CallWebhook",
    "run_rules": "RunRules",
    "export": "Export",
    "mail_events": "MailEvents",
    "sweep": "Sweep",
    "reconcile": "Reconcile",
}


def assigning():
    """A desk with a group that gives its tickets to its agents, and with a rule."""
    desk = copy.deepcopy(world.DESK)
    desk["groups"]["support"]["assign"] = {"how": "load"}
    desk["triggers"] = [{"id": "greet", "on": ["opened"], "do": [{"note": "Be kind."}]}]
    return desk


def as_lambda_does(value):
    """What boto3 reads from a stream, as Lambda puts it into an event."""
    match value:
        case datetime():
            return value.timestamp()
        case bytes():
            return base64.b64encode(value).decode()
    raise TypeError(value)


class Alone:
    """A process that holds the unpacked package, and the stack that it works on."""

    def __init__(self, process, stack):
        self.process, self.stack = process, stack

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request, default=as_lambda_does) + "\n")
        self.process.stdin.flush()
        reply = json.loads(self.process.stdout.readline())
        assert "error" not in reply, reply["error"]
        assert reply["strangers"] == []
        return reply

    def call(self, function, event):
        """What the function answers; no call of AWS may be one that its role forbids."""
        reply = self.ask(function=function, event=event)
        for service, operation, params in reply["calls"]:
            assert not refused(FUNCTION_OF[function], service, operation, params), operation
        return reply["answer"], reply["calls"]


SERVER = """
import logging, sys
from moto.server import ThreadedMotoServer
logging.disable()
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(*server.get_host_and_port(), flush=True)
sys.stdin.read()
server.stop()
"""


@contextmanager
def served():
    """Serve moto on loopback in a process of its own; boto3 and every child find it there."""
    command = [sys.executable, "-c", SERVER]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with (
        subprocess.Popen(command, text=True, **pipes) as server,
        pytest.MonkeyPatch.context() as env,
    ):
        host, port = server.stdout.readline().split()
        given = {
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        for name, value in given.items():
            env.setenv(name, value)
        yield given
        server.stdin.close()


def environment(stack):
    """What the template and Lambda itself give every function, read back from the stack."""
    made = boto3.client("lambda").get_function_configuration(FunctionName=stack["SweepArn"])
    told = dict(made["Environment"]["Variables"])
    # moto makes no pool of the template's; the function only passes the client's name on.
    pool = boto3.client("cognito-idp").create_user_pool(PoolName="agents")["UserPool"]["Id"]
    ours = {"SKRANKE_USER_POOL_ID": pool, "SKRANKE_USER_POOL_CLIENT_ID": "pages"}
    return {**told, **ours, "TZ": ":UTC"}


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("unpacked")
    content = built("host").zip.read_bytes()
    zipfile.ZipFile(io.BytesIO(content)).extractall(folder)
    with served() as given:
        # Nothing is woken by moto: the test carries every event itself.
        stack = create(content, but=WIRING)
        keys = {"Name": stack["KeysParameter"], "Value": world.KEYS, "Type": "SecureString"}
        boto3.client("ssm").put_parameter(**keys)
        boto3.client("sesv2").create_email_identity(EmailIdentity="desk.example")
        command = [sys.executable, "-I", "-S", Path(__file__).with_name("alone.py"), folder]
        told = {**given, **environment(stack)}
        with subprocess.Popen(
            command, env=told, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            alone = Alone(process, stack)
            alone.ask(desk=assigning(), token=TOKEN)
            yield alone
            process.stdin.close()


def ses_event(ses_id):
    """As SES invokes a function after its S3 action."""
    verdicts = {
        f"{name}Verdict": {"status": "PASS"} for name in ("spf", "dkim", "dmarc", "spam", "virus")
    }
    at = "2026-03-02T09:00:01.000Z"
    mail = {
        "timestamp": at,
        "source": CUSTOMER,
        "messageId": ses_id,
        "destination": [ADDRESS],
        "headersTruncated": False,
        "headers": [{"name": "Subject", "value": "The printer hums"}],
        "commonHeaders": {"from": [CUSTOMER], "to": [ADDRESS], "subject": "The printer hums"},
    }
    action = {"type": "Lambda", "functionArn": "arn", "invocationType": "Event"}
    receipt = {
        "timestamp": at,
        "processingTimeMillis": 408,
        "recipients": [ADDRESS],
        "action": action,
        **verdicts,
    }
    one = {"eventSource": "aws:ses", "eventVersion": "1.0"}
    return {"Records": [{**one, "ses": {"mail": mail, "receipt": receipt}}]}


def bus_event(entry):
    """As EventBridge hands on what PutEvents was given."""
    return {
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": entry["DetailType"],
        "source": entry["Source"],
        "account": "123456789012",
        "time": entry["Time"],
        "region": REGION,
        "resources": [],
        "detail": json.loads(entry["Detail"]),
    }


def scheduled():
    arn = f"arn:aws:events:{REGION}:123456789012:rule/acme-SweepEveryMinute"
    return {
        "version": "0",
        "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": "2026-03-02T09:01:00Z",
        "region": REGION,
        "resources": [arn],
        "detail": {},
    }


def request(path, *, method="GET", **headers):
    """As API Gateway's proxy integration puts a request."""
    headers = {"host": "desk.example.org", "content-type": "application/json", **headers}
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": path,
            "httpMethod": method,
            "path": f"/api{path}",
            "stage": "api",
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "identity": {"sourceIp": "192.0.2.1"},
        },
        "body": None if method == "GET" else "{}",
        "isBase64Encoded": False,
    }


def stream_records(arn):
    """All that the table's stream holds, as an event source mapping would hand it over."""
    client = boto3.client("dynamodbstreams")
    (shard,) = client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    start = {"ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
    iterator = client.get_shard_iterator(StreamArn=arn, **start)["ShardIterator"]
    return [
        {**record, "eventSourceARN": arn}
        for record in client.get_records(ShardIterator=iterator)["Records"]
        if record["eventName"] == "INSERT"
        and record["dynamodb"]["NewImage"].get("kind") == {"S": "entry"}
    ]


def published(calls):
    return [
        entry
        for service, operation, params in calls
        if (service, operation) == ("events", "PutEvents")
        for entry in params["Entries"]
    ]


@pytest.fixture(scope="module")
def story(alone):
    """A mail has come in and was acknowledged: the events on the bus, by type."""
    store(alone, "first")
    alone.call("inbound_mail", ses_event("first"))
    answer, calls = alone.call("relay", {"Records": stream_records(alone.stack["TableStreamArn"])})
    assert answer == {"batchItemFailures": []}
    events = {entry["DetailType"]: bus_event(entry) for entry in published(calls)}
    _, events["calls of deliver"] = alone.call("deliver", events["DeliveryQueued"])
    return events


def store(alone, ses_id):
    bucket = alone.stack["MailBucketName"]
    mail = MAIL.replace(b"<first@", f"<{ses_id}@".encode())
    boto3.client("s3").put_object(Bucket=bucket, Key=f"inbound/{ses_id}", Body=mail)


def test_a_mail_becomes_facts_on_the_bus(story):
    assert {"TicketOpened", "DeliveryQueued"} <= set(story)


def test_the_acknowledgement_is_rendered_and_sent(story):
    made = {(service, operation) for service, operation, _ in story["calls of deliver"]}
    assert ("sesv2", "SendEmail") in made


def sent_id(alone):
    """The id that SES gave the acknowledgement."""
    pages = boto3.client("dynamodb").scan(TableName=alone.stack["TableName"])
    return next(item["ses_id"]["S"] for item in pages["Items"] if "ses_id" in item)


def test_a_bounce_is_noted(alone, story):
    detail = story["DeliveryQueued"]["detail"]
    tags = {
        "ticket": [str(detail["ticket"])],
        "delivery": [detail["fact"]["delivery"]],
        "ses:configuration-set": ["skranke-acme"],
    }
    bounce = {
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "bouncedRecipients": [{"emailAddress": CUSTOMER, "status": "5.1.1"}],
    }
    mail = {"messageId": sent_id(alone), "tags": tags}
    about = {"eventType": "Bounce", "mail": mail, "bounce": bounce}
    event = {**scheduled(), "detail-type": "Email Bounced", "source": "aws.ses", "detail": about}
    _, calls = alone.call("mail_events", event)
    assert "TransactWriteItems" in {operation for _, operation, _ in calls}


def test_a_breach_escalates(alone, story):
    opened = story["TicketOpened"]["detail"]
    due_at = "2026-03-02T09:00:00+00:00"
    fact = {"type": "TargetBreached", "v": 1, "target": "first_reply", "due_at": due_at}
    breached = {**story["TicketOpened"], "detail-type": "TargetBreached"}
    _, calls = alone.call("escalate", {**breached, "detail": {**opened, "fact": fact}})
    assert "TransactWriteItems" in {operation for _, operation, _ in calls}


def test_a_ticket_is_given_to_somebody(alone, story):
    _, calls = alone.call("assign", story["TicketOpened"])
    lists = [params.get("IndexName") for _, operation, params in calls if operation == "Query"]
    assert lists == [None, "gsi3", "gsi3"]
    assert "TransactWriteItems" in {operation for _, operation, _ in calls}


def test_a_webhook_that_is_gone_is_given_up(alone, story):
    opened = story["TicketOpened"]["detail"]
    item = {
        "pk": {"S": f"T#{opened['ticket']}"},
        "sk": {"S": "S#00000001#c#0"},
        "kind": {"S": "call"},
        "webhook": {"S": "gone"},
        "at": {"S": "2026-03-02T09:00:00.000000+0000"},
        "state": {"S": "queued"},
        **{name: {"N": "1"} for name in ("v", "seq", "of")},
        **{name: {"N": "0"} for name in ("place", "attempt")},
    }
    boto3.client("dynamodb").put_item(TableName=alone.stack["TableName"], Item=item)
    queued = {**story["TicketOpened"], "detail-type": "WebhookQueued"}
    fact = {"type": "WebhookQueued", "v": 1, "webhook": "gone", "call": "1-0"}
    _, calls = alone.call("call_webhook", {**queued, "detail": {**opened, "fact": fact}})
    assert "TransactWriteItems" in {operation for _, operation, _ in calls}


def test_a_rule_runs_and_is_tried_on_the_past(alone, story):
    _, calls = alone.call("run_rules", story["TicketOpened"])
    assert "TransactWriteItems" in {operation for _, operation, _ in calls}
    asked = request("/api/v1/rules/dry-run", method="POST", authorization=f"Bearer {TOKEN}")
    answer, calls = alone.call("app", {**asked, "body": json.dumps({"rule": "greet", "days": 1})})
    assert answer["statusCode"] == 200, answer["body"]
    assert "gsi5" in {params.get("IndexName") for _, _, params in calls}


def test_an_export_is_written(alone):
    asked = request("/api/v1/exports", method="POST", authorization=f"Bearer {TOKEN}")
    answer, _ = alone.call("app", asked)
    assert answer["statusCode"] == 202, answer["body"]
    _, calls = alone.call("relay", {"Records": stream_records(alone.stack["TableStreamArn"])})
    (wanted,) = (one for one in published(calls) if one["DetailType"] == "ExportRequested")
    _, calls = alone.call("export", bus_event(wanted))
    assert ("s3", "PutObject") in {(service, operation) for service, operation, _ in calls}


def test_the_sweep_looks_for_what_is_due(alone):
    _, calls = alone.call("sweep", scheduled())
    assert {params["IndexName"] for _, operation, params in calls if operation == "Query"}


def test_a_mail_that_no_event_announced_is_taken_up(alone, story):
    store(alone, "unannounced")
    s3 = {
        "bucket": {"name": alone.stack["MailBucketName"]},
        "object": {"key": "inbound/unannounced"},
    }
    note = {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": s3}]}
    queue = alone.stack["UnprocessedQueueUrl"]
    boto3.client("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps(note), DelaySeconds=0)
    count, _ = alone.call("reconcile", scheduled())
    assert count == 1


def test_the_api_answers(alone):
    answer, _ = alone.call("app", request("/api/v1/health"))
    assert answer["statusCode"] == 200


@pytest.mark.parametrize("language", ["en", "da", "nb", "hu"])
def test_a_page_is_rendered_in_every_language(alone, language):
    answer, _ = alone.call("app", request("/agent/sign-in", **{"accept-language": language}))
    assert answer["statusCode"] == 200
    assert f'lang="{language}"' in answer["body"]


def test_no_handler_is_missing_here():
    source = Path(__file__).read_text("utf-8")
    for function in FUNCTION_OF:
        assert f'alone.call("{function}", ' in source


def test_the_stack_says_where_people_reach_the_desk(alone):
    assert environment(alone.stack)["SKRANKE_URL"] == PARAMETERS["PublicUrl"]
