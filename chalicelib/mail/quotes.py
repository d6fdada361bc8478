"""What is new in a reply, and what only repeats the mails before it.

To leave a quote standing costs a scroll; to hide a customer's word may cost the customer. So a
quote needs proof, nothing is thrown away, and a mail is never left without text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.mail.quote_words import (
    ANSWERS_BELOW,
    FORWARD_SUBJECT,
    FORWARDED,
    LABEL,
    MOBILE,
    ORIGINAL,
    REPLY_ABOVE,
    WROTE,
)

MAX_LINES = 4000  # nobody reads a longer reply, and nobody has written it: it stays whole
MAX_TEXT = 300_000  # characters, likewise
MAX_HEADER_LINES = 4
MAX_HEADER = 400  # characters of "On ... wrote:"
MAX_BLOCK_LINES = 14
MIN_LABELS = 3  # of from, sent, date, to, subject
MAX_STRAYS = 2  # lines between two labels
MAX_SIGNATURE_LINES = 15  # that are not blank
MAX_SIGNATURE = 60

# What every marker below has; most lines of most mails have it not.
_MARKED = re.compile(r"[:：]|[-_=*‐–—]{2}|lin[ej]|zeile", re.IGNORECASE)
_QUOTED = re.compile(r"[ \t]{0,3}>")
_RULE = re.compile(r"[ \t]*[_=*\-‐–—]{3,}[ \t]*$")
_DELIMITER = re.compile(r"--[ \t]?$")
_FOOTER_RULE = re.compile(r"_{2,}[ \t]*$")
_FOOTER = re.compile(r"mailing list|mailman|listinfo|unsubscribe", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s<>()\[\]\"',;:]{1,64}@[^\s<>()\[\]\"',;:]{1,255}")
_NAMED = re.compile(r"\w@\w|<[ \t]*$")  # an address, or one that follows in the next line
_ADDRESS_END = re.compile(r"[<(\[]\s*[^\s<>]{1,64}@[^\s<>]{1,255}\s*[>)\]]*\s*[:：]$")
_DATE_AND_ADDRESS = re.compile(r"\d{4}[/-]\d{1,2}[/-]\d{1,2} .{0,100}<[^<>\s]+@[^<>\s]+>$")
_DAY = re.compile(
    r"\d{1,4}\s?[./-]\s?\d{1,2}\s?[./-]\s?\d{1,4}|\b(?:19|20)\d\d\b"
    r"|\b\d{1,2}\.? (?:de )?[^\W\d_]{3,12}\b|\b[^\W\d_]{3,12}\.? \d{1,2}\b"
)
_TIME = re.compile(r"\b\d{1,2}\s?[:.h]\s?\d{2}\b")
_EARLY_DIGIT = re.compile(r"\D{0,45}\d")
_BROKEN_ADDRESS = re.compile(r">\)?\s?:?$")  # what is left of "<ann@example.com>:" in a new line
_LONG_LINE = 60


@dataclass(frozen=True, slots=True)
class _Header:
    """Lines from `start` up to, not including, `end`; `is_sure` even if no ">" follows."""

    start: int
    end: int
    is_sure: bool


def visible_reply(text: str, subject: str = "") -> str:
    """What the writer of this mail has added; never empty for a text that is not."""
    return split_reply(text, subject)[0]


def split_reply(text: str, subject: str = "") -> tuple[str, str]:
    """What the writer has added, and the rest: quotes, history, signature.

    A forwarded mail stays whole; `subject` helps to know one.
    """
    if len(text) > MAX_TEXT or FORWARD_SUBJECT.match(subject):
        return text, ""
    lines = text.replace("\r\n", "\n").split("\n")
    cut = _history_start(lines) if len(lines) <= MAX_LINES else None
    if cut is None or ANSWERS_BELOW.search("\n".join(lines[:cut])):
        return text, ""
    kept = _without_ending(lines, cut)
    start = _after_leading_quote(lines, kept)
    visible = "\n".join(lines[start:kept]).rstrip().strip("\n")
    if not visible.strip():
        return text, ""
    folded = ["\n".join(part).strip("\n") for part in (lines[:start], lines[kept:])]
    return visible, "\n\n".join(part for part in folded if part.strip())


def _history_start(lines: Sequence[str]) -> int | None:
    """The first line of the history that runs to the end; None for a forwarded mail."""
    index = 0
    while index < len(lines):
        line = lines[index]
        if not line.strip() or _QUOTED.match(line):
            index += 1
            continue
        if _MARKED.search(line):
            if FORWARDED.match(line):
                return None
            if ORIGINAL.match(line) or REPLY_ABOVE.match(line) or _is_block(lines, index):
                return _above(lines, index)
        header = _header_at(lines, index)
        if header is None:
            index += 1
            continue
        after = _after_quote(lines, header)
        if after == len(lines):
            return _above(lines, header.start)
        index = after
    return len(lines)


def _after_quote(lines: Sequence[str], header: _Header) -> int:
    """Where new text may begin after this header and what it quotes: the end, if nowhere."""
    following = _next_text(lines, header.end)
    if following < len(lines) and _QUOTED.match(lines[following]):
        end = _quote_end(lines, following)
        signature = _signature_start(lines, end, len(lines))
        return end if _has_text(lines, signature, end) else len(lines)
    is_history = header.is_sure and _has_text(lines, header.start)
    return len(lines) if is_history else header.end


def _has_text(lines: Sequence[str], end: int, start: int = 0) -> bool:
    return any(line.strip() for line in lines[start:end])


def _above(lines: Sequence[str], index: int) -> int:
    """The index, or that of the ruling line above it."""
    above = index - 1
    while above >= 0 and not lines[above].strip():
        above -= 1
    return above if above > 0 and _RULE.match(lines[above]) else index


def _next_text(lines: Sequence[str], index: int) -> int:
    while index < len(lines) and not lines[index].strip():
        index += 1
    return index


def _quote_end(lines: Sequence[str], index: int) -> int:
    """The end of the block of quoted lines that begins here, with what a client broke out of it."""
    end = index
    while index < len(lines):
        line = lines[index]
        if _QUOTED.match(line):
            end = index + 1
        elif line.strip() and not _is_broken_out(lines, index):
            break
        index += 1
    return end


def _is_broken_out(lines: Sequence[str], index: int) -> bool:
    """Whether a line is the end of a long quoted one: quoted lines, no blank ones, around it."""
    before, after = lines[index - 1], lines[index + 1] if index + 1 < len(lines) else ""
    is_long = len(before) >= _LONG_LINE and len(lines[index]) < len(before)
    return bool(_QUOTED.match(before) and _QUOTED.match(after) and is_long)


def _header_at(lines: Sequence[str], index: int) -> _Header | None:
    """The line before a quote, "On ... wrote:", that begins here; it may be broken into several."""
    first = lines[index]
    if len(first) > MAX_HEADER:
        return None
    if not (_EARLY_DIGIT.match(first) or WROTE.search(first) or _NAMED.search(first)):
        return None
    text = ""
    for end in range(index, min(index + MAX_HEADER_LINES, len(lines))):
        line = lines[end].strip()
        is_quote = end > index and _QUOTED.match(line) and not _BROKEN_ADDRESS.match(line)
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


def _nearest(lines: Sequence[str], header: _Header) -> _Header:
    """The header without a line above it that only happens to name a number or a person."""
    for start in range(header.end - 1, header.start, -1):
        is_open = lines[start - 1].rstrip().endswith("<")
        nearer = None if is_open else _judge(lines, start, header.end)
        if nearer and _DAY.search(lines[start]):
            return nearer
    return header


def _judge(lines: Sequence[str], start: int, end: int) -> _Header | None:
    """These lines as a header, if that is what they are."""
    text = " ".join(line.strip() for line in lines[start:end]).strip(" -")
    wrote, day = WROTE.search(text), _DAY.search(text)
    address, time = _ADDRESS.search(text), _TIME.search(text)
    following = _next_text(lines, end)
    is_quoting = following < len(lines) and bool(_QUOTED.match(lines[following]))
    if not text.endswith((":", "：")):
        # Some clients leave the colon out, and one of them the verb as well.
        is_verb_last = wrote is not None and len(text) - wrote.end() <= 1
        is_sure = bool(is_verb_last and day and address)
        is_bare = is_quoting and bool(_DATE_AND_ADDRESS.match(text))
        return _Header(start, end, is_sure) if is_sure or is_bare else None
    is_alone = start == 0 or not lines[start - 1].strip() or bool(_QUOTED.match(lines[start - 1]))
    if wrote and day and address:
        return _Header(start, end, is_sure=True)
    if day and time and _ADDRESS_END.search(text) and _EARLY_DIGIT.match(text):
        return _Header(start, end, is_sure=True)
    if wrote and day and time and _EARLY_DIGIT.match(text) and is_alone:
        return _Header(start, end, is_sure=True)
    if wrote and is_quoting and (day or address or end - start == 1):
        return _Header(start, end, is_sure=False)
    return None


def _is_block(lines: Sequence[str], index: int) -> bool:
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
    return "from" in found and is_mail and len(found - {"more"}) >= MIN_LABELS


def _without_ending(lines: Sequence[str], end: int) -> int:
    """The end without a closing quote, the signature and the line that a phone adds.

    What stands above a quote is signed by a person; only the advertisements of apps go there.
    """
    is_last = end == len(lines)
    while True:
        while end > 0 and not lines[end - 1].strip():
            end -= 1
        start = _ending(lines, end, is_last=is_last)
        if start == end or not _has_text(lines, start):
            return end
        is_last = is_last and not _QUOTED.match(lines[start])
        end = start


def _ending(lines: Sequence[str], end: int, *, is_last: bool) -> int:
    if end == 0:
        return end
    last = lines[end - 1]
    if _is_mobile(last) and (is_last or "://" in last):
        return end - 1
    if is_last and _QUOTED.match(last):
        return _closing_quote(lines, end)
    return _signature_start(lines, 0, end) if is_last else end


def _closing_quote(lines: Sequence[str], end: int) -> int:
    start = end
    while start > 0 and (_QUOTED.match(lines[start - 1]) or not lines[start - 1].strip()):
        start -= 1
    return _next_text(lines, start)


def _is_mobile(line: str) -> bool:
    return len(line) <= MAX_HEADER and bool(MOBILE.match(line))


def _signature_start(lines: Sequence[str], start: int, end: int) -> int:
    """Where the signature that runs to `end` begins; `end` if there is none."""
    length = 0
    for index in range(end - 1, max(start, end - MAX_SIGNATURE) - 1, -1):
        line = lines[index]
        if _DELIMITER.match(line):
            # Without its blank, and more than once, it is somebody's own ruling between thoughts.
            is_ruling = line == "--" and "--" in lines[:index]
            return end if is_ruling else index
        if _FOOTER_RULE.match(line) and _FOOTER.search("\n".join(lines[index:end])):
            return index
        length += bool(line.strip())
        if length > MAX_SIGNATURE_LINES or _QUOTED.match(line):
            break
    return end


def _after_leading_quote(lines: Sequence[str], end: int) -> int:
    """Where the text begins below a quote at the top; 0 when quotes and answers alternate."""
    index = _next_text(lines[:end], 0)
    header = _header_at(lines[:end], index) if index < end else None
    first = _next_text(lines[:end], header.end) if header else end
    if first >= end or not _QUOTED.match(lines[first]):
        return 0
    after = _quote_end(lines[:end], first)
    return 0 if any(_QUOTED.match(line) for line in lines[after:end]) else after
