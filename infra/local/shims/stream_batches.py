"""A table's stream knows no partial failure, retry limit or bisection, and skips after a restart.

The emulator takes a batch as done whatever the function reports, and retries a raised error for
ever. It saves how far a stream was read but not the stream: after a restart as many new records
are skipped. Here a batch is advanced as AWS does, and positions are forgotten with the records.
"""
# ruff: noqa: SLF001

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import ministack.core.responses as request
import ministack.services.dynamodb as tables
import ministack.services.lambda_svc as functions

_PAUSE = 1.0  # seconds before a failed batch is tried again
_WHOLE_BATCH = 0

Record = dict[str, Any]
Mapping = dict[str, Any]


@dataclass
class _Trouble:
    """What went wrong at the head of one mapping: how often, and how much is tried at once."""

    tries: int = 0
    size: int | None = None


_troubles: dict[str, _Trouble] = {}


def apply() -> None:
    functions._poll_dynamodb_streams = poll
    get_state = functions.get_state
    functions.get_state = lambda: {
        name: state for name, state in get_state().items() if name != "dynamodb_stream_positions"
    }


def poll() -> bool:
    """Advance every mapping by one batch; whether one moved."""
    moved = [_advance_in(*found) for found in list(functions._iter_all_esms())]
    return any(moved)


def _advance_in(account: str, region: str, mapping: Mapping) -> bool:
    with _scope(account, region):
        source = mapping.get("EventSourceArn", "")
        is_due = functions._esm_backoff_until.get(mapping["UUID"], 0) <= time.time()
        if ":dynamodb:" not in source or not mapping.get("Enabled", True) or not is_due:
            return False
        name = source.split("/")[1]
        table = tables._tables.get(name)
        function, _ = functions._get_func_record_for_qualifier(
            mapping["FunctionName"], mapping.get("Qualifier")
        )
        is_open = table is not None and table.get("LatestStreamArn") == source
        return is_open and function is not None and _advance(mapping, name, function)


def _advance(mapping: Mapping, table: str, function: Any) -> bool:
    uuid = mapping["UUID"]
    position = _position(mapping, table)
    size = _troubles.setdefault(uuid, _Trouble()).size or mapping.get("BatchSize", 100)
    records = tables.stream_records_since(table, position, size)
    if not records:
        return False
    batch = functions._apply_filter_criteria(records, mapping)
    result = functions._execute_function(function, {"Records": batch}) if batch else {}
    failed = _first_failure(mapping, records, result)
    if failed is None:
        _move(uuid, position + len(records))
        return True
    if failed > 0:
        _move(uuid, position + failed)
    # A function that names the record is believed; one that raised may have met any of them.
    suspects = records[failed : failed + 1] if _reports(mapping, result) else records
    if not _is_given_up(mapping, len(suspects)):
        return False
    _send_failure(mapping, function, suspects, result)
    _move(uuid, position + failed + len(suspects))
    return True


def _position(mapping: Mapping, table: str) -> int:
    start = tables.stream_start_position(table)
    known = functions._dynamodb_stream_positions.get(mapping["UUID"])
    if known is None and mapping.get("StartingPosition") != "TRIM_HORIZON":
        known = tables.stream_end_position(table)
    # Set at once: "the end" must not move away while nobody writes.
    position: int = max(start, known or start)
    functions._dynamodb_stream_positions[mapping["UUID"]] = position
    return position


def _move(uuid: str, position: int) -> None:
    functions._dynamodb_stream_positions[uuid] = position
    _troubles[uuid] = _Trouble()


def _reports(mapping: Mapping, result: dict[str, Any]) -> bool:
    return not result.get("error") and "ReportBatchItemFailures" in mapping.get(
        "FunctionResponseTypes", []
    )


def _first_failure(mapping: Mapping, records: list[Record], result: dict[str, Any]) -> int | None:
    """Where in `records` work has to go on; None: all are done."""
    if result.get("error"):
        return _WHOLE_BATCH
    if not result or not _reports(mapping, result):
        return None
    body = result.get("body")
    answer = json.loads(body) if isinstance(body, str | bytes) and body else body
    failures = (answer or {}).get("batchItemFailures") or []
    numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
    # A number that is not in the batch fails all of it, on AWS too.
    places = [
        numbers.index(each["itemIdentifier"]) if each["itemIdentifier"] in numbers else _WHOLE_BATCH
        for each in failures
    ]
    return min(places, default=None)


def _is_given_up(mapping: Mapping, suspects: int) -> bool:
    """Whether these records are tried no more; if they are, the next try is arranged."""
    uuid = mapping["UUID"]
    trouble = _troubles[uuid]
    if suspects > 1 and mapping.get("BisectBatchOnFunctionError"):
        trouble.size = suspects // 2
        return False
    trouble.tries += 1
    functions._esm_backoff_until[uuid] = time.time() + _PAUSE
    return bool(0 <= mapping.get("MaximumRetryAttempts", -1) < trouble.tries)


def _send_failure(
    mapping: Mapping, function: Any, lost: list[Record], result: dict[str, Any]
) -> None:
    target = ((mapping.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
    source = mapping["EventSourceArn"]
    if target and ":s3:::" in target:
        # AWS writes the records themselves to a bucket, and only their positions to a queue.
        _put(target.rpartition(":")[2], mapping, lost)
        return
    reason = "RetryAttemptsExhausted"
    functions._send_ddb_stream_failure_record(mapping, function, lost, source, result, reason)


def _put(bucket: str, mapping: Mapping, lost: list[Record]) -> None:
    import boto3

    store = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}")  # noqa: TID251
    number = lost[0]["dynamodb"]["SequenceNumber"]
    key = f"aws/lambda/{mapping['UUID']}/{number}.json"
    store.put_object(Bucket=bucket, Key=key, Body=json.dumps({"payload": {"Records": lost}}))


@contextmanager
def _scope(account: str, region: str) -> Iterator[None]:
    accounts = request._request_account_id.set(account)
    regions = request._request_region.set(region)
    try:
        yield
    finally:
        request._request_region.reset(regions)
        request._request_account_id.reset(accounts)
