"""Signed and encrypted mail: what is said of it, and what hostile mail cannot do."""

from __future__ import annotations

import base64
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    pkcs7,
)
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.mail import certificates, cms
from chalicelib.mail.addresses import Address
from chalicelib.mail.certificates import CertificateError, KeyPair, Trust
from chalicelib.mail.compose import Enclosure, OutboundMail, compose
from chalicelib.mail.parse import parse
from chalicelib.mail.smime import Opened, is_smime, open_mail, sign
from tests.certificates import NOW, Holder, authority, holder, rsa_key

ROOT = Path(__file__).resolve().parents[3]
KIM = "kim@customer.example"
HEADERS = (
    b"From: Kim Jensen <kim@customer.example>\r\nTo: support@desk.example\r\n"
    b"Subject: Printer\r\nMessage-ID: <1@customer.example>\r\n"
)
ENTITY = (
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Language: da\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\nDen er r=C3=B8d.\r\n"
)
PLAIN = HEADERS + b"MIME-Version: 1.0\r\n" + ENTITY
openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")


@cache
def root() -> Holder:
    return authority()


@cache
def kim() -> Holder:
    return holder(KIM, by=root())


@cache
def desk() -> Holder:
    return holder("support@desk.example", key=rsa_key())


def opened(raw: bytes, *keys: Holder, trusted: Holder | None = None, days: int = 0) -> Opened:
    trust = Trust((trusted or root()).pem, NOW + timedelta(days=days))
    return open_mail(raw, [one.pair for one in keys or (desk(),)], trust)


def wrapped(der: bytes, headers: bytes = HEADERS, smime_type: str = "") -> bytes:
    more = f'; smime-type={smime_type}; name="smime.p7m"'.encode() if smime_type else b""
    return (
        headers + b"Content-Type: application/pkcs7-mime" + more + b"\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(der)
    )


def encrypted(content: bytes, to: Holder) -> bytes:
    builder = pkcs7.PKCS7EnvelopeBuilder().set_data(content).add_recipient(to.certificate)
    builder = builder.set_content_encryption_algorithm(algorithms.AES256)
    return builder.encrypt(Encoding.DER, [pkcs7.PKCS7Options.Binary])


def signature(content: bytes, by: Holder, *options: pkcs7.PKCS7Options) -> bytes:
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content)
    builder = builder.add_signer(by.certificate, by.key, hashes.SHA256())
    return builder.sign(Encoding.DER, [pkcs7.PKCS7Options.Binary, *options])


def content_of(raw: bytes) -> bytes:
    """A mail without the headers that say who sent it: what stands inside of an envelope."""
    return raw[len(HEADERS) :]


# What is signed. -----------------------------------------------------------------------------


def test_a_mail_without_smime_stays_as_it_is_and_has_no_state() -> None:
    assert opened(PLAIN) == Opened(PLAIN, "")


def test_a_signature_of_the_sender_that_our_authority_vouches_for_is_signed() -> None:
    signed = sign(PLAIN, kim().pair)
    assert opened(signed) == Opened(signed, "signed")


def test_an_authority_in_between_that_comes_along_leads_to_ours() -> None:
    between = authority("Between", by=root())
    someone = holder(KIM, by=between)
    whole = KeyPair(someone.pem + between.pem, someone.key_pem)
    assert opened(sign(PLAIN, whole)).state == "signed"
    assert opened(sign(PLAIN, someone.pair)).state == "signed_untrusted"


@pytest.mark.parametrize(
    "someone",
    [
        pytest.param(lambda: holder(KIM), id="nobody"),
        pytest.param(lambda: holder(KIM, by=authority()), id="a namesake of ours"),
        pytest.param(lambda: holder("eve@customer.example", by=root()), id="another address"),
        pytest.param(lambda: holder(KIM, by=root(), days=(-9, -1)), id="an old certificate"),
        pytest.param(lambda: holder(KIM, by=kim()), id="somebody who is no authority"),
        pytest.param(
            lambda: holder(KIM, by=root(), purpose=ExtendedKeyUsageOID.SERVER_AUTH),
            id="a certificate for a server",
        ),
    ],
)
def test_a_signature_that_nobody_we_know_vouches_for_is_untrusted(someone) -> None:
    assert opened(sign(PLAIN, someone().pair)).state == "signed_untrusted"


def test_without_an_authority_no_signature_is_trusted() -> None:
    nobody = Trust(b"", NOW)
    assert open_mail(sign(PLAIN, kim().pair), [], nobody).state == "signed_untrusted"


def test_a_certificate_does_not_count_once_it_has_ended() -> None:
    signed = sign(PLAIN, kim().pair)
    assert opened(signed, days=364).state == "signed"
    assert opened(signed, days=366).state == "signed_untrusted"


@pytest.mark.parametrize("sender", ["Kim <eve@x.example>", f"{KIM}, eve@x.example", ""])
def test_a_signature_says_nothing_for_another_or_a_second_sender(sender: str) -> None:
    signed = sign(PLAIN, kim().pair)
    forged = signed.replace(b"Kim Jensen <kim@customer.example>", sender.encode(), 1)
    assert opened(forged).state == "signed_untrusted"


def test_two_from_headers_are_two_senders() -> None:
    forged = b"From: eve@x.example\r\n" + sign(PLAIN, kim().pair)
    assert opened(forged).state == "signed_untrusted"


@pytest.mark.parametrize(("old", "new"), [(b"r=C3=B8d", b"r=C3=A5d"), (b"charset=utf-8", b"x=y")])
def test_a_changed_word_breaks_the_signature(old: bytes, new: bytes) -> None:
    assert opened(sign(PLAIN, kim().pair).replace(old, new)).state == "signature_broken"


def test_a_signature_put_onto_another_mail_is_broken() -> None:
    other = PLAIN.replace(b"Den er", b"Den var")
    _, _, of_other = sign(other, kim().pair).rpartition(b"smime.p7s")
    mine, middle, _ = sign(PLAIN, kim().pair).rpartition(b"smime.p7s")
    boundary = message_from_bytes(mine).get_boundary().encode()
    moved = of_other.replace(
        message_from_bytes(sign(other, kim().pair)).get_boundary().encode(), boundary
    )
    assert opened(mine + middle + moved).state == "signature_broken"


def test_line_ends_that_a_server_changed_break_nothing() -> None:
    assert opened(sign(PLAIN, kim().pair).replace(b"\r\n", b"\n")).state == "signed"


def test_an_unsigned_part_beside_the_signed_one_takes_the_state_away() -> None:
    signed = sign(PLAIN, kim().pair)
    boundary = message_from_bytes(signed).get_boundary().encode()
    extra = b"--" + boundary + b"\r\nContent-Type: text/plain\r\n\r\nPay at once!\r\n"
    at = signed.index(b"\r\n--" + boundary) + 2
    assert opened(signed[:at] + extra + signed[at:]).state == ""


def test_a_forwarded_signed_mail_says_nothing_about_who_forwards_it() -> None:
    outer = HEADERS + b"Content-Type: message/rfc822\r\n\r\n" + sign(PLAIN, kim().pair)
    assert opened(outer).state == ""


def test_openpgp_is_no_smime() -> None:
    mail = sign(PLAIN, kim().pair).replace(b"pkcs7-signature", b"pgp-signature")
    assert opened(mail).state == ""


@pytest.mark.parametrize(
    "options", [[pkcs7.PKCS7Options.NoCerts], [pkcs7.PKCS7Options.NoAttributes]]
)
def test_a_signature_that_cannot_be_checked_is_neither_good_nor_broken(options) -> None:
    mail = wrapped(signature(ENTITY, kim(), *options), smime_type="signed-data")
    found = opened(mail)
    assert found.state == "signature_unchecked"
    assert parse(found.raw).text == "Den er rød.\n"


def test_a_signed_mail_in_one_piece_is_unpacked_under_its_own_headers() -> None:
    found = opened(wrapped(signature(ENTITY, kim())))
    mail = parse(found.raw)
    assert found.state == "signed"
    assert (mail.subject, mail.text, mail.attachments) == ("Printer", "Den er rød.\n", ())
    assert (mail.from_[0].address, mail.message_id) == (KIM, "1@customer.example")
    assert mail.languages == ("da",)


def test_a_mail_in_one_piece_with_another_content_is_shown_and_broken() -> None:
    der = signature(ENTITY, kim()).replace(b"Den er", b"Den va")
    found = opened(wrapped(der))
    assert found.state == "signature_broken"
    assert parse(found.raw).text.startswith("Den va")


def test_an_attached_list_of_certificates_is_no_signature() -> None:
    der = pkcs7.serialize_certificates([kim().certificate], Encoding.DER)
    assert opened(wrapped(der, smime_type="certs-only")).state == ""


# What is encrypted. --------------------------------------------------------------------------


def test_a_mail_encrypted_to_the_group_is_read_under_the_outer_headers() -> None:
    inner = b"From: eve@x.example\r\nSubject: Other\r\nTo: eve@x.example\r\n" + ENTITY
    found = opened(wrapped(encrypted(inner, desk())))
    mail = parse(found.raw)
    assert found.state == "encrypted"
    assert mail.text == "Den er rød.\n"
    assert (mail.subject, mail.message_id) == ("Printer", "1@customer.example")
    assert [one.address for one in mail.from_] == [KIM]
    assert mail.attachments == ()


def test_the_key_that_fits_is_found_among_several() -> None:
    other = holder("hr@desk.example", key=rsa_key(1))
    curve = holder("quick@desk.example")
    assert opened(wrapped(encrypted(ENTITY, other)), desk(), curve, other).state == "encrypted"


def test_a_mail_for_somebody_else_stays_closed() -> None:
    mail = wrapped(encrypted(ENTITY, holder("hr@desk.example", key=rsa_key(1))))
    assert opened(mail) == Opened(mail, "cannot_decrypt")


def test_a_cut_off_mail_stays_closed() -> None:
    mail = wrapped(encrypted(ENTITY, desk())[:-20])
    assert opened(mail) == Opened(mail, "cannot_decrypt")


def test_what_is_signed_inside_of_an_envelope_shows_both() -> None:
    inside = content_of(sign(PLAIN, kim().pair))
    found = opened(wrapped(encrypted(inside, desk())))
    assert found.state == "encrypted,signed"
    assert parse(found.raw).text == "Den er rød.\n"
    inside = content_of(wrapped(signature(ENTITY, holder(KIM))))
    assert opened(wrapped(encrypted(inside, desk()))).state == "encrypted,signed_untrusted"


def test_an_envelope_inside_of_a_signature_shows_both() -> None:
    inside = content_of(wrapped(encrypted(ENTITY, desk())))
    assert opened(wrapped(signature(inside, kim()))).state == "encrypted,signed"


def test_layers_below_the_third_stay_closed() -> None:
    mail = ENTITY
    for _ in range(5):
        mail = content_of(wrapped(encrypted(mail, desk())))
    found = opened(HEADERS + mail)
    assert found.state == "encrypted"
    assert parse(found.raw).attachments != ()


def with_open_lengths(der: bytes, depth: int = 3) -> bytes:
    """The same structure with its outer lengths left open, as mail programs write it."""
    element, end = cms._element(memoryview(der), 0)
    assert end == len(der)
    if depth == 0 or not element.tag & 0x20:
        return der
    pieces = [with_open_lengths(bytes(one.whole), depth - 1) for one in element.members()]
    return bytes((element.tag, 0x80)) + b"".join(pieces) + b"\0\0"


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_lengths_may_be_left_open(depth: int) -> None:
    envelope = with_open_lengths(encrypted(ENTITY, desk()), depth)
    assert opened(wrapped(envelope)).state == "encrypted"
    signed = with_open_lengths(signature(ENTITY, kim()), depth)
    assert opened(wrapped(signed)).state == "signed"


# Out. ----------------------------------------------------------------------------------------


def outbound() -> bytes:
    return compose(
        OutboundMail(
            sender=Address("Støtte", "support@desk.example"),
            to=Address("Kim", KIM),
            reply_to="support+1001.0.abc@desk.example",
            message_id="<1@desk.example>",
            subject="Blåbær",
            text="Blåbær\n\n-- \nStøtte\n",
            html="<p>Blåbær</p>",
            at=NOW,
            language="da",
            enclosures=[
                Enclosure("rød.txt", "text/plain", "blå\n".encode("latin-1")),
                Enclosure("a.bin", "application/octet-stream", bytes(range(256)) * 9),
            ],
        )
    )


def test_a_signed_mail_reads_as_the_unsigned_one_with_its_headers_outside() -> None:
    signed = sign(outbound(), desk().pair)
    plain, found = parse(outbound()), parse(signed)
    *files, last = found.attachments
    assert last.filename == "smime.p7s"
    assert replace(found, attachments=tuple(files)) == plain
    assert signed.index(b"\r\nSubject:") < signed.index(b"multipart/signed")
    assert opened(signed).state == "signed_untrusted"


def test_a_signed_mail_is_seven_bits_with_the_right_line_ends() -> None:
    eight = HEADERS + b"Content-Type: text/plain; charset=utf-8\n\nBl\xc3\xa5b\xc3\xa6r\n"
    signed = sign(eight, desk().pair)
    assert signed.isascii()
    assert signed.count(b"\n") == signed.count(b"\r\n")
    assert parse(signed).text == "Blåbær\n"


@openssl
@pytest.mark.parametrize("tool", ["smime", "cms"])
@pytest.mark.parametrize("key", [rsa_key, lambda: ec.generate_private_key(ec.SECP384R1())])
def test_openssl_verifies_what_we_sign(tmp_path: Path, tool: str, key) -> None:
    someone = holder("support@desk.example", by=root(), key=key())
    (tmp_path / "root.pem").write_bytes(root().pem)
    (tmp_path / "mail").write_bytes(sign(outbound(), someone.pair))
    arguments = ["-verify", "-in", "mail", "-CAfile", "root.pem"]
    arguments += ["-attime", str(int(NOW.timestamp())), "-out", "content"]
    subprocess.run(["openssl", tool, *arguments], cwd=tmp_path, check=True, capture_output=True)
    assert b"Content-Type: multipart/mixed" in (tmp_path / "content").read_bytes()


@openssl
@pytest.mark.parametrize(
    ("arguments", "state"),
    [
        (["-sign"], "signed"),
        (["-sign", "-nodetach"], "signed"),
        (["-sign", "-nodetach", "-stream"], "signed"),
        (["-sign", "-md", "sha512"], "signed"),
        (["-sign", "-keyopt", "rsa_padding_mode:pss"], "signed"),
        (["-sign", "-md", "sha1"], "signature_unchecked"),
        (["-encrypt", "-aes128"], "encrypted"),
        (["-encrypt", "-aes256"], "encrypted"),
        (["-encrypt", "-aes-256-gcm"], "cannot_decrypt"),
    ],
)
def test_what_openssl_makes_is_understood(tmp_path: Path, arguments, state: str) -> None:
    someone = holder(KIM, by=root(), key=rsa_key(1))
    (tmp_path / "kim.pem").write_bytes(someone.pem)
    (tmp_path / "key.pem").write_bytes(someone.key_pem)
    (tmp_path / "desk.pem").write_bytes(desk().pem)
    signer = ["-signer", "kim.pem", "-inkey", "key.pem"]
    command = ["openssl", "cms", arguments[0]]
    command += [*signer, *arguments[1:]] if arguments[0] == "-sign" else arguments[1:]
    command += ["desk.pem"] if arguments[0] == "-encrypt" else []
    made = subprocess.run(command, cwd=tmp_path, input=ENTITY, check=True, capture_output=True)
    found = opened(HEADERS + made.stdout)
    assert found.state == state
    assert state == "cannot_decrypt" or parse(found.raw).text == "Den er rød.\n"


# Certificates and keys. ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pem", "says"),
    [
        (lambda: b"", "no certificate in PEM form"),
        (lambda: kim().key_pem, "no certificate in PEM form"),
        (lambda: kim().pem, "for kim@customer.example"),
        (lambda: holder("support@desk.example", days=(-9, -1)).pem, "ended on 2026-03-01"),
        (lambda: holder("support@desk.example", days=(1, 9)).pem, "begins on 2026-03-03"),
        (lambda: holder("support@desk.example", key=rsa_key(0, 1024)).pem, "from 2048 bits"),
        (
            lambda: holder("support@desk.example", purpose=ExtendedKeyUsageOID.SERVER_AUTH).pem,
            "not for signing mail",
        ),
    ],
)
def test_a_certificate_that_cannot_be_used_says_why(pem, says: str) -> None:
    with pytest.raises(CertificateError, match=says):
        certificates.check(pem(), "support@desk.example", NOW)


def test_a_certificate_is_good_for_its_address_in_any_case() -> None:
    certificates.check(holder("Support@Desk.example").pem, "support@desk.example", NOW)


def test_a_key_has_to_belong_to_its_certificate_and_to_be_readable() -> None:
    with pytest.raises(CertificateError, match="does not belong"):
        certificates.read_key(KeyPair(desk().pem, kim().key_pem))
    with pytest.raises(CertificateError, match="no private key"):
        certificates.read_key(KeyPair(desk().pem, desk().pem))
    secret = BestAvailableEncryption(b"secret")
    locked = kim().key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secret)
    with pytest.raises(CertificateError, match="password"):
        certificates.read_key(KeyPair(kim().pem, locked))


# Hostile mail. -------------------------------------------------------------------------------

MANY = 300_000
HEAD = b"\x06\x09"


def structure(kind: bytes, *parts: bytes) -> bytes:
    inner = cms._encoded(0xA0, cms._encoded(0x30, *parts))
    return cms._encoded(0x30, HEAD + kind, inner)


@pytest.mark.parametrize(
    "der",
    [
        pytest.param(lambda: b"", id="nothing"),
        pytest.param(lambda: b"\x30\x80" * MANY, id="lengths never closed"),
        pytest.param(lambda: b"\x30\x80" + b"\x04\x00" * MANY, id="endless pieces"),
        pytest.param(lambda: b"\x30\x84\xff\xff\xff\xff" + b"\0" * 9, id="longer than it is"),
        pytest.param(
            lambda: structure(
                cms.ENVELOPED, b"\x02\x01\x00", cms._encoded(0x31, b"\x30\x00" * MANY)
            ),
            id="a crowd of recipients",
        ),
        pytest.param(
            lambda: structure(
                cms.SIGNED,
                b"\x02\x01\x00",
                b"\x31\x00",
                cms._encoded(
                    0x30,
                    HEAD + cms.SIGNED,
                    cms._encoded(0xA0, cms._encoded(0x24, b"\x04\x00" * MANY)),
                ),
                b"\x31\x00",
            ),
            id="content in crumbs",
        ),
    ],
)
def test_hostile_structures_stay_closed(der) -> None:
    mail = wrapped(der())
    assert opened(mail) == Opened(mail, "cannot_decrypt")


@cache
def samples() -> tuple[bytes, bytes]:
    return signature(ENTITY, holder(KIM)), encrypted(ENTITY, desk())


@settings(max_examples=60)
@given(st.integers(0, 1), st.integers(0, 2000), st.binary(max_size=3))
def test_no_damage_is_an_error_and_none_makes_a_signature_good(
    which: int, at: int, other: bytes
) -> None:
    der = samples()[which]
    at %= len(der)
    found = opened(wrapped(der[:at] + other + der[at + 1 :]))
    assert found.state != "signed"
    assert set(found.state.split(",")) <= {
        "encrypted", "cannot_decrypt", "signed_untrusted", "signature_broken",
        "signature_unchecked",
    }  # fmt: skip
    parse(found.raw)


@settings(max_examples=60)
@given(st.binary(max_size=300))
def test_any_bytes_after_a_header_of_smime_are_read(junk: bytes) -> None:
    for head in (b"application/pkcs7-mime", b"multipart/signed; protocol=pkcs7; boundary=x"):
        assert opened(b"Content-Type: " + head + b"\n\n" + junk).state != "signed"


def test_only_the_headers_say_whether_a_mail_is_smime() -> None:
    assert is_smime(wrapped(b""))
    assert is_smime(sign(PLAIN, kim().pair))
    assert is_smime(
        HEADERS + b'Content-Type: application/octet-stream;\r\n name="SMIME.P7M"\r\n\r\n'
    )
    assert not is_smime(PLAIN + b"application/pkcs7-mime, smime.p7m")
    assert not is_smime(b"")


def test_without_the_library_mails_stay_readable_and_nothing_is_claimed(monkeypatch) -> None:
    apart, whole = sign(PLAIN, kim().pair), wrapped(signature(ENTITY, kim()))
    closed = wrapped(encrypted(ENTITY, desk()))
    trust, keys = Trust(root().pem, NOW), [desk().pair]
    for name in [name for name in sys.modules if name.partition(".")[0] == "cryptography"]:
        monkeypatch.setitem(sys.modules, name, None)
    assert open_mail(apart, keys, trust) == Opened(apart, "signature_unchecked")
    assert open_mail(closed, keys, trust) == Opened(closed, "cannot_decrypt")
    found = open_mail(whole, keys, trust)
    assert found.state == "signature_unchecked"
    assert parse(found.raw).text == "Den er rød.\n"


def test_a_usual_mail_imports_no_cryptography() -> None:
    program = (
        "import sys\nfrom chalicelib.mail.smime import *\n"
        "open_mail(b'Subject: x\\n\\ny', [], None)\n"
        "assert not any(name.startswith('cryptography') for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
