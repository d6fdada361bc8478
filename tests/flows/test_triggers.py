"""Triggers: what follows from what happens, once, and in the order of the rules."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from chalicelib.desk.service import apply, live_desk
from chalicelib.errors import Invalid
from chalicelib.facts import Fact, RuleFired, RulePaused, WebhookQueued
from chalicelib.ledger.service import replay
from chalicelib.rules import firing
from chalicelib.rules import service as rules
from chalicelib.rules import store as rules_store
from chalicelib.tickets import service as tickets
from chalicelib.tickets.access import Who
from chalicelib.tickets.edits import Edit
from chalicelib.tickets.model import ArticleKind, Ticket
from tests.flows.test_events import FIRING, OVER, SOURCES, tell
from tests.flows.test_mail_to_ticket import answer, timeline
from tests.world import DESK, World, letter

VIP = {
    "id": "vip",
    "on": ["opened"],
    "when": {"domain": ["customer.example"]},
    "do": [{"set": {"priority": "high", "add_tags": ["vip"]}}],
    "owner": "lena",
}
URGENT = {
    "id": "urgent",
    "on": ["changed"],
    "when": {"priority": {"changed_to": ["high"]}},
    "do": [{"note": "Somebody waits for {ticket.subject}."}],
}


def has_rules(world: World, *triggers: Any, **more: Any) -> None:
    """A desk with these triggers."""
    body = copy.deepcopy(DESK)
    apply(world.ports, {**body, "triggers": list(triggers), **more})
    world.settle()


def ticket(world: World, number: int = 1001) -> Ticket:
    return timeline(world, number).ticket


def said(world: World, number: int = 1001) -> list[Fact]:
    return [fact for entry in timeline(world, number).entries for fact in entry.facts]


def firings(world: World, number: int = 1001) -> list[RuleFired]:
    return [fact for fact in said(world, number) if isinstance(fact, RuleFired)]


def edit(world: World, number: int = 1001, agent: str = "anna", **fields: Any) -> None:
    who = Who.from_agent(live_desk(world.ports).agents[agent])
    tickets.edit_ticket(world.ports, who, number, Edit(**fields))
    world.settle()


def write_note(world: World, text: str = "A thought.", number: int = 1001) -> None:
    who = Who.from_agent(live_desk(world.ports).agents["anna"])
    tickets.write_article(world.ports, who, number, tickets.Draft(ArticleKind.NOTE, text))
    world.settle()


# Firing. -------------------------------------------------------------------------------------


def test_a_trigger_sets_what_it_says_and_the_ledger_says_so(world: World) -> None:
    has_rules(world, VIP)
    world.mail(letter())
    assert (ticket(world).priority, ticket(world).tags) == ("high", ("vip",))
    [fired] = firings(world)
    assert (fired.rule, fired.config, fired.undone) == ("vip", 2, {})
    # What a customer can be known by is not repeated in the record of the rule.
    assert fired.matched == {}


def test_a_firing_names_what_was_found(world: World) -> None:
    has_rules(world, {**VIP, "when": {"group": ["support"], "priority": {"is_not": ["urgent"]}}})
    world.mail(letter())
    assert firings(world)[0].matched == {"group": ["support"], "priority": ["normal"]}


def test_the_root_and_the_depth_of_a_firing_name_what_it_follows_from(world: World) -> None:
    has_rules(world, VIP, URGENT)
    world.mail(letter())
    entries = [one for one in timeline(world).entries if "RuleFired" in one.types]
    assert [(one.root, one.depth, one.actor) for one in entries] == [
        ("T#1001/1", 1, "system:rules"),
        ("T#1001/1", 2, "system:rules"),
    ]


def test_a_rule_sees_what_those_above_it_did_and_not_those_below(world: World) -> None:
    has_rules(world, VIP, URGENT)
    world.mail(letter())
    assert [one.rule for one in firings(world)] == ["vip", "urgent"]
    [note] = [one for one in timeline(world).articles if one.kind is ArticleKind.NOTE]
    assert note.text == "Somebody waits for Printer."
    has_rules(world, URGENT, VIP)
    world.mail(letter("Again.", subject="Again"))
    assert [one.rule for one in firings(world, 1002)] == ["vip"]


def test_rules_below_one_that_stops_are_left_out(world: World) -> None:
    has_rules(world, {**VIP, "stop": True}, URGENT)
    world.mail(letter())
    assert [one.rule for one in firings(world)] == ["vip"]


def test_a_selective_rule_fires_only_where_what_it_asks_about_changed(world: World) -> None:
    rule = {**URGENT, "when": {"priority": ["high"]}}
    has_rules(world, rule)
    world.mail(letter())
    edit(world, priority="high")
    edit(world, add_tags=["x"])
    assert len(firings(world)) == 1
    has_rules(world, {**rule, "mode": "always"})
    edit(world, add_tags=["y"])
    assert len(firings(world)) == 2


@pytest.mark.parametrize(
    ("happens", "events"),
    [
        (answer, {"replied", "status_changed", "changed"}),
        (write_note, {"noted"}),
        (lambda world: edit(world, status="pending"), {"status_changed", "changed"}),
        (lambda world: edit(world, priority="low"), {"changed"}),
    ],
)
def test_a_rule_listens_to_its_events_and_to_no_other(
    world: World, happens: Any, events: set[str]
) -> None:
    names = ("opened", "replied", "noted", "status_changed", "changed")
    has_rules(world, *({"id": one, "on": [one], "do": [{"note": one}]} for one in names))
    world.mail(letter())
    # The article that a ticket opens with is no reply, and a rule's note is nobody's.
    assert [one.rule for one in firings(world)] == ["opened"]
    happens(world)
    world.settle()
    assert {one.rule for one in firings(world)[1:]} == events


def test_a_target_that_is_missed_wakes_a_rule_once(world: World) -> None:
    rule = {
        "id": "late",
        "on": ["target_breached"],
        "when": {"target": ["first_reply"]},
        "do": [{"set": {"priority": "urgent"}}],
    }
    has_rules(world, rule)
    world.mail(letter(to="quick@desk.example"))
    world.pass_time(minutes=2)
    for _ in range(2):
        world.sweep()
        world.settle()
    assert ticket(world).priority == "urgent"
    assert [one.rule for one in firings(world)] == ["late"]


def test_an_alert_wakes_a_rule_which_calls_a_webhook(world: World) -> None:
    rule = {
        "id": "database",
        "on": ["event"],
        "when": {"source": ["monitor"], "state": ["firing"], "event.host": {"matches": ["^db"]}},
        "do": [{"set": {"add_tags": ["db"]}}, {"webhook": "pager"}],
    }
    webhooks = {"pager": {"url": "https://pager.example/hook"}}
    has_rules(world, rule, sources=SOURCES, webhooks=webhooks)
    for body in (FIRING, {**FIRING, "host": "web1"}, OVER):
        tell(world, body)
    assert [one.rule for one in firings(world)] == ["database"]
    assert firings(world)[0].matched == {"source": ["monitor"], "state": ["firing"]}
    assert firings(world, 1002) == []
    [queued] = [fact for fact in said(world) if isinstance(fact, WebhookQueued)]
    assert (queued.webhook, queued.rule) == ("pager", "database")
    [(url, *_)] = world.called
    assert "pager.example" in str(url)


def test_a_checklist_is_started(world: World) -> None:
    checklists = {"new": {"label": {"en": "New"}, "tasks": [{"title": {"en": "Order a chair"}}]}}
    has_rules(world, {**VIP, "do": [{"checklist": "new"}]}, checklists=checklists)
    world.mail(letter())
    assert [task.title for task in timeline(world).tasks] == ["Order a chair"]


def test_what_cannot_be_done_is_told_and_the_rest_is_done(world: World) -> None:
    do = [{"set": {"assignee": "hugo", "priority": "low"}}, {"note": "Ask {assignee.name}."}]
    has_rules(world, {**VIP, "do": do})
    world.mail(letter())
    [fired] = firings(world)
    assert ticket(world).priority == "low"
    assert "not in the group" in fired.undone["assignee"]
    assert fired.undone["note"] == "nothing is known of assignee.name"


# Mails. --------------------------------------------------------------------------------------


def test_an_automatic_reply_is_the_desks_and_no_answer_of_an_agents(world: World) -> None:
    has_rules(world, {**VIP, "do": [{"reply": {"en": "Hello {requester.name}!", "da": "Hej!"}}]})
    world.mail(letter())
    [_, article] = timeline(world).articles
    assert (article.author.role, article.text) == ("system", "Hello Kim Jensen!")
    mail = world.mails_to("kim@customer.example")[-1]
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "Printer" not in str(mail["Subject"])
    assert "Hello Kim Jensen!" in mail.as_string()
    assert ticket(world).status == "new"
    assert ticket(world).clocks[0].state == "running"


def test_nothing_automatic_goes_to_whom_nobody_has_proven_to_be(world: World) -> None:
    has_rules(world, {**VIP, "do": [{"reply": "Hello!"}, {"set": {"priority": "high"}}]})
    world.mail(letter(), verdicts={"dmarc": "GRAY", "spf": "GRAY", "dkim": "GRAY"})
    assert world.outbox == []
    assert len(timeline(world).articles) == 1
    assert "proven" in firings(world)[0].undone["reply"]
    assert ticket(world).priority == "high"


def test_a_notice_goes_once_to_each_and_says_what_the_rule_says(world: World) -> None:
    do = [
        {"notify": ["lead", "agent:anna", "assignee"], "text": "Look at {ticket.link}"},
        {"notify": ["agent:lena"], "text": "A second one."},
    ]
    has_rules(world, {**VIP, "do": do})
    world.mail(letter())
    [notice] = world.mails_to("lena@agents.example")
    assert "Look at https://desk.example/agent/tickets/1001" in notice.as_string()
    assert "vip" in notice.as_string()
    assert len(world.mails_to("anna@agents.example")) == 1
    assert firings(world)[0].undone == {"assignee": "is nobody on this ticket"}


def test_the_requester_can_be_told_without_an_article(world: World) -> None:
    has_rules(world, {**VIP, "do": [{"notify": ["requester"], "text": "We have it."}]})
    world.mail(letter())
    assert "We have it." in world.mails_to("kim@customer.example")[-1].as_string()
    assert len(timeline(world).articles) == 1


def test_a_canned_answer_is_said_in_the_language_of_the_reader(world: World) -> None:
    canned = {"wait": {"title": "Wait", "text": {"en": "Please wait.", "da": "Vent venligst."}}}
    has_rules(world, {**VIP, "do": [{"reply": {"canned": "wait"}}]}, canned=canned)
    world.mail(letter("Printeren på anden sal virker ikke, og jeg kan ikke udskrive noget."))
    assert timeline(world).articles[-1].text == "Vent venligst."


# Once. ---------------------------------------------------------------------------------------


def test_what_the_bus_brings_again_fires_nothing_again(world: World) -> None:
    has_rules(world, VIP, URGENT)
    world.mail(letter())
    before = ticket(world)
    replay(world.ports, since=world.now.replace(hour=0))
    world.react()
    world.settle()
    assert ticket(world) == before


def test_a_reaction_that_dies_half_way_goes_on_below(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_rules(world, VIP, URGENT)
    fire, count = firing.fire, iter(range(9))

    def dying(*args: Any) -> Any:
        if next(count) == 1:
            raise RuntimeError("the process ended here")
        return fire(*args)

    monkeypatch.setattr("chalicelib.rules.firing.fire", dying)
    with pytest.raises(RuntimeError):
        world.mail(letter())
    assert [one.rule for one in firings(world)] == ["vip"]
    replay(world.ports, since=world.now.replace(hour=0))
    world.react()
    assert [one.rule for one in firings(world)] == ["vip", "urgent"]


def test_news_of_long_ago_is_no_news(world: World) -> None:
    began = world.now
    world.mail(letter())
    has_rules(world, VIP)
    world.pass_time(days=3)
    replay(world.ports, since=began)
    world.react()
    assert firings(world) == []


def test_the_same_root_fires_a_rule_once_whoever_else_reacted_to_it(world: World) -> None:
    rule = {
        "id": "any",
        "on": ["target_breached", "changed"],
        "mode": "always",
        "do": [{"set": {"add_tags": ["seen"]}}, {"note": "Seen."}],
    }
    has_rules(world, rule)
    world.mail(letter(to="quick@desk.example"))
    world.pass_time(minutes=2)
    world.sweep()
    world.settle()
    assert "Escalated" in [fact.type for fact in said(world)]
    assert [one.rule for one in firings(world)] == ["any"]


# What rules leave alone. ---------------------------------------------------------------------


def test_rules_never_react_to_what_machines_mail(world: World) -> None:
    has_rules(world, VIP, {**VIP, "id": "back", "on": ["replied"]})
    world.mail(letter())
    before = len(firings(world))
    away = letter("Away.", to=str(world.last_mail["Reply-To"]), Auto_Submitted="auto-replied")
    world.mail(away)
    assert len(timeline(world).articles) == 2
    assert len(firings(world)) == before


def test_rules_never_react_to_what_is_held_until_it_is_accepted(world: World) -> None:
    has_rules(world, {**VIP, "on": ["replied"], "when": {"text": {"contains": ["eve"]}}})
    world.mail(letter())
    world.mail(letter("I am Eve.", sender="eve@else.example", to=str(world.last_mail["Reply-To"])))
    held = timeline(world).articles[-1]
    assert held.is_held
    assert firings(world) == []
    who = Who.from_agent(live_desk(world.ports).agents["anna"])
    tickets.accept_article(world.ports, who, 1001, held.seq)
    world.settle()
    assert len(firings(world)) == 1


def test_a_closed_ticket_is_left_alone_but_for_its_closing(world: World) -> None:
    note = [{"note": "Goodbye."}]
    has_rules(
        world, {"id": "bye", "on": ["status_changed", "changed"], "mode": "always", "do": note}
    )
    world.mail(letter())
    answer(world)
    before = len(firings(world))
    edit(world, status="closed", resolution="Done.")
    assert len(firings(world)) == before + 1
    edit(world, priority="low")
    assert len(firings(world)) == before + 1


def test_a_desk_without_rules_asks_nothing_of_aws(world: World) -> None:
    from tests.aws_calls import intercepted

    world.mail(letter())
    calls: list[str] = []

    def note(call: Any, send: Any) -> Any:
        calls.append(call.operation)
        return send(call.params)

    live_desk(world.ports)
    detail = {"ticket": 1001, "seq": 1, "place": 0, "root": "T#1001/1", "cause": "mail"}
    with intercepted(note):
        world.call("run_rules", {"detail": detail})
    assert calls == []


# Loops. --------------------------------------------------------------------------------------


def test_two_rules_that_feed_each_other_end_with_the_root(world: World) -> None:
    has_rules(world, *ping_pong())
    world.mail(letter())
    assert [one.rule for one in firings(world)] == ["ping", "pong"]


def ping_pong() -> list[dict[str, Any]]:
    def one(name: str, before: str, after: str, events: list[str]) -> dict[str, Any]:
        return {
            "id": name,
            "on": events,
            "when": {"priority": [before]},
            "do": [{"set": {"priority": after}}],
            "owner": "lena",
        }

    return [
        one("ping", "normal", "high", ["opened", "changed"]),
        one("pong", "high", "normal", ["changed"]),
    ]


def test_a_rule_and_a_program_that_feed_each_other_are_paused_with_a_notice(world: World) -> None:
    rule = {
        "id": "calm",
        "on": ["changed"],
        "when": {"priority": {"changed_to": ["high"]}},
        "do": [{"set": {"priority": "low"}}],
        "owner": "anna",
    }
    has_rules(world, rule, limits={"rule_firings": 4})
    world.mail(letter())
    for _ in range(8):
        edit(world, priority="high")
    assert len(firings(world)) == 4
    assert ticket(world).priority == "high"
    assert [fact.rule for fact in said(world) if isinstance(fact, RulePaused)] == ["calm"]
    [notice] = world.mails_to("anna@agents.example")
    assert "calm" in str(notice["Subject"])
    assert "https://desk.example/agent/rules" in notice.as_string()
    assert firing.standing(world.ports).paused["calm"].why == "rule_firings"
    assert rules_store.end().seq == 1


def test_rules_send_so_many_mails_about_a_ticket_in_a_day_and_no_more(world: World) -> None:
    rule = {"id": "tell", "on": ["noted"], "do": [{"notify": ["agent:anna"], "text": "Look."}]}
    has_rules(world, rule, limits={"rule_mails": 3})
    world.mail(letter())
    for _ in range(3):
        write_note(world)
        world.pass_time(hours=2)
    write_note(world)
    assert len(world.mails_to("anna@agents.example")) == 3
    # Nobody owns the rule, so the admins are told.
    assert "tell" in str(world.mails_to("lena@agents.example")[-1]["Subject"])


def test_the_firings_of_an_hour_ago_do_not_count(world: World) -> None:
    rule = {"id": "tag", "on": ["noted"], "do": [{"note": "Thanks."}]}
    has_rules(world, rule, limits={"rule_firings": 2})
    world.mail(letter())
    for _ in range(4):
        write_note(world)
        world.pass_time(minutes=31)
    assert len(firings(world)) == 4


def paused(world: World) -> dict[str, Any]:
    rule = {"id": "tag", "on": ["noted"], "do": [{"note": "Thanks."}]}
    has_rules(world, rule, limits={"rule_firings": 1})
    world.mail(letter())
    for _ in range(2):
        write_note(world)
    assert "tag" in firing.standing(world.ports).paused
    return rule


def test_a_paused_rule_fires_nowhere_until_it_is_resumed(world: World) -> None:
    paused(world)
    world.mail(letter("Another one.", subject="Another"))
    write_note(world, number=1002)
    assert firings(world, 1002) == []
    who = Who.from_agent(live_desk(world.ports).agents["lena"])
    rules.resume(world.ports, who, "tag")
    rules.resume(world.ports, who, "tag")
    write_note(world, number=1002)
    assert len(firings(world, 1002)) == 1
    assert rules_store.end().seq == 2


def test_another_wording_of_a_paused_rule_fires_again(world: World) -> None:
    rule = paused(world)
    world.pass_time(hours=1)
    has_rules(world, {**rule, "do": [{"note": "Many thanks."}]})
    write_note(world)
    assert len(firings(world)) == 2


def test_a_rule_that_names_what_is_not_there_cannot_go_live(world: World) -> None:
    with pytest.raises(Invalid) as caught:
        has_rules(
            world,
            {**VIP, "when": {"field.floor": ["2"]}},
            {**VIP, "do": [{"set": {"flor": "2"}}]},
            {**VIP, "id": "text", "do": [{"note": "{ticket.flor}"}]},
        )
    assert set(caught.value.fields) == {
        "triggers[0].when.field.floor",
        "triggers[1].do[0].set.flor",
        "triggers[2].do[0].note",
    }
