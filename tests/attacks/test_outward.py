"""Where an administrator, or somebody who owns a name, may not send the desk: to what it alone can
reach, for longer than it has time, or to a place that answers with more than it can take.
"""

from __future__ import annotations

import socket
from typing import Any

import pytest

from chalicelib.desk.model import read_desk
from chalicelib.errors import Invalid
from chalicelib.outward import (
    ANSWER_BYTES,
    Answer,
    Internet,
    NotAllowed,
    Unreachable,
    is_public,
)
from tests.receiver import HERE, receiving
from tests.world import DESK

METADATA = "169.254.169.254"
PRIVATE = [
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1"),  # noqa: S104
    *("127.0.0.1", "127.1.2.3", "169.254.0.1", METADATA, "169.254.170.2", "172.16.0.1"),
    *("172.31.255.255", "192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1"),
    *("198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.7", "224.0.0.1", "233.252.0.1"),
    *("239.255.255.255", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:169.254.169.254"),
    *("64:ff9b::169.254.169.254", "64:ff9b::8.8.8.8", "64:ff9b:1::1", "100::1"),
    *("2001::1", "2001:0:7f00:1::", "2001:10::1", "2001:db8::1", "2002:7f00:1::", "2002:a00:1::1"),
    *("3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fd12:3456:789a::1"),
    *("fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1"),
]
PUBLIC = ["1.1.1.1", "8.8.8.8", "52.94.236.248", "100.63.255.255", "100.128.0.1", "172.32.0.1"]
PUBLIC += ["2606:4700:4700::1111", "2a00:1450:400f::1", "2001:4860:4860::8888"]
REFUSED = [
    *("http://hooks.example.org/", "ftp://hooks.example.org/", "file:///etc/passwd", "//x/", ""),
    *("gopher://127.0.0.1:6379/_INFO", "https://", "https:///path", "hooks.example.org"),
    *("https://user:secret@hooks.example.org/", "https://hooks.example.org@127.0.0.1/"),
    *("https://hooks.example.org#@127.0.0.1/", "https://hooks.example.org\\@127.0.0.1/"),
    *("https://hooks.example.org:22/", "https://hooks.example.org:6379/", "https://x:99999/"),
    *("https://hooks.example.org/a b", "https://hooks.example.org/\r\nHost: x", "https://x/\x00"),
    *("https://hooks.example.org/é", "https://ⓔxample.org/", "https://127。0。0。1/"),
    *(
        "https://-x/",
        "https://a..b/",
        f"https://{'a' * 64}.example/",
        "https://x_y/",
        "https://%31%32%37.0.0.1/",
        "https://[::1",
        "https://[x]/",
    ),
    f"https://hooks.example.org/{'a' * 500}",
]


def found(*addresses: str) -> Any:
    """A resolver that knows one name, and counts how often it was asked."""
    asked: list[str] = []

    def resolve(host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        asked.append(host)
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port, 0, 0))
            if ":" in address
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in addresses
        ]

    resolve.asked = asked  # type: ignore[attr-defined]
    return resolve


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_the_internet_cannot_reach_is_not_called(address: str) -> None:
    """CVE-2024-29415, CVE-2020-28360: lists of private ranges that left some of their forms out."""
    assert not is_public(address)
    with pytest.raises(NotAllowed):
        Internet(resolve=found(address)).post("https://hooks.example.org/", b"{}", {})


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_that_everybody_can_reach_is_called(address: str) -> None:
    """Class: a check that refuses too much is switched off."""
    assert is_public(address)


def test_one_private_address_among_public_ones_is_enough_to_refuse_a_name() -> None:
    """Class: a name with two addresses, of which one was checked and the other connected to."""
    resolve = found("93.184.216.34", "127.0.0.1")
    with pytest.raises(NotAllowed):
        Internet(resolve=resolve).post("https://hooks.example.org/", b"{}", {})


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1", "0", "localhost"]
)
def test_no_way_to_write_this_machine_reaches_it(host: str) -> None:
    """Class: an address in octal, in hexadecimal, as one number, or by a name of its own."""
    with pytest.raises((NotAllowed, Unreachable)):
        Internet().post(f"https://{host}:8443/", b"{}", {})


def test_a_name_is_looked_up_once_and_connected_to_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Class: DNS rebinding: public when it was checked, private when it was connected to."""
    public, private = found("93.184.216.34"), found("127.0.0.1")
    answers = [public, private]

    def rebinding(*place: Any, **more: Any) -> Any:
        return answers.pop(0)(*place, **more)

    reached: list[Any] = []

    def connect(_: socket.socket, sockaddr: Any) -> None:
        reached.append(sockaddr)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(Unreachable):
        Internet(resolve=rebinding).post("https://hooks.example.org/", b"{}", {})
    assert reached == [("93.184.216.34", 443)]
    assert private.asked == []


@pytest.mark.parametrize("url", REFUSED)
def test_an_address_of_another_kind_is_refused_when_it_is_configured_and_when_called(
    url: str,
) -> None:
    """CVE-2023-24329: what one reader takes for the scheme or the host, another does not."""
    with pytest.raises(NotAllowed):
        Internet(resolve=found("93.184.216.34")).post(url, b"{}", {})
    with pytest.raises(Invalid) as caught:
        read_desk({**DESK, "webhooks": {"pager": {"url": url}}}, version=1)
    assert set(caught.value.fields) == {"webhooks.pager.url"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_leads_nowhere(status: int) -> None:
    """CVE-2022-29153: a public address that sent on to that of the machine's own secrets."""
    said = f"HTTP/1.1 {status} Moved\r\nLocation: http://{METADATA}/latest/\r\n\r\n".encode()
    with receiving(said) as receiver:
        internet = Internet([receiver.place], resolve=found(HERE))
        assert internet.post(f"http://{receiver.place}/", b"{}", {}) == Answer(status)
        assert len(receiver.heard) == 1


def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """CVE-2016-1000110: a proxy that somebody else could set."""
    with receiving() as proxy, receiving() as receiver:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://{proxy.place}")
        Internet([receiver.place]).post(f"http://{receiver.place}/", b"{}", {})
    assert (len(proxy.heard), len(receiver.heard)) == (0, 1)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nX-One: 1\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 3,
    ],
)
def test_an_answer_that_never_ends_is_given_up(said: bytes) -> None:
    """Class: a slow answer that holds whoever waits for it, a byte at a time."""
    with receiving(said, is_slow=True) as receiver:
        internet = Internet([receiver.place], seconds=0.2)
        with pytest.raises(Unreachable) as caught:
            internet.post(f"http://{receiver.place}/", b"{}", {})
    assert caught.value.message == "There was no answer in time."


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"a" * ANSWER_BYTES * 2 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X-One: more\r\n" * ANSWER_BYTES + b"\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * ANSWER_BYTES,
        b"H" * ANSWER_BYTES * 8,
    ],
)
def test_an_answer_without_end_is_read_no_further_than_there_is_room(said: bytes) -> None:
    """Class: an answer that fills the memory of whoever reads it."""
    with receiving(said) as receiver, pytest.raises(Unreachable):
        Internet([receiver.place]).post(f"http://{receiver.place}/", b"{}", {})


def test_of_a_huge_answer_the_body_is_not_read() -> None:
    """Class: a body that is small on the line, and endless when it is unpacked."""
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 99999999999\r\n\r\n"
    with receiving(head + b"x" * 50_000, is_slow=True) as receiver:
        internet = Internet([receiver.place])
        assert internet.post(f"http://{receiver.place}/", b"{}", {}) == Answer(200)


@pytest.mark.parametrize(
    "name", ["Host", "Content-Length", "Authorization", "webhook-id", "X-A\r\nB"]
)
def test_no_header_of_ours_can_be_set(name: str) -> None:
    """Class: a header that says another host or another length than the call has."""
    webhook = {"url": "https://hooks.example.org/", "headers": {name: "x"}}
    with pytest.raises(Invalid):
        read_desk({**DESK, "webhooks": {"pager": webhook}}, version=1)


def test_a_header_holds_one_line() -> None:
    """CVE-2019-9740: a line break in what was configured started a header, or another call."""
    for value in ("a\r\nX-Other: b", "a\nb", "a\x00", "", " a"):
        webhook = {"url": "https://hooks.example.org/", "headers": {"X-Desk": value}}
        with pytest.raises(Invalid):
            read_desk({**DESK, "webhooks": {"pager": webhook}}, version=1)
