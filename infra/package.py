"""The package: one reproducible zip and the template that deploys it.

Chalice builds from a staging folder, because it would ship neither templates nor compiled
catalogs from the source tree. What it writes is then laid together with the dependencies, in a
fixed order and without dates, so that the same sources always give the same bytes.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from infra import dependencies, messages, template
from infra.dependencies import DependencyError
from infra.template import FragmentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from infra.dependencies import Arch

STAGE = "tenant"
LIMIT = 10 * 1024 * 1024  # bytes of the zip
SMIME_LIMIT = 15 * 1024 * 1024  # with what S/MIME needs

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest date that a zip can hold
_LITTER = {"__pycache__", "deployments", "deployed"}
_MADE = {".pot", ".mo"}  # by the developer's commands; catalogs are compiled anew
_SOURCES = ("app.py", "chalicelib", "templates")
_MAKERS = (f"infra/{name}.py" for name in ("package", "template", "dependencies", "messages"))
INPUTS = (
    *_SOURCES,
    *_MAKERS,
    "requirements.txt",
    ".chalice",
    "infra/constraints.txt",
    "infra/smime.txt",
    "infra/fragments",
)


class BuildError(Exception):
    """There is no package; the message says what to mend."""


@dataclass(frozen=True, slots=True)
class Build:
    """What a build left: the SAM template (JSON, code beside it), the zip and its SHA-256 (hex)."""

    template: Path
    zip: Path
    sha256: str


def build(
    root: Path,
    out: Path,
    *,
    arch: Arch = "arm64",
    cache: Path | None = None,
    smime: bool = False,
) -> Build:
    """The package of that project in `out`, built anew only where its inputs changed.

    `arch`: `arm64` is what AWS runs, `host` what this machine runs. `smime` takes along what only
    desks with certificates need, half as much again as all the rest.
    """
    cache = cache or root / ".build"
    inputs = f"{arch} {smime} {digest_of_inputs(root)}"
    with _alone(cache):
        if found := _current(out, inputs):
            return found
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            try:
                made = _build(root, Path(scratch), arch, cache, smime=smime)
            except (DependencyError, FragmentError) as error:
                raise BuildError(str(error)) from error
            return _publish(made, out, inputs)


def digest_of_inputs(root: Path) -> str:
    """SHA-256 (hex) over everything that the package is made of."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} {version('chalice')}".encode())
    for path in _files(root, INPUTS):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(root).as_posix()} {content}\n".encode())
    return digest.hexdigest()


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    """Builds wait for each other: tests and the local stack may ask for one at the same time."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _current(out: Path, inputs: str) -> Build | None:
    stamp = out / "build.json"
    if not stamp.exists():
        return None
    made = json.loads(stamp.read_text("utf-8"))
    found = Build(out / "template.json", out / "deployment.zip", made["sha256"])
    is_whole = found.template.exists() and found.zip.exists()
    return found if made["inputs"] == inputs and is_whole else None


def _build(root: Path, scratch: Path, arch: Arch, cache: Path, *, smime: bool) -> Path:
    folder, stage = scratch / "out", scratch / "stage"
    _stage(root, stage, arch)
    _chalice(stage, root / "infra" / "fragments", folder)
    code = scratch / "code"
    with zipfile.ZipFile(folder / "deployment.zip") as made:
        made.extractall(code)
    dependencies.compile_all(code)
    packages = dependencies.site_packages(root, cache, arch, smime=smime)
    _zip(folder / "deployment.zip", code, packages)
    size = (folder / "deployment.zip").stat().st_size
    limit = SMIME_LIMIT if smime else LIMIT
    if size > limit:
        raise BuildError(f"The package has {size} bytes, {limit} are allowed.")
    return folder


def _stage(root: Path, stage: Path, arch: Arch) -> None:
    for source in _files(root, _SOURCES):
        path = source.relative_to(root)
        # Chalice lays what stands in vendor/ beside app.py.
        target = stage / ("vendor" if path.parts[0] == "templates" else "") / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    _compile_catalogs(stage)
    (stage / "requirements.txt").touch()
    shutil.copytree(root / ".chalice", stage / ".chalice", ignore=shutil.ignore_patterns(*_LITTER))
    config = stage / ".chalice" / "config.json"
    settings = json.loads(config.read_text("utf-8"))
    settings["lambda_architecture"] = dependencies.lambda_architecture(arch)
    config.write_text(json.dumps(settings))


def _compile_catalogs(stage: Path) -> None:
    messages.compile_all(stage)
    for source in (stage / "chalicelib" / "locale").rglob("*.po"):
        source.unlink()


def _chalice(stage: Path, fragments: Path, out: Path) -> None:
    merged = stage / "merge.json"
    merged.write_text(json.dumps(template.fragments(fragments)))
    command = [sys.executable, "-B", "-c", "from chalice.cli import main; raise SystemExit(main())"]
    options = ["--project-dir", str(stage), "package", "--stage", STAGE]
    # Nothing of the builder's account or settings may reach the package, so it gets no
    # environment but the region without which chalice does not start.
    done = subprocess.run(
        [*command, *options, "--merge-template", str(merged), str(out)],
        check=False,
        capture_output=True,
        text=True,
        env={"AWS_DEFAULT_REGION": "eu-west-1", "AWS_CONFIG_FILE": "/dev/null", "LANG": "C.UTF-8"},
    )
    if done.returncode or not (out / "sam.json").exists():
        raise BuildError(f"chalice package failed:\n{done.stdout}{done.stderr}")
    (out / "sam.json").rename(out / "template.json")


def _zip(path: Path, *folders: Path) -> None:
    files = {
        file.relative_to(folder): file
        for folder in folders
        for file in folder.rglob("*")
        if file.is_file()
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as package:
        for name in sorted(files, key=Path.as_posix):
            entry = zipfile.ZipInfo(name.as_posix(), _EPOCH)
            entry.create_system = 3  # Unix, wherever it is built
            entry.external_attr = 0o100644 << 16
            package.writestr(entry, files[name].read_bytes(), zipfile.ZIP_DEFLATED, 9)


def _publish(made: Path, out: Path, inputs: str) -> Build:
    out.mkdir(parents=True, exist_ok=True)
    stamp = out / "build.json"
    stamp.unlink(missing_ok=True)
    for name in ("template.json", "deployment.zip"):
        shutil.copyfile(made / name, out / name)
    digest = hashlib.sha256((out / "deployment.zip").read_bytes()).hexdigest()
    # Written last: a build that was interrupted is no build.
    stamp.write_text(json.dumps({"inputs": inputs, "sha256": digest}))
    return Build(out / "template.json", out / "deployment.zip", digest)


def _files(root: Path, below: Iterable[str]) -> list[Path]:
    """The files and folders of these names, without what tools and editors leave there."""
    found: list[Path] = []
    for start in (root / name for name in below):
        found += [start] if start.is_file() else start.rglob("*")
    return sorted(path for path in found if path.is_file() and not _is_litter(path, root))


def _is_litter(path: Path, root: Path) -> bool:
    _, *inner = path.relative_to(root).parts
    is_hidden = any(part.startswith(".") or part in _LITTER for part in inner)
    return is_hidden or path.suffix in _MADE
