"""HTTP to addresses that an administrator chose and others may own: one POST, and what came back.

Whoever decides where a call goes must not reach what only the desk can: the address is looked up
once, refused unless it is public, and connected to as it was looked up. Redirects are not followed,
proxies of the environment not asked, and an answer is read no further than its headers.
"""

from __future__ import annotations

import io
import ipaddress
import re
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chalicelib.errors import DeskError

if TYPE_CHECKING:
    import ssl

SECONDS = 5
ANSWER_BYTES = 16_384
URL_LENGTH = 500
PORTS = (443, 8443)
# Of a name with many addresses, how many are tried.
_TRIES = 3
# What everybody calls the machine that they are on.
HERE = frozenset({"localhost", "127.0.0.1", "::1"})
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*\.?|[0-9a-f:.]*:[0-9a-f:.]*")
# Beside what `is_global` of the running Python leaves out: it has not always known all of these.
_NOT_PUBLIC = tuple(
    map(
        ipaddress.ip_network,
        ("100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "240.0.0.0/4"),
    )
)
# The rest of IPv6 is local, reserved, or hides an IPv4 address: mapped, compatible, NAT64.
_UNICAST = ipaddress.ip_network("2000::/3")
# Teredo and other assignments of protocols, documentation, and 6to4, which hides an IPv4 address.
_NOT_UNICAST = tuple(
    map(ipaddress.ip_network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
)

Resolve = Callable[..., list[tuple[Any, ...]]]


class Unreachable(DeskError):
    """Nobody answered in HTTP; later somebody may."""

    code = "unreachable"


class NotAllowed(DeskError):
    """The desk calls nobody there."""

    code = "not_allowed"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver said; `retry_after` is how many seconds it asks to be left alone."""

    status: int
    retry_after: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call goes. `target` is path and query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def netloc(self) -> str:
        """The host as a header names it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _default_port(self.scheme) else f"{host}:{self.port}"


def place_of(url: str) -> Place:
    """Where a URL leads, or ValueError in words for one that the desk does not call."""
    if len(url) > URL_LENGTH or not url.isascii() or any(c <= " " or c in "\\\x7f" for c in url):
        raise ValueError(f"must be a URL of at most {URL_LENGTH} plain characters")
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or _default_port(parts.scheme)
    if not _HOST.fullmatch(host):
        raise ValueError(f"{url!r} is no URL such as https://hooks.example.org/desk")
    if "@" in parts.netloc or parts.fragment:
        raise ValueError("must hold no user, password or fragment")
    if parts.scheme == "http" and host in HERE:
        return Place("http", host, port, _target(parts))
    if parts.scheme != "https":
        raise ValueError("must begin with https://")
    if port not in PORTS and host not in HERE:
        raise ValueError(f"must have one of the ports {', '.join(map(str, PORTS))}")
    return Place("https", host, port, _target(parts))


def _target(parts: Any) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _default_port(scheme: str) -> int:
    return 80 if scheme == "http" else 443


def is_public(address: str) -> bool:
    """Whether an IP address is one that everybody on the internet could reach as well."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        return ip in _UNICAST and not any(ip in network for network in _NOT_UNICAST)
    if not ip.is_global or ip.is_multicast:
        return False
    return not any(ip in network for network in _NOT_PUBLIC)


class Internet:
    """Calls made over the network. `allowed` are the `host:port` that may be anywhere, in plain
    HTTP, too: receivers on the machine of somebody who tries the desk.
    """

    def __init__(
        self,
        allowed: Iterable[str] = (),
        *,
        resolve: Resolve = socket.getaddrinfo,
        context: Callable[[], ssl.SSLContext] | None = None,
        seconds: float = SECONDS,
    ) -> None:
        self.allowed = frozenset(allowed)
        self.resolve = resolve
        self.context = context or _context
        self.seconds = seconds

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send JSON once. Raises NotAllowed for what is never called, Unreachable for no answer."""
        try:
            place = place_of(url)
        except ValueError as error:
            raise NotAllowed(f"The address {error}.") from error
        deadline = time.monotonic() + self.seconds
        with _in_words(place):
            return self._ask(place, self._addresses(place), body, headers, deadline)

    def _addresses(self, place: Place) -> list[tuple[Any, ...]]:
        """What the name stands for, once and for all; NotAllowed if any of it is not public."""
        is_ours = f"{place.host}:{place.port}" in self.allowed
        if place.scheme == "http" and not is_ours:
            raise NotAllowed("The address must begin with https://.")
        found = self.resolve(place.host, place.port, type=socket.SOCK_STREAM)
        if not is_ours and not all(is_public(sockaddr[0]) for *_, sockaddr in found):
            raise NotAllowed(f"{place.host} is no public address.")
        # Functions have no IPv6 of their own.
        return sorted(found, key=lambda info: info[0] != socket.AF_INET)[:_TRIES]

    def _ask(
        self,
        place: Place,
        addresses: list[tuple[Any, ...]],
        body: bytes,
        headers: Mapping[str, str],
        deadline: float,
    ) -> Answer:
        import http.client

        with _connected(addresses, deadline) as plain:
            sock = plain
            if place.scheme == "https":
                plain.settimeout(_left(deadline))
                sock = self.context().wrap_socket(plain, server_hostname=place.host)
            connection = http.client.HTTPConnection(place.host, place.port)
            connection.sock = _Line(sock, deadline)
            try:
                connection.request("POST", place.target, body, {"Host": place.netloc, **headers})
                response = connection.getresponse()
                return Answer(response.status, _seconds(response.getheader("Retry-After")))
            finally:
                sock.close()


class _Line:
    """A connection for http.client that ends at an instant, however the other side deals it out.

    Who opened it closes it.
    """

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self.sock, self.deadline = sock, deadline

    def sendall(self, content: bytes) -> None:
        self.sock.settimeout(_left(self.deadline))
        self.sock.sendall(content)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reading(self))

    def close(self) -> None:
        pass


class _Reading(io.RawIOBase):
    """What comes over a line, as far as there is room for it."""

    def __init__(self, line: _Line) -> None:
        super().__init__()
        self.line, self.room = line, ANSWER_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self.line.sock.settimeout(_left(self.line.deadline))
        count = self.line.sock.recv_into(buffer)
        self.room -= count
        if self.room < 0:
            raise Unreachable("The answer has more headers than anybody needs.")
        return count


@contextmanager
def _connected(addresses: list[tuple[Any, ...]], deadline: float) -> Iterator[socket.socket]:
    """A connection to the first of these addresses that takes one."""
    sock: socket.socket | None = None
    problem: OSError = ConnectionError("there is no address")
    for family, kind, protocol, _, sockaddr in addresses:
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(_left(deadline))
            sock.connect(sockaddr)
        except OSError as error:
            sock.close()
            problem = error
        else:
            break
    else:
        raise problem
    try:
        yield sock
    finally:
        sock.close()


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


@contextmanager
def _in_words(place: Place) -> Iterator[None]:
    """What goes wrong on the way as Unreachable; nothing that the other side wrote is told."""
    import http.client
    import ssl

    try:
        yield
    except TimeoutError as error:
        raise Unreachable("There was no answer in time.") from error
    except socket.gaierror as error:
        raise Unreachable(f"Nobody knows where {place.host} is.") from error
    except ssl.SSLError as error:
        raise Unreachable(
            f"The certificate of {place.host} or its encryption is no good."
        ) from error
    except OSError as error:
        raise Unreachable(f"{place.netloc} takes no connection.") from error
    except http.client.HTTPException as error:
        raise Unreachable("The answer is no HTTP.") from error


def _seconds(retry_after: str | None) -> int:
    with suppress(ValueError):
        return max(0, int(retry_after or 0))
    return 0


def _context() -> ssl.SSLContext:
    import ssl

    return ssl.create_default_context()
