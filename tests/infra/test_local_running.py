"""What `make run` decides before and around the emulator."""

import os
import signal
import socket
import subprocess
import sys

import pytest

from infra.local import deploy, emulator, processes
from infra.local.place import HOST, Place
from infra.local.running import run


def test_the_ports_are_chosen_by_the_environment(tmp_path):
    place = Place.at(tmp_path, {"SKRANKE_HTTP_PORT": "8100", "SKRANKE_SMTP_PORT": "2600"})
    assert place.url == "http://127.0.0.1:8100/"
    assert place.smtp_ports() == {
        "pass": 2600,
        "fail": 2601,
        "gray": 2602,
        "spam": 2603,
        "virus": 2604,
    }


def test_where_webhooks_may_go_here_is_chosen_by_the_environment(tmp_path):
    assert Place.at(tmp_path, {}).webhook_hosts == "127.0.0.1:9000,localhost:9000"
    chosen = {"SKRANKE_WEBHOOK_HOSTS": "localhost:9100"}
    assert Place.at(tmp_path, chosen).webhook_hosts == "localhost:9100"


def test_a_taken_port_is_named_with_the_variable_that_chooses_it(tmp_path, monkeypatch, capsys):
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        monkeypatch.setenv("SKRANKE_HTTP_PORT", str(port))
        assert run(tmp_path) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"Port {port} belongs to another program: end it, or choose with SKRANKE_HTTP_PORT."
    ]


def test_a_second_stack_in_the_same_project_is_refused(tmp_path, capsys):
    with processes.only_one(tmp_path / ".local"):
        assert run(tmp_path) == 1
    assert "runs already" in capsys.readouterr().out


def test_a_stack_that_was_let_go_of_can_be_held_again(tmp_path):
    for _ in range(2):
        with processes.only_one(tmp_path):
            pass


@pytest.fixture
def sleeper():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        yield child
        child.kill()


def test_an_orphan_is_ended_by_the_next_start(tmp_path, sleeper):
    processes.remember(tmp_path, sleeper.pid)
    assert processes.end_orphans(tmp_path) == [sleeper.pid]
    assert sleeper.wait() == -signal.SIGTERM
    assert processes.end_orphans(tmp_path) == []


def test_a_pid_that_somebody_else_has_now_is_left_alone(tmp_path, sleeper, monkeypatch):
    with monkeypatch.context() as earlier:
        earlier.setattr(processes, "started", lambda _pid: "long ago")
        processes.remember(tmp_path, sleeper.pid)
    assert processes.end_orphans(tmp_path) == []
    assert sleeper.poll() is None


def test_a_process_that_ended_has_no_start():
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        pass
    assert processes.started(child.pid) is None
    assert processes.started(os.getpid()) is not None


def test_the_template_is_deployed_without_what_the_emulator_does_not_know():
    template = {
        "Resources": {
            "Mails": {
                "Type": "AWS::Serverless::Function",
                "DependsOn": ["Rule", "Bucket"],
                "Properties": {"CodeUri": "./deployment.zip"},
            },
            "Rule": {"Type": "AWS::SES::ReceiptRule", "Properties": {}},
            "Bucket": {"Type": "AWS::S3::Bucket"},
        },
        "Globals": {"Function": {"Environment": {"Variables": {}}}},
        "Outputs": {},
    }
    adapted = deploy.adapt(template, "code.zip", "localhost:9000")
    assert set(adapted["Resources"]) == {"Mails", "Bucket"}
    assert adapted["Resources"]["Mails"]["DependsOn"] == ["Bucket"]
    assert adapted["Resources"]["Mails"]["Properties"]["CodeUri"] == "s3://skranke-code/code.zip"
    told = adapted["Globals"]["Function"]["Environment"]["Variables"]
    assert told == {"SKRANKE_WEBHOOK_HOSTS": "localhost:9000"}
    assert template["Resources"]["Mails"]["Properties"]["CodeUri"] == "./deployment.zip"


def test_state_of_a_deployment_that_never_ended_is_removed(tmp_path):
    place = Place(tmp_path)
    for folder in (place.state, place.objects):
        folder.mkdir(parents=True)
    deploy.forget_unfinished(place)
    assert not place.state.exists()
    assert not place.objects.exists()


def test_state_of_a_finished_deployment_is_kept(tmp_path):
    place = Place(tmp_path)
    place.state.mkdir(parents=True)
    (place.state / "deployed").write_text("digest")
    deploy.forget_unfinished(place)
    assert place.state.exists()


def test_nothing_was_written_before_the_first_start(tmp_path):
    assert emulator.last_written(Place(tmp_path)) is None
