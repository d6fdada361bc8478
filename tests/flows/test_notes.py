"""Notes on persons and organizations: who writes them, whom they remind, and when they go."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib import table
from chalicelib.erasure import service as erasure
from chalicelib.errors import Conflict, Invalid, NotFound
from chalicelib.ledger.model import Actor
from chalicelib.ledger.store import EntryItem, from_item
from chalicelib.notes import service as notes
from chalicelib.notes.model import Wanted
from chalicelib.notes.service import Kind
from chalicelib.organizations import service as organizations
from chalicelib.organizations.service import Wanted as Wish
from chalicelib.people.notes import Note
from chalicelib.tickets.access import SCOPES, Who
from tests.aws_calls import aws_client
from tests.flows.test_exports import request, rows
from tests.meter import Meter
from tests.web.calls import api
from tests.web.desk import agent, ticket
from tests.world import World, letter

EVERYBODY = Who(Actor("token", "dpo"), "dpo", "", frozenset(SCOPES), None)
TOMORROW = "2026-03-03T08:00"


@pytest.fixture(autouse=True)
def _ticket(world: World) -> None:
    world.mail(letter())


def kim() -> str:
    return ticket().requester.person


def add(world: World, text: str = "Prefers to be called.", **wanted: Any) -> Note:
    who = agent(world)
    return notes.add(world.ports, who, Kind.PERSON, kim(), Wanted(text=text, **wanted))


def change(world: World, note: Note, **wanted: Any) -> Note:
    return notes.change(world.ports, agent(world), Kind.PERSON, kim(), note.id, Wanted(**wanted))


def of_kim(world: World) -> tuple[Note, ...]:
    return notes.read(agent(world), Kind.PERSON, kim()).notes


def reminders(world: World, name: str = "anna") -> list[str]:
    found, _ = notes.reminders(agent(world, name), name)
    return [note.text for note, _ in found]


def entries(scope: str) -> list[Any]:
    found = table.query(table.system_pk(scope)).items
    return [from_item(item) for item in found if isinstance(item, EntryItem)]


def customer(world: World) -> str:
    return organizations.add(world.ports, EVERYBODY, Wish(name="Customer & Sons")).id


def test_a_note_is_written_changed_done_and_removed_and_each_is_a_fact(world: World) -> None:
    note = add(world)
    assert (note.by, of_kim(world)) == ("anna", (note,))
    assert change(world, note, text="Never call before ten.").text == "Never call before ten."
    assert change(world, note, is_done=True).is_done
    assert not change(world, note, is_done=False).is_done
    notes.remove(world.ports, agent(world), Kind.PERSON, kim(), note.id)
    assert of_kim(world) == ()
    told = entries(f"person#{kim()}")
    assert [name for entry in told for name in entry.types] == [
        "NoteAdded",
        "NoteChanged",
        "NoteChanged",
        "NoteChanged",
        "NoteRemoved",
    ]
    assert [entry.prev for entry in told[1:]] == [entry.hash for entry in told[:-1]]
    assert told[1].facts[0].is_reworded
    assert (told[2].facts[0].before, told[2].facts[0].after) == (
        {"is_done": False},
        {"is_done": True},
    )


def test_what_a_note_says_is_in_no_ledger(world: World) -> None:
    change(world, add(world, "Has a secret."), text="Has two secrets.")
    assert "secret" not in "".join(str(entry.payload) for entry in entries(f"person#{kim()}"))


def test_to_set_what_is_set_already_is_no_change(world: World) -> None:
    note = add(world, due=TOMORROW)
    assert change(world, note, due=TOMORROW, owner="anna", is_done=False) == note
    assert len(entries(f"person#{kim()}")) == 1


def test_somebody_with_all_notes_is_one_query(world: World) -> None:
    for n in range(5):
        add(world, f"Note {n}")
    person, who = kim(), agent(world)
    with Meter() as meter:
        found = notes.read(who, Kind.PERSON, person).notes
    assert [note.text for note in found] == [f"Note {n}" for n in range(5)]
    assert len(meter.calls) == 1


def test_what_cannot_be_used_is_named_all_at_once(world: World) -> None:
    with pytest.raises(Invalid) as caught:
        add(world, " ", owner="nobody", due="yesterday")
    assert caught.value.fields.keys() == {"text", "owner", "due"}
    with pytest.raises(Invalid) as caught:
        add(world, "x" * 4001)
    assert caught.value.fields.keys() == {"text"}
    with pytest.raises(NotFound):
        notes.read(agent(world), Kind.PERSON, "nobody")
    with pytest.raises(NotFound):
        notes.remove(world.ports, agent(world), Kind.PERSON, kim(), "nothing")


def test_a_time_needs_somebody_to_remind(world: World) -> None:
    wanted = Wanted(text="Call back.", due=TOMORROW)
    with pytest.raises(Invalid) as caught:
        notes.add(world.ports, EVERYBODY, Kind.PERSON, kim(), wanted)
    assert caught.value.fields.keys() == {"owner"}
    assert add(world, due=TOMORROW).owner == "anna"


def test_somebody_has_at_most_fifty_notes(world: World) -> None:
    for n in range(50):
        add(world, f"Note {n}")
    with pytest.raises(Conflict, match="at most 50"):
        add(world)
    erasure.erase(world.ports, EVERYBODY, kim())


def test_the_same_request_again_finds_the_last_note_that_had_a_place(world: World) -> None:
    path, headers = f"/api/v1/people/{kim()}/notes", {"Idempotency-Key": "once"}
    for n in range(49):
        add(world, f"Note {n}")
    first = api(world, "POST", path, {"text": "The last."}, headers=headers)
    assert first.status == 201
    assert api(world, "POST", path, {"text": "The last."}, headers=headers) == first


def test_an_agent_finds_open_reminders_the_next_due_first_in_two_calls(world: World) -> None:
    add(world, "Later.", due="2026-03-05T08:00")
    add(world, "Sooner.", due=TOMORROW)
    add(world, "Some day.", owner="anna")
    add(world, "For nobody.")
    add(world, "For Lena.", owner="lena@agents.example", due=TOMORROW)
    done = add(world, "Done.", due=TOMORROW)
    change(world, done, is_done=True)
    agent(world)
    with Meter() as meter:
        found = reminders(world)
    assert found == ["Sooner.", "Later.", "Some day."]
    assert len(meter.calls) == 2
    assert reminders(world, "lena") == ["For Lena."]


def test_an_organization_has_notes_in_the_ledger_that_it_has(world: World) -> None:
    made = customer(world)
    wanted = Wanted(text="Renews in May.", due=TOMORROW)
    notes.add(world.ports, agent(world), Kind.ORGANIZATION, made, wanted)
    organizations.change(world.ports, EVERYBODY, made, Wish(note="Pays late."))
    told = entries(f"organization#{made}")
    assert [name for entry in told for name in entry.types] == [
        "OrganizationAdded",
        "NoteAdded",
        "OrganizationChanged",
    ]
    assert [entry.prev for entry in told[1:]] == [entry.hash for entry in told[:-1]]
    assert reminders(world) == ["Renews in May."]


def test_an_organization_that_is_forgotten_takes_its_notes_along(world: World) -> None:
    made = customer(world)
    wanted = Wanted(text="Renews in May.", owner="anna")
    notes.add(world.ports, agent(world), Kind.ORGANIZATION, made, wanted)
    organizations.remove(world.ports, EVERYBODY, made)
    assert reminders(world) == []
    assert table.query(table.organization_pk(made)).items == ()


def test_an_erasure_leaves_no_note_and_a_ledger_that_goes_on(world: World) -> None:
    person = kim()
    add(world, "Is ill.", due=TOMORROW)
    erasure.erase(world.ports, EVERYBODY, person)
    held = aws_client("dynamodb").query(
        TableName=world.ports.config.table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": table.person_pk(person)}},
    )["Items"]
    assert [item["sk"]["S"] for item in held] == ["~"]
    assert reminders(world) == []
    told = entries(f"person#{person}")
    assert [name for entry in told for name in entry.types] == ["NoteAdded", "PersonErased"]
    assert told[1].prev == told[0].hash
    with pytest.raises(NotFound):
        notes.add(world.ports, agent(world), Kind.PERSON, person, Wanted(text="Too late."))
    assert erasure.erase(world.ports, EVERYBODY, person).tickets == 0


def test_a_note_that_comes_while_somebody_is_forgotten_does_not_stay(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = kim()
    slow: list[bool] = []
    transact = table.transact

    def overtaken(writes: Any, **more: Any) -> None:
        if not slow:
            slow.append(True)
            erasure.erase(world.ports, EVERYBODY, person)
        transact(writes, **more)

    monkeypatch.setattr("chalicelib.table.transact", overtaken)
    with pytest.raises(NotFound):
        notes.add(world.ports, agent(world), Kind.PERSON, person, Wanted(text="Is ill."))
    monkeypatch.undo()
    assert len(table.query(table.person_pk(person)).items) == 1


def test_notes_are_in_the_export(world: World) -> None:
    note, made = add(world, due=TOMORROW), customer(world)
    wanted = Wanted(text="Renews in May.")
    notes.add(world.ports, agent(world), Kind.ORGANIZATION, made, wanted)
    found = {row["text"]: row for row in rows(request(world), "notes")}
    first, second = found[note.text], found["Renews in May."]
    assert (first["person"], first["organization"], first["owner"]) == (kim(), None, "anna")
    assert (second["person"], second["organization"], second["due_at"]) == (None, made, None)
