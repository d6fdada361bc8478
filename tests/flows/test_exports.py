"""An export from the request to the files, part by part, whatever happens in between."""

import base64
import hashlib
import io
import json
import zipfile
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib import table
from chalicelib.desk.service import live_desk
from chalicelib.errors import Forbidden, NotFound
from chalicelib.exports import model, service, store
from chalicelib.exports.bundle import Limits
from chalicelib.exports.model import Export, State
from chalicelib.facts import ExportDone
from chalicelib.ledger.model import Entry, flaws
from chalicelib.ledger.store import EntryItem, from_item
from chalicelib.tickets import service as tickets
from chalicelib.tickets.access import Who
from chalicelib.tickets.model import ArticleKind
from chalicelib.tickets.store import next_number
from chalicelib.web.store import answer_key, answer_write
from tests.aws_calls import aws_client
from tests.world import DESK, World, letter

LONG = "All work and no play. " * 1000


def agent(world: World, name: str = "lena") -> Who:
    return Who.from_agent(live_desk(world.ports).agents[name])


def request(world: World) -> Export:
    export = service.request(world.ports, agent(world))
    world.settle()
    return service.get(world.ports, agent(world), export.id)


def file(export: Export, name: str) -> bytes:
    s3 = aws_client("s3")
    content: bytes = s3.get_object(Bucket="files", Key=export.file(name))["Body"].read()
    return content


def manifest(export: Export) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(file(export, "manifest.json"))
    return body


def members(export: Export) -> dict[str, list[bytes]]:
    """Every member by name, with what stands under it in each part."""
    found: dict[str, list[bytes]] = {}
    for part in manifest(export)["parts"]:
        with zipfile.ZipFile(io.BytesIO(file(export, part["name"]))) as archive:
            for name in archive.namelist():
                found.setdefault(name, []).append(archive.read(name))
    return found


def rows(export: Export, entity: str) -> list[dict[str, Any]]:
    content = b"".join(members(export).get(f"{entity}.ndjson", []))
    return [json.loads(line) for line in content.splitlines()]


def letter_with_file() -> Any:
    message = letter("See the photo.", subject="Photo")
    message.add_attachment(b"\x89PNG photo", maintype="image", subtype="png", filename="a.png")
    return message


def many(world: World, count: int = 3) -> None:
    for n in range(count):
        sender = f"Kim {n} <kim{n}@customer.example>"
        world.mail(letter(f"Printer {n} is broken.", sender=sender, subject=f"Printer {n}"))


def chain(found: list[dict[str, Any]]) -> list[Entry]:
    """Entries as somebody reads them who has nothing but the files."""
    return [
        Entry(
            **{
                **row,
                "at": datetime.fromisoformat(row["at"]),
                "types": tuple(row["types"]),
                "salt": base64.b64decode(row["salt"]) if row["salt"] else None,
                **{name: bytes.fromhex(row[name]) for name in ("digest", "prev", "hash")},
            }
        )
        for row in found
    ]


def test_an_export_is_written_by_itself_once_it_is_asked_for(world: World) -> None:
    world.mail(letter())
    asked = service.request(world.ports, agent(world))
    assert asked.state is State.REQUESTED
    assert asked.links == ()
    world.settle()
    done = service.get(world.ports, agent(world), asked.id)
    assert done.state is State.DONE
    assert [link.name for link in done.links] == ["manifest.json", "part-0001.zip"]
    assert all(link.url.startswith("https://") for link in done.links)


def test_the_rows_hold_ticket_article_delivery_and_person(world: World) -> None:
    world.mail(letter())
    export = request(world)
    (ticket,) = rows(export, "tickets")
    assert (ticket["number"], ticket["subject"], ticket["status"]) == (1001, "Printer", "new")
    assert ticket["requester"]["email"] == "kim@customer.example"
    assert ticket["opened_at"] == "2026-03-02T09:00:00+00:00"
    (article,) = rows(export, "articles")
    assert (article["ticket"], article["seq"]) == (1001, 1)
    assert article["text"].strip() == "The printer on floor 2 is broken."
    (delivery,) = rows(export, "deliveries")
    assert (delivery["state"], delivery["mail"]) == ("sent", "acknowledgement")
    (person,) = rows(export, "people")
    assert person["id"] == ticket["requester"]["person"]


def test_originals_attachments_and_long_texts_go_along_unchanged(world: World) -> None:
    raw = letter_with_file().as_bytes()
    world.mail(raw)
    draft = tickets.Draft(ArticleKind.NOTE, LONG)
    tickets.write_article(world.ports, agent(world), 1001, draft)
    export = request(world)
    mail, note = rows(export, "articles")
    inside = members(export)
    assert inside[mail["raw_file"]] == [raw]
    assert mail["attachments"][0]["name"] == "a.png"
    assert inside[mail["attachments"][0]["file"]] == [b"\x89PNG photo"]
    assert inside[note["text_file"]] == [LONG.strip().encode()]


def test_a_file_that_is_gone_is_named_and_does_not_stop_the_export(world: World) -> None:
    ses_id = world.mail(letter())
    world.ports.mail_blobs.delete(f"inbound/{ses_id}")
    export = request(world)
    assert export.state is State.DONE
    assert manifest(export)["parts"][0]["missing"] == ["raw/1001-1.eml"]
    assert manifest(export)["counts"]["missing"] == 1


def test_suspended_mail_is_exported_with_its_original(world: World) -> None:
    raw = letter("Buy now", subject="Offer").as_bytes()
    world.mail(raw, verdicts={"virus": "FAIL"})
    export = request(world)
    (row,) = rows(export, "suspended")
    assert (row["cause"], row["received_at"]) == ("virus", "2026-03-02T09:00:00+00:00")
    assert members(export)[row["raw_file"]] == [raw]


def test_the_manifest_proves_that_every_part_and_member_is_there_unchanged(world: World) -> None:
    many(world)
    export = request(world)
    body = manifest(export)
    assert (body["format"], body["version"], body["tenant"]) == ("skranke-export", 1, "test")
    assert body["cut_off"] == {"at": "2026-03-02T09:00:00+00:00", "number": 1003}
    assert hashlib.sha256(file(export, "manifest.json")).hexdigest() == export.manifest_sha256
    for part in body["parts"]:
        content = file(export, part["name"])
        assert (len(content), hashlib.sha256(content).hexdigest()) == (
            part["bytes"],
            part["sha256"],
        )
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            found = {name: archive.read(name) for name in archive.namelist()}
        assert found.keys() == {member["name"] for member in part["members"]}
        for member in part["members"]:
            inside = found[member["name"]]
            assert hashlib.sha256(inside).hexdigest() == member["sha256"]
            assert len(inside) == member["bytes"]
    assert body["counts"]["tickets"] == len(rows(export, "tickets")) == 3


def test_the_ledger_of_every_ticket_can_be_verified_from_the_files_alone(world: World) -> None:
    many(world, 2)
    entries = rows(request(world), "entries")
    for number in (1001, 1002):
        found = [row for row in entries if row["scope"] == f"T#{number}"]
        assert found
        assert flaws(chain(found)) == []
        changed = [{**row, "payload": row["payload"].replace("mail", "phone")} for row in found]
        assert flaws(chain(changed)) != []


COVERED = ("prev", "scope", "seq", "at", "actor", "cause", "root", "depth", "types", "digest")


def test_the_hash_of_an_entry_is_the_one_that_the_format_describes(world: World) -> None:
    world.mail(letter())
    for row in rows(request(world), "entries"):
        covered = [1, *(row[name] for name in COVERED)]
        written = json.dumps(covered, ensure_ascii=False, separators=(",", ":"))
        assert row["hash"] == hashlib.sha256(written.encode()).hexdigest()
        salted = base64.b64decode(row["salt"]) + row["payload"].encode()
        assert row["digest"] == hashlib.sha256(salted).hexdigest()


@pytest.mark.parametrize("limits", [Limits(rows=2), Limits(size=900)])
def test_many_small_parts_hold_the_same_as_one(
    world: World, monkeypatch: pytest.MonkeyPatch, limits: Limits
) -> None:
    many(world, 2)
    world.mail(letter("Buy now"), verdicts={"virus": "FAIL"})
    whole = request(world)
    monkeypatch.setattr(service, "LIMITS", limits)
    split = request(world)
    assert whole.parts == 1
    assert split.parts > 2
    assert split.counts == whole.counts
    for entity in ("tickets", "articles", "deliveries", "entries", "people", "suspended"):
        assert rows(split, entity) == rows(whole, entity)
        assert rows(whole, entity)


def test_what_came_after_the_request_is_left_out(world: World) -> None:
    world.mail(letter())
    export = service.request(world.ports, agent(world))
    world.pass_time(seconds=1)
    draft = tickets.Draft(ArticleKind.REPLY, "We are on it.")
    tickets.write_article(world.ports, agent(world), 1001, draft)
    world.mail(letter("Another", sender="Bo <bo@customer.example>"))
    world.settle()
    assert [row["number"] for row in rows(export, "tickets")] == [1001]
    assert [row["seq"] for row in rows(export, "articles")] == [1]
    assert {row["ticket"] for row in rows(export, "deliveries")} == {1001}
    assert len(rows(export, "entries")) == 1
    assert len(rows(export, "people")) == 1


def test_an_empty_desk_exports_to_a_manifest_without_parts(world: World) -> None:
    export = request(world)
    assert export.state is State.DONE
    assert manifest(export)["parts"] == []


def test_a_number_that_was_never_used_is_no_obstacle(world: World) -> None:
    next_number()
    world.mail(letter())
    export = request(world)
    assert [row["number"] for row in rows(export, "tickets")] == [1002]


def test_a_fact_that_arrives_twice_writes_nothing_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "LIMITS", Limits(rows=3))
    many(world)
    export = request(world)
    before = store.get(export.id)
    service.run(world.ports, export.id)
    assert store.get(export.id) == before


def test_two_at_once_do_not_write_the_same_part(world: World) -> None:
    world.mail(letter())
    asked = service.request(world.ports, agent(world))
    held = store.claim(asked.id, world.now)
    assert held is not None
    service.run(world.ports, asked.id)
    assert store.get(asked.id) == held


def test_a_process_that_dies_in_the_middle_is_followed_by_another(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(world)
    whole = request(world)
    monkeypatch.setattr(service, "LIMITS", Limits(rows=4))
    asked = service.request(world.ports, agent(world))
    service.run(world.ports, asked.id)
    assert store.claim(asked.id, world.now), "taken, and then the process died"
    world.stream()
    world.pass_time(seconds=model.LEASE.total_seconds() - 1)
    assert world.sweep() == 0
    world.pass_time(seconds=1)
    assert world.sweep() == 1
    world.settle()
    done = service.get(world.ports, agent(world), asked.id)
    assert done.state is State.DONE
    assert rows(done, "entries") == rows(whole, "entries")
    assert done.counts == whole.counts


def test_an_export_that_the_bus_lost_is_woken_by_the_sweep(world: World) -> None:
    world.mail(letter())
    asked = service.request(world.ports, agent(world))
    world.stream()
    world.settle()
    assert store.get(asked.id).state is State.REQUESTED
    world.pass_time(seconds=model.OVERDUE.total_seconds())
    world.sweep()
    world.settle()
    assert store.get(asked.id).state is State.DONE


def test_an_export_that_can_never_be_written_fails_and_says_so(world: World) -> None:
    asked = service.request(world.ports, agent(world))
    world.stream()
    for _ in range(model.ATTEMPTS + 1):
        world.pass_time(seconds=model.OVERDUE.total_seconds())
        world.sweep()
        world.stream()
    failed = service.get(world.ports, agent(world), asked.id)
    assert failed.state is State.FAILED
    assert "part 1 could not be written" in failed.to_json()["reason"]
    world.pass_time(days=1)
    assert world.sweep() == 0
    service.run(world.ports, asked.id)
    assert store.get(asked.id) == failed


def test_whoever_was_overtaken_records_nothing(world: World) -> None:
    world.mail(letter())
    asked = service.request(world.ports, agent(world))
    held = store.claim(asked.id, world.now)
    assert held is not None
    item = table.fetch([table.export_key(asked.id)])[table.export_key(asked.id)]
    world.pass_time(seconds=model.LEASE.total_seconds())
    service.resume(world.ports, item)
    after = held.given_back(state=State.DONE)
    service._save(world.ports, held, after, ExportDone(asked.id))
    assert store.get(asked.id).state is State.RUNNING


def test_the_entries_of_an_export_are_a_chain_of_their_own(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "LIMITS", Limits(rows=4))
    many(world, 2)
    export = request(world)
    page = table.query(table.system_pk(f"export#{export.id}"))
    entries = [from_item(item) for item in page.items if isinstance(item, EntryItem)]
    assert flaws(entries) == []
    types = [entry.types[0] for entry in entries]
    assert types[0] == "ExportRequested"
    assert types[-1] == "ExportDone"
    assert set(types[1:-1]) == {"ExportContinued"}


def claim(world: World) -> tickets.Claim:
    key = answer_key("token:shop", "k")
    return tickets.Claim(
        key, lambda number, seq: answer_write(key, "print", world.now, number=number, seq=seq)
    )


def test_the_same_claim_asks_for_one_export_only(world: World) -> None:
    first = service.request(world.ports, agent(world), claim=claim(world))
    again = service.request(world.ports, agent(world), claim=claim(world))
    assert again == first
    assert service.request(world.ports, agent(world)).id != first.id


def test_a_claim_that_stands_for_something_else_is_given_back(world: World) -> None:
    table.transact([claim(world).write(1001, 1)])
    with pytest.raises(tickets.Done) as done:
        service.request(world.ports, agent(world), claim=claim(world))
    assert (done.value.item.pk, done.value.item.sk) == claim(world).key


def test_only_who_has_the_scope_and_sees_all_groups_may_export(world: World) -> None:
    export = request(world)
    limited = replace(agent(world), groups=frozenset(DESK["groups"]))
    for who in (agent(world, "anna"), limited):
        with pytest.raises(Forbidden):
            service.request(world.ports, who)
        with pytest.raises(Forbidden):
            service.get(world.ports, who, export.id)


def test_an_export_that_was_never_asked_for_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        service.get(world.ports, agent(world), "nosuch")


def test_the_job_goes_when_its_files_do(world: World) -> None:
    export = request(world)
    item = table.fetch([table.export_key(export.id)])[table.export_key(export.id)]
    assert item.ttl == int((world.now + timedelta(days=30)).timestamp())
    assert item.g4pk is None
