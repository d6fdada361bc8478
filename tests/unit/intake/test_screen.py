"""Whom to believe: SES's receipt and our own signatures, nothing that stands in the mail."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.desk.model import Desk, read_desk
from chalicelib.intake import screen
from chalicelib.intake.case import copied, sender_of
from chalicelib.intake.model import Cause, Match, Rate, Receipt, Verdicts, read_receipt
from chalicelib.mail.parse import InboundMail, parse
from chalicelib.people.model import Address
from chalicelib.tickets.addressing import STAFF
from chalicelib.tickets.model import Contact
from tests.unit.tickets.test_changes import ticket
from tests.world import DESK, letter

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PASSED = Verdicts("PASS", "PASS", "PASS", "PASS", "PASS")
KIM = Address("kim@customer.example", "p1", "Kim", "en", is_proven=True)
QUIET = Rate()


@pytest.fixture
def desk() -> Desk:
    return read_desk(DESK, version=1)


def receipt(**fields: object) -> Receipt:
    made = Receipt(
        "s1", "inbound/s1", AT, ("support@desk.example",), "kim@customer.example", PASSED
    )
    return replace(made, **fields)


def mail(**headers: str) -> InboundMail:
    return parse(letter(**headers).as_bytes())


def authenticated(verdicts: Verdicts, envelope: str = "kim@customer.example") -> bool:
    return screen.is_authenticated(mail(), receipt(verdicts=verdicts, envelope_from=envelope))


def test_dmarc_or_an_aligned_spf_authenticates_and_nothing_else_does() -> None:
    assert authenticated(Verdicts(dmarc="PASS"))
    assert authenticated(Verdicts(dmarc="GRAY", spf="PASS"))
    assert authenticated(Verdicts(dmarc="GRAY", spf="PASS"), "bounce@mail.customer.example")
    assert not authenticated(Verdicts(dmarc="GRAY", spf="PASS"), "kim@evilcustomer.example")
    assert not authenticated(Verdicts(dmarc="GRAY", spf="PASS"), "")
    assert not authenticated(Verdicts(dmarc="FAIL", spf="PASS"))
    assert not authenticated(Verdicts(dmarc="PROCESSING_FAILED", spf="PASS"))
    assert not authenticated(Verdicts())


def test_authentication_results_inside_the_mail_count_for_nothing() -> None:
    forged = mail(Authentication_Results="amazonses.com; dmarc=pass; spf=pass")
    assert not screen.is_authenticated(forged, receipt(verdicts=Verdicts()))


def test_a_mail_with_two_senders_is_nobodys() -> None:
    two = mail(sender="Kim <kim@customer.example>, Eve <eve@else.example>")
    assert not screen.is_authenticated(two, receipt())


@pytest.mark.parametrize(
    ("verdicts", "rate", "known", "cause"),
    [
        (replace(PASSED, virus="FAIL"), QUIET, KIM, Cause.VIRUS),
        (replace(PASSED, spam="FAIL"), QUIET, KIM, Cause.SPAM),
        (replace(PASSED, dmarc="FAIL", dmarc_policy="reject"), QUIET, KIM, Cause.DMARC_REJECT),
        (PASSED, Rate(received=20), KIM, Cause.FLOOD),
        (PASSED, Rate(blocked_until=AT + timedelta(minutes=1)), KIM, Cause.FLOOD),
        (PASSED, Rate(blocked_until=AT), KIM, None),
        (PASSED, Rate(received=20), replace(KIM, is_allowed=True), None),
        (replace(PASSED, spam="FAIL"), QUIET, replace(KIM, is_allowed=True), None),
        (replace(PASSED, virus="FAIL"), QUIET, replace(KIM, is_allowed=True), Cause.VIRUS),
        (Verdicts(spam="FAIL"), QUIET, replace(KIM, is_allowed=True), Cause.SPAM),
        (PASSED, QUIET, replace(KIM, is_blocked=True), Cause.BLOCKED),
        (replace(PASSED, dmarc="FAIL", dmarc_policy="none"), QUIET, KIM, None),
        (PASSED, QUIET, None, None),
    ],
)
def test_a_mail_is_suspended_for_its_first_cause(
    desk: Desk, verdicts: Verdicts, rate: Rate, known: Address | None, cause: Cause | None
) -> None:
    found = screen.suspension(mail(), receipt(verdicts=verdicts), desk, known, rate, AT)
    assert found is cause


@pytest.mark.parametrize("written", ["Moderator <moderator>", "root", "Kim Jensen", "<>"])
def test_who_cannot_be_answered_is_no_sender(desk: Desk, written: str) -> None:
    raw = letter().as_bytes().replace(b"Kim Jensen <kim@customer.example>", written.encode())
    read = parse(raw)
    assert screen.suspension(read, receipt(), desk, KIM, QUIET, AT) is Cause.NO_SENDER
    assert sender_of(read) == ""
    assert not screen.is_authenticated(read, receipt())


def test_only_whom_mail_reaches_is_in_copy(desk: Desk) -> None:
    written = b"To: <moderator>, root, Bo <bo@customer.example>, a@localhost, support@desk.example"
    read = parse(letter().as_bytes().replace(b"To: support@desk.example", written))
    assert "moderator" in [one.address for one in read.to]
    assert copied(read, desk) == ["bo@customer.example"]


def test_a_mail_from_our_own_address_is_a_loop(desk: Desk) -> None:
    own = mail(sender="support+1001.0.x@desk.example")
    assert screen.suspension(own, receipt(), desk, None, QUIET, AT) is Cause.OWN_ADDRESS


def test_a_signature_is_worth_something_to_the_one_it_was_given_to_alone() -> None:
    both = ticket(
        contacts=(
            Contact("p1", "Kim", "kim@customer.example", "en"),
            Contact("p2", "Eva", "eva@customer.example", "en"),
        )
    )
    kims = Match(1001, "reply_address", place=0)
    trust = {
        (sender, proof): screen.distrust(kims, both, sender, authenticated=proof)
        for sender in ("kim@customer.example", "eva@customer.example", "eve@else.example")
        for proof in (True, False)
    }
    assert trust["kim@customer.example", False] == ""
    assert trust["eva@customer.example", False] == "token_of_another"
    assert trust["eva@customer.example", True] == ""
    assert trust["eve@else.example", True] == "not_on_ticket"


def test_a_stored_id_is_a_match_and_no_proof() -> None:
    def why(*, authenticated: bool) -> str:
        matched = Match(1001, "message_id")
        return screen.distrust(
            matched, ticket(), "kim@customer.example", authenticated=authenticated
        )

    assert why(authenticated=False) == "not_authenticated"
    assert why(authenticated=True) == ""


def test_what_comes_to_the_address_of_a_notice_is_never_the_customers() -> None:
    notice = Match(1001, "reply_address", place=STAFF)
    why = screen.distrust(notice, ticket(), "kim@customer.example", authenticated=True)
    assert why == "staff_only"


def acknowledged(
    desk: Desk,
    read: InboundMail | None = None,
    *,
    known: Address | None = KIM,
    authenticated: bool = True,
    rate: Rate = QUIET,
    number: int = 1001,
) -> str:
    return screen.acknowledgement(
        read or mail(),
        desk.groups["support"],
        desk.limits,
        number,
        authenticated=authenticated,
        known=known,
        rate=rate,
        mark="m1",
    )


@pytest.mark.parametrize(
    ("known", "authenticated", "rate", "answer"),
    [
        (None, True, QUIET, "sent"),
        (KIM, False, QUIET, "sent"),
        (None, False, QUIET, "not_authenticated"),
        (replace(KIM, is_proven=False), False, QUIET, "not_authenticated"),
        (replace(KIM, is_muted=True), True, QUIET, "muted"),
        (KIM, True, Rate(acks_this_hour=3), "limit_address"),
        (KIM, True, Rate(acks_today=10), "limit_address"),
        (KIM, True, Rate(acks_to_domain=100), "limit_domain"),
        (KIM, True, Rate(first_number=501), "limit_desk"),
        (KIM, True, Rate(subjects=frozenset({"m1"})), "same_subject"),
        (KIM, True, Rate(subjects=frozenset({"m2"})), "sent"),
    ],
)
def test_a_machine_answers_the_real_and_the_known_within_limits(
    desk: Desk, known: Address | None, authenticated: bool, rate: Rate, answer: str
) -> None:
    assert acknowledged(desk, known=known, authenticated=authenticated, rate=rate) == answer


def test_a_mailing_list_gets_no_acknowledgement(desk: Desk) -> None:
    assert acknowledged(desk, mail(List_Id="<all.customer.example>")) == "not_human"


def test_a_crowd_of_strangers_waits_while_those_who_are_known_come_in(desk: Desk) -> None:
    rush = Rate(first_number=1001)

    def waits(*, authenticated: bool, known: bool, number: int = 2001) -> bool:
        return screen.is_crowd(rush, desk.limits, number, authenticated=authenticated, known=known)

    assert waits(authenticated=False, known=False)
    assert not waits(authenticated=True, known=False)
    assert not waits(authenticated=False, known=True)
    assert not waits(authenticated=False, known=False, number=2000)


def test_what_the_receipt_does_not_say_never_passes() -> None:
    bare = {"ses": {"mail": {"messageId": "x", "timestamp": "2026-03-02T09:00:00Z"}, "receipt": {}}}
    assert read_receipt(bare).verdicts == Verdicts()
