"""The short way to DynamoDB and S3, for the calls that every mail and page is made of.

botocore gets a call ready for whatever any service may ask, which took twice the CPU of all the
rest of an inbound mail. A client that is made after `shorten` tries such a call the short way: one
request with the signature that botocore would have made, over a connection that stays open. A plain
answer to it is the answer, for a third of the CPU. Whatever else comes of it is left to botocore,
which then makes the call as ever, with its retries, its waiting, its proxies and its errors: this
module has none of those.

No table, no bucket and no item is known here.
"""
# What is overridden is private to botocore, whose version is pinned. The tests hold every request
# of the short way against the one that botocore itself makes.
# ruff: noqa: SLF001

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from io import BytesIO
from typing import Any, ClassVar
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest
from botocore.client import BaseClient
from botocore.httpsession import get_cert_path
from botocore.response import StreamingBody

from chalicelib.line import Answer, Line, Request, signed


def shorten(events: Any) -> None:
    """Let clients of DynamoDB and S3 try the short way; `events` are those of their session."""
    events.register("creating-client-class.dynamodb", _mixing_in(_DynamoDb))
    events.register("creating-client-class.s3", _mixing_in(_S3))


def _mixing_in(short: type) -> Any:
    return lambda base_classes, **_: base_classes.insert(0, short)


class _Short(BaseClient):
    """What a client does differently: each method stands in for the one of the same name."""

    SHORT: ClassVar[frozenset[str]]

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        client: Any = self
        self._long: Any = super()
        self._signer = client._request_signer
        self._session = client._endpoint.http_session
        self._idle: list[Line] = []
        self._places: dict[str, tuple[Any, dict[str, Any]]] = {}
        # To put it together takes as long as to sign, and it says the same each time.
        self._agent: str = client._user_agent_creator.to_string()

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()
        super().close()

    def _resolve_endpoint_ruleset(
        self, operation_model: Any, params: Any, request_context: Any, **more: Any
    ) -> Any:
        """Where to send a call: the rules lead all calls of one bucket to one place."""
        resolve = self._long._resolve_endpoint_ruleset
        # More is asked for by links alone, which are for others to follow.
        if more or operation_model.name not in self.SHORT:
            return resolve(operation_model, params, request_context, **more)
        bucket = params.get("Bucket", "")
        if bucket not in self._places:
            place = resolve(operation_model, params, request_context)
            signing = dict(request_context.get("signing", {}))
            self._places[bucket] = place, {**request_context, "signing": signing}
        place, context = self._places[bucket]
        request_context |= {
            "auth_type": context["auth_type"],
            "signing": dict(context["signing"]),
        }
        return place

    def _convert_to_request_dict(
        self,
        api_params: Any,
        operation_model: Any,
        endpoint_url: str,
        context: Any = None,
        headers: Any = None,
        set_user_agent_header: bool = True,
    ) -> dict[str, Any]:
        request: dict[str, Any] = self._long._convert_to_request_dict(
            api_params, operation_model, endpoint_url, context, headers, False
        )
        if set_user_agent_header:
            request["headers"]["User-Agent"] = self._agent
        return request

    def _make_request(
        self, operation_model: Any, request_dict: dict[str, Any], request_context: Any
    ) -> Any:
        """The first try of a call, and the only one where all is well."""
        if operation_model.name in self.SHORT and self._signer._credentials:
            request = self._signed(request_dict)
            try:
                answer = self._given(operation_model, request) or self._asked(request)
                parsed = self._parsed(answer)
            except (OSError, ValueError):
                parsed = None
            if parsed is not None:
                parsed["ResponseMetadata"] = {
                    "HTTPStatusCode": answer.status_code,
                    "HTTPHeaders": answer.headers,
                }
                return answer, parsed
        return self._long._make_request(operation_model, request_dict, request_context)

    def _parsed(self, answer: Answer) -> dict[str, Any] | None:
        """What botocore would make of the answer; None where that is for botocore to say."""
        raise NotImplementedError

    def _signed(self, request: dict[str, Any]) -> Request:
        body = request["body"]
        if hasattr(body, "read"):
            body = request["body"] = body.read()
        headers = {name: value for name, value in request["headers"].items() if name != "Expect"}
        return signed(
            Request(request["method"], request["url"], headers, body),
            # Session credentials are renewed by this where it is time.
            credentials=self._signer._credentials.get_frozen_credentials(),
            region=request["context"]["signing"].get("region") or self._signer.region_name,
            service=self._signer.signing_name,
        )

    def _given(self, operation_model: Any, request: Request) -> Answer | None:
        """Whoever listens in on the requests of a session may answer them: tests do."""
        events: Any = self.meta.events
        service = self.meta.service_model.service_id.hyphenize()
        prepared = AWSPreparedRequest(*request, stream_output=False)  # type: ignore[arg-type]
        _, given = events.emit_until_response(
            f"before-send.{service}.{operation_model.name}", request=prepared
        )
        return given and Answer(given.status_code, given.headers, given.content)

    def _asked(self, request: Request) -> Answer:
        with self._line(request.url) as line:
            return line.ask(request)

    @contextmanager
    def _line(self, url: str) -> Iterator[Line]:
        """A line that nobody else uses. It stays open for the next call where all went well."""
        line = self._idle.pop() if self._idle else self._new_line(url)
        try:
            yield line
        except BaseException:
            line.close()
            raise
        self._idle.append(line)

    def _new_line(self, url: str) -> Line:
        bundle = self._session._verify
        if not bundle or self._session._proxy_config.proxy_url_for(url):
            raise ConnectionError("Proxies, and to check no certificates, are for botocore.")
        config: Any = self.meta.config
        timeouts = config.connect_timeout, config.read_timeout
        return Line(urlsplit(url), timeouts=timeouts, bundle=get_cert_path(bundle) or "")


class _DynamoDb(_Short):
    SHORT = frozenset({"BatchGetItem", "Query", "TransactWriteItems", "UpdateItem"})
    # Refusals are part of any day: they are final, and not to be paid for twice.
    REFUSALS = frozenset({"ConditionalCheckFailedException", "TransactionCanceledException"})

    def _convert_to_request_dict(
        self,
        api_params: Any,
        operation_model: Any,
        endpoint_url: str,
        context: Any = None,
        headers: Any = None,
        set_user_agent_header: bool = True,
    ) -> dict[str, Any]:
        """Parameters are JSON already, all but bytes: there is no need to follow their shapes."""
        if operation_model.name not in self.SHORT:
            return super()._convert_to_request_dict(
                api_params, operation_model, endpoint_url, context, headers, set_user_agent_header
            )
        return {
            "method": "POST",
            "url": f"{endpoint_url.removesuffix('/')}/",
            "url_path": "/",
            "query_string": "",
            "headers": {
                "X-Amz-Target": f"DynamoDB_20120810.{operation_model.name}",
                "Content-Type": "application/x-amz-json-1.0",
                "User-Agent": self._agent,
            },
            "body": json.dumps(api_params, default=_text_of).encode(),
            "context": context,
        }

    def _parsed(self, answer: Answer) -> dict[str, Any] | None:
        if answer.status_code not in {HTTPStatus.OK, HTTPStatus.BAD_REQUEST}:
            return None
        parsed: dict[str, Any] = json.loads(answer.content, object_hook=_with_bytes)
        if answer.status_code == HTTPStatus.OK:
            return parsed
        code = str(parsed.pop("__type", "")).rpartition("#")[2]
        message = parsed.pop("message", None) or parsed.pop("Message", "")
        error = {"Code": code, "Message": message}
        return {**parsed, "Error": error} if code in self.REFUSALS else None


def _text_of(value: bytes) -> str:
    return b64encode(value).decode()


def _with_bytes(value: dict[str, Any]) -> dict[str, Any]:
    """Binary values as bytes. An attribute that is named B has a dict there, and stays."""
    text = value.get("B")
    return {"B": b64decode(text)} if isinstance(text, str) else value


class _S3(_Short):
    SHORT = frozenset({"GetObject", "PutObject"})

    def _parsed(self, answer: Answer) -> dict[str, Any] | None:
        """The content with its length and type: nobody here asks an object for more."""
        if answer.status_code != HTTPStatus.OK:
            return None
        size = len(answer.content)
        return {
            "Body": StreamingBody(BytesIO(answer.content), size),
            "ContentLength": size,
            "ContentType": answer.headers.get("content-type"),
        }
