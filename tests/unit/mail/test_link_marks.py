"""Links that lead elsewhere than they say."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

from chalicelib.mail.link_marks import host_of
from chalicelib.mail.sanitize import clean_html


def marks(source: str) -> list[str]:
    found = BeautifulSoup(clean_html(source), "html.parser").select("small.leads-to")
    return [mark.get_text().removeprefix(" → ") for mark in found]


def link(href: str, text: str) -> str:
    return f'<p>See <a href="{href}">{text}</a>.</p>'


@pytest.mark.parametrize(
    "text",
    [
        "https://bank.example/login",
        "bank.example",
        "www.bank.example",
        "Sign in at bank.example now",
        "BANK.EXAMPLE",
        "bank<b>.exam</b>ple",
        "ba&shy;nk.ex&#8203;ample",
        "ｂａｎｋ．ｅｘａｍｐｌｅ",
        "https://evil.example/https://bank.example",
        "evil.example.bank.example",
        ".bank.example",
        "support@bank.example",
        '<img alt="https://bank.example">',
        'evil<img alt="x">.example, bank.example',
        "&#8238;elpmaxe.knab",
    ],
)
def test_a_link_that_names_another_host_says_where_it_leads(text: str) -> None:
    assert marks(link("https://evil.example/x", text)) == ["evil.example"]


@pytest.mark.parametrize(
    ("href", "text"),
    [
        ("https://bank.example/login", "https://bank.example/login"),
        ("https://bank.example", "www.bank.example"),
        ("https://www.bank.example/a?b=https://evil.example", "bank.example"),
        ("https://BANK.example:8443/", "bank.example"),
        ("https://login.bank.example", "Bank.example"),
        ("mailto:kim@bank.example?subject=Hello", "kim@bank.example"),
        ("https://købmand.example", "købmand.example"),
        ("https://evil.example", "Click here"),
        ("https://evil.example", "Version 2.5 of 12.3.2026"),
        ("tel:+4512345678", "+45 12 34 56 78"),
    ],
)
def test_a_link_that_names_its_own_host_or_none_has_no_mark(href: str, text: str) -> None:
    assert marks(link(href, text)) == []


@pytest.mark.parametrize(
    ("href", "host"),
    [
        ("https://evil.example", "evil.example"),
        ("HTTPS://EVIL.example.:443/a", "evil.example"),
        ("https://bank.example@evil.example/", "evil.example"),
        ("https://bank.example:pass@evil.example/", "evil.example"),
        ("https://bank.example%2f@evil.example/", "evil.example"),
        (r"https://evil.example\@bank.example", "evil.example"),
        (r"https:\\evil.example", "evil.example"),
        ("https:///evil.example/", "evil.example"),
        ("https://ev\til.exa\nmple/", "evil.example"),
        ("https://evil.example?bank.example", "evil.example"),
        ("https://evil.example#@bank.example", "evil.example"),
        ("https://evil%2eexample/", "evil.example"),
        ("https://evil。example/", "evil.example"),
        ("https://bаnk.example/", "xn--bnk-6cd.example"),
        ("https://[2001:db8::1]:80/", "[2001:db8::1]"),
        ("mailto:a@evil.example?to=b@bank.example", "evil.example"),
        ("tel:+45", ""),
    ],
)
def test_the_host_is_the_one_that_a_browser_goes_to(href: str, host: str) -> None:
    assert host_of(href) == host


def test_letters_that_look_like_ours_are_shown_as_what_they_are() -> None:
    fake = "bаnk.example"
    assert marks(link(f"https://{fake}", fake)) == ["xn--bnk-6cd.example"]


def test_a_link_within_a_link_has_a_mark_of_its_own() -> None:
    inner = '<table><tr><td><a href="https://evil.example">bank.example</a></td></tr></table>'
    assert marks(f'<a href="https://shop.example">Shop {inner}</a>') == ["evil.example"]


def test_a_mark_cannot_be_written_into() -> None:
    href = "mailto:a@&quot;&gt;&lt;b&gt;.example"
    assert marks(link(href, "bank.example")) == ['"><b>.example']
    assert "<b>" not in clean_html(link(href, "bank.example"))


def test_a_link_has_no_title_that_could_deny_it() -> None:
    cleaned = clean_html('<a href="https://evil.example" title="https://bank.example">Go</a>')
    assert "bank.example" not in cleaned
