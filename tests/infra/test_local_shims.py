"""The contract of each mending: what goes wrong without it, and that it goes right with it.

A test that fails for the bare emulator says that its mending can go. The tests need the emulator's
environment, which `make run` installs.
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from infra.local import emulator, processes
from infra.local.place import HOST, Place
from infra.local.stack import Stack
from tests.infra.emulated import Small, small

INSTALLED = Place(Path(__file__).parent.parent.parent).venv

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (INSTALLED / "installed").exists(), reason="no emulator is installed"),
]


def place_at(folder: Path) -> Place:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        place = Place(folder, http_port=probe.getsockname()[1])
    place.home.mkdir()
    place.venv.symlink_to(INSTALLED)
    return place


@pytest.fixture(scope="module", params=["mended", "bare"])
def stack(request, tmp_path_factory):
    place = place_at(tmp_path_factory.mktemp(request.param))
    with small(place, is_mended=request.param == "mended") as running:
        yield running


def eventually(found: Callable[[], object]) -> object:
    """What `found` gives once it gives something; the stack does its work in its own time."""
    deadline = time.monotonic() + 60
    while not (result := found()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return result


def test_the_desk_is_served_at_the_root_of_its_own_port(stack: Small):
    status, headers, _ = stack.post(b"")
    assert (status == 201) is stack.is_mended
    if stack.is_mended:
        assert headers["X-Path"] == "/echo"
        assert headers.get_all("Set-Cookie") == ["a=1", "b=2"]


def test_binary_bodies_pass_unharmed(stack: Small):
    body = bytes(range(256))
    assert (stack.post(body)[2] == body) is stack.is_mended


def test_a_foreign_host_is_turned_away(stack: Small):
    if stack.is_mended:
        assert stack.post(b"", Host="desk.attacker.example")[0] == 421


def test_nobody_can_wipe_the_emulator(stack: Small):
    if stack.is_mended:
        connection = http.client.HTTPConnection(stack.stack.endpoint.removeprefix("http://"))
        with closing(connection):
            connection.request("POST", "/_ministack/reset")
            assert connection.getresponse().status == 403


def test_a_stream_goes_on_from_the_record_that_failed_and_gives_it_up_at_last(stack: Small):
    stack.add_fact("a1")
    stack.add_fact("a2", fails="yes")
    stack.add_fact("a3")

    def seen() -> list[str]:
        return [name for note in stack.notes("relay") for name in note["event"]]

    assert eventually(lambda: "a3" in seen())
    if not stack.is_mended:
        assert seen().count("a2") == 1
        return
    lost = stack.stack.client("s3")
    bucket = stack.stack.outputs["Lost"]
    assert eventually(lambda: lost.list_objects_v2(Bucket=bucket).get("Contents"))
    assert eventually(lambda: seen().count("a2") == 2)
    assert eventually(lambda: "a3" in seen()[seen().index("a2") + 1 :])


def test_a_rule_tries_again_and_leaves_a_dead_letter(stack: Small):
    entry = {"EventBusName": "small", "Source": "desk", "DetailType": "Opened"}
    stack.stack.client("events").put_events(Entries=[{**entry, "Detail": '{"fails": true}'}])
    queue = stack.stack.client("sqs")
    waited = 10 if stack.is_mended else 3
    found = queue.receive_message(QueueUrl=stack.stack.outputs["Dead"], WaitTimeSeconds=waited)
    assert ("Messages" in found) is stack.is_mended
    assert len(stack.notes("react")) == (2 if stack.is_mended else 1)


def test_one_function_takes_turns(stack: Small):
    functions = stack.stack.client("lambda")
    for _ in range(6):
        functions.invoke(FunctionName=stack.stack.outputs["Slow"], InvocationType="Event")
    assert eventually(lambda: len(stack.notes("slow")) == 6)
    processes_used = {note["pid"] for note in stack.notes("slow")}
    assert (len(processes_used) <= 2) is stack.is_mended


def test_the_package_is_unpacked_once(stack: Small):
    # Two functions of one package, whichever other tests have run before.
    event = b'{"body": "", "requestContext": {"path": "/"}}'
    for function in ("Slow", "APIHandlerName"):
        name = stack.stack.outputs[function]
        stack.stack.client("lambda").invoke(FunctionName=name, Payload=event)
    unpacked = [path for path in stack.place.scratch.rglob("code.py") if not path.is_symlink()]
    linked = [path for path in stack.place.scratch.rglob("code.py") if path.is_symlink()]
    assert (len(unpacked) == 1) is stack.is_mended
    assert bool(linked) is stack.is_mended


def test_a_sent_mail_lies_in_the_outbox_and_its_bounce_is_reported(stack: Small):
    ses = stack.stack.client("sesv2")
    ses.create_email_identity(EmailIdentity="desk.example")
    raw = b"From: a@desk.example\r\nMessage-ID: <own@desk.example>\r\n\r\nhello\r\n"
    answer = ses.send_email(
        FromEmailAddress="a@desk.example",
        Destination={"ToAddresses": ["bounce@simulator.amazonses.com"]},
        ConfigurationSetName="small",
        Content={"Raw": {"Data": raw}},
    )
    if not stack.is_mended:
        assert not stack.place.outbox.exists()
        return
    (kept,) = stack.place.outbox.glob(f"*{answer['MessageId']}.eml")
    assert f"<{answer['MessageId']}@eu-west-1.amazonses.com>".encode() in kept.read_bytes()
    (told,) = eventually(lambda: stack.notes("feedback"))
    assert told["event"]["detail-type"] == "Email Bounced"
    assert told["event"]["detail"]["mail"]["messageId"] == answer["MessageId"]


def test_the_older_call_sends_too(stack: Small):
    if stack.is_mended:
        raw = b"From: a@desk.example\r\nTo: b@customer.example\r\n\r\nhello\r\n"
        answer = stack.stack.client("ses").send_raw_email(RawMessage={"Data": raw})
        (envelope,) = stack.place.outbox.glob(f"*{answer['MessageId']}.json")
        assert json.loads(envelope.read_text())["to"] == ["b@customer.example"]


@pytest.mark.parametrize("is_mended", [True, False])
def test_what_was_answered_outlives_a_kill(tmp_path, is_mended):
    place = place_at(tmp_path)
    with emulator.running(place, bare=not is_mended) as emulated:
        stack = Stack(tmp_path, place.url, emulated.endpoint, {}, {})
        make_table(stack)
        stack.client("ssm").put_parameter(Name="/key", Value="v", Type="SecureString")
        if is_mended:
            emulated.save()
        tables = stack.client("dynamodb")
        tables.put_item(TableName="things", Item={"pk": {"S": "a"}})
        tables.put_item(TableName="things", Item={"pk": {"S": "b"}})
        tables.delete_item(TableName="things", Key={"pk": {"S": "a"}})
        kill(place)
    with emulator.running(place, bare=not is_mended) as emulated:
        stack = Stack(tmp_path, place.url, emulated.endpoint, {}, {})
        tables = stack.client("dynamodb")
        assert bool(tables.list_tables()["TableNames"]) is is_mended
        if is_mended:
            assert tables.scan(TableName="things")["Items"] == [{"pk": {"S": "b"}}]
            assert stack.client("ssm").get_parameter(Name="/key")["Parameter"]


def test_a_write_that_a_crash_cut_off_is_as_if_never_made(tmp_path):
    place = place_at(tmp_path)
    with emulator.running(place) as emulated:
        stack = Stack(tmp_path, place.url, emulated.endpoint, {}, {})
        make_table(stack)
        emulated.save()
        stack.client("dynamodb").put_item(TableName="things", Item={"pk": {"S": "a"}})
        kill(place)
    with (place.state / "journal.jsonl").open("a") as journal:
        journal.write('[["things", "b", "__no_sort__", {"pk": {"S"')
    with emulator.running(place) as emulated:
        stack = Stack(tmp_path, place.url, emulated.endpoint, {}, {})
        assert stack.client("dynamodb").scan(TableName="things")["Items"] == [{"pk": {"S": "a"}}]


def test_no_record_is_skipped_after_a_restart(tmp_path):
    place = place_at(tmp_path)
    with small(place, is_mended=True) as before:
        before.add_fact("b1")
        assert eventually(lambda: before.notes("relay"))
    with small(place, is_mended=True) as after:
        after.add_fact("b2")
        assert eventually(lambda: [n for n in after.notes("relay") if n["event"] == ["b2"]])


def test_the_values_that_are_set_by_name_are_still_there():
    asked = (
        "from ministack.core.lambda_runtime import Worker\n"
        "import ministack.services.eventbridge as bus\n"
        "print(Worker._drain_stderr_bounded.__defaults__, bus._SCHEDULER_TICK_INTERVAL)"
    )
    command = [INSTALLED / "bin" / "python", "-c", asked]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert answer == "(0.05, 0.005, 0.25) 10\n"


def make_table(stack: Stack) -> None:
    stack.client("dynamodb").create_table(
        TableName="things",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )


def kill(place: Place) -> None:
    (child,) = processes.children(place.home)
    os.kill(child, signal.SIGKILL)
