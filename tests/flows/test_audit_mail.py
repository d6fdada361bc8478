"""Every mail in the bucket has exactly one fate, and the audit finds the one that has not."""

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib import table
from chalicelib.desk.service import live_desk
from chalicelib.erasure.service import erase
from chalicelib.intake.items import SuspendedItem
from chalicelib.intake.store import SUSPENDED_LIFE, ses_key
from chalicelib.tickets.access import Who
from chalicelib.tickets.store import ArticleItem, HeadItem, timeline
from infra.audit import audit_mail, report
from tests.aws_calls import aws_client
from tests.world import World, letter


@pytest.fixture(autouse=True)
def _one_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.audit.boto3.client", aws_client)


def remove(item: table.Item) -> None:
    table.transact([table.Write(item, is_removal=True)])


def age(world: World, **parts: float) -> None:
    """Set the desk's clock so long after now, which is when the bucket stores its objects."""
    world.now = datetime.now(UTC) + timedelta(**parts)  # noqa: TID251 - the bucket's own clock


def suspended(world: World) -> str:
    return world.mail(letter("Buy now"), verdicts={"virus": "FAIL"})


def test_a_desk_that_works_has_no_flaw(world: World) -> None:
    raw = letter().as_bytes()
    world.mail(raw)
    world.mail(raw)
    suspended(world)
    age(world, days=1)
    audit = audit_mail(world.ports)
    assert audit.flaws == []
    assert audit.counts == {"article": 1, "duplicate": 1, "suspended": 1}


def test_an_empty_bucket_has_no_flaw(world: World) -> None:
    audit = audit_mail(world.ports)
    assert (audit.is_clean, audit.counts.total()) == (True, 0)


def test_more_mails_than_one_read_holds_are_all_counted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.audit.BATCH", 2)
    for n in range(5):
        world.mail(letter(f"Printer {n}", sender=f"kim{n}@customer.example"))
    assert audit_mail(world.ports).counts == {"article": 5}


def test_a_mail_without_a_claim_is_pending_for_a_quarter_of_an_hour_and_then_lost(
    world: World,
) -> None:
    ses_id = world.put_mail(letter().as_bytes())
    age(world, minutes=14)
    assert audit_mail(world.ports).counts == {"pending": 1}
    assert audit_mail(world.ports).is_clean
    age(world, minutes=16)
    audit = audit_mail(world.ports)
    assert audit.counts == {"lost": 1}
    assert audit.flaws == [f"inbound/{ses_id}: nothing has become of it"]


def test_a_claim_on_an_article_that_does_not_exist_is_found(world: World) -> None:
    world.mail(letter())
    remove(ArticleItem(pk=table.ticket_pk(1001), sk=table.article_sk(1)))
    (flaw,) = audit_mail(world.ports).flaws
    assert "article 1 of ticket 1001, which does not exist" in flaw


def test_two_mails_that_both_claim_one_article_are_found(world: World) -> None:
    first = world.mail(letter())
    second = world.mail(letter("Another", sender="Bo <bo@b.example>"))
    claim = table.fetch([ses_key(second)])[ses_key(second)]
    claim.number = 1001  # type: ignore[attr-defined]
    table.transact([table.Write(claim)])
    (flaw,) = audit_mail(world.ports).flaws
    assert flaw.startswith(f"inbound/{second}: ")
    assert flaw.endswith(f"which was made of inbound/{first}")


def test_a_repeated_mail_whose_ticket_is_gone_is_found(world: World) -> None:
    raw = letter().as_bytes()
    world.mail(raw)
    world.mail(raw)
    remove(HeadItem(pk=table.ticket_pk(1001), sk=table.HEAD))
    (flaw,) = audit_mail(world.ports).flaws
    assert "should repeat a mail on ticket 1001" in flaw


def test_a_suspended_mail_that_vanished_is_found_until_its_month_is_over(world: World) -> None:
    ses_id = suspended(world)
    remove(SuspendedItem(pk=table.suspended_pk(ses_id), sk=table.ONLY))
    assert audit_mail(world.ports).flaws == [
        f"inbound/{ses_id}: is suspended, but not among the suspended mails"
    ]
    world.now += SUSPENDED_LIFE
    assert audit_mail(world.ports).is_clean


def test_a_suspension_that_the_ledger_does_not_know_is_found(world: World) -> None:
    ses_id = suspended(world)
    remove(table.Item(pk=table.system_pk(f"mail#{ses_id}"), sk=table.entry_sk(1)))
    assert audit_mail(world.ports).flaws == [
        f"inbound/{ses_id}: is suspended, but the ledger does not say so"
    ]


def test_the_mail_of_an_erased_person_is_gone_and_no_flaw(world: World) -> None:
    world.mail(letter())
    found = timeline(1001)
    assert found is not None
    admin = Who.from_agent(live_desk(world.ports).agents["lena"])
    erase(world.ports, admin, found.ticket.requester.person)
    audit = audit_mail(world.ports)
    assert (audit.counts.total(), audit.flaws) == (0, [])


def test_the_mail_that_ses_writes_at_setup_is_none(world: World) -> None:
    s3 = aws_client("s3")
    s3.put_object(Bucket="mail", Key="inbound/AMAZON_SES_SETUP_NOTIFICATION", Body=b"hello")
    age(world, days=1)
    assert audit_mail(world.ports).counts.total() == 0


def test_the_report_fails_only_when_there_is_a_flaw(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.mail(letter())
    assert report(audit_mail(world.ports)) == 0
    assert capsys.readouterr().out == "1 mails: 1 article\n"
    ses_id = world.put_mail(b"")
    age(world, days=1)
    assert report(audit_mail(world.ports)) == 1
    said = capsys.readouterr().out.splitlines()
    assert said == [f"inbound/{ses_id}: nothing has become of it", "2 mails: 1 article, 1 lost"]
