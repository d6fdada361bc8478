"""`python -m infra verify-ledger DIR`: an export proven by whoever holds its files."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.__main__ import main
from tests.unit.ledger.story import Bundle, bundle

ROOT = Path(__file__).resolve().parents[2]


def export(folder: Path, *, parts: int = 2, whole: Bundle | None = None) -> Bundle:
    """The files of an export, as they are fetched: entries in every part, seals in the last."""
    whole = whole or bundle()
    described = []
    size = -(-len(whole.entries) // parts)
    for number in range(1, parts + 1):
        name = f"part-{number:04d}.zip"
        share = whole.entries[(number - 1) * size : number * size]
        with zipfile.ZipFile(folder / name, "w") as archive:
            archive.writestr("entries.ndjson", "".join(f"{text}\n" for text in share))
            if number == parts:
                archive.writestr("seals.ndjson", "".join(f"{text}\n" for text in whole.seals))
        digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        described.append({"name": name, "sha256": digest})
    counts = {"entries": len(whole.entries), "seals": len(whole.seals), "tickets": 3}
    manifest(folder, {"parts": described, "counts": counts})
    return whole


def manifest(folder: Path, body: dict[str, Any]) -> None:
    whole = {"format": "skranke-export", "version": 1, **body}
    (folder / "manifest.json").write_text(json.dumps(whole), "utf-8")


def unpacked(folder: Path, whole: Bundle) -> None:
    (folder / "entries.ndjson").write_text("\n".join(whole.entries), "utf-8")
    (folder / "seals.ndjson").write_text("\n".join(whole.seals), "utf-8")


def verify(folder: Path, *more: str) -> int:
    return main(["verify-ledger", str(folder), *more])


@pytest.mark.parametrize("parts", [1, 2])
def test_an_export_as_it_was_fetched_is_proven(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], parts: int
) -> None:
    whole = export(tmp_path, parts=parts)
    assert verify(tmp_path) == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert f"8 entries (0 erased), {len(whole.seals)} seals" in told.err
    assert json.loads(whole.seals[-1])["hash"] in told.err


def test_the_parts_of_an_export_unpacked_are_proven(tmp_path: Path) -> None:
    unpacked(tmp_path, bundle())
    assert verify(tmp_path) == 0


def test_every_flaw_is_named_on_a_line_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = bundle((3, 1, 4))
    whole.entries[1] = whole.entries[1].replace("agent:anna", "agent:hugo")
    del whole.entries[3]
    whole.entries[4:6] = reversed(whole.entries[4:6])
    unpacked(tmp_path, whole)
    assert verify(tmp_path) == 1
    assert capsys.readouterr().out.splitlines() == [
        "T#1001/2: changed",
        "T#1003/2: out of order",
        "T#1002/1: missing; seal 1 has it",
    ]


def test_erased_entries_are_told_apart_from_flaws(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = bundle((2,))
    row = {**json.loads(whole.entries[0]), "payload": None, "salt": None}
    whole.entries[0] = json.dumps(row)
    unpacked(tmp_path, whole)
    assert verify(tmp_path) == 0
    told = capsys.readouterr()
    assert (told.out, told.err.splitlines()[0]) == ("", "erased: T#1001/1")


Damage = Callable[[Path], object]


def cut_off(folder: Path) -> None:
    part = folder / "part-0001.zip"
    part.write_bytes(part.read_bytes()[:-30])


def flip(folder: Path) -> None:
    """One bit of what is packed: no longer what it was when it is unpacked."""
    part = folder / "part-0001.zip"
    content = bytearray(part.read_bytes())
    content[120] ^= 1
    part.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "flaw"),
    [
        (lambda folder: (folder / "part-0002.zip").unlink(), "part-0002.zip: missing"),
        (
            lambda folder: shutil.copy(folder / "part-0001.zip", folder / "part-0003.zip"),
            "part-0003.zip: the manifest does not know it",
        ),
        (cut_off, "part-0001.zip: no archive that can be read"),
        (flip, "part-0001.zip: changed"),
        (
            lambda folder: (folder / "entries.ndjson").write_text("{}\n"),
            "entries.ndjson line 1: cannot be read, so it was changed",
        ),
    ],
)
def test_damaged_files_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: Damage, flaw: str
) -> None:
    export(tmp_path)
    damage(tmp_path)
    assert verify(tmp_path) == 1
    assert flaw in capsys.readouterr().out.splitlines()


def test_an_end_that_is_gone_with_its_seals_is_missed_by_the_manifest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = bundle((4,), (12,))
    export(tmp_path, parts=1, whole=whole)
    for part in tmp_path.glob("*.zip"):
        part.unlink()
    unpacked(tmp_path, Bundle(whole.entries[:-1], whole.seals[:-1]))
    assert verify(tmp_path) == 1
    assert "seals: 3 rows, and the manifest tells of 4" in capsys.readouterr().out


def test_an_end_that_is_gone_with_its_seals_is_missed_by_who_noted_a_seal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = bundle((4,), (12,))
    noted = json.loads(whole.seals[-1])["hash"]
    unpacked(tmp_path, whole)
    assert verify(tmp_path, "--seal", noted) == 0
    unpacked(tmp_path, Bundle(whole.entries[:-1], whole.seals[:-1]))
    assert verify(tmp_path) == 0
    assert verify(tmp_path, "--seal", noted) == 1
    assert capsys.readouterr().out == f"seal {noted}: missing\n"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        '{"format": "skranke-export", "version": 2, "parts": [], "counts": {}}',
        '{"format": "other", "version": 1, "parts": [], "counts": {}}',
        '{"format": "skranke-export", "version": 1, "parts": [7], "counts": {}}',
    ],
)
def test_a_manifest_that_cannot_be_read_is_bad_input(tmp_path: Path, body: str) -> None:
    export(tmp_path)
    (tmp_path / "manifest.json").write_text(body, "utf-8")
    assert verify(tmp_path) == 2


def test_a_folder_without_an_export_is_bad_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(tmp_path) == 2
    assert verify(tmp_path / "nowhere") == 2
    export(tmp_path)
    (tmp_path / "manifest.json").unlink()
    assert verify(tmp_path) == 2
    assert "manifest.json" in capsys.readouterr().err


def test_an_export_of_an_empty_desk_is_proven(tmp_path: Path) -> None:
    manifest(tmp_path, {"parts": [], "counts": {}})
    assert verify(tmp_path) == 0


@pytest.mark.slow
def test_the_proof_needs_no_library_and_no_network(tmp_path: Path) -> None:
    export(tmp_path)
    code = (
        "import sys; from infra.__main__ import main; code = main(sys.argv[1:]); "
        "strays = {'boto3', 'pynamodb', 'chalice', 'socket'} & set(sys.modules); "
        "sys.exit(str(strays) if strays else code)"
    )
    command = [sys.executable, "-S", "-c", code, "verify-ledger", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
