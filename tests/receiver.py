"""Somebody on this machine who hears HTTP calls and answers whatever the test has them say."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

HERE = "127.0.0.1"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@dataclass
class Receiver:
    """`heard` are the calls as they came; `answer` is sent to each, piece by piece.

    With `is_slow` nothing follows on the answer, and the line stays open until the test is over.
    """

    answer: bytes = OK
    is_slow: bool = False
    heard: list[bytes] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    port: int = 0
    context: ssl.SSLContext | None = None

    @property
    def place(self) -> str:
        return f"{HERE}:{self.port}"

    def serve(self, server: socket.socket) -> None:
        while not self.over.is_set():
            with suppress(OSError):
                plain, _ = server.accept()
                with plain:
                    plain.settimeout(5)
                    self.talk(plain)

    def talk(self, plain: socket.socket) -> None:
        line = self.context.wrap_socket(plain, server_side=True) if self.context else plain
        with line:
            self.heard.append(_read(line))
            line.sendall(self.answer)
            if self.is_slow:
                self.over.wait(5)


def _read(line: socket.socket) -> bytes:
    found = b""
    while b"\r\n\r\n" not in found:
        found += line.recv(4096)
    head, _, body = found.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    while length and len(body) < int(length[1]):
        body += line.recv(4096)
    return head + b"\r\n\r\n" + body


@contextmanager
def receiving(
    answer: bytes = OK, *, is_slow: bool = False, context: ssl.SSLContext | None = None
) -> Iterator[Receiver]:
    """A receiver at a port of its own."""
    receiver = Receiver(answer, is_slow, context=context)
    with socket.create_server((HERE, 0)) as server:
        receiver.port = server.getsockname()[1]
        thread = threading.Thread(target=receiver.serve, args=[server], daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            receiver.over.set()
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            thread.join(5)


@cache
def _certified(name: str) -> tuple[bytes, bytes]:
    """A certificate for a name, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2090, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return made.public_bytes(Encoding.PEM), pem


def contexts_for(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What a server of that name speaks TLS with, and a client who trusts nobody but it."""
    certificate, key = _certified(name)
    file = folder / "server.pem"
    file.write_bytes(certificate + key)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    client = ssl.create_default_context(cadata=certificate.decode())
    return server, client
