"""What the inbound handler takes of the CPU: of its own process, which the emulator is none of."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import Any

from chalicelib import shortcut
from tests.aws_calls import AwsCall, Response, Send, intercepted
from tests.bench import mails

MAILS, WARM, RUNS, LONG_RUNS = 100, 20, 7, 3


@dataclass(frozen=True)
class Figure:
    what: str
    value: str


def figures(group: str) -> Iterator[Figure]:
    """Every run has mails of its own: a mail that came before would be a duplicate."""
    seeds = iter(range(10_000))
    _run(group, next(seeds))
    raws = mails.mixed(MAILS, to="support@desk.example")
    short = [_run(group, next(seeds)) for _ in range(RUNS)]
    calls = _calls(group, next(seeds))
    with _without_short_way():
        _run(group, next(seeds))
        long = [_run(group, next(seeds)) for _ in range(LONG_RUNS)]
    size = statistics.mean(map(len, raws)) / 1000
    yield Figure("mails of a run", f"{MAILS} of {size:.0f} KB on average: {mails.SAID}")
    yield Figure("CPU per mail", _spread([run.cpu for run in short]))
    yield Figure("CPU per mail, all calls left to botocore", _spread([run.cpu for run in long]))
    ratio = statistics.median(run.cpu for run in short) / statistics.median(r.cpu for r in long)
    yield Figure("the short way against it", f"{ratio:.2f}")
    yield from _shares(calls)
    yield Figure("mails per second, one after another", _spread([run.rate for run in short], ""))
    yield from _parsers(raws)


def _spread(values: Sequence[float], unit: str = " ms") -> str:
    middle = statistics.median(values)
    return f"{middle:.1f}{unit} ({min(values):.1f} to {max(values):.1f}, {len(values)} runs)"


@dataclass(frozen=True)
class _Run:
    """`cpu`: milliseconds per mail. `rate`: mails per second."""

    cpu: float
    rate: float


def _run(group: str, seed: int) -> _Run:
    handle, events = _prepared(group, seed)
    for event in events[:WARM]:
        handle(event)
    cpu, wall = time.process_time(), time.perf_counter()
    for event in events[WARM:]:
        handle(event)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return _Run(cpu / MAILS * 1000, MAILS / wall)


def _prepared(group: str, seed: int) -> tuple[Callable[[Any], Any], list[dict[str, Any]]]:
    """The handler and its events; the mails are in the bucket."""
    import app
    from chalicelib.desk.service import live_desk

    ports = app.ports()
    address = live_desk(ports).groups[group].address
    events = []
    for number, raw in enumerate(mails.mixed(WARM + MAILS, to=address, seed=seed)):
        ses_id = f"bench-{seed}-{number:06d}"
        ports.mail_blobs.put(f"inbound/{ses_id}", raw, content_type="message/rfc822")
        events.append(_event(ses_id, address))
    return lambda event: app.inbound_mail(event, None), events


def _event(ses_id: str, to: str) -> dict[str, Any]:
    now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC).isoformat()
    verdicts = {
        f"{name}Verdict": {"status": "PASS"} for name in ("spf", "dkim", "dmarc", "spam", "virus")
    }
    mail = {"messageId": ses_id, "timestamp": now, "source": "customer@example.com"}
    receipt = {"timestamp": now, "recipients": [to], **verdicts}
    return {"Records": [{"eventSource": "aws:ses", "ses": {"mail": mail, "receipt": receipt}}]}


class _without_short_way:  # noqa: N801 - reads as the statement that it is
    """All calls left to botocore, as they would be without the module."""

    def __enter__(self) -> None:
        self.kept = {one: one.SHORT for one in (shortcut._DynamoDb, shortcut._S3)}
        for one in self.kept:
            one.SHORT = frozenset()

    def __exit__(self, *_: object) -> None:
        for one, short in self.kept.items():
            one.SHORT = short


# Shares. -------------------------------------------------------------------------------------


def _calls(group: str, seed: int) -> tuple[_Run, dict[str, list[float]]]:
    """A run, and the milliseconds of each of its calls."""
    spent: dict[str, list[float]] = defaultdict(list)

    def watch(call: AwsCall, send: Send) -> Response:
        begun = time.process_time()
        try:
            return send(call.params)
        finally:
            spent[call.operation].append((time.process_time() - begun) * 1000)

    handle, events = _prepared(group, seed)
    for event in events[:WARM]:
        handle(event)
    cpu, wall = time.process_time(), time.perf_counter()
    with intercepted(watch):
        for event in events[WARM:]:
            handle(event)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return _Run(cpu / MAILS * 1000, MAILS / wall), spent


def _shares(measured: tuple[_Run, dict[str, list[float]]]) -> Iterator[Figure]:
    run, spent = measured
    total = sum(map(sum, spent.values())) / MAILS
    yield Figure("of it in AWS calls", f"{total / run.cpu:.0%}")
    for operation, times in sorted(spent.items()):
        each = f"{len(times) / MAILS:.2f} a mail, {statistics.median(times):.2f} ms each"
        share = sum(times) / MAILS / run.cpu
        yield Figure(f"of it in {operation}", f"{share:.0%}: {each}")


def _parsers(raws: Sequence[bytes]) -> Iterator[Figure]:
    from chalicelib.mail.parse import parse

    ours, pythons = (_parsing(read, raws) for read in (parse, _read_by_python))
    yield Figure("parsing these mails alone", f"{ours:.2f} ms per mail")
    ratio = f"ours takes {ours / pythons:.2f} of it"
    yield Figure("the same by Python's `email`", f"{pythons:.2f} ms per mail; {ratio}")


def _parsing(read: Callable[[bytes], Any], raws: Sequence[bytes]) -> float:
    """Milliseconds per mail: the median of several rounds."""
    rounds = []
    for _ in range(RUNS):
        begun = time.process_time()
        for raw in raws:
            read(raw)
        rounds.append((time.process_time() - begun) / len(raws) * 1000)
    return statistics.median(rounds)


def _read_by_python(raw: bytes) -> list[Any]:
    message = message_from_bytes(raw, policy=policy.default)
    names = ("from", "to", "cc", "subject", "message-id", "in-reply-to", "references", "date")
    contents = [part.get_content() for part in message.walk() if not part.is_multipart()]
    return [str(message[name]) for name in names] + contents
