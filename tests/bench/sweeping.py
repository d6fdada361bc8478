"""What a sweep costs, whatever else is open: tickets written straight into the table.

The desk's clock stands still, or runs from a fixed instant: no figure depends on the time of day.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib import table
from chalicelib.desk.model import Desk
from chalicelib.desk.service import live_desk
from chalicelib.ledger import store as ledger
from chalicelib.tickets import promised, stored
from chalicelib.tickets.model import Contact, Status, Ticket
from tests.bench.inbound import Figure
from tests.meter import Meter

SIZES = (1_000, 10_000, 100_000)
DUE, CROWD = 50, 10_000
# One with a target of a minute, and one where there are hours left.
HASTY, PATIENT = "quick", "support"
BATCH = 25
# In the future, because the ledger takes nothing that was decided long ago. A Monday morning.
BEGIN = datetime(2031, 3, 3, 9, 0, 0, 123_457, tzinfo=UTC)
# Numbers of one length, since a digit more is a byte more.
DUE_FROM, CROWD_FROM, OPEN_FROM = 100_000, 200_000, 300_000


def fill(desk: Desk, numbers: range, group: str, opened_at: datetime) -> None:
    """New tickets of a group, whose clocks run from then on; their numbers have one length."""
    ticket = Ticket(
        number=numbers[0],
        status=Status.NEW,
        subject=f"Bench ticket {numbers[0]}",
        group=group,
        assignee=None,
        contacts=(Contact("bench", "Bench", "bench@example.com", "en"),),
        priority="normal",
        tags=(),
        opened_at=opened_at,
        updated_at=opened_at,
        version=1,
        seq=1,
    )
    opened = promised.opened(ticket, desk, opened_at, by_agent=False)
    model = stored.head_item(opened).serialize()
    connection = table.Item._get_connection()
    for start in range(0, len(numbers), BATCH):
        items = [_like(model, numbers[0], number) for number in numbers[start : start + BATCH]]
        connection.batch_write_item(put_items=items)


def _like(model: Any, first: int, number: int) -> dict[str, Any]:
    """The item of another ticket, which is as due as the first is, if perhaps in another shard."""
    item: dict[str, Any] = _renumbered(model, str(first), str(number))
    due_at = table.instant(item["g4sk"]["S"].partition("#")[0])
    shard, _ = table.due_key(table.ticket_pk(number), due_at)
    return {**item, "g4pk": {"S": shard}}


def _renumbered(value: Any, first: str, number: str) -> Any:
    match value:
        case str():
            return value.replace(first, number)
        case dict():
            return {name: _renumbered(one, first, number) for name, one in value.items()}
        case list():
            return [_renumbered(one, first, number) for one in value]
    return value


def remove(numbers: range) -> None:
    """Take their tickets off the table: what is due on them next would be due among others."""
    with table.Item.batch_write() as batch:
        for number in numbers:
            batch.delete(table.Item(table.ticket_pk(number), table.HEAD))


def metered(app: Any) -> tuple[int, Meter]:
    """How many alarms a sweep rang, and what that took."""
    with Meter() as meter:
        rang: int = app.sweep({"source": "aws.events"}, None)
    return rang, meter


def figures(stack: Any) -> Iterator[Figure]:
    """Of sweeps on the local stack: the same due among more and more, and very many at once.

    Those come first, because the emulator goes through the whole list for each page of it.
    """
    import app

    _hush(stack)
    crowd = _crowd(app)
    filled = 0
    for place, size in enumerate(SIZES):
        _begin(app, range(OPEN_FROM + filled, OPEN_FROM + size - DUE), PATIENT)
        filled = size - DUE
        cost = _cost(app, DUE_FROM + place * DUE)
        yield Figure(f"a sweep, {DUE} due of {size:,} open", cost)
    yield crowd


def _hush(stack: Any) -> None:
    """Neither what follows from a miss nor the stack's own sweeps are measured."""
    functions = stack.client("lambda")
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    schedules = stack.client("events")
    for rule in schedules.list_rules()["Rules"]:
        if "ScheduleExpression" in rule:
            schedules.disable_rule(Name=rule["Name"])


def _begin(app: Any, numbers: range, group: str) -> None:
    app.ports().clock = lambda: BEGIN
    fill(live_desk(app.ports()), numbers, group, BEGIN)


def _cost(app: Any, first: int) -> str:
    numbers = range(first, first + DUE)
    _begin(app, numbers, HASTY)
    app.sweep({}, None)  # whatever else is due by now
    app.ports().clock = lambda: BEGIN + timedelta(minutes=2)
    live_desk(app.ports())
    rang, meter = metered(app)
    if rang != DUE:
        raise RuntimeError(f"{rang} alarms rang, and {DUE} were due")
    remove(numbers)
    written = meter.write_units + meter.index_units
    return f"{len(meter.calls)} calls, {meter.read_units:g} read units, {written} write units"


def _crowd(app: Any) -> Figure:
    """Sweeps until nothing is due, with a clock that runs."""
    numbers = range(CROWD_FROM, CROWD_FROM + CROWD)
    _begin(app, numbers, HASTY)
    begun = time.monotonic()
    app.ports().clock = lambda: BEGIN + timedelta(minutes=2, seconds=time.monotonic() - begun)
    sweeps: list[tuple[int, float]] = []
    while not sweeps or sweeps[-1][0]:
        start = time.perf_counter()
        sweeps.append((app.sweep({}, None), time.perf_counter() - start))
    recorded = _breaches()
    if {recorded[number] for number in numbers} != {1}:
        raise RuntimeError("an alarm was skipped, or rang twice")
    remove(numbers)
    each = ", ".join(f"{rang:,} in {seconds:.0f} s" for rang, seconds in sweeps[:-1])
    return Figure(f"{CROWD:,} due at once, none skipped and none twice", f"sweep by sweep {each}")


def _breaches() -> Counter[int | None]:
    """How often a miss of each ticket was recorded."""
    return Counter(
        table.ticket_number(entry.scope)
        for entry in ledger.of_day(BEGIN, since=BEGIN)
        if "TargetBreached" in entry.types
    )
