"""Files of the desk go along with answers: stored once, named by many, and never deleted."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chalicelib.desk.service import live_desk
from chalicelib.erasure import service as erasure
from chalicelib.erasure.model import next_step
from chalicelib.errors import Conflict
from chalicelib.macros import service
from chalicelib.macros.service import Use
from chalicelib.people import store as people
from chalicelib.tickets.model import Attachment
from infra.__main__ import main
from infra.desk import keep_files, load
from tests.aws_calls import aws_client
from tests.flows.test_desk import BAD_INPUT, CASE, CHANGES, DONE, folder
from tests.flows.test_exports import manifest, members, request, rows
from tests.flows.test_mail_to_ticket import agent, timeline
from tests.web.browser import Answer, Browser
from tests.web.calls import api
from tests.web.conftest import signed_in
from tests.web.desk import link
from tests.world import World, letter

KIM = "kim@customer.example"
GUIDE, NEWER = b"%PDF-1.4 how to print", b"%PDF-1.4 how to print, once more"
CANNED = {"hours": {"title": "Hours", "text": "From 8 to 16.", "attach": ["hours.txt"]}}
MACROS = {
    "guide": {
        "label": {"en": "Guide"},
        "attach": ["guide.pdf"],
        "do": [{"reply": {"canned": "hours"}}],
    }
}


@pytest.fixture
def live(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("infra.__main__._ports", lambda: world.ports)
    return world


def desk(at: Path, guide: bytes = GUIDE, **changed: Any) -> str:
    """A folder of a desk with two files."""
    (at / "files").mkdir(exist_ok=True)
    (at / "files" / "guide.pdf").write_bytes(guide)
    (at / "files" / "hours.txt").write_bytes(b"8 to 16")
    return folder(at, canned=CANNED, macros=MACROS, **changed)


def key_of(content: bytes) -> str:
    return f"config/files/{hashlib.sha256(content).hexdigest()}"


def stored(prefix: str = "") -> list[str]:
    found = aws_client("s3").list_objects_v2(Bucket="files", Prefix=prefix)
    return [one["Key"] for one in found.get("Contents", ())]


def send(world: World, number: int = 1001, **use: Any) -> None:
    """Anna sends what the macro proposes."""
    service.apply(world.ports, agent(world), number, Use("guide", **use))
    world.settle()


def sent_files(world: World) -> dict[str | None, bytes]:
    parts = [one for one in world.mails_to(KIM)[-1].walk() if one.get_filename()]
    found = {one.get_filename(): one.get_payload(decode=True) for one in parts}
    return {name: content for name, content in found.items() if isinstance(content, bytes)}


# With the configuration. ---------------------------------------------------------------------


def test_a_file_is_stored_once_under_its_digest(live: World, tmp_path: Path) -> None:
    assert main(["apply", desk(tmp_path)]) == DONE
    assert set(stored("config/files/")) == {key_of(GUIDE), key_of(b"8 to 16")}
    written = aws_client("s3").head_object(Bucket="files", Key=key_of(GUIDE))["LastModified"]
    put, keys = live.ports.blobs.put, list[str]()

    def counted(key: str, *args: Any, **more: Any) -> None:
        keys.append(key)
        put(key, *args, **more)

    live.ports.blobs.put = counted  # type: ignore[method-assign]
    assert main(["apply", desk(tmp_path, name="Other")]) == DONE
    assert not [key for key in keys if key.startswith("config/files/")]
    assert (
        written == aws_client("s3").head_object(Bucket="files", Key=key_of(GUIDE))["LastModified"]
    )


def test_a_plan_names_the_file_that_changes(
    live: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["apply", desk(tmp_path)]) == DONE
    assert main(["plan", desk(tmp_path)]) == DONE
    capsys.readouterr()
    assert main(["plan", desk(tmp_path, NEWER), "--json"]) == CHANGES
    changes = json.loads(capsys.readouterr().out)["changes"]
    paths = {one["path"]: one["after"] for one in changes}
    assert paths == {
        "files.guide.pdf.sha256": hashlib.sha256(NEWER).hexdigest(),
        "files.guide.pdf.size": len(NEWER),
    }
    assert stored("config/files/") == sorted([key_of(GUIDE), key_of(b"8 to 16")]), (
        "a plan stores none"
    )


def test_a_rollback_brings_the_old_file_back(live: World, tmp_path: Path) -> None:
    live.mail(letter())
    assert main(["apply", desk(tmp_path)]) == DONE
    assert main(["apply", desk(tmp_path, NEWER)]) == DONE
    send(live)
    assert sent_files(live)["guide.pdf"] == NEWER
    assert main(["rollback", "2"]) == DONE
    send(live)
    assert sent_files(live)["guide.pdf"] == GUIDE


def test_a_file_that_is_missing_keeps_a_desk_from_going_live(
    live: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = desk(tmp_path)
    (tmp_path / "files" / "guide.pdf").unlink()
    assert main(["apply", where]) == BAD_INPUT
    assert "macros.guide.attach[0]: 'guide.pdf' is none of the files" in capsys.readouterr().err
    assert stored("config/files/") == []
    assert live_desk(live.ports).version == 1


def test_a_file_that_changes_under_the_hand_is_not_stored_as_another(
    live: World, tmp_path: Path
) -> None:
    where = Path(desk(tmp_path))
    body, _ = load(where)
    (where / "files" / "guide.pdf").write_bytes(NEWER)
    with pytest.raises(Conflict, match=r"guide\.pdf changes"):
        keep_files(live.ports, where, body)
    assert key_of(GUIDE) not in stored()


# With an answer. -----------------------------------------------------------------------------


@pytest.fixture
def ticket(live: World, tmp_path: Path) -> World:
    """A desk with two files, and a ticket of Kim's."""
    assert main(["apply", desk(tmp_path)]) == DONE
    live.mail(letter())
    return live


def test_a_macro_with_a_guide_sends_the_mail_with_the_file(ticket: World) -> None:
    send(ticket)
    assert sent_files(ticket) == {"guide.pdf": GUIDE, "hours.txt": b"8 to 16"}
    answer = timeline(ticket).articles[-1]
    assert answer.text == "From 8 to 16."
    assert answer.attachments == (
        Attachment("guide.pdf", "application/pdf", len(GUIDE), key_of(GUIDE)),
        Attachment("hours.txt", "text/plain", 7, key_of(b"8 to 16")),
    )
    assert not stored("attachments/"), "named, and not copied"
    assert not stored("uploads/")


def test_a_file_that_was_dropped_does_not_go_along(ticket: World) -> None:
    send(ticket, dropped=frozenset({"guide.pdf"}))
    assert sent_files(ticket) == {"hours.txt": b"8 to 16"}


def test_the_customer_and_the_agent_fetch_the_file_as_any_other(ticket: World) -> None:
    send(ticket)
    seq = timeline(ticket).articles[-1].seq
    anna = signed_in(ticket, "anna")
    pages = (Browser(ticket), link(ticket)), (anna, "/agent/tickets/1001")
    for browser, page in pages:
        assert "guide.pdf" in browser.get(page).text
        fetched = browser.get(f"{page}/articles/{seq}/attachments/0")
        assert fetched.status == 303
        assert key_of(GUIDE) in fetched.location


def test_a_program_sees_which_files_go_along_and_drops_one(ticket: World) -> None:
    path = "/api/v1/tickets/1001/macros/guide"
    found = api(ticket, "GET", path).body["files"]
    assert [(one["name"], one["size"]) for one in found] == [("guide.pdf", 21), ("hours.txt", 7)]
    assert found[0]["sha256"] == hashlib.sha256(GUIDE).hexdigest()
    assert not [one for one in timeline(ticket).articles if one.author.is_agent]
    assert api(ticket, "POST", path, {"dropped": ["hours.txt"]}).status == 200
    ticket.settle()
    assert list(sent_files(ticket)) == ["guide.pdf"]


def test_a_canned_answer_takes_its_file_along(ticket: World) -> None:
    assert api(ticket, "POST", "/api/v1/tickets/1001/macros/canned:hours", {}).status == 200
    ticket.settle()
    assert sent_files(ticket) == {"hours.txt": b"8 to 16"}


def without_hours(page: Answer) -> Answer:
    """The page once the agent has taken the tick off a file."""
    (tick,) = page.soup.find_all("input", attrs={"name": "file.hours.txt"})
    tick.decompose()
    return page


def test_each_file_has_a_tick_in_the_composer_and_can_be_dropped(ticket: World) -> None:
    anna = signed_in(ticket, "anna")
    page = anna.get("/agent/tickets/1001?macro=guide")
    assert "File: guide.pdf (21 B)" in page.text
    (preview,) = page.soup.find_all("a", string="guide.pdf")
    shown = anna.get(str(preview["href"]))
    assert (shown.status, key_of(GUIDE) in shown.location) == (303, True)
    assert anna.get("/agent/files/config").status == 404
    without_hours(page)
    assert anna.submit(page, "/articles").status == 303
    ticket.settle()
    assert list(sent_files(ticket)) == ["guide.pdf"]


def test_an_answer_that_was_overtaken_keeps_its_files_as_they_were_ticked(ticket: World) -> None:
    anna = signed_in(ticket, "anna")
    page = without_hours(anna.get("/agent/tickets/1001?macro=guide"))
    reply_to = str(ticket.mails_to(KIM)[0]["Reply-To"])
    ticket.mail(letter("It works again!", to=reply_to))
    held = anna.submit(page, "/articles")
    assert held.status == 409
    ticks = held.soup.select("#composer .proposal input")
    assert {one["name"]: one.has_attr("checked") for one in ticks} == {
        "file.guide.pdf": True,
        "file.hours.txt": False,
    }
    assert anna.submit(held, "/articles").status == 303
    ticket.settle()
    assert list(sent_files(ticket)) == ["guide.pdf"]


def test_a_rule_sends_the_file_of_the_canned_answer_that_it_takes(
    live: World, tmp_path: Path
) -> None:
    rule = {"id": "hello", "on": ["opened"], "do": [{"reply": {"canned": "hours"}}]}
    assert main(["apply", desk(tmp_path, triggers=[rule])]) == DONE
    live.mail(letter())
    assert sent_files(live) == {"hours.txt": b"8 to 16"}
    assert live.mails_to(KIM)[-1]["Auto-Submitted"] == "auto-generated"
    case = {**CASE, "expect": {"mail": {"automatic": "From 8 to 16."}}}
    assert main(["test-desk", desk(tmp_path, triggers=[rule], cases=[case])]) == DONE


# What becomes of it. -------------------------------------------------------------------------


def test_forgetting_a_person_leaves_the_files_of_the_desk(ticket: World) -> None:
    send(ticket)
    person = timeline(ticket).ticket.requester.person
    erasure.erase(ticket.ports, agent(ticket, "lena"), person)
    assert {key_of(GUIDE), key_of(b"8 to 16")} <= set(stored())
    ticket.mail(letter("The other one", sender="Eva <eva@customer.example>", subject="Scanner"))
    send(ticket, 1002)
    assert ticket.mails_to("eva@customer.example")[-1].is_multipart()
    names = [one.name for one in timeline(ticket).articles[-1].attachments]
    assert names == ["guide.pdf", "hours.txt"]


def test_a_file_of_the_desk_stays_whoever_wrote_the_article_that_names_it(ticket: World) -> None:
    found = timeline(ticket)
    person = people.get(found.ticket.requester.person)
    assert person is not None
    ours = Attachment("guide.pdf", "application/pdf", 21, key_of(GUIDE))
    theirs = Attachment("photo.png", "image/png", 9, "attachments/ses1/0")
    article = replace(found.articles[0], attachments=(ours, theirs))
    step = next_step(person, found.ticket, [article], [], [], limit=9)
    assert step.files == (theirs.key,)


def test_an_export_holds_a_file_of_the_desk_once_for_all_who_name_it(ticket: World) -> None:
    for _ in range(2):
        send(ticket)
    export = request(ticket)
    named = [one for row in rows(export, "articles") for one in row["attachments"]]
    assert [one["name"] for one in named] == ["guide.pdf", "hours.txt"] * 2
    assert {one["file"] for one in named} == {
        f"files/{hashlib.sha256(content).hexdigest()}" for content in (GUIDE, b"8 to 16")
    }
    inside = members(export)
    assert inside[named[0]["file"]] == [GUIDE]
    assert manifest(export)["counts"]["files"] == 3, "the mail and two files"
