"""What the operator's commands about mail answer, and with which exit code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra.__main__ import main
from tests.flows.test_mail_to_ticket import answer, timeline
from tests.world import World, letter

DONE, NOT_DONE, BAD_INPUT = 0, 1, 2


@pytest.fixture(autouse=True)
def _stack(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.__main__._ports", lambda: world.ports)


def kept(folder: Path, text: str = "The printer on floor 2 is broken.") -> str:
    file = folder / "mail.eml"
    file.write_bytes(letter(text).as_bytes())
    return str(file)


def printed(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_an_article_a_file_and_an_ses_id_of_one_mail_have_one_explanation(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ses_id = world.mail(letter())
    found = []
    for named in ("1001/1", "#1001/1", kept(tmp_path), ses_id, f"inbound/{ses_id}"):
        assert main(["explain", named, "--json"]) == DONE
        found.append(printed(capsys))
    assert found == [found[0]] * 5
    assert (found[0]["mail"], found[0]["ticket"], found[0]["article"]) == (ses_id, 1001, 1)
    assert found[0]["flight"]["dmarc"] == "PASS"


def test_an_explanation_without_json_is_sentences(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.mail(letter())
    assert main(["explain", "1001/1"]) == DONE
    assert "It opened a ticket." in capsys.readouterr().out.splitlines()


def test_what_became_no_article_cannot_be_explained(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world.mail(letter())
    answer(world)
    by_an_agent = f"1001/{timeline(world).articles[-1].seq}"
    never_sent = kept(tmp_path, "Nobody has sent this.")
    for named in ("1001/77", "77/1", by_an_agent, "ses999999", never_sent):
        assert main(["explain", named, "--json"]) == NOT_DONE, named
        said = capsys.readouterr()
        assert (said.out, said.err.count("\n")) == ("", 1), "one line, and not where JSON is read"


def test_what_names_no_mail_is_bad_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = str(tmp_path / "missing.eml")
    for named in (missing, "1001/1/1", "no such thing"):
        assert main(["explain", named]) == BAD_INPUT, named
    assert main(["parse", missing]) == BAD_INPUT
    assert capsys.readouterr().out == ""


def test_a_mail_in_a_file_is_parsed_without_any_stack(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("infra.__main__._ports")
    assert main(["parse", kept(tmp_path), "--json"]) == DONE
    found = printed(capsys)
    assert (found["subject"], found["kind"]) == ("Printer", "human")
    assert found["from_"] == [{"name": "Kim Jensen", "address": "kim@customer.example"}]


def test_a_mail_is_read_once_more_by_command(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.mail(letter())
    spam = world.mail(letter("Buy"), verdicts={"spam": "FAIL"})
    before = timeline(world)
    assert main(["reprocess", "1001/1"]) == DONE
    assert "nothing is different" in capsys.readouterr().out
    assert timeline(world) == before
    for named in ("1001/77", "ses999999", spam):
        assert main(["reprocess", named]) == NOT_DONE, named


def test_a_command_that_is_misspelt_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["explain"], ["parse", "a.eml", "--yaml"], ["nothing"]):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == BAD_INPUT
    assert "usage:" in capsys.readouterr().err
