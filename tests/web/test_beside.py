"""What goes on beside a ticket's page: who else is there, and drafts, with a script and without."""

from __future__ import annotations

import re

import pytest

from chalicelib import render
from chalicelib.web import pages
from tests.meter import Meter
from tests.web.browser import Answer, Browser, filled
from tests.web.conftest import signed_in
from tests.web.desk import NUMBER, texts, write
from tests.world import World, letter

PAGE = f"/agent/tickets/{NUMBER}"


@pytest.fixture(autouse=True)
def _ticket(world: World) -> None:
    world.mail(letter("The printer on floor 2 is broken."))


@pytest.fixture
def lena(world: World) -> Browser:
    return signed_in(world, "lena")


def token_of(page: Answer) -> str:
    return filled(page.form("/articles"))["csrf_token"]


def beat(browser: Browser, mode: str) -> Answer:
    """What the page's script posts."""
    fields = {"csrf_token": token_of(browser.get(PAGE)), "mode": mode}
    return browser.post(f"{PAGE}/presence", fields)


def shown(answer: Answer) -> list[tuple[str, str]]:
    """The colour and the words of everybody who is there."""
    return [
        (one["class"][-1], one.get_text())
        for one in answer.soup.select(".pill-viewing, .pill-composing")
    ]


def test_a_beat_answers_with_the_part_of_the_page_that_it_replaces(
    anna: Browser, lena: Browser
) -> None:
    assert beat(anna, "composing").body.strip() == ""
    part = beat(lena, "viewing")
    assert shown(part) == [("pill-composing", "Anna Berg is writing")]
    assert part.soup.find("html") is None
    assert shown(beat(anna, "viewing")) == [("pill-viewing", "Lena Holm is viewing")]


def test_the_page_shows_who_is_there_without_a_script_too(anna: Browser, lena: Browser) -> None:
    beat(anna, "viewing")
    page = lena.get(PAGE)
    assert shown(page) == [("pill-viewing", "Anna Berg is viewing")]
    assert page.soup.find(id="others")["aria-live"] == "polite"
    beat(anna, "left")
    assert shown(lena.get(PAGE)) == []


def test_presence_is_read_in_the_agents_own_language(world: World, anna: Browser) -> None:
    beat(anna, "composing")
    lena = signed_in(world, "lena")
    token = token_of(lena.get(PAGE))
    lena.language = "da"
    part = lena.post(f"{PAGE}/presence", {"csrf_token": token, "mode": "viewing"})
    assert shown(part)[0][1] in {"Anna Berg skriver", "Anna Berg is writing"}


def test_a_beat_by_session_is_one_call(anna: Browser) -> None:
    page = anna.get(PAGE)
    fields = {"csrf_token": token_of(page), "mode": "viewing"}
    anna.post(f"{PAGE}/presence", fields)
    with Meter() as meter:
        anna.post(f"{PAGE}/presence", fields)
    assert [call.operation for call in meter.calls] == ["UpdateItem"]


def test_a_beat_needs_the_sessions_token_a_known_mode_and_sight_of_the_ticket(
    world: World, anna: Browser
) -> None:
    assert anna.post(f"{PAGE}/presence", {"mode": "viewing"}).status == 403
    assert beat(anna, "sleeping").status == 400
    hugo = signed_in(world, "hugo")
    token = filled(hugo.get("/agent/inbox").form("/sign-out"))["csrf_token"]
    for path in ("presence", "draft", "draft/discard"):
        assert hugo.post(f"{PAGE}/{path}", {"csrf_token": token, "text": "x"}).status == 404
    assert hugo.get(f"{PAGE}/drafts/anna").status == 404


def test_the_script_is_a_file_of_ours_and_nothing_else_may_run(anna: Browser) -> None:
    page = anna.get(PAGE)
    (script,) = page.soup.find_all("script")
    assert (script.get_text(), script.has_attr("defer")) == ("", True)
    file = anna.get(str(script["src"]))
    assert (file.status, file.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    assert file.headers["x-content-type-options"] == "nosniff"
    policy = page.headers["content-security-policy"]
    assert policy == pages.HEADERS["Content-Security-Policy"] + pages.SCRIPT_POLICY
    assert "unsafe" not in policy


def test_no_other_page_has_a_script(anna: Browser) -> None:
    for path in ("/agent/tasks", "/agent/suspended", f"{PAGE}/articles/1/whole", "/agent/sign-in"):
        page = anna.get(path)
        assert page.soup.find("script") is None
        assert "script-src" not in page.headers["content-security-policy"]


def test_what_the_script_looks_for_stands_on_the_page(anna: Browser) -> None:
    source = render.asset("ticket.js").decode()
    page = anna.get(PAGE)
    names = re.findall(r'getElementById\("(\w+)"\)', source)
    assert names
    assert all(page.soup.find(id=name) for name in names)
    others = page.soup.find(id="others")
    wanted = set(re.findall(r"dataset\.(\w+)", source))
    assert {f"data-{name}" for name in wanted} <= others.attrs.keys()
    assert [others["data-beat"], others["data-draft"]] == [f"{PAGE}/presence", f"{PAGE}/draft"]


# Drafts. -------------------------------------------------------------------------------------


def keep(browser: Browser, text: str, kind: str = "reply") -> Answer:
    """Press the button that keeps what stands in the composer."""
    form = browser.get(PAGE).form("/articles")
    (button,) = [
        one for one in form.find_all("button") if one.get("formaction", "")[-5:] == "draft"
    ]
    return browser.post(str(button["formaction"]), {**filled(form), "text": text, "kind": kind})


def composed(page: Answer) -> tuple[str, str]:
    fields = filled(page.form("/articles"))
    return fields["kind"], fields["text"].strip()


def test_a_draft_is_there_when_its_writer_comes_back(anna: Browser, lena: Browser) -> None:
    page = anna.follow(keep(anna, "Half a <b>note", "note"))
    assert "Your draft was kept." in page.text
    assert composed(page) == ("note", "Half a <b>note")
    assert composed(lena.get(PAGE)) == ("reply", "")


def test_what_says_neither_reply_nor_note_is_kept_as_a_note(anna: Browser) -> None:
    keep(anna, "Hello", "broadcast")
    assert composed(anna.get(PAGE)) == ("note", "Hello")


def test_a_colleague_follows_the_link_to_a_draft(anna: Browser, lena: Browser) -> None:
    keep(anna, "Dear <b>Kim</b>")
    mine = anna.get(PAGE).soup.select_one("#kept a")["href"]
    (link,) = [a["href"] for a in lena.get(PAGE).soup.select("#composer a")[:1]]
    assert link == mine == f"{PAGE}/drafts/anna"
    page = lena.get(str(link))
    assert "Draft of Anna Berg" in page.text
    assert page.soup.select_one(".text").get_text() == "Dear <b>Kim</b>"
    assert lena.get(f"{PAGE}/drafts/lena").status == 404


def test_sending_or_dropping_ends_a_draft(anna: Browser) -> None:
    keep(anna, "Half")
    assert anna.submit(anna.get(PAGE), "/articles", text="Whole").status == 303
    assert composed(anna.get(PAGE)) == ("reply", "")
    keep(anna, "Again")
    page = anna.get(PAGE)
    dropped = anna.post(f"{PAGE}/draft/discard", filled(page.form("/articles")))
    assert composed(anna.follow(dropped)) == ("reply", "")
    assert texts()[-1] == "Whole"


def test_an_answer_held_back_can_be_dropped_with_its_draft(world: World, anna: Browser) -> None:
    page = anna.get(PAGE)
    keep(anna, "I am on my way.")
    write(world, "Wait.", kind="note")
    keep(anna, "I am on my way.")
    held = anna.submit(page, "/articles", text="I am on my way.")
    assert held.status == 409
    (drop,) = held.soup.select('button[formaction$="/draft/discard"]')
    assert drop.get_text() == "Drop the text"
    left = anna.follow(anna.post(str(drop["formaction"]), filled(held.form("/articles"))))
    assert composed(left) == ("reply", "")
    assert texts()[-1] == "Wait."


def test_a_draft_that_is_too_long_gives_the_text_back(anna: Browser) -> None:
    refused = keep(anna, "x" * 16_001)
    assert refused.status == 400
    assert "x" * 16_001 in refused.text


def test_older_entries_show_nobody_and_no_draft(world: World, anna: Browser, lena: Browser) -> None:
    for turn in range(60):
        write(world, f"Note {turn}", kind="note")
    keep(lena, "Half")
    beat(lena, "composing")
    older = anna.get(str(anna.get(PAGE).soup.select_one('a[rel="prev"]')["href"]))
    assert older.status == 200
    assert shown(older) == []
