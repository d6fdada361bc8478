"""How well and how fast mail is read: `python -m tests.bench.mail_bench [DIRECTORY]`.

The directory holds corpora of mails with expected results, and their scorers in `score/`. The
comparison of CPU time needs neither: it is made on mails of our own.
"""

import argparse
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from chalicelib.mail.parse import parse
from chalicelib.mail.quotes import visible_reply
from tests.unit.mail.samples import PNG, attached, bounce, mail, multipart_mail, nested, part

HERE = "tests.bench.mail_bench"
ROOT = Path(__file__).resolve().parents[2]
CPU_SECONDS = 0.5  # spent on each mail and parser

MIME_TOTAL = re.compile(r"^# \S+ +(\w+) +total (\d+/\d+)", re.MULTILINE)
TRIM_TOTAL = re.compile(r"^(\w+) +n= *(\d+) exact= *(\d+).* lost= *(\d+)", re.MULTILINE)
TORTURE_CASE = re.compile(r"^(\w+) +[\d.]+MB (.*)$", re.MULTILINE)
A_MAIL = re.compile(rb"\s*(?:From [^\n]*\n)?[!-9;-~]+[ \t]*:")
UNSEEN = re.compile(r"(?is)<(style|script|title)\b.*?</\1>|<!--.*?-->|<[^>]*>|&[#\w]+;")
WITHOUT_TEXT = {"empty", "only_newline"}


def as_parts(raw: bytes) -> dict[str, Any]:
    """A mail in the shape that the scorers of parsers read."""
    read = parse(raw)
    addresses = {
        name: [(one.name, one.address) for one in found]
        for name, found in (("from", read.from_), ("to", read.to), ("cc", read.cc))
    }
    parts = [
        {
            "ctype": file.content_type,
            "filename": file.filename,
            "data": file.content,
            "cid": file.content_id,
        }
        for file in read.attachments
    ]
    return {
        "subject": read.subject,
        "message_id": read.message_id,
        "text": read.text,
        "html": read.html,
        "parts": parts,
        **addresses,
    }


def as_shown(text: str) -> str:
    """A reply in the shape that the scorers of trimmers read."""
    return visible_reply(text)


def scores(corpora: Path) -> list[tuple[str, str]]:
    """What the scorers of this directory say, a line for each corpus."""
    mime = _run(corpora, "score_mime.py", f"{HERE}:as_parts", *_corpora_of(corpora))
    trim = _run(corpora, "score_trim.py", f"{HERE}:as_shown")
    torture = _run(corpora, "torture.py", f"{HERE}:as_parts")
    lines = [(f"parse {name}", total) for name, total in MIME_TOTAL.findall(mime)]
    lines += [
        (f"quotes {name}", f"{exact}/{number} exact, {lost} lost")
        for name, number, exact, lost in TRIM_TOTAL.findall(trim)
    ]
    cases = TORTURE_CASE.findall(torture)
    held = sum(_has_held(name, outcome) for name, outcome in cases)
    return [*lines, ("torture", f"{held}/{len(cases)}")]


def read_all(corpora: Path) -> tuple[int, int, list[Path]]:
    """How many mails there are, how many raise, and those whose text nobody would see."""
    number, raising, lost = 0, 0, []
    for path in sorted(corpora.rglob("*")):
        raw = path.read_bytes() if path.is_file() and "score" not in path.parts else b""
        if not A_MAIL.match(raw):
            continue
        number += 1
        try:
            read = parse(raw)
        except Exception:  # noqa: BLE001, what the mail code promises is judged here
            raising += 1
            continue
        if not (read.text.strip() or read.html) and any(map(has_letters, texts_of(raw))):
            lost.append(path)
    return number, raising, lost


def texts_of(raw: bytes) -> list[str]:
    """The text parts of a mail as Python's own parser finds them, those of mails inside it too."""
    read = message_from_bytes(raw)
    parts = [part for part in read.walk() if part.get_content_maintype() == "text"]
    payloads = (part.get_payload(decode=True) for part in parts)
    return [payload.decode("latin-1") for payload in payloads if isinstance(payload, bytes)]


def has_letters(text: str) -> bool:
    return bool(re.search(r"[^\W\d_]", UNSEEN.sub(" ", text)))


def _corpora_of(corpora: Path) -> Iterable[str]:
    known = ("stalwart", "zammad", "mime4j", "crash")
    return [word for name in known if (corpora / name).is_dir() for word in ("--corpus", name)]


def _has_held(name: str, outcome: str) -> bool:
    is_clean = not re.search(r"FAIL|CONTROL-CHARS|PATH-IN|SURROGATE", outcome)
    return is_clean and ("needle=True" in outcome or name in WITHOUT_TEXT)


def _run(corpora: Path, script: str, engine: str, *arguments: str) -> str:
    path = corpora / "score" / script
    if not path.exists():
        return ""
    done = subprocess.run(
        [sys.executable, str(path), "--engine", engine, *arguments],
        capture_output=True,
        check=True,
        encoding="utf-8",
        env={"PYTHONPATH": str(ROOT)},
    )
    return done.stdout


def own_mails() -> dict[str, bytes]:
    line = "Kære desk, printeren på 3. sal virker stadig ikke.\r\n"
    paragraph = '<p>Kære <b>desk</b>, <a href="https://example.com/">se her</a></p>'
    html = f"<html><body>{paragraph * 90}</body></html>"
    page = part(html, "text/html; charset=utf-8")
    both = nested(part(line * 60), page, kind="alternative", boundary="b2")
    return {
        "plain": mail(line * 20, Content_Type="text/plain; charset=utf-8"),
        "mixed, 33 KB": multipart_mail(both, attached('filename="a.png"', PNG * 220)),
        "html alone": multipart_mail(page),
        "bounce": bounce("failed", "5.1.1"),
        "attachment, 5 MB": multipart_mail(part(line), attached('filename="a"', PNG * 50_000)),
    }


def read_by_python(raw: bytes) -> None:
    """The same work, done as Python's documentation shows it."""
    read = message_from_bytes(raw, policy=policy.default)
    for name in ("subject", "from", "to", "cc", "reply-to", "message-id", "date", "references"):
        str(read[name])
    for kind in ("plain", "html"):
        body = read.get_body((kind,))
        if body is not None:
            body.get_content()
    for file in read.iter_attachments():
        file.get_filename()
        file.get_payload(decode=True)


def cpu_ms(read: Callable[[bytes], object], raw: bytes) -> float:
    """Milliseconds of CPU that one reading of this mail takes."""
    read(raw)
    rounds, start = 0, time.process_time()
    while (spent := time.process_time() - start) < CPU_SECONDS:
        read(raw)
        rounds += 1
    return spent / rounds * 1000


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("directory", nargs="?", type=Path)
    directory: Path | None = arguments.parse_args().directory
    out = sys.stdout.write
    if directory:
        for name, score in scores(directory):
            out(f"{name:24} {score}\n")
        number, raising, lost = read_all(directory)
        out(f"{'every mail':24} {number} read, {raising} exceptions, {len(lost)} texts lost\n")
        for path in lost:
            out(f"  {path.relative_to(directory)}\n")
    out(f"{'ms of CPU per mail':24} {'ours':>8} {'Python':>8}\n")
    for name, raw in own_mails().items():
        out(f"{name:24} {cpu_ms(parse, raw):8.2f} {cpu_ms(read_by_python, raw):8.2f}\n")


if __name__ == "__main__":
    main()
