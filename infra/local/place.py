"""Where one local stack lives: its folders, ports, account and region. Nothing is started here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chalicelib.config import WEBHOOK_HOSTS

HOST = "127.0.0.1"
# Where somebody who tries webhooks may listen to them.
RECEIVERS = f"{HOST}:9000,localhost:9000"
# The emulator takes a twelve-digit access key for the account, in the functions too.
ACCOUNT = "000000000042"
REGION = "eu-west-1"

# What each port above the first says of a mail, in the words of an SES receipt.
VERDICTS: Mapping[str, Mapping[str, str]] = {
    "pass": {},
    "fail": dict.fromkeys(("spam", "virus", "spf", "dkim", "dmarc"), "FAIL"),
    "gray": dict.fromkeys(("spam", "virus", "spf", "dkim", "dmarc"), "GRAY"),
    "spam": {"spam": "FAIL"},
    "virus": {"virus": "FAIL"},
}


@dataclass(frozen=True, slots=True)
class Place:
    """The project's folder, the two ports that people use, what the stack's own folder is, and
    where webhooks may go that leave the internet out.
    """

    root: Path
    http_port: int = 8000
    smtp_port: int = 2525
    folder: str = ".local"
    webhook_hosts: str = RECEIVERS

    @classmethod
    def at(cls, root: Path, environment: Mapping[str, str]) -> Place:
        return cls(
            root,
            int(environment.get("SKRANKE_HTTP_PORT", "8000")),
            int(environment.get("SKRANKE_SMTP_PORT", "2525")),
            webhook_hosts=environment.get(WEBHOOK_HOSTS, RECEIVERS),
        )

    @property
    def home(self) -> Path:
        return self.root / self.folder

    @property
    def venv(self) -> Path:
        """The emulator's own, for all stacks here: it pins another botocore than the desk."""
        return self.root / ".local" / "emulator"

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    @property
    def package(self) -> Path:
        return self.home / "package"

    @property
    def state(self) -> Path:
        return self.home / "state"

    @property
    def objects(self) -> Path:
        return self.home / "objects"

    @property
    def scratch(self) -> Path:
        """What functions unpack and write; emptied at every start."""
        return self.home / "tmp"

    @property
    def spool(self) -> Path:
        """Mails that were answered with 250 and have not reached the desk yet."""
        return self.home / "spool"

    @property
    def delivered(self) -> Path:
        """The SES event of every mail that reached the desk, by the mail's SHA-256."""
        return self.home / "delivered"

    @property
    def outbox(self) -> Path:
        return self.home / "outbox"

    @property
    def log(self) -> Path:
        return self.home / "log"

    @property
    def functions_log(self) -> Path:
        """What the functions say."""
        return self.log / "functions.log"

    @property
    def port_file(self) -> Path:
        """Holds the port where the emulator is AWS."""
        return self.home / "emulator.port"

    @property
    def stack_file(self) -> Path:
        return self.home / "stack.json"

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.http_port}/"

    def smtp_ports(self) -> dict[str, int]:
        """The port for each set of verdicts."""
        return {name: self.smtp_port + above for above, name in enumerate(VERDICTS)}
