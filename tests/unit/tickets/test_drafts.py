"""What is typed and not sent: kept for its writer and their colleagues, and for nobody's record."""

from __future__ import annotations

import pytest

from chalicelib import table
from chalicelib.errors import Forbidden, Invalid, NotFound
from chalicelib.tickets import drafts, store
from chalicelib.tickets.access import Who
from chalicelib.tickets.model import ArticleKind, KeptDraft
from tests.web.desk import NUMBER, agent, ticket, write
from tests.world import World, letter


@pytest.fixture(autouse=True)
def _ticket(world: World) -> None:
    world.mail(letter())


def keep(world: World, text: str, name: str = "anna") -> None:
    drafts.keep(world.ports, agent(world, name), NUMBER, ArticleKind.REPLY, text)


def kept() -> list[KeptDraft]:
    found = store.timeline(NUMBER)
    assert found is not None
    return list(found.drafts)


def test_each_agent_has_one_draft_and_the_last_one_counts(world: World) -> None:
    keep(world, "Half")
    keep(world, "Half a reply")
    keep(world, "Another", "lena")
    assert [(draft.agent, draft.text) for draft in kept()] == [
        ("anna", "Half a reply"),
        ("lena", "Another"),
    ]


def test_a_draft_is_nobodys_record(world: World) -> None:
    before = ticket()
    world.stream()
    keep(world, "Half a reply")
    assert world.stream() == []
    assert ticket() == before


def test_a_colleague_who_may_see_the_ticket_reads_it(world: World) -> None:
    keep(world, "Half a reply")
    read = drafts.read(world.ports, agent(world, "lena"), NUMBER, "anna")
    assert (read.text, read.kind, read.at) == ("Half a reply", ArticleKind.REPLY, world.now)
    for name, number, whose in (("hugo", NUMBER, "anna"), ("lena", NUMBER, "lena")):
        with pytest.raises(NotFound):
            drafts.read(world.ports, agent(world, name), number, whose)


def test_nobody_keeps_a_draft_on_a_ticket_that_is_not_theirs_to_see(world: World) -> None:
    with pytest.raises(NotFound):
        keep(world, "Psst", "hugo")
    with pytest.raises(NotFound):
        drafts.discard(agent(world, "hugo"), NUMBER)
    reader = Who(agent(world).actor, "", "", frozenset({"tickets:read"}), None, agent="anna")
    with pytest.raises(Forbidden):
        drafts.discard(reader, NUMBER)


def test_sending_ends_the_draft_of_the_sender_alone(world: World) -> None:
    keep(world, "Half a reply")
    keep(world, "Another", "lena")
    write(world, "A whole reply")
    assert [draft.agent for draft in kept()] == ["lena"]


def test_an_empty_draft_and_a_discarded_one_are_none(world: World) -> None:
    keep(world, "Half a reply")
    keep(world, "  ")
    assert kept() == []
    keep(world, "Half a reply")
    drafts.discard(agent(world), NUMBER)
    assert kept() == []


def test_a_draft_of_more_than_sixteen_kilobytes_is_refused(world: World) -> None:
    keep(world, "ø" * 8_000)
    with pytest.raises(Invalid) as refused:
        keep(world, "ø" * 8_001)
    assert refused.value.fields == {"body": "at most 16 KB"}
    assert len(kept()[0].text) == 8_000


def test_a_draft_is_forgotten_after_thirty_days(world: World) -> None:
    keep(world, "Half a reply")
    item = table.fetch([(table.ticket_pk(NUMBER), table.draft_sk("anna"))]).popitem()[1]
    world.pass_time(days=30)
    assert item.ttl == int(world.now.timestamp())
    with pytest.raises(NotFound):
        drafts.read(world.ports, agent(world, "lena"), NUMBER, "anna")
