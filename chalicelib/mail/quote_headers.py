"""Where a mail begins to quote another one: "On ... wrote:", and the header block of Outlook.

What follows such a line, and whether it is folded, is the matter of `quotes` and `forwarded`.
"""

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass

from chalicelib.mail.quote_words import LABEL, ORIGINAL, REPLY_ABOVE, SPOKEN, WROTE

MAX_HEADER_LINES = 4
MAX_HEADER = 400  # characters of "On ... wrote:"
MAX_BLOCK_LINES = 14
MIN_LABELS = 3  # of from, sent, date, to, subject
MAX_READ = 60  # lines of a block, its lists of recipients included
MAX_STRAYS = 2  # lines between two labels
MAX_EVIDENCE = 3  # lines below "Original Message" that may show that a mail follows

# What every marker below has; most lines of most mails have it not.
MARKED = re.compile(r"[:：]|[-_=*‐–—]{2}|lin[ej]|zeile", re.IGNORECASE)
QUOTED = re.compile(r"[ \t]{0,3}>")
RULE = re.compile(r"[ \t]*[_=*\-‐–—]{3,}[ \t]*$")
ADDRESS = re.compile(r"[^\s<>()\[\]\"',;:]{1,64}@[^\s<>()\[\]\"',;:]{1,255}")
_DECORATED = re.compile(r"[ \t]*[^\w\s]")
_NAMED = re.compile(r"\w@\w|<[ \t]*$")  # an address, or one that follows in the next line
_ADDRESS_END = re.compile(r"[<(\[]\s*[^\s<>]{1,64}@[^\s<>]{1,255}\s*[>)\]]*\s*[:：]$")
_DATE_AND_ADDRESS = re.compile(r"\d{4}[/-]\d{1,2}[/-]\d{1,2} .{0,100}<[^<>\s]+@[^<>\s]+>$")
_DAY = re.compile(
    r"\d{1,4}\s?[./-]\s?\d{1,2}\s?[./-]\s?\d{1,4}|\b(?:19|20)\d\d\b"
    r"|\b\d{1,2}\.? (?:de )?[^\W\d_]{3,12}\b|\b[^\W\d_]{3,12}\.? \d{1,2}\b"
)
# A form that somebody fills in has senders and subjects too, but neither of these.
_PROOF = re.compile(r"\S@\S|\b\d{1,2}\s?[:.h]\s?\d{2}\b")
_TIME = re.compile(r"\b\d{1,2}\s?[:.h]\s?\d{2}\b")
_EARLY_DIGIT = re.compile(r"\D{0,45}\d")
_BROKEN_ADDRESS = re.compile(r">\)?\s?:?$")  # what is left of "<ann@example.com>:" in a new line


@dataclass(frozen=True, slots=True)
class Header:
    """Lines from `start` up to, not including, `end`; `is_sure` even if no ">" follows."""

    start: int
    end: int
    is_sure: bool


def next_text(lines: Sequence[str], index: int) -> int:
    while index < len(lines) and not lines[index].strip():
        index += 1
    return index


def ruled(lines: Sequence[str], index: int) -> int:
    """The index, or that of the ruling line above it."""
    above = index - 1
    while above >= 0 and not lines[above].strip():
        above -= 1
    return above if above > 0 and RULE.match(lines[above]) else index


def header_at(lines: Sequence[str], index: int) -> Header | None:
    """The line before a quote, "On ... wrote:", that begins here; it may be broken into several."""
    first = lines[index]
    if len(first) > MAX_HEADER:
        return None
    if not (_EARLY_DIGIT.match(first) or WROTE.search(first) or _NAMED.search(first)):
        return None
    text = ""
    for end in range(index, min(index + MAX_HEADER_LINES, len(lines))):
        line = lines[end].strip()
        is_quote = end > index and QUOTED.match(line) and not _BROKEN_ADDRESS.match(line)
        if not line or len(text) + len(line) > MAX_HEADER or is_quote:
            return None
        text = f"{text} {line}".strip(" -")
        if line.endswith((":", "：", ">")) or WROTE.search(line[-20:]):
            header = _judge(lines, index, end + 1)
            if header:
                return _nearest(lines, header)
        if line.endswith((".", "!", "?")):
            return None
    return None


def _nearest(lines: Sequence[str], header: Header) -> Header:
    """The header without a line above it that only happens to name a number or a person."""
    for start in range(header.end - 1, header.start, -1):
        is_open = lines[start - 1].rstrip().endswith("<")
        nearer = None if is_open else _judge(lines, start, header.end)
        if nearer and _DAY.search(lines[start]):
            return nearer
    return header


def _judge(lines: Sequence[str], start: int, end: int) -> Header | None:
    """These lines as a header, if that is what they are."""
    text = " ".join(line.strip() for line in lines[start:end]).strip(" -")
    wrote, day = WROTE.search(text), _DAY.search(text)
    address = ADDRESS.search(text)
    following = next_text(lines, end)
    is_quoting = following < len(lines) and bool(QUOTED.match(lines[following]))
    if not text.endswith((":", "：")):
        # Some clients leave the colon out, and one of them the verb as well.
        is_verb_last = wrote is not None and len(text) - wrote.end() <= 1
        is_sure = bool(is_verb_last and day and address)
        is_bare = is_quoting and bool(_DATE_AND_ADDRESS.match(text))
        return Header(start, end, is_sure) if is_sure or is_bare else None
    if _is_of_client(lines, start, text):
        return Header(start, end, is_sure=True)
    if wrote and is_quoting and (day or address or end - start == 1):
        return Header(start, end, is_sure=False)
    return None


def _is_of_client(lines: Sequence[str], start: int, text: str) -> bool:
    """Whether only a mail client writes such a line, so that a quote without ">" may follow it."""
    day, time = _DAY.search(text), _TIME.search(text)
    if not day or SPOKEN.search(text):
        return False
    wrote = WROTE.search(text)
    if wrote and ADDRESS.search(text):
        return True
    is_dated = bool(time and _EARLY_DIGIT.match(text))
    is_alone = start == 0 or not lines[start - 1].strip() or bool(QUOTED.match(lines[start - 1]))
    return is_dated and bool(_ADDRESS_END.search(text) or (wrote and is_alone))


def is_block(lines: Sequence[str], index: int) -> bool:
    """Whether the header block of a quoted mail begins here: from, sent, to, subject."""
    label = LABEL.match(lines[index])
    if label is None or label.lastgroup in {"to", "more"}:
        return False
    found: set[str] = set()
    strays = 0
    block: list[str] = []
    for line in lines[index : index + MAX_BLOCK_LINES]:
        label = LABEL.match(line)
        # Long lists of recipients go on in the next line; a blank line may stand between two.
        strays = 0 if label else strays + 1
        if strays > MAX_STRAYS:
            break
        if label and label.lastgroup:
            found.add(label.lastgroup)
            block.append(line)
    is_mail = "subject" in found or "sent" in found or "@" in "".join(block)
    is_proven = ruled(lines, index) != index or any(map(_PROOF.search, block))
    return "from" in found and is_mail and is_proven and len(found - {"more"}) >= MIN_LABELS


def is_marker(lines: Sequence[str], index: int) -> bool:
    """Whether this line says that the older mails follow: "Original Message", or a desk's own."""
    is_below = index == 0 or not lines[index - 1].strip()
    if REPLY_ABOVE.match(lines[index]):
        # Who writes about that line has no ruling around it, and goes on below.
        return is_below or ruled(lines, index) != index or bool(_DECORATED.match(lines[index]))
    if not ORIGINAL.match(lines[index]):
        return False
    is_alone = is_below and not "".join(lines[index + 1 : index + 2]).strip()
    return is_alone or _has_evidence(lines, index + 1)


def _has_evidence(lines: Sequence[str], index: int) -> bool:
    """Whether a mail follows; in a log or a manual, "Original Message" is a line like any other."""
    for _ in range(MAX_EVIDENCE):
        index = next_text(lines, index)
        if index == len(lines):
            break
        line = lines[index][:MAX_HEADER]
        if LABEL.match(line) or QUOTED.match(line) or WROTE.search(line) or ADDRESS.search(line):
            return True
        index += 1
    return False


def read_block(lines: Sequence[str], index: int) -> tuple[dict[str, str], int]:
    """The fields of the header block at this line, by the groups of `LABEL`, and where it ends."""
    fields: dict[str, str] = {}
    name = ""
    is_spaced = False  # a paragraph for each label
    limit = min(len(lines), index + MAX_READ)
    while index < limit:
        if not lines[index].strip():
            is_spaced = is_spaced or len(fields) == 1
            index += 1
            if not is_spaced or not (index < limit and _new_label(lines[index], fields)):
                index -= 1
                break
        label = LABEL.match(lines[index])
        if (
            label
            and label.lastgroup
            and (label.lastgroup not in fields or label.lastgroup == "more")
        ):
            name = label.lastgroup
            fields.setdefault(name, lines[index][label.end() :].strip())
        elif fields and not label and _goes_on(lines, index, fields):
            fields[name] += " " + lines[index].strip()
        else:
            break
        index += 1
    return fields, index


def _new_label(line: str, fields: Container[str]) -> bool:
    label = LABEL.match(line)
    return label is not None and label.lastgroup not in fields


def _goes_on(lines: Sequence[str], index: int, fields: Container[str]) -> bool:
    """Whether a line continues the one above; what only might do so belongs to the text."""
    line, before = lines[index].strip(), lines[index - 1].rstrip()
    if line.startswith("<") or (before.endswith((",", ";", "<")) and "@" in line):
        return True
    return any(_new_label(following, fields) for following in lines[index + 1 : index + 3])
