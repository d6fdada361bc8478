"""Pages and mails made from `templates/`, in the reader's language and zone.

What each template needs stands in the comment at its top. Texts, words and dates are `i18n`'s;
who may see a page and what is put into it is decided by the callers.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from chalicelib import i18n

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jinja2 import Environment
    from jinja2.runtime import Context

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"
ASSETS = {
    "desk.css": "text/css; charset=utf-8",
    "desk.svg": "image/svg+xml",
    "inbox.js": "text/javascript; charset=utf-8",
    "ticket.js": "text/javascript; charset=utf-8",
}

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_PICTURE = re.compile(r"\[cid:([^\]\s]{1,200})\]")
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n)+")


@dataclass(frozen=True, slots=True)
class RenderedMail:
    """One mail, ready to be composed. The subject is one line, whatever it was made of."""

    subject: str
    text: str
    html: str


def page(name: str, *, locale: str, zone: str, prefix: str = "", **context: Any) -> str:
    """The HTML of a page, say "agent/inbox.html".

    `locale` is any language tag, `zone` an IANA name, `prefix` the path that the site lives under
    ("/api" below a stage, "" at the root). A value that the template needs and does not get raises.
    """
    template = _environment().get_template(name)
    return template.render(_frame(locale, zone, prefix) | context)


def mail(name: str, *, locale: str, zone: str, **context: Any) -> RenderedMail:
    """One of the mails in `templates/mail/`, say "acknowledgement", in all its parts."""
    whole = _frame(locale, zone, "") | context
    parts = {
        part: _environment().get_template(f"mail/{name}/{part}").render(whole)
        for part in ("subject.txt", "body.txt", "body.html")
    }
    text, html = (parts[part].strip() + "\n" for part in ("body.txt", "body.html"))
    return RenderedMail(one_line(parts["subject.txt"]), text, html)


def asset(name: str) -> bytes:
    """A file that pages link to. Only the names in ASSETS exist; others raise KeyError."""
    if name not in ASSETS:
        raise KeyError(name)
    return (TEMPLATES / "assets" / name).read_bytes()


def one_line(text: str) -> str:
    """The text without control characters and line breaks, fit for a header."""
    return " ".join(_UNPRINTABLE.sub(" ", text).split())


def _frame(locale: str, zone: str, prefix: str) -> dict[str, Any]:
    """What every template finds without being given it."""
    language = i18n.choose_language(locale)
    return {
        "language": language,
        "texts": i18n.texts(language),
        "url": partial(_url, prefix),
        "word": partial(i18n.word, language=language),
        "date_time": partial(i18n.date_time, zone=zone, language=language),
        "zone_name": partial(i18n.zone_name, zone=zone),
        "relative": partial(i18n.relative, language=language),
        "duration": partial(i18n.duration, language=language),
        "file_size": partial(i18n.file_size, language=language),
    }


def _url(prefix: str, path: str, **query: object) -> str:
    """An address on this site: below the prefix, with the query values that are not None."""
    given = {key: value for key, value in query.items() if value is not None}
    return prefix + path + (f"?{urlencode(given)}" if given else "")


@lru_cache
def fingerprint(name: str) -> str:
    return hashlib.sha256(asset(name)).hexdigest()[:12]


@lru_cache
def _environment() -> Environment:
    # Imported here: most of what wakes the system renders nothing and should not pay for it.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(disabled_extensions=("txt",), default=True),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        *(_spoken(name) for name in ("gettext", "ngettext")),
        newstyle=True,
        pgettext=_spoken("pgettext"),
        npgettext=_spoken("npgettext"),
    )
    environment.globals["fingerprint"] = fingerprint
    environment.filters.update(paragraphs=_paragraphs, pieces=_pieces, quoted=_quoted)
    return environment


def _spoken(name: str) -> Callable[..., str]:
    """A gettext function that takes the catalog from the page being rendered.

    So one compiled template serves all languages.
    """
    from jinja2 import pass_context

    @pass_context
    def speak(context: Context, *arguments: Any) -> str:
        return str(getattr(context["texts"], name)(*arguments))

    return speak


def _paragraphs(text: str) -> list[list[str]]:
    """The lines of each paragraph: mail readers do not agree on white-space in styles."""
    blocks = _BLANK_LINES.split(text.replace("\r\n", "\n").strip())
    return [block.split("\n") for block in blocks if block]


def _pieces(text: str, pictures: Mapping[str, Any]) -> list[Any]:
    """The text, and in between the pictures that stand in it as "[cid:name]"."""
    pieces = _PICTURE.split(text)
    # Every second piece is what the pattern found: a name.
    found = [
        pictures.get(piece, f"[cid:{piece}]") if place % 2 else piece
        for place, piece in enumerate(pieces)
    ]
    return [piece for piece in found if piece]


def _quoted(text: str) -> str:
    """The text as a reply quotes it, every line behind a "> "."""
    lines = text.replace("\r\n", "\n").strip().split("\n")
    return "\n".join(f"> {line}".rstrip() for line in lines)
