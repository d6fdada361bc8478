"""People, exports, health."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile

from tests.aws_calls import aws_client
from tests.web.api.steps import all_pages, open_ticket
from tests.web.calls import api
from tests.world import World, letter


def test_everybody_who_wrote_is_listed_oldest_first(world: World) -> None:
    for name in ("kim", "lee", "mia"):
        open_ticket(world, requester=f"{name}@customer.example")
    pages = all_pages(world, "/api/v1/people?limit=2")
    people = [person for page in pages for person in page]
    assert [person["name"] for person in people] == ["kim", "lee", "mia"]
    assert {person["locale"] for person in people} == {"en"}


def test_a_person_is_found_by_address(world: World) -> None:
    open_ticket(world)
    answer = api(world, "GET", "/api/v1/people?email=KIM@customer.example")
    (person,) = answer.body["items"]
    assert (person["name"], person["email"]) == ("Kim Jensen", "kim@customer.example")
    assert person in api(world, "GET", "/api/v1/people").body["items"]
    assert api(world, "GET", "/api/v1/people?email=x").body == {"items": [], "next": None}


def test_an_export_ends_in_links_to_files_that_match_the_manifest(world: World) -> None:
    world.mail(letter())
    asked = api(world, "POST", "/api/v1/exports")
    assert (asked.status, asked.body["state"], asked.body["files"]) == (202, "requested", [])
    path = asked.headers["location"].removeprefix("https://desk.example")
    world.settle()
    export = api(world, "GET", path).body
    assert export["state"] == "done"
    assert export["counts"]["tickets"] == 1
    assert [file["name"] for file in export["files"]] == ["manifest.json", "part-0001.zip"]
    assert all(f"exports/{export['id']}/" in file["url"] for file in export["files"])
    manifest = stored(export["id"], "manifest.json")
    assert hashlib.sha256(manifest).hexdigest() == export["manifest_sha256"]
    names = zipfile.ZipFile(io.BytesIO(stored(export["id"], "part-0001.zip"))).namelist()
    assert json.loads(manifest)["counts"] == export["counts"]
    assert any(name.endswith(".eml") for name in names)


def stored(export: str, name: str) -> bytes:
    found = aws_client("s3").get_object(Bucket="files", Key=f"exports/{export}/{name}")
    content: bytes = found["Body"].read()
    return content


def test_an_export_that_is_not_there_is_not_found(world: World) -> None:
    for export in ("0" * 24, "x" * 2000, "%7B%7D", "a b"):
        assert api(world, "GET", f"/api/v1/exports/{export.replace(' ', '%20')}").status == 404


def test_an_export_takes_no_fields(world: World) -> None:
    assert api(world, "POST", "/api/v1/exports", {"group": "hr"}).status == 400


def test_health_asks_for_nothing_and_says_nothing(world: World) -> None:
    answer = api(world, "GET", "/api/v1/health", token=None)
    assert (answer.status, answer.body) == (200, {"status": "ok"})


def test_an_answer_is_never_cached(world: World) -> None:
    assert api(world, "GET", "/api/v1/tickets").headers["cache-control"] == "no-store"
