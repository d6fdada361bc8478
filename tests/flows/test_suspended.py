"""What agents decide about suspended mail, and what follows from it."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib import table
from chalicelib.desk.service import live_desk
from chalicelib.errors import Conflict, Forbidden, NotFound
from chalicelib.intake import service, store, suspended
from chalicelib.intake.model import Cause, Outcome
from chalicelib.intake.suspended import Action, Done, Refused
from chalicelib.ledger.model import Actor, Entry, flaws
from chalicelib.ledger.store import EntryItem, from_item
from chalicelib.mail.parse import MailError
from chalicelib.people import service as people
from chalicelib.people import store as people_store
from chalicelib.tickets import store as tickets
from chalicelib.tickets.access import Who
from chalicelib.tickets.model import Timeline
from infra.audit import audit_mail
from tests.aws_calls import aws_client
from tests.world import World, letter

KIM = "kim@customer.example"
SPAM = {"spam": "FAIL"}
FORGED = {"spam": "FAIL", "dmarc": "FAIL", "spf": "FAIL", "dkim": "FAIL"}
VIRUS = {"virus": "FAIL"}


@pytest.fixture
def anna(world: World) -> Who:
    return Who.from_agent(live_desk(world.ports).agents["anna"])


def spam(world: World, text: str = "Buy now", **parts: Any) -> str:
    verdicts = parts.pop("verdicts", SPAM)
    return world.mail(letter(text, **parts), verdicts=verdicts)


def timeline(number: int) -> Timeline:
    found = tickets.timeline(number)
    assert found is not None
    return found


def cause_of(ses_id: str) -> Cause | None:
    found = store.get_suspended(ses_id)
    return found.cause if found else None


def ledger(scope: str) -> list[Entry]:
    items = table.query(table.system_pk(scope)).items
    return [from_item(item) for item in items if isinstance(item, EntryItem)]


def facts(scope: str) -> list[str]:
    return [name for entry in ledger(scope) for name in entry.types]


def address_scope(world: World, email: str = KIM) -> str:
    return f"address#{world.ports.keys().hide(email)}"


def is_stored(ses_id: str) -> bool:
    found = aws_client("s3").list_objects_v2(Bucket="mail", Prefix=f"inbound/{ses_id}")
    return bool(found["KeyCount"])


# Releasing. ----------------------------------------------------------------------------------


def test_a_released_mail_opens_the_ticket_it_would_have_opened(world: World, anna: Who) -> None:
    ses_id = spam(world, "The printer is broken", subject="Printer")
    result = suspended.release(world.ports, anna, ses_id)
    world.settle()
    assert (result.done, result.ticket) == (Done.RELEASED, 1001)
    (article,) = timeline(1001).articles
    assert (article.text, article.author.email) == ("The printer is broken", KIM)
    assert article.raw_key == f"inbound/{ses_id}"
    assert cause_of(ses_id) is None
    assert len(world.mails_to(KIM)) == 1


def test_released_twice_a_mail_is_on_one_ticket(world: World, anna: Who) -> None:
    ses_id = spam(world)
    first, second = (suspended.release(world.ports, anna, ses_id) for _ in range(2))
    assert first == second
    assert tickets.timeline(1002) is None
    assert len(timeline(1001).articles) == 1


def test_a_released_reply_joins_the_ticket_it_answers(world: World, anna: Who) -> None:
    world.mail(letter())
    reply_to = str(world.last_mail["Reply-To"])
    ses_id = spam(world, "It still is broken", to=reply_to)
    assert suspended.release(world.ports, anna, ses_id).ticket == 1001
    assert [article.text for article in timeline(1001).articles][-1] == "It still is broken"


def test_the_ledger_of_a_mail_says_who_released_it(world: World, anna: Who) -> None:
    ses_id = spam(world)
    suspended.release(world.ports, anna, ses_id)
    entries = ledger(f"mail#{ses_id}")
    assert facts(f"mail#{ses_id}") == ["MailSuspended", "MailReleased"]
    assert (entries[1].actor, flaws(entries)) == ("agent:anna", [])


@pytest.mark.parametrize(
    ("to", "sender"),
    [("somebody@desk.example", KIM), ("support@desk.example", "support@desk.example")],
)
def test_what_no_ticket_would_take_is_released_all_the_same(
    world: World, anna: Who, to: str, sender: str
) -> None:
    ses_id = world.mail(letter(to=to, sender=sender), recipients=[to])
    assert cause_of(ses_id) in {Cause.NO_GROUP, Cause.OWN_ADDRESS}
    assert suspended.release(world.ports, anna, ses_id).ticket == 1001
    assert anna.may_see(timeline(1001).ticket.group)


def test_a_mail_that_came_in_twice_is_released_onto_its_ticket(world: World, anna: Who) -> None:
    raw = letter("The same").as_bytes()
    first, second = (world.mail(raw, verdicts=SPAM) for _ in range(2))
    released = [suspended.release(world.ports, anna, mail) for mail in (first, second)]
    assert [result.ticket for result in released] == [1001, 1001]
    assert len(timeline(1001).articles) == 1


def test_a_virus_is_never_released(world: World, anna: Who) -> None:
    ses_id = spam(world, verdicts=VIRUS)
    for verb in (suspended.release, suspended.allow):
        with pytest.raises(Refused, match="virus"):
            verb(world.ports, anna, ses_id)
    assert cause_of(ses_id) is Cause.VIRUS


def test_what_cannot_be_read_is_not_released(
    world: World, anna: Who, monkeypatch: pytest.MonkeyPatch
) -> None:
    def defeated(_raw: bytes) -> None:
        raise MailError("The mail cannot be read.")

    monkeypatch.setattr("chalicelib.intake.contents.parse", defeated)
    ses_id = spam(world)
    assert cause_of(ses_id) is Cause.UNREADABLE
    for verb in (suspended.release, suspended.allow):
        with pytest.raises(Refused, match="original"):
            verb(world.ports, anna, ses_id)
    with pytest.raises(Refused, match="no sender"):
        suspended.block(world.ports, anna, ses_id)
    assert suspended.delete(world.ports, anna, ses_id).done is Done.DELETED


def test_somebody_faster_is_no_failure(
    world: World, anna: Who, monkeypatch: pytest.MonkeyPatch
) -> None:
    ses_id = spam(world)
    readmit = service.readmit

    def overtaken(*args: Any, **named: Any) -> None:
        readmit(*args, **named)
        raise Conflict("Somebody was faster.")

    monkeypatch.setattr("chalicelib.intake.service.readmit", overtaken)
    assert suspended.release(world.ports, anna, ses_id).ticket == 1001


def test_a_race_that_nobody_won_is_told(
    world: World, anna: Who, monkeypatch: pytest.MonkeyPatch
) -> None:
    ses_id = spam(world)

    def lost(*_: Any, **__: Any) -> None:
        raise Conflict("Five races lost.")

    monkeypatch.setattr("chalicelib.intake.service.readmit", lost)
    with pytest.raises(Conflict, match="Five"):
        suspended.release(world.ports, anna, ses_id)


# Allowing. -----------------------------------------------------------------------------------


def test_an_allowed_senders_mail_is_no_spam_any_more(world: World, anna: Who) -> None:
    ses_id = spam(world)
    result = suspended.allow(world.ports, anna, ses_id)
    assert (result.done, result.ticket) == (Done.ALLOWED, 1001)
    assert cause_of(spam(world, "Buy more")) is None
    assert cause_of(spam(world, "Away", Auto_Submitted="auto-replied", verdicts={})) is None
    assert facts(address_scope(world)) == ["AddressAllowed"]


def test_allowed_twice_is_allowed_once(world: World, anna: Who) -> None:
    ses_id = spam(world)
    assert suspended.allow(world.ports, anna, ses_id) == suspended.allow(world.ports, anna, ses_id)
    assert facts(address_scope(world)) == ["AddressAllowed"]
    assert tickets.timeline(1002) is None


def test_nobody_is_allowed_by_a_forged_mail(world: World, anna: Who) -> None:
    ses_id = spam(world, verdicts=FORGED)
    with pytest.raises(Refused) as refused:
        suspended.allow(world.ports, anna, ses_id)
    assert refused.value.fields == {"mail": "not_authenticated"}
    assert cause_of(ses_id) is Cause.SPAM


def test_a_forged_mail_does_not_come_in_with_an_allowed_sender(world: World, anna: Who) -> None:
    suspended.allow(world.ports, anna, spam(world))
    assert cause_of(spam(world, "I am Kim", verdicts=FORGED)) is Cause.SPAM
    assert cause_of(spam(world, "Open me", verdicts=VIRUS)) is Cause.VIRUS


def test_the_sender_of_a_released_mail_can_still_be_allowed(world: World, anna: Who) -> None:
    ses_id = spam(world)
    suspended.release(world.ports, anna, ses_id)
    assert suspended.allow(world.ports, anna, ses_id).ticket == 1001
    assert cause_of(spam(world, "Buy more")) is None


def test_the_sender_of_a_released_forgery_still_cannot(world: World, anna: Who) -> None:
    ses_id = spam(world, verdicts=FORGED)
    suspended.release(world.ports, anna, ses_id)
    with pytest.raises(Refused, match="vouches"):
        suspended.allow(world.ports, anna, ses_id)


# Blocking. -----------------------------------------------------------------------------------


def test_a_blocked_senders_mail_is_suspended_and_not_lost(world: World, anna: Who) -> None:
    ses_id = spam(world)
    assert suspended.block(world.ports, anna, ses_id).done is Done.BLOCKED
    assert cause_of(ses_id) is None
    assert cause_of(spam(world, "Hello again", verdicts={})) is Cause.BLOCKED
    assert facts(f"mail#{ses_id}") == ["MailSuspended", "MailDeleted"]
    assert facts(address_scope(world)) == ["AddressBlocked"]


def test_who_was_never_a_person_is_blocked_without_becoming_one(world: World, anna: Who) -> None:
    suspended.block(world.ports, anna, spam(world))
    key = people_store.address_key(world.ports.keys(), KIM)
    address = people_store.address_of(table.fetch([key]).get(key))
    assert address is not None
    assert (address.is_blocked, address.person) == (True, "")
    assert people_store.list_page(10, None).items == ()


def test_blocked_twice_is_blocked_once(world: World, anna: Who) -> None:
    ses_id = spam(world)
    first, second = (suspended.block(world.ports, anna, ses_id) for _ in range(2))
    assert first == second
    assert facts(address_scope(world)) == ["AddressBlocked"]


def test_a_customer_can_be_blocked_and_stays_who_they_are(world: World, anna: Who) -> None:
    world.mail(letter())
    suspended.block(world.ports, anna, spam(world))
    known = people.find(world.ports, KIM)
    assert known is not None
    assert (known.name, known.is_blocked) == ("Kim Jensen", True)


def test_the_block_ends_for_the_mail_that_was_deleted_by_it(world: World, anna: Who) -> None:
    ses_id = spam(world)
    suspended.block(world.ports, anna, ses_id)
    first, second = (suspended.unblock(world.ports, anna, ses_id) for _ in range(2))
    assert first == second
    assert facts(address_scope(world)) == ["AddressBlocked", "AddressUnblocked"]
    assert flaws(ledger(address_scope(world))) == []
    assert cause_of(spam(world, "Hello", verdicts={})) is None
    assert timeline(1001).ticket.requester.email == KIM


def test_the_block_ends_for_a_mail_that_waits_because_of_it(world: World, anna: Who) -> None:
    suspended.block(world.ports, anna, spam(world))
    waiting = spam(world, "Hello", verdicts={})
    suspended.unblock(world.ports, anna, waiting)
    assert cause_of(waiting) is Cause.BLOCKED
    assert suspended.release(world.ports, anna, waiting).ticket == 1001
    assert people.find(world.ports, KIM) is not None


def test_allowing_a_sender_ends_the_block(world: World, anna: Who) -> None:
    suspended.block(world.ports, anna, spam(world))
    waiting = spam(world, "Hello", verdicts={})
    suspended.allow(world.ports, anna, waiting)
    assert cause_of(spam(world, "Once more")) is None
    assert facts(address_scope(world)) == ["AddressBlocked", "AddressAllowed"]


def test_blocking_an_allowed_sender_ends_that(world: World, anna: Who) -> None:
    suspended.allow(world.ports, anna, spam(world))
    suspended.block(world.ports, anna, spam(world, "Dangerous", verdicts=VIRUS))
    assert cause_of(spam(world, "Buy more", verdicts={})) is Cause.BLOCKED


@pytest.mark.parametrize("sender", [b"", b"From: Moderator <moderator>\n"])
def test_who_names_no_sender_cannot_be_blocked(world: World, anna: Who, sender: bytes) -> None:
    raw = sender + b"To: support@desk.example\nSubject: nobody\n\nHello\n"
    ses_id = world.mail(raw, envelope_from="bounces@mailer.example")
    assert cause_of(ses_id) is Cause.NO_SENDER
    with pytest.raises(Refused, match="no sender"):
        suspended.block(world.ports, anna, ses_id)
    assert suspended.delete(world.ports, anna, ses_id).done is Done.DELETED


# Deleting. -----------------------------------------------------------------------------------


def test_a_deleted_mail_is_gone_with_the_next_sweep(world: World, anna: Who) -> None:
    ses_id = spam(world)
    first, second = (suspended.delete(world.ports, anna, ses_id) for _ in range(2))
    assert (first, first.done) == (second, Done.DELETED)
    assert store.list_page(10, None).items == ()
    assert is_stored(ses_id)
    world.sweep()
    assert not is_stored(ses_id)
    assert table.fetch([store.suspended_key(ses_id)]) == {}
    assert world.sweep() == 0
    assert suspended.delete(world.ports, anna, ses_id) == first


def test_what_is_left_of_a_deleted_mail_names_nobody(world: World, anna: Who) -> None:
    ses_id = spam(world, subject="Kim's secret")
    suspended.block(world.ports, anna, ses_id)
    left = [*table.fetch([store.suspended_key(ses_id)]).values()]
    left += table.query(table.system_pk(f"mail#{ses_id}")).items
    left += table.query(table.system_pk(address_scope(world))).items
    assert len(left) == 4
    assert not any("kim" in str(item.serialize()).lower() for item in left)


def test_a_released_mail_keeps_its_original(world: World, anna: Who) -> None:
    ses_id = spam(world)
    suspended.release(world.ports, anna, ses_id)
    world.pass_time(days=40)
    world.sweep()
    assert is_stored(ses_id)


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        (suspended.release, suspended.delete, "released"),
        (suspended.release, suspended.block, "released"),
        (suspended.delete, suspended.release, "deleted"),
        (suspended.delete, suspended.allow, "deleted"),
        (suspended.delete, suspended.block, "deleted"),
        (suspended.block, suspended.release, "deleted"),
        (suspended.release, suspended.unblock, "released"),
        (suspended.delete, suspended.unblock, "deleted"),
    ],
)
def test_what_was_decided_otherwise_is_told(
    world: World, anna: Who, first: Any, second: Any, why: str
) -> None:
    ses_id = spam(world)
    first(world.ports, anna, ses_id)
    with pytest.raises(Refused) as refused:
        second(world.ports, anna, ses_id)
    assert refused.value.fields == {"mail": why}


def test_who_deletes_while_somebody_releases_is_told(
    world: World, anna: Who, monkeypatch: pytest.MonkeyPatch
) -> None:
    ses_id = spam(world)
    transact = table.transact

    def overtaken(writes: Any, **named: Any) -> None:
        monkeypatch.setattr("chalicelib.table.transact", transact)
        suspended.release(world.ports, anna, ses_id)
        transact(writes, **named)

    monkeypatch.setattr("chalicelib.table.transact", overtaken)
    with pytest.raises(Refused, match="ticket 1001"):
        suspended.delete(world.ports, anna, ses_id)
    assert is_stored(ses_id)


def test_who_releases_while_somebody_deletes_is_told(
    world: World, anna: Who, monkeypatch: pytest.MonkeyPatch
) -> None:
    ses_id = spam(world)
    transact = table.transact

    def overtaken(writes: Any, **named: Any) -> None:
        monkeypatch.setattr("chalicelib.table.transact", transact)
        suspended.delete(world.ports, anna, ses_id)
        transact(writes, **named)

    monkeypatch.setattr("chalicelib.table.transact", overtaken)
    with pytest.raises(Refused, match="deleted"):
        suspended.release(world.ports, anna, ses_id)
    assert tickets.timeline(1001) is None


def test_two_who_judge_one_address_at_once_both_succeed(
    world: World, anna: Who, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = spam(world, "One"), spam(world, "Two")
    transact = table.transact

    def overtaken(writes: Any, **named: Any) -> None:
        monkeypatch.setattr("chalicelib.table.transact", transact)
        suspended.block(world.ports, anna, second)
        transact(writes, **named)

    monkeypatch.setattr("chalicelib.table.transact", overtaken)
    assert suspended.block(world.ports, anna, first).done is Done.BLOCKED
    assert facts(address_scope(world)) == ["AddressBlocked", "AddressBlocked"]
    assert flaws(ledger(address_scope(world))) == []


def test_the_audit_finds_every_fate_true(
    world: World, anna: Who, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.audit.boto3.client", aws_client)
    mails = [spam(world, f"Mail {n}", sender=f"lee{n}@customer.example") for n in range(5)]
    verbs = (suspended.release, suspended.allow, suspended.block, suspended.delete)
    for verb, mail in zip(verbs, mails, strict=False):
        verb(world.ports, anna, mail)
    for _ in range(2):
        audit = audit_mail(world.ports)
        assert audit.flaws == []
        world.sweep()
    assert audit.counts == {Outcome.ARTICLE: 2, Outcome.SUSPENDED: 1}


# Several at once. ----------------------------------------------------------------------------


def test_what_fails_with_one_keeps_none_of_the_others(world: World, anna: Who) -> None:
    good, ill = spam(world, "One"), spam(world, "Two", verdicts=VIRUS)
    ids = [ill, "nothing", good, good]
    results = suspended.each(world.ports, anna, Action.RELEASE, ids)
    assert [(result.id, result.done, result.ticket) for result in results] == [
        (ill, Done.FAILED, None),
        ("nothing", Done.FAILED, None),
        (good, Done.RELEASED, 1001),
    ]
    codes = [result.error.code for result in results if result.error]
    assert codes == ["conflict", "not_found"]


def test_a_crash_with_one_keeps_none_of_the_others(
    world: World, anna: Who, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = spam(world, "One"), spam(world, "Two")
    readmit = service.readmit

    def crash(ports: Any, mail: Any, *args: Any, **named: Any) -> Any:
        if mail.id == first:
            raise RuntimeError("a secret of the house")
        return readmit(ports, mail, *args, **named)

    monkeypatch.setattr("chalicelib.intake.service.readmit", crash)
    broken, released = suspended.each(world.ports, anna, Action.RELEASE, [first, second])
    assert broken.error is not None
    assert broken.error.code == "internal"
    assert "secret" not in broken.error.message
    assert released.ticket == 1001


def test_nobody_decides_without_the_scope(world: World) -> None:
    ses_id = spam(world)
    reader = Who(Actor("token", "r"), "r", "", frozenset({"suspended:read"}), None)
    for action, verb in suspended.VERBS.items():
        with pytest.raises(Forbidden):
            verb(world.ports, reader, ses_id)
        with pytest.raises(Forbidden):
            suspended.each(world.ports, reader, action, [ses_id])
    assert cause_of(ses_id) is Cause.SPAM


def test_a_mail_that_never_was_suspended_is_not_found(world: World, anna: Who) -> None:
    ses_id = world.mail(letter())
    for verb in suspended.VERBS.values():
        for name in (ses_id, "nothing", "x" * 3000):
            with pytest.raises(NotFound):
                verb(world.ports, anna, name)


def test_a_mail_whose_month_is_over_is_not_found(world: World, anna: Who) -> None:
    ses_id = spam(world)
    world.pass_time(days=31)
    world.sweep()
    for verb in suspended.VERBS.values():
        with pytest.raises(NotFound, match="month"):
            verb(world.ports, anna, ses_id)
