"""Files that a desk sends along: what a folder becomes, and what may be said of it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chalicelib.desk.files import SIZE_LIMIT
from chalicelib.desk.model import read_desk
from chalicelib.errors import Invalid
from infra.desk import load, schema
from infra.lint import warnings
from tests.world import DESK

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DIGEST = hashlib.sha256(b"x").hexdigest()
PDF = {"type": "application/pdf", "size": 1, "sha256": DIGEST}
ANSWER = {"title": "Guide", "text": {"en": "Look."}}
REPLY = {"label": {"en": "Guide"}, "do": [{"reply": "Look."}]}


def body(files: dict[str, Any] | None = None, **sections: Any) -> dict[str, Any]:
    return {**DESK, "files": {"guide.pdf": PDF} if files is None else files, **sections}


def problems(files: dict[str, Any] | None = None, **sections: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as error:
        read_desk(body(files, **sections), version=1)
    return dict(error.value.fields)


def folder(at: Path, **files: bytes) -> Path:
    (at / "desk.yaml").write_text("name: Desk\n", "utf-8")
    (at / "files").mkdir()
    for name, content in files.items():
        (at / "files" / name).write_bytes(content)
    return at


def test_an_answer_and_a_macro_name_files_of_the_desk() -> None:
    desk = read_desk(
        body(
            canned={"guide": {**ANSWER, "attach": ["guide.pdf"]}},
            macros={
                "own": {**REPLY, "attach": ["guide.pdf"]},
                "of-answer": {**REPLY, "do": [{"reply": {"canned": "guide"}}]},
                "both": {**REPLY, "attach": ["guide.pdf"], "do": [{"note": {"canned": "guide"}}]},
                "none": REPLY,
            },
        ),
        version=1,
    )
    assert desk.canned["guide"].text.attach == ("guide.pdf",)
    found = {name: macro.files for name, macro in desk.macros.items()}
    one = ("guide.pdf",)
    assert found == {"own": one, "of-answer": one, "both": one, "none": ()}
    assert desk.files["guide.pdf"].key == f"config/files/{DIGEST}"


@pytest.mark.parametrize(
    ("sections", "place", "words"),
    [
        (
            {"macros": {"a": {**REPLY, "attach": ["guid.pdf"]}}},
            "macros.a.attach[0]",
            "'guid.pdf' is none of the files: did you mean 'guide.pdf'?",
        ),
        (
            {"canned": {"a": {**ANSWER, "attach": ["gone.pdf"]}}},
            "canned.a.attach[0]",
            "'gone.pdf' is none of the files",
        ),
        ({"macros": {"a": {**REPLY, "attach": "guide.pdf"}}}, "macros.a.attach", "a list"),
        ({"macros": {"a": {**REPLY, "attach": ["guide.pdf"] * 2}}}, "macros.a.attach", "twice"),
        ({"macros": {"a": {**REPLY, "attach": ["guide.pdf"] * 11}}}, "macros.a.attach", "twice"),
        (
            {
                "macros": {
                    "a": {**REPLY, "do": [{"set": {"priority": "low"}}], "attach": ["guide.pdf"]}
                }
            },
            "macros.a",
            "to no reply",
        ),
    ],
)
def test_what_cannot_be_attached_is_told_at_its_place(
    sections: dict[str, Any], place: str, words: str
) -> None:
    assert words in problems(**sections)[place]


def test_an_article_takes_ten_files() -> None:
    files = {f"{n}.pdf": PDF for n in range(12)}
    first, rest = [f"{n}.pdf" for n in range(6)], [f"{n}.pdf" for n in range(6, 12)]
    canned = {"a": {**ANSWER, "attach": rest}}
    macro = {**REPLY, "do": [{"reply": {"canned": "a"}}], "attach": first}
    assert (
        "at most 10"
        in problems(files, canned={"a": {**ANSWER, "attach": list(files)}})["canned.a.attach"]
    )
    assert "more than 10" in problems(files, canned=canned, macros={"m": macro})["macros.m"]


@pytest.mark.parametrize(
    ("name", "said", "place", "words"),
    [
        ("setup.exe", {}, "files.setup.exe", "is of no kind that is sent"),
        ("page.html", {}, "files.page.html", "is of no kind that is sent"),
        ("drawing.svg", {}, "files.drawing.svg", "is of no kind that is sent"),
        ("README", {}, "files.README", "is of no kind that is sent"),
        ("macro.docm", {}, "files.macro.docm", "is of no kind that is sent"),
        ("a/b.pdf", {}, "files.a/b.pdf", "without slashes"),
        ("a\nb.pdf", {}, "files.a\nb.pdf", "without slashes"),
        (f"{'x' * 97}.pdf", {}, f"files.{'x' * 97}.pdf", "at most 100"),
        ("a.pdf", {"size": 0}, "files.a.pdf.size", "is empty"),
        ("a.pdf", {"size": SIZE_LIMIT + 1}, "files.a.pdf.size", "more than 10000000 bytes"),
        ("a.pdf", {"type": "text/html"}, "files.a.pdf.type", "is none of"),
        ("a.pdf", {"sha256": "../config"}, "files.a.pdf.sha256", "no digest"),
    ],
)
def test_a_file_that_is_not_sent_is_told_by_its_name(
    name: str, said: dict[str, Any], place: str, words: str
) -> None:
    assert words in problems({name: {**PDF, **said}})[place]


# The folder. ---------------------------------------------------------------------------------


def test_what_lies_in_the_folder_is_described(tmp_path: Path) -> None:
    at = folder(tmp_path, **{"guide.PDF": b"x", ".hidden": b"y", "setup.exe": b"z"})
    found = load(at)[0]["files"]
    assert found["guide.PDF"] == PDF
    assert list(found) == ["guide.PDF", "setup.exe"]
    assert "files.setup.exe" in problems(found)


def test_a_desk_without_files_has_no_section_of_them(tmp_path: Path) -> None:
    assert "files" not in load(folder(tmp_path))[0]


def test_nobody_writes_the_section_by_hand(tmp_path: Path) -> None:
    at = folder(tmp_path)
    (at / "more.yaml").write_text("files: {}\n", "utf-8")
    with pytest.raises(Invalid, match="made from what lies in the folder"):
        load(at)
    assert "files" not in schema()["properties"]


def test_a_folder_within_is_refused_by_its_name(tmp_path: Path) -> None:
    at = folder(tmp_path)
    (at / "files" / "more.pdf").mkdir()
    with pytest.raises(Invalid, match=r"more\.pdf"):
        load(at)


def test_a_file_that_nobody_sends_is_doubtful() -> None:
    alone = body()
    found = dict(warnings(alone, read_desk(alone, version=1), NOW))
    assert found == {"files.guide.pdf": "no canned answer and no macro sends it along"}
    sent = body(canned={"guide": {**ANSWER, "attach": ["guide.pdf"]}})
    assert "files.guide.pdf" not in dict(warnings(sent, read_desk(sent, version=1), NOW))
