"""Agents come in by password, stay while they are agents, and are sent nowhere but to the desk."""

from __future__ import annotations

import copy
from urllib.parse import quote

import pytest

from chalicelib.desk.service import apply
from tests.aws_calls import aws_client
from tests.web.browser import Browser
from tests.web.conftest import signed_in
from tests.world import DESK, PASSWORD, World


def test_an_agent_signs_in_works_and_signs_out(anybody: Browser) -> None:
    entered = anybody.sign_in()
    assert entered.location == "/agent/inbox"
    inbox = anybody.follow(entered)
    assert inbox.status == 200
    left = anybody.submit(inbox, "/agent/sign-out")
    assert left.location == "/agent/sign-in"
    assert anybody.get("/agent/inbox").location.startswith("/agent/sign-in")


def test_the_front_door_leads_to_the_inbox_and_from_there_to_the_sign_in(anybody: Browser) -> None:
    asked = anybody.follow(anybody.get("/"))
    assert asked.location == "/agent/sign-in?back_to=%2Fagent%2Finbox"


def test_after_the_sign_in_an_agent_is_where_they_wanted_to_be(anybody: Browser) -> None:
    asked = anybody.get("/agent/inbox?view=support-open")
    form = anybody.follow(asked)
    fields = {"email": "Anna@agents.example ", "password": PASSWORD}
    assert anybody.submit(form, "/agent/sign-in", **fields).location == asked.address


@pytest.mark.parametrize(
    "back_to",
    [
        "https://evil.example/agent/inbox",
        "//evil.example",
        "/\\evil.example",
        "/agent/../../evil",
        "/agent/inbox\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
        "/t/1001.0.0.x",
    ],
)
def test_the_sign_in_leads_nowhere_else(anybody: Browser, back_to: str) -> None:
    form = anybody.get(f"/agent/sign-in?back_to={quote(back_to)}")
    fields = {"email": "anna@agents.example", "password": PASSWORD, "back_to": back_to}
    assert anybody.submit(form, "/agent/sign-in", **fields).location == "/agent/inbox"


@pytest.mark.parametrize("password", ["wrong-horse-9", "", "x" * 300])
def test_a_wrong_password_is_said_and_the_address_stays(anybody: Browser, password: str) -> None:
    refused = anybody.sign_in(password=password)
    assert refused.status == 401
    assert "The address or the password is not right." in refused.text
    assert refused.form("/agent/sign-in").find(id="email")["value"] == "anna@agents.example"
    assert "__Host-desk" not in anybody.cookies


def test_an_unknown_address_is_answered_like_a_wrong_password(anybody: Browser) -> None:
    assert anybody.sign_in("nobody").text == anybody.sign_in(password="wrong").text


def test_a_password_of_somebody_who_is_no_agent_opens_nothing(
    world: World, anybody: Browser
) -> None:
    assert anybody.sign_in("hugo").status == 303
    without_hugo = copy.deepcopy(DESK)
    del without_hugo["agents"]["hugo"]
    apply(world.ports, without_hugo)
    refused = Browser(world).sign_in("hugo")
    assert refused.status == 401
    assert (
        "set-cookie" not in refused.headers or "__Host-desk=" not in refused.headers["set-cookie"]
    )


def test_an_agent_who_left_the_desk_is_signed_out_by_the_next_request(world: World) -> None:
    hugo = signed_in(world, "hugo")
    assert hugo.get("/agent/inbox").status == 200
    without_hugo = copy.deepcopy(DESK)
    del without_hugo["agents"]["hugo"]
    apply(world.ports, without_hugo)
    assert hugo.get("/agent/inbox").location.startswith("/agent/sign-in")


def test_a_session_ends_after_half_a_day(world: World, anna: Browser) -> None:
    world.pass_time(hours=11, minutes=59)
    assert anna.get("/agent/inbox").status == 200
    world.pass_time(minutes=2)
    assert anna.get("/agent/inbox").status == 303


def test_a_forged_session_is_no_session(world: World, anna: Browser) -> None:
    value = anna.cookies["__Host-desk"]
    forged = Browser(world, cookies={"__Host-desk": value.replace("anna", "lena", 1)})
    assert forged.get("/agent/inbox").status == 303


def test_a_sign_in_form_of_somebody_elses_page_is_refused(world: World, anybody: Browser) -> None:
    fields = {"email": "anna@agents.example", "password": PASSWORD}
    assert anybody.post("/agent/sign-in", fields).status == 403
    theirs = Browser(world).get("/agent/sign-in").form("/agent/sign-in")
    stolen = str(theirs.find("input", attrs={"name": "csrf_token"})["value"])
    anybody.get("/agent/sign-in")
    refused = anybody.post("/agent/sign-in", {**fields, "csrf_token": stolen})
    assert refused.status == 403
    assert "__Host-desk" not in anybody.cookies


def test_the_cookies_are_out_of_reach_of_scripts_and_other_sites(anybody: Browser) -> None:
    form = anybody.get("/agent/sign-in")
    entered = anybody.sign_in()
    for cookie in (form.headers["set-cookie"], entered.headers["set-cookie"]):
        assert cookie.startswith("__Host-desk")
        for attribute in ("Path=/", "HttpOnly", "SameSite=Lax", "Secure"):
            assert attribute in cookie


def with_temporary_password(world: World, agent: str = "anna") -> None:
    world.ports.identity.sign_in("lena@agents.example", PASSWORD)  # makes the pool
    cognito = aws_client("cognito-idp")
    pool = cognito.list_user_pools(MaxResults=1)["UserPools"][0]["Id"]
    cognito.admin_set_user_password(
        UserPoolId=pool, Username=f"{agent}@agents.example", Password=PASSWORD, Permanent=False
    )


def test_an_agent_chooses_a_password_at_the_first_sign_in(world: World, anybody: Browser) -> None:
    with_temporary_password(world)
    asked = anybody.sign_in()
    assert asked.status == 200
    different = anybody.submit(asked, "/new-password", password="Better-horse-9", repeated="Bett")
    assert "The two passwords are not the same." in different.text
    chosen = {"password": "Better-horse-9", "repeated": "Better-horse-9"}
    entered = anybody.submit(different, "/new-password", **chosen)
    assert entered.location == "/agent/inbox"
    assert Browser(world).sign_in(password="Better-horse-9").status == 303


def test_a_challenge_is_answered_for_its_own_address_only(world: World, anybody: Browser) -> None:
    with_temporary_password(world)
    chosen = {"password": "Better-horse-9", "repeated": "Better-horse-9"}
    asked = anybody.sign_in()
    refused = anybody.submit(asked, "/new-password", email="lena@agents.example", **chosen)
    assert refused.status == 403
    assert Browser(world).sign_in("lena").status == 303
