"""Whatever comes twice, late or unannounced is one ticket, one article, one mail, and no proof."""

from __future__ import annotations

import json
from typing import Any

from chalicelib.desk.service import apply
from chalicelib.intake import store as intake
from chalicelib.tickets import store
from tests.aws_calls import aws_client
from tests.flows.test_mail_to_ticket import answer, timeline
from tests.world import DESK, World, letter


def reconcile(world: World, ses_id: str) -> int:
    """The bucket's own notice of an object is old enough, and the reconciler comes."""
    notice = {"Records": [{"s3": {"object": {"key": f"inbound/{ses_id}"}}}]}
    aws_client("sqs").send_message(
        QueueUrl=world.ports.config.unprocessed_queue_url, MessageBody=json.dumps(notice)
    )
    received: int = world.call("reconcile", {})
    world.settle()
    return received


def test_a_stream_that_is_replayed_a_day_later_changes_nothing(world: World) -> None:
    world.mail(letter(to="quick@desk.example"))
    world.pass_time(minutes=2)
    world.sweep()
    world.settle()
    answer(world)
    world.mail(letter("It works.", to=str(world.last_mail["Reply-To"])))
    before, mails = timeline(world), len(world.outbox)
    assert mails == 3, "an acknowledgement, an escalation, an answer"

    world.pass_time(days=1)
    world.read["stream"] = 0
    records = world.stream()
    world.call("relay", {"Records": records})
    published = len(world.bus)
    assert published >= len(records) > 4, "every fact is published once more"
    world.react()
    world.settle()
    assert timeline(world) == before
    assert len(world.outbox) == mails


def test_what_no_event_announced_counts_as_not_authenticated(world: World) -> None:
    world.mail(letter())
    answer(world)
    raw = letter("Pay here.", In_Reply_To=str(world.last_mail["Message-ID"])).as_bytes()
    assert reconcile(world, world.put_mail(raw)) == 1
    held = timeline(world).articles[-1]
    assert held.is_held, "the sender's address alone proves nothing"
    assert held.flight is not None
    assert (held.flight["authenticated"], held.flight["why"]) == ("no", "not_authenticated")
    assert "dmarc" not in held.flight


def test_what_no_event_announced_still_proves_itself_by_its_reply_address(world: World) -> None:
    world.mail(letter())
    raw = letter("It works.", to=str(world.last_mail["Reply-To"])).as_bytes()
    reconcile(world, world.put_mail(raw))
    assert not timeline(world).articles[-1].is_held


def test_an_event_that_comes_after_the_reconciler_changes_nothing(world: World) -> None:
    raw = letter().as_bytes()
    ses_id = world.put_mail(raw)
    reconcile(world, ses_id)
    before = timeline(world)
    world.call("inbound_mail", world.ses_event(ses_id, raw))
    world.settle()
    assert timeline(world) == before
    assert reconcile(world, ses_id) == 0


def mailed_to(world: World, *recipients: str, **headers: Any) -> str:
    """One mail with this envelope."""
    return world.mail(letter(**headers), recipients=list(recipients))


def test_one_mail_to_two_of_our_addresses_is_with_the_first_of_its_envelope(world: World) -> None:
    mailed_to(world, "hr@desk.example", "support@desk.example", to="support@desk.example")
    assert timeline(world).ticket.group == "hr"
    assert len(world.mails_to("kim@customer.example")) == 1


def test_a_blind_copy_finds_its_group_by_the_envelope(world: World) -> None:
    ses_id = mailed_to(world, "hr@desk.example", to="Ann <ann@other.example>")
    found = timeline(world)
    assert found.ticket.group == "hr"
    assert [contact.email for contact in found.ticket.contacts] == ["kim@customer.example"]
    assert world.mails_to("ann@other.example") == []
    assert intake.get_suspended(ses_id) is None


def own_copies(world: World) -> None:
    """HR keeps its own copy of what others got as well."""
    groups = {**DESK["groups"], "hr": {**DESK["groups"]["hr"], "keeps_own_copy": True}}
    apply(world.ports, {**DESK, "groups": groups})
    world.ports.cache.clear()


def test_a_group_that_keeps_its_own_copy_gets_a_ticket_of_its_own_once(world: World) -> None:
    own_copies(world)
    raw = letter(to="hr@desk.example, support@desk.example").as_bytes()
    event = world.ses_event(world.put_mail(raw), raw)
    for _ in range(2):
        world.call("inbound_mail", event)
    world.mail(raw)
    found = [timeline(world, number).ticket.group for number in (1001, 1002)]
    assert found == ["support", "hr"]
    assert store.timeline(1003) is None
    assert len(world.mails_to("kim@customer.example")) == 1, "one acknowledgement"


def test_answers_to_both_copies_stay_apart(world: World) -> None:
    own_copies(world)
    both = "hr@desk.example, support@desk.example"
    world.mail(letter("to both", to=both, message_id="<both@customer.example>"))
    world.mail(letter("one more thing", to=both, References="<both@customer.example>"))
    for number in (1001, 1002):
        texts = [article.text for article in timeline(world, number).articles]
        assert texts == ["to both", "one more thing"]
    assert store.timeline(1003) is None
