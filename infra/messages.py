"""The catalogs of the desk's texts: gather what is marked, merge it into each language, compile.

    python -m infra.messages update    after a text changed: the .po files get the new texts
    python -m infra.messages compile   after a translation changed: makes the .mo files

The .po files are source; the .mo files are built and never committed.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from chalicelib.i18n import DOMAIN, LANGUAGES, SOURCE

ROOT = Path(__file__).resolve().parent.parent

# `mark("status", "Open")` in Python; the functions of gettext in templates.
KEYWORDS = {**DEFAULT_KEYWORDS, "mark": ((1, "c"), 2)}
METHODS = [("**.py", "python"), ("**.html", "jinja2"), ("**.txt", "jinja2")]
# As in `render`: a text is found here and looked up there in the same form. A template that
# cannot be parsed is an error, not a file without texts.
JINJA = {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}
OPTIONS = {"**.html": JINJA, "**.txt": JINJA}


def translated() -> list[str]:
    """The languages that have a catalog: all but the one the texts are written in."""
    return [language for language in LANGUAGES if language != SOURCE]


def catalog_path(root: Path, language: str) -> Path:
    return root / "chalicelib" / "locale" / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def extract(root: Path) -> Catalog:
    """Every text that is marked in the source, with the files it stands in."""
    found = Catalog(project="Skranke", version="1", charset="utf-8", fuzzy=False)
    for part in ("chalicelib", "templates"):
        for name, _, text, comments, context in extract_from_dir(
            root / part,
            METHODS,
            OPTIONS,
            keywords=KEYWORDS,
            comment_tags=("i18n:",),
            strip_comment_tags=True,
        ):
            # Without line numbers a moved text is no change to the catalogs.
            where = [(f"{part}/{name}", 0)]
            found.add(text, locations=where, auto_comments=comments, context=context)
    return found


def read_catalog(root: Path, language: str) -> Catalog:
    """The catalog of a language as it is committed."""
    with catalog_path(root, language).open("rb") as file:
        return read_po(file, locale=language, domain=DOMAIN)


def update(root: Path) -> None:
    """Bring each catalog in line with the source: new texts empty, texts no longer used gone."""
    source = extract(root)
    for language in translated():
        is_there = catalog_path(root, language).exists()
        catalog = read_catalog(root, language) if is_there else Catalog(language)
        catalog.update(source, no_fuzzy_matching=True, update_creation_date=False)
        _write(root, language, catalog)


def _write(root: Path, language: str, catalog: Catalog) -> None:
    catalog.project, catalog.version, catalog.charset = "Skranke", "1", "utf-8"
    catalog.header_comment = f"# The texts of Skranke: {LANGUAGES[language]}."
    catalog.last_translator = catalog.language_team = catalog.msgid_bugs_address = "Skranke"
    # Who changed what and when is in the version control; a date in here is only noise in it.
    catalog.creation_date = catalog.revision_date = datetime(2026, 1, 1, tzinfo=UTC)
    # A fuzzy header is left out when compiling, and with it the charset and the plural forms.
    catalog.fuzzy = False
    written = BytesIO()
    write_po(written, catalog, width=100, include_lineno=False, ignore_obsolete=True)
    path = catalog_path(root, language)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(written.getvalue())


def compile_all(root: Path) -> list[Path]:
    """Compile every catalog; the same source gives the same bytes. Returns the .mo files."""
    compiled = []
    for language in translated():
        written = BytesIO()
        write_mo(written, read_catalog(root, language))
        path = catalog_path(root, language).with_suffix(".mo")
        # Renamed into place: a test or a server beside this one never reads half a catalog.
        draft = path.with_suffix(f".{os.getpid()}.draft")
        draft.write_bytes(written.getvalue())
        draft.replace(path)
        compiled.append(path)
    return compiled


def main(arguments: list[str]) -> int:
    match arguments:
        case ["update"]:
            update(ROOT)
        case ["compile"]:
            compile_all(ROOT)
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
