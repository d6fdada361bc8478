"""Registering a ticket by hand, as agents do on the telephone."""

from __future__ import annotations

from typing import Any

import pytest
from bs4.element import Tag

from chalicelib.desk.service import apply
from chalicelib.facts import ArticleAdded, FieldsChanged, StatusChanged, TicketOpened
from chalicelib.ledger.model import Entry, flaws
from chalicelib.tickets import store
from chalicelib.tickets.model import ArticleKind, Status, Timeline
from tests.web.browser import Answer, Browser, filled
from tests.web.conftest import signed_in
from tests.web.desk import ticket
from tests.world import DESK, World, letter

NEW = "/agent/new"
KIM = "kim@customer.example"
FIELDS: dict[str, Any] = {
    "category": {
        "kind": "tree",
        "label": {"en": "Category", "da": "Kategori"},
        "choices": {
            "hardware": {"choices": {"printer": {"label": {"en": "Printer"}}}},
            "password": {},
        },
    },
    "floor": {"kind": "number", "label": {"en": "Floor"}, "min": 0, "max": 9},
    "cause": {"kind": "text", "label": {"en": "Cause"}},
    "home": {"kind": "yes_no", "label": {"en": "Works from home"}},
    "street": {"kind": "text", "label": {"en": "Street"}},
}
FORMS = {
    "incident": {
        "label": {"en": "Something is broken"},
        "type": "incident",
        "fields": [
            {"field": "category", "required": "closing"},
            {"field": "floor", "show_when": {"field.category": ["hardware"]}},
            {"field": "cause", "required": "closing", "require_when": {"priority": ["urgent"]}},
        ],
    },
    "colleague": {
        "label": {"en": "A new colleague"},
        "fields": [
            {"field": "home", "required": "registration"},
            {
                "field": "street",
                "required": "registration",
                "show_when": {"field.home": ["yes"]},
            },
        ],
    },
}
TYPES = {
    "incident": {"label": {"en": "Incident", "da": "Hændelse"}, "form": "incident"},
    "internal": {"label": {"en": "Among us"}, "internal": True},
}
PASSWORD = {
    "label": {"en": "Forgotten password"},
    "key": "p",
    "type": "incident",
    "group": "support",
    "subject": "Forgotten password",
    "text": "The caller got a new password.",
    "fields": {"category": "password"},
    "tags": ["password"],
    "assignee": "me",
    "status": "solved",
    "resolution": "A new password was given on the phone.",
    "acknowledges": False,
}
BODY = {**DESK, "fields": FIELDS, "types": TYPES, "forms": FORMS}


@pytest.fixture(autouse=True)
def _desk(world: World) -> None:
    apply(world.ports, {**BODY, "templates": {"password": PASSWORD}})


def at_key(page: Answer, key: str) -> str:
    """Where the access key of a page leads."""
    (link,) = page.soup.select(f'a[accesskey="{key}"]')
    return str(link["href"])


def focused(page: Answer) -> Tag:
    (found,) = page.soup.select("[autofocus]")
    return found


def timeline(number: int) -> Timeline:
    found = store.timeline(number)
    assert found is not None
    return found


def facts(number: int) -> list[Any]:
    entries = (entry for entry in timeline(number).entries if isinstance(entry, Entry))
    return [fact for entry in entries for fact in entry.facts]


def test_a_call_is_registered_in_three_steps(world: World, anna: Browser) -> None:
    world.mail(letter())
    sent, steps = len(world.outbox), []
    # One: the access key of the template, on the page where agents are all day.
    page = anna.get(at_key(anna.get("/agent/inbox"), "p"))
    steps.append("P")
    # Two: the caller, where the focus is already; everything else is filled in.
    asked = page.form("/agent/new")
    assert focused(page)["name"] == "requester"
    needed = [tag for tag in asked.select("[required]") if not filled(asked)[tag["name"]]]
    assert [tag["name"] for tag in needed] == ["requester"]
    steps.append("kim")
    # Three: Enter, which presses the first button of the form, and that one saves.
    assert asked.select("button")[0].get("name") is None
    saved = anna.follow(anna.submit(page, "/agent/new", requester="kim"))
    steps.append("Enter")
    assert len(steps) == 3
    assert "The ticket was registered." in saved.text
    made = ticket(1002)
    assert (made.requester.email, made.status, made.assignee) == (KIM, Status.SOLVED, "anna")
    assert (made.type, made.fields, made.tags) == (
        "incident",
        {"category": "password"},
        ("password",),
    )
    assert made.resolution == "A new password was given on the phone."
    world.settle()
    assert len(world.outbox) == sent


def test_what_was_registered_is_told_by_the_ledger(anna: Browser) -> None:
    page = anna.get(f"{NEW}?template=password")
    anna.submit(page, "/agent/new", requester=f"Kim Jensen <{KIM}>", note="Called twice.")
    told = facts(1001)
    assert told[0] == TicketOpened("support", "normal", "phone", None, "incident")
    assert FieldsChanged({"category": None}, {"category": "password"}) in told
    assert StatusChanged("new", "solved") in told
    assert [fact.kind for fact in told if isinstance(fact, ArticleAdded)] == ["reply", "note"]
    assert flaws([entry for entry in timeline(1001).entries if isinstance(entry, Entry)]) == []
    articles = timeline(1001).articles
    assert [(one.seq, one.kind) for one in articles] == [
        (1, ArticleKind.REPLY),
        (2, ArticleKind.NOTE),
    ]
    assert (ticket(1001).requester.name, ticket(1001).seq) == ("Kim Jensen", 2)


def test_a_note_alone_can_follow_and_the_ticket_goes_on(world: World, anna: Browser) -> None:
    anna.submit(anna.get(f"{NEW}?template=password"), "/agent/new", requester=KIM, note="Twice.")
    anna.submit(anna.get("/agent/tickets/1001"), "/articles", text="And again.", kind="note")
    assert [one.seq for one in timeline(1001).articles] == [1, 2, 3]
    world.settle()
    assert world.outbox == []


def test_sending_the_form_twice_registers_one_ticket(anna: Browser) -> None:
    page = anna.get(f"{NEW}?template=password")
    first = anna.submit(page, "/agent/new", requester=KIM)
    assert anna.submit(page, "/agent/new", requester=KIM).location == first.location
    assert store.last_number() == 1001


def test_an_empty_ticket_is_acknowledged_where_that_is_wanted(world: World, anna: Browser) -> None:
    words = {"requester": KIM, "subject": "The lamp", "text": "It flickers."}
    page = anna.get(NEW)
    assert at_key(page, "n").endswith(NEW)
    anna.submit(page, "/agent/new", **words)
    anna.submit(anna.get(NEW), "/agent/new", **{**words, "acknowledge": ""})
    world.settle()
    assert [message["Subject"] for message in world.mails_to(KIM)] == [
        world.mails_to(KIM)[0]["Subject"]
    ]
    assert "1001" in str(world.mails_to(KIM)[0]["Subject"])
    assert ticket(1002).subject == "The lamp"


def test_a_name_that_several_have_is_asked_about(world: World, anna: Browser) -> None:
    world.mail(letter(sender="Kim Jensen <kim@customer.example>"))
    world.mail(letter("Hi", sender="Kim Larsen <larsen@customer.example>", message_id="<2@x>"))
    page = anna.submit(anna.get(f"{NEW}?template=password"), "/agent/new", requester="KIM ")
    assert page.status == 400
    assert "Several are called so" in page.text
    offered = [str(tag["value"]) for tag in page.soup.select('input[name="person"]')]
    assert offered == [KIM, "larsen@customer.example"]
    anna.submit(page, "/agent/new", person="larsen@customer.example")
    assert ticket(1003).requester.name == "Kim Larsen"


def test_a_name_that_nobody_has_needs_an_address(anna: Browser) -> None:
    page = anna.submit(anna.get(f"{NEW}?template=password"), "/agent/new", requester="Zoe")
    assert page.status == 400
    assert "Nobody of that name is known. Write the address." in page.text
    assert page.form("/agent/new").select_one("#requester")["value"] == "Zoe"
    assert page.soup.select_one(".banner a")["href"] == "#requester"
    assert store.last_number() == 1000


def test_what_is_missing_is_asked_for_at_its_place_and_nothing_is_lost(anna: Browser) -> None:
    words = {"requester": KIM, "subject": "Zoe begins", "text": "On Monday."}
    page = anna.submit(anna.get(f"{NEW}?form=colleague"), "/agent/new", **words)
    assert page.status == 400
    home = page.form("/agent/new").select_one('[name="fields.home"]')
    assert home["aria-invalid"] == "true"
    # The answer brings a field that was not there before, and it is needed as well.
    page = anna.submit(page, "/agent/new", **{"fields.home": "yes"})
    street = page.form("/agent/new").select_one('[name="fields.street"]')
    assert street["aria-invalid"] == "true"
    assert filled(page.form("/agent/new"))["subject"] == "Zoe begins"
    anna.submit(page, "/agent/new", **{"fields.street": "Harbour 1"})
    assert ticket(1001).fields == {"home": True, "street": "Harbour 1"}
    assert ticket(1001).form == "colleague"


def test_fields_can_be_shown_before_anything_is_saved(anna: Browser) -> None:
    page = anna.submit(anna.get(NEW), "/agent/new", type="incident", redraw="yes")
    assert page.status == 200
    names = [str(tag["name"]) for tag in page.soup.select('[name^="fields."]')]
    assert names == ["fields.category", "fields.cause"]
    page = anna.submit(page, "/agent/new", redraw="yes", **{"fields.category": "hardware"})
    names = [str(tag["name"]) for tag in page.soup.select('[name^="fields."]')]
    assert names == ["fields.category", "fields.floor", "fields.cause"]
    assert store.last_number() == 1000


def test_a_template_is_offered_to_those_who_see_its_group(world: World) -> None:
    for agent, count in (("anna", 1), ("hugo", 0)):
        page = signed_in(world, agent).get("/agent/inbox")
        assert len(page.soup.select('a[accesskey="p"]')) == count


def test_a_template_of_a_group_of_others_fills_nothing_in(world: World) -> None:
    for agent, subject in (("anna", "Forgotten password"), ("hugo", "")):
        page = signed_in(world, agent).get(f"{NEW}?template=password")
        (found,) = page.soup.select('[name="subject"]')
        assert found.get("value", "") == subject


def test_two_calls_of_somebody_new_at_once_are_two_tickets_of_one_person(
    world: World, anna: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = {"requester": "new@customer.example", "subject": "Hello", "text": "Help."}
    other, number = anna.get(NEW), store.next_number
    rivals = [lambda: anna.submit(other, "/agent/new", **words)]

    def meanwhile() -> int:
        if rivals:
            assert rivals.pop()().status == 303
        return number()

    page = anna.get(NEW)
    monkeypatch.setattr(store, "next_number", meanwhile)
    assert anna.submit(page, "/agent/new", **words).status == 303
    last = store.last_number()
    assert ticket(last).requester.person == ticket(1001).requester.person


def test_an_agent_cannot_register_for_a_group_of_others(anna: Browser) -> None:
    words = {"requester": KIM, "subject": "Pay", "text": "Late.", "group": "hr"}
    assert anna.submit(anna.get(NEW), "/agent/new", **words).status == 403
    assert store.last_number() == 1000


def test_fields_are_shown_and_set_on_the_page_of_a_ticket(world: World, anna: Browser) -> None:
    world.mail(letter())
    page = anna.get("/agent/tickets/1001")
    assert page.form("/properties").select('[name^="fields."]') == []
    page = anna.follow(anna.submit(page, "/properties", type="incident"))
    assert "Type: – → Incident" in page.text
    chosen = {"fields.category": "hardware/printer"}
    page = anna.follow(anna.submit(page, "/properties", **chosen))
    assert "Category: – → hardware › Printer" in page.text
    floor = page.form("/properties").select_one('[name="fields.floor"]')
    assert floor is not None
    wrong = anna.submit(page, "/properties", **{"fields.floor": "ten"})
    assert wrong.status == 400
    assert wrong.form("/properties").select_one('[name="fields.floor"]')["aria-invalid"] == "true"
    anna.submit(page, "/properties", **{"fields.floor": "2"})
    assert ticket(1001).fields == {"category": "hardware/printer", "floor": 2}


def test_a_close_refused_for_a_missing_field_names_it_on_the_page(
    world: World, anna: Browser
) -> None:
    world.mail(letter())
    anna.submit(anna.get("/agent/tickets/1001"), "/properties", type="incident")
    page = anna.submit(anna.get("/agent/tickets/1001"), "/properties", status="solved")
    assert page.status == 400
    assert "This is needed." in page.text
    field = page.form("/properties").select_one('[name="fields.category"]')
    assert field["aria-describedby"] == "fields.category-hint fields.category-error"
    assert ticket(1001).status is Status.NEW
    anna.submit(page, "/properties", status="solved", **{"fields.category": "password"})
    assert ticket(1001).status is Status.SOLVED


def test_two_agents_who_set_one_field_at_once_meet_at_it(world: World, anna: Browser) -> None:
    world.mail(letter())
    anna.submit(anna.get("/agent/tickets/1001"), "/properties", type="incident")
    mine, theirs = anna.get("/agent/tickets/1001"), anna.get("/agent/tickets/1001")
    anna.submit(theirs, "/properties", **{"fields.category": "password"})
    # Another field merges, the same one is shown with what it is by now.
    anna.submit(mine, "/properties", **{"fields.cause": "Dust"})
    assert ticket(1001).fields == {"category": "password", "cause": "Dust"}
    clash = anna.submit(mine, "/properties", **{"fields.category": "hardware"})
    assert clash.status == 409
    assert "Now it is: password" in clash.text


def test_an_internal_ticket_takes_notes_alone(anna: Browser) -> None:
    words = {"requester": KIM, "subject": "Reorganisation", "text": "Not yet known."}
    page = anna.submit(anna.get(NEW), "/agent/new", type="internal", **words)
    page = anna.follow(page)
    assert "This ticket is internal: no customer hears of it." in page.text
    assert page.form("/articles").select('[name="kind"][value="reply"]') == []
    refused = anna.submit(page, "/articles", text="Hello", kind="reply")
    assert refused.status == 409
    types = [str(tag["value"]) for tag in page.form("/properties").select("#type option")]
    assert types == ["", "internal"]
