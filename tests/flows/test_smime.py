"""A group with a certificate: it signs what it writes, and reads what was encrypted for it."""

from __future__ import annotations

import base64
import copy
import logging
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from chalicelib.desk import certificates
from chalicelib.desk.service import apply, live_desk
from chalicelib.errors import Invalid
from chalicelib.mail.certificates import KeyPair
from chalicelib.mail.parse import parse
from chalicelib.mail.smime import sign
from infra.__main__ import main
from infra.smime import install
from tests.aws_calls import aws_client
from tests.certificates import Holder, authority, holder, rsa_key
from tests.flows.test_mail_to_ticket import answer, timeline
from tests.world import DESK, World, letter

SUPPORT = "support@desk.example"
NAME = "/skranke/test/keys/smime/support"


def desk_with(certificate: str | None, *authorities: Holder, group: str = "support") -> Any:
    body = copy.deepcopy(DESK)
    body["groups"][group]["certificate"] = certificate
    body["smime_authorities"] = b"".join(one.pem for one in authorities).decode()
    return body


def equip(world: World, someone: Holder, *authorities: Holder) -> None:
    """Do what the operator does: install the key, apply the desk with the certificate."""
    group = live_desk(world.ports).groups["support"]
    told = install(aws_client("ssm"), world.ports, group, someone.pair)
    certificate = yaml.safe_load(told)["groups"]["support"]["certificate"]
    apply(world.ports, desk_with(certificate, *authorities))


def state_of(world: World, raw: bytes) -> str:
    return certificates.opened(world.ports, live_desk(world.ports), raw).state


def encrypted(someone: Holder, raw: bytes) -> bytes:
    """That mail, encrypted for somebody, under the same sender and subject."""
    mail = parse(raw)
    builder = pkcs7.PKCS7EnvelopeBuilder().set_data(raw).add_recipient(someone.certificate)
    der = builder.encrypt(Encoding.DER, [pkcs7.PKCS7Options.Binary])
    head = (
        f"From: {mail.from_[0].address}\r\nTo: {mail.to[0].address}\r\nSubject: {mail.subject}\r\n"
        "Message-ID: <closed@customer.example>\r\nContent-Type: application/pkcs7-mime\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return head.encode() + base64.encodebytes(der)


def test_a_group_with_a_certificate_and_its_key_signs_its_mail(world: World) -> None:
    root = authority()
    equip(world, holder(SUPPORT, by=root), root)
    world.mail(letter())
    answer(world)
    for mail in world.outbox:
        assert mail.get_content_type() == "multipart/signed"
        assert state_of(world, mail.as_bytes()) == "signed"


def test_an_answer_to_a_signed_mail_finds_its_ticket(world: World) -> None:
    equip(world, holder(SUPPORT))
    world.mail(letter())
    answer(world)
    world.mail(letter("It works.", to=str(world.last_mail["Reply-To"])))
    assert timeline(world).articles[-1].text == "It works."


def test_other_groups_do_not_sign(world: World) -> None:
    equip(world, holder(SUPPORT))
    world.mail(letter(to="hr@desk.example"))
    assert world.last_mail.get_content_type() == "multipart/alternative"


def test_a_group_without_its_key_writes_unsigned(world: World) -> None:
    apply(world.ports, desk_with(holder(SUPPORT).pem.decode()))
    world.mail(letter())
    assert world.last_mail.get_content_type() == "multipart/alternative"


def test_a_certificate_that_ended_stops_the_signing_and_nothing_else(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    equip(world, holder(SUPPORT, days=(-1, 1)))
    world.pass_time(days=2)
    with caplog.at_level(logging.WARNING, "skranke"):
        world.mail(letter())
    assert world.last_mail.get_content_type() == "multipart/alternative"
    assert "support goes out unsigned: It ended on 2026-03-03." in caplog.text


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (lambda: desk_with("a word"), "groups.support.certificate"),
        (
            lambda: desk_with("-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"),
            "groups.support.certificate",
        ),
        (lambda: desk_with(holder(SUPPORT).pem.decode(), group="hr"), "groups.hr.certificate"),
        (
            lambda: desk_with(holder(SUPPORT, days=(-9, -1)).pem.decode()),
            "groups.support.certificate",
        ),
        (lambda: {**DESK, "smime_authorities": "a word"}, "smime_authorities"),
    ],
)
def test_a_certificate_that_cannot_be_used_does_not_go_live(
    world: World, body: Any, field: str
) -> None:
    before = live_desk(world.ports).version
    with pytest.raises(Invalid) as caught:
        apply(world.ports, body())
    assert list(caught.value.fields) == [field]
    world.ports.cache.clear()
    assert live_desk(world.ports).version == before


def test_a_key_that_does_not_fit_is_not_written(world: World) -> None:
    group = live_desk(world.ports).groups["support"]
    someone, other = holder(SUPPORT), holder(SUPPORT)
    with pytest.raises(Invalid, match="does not belong"):
        install(aws_client("ssm"), world.ports, group, KeyPair(someone.pem, other.key_pem))
    with pytest.raises(Invalid, match="is for kim@customer"):
        install(aws_client("ssm"), world.ports, group, holder("kim@customer.example").pair)
    assert not aws_client("ssm").describe_parameters(
        ParameterFilters=[{"Key": "Name", "Values": [NAME]}]
    )["Parameters"]


def test_the_command_writes_the_key_encrypted_and_prints_the_desks_part(
    world: World,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("infra.__main__._ports", lambda: world.ports)
    someone = holder(SUPPORT, key=rsa_key())
    files = tmp_path / "certificate.pem", tmp_path / "key.pem"
    files[0].write_bytes(b"Bag Attributes\n" + someone.pem)
    files[1].write_bytes(someone.key_pem)
    options = ["--certificate", str(files[0]), "--key", str(files[1])]
    assert main(["smime", "support", *options]) == 0
    told = yaml.safe_load(capsys.readouterr().out)
    assert told == {"groups": {"support": {"certificate": someone.pem.decode()}}}
    [kept] = aws_client("ssm").describe_parameters(
        ParameterFilters=[{"Key": "Name", "Values": [NAME]}]
    )["Parameters"]
    assert kept["Type"] == "SecureString"
    assert world.ports.smime_key("support") == someone.key_pem
    assert main(["smime", "nobody", *options]) == 2


def test_a_key_is_read_once_and_so_is_its_absence(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert world.ports.smime_key("support") is None
    aws_client("ssm").put_parameter(Name=NAME, Value="late", Type="SecureString")
    assert world.ports.smime_key("support") is None


def test_a_mail_encrypted_for_the_group_is_opened_with_its_key(world: World) -> None:
    someone = holder(SUPPORT, key=rsa_key())
    equip(world, someone)
    raw = encrypted(someone, letter("Secret").as_bytes())
    opened = certificates.opened(world.ports, live_desk(world.ports), raw)
    assert opened.state == "encrypted"
    assert parse(opened.raw).text.strip() == "Secret"


def test_a_usual_mail_asks_for_no_key(world: World) -> None:
    equip(world, holder(SUPPORT))
    world.ports.smime_key = lambda _: pytest.fail("no key is needed")
    assert state_of(world, letter().as_bytes()) == ""


# Where mails are received. -------------------------------------------------------------------


def test_an_encrypted_mail_becomes_a_readable_article_with_its_state(world: World) -> None:
    someone = holder(SUPPORT, key=rsa_key())
    equip(world, someone)
    raw = encrypted(someone, letter("Secret").as_bytes())
    ses_id = world.mail(raw)
    [article] = timeline(world).articles
    assert article.text == "Secret"
    assert (article.flight or {}).get("smime") == "encrypted"
    assert world.ports.mail_blobs.get(f"inbound/{ses_id}") == raw


def test_a_mail_that_cannot_be_opened_becomes_an_article_all_the_same(world: World) -> None:
    equip(world, holder(SUPPORT, key=rsa_key()))
    other = holder(SUPPORT, key=rsa_key(1))
    world.mail(encrypted(other, letter("Secret").as_bytes()))
    [article] = timeline(world).articles
    assert (article.flight or {}).get("smime") == "cannot_decrypt"
    assert len(article.attachments) == 1


def test_a_good_signature_makes_no_sender_trusted(world: World) -> None:
    root = authority()
    equip(world, holder(SUPPORT), root)
    world.mail(letter())
    eve = holder("kim@customer.example", by=root)
    forged = letter("Send me everything.", to=str(world.last_mail["Reply-To"]))
    # The reply address of somebody else's mail is no key of the sender's.
    forged.replace_header("To", SUPPORT)
    forged["References"] = str(world.last_mail["Message-ID"])
    raw = forged.as_bytes().replace(b"\n", b"\r\n")
    failing = {"spf": "FAIL", "dkim": "FAIL", "dmarc": "FAIL"}
    world.mail(sign(raw, eve.pair), verdicts=failing)
    article = timeline(world).articles[-1]
    assert (article.flight or {}).get("smime") == "signed"
    assert article.is_held
