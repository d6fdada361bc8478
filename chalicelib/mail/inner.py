"""The text of a mail that has none of its own: a mail forwarded as a file, a "winmail.dat", a text.

What is shown from here stays a file of the mail as well.
"""

import re

from chalicelib.mail import html_text
from chalicelib.mail.addresses import INVISIBLE
from chalicelib.mail.bodies import (
    Bodies,
    charset_of,
    decoded,
    given_name,
    is_wrapping,
    part_text,
    read_text,
    sort_parts,
)
from chalicelib.mail.structure import Part, read_structure

MAX_OPENED = 8  # files of one mail, and of the mails inside it, that are searched
MAX_TEXT = 20_000  # characters of a file that are shown
MAX_HTML = 200_000  # characters of a file that are searched for them

_MAILS = {"message/rfc822", "message/global", "message/news"}
_RICH_TEXTS = {"text/rtf", "application/rtf"}
_TAGGED = {"text/html", "text/enriched"}
_VISIBLE = re.compile(rf"[^\s{INVISIBLE.pattern[1:]}")


def is_blank(text: str) -> bool:
    """Whether a reader sees nothing of it."""
    return _VISIBLE.search(text) is None


def inner_text(raw: bytes, bodies: Bodies) -> tuple[str, str | None]:
    """The text that the files of this mail hold, and the HTML if Outlook has wrapped one up."""
    return _Search().run(raw, bodies)


class _Search:
    """Opens files, however deep they are inside each other, until it has opened enough."""

    def __init__(self) -> None:
        self.left = MAX_OPENED

    def run(self, raw: bytes, bodies: Bodies) -> tuple[str, str | None]:
        texts: list[str] = []
        for part in bodies.files:
            if not _may_hold_text(part):
                continue
            # To unpack rich text takes a while; a mail has one wrapping at most.
            is_rich = is_wrapping(part) or part.content_type in _RICH_TEXTS
            self.left -= 4 if is_rich else 1
            if self.left < 0:
                break
            text, html = self._open(raw, part)
            if html:
                return text, html
            texts += [] if is_blank(text) else [text]
        return "\n\n".join(texts), None

    def _open(self, raw: bytes, part: Part) -> tuple[str, str | None]:
        if is_wrapping(part):
            from chalicelib.mail.tnef import wrapped_text

            text, html = wrapped_text(decoded(raw, part))
            return (html_text.to_text(html) if html and is_blank(text) else text), html
        if _is_mail(part):
            return self._forwarded(decoded(raw, part)), None
        text, name = _words(raw, part)[:MAX_TEXT], given_name(part)
        return (f"{name}:\n\n{text}" if name and not is_blank(text) else text), None

    def _forwarded(self, raw: bytes) -> str:
        root = read_structure(raw)
        bodies = sort_parts(root)
        root.headers.hint = hint = charset_of(bodies)
        text, _ = read_text(raw, bodies, hint)
        if is_blank(text):
            text, _ = self.run(raw, bodies)
        lines = [
            f"{name}: {value}"
            for name in ("From", "Date", "Subject")
            if (value := root.headers.text(name.lower()))
        ]
        return "\n".join([*lines, "", text.strip("\n")]).strip("\n")


def _may_hold_text(part: Part) -> bool:
    kind = part.content_type
    return kind.startswith("text/") or kind in _RICH_TEXTS or _is_mail(part) or is_wrapping(part)


def _is_mail(part: Part) -> bool:
    return part.content_type in _MAILS or given_name(part).lower().endswith(".eml")


def _words(raw: bytes, part: Part) -> str:
    if part.content_type in _RICH_TEXTS:
        from chalicelib.mail.rtf import read_rtf

        text, html = read_rtf(decoded(raw, part))
        return html_text.to_text(html, MAX_HTML) if html else text
    text = part_text(raw, part, None)
    return html_text.to_text(text, MAX_HTML) if part.content_type in _TAGGED else text
