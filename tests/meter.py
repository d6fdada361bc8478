"""Counts AWS calls and computes the DynamoDB units they cost, for budgets and benchmarks.

The arithmetic is `tests.capacity`; the way into every client is `tests.aws_calls`. What a call
touches is read around it through the same client, unobserved and uncounted, so one process
should be the only writer while it is measured.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Self

from botocore.exceptions import ClientError

from tests.aws_calls import AwsCall, Response, Send, intercepted
from tests.capacity import Item, TableShape, index_units, item_size, read_units, write_units

# A refused write is billed like one that was done.
_REFUSALS = frozenset({"ConditionalCheckFailedException", "TransactionCanceledException"})
_NOT_EVALUATED = frozenset({"FilterExpression", "ProjectionExpression", "Select"})
_UNKNOWN = frozenset({"ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"})


@dataclass(frozen=True)
class Call:
    """One AWS call. `indexes` are write units by index; `write_units` are those of the table."""

    service: str
    operation: str
    resource: str = ""
    write_units: int = 0
    read_units: float = 0.0
    indexes: Mapping[str, int] = field(default_factory=dict)
    error: str = ""

    @property
    def name(self) -> str:
        return f"{self.service}.{self.operation}"

    @property
    def index_units(self) -> int:
        return sum(self.indexes.values())


class Meter:
    """`with Meter() as meter:` meters the whole process; `shapes` spare the DescribeTable."""

    def __init__(self, shapes: Mapping[str, TableShape] | None = None) -> None:
        self.calls: list[Call] = []
        self._shapes = dict(shapes or {})
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._stack.enter_context(intercepted(self._metered))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def counts(self) -> Counter[str]:
        """Calls by name, as in "dynamodb.Query"."""
        return Counter(call.name for call in self.calls)

    @property
    def write_units(self) -> int:
        return sum(call.write_units for call in self.calls)

    @property
    def index_units(self) -> int:
        return sum(call.index_units for call in self.calls)

    @property
    def read_units(self) -> float:
        return sum(call.read_units for call in self.calls)

    def indexes(self) -> Counter[str]:
        """Write units by index."""
        return sum((Counter(call.indexes) for call in self.calls), Counter())

    def table(self) -> str:
        """One line for each call, and the sum, in columns."""
        lines = [f"{'call':<32}{'resource':<24}{'write':>6}{'index':>6}{'read':>6}"]
        lines += [_line(c.name, c.resource, c, _details(c)) for c in self.calls]
        lines.append(_line(f"{len(self.calls)} calls", "", self, _details_of(self.indexes())))
        return "\n".join(lines)

    def _metered(self, call: AwsCall, send: Send) -> Response:
        if call.service == "dynamodb" and call.operation in _UNKNOWN:
            raise NotImplementedError(f"the meter has no rule for {call.operation}")
        rules = _RULES if call.service == "dynamodb" else {}
        settle = rules.get(call.operation, _free)(_Books(call, self._shapes))
        error = ""
        try:
            return send(call.params)
        except BaseException as problem:
            error = _code(problem)
            raise
        finally:
            self.calls.append(settle(error))


def _code(problem: BaseException) -> str:
    if isinstance(problem, ClientError):
        return problem.response["Error"]["Code"]
    return type(problem).__name__


def _line(name: str, resource: str, units: Call | Meter, details: str) -> str:
    figures = f"{units.write_units:>6}{units.index_units:>6}{units.read_units:>6g}"
    return f"{name:<32}{resource:<24}{figures}  {details}".rstrip()


def _details(call: Call) -> str:
    return f"{_details_of(call.indexes)} {call.error}".strip()


def _details_of(indexes: Mapping[str, int]) -> str:
    return " ".join(f"{name}:{units}" for name, units in sorted(indexes.items()))


@dataclass(frozen=True)
class _Books:
    """What stands in the tables around one call."""

    call: AwsCall
    shapes: dict[str, TableShape]

    def shape(self, table: str) -> TableShape:
        if table not in self.shapes:
            answer = self.call.unobserved("DescribeTable", {"TableName": table})
            self.shapes[table] = TableShape.from_description(answer["Table"])
        return self.shapes[table]

    def item(self, table: str, key: Item) -> Item | None:
        read = {"TableName": table, "Key": key, "ConsistentRead": True}
        return self.call.unobserved("GetItem", read).get("Item")

    def items(self, writes: Iterable[_Write]) -> list[Item | None]:
        return [self.item(write.table, write.key) for write in writes]

    def record(self, resource: str, **figures: Any) -> Call:
        return Call(self.call.service, self.call.operation, resource, **figures)


# A rule is asked before its call is sent, and what it returns afterwards, with the error's code.
Rule = Callable[[_Books], Callable[[str], Call]]


def _free(books: _Books) -> Callable[[str], Call]:
    params = books.call.params
    named = (params[name] for name in ("TableName", "Bucket", "QueueUrl") if name in params)
    return lambda error: books.record(next(named, ""), error=error)


@dataclass(frozen=True)
class _Write:
    """One item that a call writes; `put` is what it tries to store, if it says so in full."""

    table: str
    key: Item
    put: Item | None = None
    is_transactional: bool = False


def _writing(items_of: Callable[[_Books], Iterator[_Write]]) -> Rule:
    def rule(books: _Books) -> Callable[[str], Call]:
        writes = list(items_of(books))
        before = books.items(writes)
        return lambda error: _written(books, writes, before, error)

    return rule


def _written(books: _Books, writes: list[_Write], before: list[Item | None], error: str) -> Call:
    after = books.items(writes)
    resource = ",".join(sorted({write.table for write in writes}))
    is_refused = error in _REFUSALS
    # Another error is billed only where the call had its effect all the same.
    if error and not is_refused and before == after:
        return books.record(resource, error=error)
    units, indexes = 0, Counter[str]()
    for write, old, new in zip(writes, before, after, strict=True):
        tried = write.put if is_refused else new
        units += write_units(old, tried, is_transactional=write.is_transactional)
        indexes.update(index_units(books.shape(write.table), old, new))
    return books.record(resource, write_units=units, indexes=indexes, error=error)


def _single_write(books: _Books) -> Iterator[_Write]:
    yield _write(books, books.call.params)


def _batch_writes(books: _Books) -> Iterator[_Write]:
    for table, requests in books.call.params["RequestItems"].items():
        for request in requests:
            (action,) = request.values()
            yield _write(books, {"TableName": table, **action})


def _transact_writes(books: _Books) -> Iterator[_Write]:
    for request in books.call.params["TransactItems"]:
        (action,) = request.values()
        yield _write(books, action, is_transactional=True)


def _write(books: _Books, action: Mapping[str, Any], *, is_transactional: bool = False) -> _Write:
    table, put = action["TableName"], action.get("Item")
    key = action["Key"] if put is None else books.shape(table).key_of(put)
    return _Write(table, key, put, is_transactional)


def _reading(units_of: Callable[[_Books], tuple[str, float]]) -> Rule:
    def rule(books: _Books) -> Callable[[str], Call]:
        resource, units = units_of(books)
        return lambda error: books.record(resource, read_units=0.0 if error else units, error=error)

    return rule


def _single_read(books: _Books) -> tuple[str, float]:
    table = books.call.params["TableName"]
    return table, _key_units(books, table, books.call.params["Key"], books.call.params)


def _batch_read(books: _Books) -> tuple[str, float]:
    requests = books.call.params["RequestItems"]
    units = (
        _key_units(books, table, key, request)
        for table, request in requests.items()
        for key in request["Keys"]
    )
    return ",".join(sorted(requests)), sum(units)


def _transact_read(books: _Books) -> tuple[str, float]:
    gets = [request["Get"] for request in books.call.params["TransactItems"]]
    consistent = {"ConsistentRead": True}
    units = sum(2 * _key_units(books, get["TableName"], get["Key"], consistent) for get in gets)
    return ",".join(sorted({get["TableName"] for get in gets})), units


def _key_units(books: _Books, table: str, key: Item, options: Mapping[str, Any]) -> float:
    size = item_size(books.item(table, key) or {})
    return read_units(size, is_consistent=bool(options.get("ConsistentRead")))


def _page_read(books: _Books) -> tuple[str, float]:
    params = books.call.params
    table, index = params["TableName"], params.get("IndexName")
    items = books.call.unobserved(books.call.operation, _evaluated(params))["Items"]
    if index:
        items = [books.shape(table).entry(index, item) or {} for item in items]
    size = sum(map(item_size, items))
    units = read_units(size, is_consistent=bool(params.get("ConsistentRead")))
    return f"{table}/{index}" if index else table, units


def _evaluated(params: Mapping[str, Any]) -> dict[str, Any]:
    """The same page before filter and projection: what is evaluated is what is billed."""
    kept = {name: value for name, value in params.items() if name not in _NOT_EVALUATED}
    used = set(re.findall(r"[#:]\w+", kept.get("KeyConditionExpression", "")))
    for names in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
        if chosen := {k: v for k, v in kept.pop(names, {}).items() if k in used}:
            kept[names] = chosen
    return kept


_RULES: dict[str, Rule] = {
    "PutItem": _writing(_single_write),
    "UpdateItem": _writing(_single_write),
    "DeleteItem": _writing(_single_write),
    "BatchWriteItem": _writing(_batch_writes),
    "TransactWriteItems": _writing(_transact_writes),
    "GetItem": _reading(_single_read),
    "BatchGetItem": _reading(_batch_read),
    "TransactGetItems": _reading(_transact_read),
    "Query": _reading(_page_read),
    "Scan": _reading(_page_read),
}
