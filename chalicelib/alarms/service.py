"""The sweep: ring every alarm that is due. What it costs grows with what is due, not with what is
open, and each alarm is answered by the owner of its item.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import islice

from chalicelib import table
from chalicelib.ports import Ports

PAGE = 100

Answer = Callable[[Ports, table.Item], None]


def ring(ports: Ports, answers: Mapping[type[table.Item], Answer]) -> int:
    """Answer every alarm due by now, and return how many rang.

    One that cannot be answered does not keep the others waiting: its error is raised at the end,
    and it rings again with the next sweep.
    """
    count, errors = 0, []
    for item in _due(ports.clock()):
        answer = answers.get(type(item))
        if answer is None:
            continue
        count += 1
        try:
            answer(ports, item)
        except Exception as error:  # noqa: BLE001 - every one of them is raised below
            errors.append(error)
    if errors:
        raise ExceptionGroup(f"{len(errors)} of {count} alarms could not be answered", errors)
    return count


def in_turn(*answers: Answer) -> Answer:
    """Several answers to one alarm as one."""

    def answer(ports: Ports, item: table.Item) -> None:
        for one in answers:
            one(ports, item)

    return answer


def _due(now: datetime) -> Iterator[table.Item]:
    bound = f"{table.stamp(now)}~"
    keys = _listed(bound)
    while batch := list(islice(keys, PAGE)):
        found = table.fetch(batch)
        # The index lags a little: an alarm that was moved or ended meanwhile does not ring.
        yield from (item for item in found.values() if item.g4sk and item.g4sk < bound)


def _listed(bound: str) -> Iterator[tuple[str, str]]:
    """The keys of what the index has as due, shard by shard, in pages."""
    sort = table.Item.g4sk < bound
    for shard in table.due_shards():
        for page in table.pages(shard, index="gsi4", sort=sort, limit=PAGE):
            yield from ((item.pk, item.sk) for item in page.items)
