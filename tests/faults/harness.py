"""Breaks every AWS call of a handler in every way it can break, and looks at what is left.

A case says how to make a world, how to deliver one event to a handler in it, and how to let the
rest of the desk come to rest. It is rehearsed once without a fault; each call of the rehearsal
gives the faults it can suffer. A fault is played in a fresh world: deliver with the fault, deliver
again until the handler is done, settle, and compare with what the rehearsal left.

Faults strike above botocore's own retries, so each surfaces whatever the client is set to. What
those retries do to a call whose answer was lost is a fault of its own, `resent`, for clients that
retry. How states are compared lives in `tests.faults.state`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, cast

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from tests.aws_calls import AwsCall, Response, Send, intercepted
from tests.faults.state import Difference, Names, Snapshot, canonical, differences

if TYPE_CHECKING:
    from _pytest.mark import ParameterSet

W = TypeVar("W")
Moment = Literal["before", "after"]

_DELIVERIES = 5
_READS = ("Get", "BatchGet", "TransactGet", "Query", "Scan", "List", "Head", "Describe")
_THROTTLED = {
    "dynamodb": "ProvisionedThroughputExceededException",
    "s3": "SlowDown",
    "sesv2": "TooManyRequestsException",
}
_UNAVAILABLE = {"dynamodb": "InternalServerError", "s3": "InternalError"}


class Killed(BaseException):
    """The process ended here: no handler may take this for an error of its own."""


@dataclass(frozen=True)
class Fault:
    """`position` counts the calls of one delivery from 1; `after` means the call had its effect.

    `redelivered` breaks nothing: the event comes twice although it was handled.
    """

    position: int
    operation: str
    moment: Moment
    kind: str

    def __str__(self) -> str:
        return f"{self.position}-{self.operation}-{self.moment}-{self.kind}"


REDELIVERED = Fault(0, "event", "after", "redelivered")


def is_done(result: object) -> bool:
    """Whether the event source takes the result for success: no record is reported as failed."""
    return not (isinstance(result, Mapping) and result.get("batchItemFailures"))


def nothing(_: object) -> None:
    """Nothing is left to be done."""


@dataclass(frozen=True, eq=False)
class Case(Generic[W]):
    """One handler with one event. A world that is not as cold as the last one changes the calls.

    `act` delivers the event once; it may move the world's clock on. `settle` runs, without
    faults, what others do afterwards: streams, reactions, sweeps after a lease.
    """

    name: str
    world: Callable[[], AbstractContextManager[W]]
    act: Callable[[W], object]
    snapshot: Callable[[W], Snapshot]
    settle: Callable[[W], object] = nothing
    is_done: Callable[[object], bool] = is_done
    names: Names = field(default_factory=Names)


@dataclass(frozen=True)
class Rehearsal:
    calls: tuple[AwsCall, ...]
    state: tuple[str, ...]


@cache
def rehearse(case: Case[Any]) -> Rehearsal:
    """One delivery as it should go."""
    calls: list[AwsCall] = []

    def record(call: AwsCall, send: Send) -> Response:
        calls.append(call)
        return send(call.params)

    with case.world() as world:
        with intercepted(record):
            result = case.act(world)
        assert case.is_done(result), f"{case.name} fails without any fault: {result}"
        return Rehearsal(tuple(calls), tuple(_settled(case, world)))


def _settled(case: Case[W], world: W) -> list[str]:
    case.settle(world)
    return canonical(case.snapshot(world), case.names)


def faults_of(calls: Iterable[AwsCall]) -> list[Fault]:
    """Every way in which these calls can fail, and the repetition of the event as a whole."""
    return [
        *(
            Fault(position, call.operation, moment, kind)
            for position, call in enumerate(calls, 1)
            for moment, kind in _kinds(call)
        ),
        REDELIVERED,
    ]


def _kinds(call: AwsCall) -> Iterator[tuple[Moment, str]]:
    for kind in ("throttled", "unavailable", "timeout"):
        yield "before", kind
    if call.operation.startswith("Transact"):
        yield "before", "conflict"
    if call.operation == "PutEvents":
        yield "before", "rejected"
    if len(_parts(call)) > 1:
        yield "after", "partly"
    # To fail after a read, or to die at one, leaves the same world as to fail before it.
    if call.operation.startswith(_READS):
        return
    yield "before", "killed"
    for kind in ("unavailable", "timeout", "killed"):
        yield "after", kind
    # A transaction carries a token: DynamoDB answers a repetition without doing it twice.
    if call.attempts > 1 and call.operation != "TransactWriteItems":
        yield "after", "resent"


def parameters(cases: Iterable[Case[Any]]) -> list[ParameterSet]:
    """`case, fault` for pytest.mark.parametrize, with an id that names both."""
    return [
        pytest.param(case, fault, id=f"{case.name}-{fault}")
        for case in cases
        for fault in faults_of(rehearse(case).calls)
    ]


@dataclass
class Strike:
    """What a fault did in one delivery."""

    fault: Fault
    seen: list[str] = field(default_factory=list)
    has_struck: bool = False
    is_dead: bool = False

    def around(self, call: AwsCall, send: Send) -> Response:
        if self.is_dead:
            raise Killed("a dead process makes no calls")
        self.seen.append(call.operation)
        expected = (self.fault.position, self.fault.operation)
        if (len(self.seen), call.operation) != expected:
            return send(call.params)
        self.has_struck = True
        self.is_dead = self.fault.kind == "killed"
        if self.fault.kind in _ANSWERS:
            return _ANSWERS[self.fault.kind](call, send)
        if self.fault.moment == "after":
            with suppress(ClientError):
                send(call.params)
        raise _failure(self.fault, call)


@contextmanager
def inject(fault: Fault) -> Iterator[Strike]:
    """The fault strikes the call at its position, counted from here."""
    strike = Strike(fault)
    with intercepted(strike.around):
        yield strike


def play(case: Case[Any], fault: Fault) -> list[Difference]:
    """What the fault changed for good; an empty list is what a handler owes us."""
    expected = rehearse(case).state
    with case.world() as world:
        with inject(fault) as strike:
            problem = _delivered(case, world)
        assert strike.has_struck or fault == REDELIVERED, (
            f"{case.name}: call {fault} never came, only {strike.seen}; "
            "does something warm outlive its world?"
        )
        if strike.is_dead or fault == REDELIVERED:
            problem = problem or Killed("whatever it returned, nobody heard it")
        deliveries = 1
        while problem is not None:
            assert deliveries < _DELIVERIES, f"{case.name}: never done after {fault}: {problem!r}"
            problem = _delivered(case, world)
            deliveries += 1
        return differences(expected, _settled(case, world))


def _delivered(case: Case[W], world: W) -> BaseException | None:
    """None if the event source is content, else why it will deliver again."""
    try:
        result = case.act(world)
    except (Exception, Killed) as problem:  # noqa: BLE001 - the event source sees no more than this
        return problem
    return None if case.is_done(result) else RuntimeError(f"reported as failed: {result}")


def _failure(fault: Fault, call: AwsCall) -> BaseException:
    if fault.kind == "killed":
        return Killed(str(fault))
    if fault.kind == "timeout":
        timeout = ConnectTimeoutError if fault.moment == "before" else ReadTimeoutError
        return timeout(endpoint_url=call.client.meta.endpoint_url)
    if fault.kind == "conflict":
        return _cancelled(call)
    if fault.kind == "throttled":
        return _error(call, _THROTTLED.get(call.service, "ThrottlingException"), 400)
    return _error(call, _UNAVAILABLE.get(call.service, "InternalFailure"), 500)


def _error(call: AwsCall, code: str, status: int, **more: Any) -> ClientError:
    response = {
        "Error": {"Code": code, "Message": f"{code} by a fault"},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": {}},
        **more,
    }
    modelled: Any = call.client.exceptions.from_code(code)
    return cast("ClientError", modelled(response, call.operation))


def _cancelled(call: AwsCall) -> ClientError:
    untouched = [{"Code": "None"}] * (len(call.params["TransactItems"]) - 1)
    conflict = {"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}
    reasons = [conflict, *untouched]
    return _error(call, "TransactionCanceledException", 400, CancellationReasons=reasons)


def _parts(call: AwsCall) -> list[Any]:
    """What an answer may accept or leave one by one."""
    if call.operation == "PutEvents":
        return list(call.params["Entries"])
    if call.operation not in {"BatchGetItem", "BatchWriteItem"}:
        return []
    [request, *others] = call.params["RequestItems"].values()
    keys = request["Keys"] if isinstance(request, Mapping) else request
    return [] if others else list(keys)


def _rejected(call: AwsCall, _: Send) -> Response:
    return _published([], len(_parts(call)))


def _partly(call: AwsCall, send: Send) -> Response:
    parts = _parts(call)
    half = len(parts) // 2
    if call.operation == "PutEvents":
        answer = send({**call.params, "Entries": parts[:half]})
        return _published(answer["Entries"], len(parts) - half)
    [(table, request)] = call.params["RequestItems"].items()

    def some(chosen: list[Any]) -> dict[str, Any]:
        return {table: {**request, "Keys": chosen} if isinstance(request, Mapping) else chosen}

    answer = send({**call.params, "RequestItems": some(parts[:half])})
    left = "UnprocessedKeys" if call.operation == "BatchGetItem" else "UnprocessedItems"
    return {**answer, left: some(parts[half:])}


def _published(answers: list[Any], failures: int) -> Response:
    failed = {"ErrorCode": "InternalFailure", "ErrorMessage": "by a fault"}
    return {"FailedEntryCount": failures, "Entries": answers + [failed] * failures}


def _resent(call: AwsCall, send: Send) -> Response:
    """The first answer was lost, botocore sent the same request again, and this is the second."""
    with suppress(ClientError):
        send(call.params)
    return send(call.params)


_ANSWERS: dict[str, Callable[[AwsCall, Send], Response]] = {
    "rejected": _rejected,
    "partly": _partly,
    "resent": _resent,
}
