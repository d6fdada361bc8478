"""The pages of suspended mail: what waits, what one of them says, and what agents decide."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.browser import Answer, Browser
from tests.web.desk import texts
from tests.world import World, letter

LIST = "/agent/suspended"


def spam(world: World, subject: str = "You have won", text: str = "", **verdicts: str) -> str:
    message = letter(text or f"Text of {subject}", subject=subject)
    return world.mail(message, verdicts={"spam": "FAIL", **verdicts})


def decide(browser: Browser, action: str, *mails: str) -> Answer:
    """Tick mails in the list, and press a button."""
    ticked = {f"mail-{mail}": "on" for mail in mails}
    page = browser.get(LIST)
    form = next(form for form in page.soup.find_all("form") if form.find("table"))
    names = {str(field["name"]) for field in form.select("input[type=checkbox]")}
    assert set(ticked) <= names
    (token,) = (str(tag["value"]) for tag in form.select("input[name=csrf_token]"))
    return browser.post(LIST, {**ticked, "action": action, "csrf_token": token})


def pressed(page: Answer, action: str) -> dict[str, str]:
    """The fields of the form that a button of that action sends."""
    (button,) = page.soup.select(f"button[value={action}]")
    form = button.find_parent("form")
    assert form is not None
    fields = form.select("input[type=hidden]")
    return {str(tag["name"]): str(tag["value"]) for tag in fields} | {"action": action}


def buttons(page: Answer) -> set[str]:
    return {str(button["value"]) for button in page.soup.select("main button[name=action]")}


def test_suspended_mail_is_listed_with_its_cause(world: World, anna: Browser) -> None:
    spam(world)
    spam(world, "Invoice", dmarc="FAIL", virus="FAIL")
    rows = anna.get(LIST).soup.select("tbody tr")
    seen = [" ".join(row.get_text(" ").split()) for row in rows]
    assert any("Carries a virus" in row and "Sender not confirmed" in row for row in seen)
    assert any("Looks like spam" in row and "not confirmed" not in row for row in seen)


def test_the_chosen_mails_are_released_and_lead_to_their_tickets(
    world: World, anna: Browser
) -> None:
    first, _, third = (spam(world, subject) for subject in ("One", "Two", "Three"))
    page = anna.follow(decide(anna, "release", first, third))
    links = [str(link["href"]) for link in page.soup.select(".banner a")]
    assert links == ["/agent/tickets/1001", "/agent/tickets/1002"]
    assert [link.get_text() for link in page.soup.select("a.subject")] == ["Two"]
    assert texts(1001) == ["Text of One"]


def test_what_failed_is_named_beside_what_did_not(world: World, anna: Browser) -> None:
    good, ill = spam(world, "One"), spam(world, "Two", virus="FAIL")
    page = anna.follow(decide(anna, "release", good, ill))
    said = [" ".join(line.get_text(" ").split()) for line in page.soup.select(".banner li")]
    refused = "Two : It carries a virus and can only be deleted."
    assert said == [refused, "Released. Ticket #1001"]


def test_an_allowed_sender_is_allowed_from_then_on(world: World, anna: Browser) -> None:
    page = anna.follow(decide(anna, "allow", spam(world)))
    assert "the sender is allowed" in page.text
    spam(world, "Once more")
    assert "No mail is suspended" in anna.get(LIST).text


def test_a_block_can_be_taken_back_at_once(world: World, anna: Browser) -> None:
    page = anna.follow(decide(anna, "block", spam(world)))
    assert "the sender is blocked" in page.text
    page = anna.follow(anna.post(LIST, pressed(page, "unblock")))
    assert "not blocked any more" in page.text
    world.mail(letter())
    assert "No mail is suspended" in anna.get(LIST).text


def test_a_mail_of_a_blocked_sender_can_end_the_block(world: World, anna: Browser) -> None:
    anna.follow(decide(anna, "block", spam(world)))
    waiting = world.mail(letter("It is me"))
    page = anna.get(f"{LIST}/{waiting}")
    assert "The sender is blocked" in page.text
    assert buttons(page) == {"release", "allow", "unblock", "delete"}
    assert "not blocked any more" in anna.follow(anna.post(LIST, pressed(page, "unblock"))).text


def test_block_and_delete_are_asked_for_twice(world: World, anna: Browser) -> None:
    ses_id = spam(world)
    for address in (LIST, f"{LIST}/{ses_id}"):
        page = anna.get(address)
        for action in ("block", "delete"):
            (button,) = page.soup.select(f"button[value={action}]")
            folded = button.find_parent("details")
            assert folded is not None
            assert not folded.has_attr("open")


def test_nothing_chosen_is_nothing_done(world: World, anna: Browser) -> None:
    spam(world)
    page = anna.follow(decide(anna, "delete"))
    assert "choose a mail first" in page.text
    assert len(page.soup.select("a.subject")) == 1


def test_a_deleted_mail_is_off_the_list(world: World, anna: Browser) -> None:
    ses_id = spam(world)
    page = anna.follow(decide(anna, "delete", ses_id))
    assert "Deleted." in page.text
    assert "No mail is suspended" in page.text
    assert anna.get(f"{LIST}/{ses_id}").status == 404


def test_one_mail_shows_how_it_begins_and_how_it_was_understood(
    world: World, anna: Browser
) -> None:
    ses_id = spam(world, text="<b>Click</b> here, dear customer", dmarc="FAIL", dmarc_policy="none")
    page = anna.get(f"{LIST}/{ses_id}")
    assert "<b>Click</b> here, dear customer" in page.text
    assert page.soup.select("main b") == []
    assert "Not confirmed: the mail may come from somebody else" in page.text
    assert "It was suspended (Looks like spam)" in page.text
    (link,) = page.soup.select("a[download]")
    location = anna.get(str(link["href"])).location
    assert "response-content-type=application%2Foctet-stream" in location


def test_a_mail_with_a_virus_is_shown_and_never_handed_out(world: World, anna: Browser) -> None:
    ses_id = spam(world, virus="FAIL")
    page = anna.get(f"{LIST}/{ses_id}")
    assert "Carries a virus" in page.text
    assert page.soup.select("a[download]") == []
    assert buttons(page) == {"block", "delete"}
    assert anna.get(f"{LIST}/{ses_id}/raw").status == 404


def test_a_sender_whom_nobody_vouches_for_cannot_be_allowed(world: World, anna: Browser) -> None:
    page = anna.get(f"{LIST}/{spam(world, dmarc='FAIL')}")
    assert buttons(page) == {"release", "block", "delete"}
    assert "if the address belongs to somebody else, they are blocked" in page.text


def test_one_mail_is_released_from_its_own_page(world: World, anna: Browser) -> None:
    page = anna.get(f"{LIST}/{spam(world)}")
    done = anna.follow(anna.post(LIST, pressed(page, "release")))
    (link,) = done.soup.select(".banner a")
    assert link["href"] == "/agent/tickets/1001"


@pytest.mark.parametrize(
    "fields",
    [
        {"action": "burn", "mail-x": "on"},
        {"mail-x": "on"},
        {"action": "delete", **{f"mail-{n}": "on" for n in range(51)}},
    ],
)
def test_a_form_that_no_page_sends_is_refused(
    world: World, anna: Browser, fields: dict[str, Any]
) -> None:
    spam(world)
    token = pressed(anna.get(LIST), "release")["csrf_token"]
    assert anna.post(LIST, {**fields, "csrf_token": token}).status == 400


def test_a_form_without_the_token_decides_nothing(world: World, anna: Browser) -> None:
    ses_id = spam(world)
    refused = anna.post(LIST, {"action": "delete", f"mail-{ses_id}": "on"})
    assert refused.status == 403
    assert anna.get(f"{LIST}/{ses_id}").status == 200


def test_nobody_makes_up_what_was_decided(world: World, anna: Browser) -> None:
    address = decide(anna, "release", spam(world)).location
    assert anna.get(address).status == 200
    assert anna.get(address[:-3] + "xxx").status == 400


def test_the_list_goes_on_behind_a_cursor(
    world: World, anna: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.web.paging.LIMIT", 1)
    for subject in ("One", "Two"):
        world.pass_time(minutes=1)
        spam(world, subject)
    first = anna.get(LIST)
    (following,) = [str(link["href"]) for link in first.soup.select("a[rel=next]")]
    pages = (first, anna.get(following))
    found = [link.get_text() for page in pages for link in page.soup.select("a.subject")]
    assert found == ["Two", "One"]
