"""What of an HTML reply shows, and what is folded."""

import pytest

from chalicelib.mail.html_text import to_text
from chalicelib.mail.quotes_html import split_reply_html, visible_reply_html

REPLY = "<div>Det virker nu.</div>"
ON = "On 3 March 2026 Desk wrote:"
QUOTES = [
    f'<div class="gmail_quote"><div>{ON}</div><blockquote>Old</blockquote></div>',
    f'<div class="gmail_quote gmail_quote_container">{ON}<blockquote>Old</blockquote></div>',
    f'<blockquote type="cite">{ON}<br>Old <blockquote type="cite">x</blockquote></blockquote>',
    f'<div class="moz-cite-prefix">{ON}</div><blockquote type="cite">Old</blockquote>',
    '<div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>From:</b> Desk</div>Old',
    "<div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3pt'>From: Desk</div>Old",
    f'<div class="yahoo_quoted">{ON} Old</div>',
    f'<div class="protonmail_quote">{ON} Old</div>',
    '<hr id="stopSpelling">From: Desk<br>Old',
]


@pytest.mark.parametrize("quote", QUOTES)
def test_the_quote_of_a_client_is_folded(quote):
    source = f"<html><body>{REPLY}<br>{quote}</body></html>"
    visible, rest = split_reply_html(source)
    assert visible + rest == source
    assert to_text(visible).strip() == "Det virker nu."
    assert "Old" in to_text(rest)


@pytest.mark.parametrize("quote", QUOTES[:4])
def test_text_below_a_quote_keeps_all_in_sight(quote):
    source = f"{REPLY}{quote}<p>And one more thing</p>{quote}"
    assert split_reply_html(source) == (source, "")


@pytest.mark.parametrize("quote", QUOTES)
def test_a_mail_that_only_quotes_stays_whole(quote):
    assert visible_reply_html(quote) == quote


def test_a_forwarded_mail_stays_whole():
    source = f'{REPLY}<div class="gmail_quote">---------- Forwarded message ---------<br>Old</div>'
    assert split_reply_html(source) == (source, "")
    assert split_reply_html(f"{REPLY}{QUOTES[4]}", "Fwd: x") == (f"{REPLY}{QUOTES[4]}", "")


@pytest.mark.parametrize("source", ["", "<p>Hej</p>", "<blockquote>Mine</blockquote>", "<", "<div"])
def test_html_without_a_quote_is_left_alone(source):
    assert split_reply_html(source) == (source, "")
