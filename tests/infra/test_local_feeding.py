"""`make mail` and `make redeliver` against a stack that is only SMTP."""

import json

import pytest

from infra.local import courier, mail, redeliver
from infra.local.place import Place
from infra.local.receiving import digest
from infra.local.smtp import listening
from infra.local.spool import Spool
from tests.infra.test_local_mail import free_port
from tests.infra.test_local_receiving import RAW


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mail.eml"
    path.write_bytes(RAW.replace(b"\r\n", b"\n"))
    return path


@pytest.fixture
def spool(tmp_path):
    """Of a stack that has nothing but SMTP."""
    place = Place(tmp_path)
    port = free_port()
    told = {"smtp": f"127.0.0.1:{port}", "addresses": {"support": "support@desk.example"}}
    place.home.mkdir()
    place.stack_file.write_text(json.dumps(told))
    made = Spool(place.spool)
    with listening({"pass": port}, made, {"support@desk.example"}, lambda: None):
        yield made


def test_a_file_is_sent_to_the_recipients_in_its_header_that_are_the_desks(tmp_path, file, spool):
    assert mail(tmp_path, file) == 0
    receipt, raw = spool.get(spool.waiting()[0])
    assert raw == RAW
    assert receipt.sender == "kari@customer.example"
    assert receipt.recipients == ("support@desk.example",)


def test_a_mail_to_somebody_else_is_not_sent(tmp_path, file, spool, capsys):
    file.write_text("From: a@b.example\nTo: c@d.example\n\nhello\n")
    assert mail(tmp_path, file) == 1
    assert spool.waiting() == []
    assert capsys.readouterr().out == "The mail is to none of support@desk.example.\n"


def test_an_unknown_verdict_is_refused(tmp_path, file, spool, monkeypatch):
    monkeypatch.setenv("MAIL_VERDICT", "perhaps")
    assert mail(tmp_path, file) == 1
    assert spool.waiting() == []


@pytest.mark.usefixtures("spool")
def test_a_missing_file_is_named(tmp_path, capsys):
    assert mail(tmp_path, tmp_path / "none.eml") == 1
    assert "none.eml" in capsys.readouterr().out


@pytest.mark.parametrize("feed", [mail, redeliver])
def test_without_a_stack_nothing_can_be_fed(tmp_path, file, feed, capsys):
    assert feed(tmp_path, file) == 1
    assert "make run" in capsys.readouterr().out


@pytest.mark.usefixtures("spool")
def test_the_same_event_is_delivered_again(tmp_path, file, monkeypatch):
    invoked = []
    monkeypatch.setattr(courier, "invoke", lambda stack, event: invoked.append((stack, event)))
    assert redeliver(tmp_path, file) == 1
    event = {"Records": [{"ses": {"mail": {"messageId": "id"}}}]}
    delivered = Place(tmp_path).delivered
    delivered.mkdir()
    record = {"endpoint": "http://127.0.0.1:1", "event": event}
    (delivered / f"{digest(RAW)}.json").write_text(json.dumps(record))
    assert redeliver(tmp_path, file) == 0
    assert [given for _, given in invoked] == [event]
