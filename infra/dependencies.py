"""What the functions import from elsewhere: fetched for their processor, pruned and compiled.

The result depends on the requirements alone, so it is kept beside the builds and a change of our
own code does not fetch anything.
"""

from __future__ import annotations

import hashlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Literal

Arch = Literal["arm64", "host"]

# The services that `chalicelib/ports.py` and pynamodb make clients for.
SERVICES = ("cognito-idp", "dynamodb", "events", "s3", "sesv2", "sqs", "ssm")
# Of babel: the desk's languages and what they inherit from.
LOCALES = ("da", "en", "en_001", "en_GB", "hu", "nb", "no", "root")

_GLIBC_OF_LAMBDA = 26  # 2.26, of the runtime's Amazon Linux 2
_PRUNED = re.compile(
    r"""
      bin/
    | .*\.dist-info/(?!licenses/|LICEN|COPYING|NOTICE)
    | .*\.(pyi|pyx|c|h)$
    | (.*/)?(__pycache__|tests?)/
    | (.*/)?py\.typed$
    | boto3/(examples|data/(?!dynamodb/|s3/|sqs/))
    | botocore/data/.*/examples-1\.json$
    | (cffi|pycparser)/
    | .*/sboms/
    | aws_lambda_powertools/event_handler/openapi/swagger_ui/.*\.(js|css)$
    """,
    re.VERBOSE,
)
_BOTOCORE = re.compile(r"botocore/data/([^/]+)/")
_BABEL = re.compile(r"babel/locale-data/(.+)\.dat$")


class DependencyError(Exception):
    """A requirement has no wheel for the functions' processor."""


def lambda_architecture(arch: Arch) -> str:
    """Lambda's own name of the processor: `arm64` or `x86_64`."""
    if arch == "arm64" or platform.machine() in {"arm64", "aarch64"}:
        return "arm64"
    return "x86_64"


def is_shipped(path: str) -> bool:
    """Whether that file of site-packages (POSIX, relative) is needed at run time."""
    if service := _BOTOCORE.match(path):
        return service[1] in SERVICES and not _PRUNED.match(path)
    if locale := _BABEL.match(path):
        return locale[1] in LOCALES
    return not _PRUNED.match(path)


def site_packages(root: Path, cache: Path, arch: Arch, *, smime: bool = False) -> Path:
    """The folder to be laid into the package; fetched when the requirements are new."""
    name = f"{arch}-smime" if smime else arch
    folder = cache / "dependencies" / f"{name}_{_digest(root, smime)[:20]}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            fetched = Path(scratch, "site-packages")
            _fetch(root, fetched, arch, smime)
            _prune(fetched)
            compile_all(fetched)
            for older in folder.parent.glob(f"{name}_*"):
                shutil.rmtree(older)
            fetched.rename(folder)
    return folder


def compile_all(folder: Path) -> None:
    """Add `.pyc` files that are never checked against their source.

    Cold starts then compile nothing, although the package's dates are not those of the sources.
    """
    # A fresh interpreter, because the bytes of a .pyc depend on what else is interned.
    command = [sys.executable, "-S", "-E", "-m", "compileall", "-q", "-f", "-j", "1"]
    where = ["--invalidation-mode", "unchecked-hash", "-s", str(folder), "-p", "/var/task"]
    subprocess.run([*command, *where, str(folder)], check=True)


def _digest(root: Path, smime: bool) -> str:
    digest = hashlib.sha256(f"{sys.version_info[:2]} {platform.machine()}".encode())
    for path in (*_requirements(root, smime), _constraints(root), Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _requirements(root: Path, smime: bool) -> list[Path]:
    return [root / "requirements.txt", *([root / "infra" / "smime.txt"] if smime else [])]


def _constraints(root: Path) -> Path:
    return root / "infra" / "constraints.txt"


def _fetch(root: Path, folder: Path, arch: Arch, smime: bool) -> None:
    constraints, ours = _constraints(root), folder.parent / "requirements.txt"
    # Chalice puts the little of itself that runs in a function into the package on its own.
    lines = [
        line for path in _requirements(root, smime) for line in path.read_text("utf-8").splitlines()
    ]
    ours.write_text("\n".join(line for line in lines if not line.startswith("chalice")) + "\n")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    where = ["--target", str(folder), "--no-compile", "--only-binary", ":all:"]
    what = ["-r", str(ours), "-c", str(constraints)]
    done = subprocess.run(
        [*pip, *where, *_platforms(arch), *what], check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise DependencyError(done.stderr.strip())


def _platforms(arch: Arch) -> list[str]:
    if arch == "host":
        return []
    # pip takes a platform literally, so every glibc up to the runtime's has to be named.
    names = [f"manylinux_2_{minor}_aarch64" for minor in range(_GLIBC_OF_LAMBDA, 16, -1)]
    return [option for name in (*names, "manylinux2014_aarch64") for option in ("--platform", name)]


def _prune(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif not is_shipped(path.relative_to(folder).as_posix()):
            path.unlink()
