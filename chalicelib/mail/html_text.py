"""HTML becomes readable plain text: lines, list items, link targets, quotes as "> ".

A single pass over the tags, not a browser. Making HTML safe to show is the matter of `sanitize`.
"""

import html
import re
from collections.abc import Iterator

MAX_HTML = 2_000_000  # characters that are read; mail that people write has a hundredth of it
MAX_TAGS = 60_000
MAX_LINKS = 1000
MAX_QUOTE_DEPTH = 9
RULE = "_" * 32  # how Outlook itself writes a horizontal rule into plain text

# Any tag, comment or declaration; groups: "/" of an end, the name, the attributes.
TAG = re.compile(
    r"<!--|<![^<>]*+>|<\?[^<>]*+>"
    r"|<(/?)([a-zA-Z][^\s/<>]{0,40})((?:[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+'|[\"'])*+)>"
)
_ANY_TAG = re.compile(r"<[^<>]*+>")
_HREF = re.compile(
    r"\bhref\s*=\s*(?:\"([^\"]{1,2000})\"|'([^']{1,2000})'|([^\s>\"']{1,2000}))", re.IGNORECASE
)
_ALT = re.compile(r"\balt\s*=\s*(?:\"([^\"]{1,200})\"|'([^']{1,200})')", re.IGNORECASE)
_EMBEDDED = re.compile(r"data:[\w/+.-]{1,60};base64,[\w+/=%]*+")
_HUGE_REFERENCE = re.compile(r"&#[xX]?[0-9a-fA-F]{9,};?")
_LINKABLE = re.compile(r"(?:https?://|mailto:|tel:)", re.IGNORECASE)
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_MANY_BREAKS = re.compile(r"\n(?:>*[ \t]*\n){2,}")

_SILENT = {"script", "style", "title", "template", "noembed", "noframes", "iframe", "object"}
_PARAGRAPHS = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "pre", "blockquote"}
_BLOCKS = _PARAGRAPHS | {
    "address", "article", "aside", "body", "center", "dd", "div", "dl", "dt", "fieldset",
    "figure", "footer", "form", "header", "hr", "li", "main", "nav", "section", "tr",
}  # fmt: skip
_WRITTEN = _BLOCKS | {"a", "br", "img", "td", "th"}


def unescape(text: str) -> str:
    """The text with its character references resolved, however large their numbers are."""
    return html.unescape(_HUGE_REFERENCE.sub("\ufffd", text)) if "&" in text else text


def to_text(source: str, limit: int = MAX_HTML) -> str:
    """The plain text of the first `limit` characters of this HTML, pictures in it not counted."""
    if len(source) > limit:
        source = _EMBEDDED.sub("", source)
    return _Writer().write(source[:limit], MAX_TAGS * limit // MAX_HTML)


def _tags(source: str, limit: int) -> Iterator[tuple[str, re.Match[str] | None]]:
    """The text before each tag, and the tag; what browsers do not show is skipped."""
    position = count = 0
    ends: dict[str, int] = {}
    while count < limit and (tag := TAG.search(source, position)) is not None:
        count += 1
        yield source[position : tag.start()], tag
        position = tag.end()
        name = "-->" if tag[0] == "<!--" else (tag[2] or "").lower()
        if tag[0] != "<!--" and (tag[1] or name not in _SILENT):
            continue
        # The end of a comment or a script; one that never ends hides nothing.
        if ends.get(name, 0) >= 0:
            ending = re.compile(name if name == "-->" else f"</{name}[^<>]*>?", re.IGNORECASE)
            found = ending.search(source, position)
            ends[name] = position = found.end() if found else position
            if not found:
                ends[name] = -1
    yield _ANY_TAG.sub(" ", source[position:]), None


class _Writer:
    """The lines written so far, and what is open around the current one."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.prefix = ""  # of the next thing written: a list mark
        self.quotes = 0
        self.verbatim = 0
        self.lists: list[int] = []  # the next number of each open list, 0 for bullets
        self.link = ""
        self.link_from = 0
        self.links = 0

    def write(self, source: str, tags: int) -> str:
        for text, tag in _tags(source, tags):
            self._text(text)
            name = tag[2].lower() if tag and tag[2] else ""
            if tag and name in _WRITTEN:
                self._tag(name, tag[3], is_end=bool(tag[1]))
        self._break()
        return _MANY_BREAKS.sub("\n\n", "\n".join(self.lines)).strip("\n")

    def _text(self, text: str) -> None:
        if not text:
            return
        text = unescape(text).replace("\xa0", " ")
        if self.verbatim:
            *whole, last = text.split("\n")
            for line in whole:
                self.line.append(line)
                self._break(is_hard=True)
            text = last
        else:
            text = _BLANKS.sub(" ", text)
            if not self.line or self.line[-1].endswith(" "):
                text = text.lstrip(" ")
        if text:
            self.line += [self.prefix, text] if self.prefix else [text]
            self.prefix = ""

    def _break(self, *, is_hard: bool = False) -> None:
        text = "".join(self.line).rstrip()
        if text or is_hard:
            self.lines.append(">" * self.quotes + (" " if self.quotes else "") + text)
        self.line.clear()

    def _blank(self) -> None:
        mark = ">" * self.quotes
        if self.lines and self.lines[-1].strip(" >"):
            self.lines.append(mark)

    def _tag(self, name: str, attributes: str, *, is_end: bool) -> None:
        if name in _BLOCKS:
            self._block(name, is_end=is_end)
        elif name == "br":
            self._break(is_hard=True)
        elif name in {"td", "th"} and self.line:
            self.line.append(" ")
        elif name == "a":
            self._anchor("" if is_end else attributes)
        elif name == "img":
            alt = _ALT.search(attributes)
            self._text((alt[1] or alt[2]) if alt else "")

    def _block(self, name: str, *, is_end: bool) -> None:
        self._break()
        step = -1 if is_end else 1
        if name == "blockquote" and is_end:
            self.quotes = max(self.quotes - 1, 0)
        if name in _PARAGRAPHS and not self.lists:
            self._blank()
        if name == "blockquote" and not is_end:
            self.quotes = min(self.quotes + 1, MAX_QUOTE_DEPTH)
        elif name == "pre":
            self.verbatim = max(self.verbatim + step, 0)
        elif name == "hr":
            self.lines.append(RULE)
        elif name in {"ul", "ol"}:
            self._list(is_end=is_end, first=int(name == "ol"))
        elif name == "li":
            self._item(is_end=is_end)

    def _list(self, *, is_end: bool, first: int) -> None:
        if is_end:
            del self.lists[-1:]
        elif len(self.lists) < MAX_QUOTE_DEPTH:
            self.lists.append(first)

    def _item(self, *, is_end: bool) -> None:
        if is_end:
            self.prefix = ""
            return
        number = self.lists[-1] if self.lists else 0
        indent = "  " * (len(self.lists) - 1)
        self.prefix = f"{indent}{number}. " if number else f"{indent}- "
        if number:
            self.lists[-1] += 1

    def _anchor(self, attributes: str) -> None:
        """Begin a link, or end one: its target follows its text, unless the text says it all."""
        if self.link:
            shown = "".join(self.line[self.link_from :]).strip()
            target = self.link.removeprefix("mailto:").removeprefix("tel:")
            if shown and shown.rstrip("/") not in {target.rstrip("/"), self.link.rstrip("/")}:
                self._text(f" <{html.escape(target, quote=False)}>")
        self.link = ""
        found = _HREF.search(attributes) if self.links < MAX_LINKS else None
        href = unescape(found[1] or found[2] or found[3]).strip() if found else ""
        if _LINKABLE.match(href):
            self.link, self.link_from = re.sub(r"[\s<>]+", "%20", href), len(self.line)
            self.links += 1
