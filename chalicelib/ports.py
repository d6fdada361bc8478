"""The outside world as the desk sees it: clock, ids, keys, files, mail, bus, sign-in, queue, web.

The only module that imports boto3. Clients are made when first used: importing and creating them
costs more than anything else at a cold start.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from chalicelib.config import Config
from chalicelib.errors import DeskError, NotFound, TooMany
from chalicelib.keys import Keys
from chalicelib.outward import Answer, Internet
from chalicelib.shortcut import shorten

if TYPE_CHECKING:
    import boto3

LINK_SECONDS = 300
KEYS_FRESH_FOR = timedelta(minutes=5)


class Unpublished(DeskError):
    """The bus took only some of the events: `refused` are the places of the others."""

    code = "unpublished"

    def __init__(self, refused: Sequence[int]) -> None:
        super().__init__(f"The bus refused {len(refused)} events.")
        self.refused = tuple(refused)


class Refused(DeskError):
    """The mail service will not take this mail, now or later."""

    code = "mail_refused"


@dataclass(frozen=True, slots=True)
class Blob:
    """What is known of a stored file."""

    key: str
    size: int
    content_type: str
    filename: str | None = None


class Blobs(Protocol):
    """Files in one bucket."""

    def get(self, key: str) -> bytes: ...
    def head(self, key: str) -> Blob: ...
    def put(
        self, key: str, content: bytes, *, content_type: str, filename: str | None = None
    ) -> None: ...
    def delete(self, key: str) -> None: ...
    def link(self, key: str, *, filename: str, content_type: str) -> str: ...
    def upload(self, key: str, *, content_type: str, max_bytes: int) -> Mapping[str, Any]: ...


class Mailer(Protocol):
    def send(self, raw: bytes, *, sender: str, to: str, tags: Mapping[str, str]) -> str: ...
    def message_id(self, ses_id: str) -> str: ...


class Bus(Protocol):
    def publish(self, events: Sequence[tuple[str, str, datetime]]) -> None: ...


@dataclass(frozen=True, slots=True)
class Challenge:
    """Sign-in wants one more thing before it lets the agent in: a new password, say."""

    name: str
    session: str


class Identity(Protocol):
    def sign_in(self, email: str, password: str) -> Challenge | None: ...
    def set_password(self, email: str, password: str, session: str) -> Challenge | None: ...


class Web(Protocol):
    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer: ...


class Queue(Protocol):
    def receive(self) -> Sequence[tuple[str, str]]: ...
    def done(self, receipts: Iterable[str]) -> None: ...


@dataclass
class Ports:
    """Everything a service may ask of the outside world; tests put their own in."""

    config: Config
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    pause: Callable[[float], None]
    keys: Callable[[], Keys]
    smime_key: Callable[[str], bytes | None]
    mail_blobs: Blobs
    blobs: Blobs
    mailer: Mailer
    bus: Bus
    identity: Identity
    unprocessed: Queue
    web: Web
    cache: dict[str, Any] = field(default_factory=dict)


def utc_now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the one home of the clock


_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id() -> str:
    """A new id of 24 characters: 48 bits of milliseconds, then 72 random bits. Sorts by time."""
    number = (time.time_ns() // 1_000_000 << 72) | secrets.randbits(72)
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(115, -1, -5))


def live(config: Config) -> Ports:
    """The ports of a deployed stack."""
    aws = _Aws(config)
    return Ports(
        config=config,
        clock=utc_now,
        new_id=new_id,
        pause=time.sleep,
        keys=lambda: aws.keys(utc_now()),
        smime_key=lambda group: aws.smime_key(group, utc_now()),
        mail_blobs=_S3(aws, config.mail_bucket),
        blobs=_S3(aws, config.files_bucket),
        mailer=_Ses(aws),
        bus=_EventBus(aws),
        identity=_Cognito(aws),
        unprocessed=_Sqs(aws),
        web=Internet(config.webhook_hosts),
    )


class _Aws:
    """The clients, each made when first used, from one session."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._keys: tuple[Keys, datetime] | None = None
        self._smime_keys: dict[str, tuple[bytes | None, datetime]] = {}

    @cached_property
    def session(self) -> boto3.Session:
        import boto3

        session = boto3.Session()
        shorten(session.events)
        return session

    def client(self, name: str, **more: Any) -> Any:
        from botocore.config import Config as ClientConfig

        settings = {"connect_timeout": 2, "read_timeout": 10, "retries": {"total_max_attempts": 3}}
        return self.session.client(name, config=ClientConfig(**{**settings, **more}))  # type: ignore[call-overload]

    @cached_property
    def s3(self) -> Any:
        # Path style only where an endpoint is given: a host of our own answers for no bucket names.
        endpoint = os.environ.get("AWS_ENDPOINT_URL")  # noqa: TID251 - botocore's own variable
        style = {"addressing_style": "path"} if endpoint else {}
        # The signature holds a checksum of the body: another one beside it proves nothing more.
        checksums = ("request_checksum_calculation", "response_checksum_validation")
        more = dict.fromkeys(checksums, "when_required")
        return self.client("s3", signature_version="s3v4", s3=style, **more)

    @cached_property
    def ses(self) -> Any:
        # A send that timed out may have been sent: it must not be repeated behind our back.
        return self.client("sesv2", retries={"total_max_attempts": 1})

    @cached_property
    def events(self) -> Any:
        return self.client("events")

    @cached_property
    def cognito(self) -> Any:
        return self.client("cognito-idp")

    @cached_property
    def sqs(self) -> Any:
        return self.client("sqs")

    @cached_property
    def ssm(self) -> Any:
        return self.client("ssm")

    def keys(self, now: datetime) -> Keys:
        """The keys, read again every few minutes: after a rotation all functions must agree."""
        if self._keys is None or now >= self._keys[1]:
            answer = self.ssm.get_parameter(Name=self.config.keys_parameter, WithDecryption=True)
            self._keys = Keys.from_json(answer["Parameter"]["Value"]), now + KEYS_FRESH_FOR
        return self._keys[0]

    def smime_key(self, group: str, now: datetime) -> bytes | None:
        """The private key (PEM) that a group signs and decrypts with; None where it has none."""
        held = self._smime_keys.get(group)
        if held is None or now >= held[1]:
            name = smime_parameter(self.config.keys_parameter, group)
            try:
                answer = self.ssm.get_parameter(Name=name, WithDecryption=True)
                held = answer["Parameter"]["Value"].encode(), now + KEYS_FRESH_FOR
            except self.ssm.exceptions.ParameterNotFound:
                held = None, now + KEYS_FRESH_FOR
            self._smime_keys[group] = held
        return held[0]


def smime_parameter(keys_parameter: str, group: str) -> str:
    """The name of the parameter that holds a group's private key for S/MIME."""
    return f"{keys_parameter}/smime/{group}"


class _S3:
    def __init__(self, aws: _Aws, bucket: str) -> None:
        self.aws, self.bucket = aws, bucket

    def get(self, key: str) -> bytes:
        """The content, or NotFound."""
        try:
            body: bytes = self.aws.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        except self.aws.s3.exceptions.NoSuchKey as error:
            raise NotFound("The file is gone.") from error
        return body

    def head(self, key: str) -> Blob:
        """Size and type without the content, or NotFound."""
        from botocore.exceptions import ClientError

        try:
            answer = self.aws.s3.head_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in {"404", "NoSuchKey"}:
                raise NotFound("Upload the file first.") from error
            raise
        return Blob(key, answer["ContentLength"], answer["ContentType"])

    def put(
        self, key: str, content: bytes, *, content_type: str, filename: str | None = None
    ) -> None:
        more = {"ContentDisposition": disposition(filename)} if filename else {}
        self.aws.s3.put_object(
            Bucket=self.bucket, Key=key, Body=content, ContentType=content_type, **more
        )

    def delete(self, key: str) -> None:
        self.aws.s3.delete_object(Bucket=self.bucket, Key=key)

    def link(self, key: str, *, filename: str, content_type: str) -> str:
        """A link that downloads the file for five minutes, under that name and type only."""
        params = {
            "Bucket": self.bucket,
            "Key": key,
            "ResponseContentDisposition": disposition(filename),
            "ResponseContentType": content_type,
        }
        url: str = self.aws.s3.generate_presigned_url(
            "get_object", Params=params, ExpiresIn=LINK_SECONDS
        )
        return url

    def upload(self, key: str, *, content_type: str, max_bytes: int) -> Mapping[str, Any]:
        """`{url, fields}` of a form post that stores one file of that type within five minutes."""
        fields = {"Content-Type": content_type}
        rules = [fields, ["content-length-range", 1, max_bytes]]
        post: Mapping[str, Any] = self.aws.s3.generate_presigned_post(
            self.bucket, key, Fields=fields, Conditions=rules, ExpiresIn=LINK_SECONDS
        )
        return post


def disposition(filename: str) -> str:
    """A Content-Disposition that only ever downloads, with the name in plain and in UTF-8."""
    from urllib.parse import quote

    plain = "".join(c if c.isascii() and (c.isalnum() or c in " .-_()") else "_" for c in filename)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"


class _Ses:
    def __init__(self, aws: _Aws) -> None:
        self.aws = aws

    def send(self, raw: bytes, *, sender: str, to: str, tags: Mapping[str, str]) -> str:
        """Send one mail to one recipient and return the id that SES gave it."""
        exceptions = self.aws.ses.exceptions
        try:
            answer = self.aws.ses.send_email(
                FromEmailAddress=sender,
                Destination={"ToAddresses": [to]},
                Content={"Raw": {"Data": raw}},
                ConfigurationSetName=self.aws.config.configuration_set,
                EmailTags=[{"Name": name, "Value": value} for name, value in tags.items()],
            )
        except (
            exceptions.MessageRejected,
            exceptions.BadRequestException,
            exceptions.MailFromDomainNotVerifiedException,
        ) as error:
            raise Refused(str(error)) from error
        except exceptions.TooManyRequestsException as error:
            raise TooMany("SES asks to send more slowly.") from error
        ses_id: str = answer["MessageId"]
        return ses_id

    def message_id(self, ses_id: str) -> str:
        """The Message-ID that SES puts on the mail that it gave this id."""
        region = self.aws.ses.meta.region_name
        domain = "email" if region == "us-east-1" else region
        return f"<{ses_id}@{domain}.amazonses.com>"


class _EventBus:
    def __init__(self, aws: _Aws) -> None:
        self.aws = aws

    def publish(self, events: Sequence[tuple[str, str, datetime]]) -> None:
        """Publish (type, detail as JSON, time), ten a call; raise Unpublished for those refused."""
        refused: list[int] = []
        for start in range(0, len(events), 10):
            answer = self.aws.events.put_events(
                Entries=[
                    {
                        "EventBusName": self.aws.config.bus,
                        "Source": "skranke",
                        "DetailType": name,
                        "Detail": detail,
                        "Time": at,
                    }
                    for name, detail, at in events[start : start + 10]
                ]
            )
            if answer["FailedEntryCount"]:
                entries = enumerate(answer["Entries"], start)
                refused += [place for place, entry in entries if "ErrorCode" in entry]
        if refused:
            raise Unpublished(refused)


class _Cognito:
    def __init__(self, aws: _Aws) -> None:
        self.aws = aws

    def sign_in(self, email: str, password: str) -> Challenge | None:
        """None when the password is right, a Challenge when more is wanted; or Unauthenticated."""
        return self._ask(
            "initiate_auth",
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": email, "PASSWORD": password},
        )

    def set_password(self, email: str, password: str, session: str) -> Challenge | None:
        """Answer the challenge for a new password."""
        return self._ask(
            "respond_to_auth_challenge",
            ChallengeName="NEW_PASSWORD_REQUIRED",
            Session=session,
            ChallengeResponses={"USERNAME": email, "NEW_PASSWORD": password},
        )

    def _ask(self, operation: str, **parameters: Any) -> Challenge | None:
        from chalicelib.errors import Invalid, Unauthenticated

        exceptions = self.aws.cognito.exceptions
        call = getattr(self.aws.cognito, operation)
        try:
            answer = call(ClientId=self.aws.config.user_pool_client_id, **parameters)
        except (
            exceptions.NotAuthorizedException,
            exceptions.UserNotFoundException,
            exceptions.UserNotConfirmedException,
            exceptions.PasswordResetRequiredException,
        ) as error:
            raise Unauthenticated("The address or the password is not right.") from error
        except exceptions.InvalidPasswordException as error:
            raise Invalid("Choose a longer password.", fields={"password": "too weak"}) from error
        except exceptions.TooManyRequestsException as error:
            raise TooMany("Too many tries: wait a minute.") from error
        if "ChallengeName" in answer:
            return Challenge(answer["ChallengeName"], answer["Session"])
        return None


class _Sqs:
    def __init__(self, aws: _Aws) -> None:
        self.aws = aws

    def receive(self) -> Sequence[tuple[str, str]]:
        """Up to ten messages as (receipt, body); none when the queue is empty."""
        answer = self.aws.sqs.receive_message(
            QueueUrl=self.aws.config.unprocessed_queue_url, MaxNumberOfMessages=10
        )
        return [(m["ReceiptHandle"], m["Body"]) for m in answer.get("Messages", ())]

    def done(self, receipts: Iterable[str]) -> None:
        entries = [{"Id": str(n), "ReceiptHandle": receipt} for n, receipt in enumerate(receipts)]
        self.aws.sqs.delete_message_batch(
            QueueUrl=self.aws.config.unprocessed_queue_url, Entries=entries
        )
