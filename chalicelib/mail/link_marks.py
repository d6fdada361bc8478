"""Says beside a link where it leads, when its text names another place.

Works on HTML that `sanitize` has cleaned, and on nothing else: there every tag is closed, every
attribute quoted, and every "<" of a text escaped.
"""

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote

from chalicelib.mail.addresses import INVISIBLE

MAX_SHOWN = 80  # characters of a place
MAX_TEXT = 2000  # characters of a link's text; what names a place is not longer

_TAG = re.compile(r'<(/?)(\w+)((?: [\w-]+="[^"]*")*)>')
_HREF = re.compile(r' href="([^"]*)"')
_ALT = re.compile(r' alt="([^"]*)"')
_NAMED = re.compile(r"(?<![\w-])(?:[\w-]{1,63}\.){1,9}[^\W\d_]{2,63}")
_WRITTEN_BACKWARDS = re.compile("[\u202a-\u202e\u2066-\u2069]")


@dataclass(slots=True)
class _Link:
    """A link whose end has not come yet, with what stands in it."""

    href: str
    texts: list[str] = field(default_factory=list)
    alts: list[str] = field(default_factory=list)


def mark_links(cleaned: str) -> str:
    """The HTML with the real host after each link whose text names another one."""
    out: list[str] = []
    # A link may lie in another one, by way of a table.
    links: list[_Link] = []
    position = 0
    for tag in _TAG.finditer(cleaned):
        _read_text(links, cleaned[position : tag.start()])
        out.append(cleaned[position : tag.end()])
        position = tag.end()
        if tag[2] == "a" and tag[1]:
            out.append(_mark(links.pop()) if links else "")
        elif tag[2] == "a":
            href = _HREF.search(tag[3])
            links.append(_Link(html.unescape(href[1]) if href else ""))
        elif tag[2] == "img" and links and (alt := _ALT.search(tag[3])):
            links[-1].alts.append(html.unescape(alt[1]))
    return "".join([*out, cleaned[position:]])


def _read_text(links: list[_Link], text: str) -> None:
    if links and text:
        links[-1].texts.append(html.unescape(text))


def _mark(link: _Link) -> str:
    """What stands after a link: nothing, where it leads to what it names."""
    real = host_of(link.href)
    if not link.href or all(_is_fair(named, real) for named in _named_in(link)):
        return ""
    place = html.escape((real or link.href)[:MAX_SHOWN])
    return f'<small class="leads-to"> → {place}</small>'


def _named_in(link: _Link) -> Iterator[str]:
    """The hosts that a reader sees, whether or not the pieces of the text belong together."""
    texts = [text[:MAX_TEXT] for text in (*link.texts, *link.alts)]
    for text in ("".join(link.texts)[:MAX_TEXT], *texts):
        plain = unicodedata.normalize("NFKC", INVISIBLE.sub("", text)).casefold()
        yield from _NAMED.findall(plain)
        if _WRITTEN_BACKWARDS.search(text):
            yield "another place than it seems"


def _is_fair(named: str, real: str) -> bool:
    """Whether who reads the one expects the other; letters of other scripts look like ours."""
    is_latin = all(c.isascii() or unicodedata.name(c, "").startswith("LATIN") for c in named)
    plain = _ascii(named)
    return is_latin and (real == plain or real.endswith(f".{plain}") or plain == f"www.{real}")


def host_of(href: str) -> str:
    """The host that a browser goes to, or the domain that a mail program writes to."""
    plain = re.sub(r"[\t\r\n]", "", href).replace("\\", "/")
    scheme, _, rest = plain.partition(":")
    if scheme.lower() == "mailto":
        return _ascii(unquote(rest).partition("?")[0].rpartition("@")[2].strip("> "))
    if scheme.lower() not in {"http", "https"}:
        return ""
    place = re.split(r"[/?#]", rest.lstrip("/"), maxsplit=1)[0].rpartition("@")[2]
    host = unicodedata.normalize("NFKC", INVISIBLE.sub("", unquote(place)))
    return _ascii(re.sub(r":\d*$", "", host).rstrip("."))


def _ascii(host: str) -> str:
    """The host as it travels: letters of other scripts, which may look like ours, show up."""
    try:
        return host.encode("idna").decode().lower()
    except UnicodeError:
        return host.lower()
