"""One connection: it is used again, opened anew where it must be, and read to the byte."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from threading import Thread
from urllib.parse import urlsplit

import pytest
from botocore.httpsession import get_cert_path

from chalicelib.line import Line, Request

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A:  b \r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


class Host:
    """Answers each request with the next of its answers; None is to hang up instead."""

    def __init__(self) -> None:
        self.answers: list[bytes | None] = []
        self.received: list[bytes] = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        self._thread = Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        while request := connection.recv(65536):
            self.received.append(request)
            answer = self.answers.pop(0)
            if answer is not None:
                connection.sendall(answer)
            # What is not followed by another answer is the last of its connection.
            if answer is None or not self.answers or self.answers[0] is None:
                return


@pytest.fixture
def host() -> Iterator[Host]:
    made = Host()
    yield made
    made.close()


@pytest.fixture
def line(host: Host) -> Iterator[Line]:
    made = Line(urlsplit(host.url), timeouts=(2, 2), bundle="")
    yield made
    made.close()


def request(host: Host) -> Request:
    return Request("POST", f"{host.url}a%20b", {"X-B": "å"}, b"body")


def test_one_connection_serves_many_requests_each_in_one_piece(host: Host, line: Line) -> None:
    host.answers = [PLAIN, PLAIN, PLAIN]
    answers = [line.ask(request(host)) for _ in range(3)]
    assert {answer.content for answer in answers} == {b"ok"}
    assert answers[0].headers == {"content-length": "2", "x-a": "b"}
    assert host.connections == 1
    assert host.received[0] == "POST /a%20b HTTP/1.1\r\nX-B: å\r\n\r\nbody".encode()


def test_a_connection_that_the_other_side_gave_up_is_opened_anew(host: Host, line: Line) -> None:
    host.answers = [PLAIN, None, PLAIN]
    line.ask(request(host))
    # The host closes after its last answer, as it does after a pause.
    line._socket.settimeout(2)
    assert line._socket.recv(1, socket.MSG_PEEK) == b""
    host.answers = [PLAIN]
    assert line.ask(request(host)).content == b"ok"
    assert host.connections == 2


@pytest.mark.parametrize(
    ("answer", "content"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b""),
        (
            CHUNKED + b"3;x=y\r\nabc\r\n1\r\nd\r\n0\r\nTrailer: x\r\n\r\n",
            b"abcd",
        ),
        (b"HTTP/1.1 503 Slow\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx", b"x"),
        (b"HTTP/1.0 200\r\nServer: old\r\n\r\nto the end", b"to the end"),
    ],
)
def test_every_way_to_end_an_answer_is_understood(
    host: Host, line: Line, answer: bytes, content: bytes
) -> None:
    host.answers = [answer]
    assert line.ask(request(host)).content == content
    host.answers = [PLAIN]
    assert line.ask(request(host)).content == b"ok"


@pytest.mark.parametrize(
    "answer",
    [
        None,
        b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        CHUNKED + b"9\r\nshort",
        CHUNKED,
        b"SSH-2.0-x\r\n\r\n",
    ],
)
def test_what_breaks_off_is_an_error(host: Host, line: Line, answer: bytes | None) -> None:
    host.answers = [answer]
    with pytest.raises((OSError, ValueError)):
        line.ask(request(host))


def test_nobody_is_spoken_to_who_is_not_trusted(host: Host) -> None:
    host.answers = [b"not TLS"]
    url = urlsplit(host.url.replace("http", "https"))
    for bundle in (get_cert_path(True), __file__):
        with pytest.raises(ssl.SSLError):
            Line(url, timeouts=(2, 2), bundle=bundle or "")
