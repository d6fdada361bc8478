"""Articles that say more than their page shows first."""

from __future__ import annotations

import pytest

from tests.web.browser import Answer, Browser
from tests.web.conftest import signed_in
from tests.web.desk import NUMBER, articles, held_mail, link, write
from tests.world import World, letter

PAGE = f"/agent/tickets/{NUMBER}"
QUOTED = """It works again.

On Mon, 2 Mar 2026 at 10:00, IT support <support@desk.example> wrote:
> Try turning it off and on.
"""


def whole_link(page: Answer, article: int = 1) -> str | None:
    links = page.soup.select(".article a[href$='/whole']")
    ends = f"/articles/{article}/whole"
    return next((str(a["href"]) for a in links if str(a["href"]).endswith(ends)), None)


def text_of(page: Answer) -> str:
    return str(page.soup.select_one(".text").get_text())


def test_what_a_mail_quotes_is_folded_into_its_whole(world: World, anna: Browser) -> None:
    world.mail(letter(QUOTED))
    page = anna.get(PAGE)
    assert "off and on" not in page.text
    address = whole_link(page)
    assert address
    whole = anna.get(address)
    assert text_of(whole) == "It works again."
    folded = whole.soup.select_one("details .rest")
    assert "> Try turning it off and on." in folded.get_text()
    assert not folded.find_parent("details").has_attr("open")
    assert f"{PAGE}#article-1" in whole.links()


def test_a_long_mail_is_whole_from_its_original(world: World, anna: Browser) -> None:
    lines = "\n".join(f"Line {count} of a long report." for count in range(2000))
    world.mail(letter(lines))
    page = anna.get(PAGE)
    assert "Line 1999" not in page.body
    whole = anna.get(whole_link(page) or "")
    assert text_of(whole).rstrip() == lines


def test_a_long_reply_is_whole_from_its_file(world: World, anna: Browser, anybody: Browser) -> None:
    world.mail(letter("How does it work?"))
    text = "\n".join(f"Step {count}." for count in range(3000))
    write(world, text)
    seq = articles()[-1].seq
    assert text_of(anna.get(whole_link(anna.get(PAGE), seq) or "")) == text
    assert text_of(anybody.get(whole_link(anybody.get(link(world)), seq) or "")) == text


def test_an_article_that_is_all_there_has_no_more(world: World, anna: Browser) -> None:
    world.mail(letter("Short."))
    assert whole_link(anna.get(PAGE)) is None
    assert text_of(anna.get(f"{PAGE}/articles/1/whole")).rstrip() == "Short."
    assert anna.get(f"{PAGE}/articles/7/whole").status == 404


def test_a_held_article_is_whole_for_agents_and_stays_held(
    world: World, anna: Browser, anybody: Browser
) -> None:
    world.mail(letter("Broken."))
    held_mail(world, QUOTED)
    held = articles()[-1]
    whole = anna.get(whole_link(anna.get(PAGE), held.seq) or "")
    assert "> Try turning it off and on." in whole.body.replace("&gt;", ">")
    assert "Held: nobody has confirmed the sender." in whole.text
    assert anybody.get(f"{link(world)}/articles/{held.seq}/whole").status == 404
    anna.submit(whole, "/accept")
    assert not articles()[-1].is_held


def test_a_mail_that_is_html_is_shown_as_text(world: World, anna: Browser) -> None:
    message = letter("")
    html = (
        "<p>Look at <b>this</b> &lt;img src=x&gt;</p><script>alert(1)</script>"
        "<img src='https://else.example/pixel.gif'>"
        "<blockquote type='cite'>On 2 March 2026 Anna &lt;a@desk.example&gt; wrote:</blockquote>"
    )
    message.set_content(html, subtype="html")
    world.mail(message)
    page = anna.get(f"{PAGE}/articles/1/whole")
    assert page.soup.select("main script, main img, main b") == []
    assert "<img src=x>" in text_of(page)


def test_a_mail_without_end_is_cut_and_says_so(
    world: World, anna: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.web.whole.CHARACTERS", 20)
    world.mail(letter(QUOTED))
    page = anna.get(f"{PAGE}/articles/1/whole")
    assert "What is missing here stands in the original mail." in page.text
    assert len(text_of(page)) + len(page.soup.select_one(".rest").get_text()) == 20


def test_the_original_mail_is_a_download(world: World, anna: Browser) -> None:
    world.mail(letter("Broken."))
    write(world, "Written here.", kind="note")
    page = anna.get(PAGE)
    (original,) = page.soup.select(".article a[download]")
    assert original.get_text() == "Original mail"
    location = anna.get(str(original["href"])).location
    assert "inbound/" in location
    assert "response-content-disposition=attachment" in location


def test_nobody_reads_the_whole_of_another_groups_ticket(world: World) -> None:
    world.mail(letter(QUOTED))
    assert signed_in(world, "hugo").get(f"{PAGE}/articles/1/whole").status == 404


def test_a_customer_reads_their_own_mail_whole_and_no_more_of_others(
    world: World, anybody: Browser
) -> None:
    world.mail(letter(QUOTED))
    to = str(world.last_mail["Reply-To"])
    world.mail(letter(f"And Bo.\n\n{QUOTED}", to=to, Cc="Bo <bo@customer.example>"))
    seq = articles()[-1].seq
    mine = anybody.get(whole_link(anybody.get(link(world)), seq) or "")
    assert "Try turning it off and on." in mine.soup.select_one(".rest").get_text()
    theirs = anybody.get(link(world, place=1))
    assert "And Bo." in theirs.text
    assert whole_link(theirs, seq) is None
    assert anybody.get(f"{link(world, place=1)}/articles/{seq}/whole").status == 404
    assert anybody.get(f"{link(world, place=1)}/articles/1/whole").status == 404
