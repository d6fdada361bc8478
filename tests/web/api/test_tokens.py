"""Who may call: tokens, their scopes, their groups."""

from __future__ import annotations

from datetime import timedelta

from tests.web.api.steps import NEW, TICKET, open_ticket
from tests.web.calls import api, new_token
from tests.world import START, World

LIST = "/api/v1/tickets"


def test_without_a_token_that_is_known_nobody_gets_in(world: World) -> None:
    open_ticket(world)
    for token in (None, "skr_unknown", "other", ""):
        answer = api(world, "GET", TICKET, token=token)
        assert (answer.status, answer.body["error"]["code"]) == (401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"


def test_another_scheme_than_bearer_is_no_token(world: World) -> None:
    headers = {"Authorization": f"Basic {new_token()}"}
    assert api(world, "GET", LIST, token=None, headers=headers).status == 401


def test_the_name_of_the_scheme_may_be_in_any_case(world: World) -> None:
    headers = {"authorization": f"bearer {new_token()}"}
    assert api(world, "GET", LIST, token=None, headers=headers).status == 200


def test_a_token_ends_when_it_expires(world: World) -> None:
    token = new_token(expires_at=START + timedelta(hours=1))
    assert api(world, "GET", LIST, token=token).status == 200
    world.pass_time(hours=1)
    answer = api(world, "GET", LIST, token=token)
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_scope_that_is_missing_is_named(world: World) -> None:
    open_ticket(world)
    token = new_token("tickets:read")
    assert api(world, "GET", TICKET, token=token).status == 200
    answer = api(world, "PATCH", TICKET, {"priority": "low"}, token=token)
    assert (answer.status, answer.body["error"]["code"]) == (403, "forbidden")
    assert "tickets:write" in answer.body["error"]["message"]


def test_a_ticket_of_another_group_does_not_exist_for_a_token(world: World) -> None:
    open_ticket(world, group="hr")
    token = new_token(groups=["support"])
    calls = [
        api(world, "GET", TICKET, token=token),
        api(world, "PATCH", TICKET, {"priority": "low"}, token=token),
        api(world, "POST", f"{TICKET}/articles", {"kind": "note", "body": "x"}, token=token),
        api(world, "POST", f"{TICKET}/articles/1/accept", token=token),
        api(world, "GET", f"{TICKET}/articles/1/raw", token=token),
    ]
    unknown = api(world, "GET", f"{LIST}/9999", token=token)
    for answer in calls:
        assert answer.status == 404
        message = answer.body["error"]["message"].replace("1001", "9999")
        assert message == unknown.body["error"]["message"]
    assert api(world, "GET", TICKET).body["priority"] == "normal"


def test_a_token_reads_and_writes_in_its_own_groups(world: World) -> None:
    token = new_token(groups=["support"])
    assert api(world, "POST", LIST, NEW, token=token).status == 201
    assert api(world, "PATCH", TICKET, {"priority": "low"}, token=token).status == 200


def test_a_token_puts_no_ticket_where_it_could_not_see_it(world: World) -> None:
    token = new_token(groups=["support"])
    assert api(world, "POST", LIST, {**NEW, "group": "hr"}, token=token).status == 403
    open_ticket(world)
    assert api(world, "PATCH", TICKET, {"group": "hr"}, token=token).status == 403
    assert api(world, "GET", f"{LIST}?group=hr", token=token).status == 403
    assert api(world, "GET", TICKET).body["group"] == "support"


def test_an_export_is_for_tokens_that_see_everything(world: World) -> None:
    token = new_token(groups=["support"])
    assert api(world, "POST", "/api/v1/exports", {}, token=token).status == 403
