"""`make bench`: mail and pages on a local stack of its own; the figures go to docs/benchmark.md.

`python -m tests.bench inbound` prints those of inbound mail alone; so do `pages`, `sweep`, `rules`.

CPU is that of the handler's own process: the emulator is another one, and its time is not counted.
Absolute times are of the machine that ran it; compare the figures of one run with each other.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import statistics
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from infra import package
from infra.local import deploy, emulator
from infra.local.place import Place
from infra.local.stack import Stack
from tests.bench import imports, inbound, sweeping
from tests.bench.inbound import Figure

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / "docs" / "benchmark.md"
HTTP_PORT, SMTP_PORT = 18180, 12725
WARM, REQUESTS = 30, 150
SIZES = (1_000, 10_000)
GROUP = "support"
ARTICLES = 3


def main(only: Sequence[str]) -> None:
    place = Place(ROOT, HTTP_PORT, SMTP_PORT, ".build/bench")
    shutil.rmtree(place.home, ignore_errors=True)
    place.home.mkdir(parents=True)
    parts: dict[str, Callable[[Stack], Iterable[Figure]]] = {
        "inbound": lambda _: inbound.figures(GROUP),
        "pages": lambda stack: (*_import_figures(), *_page_figures(stack.url.rstrip("/"))),
        # After the pages, since it ends what follows from the facts.
        "sweep": sweeping.figures,
        "rules": lambda _: _rule_figures(),
    }
    with _stack(place) as stack:
        made = {name: list(parts[name](stack)) for name in only or parts}
    if only:
        print("\n".join(map(_rows, made.values())))
        return
    report = _report(made)
    REPORT.write_text(report, "utf-8")
    print(report)


@contextmanager
def _stack(place: Place) -> Iterator[Stack]:
    emulator.install(place)
    built = package.build(ROOT, place.package, arch="host")
    with emulator.running(place) as emulated:
        template = json.loads(built.template.read_text("utf-8"))
        stack = deploy.deploy(place, emulated.endpoint, template, built.zip, emulated.save)
        stack.enter()
        _open_desk(stack)
        yield stack


def _open_desk(stack: Stack) -> None:
    import app
    from chalicelib import table
    from chalicelib.desk.service import apply
    from infra import desk, keys

    # The emulator goes through a whole list for one page of it, which can take longer.
    table.Item.Meta.read_timeout_seconds = 60
    keys.ensure(stack.client("ssm"), os.environ["SKRANKE_KEYS"])  # noqa: TID251
    apply(app.ports(), desk.load(ROOT / "desk")[0])


def _rule_figures() -> Iterator[Figure]:
    # Here, because it brings moto along.
    from tests.bench import rules

    times = rules.measure()
    what = f"a new ticket judged by {rules.RULES} triggers, of which only the last fires"
    yield Figure(what, f"{times['middle']:.2f} ms of CPU, {times['least']:.2f} at least")


def _import_figures() -> Iterator[Figure]:
    floor, whole = (imports.cpu_seconds(code) for code in (imports.FLOOR, imports.APP))
    yield Figure("cold start: CPU to import app.py", f"{whole * 1000:.0f} ms")
    bare = "against chalice, pynamodb and one client alone"
    yield Figure(f"cold start, {bare}", f"{whole / floor:.2f} times {floor * 1000:.0f} ms")


# Pages. --------------------------------------------------------------------------------------


def _page_figures(url: str) -> Iterator[Figure]:
    import app
    from chalicelib.desk.service import live_desk
    from chalicelib.web import session

    ports = app.ports()
    agent = live_desk(ports).agents["anna"]
    cookie = f"{session.name(ports)}={session.start(ports, agent)}"
    filled = 0
    for size in SIZES:
        _fill(filled, size)
        filled = size
        numbers = iter(range(100_000, 100_000 + size))
        pages: dict[str, Callable[[], str]] = {
            "inbox of one group": lambda: f"/agent/inbox?view={GROUP}-open",
            "ticket": lambda: f"/agent/tickets/{next(numbers)}",  # noqa: B023
        }
        for name, path in pages.items():
            times = [_get(f"{url}{path()}", cookie) for _ in range(REQUESTS)][WARM:]
            middle, high = statistics.median(times), statistics.quantiles(times, n=20)[-1]
            yield Figure(f"{name}, {size:,} tickets", f"p50 {middle:.0f} ms, p95 {high:.0f} ms")
        middle = statistics.median(_query() for _ in range(REQUESTS))
        yield Figure(f"the inbox's query alone, {size:,} tickets", f"p50 {middle:.0f} ms")


def _get(url: str, cookie: str) -> float:
    request = urllib.request.Request(url, headers={"Cookie": cookie})
    began = time.perf_counter()
    with urllib.request.urlopen(request, timeout=30) as answer:
        answer.read()
        if answer.url != url:
            raise RuntimeError(f"{url} led to {answer.url}")
    return (time.perf_counter() - began) * 1000


def _query() -> float:
    """What the emulator takes of a page: the one query of an inbox, without the page around it."""
    from chalicelib import table
    from chalicelib.tickets import store

    began = time.perf_counter()
    store.list_page("gsi1", table.group_open(GROUP), limit=50, start=None, hide=["solved"])
    return (time.perf_counter() - began) * 1000


def _fill(start: int, end: int) -> None:
    """Tickets straight into the table: what is measured is reading them."""
    from chalicelib import table
    from chalicelib.tickets import stored
    from chalicelib.tickets.model import Article, ArticleKind, Author, Contact, Status, Ticket

    opened_at = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    contact = Contact("bench", "Bench", "bench@example.com", "en")
    with table.Item.batch_write() as batch:
        for number in range(100_000 + start, 100_000 + end):
            at = opened_at + timedelta(seconds=number)
            ticket = Ticket(
                number=number,
                status=Status.OPEN,
                subject=f"Bench ticket {number}",
                group=GROUP,
                assignee=None,
                contacts=(contact,),
                priority="normal",
                tags=(),
                opened_at=at,
                updated_at=at,
                version=1,
                seq=ARTICLES,
            )
            batch.save(stored.head_item(ticket))
            for seq in range(1, ARTICLES + 1):
                article = Article(
                    number=number,
                    seq=seq,
                    kind=ArticleKind.REPLY,
                    author=Author("requester", "Bench", "bench@example.com", "bench"),
                    text="The printer on floor 2 is broken. " * 20,
                    at=at,
                )
                batch.save(stored.article_item(article))


def _rows(figures: Sequence[Figure]) -> str:
    return "\n".join(f"| {figure.what} | {figure.value} |" for figure in figures)


def _report(made: Mapping[str, Sequence[Figure]]) -> str:
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    return f"""# Benchmark

Made by `make bench`, on {machine}. It starts a local stack of its own, from the package, and reads
its pages over HTTP as a browser does. CPU is the handler's own; the emulator runs beside it on the
same machine and takes its share of every time on the clock. A ticket has three articles.

## Inbound mail

`python -m tests.bench inbound` makes this part alone.

| what | figure |
|---|---|
{_rows(made["inbound"])}

All mails go through `app.inbound_mail`, one after another, with every call to AWS made. CPU that
waits for answers in between finds cold caches: the same calls in a tight loop take half of it.
[Decision 14](adr/0014-a-short-way-to-the-hot-calls.md) says what the short way is.

## Rules

`python -m tests.bench.rules` makes this part alone.

| what | figure |
|---|---|
{_rows(made["rules"])}

## Pages and cold starts

| what | figure |
|---|---|
{_rows(made["pages"])}

The emulator goes through a whole list for each query of it, which the rows about the query alone
show; DynamoDB reads one page, whatever the length of the list.

## The sweep

`python -m tests.bench sweep` makes this part alone.

| what | figure |
|---|---|
{_rows(made["sweep"])}

Calls and units are those of one sweep, and do not depend on the machine; its seconds do. A sweep
ends before the minute does, and the next goes on where it stopped: what is overdue the longest
comes first.

What every operation costs in AWS calls and units is in [budget.md](budget.md); what the mail code
costs alone, in [mail-benchmark.md](mail-benchmark.md).
"""


if __name__ == "__main__":
    main(sys.argv[1:])
