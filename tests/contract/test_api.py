"""The API and its description say the same: routes, requests, every answer, every error."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from chalicelib.desk.service import apply
from chalicelib.ledger.model import Actor
from chalicelib.outward import Answer as Gone
from chalicelib.ports import Refused
from chalicelib.tickets.changes import Change, with_calls
from chalicelib.tickets.hooks import HookCall
from chalicelib.tickets.model import Ticket
from chalicelib.tickets.service import amend
from chalicelib.web.api import (
    availability,
    incidents,
    notes,
    organizations,
    presence,
    relations,
    schemas,
    suspended,
    tasks,
    tickets,
)
from chalicelib.web.api.openapi import describe
from chalicelib.web.routing import Access, Route
from chalicelib.web.site import ROUTES
from tests.aws_calls import aws_client
from tests.contract.macro_story import macro_too_late, macros
from tests.contract.participants_story import nobody_more, took_part
from tests.contract.rules_story import ruled
from tests.contract.work_story import no_work, work
from tests.web.calls import OWN, REQUEST_ID, Answer, api, new_token
from tests.web.test_new_ticket_page import BODY
from tests.world import DESK, World, letter

API = "/api/v1"
TICKET = f"{API}/tickets/1001"
API_ROUTES = [route for route in ROUTES if not route.is_page]
GUARDED = [route for route in API_ROUTES if route.access is Access.TOKEN]
DESCRIPTION = describe("https://desk.example")
PLACES = {
    "number": "1001",
    "article": "1",
    "place": "0",
    "delivery": "1-x",
    "export": "x",
    "mail": "x",
    "source": "monitor",
    "macro": "guide",
    "rule": "vip",
    "view": "due",
    "call_id": "1-0",
    "colleague": "anna",
    "task": "1-0",
    "organization": "x",
    "person": "x",
    "note": "x",
}
NEW = {"requester": "kim@customer.example", "subject": "Printer", "body": "Broken"}


def operation_of(route: Route) -> dict[str, Any]:
    found: dict[str, Any] = DESCRIPTION["paths"][route.path][route.method.lower()]
    return found


def strict() -> dict[str, Any]:
    """The description's schemas, with every object closed: clients ignore what is new, not we."""
    found = copy.deepcopy(DESCRIPTION["components"])
    for name, schema in found["schemas"].items():
        if name != "Description":
            _close(schema)
    return found


def _close(schema: Any) -> None:
    if isinstance(schema, dict):
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
        for part in schema.values():
            _close(part)
    if isinstance(schema, list):
        for part in schema:
            _close(part)


COMPONENTS = strict()


def check(schema: Mapping[str, Any], value: Any) -> None:
    Draft202012Validator({**schema, "components": COMPONENTS}).validate(value)


def check_error(answer: Answer) -> None:
    check(schemas.ref("Error"), answer.body)
    assert answer.body["request_id"] == REQUEST_ID
    assert answer.headers["content-type"] == "application/json"


class Client:
    """Calls the API by its description, checks every answer with it, and remembers which came."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.seen: set[tuple[str, str]] = set()

    def __call__(self, operation: str, **parts: Any) -> Answer:
        """`query`, `body`, `token` and `headers` go along; the rest are places in the path."""
        route = next(found for found in API_ROUTES if found.handler.__name__ == operation)
        sent = {name: parts.pop(name) for name in ("token", "headers") if name in parts}
        query, body = parts.pop("query", ""), parts.pop("body", None)
        path = route.path.format(**{**PLACES, **parts})
        answer = api(self.world, route.method, path + query, body, **sent)
        described = operation_of(route)["responses"]
        assert str(answer.status) in described, (operation, answer)
        self._check(described[str(answer.status)], answer)
        self.seen.add((operation, str(answer.status)))
        return answer

    def _check(self, response: dict[str, Any], answer: Answer) -> None:
        if "$ref" in response:
            response = DESCRIPTION["components"]["responses"][str(answer.status)]
        if "content" in response:
            check(response["content"]["application/json"]["schema"], answer.body)
        for name in response.get("headers", {}):
            assert answer.headers[name.lower()]


# The description itself. ---------------------------------------------------------------------


def test_the_description_is_valid_openapi() -> None:
    validate(DESCRIPTION)


def test_everybody_can_read_the_description(world: World) -> None:
    answer = api(world, "GET", f"{API}/openapi.json", token=None)
    assert answer.status == 200
    assert answer.body == DESCRIPTION


def test_every_route_is_described_and_nothing_else() -> None:
    described = {
        (method.upper(), path)
        for path, methods in DESCRIPTION["paths"].items()
        for method in methods
        if method != "parameters"
    }
    assert described == {(route.method, route.path) for route in API_ROUTES}


def test_scopes_and_repetition_are_described_as_routed() -> None:
    for route in API_ROUTES:
        operation = operation_of(route)
        assert operation["security"] == ([{"token": [route.scope]}] if route.scope else [])
        headers = [given["name"] for given in operation["parameters"] if given["in"] == "header"]
        assert headers == (["Idempotency-Key"] if route.replays else [])
        assert operation["summary"]


def test_no_schema_and_no_error_is_described_for_nothing() -> None:
    text = str(DESCRIPTION)
    unused = [name for name in schemas.table() if f"#/components/schemas/{name}'" not in text]
    assert unused == []
    assert all(f"'#/components/responses/{status}'" in text for status in (400, 401, 403, 404, 409))


def test_examples_fit_what_they_are_examples_of() -> None:
    for name, example in schemas.examples().items():
        check(schemas.ref(name), example)


def test_requests_take_the_fields_that_are_described() -> None:
    taken = {
        schemas.NEW_TICKET: tickets.NEW_TICKET,
        schemas.NEW_ARTICLE: tickets.NEW_ARTICLE,
        schemas.NEW_UPLOAD: tickets.NEW_UPLOAD,
        "TicketChanges": tickets.CHANGES,
        "Merge": relations.MERGE,
        "NewLink": relations.LINK,
        "Split": relations.SPLIT,
        schemas.SUSPENDED_ACTION: suspended.DECISION,
        schemas.PRESENCE: presence.BEAT,
        "NewAbsence": availability.ABSENCE,
        "NewTask": tasks.NEW,
        "IncidentReply": incidents.REPLY,
        "TaskChanges": tasks.CHANGES,
        "OrganizationChanges": organizations.CHANGES,
        "NewNote": notes.NEW,
        "NoteChanges": notes.CHANGES,
    }
    described = {name: set(schemas.table()[name]["properties"]) for name in taken}
    assert described == {name: set(shapes) for name, shapes in taken.items()}


# Errors, over all routes. --------------------------------------------------------------------


def test_every_guarded_route_answers_a_stranger_alike(world: World) -> None:
    assert len(GUARDED) == len(API_ROUTES) - 3
    for route in GUARDED:
        for token in (None, "skr_unknown"):
            path = route.path.format(**PLACES)
            body = "{" if route.takes else None
            answer = api(world, route.method, path, body, token=token)
            assert answer.status == 401, route
            assert answer.headers["www-authenticate"] == "Bearer"
            check_error(answer)


def test_every_route_refuses_a_broken_body_alike(world: World) -> None:
    for route in API_ROUTES:
        if route.takes:
            answer = api(world, route.method, route.path.format(**PLACES), "{")
            assert answer.status == 400, route
            check_error(answer)


def test_a_crash_names_the_request_and_nothing_of_the_inside(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise RuntimeError("a secret of the house")

    monkeypatch.setattr("chalicelib.tickets.service.read_ticket", crash)
    answer = api(world, "GET", TICKET)
    assert (answer.status, answer.body["error"]["code"]) == (500, "internal")
    check_error(answer)
    assert "secret" not in str(answer)


# Answers: one story that meets every one that is described. --------------------------------------


def test_every_described_answer_is_given_and_looks_as_described(world: World) -> None:
    call = Client(world)
    for step in (
        everything_that_works,
        everything_unusable,
        everything_forbidden,
        everything_unknown,
        every_conflict,
    ):
        step(call)
    described = {
        (operation["operationId"], status)
        for methods in DESCRIPTION["paths"].values()
        for method, operation in methods.items()
        if method != "parameters"
        for status in operation["responses"]
        if status != "default"
    }
    assert call.seen == described


def everything_that_works(call: Client) -> None:
    world = call.world
    call("health", token=None)
    call("openapi", token=None)
    upload = call("create_upload", body={"name": "a.txt", "content_type": "text/plain"}).body
    aws_client("s3").put_object(
        Bucket="files", Key=upload["fields"]["key"], Body=b"text", ContentType="text/plain"
    )
    call("create_ticket", body={**NEW, "group": "support"})
    article = {"kind": "reply", "body": "Hello", "attachments": [upload["id"]]}
    call("create_article", body=article)
    world.settle()
    stranger = letter("Me too", sender="eve@stranger.example", to=str(world.last_mail["Reply-To"]))
    world.mail(stranger)
    other = new_token("tickets:read", name="screen")
    call("set_presence", body={"mode": "composing"}, token=other)
    assert call("set_presence").body["others"]
    held = call("get_ticket").body["articles"][-1]["id"]
    call("accept_article", article=held)
    call("get_raw", article=held)
    call("get_attachment", article="2")
    call("send_again", delivery=failed(call))
    changed = call("patch_ticket", body={"status": "pending", "assignee": "anna"})
    assert changed.body["due"]
    assert call("get_clocks").body["items"][0]["steps"]
    assert call("list_tickets", query="?assignee=anna").body["items"]
    assert call("list_people").body["items"]
    filled_in(call)
    related(call)
    escalated(call)
    suspended_mail(call)
    hooked(call)
    work(call)
    macros(call)
    took_part(call)
    ruled(call)
    assert call("list_views").body["items"]
    assert call("list_view").body["items"]
    assert call("list_view", view="nothing").status == 404
    away(call)
    export = call("create_export").body["id"]
    assert call("get_export", export=export).body["files"] == []
    world.settle()
    assert call("get_export", export=export).body["files"]


def filled_in(call: Client) -> None:
    """A form, as it is told and as it comes back."""
    apply(call.world.ports, BODY)
    assert call("list_forms").body["items"][0]["fields"][1]["show_when"]
    said = {"form": "incident", "fields": {"category": "hardware", "floor": 2}}
    made = call("create_ticket", body={**NEW, "group": "support", **said}).body
    assert (made["type"], made["fields"]) == ("incident", said["fields"])
    changed = call("patch_ticket", number=made["number"], body={"fields": {"floor": None}}).body
    assert changed["fields"] == {"category": "hardware"}


def related(call: Client) -> None:
    """On tickets of their own."""
    one, other = (call("create_ticket", body=NEW).body["number"] for _ in range(2))
    tie = {"type": "child", "ticket": other}
    linked = call("link_ticket", number=one, body=tie).body
    assert (linked["links"], linked["open_children"]) == ([tie], [other])
    assert call("unlink_ticket", number=one, body=tie).body["links"] == []
    merged = call("merge_ticket", number=other, body={"into": one, "add_people": True}).body
    assert (merged["status"], merged["merged_into"]) == ("merged", one)
    found = call("get_ticket", number=one).body
    assert found["sources"] == [other]
    assert [article["ticket"] for article in found["articles"]] == [one, other]
    assert call("unmerge_ticket", number=other).body["merged_into"] is None
    made = call("split_ticket", number=one, body={"articles": ["1"], "subject": "A half"}).body
    assert (made["subject"], made["links"][0]["ticket"]) == ("A half", one)
    assert call("get_ticket", number=one).body["articles"][0]["split_to"] == made["number"]


def escalated(call: Client) -> None:
    """A target of a minute is missed, and somebody takes note."""
    number = call("create_ticket", body={**NEW, "group": "quick"}).body["number"]
    assert call("acknowledge_escalation", number=number).status == 409
    call.world.pass_time(minutes=2)
    call.world.sweep()
    assert call("acknowledge_escalation", number=number).status == 200
    assert call("get_clocks", number=number).body["items"][0]["acknowledged"]


def away(call: Client) -> None:
    """Somebody goes away, is given a ticket all the same, and comes back."""
    number = call("create_ticket", body={**NEW, "group": "support"}).body["number"]
    planned = {"until": "2026-03-09T08:00", "substitute": "lena", "reason": "Skiing"}
    assert call("set_absence", body=planned).body["until"] == "2026-03-09T08:00:00+01:00"
    given = call("patch_ticket", number=number, body={"assignee": "anna"}).body
    assert given["warnings"] == ["anna is away until 2026-03-09T07:00:00+00:00; lena stands in."]
    anna = call("list_agents", query="?limit=1").body
    assert (anna["items"][0]["is_available"], anna["items"][0]["stands_in"]) == (False, "lena")
    rest = call("list_agents", query=f"?cursor={anna['next']}").body
    assert [one["id"] for one in rest["items"]] == ["hugo", "lena"]
    assert [one["reason"] for one in call("list_absences").body["items"]] == ["Skiing"]
    assert call("end_absence").body["items"] == []
    for operation, body in (("list_absences", None), ("set_absence", {}), ("end_absence", None)):
        assert call(operation, colleague="nobody", body=body).status == 404
    assert call("end_absence", query="?from=never").status == 400
    assert call("set_absence", body={"substitute": "anna"}).status == 400


def hooked(call: Client) -> None:
    """An alert that opens a ticket, and a webhook that nobody hears because of it."""
    world = call.world
    monitor = {"group": "support", "auth": "token", "key": ["id"]}
    webhook = {"url": "https://hooks.example.org/"}
    apply(world.ports, {**DESK, "sources": {"monitor": monitor}, "webhooks": {"pager": webhook}})
    (told,) = call("receive_event", body={"id": "disk"}).body["items"]
    assert (told["key"], told["outcome"]) == ("disk", "opened")

    def decide(ticket: Ticket | None, now: datetime) -> Change:
        assert ticket is not None
        return with_calls(Change(ticket, ticket, ()), [HookCall("pager", now)])

    amend(world.ports, told["ticket"], decide, actor=Actor("system", "rules"), cause="test")
    world.answers = [Gone(410)]
    world.settle()
    (made,) = call("list_calls", number=told["ticket"]).body["items"]
    assert (made["state"], made["status"]) == ("failed", 410)
    again = {"number": told["ticket"], "call_id": made["id"]}
    assert call("call_again", **again).body["state"] == "queued"
    world.settle()
    assert call("call_again", **again).status == 409
    assert call("call_again", number=9999).status == 404
    for token, status in ((None, 401), (new_token("tickets:write"), 403)):
        assert call("receive_event", body={"id": "disk"}, token=token).status == status
    assert call("receive_event", source="nobody", body={"id": "disk"}).status == 404
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chalicelib.webhooks.events.TICKETS_AN_HOUR", 0)
        assert call("receive_event", body={"id": "other"}).status == 429


def unrelated(call: Client) -> None:
    """What cannot be merged, split or linked."""
    one, other = (call("create_ticket", body=NEW).body["number"] for _ in range(2))
    for operation, body in (
        ("merge_ticket", {"into": 9999}),
        ("link_ticket", {"type": "child", "ticket": 9999}),
        ("unlink_ticket", {"type": "child", "ticket": 9999}),
    ):
        assert call(operation, number=one, body=body).status == 404
    assert call("split_ticket", number=9999, body={"articles": ["1"]}).status == 404
    made = call("split_ticket", number=one, body={"articles": ["1"]}).body["number"]
    assert call("split_ticket", number=one, body={"articles": ["1"]}).status == 409
    call("link_ticket", number=other, body={"type": "parent", "ticket": one})
    circle = {"type": "parent", "ticket": other}
    assert call("link_ticket", number=one, body=circle).status == 409
    call("merge_ticket", number=other, body={"into": one})
    assert call("merge_ticket", number=other, body={"into": made}).status == 409


def suspended_mail(call: Client) -> None:
    condemned = {"spam": "FAIL"}
    mails = [call.world.mail(letter(f"Buy {n}"), verdicts=condemned) for n in range(5)]
    assert call("list_suspended").body["items"]
    assert call("get_suspended", mail=mails[0]).body["raw"]
    call("get_suspended_raw", mail=mails[0])
    assert call("release_suspended", mail=mails[0]).body["ticket"]
    call("allow_suspended", mail=mails[1])
    call("block_suspended", mail=mails[2])
    call("unblock_suspended", mail=mails[2])
    call("delete_suspended", mail=mails[3])
    several = {"action": "release", "ids": [mails[4], mails[3]]}
    released, refused = call("decide_suspended", body=several).body["items"]
    assert (released["error"], refused["error"]["code"]) == (None, "conflict")


def failed(call: Client) -> str:
    """A mail that SES would not take."""
    world = call.world

    def refuse(*_: object, **__: object) -> str:
        raise Refused("not today")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world.ports.mailer, "send", refuse)
        call("create_article", body={"kind": "reply", "body": "Once more"})
        world.settle()
    found = call("get_ticket").body["articles"][-1]["delivery"][0]
    assert found["state"] == "failed"
    name: str = found["id"]
    return name


def everything_unusable(call: Client) -> None:
    for route in API_ROUTES:
        described = operation_of(route)
        queries = {given["name"] for given in described["parameters"]}
        if route.takes:
            call(route.handler.__name__, body="{")
        elif "400" in described["responses"]:
            place = "cursor" if "cursor" in queries else "before"
            call(route.handler.__name__, query=f"?{place}=foreign")


def everything_forbidden(call: Client) -> None:
    token = new_token("nothing")
    for route in GUARDED:
        assert call(route.handler.__name__, token=None).status == 401
        assert call(route.handler.__name__, token=token).status == 403


def everything_unknown(call: Client) -> None:
    for route in API_ROUTES:
        if "{" in route.path:
            body = {"kind": "note", "body": "x"} if "create" in route.handler.__name__ else None
            call(route.handler.__name__, number="9999", body=body)


def every_conflict(call: Client) -> None:
    key = {"Idempotency-Key": "once"}
    call("create_ticket", body=NEW, headers=key)
    call("create_ticket", body={**NEW, "subject": "Other"}, headers=key)
    call("create_export", headers=key)
    first = call("patch_ticket", body={"priority": "low"}).body["version"] - 1
    clash = call("patch_ticket", body={"version": first, "priority": "high"})
    assert clash.body["error"]["fields"] == {"priority": "low"}
    call("create_article", body={"kind": "note", "body": "Wait."})
    overtaken = call("create_article", body={"kind": "reply", "body": "Hello", "seen_seq": 1})
    assert overtaken.body["error"]["new"][-1]["text"] == "Wait."
    call("accept_article")
    (sent,) = call("get_ticket").body["articles"][0]["delivery"]
    call("send_again", delivery=sent["id"])
    call("patch_ticket", body={"status": "closed"})
    assert call("create_article", body={"kind": "reply", "body": "Hello"}, token=OWN).status == 409
    unrelated(call)
    no_work(call)
    macro_too_late(call)
    nobody_more(call)
    every_conflict_of_suspended_mail(call)


def every_conflict_of_suspended_mail(call: Client) -> None:
    ill = call.world.mail(letter("Open me"), verdicts={"virus": "FAIL"})
    call("release_suspended", mail=ill)
    call("allow_suspended", mail=ill)
    call("delete_suspended", mail=ill)
    call("block_suspended", mail=ill)
    well = call.world.mail(letter("Buy all"), verdicts={"spam": "FAIL"})
    call("release_suspended", mail=well)
    call("delete_suspended", mail=well)
    assert call("unblock_suspended", mail=well).status == 409
