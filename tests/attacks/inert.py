"""Whether HTML that strangers had a hand in does nothing but be read."""

from __future__ import annotations

import re
from urllib.parse import unquote

from bs4 import BeautifulSoup
from bs4.element import Tag

# It closes whatever it may stand in, and is an element with a handler where it is not text.
PAYLOAD = """'"></title></textarea></script>--><x-attack onclick=alert(1)>{{7*7}}{%raise%}${7*7}"""
SEEN = "x-attack onclick=alert(1)"
_ACTIVE = ("script", "object", "embed", "svg", "math", "base", "x-attack")
_ADDRESSES = ("href", "src", "action", "formaction", "background", "poster", "srcset", "data")
_OURS = re.compile(r"(/\w+)?/assets/(ticket|inbox)\.js\?v=[0-9a-f]{12}")
_RUNS = re.compile(r"^[\x00-\x20]*(?:javascript|vbscript|data)[\x00-\x20]*:", re.IGNORECASE)


def flaws(html: str) -> list[str]:
    """What in this page or mail would run, load something strange, or be taken for markup."""
    soup = BeautifulSoup(html, "html.parser")
    found = [str(tag) for tag in soup.find_all(_ACTIVE) if not is_ours(tag)]
    # A frame may show what is not ours, if nothing in there can run or be taken for us.
    open_ones = ("allow-scripts", "allow-same-origin", "allow-forms", "allow-top-navigation")
    for frame in soup.find_all("iframe"):
        sandbox = str(frame["sandbox"]) if frame.has_attr("sandbox") else " ".join(open_ones)
        found += [f"iframe {one}" for one in open_ones if one in sandbox]
    for tag in soup.find_all(True):
        found += [f"{tag.name} {name}" for name in tag.attrs if name.lower().startswith("on")]
        found += [
            f"{tag.name} {name}={tag[name]}"
            for name in _ADDRESSES
            if tag.has_attr(name) and _RUNS.match(unquote(str(tag[name])))
        ]
    return found


def is_ours(tag: Tag) -> bool:
    """Whether it is the desk's own script, which is a file and never stands on the page itself."""
    is_alone = tag.attrs.keys() == {"src", "defer"} and not tag.contents
    return tag.name == "script" and is_alone and _OURS.fullmatch(str(tag["src"])) is not None


def text_of(html: str) -> str:
    return BeautifulSoup(html, "html.parser").get_text(" ")
