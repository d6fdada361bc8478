"""Every text of the desk stands in every language, complete and usable."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message

from chalicelib import i18n
from chalicelib.clocks.model import NAMES, ClockState
from chalicelib.intake.model import Cause
from chalicelib.tickets.model import DeliveryState, Status
from infra import messages

PLACEHOLDER = re.compile(r"%\((\w+)\)s|%(?!\()")


def forms(text: str | tuple[str, ...]) -> list[str]:
    return [text] if isinstance(text, str) else list(text)


def placeholders(text: str) -> list[str]:
    return sorted(match.group(0) for match in PLACEHOLDER.finditer(text))


def counterparts(message: Message, plurals: int) -> list[tuple[str, str]]:
    """Each translated form with the form of the source that it stands for."""
    source, translated = forms(message.id), forms(message.string)
    if len(source) == 1:
        return [(source[0], translated[0])]
    first = [source[1]] if plurals == 1 else [source[0]]
    return list(zip(first + [source[1]] * (plurals - 1), translated, strict=True))


def faults(catalog: Catalog, source: Catalog) -> list[str]:
    """What is wrong with a catalog, a line each."""
    wanted = {(message.context, str(message.id)) for message in source if message.id}
    there = {(message.context, str(message.id)) for message in catalog if message.id}
    found = [f"missing: {key}" for key in wanted - there]
    found += [f"no longer used: {key}" for key in there - wanted]
    for message in catalog:
        if message.id:
            found += [f"{fault}: {message.id}" for fault in faults_of(message, catalog.num_plurals)]
    return found


def faults_of(message: Message, plurals: int) -> list[str]:
    translated = forms(message.string)
    if not all(text.strip() for text in translated):
        return ["untranslated"]
    if len(translated) != (1 if isinstance(message.id, str) else plurals):
        return ["wrong number of plural forms"]
    pairs = counterparts(message, plurals)
    found = ["fuzzy"] if message.fuzzy else []
    found += [
        "placeholders" for ours, theirs in pairs if placeholders(ours) != placeholders(theirs)
    ]
    found += ["spaces at an end" for _, theirs in pairs if theirs != theirs.strip()]
    return found


@pytest.fixture(scope="module")
def source() -> Catalog:
    return messages.extract(messages.ROOT)


@pytest.mark.parametrize("language", messages.translated())
def test_every_text_is_translated_with_its_placeholders(language, source):
    assert faults(messages.read_catalog(messages.ROOT, language), source) == []


def test_a_faulty_translation_is_found():
    source, catalog = Catalog("da"), Catalog("da")
    for text in ("missing", "empty", "fuzzy", "%(name)s waits", "space"):
        source.add(text)
    source.add(("%(count)s day", "%(count)s days"))
    catalog.add("empty", "")
    catalog.add("fuzzy", "uklar", flags=["fuzzy"])
    catalog.add("%(name)s waits", "%(navn)s venter")
    catalog.add("space", "plads ")
    catalog.add("stale", "gammel")
    catalog.add(("%(count)s day", "%(count)s days"), ("%(count)s dag", "dage"))
    assert sorted(faults(catalog, source)) == [
        "fuzzy: fuzzy",
        "missing: (None, 'missing')",
        "no longer used: (None, 'stale')",
        "placeholders: %(name)s waits",
        "placeholders: ('%(count)s day', '%(count)s days')",
        "spaces at an end: space",
        "untranslated: empty",
    ]


def test_the_catalogs_are_as_the_update_leaves_them(tmp_path):
    for part in ("chalicelib", "templates"):
        shutil.copytree(messages.ROOT / part, tmp_path / part)
    messages.update(tmp_path)
    for language in messages.translated():
        committed = messages.catalog_path(messages.ROOT, language).read_bytes()
        assert messages.catalog_path(tmp_path, language).read_bytes() == committed


def test_the_update_starts_the_catalog_of_a_new_language_and_keeps_what_is_translated(tmp_path):
    (tmp_path / "chalicelib").mkdir()
    (tmp_path / "templates").mkdir()
    page = tmp_path / "templates" / "page.html"
    page.write_text("{{ _('Save') }} {{ _('Old') }}")
    messages.update(tmp_path)
    path = messages.catalog_path(tmp_path, "da")
    path.write_text(path.read_text().replace('"Save"\nmsgstr ""', '"Save"\nmsgstr "Gem"'))
    page.write_text("{{ _('Save') }} {% trans n=2 %}{{ n }} day{% pluralize %}days{% endtrans %}")
    messages.update(tmp_path)
    catalog = messages.read_catalog(tmp_path, "da")
    assert {message.id: message.string for message in catalog if message.id} == {
        "Save": "Gem",
        ("%(n)s day", "days"): ("", ""),
    }


def test_a_template_that_cannot_be_parsed_stops_the_extraction(tmp_path):
    (tmp_path / "chalicelib").mkdir()
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "broken.html").write_text("{% if %}")
    with pytest.raises(Exception, match="Expected an expression"):
        messages.extract(tmp_path)


def test_compiling_twice_gives_the_same_bytes(tmp_path):
    shutil.copytree(messages.ROOT / "chalicelib" / "locale", tmp_path / "chalicelib" / "locale")
    first = [path.read_bytes() for path in messages.compile_all(tmp_path)]
    second = [path.read_bytes() for path in messages.compile_all(tmp_path)]
    assert first == second
    assert len(first) == len(i18n.LANGUAGES) - 1
    assert not list(Path(tmp_path).rglob("*.draft"))


@pytest.mark.parametrize(
    ("language", "days"),
    [("da", ("Mærkat", "Mærkater")), ("nb", ("Etikett", "Etiketter")), ("hu", ("Új", "Új"))],
)
def test_plurals_follow_the_language(language, days):
    catalog = i18n.texts(language)
    spoken = [catalog.ngettext("Tag added: %(tags)s", "Tags added: %(tags)s", n) for n in (1, 2)]
    assert tuple(text.split()[0] for text in spoken) == days


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("status", Status),
        ("target", NAMES),
        ("clock", ClockState),
        ("delivery", DeliveryState),
        ("cause", Cause),
    ],
)
def test_every_value_that_readers_see_has_a_word(kind, values):
    assert {str(value) for value in values} <= set(i18n.WORDS[kind])


def test_the_command_line_names_its_commands(capsys):
    assert messages.main([]) == 2
    assert "compile" in capsys.readouterr().err
