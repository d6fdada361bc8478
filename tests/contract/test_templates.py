"""What every page and mail promises, in every state and language.

Strict contexts, no script or style of its own, nothing from elsewhere, protected forms, labelled
fields, and no text that the catalogs do not know.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise

import pytest
from bs4 import BeautifulSoup
from bs4.element import Doctype
from jinja2 import nodes

from chalicelib import i18n, render
from tests.attacks.inert import is_ours
from tests.contract.mail_samples import MAILS
from tests.contract.page_samples import PAGES

ZONE = "Europe/Copenhagen"
PREFIX = "/stage"
PARTS = ("subject.txt", "body.txt", "body.html")
SOURCES = sorted(
    path.relative_to(render.TEMPLATES).as_posix()
    for suffix in ("html", "txt")
    for path in render.TEMPLATES.rglob(f"*.{suffix}")
)
SAMPLES = [
    pytest.param(language, *sample, id=f"{language}-{sample[0]}-{sample[1]}")
    for language in i18n.LANGUAGES
    for sample in PAGES
]
ENGLISH = SAMPLES[: len(PAGES)]
MAIL_SAMPLES = [
    pytest.param(language, *sample, id=f"{language}-{sample[0]}-{sample[1]}")
    for language in i18n.LANGUAGES
    for sample in MAILS
]


def page(language, name, context) -> BeautifulSoup:
    return BeautifulSoup(
        render.page(name, locale=language, zone=ZONE, prefix=PREFIX, **context), "html.parser"
    )


# Pages


@pytest.mark.parametrize(("language", "name", "state", "context"), SAMPLES)
def test_a_page_renders_in_every_state_and_language(language, name, state, context):
    soup = page(language, name, context)
    assert soup.html["lang"] == language
    assert len(soup.find_all("h1")) == 1
    assert len(soup.find_all("main")) == 1
    assert "%(" not in soup.text
    assert "Undefined" not in soup.text


@pytest.mark.parametrize(("language", "name", "state", "context"), ENGLISH)
def test_a_page_carries_no_style_nothing_from_elsewhere_and_no_script_but_a_file_of_ours(
    language, name, state, context
):
    soup = page(language, name, context)
    assert not soup.find_all(["style", "object", "base"])
    scripts = soup.find_all("script")
    assert all(is_ours(script) for script in scripts)
    assert not scripts or name in {"agent/ticket.html", "agent/inbox.html"}
    for frame in soup.find_all("iframe"):
        assert frame["sandbox"] == ["allow-popups", "allow-popups-to-escape-sandbox"]
        assert frame["title"]
    for element in soup.find_all(True):
        assert not [key for key in element.attrs if key == "style" or key.startswith("on")]
    for key in ("href", "src", "action", "formaction"):
        for element in soup.find_all(attrs={key: True}):
            ours = element[key].startswith((f"{PREFIX}/", "#"))
            assert ours or element.find_parent(class_="files") or element.has_attr("download")


@pytest.mark.parametrize(("language", "name", "state", "context"), ENGLISH)
def test_every_form_that_changes_something_has_the_token_of_the_session(
    language, name, state, context
):
    for form in page(language, name, context).find_all("form"):
        if form["method"] == "get":
            # It only asks, and a token would stand in the address.
            assert not form.find("input", attrs={"name": "csrf_token"})
            continue
        assert form["method"] == "post"
        token = form.find("input", attrs={"name": "csrf_token", "type": "hidden"})
        assert token["value"] == "c5f3-token"


@pytest.mark.parametrize(("language", "name", "state", "context"), ENGLISH)
def test_every_field_has_a_label_and_every_reference_a_target(language, name, state, context):
    soup = page(language, name, context)
    ids = [element["id"] for element in soup.find_all(id=True)]
    assert len(ids) == len(set(ids))
    for field in soup.find_all(["input", "select", "textarea"]):
        if field.get("type") != "hidden":
            assert field.find_parent("label") or soup.find("label", attrs={"for": field["id"]})
    for key in ("for", "aria-describedby", "aria-labelledby"):
        for element in soup.find_all(attrs={key: True}):
            assert set(element[key].split()) <= set(ids)
    for link in soup.find_all("a", href=re.compile("^#")):
        assert link["href"][1:] in ids


@pytest.mark.parametrize(("language", "name", "state", "context"), ENGLISH)
def test_headings_skip_no_level_and_moments_are_times(language, name, state, context):
    soup = page(language, name, context)
    levels = [int(heading.name[1]) for heading in soup.find_all(re.compile("^h[1-6]$"))]
    assert all(deeper <= level + 1 for level, deeper in pairwise([0, *levels]))
    assert all("T" in time["datetime"] for time in soup.find_all("time"))


def test_every_page_and_mail_has_a_sample():
    own = {name for name in SOURCES if not re.search(r"(^shared/|/_)", name)}
    sampled = {name for name, _, _ in PAGES}
    sampled |= {f"mail/{name}/{part}" for name, _, _ in MAILS for part in PARTS}
    assert own == sampled


@pytest.mark.parametrize("name", SOURCES)
def test_a_template_starts_with_a_word_on_what_it_needs(name):
    assert (render.TEMPLATES / name).read_text().startswith("{# ")


# What particular pages promise


def sample(name, state):
    return next(context for page, a_state, context in PAGES if (page, a_state) == (name, state))


def test_a_note_and_a_reply_cannot_be_mistaken_for_each_other():
    soup = page("en", "agent/ticket.html", sample("agent/ticket.html", "plain"))
    note, reply = soup.find(id="article-a2"), soup.find(id="article-a3")
    assert "note" in note["class"]
    assert "Internal note" in note.header.text
    assert "note" not in reply["class"]
    assert "Internal note" not in reply.text


def test_the_timeline_runs_from_the_oldest_to_the_newest():
    context = sample("agent/ticket.html", "plain")
    soup = page("en", "agent/ticket.html", context)
    moments = [entry.find("time")["datetime"] for entry in soup.select(".timeline > li")]
    assert moments == sorted(moments)
    silent = {"ArticleAdded", "DeliveryQueued"}
    told = [fact for fact in context["facts"] if fact["type"] not in silent]
    assert len(moments) == len(told) + len(context["ticket"]["articles"])


def test_a_held_article_can_be_accepted_and_a_failed_delivery_sent_again():
    soup = page("en", "agent/ticket.html", sample("agent/ticket.html", "plain"))
    actions = [form["action"] for form in soup.find_all("form")]
    assert "/stage/agent/tickets/1012/articles/a4/accept" in actions
    assert "/stage/agent/tickets/1012/deliveries/d2/send-again" in actions
    assert "/stage/agent/tickets/1012/deliveries/d1/send-again" not in actions


def test_who_writes_while_another_does_keeps_the_text_and_sees_what_is_new():
    soup = page("en", "agent/ticket.html", sample("agent/ticket.html", "conflict"))
    composer = soup.find(id="composer")
    assert composer.textarea.text == "Glad that it works!\n\nAstrid"
    assert composer.find(attrs={"name": "seen_seq"})["value"] == "15"
    assert "Send anyway" in composer.text
    assert "fresh" in soup.find(id="article-a5")["class"]


def test_a_closed_ticket_takes_notes_only():
    composer = page("en", "agent/ticket.html", sample("agent/ticket.html", "closed")).find(
        id="composer"
    )
    assert [field["value"] for field in composer.find_all(attrs={"name": "kind"})] == ["note"]


def test_the_inbox_shows_what_is_late_and_leads_to_the_next_page():
    soup = page("en", "agent/inbox.html", sample("agent/inbox.html", "mine"))
    assert soup.find(class_="late").text.strip() == "42 minutes late"
    assert soup.find("a", rel="next")["href"] == "/stage/agent/inbox?view=mine&cursor=c%2F2%26x"


def test_a_customer_reads_on_hold_as_being_worked_on():
    texts = [
        page("en", "portal/ticket.html", sample("portal/ticket.html", state)).find(class_="lead")
        for state in ("open", "on_hold")
    ]
    assert texts[0].text == texts[1].text


def test_facts_of_a_later_version_are_named_as_well_as_they_can_be():
    facts = [
        {"at": sample("agent/inbox.html", "mine")["now"], "type": kind, "data": {}, "actor": None}
        for kind in ("TicketLocked", "StatusChanged", "TagsChanged", "AssigneeChanged", "Escalated")
    ]
    context = sample("agent/ticket.html", "plain") | {"facts": facts}
    text = page("en", "agent/ticket.html", context).text
    assert "Ticket Locked" in text
    assert "Status: – → –" in text


# Mails


@pytest.mark.parametrize(("language", "name", "state", "context"), MAIL_SAMPLES)
def test_a_mail_renders_in_every_language(language, name, state, context):
    mail = render.mail(name, locale=language, zone=ZONE, **context)
    soup = BeautifulSoup(mail.html, "html.parser")
    assert soup.html["lang"] == language
    assert mail.subject == " ".join(mail.subject.split())
    assert context["link"] in mail.text
    assert soup.find("a", href=context["link"])
    assert not soup.find_all(["table", "img", "script", "link", "form"])
    assert "%(" not in mail.subject + mail.text + mail.html


def test_an_acknowledgement_repeats_nothing_that_its_sender_wrote():
    plain = ("acknowledgement", "plain")
    (context,) = (context for name, state, context in MAILS if (name, state) == plain)
    written = dict.fromkeys(("subject", "text", "quoted", "requester", "body"), "Cheap watches")
    mail = render.mail("acknowledgement", locale="en", zone=ZONE, **context, **written)
    assert "Cheap" not in mail.subject + mail.text + mail.html


# Marked texts


@cache
def environment():
    return render._environment()


def raw_text(tree: nodes.Template) -> str:
    """What the template says outside of all tags, with a mark where something is put in."""
    return "".join(
        node.data if isinstance(node, nodes.TemplateData) else "\N{BULLET}"
        for output in tree.find_all(nodes.Output)
        for node in output.nodes
    )


def unmarked(source: str) -> list[str]:
    """The texts of a template that a reader would see and no catalog knows."""
    tree = environment().parse(source)
    soup = BeautifulSoup(raw_text(tree), "html.parser")
    for element in soup.find_all(["style"]):
        element.decompose()
    texts = [text for text in soup.find_all(string=WORD) if not isinstance(text, Doctype)]
    found = [str(text).strip() for text in texts if not ATTRIBUTES.fullmatch(str(text))]
    for key in ("title", "alt", "placeholder", "aria-label"):
        found += [element[key] for element in soup.find_all(attrs={key: WORD})]
    return found + loose_words(tree)


def loose_words(tree: nodes.Template) -> list[str]:
    """Strings inside tags that read like words: a capital at the start, or letters and a space."""
    marked = {
        id(constant)
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name in MARKS
        for constant in call.find_all(nodes.Const)
    }
    return [
        constant.value
        for constant in tree.find_all(nodes.Const)
        if id(constant) not in marked
        and isinstance(constant.value, str)
        and re.match(r"[A-ZÆØÅ][a-z]+$|\w.* \w", constant.value)
        and constant.value not in NAMES
    ]


WORD = re.compile(r"[^\W\d_]{2}")
MARKS = {"_", "gettext", "ngettext", "pgettext", "npgettext"}
# The product's name, the prefix that mail programs of all languages know, types of facts, and what
# languages call themselves.
NAMES = {"Skranke", "Re: ", "Escalated", "Routed", "English", "Dansk", "Norsk", "Magyar"}
# A piece of a tag that several inputs have in common.
ATTRIBUTES = re.compile(r'(\s*[\w-]+="[^"]*")+\s*')


@pytest.mark.parametrize("name", SOURCES)
def test_every_text_of_a_template_is_marked_for_translation(name):
    assert unmarked((render.TEMPLATES / name).read_text()) == []


@pytest.mark.parametrize(
    "source",
    [
        "<p>Hello there</p>",
        "{% if x %}Save{% endif %}",
        '<input placeholder="Search">',
        '<a title="{{ x }} tickets">{{ y }}</a>',
        "{{ 'Save' }}",
        "{{ button(link, 'open it') }}",
        "{{ x or 'No subject' }}",
    ],
)
def test_a_text_that_is_not_marked_is_found(source):
    assert unmarked(source)


@pytest.mark.parametrize(
    "source",
    [
        "<p class='big'>{{ _('Hello there') }}</p>",
        "{% trans name=x %}Hello {{ name }}{% endtrans %}",
        "#{{ number }} – {{ word('status', 'open') }}",
    ],
)
def test_a_marked_text_is_not_reported(source):
    assert unmarked(source) == []


# Colours

INK_ON_GROUND = [
    (ink, ground)
    for ink in ("ink", "muted", "accent", "accent-strong")
    for ground in ("ground", "surface", "sunken")
] + [
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("accent-strong", "accent-ground"),
    ("ink", "accent-ground"),
    ("ink", "note-ground"),
    ("accent", "note-ground"),
    ("note-ink", "note-ground"),
    ("alarm-ink", "alarm-ground"),
    ("ink", "alarm-ground"),
    ("alarm-ink", "ground"),
    ("alarm-ink", "surface"),
    ("alarm-ink", "sunken"),
    ("good-ink", "good-ground"),
    ("cool-ink", "cool-ground"),
    ("plain-ink", "plain-ground"),
    ("plain-ink", "sunken"),
]
EDGE_ON_GROUND = [
    ("edge", "surface"),
    ("edge", "ground"),
    ("accent", "ground"),
    ("alarm-edge", "surface"),
]


def colours(scheme: str) -> dict[str, str]:
    blocks = re.findall(r":root \{(.*?)\}", render.asset("desk.css").decode(), re.DOTALL)
    light, dark = (dict(re.findall(r"--([\w-]+): (#\w{6});", block)) for block in blocks)
    return light if scheme == "light" else light | dark


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_ink_can_be_read_on_its_ground(scheme):
    named = colours(scheme)
    assert not [pair for pair in INK_ON_GROUND if contrast(*(named[c] for c in pair)) < 4.5]
    assert not [pair for pair in EDGE_ON_GROUND if contrast(*(named[c] for c in pair)) < 3]
