"""A part packs to the same bytes whenever it holds the same."""

import hashlib
import io
import json
import zipfile
from typing import Any

from chalicelib.exports.bundle import Bundle, Limits, canonical

ROOMY = Limits()


def packed(*, swapped: bool = False) -> tuple[bytes, dict[str, Any]]:
    rows = [("tickets", {"number": 1, "subject": "Blåbær"}), ("articles", {"seq": 1})]
    with Bundle(ROOMY) as bundle:
        for entity, row in reversed(rows) if swapped else rows:
            bundle.add_row(entity, row)
        bundle.add_file("raw/1-1.eml", b"From: kim@customer.example\r\n\r\nHi")
        bundle.miss_file("files/1-1-0")
        return bundle.close("part-0001.zip")


def test_the_same_contents_make_the_same_zip() -> None:
    assert packed()[0] == packed()[0]


def test_the_order_in_which_entities_come_does_not_change_the_zip() -> None:
    assert packed()[0] == packed(swapped=True)[0]


def test_the_description_has_size_and_digest_of_the_zip_and_of_every_member() -> None:
    content, description = packed()
    assert description["name"] == "part-0001.zip"
    assert description["bytes"] == len(content)
    assert description["sha256"] == hashlib.sha256(content).hexdigest()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [member["name"] for member in description["members"]]
        for member in description["members"]:
            inside = archive.read(member["name"])
            assert member["bytes"] == len(inside)
            assert member["sha256"] == hashlib.sha256(inside).hexdigest()


def test_rows_are_one_json_object_a_line_and_keep_their_letters() -> None:
    content, _ = packed()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        lines = archive.read("tickets.ndjson").decode().splitlines()
    assert [json.loads(line) for line in lines] == [{"number": 1, "subject": "Blåbær"}]
    assert "Blåbær" in lines[0]


def test_a_line_separator_inside_a_text_does_not_break_its_line() -> None:
    assert "\n" not in canonical({"text": "one\ntwo"})


def test_counts_say_how_much_there_is_and_what_is_missing() -> None:
    _, description = packed()
    assert description["counts"] == {"tickets": 1, "articles": 1, "files": 1, "missing": 1}
    assert description["missing"] == ["files/1-1-0"]


def test_a_part_is_full_by_its_rows() -> None:
    with Bundle(Limits(rows=2)) as bundle:
        bundle.add_row("tickets", {"number": 1})
        assert not bundle.is_full
        bundle.add_row("articles", {"seq": 1})
        assert bundle.is_full


def test_a_part_is_full_by_the_bytes_of_rows_and_files_together() -> None:
    with Bundle(Limits(size=100)) as bundle:
        bundle.add_row("articles", {"seq": 1})
        assert not bundle.is_full
        bundle.add_file("raw/1-1.eml", b"x" * 90)
        assert bundle.is_full


def test_a_part_without_rows_is_empty() -> None:
    with Bundle(ROOMY) as bundle:
        assert bundle.is_empty
        bundle.add_row("people", {"id": "p"})
        assert not bundle.is_empty
