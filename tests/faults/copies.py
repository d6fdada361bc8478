"""Plays all faults of a case in copies of one world, since to prepare it takes the longest.

A copy is a fork of this process: it plays one fault, says what it found, and is gone.
"""

from __future__ import annotations

import os
import pickle
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from tests.faults.harness import Case, Fault, faults_of, play, rehearse

W = TypeVar("W")


@dataclass(eq=False)
class Stage(Generic[W]):
    """Makes worlds, all alike. While one is kept, everybody gets that one."""

    made: Callable[[], AbstractContextManager[W]]
    kept: W | None = None

    def __call__(self) -> AbstractContextManager[W]:
        return self.made() if self.kept is None else nullcontext(self.kept)

    @contextmanager
    def keep(self) -> Iterator[None]:
        with self.made() as world:
            self.kept = world
            try:
                yield
            finally:
                self.kept = None


def telling(faults: Iterable[Fault]) -> Iterator[Fault]:
    """The faults without those that the desk takes for others: of plain errors, each call gets one.

    They take turns. Only what sends mail looks at which error it was, so it gets all of them.
    """
    for fault in faults:
        errors = _ERRORS[fault.moment]
        is_turn = fault.kind == errors[fault.position % len(errors)]
        if is_turn or fault.kind not in errors or fault.operation == "SendEmail":
            yield fault


_ERRORS = {"before": ("throttled", "unavailable", "timeout"), "after": ("unavailable", "timeout")}


def play_all(case: Case[Any]) -> dict[Fault, list[str]]:
    """What each fault changed for good; those that changed nothing are left out."""
    assert isinstance(case.world, Stage)
    faults = list(telling(faults_of(rehearse(case).calls)))
    with case.world.keep():
        found = {fault: in_a_copy(partial(_changes, case, fault)) for fault in faults}
    return {fault: changed for fault, changed in found.items() if changed}


def _changes(case: Case[Any], fault: Fault) -> list[str]:
    return [str(difference) for difference in play(case, fault)]


def in_a_copy(run: Callable[[], list[str]]) -> list[str]:
    """What `run` returns, or how it failed; all that it did is forgotten."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _answer(run, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    answer: list[str] = pickle.loads(said)  # noqa: S301 - what we wrote ourselves
    return answer


def _answer(run: Callable[[], list[str]], writing: int) -> None:
    try:
        said = run()
    except BaseException:  # noqa: BLE001 - whatever it is, the copy must not go on as pytest
        said = [traceback.format_exc()]
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(pickle.dumps(said))
    os._exit(0)
