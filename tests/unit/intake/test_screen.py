"""Whom to believe: SES's receipt and our own signatures, nothing that stands in the mail."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from chalicelib.desk.model import Desk, read_desk
from chalicelib.intake import screen
from chalicelib.intake.model import Cause, Match, Rate, Receipt, Verdicts, read_receipt
from chalicelib.mail.parse import InboundMail, parse
from chalicelib.people.model import Address
from chalicelib.tickets.model import Contact
from tests.unit.tickets.test_changes import ticket
from tests.world import DESK, letter

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PASSED = Verdicts("PASS", "PASS", "PASS", "PASS", "PASS")
KIM = Address("kim@customer.example", "p1", "Kim", "en")
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
        (PASSED, Rate(received_this_hour=60), KIM, Cause.FLOOD),
        (PASSED, QUIET, replace(KIM, is_blocked=True), Cause.BLOCKED),
        (replace(PASSED, dmarc="FAIL", dmarc_policy="none"), QUIET, KIM, None),
        (PASSED, QUIET, None, None),
    ],
)
def test_a_mail_is_suspended_for_its_first_cause(
    desk: Desk, verdicts: Verdicts, rate: Rate, known: Address | None, cause: Cause | None
) -> None:
    found = screen.suspension(mail(), receipt(verdicts=verdicts), desk, known, rate)
    assert found is cause


def test_a_mail_from_our_own_address_is_a_loop(desk: Desk) -> None:
    own = mail(sender="support+1001.0.x@desk.example")
    assert screen.suspension(own, receipt(), desk, None, QUIET) is Cause.OWN_ADDRESS


def test_a_signature_is_worth_something_to_the_one_it_was_given_to_alone() -> None:
    both = ticket(
        contacts=(
            Contact("p1", "Kim", "kim@customer.example", "en"),
            Contact("p2", "Eva", "eva@customer.example", "en"),
        )
    )
    kims = Match(1001, "reply_address", place=0)
    assert screen.is_trusted(kims, both, "kim@customer.example", authenticated=False)
    assert not screen.is_trusted(kims, both, "eva@customer.example", authenticated=False)
    assert screen.is_trusted(kims, both, "eva@customer.example", authenticated=True)
    assert not screen.is_trusted(kims, both, "eve@else.example", authenticated=True)


def test_a_stored_id_is_a_match_and_no_proof() -> None:
    matched = Match(1001, "message_id")
    assert not screen.is_trusted(matched, ticket(), "kim@customer.example", authenticated=False)
    assert screen.is_trusted(matched, ticket(), "kim@customer.example", authenticated=True)


@pytest.mark.parametrize(
    ("known", "is_authenticated", "rate", "answered"),
    [
        (None, True, QUIET, True),
        (KIM, False, QUIET, True),
        (None, False, QUIET, False),
        (replace(KIM, is_muted=True), True, QUIET, False),
        (KIM, True, Rate(acks_this_hour=3), False),
        (KIM, True, Rate(acks_today=10), False),
    ],
)
def test_a_machine_answers_the_real_and_the_known_within_limits(
    known: Address | None, is_authenticated: bool, rate: Rate, answered: bool
) -> None:
    may = screen.may_acknowledge(mail(), authenticated=is_authenticated, known=known, rate=rate)
    assert may is answered


def test_a_mailing_list_gets_no_acknowledgement() -> None:
    listed = mail(List_Id="<all.customer.example>")
    assert not screen.may_acknowledge(listed, authenticated=True, known=KIM, rate=QUIET)


def test_what_the_receipt_does_not_say_never_passes() -> None:
    bare = {"ses": {"mail": {"messageId": "x", "timestamp": "2026-03-02T09:00:00Z"}, "receipt": {}}}
    assert read_receipt(bare).verdicts == Verdicts()
