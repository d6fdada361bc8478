"""What is new in a reply that is HTML, by the marks that mail clients leave around a quote.

The same caution as in `quotes`. The pieces are cut out of the source as they are: they need
`sanitize` before anybody sees them.
"""

import re

from chalicelib.mail.html_text import MAX_HTML, TAG, to_text
from chalicelib.mail.quote_words import ANSWERS_BELOW, FORWARD_SUBJECT, FORWARDED

_LOOK_AHEAD = 20_000  # characters of a quote that are read to see whether it is a forwarded mail

# Around a quote: an element that ends where the quote ends.
_AROUND = re.compile(
    r"class\s*=\s*[\"']?[^\"'>]*\b(?:gmail_quote|yahoo_quoted|protonmail_quote|tutanota_quote"
    r"|zmail_extra|moz-cite-prefix|mail-quote-collapse|x_gmail_quote)"
    r"|type\s*=\s*[\"']?cite",
    re.IGNORECASE,
)
# Before a quote: everything from here to the end is history.
_BEFORE = re.compile(
    r"id\s*=\s*[\"']?(?:x_)?(?:divRplyFwdMsg|appendonsend|stopSpelling|OLK_SRC_BODY_SECTION"
    r"|mail-editor-reference-message-container|replySplit)"
    r"|class\s*=\s*[\"']?[^\"'>]*\bOutlookMessageHeader"
    r"|style\s*=\s*(?:\"[^\"]*|'[^']*)border-top:\s*solid\s+#(?:B5C4DF|E1E1E1)\s+1\.0pt",
    re.IGNORECASE,
)


def visible_reply_html(source: str, subject: str = "") -> str:
    """What the writer of this mail has added; never without text where there was some."""
    return split_reply_html(source, subject)[0]


def split_reply_html(source: str, subject: str = "") -> tuple[str, str]:
    """What the writer has added, and the quote below it; a forwarded mail stays whole."""
    if len(source) > MAX_HTML or FORWARD_SUBJECT.match(subject):
        return source, ""
    cut = _quote_start(source)
    if cut is None:
        return source, ""
    visible, rest = source[:cut], source[cut:]
    added = to_text(visible).strip()
    opening = to_text(rest[:_LOOK_AHEAD]).lstrip("> \n")
    is_forwarded = any(map(FORWARDED.match, [*opening.split("\n")[:3], *added.split("\n")[-3:]]))
    if not added or is_forwarded or ANSWERS_BELOW.search(added):
        return source, ""
    return visible, rest


def _quote_start(source: str) -> int | None:
    """Where the quote begins that nothing but the end follows."""
    for tag in TAG.finditer(source):
        if tag[1] or not tag[3]:
            continue
        if _BEFORE.search(tag[3]):
            return tag.start()
        if _AROUND.search(tag[3]):
            return tag.start() if _is_last(source, tag) else None
    return None


def _is_last(source: str, opening: re.Match[str]) -> bool:
    """Whether no text follows the quote; answers between quotes mean that nothing is folded."""
    end = _element_end(source, opening)
    position = end
    while (tag := TAG.search(source, position)) is not None:
        if source[position : tag.start()].replace("&nbsp;", "").strip():
            return False
        # "On ... wrote:" has an element of its own in some clients, before that of the quote.
        is_quote = tag[3] and not tag[1] and _AROUND.search(tag[3])
        position = _element_end(source, tag) if is_quote else tag.end()
    return not source[position:].replace("&nbsp;", "").strip()


def _element_end(source: str, opening: re.Match[str]) -> int:
    name, depth = opening[2].lower(), 0
    for tag in TAG.finditer(source, opening.start()):
        if tag[2] and tag[2].lower() == name:
            depth += -1 if tag[1] else 1
            if depth == 0:
                return tag.end()
    return len(source)
