"""What agents see and do on the page of a ticket."""

from __future__ import annotations

import pytest

from chalicelib.tickets.model import Status
from tests.web.browser import Answer, Browser
from tests.web.conftest import signed_in
from tests.web.desk import NUMBER, articles, held_mail, texts, ticket, with_file, write
from tests.world import World, letter

PAGE = f"/agent/tickets/{NUMBER}"


@pytest.fixture(autouse=True)
def _ticket(world: World) -> None:
    world.mail(letter("The printer on floor 2 is broken."))


def typed(page: Answer) -> str:
    return page.form("/articles").find("textarea").get_text().strip()


def test_a_reply_is_mailed_and_the_page_says_so(world: World, anna: Browser) -> None:
    sent = anna.submit(anna.get(PAGE), "/articles", text="Try turning it off and on.")
    page = anna.follow(sent)
    assert "Your reply is on its way." in page.text
    assert "Try turning it off and on." in page.text
    world.settle()
    assert world.last_mail["To"] == "Kim Jensen <kim@customer.example>"


def test_a_note_is_kept_inside(world: World, anna: Browser) -> None:
    sent = anna.submit(anna.get(PAGE), "/articles", text="Again!", kind="note")
    assert "Your note was added." in anna.follow(sent).text
    world.settle()
    assert len(world.outbox) == 1


def test_the_same_form_sent_twice_makes_one_article(anna: Browser) -> None:
    page = anna.get(PAGE)
    for _ in range(2):
        assert anna.submit(page, "/articles", text="Only once.").status == 303
    assert texts().count("Only once.") == 1


def test_another_text_under_a_used_nonce_is_kept_to_be_sent_again(anna: Browser) -> None:
    page = anna.get(PAGE)
    anna.submit(page, "/articles", text="Once.")
    again = anna.submit(page, "/articles", text="Twice.")
    assert again.status == 409
    assert typed(again) == "Twice."
    assert anna.submit(again, "/articles").status == 303
    assert texts()[-2:] == ["Once.", "Twice."]


def test_a_reply_that_missed_something_is_held_back_with_its_text(
    world: World, anna: Browser
) -> None:
    page = anna.get(PAGE)
    reply_to = str(world.last_mail["Reply-To"])
    world.mail(letter("Never mind, it works.", to=reply_to))
    conflict = anna.submit(page, "/articles", text="I am on my way.")
    assert conflict.status == 409
    assert "something came in while you were writing" in conflict.text
    assert typed(conflict) == "I am on my way."
    fresh = conflict.soup.select("article.fresh")
    assert ["Never mind, it works." in article.get_text() for article in fresh] == [True]
    assert anna.submit(conflict, "/articles").status == 303
    assert texts()[-1] == "I am on my way."


def test_a_nonce_of_another_ticket_swallows_nothing(world: World, anna: Browser) -> None:
    world.mail(letter("Another one."))
    anna.submit(anna.get(PAGE), "/articles", text="Here", nonce="n")
    refused = anna.submit(anna.get("/agent/tickets/1002"), "/articles", text="Here", nonce="n")
    assert refused.status == 409
    assert typed(refused) == "Here"


@pytest.mark.parametrize(
    ("text", "said"),
    [("  ", "Please write something first."), ("x" * 200_001, "This is too long.")],
)
def test_a_text_that_cannot_be_sent_comes_back(anna: Browser, text: str, said: str) -> None:
    refused = anna.submit(anna.get(PAGE), "/articles", text=text)
    assert refused.status == 400
    assert said in refused.text
    assert typed(refused) == text.strip()


def test_what_says_neither_reply_nor_note_is_not_sent(anna: Browser) -> None:
    refused = anna.submit(anna.get(PAGE), "/articles", text="Hello", kind="broadcast")
    assert refused.status == 400
    assert typed(refused) == "Hello"
    assert len(texts()) == 1


def test_a_form_without_the_token_of_the_session_is_refused(world: World, anna: Browser) -> None:
    fields = {"kind": "reply", "text": "Forged", "seen_seq": "99"}
    assert anna.post(f"{PAGE}/articles", fields).status == 403
    other = signed_in(world, "lena").get(PAGE).form("/articles")
    token = str(other.find("input", attrs={"name": "csrf_token"})["value"])
    assert anna.post(f"{PAGE}/articles", {**fields, "csrf_token": token}).status == 403
    assert texts() == ["The printer on floor 2 is broken."]


def test_a_form_in_another_encoding_is_refused(anna: Browser) -> None:
    refused = anna.post(f"{PAGE}/articles", {"text": "x"}, content_type="text/plain")
    assert refused.status == 415


def test_an_agent_cannot_tell_another_groups_ticket_from_none(world: World) -> None:
    hugo = signed_in(world, "hugo")
    hidden, missing = hugo.get(PAGE), hugo.get("/agent/tickets/4711")
    assert (hidden.status, missing.status) == (404, 404)
    assert hidden.text.replace("1001", "4711") == missing.text
    token = hugo.get("/agent/inbox").form("/sign-out").find(attrs={"name": "csrf_token"})["value"]
    for path in ("articles", "properties", "articles/1/accept", "deliveries/1-abc/send-again"):
        fields = {"csrf_token": str(token), "kind": "note", "text": "x", "status": "closed"}
        assert hugo.post(f"{PAGE}/{path}", fields).status == 404


def test_an_administrator_sees_the_tickets_of_all_groups(world: World) -> None:
    world.mail(letter("My salary?", to="hr@desk.example", subject="Salary"))
    lena = signed_in(world, "lena")
    assert lena.get("/agent/tickets/1002").status == 200


def test_properties_are_saved_one_by_one(anna: Browser) -> None:
    saved = anna.submit(anna.get(PAGE), "/properties", priority="urgent", tags="Printer, Floor 2")
    assert "Your changes were saved." in anna.follow(saved).text
    assert (ticket().priority, ticket().tags) == ("urgent", ("floor-2", "printer"))
    assert ticket().status is Status.NEW


def test_a_ticket_moves_to_another_group_without_its_agent(anna: Browser) -> None:
    anna.submit(anna.get(PAGE), "/properties", assignee="anna", status="open")
    moved = anna.submit(anna.get(PAGE), "/properties", group="hr")
    assert moved.status == 303
    assert (ticket().group, ticket().assignee) == ("hr", None)


def test_properties_that_somebody_else_changed_first_are_asked_about(
    world: World, anna: Browser
) -> None:
    page = anna.get(PAGE)
    lena = signed_in(world, "lena")
    lena.submit(lena.get(PAGE), "/properties", priority="low")
    conflict = anna.submit(page, "/properties", priority="urgent")
    assert conflict.status == 409
    assert "Somebody else changed this meanwhile." in conflict.text
    chosen = conflict.form("/properties").select_one("#priority option[selected]")
    assert chosen["value"] == "urgent"
    assert ticket().priority == "low"
    assert anna.submit(conflict, "/properties").status == 303
    assert ticket().priority == "urgent"


def test_the_same_properties_saved_twice_are_no_conflict(anna: Browser) -> None:
    page = anna.get(PAGE)
    for _ in range(2):
        assert anna.submit(page, "/properties", priority="high").status == 303


def test_a_property_that_cannot_be_is_marked_and_what_was_typed_stays(anna: Browser) -> None:
    refused = anna.submit(anna.get(PAGE), "/properties", assignee="hugo", tags="one, two")
    assert refused.status == 400
    form = refused.form("/properties")
    assert "This cannot be used." in form.get_text()
    assert form.find(id="tags")["value"] == "one, two"
    assert ticket().tags == ()


def test_a_closed_ticket_takes_notes_only(world: World, anna: Browser) -> None:
    page = anna.get(PAGE)
    write(world, "Done.", status="closed")
    late = anna.submit(page, "/articles", text="One more thing", seen_seq="9")
    assert late.status == 409
    assert typed(late) == "One more thing"
    assert anna.submit(late, "/articles").status == 303
    assert articles()[-1].kind == "note"


def test_the_facts_speak_of_people_by_name(world: World, anna: Browser) -> None:
    anna.submit(anna.get(PAGE), "/properties", assignee="anna", status="open")
    page = anna.get(PAGE)
    assert "Assigned to Anna Berg" in page.text
    assert "Status: New → Open · Anna Berg" in page.text


def test_a_held_article_shows_who_really_sent_it_until_it_is_accepted(
    world: World, anna: Browser
) -> None:
    held_mail(world)
    page = anna.get(PAGE)
    assert "Kim Jensen <eve@else.example>" in page.text
    accepted = anna.submit(page, "/accept")
    assert "The message was accepted." in anna.follow(accepted).text
    assert not articles()[-1].is_held
    assert anna.submit(page, "/accept").status == 303


def test_the_sender_of_a_held_article_is_added_by_the_second_button_alone(
    world: World, anna: Browser
) -> None:
    held_mail(world, "one")
    held_mail(world, "two")
    page = anna.get(PAGE)
    first, second = page.soup.select(".held-box form")
    assert [button.get("name") for button in first.find_all("button")] == [None, "add"]
    anna.submit(page, f"/{articles()[-2].seq}/accept")
    assert len(ticket().contacts) == 1
    (add,) = second.select("button[name=add]")
    anna.submit(page, f"/{articles()[-1].seq}/accept", add=str(add["value"]))
    assert [contact.email for contact in ticket().contacts][1:] == ["eve@else.example"]
    held_mail(world, "three")
    assert not articles()[-1].is_held, "who is on the ticket may write on it"


def test_a_mail_that_failed_is_sent_again(world: World, anna: Browser) -> None:
    from chalicelib.ports import Refused

    def refuse(*_: object, **__: object) -> str:
        raise Refused("no such domain")

    send, world.ports.mailer.send = world.ports.mailer.send, refuse  # type: ignore[method-assign]
    write(world, "Does this arrive?")
    world.ports.mailer.send = send  # type: ignore[method-assign]
    page = anna.get(PAGE)
    assert "The mail to kim@customer.example could not be sent" in page.text
    again = anna.submit(page, "/send-again")
    assert "The mail is being sent again." in anna.follow(again).text
    world.settle()
    assert "Does this arrive?" in str(world.last_mail)
    assert anna.submit(page, "/send-again").status == 303


def deliveries(page: Answer, where: str) -> list[str]:
    lines = page.soup.select(f"{where} .deliveries li")
    return [" ".join(line.get_text(" ").split()) for line in lines]


def test_an_acknowledgement_is_not_taken_for_the_article_above_it(
    world: World, anna: Browser
) -> None:
    world.settle()
    write(world, "Try turning it off and on.")
    page = anna.get(PAGE)
    assert deliveries(page, "#article-1") == ["Acknowledgement kim@customer.example Sent"]
    answer = articles()[-1].seq
    assert deliveries(page, f"#article-{answer}") == ["Reply kim@customer.example Sent"]


def test_a_mail_that_failed_says_why(world: World, anna: Browser) -> None:
    refuse_mail(world, "no such <b>domain</b>")
    write(world, "Does this arrive?")
    page = anna.get(PAGE)
    why = page.soup.select_one(f"#article-{articles()[-1].seq} .why")
    assert why.get_text() == "no such <b>domain</b>"


def refuse_mail(world: World, reason: str) -> None:
    from chalicelib.ports import Refused

    def refuse(*_: object, **__: object) -> str:
        raise Refused(reason)

    world.ports.mailer.send = refuse  # type: ignore[method-assign]


def test_an_escalation_shows_who_was_mailed_and_can_be_sent_again(
    world: World, anna: Browser
) -> None:
    refuse_mail(world, "mailbox full")
    world.pass_time(hours=5)
    world.sweep()
    world.settle()
    page = anna.get(PAGE)
    (line,) = deliveries(page, ".notice")
    assert line.startswith("Escalation notice lena@agents.example Not sent Send again")
    assert line.endswith("mailbox full")
    assert page.soup.select_one(".notice form")


def first_target(page: Answer) -> str:
    return " ".join(page.soup.select_one(".targets li").get_text(" ").split())


def test_a_missed_target_that_is_met_is_late_by_no_more(world: World) -> None:
    world.pass_time(hours=5)
    assert "1 hour late" in first_target(signed_in(world, "anna").get(PAGE))
    write(world, "Sorry, here I am.")
    world.pass_time(days=3)
    shown = first_target(signed_in(world, "anna").get(PAGE))
    assert "Breached Met 2 Mar 2026, 15:00 , 1 hour late" in shown


def test_a_missed_target_that_nobody_waits_for_any_more_grows_no_later(world: World) -> None:
    world.pass_time(hours=5)
    anna = signed_in(world, "anna")
    anna.submit(anna.get(PAGE), "/properties", status="closed")
    shown = first_target(anna.get(PAGE))
    assert shown == "First reply Breached Was due 2 Mar 2026, 14:00"


def flight(page: Answer, article: int) -> dict[str, str]:
    record = page.soup.select_one(f"#article-{article} details.flight")
    assert not record.has_attr("open")
    names, values = record.find_all("dt"), record.find_all("dd")
    return {n.get_text(): v.get_text().strip() for n, v in zip(names, values, strict=True)}


def test_agents_read_how_a_mail_was_understood(world: World, anna: Browser) -> None:
    held_mail(world)
    write(world, "Written here.", kind="note")
    page = anna.get(PAGE)
    first = flight(page, 1)
    assert first["Sender"] == "Confirmed: the domain of the address vouches for the mail"
    assert first["Ticket"] == "None was named"
    assert first["Spam filter"] == "Passed"
    held = next(article.seq for article in articles() if article.is_held)
    assert flight(page, held)["Ticket"] == "Found by the reply address that the mail was sent to"
    assert page.soup.select_one(f"#article-{articles()[-1].seq} details.flight") is None


def test_a_forged_mail_says_that_nobody_vouches_for_it(world: World, anna: Browser) -> None:
    world.mail(letter("It is me"), verdicts={"dmarc": "GRAY", "spf": "FAIL", "dkim": "ODD"})
    record = flight(anna.get("/agent/tickets/1002"), 1)
    assert record["Sender"] == "Not confirmed: the mail may come from somebody else"
    assert record["The domain's own rule (DMARC)"] == "Undecided"
    assert record["Sending server (SPF)"] == "Failed"
    assert record["Signature (DKIM)"] == "ODD"


def test_files_come_from_the_bucket_by_a_link_that_ends(world: World, anna: Browser) -> None:
    world.mail(with_file())
    page = anna.get("/agent/tickets/1002")
    (address,) = [str(a["href"]) for a in page.soup.select(".files a")]
    location = anna.get(address).location
    assert "/attachments/ses000002/0?response-content-disposition=attachment" in location
    assert "Expires=" in location
    assert "inbound/" in anna.get("/agent/tickets/1002/articles/1/raw").location
    assert anna.get("/agent/tickets/1002/articles/1/attachments/7").status == 404
    assert signed_in(world, "hugo").get(address).status == 404


def test_markup_in_a_mail_is_text(world: World, anna: Browser) -> None:
    world.mail(letter("<script>alert(1)</script>", subject="<b>bold</b>"))
    page = anna.get("/agent/tickets/1002")
    assert page.soup.main.find("script") is None
    assert page.soup.find("h1").get_text() == "<b>bold</b>"
