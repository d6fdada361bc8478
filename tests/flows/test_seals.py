"""The ledger of the whole desk is sealed every ten minutes, by whichever sweep comes first."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib import table
from chalicelib.desk.service import live_desk
from chalicelib.erasure import service as erasure
from chalicelib.ledger import seals, service, store
from chalicelib.ledger.proof import Proof
from chalicelib.ledger.rows import entry_of
from chalicelib.ledger.seals import Seal, from_row
from chalicelib.tickets import edits
from chalicelib.tickets import service as tickets
from chalicelib.tickets import store as ticket_store
from chalicelib.tickets.access import SCOPES, Who
from chalicelib.tickets.edits import Edit
from chalicelib.tickets.model import ArticleKind
from infra.__main__ import main
from tests.aws_calls import aws_client
from tests.flows.test_exports import agent, file, many, request, rows
from tests.meter import Meter
from tests.world import START, World, letter

SWEEPS = 3


@pytest.fixture
def sealed(world: World) -> World:
    """A desk whose reconciler has been there once, as it is soon after the first deployment."""
    world.call("reconcile", {"source": "aws.events"})
    world.sweep()
    return world


def written(world: World) -> list[Seal]:
    return list(store.seals(after=0, until=world.now))


def files() -> dict[str, bytes]:
    s3 = aws_client("s3")
    found = s3.list_objects_v2(Bucket="files", Prefix="seals/").get("Contents", ())
    return {
        one["Key"]: s3.get_object(Bucket="files", Key=one["Key"])["Body"].read() for one in found
    }


def named(seal: Seal) -> list[str]:
    """The entries that a seal names, in its file."""
    _, leaves = from_row(json.loads(files()[seals.file_of(seal)]))
    return [f"{leaf.scope}/{leaf.seq}" for leaf in leaves]


def note(world: World, number: int = 1001) -> None:
    tickets.write_article(
        world.ports, agent(world), number, tickets.Draft(ArticleKind.NOTE, "Look at this.")
    )


def proof_of(world: World) -> Proof:
    export = request(world)
    proof = Proof()
    proof.take_entries(entry_of(row) for row in rows(export, "entries"))
    proof.take_seals(from_row(row) for row in rows(export, "seals"))
    return proof


def test_what_was_written_is_sealed_by_the_first_sweep_after_ten_minutes_more(
    sealed: World,
) -> None:
    sealed.mail(letter())
    sealed.pass_time(minutes=19, seconds=59)
    sealed.sweep()
    assert written(sealed) == []
    sealed.pass_time(seconds=1)
    sealed.sweep()
    (seal,) = written(sealed)
    assert seal.until == START + timedelta(minutes=10)
    entries = [entry.id for entry in store.between(START, seal.until)]
    assert named(seal) == entries
    assert seal.count == len(entries) >= 1


def test_a_seal_follows_the_one_before_without_a_gap(sealed: World) -> None:
    sealed.mail(letter())
    for _ in range(3):
        sealed.pass_time(minutes=20)
        note(sealed)
        sealed.sweep()
    first, second, third = written(sealed)
    assert [first.number, second.number, third.number] == [1, 2, 3]
    assert (second.prev, third.prev) == (first.hash, second.hash)
    assert (second.since, third.since) == (first.until, second.until)


def test_a_quiet_desk_gets_no_seal_and_is_looked_at_six_times_an_hour(sealed: World) -> None:
    sealed.pass_time(hours=1)
    sealed.sweep()
    before, rang = (written(sealed), files()), 0
    for _ in range(60):
        sealed.pass_time(minutes=1)
        rang += sealed.sweep()
    assert (written(sealed), files()) == before
    assert rang == 6


def test_a_look_at_a_quiet_desk_is_four_queries_and_one_write(sealed: World) -> None:
    sealed.pass_time(hours=1)
    sealed.sweep()
    sealed.pass_time(minutes=10)
    with Meter() as meter:
        sealed.sweep()
    # Two shards of alarms and the alarm itself are those of every sweep in which something rings.
    names = [call.operation for call in meter.calls]
    assert names == ["Query", "Query", "BatchGetItem", *["Query"] * 4, "UpdateItem"]


def test_what_a_seal_costs_does_not_grow_with_its_entries_but_with_their_pages(
    sealed: World,
) -> None:
    costs = []
    for notes in (1, 30):
        sealed.mail(letter(f"This is number {notes}."))
        for _ in range(notes):
            note(sealed)
        sealed.pass_time(hours=1)
        with Meter() as meter:
            sealed.sweep()
        costs.append([call.operation for call in meter.calls])
    assert costs[0] == costs[1]
    assert costs[0][3:] == [*["Query"] * 4, "PutObject", "TransactWriteItems"]
    assert [seal.count > 30 for seal in written(sealed)] == [False, True]


def test_overlapping_sweeps_write_one_seal(sealed: World) -> None:
    sealed.mail(letter())
    sealed.pass_time(minutes=20)
    (head,) = table.fetch([table.SEAL_HEAD]).values()
    for _ in range(SWEEPS):
        service.seal(sealed.ports, head)
    (seal,) = written(sealed)
    assert list(files()) == [seals.file_of(seal)]


def test_a_sweep_that_comes_late_leaves_the_seal_of_the_faster_one(sealed: World) -> None:
    """They look at different windows, so the file of the slower one stays and is named by none."""
    sealed.mail(letter())
    sealed.pass_time(minutes=20)
    (head,) = table.fetch([table.SEAL_HEAD]).values()
    service.seal(sealed.ports, head)
    (seal,) = written(sealed)
    sealed.pass_time(minutes=10)
    service.seal(sealed.ports, head)
    assert written(sealed) == [seal]
    assert seals.file_of(seal) in files()


def test_a_quiet_look_that_comes_late_moves_nothing_back(sealed: World) -> None:
    (head,) = table.fetch([table.SEAL_HEAD]).values()
    assert isinstance(head, store.SealHeadItem)
    sealed.mail(letter())
    sealed.pass_time(minutes=40)
    sealed.sweep()
    moved = table.fetch([table.SEAL_HEAD])[table.SEAL_HEAD]
    store.pass_over(head, START)
    assert table.fetch([table.SEAL_HEAD])[table.SEAL_HEAD].g4sk == moved.g4sk


def test_a_sweep_that_dies_after_the_file_leaves_the_seal_to_the_next(
    sealed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed.mail(letter())
    sealed.pass_time(minutes=20)

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(store, "add_seal", killed)
        with pytest.raises(KeyboardInterrupt):
            sealed.sweep()
    assert written(sealed) == []
    sealed.sweep()
    (seal,) = written(sealed)
    assert list(files()) == [seals.file_of(seal)]


def test_a_day_without_sweeps_goes_under_one_seal(sealed: World) -> None:
    sealed.mail(letter())
    for _ in range(4):
        sealed.pass_time(hours=6)
        note(sealed)
    sealed.pass_time(minutes=20)
    sealed.sweep()
    (seal,) = written(sealed)
    assert seal.until - seal.since > timedelta(hours=24)
    assert seal.count == len(named(seal)) >= 5


def test_a_backlog_beyond_the_limit_goes_under_several_a_sweep_apart(
    sealed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seals, "LIMIT", 3)
    sealed.mail(letter())
    for _ in range(7):
        sealed.pass_time(hours=1)
        note(sealed)
    sealed.pass_time(minutes=20)
    total = len(list(store.between(START, sealed.now)))
    for _ in range(5):
        sealed.pass_time(minutes=1)
        sealed.sweep()
    found = written(sealed)
    assert [seal.count for seal in found[:-1]] == [3] * (len(found) - 1)
    assert sum(seal.count for seal in found) == total
    assert [after.since for after in found[1:]] == [before.until for before in found[:-1]]


def test_entries_of_two_days_stand_in_the_order_of_time(sealed: World) -> None:
    sealed.pass_time(hours=14, minutes=55)
    many(sealed, 4)
    sealed.pass_time(minutes=6)
    for number in (1001, 1003, 1002):
        note(sealed, number)
    entries = list(store.between(START, sealed.now + timedelta(seconds=1)))
    assert entries == sorted(entries, key=seals.order)
    assert {entry.at.day for entry in entries} == {2, 3}
    sealed.pass_time(minutes=30)
    sealed.sweep()
    (seal,) = written(sealed)
    assert named(seal) == [entry.id for entry in entries]


def test_sealing_begins_a_day_before_its_first_look_and_only_once(world: World) -> None:
    world.mail(letter())
    world.pass_time(hours=5)
    for _ in range(2):
        world.call("reconcile", {"source": "aws.events"})
    world.sweep()
    world.call("reconcile", {"source": "aws.events"})
    (seal,) = written(world)
    assert seal.since < START < seal.until
    world.pass_time(minutes=1)
    assert world.sweep() == 0


def test_an_exported_ledger_is_proven(sealed: World) -> None:
    many(sealed, 3)
    sealed.pass_time(minutes=20)
    sealed.sweep()
    note(sealed)
    request(sealed)
    sealed.pass_time(minutes=45)
    sealed.sweep()
    proof = proof_of(sealed)
    assert proof.flaws == {}
    assert (proof.seals, proof.waiting, proof.early) == (2, 0, 0)


def test_the_files_of_an_export_are_proven_by_the_command(sealed: World, tmp_path: Path) -> None:
    many(sealed, 2)
    sealed.pass_time(minutes=45)
    sealed.sweep()
    export = request(sealed)
    for link in export.links:
        (tmp_path / link.name).write_bytes(file(export, link.name))
    (seal,) = written(sealed)
    assert main(["verify-ledger", str(tmp_path), "--seal", seal.hash.hex()]) == 0


def test_entries_of_no_ticket_are_exported_and_proven_as_well(sealed: World) -> None:
    request(sealed)
    sealed.mail(letter("Buy printers!"), verdicts={"spam": "FAIL"})
    sealed.pass_time(minutes=45)
    sealed.sweep()
    export = request(sealed)
    scopes = {row["scope"] for row in rows(export, "entries")}
    assert len(scopes) >= 2
    assert all(table.ticket_number(scope) is None for scope in scopes)
    assert proof_of(sealed).flaws == {}


def test_an_export_in_many_parts_has_each_seal_and_entry_once(
    sealed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        many(sealed, 2)
        request(sealed)
        sealed.pass_time(minutes=25)
        sealed.sweep()
    sealed.pass_time(minutes=25)
    whole = request(sealed)
    monkeypatch.setattr("chalicelib.exports.service.LIMITS", _Each())
    parts = request(sealed)
    assert parts.parts > 10
    for entity in ("entries", "seals"):
        assert rows(parts, entity) == rows(whole, entity) != []
    assert proof_of(sealed).flaws == {}


class _Each:
    """A part for every row."""

    rows = 1
    size = 10**9


def test_an_erasure_leaves_a_ledger_that_is_proven_and_says_what_is_erased(sealed: World) -> None:
    sealed.mail(letter())
    ticket, _ = ticket_store.load(1001)
    assert ticket is not None
    tickets.edit_ticket(sealed.ports, agent(sealed), 1001, Edit(subject="Kim's printer"))
    sealed.pass_time(minutes=20)
    sealed.sweep()
    operator = Who(agent(sealed).actor, "lena", "", frozenset(SCOPES), None)
    erasure.erase(sealed.ports, operator, ticket.requester.person)
    sealed.pass_time(minutes=45)
    sealed.sweep()
    proof = proof_of(sealed)
    assert proof.flaws == {}
    assert proof.erased
    assert {name.partition("/")[0] for name in proof.erased} == {"T#1001"}


def test_a_ticket_that_was_taken_out_of_the_table_is_named(sealed: World) -> None:
    many(sealed, 2)
    sealed.pass_time(minutes=45)
    sealed.sweep()
    gone = [item for item in ticket_store.everything(1002) if isinstance(item, store.EntryItem)]
    for item in gone:
        item.delete()
    assert set(proof_of(sealed).flaws) == {f"T#1002/{int(item.seq)}" for item in gone}


# Nothing comes later than its seal. ----------------------------------------------------------


def test_a_decision_that_waited_too_long_is_made_again(sealed: World) -> None:
    """As on a machine that stood still between deciding and writing."""
    sealed.mail(letter())
    decided: list[datetime] = []
    edit = Edit(priority="urgent")
    desk = live_desk(sealed.ports)

    def decide(ticket: Any, now: datetime) -> Any:
        decided.append(now)
        if len(decided) == 1:
            sealed.pass_time(minutes=5, seconds=1)
        return edits.edited(ticket, edit, desk, now, agent="lena")

    tickets.amend(sealed.ports, 1001, decide, actor=agent(sealed).actor, cause="edit")
    assert len(decided) == 2
    newest = ticket_store.entries_in(ticket_store.everything(1001))[-1]
    assert newest.at == decided[1]


def test_an_old_entry_is_written_by_nobody(sealed: World) -> None:
    sealed.mail(letter())
    ticket, _ = ticket_store.load(1001)
    assert ticket is not None
    change = edits.edited(
        ticket, Edit(priority="urgent"), live_desk(sealed.ports), sealed.now, agent="lena"
    )
    assert change is not None
    decided = sealed.now
    sealed.pass_time(minutes=5, seconds=1)
    with pytest.raises(table.Lost):
        tickets.save(change, actor=agent(sealed).actor, cause="edit", now=decided)
    assert ticket_store.load(1001)[0] == ticket


def test_what_slips_in_behind_a_seal_all_the_same_is_named(sealed: World) -> None:
    sealed.mail(letter())
    store.keep_time(None)
    sealed.pass_time(minutes=45)
    sealed.sweep()
    ticket, _ = ticket_store.load(1001)
    assert ticket is not None
    change = edits.edited(
        ticket, Edit(priority="urgent"), live_desk(sealed.ports), START, agent="lena"
    )
    assert change is not None
    tickets.save(change, actor=agent(sealed).actor, cause="edit", now=START)
    (flaw,) = proof_of(sealed).flaws.items()
    assert flaw == (f"T#1001/{change.seq}", "in no seal, though its time is sealed")
