"""Organizations: which ticket is whose, and what colleagues may do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from chalicelib import table
from chalicelib.desk.service import live_desk
from chalicelib.tickets.addressing import subject_tag
from chalicelib.tickets.situation import situation
from tests.flows.test_exports import request, rows
from tests.meter import Meter
from tests.web.api.steps import NEW, refused_fields
from tests.web.calls import Answer, api, new_token
from tests.web.desk import articles, texts, ticket
from tests.world import World, letter

ALL = "/api/v1/organizations"
CUSTOMER = {"name": "Customer & Sons", "domains": ["customer.example"], "note": "Pays late."}


def add(world: World, **changed: Any) -> Answer:
    return api(world, "POST", ALL, {**CUSTOMER, **changed})


def colleague(text: str, **more: Any) -> Any:
    return letter(
        text, sender="Bo Lind <bo@customer.example>", subject=f"Re: {subject_tag(1001)}", **more
    )


def test_an_organization_is_made_read_changed_listed_and_forgotten(world: World) -> None:
    made = add(world)
    assert made.status == 201
    path = f"{ALL}/{made.body['id']}"
    assert api(world, "GET", path).body == made.body == {"id": made.body["id"], **CUSTOMER}
    changed = api(world, "PATCH", path, {"domains": ["@Else.example", "customer.example"]}).body
    assert changed["domains"] == ["customer.example", "else.example"]
    (row,) = api(world, "GET", ALL).body["items"]
    assert (row["name"], row["domains"]) == (CUSTOMER["name"], changed["domains"])
    assert api(world, "DELETE", path).status == 200
    assert api(world, "GET", path).status == 404
    assert api(world, "GET", ALL).body["items"] == []
    assert add(world, domains=["else.example"]).status == 201


def test_the_same_request_again_makes_no_second_one(world: World) -> None:
    headers = {"Idempotency-Key": "once"}
    first = api(world, "POST", ALL, CUSTOMER, headers=headers)
    assert api(world, "POST", ALL, CUSTOMER, headers=headers) == first
    assert len(api(world, "GET", ALL).body["items"]) == 1


def test_one_that_meets_another_writer_is_made_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert api(world, "GET", ALL).body["items"] == []
    transact, lost = table.transact, [table.Lost({})]

    def met(writes: Sequence[table.Write]) -> None:
        if lost:
            raise lost.pop()
        transact(writes)

    monkeypatch.setattr(table, "transact", met)
    assert add(world).status == 201
    assert lost == []


def test_a_domain_belongs_to_one_organization(world: World) -> None:
    first = add(world).body["id"]
    taken = add(world, name="Another")
    assert taken.status == 409
    assert taken.body["error"]["fields"] == {
        "domains": "customer.example belongs to another organization"
    }
    api(world, "PATCH", f"{ALL}/{first}", {"domains": []})
    assert add(world, name="Another").status == 201


def test_what_cannot_be_used_is_named(world: World) -> None:
    assert refused_fields(api(world, "POST", ALL, {})) == ["name"]
    assert refused_fields(add(world, domains=["no domain"])) == ["domains"]
    assert refused_fields(add(world, domains=[f"a{n}.example" for n in range(21)])) == ["domains"]
    assert refused_fields(add(world, note="x" * 2001, colour="red")) == ["colour"]
    assert refused_fields(add(world, note="x" * 2001)) == ["note"]
    assert api(world, "GET", f"{ALL}/nobody").status == 404
    assert api(world, "GET", f"{ALL}/no-body").status == 404


def test_who_may_only_read_changes_nothing(world: World) -> None:
    token = new_token("people:read")
    assert api(world, "GET", ALL, token=token).status == 200
    assert api(world, "POST", ALL, CUSTOMER, token=token).status == 403
    assert api(world, "GET", ALL, token=new_token("tickets:read")).status == 403


def test_a_new_ticket_is_of_its_requesters_organization_at_no_call_more(world: World) -> None:
    world.mail(letter())
    with Meter() as before:
        world.mail(letter("One more.", sender="kim@else.example"))
    made = add(world).body["id"]
    with Meter() as meter:
        world.mail(letter("Smoke.", sender="Bo Lind <bo@customer.example>"))
    assert len(meter.calls) == len(before.calls)
    assert [ticket(number).organization for number in (1001, 1002, 1003)] == ["", "", made]
    opened = api(world, "POST", "/api/v1/tickets", {**NEW, "requester": "new@customer.example"})
    assert opened.body["organization"] == made


def test_conditions_can_ask_for_the_organization(world: World) -> None:
    made = add(world).body["id"]
    world.mail(letter())
    seen = situation(ticket(), live_desk(world.ports), world.now)
    assert seen.values["organization"] == (made.casefold(),)


def test_the_subject_tag_counts_for_colleagues_of_the_requester(world: World) -> None:
    add(world)
    world.mail(letter())
    world.mail(colleague("I have it, too."))
    assert texts()[1:] == ["I have it, too."]
    # The tag proves nothing: an agent decides whether a colleague may take part.
    assert articles()[1].is_held


def test_a_colleague_who_is_not_authenticated_opens_a_ticket(world: World) -> None:
    add(world)
    world.mail(letter())
    world.mail(colleague("I am Bo."), verdicts={"dmarc": "FAIL", "spf": "FAIL", "dkim": "FAIL"})
    assert len(texts()) == 1


def test_without_an_organization_the_tag_of_a_stranger_counts_for_nothing(world: World) -> None:
    world.mail(letter())
    world.mail(colleague("I have it, too."))
    assert len(texts()) == 1
    assert len(texts(1002)) == 1


def test_organizations_are_in_the_export(world: World) -> None:
    add(world)
    (row,) = rows(request(world), "organizations")
    assert (row["name"], row["note"]) == (CUSTOMER["name"], CUSTOMER["note"])
