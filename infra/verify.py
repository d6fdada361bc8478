"""The ledger of an export, proven from its files alone: no desk, no network, no other library."""

from __future__ import annotations

import json
import sys
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import file_digest
from pathlib import Path
from typing import Any, TypeVar

from chalicelib.errors import Invalid
from chalicelib.ledger.proof import Proof
from chalicelib.ledger.rows import entry_of
from chalicelib.ledger.seals import from_row

ENTITIES = ("entries", "seals")
Read = TypeVar("Read")


@dataclass
class Checked:
    """A bundle: what its ledger proves, and what is wrong with the files that it stands in."""

    proof: Proof = field(default_factory=Proof)
    flaws: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def all_flaws(self) -> list[str]:
        return [*self.flaws, *(f"{what}: {why}" for what, why in self.proof.flaws.items())]


def verify_bundle(folder: Path) -> Checked:
    """Check the files of an export as they were fetched, and its parts where they are unpacked."""
    if not folder.is_dir():
        raise Invalid(f"{folder} is no folder.")
    parts, unpacked = sorted(folder.glob("part-*.zip")), list(_unpacked(folder))
    manifest = _manifest(folder) if parts or (folder / "manifest.json").exists() else {}
    if not parts and not unpacked and not manifest:
        raise Invalid(f"There is no export in {folder}: no manifest.json and no entries.ndjson.")
    checked = Checked()
    if parts or not unpacked:
        _check_parts(checked, folder, manifest)
        _take(checked, [file for part in parts for file in _packed(checked, part)])
        _count(checked, manifest)
    if unpacked:
        beside = Checked()
        _take(beside, unpacked)
        _count(beside, manifest)
        if not parts:
            return beside
        checked.flaws += beside.all_flaws
    return checked


def _count(checked: Checked, manifest: dict[str, Any]) -> None:
    for entity in ENTITIES if manifest else ():
        told, found = manifest["counts"].get(entity, 0), checked.counts[entity]
        if told != found:
            checked.flaws.append(f"{entity}: {found} rows, and the manifest tells of {told}")


def _manifest(folder: Path) -> dict[str, Any]:
    """The manifest, as far as it is read here."""
    try:
        body = json.loads((folder / "manifest.json").read_bytes())
        kind = body["format"], body["version"]
        parts = {part["name"]: part["sha256"] for part in body["parts"]}
        counts = dict(body["counts"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Invalid(f"There is no manifest.json in {folder} that can be read.") from error
    if kind != ("skranke-export", 1):
        raise Invalid(f"{folder}/manifest.json is not of an export that this version can read.")
    return {"parts": parts, "counts": counts}


def _check_parts(checked: Checked, folder: Path, manifest: dict[str, Any]) -> None:
    """Whether the parts are those of the manifest."""
    told = manifest["parts"]
    for name in sorted({*told, *(path.name for path in folder.glob("part-*.zip"))}):
        path = folder / name
        if name not in told:
            checked.flaws.append(f"{name}: the manifest does not know it")
        elif not path.is_file():
            checked.flaws.append(f"{name}: missing")
        elif _sha256(path) != told[name]:
            checked.flaws.append(f"{name}: changed")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


# A file of one entity: its name for people, the entity, and its lines.
File = tuple[str, str, Callable[[], Iterator[bytes]]]


def _packed(checked: Checked, part: Path) -> Iterator[File]:
    try:
        with zipfile.ZipFile(part) as archive:
            names = set(archive.namelist())
    except (OSError, zipfile.BadZipFile):
        checked.flaws.append(f"{part.name}: no archive that can be read")
        return
    for entity in ENTITIES:
        member = f"{entity}.ndjson"
        if member in names:
            yield f"{part.name} {member}", entity, _lines_in(part, member)


def _lines_in(part: Path, member: str) -> Callable[[], Iterator[bytes]]:
    def lines() -> Iterator[bytes]:
        with zipfile.ZipFile(part) as archive, archive.open(member) as file:
            yield from file

    return lines


def _unpacked(folder: Path) -> Iterator[File]:
    for entity in ENTITIES:
        for path in sorted(folder.rglob(f"{entity}.ndjson")):
            yield str(path.relative_to(folder)), entity, _lines_of(path)


def _lines_of(path: Path) -> Callable[[], Iterator[bytes]]:
    def lines() -> Iterator[bytes]:
        with path.open("rb") as file:
            yield from file

    return lines


def _take(checked: Checked, files: Iterable[File]) -> None:
    """All entries first: a seal is checked against those of every part."""
    files = list(files)
    checked.proof.take_entries(
        entry for file in files if file[1] == "entries" for entry in _read(checked, file, entry_of)
    )
    checked.proof.take_seals(
        seal for file in files if file[1] == "seals" for seal in _read(checked, file, from_row)
    )


def _read(checked: Checked, file: File, read: Callable[[Any], Read]) -> Iterator[Read]:
    name, entity, lines = file
    try:
        for number, line in enumerate(lines(), 1):
            checked.counts[entity] += 1
            try:
                yield read(json.loads(line))
            except (ValueError, RecursionError):
                checked.flaws.append(f"{name} line {number}: cannot be read, so it was changed")
    except (OSError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error):
        checked.flaws.append(f"{name}: cannot be unpacked, so it was changed")


def report(checked: Checked, *, seal: str | None = None) -> int:
    """Tell what was found, flaws on standard output one a line; 0 where all of it is proven."""
    proof, flaws = checked.proof, checked.all_flaws
    if seal and seal.lower() not in {known.hex() for known in proof.hashes}:
        flaws.append(f"seal {seal}: missing")
    for flaw in flaws:
        print(flaw)
    for erased in proof.erased:
        print(f"erased: {erased}", file=sys.stderr)
    print(_summary(proof), file=sys.stderr)
    return 1 if flaws else 0


def _summary(proof: Proof) -> str:
    words = [f"{proof.entries} entries ({len(proof.erased)} erased), {proof.seals} seals"]
    if proof.last:
        words.append(f"sealed up to {proof.last.until.isoformat()} by {proof.last.hash.hex()}")
    if proof.early:
        words.append(f"{proof.early} entries before the first seal, held by their chains alone")
    if proof.waiting:
        words.append(f"{proof.waiting} entries after the last seal, held by their chains alone")
    return "; ".join(words)
