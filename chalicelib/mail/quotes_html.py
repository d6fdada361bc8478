"""What is new in a reply that is HTML, by the marks that mail clients leave around a quote.

Where there are none, the plain text decides. The same caution as in `quotes`. The pieces
are cut out of the source as they are: they need `sanitize` before anybody sees them.
"""

import re
from bisect import bisect_right

from chalicelib.mail.html_text import MAX_HTML, TAG, to_text
from chalicelib.mail.quote_words import ANSWERS_BELOW, FORWARD_SUBJECT, FORWARDED
from chalicelib.mail.quotes import is_passed_on, split_reply

MAX_UNMARKED = 200_000  # characters that are searched for a quote that nothing marks
_LOOK_AHEAD = 20_000  # characters of a quote that are read to see whether it is a forwarded mail

# Around a quote: an element that ends where the quote ends.
_AROUND = re.compile(
    r"class\s*=\s*[\"']?[^\"'>]*\b(?:gmail_quote|yahoo_quoted|protonmail_quote|tutanota_quote"
    r"|zmail_extra|moz-cite-prefix|mail-quote-collapse|x_gmail_quote)"
    r"|type\s*=\s*[\"']?cite",
    re.IGNORECASE,
)
# In these, the older mail is a blockquote; what stands below it, its reader has written there.
_WITH_BLOCK = re.compile(r"gmail_quote|protonmail_quote", re.IGNORECASE)
# Before a quote: everything from here to the end is history.
_BEFORE = re.compile(
    r"id\s*=\s*[\"']?(?:x_)?(?:divRplyFwdMsg|appendonsend|stopSpelling|OLK_SRC_BODY_SECTION"
    r"|mail-editor-reference-message-container|replySplit|zwchr)"
    r"|class\s*=\s*[\"']?[^\"'>]*\bOutlookMessageHeader"
    r"|style\s*=\s*(?:\"[^\"]*|'[^']*)border-top:\s*solid\s+#(?:B5C4DF|E1E1E1)\s+1\.0pt",
    re.IGNORECASE,
)


def visible_reply_html(source: str, subject: str = "") -> str:
    """What the writer of this mail has added; never without text where there was some."""
    return split_reply_html(source, subject)[0]


def split_reply_html(source: str, subject: str = "") -> tuple[str, str]:
    """What the writer has added, and the quote below it; a forwarded mail stays whole."""
    if len(source) > MAX_HTML or _is_passed_on(source, subject):
        return source, ""
    mark = _mark(source)
    if mark is None:
        cut = _cut_by_text(source, subject)
        return source[:cut], source[cut:]
    if not _BEFORE.search(mark[3]) and not _is_last(source, mark):
        return source, ""
    cut = mark.start()
    visible, rest = source[:cut], source[cut:]
    added = to_text(visible).strip()
    opening = to_text(rest[:_LOOK_AHEAD]).lstrip("> \n")
    is_forwarded = any(map(FORWARDED.match, [*opening.split("\n")[:3], *added.split("\n")[-3:]]))
    if not added or is_forwarded or ANSWERS_BELOW.search(added):
        return source, ""
    return visible, rest


def _is_passed_on(source: str, subject: str) -> bool:
    # Most mails are answers, and need not become text for this.
    return bool(FORWARD_SUBJECT.match(subject)) and is_passed_on(subject, to_text(source))


def _mark(source: str) -> re.Match[str] | None:
    """The first tag that a client is known to put around or before a quote."""
    for tag in TAG.finditer(source):
        if not tag[1] and tag[3] and (_BEFORE.search(tag[3]) or _AROUND.search(tag[3])):
            return tag
    return None


def _cut_by_text(source: str, subject: str) -> int:
    """Where the HTML of a client without such tags has said what is new in its plain text."""
    if len(source) > MAX_UNMARKED:
        return len(source)
    text = to_text(source)
    visible, rest = split_reply(text, subject)
    if not rest or not text.startswith(visible):
        return len(source)
    cuts = [tag.start() for tag in TAG.finditer(source)]
    after = bisect_right(cuts, len(visible), key=lambda cut: len(to_text(source[:cut]).rstrip()))
    cut = cuts[after - 1] if after else 0
    return cut if to_text(source[:cut]).rstrip() == visible else len(source)


def _is_last(source: str, opening: re.Match[str]) -> bool:
    """Whether no text follows the quote; answers between quotes mean that nothing is folded."""
    position = _element_end(source, opening)
    if _has_answers(source, opening, position):
        return False
    while (tag := TAG.search(source, position)) is not None:
        if _is_said(source[position : tag.start()], tag):
            return False
        # "On ... wrote:" has an element of its own in some clients, before that of the quote.
        is_quote = tag[3] and not tag[1] and _AROUND.search(tag[3])
        position = _element_end(source, tag) if is_quote else tag.end()
        if is_quote and _has_answers(source, tag, position):
            return False
    return not _is_said(source[position:])


def _is_said(text: str, tag: re.Match[str] | None = None) -> bool:
    """Whether this text before a tag, or the picture that the tag is, says anything."""
    is_picture = tag is not None and (tag[2] or "").lower() == "img"
    return is_picture or bool(text.replace("&nbsp;", "").strip())


def _has_answers(source: str, opening: re.Match[str], end: int) -> bool:
    """Whether something is said below or between the blockquotes of this element."""
    if opening[2].lower() == "blockquote" or not _WITH_BLOCK.search(opening[3]):
        return False
    depth = blocks = 0
    position = opening.end()
    for tag in TAG.finditer(source, opening.end(), end):
        if blocks and not depth and _is_said(source[position : tag.start()], tag):
            return True
        if (tag[2] or "").lower() == "blockquote":
            depth = max(depth - 1, 0) if tag[1] else depth + 1
            blocks += not tag[1]
        position = tag.end()
    return False


def _element_end(source: str, opening: re.Match[str]) -> int:
    name, depth = opening[2].lower(), 0
    for tag in TAG.finditer(source, opening.start()):
        if tag[2] and tag[2].lower() == name:
            depth += -1 if tag[1] else 1
            if depth == 0:
                return tag.end()
    return len(source)
