"""Start the emulator, mended. Run by the emulator's own Python, as a file:

    .local/emulator/bin/python infra/local/launcher.py --front-port 8000 ...

Everything else it takes from the environment that `emulator.py` sets.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Any

# The folder of this file would shadow the standard library's names; the project's does not. Not
# by PYTHONPATH: the functions inherit the environment and must see their package alone.
sys.path[0] = str(Path(__file__).resolve().parents[2])


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--front-port", type=int, required=True)
    parser.add_argument("--outbox", type=Path, required=True)
    parser.add_argument("--functions-log", type=Path, required=True)
    parser.add_argument("--bare", action="store_true", help="without any mending, for comparison")
    options = parser.parse_args(arguments)
    import ministack.app as emulator

    app = emulator.app if options.bare else _mended(options)
    asyncio.run(_serve(app, [int(emulator._resolve_port()), options.front_port]))  # noqa: SLF001


def _mended(options: argparse.Namespace) -> Any:
    import ministack.app as emulator
    from ministack.core.persistence import STATE_DIR

    from infra.local.shims import (
        binary_bodies,
        bus_retries,
        schedule_ticks,
        sent_mail,
        shared_code,
        stream_batches,
        workers,
    )
    from infra.local.shims.front import Front
    from infra.local.shims.journal import Journal
    from infra.local.shims.snapshots import Snapshots

    binary_bodies.apply()
    bus_retries.apply()
    schedule_ticks.apply()
    shared_code.apply()
    sent_mail.apply(options.outbox)
    stream_batches.apply()
    workers.apply(options.functions_log)
    journal = Journal(Path(STATE_DIR) / "journal.jsonl")
    journal.apply()
    snapshots = Snapshots(emulator.app, journal)
    snapshots.apply()
    front = Front(snapshots, options.front_port)
    front.apply()
    return front


async def _serve(app: Any, ports: list[int]) -> None:
    from hypercorn.asyncio import serve  # type: ignore[import-not-found]
    from hypercorn.config import Config  # type: ignore[import-not-found]

    config = Config()
    config.bind = [f"127.0.0.1:{port}" for port in ports]
    config.keep_alive_timeout = 75
    config.startup_timeout = 120  # seconds; a large journal takes its time
    config.graceful_timeout = 3
    await serve(app, config)


if __name__ == "__main__":
    main(sys.argv[1:])
