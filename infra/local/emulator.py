"""The emulator as a child process: its environment, start, health and end."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from infra.local import processes
from infra.local.place import ACCOUNT, HOST, REGION, Place
from infra.local.stack import aws_environment

_REQUIREMENTS = Path(__file__).with_name("emulator-requirements.txt")
_LAUNCHER = Path(__file__).with_name("launcher.py")
_STARTS_WITHIN = 60.0  # seconds
_STOPS_WITHIN = 20.0  # seconds; it saves its state
_LOG_TAIL = 20  # lines


class EmulatorError(Exception):
    """The emulator could not be installed or does not start; the message says why."""


class PortTakenError(Exception):
    """A port that people use belongs to another program."""


def install(place: Place) -> None:
    """Make the emulator's environment, if it is not there or its pins changed."""
    stamp = place.venv / "installed"
    wanted = hashlib.sha256(_REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print("installing the emulator, once: about half a minute", flush=True)
    shutil.rmtree(place.venv, ignore_errors=True)
    _must([sys.executable, "-m", "venv", str(place.venv)])
    pip = [str(place.python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    _must([*pip, "-r", str(_REQUIREMENTS)])
    stamp.write_text(wanted)


def check_ports(place: Place) -> None:
    """Refuse at once, and in words, what would fail half-way through."""
    wanted = {place.http_port: "SKRANKE_HTTP_PORT"}
    wanted |= dict.fromkeys(place.smtp_ports().values(), "SKRANKE_SMTP_PORT")
    for port, variable in wanted.items():
        if not _is_free(port):
            raise PortTakenError(
                f"Port {port} belongs to another program: end it, or choose with {variable}."
            )


def last_written(place: Place) -> datetime | None:
    """When the last change of the tables was written; None if there never was one."""
    written = [path.stat().st_mtime for path in place.state.glob("journal.jsonl")]
    return datetime.fromtimestamp(written[0], UTC) if written else None


@dataclass(frozen=True, slots=True)
class Emulator:
    """One that runs. `endpoint`: its address as AWS."""

    endpoint: str
    _child: subprocess.Popen[bytes]

    def save(self) -> None:
        """Have everything that is in it on disk, now."""
        status = _get(self.endpoint.removeprefix("http://"), "/_ministack/skranke/save")
        if status != http.HTTPStatus.NO_CONTENT:
            raise EmulatorError(f"The emulator did not save its state ({status}).")

    def watch(self) -> None:
        """Wait; it is an error if the emulator ends by itself."""
        raise EmulatorError(f"The emulator ended by itself, with code {self._child.wait()}.")


@contextmanager
def running(place: Place, *, bare: bool = False) -> Iterator[Emulator]:
    """The emulator, healthy. It has saved its state when this is left."""
    port = _own_port(place)
    shutil.rmtree(place.scratch, ignore_errors=True)
    for folder in (place.scratch, place.state, place.objects, place.log):
        folder.mkdir(parents=True, exist_ok=True)
    log = place.log / "emulator.log"
    for old in (log, place.functions_log):
        if old.exists():
            old.replace(old.with_suffix(".log.1"))
    command = [str(place.python), str(_LAUNCHER), "--front-port", str(place.http_port)]
    command += ["--outbox", str(place.outbox), "--functions-log", str(place.functions_log)]
    command += ["--bare"] if bare else []
    with log.open("wb") as output:
        child = subprocess.Popen(
            command,
            env=_environment(place, port),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C is for the parent: it decides in which order things end.
            start_new_session=True,
        )
    processes.remember(place.home, child.pid)
    try:
        _await_health(child, port, log)
        yield Emulator(f"http://{HOST}:{port}", child)
    finally:
        _stop(child)
        processes.forget(place.home)


def _environment(place: Place, port: int) -> dict[str, str]:
    mine = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}  # noqa: TID251
    return mine | {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": HOST,
        "MINISTACK_HOST": HOST,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(place.state),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(place.objects),
        "TMPDIR": str(place.scratch),
        # The functions inherit these.
        **aws_environment(f"http://{HOST}:{port}"),
    }


def _own_port(place: Place) -> int:
    """Any free port, and the same again next time: addresses of files hold it."""
    record = place.port_file
    if record.exists() and _is_free(int(record.read_text())):
        return int(record.read_text())
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    record.write_text(str(port))
    return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _await_health(child: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN
    while time.monotonic() < deadline and child.poll() is None:
        with contextlib.suppress(OSError):
            if _get(f"{HOST}:{port}", "/_ministack/health") == http.HTTPStatus.OK:
                return
        time.sleep(0.1)
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-_LOG_TAIL:])
    raise EmulatorError(f"The emulator does not start; the end of {log}:\n{tail}")


def _get(address: str, path: str) -> int:
    connection = http.client.HTTPConnection(address, timeout=30)
    with contextlib.closing(connection):
        connection.request("GET", path)
        return connection.getresponse().status


def _stop(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(_STOPS_WITHIN)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _must(command: list[str]) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise EmulatorError(f"{' '.join(command[:4])} failed:\n{done.stdout}{done.stderr}")
