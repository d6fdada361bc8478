"""The HTML of mails: fenced in, cleaned, and without a request to anybody until the reader asks."""

from __future__ import annotations

from email.message import EmailMessage
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib import table
from chalicelib.tickets import items
from tests.meter import Meter
from tests.unit.mail.samples import PNG
from tests.web.browser import Answer, Browser
from tests.web.calls import request
from tests.web.conftest import signed_in
from tests.web.desk import NUMBER, articles, held_mail, link, write
from tests.world import World, letter

PAGE = f"/agent/tickets/{NUMBER}"
HOSTILE = """<html><head><base href="https://evil.example/"><style>@import "https://evil.example/a"
</style><script>alert(1)</script></head><body onload="alert(2)">
<p style="position:fixed;background:url(https://evil.example/b.png)">Visible</p>
<img src="https://evil.example/pixel.gif"><img src=x onerror="alert(3)"><svg onload="alert(4)">
</svg><iframe srcdoc="<script>alert(5)</script>"></iframe><form action="https://evil.example">
<input name="a"></form><a href="https://evil.example" target="_top">https://bank.example</a>
</body></html>"""


def html_mail(html: str, text: str | None = None, **parts: str) -> EmailMessage:
    """A mail with HTML; one without a text part has text made of it."""
    message = letter(text or html, **parts)
    if text is None:
        message.set_content(html, subtype="html")
    else:
        message.add_alternative(html, subtype="html")
    return message


def with_picture(content: bytes, subtype: str = "png") -> EmailMessage:
    message = html_mail('<p>Look: <img src="cid:p1@x" alt="the display"></p>')
    message.add_related(content, "image", subtype, cid="<p1@x>", filename=f"display.{subtype}")
    return message


def frames(page: Answer) -> list[str]:
    return [str(frame["src"]) for frame in page.soup.select(".article iframe")]


def policy(answer: Answer) -> dict[str, str]:
    parts = answer.headers["content-security-policy"].split("; ")
    return {name: value for name, _, value in (part.partition(" ") for part in parts)}


def test_a_formatted_mail_is_offered_in_a_frame_that_can_do_nothing(
    world: World, anna: Browser
) -> None:
    world.mail(html_mail("<p>Hello <b>there</b></p>", "Hello there"))
    page = anna.get(PAGE)
    (frame,) = page.soup.select("details:not([open]) iframe")
    assert frame["src"] == f"{PAGE}/articles/1/html"
    assert frame["sandbox"] == ["allow-popups", "allow-popups-to-escape-sandbox"]
    assert frame["loading"] == "lazy"
    assert policy(page)["frame-src"] == "'self'"
    more = page.soup.select_one(f'a[target="{frame["name"]}"]')
    assert more["href"] == f"{frame['src']}?images=1"


def test_a_plain_mail_and_what_is_written_here_have_no_frame(world: World, anna: Browser) -> None:
    world.mail(letter("Plain."))
    write(world, "Answer.")
    assert frames(anna.get(PAGE)) == []
    for article in (1, articles()[-1].seq, 77):
        assert anna.get(f"{PAGE}/articles/{article}/html").status == 404


def test_the_document_is_fenced_in_by_its_own_headers(world: World, anna: Browser) -> None:
    world.mail(html_mail(HOSTILE))
    answer = anna.get(f"{PAGE}/articles/1/html")
    assert policy(answer) == {
        "sandbox": "allow-popups allow-popups-to-escape-sandbox",
        "default-src": "'none'",
        "style-src": "'unsafe-inline'",
        "img-src": "data:",
        "form-action": "'none'",
        "base-uri": "'none'",
        "frame-ancestors": "'self'",
    }
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("reader", ["agent", "customer"])
def test_nothing_of_a_hostile_mail_reaches_its_reader(
    world: World, anna: Browser, anybody: Browser, reader: str
) -> None:
    world.mail(html_mail(HOSTILE))
    page = anna.get(PAGE) if reader == "agent" else anybody.get(link(world))
    (address,) = frames(page)
    answer = (anna if reader == "agent" else anybody).get(address)
    body = answer.soup.body
    assert "Visible" in body.get_text()
    assert body.select("script, style, iframe, svg, form, input, base, link, [onload]") == []
    assert [image.get("src") for image in body.select("img")] == [None, None]
    (way_out,) = body.select(".mail a")
    assert way_out["target"] == "_blank"
    assert way_out["rel"] == ["noopener", "noreferrer", "nofollow"]
    assert body.select_one(".leads-to").get_text() == " → evil.example"
    assert "One remote image is held back" in body.get_text()
    assert "alert(" not in answer.body


def test_remote_images_are_fetched_only_when_somebody_asks(world: World, anna: Browser) -> None:
    world.mail(html_mail("<img src='http://shop.example/a.png'><img src='https://b.example/b'>"))
    address = f"{PAGE}/articles/1/html"
    first = anna.get(address)
    assert "2 remote images are held back" in first.soup.get_text()
    asked = anna.get(f"{address}?images=1")
    assert policy(asked)["img-src"] == "data: https:"
    sources = [image["src"] for image in asked.soup.select("img")]
    assert sources == ["https://shop.example/a.png", "https://b.example/b"]
    assert "held back" not in asked.soup.get_text()
    for other in ("0", "yes", ""):
        assert policy(anna.get(f"{address}?images={other}"))["img-src"] == "data:"


def test_the_link_to_images_is_where_it_can_be_followed(world: World, anna: Browser) -> None:
    world.mail(html_mail("<img src='https://shop.example/a.png'>"))
    address = f"{PAGE}/articles/1/html"
    assert anna.get(address).soup.select_one(".ours a")["href"] == f"{address}?images=1"
    cookie = "; ".join(f"{name}={value}" for name, value in anna.cookies.items())
    framed = request(world, "GET", address, headers={"Cookie": cookie, "Sec-Fetch-Dest": "iframe"})
    assert "One remote image" in framed.body
    assert "images=1" not in framed.body


def test_pictures_within_a_mail_come_from_the_bucket_as_what_they_are(
    world: World, anna: Browser
) -> None:
    world.mail(with_picture(PNG))
    answer = anna.get(f"{PAGE}/articles/1/html")
    (image,) = answer.soup.select("img")
    parts = urlsplit(str(image["src"]))
    asked = parse_qs(parts.query)
    assert parts.path.endswith("/attachments/ses000001/0")
    assert asked["response-content-type"] == ["image/png"]
    assert asked["response-content-disposition"][0].startswith("attachment;")
    assert policy(answer)["img-src"] == f"data: {parts.scheme}://{parts.netloc}"
    assert "held back" not in answer.soup.get_text()


@pytest.mark.parametrize(
    ("content", "subtype", "shown_as"),
    [
        (b"GIF89a", "png", "image/gif"),
        (b"\xff\xd8\xff\xe0", "x-unknown", "image/jpeg"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "webp", "image/webp"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "svg+xml", None),
        (b"<script>alert(1)</script>", "png", None),
        (b"RIFF\0\0\0\0AVI ", "webp", None),
        (b"", "png", None),
    ],
)
def test_what_a_picture_is_shown_as_is_decided_by_its_bytes(
    world: World, anna: Browser, content: bytes, subtype: str, shown_as: str | None
) -> None:
    world.mail(with_picture(content, subtype))
    (image,) = anna.get(f"{PAGE}/articles/1/html").soup.select("img")
    source = parse_qs(urlsplit(str(image.get("src", ""))).query)
    assert source.get("response-content-type", [None]) == [shown_as]


@pytest.mark.parametrize(
    "content_type",
    [
        "image/svg+xml", "text/html", "application/xhtml+xml", "text/xml", "application/xml",
        "text/javascript", "application/javascript", "application/x-shockwave-flash",
        "multipart/x-mixed-replace", "text/css", "image/svg",
    ],
)  # fmt: skip
def test_a_file_that_a_browser_might_run_is_only_ever_bytes(
    world: World, anna: Browser, content_type: str
) -> None:
    message = letter("See the file.")
    main, _, sub = content_type.partition("/")
    if main == "multipart":
        main, sub = "application", "octet-stream"
    message.add_attachment(b"<script>alert(1)</script>", main, sub, filename="x.svg")
    world.mail(message)
    asked = parse_qs(urlsplit(anna.get(f"{PAGE}/articles/1/attachments/0").location).query)
    assert asked["response-content-type"] == ["application/octet-stream"]
    assert asked["response-content-disposition"][0].startswith('attachment; filename="x.svg"')


QUOTED = (
    "<p>It works.</p><div class='gmail_quote'>On Monday IT support wrote:"
    "<blockquote>Try off and on. <img src='https://evil.example/q.png'></blockquote></div>"
)


def test_what_a_mail_quotes_is_folded_in_its_html_as_well(world: World, anna: Browser) -> None:
    world.mail(html_mail(QUOTED, "It works.\n\nOn Monday IT support wrote:\n> Try off and on.\n"))
    document = anna.get(f"{PAGE}/articles/1/html").soup
    visible, folded = document.select(".mail")
    assert visible.get_text() == "It works."
    assert "Try off and on." in folded.find_parent("details").get_text()
    assert "One remote image is held back" in document.get_text()


def test_a_customer_sees_their_own_mail_formatted_and_no_quotes_of_others(
    world: World, anybody: Browser
) -> None:
    world.mail(letter("Broken."))
    to = str(world.last_mail["Reply-To"])
    text = "It works.\n\nOn Monday IT support wrote:\n> Try off and on.\n"
    copied = "Bo <bo@customer.example>"
    world.mail(html_mail(QUOTED, text, to=to, Cc=copied, message_id="<q1@x>"))
    quoting = articles()[-1].seq
    world.mail(html_mail("<p>Plain <b>words</b>.</p>", "Plain words.", to=to, Cc=copied))
    plain = articles()[-1].seq
    mine, theirs = link(world), link(world, place=1)
    own = [f"{mine}/articles/{seq}/html" for seq in (quoting, plain)]
    assert frames(anybody.get(mine)) == own
    assert "Try off and on." in anybody.get(own[0]).body
    assert frames(anybody.get(theirs)) == [f"{theirs}/articles/{plain}/html"]
    assert "Plain <b>words</b>." in anybody.get(f"{theirs}/articles/{plain}/html").body
    assert anybody.get(f"{theirs}/articles/{quoting}/html").status == 404


def test_a_quote_that_only_the_html_has_is_not_for_others(world: World, anybody: Browser) -> None:
    world.mail(letter("Broken."))
    to = str(world.last_mail["Reply-To"])
    world.mail(html_mail(QUOTED, "It works.", to=to, Cc="Bo <bo@customer.example>"))
    seq = articles()[-1].seq
    answer = anybody.get(f"{link(world, place=1)}/articles/{seq}/html")
    assert "It works." in answer.body
    assert "off and on" not in answer.body
    assert "held back" not in answer.body


def test_what_an_agent_wrote_above_a_mail_they_passed_on_stays_inside(
    world: World, anna: Browser, anybody: Browser
) -> None:
    world.mail(html_mail("<p>Secret comment</p>", "Words"))
    item = items.ArticleItem.get(table.ticket_pk(NUMBER), table.article_sk(1))
    item.update([items.ArticleItem.flight.set({"forwarded_by": "anna"})])
    assert "Secret comment" in anna.get(f"{PAGE}/articles/1/html").body
    assert frames(anybody.get(link(world))) == []
    assert anybody.get(f"{link(world)}/articles/1/html").status == 404
    assert anybody.get(f"{link(world)}/articles/1/whole").status == 404


def test_a_held_mail_is_formatted_for_agents_alone(
    world: World, anna: Browser, anybody: Browser
) -> None:
    world.mail(letter("Broken."))
    held_mail(world, "x")
    stolen = str(world.mails_to("kim@customer.example")[0]["Reply-To"])
    world.mail(html_mail("<p>It is me</p>", sender="Kim <eve@else.example>", to=stolen))
    held = articles()[-1]
    assert held.is_held
    assert "It is me" in anna.get(f"{PAGE}/articles/{held.seq}/html").body
    assert anybody.get(f"{link(world)}/articles/{held.seq}/html").status == 404


def test_nobody_reads_the_html_of_another_groups_ticket(world: World, anybody: Browser) -> None:
    world.mail(html_mail("<p>Hello</p>"))
    address = f"{PAGE}/articles/1/html"
    assert signed_in(world, "hugo").get(address).status == 404
    assert anybody.get(address).location.startswith("/agent/sign-in")
    assert anybody.get(f"{link(world)[:-1]}x/articles/1/html").status == 404


def test_a_formatted_mail_is_one_read_and_one_file(
    world: World, anna: Browser, anybody: Browser
) -> None:
    world.mail(with_picture(PNG))
    anna.get("/agent/sign-in")
    customers = f"{link(world)}/articles/1/html"
    for browser, address in ((anna, f"{PAGE}/articles/1/html"), (anybody, customers)):
        with Meter() as meter:
            assert browser.get(address).status == 200
        assert [call.name for call in meter.calls] == ["dynamodb.BatchGetItem", "s3.GetObject"]


def test_a_mail_too_long_for_a_page_says_so(
    world: World, anna: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.web.formatted.CHARACTERS", 40)
    world.mail(html_mail(f"<p>{'long ' * 20}</p>"))
    document = anna.get(f"{PAGE}/articles/1/html").soup
    assert "too long to show it formatted" in document.get_text()
    assert document.select(".mail") == []


def test_the_document_speaks_its_readers_language(world: World, anybody: Browser) -> None:
    world.mail(html_mail("<p>Printeren virker ikke, og jeg kan ikke finde ud af hvorfor.</p>"))
    answer = anybody.get(f"{link(world)}/articles/1/html")
    assert answer.soup.html["lang"] == "da"
