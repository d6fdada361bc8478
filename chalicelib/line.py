"""One request, signed, over a connection that stays open: HTTP/1.1 and AWS Signature Version 4.

Where to send what is for `shortcut`; what is not understood here is raised, and goes the long way.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from hashlib import sha256
from hmac import digest
from io import BufferedReader
from socket import IPPROTO_TCP, TCP_NODELAY, create_connection
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

from botocore.auth import SIGNED_HEADERS_BLACKLIST, SIGV4_TIMESTAMP
from botocore.compat import get_current_datetime
from urllib3.util import wait_for_read

_LINE_END = b"\r\n"


class Request(NamedTuple):
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


class Answer(NamedTuple):
    """What came back, its headers by their names in small letters."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes


def signed(request: Request, *, credentials: Any, region: str, service: str) -> Request:
    """The same request with a signature of its head and its body. Its URL has no query."""
    at = get_current_datetime().strftime(SIGV4_TIMESTAMP)
    scope = f"{at[:8]}/{region}/{service}/aws4_request"
    hashed, url = sha256(request.body).hexdigest(), urlsplit(request.url)
    # White space is sent as one blank, as it is signed: no value can begin a line of its own.
    sent = {name: " ".join(value.split()) for name, value in request.headers.items()}
    sent |= {"Host": url.netloc, "X-Amz-Date": at}
    if service == "s3":
        sent["X-Amz-Content-SHA256"] = hashed
    if credentials.token:
        sent["X-Amz-Security-Token"] = credentials.token
    lines = sorted((name.lower(), value) for name, value in sent.items())
    lines = [line for line in lines if line[0] not in SIGNED_HEADERS_BLACKLIST]
    names = ";".join(name for name, _ in lines)
    listed = "".join(f"{name}:{value}\n" for name, value in lines)
    canonical = f"{request.method}\n{url.path}\n\n{listed}\n{names}\n{hashed}"
    text = f"AWS4-HMAC-SHA256\n{at}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
    signature = digest(_signing_key(credentials.secret_key, scope), text.encode(), "sha256").hex()
    sent["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credentials.access_key}/{scope}, "
        f"SignedHeaders={names}, Signature={signature}"
    )
    sent["Content-Length"] = str(len(request.body))
    return request._replace(headers=sent)


@lru_cache(maxsize=8)
def _signing_key(secret: str, scope: str) -> bytes:
    """The same for a day, a region and a service."""
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = digest(key, part.encode(), "sha256")
    return key


class Line:
    """A connection to one host, for one request at a time.

    `timeouts`: seconds to connect and to read. `bundle`: the file of whom to trust.
    """

    def __init__(self, url: SplitResult, *, timeouts: tuple[float, float], bundle: str) -> None:
        self._url, self._timeouts, self._bundle = url, timeouts, bundle
        self._open()

    def ask(self, request: Request) -> Answer:
        """The answer. Where none came that can be read: OSError or ValueError."""
        # The other side may have hung up since; after a pause, that is the rule.
        if not self.is_open or wait_for_read(self._socket, 0):
            self.close()
            self._open()
        path = urlsplit(request.url).path
        lines = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
        head = f"{request.method} {path} HTTP/1.1\r\n{lines}\r\n"
        # In one piece: a body that waits until its head is acknowledged is late by 40 ms.
        self._socket.sendall(head.encode() + request.body)
        answer = _read(self._reader)
        if answer.headers.get("connection", "").lower() == "close":
            self.close()
        return answer

    def close(self) -> None:
        self._reader.close()
        self._socket.close()

    @property
    def is_open(self) -> bool:
        return not self._reader.closed

    def _open(self) -> None:
        host, is_secure = self._url.hostname or "", self._url.scheme == "https"
        context = _tls(self._bundle) if is_secure else None
        to_connect, to_read = self._timeouts
        port = self._url.port or (443 if is_secure else 80)
        self._socket = create_connection((host, port), to_connect)
        self._socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        if context:
            self._socket = context.wrap_socket(self._socket, server_hostname=host)
        self._socket.settimeout(to_read)
        self._reader = self._socket.makefile("rb")


@cache
def _tls(bundle: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=bundle)


def _read(reader: BufferedReader) -> Answer:
    _, status, *_ = reader.readline().split(None, 2)
    headers: dict[str, str] = {}
    while (line := reader.readline()) != _LINE_END:
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            raise ConnectionError("The answer broke off.")
        headers[name.lower()] = value.strip()
    return Answer(int(status), headers, _content(reader, headers))


def _content(reader: BufferedReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return b"".join(_chunks(reader))
    if "content-length" not in headers:
        return reader.read()
    return _exactly(reader, int(headers["content-length"]))


def _chunks(reader: BufferedReader) -> Iterator[bytes]:
    while size := int(reader.readline().partition(b";")[0], 16):
        yield _exactly(reader, size)
        reader.readline()
    while reader.readline() not in {_LINE_END, b""}:
        pass


def _exactly(reader: BufferedReader, size: int) -> bytes:
    content = reader.read(size)
    if len(content) < size:
        raise ConnectionError("The answer broke off.")
    return content
