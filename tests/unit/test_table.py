"""The table: what stands in the way of a write is named, and what is unknown is tolerated."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from pynamodb.exceptions import AttributeNullError

from chalicelib import table
from chalicelib.desk.store import LiveItem
from chalicelib.tickets.items import EffectItem, NumberItem

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def effect(name: str) -> EffectItem:
    return EffectItem(pk=name, sk="x")


@pytest.mark.usefixtures("world")
class TestTransactions:
    def test_all_is_written_or_nothing(self) -> None:
        table.transact([table.put_new(effect("a"))])
        with pytest.raises(table.Lost):
            table.transact([table.put_new(effect("b")), table.put_new(effect("a"))])
        assert table.fetch([("b", "x")]) == {}

    def test_what_stood_in_the_way_is_named_with_what_is_there(self) -> None:
        live = LiveItem(pk="l", sk="x", version=3, sha256="s", file="f")
        table.transact([table.put_new(live)])
        other = LiveItem(pk="l", sk="x", version=4, sha256="t", file="g")
        # An update stands between two puts, and pynamodb sends it last: the reasons move along.
        count = table.Write(NumberItem(pk="n", sk="x"), None, (NumberItem.n.add(1),))
        with pytest.raises(table.Lost) as caught:
            table.transact([table.put_new(effect("c")), count, table.put_new(other)])
        assert list(caught.value.held) == [("l", "x")]
        held = caught.value.held["l", "x"]
        assert isinstance(held, LiveItem)
        assert held.version == 3

    def test_an_update_that_is_refused_is_false_and_changes_nothing(self) -> None:
        item = NumberItem(pk="n", sk="x")
        assert not table.update(item, [NumberItem.n.add(1)], table.exists())
        assert table.fetch([("n", "x")]) == {}

    def test_one_fetch_brings_items_of_every_kind(self) -> None:
        table.transact(
            [
                table.put_new(effect("a")),
                table.Write(LiveItem(pk="l", sk="x", version=1, sha256="", file="")),
            ]
        )
        kinds = {
            type(item) for item in table.fetch([("a", "x"), ("l", "x"), ("none", "x")]).values()
        }
        assert kinds == {EffectItem, LiveItem}


def test_an_item_of_a_later_version_reads_as_a_plain_item() -> None:
    raw = {"pk": {"S": "M#1"}, "sk": {"S": "~"}, "kind": {"S": "moon"}, "phase": {"S": "full"}}
    item = table.read(raw)
    assert type(item) is table.Item
    assert item.pk == "M#1"


def test_an_item_is_written_as_pynamodb_would_write_it() -> None:
    item = LiveItem(pk="l", sk="x", version=3, sha256="s", file="f", row={"a": {"b": [1, "c"]}})
    assert item.serialize() == item._container_serialize()
    assert effect("a").serialize() == effect("a")._container_serialize()


def test_an_item_that_lacks_what_it_needs_is_not_written() -> None:
    with pytest.raises(AttributeNullError):
        LiveItem(pk="l", sk="x", version=3, sha256="s").serialize()


def test_stamps_sort_as_the_instants_do_whatever_their_zone() -> None:
    later = AT + timedelta(microseconds=1)
    elsewhere = AT.astimezone(timezone(timedelta(hours=13)))
    assert table.stamp(AT) == table.stamp(elsewhere) < table.stamp(later)
    assert table.instant(table.stamp(later)) == later


def test_what_is_due_stands_before_what_is_not() -> None:
    assert table.rank(AT, AT) < table.rank(None, AT - timedelta(days=9999))


def test_an_alarm_of_one_owner_always_rings_in_the_same_shard() -> None:
    shards = {table.due_key("T#1001", AT + timedelta(minutes=m))[0] for m in range(100)}
    assert len(shards) == 1
    every = {table.due_key(f"T#{n}", AT)[0] for n in range(100)}
    assert every == set(table.due_shards())


def test_only_a_tickets_key_has_a_number() -> None:
    assert table.ticket_number(table.ticket_pk(1001)) == 1001
    assert table.ticket_number(table.system_pk("export#x")) is None
