"""Calls to others: what is sent, what is made of the answer, and how long any of it may take."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from chalicelib.outward import Answer, Internet, NotAllowed, Place, Unreachable, place_of
from tests.receiver import HERE, Receiver, contexts_for, receiving

BODY = b'{"type":"StatusChanged"}'
HEADERS = {"Content-Type": "application/json", "webhook-id": "msg_1"}


def post(receiver: Receiver, *, path: str = "/", seconds: float = 5) -> Answer:
    internet = Internet([receiver.place], seconds=seconds)
    return internet.post(f"http://{receiver.place}{path}", BODY, HEADERS)


def answer(head: str) -> bytes:
    return f"HTTP/1.1 {head}\r\nContent-Length: 0\r\n\r\n".encode()


def test_a_call_is_one_post_with_its_headers_and_its_body() -> None:
    with receiving() as receiver:
        assert post(receiver, path="/desk?for=pager") == Answer(200)
    (heard,) = receiver.heard
    head, _, body = heard.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    assert first == "POST /desk?for=pager HTTP/1.1"
    assert body == BODY
    assert lines.count(f"Host: {receiver.place}") == 1
    assert {"Content-Type: application/json", "webhook-id: msg_1"} <= set(lines)
    assert f"Content-Length: {len(BODY)}" in lines


@pytest.mark.parametrize("status", [200, 202, 204, 302, 404, 410, 429, 500, 503])
def test_every_status_is_an_answer(status: int) -> None:
    with receiving(answer(f"{status} Whatever")) as receiver:
        assert post(receiver).status == status


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("120", 120), ("0", 0), ("-5", 0), ("Fri, 31 Dec 2027 23:59:59 GMT", 0), ("soon", 0)],
)
def test_a_receiver_may_say_how_long_it_wants_to_be_left_alone(header: str, seconds: int) -> None:
    with receiving(answer(f"503 Later\r\nRetry-After: {header}")) as receiver:
        assert post(receiver) == Answer(503, seconds)


def test_nobody_at_the_port_is_nobody_reached() -> None:
    with socket.create_server((HERE, 0)) as taken:
        place = f"{HERE}:{taken.getsockname()[1]}"
    with pytest.raises(Unreachable):
        Internet([place]).post(f"http://{place}/", BODY, HEADERS)


@pytest.mark.parametrize("said", [b"", b"hello\r\n\r\n", b"\x00" * 64, b"HTTP/1.1 abc\r\n\r\n"])
def test_what_is_no_http_is_no_answer(said: bytes) -> None:
    with receiving(said) as receiver, pytest.raises(Unreachable):
        post(receiver)


def test_a_name_that_nobody_knows_is_told_as_such() -> None:
    def nowhere(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    with pytest.raises(Unreachable) as caught:
        Internet(resolve=nowhere).post("https://hooks.example.org/", BODY, HEADERS)
    assert caught.value.message == "Nobody knows where hooks.example.org is."


# Encrypted. ----------------------------------------------------------------------------------


def encrypted(
    tmp_path: Path, named: str, *, called: str = "localhost", is_trusted: bool = True
) -> Answer:
    """A call to a receiver whose certificate is for `named`."""
    server, client = contexts_for(named, tmp_path)
    context = (lambda: client) if is_trusted else None
    with receiving(context=server) as receiver:
        internet = Internet([f"{called}:{receiver.port}"], context=context)
        return internet.post(f"https://{called}:{receiver.port}/", BODY, HEADERS)


def test_a_call_is_encrypted_for_the_name_that_was_configured(tmp_path: Path) -> None:
    assert encrypted(tmp_path, "localhost") == Answer(200)


def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unreachable) as caught:
        encrypted(tmp_path, "else.example.org")
    assert "certificate" in caught.value.message


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unreachable) as caught:
        encrypted(tmp_path, "localhost", is_trusted=False)
    assert "certificate" in caught.value.message


# Addresses. ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://hooks.example.org", Place("https", "hooks.example.org", 443, "/")),
        (
            "https://Hooks.Example.org:8443/a?b=c",
            Place("https", "hooks.example.org", 8443, "/a?b=c"),
        ),
        ("https://[2606:4700::1111]/x", Place("https", "2606:4700::1111", 443, "/x")),
        ("http://127.0.0.1:9000/x", Place("http", "127.0.0.1", 9000, "/x")),
    ],
)
def test_an_address_is_read(url: str, place: Place) -> None:
    assert place_of(url) == place


def test_the_host_is_named_as_http_has_it() -> None:
    assert place_of("https://hooks.example.org:443/").netloc == "hooks.example.org"
    assert place_of("https://[2606:4700::1111]:8443/").netloc == "[2606:4700::1111]:8443"


def test_plain_http_is_for_those_alone_who_were_named() -> None:
    with receiving() as receiver:
        for allowed in ([], ["localhost:9000"], [f"localhost:{receiver.port}"]):
            with pytest.raises(NotAllowed):
                Internet(allowed).post(f"http://{receiver.place}/", BODY, HEADERS)
    assert receiver.heard == []
