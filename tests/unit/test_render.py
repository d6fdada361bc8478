"""Rendering: one line in subjects, escaping, prefixes, dates in the reader's zone and language."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from jinja2 import UndefinedError

from chalicelib import i18n, render
from infra import messages

AT = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
ACKNOWLEDGEMENT = {
    "number": 7,
    "tag": "[#7-1]",
    "link": "https://desk.example/t",
    "group": "IT",
    "own": {"subject": "", "above": "", "text": ""},
}
REPLY = {
    "subject": "Printer",
    "tag": "[#7-1]",
    "text": "Use 1 < 2 & go.\n\nSecond\nline",
    "pictures": {},
    "files": [],
    "agent": "Astrid",
    "signature": "",
    "quoted": None,
    "link": "https://desk.example/t?a=1&b=2",
}


def mail(name="reply", locale="en", **changed):
    context = ACKNOWLEDGEMENT if name == "acknowledgement" else REPLY | changed
    return render.mail(name, locale=locale, zone="Europe/Oslo", **context)


def page(name, locale="en", prefix="", **context):
    return render.page(name, locale=locale, zone="Europe/Oslo", prefix=prefix, **context)


def test_a_subject_stays_on_one_line_whatever_the_ticket_is_called():
    hostile = "Printer\r\nBcc: all@elsewhere.example\x00\u2028\x85x"
    assert mail(subject=hostile).subject == "Re: Printer Bcc: all@elsewhere.example x [#7-1]"


def test_a_picture_stands_in_the_html_where_the_text_names_it():
    pictures = {"a": {"cid": "7.2.0@desk.example", "name": "display.png"}}
    answer = mail(text="Look: [cid:a]\nnot [cid:b]", pictures=pictures)
    assert 'Look: <img src="cid:7.2.0@desk.example" alt="display.png"' in answer.html
    assert "Look: [display.png]\nnot [cid:b]" in answer.text


def test_a_file_that_does_not_go_along_is_named_with_its_size_and_link():
    files = [{"name": "film.mp4", "size": 24_000_000, "url": "https://desk.example/t/x/2"}]
    answer = mail(files=files)
    assert "- film.mp4 (24\xa0MB)\n  https://desk.example/t/x/2" in answer.text
    assert '<a href="https://desk.example/t/x/2"' in answer.html


def test_text_is_escaped_in_html_and_left_alone_in_plain_text():
    answer = mail()
    assert "Use 1 &lt; 2 &amp; go." in answer.html
    assert "Use 1 < 2 & go." in answer.text
    assert "https://desk.example/t?a=1&b=2" in answer.text


def test_paragraphs_and_lines_survive_in_the_html_of_a_mail():
    html = mail().html
    assert html.count("<p style") == 4
    assert "Second<br>line" in html


def test_what_is_answered_is_quoted_in_the_words_of_the_reader():
    quoted = {"author": "Kari", "at": AT, "text": "One\r\n\r\nTwo"}
    answer = mail(quoted=quoted, locale="nb")
    assert "Kari skrev 29. mars 2026, 01:30:" in answer.text
    assert answer.text.endswith("> One\n>\n> Two\n")
    assert "<blockquote" in answer.html


def test_an_acknowledgement_speaks_the_language_of_its_reader():
    assert mail("acknowledgement", "nb-NO").subject == "Vi har mottatt henvendelsen din [#7-1]"
    assert mail("acknowledgement", "hu").html.startswith('<!doctype html>\n<html lang="hu">')


def test_a_template_that_misses_a_value_raises():
    rest = {name: value for name, value in ACKNOWLEDGEMENT.items() if name != "number"}
    with pytest.raises(UndefinedError, match="number"):
        render.mail("acknowledgement", locale="en", zone="UTC", **rest)


def test_what_a_person_wrote_is_never_taken_for_a_template():
    assert "{{ 7 * 7 }}{% raw %}" in mail(text="{{ 7 * 7 }}{% raw %}").text


@pytest.mark.parametrize("prefix", ["", "/api"])
def test_links_stand_below_the_prefix_of_the_site(prefix):
    html = page("portal/link_invalid.html", prefix=prefix, reason="expired")
    assert f'href="{prefix}/assets/desk.css?v=' in html


def test_addresses_carry_their_query_escaped_and_without_what_is_not_there():
    url = render._frame("en", "UTC", "/api")["url"]
    assert url("/agent/inbox", view="a b", cursor="x/&", none=None) == (
        "/api/agent/inbox?view=a+b&cursor=x%2F%26"
    )
    assert url("/agent/inbox", cursor=None) == "/api/agent/inbox"


def test_only_the_named_assets_exist():
    assert all(render.asset(name) for name in render.ASSETS)
    with pytest.raises(KeyError):
        render.asset("../mail/reply/body.txt")


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("en", "29 Mar 2026, 03:30"),
        ("da", "29. mar. 2026 03.30"),
        ("nb", "29. mars 2026, 03:30"),
        ("hu", "2026. márc. 29. 3:30"),
    ],
)
def test_dates_follow_the_zone_and_the_language(language, shown):
    summer_time_has_begun = AT + timedelta(hours=1)
    assert i18n.date_time(summer_time_has_begun, "Europe/Oslo", language) == shown
    assert i18n.zone_name(summer_time_has_begun, "Europe/Oslo") == "CEST"


@pytest.mark.parametrize(
    ("language", "past", "future", "long"),
    [
        ("en", "2 hours ago", "in 2 hours", "2 hours"),
        ("da", "for 2 timer siden", "om 2 timer", "2 timer"),
        ("nb", "for 2 timer siden", "om 2 timer", "2 timer"),
        ("hu", "2 órával ezelőtt", "2 óra múlva", "2 óra"),
    ],
)
def test_spans_are_told_in_words(language, past, future, long):
    span = timedelta(hours=2)
    assert i18n.relative(AT - span, AT, language) == past
    assert i18n.relative(AT + span, AT, language) == future
    assert i18n.duration(-span, language) == long


@pytest.mark.parametrize(
    ("size", "language", "shown"),
    [
        (0, "en", "0 B"),
        (999, "en", "999 B"),
        (1_234, "en", "1.2 kB"),
        (3_400_000, "da", "3,4 MB"),
        (40_000_000, "hu", "40 MB"),
        (7_000_000_000_000, "en", "7000 GB"),
    ],
)
def test_sizes_have_a_unit_that_fits(size, language, shown):
    assert i18n.file_size(size, language) == shown.replace(" ", "\N{NO-BREAK SPACE}")


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        (["da"], "da"),
        (["nb-NO"], "nb"),
        (["no"], "nb"),
        (["nn-NO, da;q=0.5"], "nb"),
        (["sv, hu;q=0.3, da;q=0.8"], "da"),
        (["da;q=0, hu;q=nonsense, en;q=0.1"], "en"),
        ([None, "", "*", "hu_HU"], "hu"),
        (["sv"], "en"),
        ([], "en"),
    ],
)
def test_the_first_wanted_language_that_we_speak_is_chosen(wanted, chosen):
    assert i18n.choose_language(*wanted) == chosen


def test_every_word_is_spoken_and_an_unknown_one_is_shown_as_it_is():
    assert i18n.word("status", "on_hold", "da") == "Sat i bero"
    assert i18n.word("status", "open", "en") == "Open"
    assert i18n.word("cause", "from_the_future", "da") == "from the future"


def test_texts_that_were_not_compiled_say_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(i18n, "CATALOGS", tmp_path)
    i18n.texts.cache_clear()
    with pytest.raises(i18n.CatalogMissingError, match="make messages"):
        i18n.texts("hu")
    i18n.texts.cache_clear()


@pytest.mark.slow
def test_importing_the_renderer_does_not_load_what_it_renders_with():
    heavy = "[name for name in ('jinja2', 'babel') if name in sys.modules]"
    code = f"import sys, chalicelib.render; print({heavy})"
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=messages.ROOT, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"
