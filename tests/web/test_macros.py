"""Macros: a draft first, one change then, and never more than the agent may do."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.desk.service import apply
from chalicelib.tickets import store
from chalicelib.tickets.edits import Edit
from chalicelib.tickets.service import edit_ticket
from tests.web.browser import Answer, Browser
from tests.web.calls import api
from tests.web.conftest import signed_in
from tests.web.desk import agent, articles, texts, ticket
from tests.world import DESK, World, letter

PAGE = "/agent/tickets/1001"
PASSWORD: dict[str, Any] = {
    "label": {"en": "New password", "da": "Ny adgangskode"},
    "shortcut": "pw",
    "do": [
        {
            "reply": {
                "en": "Hello {requester.name}, this is {agent.name}: try again now.",
                "da": "Hej {requester.name}, prøv igen nu.",
            }
        },
        {"set": {"status": "pending", "until": "+2 business days", "add_tags": ["password"]}},
    ],
}
URGENT = {"label": {"en": "This is urgent"}, "do": [{"set": {"priority": "urgent"}}]}
SOLVE = {
    "label": {"en": "Solve"},
    "do": [{"note": "Done by phone."}, {"set": {"status": "solved"}}],
    "one_click": True,
    "after": "inbox",
}
GAP = {"label": {"en": "Door"}, "do": [{"reply": "Mail us at {assignee.name}."}]}
OF_HR = {"label": {"en": "Salary"}, "groups": ["hr"], "do": [{"note": "x"}]}
LATE = {"label": {"en": "Sorry"}, "when": {"priority": ["urgent"]}, "do": [{"note": "Late."}]}
MACROS = {
    "password": PASSWORD,
    "urgent": URGENT,
    "solve": SOLVE,
    "gap": GAP,
    "salary": OF_HR,
    "late": LATE,
}
CANNED = {"hours": {"title": "Opening hours", "text": "We are open from {{8}} to 16."}}


SORRY = {"label": {"en": "Sorry"}, "do": [{"reply": "We are late."}], "one_click": True}


@pytest.fixture(autouse=True)
def _tickets(world: World) -> None:
    support = {**DESK["groups"]["support"], "needs_resolution": False}
    groups = {**DESK["groups"], "support": support}
    apply(world.ports, {**DESK, "groups": groups, "macros": MACROS, "canned": CANNED})
    world.mail(letter("It is broken", subject="Printer"))


def composer(page: Answer) -> Any:
    form = page.soup.find(id="composer")
    assert form
    return form


def offered(page: Answer) -> list[str]:
    chosen = [one.get_text() for one in page.soup.select("#macro option")]
    return [
        *chosen,
        *(one.get_text() for one in page.soup.select(".macros form[method=post] button")),
    ]


def types() -> list[str]:
    found = store.timeline(1001)
    assert found
    return [fact.type for entry in found.entries for fact in getattr(entry, "facts", ())]


def test_a_macro_is_a_draft_first_and_nothing_is_stored(anna: Browser) -> None:
    page = anna.get(f"{PAGE}?macro=password")
    text = page.soup.find("textarea", id="text").get_text().strip()
    assert text == "Hello Kim Jensen, this is Anna Berg: try again now."
    assert "Pending" in composer(page).get_text()
    assert (ticket().status, ticket().tags, len(articles())) == ("new", (), 1)
    undone = anna.get(PAGE)
    assert undone.soup.find("textarea", id="text").get_text().strip() == ""


def test_what_a_macro_proposed_is_done_in_one_change(world: World, anna: Browser) -> None:
    page = anna.get(f"{PAGE}?macro=password")
    sent = anna.submit(page, "/articles", text="Hello Kim, try again.")
    assert sent.status == 303, sent.text
    after = ticket()
    assert (after.status, after.tags, after.assignee) == ("pending", ("password",), "anna")
    assert after.until
    assert texts()[-1] == "Hello Kim, try again."
    assert types().count("MacroApplied") == 1
    world.settle()
    assert "try again" in str(world.last_mail)


def test_a_field_that_the_agent_drops_stays_as_it_is(world: World, anna: Browser) -> None:
    page = anna.get(f"{PAGE}?macro=password")
    for name in ("set.status", "set.until"):
        composer(page).find("input", attrs={"name": name}).decompose()
    anna.submit(page, "/articles")
    assert (ticket().status, ticket().tags) == ("open", ("password",))


def test_the_customer_is_answered_in_their_language(world: World, anna: Browser) -> None:
    text = "Hej, printeren på 2. sal virker ikke, og jeg kan ikke skrive noget ud. Kan I hjælpe?"
    world.mail(letter(text, subject="Printeren virker ikke", sender="Sofie <sofie@else.example>"))
    page = anna.get("/agent/tickets/1002?macro=password")
    assert "prøv igen nu" in page.soup.find("textarea", id="text").get_text()


def test_a_gap_that_nobody_filled_in_is_not_sent(anna: Browser) -> None:
    page = anna.get(f"{PAGE}?macro=gap")
    assert "{assignee.name}" in page.text
    refused = anna.submit(page, "/articles")
    assert refused.status == 400
    assert "gaps in the text" in refused.text
    assert len(articles()) == 1
    sent = anna.submit(refused, "/articles", text="Mail us at the door.")
    assert sent.status == 303
    assert texts()[-1] == "Mail us at the door."


def test_a_macro_that_only_sets_is_done_with_one_click(anna: Browser) -> None:
    page = anna.get(PAGE)
    forms = [form for form in page.soup.select(".macros form") if "urgent" in str(form)]
    fields = {str(one["name"]): str(one["value"]) for one in forms[0].find_all("input")}
    assert anna.post(f"{PAGE}/macros", fields).status == 303
    assert ticket().priority == "urgent"


def test_one_click_twice_is_once_and_leads_where_the_macro_says(anna: Browser) -> None:
    page = anna.get(PAGE)
    forms = [form for form in page.soup.select(".macros form") if "solve" in str(form)]
    fields = {str(one["name"]): str(one["value"]) for one in forms[0].find_all("input")}
    for _ in range(2):
        assert "/agent/inbox" in anna.post(f"{PAGE}/macros", fields).location
    assert ticket().status == "solved"
    assert texts().count("Done by phone.") == 1


def test_macros_are_offered_where_they_fit(world: World, anna: Browser) -> None:
    assert offered(anna.get(PAGE)) == [
        "New password (pw)",
        "Door",
        "Opening hours",
        "This is urgent",
        "Solve",
    ]
    edit_ticket(world.ports, agent(world), 1001, Edit(priority="urgent"))
    assert "Sorry" in offered(anna.get(PAGE))
    assert anna.get(f"{PAGE}?macro=salary").soup.find("textarea").get_text().strip() == ""


def test_a_canned_answer_is_a_macro_that_says_it(anna: Browser) -> None:
    page = anna.get(f"{PAGE}?macro=canned:hours")
    assert "from {8} to 16" in page.soup.find("textarea", id="text").get_text()


def test_a_macro_gives_no_right_that_the_agent_has_not(world: World, anna: Browser) -> None:
    statuses = {"dropped": {"category": "closed", "admins_only": True}}
    drop = {"label": {"en": "Drop"}, "do": [{"note": "No."}, {"set": {"status": "dropped"}}]}
    apply(world.ports, {**DESK, "statuses": statuses, "macros": {"drop": drop}})
    page = anna.get(f"{PAGE}?macro=drop")
    assert "cannot follow" in page.text
    assert anna.submit(page, "/articles").status == 303
    assert ticket().status == "new", "the note is written, the status stays"
    lena = signed_in(world, "lena")
    assert lena.submit(lena.get(f"{PAGE}?macro=drop"), "/articles").status == 303
    assert ticket().status == "closed"


def test_an_answer_that_was_overtaken_keeps_its_macro(world: World, anna: Browser) -> None:
    page = anna.get(f"{PAGE}?macro=password")
    reply_to = str(world.mails_to("kim@customer.example")[0]["Reply-To"])
    world.mail(letter("It works again!", to=reply_to))
    held = anna.submit(page, "/articles")
    assert held.status == 409
    assert "New password" in composer(held).get_text()
    assert anna.submit(held, "/articles").status == 303
    assert ticket().tags == ("password",)


def test_a_program_sees_what_a_macro_comes_to_and_does_it_once(world: World) -> None:
    path = "/api/v1/tickets/1001/macros"
    ids = [one["id"] for one in api(world, "GET", path).body["items"]]
    assert ids == ["password", "urgent", "solve", "gap", "canned:hours"]
    found = api(world, "GET", f"{path}/password").body
    assert (found["kind"], found["missing"], found["refused"]) == ("reply", [], {})
    assert found["sets"]["add_tags"] == ["password"]
    for _ in range(2):
        key = {"Idempotency-Key": "k1"}
        done = api(world, "POST", f"{path}/password", {}, headers=key)
        assert (done.status, done.body["status"]) == (200, "pending")
    assert len(articles()) == 2


def test_a_program_is_told_of_gaps_and_of_fields_that_cannot_be_set(world: World) -> None:
    path = "/api/v1/tickets/1001/macros"
    gap = api(world, "POST", f"{path}/gap", {})
    assert (gap.status, gap.body["error"]["fields"]) == (400, {"body": "fill in {assignee.name}"})
    assert api(world, "POST", f"{path}/gap", {"text": "At the door."}).status == 200
    assert api(world, "POST", f"{path}/salary", {}).status == 404


def test_a_macro_on_many_tickets_answers_for_each(world: World) -> None:
    world.mail(letter("Again", subject="Salary", to="hr@desk.example"))
    body = {"tickets": ["1001", "1002", "1999"]}
    found = api(world, "POST", "/api/v1/macros/urgent/apply", body).body["items"]
    assert [(one["ticket"], one["outcome"]) for one in found] == [
        (1001, "done"),
        (1002, "done"),
        (1999, "not_found"),
    ]
    assert (ticket(1001).priority, ticket(1002).priority) == ("urgent", "urgent")
    assert api(world, "POST", "/api/v1/macros/urgent/apply", {"tickets": []}).status == 400


def test_a_macro_on_many_tickets_that_is_asked_for_again_mails_nobody_twice(world: World) -> None:
    apply(world.ports, {**DESK, "macros": {"sorry": SORRY}})
    path, key = "/api/v1/macros/sorry/apply", {"Idempotency-Key": "k" * 200}
    for _ in range(2):
        found = api(world, "POST", path, {"tickets": ["1001", "1999"]}, headers=key)
        assert [one["outcome"] for one in found.body["items"]] == ["done", "not_found"]
    assert texts().count("We are late.") == 1
    assert api(world, "POST", path, {"tickets": ["1001"]}, headers=key).status == 409


def test_a_reply_with_one_click_waits_for_whoever_has_not_read_the_newest(
    world: World, anna: Browser
) -> None:
    apply(world.ports, {**DESK, "macros": {"sorry": SORRY}})
    page = anna.get(PAGE)
    reply_to = str(world.mails_to("kim@customer.example")[0]["Reply-To"])
    world.mail(letter("It works again!", to=reply_to))
    assert "macro=sorry" in anna.submit(page, "/macros").location
    assert "We are late." not in texts()
    assert anna.submit(anna.get(PAGE), "/macros").status == 303
    assert texts()[-1] == "We are late."


def test_a_field_of_the_desks_own_that_is_refused_holds_up_no_other(
    world: World, anna: Browser
) -> None:
    own = {name: {"kind": "number", "label": {"en": name.title()}} for name in ("floor", "room")}
    asked = [{"field": "room", "required": "closing"}, {"field": "floor"}]
    form = {"label": {"en": "x"}, "fields": asked}
    do = [{"note": "x"}, {"set": {"fields": {"floor": 2, "room": None}}}]
    more = {
        "fields": own,
        "forms": {"incident": form},
        "types": {"incident": {"label": {"en": "Incident"}, "form": "incident"}},
        "macros": {"empty": {"label": {"en": "Empty"}, "do": do}},
    }
    support = {**DESK["groups"]["support"], "needs_resolution": False}
    apply(world.ports, {**DESK, "groups": {**DESK["groups"], "support": support}, **more})
    solved = Edit(type="incident", fields={"room": 1}, status="solved")
    edit_ticket(world.ports, agent(world), 1001, solved)
    page = anna.get(f"{PAGE}?macro=empty")
    assert "Room: is needed at closing" in composer(page).get_text()
    sent = anna.submit(page, "/articles")
    assert sent.status == 303, sent.text
    assert ticket().fields == {"floor": 2, "room": 1}
    path = "/api/v1/tickets/1001/macros/empty"
    assert api(world, "GET", path).body["sets"] == {"fields.floor": 2}
    assert api(world, "POST", path, {"dropped": ["fields.room"]}).status == 200


def test_a_macro_that_writes_names_no_ticket_that_the_agent_may_not_see(
    world: World, anna: Browser
) -> None:
    world.mail(letter("Secret", to="hr@desk.example"))
    own = {"cause": {"kind": "ticket", "label": {"en": "Cause"}}}
    do = [{"note": "x"}, {"set": {"fields": {"cause": "1002"}}}]
    macros = {"cause": {"label": {"en": "Cause"}, "do": do}}
    apply(world.ports, {**DESK, "fields": own, "macros": macros})
    sent = anna.submit(anna.get(f"{PAGE}?macro=cause"), "/articles")
    assert (sent.status, "there is no such ticket" in sent.text) == (400, True)
    assert (ticket().fields, len(articles())) == ({}, 1)


def test_the_timeline_says_which_macro_it_was(world: World, anna: Browser) -> None:
    api(world, "POST", "/api/v1/tickets/1001/macros/urgent", {})
    assert "Done with the macro This is urgent" in anna.get(PAGE).text
