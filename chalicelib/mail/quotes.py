"""What is new in a reply, and what only repeats the mails before it.

To leave a quote standing costs a scroll; to hide a customer's word may cost the customer. So a
quote needs proof, nothing is thrown away, and a mail is never left without text.
"""

import re
from collections.abc import Sequence

from chalicelib.mail.endings import is_of_app, signature_start
from chalicelib.mail.quote_headers import (
    MARKED,
    MAX_BLOCK_LINES,
    QUOTED,
    Header,
    header_at,
    is_block,
    is_marker,
    next_text,
    read_block,
    ruled,
)
from chalicelib.mail.quote_words import (
    ANSWERS_BELOW,
    FINNISH,
    FORWARD_SUBJECT,
    FORWARDED,
    QUOTE_ENDS,
)

MAX_LINES = 4000  # nobody reads a longer reply, and nobody has written it: it stays whole
MAX_TEXT = 300_000  # characters, likewise

_LONG_LINE = 60
_SENTENCE_ENDS = ".?!:;)"
_MARK = re.compile(r"^[ \t]{0,3}>[ \t]?")
# A ruling line says nothing; a single emoji does.
WORDS = re.compile(r"[^\s_=*\-‐–—>]")
_NUMBER_OR_ADDRESS = re.compile(r"[\d@]")


def visible_reply(text: str, subject: str = "") -> str:
    """What the writer of this mail has added; never empty for a text that is not."""
    return split_reply(text, subject)[0]


def split_reply(text: str, subject: str = "") -> tuple[str, str]:
    """What the writer has added, and the rest: quotes, history, signature.

    A forwarded mail stays whole; `subject` helps to know one.
    """
    if len(text) > MAX_TEXT or is_passed_on(subject, text):
        return text, ""
    lines = text.replace("\r\n", "\n").split("\n")
    cut = _history_start(lines) if len(lines) <= MAX_LINES else None
    if cut is None or _has_answers(lines, cut):
        return text, ""
    kept = _without_ending(lines, cut)
    start = _after_leading_quote(lines, kept)
    visible = "\n".join(lines[start:kept]).rstrip().strip("\n")
    if not WORDS.search(visible):
        return text, ""
    folded = ["\n".join(part).strip("\n") for part in (lines[:start], lines[kept:])]
    return visible, "\n\n".join(part for part in folded if part.strip())


def newest_quoted(text: str) -> str:
    """What is quoted directly, without its marks; not what that mail itself has quoted.

    The introduction stands with it. Answers between the quoted lines are left out.
    """
    lines = text[:MAX_TEXT].replace("\r\n", "\n").split("\n")[:MAX_LINES]
    for index, line in enumerate(lines):
        if not line.strip():
            continue
        header = None if QUOTED.match(line) else header_at(lines, index)
        following = next_text(lines, header.end) if header else index
        if following < len(lines) and QUOTED.match(lines[following]):
            return "\n".join(
                _up_to_older([_MARK.sub("", one, count=1) for one in lines if _is_first(one)])
            )
        if (header and header.is_sure) or _is_introduction(lines, index):
            unmarked = [one for one in lines[index:] if not QUOTED.match(one)]
            return "\n".join(_up_to_older(unmarked))
    return ""


def _is_first(line: str) -> bool:
    """Whether a line has exactly one mark."""
    return bool(QUOTED.match(line)) and not QUOTED.match(_MARK.sub("", line, count=1))


def _is_introduction(lines: Sequence[str], index: int) -> bool:
    is_marked = MARKED.search(lines[index])
    return bool(is_marked) and (
        bool(FORWARDED.match(lines[index])) or is_marker(lines, index) or is_block(lines, index)
    )


def _up_to_older(lines: Sequence[str]) -> Sequence[str]:
    """These lines up to where they introduce a mail that is older; they may introduce their own."""
    index = _after_introduction(lines, next_text(lines, 0))
    while index < len(lines):
        header = header_at(lines, index) if lines[index].strip() else None
        if (header and header.is_sure) or _is_introduction(lines, index):
            return lines[:index]
        index += 1
    return lines


def _after_introduction(lines: Sequence[str], index: int) -> int:
    """Where the text begins below "Original Message", a block, or both."""
    if index < len(lines) and (is_marker(lines, index) or FORWARDED.match(lines[index])):
        index = next_text(lines, index + 1)
    if index == len(lines):
        return index
    header = header_at(lines, index)
    if header:
        return header.end
    return read_block(lines, index)[1] if is_block(lines, index) else index


def is_passed_on(subject: str, text: str) -> bool:
    """Whether the subject says that a mail is passed on; not where its prefix means an answer."""
    prefix = FORWARD_SUBJECT.match(subject)
    return prefix is not None and not (prefix["either"] and FINNISH.search(text))


def _has_answers(lines: Sequence[str], cut: int) -> bool:
    """Whether the writer's own words stand below the cut: they say so, or the quote has an end."""
    if any(map(QUOTE_ENDS.match, lines[cut:])):
        return True
    return ANSWERS_BELOW.search("\n".join(lines[:cut])) is not None


def _history_start(lines: Sequence[str]) -> int | None:
    """The first line of the history that runs to the end; None for a forwarded mail."""
    index = 0
    while index < len(lines):
        line = lines[index]
        if not line.strip() or QUOTED.match(line):
            index += 1
            continue
        if MARKED.search(line):
            if FORWARDED.match(line):
                return None
            if is_marker(lines, index) or is_block(lines, index):
                return ruled(lines, index)
        header = header_at(lines, index)
        if header is None:
            index += 1
            continue
        after = _after_quote(lines, header)
        if after == len(lines):
            return ruled(lines, header.start)
        index = after
    return len(lines)


def _after_quote(lines: Sequence[str], header: Header) -> int:
    """Where new text may begin after this header and what it quotes: the end, if nowhere."""
    following = next_text(lines, header.end)
    if following < len(lines) and QUOTED.match(lines[following]):
        end = _quote_end(lines, following)
        signature = signature_start(lines, end, len(lines))
        return end if _has_text(lines, signature, end) else len(lines)
    is_history = header.is_sure and _has_text(lines, header.start)
    return len(lines) if is_history else header.end


def _has_text(lines: Sequence[str], end: int, start: int = 0) -> bool:
    return any(line.strip() for line in lines[start:end])


def _quote_end(lines: Sequence[str], index: int) -> int:
    """The end of the block of quoted lines that begins here, with what a client broke out of it."""
    end = index
    has_broken = False
    while index < len(lines):
        line = lines[index]
        if QUOTED.match(line):
            end = index + 1
        elif line.strip():
            # Where a client has broken one line within a sentence, it breaks others at its end.
            has_broken = _is_broken_out(lines, index, is_sure=not has_broken)
            if not has_broken:
                break
        index += 1
    return end


def _is_broken_out(lines: Sequence[str], index: int, *, is_sure: bool) -> bool:
    """Whether a line is the end of a long quoted one: quoted lines, no blank ones, around it.

    An answer stands in the same place, but it follows a whole sentence, and mostly begins one.
    """
    before, after = lines[index - 1], lines[index + 1] if index + 1 < len(lines) else ""
    is_long = len(before) >= _LONG_LINE and len(lines[index]) < len(before)
    is_open = before.rstrip()[-1:] not in _SENTENCE_ENDS or not is_sure
    is_rest = is_open and lines[index].lstrip()[:1].islower()
    return bool(QUOTED.match(before) and QUOTED.match(after) and is_long and is_rest)


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
        is_last = is_last and not QUOTED.match(lines[start])
        end = start


def _ending(lines: Sequence[str], end: int, *, is_last: bool) -> int:
    if end == 0:
        return end
    last = lines[end - 1]
    if is_of_app(last) and (is_last or "://" in last):
        return end - 1
    if is_last and QUOTED.match(last):
        return _closing_quote(lines, end)
    return signature_start(lines, 0, end) if is_last else end


def _closing_quote(lines: Sequence[str], end: int) -> int:
    start = end
    while start > 0 and (QUOTED.match(lines[start - 1]) or not lines[start - 1].strip()):
        start -= 1
    first = next_text(lines, start)
    # Right below a line, or announced by one, the quoted lines belong to what is said.
    is_announced = start > 0 and (first == start or _announces(lines[start - 1]))
    return end if is_announced and not _is_introduced(lines[first:end]) else first


def _announces(line: str) -> bool:
    """Whether a line ends in a colon, and is not what a client writes above a quote."""
    return line.rstrip().endswith((":", "：")) and not _NUMBER_OR_ADDRESS.search(line)


def _is_introduced(quote: Sequence[str]) -> bool:
    """Whether these quoted lines begin as a client begins a quote."""
    inner = [_MARK.sub("", line, count=1) for line in quote[:MAX_BLOCK_LINES]]
    return is_marker(inner, 0) or is_block(inner, 0) or header_at(inner, 0) is not None


def _after_leading_quote(lines: Sequence[str], end: int) -> int:
    """Where the text begins below a quote at the top; 0 when quotes and answers alternate."""
    index = next_text(lines[:end], 0)
    header = header_at(lines[:end], index) if index < end else None
    first = next_text(lines[:end], header.end) if header else end
    if first >= end or not QUOTED.match(lines[first]):
        return 0
    after = _quote_end(lines[:end], first)
    return 0 if any(QUOTED.match(line) for line in lines[after:end]) else after
