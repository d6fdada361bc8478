"""The one place where tests step between the desk and AWS.

pynamodb keeps a botocore session of its own and calls `client._make_api_call` itself, so a handler
registered on a boto3 session never sees it. Every client, whoever made it and whenever, passes
`BaseClient._make_api_call` once for each call; botocore's own retries happen below that point.
What is counted (`tests.meter`) or broken (`tests.faults`) on the way does not live here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
from botocore.client import BaseClient

Response = dict[str, Any]
Send = Callable[[Mapping[str, Any]], Response]

_BARE: Callable[..., Response] = BaseClient._make_api_call  # type: ignore[attr-defined]
_ATTEMPTS_UNLESS_SET = 3

REGION = "eu-west-1"


@cache
def aws_client(service: str) -> Any:
    """A client that outlives its world: to make one takes longer than a whole moto world does."""
    session = boto3.session.Session("testing", "testing", region_name=REGION)
    return session.client(service)  # type: ignore[call-overload]


@dataclass(frozen=True)
class AwsCall:
    """One call as the desk makes it, before botocore turns it into requests."""

    client: BaseClient
    operation: str
    params: Mapping[str, Any]

    @property
    def service(self) -> str:
        return self.client.meta.service_model.service_name

    @property
    def attempts(self) -> int:
        """How often botocore may send this call by itself when no answer comes."""
        settings: Mapping[str, int] = getattr(self.client.meta.config, "retries", None) or {}
        return settings.get("total_max_attempts", _ATTEMPTS_UNLESS_SET)

    def unobserved(self, operation: str, params: Mapping[str, Any]) -> Response:
        """Another call through the same client that no observer sees."""
        return _BARE(self.client, operation, dict(params))


Around = Callable[[AwsCall, Send], Response]


@contextmanager
def intercepted(around: Around) -> Iterator[None]:
    """Every AWS call of the process goes through `around(call, send)`; the innermost is last."""
    inner: Callable[..., Response] = BaseClient._make_api_call  # type: ignore[attr-defined]

    def make_api_call(client: BaseClient, operation: str, params: Mapping[str, Any]) -> Response:
        call = AwsCall(client, operation, params)
        return around(call, lambda sent: inner(client, operation, dict(sent)))

    BaseClient._make_api_call = make_api_call  # type: ignore[attr-defined]
    try:
        yield
    finally:
        BaseClient._make_api_call = inner  # type: ignore[attr-defined]
