"""An original is read once more after a fix; what was decided about it stays."""

from __future__ import annotations

import pytest

from chalicelib.errors import Conflict, NotFound
from chalicelib.intake import contents, reprocess
from chalicelib.intake import store as intake
from chalicelib.intake.model import Cause, Outcome
from chalicelib.mail.parse import MailError, parse
from tests.flows.test_mail_to_ticket import answer, timeline
from tests.world import World, letter


def test_an_article_is_read_anew_and_everything_else_stays(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(contents, "split_reply", lambda *_: ("lost", ""))
        world.mail(letter("The printer is on fire."), verdicts={"dmarc": "FAIL"})
    before = timeline(world)
    assert before.articles[0].text == "lost"
    assert reprocess.article(world.ports, 1001, 1)
    world.settle()
    after = timeline(world)
    assert after.articles[0].text == "The printer is on fire."
    assert after.articles[0].flight == before.articles[0].flight
    assert after.ticket.version == before.ticket.version
    assert not reprocess.article(world.ports, 1001, 1), "twice is once"


def test_what_came_by_no_mail_cannot_be_read_again(world: World) -> None:
    world.mail(letter())
    answer(world)
    with pytest.raises(NotFound):
        reprocess.article(world.ports, 1001, 2)


def unreadable(world: World, monkeypatch: pytest.MonkeyPatch, **verdicts: str) -> str:
    def refuse(_: bytes) -> None:
        raise MailError("not today")

    with monkeypatch.context() as broken:
        broken.setattr(contents, "parse", refuse)
        return world.mail(letter("worth reading"), verdicts=verdicts)


def test_a_mail_that_could_not_be_read_becomes_a_ticket_after_the_fix(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ses_id = unreadable(world, monkeypatch)
    suspended = intake.get_suspended(ses_id)
    assert suspended is not None
    assert suspended.cause is Cause.UNREADABLE
    fate = reprocess.suspended(world.ports, ses_id)
    assert (fate.outcome, fate.number) == (Outcome.ARTICLE, 1001)
    assert timeline(world).articles[0].text == "worth reading"
    assert intake.get_suspended(ses_id) is None


def test_a_mail_that_turns_out_to_be_spam_waits_for_a_person(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ses_id = unreadable(world, monkeypatch, spam="FAIL")
    with pytest.raises(Conflict, match="spam"):
        reprocess.suspended(world.ports, ses_id)
    assert parse(letter().as_bytes()).subject == "Printer"
