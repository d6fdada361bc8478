"""A rule's function gets one attempt and no dead letter: invoke it asynchronously, as AWS does."""
# ruff: noqa: SLF001

from __future__ import annotations

import json

import ministack.services.eventbridge as bus
import ministack.services.lambda_svc as functions


def apply() -> None:
    bus._dispatch_to_lambda = _invoke


def _invoke(arn: str, payload: str) -> None:
    function, _, name = functions._get_func_record_for_ref(arn)
    if function is None:
        bus.logger.error("A rule names the function %s, which does not exist.", name)
        return
    functions.invoke_async_with_retry(function, json.loads(payload))
