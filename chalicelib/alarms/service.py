"""The sweep: ring every alarm that is due. What it costs grows with what is due, not with what is
open, and each alarm is answered by the owner of its item.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice

from chalicelib import table
from chalicelib.ports import Ports

PAGE = 100
# A sweep comes every minute, and two at once would only be in each other's way.
SPELL = timedelta(seconds=50)

Answer = Callable[[Ports, table.Item], None]


def ring(ports: Ports, answers: Mapping[type[table.Item], Answer]) -> int:
    """Answer the alarms due by now, the longest overdue first, and return how many rang.

    What there is no time for is left to the next sweep. An alarm that cannot be answered does not
    keep the others waiting: its error is raised at the end, and it rings again with the next sweep.
    """
    count, errors = 0, []
    began = ports.clock()
    for item in _due(began):
        if ports.clock() - began >= SPELL:
            break
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
    listed = heapq.merge(*(_listed(shard, bound) for shard in table.due_shards()))
    keys = (key for _, key in listed)
    while batch := list(islice(keys, PAGE)):
        found = table.fetch(batch)
        # The index lags a little: an alarm that was moved or ended meanwhile does not ring.
        in_order = (found[key] for key in batch if key in found)
        yield from (item for item in in_order if item.g4sk and item.g4sk < bound)


def _listed(shard: str, bound: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """When each alarm is due that the index has in one shard, and the key of its item."""
    sort = table.Item.g4sk < bound
    for page in table.pages(shard, index="gsi4", sort=sort, limit=PAGE):
        yield from ((item.g4sk or "", (item.pk, item.sk)) for item in page.items)
