"""A whole desk on moto: the table, buckets, bus, sign-in and app.py's own functions.

`settle()` does what AWS does between the functions: it carries the table's stream to the relay, and
what the relay publishes to the reactions, until nothing moves. Time stands still until `pass_time`.
"""

from __future__ import annotations

import base64
import email
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage, Message
from functools import cached_property
from typing import Any

import pytest
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from chalicelib import table
from chalicelib.config import VARIABLES, Config
from chalicelib.desk.service import apply
from chalicelib.intake.model import read_receipt
from chalicelib.ledger.store import keep_time
from chalicelib.outward import Answer
from chalicelib.ports import Challenge, Identity, Ports, live
from infra.rehearsal import reactions
from tests.aws_calls import aws_client

REGION = "eu-west-1"
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ENVIRONMENT = {
    "SKRANKE_TENANT": "test",
    "SKRANKE_TABLE": "desk",
    "SKRANKE_MAIL_BUCKET": "mail",
    "SKRANKE_FILES_BUCKET": "files",
    "SKRANKE_BUS": "bus",
    "SKRANKE_KEYS": "/skranke/test/keys",
    "SKRANKE_CONFIGURATION_SET": "desk",
    "SKRANKE_USER_POOL_ID": "made when first used",
    "SKRANKE_USER_POOL_CLIENT_ID": "made when first used",
    "SKRANKE_URL": "https://desk.example",
    "SKRANKE_UNPROCESSED_QUEUE_URL": "set by the world",
}
assert set(ENVIRONMENT) == set(VARIABLES.values())
DESK: dict[str, Any] = {
    "name": "Example desk",
    "zone": "Europe/Copenhagen",
    "locale": "en",
    "groups": {
        "support": {
            "name": "IT support",
            "address": "support@desk.example",
            "lead": "lena",
            "policy": "standard",
            "signature": "IT support, floor 2",
        },
        "hr": {"name": "HR", "address": "hr@desk.example", "sender": "People & pay"},
        "quick": {
            "name": "Quick",
            "address": "quick@desk.example",
            "lead": "lena",
            "policy": "quick",
        },
    },
    "agents": {
        "anna": {
            "name": "Anna Berg",
            "email": "anna@agents.example",
            "groups": ["support", "quick"],
        },
        "lena": {
            "name": "Lena Holm",
            "email": "lena@agents.example",
            "groups": ["support", "quick", "hr"],
            "is_admin": True,
        },
        "hugo": {"name": "Hugo Dahl", "email": "hugo@agents.example", "groups": ["hr"]},
    },
    "calendars": {
        "office": {
            "hours": {
                day: ["08:00-16:00"]
                for day in ("monday", "tuesday", "wednesday", "thursday", "friday")
            },
            "holidays": ["2026-12-25"],
        },
        "always": {
            "hours": {
                day: ["00:00-24:00"]
                for day in (
                    "monday",
                    "tuesday",
                    "wednesday",
                    "thursday",
                    "friday",
                    "saturday",
                    "sunday",
                )
            }
        },
    },
    "policies": {
        "standard": {
            "calendar": "office",
            "targets": {
                "first_reply": {"low": "8h", "normal": "4h", "high": "2h", "urgent": "30m"},
                "next_reply": {"normal": "4h"},
                "resolution": {"normal": "16h", "urgent": "4h"},
            },
        },
        "quick": {"calendar": "always", "targets": {"first_reply": {"normal": "1m"}}},
    },
}
KEYS = json.dumps(
    {
        "pepper": base64.b64encode(b"p" * 32).decode(),
        "signing": {"k1": base64.b64encode(b"k" * 32).decode()},
    }
)
PASSING = {"spf": "PASS", "dkim": "PASS", "dmarc": "PASS", "spam": "PASS", "virus": "PASS"}
REACTIONS = {
    "DeliveryQueued": "deliver",
    "WebhookQueued": "call_webhook",
    "TargetNear": "escalate",
    "TargetBreached": "escalate",
    "TargetOverdue": "escalate",
    "StepCalled": "escalate",
    "TicketOpened": "assign",
    "GroupChanged": "assign",
    "AssignmentLapsed": "assign",
    "StatusChanged": "assign",
    "ConfigApplied": "assign",
    "ExportRequested": "export",
    "ExportContinued": "export",
}
PASSWORD = "Correct-horse-9"


def reactions_to(event: dict[str, Any]) -> list[str]:
    """The functions that an event of the bus wakes."""
    name, found = event["detail-type"], []
    if name in REACTIONS:
        found.append(REACTIONS[name])
    if event["detail"]["place"] == 0 and "run_rules" in reactions().get(name, ()):
        found.append("run_rules")
    return found


@dataclass
class World:
    """The desk as the outside sees it, with a hand on its clock."""

    ports: Ports
    app: Any
    now: datetime = START
    outbox: list[Message] = field(default_factory=list)
    envelopes: list[tuple[str, str]] = field(default_factory=list)
    bus: list[dict[str, Any]] = field(default_factory=list)
    called: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)
    answers: list[Answer | Exception] = field(default_factory=list)
    read: dict[str, int] = field(default_factory=dict)
    ids: int = 0

    # Time and what AWS does. -------------------------------------------------------------

    def pass_time(self, **parts: float) -> None:
        self.now += timedelta(**parts)

    def call(self, function: str, event: dict[str, Any]) -> Any:
        return getattr(self.app, function)(event, None)

    def stream(self) -> list[dict[str, Any]]:
        """The new ledger entries, as the stream mapping's filter hands them to the relay."""
        backend = dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION]
        shard = backend.tables["desk"].stream_shard
        records = [record.to_json() for record in shard.items[self.read.get("stream", 0) :]]
        self.read["stream"] = len(shard.items)
        return [
            record
            for record in records
            if record["eventName"] == "INSERT"
            and record["dynamodb"]["NewImage"].get("kind") == {"S": "entry"}
        ]

    def settle(self) -> None:
        """Let everything react until nothing is left to react to."""
        while records := self.stream():
            self.call("relay", {"Records": records})
            self.react()

    def react(self) -> None:
        """Bring what was published to its reactions."""
        while self.bus:
            event = self.bus.pop(0)
            for reaction in reactions_to(event):
                self.call(reaction, event)

    def sweep(self) -> int:
        rang: int = self.call("sweep", {"source": "aws.events"})
        return rang

    # Mail. -------------------------------------------------------------------------------

    def put_mail(self, raw: bytes) -> str:
        self.ids += 1
        ses_id = f"ses{self.ids:06d}"
        s3 = aws_client("s3")
        s3.put_object(Bucket="mail", Key=f"inbound/{ses_id}", Body=raw)
        return ses_id

    def ses_event(
        self,
        ses_id: str,
        raw: bytes,
        *,
        verdicts: dict[str, str] | None = None,
        recipients: list[str] | None = None,
        envelope_from: str | None = None,
    ) -> dict[str, Any]:
        message = email.message_from_bytes(raw)
        to = re.findall(r"[\w.+=-]+@[\w.-]+", f"{message['To']} {message['Cc'] or ''}")
        ours = [address for address in to if address.endswith("@desk.example")]
        source = envelope_from or (re.findall(r"[\w.+-]+@[\w.-]+", str(message["From"])) or [""])[0]
        given = {**PASSING, **(verdicts or {})}
        policy = given.pop("dmarc_policy", None)
        receipt = {
            "timestamp": self.now.isoformat(),
            "processingTimeMillis": 400,
            "recipients": recipients if recipients is not None else ours,
            **{f"{name}Verdict": {"status": status} for name, status in given.items()},
            "action": {
                "type": "Lambda",
                "functionArn": f"arn:aws:lambda:{REGION}:{DEFAULT_ACCOUNT_ID}:function:inbound",
                "invocationType": "Event",
            },
        }
        if policy:
            receipt["dmarcPolicy"] = policy
        mail = {
            "timestamp": self.now.isoformat(),
            "source": source,
            "messageId": ses_id,
            "destination": to,
            "headersTruncated": False,
            "headers": [],
            "commonHeaders": {"subject": str(message["Subject"])},
        }
        record = {
            "eventSource": "aws:ses",
            "eventVersion": "1.0",
            "ses": {"mail": mail, "receipt": receipt},
        }
        return {"Records": [record]}

    def mail(self, raw: bytes | EmailMessage, **receipt: Any) -> str:
        """A mail comes in and everything reacts; returns its SES id."""
        content = raw if isinstance(raw, bytes) else raw.as_bytes()
        ses_id = self.put_mail(content)
        self.call("inbound_mail", self.ses_event(ses_id, content, **receipt))
        self.settle()
        return ses_id

    def receipt(self, ses_id: str, raw: bytes, **parts: Any) -> Any:
        return read_receipt(self.ses_event(ses_id, raw, **parts)["Records"][0])

    @property
    def last_mail(self) -> Message:
        return self.outbox[-1]

    def mails_to(self, address: str) -> list[Message]:
        return [
            message
            for message, (_, to) in zip(self.outbox, self.envelopes, strict=True)
            if to == address
        ]


class _Mailer:
    """Sends as SES does: it replaces Message-ID and Date, and answers with an id."""

    def __init__(self, world: World) -> None:
        self.world = world

    def send(self, raw: bytes, *, sender: str, to: str, tags: dict[str, str]) -> str:
        ses_id = f"0102{len(self.world.outbox):08d}-out"
        message = email.message_from_bytes(raw)
        del message["Message-ID"], message["Date"]
        message["Message-ID"] = self.message_id(ses_id)
        message["Date"] = email.utils.format_datetime(self.world.now)
        self.world.outbox.append(message)
        self.world.envelopes.append((sender, to))
        return ses_id

    def message_id(self, ses_id: str) -> str:
        return f"<{ses_id}@{REGION}.amazonses.com>"


class _Web:
    """Hears every webhook; each is answered by the next of `answers`, and with 200 without any."""

    def __init__(self, world: World) -> None:
        self.world = world

    def post(self, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        self.world.called.append((url, body, headers))
        said = self.world.answers.pop(0) if self.world.answers else Answer(200)
        if isinstance(said, Exception):
            raise said
        return said


class _Bus:
    def __init__(self, world: World) -> None:
        self.world = world

    def publish(self, events: list[tuple[str, str, datetime]]) -> None:
        self.world.bus += [
            {
                "id": str(place),
                "detail-type": name,
                "source": "skranke",
                "time": at.isoformat(),
                "detail": json.loads(detail),
            }
            for place, (name, detail, at) in enumerate(events)
        ]


class _Identity:
    """Cognito with a pool of the desk's agents, made when first used: its keys are slow to make."""

    def __init__(self, config: Config) -> None:
        self.config = config

    @cached_property
    def live(self) -> Identity:
        cognito = aws_client("cognito-idp")
        pool = cognito.create_user_pool(PoolName="agents", UsernameAttributes=["email"])["UserPool"]
        client = cognito.create_user_pool_client(
            UserPoolId=pool["Id"], ClientName="web", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
        )["UserPoolClient"]
        for agent in DESK["agents"].values():
            cognito.admin_create_user(
                UserPoolId=pool["Id"], Username=agent["email"], MessageAction="SUPPRESS"
            )
            cognito.admin_set_user_password(
                UserPoolId=pool["Id"], Username=agent["email"], Password=PASSWORD, Permanent=True
            )
        return live(replace(self.config, user_pool_client_id=client["ClientId"])).identity

    def sign_in(self, email: str, password: str) -> Challenge | None:
        return self.live.sign_in(email, password)

    def set_password(self, email: str, password: str, session: str) -> Challenge | None:
        return self.live.set_password(email, password, session)


@contextmanager
def new_world(monkeypatch: pytest.MonkeyPatch, *, real: bool = False) -> Iterator[World]:
    """A fresh desk. With `real`, mail and bus go through the boto3 ports as well."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        make_resources(monkeypatch)
        config = Config.from_env(os.environ)  # noqa: TID251 - the test's own environment
        table.bind(config.table)
        # Making a client costs more than everything else here, so all worlds share them.
        monkeypatch.setattr(
            "chalicelib.ports._Aws.client", lambda _self, name, **_more: aws_client(name)
        )
        ports = live(config)
        import app

        world = World(ports, app)
        ports.clock = lambda: world.now
        ports.pause = lambda _seconds: None
        ports.identity = _Identity(config)
        ports.web = _Web(world)
        if not real:
            ports.mailer = _Mailer(world)
            ports.bus = _Bus(world)
        # The routes hold on to `app.ports` itself, so it stays and is made to find these.
        monkeypatch.setattr(app, "live", lambda _config: ports)
        app.ports.cache_clear()
        keep_time(ports.clock)
        apply(ports, DESK)
        try:
            yield world
        finally:
            keep_time(None)


def make_resources(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the template creates, as far as the functions use it."""
    create_table("desk")
    s3 = aws_client("s3")
    for bucket in ("mail", "files"):
        s3.create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
    aws_client("ssm").put_parameter(Name="/skranke/test/keys", Value=KEYS, Type="SecureString")
    aws_client("events").create_event_bus(Name="bus")
    queue = aws_client("sqs").create_queue(QueueName="unprocessed")
    monkeypatch.setenv("SKRANKE_UNPROCESSED_QUEUE_URL", queue["QueueUrl"])


def create_table(name: str) -> None:
    """The table as table.py describes it."""
    attributes = {*table.TABLE_KEYS}
    indexes = []
    for index, schema in table.INDEXES.items():
        attributes |= {schema.pk, schema.sk}
        projection: dict[str, Any] = {"ProjectionType": schema.projection}
        if schema.included:
            projection["NonKeyAttributes"] = list(schema.included)
        indexes.append(
            {
                "IndexName": index,
                "KeySchema": [
                    {"AttributeName": schema.pk, "KeyType": "HASH"},
                    {"AttributeName": schema.sk, "KeyType": "RANGE"},
                ],
                "Projection": projection,
            }
        )
    aws_client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": attribute, "AttributeType": "S"} for attribute in sorted(attributes)
        ],
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        GlobalSecondaryIndexes=indexes,
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )


def letter(
    text: str = "The printer on floor 2 is broken.",
    *,
    sender: str = "Kim Jensen <kim@customer.example>",
    to: str = "support@desk.example",
    subject: str = "Printer",
    **headers: str,
) -> EmailMessage:
    """A plain mail as a customer writes it."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = "Mon, 02 Mar 2026 09:59:00 +0100"
    message["Message-ID"] = headers.pop("message_id", f"<{abs(hash(text))}@customer.example>")
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message
