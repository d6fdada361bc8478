"""A webhook is called because of a fact: until it is heard, or given up aloud."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib import table
from chalicelib.desk.service import apply, live_desk
from chalicelib.errors import Conflict, NotFound
from chalicelib.facts import WebhookFailed, WebhookQueued
from chalicelib.ledger.model import Actor
from chalicelib.outward import Answer, NotAllowed, Unreachable
from chalicelib.tickets import changes
from chalicelib.tickets import service as tickets
from chalicelib.tickets.access import SCOPES, Who
from chalicelib.tickets.changes import Change
from chalicelib.tickets.edits import Edit
from chalicelib.tickets.hooks import CallState, HookCall
from chalicelib.tickets.model import Ticket
from chalicelib.webhooks import service
from chalicelib.webhooks.model import WAITS, secrets_of, verify
from infra.__main__ import main
from tests.world import DESK, START, World, letter

NUMBER = 1001
PAGER = {"url": "https://hooks.example.org/desk", "owner": "anna", "headers": {"X-Desk": "test"}}
WEBHOOKS = {"pager": PAGER, "chat": {"url": "https://chat.example.org/", "includes": ["subject"]}}
RULE = Actor("system", "rules")


@pytest.fixture
def opened(world: World) -> World:
    """A desk with webhooks, and a ticket that was put on hold."""
    apply(world.ports, {**DESK, "webhooks": WEBHOOKS})
    world.mail(letter())
    tickets.edit_ticket(world.ports, agent(world), NUMBER, Edit(status="on_hold"))
    world.settle()
    return world


def agent(world: World, name: str = "anna") -> Who:
    return Who.from_agent(live_desk(world.ports).agents[name])


def ask(world: World, *webhooks: str, fact: str = "StatusChanged", of: int = 2) -> None:
    """A rule asks for calls because of the second entry of the ticket."""

    def decide(ticket: Ticket | None, now: datetime) -> Change | None:
        assert ticket is not None
        wanted = [HookCall(name, now, rule="tell", fact=fact, of=of) for name in webhooks]
        return changes.with_calls(Change(ticket, ticket, ()), wanted)

    tickets.amend(world.ports, NUMBER, decide, actor=RULE, cause="test")


def calls(world: World) -> list[HookCall]:
    return list(service.calls(agent(world), NUMBER))


def facts(world: World, kind: type) -> list[Any]:
    entries = tickets.read_ticket(agent(world), NUMBER).entries
    return [fact for entry in entries for fact in entry.facts if isinstance(fact, kind)]  # type: ignore[attr-defined]


def last_sweep(world: World, wait: timedelta) -> None:
    """The first sweep after a wait, the longest that chance can make of it."""
    world.now += wait * 1.2 + timedelta(seconds=1)
    world.sweep()
    world.settle()


# Heard. --------------------------------------------------------------------------------------


def test_a_webhook_is_called_once_with_a_signature_that_its_receiver_can_check(
    opened: World,
) -> None:
    ask(opened, "pager")
    opened.settle()
    ((url, body, headers),) = opened.called
    assert url == PAGER["url"]
    webhook = live_desk(opened.ports).webhooks["pager"]
    name = verify(secrets_of(opened.ports.keys(), webhook), headers, opened.now, body)
    assert name.startswith("msg_")
    assert headers["X-Desk"] == "test"
    assert headers["Content-Type"] == "application/json"
    (call,) = calls(opened)
    assert (call.state, call.attempt, call.status) == (CallState.DONE, 1, 200)


def test_the_body_tells_the_ticket_the_fact_and_the_rule_and_nothing_of_the_customer(
    opened: World,
) -> None:
    ask(opened, "pager", "chat")
    opened.settle()
    (pager, chat) = (json.loads(body) for _, body, _ in opened.called)
    assert (pager["type"], pager["timestamp"]) == ("StatusChanged", "2026-03-02T09:00:00Z")
    assert pager["data"]["rule"] == "tell"
    changed = {"before": "new", "after": "on_hold", "label_before": None, "label_after": None}
    assert pager["data"]["fact"] == changed
    ticket = pager["data"]["ticket"]
    assert (ticket["number"], ticket["status"], ticket["group"]) == (NUMBER, "on_hold", "support")
    assert ticket["url"] == f"https://desk.example/agent/tickets/{NUMBER}"
    assert set(chat["data"]["ticket"]) - set(ticket) == {"subject"}
    text = json.dumps(pager)
    assert not any(word in text for word in ("kim", "Kim", "printer", "Printer"))


def test_what_is_personal_in_a_fact_is_not_told(opened: World) -> None:
    tickets.edit_ticket(opened.ports, agent(opened), NUMBER, Edit(subject="Kim's secret"))
    seq = tickets.read_ticket(agent(opened), NUMBER).ticket.seq
    ask(opened, "pager", fact="SubjectChanged", of=seq)
    opened.settle()
    assert json.loads(opened.called[0][1])["data"]["fact"] == {}


def test_to_ask_twice_in_one_change_is_to_ask_once(opened: World) -> None:
    ask(opened, "pager", "pager", "chat")
    opened.settle()
    assert [url for url, *_ in opened.called] == [PAGER["url"], "https://chat.example.org/"]
    assert len(facts(opened, WebhookQueued)) == 2


def test_the_news_of_a_call_may_come_twice_and_be_replayed(opened: World) -> None:
    ask(opened, "pager")
    records = opened.stream()
    for _ in range(2):
        opened.call("relay", {"Records": records})
        opened.react()
    assert len(opened.called) == 1


def test_a_call_that_the_bus_forgot_is_made_by_the_sweep(opened: World) -> None:
    ask(opened, "pager")
    opened.stream()
    opened.pass_time(minutes=4)
    opened.sweep()
    assert opened.called == []
    opened.pass_time(minutes=2)
    opened.sweep()
    assert len(opened.called) == 1
    opened.pass_time(days=1)
    opened.sweep()
    assert len(opened.called) == 1


# Not heard. ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said", [Answer(500), Answer(302), Answer(404), Answer(429), Unreachable("No answer in time.")]
)
def test_a_call_that_is_not_heard_is_made_again_under_the_same_id(
    opened: World, said: Answer | Exception
) -> None:
    opened.answers = [said]
    ask(opened, "pager")
    opened.settle()
    (call,) = calls(opened)
    assert (call.state, call.attempt) == (CallState.WAITING, 1)
    assert call.reason
    last_sweep(opened, WAITS[0])
    first, second = ({name: headers[name] for name in headers} for *_, headers in opened.called)
    assert first["webhook-id"] == second["webhook-id"]
    assert first["webhook-timestamp"] < second["webhook-timestamp"]
    (call,) = calls(opened)
    assert (call.state, call.attempt, call.reason) == (CallState.DONE, 2, None)


def test_no_call_is_made_before_its_time(opened: World) -> None:
    opened.answers = [Answer(500), Answer(500)]
    ask(opened, "pager")
    opened.settle()
    last_sweep(opened, WAITS[0])
    opened.now += WAITS[1] - timedelta(seconds=1)
    opened.sweep()
    opened.call("call_webhook", {"detail": {"ticket": NUMBER, "fact": {"call": "3-0"}}})
    assert len(opened.called) == 2
    last_sweep(opened, WAITS[1])
    assert len(opened.called) == 3


def test_a_receiver_is_left_alone_as_long_as_it_asks(opened: World) -> None:
    opened.answers = [Answer(503, retry_after=3600)]
    ask(opened, "pager")
    opened.settle()
    last_sweep(opened, timedelta(minutes=45))
    assert len(opened.called) == 1
    last_sweep(opened, timedelta(minutes=15))
    assert len(opened.called) == 2


def test_after_the_last_attempt_it_has_failed_and_its_owner_is_told(opened: World) -> None:
    opened.answers = [Answer(500)] * 20
    ask(opened, "pager")
    opened.settle()
    for wait in WAITS:
        last_sweep(opened, wait)
    assert len(opened.called) == len(WAITS) + 1
    (call,) = calls(opened)
    assert (call.state, call.status) == (CallState.FAILED, 500)
    (fact,) = facts(opened, WebhookFailed)
    assert (fact.webhook, fact.call, fact.reason) == (
        "pager",
        call.id,
        "The receiver answered 500.",
    )
    (mail,) = opened.mails_to("anna@agents.example")
    assert mail["Subject"] == "The webhook pager could not be called"
    assert "The receiver answered 500." in str(mail)
    opened.pass_time(days=5)
    opened.sweep()
    assert len(opened.called) == len(WAITS) + 1


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (Answer(410), "The receiver wants no more calls (410)."),
        (NotAllowed("hooks.example.org is no public address."), "hooks.example.org is no public"),
    ],
)
def test_what_can_never_be_heard_is_not_tried_again(
    opened: World, said: Answer | Exception, reason: str
) -> None:
    opened.answers = [said]
    ask(opened, "pager")
    opened.settle()
    (call,) = calls(opened)
    assert call.state is CallState.FAILED
    assert (call.reason or "").startswith(reason)
    assert len(opened.mails_to("anna@agents.example")) == 1


def test_without_an_owner_the_lead_of_the_group_is_told(opened: World) -> None:
    opened.answers = [Answer(410)]
    ask(opened, "chat")
    opened.settle()
    assert len(opened.mails_to("lena@agents.example")) == 1


def test_of_many_failures_of_a_webhook_its_owner_is_told_once_a_day(opened: World) -> None:
    opened.answers = [Answer(410)] * 4
    for _ in range(3):
        ask(opened, "pager")
        opened.settle()
    assert len(facts(opened, WebhookFailed)) == 3
    assert len(opened.mails_to("anna@agents.example")) == 1
    opened.pass_time(days=1)
    ask(opened, "pager")
    opened.settle()
    assert len(opened.mails_to("anna@agents.example")) == 2


def test_a_webhook_that_the_desk_has_no_more_is_not_called(opened: World) -> None:
    ask(opened, "pager")
    apply(opened.ports, DESK)
    opened.settle()
    assert opened.called == []
    (call,) = calls(opened)
    assert (call.state, call.reason) == (
        CallState.FAILED,
        "The desk has no such webhook any more.",
    )


def test_a_caller_that_died_leaves_the_call_to_a_sweep(opened: World) -> None:
    opened.answers = [RuntimeError("out of memory")]
    ask(opened, "pager")
    with pytest.raises(RuntimeError):
        opened.settle()
    opened.call("call_webhook", {"detail": {"ticket": NUMBER, "fact": {"call": "3-0"}}})
    assert len(opened.called) == 1
    opened.pass_time(minutes=3)
    opened.sweep()
    assert len(opened.called) == 2
    (call,) = calls(opened)
    assert (call.state, call.attempt) == (CallState.DONE, 2)


def test_a_call_whose_caller_always_dies_is_given_up(opened: World) -> None:
    opened.answers = [RuntimeError("out of memory")] * (len(WAITS) + 1)
    ask(opened, "pager")
    with pytest.raises(RuntimeError):
        opened.settle()
    for _ in WAITS:
        opened.pass_time(minutes=3)
        (before,) = calls(opened)
        with pytest.raises(RuntimeError):
            service.call(opened.ports, NUMBER, before.id)
    opened.pass_time(minutes=3)
    opened.sweep()
    (call,) = calls(opened)
    assert (call.state, call.reason) == (CallState.FAILED, "No attempt came to its end.")
    assert len(opened.called) == len(WAITS) + 1


def test_slow_receivers_hold_a_sweep_up_for_twenty_seconds_and_no_more(opened: World) -> None:
    opened.answers = [Answer(500)] * 10
    for _ in range(10):
        ask(opened, "pager")
    opened.settle()

    class Slow:
        def post(self, *_: object) -> Answer:
            opened.pass_time(seconds=5)
            opened.called.append(("slow", b"", {}))
            return Answer(200)

    opened.called, opened.ports.web = [], Slow()
    opened.pass_time(minutes=1)
    opened.sweep()
    assert len(opened.called) == 4
    opened.sweep()
    opened.sweep()
    assert len(opened.called) == 10


# Once more. ----------------------------------------------------------------------------------


def failed(world: World) -> HookCall:
    world.answers = [Answer(410)]
    ask(world, "pager")
    world.settle()
    (call,) = calls(world)
    return call


def test_a_failed_call_can_be_made_again_under_the_id_it_had(opened: World) -> None:
    call = failed(opened)
    service.call_again(opened.ports, agent(opened), NUMBER, call.id)
    opened.settle()
    first, second = (headers["webhook-id"] for *_, headers in opened.called)
    assert first == second
    (again,) = calls(opened)
    assert (again.state, again.attempt, again.at) == (CallState.DONE, 1, START)


def test_only_a_failed_call_can_be_made_again(opened: World) -> None:
    call = failed(opened)
    who = agent(opened)
    for _ in range(2):
        again = service.call_again(opened.ports, who, NUMBER, call.id)
        assert (again.state, again.attempt) == (CallState.QUEUED, 0)
    assert len(facts(opened, WebhookQueued)) == 2
    opened.settle()
    with pytest.raises(Conflict):
        service.call_again(opened.ports, who, NUMBER, call.id)
    assert len(opened.called) == 2


@pytest.mark.parametrize("name", ["9-0", "3-9", "x", "3", "-", "3-0-0", "٣-0", "-3-0"])
def test_a_call_that_is_none_cannot_be_made_again(opened: World, name: str) -> None:
    failed(opened)
    with pytest.raises(NotFound):
        service.call_again(opened.ports, agent(opened), NUMBER, name)


def test_calls_are_seen_and_made_again_by_those_who_may_see_the_ticket(opened: World) -> None:
    call = failed(opened)
    hugo = agent(opened, "hugo")
    with pytest.raises(NotFound):
        service.calls(hugo, NUMBER)
    with pytest.raises(NotFound):
        service.call_again(opened.ports, hugo, NUMBER, call.id)


def test_a_call_is_forgotten_after_thirty_days(opened: World) -> None:
    failed(opened)
    key = (table.ticket_pk(NUMBER), table.call_sk(3, 0))
    item = table.fetch([key])[key]
    assert item.ttl == int((START + timedelta(days=30)).timestamp())
    assert item.g4pk is None


def test_the_command_shows_the_secret_that_calls_are_signed_with(
    opened: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("infra.__main__._ports", lambda: opened.ports)
    ask(opened, "pager")
    opened.settle()
    ((_, body, headers),) = opened.called
    assert main(["webhook-secret", "pager"]) == 0
    printed = capsys.readouterr().out.strip()
    assert printed.startswith("whsec_")
    secret = base64.b64decode(printed.removeprefix("whsec_"))
    assert verify([secret], headers, opened.now, body) == headers["webhook-id"]
    assert main(["webhook-secret", "nobody"]) == 2
    assert main(["webhook-secret", "pager", "--source"]) == 2


def test_a_program_needs_the_scopes_of_tickets(opened: World) -> None:
    failed(opened)
    actor = Actor("token", "x")
    bare = Who(actor, "x", "", frozenset(SCOPES) - {"tickets:read", "tickets:write"}, None)
    for verb in (
        lambda: service.calls(bare, NUMBER),
        lambda: service.call_again(opened.ports, bare, NUMBER, "3-0"),
    ):
        with pytest.raises(Exception, match="scope"):
            verb()
