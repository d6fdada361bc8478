"""A person is forgotten; their tickets, and the proof of what happened to them, stay."""

import json
from dataclasses import replace
from typing import Any

import pytest

from chalicelib import table
from chalicelib.desk.service import live_desk
from chalicelib.erasure import service
from chalicelib.errors import Conflict, Forbidden, NotFound
from chalicelib.ledger.model import flaws
from chalicelib.ledger.store import EntryItem, from_item
from chalicelib.people import store as people
from chalicelib.tickets import service as tickets
from chalicelib.tickets import store
from chalicelib.tickets.access import Who
from chalicelib.tickets.edits import Edit
from chalicelib.tickets.model import ArticleKind, Contact, DeliveryState, Timeline
from chalicelib.tickets.opening import Opening
from tests.aws_calls import aws_client
from tests.world import DESK, World, letter

KIM = "kim@customer.example"


def agent(world: World, name: str = "lena") -> Who:
    return Who.from_agent(live_desk(world.ports).agents[name])


def on(number: int) -> Timeline:
    found = store.timeline(number)
    assert found is not None
    return found


def kim() -> str:
    return on(1001).ticket.requester.person


def erase(world: World, person: str) -> Any:
    return service.erase(world.ports, agent(world), person)


def story(world: World) -> str:
    """A ticket with all that a person can leave on one; returns the person's id."""
    message = letter("I am Kim, call 555 0100.", subject="Kim's printer", Cc="Bo <bo@b.example>")
    message.add_attachment(b"a photo of Kim", maintype="image", subtype="png", filename="kim.png")
    world.mail(message)
    tickets.edit_ticket(world.ports, agent(world), 1001, Edit(subject="Printer of Kim"))
    tickets.write_article(
        world.ports, agent(world), 1001, tickets.Draft(ArticleKind.REPLY, "Switch it on.")
    )
    world.settle()
    reply = letter("Thanks, it works.", subject=str(world.last_mail["Subject"]))
    reply["In-Reply-To"] = world.mails_to(KIM)[-1]["Message-ID"]
    world.mail(reply)
    return kim()


def everything_stored() -> str:
    """All of the table and all of both buckets, as text to search in."""
    client = aws_client("dynamodb")
    found = [json.dumps(client.scan(TableName="desk")["Items"], default=str)]
    s3 = aws_client("s3")
    for bucket in ("mail", "files"):
        for listed in s3.list_objects_v2(Bucket=bucket).get("Contents", ()):
            body = s3.get_object(Bucket=bucket, Key=listed["Key"])["Body"].read()
            found.append(body.decode(errors="replace"))
    return "\n".join(found)


def test_nothing_of_the_person_is_stored_anywhere(world: World) -> None:
    person = story(world)
    before = everything_stored()
    traces = (KIM, "Kim", "555 0100", "it works", "kim.png", "a photo of")
    assert all(trace in before for trace in traces)
    erase(world, person)
    after = everything_stored()
    assert [trace for trace in traces if trace in after] == []


def test_the_ticket_stays_with_its_times_its_states_and_what_others_wrote(world: World) -> None:
    person = story(world)
    before = on(1001)
    erase(world, person)
    after = on(1001)
    for name in ("status", "group", "assignee", "priority", "opened_at", "clocks"):
        assert getattr(after.ticket, name) == getattr(before.ticket, name)
    assert after.ticket.subject == "-"
    assert [a.seq for a in after.articles] == [a.seq for a in before.articles]
    assert [a.text for a in after.articles if a.author.is_agent] == ["Switch it on."]
    assert after.ticket.contacts[0].name == f"Person-{person}"
    assert after.ticket.contacts[1] == before.ticket.contacts[1]


def test_the_ledger_still_verifies_and_says_that_somebody_was_erased(world: World) -> None:
    person = story(world)
    erase(world, person)
    entries = store.entries_in(store.everything(1001))
    assert flaws(entries) == []
    assert on(1001).ticket.chain == entries[-1].hash
    assert entries[-1].types == ("PersonErased",)
    erased = [entry.types for entry in entries if entry.payload is None]
    assert any("ParticipantAdded" in types for types in erased)
    assert any("SubjectChanged" in types for types in erased)
    assert all(entry.salt is None for entry in entries if entry.payload is None)


def test_what_holds_nothing_personal_can_still_be_read_in_the_ledger(world: World) -> None:
    world.mail(letter())
    erase(world, kim())
    first, *_ = store.entries_in(store.everything(1001))
    assert first.payload is not None
    assert "TicketOpened" in first.types


def test_the_list_shows_the_pseudonym(world: World) -> None:
    world.mail(letter())
    person = kim()
    erase(world, person)
    page = store.list_page("gsi1", table.group_open("support"), limit=10, start=None)
    row = page.items[0].columns
    assert (row["name"], row["email"], row["subject"]) == (f"Person-{person}", "", "-")


def test_mails_of_others_on_the_same_desk_are_not_touched(world: World) -> None:
    world.mail(letter())
    world.mail(letter("Me too", sender="Bo <bo@b.example>", subject="Mouse"))
    before = on(1002)
    done = erase(world, kim())
    assert on(1002) == before
    assert done.tickets == 1


def test_a_mail_that_waits_is_not_sent_to_nobody(world: World) -> None:
    world.mail(letter())
    tickets.write_article(
        world.ports, agent(world), 1001, tickets.Draft(ArticleKind.REPLY, "Hello Kim")
    )
    sent = len(world.outbox)
    erase(world, kim())
    world.settle()
    world.pass_time(hours=3)
    assert len(world.outbox) == sent
    queued = on(1001).deliveries[-1]
    assert (queued.state, queued.reason, queued.email) == (DeliveryState.FAILED, "erased", "")


def test_a_mail_that_was_just_being_sent_keeps_what_became_of_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.mail(letter())
    draft = tickets.Draft(ArticleKind.REPLY, "Hello Kim")
    tickets.write_article(world.ports, agent(world), 1001, draft)
    person, delete_files = kim(), service._delete_files

    def settles_first(*given: Any) -> None:
        world.settle()
        delete_files(*given)

    monkeypatch.setattr(service, "_delete_files", settles_first)
    erase(world, person)
    last = on(1001).deliveries[-1]
    assert (last.state, last.email, last.reason) == (DeliveryState.SENT, "", None)


def test_no_alarm_rings_for_the_mails_of_an_erased_person(world: World) -> None:
    world.mail(letter(to="hr@desk.example"))
    erase(world, kim())
    world.pass_time(days=2)
    assert world.sweep() == 0


def test_the_person_keeps_the_id_and_the_address_is_free_again(world: World) -> None:
    world.mail(letter())
    person = kim()
    erase(world, person)
    shell = people.get(person)
    assert shell is not None
    assert (shell.is_erased, shell.name, shell.email) == (True, f"Person-{person}", "")
    world.mail(letter("I am back."))
    assert on(1002).ticket.requester.person != person
    assert on(1002).ticket.requester.email == KIM


def test_the_erasure_is_in_the_ledger_of_the_system(world: World) -> None:
    world.mail(letter())
    person = kim()
    erase(world, person)
    page = table.query(table.system_pk(f"person#{person}"))
    (entry,) = [from_item(item) for item in page.items if isinstance(item, EntryItem)]
    assert (entry.types, entry.actor) == (("PersonErased",), "agent:lena")
    assert flaws([entry]) == []


def test_erasing_again_changes_nothing(world: World) -> None:
    person = story(world)
    first = erase(world, person)
    assert (first.tickets, first.articles, first.files) == (1, 2, 3)
    before = everything_stored()
    again = erase(world, person)
    assert (again.tickets, again.articles, again.deliveries, again.entries) == (0, 0, 0, 0)
    assert everything_stored() == before


def test_an_erasure_that_died_goes_on_where_it_stopped(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = story(world)
    monkeypatch.setattr(service, "STEP_ITEMS", 2)
    save, saved = tickets.save, []

    def dies(*given: Any, **named: Any) -> Any:
        if len(saved) == 2:
            raise ConnectionError
        saved.append(given)
        return save(*given, **named)

    with monkeypatch.context() as patch:
        patch.setattr(tickets, "save", dies)
        with pytest.raises(ConnectionError):
            erase(world, person)
    assert KIM in everything_stored()
    erase(world, person)
    assert KIM not in everything_stored()
    assert flaws(store.entries_in(store.everything(1001))) == []


def test_a_ticket_with_more_than_one_transaction_holds_is_erased_in_steps(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert service.STEP_ITEMS + len(("head", "entry")) <= 100
    monkeypatch.setattr(service, "STEP_ITEMS", 5)
    world.mail(letter())
    before = on(1001)
    (mine,) = before.articles
    table.transact(
        table.Write(store.article_item(replace(mine, seq=seq))) for seq in range(1000, 1011)
    )
    done = erase(world, before.ticket.requester.person)
    assert (done.tickets, done.articles, done.deliveries) == (1, 12, 1)
    assert KIM not in everything_stored()
    assert on(1001).ticket.seq == before.ticket.seq + 3


def test_whoever_writes_at_the_same_time_loses_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.mail(letter())
    person, next_step = kim(), service._next_step
    raced = []

    def races(*given: Any) -> Any:
        step = next_step(*given)
        if not raced:
            raced.append(1)
            draft = tickets.Draft(ArticleKind.NOTE, "A note meanwhile.")
            tickets.write_article(world.ports, agent(world), 1001, draft)
        return step

    monkeypatch.setattr(service, "_next_step", races)
    erase(world, person)
    assert on(1001).articles[-1].text == "A note meanwhile."
    assert on(1001).ticket.requester.email == ""
    assert flaws(store.entries_in(store.everything(1001))) == []


def test_a_ticket_that_never_holds_still_is_reported(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.mail(letter())
    person = kim()

    def loses(*_given: Any, **_named: Any) -> Any:
        raise table.Lost({})

    monkeypatch.setattr(tickets, "save", loses)
    with pytest.raises(Conflict):
        erase(world, person)
    found = people.get(person)
    assert found is not None
    assert not found.is_erased


def test_a_ticket_registered_by_phone_is_erased_as_well(world: World) -> None:
    world.mail(letter())
    person = kim()
    contact = Contact(person, "Kim Jensen", KIM, "en")
    opening = Opening("support", "Kim called", contact, "phone")
    who, desk = agent(world), live_desk(world.ports)
    tickets.open_ticket(world.ports, who, opening, "Kim said 555 0100. " * 1000, desk=desk)
    world.settle()
    assert erase(world, person).tickets == 2
    assert "555 0100" not in everything_stored()


def test_only_who_sees_all_groups_may_erase(world: World) -> None:
    world.mail(letter())
    limited = replace(agent(world), groups=frozenset(DESK["groups"]))
    for who in (agent(world, "anna"), limited):
        with pytest.raises(Forbidden):
            service.erase(world.ports, who, kim())
    assert on(1001).ticket.requester.email == KIM


def test_nobody_is_erased_who_does_not_exist(world: World) -> None:
    with pytest.raises(NotFound):
        erase(world, "nosuch")
