"""The verb of erasure. It can be stopped anywhere and run again: it goes on with what is left."""

from __future__ import annotations

from dataclasses import replace

from chalicelib import table
from chalicelib.erasure import store
from chalicelib.erasure.model import Erased, Step, next_step
from chalicelib.errors import Conflict, Forbidden, NotFound
from chalicelib.facts import PersonErased
from chalicelib.people import notes
from chalicelib.people import store as people
from chalicelib.people.model import Person
from chalicelib.ports import Ports
from chalicelib.tickets import service as tickets
from chalicelib.tickets import store as ticket_store
from chalicelib.tickets.access import Who
from chalicelib.tickets.changes import Change
from chalicelib.tickets.stored_tasks import task_of

# DynamoDB writes a hundred items at once; the head and its entry are two of them.
STEP_ITEMS = 90


def erase(ports: Ports, who: Who, person_id: str) -> Erased:
    """Forget a person, the notes on them, and what they wrote on the tickets that they asked for.

    The tickets stay with their times and states, and their ledgers still verify. Not reached are
    tickets on which the person is in copy only, the words of others (an agent's "Dear Kim", a
    reply that quotes), drafts, suspended mail and exports, which go by themselves in thirty days;
    the buckets keep deleted versions for as long.
    """
    _need_all(who)
    person = people.get(person_id)
    if person is None:
        raise NotFound(f"There is no person {person_id}.")
    done = Erased(person.id)
    for number in list(store.numbers(person.id)):
        done = _erase_on(ports, who, person, number, done)
    if not person.is_erased:
        _erase_person(ports, who, person)
    return done


def _need_all(who: Who) -> None:
    who.need("people:read")
    who.need("tickets:write")
    if who.groups is not None:
        raise Forbidden("A person's tickets may be in all groups: ask who sees all of them.")


def _erase_on(ports: Ports, who: Who, person: Person, number: int, done: Erased) -> Erased:
    """Erase on one ticket, step by step until nothing is left."""
    before, losses = done, 0
    while not (step := _next_step(person, number)).is_empty:
        _delete_files(ports, step)
        said = (PersonErased(person.id),)
        change = Change(step.before, step.after, said, tasks=step.tasks)
        try:
            tickets.save(
                change,
                actor=who.actor,
                cause="erasure",
                now=ports.clock(),
                also=store.writes(step),
            )
            done = done.plus(step)
        except table.Lost as lost:
            losses += 1
            if losses == tickets.ATTEMPTS:
                raise Conflict(f"Ticket {number} changes all the time: erase again.") from lost
            tickets.linger(ports, losses)
    return done if done == before else replace(done, tickets=done.tickets + 1)


def _next_step(person: Person, number: int) -> Step:
    items = ticket_store.everything(number)
    ticket = ticket_store.ticket_of(items[-1])
    assert ticket is not None, "the head sorts last, and a list only names tickets that exist"
    articles = map(ticket_store.article_of, items)
    deliveries = map(ticket_store.delivery_of, items)
    return next_step(
        person,
        ticket,
        [article for article in articles if article],
        [delivery for delivery in deliveries if delivery],
        ticket_store.entries_in(items),
        limit=STEP_ITEMS,
        tasks=[task for task in map(task_of, items) if task],
    )


def _delete_files(ports: Ports, step: Step) -> None:
    """First the files: their names stand in what is written next, and nowhere else."""
    for key in step.mails:
        ports.mail_blobs.delete(key)
    for key in step.files:
        ports.blobs.delete(key)


def _erase_person(ports: Ports, who: Who, person: Person) -> None:
    def attempt() -> None:
        # Somebody may have written a note meanwhile, or erased the same person.
        card = notes.read(table.person_pk(person.id))
        if card and isinstance(card.subject, Person) and not card.subject.is_erased:
            keys, now = ports.keys(), ports.clock()
            table.transact(
                store.person_writes(keys, card.subject, card.notes, actor=who.actor, at=now)
            )

    tickets.retried(ports, attempt, "This person changes all the time: erase again.")
