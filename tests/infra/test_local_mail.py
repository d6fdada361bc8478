"""A mail's way into the local stack: SMTP, the spool, the courier."""

import json
import smtplib
import socket
import threading

import pytest

from infra.local import courier as couriers
from infra.local.courier import Courier
from infra.local.place import HOST, VERDICTS
from infra.local.receiving import digest
from infra.local.smtp import listening
from infra.local.spool import Spool
from tests.infra.test_local_receiving import RAW, receipt

ADDRESSES = {"support@desk.example"}


@pytest.fixture
def spool(tmp_path) -> Spool:
    return Spool(tmp_path / "spool")


@pytest.fixture
def ports(spool):
    """A listening port for each set of verdicts."""
    chosen = {name: free_port() for name in VERDICTS}
    with listening(chosen, spool, ADDRESSES, lambda: None):
        yield chosen


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def post(port: int, *recipients: str, sender: str = "kari@customer.example") -> None:
    with smtplib.SMTP(HOST, port) as server:
        server.sendmail(sender, recipients, RAW)


def test_a_mail_is_in_the_spool_when_it_is_answered(ports, spool):
    post(ports["pass"], "support@desk.example", "Support+x@desk.example")
    (id_,) = spool.waiting()
    accepted, raw = spool.get(id_)
    assert raw == RAW
    assert accepted.id == id_
    assert accepted.recipients == ("support@desk.example", "Support+x@desk.example")
    assert accepted.sender == "kari@customer.example"
    assert accepted.verdicts == {}


@pytest.mark.parametrize("name", VERDICTS)
def test_each_port_has_its_verdicts(ports, spool, name):
    post(ports[name], "support@desk.example")
    assert spool.get(spool.waiting()[0])[0].verdicts == VERDICTS[name]


def test_a_bounce_has_no_sender(ports, spool):
    post(ports["pass"], "support@desk.example", sender="")
    assert spool.get(spool.waiting()[0])[0].sender == ""


def test_a_foreign_address_is_refused_and_nothing_is_kept(ports, spool):
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        post(ports["pass"], "nobody@desk.example")
    assert refused.value.recipients["nobody@desk.example"][0] == 550
    assert spool.waiting() == []


def test_a_mail_without_its_envelope_does_not_count(spool, tmp_path):
    (tmp_path / "spool" / "torn.eml").write_bytes(RAW)
    assert spool.waiting() == []


def test_the_spool_outlives_the_process(spool, tmp_path):
    spool.put(receipt(), RAW)
    assert Spool(tmp_path / "spool").get(receipt().id) == (receipt(), RAW)


class Cloud:
    """A stack whose function fails as often as it is told to."""

    endpoint = "http://127.0.0.1:1"

    def __init__(self, failures: int = 0) -> None:
        self.outputs = {"InboundMailArn": "arn:function", "MailBucketName": "mails"}
        self.failures = failures
        self.objects: dict[str, bytes] = {}
        self.invoked: list[str] = []
        self.is_quiet = threading.Event()

    def client(self, _service, **_options) -> "Cloud":
        return self

    def put_object(self, *, Bucket, Key, Body) -> None:  # noqa: N803
        self.objects[f"{Bucket}/{Key}"] = Body

    def invoke(self, *, FunctionName, Payload):  # noqa: N803
        self.invoked.append(json.loads(Payload)["Records"][0]["ses"]["mail"]["messageId"])
        if len(self.invoked) <= self.failures:
            return {"FunctionError": "Unhandled", "Payload": Answer({"errorMessage": "no"})}
        return {"Payload": Answer(None)}


class Answer:
    def __init__(self, value) -> None:
        self.value = value

    def read(self) -> bytes:
        return json.dumps(self.value).encode()


class WatchedSpool(Spool):
    """Says when a mail has left it."""

    def __init__(self, folder) -> None:
        super().__init__(folder)
        self.left = threading.Event()

    def done(self, id_: str) -> None:
        super().done(id_)
        self.left.set()


@pytest.mark.parametrize("failures", [0, 2])
def test_a_mail_is_stored_and_told_until_the_function_takes_it(tmp_path, monkeypatch, failures):
    monkeypatch.setattr(couriers, "_FIRST_PAUSE", 0.0)
    monkeypatch.setattr(couriers, "_LOOKS_EVERY", 0.001)
    spool, cloud = WatchedSpool(tmp_path / "spool"), Cloud(failures)
    spool.put(receipt(), RAW)
    with Courier(cloud, spool, tmp_path / "delivered").working():
        assert spool.left.wait(10)
    assert cloud.objects[f"mails/inbound/{receipt().id}"].endswith(RAW)
    assert cloud.invoked == [receipt().id] * (failures + 1)
    assert spool.waiting() == []


def test_the_event_of_a_delivered_mail_can_be_found_by_its_file(tmp_path):
    spool, cloud = WatchedSpool(tmp_path / "spool"), Cloud()
    spool.put(receipt(), RAW)
    with Courier(cloud, spool, tmp_path / "delivered").working():
        assert spool.left.wait(10)
    kept = json.loads((tmp_path / "delivered" / f"{digest(RAW)}.json").read_text())
    assert kept["event"]["Records"][0]["ses"]["mail"]["messageId"] == receipt().id


def test_one_mail_that_fails_does_not_hold_up_another(tmp_path, monkeypatch):
    monkeypatch.setattr(couriers, "_FIRST_PAUSE", 3600.0)
    monkeypatch.setattr(couriers, "_LOOKS_EVERY", 0.001)
    spool, cloud = WatchedSpool(tmp_path / "spool"), Cloud(failures=1)
    monkeypatch.setattr(couriers, "_AT_ONCE", 1)
    spool.put(receipt(id="first"), RAW)
    spool.put(receipt(id="second"), RAW)
    with Courier(cloud, spool, tmp_path / "delivered").working():
        assert spool.left.wait(10)
    assert spool.waiting() == ["first"]
