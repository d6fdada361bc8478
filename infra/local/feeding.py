"""`make mail` and `make redeliver`: put a file into the stack that runs here, and see it leave."""

from __future__ import annotations

import json
import os
import smtplib
import socket
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import getaddresses
from pathlib import Path
from typing import Any

from infra.local import courier
from infra.local.place import HOST, VERDICTS, Place
from infra.local.receiving import digest, is_ours, on_the_wire
from infra.local.stack import Stack

_NOT_RUNNING = "No local stack runs here: start it with make run."


def mail(root: Path, file: Path) -> int:
    """Send the file over SMTP. MAIL_VERDICT chooses the port: pass, fail, gray, spam or virus."""
    place = Place.at(root, os.environ)  # noqa: TID251
    running = _running(place)
    verdict = os.environ.get("MAIL_VERDICT", "pass")  # noqa: TID251
    if running is None:
        return _refuse(_NOT_RUNNING)
    if not file.is_file():
        return _refuse(f"There is no file {file}.")
    if verdict not in VERDICTS:
        return _refuse(f"MAIL_VERDICT is one of {', '.join(VERDICTS)}.")
    raw = file.read_bytes()
    header = BytesHeaderParser().parsebytes(raw)
    addresses = set(running["addresses"].values())
    recipients = [to for to in _addresses(header, "to", "cc") if is_ours(to, addresses)]
    if not recipients:
        return _refuse(f"The mail is to none of {', '.join(sorted(addresses))}.")
    sender = next(iter(_addresses(header, "return-path", "sender", "from")), "")
    port = int(running["smtp"].rpartition(":")[2]) + list(VERDICTS).index(verdict)
    with smtplib.SMTP(HOST, port) as server:
        server.sendmail(sender, recipients, on_the_wire(raw), _options(raw))
    print(f"sent to {', '.join(recipients)}")
    return 0


def redeliver(root: Path, file: Path) -> int:
    """Invoke the function again with the event that this mail came with."""
    place = Place.at(root, os.environ)  # noqa: TID251
    if _running(place) is None:
        return _refuse(_NOT_RUNNING)
    if not file.is_file():
        return _refuse(f"There is no file {file}.")
    record = place.delivered / f"{digest(file.read_bytes())}.json"
    if not record.exists():
        return _refuse("The desk never had this mail: send it with make mail first.")
    kept: dict[str, Any] = json.loads(record.read_text())
    courier.invoke(Stack(root, place.url, kept["endpoint"], {}, {}), kept["event"])
    print(f"delivered again: {kept['event']['Records'][0]['ses']['mail']['messageId']}")
    return 0


def _running(place: Place) -> dict[str, Any] | None:
    if not place.stack_file.exists():
        return None
    described: dict[str, Any] = json.loads(place.stack_file.read_text())
    host, _, port = described["smtp"].rpartition(":")
    try:
        socket.create_connection((host, int(port)), 2).close()
    except OSError:
        return None  # It was killed, and could not take its description with it.
    return described


def _addresses(header: Message, *names: str) -> list[str]:
    fields = [str(value) for name in names for value in header.get_all(name, [])]
    return [address for _, address in getaddresses(fields) if address]


def _options(raw: bytes) -> list[str]:
    return [] if raw.isascii() else ["BODY=8BITMIME"]


def _refuse(sentence: str) -> int:
    print(sentence)
    return 1
