"""What the operator's commands about the desk answer, and with which exit code."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from chalicelib.desk.service import apply, live_desk
from infra import rehearsal
from infra.__main__ import main
from tests.world import DESK, REACTIONS, World

DONE, NOT_DONE, BAD_INPUT, CONFLICT = 0, 1, 2, 3
CHANGES = 2
CASE: dict[str, Any] = {
    "name": "a printer",
    "mail": {"from": "Kim <kim@example.com>", "to": "support", "subject": "Printer"},
    "at": "2026-03-02T09:00:00+01:00",
    "expect": {"group": "support", "due": {"first_reply": "13:00"}},
}


@pytest.fixture
def live(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("infra.__main__._ports", lambda: world.ports)
    return world


def folder(at: Path, cases: Any = None, **changed: Any) -> str:
    """A desk of YAML files, and the cases in its tests."""
    body = {**copy.deepcopy(DESK), **changed}
    (at / "desk.yaml").write_text(yaml.safe_dump(body, allow_unicode=True), "utf-8")
    if cases is not None:
        (at / "tests").mkdir(exist_ok=True)
        (at / "tests" / "cases.yaml").write_text(yaml.safe_dump(cases), "utf-8")
    return str(at)


def case(**expect: Any) -> dict[str, Any]:
    return {**CASE, "expect": expect}


# Plan, apply, rollback. ------------------------------------------------------------------------


def test_a_plan_without_changes_ends_with_0_and_one_with_changes_with_2(
    live: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", folder(tmp_path), "--json"]) == DONE
    same = json.loads(capsys.readouterr().out)
    assert (same["version"], same["changes"]) == (1, [])
    assert main(["plan", folder(tmp_path, name="Other", limits={"acks": 0}), "--json"]) == CHANGES
    found = json.loads(capsys.readouterr().out)
    assert found["changes"] == [
        {"section": "limits", "path": "limits", "before": None, "after": {"acks": 0}},
        {"section": "name", "path": "name", "before": "Example desk", "after": "Other"},
    ]
    assert [one["path"] for one in found["warnings"]] == ["limits.acks"]
    assert live_desk(live.ports).name == "Example desk"


def test_a_plan_in_words_says_how_to_go_on(
    live: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", folder(tmp_path, name="Other")]) == CHANGES
    said = capsys.readouterr().out
    assert "~ name: Example desk -> Other" in said
    assert "apply --expect 1" in said


def test_what_cannot_go_live_ends_a_plan_with_1_and_apply_with_2(
    live: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = folder(tmp_path, zone="Moon/Base", limits={"ack": 1})
    assert main(["plan", wrong, "--json"]) == NOT_DONE
    assert main(["apply", wrong]) == BAD_INPUT
    said = capsys.readouterr()
    assert said.out == ""
    assert "zone: 'Moon/Base' is no IANA time zone" in said.err
    assert "limits.ack: is no key that is known here: did you mean 'acks'?" in said.err
    assert live_desk(live.ports).version == 1


def test_apply_makes_a_version_live_and_says_what_that_changed(
    live: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["apply", folder(tmp_path, name="Other"), "--expect", "1"]) == DONE
    said = capsys.readouterr().out.splitlines()
    assert said == ["  ~ name: Example desk -> Other", "version 2 is live"]
    assert live_desk(live.ports).name == "Other"


def test_who_expects_another_version_gets_a_conflict_and_overwrites_nothing(
    live: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    apply(live.ports, {**DESK, "name": "theirs"})
    mine = folder(tmp_path, name="mine")
    assert main(["apply", mine, "--expect", "1"]) == CONFLICT
    assert main(["rollback", "1", "--expect", "1"]) == CONFLICT
    assert "plan again" in capsys.readouterr().err
    assert live_desk(live.ports).name == "theirs"


def test_of_two_commands_that_race_one_gets_a_conflict(
    live: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = live.ports.blobs.put

    def overtaken(*args: Any, **more: Any) -> None:
        monkeypatch.setattr(live.ports.blobs, "put", put)
        apply(live.ports, {**DESK, "name": "theirs"})
        put(*args, **more)

    monkeypatch.setattr(live.ports.blobs, "put", overtaken)
    assert main(["apply", folder(tmp_path, name="mine")]) == CONFLICT
    assert live_desk(live.ports).name == "theirs"


def test_a_rollback_is_a_new_version_and_stands_in_the_history(
    live: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = folder(tmp_path, name="Other")
    assert main(["apply", changed, "--by", "anna", "--comment", "shorter"]) == DONE
    assert main(["rollback", "1", "--by", "lena"]) == DONE
    assert main(["rollback", "9"]) == NOT_DONE
    assert live_desk(live.ports).name == "Example desk"
    capsys.readouterr()
    assert main(["versions", "--json"]) == DONE
    versions = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["number"] for one in versions] == [1, 2, 3]
    assert [one["comment"] for one in versions] == ["", "shorter", "back to version 1"]
    assert versions[0]["sha256"] == versions[2]["sha256"]
    assert main(["versions"]) == DONE
    assert capsys.readouterr().out.splitlines()[1].split()[2:] == ["anna", "shorter"]


@pytest.mark.parametrize("command", ["plan", "apply", "rollback", "versions", "test-desk"])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == DONE
    assert "usage:" in capsys.readouterr().out


# The desk's own tests. -------------------------------------------------------------------------


def test_the_demo_desk_does_what_its_own_cases_say(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test-desk"]) == DONE, capsys.readouterr().out


def test_a_rehearsal_has_the_reactions_of_the_template() -> None:
    reactions = rehearsal.reactions()
    # The rules listen to nearly everything: `tests.unit.rules` says to what they do not.
    others = {
        fact: [name for name in names if name != "run_rules"] for fact, names in reactions.items()
    }
    assert {fact: names for fact, names in others.items() if fact in REACTIONS} == {
        fact: [name] for fact, name in REACTIONS.items()
    }


def test_a_case_that_does_not_hold_says_what_was_expected_and_what_came(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = case(group="hr", due={"first_reply": "10:00"}, notices=[], acknowledged=True)
    assert main(["test-desk", folder(tmp_path, [CASE, wrong])]) == NOT_DONE
    assert capsys.readouterr().out.splitlines() == [
        "ok     a printer",
        "FAILED a printer",
        "         group: expected hr, got support",
        "         notices: expected none, got acknowledgement to kim@example.com",
        "         due.first_reply: expected 2026-03-02 10:00, got 2026-03-02 13:00",
        "1 passed, 1 failed",
    ]


def test_a_case_can_say_what_stands_in_a_mail(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = case(mail={"acknowledgement": "somebody will look at it"})
    unsaid = case(mail={"acknowledgement": "Cheap watches", "closed": "is closed"})
    assert main(["test-desk", folder(tmp_path, [said, unsaid])]) == NOT_DONE
    ok, failed, *wrong, _ = capsys.readouterr().out.splitlines()
    assert (ok[:6], failed[:6]) == ("ok    ", "FAILED")
    start = "mail.acknowledgement: expected Cheap watches, got We have received your message"
    assert wrong[0].strip().startswith(start)
    assert wrong[1].strip() == "mail.closed: expected is closed, got none"


def test_a_case_can_expect_a_type_and_fields(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = case(type="incident", fields={"floor": 2, "home": True})
    assert main(["test-desk", folder(tmp_path, [case(type="none"), wrong])]) == NOT_DONE
    ok, _, *lines, _ = capsys.readouterr().out.splitlines()
    assert ok.startswith("ok")
    assert [line.strip() for line in lines] == [
        "type: expected incident, got none",
        "fields.floor: expected 2, got nothing",
        "fields.home: expected yes, got nothing",
    ]


def test_cases_do_not_know_of_each_other(tmp_path: Path) -> None:
    once = case(notices=["acknowledgement to kim@example.com"])
    assert main(["test-desk", folder(tmp_path, [once] * 4)]) == DONE


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [
        ([{**CASE, "at": "tomorrow"}], "cases.yaml[0].at: 'tomorrow' is no instant"),
        ([{**CASE, "at": "2026-03-02T09:00:00"}], "name the zone"),
        ([{**CASE, "expects": {}}], "did you mean 'expect'?"),
        ([case(due={"first_replay": "13:00"})], "did you mean 'first_reply'?"),
        ([case(due={"first_reply": "soon"})], "is no time of the desk"),
        ([case(suspended="spma")], "did you mean 'spam'?"),
        ([], "has no cases"),
    ],
)
def test_cases_that_cannot_be_read_are_bad_input(
    tmp_path: Path, spoilt: Any, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["test-desk", folder(tmp_path, spoilt)]) == BAD_INPUT
    assert words in capsys.readouterr().err


def test_a_desk_that_cannot_be_read_is_bad_input_for_its_cases(tmp_path: Path) -> None:
    assert main(["test-desk", folder(tmp_path, [CASE], zone="Moon/Base")]) == BAD_INPUT
