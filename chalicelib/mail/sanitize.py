"""HTML of strangers becomes HTML that a page of ours may contain.

A list of what is allowed; everything else goes. Links open elsewhere and say where they lead when
their text names another place, remote images wait until somebody asks for them, nothing can leave
its place on the page.
"""

import html
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from chalicelib.mail.html_text import MAX_HTML, TAG, to_text
from chalicelib.mail.link_marks import mark_links

MAX_TAGS = 60_000
MAX_LINKS = 5000
MAX_NESTING = 500  # elements open at once; people's mails have a few dozen
MAX_REPEATED = 100_000  # elements that the repair of unclosed ones would add

CidUrl = Callable[[str], str | None]

_TAGS = {
    "a", "abbr", "b", "bdi", "big", "blockquote", "br", "caption", "center", "cite", "code",
    "col", "colgroup", "dd", "del", "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "font",
    "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "ol", "p", "pre",
    "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "table", "tbody", "td",
    "tfoot", "th", "thead", "tr", "tt", "u", "ul", "var", "wbr",
}  # fmt: skip
_SILENT = {
    "script", "style", "title", "template", "iframe", "object", "embed", "applet", "svg", "math",
    "noscript", "noembed", "noframes", "textarea", "select", "button", "audio", "video", "canvas",
}  # fmt: skip
_SIZES = {"width", "height", "border", "cellpadding", "cellspacing", "colspan", "rowspan", "size"}
_CELL = {"align", "valign", "bgcolor", "width", "height", "colspan", "rowspan"}
_ATTRIBUTES = {
    "*": {"dir", "lang", "title", "style"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "font": {"color", "face", "size"},
    "table": {"align", "bgcolor", "border", "cellpadding", "cellspacing", "width"},
    "tr": {"align", "valign", "bgcolor"},
    "td": _CELL,
    "th": _CELL,
    "col": {"width"},
    "ol": {"start", "type"},
    "ul": {"type"},
    "li": {"value", "class"},
    "div": {"align", "class"},
    "p": {"align", "class"},
}
# No property that takes a thing out of the flow, covers another one or fetches anything.
_STYLES = {
    "background-color", "border", "border-bottom", "border-collapse", "border-color", "border-left",
    "border-right", "border-spacing", "border-style", "border-top", "border-width", "color",
    "direction", "font-family", "font-size", "font-style", "font-weight", "list-style-type",
    "margin", "margin-bottom", "margin-left", "margin-right", "margin-top", "padding",
    "padding-bottom", "padding-left", "padding-right", "padding-top", "text-align",
    "text-decoration", "vertical-align", "white-space", "width",
}  # fmt: skip
# Words, numbers, names of fonts and colours: no escape, no address, no function but of colours.
_STYLE_VALUE = re.compile(
    r"(?:[\w\s#%.,+-]|\"[\w\s.-]*\"|'[\w\s.-]*'|\b(?:rgb|hsl)a?\([\d\s.,%/]*\))+",
    re.ASCII | re.IGNORECASE,
)
_IMPORTANT = re.compile(r"\s*!\s*important\s*$", re.IGNORECASE)
# Outlook gives every line this class; its style sheet, which is not taken, sets it without gaps.
_CLASSES = {"MsoNormal", "MsoListParagraph", "MsoPlainText"}
_LINK_SCHEMES = ("http://", "https://", "mailto:", "tel:")
_PICTURE = re.compile(r"data:image/(?:png|gif|jpe?g|webp);base64,[A-Za-z0-9+/=\s]*$", re.IGNORECASE)
_NUMBER = re.compile(r"\d{1,4}%?$")
# Elements that hold nothing, or that the next of their kind closes.
_SHALLOW = {
    "area", "base", "br", "col", "dd", "dt", "hr", "img", "input", "li", "link", "meta", "option",
    "p", "param", "source", "td", "th", "tr", "wbr",
}  # fmt: skip
_FORMATS = {
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
}  # fmt: skip
# A scheme that no browser loads: what is not turned into data-remote-src below stays harmless.
_HELD = "held-back:"


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Safe HTML; `remote` is how many images in it lie on other people's servers."""

    html: str
    remote: int


def clean_html(source: str, cid_url: CidUrl | None = None) -> str:
    """The source with nothing in it that runs, fetches, submits or covers the page.

    Inline images stay as "cid:" references, or become what `cid_url` makes of their content id.
    The address of a remote image stands in `data-remote-src`.
    """
    return clean(source, cid_url).html


def clean(source: str, cid_url: CidUrl | None = None, *, shows_remote: bool = False) -> Cleaned:
    """As `clean_html`; with `shows_remote` the remote images are fetched, by https only."""
    import nh3

    if len(source) > MAX_HTML or _is_bomb(source):
        return Cleaned(f"<pre>{html.escape(to_text(source))}</pre>", 0)
    remote = 0

    def allow(tag: str, attribute: str, value: str) -> str | None:
        nonlocal remote
        value = value.strip("\0\t\n\f\r ")
        if tag == "img" and attribute == "src":
            image = _image(value, cid_url)
            remote += bool(image and image.startswith(_HELD))
            return image
        return _attribute(tag, attribute, value)

    cleaned = nh3.clean(
        source,
        tags=_TAGS,
        clean_content_tags=_SILENT,
        attributes=_ATTRIBUTES,
        attribute_filter=allow,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        url_schemes={"http", "https", "mailto", "tel", "cid", "data"},
        strip_comments=True,
    )
    name = 'referrerpolicy="no-referrer" src' if shows_remote else "data-remote-src"
    return Cleaned(mark_links(cleaned.replace(f' src="{_HELD}', f' {name}="')), remote)


def _attribute(tag: str, attribute: str, value: str) -> str | None:
    if attribute == "href":
        return value if value.lower().startswith(_LINK_SCHEMES) else None
    if attribute == "style":
        return _style(value)
    if attribute == "class":
        return value if value in _CLASSES else None
    if attribute in _SIZES:
        return value if _NUMBER.match(value) else None
    # What a browser says about a link is where it leads, not what its writer says of it.
    return None if (tag, attribute) == ("a", "title") else value


def _style(value: str) -> str | None:
    kept = []
    for declaration in value.split(";"):
        name, _, given = declaration.partition(":")
        name, given = name.strip().lower(), _IMPORTANT.sub("", given).strip()
        # The short form of a ground takes pictures too, but mostly it holds a colour alone.
        name = "background-color" if name == "background" else name
        is_drawn_over = name.startswith("margin") and "-" in given
        if name in _STYLES and _STYLE_VALUE.fullmatch(given) and not is_drawn_over:
            kept.append(f"{name}:{given}")
    return ";".join(kept) or None


def _image(value: str, cid_url: CidUrl | None) -> str | None:
    scheme, _, rest = value.partition(":")
    if scheme.lower() == "cid":
        return cid_url(unquote(rest)) if cid_url else value
    if value.startswith("//"):
        value = f"https:{value}"
    if value.lower().startswith(("http://", "https://")):
        return f"{_HELD}https://{value.partition('://')[2]}"
    return value if _PICTURE.match(value) else None


def _is_bomb(source: str) -> bool:
    """Whether browsers, and whoever repairs HTML as they do, would choke on this.

    An unclosed <b> is opened again in every block that follows: a thousand of them, and a thousand
    paragraphs, make a million elements.
    """
    opened: Counter[str] = Counter()
    depth = formats = repeated = links = 0
    for count, tag in enumerate(TAG.finditer(source)):
        name = (tag[2] or "").lower()
        is_format = name in _FORMATS
        if is_format or name not in _SHALLOW:
            step = -1 if tag[1] else int(bool(name))
            if opened[name] + step >= 0:
                opened[name] += step
                depth += step
                formats += step * is_format
        if not is_format:
            repeated += formats
        links += name == "a" and not tag[1]
        is_deep = depth > MAX_NESTING or repeated > MAX_REPEATED
        if is_deep or count > MAX_TAGS or links > MAX_LINKS:
            return True
    return False
