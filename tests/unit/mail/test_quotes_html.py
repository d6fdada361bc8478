"""What of an HTML reply shows, and what is folded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.mail.html_text import to_text
from chalicelib.mail.quotes_html import split_reply_html, visible_reply_html
from tests.unit.mail.samples import unhurried

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
    '<hr id="zwchr" data-marker="__DIVIDER__"><b>Von: </b>Desk<br>Old',
    f'<div class="zmail_extra">{ON}<blockquote>Old</blockquote></div>',
    f'<div class="protonmail_quote">{ON}<br><blockquote type="cite">Old</blockquote></div>',
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


INLINE = [
    (
        f'<div class="gmail_quote"><div>{ON}</div><blockquote class="gmail_quote">Old</blockquote>'
        "<div>My answer</div><blockquote>Older</blockquote></div>"
    ),
    f'<div class="gmail_quote">{ON}<blockquote>Old</blockquote><br><div>My answer</div></div>',
    f'<div class="gmail_quote">{ON}<blockquote>Old</blockquote><img src="cid:shot"></div>',
    f'<div class="protonmail_quote">{ON}<blockquote type="cite">Old</blockquote>My answer</div>',
    (
        f'<div class="moz-cite-prefix">{ON}</div><blockquote type="cite">Old</blockquote>'
        '<p>My answer</p><blockquote type="cite">Older</blockquote>'
    ),
    f'<blockquote type="cite">{ON} Old</blockquote><p><img src="cid:shot"></p>',
]


@pytest.mark.parametrize("quote", INLINE)
def test_answers_inside_and_between_quotes_keep_all_in_sight(quote):
    source = f"{REPLY}{quote}"
    assert split_reply_html(source) == (source, "")


def test_a_finnish_answer_is_folded_though_its_prefix_means_forward_in_danish():
    quote = '<div id="divRplyFwdMsg"><b>Lähettäjä:</b> Desk<br><b>Aihe:</b> x</div>Old'
    assert split_reply_html(f"{REPLY}{quote}", "VS: Tulostin") == (REPLY, quote)


@unhurried
@given(
    st.lists(st.sampled_from([*QUOTES, *INLINE, REPLY, "<p>", "</div>", "<!--", "x"]), max_size=8)
)
def test_what_shows_and_what_is_folded_are_the_source(pieces):
    source = "".join(pieces)
    visible, rest = split_reply_html(source)
    assert visible + rest == source
    assert bool(to_text(visible).strip()) == bool(to_text(source).strip())


def test_a_forwarded_mail_stays_whole():
    source = f'{REPLY}<div class="gmail_quote">---------- Forwarded message ---------<br>Old</div>'
    assert split_reply_html(source) == (source, "")
    assert split_reply_html(f"{REPLY}{QUOTES[4]}", "Fwd: x") == (f"{REPLY}{QUOTES[4]}", "")


@pytest.mark.parametrize("source", ["", "<p>Hej</p>", "<blockquote>Mine</blockquote>", "<", "<div"])
def test_html_without_a_quote_is_left_alone(source):
    assert split_reply_html(source) == (source, "")
