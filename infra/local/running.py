"""`make run`: everything in its order, from an empty folder to a desk that says it is ready."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from infra import package
from infra.dependencies import DependencyError
from infra.local import deploy, emulator, processes, smtp
from infra.local.courier import Courier
from infra.local.place import HOST, Place
from infra.local.spool import Spool
from infra.local.stack import Stack

# What a seed gives back: `addresses` by group, the `api_token`, and the `agents`.
Seed = Callable[[Stack], Mapping[str, Any]]

# Longer than a reaction takes with all its attempts.
_UNDER_WAY = timedelta(minutes=5)

_EXPECTED = (
    deploy.DeployError,
    emulator.EmulatorError,
    emulator.PortTakenError,
    package.BuildError,
    DependencyError,
)


def run(root: Path, seed: Seed | None = None) -> int:
    """Serve until told to stop. `seed` fills the desk, at every start; by default the demo desk."""
    place = Place.at(root, os.environ)  # noqa: TID251
    try:
        with processes.only_one(place.home), _stopped_by_signals():
            _serve(place, seed or _demo_desk)
    except processes.AlreadyRunningError:
        print(f"The local stack runs already: {place.url}")
        return 1
    except _EXPECTED as problem:
        print(problem)
        return 1
    except KeyboardInterrupt:
        print("stopped")
    return 0


def _serve(place: Place, seed: Seed) -> None:
    place.stack_file.unlink(missing_ok=True)
    for pid in processes.end_orphans(place.home):
        print(f"ended what an earlier start left (process {pid})")
    emulator.check_ports(place)
    emulator.install(place)
    print("building the package", flush=True)
    built = package.build(place.root, place.package, arch="host")
    deploy.forget_unfinished(place)
    before = emulator.last_written(place)
    with ExitStack() as running:
        print("starting the emulator", flush=True)
        emulated = running.enter_context(emulator.running(place))
        print("deploying", flush=True)
        template = json.loads(built.template.read_text("utf-8"))
        stack = deploy.deploy(place, emulated.endpoint, template, built.zip, emulated.save)
        stack.enter()
        print("opening the desk", flush=True)
        seeded = seed(stack)
        if before is not None:
            _replay(since=before - _UNDER_WAY)
        emulated.save()
        _receive(place, stack, seeded, running)
        running.callback(place.stack_file.unlink, missing_ok=True)
        _announce(place, seeded)
        emulated.watch()


def _replay(since: datetime) -> None:
    """Have the facts of the last minutes before the end published once more.

    Streams, and events under way, do not outlive the emulator; reactions bear repetition.
    """
    from chalicelib import table
    from chalicelib.config import Config
    from chalicelib.ledger import service as ledger
    from chalicelib.ports import live

    config = Config.from_env()
    table.bind(config.table)
    ledger.replay(live(config), since=since)


def _receive(place: Place, stack: Stack, seeded: Mapping[str, Any], running: ExitStack) -> None:
    spool = Spool(place.spool)
    courier = Courier(stack, spool, place.delivered)
    running.enter_context(courier.working())
    addresses = {address.lower() for address in seeded["addresses"].values()}
    ports = place.smtp_ports()
    running.enter_context(smtp.listening(ports, spool, addresses, courier.notice))


def _announce(place: Place, seeded: Mapping[str, Any]) -> None:
    described = {
        "url": place.url,
        "smtp": f"{HOST}:{place.smtp_port}",
        "addresses": dict(seeded["addresses"]),
        "outbox": place.outbox.relative_to(place.root).as_posix(),
        "api_token": seeded["api_token"],
        "agents": list(seeded["agents"]),
    }
    place.outbox.mkdir(exist_ok=True)
    fresh = place.stack_file.with_suffix(".new")
    fresh.write_text(json.dumps(described, indent=2))
    fresh.replace(place.stack_file)
    print(f"\nready  {place.url}")
    for agent in described["agents"]:
        print(f"  {agent['email']}  password {agent['password']}  ({agent['group']})")
    print(f"mail to {', '.join(described['addresses'].values())}")
    print(f"  make mail FILE=some.eml, or any SMTP client at {described['smtp']}")
    print(f"what the desk sends lies in {described['outbox']}/")
    log = place.functions_log.relative_to(place.root)
    print(f"what its functions say stands in {log}", flush=True)


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """Ctrl-C and SIGTERM both end this in order, and a second one does not cut that short."""
    signals = (signal.SIGINT, signal.SIGTERM)

    def stop(*_: object) -> None:
        for each in signals:
            signal.signal(each, signal.SIG_IGN)
        print("\nstopping", flush=True)
        raise KeyboardInterrupt

    before = {each: signal.signal(each, stop) for each in signals}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _demo_desk(stack: Stack) -> Mapping[str, Any]:
    from infra.seed import seed

    return seed(stack)
