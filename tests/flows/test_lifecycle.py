"""A ticket's life as it goes by itself: waits that end, tickets that close, mail that is late."""

from __future__ import annotations

from typing import Any

from chalicelib.desk.service import apply
from chalicelib.tickets import service
from chalicelib.tickets.edits import Edit
from tests.flows.test_mail_to_ticket import agent, answer, timeline
from tests.world import DESK, World, letter


def facts_of(world: World, number: int = 1001) -> list[str]:
    return [name for entry in timeline(world, number).entries for name in entry.types]


def edit(world: World, **fields: Any) -> None:
    service.edit_ticket(world.ports, agent(world), 1001, Edit(**fields))
    world.settle()


def configure(world: World, statuses: dict[str, Any] | None = None, **support: Any) -> None:
    """The desk with other statuses, or another way of its first group."""
    groups = {**DESK["groups"], "support": {**DESK["groups"]["support"], **support}}
    apply(world.ports, {**DESK, "groups": groups, "statuses": statuses or {}})


def sweep(world: World) -> None:
    world.sweep()
    world.settle()


def test_a_wait_that_is_over_opens_the_ticket_and_tells_its_assignee_once(world: World) -> None:
    world.mail(letter())
    answer(world)
    edit(world, status="pending", until="+2 business days", reason="A new lamp")
    world.pass_time(days=2)
    for _ in range(3):
        sweep(world)
    ticket = timeline(world).ticket
    assert (ticket.status, ticket.until) == ("open", None)
    assert facts_of(world).count("StatusEnded") == 1
    (notice,) = world.mails_to("anna@agents.example")
    assert "A new lamp" in notice.as_string()
    assert "waits no more" in notice.as_string()
    assert notice["Auto-Submitted"] == "auto-generated"


def test_a_wait_that_reminds_leaves_the_ticket_and_tells_the_lead_where_nobody_has_it(
    world: World,
) -> None:
    configure(world, {"parts": {"category": "on_hold", "at_until": "remind"}})
    world.mail(letter(to="quick@desk.example"))
    edit(world, status="parts", until="2026-03-02T11:00")
    world.pass_time(hours=3)
    sweep(world)
    ticket = timeline(world).ticket
    assert (ticket.status, ticket.label, ticket.until) == ("on_hold", "parts", None)
    reminders = [
        mail for mail in world.mails_to("lena@agents.example") if "long enough" in mail["Subject"]
    ]
    assert len(reminders) == 1
    assert "still waits" in reminders[0].as_string()


def test_two_overlapping_sweeps_end_a_wait_once(world: World) -> None:
    world.mail(letter())
    answer(world)
    edit(world, status="pending", until="+2 business days")
    world.pass_time(days=2)
    world.sweep()
    world.sweep()
    world.settle()
    assert facts_of(world).count("StatusEnded") == 1
    assert len(world.mails_to("anna@agents.example")) == 1


def test_a_customer_who_answers_first_ends_the_wait_and_nobody_is_reminded(world: World) -> None:
    world.mail(letter())
    answer(world)
    edit(world, status="pending", until="+2 business days")
    world.mail(letter("Here it is.", to=str(world.mails_to("kim@customer.example")[0]["Reply-To"])))
    world.pass_time(days=3)
    sweep(world)
    assert "StatusEnded" not in facts_of(world)
    assert timeline(world).ticket.status == "open"


def test_a_solved_ticket_closes_by_itself_as_a_change_of_the_clock(world: World) -> None:
    world.mail(letter())
    edit(world, status="solved")
    world.pass_time(days=3, hours=23)
    sweep(world)
    assert timeline(world).ticket.status == "solved"
    sent = len(world.outbox)
    world.pass_time(hours=1)
    sweep(world)
    sweep(world)
    found = timeline(world)
    assert found.ticket.status == "closed"
    entry = found.entries[-1]
    assert (entry.actor, entry.cause) == ("system:clock", "until")
    assert entry.types == ("StatusEnded", "StatusChanged")
    assert len(world.outbox) == sent


def test_a_reply_cancels_the_closing(world: World) -> None:
    world.mail(letter())
    edit(world, status="solved")
    world.mail(letter("Not yet.", to=str(world.last_mail["Reply-To"])))
    world.pass_time(days=30)
    sweep(world)
    ticket = timeline(world).ticket
    assert (ticket.status, ticket.reopens[0]) == ("open", 1)


def test_thanks_join_a_solved_ticket_that_closes_all_the_same(world: World) -> None:
    configure(world, thanks_stay_solved=True)
    world.mail(letter())
    edit(world, status="solved")
    world.mail(letter("Thank you very much!", to=str(world.last_mail["Reply-To"])))
    found = timeline(world)
    assert found.ticket.status == "solved"
    assert found.articles[-1].text == "Thank you very much!"
    assert "ThankedAfterSolve" in facts_of(world)
    world.pass_time(days=4)
    sweep(world)
    assert timeline(world).ticket.status == "closed"


def test_mails_that_open_a_ticket_again_and_again_join_it_and_leave_it_solved(
    world: World,
) -> None:
    world.mail(letter())
    address = str(world.last_mail["Reply-To"])
    for n in range(7):
        edit(world, status="solved")
        world.mail(letter(f"Once more, number {n}", to=address))
    found = timeline(world)
    assert len(found.articles) == 8
    assert (found.ticket.status, found.ticket.reopens[0]) == ("solved", 5)
    assert facts_of(world).count("ReopenParked") == 2


def close(world: World) -> str:
    """A closed ticket, and the address at which its customer answers."""
    world.mail(letter())
    edit(world, status="closed", tags=["printer"])
    return str(world.mails_to("kim@customer.example")[0]["Reply-To"])


def test_mail_to_a_ticket_that_takes_no_more_is_held_and_answered_once(world: World) -> None:
    configure(world, after_close="reject", reopen_days=0)
    address = close(world)
    world.pass_time(days=1)
    for text in ("It broke again", "Hello?"):
        world.mail(letter(text, to=address, subject="Re: Printer is closed"))
    found = timeline(world)
    assert found.ticket.status == "closed"
    assert [article.is_held for article in found.articles] == [False, True, True]
    assert (found.articles[-1].flight or {})["why"] == "closed"
    notices = [
        mail for mail in world.mails_to("kim@customer.example") if "is closed" in mail["Subject"]
    ]
    assert len(notices) == 1
    assert "support@desk.example" in notices[0].as_string()


def test_a_held_mail_of_a_closed_ticket_can_still_be_accepted(world: World) -> None:
    configure(world, after_close="reject", reopen_days=0)
    address = close(world)
    world.pass_time(days=1)
    world.mail(letter("It broke again", to=address))
    held = timeline(world).articles[-1]
    service.accept_article(world.ports, agent(world), 1001, held.seq)
    assert timeline(world).ticket.status == "open"


def test_a_follow_up_has_the_requester_the_group_and_the_tags_whoever_writes(world: World) -> None:
    configure(world, reopen_days=0)
    world.mail(letter(Cc="Eva Holst <eva@customer.example>"))
    edit(world, status="closed", tags=["printer"])
    answer_to = str(world.mails_to("kim@customer.example")[0]["Subject"])
    world.pass_time(days=1)
    eva = "Eva Holst <eva@customer.example>"
    world.mail(letter("It broke again", sender=eva, subject=answer_to))
    found = timeline(world, 1002)
    assert found.ticket.follow_up_of == 1001
    assert (found.ticket.group, found.ticket.tags) == ("support", ("printer",))
    assert [contact.email for contact in found.ticket.contacts] == [
        "kim@customer.example",
        "eva@customer.example",
    ]
    assert found.articles[0].author.role == "participant"
