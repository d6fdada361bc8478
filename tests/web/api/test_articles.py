"""Replies, notes, held articles and files."""

from __future__ import annotations

from typing import Any

import pytest

from tests.aws_calls import aws_client
from tests.web.api.steps import TICKET, close, open_ticket, refused_fields, write
from tests.web.browser import Browser
from tests.web.calls import Answer, api
from tests.web.desk import link
from tests.world import World, letter


def held(world: World) -> dict[str, Any]:
    """An article on the first ticket that a stranger sent to somebody else's reply address."""
    world.mail(letter())
    write(world)
    world.settle()
    address = str(world.last_mail["Reply-To"])
    world.mail(letter("I am Kim too", sender="eve@stranger.example", to=address))
    article: dict[str, Any] = api(world, "GET", TICKET).body["articles"][-1]
    assert article["is_held"]
    return article


def test_a_reply_is_sent_and_its_delivery_can_be_followed(world: World) -> None:
    open_ticket(world)
    answer = write(world, "reply", "Turn it off and on.")
    assert answer.status == 201
    assert (answer.body["kind"], answer.body["text"]) == ("reply", "Turn it off and on.")
    assert [mail["state"] for mail in answer.body["delivery"]] == ["queued"]
    world.settle()
    assert "Turn it off and on." in world.last_mail.as_string()
    (delivery,) = api(world, "GET", TICKET).body["articles"][-1]["delivery"]
    assert (delivery["to"], delivery["state"]) == ("kim@customer.example", "sent")


def test_a_note_is_kept_and_never_sent(world: World) -> None:
    open_ticket(world)
    sent = len(world.outbox)
    note = write(world, "note", "Kim always forgets the paper.")
    world.settle()
    assert note.status == 201
    assert note.body["delivery"] == []
    assert len(world.outbox) == sent
    assert api(world, "GET", TICKET).body["articles"][-1]["kind"] == "note"


def test_a_reply_can_set_the_status_along_with_it(world: World) -> None:
    open_ticket(world)
    assert write(world, status="solved").status == 201
    assert api(world, "GET", TICKET).body["status"] == "solved"


def test_a_closed_ticket_refuses_a_reply_and_takes_a_note(world: World) -> None:
    open_ticket(world)
    close(world)
    assert write(world, "reply").status == 409
    assert write(world, "note").status == 201


def test_a_reply_is_refused_where_the_customer_wrote_meanwhile(world: World) -> None:
    world.mail(letter())
    seen = api(world, "GET", TICKET).body["seq"]
    world.mail(letter("And now it smokes!", to=str(world.last_mail["Reply-To"])))
    answer = write(world, seen_seq=seen)
    assert answer.status == 409
    now = api(world, "GET", TICKET).body
    assert answer.body["error"]["fields"] == {"seen_seq": str(now["seq"])}
    (new,) = answer.body["error"]["new"]
    assert (new["text"], new["author"]["role"]) == ("And now it smokes!", "requester")
    assert write(world, seen_seq=now["seq"]).status == 201


def test_an_article_that_cannot_be_used_is_refused_by_field(world: World) -> None:
    open_ticket(world)
    wrong: list[tuple[str, Any]] = [
        ("kind", "mail"),
        ("kind", []),
        ("kind", None),
        ("body", ""),
        ("body", {"text": "hello"}),
        ("body", "x" * 200_001),
        ("seen_seq", "3"),
        ("seen_seq", True),
        ("status", ["open"]),
        ("status", "done"),
        ("attachments", "file"),
        ("attachments", [5]),
        ("attachments", [{"id": "a", "url": "b"}]),
        ("attachments", ["../secret"]),
        ("attachments", ["neverposted"]),
        ("text", "hello"),
    ]
    answers = [write(world, **{field: value}) for field, value in wrong]
    assert [refused_fields(answer) for answer in answers] == [[field] for field, _ in wrong]
    assert len(api(world, "GET", TICKET).body["articles"]) == 1


def test_a_long_text_is_cut_in_the_timeline_and_says_so(world: World) -> None:
    open_ticket(world)
    answer = write(world, body="word " * 10_000)
    assert answer.status == 201
    assert answer.body["has_more"]
    assert len(answer.body["text"]) <= 16_000


def test_an_article_on_an_unknown_ticket_is_not_found(world: World) -> None:
    answer = api(world, "POST", "/api/v1/tickets/9999/articles", {"kind": "note", "body": "hi"})
    assert answer.status == 404


def test_a_held_article_counts_as_the_customers_once_accepted(world: World) -> None:
    article = held(world)
    assert api(world, "PATCH", TICKET, {"status": "pending"}).status == 200
    accepted = api(world, "POST", f"{TICKET}/articles/{article['id']}/accept")
    assert accepted.status == 200
    assert (accepted.body["id"], accepted.body["is_held"]) == (article["id"], False)
    assert api(world, "GET", TICKET).body["status"] == "open"


def test_whoever_is_accepted_with_an_article_is_on_the_ticket_from_then_on(world: World) -> None:
    article = held(world)
    path = f"{TICKET}/articles/{article['id']}/accept"
    assert api(world, "POST", path, {"add_sender": True}).status == 200
    (eve,) = api(world, "GET", TICKET).body["participants"]
    assert eve["email"] == "eve@stranger.example"
    world.settle()
    assert world.mails_to("eve@stranger.example") == [], "nothing older goes to a participant"
    older = Browser(world).get(link(world, place=1))
    assert [word for word in ("broken", "Off and on.", "I am Kim too") if word in older.body] == []

    write(world, "reply", "We look into it.")
    world.settle()
    (mail,) = world.mails_to("eve@stranger.example")
    to = str(mail["Reply-To"])
    world.mail(letter("Thank you", sender="eve@stranger.example", to=to))
    joined = api(world, "GET", TICKET).body["articles"][-1]
    assert (joined["text"], joined["is_held"]) == ("Thank you", False)
    shown = Browser(world).get(link(world, place=1)).text
    assert "We look into it." in shown
    assert "Thank you" in shown


def test_an_article_that_is_accepted_alone_adds_nobody(world: World) -> None:
    article = held(world)
    path = f"{TICKET}/articles/{article['id']}/accept"
    assert refused_fields(api(world, "POST", path, {"add_sender": "yes"})) == ["add_sender"]
    assert api(world, "POST", path, {"add_sender": False}).status == 200
    assert api(world, "GET", TICKET).body["participants"] == []


def test_an_article_is_accepted_once(world: World) -> None:
    article = held(world)
    path = f"{TICKET}/articles/{article['id']}/accept"
    assert api(world, "POST", path).status == 200
    assert api(world, "POST", path).status == 409


def test_an_article_far_back_in_the_timeline_is_accepted_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    article = held(world)
    monkeypatch.setattr("chalicelib.tickets.store.TIMELINE_PAGE", 6)
    for place in range(3):
        write(world, "note", f"note {place}")
    assert api(world, "GET", TICKET).body["older"]
    accepted = api(world, "POST", f"{TICKET}/articles/{article['id']}/accept")
    assert accepted.status == 200
    assert accepted.body["text"] == article["text"]


def test_an_article_that_is_not_there_is_not_found(world: World) -> None:
    open_ticket(world)
    for article in ("77", "none"):
        path = f"{TICKET}/articles/{article}"
        assert api(world, "POST", f"{path}/accept").status == 404
        assert api(world, "GET", f"{path}/raw").status == 404
        assert api(world, "GET", f"{path}/attachments/0").status == 404


def uploaded(world: World, name: str = "plan.pdf", content: bytes = b"%PDF-1.7") -> Answer:
    """An upload whose file has been posted, as S3 stores it."""
    upload = api(
        world, "POST", "/api/v1/uploads", {"name": name, "content_type": "application/pdf"}
    )
    assert upload.status == 201
    key = upload.body["fields"]["key"]
    aws_client("s3").put_object(
        Bucket="files", Key=key, Body=content, ContentType="application/pdf"
    )
    return upload


def test_an_uploaded_file_goes_out_with_the_reply_and_can_be_downloaded(world: World) -> None:
    open_ticket(world)
    upload = uploaded(world)
    answer = write(world, attachments=[{"id": upload.body["id"], "name": "plan.pdf"}])
    (attachment,) = answer.body["attachments"]
    assert (attachment["name"], attachment["size"]) == ("plan.pdf", 8)
    world.settle()
    names = [part.get_filename() for part in world.last_mail.walk() if part.get_filename()]
    assert names == ["plan.pdf"]
    path = attachment["url"].removeprefix("https://desk.example")
    download = api(world, "GET", path)
    assert download.status == 303
    assert "plan.pdf" in download.headers["location"]
    assert download.headers["cache-control"] == "no-store"


def test_an_uploaded_picture_is_shown_where_the_text_of_the_reply_names_it(world: World) -> None:
    open_ticket(world)
    png = api(world, "POST", "/api/v1/uploads", {"name": "p", "content_type": "image/png"})
    aws_client("s3").put_object(
        Bucket="files", Key=png.body["fields"]["key"], Body=b"\x89PNG", ContentType="image/png"
    )
    picture = {"id": png.body["id"], "name": "cover.png", "content_id": "cover"}
    write(world, body="Open [cid:cover] and close it.", attachments=[picture])
    world.settle()
    html = next(p for p in world.last_mail.walk() if p.get_content_type() == "text/html")
    assert b'Open <img src=3D"cid:1001.2.0@desk.example"' in html.as_bytes().replace(b"=\n", b"")


@pytest.mark.parametrize("content_id", ["", "a b", 'x"><script>', "x" * 65, 5, None])
def test_a_picture_is_named_by_a_plain_word(world: World, content_id: Any) -> None:
    open_ticket(world)
    picture = {"id": uploaded(world).body["id"], "content_id": content_id}
    body = {"kind": "reply", "body": "x", "attachments": [picture]}
    assert api(world, "POST", f"{TICKET}/articles", body).status == 400


def test_an_upload_may_hold_what_it_said_and_no_more(world: World) -> None:
    fields = uploaded(world).body["fields"]
    assert fields["Content-Type"] == "application/pdf"
    assert {"key", "policy"} <= set(fields)


def test_an_upload_without_a_usable_name_is_refused(world: World) -> None:
    wrong: list[dict[str, Any]] = [{}, {"name": " "}, {"name": 5}, {"name": "a", "type": "b"}]
    for body in wrong:
        assert api(world, "POST", "/api/v1/uploads", body).status == 400


def test_an_attachment_that_is_not_there_is_not_found(world: World) -> None:
    open_ticket(world)
    write(world, attachments=[uploaded(world).body["id"]])
    for place in ("1", "x", "-1"):
        assert api(world, "GET", f"{TICKET}/articles/2/attachments/{place}").status == 404


def test_only_a_mail_that_failed_can_be_sent_again(world: World) -> None:
    open_ticket(world)
    (delivery,) = api(world, "GET", TICKET).body["articles"][0]["delivery"]
    path = f"{TICKET}/deliveries/{delivery['id']}/send-again"
    assert api(world, "POST", path).status == 409


def test_a_mail_that_never_was_cannot_be_sent_again(world: World) -> None:
    open_ticket(world)
    for delivery in ("1-none", "none", "1-" + "a" * 2000):
        path = f"{TICKET}/deliveries/{delivery}/send-again"
        assert api(world, "POST", path).status == 404
