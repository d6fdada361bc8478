"""Two agents on one ticket at the same moment: one is heard, the other is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chalicelib import table
from chalicelib.tickets import service, store
from chalicelib.tickets.collision import Clash, Overtaken
from chalicelib.tickets.edits import Edit
from chalicelib.tickets.model import ArticleKind
from tests.web.calls import api
from tests.web.conftest import signed_in
from tests.web.desk import NUMBER, agent, articles, held_mail, texts, ticket
from tests.world import World, letter

PAGE = f"/agent/tickets/{NUMBER}"
ASKED = "The printer on floor 2 is broken."


@pytest.fixture(autouse=True)
def _ticket(world: World) -> None:
    world.mail(letter(ASKED))


def answer(world: World, name: str, text: str, seen_seq: int | None, kind: str = "reply") -> None:
    draft = service.Draft(ArticleKind(kind), text, seen_seq=seen_seq)
    service.write_article(world.ports, agent(world, name), NUMBER, draft)


def just_before_the_next_write(patch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let somebody else be faster, after all has been read and decided."""
    transact, acts = table.transact, iter([act])

    def overtaken(writes: object, **more: object) -> None:
        next(acts, lambda: None)()
        transact(writes, **more)  # type: ignore[arg-type]

    patch.setattr(table, "transact", overtaken)


def test_of_two_answers_at_once_exactly_one_is_sent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = ticket().written_seq
    just_before_the_next_write(monkeypatch, lambda: answer(world, "lena", "I take it.", seen))
    with pytest.raises(Overtaken) as overtaken:
        answer(world, "anna", "I take it, too.", seen)
    assert [(one.text, one.author.name) for one in overtaken.value.new] == [
        ("I take it.", "Lena Holm")
    ]
    world.settle()
    assert texts() == [ASKED, "I take it."]
    assert len(world.outbox) == 2, "the acknowledgement and one answer"


def test_of_two_forms_sent_at_once_one_comes_back_with_what_is_new(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, lena = signed_in(world, "anna"), signed_in(world, "lena")
    mine, theirs = anna.get(PAGE), lena.get(PAGE)
    just_before_the_next_write(
        monkeypatch, lambda: lena.submit(theirs, "/articles", text="I take it.")
    )
    held = anna.submit(mine, "/articles", text="I take it, too.")
    assert held.status == 409
    (fresh,) = held.soup.select("article.fresh")
    assert "I take it." in fresh.get_text()
    assert held.form("/articles").find("textarea").get_text().strip() == "I take it, too."
    assert texts() == [ASKED, "I take it."]
    assert anna.submit(held, "/articles").status == 303, "sending anyway"
    assert texts()[-1] == "I take it, too."


def test_of_two_calls_at_once_one_is_answered_with_what_is_new(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/api/v1/tickets/{NUMBER}"
    seen = api(world, "GET", path).body["seq"]
    long = "I take it. " * 100
    just_before_the_next_write(monkeypatch, lambda: answer(world, "lena", long, seen))
    body = {"kind": "reply", "body": "Me, too.", "seen_seq": seen}
    refused = api(world, "POST", f"{path}/articles", body)
    assert refused.status == 409
    error = refused.body["error"]
    assert error["fields"] == {"seen_seq": str(ticket().written_seq)}
    (new,) = error["new"]
    assert new["id"] == str(articles()[-1].seq)
    assert (new["kind"], new["author"]["name"], new["text"]) == ("reply", "Lena Holm", long[:300])


@pytest.mark.parametrize("kind", ["reply", "note"])
def test_what_a_colleague_wrote_holds_an_answer_back(world: World, kind: str) -> None:
    seen = ticket().written_seq
    answer(world, "lena", "Do not answer: they sue us.", None, kind)
    with pytest.raises(Overtaken):
        answer(world, "anna", "Dear Kim,", seen)
    answer(world, "anna", "Dear Kim,", ticket().written_seq)


def test_what_the_customer_wrote_holds_an_answer_back(world: World) -> None:
    seen = ticket().written_seq
    world.mail(letter("Never mind.", to=str(world.last_mail["Reply-To"])))
    with pytest.raises(Overtaken) as overtaken:
        answer(world, "anna", "Dear Kim,", seen)
    assert [one.text for one in overtaken.value.new] == ["Never mind."]


def test_nothing_but_what_people_have_to_read_holds_an_answer_back(world: World) -> None:
    seen = ticket().written_seq
    held_mail(world)
    service.edit_ticket(world.ports, agent(world, "lena"), NUMBER, Edit(priority="high"))
    answer(world, "anna", "Dear Kim,", seen)
    assert texts()[-1] == "Dear Kim,"


def test_a_note_is_never_held_back(world: World) -> None:
    seen = ticket().written_seq
    answer(world, "lena", "One.", None)
    answer(world, "anna", "Two.", seen, "note")
    assert texts()[-1] == "Two."


# Fields. -------------------------------------------------------------------------------------


def edit(world: World, name: str, version: int, **fields: object) -> None:
    service.edit_ticket(world.ports, agent(world, name), NUMBER, Edit(**fields), version=version)


def test_two_who_change_different_fields_at_once_both_get_their_way(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = ticket().version
    just_before_the_next_write(monkeypatch, lambda: edit(world, "lena", seen, priority="high"))
    edit(world, "anna", seen, subject="Printer on floor 2")
    assert (ticket().priority, ticket().subject) == ("high", "Printer on floor 2")


def test_of_two_who_change_the_same_field_at_once_one_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = ticket().version
    just_before_the_next_write(monkeypatch, lambda: edit(world, "lena", seen, priority="high"))
    with pytest.raises(Clash) as clash:
        edit(world, "anna", seen, priority="low", subject="Printer on floor 2")
    assert clash.value.fields == {"priority": "high"}
    assert ticket().subject == "Printer"


def test_an_answer_moves_the_fields_that_it_moves_and_no_other(world: World) -> None:
    seen = ticket().version
    answer(world, "anna", "Dear Kim,", None)
    edit(world, "lena", seen, priority="high")
    with pytest.raises(Clash) as clash:
        edit(world, "lena", seen, status="pending", assignee="lena")
    assert clash.value.fields == {"assignee": "anna@agents.example", "status": "open"}


def test_a_page_that_is_too_old_is_told_so_by_field(world: World) -> None:
    seen = ticket().version
    for turn in range(store.TIMELINE_PAGE + 1):
        edit(world, "lena", ticket().version, subject=f"Turn {turn}")
    with pytest.raises(Clash) as clash:
        edit(world, "anna", seen, priority="high")
    assert clash.value.fields == {"priority": "normal"}


def test_the_page_merges_by_field_and_shows_both_where_it_cannot(world: World) -> None:
    anna, lena = signed_in(world, "anna"), signed_in(world, "lena")
    mine = anna.get(PAGE)
    lena.submit(lena.get(PAGE), "/properties", priority="high", assignee="lena")
    assert anna.submit(mine, "/properties", tags="printer").status == 303
    assert (ticket().priority, ticket().assignee, ticket().tags) == ("high", "lena", ("printer",))
    clash = anna.submit(mine, "/properties", priority="low", tags="door")
    assert clash.status == 409
    shown = {wrong["id"]: " ".join(wrong.get_text().split()) for wrong in wrongs(clash)}
    assert set(shown) == {"priority-error", "tags-error"}
    assert shown["priority-error"].endswith("Now it is: High")
    assert shown["tags-error"].endswith("Now it is: printer")
    form = clash.form("/properties")
    assert form.select_one("#priority option[selected]")["value"] == "low"
    assert form.select_one("#assignee option[selected]")["value"] == "lena"
    assert anna.submit(clash, "/properties").status == 303
    assert (ticket().priority, ticket().assignee, ticket().tags) == ("low", "lena", ("door",))


def wrongs(page: object) -> list[object]:
    return list(page.form("/properties").select(".wrong"))  # type: ignore[attr-defined]
