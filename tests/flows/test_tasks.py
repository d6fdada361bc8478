"""What remains to be done on a ticket: who does it, until when, and who is told."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.desk.service import apply
from chalicelib.erasure import service as erasure
from chalicelib.errors import Conflict, Invalid, NotFound
from chalicelib.ledger.model import Actor
from chalicelib.tickets import service, store, ticking
from chalicelib.tickets.access import SCOPES, Who
from chalicelib.tickets.edits import Edit
from chalicelib.tickets.model import Task
from chalicelib.tickets.stored_tasks import in_order
from chalicelib.tickets.tasks import Wanted
from tests.meter import Meter
from tests.web.desk import NUMBER, agent, ticket
from tests.world import DESK, World, letter

CHECKLISTS = {
    "joiner": {
        "label": {"en": "New colleague"},
        "tasks": [
            {"title": {"en": "Order a laptop", "da": "Bestil en bærbar"}, "owner": "assignee"},
            {"title": "Make a badge", "owner": "hugo", "due": "+2 business days"},
            {"title": "Water the plants"},
        ],
    }
}


@pytest.fixture(autouse=True)
def _ticket(world: World) -> None:
    world.mail(letter())


def configure(world: World, **support: Any) -> None:
    groups = {**DESK["groups"], "support": {**DESK["groups"]["support"], **support}}
    apply(world.ports, {**DESK, "groups": groups, "checklists": CHECKLISTS})


def add(world: World, title: str = "Order a lamp", **wanted: Any) -> Task:
    task = ticking.add(world.ports, agent(world), NUMBER, Wanted(title=title, **wanted))
    world.settle()
    return task


def tick(world: World, task: Task, **wanted: Any) -> Task:
    return ticking.change(world.ports, agent(world), NUMBER, task.id, Wanted(**wanted))


def tasks() -> tuple[Task, ...]:
    found = store.timeline(NUMBER)
    assert found is not None
    return in_order(found.tasks)


def facts_of(number: int = NUMBER) -> list[str]:
    found = store.timeline(number)
    assert found is not None
    return [name for entry in found.entries for name in getattr(entry, "types", ())]


def solve(world: World) -> None:
    service.edit_ticket(world.ports, agent(world), NUMBER, Edit(status="solved"))
    world.settle()


def sweep(world: World) -> None:
    world.sweep()
    world.settle()


def test_a_task_is_done_and_reopened_and_each_is_a_fact(world: World) -> None:
    task = add(world, owner="anna", due="+2 business days")
    assert (ticket().tasks, tasks()) == ((1, 1), (task,))
    assert tick(world, task, is_done=True).is_done
    assert ticket().tasks == (0, 1)
    assert not tick(world, task, is_done=False).is_done
    assert ticket().tasks == (1, 1)
    ticking.remove(world.ports, agent(world), NUMBER, task.id)
    assert (ticket().tasks, tasks()) == ((0, 0), ())
    told = [name for name in facts_of() if name.startswith("Task")]
    assert told == ["TaskAdded", "TaskDone", "TaskReopened", "TaskRemoved"]


def test_to_tick_off_twice_is_once(world: World) -> None:
    task = add(world)
    first = tick(world, task, is_done=True)
    assert tick(world, task, is_done=True) == first
    assert facts_of().count("TaskDone") == 1


def test_a_task_changes_no_version_that_an_edit_could_conflict_with(world: World) -> None:
    before = ticket().version
    add(world)
    assert ticket().version == before


def test_what_changed_of_a_task_stands_in_the_ledger(world: World) -> None:
    task = add(world, owner="anna")
    tick(world, task, owner="lena", title="Order two lamps", due="2026-03-09T08:00")
    found = store.timeline(NUMBER)
    assert found is not None
    fact = found.entries[-1].facts[0]
    assert (fact.before["owner"], fact.after["owner"]) == ("anna", "lena")
    assert fact.after["due_at"] == "2026-03-09T07:00:00+00:00"
    assert (fact.title_before, fact.title) == ("Order a lamp", "Order two lamps")
    assert fact.to_detail().keys() == {"task", "before", "after"}


def test_what_cannot_be_used_is_named_all_at_once(world: World) -> None:
    with pytest.raises(Invalid) as caught:
        add(world, " ", owner="hugo", due="yesterday")
    assert caught.value.fields.keys() == {"title", "owner", "due"}
    assert "not in the group" in caught.value.fields["owner"]
    with pytest.raises(NotFound):
        ticking.remove(world.ports, agent(world), NUMBER, "1-0")


def test_a_ticket_has_at_most_fifty_tasks(world: World) -> None:
    tasks_of_it = [{"title": f"Step {n}"} for n in range(50)]
    apply(world.ports, {**DESK, "checklists": {"all": {"tasks": tasks_of_it}}})
    ticking.start(world.ports, agent(world), NUMBER, "all")
    assert len(tasks()) == 50
    with pytest.raises(Conflict, match="at most 50"):
        add(world)


def test_a_checklist_is_started_as_one_change(world: World) -> None:
    configure(world)
    service.edit_ticket(world.ports, agent(world), NUMBER, Edit(assignee="anna"))
    before = ticket().seq
    ticking.start(world.ports, agent(world), NUMBER, "joiner")
    assert ticket().seq == before + 1
    # Hugo may not see the ticket: nobody has his task until somebody says who.
    assert [(task.title, task.owner) for task in tasks()] == [
        ("Order a laptop", "anna"),
        ("Make a badge", None),
        ("Water the plants", None),
    ]
    due = [task.due_at and task.due_at.isoformat() for task in tasks()]
    assert due == [None, "2026-03-04T07:00:00+00:00", None]
    with pytest.raises(Invalid):
        ticking.start(world.ports, agent(world), NUMBER, "leaver")


def test_open_tasks_hold_a_ticket_up_where_its_group_says_so_and_are_named(world: World) -> None:
    configure(world, open_tasks="block")
    first, second = add(world, "Order a lamp"), add(world, "Screw it in")
    tick(world, first, is_done=True)
    with pytest.raises(Invalid) as caught:
        solve(world)
    assert caught.value.fields == {
        "status": "has open tasks",
        "tasks": "do these first: Screw it in",
    }
    tick(world, second, is_done=True)
    solve(world)
    assert ticket().status == "solved"


def test_elsewhere_open_tasks_hold_nothing_up(world: World) -> None:
    add(world)
    solve(world)
    assert ticket().status == "solved"
    assert ticket().open_tasks == 1


def test_solving_with_tasks_takes_no_call_more(world: World) -> None:
    configure(world, open_tasks="block")
    tick(world, add(world), is_done=True)
    with Meter() as meter:
        service.edit_ticket(world.ports, agent(world), NUMBER, Edit(status="solved"))
    assert len(meter.calls) == 2


def test_the_owner_of_a_task_is_told_once_when_it_is_due(world: World) -> None:
    add(world, owner="anna", due="2026-03-02T11:00")
    world.pass_time(minutes=59)
    sweep(world)
    assert world.mails_to("anna@agents.example") == []
    world.pass_time(minutes=1)
    for _ in range(3):
        sweep(world)
    (notice,) = world.mails_to("anna@agents.example")
    assert "A task on ticket #1001 is due" in str(notice["Subject"])
    assert "Order a lamp" in notice.as_string()
    assert "the task is yours" in notice.as_string()
    assert facts_of().count("TaskDue") == 1
    assert tasks()[0].is_reminded


def test_two_overlapping_sweeps_remind_once(world: World) -> None:
    add(world, owner="anna", due="2026-03-02T11:00")
    world.pass_time(hours=2)
    world.sweep()
    world.sweep()
    world.settle()
    assert len(world.mails_to("anna@agents.example")) == 1


def test_of_a_task_that_nobody_has_the_assignee_is_told_and_else_the_lead(world: World) -> None:
    add(world, due="2026-03-02T11:00")
    world.pass_time(hours=1)
    sweep(world)
    assert len(world.mails_to("lena@agents.example")) == 1
    service.edit_ticket(world.ports, agent(world), NUMBER, Edit(assignee="anna"))
    add(world, "Screw it in", due="2026-03-02T12:00")
    world.pass_time(hours=1)
    sweep(world)
    (notice,) = world.mails_to("anna@agents.example")
    assert "you look after the ticket" in notice.as_string()


def test_a_new_time_reminds_anew(world: World) -> None:
    task = add(world, owner="anna", due="2026-03-02T11:00")
    world.pass_time(hours=1)
    sweep(world)
    tick(world, task, due="2026-03-02T12:00")
    world.pass_time(hours=1)
    sweep(world)
    assert len(world.mails_to("anna@agents.example")) == 2


def test_nobody_is_reminded_of_what_is_done_or_of_a_ticket_that_is_over(world: World) -> None:
    tick(world, add(world, owner="anna", due="2026-03-02T11:00"), is_done=True)
    add(world, "Screw it in", owner="anna", due="2026-03-02T11:00")
    solve(world)
    sent = len(world.outbox)
    world.pass_time(hours=2)
    sweep(world)
    sweep(world)
    assert len(world.outbox) == sent


def test_an_agent_finds_the_own_open_tasks_as_far_as_the_tickets_are_theirs_to_see(
    world: World,
) -> None:
    world.mail(letter("Smoke.", to="quick@desk.example", subject="Smoke"))
    add(world, "Later", owner="anna", due="2026-03-05T08:00")
    add(world, "Sooner", owner="anna", due="2026-03-03T08:00")
    done = add(world, "Done", owner="anna")
    tick(world, done, is_done=True)
    ticking.add(world.ports, agent(world, "lena"), 1002, Wanted(title="Put it out", owner="anna"))
    with Meter() as meter:
        found, following = ticking.of_agent(agent(world), "anna", limit=50, start=None)
    assert [(task.title, on.number) for task, on in found] == [
        ("Sooner", NUMBER),
        ("Later", NUMBER),
        ("Put it out", 1002),
    ]
    assert following is None
    assert len(meter.calls) == 2
    service.edit_ticket(world.ports, agent(world, "lena"), 1002, Edit(group="hr"))
    found, _ = ticking.of_agent(agent(world), "anna", limit=50, start=None)
    assert [on.number for _, on in found] == [NUMBER, NUMBER]


def test_a_ticket_with_tasks_is_one_query(world: World) -> None:
    for n in range(5):
        add(world, f"Step {n}")
    service.read_ticket(agent(world), NUMBER)
    with Meter() as meter:
        found = service.read_ticket(agent(world), NUMBER)
    assert (len(found.tasks), len(meter.calls)) == (5, 1)


def test_an_erasure_leaves_no_title_of_a_task(world: World) -> None:
    add(world, "Call Kim on her own phone")
    everybody = Who(Actor("token", "dpo"), "dpo", "", frozenset(SCOPES), None)
    person = ticket().requester.person
    erasure.erase(world.ports, everybody, person)
    assert [task.title for task in tasks()] == ["-"]
    assert erasure.erase(world.ports, everybody, person).tickets == 0
