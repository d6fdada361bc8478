"""Rules over the API and on their pages: what there is, why one fired, what one would have done."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib import table
from chalicelib.ledger.store import EntryItem
from infra.dry_run import dry_run
from tests.aws_calls import intercepted
from tests.flows.test_mail_to_ticket import answer
from tests.flows.test_triggers import URGENT, VIP, edit, has_rules, paused, write_note
from tests.web.browser import Browser
from tests.web.calls import OWN, api, new_token, own_token
from tests.world import World, letter

WHY = "/api/v1/tickets/1001/rules"
DRY = "/api/v1/rules/dry-run"


def why(world: World, entry: int | None = None) -> dict[str, Any]:
    answer = api(world, "GET", WHY + (f"?entry={entry}" if entry else ""))
    assert answer.status == 200, answer.body
    return {one["rule"]: one for one in answer.body["items"]}


# Why. ----------------------------------------------------------------------------------------


def test_each_rule_says_why_it_did_or_did_not_fire(world: World) -> None:
    rules = [
        VIP,
        {**VIP, "id": "other", "when": {"domain": ["else.example"]}},
        {**URGENT, "id": "deaf", "on": ["noted"]},
        {**URGENT, "stop": True},
        {**VIP, "id": "last"},
    ]
    has_rules(world, *rules)
    world.mail(letter())
    found = why(world)
    assert {name: one["why"] for name, one in found.items()} == {
        "vip": "fired",
        "other": "condition",
        "deaf": "event",
        "urgent": "fired",
        "last": "stopped",
    }
    assert found["other"]["conditions"] == [
        {
            "condition": "domain is else.example",
            "part": "all",
            "holds": False,
            "found": ["customer.example"],
        }
    ]
    assert found["vip"]["fired"]["version"] == 2


def test_an_earlier_entry_is_judged_by_the_ticket_as_it_was(world: World) -> None:
    rule = {**URGENT, "id": "low", "when": {"priority": ["low"]}}
    has_rules(world, rule)
    world.mail(letter())
    edit(world, add_tags=["x"])
    edit(world, priority="urgent")
    edit(world, tags=[], subject="Another")
    entries = [one for one in range(2, 6) if why_of(world, one)]
    first, second = entries[0], entries[1]
    assert why(world, first)["low"]["why"] == "unchanged"
    assert why(world, second)["low"]["conditions"][0]["found"] == ["urgent"]
    assert why(world, 1)["low"]["why"] == "event"


def why_of(world: World, entry: int) -> bool:
    return api(world, "GET", f"{WHY}?entry={entry}").status == 200


def test_what_is_paused_or_unheard_is_told_so(world: World) -> None:
    paused(world)
    assert why(world)["tag"]["why"] == "paused"
    edit(world, status="closed")
    write_note(world)
    assert why(world)["tag"]["why"] == "unheard"


def test_a_rule_that_stops_without_anything_to_do_stops_in_hindsight_too(world: World) -> None:
    idle = {**VIP, "stop": True, "do": [{"set": {"priority": "normal"}}]}
    has_rules(world, idle, {**VIP, "id": "below"})
    world.mail(letter())
    assert {name: one["why"] for name, one in why(world).items()} == {
        "vip": "fires",
        "below": "stopped",
    }


def test_an_entry_that_is_not_there_is_not_found(world: World) -> None:
    has_rules(world, VIP)
    world.mail(letter())
    assert api(world, "GET", f"{WHY}?entry=99").status == 404
    assert api(world, "GET", "/api/v1/tickets/1999/rules").status == 404


def test_explaining_is_for_whoever_may_see_the_ticket(world: World) -> None:
    has_rules(world, VIP)
    world.mail(letter())
    token = new_token("tickets:read", groups=["hr"])
    assert api(world, "GET", WHY, token=token).status == 404


# A dry run. ----------------------------------------------------------------------------------


def dry(world: World, rule: Any, token: str = OWN, **more: Any) -> list[dict[str, Any]]:
    """All pages of a dry run."""
    pages, cursor = [], ""
    while True:
        body = {"rule": rule, **more, **({"cursor": cursor} if cursor else {})}
        answer = api(world, "POST", DRY, body, token=token)
        assert answer.status == 200, answer.body
        pages.append(answer.body)
        cursor = answer.body["next"]
        if cursor is None:
            return pages


def matches(pages: list[dict[str, Any]]) -> set[tuple[int, int]]:
    return {(one["ticket"], one["entry"]) for page in pages for one in page["items"]}


def test_a_dry_run_finds_where_a_rule_would_have_fired_and_writes_nothing(world: World) -> None:
    for number in range(3):
        world.mail(letter(f"Mail {number}", subject=f"Mail {number}"))
    edit(world, 1002, priority="high")
    answer(world, 1003)
    world.pass_time(days=2)
    has_rules(world, VIP, URGENT)
    own_token(world)
    writes: list[str] = []

    def note(call: Any, send: Any) -> Any:
        if not call.operation.startswith(("Get", "BatchGet", "Query")):
            writes.append(call.operation)
        return send(call.params)

    with intercepted(note):
        opened = dry(world, "vip")
        changed = dry(world, {**URGENT, "id": "tried"}, days=3)
    assert writes == []
    assert matches(opened) == {(1001, 1), (1002, 1), (1003, 1)}
    assert sum(page["looked_at"] for page in opened) == 3
    [(number, _)] = matches(changed)
    assert number == 1002


def test_a_dry_run_looks_back_as_far_as_it_is_asked(world: World) -> None:
    world.mail(letter())
    has_rules(world, VIP)
    world.pass_time(days=2)
    assert matches(dry(world, "vip", days=1)) == set()
    assert matches(dry(world, "vip", days=3)) == {(1001, 1)}


def test_a_dry_run_goes_on_page_by_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.rules.past.PAGE", 2)
    for number in range(7):
        world.mail(letter(f"Mail {number}", subject=f"Mail {number}"))
    has_rules(world, VIP)
    pages = dry(world, "vip")
    assert len(pages) > 3
    assert matches(pages) == {(number, 1) for number in range(1001, 1008)}


def test_the_command_tells_all_pages(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(2):
        world.mail(letter(f"Mail {number}", subject=f"Mail {number}"))
    has_rules(world, VIP)
    dry_run(world.ports, "vip", days=2)
    *lines, last = capsys.readouterr().out.splitlines()
    assert sorted(lines) == [
        "#1001 place 1 2026-03-02 09:00 UTC",
        "#1002 place 1 2026-03-02 09:00 UTC",
    ]
    assert last.startswith("vip would have fired 2 times")


@pytest.mark.parametrize("words", ["Printer", "no such words"])
def test_tickets_of_others_are_counted_and_not_named(world: World, words: str) -> None:
    """The count is the same whatever is asked, so that no rule can ask what stands in them."""
    world.mail(letter())
    rule = {"on": ["opened"], "when": {"subject": {"contains": [words]}}, "do": VIP["do"]}
    pages = dry(world, rule, token=new_token("rules:read", groups=["hr"]))
    assert matches(pages) == set()
    assert sum(page["hidden"] for page in pages) == 1


def test_a_rule_that_cannot_be_used_is_refused_with_its_place(world: World) -> None:
    refused = api(world, "POST", DRY, {"rule": {"on": ["opened"], "do": [{"note": "{x}"}]}})
    assert refused.status == 400
    assert list(refused.body["error"]["fields"]) == ["rule.do[0].note"]
    assert api(world, "POST", DRY, {"rule": "nobody"}).status == 400
    has_rules(world, VIP)
    assert api(world, "POST", DRY, {"rule": "vip", "days": 31}).status == 400


def test_only_who_has_the_scope_may_ask_and_resume(world: World) -> None:
    has_rules(world, VIP)
    token = new_token("tickets:read", "tickets:write")
    assert api(world, "GET", "/api/v1/rules", token=token).status == 403
    assert api(world, "POST", DRY, {"rule": "vip"}, token=token).status == 403
    assert api(world, "POST", "/api/v1/rules/vip/resume", token=token).status == 403


# The list. -----------------------------------------------------------------------------------


def test_the_list_says_what_rests_and_when_each_last_fired(world: World) -> None:
    paused(world)
    [rule] = api(world, "GET", "/api/v1/rules").body["items"]
    assert rule["last_fired"] == "2026-03-02"
    assert (rule["paused"]["why"], rule["paused"]["ticket"]) == ("rule_firings", 1001)
    resumed = api(world, "POST", "/api/v1/rules/tag/resume")
    assert (resumed.status, resumed.body["paused"]) == (200, None)
    assert api(world, "POST", "/api/v1/rules/nobody/resume").status == 404
    newest = table.query(table.system_pk("rules"), newest_first=True, limit=1).items[0]
    assert isinstance(newest, EntryItem)
    assert newest.types == ["RuleResumed"]


def signed_in(world: World, agent: str) -> Browser:
    browser = Browser(world)
    browser.sign_in(agent)
    return browser


def test_an_admin_sees_the_rules_and_lets_one_go_on(world: World) -> None:
    paused(world)
    lena = signed_in(world, "lena")
    page = lena.get("/agent/rules")
    assert "Paused: it fired too often on one ticket." in page.text
    after = lena.follow(lena.submit(page, "/agent/rules/tag/resume"))
    assert "The rule goes on." in after.text
    assert "Paused:" not in after.text


def test_agents_who_are_no_admins_have_no_page_of_rules(world: World) -> None:
    has_rules(world, VIP)
    anna = signed_in(world, "anna")
    assert anna.get("/agent/rules").status == 403
    assert "/agent/rules" not in anna.get("/agent/inbox").links()


def test_the_page_of_a_ticket_says_why(world: World) -> None:
    has_rules(world, VIP, {**VIP, "id": "other", "when": {"domain": ["else.example"]}})
    world.mail(letter())
    anna = signed_in(world, "anna")
    ticket = anna.get("/agent/tickets/1001")
    assert "The rule vip fired" in ticket.text
    page = anna.get("/agent/tickets/1001/rules")
    assert "It fired." in page.text
    assert "domain is else.example" in page.text


def test_an_automation_says_what_it_waits_for(world: World) -> None:
    do = [{"note": "Late."}]
    later = {"id": "later", "after": {"field": "opened", "hours": 2}, "do": do}
    never = {"id": "never", "after": {"field": "replied_by_agent", "hours": 2}, "do": do}
    picky = {**later, "id": "picky", "when": {"priority": ["urgent"]}}
    has_rules(world, automations=[later, never, picky])
    world.mail(letter())
    found = why(world)
    assert (found["later"]["why"], found["never"]["why"]) == ("waits", "never")
    assert found["later"]["due_at"] == "2026-03-02T11:00:00.000000Z"
    world.pass_time(hours=2)
    world.sweep()
    found = why(world)
    assert (found["later"]["why"], found["picky"]["why"]) == ("fired", "condition")
    assert found["picky"]["conditions"][0]["found"] == ["normal"]
